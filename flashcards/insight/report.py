"""A report as data for the terminal, the page and JSON."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, Final, Literal, NamedTuple

Format = Callable[[Any], str]

DASH: Final = "-"
"""The text for a missing value."""


def number(value: float) -> str:
    """Format `1,234` or `0.5` with as few digits as needed."""
    return f"{value:,.0f}" if value == round(value) else f"{value:,.4g}"


def percent(value: float) -> str:
    """Format 0.9 as `90%`, 0.915 as `91.5%`."""
    return f"{number(round(value * 100, 1))}%"


def share(value: float | None) -> str:
    """Format 0.915 as `91.5%`, always with one digit; a missing value as a dash."""
    return DASH if value is None else f"{value:.1%}"


def whole_percent(value: float | None) -> str:
    """Format 0.915 as `92%`; a missing value as a dash."""
    return DASH if value is None else f"{value:.0%}"


def tenth(value: float) -> str:
    """Format `1,234.5`, with one digit."""
    return f"{value:,.1f}"


def whole(value: float) -> str:
    """Format `1,234`, without decimals."""
    return f"{value:,.0f}"


def measure_level(value: float, most: float) -> int:
    """Return 0 for zero, and 1 to 4 for the quarters of `most`."""
    if value <= 0 or most <= 0:
        return 0
    return min(4, 1 + int(4 * value / most - 1e-9))


class Column(NamedTuple):
    """One column of a table."""

    head: str  # its heading
    key: str  # the name of the value in each row
    form: Format = str  # formats a value
    # `text` gets the remaining width; `optional` is dropped in a narrow terminal
    kind: Literal["value", "text", "optional"] = "value"


class RowBar(NamedTuple):
    """The value shown by a bar at the end of each row, and the value of a full bar."""

    key: str
    most: float
    style: str = "green"
    styles: Mapping[str, str] = MappingProxyType({})
    """Other styles, by the text of the first column."""


class DataTable(NamedTuple):
    """Rows for JSON, and their format for people. `most_rows` is the number of rows in a terminal."""

    columns: Sequence[Column]
    rows: Sequence[Mapping[str, Any]]
    bar: RowBar | None = None
    most_rows: int | None = None

    def format_row(self, row: Mapping[str, Any]) -> list[str]:
        """Return the cells of a row; a missing value is empty."""
        return [column.form(row[column.key]) if column.key in row else "" for column in self.columns]


class Series(NamedTuple):
    """A sequence of values, some of them missing; `colour` is 1 to 6."""

    name: str
    values: Sequence[float | None]
    colour: int = 1


class Level(NamedTuple):
    """A dashed horizontal line with a name."""

    name: str
    value: float


class Point(NamedTuple):
    """A dot of a scatter plot, with an area proportional to `weight`."""

    x: float
    y: float
    title: str
    weight: float = 1.0


class Bars(NamedTuple):
    """Vertical bars; several series are stacked."""

    names: Sequence[str]  # of the bars
    series: Sequence[Series]  # a value for each name
    form: Format = number  # formats a value
    dates: bool = False  # whether the names are dates, which may be thinned out
    rate: Series | None = None  # a share of each bar, 0 to 1, such as the recalled part


class Curves(NamedTuple):
    """Curves through values at ascending `xs`; `low` and `high` are the smallest range of the vertical axis."""

    xs: Sequence[float]
    names: Sequence[str]
    series: Sequence[Series]
    form: Format = number
    low: float = 0
    high: float | None = None
    levels: Sequence[Level] = ()


class Calendar(NamedTuple):
    """A square for each day: its date, its value and its title."""

    days: Sequence[tuple[Any, float, str]]


class Scatter(NamedTuple):
    """Dots in the unit square, and the diagonal where x and y are equal."""

    points: Sequence[Point]
    x_name: str
    y_name: str
    form: Format = percent


Plot = Bars | Curves | Calendar | Scatter


class Figure(NamedTuple):
    """A titled plot, table or both."""

    title: str  # a few words
    text: str  # one or two sentences for the reader
    plot: Plot | None = None  # the plot, if any
    table: DataTable | None = None  # the numbers, if any
    wide: bool = False  # whether it needs the full width of a page
    newest_last: bool = False  # whether it ends today; if it does not fit, its right end is shown first
    # the content in a terminal; empty if the figure repeats others
    in_terminal: Literal["plot", "table", "nothing"] = "table"


class FigureGroup(NamedTuple):
    """Figures under a heading."""

    title: str
    figures: Sequence[Figure]


class Report(NamedTuple):
    """The result of one command."""

    title: str  # its heading
    text: Sequence[str]  # sentences below the heading, one per line
    tiles: Sequence[tuple[str, str]]  # names and numbers, which a page shows large
    groups: Sequence[FigureGroup]  # the figures
    record: Mapping[str, Any]  # the JSON object for programs
