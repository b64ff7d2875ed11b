"""The commands `docs` and `completion`, and the completion scripts for bash, zsh and fish."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any, Final, NamedTuple

import click
from click.shell_completion import (
    BashComplete,
    CompletionItem,
    FishComplete,
    ShellComplete,
    ZshComplete,
    add_completion_class,
    split_arg_string,
)

from flashcards.cli import console
from flashcards.errors import UsageError
from flashcards.text import suggest

_FIRST = ("commands", "deck-format", "state", "scheduling")


def _complete(_ctx: click.Context, _parameter: click.Parameter, incomplete: str) -> list[str]:
    return [name for name in find_pages() if name.startswith(incomplete)]


@click.command("docs")
@click.argument("topic", required=False, shell_complete=_complete)
def docs_command(topic: str | None) -> None:
    """Show the manual.

    Without TOPIC, lists the topics.

    \b
    flashcards docs
    flashcards docs deck-format
    """
    pages = find_pages()
    if topic is None:
        width = max(map(len, pages))
        for name, path in pages.items():
            title = path.read_text(encoding="utf-8").partition("\n")[0].lstrip("# ")
            console.print_text(f"{name:{width}}  {title}", width + 2)
        return
    if topic not in pages:
        hint = suggest(topic, pages, "`flashcards docs` lists all topics.")
        raise UsageError(f"There is no topic `{topic}`. {hint}")
    _show_page(pages[topic].read_text(encoding="utf-8"))


def find_pages() -> dict[str, Path]:
    """Return the manual's pages by topic: the installed ones, or those of the checkout."""
    package = Path(__file__).parents[1]
    folder = package / "docs" if (package / "docs").is_dir() else package.parent / "docs"
    found = {path.stem: path for path in sorted(folder.glob("*.md")) if path.stem != "how-it-is-built"}
    return {name: found[name] for name in (*_FIRST, *(each for each in found if each not in _FIRST)) if name in found}


def _show_page(text: str) -> None:
    """Show a page: styled and through the pager on a terminal, else as it is."""
    width = console.get_width()
    if width == float("inf"):
        console.echo(text)
        return
    from rich.markdown import Markdown

    from flashcards.render.terminal.blocks import GatedConsole

    screen = GatedConsole(width=min(int(width), 100))
    with screen.capture() as drawn:
        screen.print(Markdown(text))
    console.page([drawn.get()])


_SPECIAL: Final = re.compile(r"[^\w@%+=:,./-]")
_SPECIAL_IN_QUOTES: Final = re.compile(r'["\\$`]')


def _read_script(shell: str) -> str:
    return Path(__file__).with_name(f"completion.{shell}").read_text(encoding="utf-8")


class TypedWord(NamedTuple):
    """The word before the cursor: its text without quotes, and its open quote."""

    text: str
    quote: str


class BashCompletion(BashComplete):
    """Completion for bash, which splits words at colons and adds no quotes."""

    source_template = _read_script("bash")
    _typed = TypedWord("", "")

    @staticmethod
    def _check_version() -> None:
        """Accept every version of bash, since the script also works with old ones."""

    def get_completion_args(self) -> tuple[list[str], str]:
        """Split the line before the cursor into the earlier words and the last one."""
        if "COMP_LINE" not in os.environ:  # called by the script of an earlier version
            return super().get_completion_args()
        line = os.environ["COMP_LINE"][: int(os.environ["COMP_POINT"])]
        words, self._typed = split_line(line)
        return words[1:], self._typed.text

    def format_completion(self, item: CompletionItem[Any]) -> str:
        """Format the replacement for the text that bash regards as the current word."""
        if item.type != "plain" or "COMP_LINE" not in os.environ:
            return f"{item.type},{item.value}"
        return f"plain,{complete_word(str(item.value), self._typed, os.environ.get('COMP_WORDBREAKS', ''))}"


class FishCompletion(FishComplete):
    """Completion for fish; handles names that contain commas or begin with a dash."""

    source_template = _read_script("fish")

    def get_completion_args(self) -> tuple[list[str], str]:
        """Split the line before the cursor. Its last word may have an open quote."""
        words = split_arg_string(os.environ["COMP_WORDS"])
        typed = os.environ["COMP_CWORD"]
        if not typed:
            return words[1:], ""
        return words[1:-1], words[-1]


SHELLS: Final[dict[str, type[ShellComplete]]] = {"bash": BashCompletion, "zsh": ZshComplete, "fish": FishCompletion}
"""The completion classes by shell."""


def register_shells() -> None:
    """Register these classes with click in place of its own."""
    for shell in SHELLS.values():
        add_completion_class(shell)


def split_line(line: str) -> tuple[list[str], TypedWord]:
    """Split a command line as a shell does. Return the finished words and the word being typed."""
    words: list[str] = []
    word, quote, escaped, is_open = "", "", False, False
    for character in line:
        if escaped:
            word, escaped = word + character, False
        elif character == "\\" and quote != "'":
            escaped, is_open = True, True
        elif quote:
            quote, word = ("", word) if character == quote else (quote, word + character)
        elif character in "'\"":
            quote, is_open = character, True
        elif character.isspace():
            if is_open:
                words.append(word)
            word, is_open = "", False
        else:
            word, is_open = word + character, True
    return words, TypedWord(word, quote)


def complete_word(value: str, typed: TypedWord, breaks: str) -> str:
    """Return the text that bash must insert for the shell to read `value`.

    Outside quotes, bash replaces only the text after the last of its `breaks`, and special characters need a backslash.
    """
    if typed.quote == "'":
        return value.replace("'", "'\\''")
    if typed.quote:
        return _SPECIAL_IN_QUOTES.sub(r"\\\g<0>", value)
    text = typed.text.partition("=")[2] if typed.text.startswith("--") else typed.text
    kept = max((text.rfind(each) + 1 for each in ":=" if each in breaks), default=0)
    rest = value[kept:] if value.startswith(text[:kept]) else value
    return _SPECIAL.sub(r"\\\g<0>", rest)


@click.command("completion")
@click.argument("shell", metavar="SHELL", type=click.Choice(list(SHELLS)))
def completion_command(shell: str) -> None:
    """Print the completion script for a shell.

    SHELL is bash, zsh or fish. Run the command for your shell, then open a new terminal.

    \b
    echo 'eval "$(flashcards completion bash)"' >> ~/.bashrc
    echo 'eval "$(flashcards completion zsh)"' >> ~/.zshrc
    flashcards completion fish > ~/.config/fish/completions/flashcards.fish
    """
    from flashcards.cli import group

    console.echo(SHELLS[shell](group, {}, "flashcards", "_FLASHCARDS_COMPLETE").source())
