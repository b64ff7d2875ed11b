"""Write the text that a person types as the answer of a card: the same in the terminal and in Anki."""

from __future__ import annotations

import re
from collections.abc import Mapping
from html import escape, unescape
from typing import Final

from flashcards.render.html.tags import escape_anki_markup

_TAG: Final = re.compile(r"<[^<>]*>")
_SOUND: Final = re.compile(r"\[sound:[^\]]*\]")
_MATH: Final = re.compile(r"\\\((.*?)\\\)|\\\[(.*?)\\\]", re.DOTALL)
_INLINE: Final = re.compile(
    r"</?(?:a|abbr|b|bdi|bdo|cite|code|del|dfn|em|font|i|ins|kbd|mark|q|s|samp|small|span|strike|strong|sub|sup|u|var|wbr)\b"
)


def make_typed_answer(html: str) -> str:
    """Return the text to type for an answer, as HTML: one line, formulas as TeX, no pictures or sound.

    Empty for an answer without words: then nothing is asked to be typed.
    """
    return escape_anki_markup(escape(_write_text(html), quote=False)).replace("{{", "{&#123;")


def write_typed_answer(markdown: str, definitions: str = "", macros: Mapping[str, str] | None = None) -> str:
    """Return the text to type for an answer in Markdown."""
    from flashcards.render.html.renderer import HtmlRenderer

    return _write_text(HtmlRenderer(macros or {}, lambda name: name).render(markdown, definitions))


def _write_text(html: str) -> str:
    text = _SOUND.sub(" ", html)
    text = _MATH.sub(lambda match: match[1] or match[2] or "", text)
    text = _TAG.sub(lambda tag: "" if _INLINE.match(tag[0]) else " ", text)
    return " ".join(unescape(text).split())
