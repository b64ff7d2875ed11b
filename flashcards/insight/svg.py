"""Axes of plots: round numbers to mark, and where a value lies."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from html import escape
from typing import Final

_STEPS = (1, 2, 2.5, 5, 10)


def ticks(low: float, high: float, most: int = 5, *, whole: bool = False) -> list[float]:
    """At most `most` + 1 round numbers, evenly apart, the first at or below `low` and the last at or above `high`.

    With `whole` they are whole numbers.
    """
    if high <= low:
        high = low + 1
    rough = (high - low) / most
    power = 10.0 ** math.floor(math.log10(rough))
    for factor in _STEPS:
        step = max(1.0, round(factor * power)) if whole else factor * power
        first = math.floor(low / step + 1e-9)
        last = math.ceil(high / step - 1e-9)
        if last - first <= most:
            break
    return [round(at * step, 10) for at in range(first, last + 1)]


@dataclass(frozen=True, slots=True)
class Scale:
    """Maps the values `low` to `high` onto the positions `start` to `end`."""

    low: float
    high: float
    start: float
    end: float

    def at(self, value: float) -> float:
        """The position of a value; outside the range, that of the nearest end."""
        share = (min(max(value, self.low), self.high) - self.low) / ((self.high - self.low) or 1.0)
        return self.start + share * (self.end - self.start)


def thinned(labels: Sequence[str], room: float, character: float) -> list[int]:
    """The places of the labels that can be written side by side in `room`, each character taking `character`."""
    if not labels:
        return []
    widest = (max(map(len, labels)) + 2) * character
    every = max(1, math.ceil(len(labels) * widest / room))
    return list(range(0, len(labels), every))


WIDTH: Final = 480
WIDE: Final = 960
"""The width of a plot that takes the whole page."""
HEIGHT: Final = 220
_TOP, _RIGHT, _BOTTOM = 12.0, 12.0, 24.0
_CHARACTER: Final = 6.6  # units, of the font size that the page sets
_LARGE: Final = 8.0  # the same in a narrow window
_CELL: Final = 12.0

Format = Callable[[float], str]


def plain(value: float) -> str:
    """`1,234`, `0.5`: a number with no more digits than it needs."""
    return f"{value:,.0f}" if value == round(value) else f"{value:,.4g}"


def percent(value: float) -> str:
    """`90%` of 0.9."""
    return f"{plain(round(value * 100, 1))}%"


@dataclass(frozen=True, slots=True)
class Series:
    """One row of values, None where there is none; `colour` is 1 to 6."""

    name: str
    values: Sequence[float | None]
    colour: int = 1


@dataclass(frozen=True, slots=True)
class Level:
    """A dashed horizontal line with a name."""

    name: str
    value: float


@dataclass(frozen=True, slots=True)
class Point:
    """A dot of a scatter; its area is in proportion to `weight`."""

    x: float
    y: float
    title: str
    weight: float = 1.0


@dataclass(frozen=True, slots=True)
class Cell:
    """A square of a heatmap; `level` is 0 to 4."""

    column: int
    row: int
    level: int
    title: str


def bars(
    label: str, names: Sequence[str], series: Sequence[Series], form: Format = plain, *, wide: bool = False
) -> str:
    """Vertical bars, those of several series stacked.

    Args:
        label: what the plot shows, in a few words.
        names: what stands below each bar; left out where there is no room.
        series: as many values each as there are names, none below 0.
        form: writes a value.
        wide: whether it takes the whole page.
    """
    totals = [sum(one.values[at] or 0 for one in series) for at in range(len(names))]
    frame = _Frame(0, max(totals, default=0), form, wide=wide)
    width = frame.width / max(1, len(names))
    gap = min(2.0, width * 0.2)
    body = []
    for at, name in enumerate(names):
        left = frame.left + at * width
        below = 0.0
        drawn = []
        for one in series:
            value = one.values[at] or 0
            if value:
                top, bottom = frame.y.at(below + value), frame.y.at(below)
                drawn.append(_rect(left + gap / 2, top, width - gap, bottom - top, f"c{one.colour}"))
            below += value
        body.append(_titled(_said(name, series, at, form), [*drawn, frame.column(left, width)]))
    shown = thinned(names, frame.width, _CHARACTER)
    marks = [(frame.left + (at + 0.5) * width, names[at]) for at in shown]
    return frame.svg(label, [*body, *frame.below(marks)])


def lines(
    label: str,
    xs: Sequence[float],
    names: Sequence[str],
    series: Sequence[Series],
    form: Format = plain,
    *,
    low: float | None = 0,
    high: float | None = None,
    levels: Sequence[Level] = (),
    wide: bool = False,
) -> str:
    """Lines through values; a value that is None breaks its line.

    Args:
        label: what the plot shows, in a few words.
        xs: where the values lie from left to right, rising.
        names: what each x is called.
        series: as many values each as there are xs.
        form: writes a value.
        low: where the vertical axis begins; None is near the lowest value.
        high: where it ends at least; None is near the highest value.
        levels: horizontal lines for comparison.
        wide: whether it takes the whole page.
    """
    values = [value for one in series for value in one.values if value is not None]
    values += [level.value for level in levels]
    frame = _Frame(
        min(values, default=0.0) if low is None else low,
        max([*values, *([] if high is None else [high])], default=1.0),
        form,
        wide=wide,
    )
    across = Scale(xs[0], xs[-1], frame.left, frame.left + frame.width) if xs else Scale(0, 1, 0, 1)
    places = [across.at(x) for x in xs]
    body = []
    for one in series:
        for run in _runs(places, one.values):
            points = " ".join(f"{x:.1f},{frame.y.at(value):.1f}" for x, value in run)
            body.append(f'<polyline class="line s{one.colour}" points="{points}"/>')
            if len(run) == 1 or len(xs) <= 40:
                body += [_circle(x, frame.y.at(value), 2.5, f"c{one.colour}") for x, value in run]
    for at, place in enumerate(places):
        left = (places[at - 1] + place) / 2 if at else frame.left
        right = (places[at + 1] + place) / 2 if at + 1 < len(places) else frame.left + frame.width
        body.append(_titled(_said(names[at], series, at, form), [frame.column(left, right - left)]))
    body += [_level(level, frame) for level in levels]
    shown = thinned(names, frame.width, _CHARACTER)
    return frame.svg(label, [*body, *frame.below([(places[at], names[at]) for at in shown])])


def scatter(label: str, points: Sequence[Point], x_name: str, y_name: str, form: Format = percent) -> str:
    """Dots over the unit square, with the diagonal on which x and y are equal."""
    frame = _Frame(0, 1, form)
    across = Scale(0, 1, frame.left, frame.left + frame.width)
    most = max((point.weight for point in points), default=1.0) or 1.0
    body = [f'<line class="dash" x1="{frame.left}" y1="{frame.y.at(0)}" x2="{across.at(1)}" y2="{frame.y.at(1)}"/>']
    for point in points:
        radius = 3 + 7 * (point.weight / most) ** 0.5
        dot = _circle(across.at(point.x), frame.y.at(point.y), radius, "c1 see")
        body.append(_titled(point.title, [dot]))
    marks = [(across.at(tick), form(tick)) for tick in ticks(0, 1)]
    named = [
        f'<text x="{frame.left + 6}" y="{_TOP + 10}">{escape(y_name)} ↑</text>',
        f'<text class="end" x="{across.at(1)}" y="{frame.y.at(0) - 6}">{escape(x_name)} →</text>',
    ]
    return frame.svg(label, [*body, *named, *frame.below(marks)])


def heatmap(label: str, cells: Iterable[Cell], columns: Sequence[str], rows: Sequence[str]) -> str:
    """Coloured squares; `columns` and `rows` name them, empty where nothing is to be written."""
    left = (max(map(len, rows), default=0) + 1) * _CHARACTER
    width, height = left + len(columns) * _CELL + 2, 16 + len(rows) * _CELL
    body = [
        f'<text x="{left + at * _CELL:.1f}" y="11">{escape(name)}</text>' for at, name in enumerate(columns) if name
    ]
    body += [
        f'<text class="end" x="{left - 5:.1f}" y="{16 + (at + 0.8) * _CELL:.1f}">{escape(name)}</text>'
        for at, name in enumerate(rows)
        if name
    ]
    for cell in cells:
        x, y = left + cell.column * _CELL, 16 + cell.row * _CELL
        square = f'<rect class="h{cell.level}" x="{x:.1f}" y="{y:.1f}" width="10" height="10" rx="2"/>'
        body.append(_titled(cell.title, [square]))
    return _svg(label, width, height, body, "squares")


class _Frame:
    """The room of a plot, its vertical axis, and names below."""

    def __init__(self, low: float, high: float, form: Format, *, wide: bool = False) -> None:
        self._form = form
        self._ticks = ticks(low, high)
        self.left = max(len(form(tick)) for tick in self._ticks) * _LARGE + 8
        self._whole = WIDE if wide else WIDTH
        self.right = self._whole - _RIGHT
        self.width = self.right - self.left
        self.y = Scale(self._ticks[0], self._ticks[-1], HEIGHT - _BOTTOM, _TOP)

    def svg(self, label: str, body: Iterable[str]) -> str:
        return _svg(label, self._whole, HEIGHT, [*self._grid(), *body])

    def column(self, left: float, width: float) -> str:
        """An unseen column that shows its title wherever the mouse rests in it."""
        return _rect(left, _TOP, width, HEIGHT - _TOP - _BOTTOM, "hit")

    def below(self, marks: Iterable[tuple[float, str]]) -> Iterator[str]:
        for x, name in marks:
            middle = min(x, self._whole - 2 - len(name) * _CHARACTER / 2)
            yield f'<text class="middle" x="{middle:.1f}" y="{HEIGHT - 7}">{escape(name)}</text>'

    def _grid(self) -> Iterator[str]:
        for tick in self._ticks:
            y = self.y.at(tick)
            yield f'<line class="grid" x1="{self.left:.1f}" y1="{y:.1f}" x2="{self.right}" y2="{y:.1f}"/>'
            yield f'<text class="end" x="{self.left - 5:.1f}" y="{y + 4:.1f}">{escape(self._form(tick))}</text>'


def _runs(places: Sequence[float], values: Sequence[float | None]) -> Iterator[list[tuple[float, float]]]:
    run: list[tuple[float, float]] = []
    for place, value in zip(places, values, strict=True):
        if value is not None:
            run.append((place, value))
        elif run:
            yield run
            run = []
    if run:
        yield run


def _level(level: Level, frame: _Frame) -> str:
    y = frame.y.at(level.value)
    right = frame.right
    return (
        f'<line class="dash" x1="{frame.left:.1f}" y1="{y:.1f}" x2="{right}" y2="{y:.1f}"/>'
        f'<text class="end halo" x="{right}" y="{y - 4:.1f}">{escape(level.name)}</text>'
    )


def _said(name: str, series: Sequence[Series], at: int, form: Format) -> str:
    told = [(one.name, one.values[at]) for one in series]
    words = [f"{title} {form(value)}" if len(series) > 1 else form(value) for title, value in told if value is not None]
    return f"{name}: {', '.join(words) or 'nothing'}"


def _titled(title: str, marks: Iterable[str]) -> str:
    return f"<g><title>{escape(title)}</title>{''.join(marks)}</g>"


def _rect(x: float, y: float, width: float, height: float, kind: str) -> str:
    return f'<rect class="{kind}" x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}"/>'


def _circle(x: float, y: float, radius: float, kind: str) -> str:
    return f'<circle class="{kind}" cx="{x:.1f}" cy="{y:.1f}" r="{radius:.1f}"/>'


def _svg(label: str, width: float, height: float, body: Iterable[str], kind: str = "") -> str:
    named = f' class="{kind}"' if kind else ""
    return (
        f'<svg{named} role="img" aria-label="{escape(label)}" viewBox="0 0 {width:.0f} {height:.0f}"'
        f' xmlns="http://www.w3.org/2000/svg">{"".join(body)}</svg>'
    )
