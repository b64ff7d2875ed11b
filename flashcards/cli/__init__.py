"""The command line: one file a command, imported when it runs."""

from __future__ import annotations

import gc
import io
import os
import sys
from contextlib import suppress
from importlib import import_module
from typing import Any

import click

import flashcards
from flashcards.errors import FlashcardsError
from flashcards.text import is_unicode, suggest

COMMANDS = {
    "init": "deck_commands",
    "scan": "deck_commands",
    "check": "deck_commands",
    "list": "list_commands",
    "show": "list_commands",
    "due": "due_command",
    "review": "review_command",
    "mock": "mock_command",
    "answer": "answer_commands",
    "undo": "answer_commands",
    "edit": "list_commands",
    "suspend": "card_commands",
    "unsuspend": "card_commands",
    "bury": "card_commands",
    "unbury": "card_commands",
    "forget": "card_commands",
    "flag": "card_commands",
    "set-due": "card_commands",
    "export": "export_command",
    "import": "import_command",
    "serve": "serve_command",
    "orphans": "link_commands",
    "link": "link_commands",
    "unlink": "link_commands",
    "pin": "link_commands",
    "stats": "insight_commands",
    "forecast": "insight_commands",
    "readiness": "readiness_command",
    "simulate": "insight_commands",
    "optimize": "optimize_command",
    "doctor": "state_commands",
    "backup": "state_commands",
    "restore": "state_commands",
    "completion": "complete",
}
"""Every command in the order of the help, and its module, which holds it in `COMMANDS` or as `command`."""


class _Enough(Exception):
    """Whoever read our output has enough."""


class _LazyGroup(click.Group):
    """Imports the module of a command when it is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click calls it so
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - click calls it so
        if cmd_name not in COMMANDS:
            return None
        module = import_module(f"flashcards.cli.{COMMANDS[cmd_name]}")
        several: dict[str, click.Command] | None = getattr(module, "COMMANDS", None)
        command: click.Command = several[cmd_name] if several else module.command
        return command

    def invoke(self, ctx: click.Context) -> Any:
        """Call the command; keep click from what it does of a closed pipe, which is to leave with 1."""
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
    help="The collection's folder. Default: $FLASHCARDS_COLLECTION, else the nearest folder upwards that is a"
    " collection, else ./decks, else here.",
)
@click.version_option(flashcards.__version__, "--version", prog_name="flashcards")
@click.pass_context
def group(ctx: click.Context, folder: str | None) -> None:
    """Spaced repetition for people who keep their knowledge as Markdown.

    \b
    flashcards init        make a small example deck here
    flashcards review      be asked what is due
    flashcards export      hand the decks to Anki
    """
    ctx.obj = folder
    if os.environ.get("NO_COLOR"):
        ctx.color = False


def main() -> None:
    """Run the command line and leave with its exit code: 0 done, 1 problems, 2 usage, 130 interrupted."""
    # A command is short: looking for cycles takes a tenth of a large export and frees next to nothing.
    gc.disable()
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper) and not is_unicode(stream.encoding):
            stream.reconfigure(errors="replace")  # better a `?` for a bar than no statistics
    code = run(sys.argv[1:])
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError, AttributeError):  # closed, or never there
            stream.flush()
    # Everything is on disk; to free what is in memory piece by piece takes a twentieth of a large export.
    os._exit(code)


def run(arguments: list[str]) -> int:
    """Run one command; returns its exit code. Every error is said in a sentence on standard error."""
    from flashcards.cli.console import flow
    from scheduler.errors import SchedulerError

    try:
        result = group.main(arguments, prog_name="flashcards", standalone_mode=False)
        if sys.stdout is not None:  # it may have been closed from the start
            sys.stdout.flush()
    except (FlashcardsError, SchedulerError) as error:
        flow(f"Error: {error}", err=True)
        return error.exit_code
    except click.exceptions.Exit as leave:
        return leave.exit_code
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except (click.Abort, KeyboardInterrupt) as stop:
        if isinstance(stop.__context__, EOFError):
            flow("\nNo answer could be read, so it was not done. Say --yes where nobody can be asked.", err=True)
            return 1
        flow("Interrupted. Everything that was rated is saved.", err=True)
        return 130
    except (_Enough, BrokenPipeError):
        # Keep Python from complaining about it on the way out.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except OSError as error:
        from flashcards.errors import describe_os_error

        flow(f"Error: {describe_os_error(error)}", err=True)
        return 1
    return result if isinstance(result, int) else 0
