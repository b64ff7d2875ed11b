"""The command line; the module of a command is imported when the command runs."""

from __future__ import annotations

import gc
import io
import os
import sys
import time
from collections.abc import Iterable
from contextlib import suppress
from importlib import import_module
from typing import Any

import click

import flashcards
from flashcards.errors import FlashcardsError
from flashcards.text import is_unicode, suggest

GROUPS = {
    "Every day": ("review", "due", "status", "mock", "answer", "undo"),
    "Decks": (
        *("init", "add", "check", "format", "scan", "list", "show", "edit"),
        *("preview", "orphans", "link", "unlink", "pin", "convert"),
    ),
    "Cards": ("suspend", "unsuspend", "bury", "unbury", "forget", "flag", "set-due"),
    "Anki and other programs": ("export", "import", "serve", "sync", "mcp"),
    "Insight": ("stats", "forecast", "readiness", "simulate", "optimize"),
    "Care": ("doctor", "backup", "restore", "docs", "completion"),
}
"""The commands by section of the help."""

_MODULES = {
    "add_commands": ("add", "format", "convert", "mcp"),
    "card_commands": ("answer", "undo", "suspend", "unsuspend", "bury", "unbury", "forget", "flag", "set-due"),
    "deck_commands": ("init", "check", "scan"),
    "exchange_commands": ("export", "import"),
    "help_commands": ("docs", "completion"),
    "insight_commands": ("stats", "forecast", "readiness", "simulate", "optimize"),
    "link_commands": ("orphans", "link", "unlink", "pin"),
    "mock_command": ("mock",),
    "review_commands": ("review", "preview"),
    "show_commands": ("due", "status", "list", "show", "edit"),
    "state_commands": ("doctor", "backup", "restore"),
    "sync_commands": ("serve", "sync"),
}
_MODULE_OF = {name: module for module, names in _MODULES.items() for name in names}

COMMANDS = {name: _MODULE_OF[name] for names in GROUPS.values() for name in names}
"""Every command and its module, in the order of the help."""

_DAY_SECONDS = 86_400
_STANDARD_ERROR = 2
_CLICK_MINIMUM = 52  # columns of a window; click formats help for at least as many


class _Enough(Exception):
    """The reader of our output closed the pipe."""


class _HelpFormatter(click.HelpFormatter):
    """Formats help for windows that are narrower than click's minimum, too."""

    def __init__(self, indent_increment: int = 2, width: int | None = None, max_width: int | None = None) -> None:
        from shutil import get_terminal_size  # imported late, because it loads slowly

        columns = get_terminal_size().columns
        super().__init__(indent_increment, max(columns - 2, 18) if columns < _CLICK_MINIMUM else width, max_width)

    def write_dl(self, rows: Iterable[tuple[str, str]], col_max: int = 30, col_spacing: int = 2) -> None:
        """Write names and explanations; in a narrow window, names longer than a third of it get a line of their own."""
        is_narrow = self.width < _CLICK_MINIMUM - 2
        super().write_dl(rows, self.width // 3 if is_narrow else col_max, col_spacing)


click.Context.formatter_class = _HelpFormatter  # of every command


class _LazyGroup(click.Group):
    """A group that imports the module of a command when it runs."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - click's signature
        if cmd_name not in COMMANDS:
            return None
        module = import_module(f"flashcards.cli.{COMMANDS[cmd_name]}")
        found = (each for each in vars(module).values() if isinstance(each, click.Command))
        return next(command for command in found if command.name == cmd_name)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write one section of the help for each group of commands."""
        for title, names in GROUPS.items():
            with formatter.section(title):
                commands = ((name, self.get_command(ctx, name)) for name in names)
                formatter.write_dl([(name, found.get_short_help_str(100)) for name, found in commands if found])

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command. A closed pipe is not an error, unlike in click."""
        try:
            return super().invoke(ctx)
        except BrokenPipeError as error:
            raise _Enough from error

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        try:
            return super().resolve_command(ctx, args)
        except click.UsageError as error:
            hint = suggest(args[0], COMMANDS, "`flashcards --help` lists the commands.")
            raise click.UsageError(f"There is no command `{args[0]}`. {hint}", ctx) from error


@click.group(cls=_LazyGroup, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.option(
    "-C",
    "folder",
    metavar="DIR",
    type=click.Path(),
    help="Folder of the collection. Default: $FLASHCARDS_COLLECTION, else the nearest parent folder that is a"
    " collection, else ./decks, else this folder.",
)
@click.version_option(flashcards.__version__, "--version", prog_name="flashcards")
@click.pass_context
def group(ctx: click.Context, folder: str | None) -> None:
    """Spaced repetition for people who keep their knowledge as Markdown.

    \b
    flashcards init        create an example deck
    flashcards review      review due cards
    flashcards export      write a package for Anki
    """
    ctx.obj = folder
    if abs(time.localtime().tm_gmtoff) >= _DAY_SECONDS:
        zone = os.environ.get("TZ", "")
        raise click.UsageError(
            f"The time zone `{zone}` is a day or more from UTC. Correct the environment variable TZ."
        )
    if os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb":
        ctx.color = False


def main() -> None:
    """Run the command line and exit: 0 done, 1 problems, 2 usage, 130 interrupted."""
    # Commands are short-lived. Cyclic garbage collection takes a tenth of a large export and frees almost nothing.
    gc.disable()
    _open_closed_streams()
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper) and not is_unicode(stream.encoding):
            stream.reconfigure(errors="replace")  # print `?` instead of a bar rather than fail
    code = run(sys.argv[1:])
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError, AttributeError):  # closed or never opened
            stream.flush()
    # Everything is on disk. Freeing every object takes a twentieth of the time of a large export.
    os._exit(code)


def _open_closed_streams() -> None:
    """Open standard input, output and error if they are closed, so that no file gets their numbers."""
    while (number := os.open(os.devnull, os.O_RDWR)) <= _STANDARD_ERROR:
        pass
    os.close(number)
    if sys.stdin is None:
        sys.stdin = os.fdopen(0)


def run(arguments: list[str]) -> int:
    """Run one command and return its exit code; print each error as one sentence on standard error."""
    from flashcards.cli.console import echo, print_text
    from scheduler.errors import SchedulerError

    if "_FLASHCARDS_COMPLETE" in os.environ:
        from flashcards.cli.help_commands import register_shells

        register_shells()
    try:
        result = group.main(arguments, prog_name="flashcards", standalone_mode=False)
        if sys.stdout is not None:  # closed from the start
            sys.stdout.flush()
    except (FlashcardsError, SchedulerError) as error:
        print_text(f"Error: {error}", err=True)
        return error.exit_code
    except click.exceptions.Exit as leave:
        return leave.exit_code
    except click.ClickException as error:
        shown = io.StringIO()
        error.show(shown)
        echo(shown.getvalue(), err=True, nl=False)
        return error.exit_code
    except (click.Abort, KeyboardInterrupt) as stop:
        if isinstance(stop.__context__, EOFError):
            print_text("\nCancelled: no input to confirm with. Use --yes to skip the prompt.", err=True)
            return 1
        print_text(" ".join(("Interrupted.", *map(str, (stop.__context__ or stop).args))), err=True)
        return 130
    except (_Enough, BrokenPipeError):
        # Keep Python from reporting the closed pipe at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except OSError as error:
        from flashcards.errors import describe_os_error

        print_text(f"Error: {describe_os_error(error)}", err=True)
        return 1
    return result if isinstance(result, int) else 0
