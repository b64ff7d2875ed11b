"""A report as data, which the terminal, the page and JSON draw in their own ways."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, Final, Literal, NamedTuple

Format = Callable[[Any], str]

DASH: Final = "-"
"""What is shown where there is no value."""


def number(value: float) -> str:
    """Format `1,234` or `0.5`: no more digits than needed."""
    return f"{value:,.0f}" if value == round(value) else f"{value:,.4g}"


def percent(value: float) -> str:
    """Format 0.9 as `90%`, 0.915 as `91.5%`."""
    return f"{number(round(value * 100, 1))}%"


def share(value: float | None) -> str:
    """Format 0.915 as `91.5%`, always with one digit; no value is a dash."""
    return DASH if value is None else f"{value:.1%}"


def whole_percent(value: float | None) -> str:
    """Format 0.915 as `92%`; no value is a dash."""
    return DASH if value is None else f"{value:.0%}"


def tenth(value: float) -> str:
    """Format `1,234.5`: one digit."""
    return f"{value:,.1f}"


def whole(value: float) -> str:
    """Format `1,234`: no digits after the point."""
    return f"{value:,.0f}"


def measure_level(value: float, most: float) -> int:
    """Return 0 for nothing, 1 to 4 for a quarter of `most` each."""
    if value <= 0 or most <= 0:
        return 0
    return min(4, 1 + int(4 * value / most - 1e-9))


class Column(NamedTuple):
    """One column of a table."""

    head: str  # its heading
    key: str  # the name of the value in each row
    form: Format = str  # formats a value
    # `text` takes the width that is left, `optional` is dropped where a terminal is narrow
    kind: Literal["value", "text", "optional"] = "value"


class RowBar(NamedTuple):
    """The value that a bar at the end of each row shows, and the value of a full bar."""

    key: str
    most: float
    style: str = "green"
    styles: Mapping[str, str] = MappingProxyType({})
    """Other styles, by what the first column says."""


class DataTable(NamedTuple):
    """Rows as JSON prints them, and how people read them; `most_rows` is how many a terminal shows, from the first."""

    columns: Sequence[Column]
    rows: Sequence[Mapping[str, Any]]
    bar: RowBar | None = None
    most_rows: int | None = None

    def format_row(self, row: Mapping[str, Any]) -> list[str]:
        """Return the cells of a row; a missing value is empty."""
        return [column.form(row[column.key]) if column.key in row else "" for column in self.columns]


class Series(NamedTuple):
    """One row of values, some of which may be missing; `colour` is 1 to 6."""

    name: str
    values: Sequence[float | None]
    colour: int = 1


class Level(NamedTuple):
    """A dashed horizontal line with a name."""

    name: str
    value: float


class Point(NamedTuple):
    """A dot of a scatter plot; its area is in proportion to `weight`."""

    x: float
    y: float
    title: str
    weight: float = 1.0


class Bars(NamedTuple):
    """Vertical bars, several series stacked."""

    names: Sequence[str]  # of the bars
    series: Sequence[Series]  # a value for each name
    form: Format = number  # formats a value
    dates: bool = False  # whether the names are dates, which may be thinned out; other names are all shown
    rate: Series | None = None  # a part of each bar, 0 to 1, such as what was recalled


class Curves(NamedTuple):
    """Curves through values at `xs`, which rise; `low` and `high` are the least range of the vertical axis."""

    xs: Sequence[float]
    names: Sequence[str]
    series: Sequence[Series]
    form: Format = number
    low: float = 0
    high: float | None = None
    levels: Sequence[Level] = ()


class Calendar(NamedTuple):
    """A square a day: its date, its value, and what it says."""

    days: Sequence[tuple[Any, float, str]]


class Scatter(NamedTuple):
    """Dots over the unit square, with the diagonal on which x and y are equal."""

    points: Sequence[Point]
    x_name: str
    y_name: str
    form: Format = percent


Plot = Bars | Curves | Calendar | Scatter


class Figure(NamedTuple):
    """A plot, a table or both, under a title."""

    title: str  # a few words
    text: str  # one or two sentences for the reader
    plot: Plot | None = None  # the plot, if any
    table: DataTable | None = None  # the numbers, if any
    wide: bool = False  # whether it takes the whole width of a page
    newest_last: bool = False  # whether it runs up to today, so that its right end is shown first if it does not fit
    # what a terminal draws; nothing where the figure only repeats others
    in_terminal: Literal["plot", "table", "nothing"] = "table"


class FigureGroup(NamedTuple):
    """Figures under a heading."""

    title: str
    figures: Sequence[Figure]


class Report(NamedTuple):
    """Everything that one command found."""

    title: str  # its heading
    text: Sequence[str]  # sentences below the heading, a line each
    tiles: Sequence[tuple[str, str]]  # a name and a number each, which a page shows large
    groups: Sequence[FigureGroup]  # the figures
    record: Mapping[str, Any]  # the JSON object for programs
