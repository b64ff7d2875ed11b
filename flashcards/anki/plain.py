"""A card's HTML as the plain text that a person types."""

from __future__ import annotations

import re
from html import escape, unescape
from typing import Final

_TAG: Final = re.compile(r"<[^<>]*>")
_SOUND: Final = re.compile(r"\[sound:[^\]]*\]")
_MATH: Final = re.compile(r"\\\((.*?)\\\)|\\\[(.*?)\\\]", re.DOTALL)


def typed_answer(html: str) -> str:
    """What is to be typed for an answer: its words on one line, formulas as TeX, no pictures or sound; as HTML again.

    Empty for an answer without words: then nothing is asked to be typed.
    """
    text = _SOUND.sub(" ", _TAG.sub(lambda tag: "" if _is_inline(tag[0]) else " ", html))
    text = _MATH.sub(lambda match: match[1] or match[2] or "", text)
    return escape(" ".join(unescape(text).split()), quote=False).replace("{{", "{&#123;")


_INLINE: Final = re.compile(
    r"</?(?:a|abbr|b|bdi|bdo|cite|code|del|dfn|em|font|i|ins|kbd|mark|q|s|samp|small|span|strike|strong|sub|sup|u|var|wbr)\b"
)


def _is_inline(tag: str) -> bool:
    return _INLINE.match(tag) is not None
