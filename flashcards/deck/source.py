"""Normalize the text of a file, and convert between offsets, lines and spans."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator, Sequence
from itertools import accumulate

Span = tuple[int, int]

_NON_ASCII = re.compile(r"[^\x00-\x7f]")
_LINE = re.compile(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+")
_FENCE = re.compile(r" {0,3}(`{3,}|~{3,})")
_SURROGATES = re.compile(r"[\ud800-\udfff]")


def normalize(text: str) -> str:
    """Fold line endings to `\\n`, drop a byte order mark, and replace lone surrogates."""
    if text.startswith("\ufeff"):
        text = text[1:]
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    return text if text.isascii() else _SURROGATES.sub("\ufffd", text)


def split_lines(text: str) -> list[str]:
    """Split a text into its lines, which keep their line ends of any system."""
    return _LINE.findall(text)


def map_byte_offsets(text: str) -> Callable[[int], int]:
    """Return a function from an offset in `text.encode()` to the offset in `text`."""
    if text.isascii():
        return lambda offset: offset
    offsets = [match.start() for match in _NON_ASCII.finditer(text)]
    extra = list(accumulate((len(text[offset].encode()) - 1 for offset in offsets), initial=0))
    byte_offsets = [offset + more for offset, more in zip(offsets, extra, strict=False)]

    return lambda offset: offset - extra[bisect_right(byte_offsets, offset - 1)]


def map_without_inserted(offsets: Sequence[int]) -> Callable[[int], int]:
    """Map offsets in a text with a character inserted at each of `offsets` to the original offsets."""
    inserted = [offset + number for number, offset in enumerate(offsets)]
    return lambda offset: offset - bisect_left(inserted, offset)


class Lines:
    """The lines of a text, counting from 1."""

    def __init__(self, text: str) -> None:
        self._starts = list(accumulate([len(line) + 1 for line in text.split("\n")], initial=0))

    def at(self, offset: int) -> int:
        """Return the line of the character at `offset`."""
        return bisect_right(self._starts, offset)

    def find_start(self, line: int) -> int:
        """Return the start offset of `line`, or the end of the text for a line after the last one."""
        return self._starts[min(line, len(self._starts)) - 1]


class Spans:
    """A set of spans of a text, to find the one around an offset."""

    def __init__(self, spans: list[Span]) -> None:
        self._merged: list[Span] = []
        for start, end in sorted(spans):
            if self._merged and start < self._merged[-1][1]:
                last = self._merged[-1]
                self._merged[-1] = (last[0], max(last[1], end))
            else:
                self._merged.append((start, end))
        self._starts = [start for start, _ in self._merged]

    def around(self, offset: int) -> Span | None:
        """Return the span around the character at `offset`, or nothing."""
        index = bisect_right(self._starts, offset) - 1
        if index >= 0 and offset < self._merged[index][1]:
            return self._merged[index]
        return None

    def __contains__(self, offset: int) -> bool:
        return self.around(offset) is not None

    def __iter__(self) -> Iterator[Span]:
        return iter(self._merged)


def find_fences(text: str) -> Spans:
    """Return the spans of fenced code."""
    spans = []
    closing, start, at = "", 0, 0
    for line in text.split("\n"):
        fence = _FENCE.match(line)
        if closing:
            if fence and fence[1].startswith(closing):
                spans.append((start, at + len(line)))
                closing = ""
        elif fence:
            closing, start = fence[1], at
        at += len(line) + 1
    return Spans([*spans, (start, len(text))] if closing else spans)
