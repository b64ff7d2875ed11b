"""Lay out formulas of several lines: blocks of text side by side on a common axis."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from flashcards.render.tex.symbols import AFTER, APART, AROUND
from flashcards.text import count_columns

# For each bracket: the only line, then top, middle, axis and bottom of a tall one.
_TALL: Final = {
    "(": "⎛⎜⎜⎝", ")": "⎞⎟⎟⎠", "[": "⎡⎢⎢⎣", "]": "⎤⎥⎥⎦", "{": "⎧⎪⎨⎩", "}": "⎫⎪⎬⎭", "|": "││││", "‖": "‖‖‖‖",
}  # fmt: skip
OPENING: Final = ("(", "[", "{", "|", "‖")  # the brackets that grow
CLOSING: Final = (")", "]", "}", "|", "‖")
_OPTIONAL_SPACE: Final = re.compile(f"[{AFTER}{APART}{AROUND}]+")
_CLOSERS: Final = frozenset(")]}⟩,.;:!?′")
_OPENERS: Final = frozenset("([{⟨√∑∏∫")


@dataclass(frozen=True, slots=True)
class TextBlock:
    """Lines of text; the line `axis` is level with the neighbours."""

    lines: tuple[str, ...]
    axis: int = 0

    @property
    def width(self) -> int:
        """The columns of the longest line."""
        return max(map(count_columns, self.lines), default=0)


def settle_spaces(text: str) -> str:
    """Write or drop each optional space in `text`, depending on its neighbours."""

    def write(match: re.Match[str]) -> str:
        before = text[match.start() - 1 : match.start()]
        after = text[match.end() : match.end() + 1]
        if not before or not after or before.isspace() or after.isspace():
            return ""
        if AROUND in match[0]:
            return "" if after in _CLOSERS or before in _OPENERS else " "
        if AFTER in match[0]:
            return " " if _is_word(after) or after in _OPENERS else ""
        return " " if _is_word(before) and _is_word(after) else ""

    return _OPTIONAL_SPACE.sub(write, text)


def _is_word(character: str) -> bool:
    """Return whether a character is a letter or a digit, neither raised nor lowered."""
    return unicodedata.category(character) in ("Ll", "Lu", "Lo", "Nd")


def place_beside(blocks: Sequence[TextBlock]) -> TextBlock:
    """Join blocks in one row, with their axes level."""
    if len(blocks) == 1:
        return blocks[0]
    above = max((block.axis for block in blocks), default=0)
    below = max((len(block.lines) - block.axis for block in blocks), default=1)
    lines = [""] * (above + below)
    for block in blocks:
        width = block.width
        for index in range(above + below):
            own = index - above + block.axis
            line = block.lines[own] if 0 <= own < len(block.lines) else ""
            lines[index] += line + " " * (width - count_columns(line))
    return TextBlock(tuple(line.rstrip() for line in lines), above)


def align_columns(rows: Sequence[Sequence[str]], gap: str, *, alternate: bool = False) -> TextBlock:
    """Align cells of one line in columns with `gap` between them; `alternate` sides as in `aligned`."""
    count = max(map(len, rows), default=0)
    full = [[*row, *[""] * (count - len(row))] for row in rows]
    widths = [max(count_columns(row[index]) for row in full) for index in range(count)]
    lines = []
    for row in full:
        cells = []
        for index, cell in enumerate(row):
            padding = " " * (widths[index] - count_columns(cell))
            cells.append(padding + cell if alternate and index % 2 == 0 else cell + padding)
        lines.append(gap.join(cells).rstrip() if not alternate else gap.join(cells))
    return TextBlock(tuple(lines), (len(lines) - 1) // 2)


def draw_bracket(kind: str, height: int, axis: int) -> TextBlock:
    """Draw a bracket, `height` lines tall; a space as `kind` draws nothing."""
    if kind == " ":
        return TextBlock(("",) * height, axis)
    if height == 1:
        return TextBlock((kind,))
    top, middle, centre, bottom = tuple(_TALL[kind])
    lines = [top, *[middle] * (height - 2), bottom]
    if 0 < axis < height - 1:
        lines[axis] = centre
    return TextBlock(tuple(lines), axis)
