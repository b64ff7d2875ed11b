"""Words for numbers, and lines of words."""

from __future__ import annotations

import re
import unicodedata


def plural(number: int, word: str) -> str:
    """`1 card`, `2 cards`, `1,000 cards`."""
    return f"{number:,} {word}{'' if number == 1 else 's'}"


def columns(text: str) -> int:
    """The columns of a terminal that a text takes."""
    return sum(
        0 if unicodedata.combining(character) else 1 + (unicodedata.east_asian_width(character) in "WF")
        for character in text
    )


def wrapped(line: str, width: int, hang: int = 0) -> list[str]:
    """A line as lines of at most so many columns, broken between words; inside one only if it is wider itself.

    What follows is indented by `hang`; after an indented line, by two more than it.
    """
    indent = len(line) - len(line.lstrip())
    hang = min(indent + 2 if indent else hang, max(0, width - 4))
    found: list[str] = []
    for blanks, word in re.findall(r"(\s*)(\S+)", line):
        if found and columns(found[-1]) + len(blanks) + columns(word) <= width:
            found[-1] += blanks + word
            continue
        start = " " * (hang if found else min(indent, max(0, width - 4)))
        pieces = _cut(word, max(1, width - len(start)))
        found += [start + piece for piece in pieces]
    return found or [""]


def _cut(word: str, width: int) -> list[str]:
    """A word in pieces of at most so many columns, each of one character at the least."""
    pieces = [""]
    for character in word:
        if pieces[-1] and columns(pieces[-1] + character) > width:
            pieces.append("")
        pieces[-1] += character
    return pieces


def is_unicode(encoding: str | None) -> bool:
    """Whether a stream of this encoding can show every character."""
    return (encoding or "utf-8").lower().startswith("utf")
