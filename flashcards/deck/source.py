"""A file's text, and the way from byte offsets to characters and lines."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Sequence
from itertools import accumulate

_NON_ASCII = re.compile(r"[^\x00-\x7f]")
_SURROGATES = re.compile(r"[\ud800-\udfff]")


def normalized(text: str) -> str:
    """`text` with line endings folded to `\\n`, without a byte order mark, and with lone surrogates replaced."""
    if text.startswith("\ufeff"):
        text = text[1:]
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    return text if text.isascii() else _SURROGATES.sub("\ufffd", text)


def characters(text: str) -> Callable[[int], int]:
    """A function from an offset into `text.encode()` to the offset of the same place in `text`."""
    if text.isascii():
        return lambda offset: offset
    places = [match.start() for match in _NON_ASCII.finditer(text)]
    extra = list(accumulate((len(text[place].encode()) - 1 for place in places), initial=0))
    byte_places = [place + more for place, more in zip(places, extra, strict=False)]

    def to_character(offset: int) -> int:
        return offset - extra[bisect_right(byte_places, offset - 1)]

    return to_character


def without(breaks: Sequence[int]) -> Callable[[int], int]:
    """A function from an offset into a text with a line break put in at each of `breaks`, to that into the text."""
    places = [offset + number for number, offset in enumerate(breaks)]
    return lambda offset: offset - bisect_left(places, offset)


class Lines:
    """Which line an offset of a text is on, counting from 1."""

    def __init__(self, text: str) -> None:
        self._starts = list(accumulate([len(line) + 1 for line in text.split("\n")], initial=0))

    def at(self, offset: int) -> int:
        """The line of the character at `offset`."""
        return bisect_right(self._starts, offset)
