"""Draw a report in a terminal of any width: tables, and plots made from characters."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

from rich.cells import cell_len
from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from flashcards.insight.report import Bars, Calendar, Curves, DataTable, Figure, Plot, Report, Series, measure_level
from flashcards.render.terminal.blocks import GatedConsole

_EIGHTHS: Final = "▏▎▍▌▋▊▉█"
_HEIGHTS: Final = "▁▂▃▄▅▆▇█"
_SHADES: Final = "·░▒▓█"
_HEAT: Final = ("bright_black", "green", "green", "bright_green", "bright_green")
_COLOURS: Final = ("", "blue", "green", "yellow", "red", "magenta", "bright_black")
_WEEKDAYS: Final = ("Mon", "", "Wed", "", "Fri", "", "Sun")

_GAP: Final = 2  # columns between two cells
_INDENT: Final = 2
_LEAST_BAR: Final = 4
_LEAST_TEXT: Final = 24  # minimum columns for the text of a row
_TEXT_LINES: Final = 3  # lines of a text that is written below its row


def open_console() -> GatedConsole:
    """Return a console as wide as the terminal, without colour if that is unsupported or unwanted."""
    return GatedConsole(markup=False, highlight=False, emoji=False)


def draw_report(report: Report, width: int) -> RenderableType:
    """Draw the sentences and figures of a report."""
    parts: list[RenderableType] = [Text("\n".join(report.text))]
    for group in report.groups:
        for figure in group.figures:
            drawn = _draw_figure(figure, width - _INDENT)
            if drawn is not None:
                indented = Padding(drawn, (0, 0, 0, _INDENT))
                parts += [Text(f"\n{figure.title}", "bold"), indented]
                if figure.text:
                    parts.append(Padding(Text(figure.text, "bright_black"), (0, 0, 0, _INDENT)))
    return Group(*parts)


def draw_bar(value: float, most: float, width: int) -> str:
    """Draw a horizontal bar with a precision of an eighth of a character. Only 0 is empty."""
    if value <= 0 or most <= 0:
        return ""
    eighths = max(1, round(value / most * width * 8))
    full, rest = divmod(eighths, 8)
    return "█" * full + (_EIGHTHS[rest - 1] if rest else "")


def draw_columns(values: Sequence[float | None], most: float | None = None) -> str:
    """Draw a column for each value, relative to `most` or the highest value. A missing value is a space."""
    most = most or max((value for value in values if value is not None), default=0) or 1
    return "".join(" " if value is None else _HEIGHTS[round(value / most * 7)] for value in values)


def thin_out(values: Sequence[float | None], most: int) -> list[float | None]:
    """Return at most `most` evenly spaced values, including the first and the last."""
    if len(values) <= max(2, most):
        return list(values)
    steps = max(2, most) - 1
    return [values[round(at * (len(values) - 1) / steps)] for at in range(steps + 1)]


def _draw_figure(figure: Figure, width: int) -> RenderableType | None:
    if figure.in_terminal == "table" and figure.table and figure.table.rows:
        return draw_table(figure.table, width)
    if figure.in_terminal == "plot" and figure.plot:
        return _draw_plot(figure.plot, width)
    return None


def _draw_plot(plot: Plot, width: int) -> RenderableType | None:
    match plot:
        case Calendar():
            return _draw_calendar(plot, width)
        case Bars(names=names, series=series, rate=rate):
            drawn = _draw_series(names, series, None, width)
            return _draw_series(names, [*series, rate], None, width) if drawn and rate else drawn
        case Curves(names=names, series=series, high=high):
            return _draw_series(names, series, high, width)
    return None


def _draw_series(names: Sequence[str], series: Sequence[Series], most: float | None, width: int) -> Group | None:
    """Draw a line of columns for each series, and the first and last name below."""
    if not any(value for one in series for value in one.values):
        return None
    wide = max(cell_len(one.name) for one in series)
    room = max(_LEAST_BAR, width - wide - _GAP)
    lines = []
    drawn = ""
    for one in series:
        values = thin_out(one.values, room)
        drawn = draw_columns(values, most)
        lines.append(Text(f"{one.name:{wide}}{' ' * _GAP}{drawn}", _COLOURS[one.colour]))
    between = len(drawn) - len(names[0]) - len(names[-1])
    axis = f"{names[0]}{' ' * between}{names[-1]}" if between > 0 else names[0]
    return Group(*lines, Text(" " * (wide + _GAP) + axis, "bright_black"))


def _draw_calendar(plot: Calendar, width: int) -> Group:
    """Draw a row for each weekday, with the newest weeks that fit."""
    days = plot.days
    first = days[0][0].toordinal() - days[0][0].weekday()
    last = days[-1][0].toordinal() - days[-1][0].weekday()
    start = max(first, last - 7 * max(3, min(52, width - 8)))
    shown = [(date, value) for date, value, _ in days if date.toordinal() >= start]
    most = max(value for _, value in shown)
    rows = [Text(f"{name:4}") for name in _WEEKDAYS]
    for date, value in shown:
        row = rows[date.weekday()]
        row.append(" " * (4 + (date.toordinal() - start) // 7 - len(row.plain)))
        level = measure_level(value, most)
        row.append(_SHADES[level], _HEAT[level])
    return Group(*rows)


class _Row(NamedTuple):
    cells: list[str]
    bar: float | None  # the value of the bar, if any
    style: str


def draw_table(table: DataTable, width: int) -> RenderableType:
    """Draw a table with aligned columns if it fits, if necessary without the optional ones; else list the cells."""
    rows = []
    for row in table.rows[: table.most_rows]:
        bar, style = None, ""
        if table.bar and isinstance(row.get(table.bar.key), (int, float)):
            bar, style = row[table.bar.key], table.bar.styles.get(str(row[table.columns[0].key]), table.bar.style)
        rows.append(_Row(table.format_row(row), bar, style))
    indexes = list(range(len(table.columns)))
    if _measure(table, rows, indexes) > width:
        indexes = [at for at in indexes if table.columns[at].kind != "optional"]
    if _measure(table, rows, indexes) > width:
        return _pile_up(table, rows, width)
    return _draw_side_by_side(table, rows, indexes, width)


def _measure(table: DataTable, rows: Sequence[_Row], indexes: Sequence[int]) -> int:
    """Return the width of the table in columns, without bars."""
    widths = [
        max(cell_len(table.columns[at].head), _LEAST_TEXT)
        if table.columns[at].kind == "text"
        else max(cell_len(table.columns[at].head), *(cell_len(row.cells[at]) for row in rows))
        for at in indexes
    ]
    return sum(widths) + _GAP * (len(widths) - 1)


def _draw_side_by_side(table: DataTable, rows: Sequence[_Row], indexes: Sequence[int], width: int) -> Table:
    room = width - _measure(table, rows, indexes) - _GAP
    has_text = any(table.columns[at].kind == "text" for at in indexes)
    has_bars = table.bar is not None and room >= _LEAST_BAR and not has_text
    drawn = Table(
        box=None,
        padding=(0, _GAP, 0, 0),
        pad_edge=False,
        show_header=any(column.head for column in table.columns),
        header_style="bright_black",
        expand=has_text,
    )
    for at in indexes:
        column = table.columns[at]
        if column.kind == "text":
            drawn.add_column(column.head, no_wrap=True, overflow="ellipsis", ratio=1)
        else:
            drawn.add_column(column.head, justify="right" if at else "left", no_wrap=True)
    if has_bars:
        drawn.add_column("", no_wrap=True)
    for row in rows:
        cells = [Text(row.cells[at]) for at in indexes]
        if has_bars and table.bar:
            cells.append(Text("" if row.bar is None else draw_bar(row.bar, table.bar.most, room), row.style))
        drawn.add_row(*cells)
    return drawn


def _pile_up(table: DataTable, rows: Sequence[_Row], width: int) -> Group:
    """Draw each row as its first cell, and below it the other cells with their headings."""
    lines: list[RenderableType] = []
    for row in rows:
        name, *others = row.cells
        heads = [column.head for column in table.columns]
        if table.columns[0].kind == "text":
            most = _TEXT_LINES * width
            name = name if len(name) <= most else f"{name[: most - 1]}…"
        elif heads[0]:
            name = f"{heads[0]} {name}"
        lines.append(Text(name.strip(), overflow="fold"))
        parts = [f"{head} {cell}".strip() for head, cell in zip(heads[1:], others, strict=True) if cell]
        lines.append(Padding(Text(_flow(parts, width - _GAP), overflow="fold"), (0, 0, 0, _GAP)))
    return Group(*lines)


def _flow(parts: Sequence[str], width: int) -> str:
    """Join the parts with two spaces, on as many lines as needed. A part that fits on a line is not broken."""
    lines: list[str] = []
    for part in parts:
        if lines and cell_len(lines[-1]) + _GAP + cell_len(part) <= width:
            lines[-1] += " " * _GAP + part
        else:
            lines.append(part)
    return "\n".join(lines)
