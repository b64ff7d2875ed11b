"""Draw a report as one HTML page without scripts or network access, its plots as SVG."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from html import escape
from itertools import groupby
from pathlib import Path
from typing import Final

from flashcards.disk.atomic import write_file
from flashcards.errors import UsageError
from flashcards.insight.report import (
    Bars,
    Calendar,
    Curves,
    DataTable,
    Figure,
    FigureGroup,
    Format,
    Level,
    Plot,
    Report,
    Scatter,
    Series,
    measure_level,
    percent,
)

WIDTH: Final = 480
WIDE: Final = 960
"""The width of a plot that takes the full width of the page."""
HEIGHT: Final = 220
_TOP, _RIGHT, _BOTTOM = 12.0, 12.0, 24.0
_LINE: Final = 14.0  # height of a line of names below the plot
_CHARACTER: Final = 6.6  # width of a character in the page's font size
_LARGE: Final = 8.0  # width of a character in a narrow window
_CELL: Final = 12.0
_STEPS: Final = (1, 2, 2.5, 5, 10)
_MOST_STEPS: Final = 5
_WEEKDAYS: Final = ("Mon", "", "Wed", "", "Fri", "", "Sun")


def draw_plot(plot: Plot, label: str, *, wide: bool = False) -> str:
    """Draw a plot; `label` describes it, and `wide` plots take the full width of the page."""
    match plot:
        case Bars():
            return _draw_bars(plot, label, wide=wide)
        case Curves():
            return _draw_lines(plot, label, wide=wide)
        case Scatter():
            return _draw_scatter(plot, label)
        case Calendar():
            return _draw_calendar(plot, label)


def find_ticks(low: float, high: float, *, whole: bool = False) -> list[float]:
    """Return at most six evenly spaced round numbers that enclose both ends, perhaps only whole ones."""
    if high <= low:
        high = low + 1
    rough = (high - low) / _MOST_STEPS
    power = 10.0 ** math.floor(math.log10(rough))
    for factor in _STEPS:
        step = max(1.0, round(factor * power)) if whole else factor * power
        first = math.floor(low / step + 1e-9)
        last = math.ceil(high / step - 1e-9)
        if last - first <= _MOST_STEPS:
            break
    return [round(at * step, 10) for at in range(first, last + 1)]


@dataclass(frozen=True, slots=True)
class Scale:
    """Maps values from `low` to `high` to positions from `start` to `end`."""

    low: float
    high: float
    start: float
    end: float

    def at(self, value: float) -> float:
        """Return the position of a value, clamped to the range."""
        part = (min(max(value, self.low), self.high) - self.low) / ((self.high - self.low) or 1.0)
        return self.start + part * (self.end - self.start)


def _draw_bars(plot: Bars, label: str, *, wide: bool) -> str:
    names, series = plot.names, plot.series
    totals = [sum(one.values[at] or 0 for one in series) for at in range(len(names))]
    high = max(totals, default=0)
    frame = _PlotFrame(0, high, plot.form, wide=wide, whole=_are_whole(totals) and high > 1)
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
                drawn.append(_draw_rectangle(left + gap / 2, top, width - gap, bottom - top, f"c{one.colour}"))
            below += value
        said = _describe(name, series, at, plot.form)
        if plot.rate and (rate := plot.rate.values[at]) is not None:
            said += f", {plot.rate.name} {percent(rate)}"
        body.append(_add_title(said, [*drawn, frame.draw_hit_area(left, width)]))
    marks = [(frame.left + (at + 0.5) * width, name) for at, name in enumerate(names)]
    return frame.draw(label, body, marks, all_names=not plot.dates)


def _draw_lines(plot: Curves, label: str, *, wide: bool) -> str:
    """Draw lines. A missing value interrupts its line."""
    xs, series = plot.xs, plot.series
    values = [value for one in series for value in one.values if value is not None]
    values += [level.value for level in plot.levels]
    high = max([*values, *([] if plot.high is None else [plot.high])], default=1.0)
    frame = _PlotFrame(plot.low, high, plot.form, wide=wide, whole=_are_whole(values) and high > 1)
    across = Scale(xs[0], xs[-1], frame.left, frame.left + frame.width) if xs else Scale(0, 1, 0, 1)
    positions = [across.at(x) for x in xs]
    body = []
    for one in series:
        for run in _find_runs(positions, one.values):
            points = " ".join(f"{x:.1f},{frame.y.at(value):.1f}" for x, value in run)
            body.append(f'<polyline class="line s{one.colour}" points="{points}"/>')
            if len(run) == 1 or len(xs) <= 40:
                body += [_draw_circle(x, frame.y.at(value), 2.5, f"c{one.colour}") for x, value in run]
    for at, position in enumerate(positions):
        left = (positions[at - 1] + position) / 2 if at else frame.left
        right = (positions[at + 1] + position) / 2 if at + 1 < len(positions) else frame.left + frame.width
        said = _describe(plot.names[at], series, at, plot.form)
        body.append(_add_title(said, [frame.draw_hit_area(left, right - left)]))
    body += [_draw_level(level, frame) for level in plot.levels]
    return frame.draw(label, body, list(zip(positions, plot.names, strict=True)))


def _draw_scatter(plot: Scatter, label: str) -> str:
    frame = _PlotFrame(0, 1, plot.form)
    across = Scale(0, 1, frame.left, frame.left + frame.width)
    most = max((point.weight for point in plot.points), default=1.0) or 1.0
    body = [f'<line class="dash" x1="{frame.left}" y1="{frame.y.at(0)}" x2="{across.at(1)}" y2="{frame.y.at(1)}"/>']
    for point in plot.points:
        radius = 3 + 7 * (point.weight / most) ** 0.5
        dot = _draw_circle(across.at(point.x), frame.y.at(point.y), radius, "c1 see")
        body.append(_add_title(point.title, [dot]))
    body += [
        f'<text x="{frame.left + 6}" y="{_TOP + 10}">{escape(plot.y_name)} ↑</text>',
        f'<text class="end" x="{across.at(1)}" y="{frame.y.at(0) - 6}">{escape(plot.x_name)} →</text>',
    ]
    return frame.draw(label, body, [(across.at(tick), plot.form(tick)) for tick in find_ticks(0, 1)])


def _draw_calendar(plot: Calendar, label: str) -> str:
    """Draw the calendar with a column for each week."""
    dates = [date for date, _, _ in plot.days]
    most = max((value for _, value, _ in plot.days), default=0)
    first = dates[0].toordinal() - dates[0].weekday()
    weeks = (dates[-1].toordinal() - first) // 7 + 1
    left = 4 * _CHARACTER
    body = []
    for at, date in enumerate(dates):
        # A month is named above the week of its first day. The first month is named only if there is room.
        if date.day == 1 or (at == 0 and date.day <= 14):
            x = left + (date.toordinal() - first) // 7 * _CELL
            body.append(f'<text x="{x:.1f}" y="11">{date:%b}</text>')
    body += [
        f'<text class="end" x="{left - 5:.1f}" y="{16 + (at + 0.8) * _CELL:.1f}">{name}</text>'
        for at, name in enumerate(_WEEKDAYS)
        if name
    ]
    for date, value, title in plot.days:
        x, y = left + (date.toordinal() - first) // 7 * _CELL, 16 + date.weekday() * _CELL
        kind = f"h{measure_level(value, most)}"
        square = f'<rect class="{kind}" x="{x:.1f}" y="{y:.1f}" width="10" height="10" rx="2"/>'
        body.append(_add_title(title, [square]))
    return _draw_svg(label, left + weeks * _CELL + 2, 16 + 7 * _CELL, body, "squares")


class _PlotFrame:
    """The area of a plot, its vertical axis, and the names below it."""

    def __init__(self, low: float, high: float, form: Format, *, wide: bool = False, whole: bool = False) -> None:
        self._form = form
        self._ticks = find_ticks(low, high, whole=whole)
        self.left = max(len(form(tick)) for tick in self._ticks) * _LARGE + 8
        self._whole = WIDE if wide else WIDTH
        self.right = self._whole - _RIGHT
        self.width = self.right - self.left
        self.y = Scale(self._ticks[0], self._ticks[-1], HEIGHT - _BOTTOM, _TOP)

    def draw(
        self, label: str, body: Iterable[str], marks: Sequence[tuple[float, str]], *, all_names: bool = False
    ) -> str:
        """Draw the whole plot. Names are thinned out, unless `all_names` spreads them over several lines."""
        widest = (max((len(name) for _, name in marks), default=0) + 2) * (_LARGE if all_names else _CHARACTER)
        overlap = max(1, math.ceil(len(marks) * widest / self.width))
        lines, every = (overlap, 1) if all_names else (1, overlap)
        named = []
        for at, (x, name) in enumerate(marks[::every]):
            middle = min(x, self._whole - 2 - len(name) * _CHARACTER / 2)
            y = HEIGHT - 7 + at % lines * _LINE
            named.append(f'<text class="middle" x="{middle:.1f}" y="{y:.1f}">{escape(name)}</text>')
        return _draw_svg(label, self._whole, HEIGHT + (lines - 1) * _LINE, [*self._draw_grid(), *body, *named])

    def draw_hit_area(self, left: float, width: float) -> str:
        """Draw an invisible column that shows its title under the mouse."""
        return _draw_rectangle(left, _TOP, width, HEIGHT - _TOP - _BOTTOM, "hit")

    def _draw_grid(self) -> Iterator[str]:
        for tick in self._ticks:
            y = self.y.at(tick)
            yield f'<line class="grid" x1="{self.left:.1f}" y1="{y:.1f}" x2="{self.right}" y2="{y:.1f}"/>'
            yield f'<text class="end" x="{self.left - 5:.1f}" y="{y + 4:.1f}">{escape(self._form(tick))}</text>'


def _are_whole(values: Iterable[float]) -> bool:
    return all(value == round(value) for value in values)


def _find_runs(positions: Sequence[float], values: Sequence[float | None]) -> Iterator[list[tuple[float, float]]]:
    pairs = zip(positions, values, strict=True)
    for is_missing, run in groupby(pairs, lambda pair: pair[1] is None):
        if not is_missing:
            yield [(position, value) for position, value in run if value is not None]


def _draw_level(level: Level, frame: _PlotFrame) -> str:
    y = frame.y.at(level.value)
    right = frame.right
    return (
        f'<line class="dash" x1="{frame.left:.1f}" y1="{y:.1f}" x2="{right}" y2="{y:.1f}"/>'
        f'<text class="end halo" x="{right}" y="{y - 4:.1f}">{escape(level.name)}</text>'
    )


def _describe(name: str, series: Sequence[Series], at: int, form: Format) -> str:
    values = [(one.name, one.values[at]) for one in series]
    words = [
        f"{title} {form(value)}" if len(series) > 1 else form(value) for title, value in values if value is not None
    ]
    return f"{name}: {', '.join(words) or 'nothing'}"


def _add_title(title: str, marks: Iterable[str]) -> str:
    return f"<g><title>{escape(title)}</title>{''.join(marks)}</g>"


def _draw_rectangle(x: float, y: float, width: float, height: float, kind: str) -> str:
    return f'<rect class="{kind}" x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}"/>'


def _draw_circle(x: float, y: float, radius: float, kind: str) -> str:
    return f'<circle class="{kind}" cx="{x:.1f}" cy="{y:.1f}" r="{radius:.1f}"/>'


def _draw_svg(label: str, width: float, height: float, body: Iterable[str], kind: str = "") -> str:
    named = f' class="{kind}"' if kind else ""
    return (
        f'<svg{named} role="img" aria-label="{escape(label)}" viewBox="0 0 {width:.0f} {height:.0f}"'
        f' xmlns="http://www.w3.org/2000/svg">{"".join(body)}</svg>'
    )


_CARD: Final = re.compile(r"\b([a-z2-7]{5,12})\.(?=(?:forward|reverse|c\d+)\b)")
_SIGNATURE: Final = '<meta name="generator" content="flashcards">'
_SIGNATURE_WITHIN: Final = 1000  # the signature must be within these first bytes


class FileNotOurs(UsageError):
    """A page would replace a file that flashcards did not write."""

    def __init__(self, path: Path) -> None:
        super().__init__(f"{path} exists and was not written by flashcards. Name another file, or remove it first.")


class FileNoPage(UsageError):
    """The name of a page does not end with `.html`."""

    def __init__(self, path: Path) -> None:
        name = path.name or "page"
        super().__init__(f"{path} must end with .html. Write `--html {name}.html`.")


@cache
def _read_css() -> str:
    return Path(__file__).with_name("report.css").read_text(encoding="utf-8")


def draw_page(report: Report) -> str:
    """Return the page as HTML. It forbids the browser to load anything."""
    return (
        f'<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n{_SIGNATURE}\n'
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n"
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(report.title)}</title>\n<style>\n{_read_css()}</style>\n</head>\n<body>\n<main>\n"
        f"{draw_body(report)}</main>\n</body>\n</html>\n"
    )


def draw_body(report: Report) -> str:
    """Return the body of the page."""
    tiles = "".join(
        f'<div class="tile"><dt>{escape(name)}</dt><dd>{escape(value)}</dd></div>' for name, value in report.tiles
    )
    return (
        f"<h1>{escape(report.title)}</h1>\n"
        f"{''.join(f'<p class=quiet>{escape(line)}</p>' for line in report.text)}\n"
        f'<dl class="tiles">{tiles}</dl>\n{"".join(map(_draw_group, report.groups))}'
    )


def write_scoped_css() -> str:
    """Return the page's style, restricted to elements within the class `report`."""
    return f".report {{\n{_read_css().replace(':root', '&').replace('body {', '& {')}}}"


def check_target(path: Path) -> None:
    """Make sure that a page may be written to `path`: nothing is there, or an older page.

    Raise `FileNoPage` if the name does not end with `.html` or `.htm`. Raise `FileNotOurs` if another file is there.
    """
    if path.suffix.lower() not in (".html", ".htm"):
        raise FileNoPage(path)
    if not path.exists():
        return
    if not path.is_file():
        raise FileNotOurs(path)
    with path.open("rb") as file:
        if _SIGNATURE.encode() not in file.read(_SIGNATURE_WITHIN):
            raise FileNotOurs(path)


def write_page(report: Report, path: Path) -> None:
    """Write the page in one step, after `check_target`; it replaces an older one."""
    check_target(path)
    write_file(path, draw_page(report).encode())


def _draw_group(group: FigureGroup) -> str:
    figures = "\n".join(map(_draw_figure, group.figures))
    return f'<section>\n<h2>{escape(group.title)}</h2>\n<div class="plots">\n{figures}\n</div>\n</section>\n'


def _draw_figure(figure: Figure) -> str:
    parts = [f"<figcaption><h3>{escape(figure.title)}</h3><p>{escape(figure.text)}</p></figcaption>"]
    plot = draw_plot(figure.plot, figure.title, wide=figure.wide) if figure.plot else ""
    if isinstance(figure.plot, (Bars, Curves)) and len(figure.plot.series) > 1:
        names = ((one.colour, escape(one.name)) for one in figure.plot.series)
        legend = "".join(f'<span><i class="b{colour}"></i>{name}</span>' for colour, name in names)
        parts.append(f'<div class="legend">{legend}</div>')
    if plot:
        name = f'tabindex="0" role="group" aria-label="{escape(figure.title)}"'  # scrollable, so reachable by keyboard
        parts.append(f'<div class="plot{" late" if figure.newest_last else ""}" {name}>{plot}</div>')
    if figure.table:
        label = f'tabindex="0" role="group" aria-label="{escape(figure.title)}, in numbers"'
        table = f'<div class="numbers" {label}>{_draw_table(figure.table)}</div>'
        parts.append(f"<details><summary>In numbers</summary>{table}</details>" if plot else table)
    return f"<figure{' class=wide' if figure.wide else ''}>{''.join(parts)}</figure>"


def _draw_table(table: DataTable) -> str:
    head = _draw_cells("th", [column.head for column in table.columns])
    rows = "".join(f"<tr>{_draw_cells('td', table.format_row(row))}</tr>" for row in table.rows)
    return f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"


def _draw_cells(tag: str, texts: Iterable[str]) -> str:
    tags = ((tag if text else "td", text) for text in texts)  # an empty cell is not a heading
    return "".join(f"<{name}>{_make_breakable(text)}</{name}>" for name, text in tags)


def _make_breakable(text: str) -> str:
    """Escape a text, and allow breaks between the parts of a deck's or card's name."""
    safe = escape(text).replace("::", "::<wbr>")
    return _CARD.sub(r"\1.<wbr>", safe)
