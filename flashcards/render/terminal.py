"""Markdown to what rich draws in a terminal. Card text is always `Text`, never rich's markup."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

import pyromark
from rich.console import RenderableType

from flashcards.deck.markdown import OPTIONS
from flashcards.render.html_tags import Tags
from flashcards.render.literal_math import take_literal_math
from flashcards.render.terminal_blocks import stacked
from flashcards.render.terminal_builder import TerminalBuilder
from flashcards.render.terminal_text import Marks

_SURROGATES: Final = re.compile("[\ud800-\udfff]")


class TerminalRenderer:
    """Renders the Markdown of one collection's cards.

    Args:
        macros: the collection's TeX macros, by name with the backslash.
        plain: no boxes, colours or symbols; for screen readers and pipes.
    """

    def __init__(self, macros: Mapping[str, str], *, plain: bool) -> None:
        self._macros = macros
        self._plain = plain

    def render(self, markdown: str, definitions: str = "", marks: Marks = ()) -> RenderableType:
        """What to print for one side of a card. Never raises, whatever the text.

        Args:
            markdown: the source.
            definitions: Markdown of link definitions that the source uses.
            marks: the two characters around what a cloze asks or reveals; they are drawn as a style, not as text.
        """
        taken = take_literal_math(_SURROGATES.sub("\ufffd", markdown))
        source = taken.source
        if definitions:
            source = f"{_SURROGATES.sub(chr(0xFFFD), definitions)}\n\n{source}"
        events: list[Any] = list(pyromark.events(source, options=OPTIONS))
        html = "".join(_html(event) for event in events) if "<" in source else ""
        builder = TerminalBuilder(self._macros, marks, taken, Tags(html), plain=self._plain)
        for event in events:
            builder.add(event)
        return stacked(builder.finish(), spaced=True)


def _html(event: Any) -> str:
    if isinstance(event, str):
        return ""
    found: str = event.get("InlineHtml") or event.get("Html") or ""
    return found
