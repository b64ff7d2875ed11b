"""Draw a report as one HTML page without scripts or network access."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache
from html import escape
from pathlib import Path
from typing import Final

from flashcards.disk.atomic import replace_file
from flashcards.errors import UsageError
from flashcards.insight.report import Bars, Curves, DataTable, Figure, FigureGroup, Report
from flashcards.insight.svg import draw_plot

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
    with replace_file(path) as file:
        file.write(draw_page(report).encode())


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
