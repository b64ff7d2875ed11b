"""Bars and squares of text, for looking at numbers in a terminal."""

from __future__ import annotations

from collections.abc import Container, Sequence
from typing import TYPE_CHECKING, Final, NamedTuple

from rich.cells import cell_len
from rich.console import Group
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

if TYPE_CHECKING:
    from rich.console import RenderableType


_EIGHTHS: Final = "▏▎▍▌▋▊▉█"
_LEVELS: Final = "▁▂▃▄▅▆▇█"
SHADES: Final = "·░▒▓█"
"""The squares of a heatmap, from nothing to most."""


def bar(value: float, most: float, width: int) -> str:
    """A bar from the left, to an eighth of a character; not empty unless the value is 0."""
    if value <= 0 or most <= 0:
        return ""
    eighths = max(1, round(value / most * width * 8))
    full, rest = divmod(eighths, 8)
    return "█" * full + (_EIGHTHS[rest - 1] if rest else "")


def columns(values: Sequence[float | None], most: float | None = None) -> str:
    """A character for each value, as high as it is of `most`, or else of the highest; blank where there is none."""
    most = most or max((value for value in values if value is not None), default=0) or 1
    return "".join(" " if value is None else _LEVELS[round(value / most * 7)] for value in values)


def thinned(values: Sequence[float], most: int) -> list[float]:
    """At most so many of the values, evenly apart, the first and the last among them."""
    if len(values) <= max(2, most):
        return list(values)
    steps = max(2, most) - 1
    return [values[round(at * (len(values) - 1) / steps)] for at in range(steps + 1)]


def level(value: float, most: float) -> int:
    """0 to 4: nothing, and four parts of the most."""
    if value <= 0 or most <= 0:
        return 0
    return min(4, 1 + int(4 * value / most - 1e-9))


_GAP: Final = 2  # columns between two cells
_LEAST_BAR: Final = 4
_LINES: Final = 3  # of a question, where it stands below its card's name
_WIDE_ENOUGH: Final = 60  # columns, for a card's name and the beginning of its question side by side


class Bar(NamedTuple):
    """What a bar at the end of a row shows; it fills what room there is, and is left out where there is none."""

    value: float
    most: float
    style: str


class Grid:
    """Rows below each other; where they are too wide for that, each cell with its heading, as many a line as fit.

    Args:
        heads: of the columns, the first being the names of the rows.
        left: the columns whose cells stand at the left.
    """

    def __init__(self, *heads: str, left: Container[int] = (0,)) -> None:
        self._heads = heads
        self._left = left
        self._rows: list[tuple[tuple[str, ...], Bar | None]] = []

    def add(self, *cells: str, bar: Bar | None = None) -> None:
        """A row."""
        self._rows.append((cells, bar))

    def __len__(self) -> int:
        return len(self._rows)

    def fits(self, width: int) -> bool:
        """Whether the rows fit into so many columns, without their bars."""
        return self._width() <= width

    def drawn(self, width: int) -> RenderableType:
        """The table within so many columns."""
        return self._side_by_side(width) if self.fits(width) else self._piled(width)

    def _width(self) -> int:
        wide = [max(map(cell_len, column)) for column in zip(self._heads, *(row for row, _ in self._rows), strict=True)]
        return sum(wide) + _GAP * (len(wide) - 1)

    def _side_by_side(self, width: int) -> Table:
        room = width - self._width() - _GAP
        bars = room >= _LEAST_BAR and any(bar for _, bar in self._rows)
        table = Table(
            box=None, padding=(0, _GAP, 0, 0), pad_edge=False, show_header=any(self._heads), header_style="bright_black"
        )
        for at, head in enumerate(self._heads):
            table.add_column(head, justify="left" if at in self._left else "right", no_wrap=True)
        if bars:
            table.add_column("", no_wrap=True)
        for cells, shown in self._rows:
            drawn = Text(bar(shown.value, shown.most, room), shown.style) if shown else Text()
            table.add_row(*map(Text, cells), *([drawn] if bars else []))
        return table

    def _piled(self, width: int) -> Group:
        lines: list[RenderableType] = []
        for cells, _ in self._rows:
            parts = [f"{head} {cell}".strip() for head, cell in zip(self._heads[1:], cells[1:], strict=True) if cell]
            if name := f"{self._heads[0]} {cells[0].strip()}".strip():
                lines.append(Text(name, overflow="fold"))
            lines.append(_indented(_flowed(parts, width - _GAP)))
        return Group(*lines)


def _flowed(parts: list[str], width: int) -> str:
    """The parts with two blanks between them, on as many lines as it takes; none is broken that fits a line."""
    lines: list[str] = []
    for part in parts:
        if lines and cell_len(lines[-1]) + _GAP + cell_len(part) <= width:
            lines[-1] += " " * _GAP + part
        else:
            lines.append(part)
    return "\n".join(lines)


def cards_table(head: str, rows: Sequence[tuple[str, str, str]], width: int) -> RenderableType:
    """Cards by name, a number and the beginning of the question; in a narrow window the question below them."""
    if width < _WIDE_ENOUGH:
        most = _LINES * width
        lines: list[RenderableType] = []
        for name, number, front in rows:
            lines.append(Text(_flowed([f"{head} {number}", name], width), overflow="fold"))
            lines.append(_indented(front if len(front) <= most else f"{front[: most - 1]}…"))
        return Group(*lines)
    table = Table(box=None, padding=(0, _GAP, 0, 0), pad_edge=False, header_style="bright_black", expand=True)
    table.add_column("", no_wrap=True)
    table.add_column(head, justify="right", no_wrap=True)
    table.add_column("", no_wrap=True, overflow="ellipsis", ratio=1)
    for name, number, front in rows:
        table.add_row(Text(name), Text(number), Text(front))
    return table


def _indented(text: str) -> Padding:
    return Padding(Text(text, overflow="fold"), (0, 0, 0, _GAP))
