"""What the golden fixtures are compared with: each fixture file's way from source to output."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import PurePosixPath

from rich.console import Console

from flashcards.deck.cloze import find_gaps
from flashcards.deck.model import Kind, Note
from flashcards.render.html.cloze import render_cloze
from flashcards.render.html.renderer import HtmlRenderer
from flashcards.render.terminal.renderer import TerminalRenderer
from flashcards.render.tex import tex_to_text

MACROS = {r"\R": r"\mathbb{R}", r"\pair": "(#1, #2)"}


def media(url: str) -> str:
    """A file's name in Anki: that of the file."""
    return PurePosixPath(url).name


def html(source: str) -> str:
    return HtmlRenderer(MACROS, media).render(source)


def cloze_note(source: str, definitions: str = "") -> Note:
    gaps = find_gaps(source, definitions)
    slots = tuple(f"c{number}" for number in sorted({number for gap in gaps for number in gap.numbers}))
    return Note(Kind.CLOZE, 1, 1, (source,), slots, gaps, definitions=definitions)


def cloze(source: str) -> str:
    return render_cloze(cloze_note(source), HtmlRenderer(MACROS, media))


def tex(source: str) -> str:
    return tex_to_text(source, MACROS)


def terminal(source: str, width: int, *, plain: bool = False) -> str:
    """What a terminal without colours shows, without blanks at the ends of lines."""
    console = Console(width=width, color_system=None, force_terminal=False, legacy_windows=False)
    with console.capture() as capture:
        console.print(TerminalRenderer(MACROS, plain=plain).render(source, "", ("⟦", "⟧")))
    return "\n".join(line.rstrip() for line in capture.get().splitlines())


PRODUCERS: Mapping[str, Callable[[str], str]] = {
    "html": html,
    "cloze": cloze,
    "tex": tex,
    "terminal_40": lambda source: terminal(source, 40),
    "terminal_20": lambda source: terminal(source, 20),
    "terminal_plain": lambda source: terminal(source, 40, plain=True),
}
