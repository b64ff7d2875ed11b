"""The command `docs`, which shows the manual that ships with the program."""

from __future__ import annotations

from pathlib import Path

import click

from flashcards.cli import console
from flashcards.errors import UsageError
from flashcards.text import suggest

_FIRST = ("commands", "deck-format", "state", "scheduling")


class TopicUnknown(UsageError):
    """The manual has no such page."""

    def __init__(self, topic: str, topics: list[str]) -> None:
        hint = suggest(topic, topics, "`flashcards docs` lists all topics.")
        super().__init__(f"There is no topic `{topic}`. {hint}")


def _complete(_ctx: click.Context, _parameter: click.Parameter, incomplete: str) -> list[str]:
    return [name for name in find_pages() if name.startswith(incomplete)]


@click.command("docs")
@click.argument("topic", required=False, shell_complete=_complete)
def command(topic: str | None) -> None:
    """Show the manual.

    Without TOPIC, the topics are listed.

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
        raise TopicUnknown(topic, list(pages))
    _show(pages[topic].read_text(encoding="utf-8"))


def find_pages() -> dict[str, Path]:
    """Return the pages of the manual by topic: those installed with the program, or those of the checkout."""
    package = Path(__file__).parents[1]
    folder = package / "docs" if (package / "docs").is_dir() else package.parent / "docs"
    found = {path.stem: path for path in sorted(folder.glob("*.md")) if path.stem != "how-it-is-built"}
    return {name: found[name] for name in (*_FIRST, *(each for each in found if each not in _FIRST)) if name in found}


def _show(text: str) -> None:
    """Show a page: through the pager and with styles on a terminal, else as it is written."""
    width = console.get_width()
    if width == float("inf"):
        console.echo(text)
        return
    from rich.markdown import Markdown

    from flashcards.render.terminal.safe_console import GatedConsole

    screen = GatedConsole(width=min(int(width), 100))
    with screen.capture() as drawn:
        screen.print(Markdown(text))
    console.page([drawn.get()])
