"""Draw a report as one HTML page that needs no network and no script."""

from __future__ import annotations

import re
from collections.abc import Iterable
from html import escape
from pathlib import Path
from typing import Final

from flashcards.disk.atomic import replace_file
from flashcards.errors import UsageError
from flashcards.insight.report import Bars, Curves, DataTable, Figure, FigureGroup, Report
from flashcards.insight.svg import draw_plot

_CARD: Final = re.compile(r"\b([a-z2-7]{5,12})\.(?=(?:forward|reverse|c\d+)\b)")
_SIGNATURE: Final = '<meta name="generator" content="flashcards">'
_SIGNATURE_WITHIN: Final = 1000  # bytes from the beginning

_CSS: Final = """
:root { color-scheme: light dark; --ground: #fcfcfb; --card: #fff; --ink: #1c1c1a; --quiet: #5c5b57; --rule: #e3e2de;
  --c1: #2a78d6; --c2: #1b8a5a; --c3: #b77900; --c4: #c83c3c; --c5: #6a4bc4; --c6: #6f6e69;
  --h0: #ecebe7; --h1: #b9d5f5; --h2: #79aeea; --h3: #2a78d6; --h4: #15498a; }
@media (prefers-color-scheme: dark) { :root { --ground: #161615; --card: #1f1f1d; --ink: #f1f0ec; --quiet: #b1b0a9;
  --rule: #383835; --c1: #5b9ff0; --c2: #3fb583; --c3: #dba132; --c4: #ea6d6d; --c5: #a48df0; --c6: #9c9b94;
  --h0: #2b2b29; --h1: #1c4576; --h2: #2a69b3; --h3: #5b9ff0; --h4: #add0fb; } }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 76rem; padding: 1.5rem clamp(0.75rem, 3vw, 2rem) 3rem; background: var(--ground);
  color: var(--ink); font: 1rem/1.5 system-ui, sans-serif; overflow-wrap: anywhere; }
h1 { font-size: 1.6rem; margin: 0; } h2 { font-size: 1.2rem; margin: 2.2rem 0 0.8rem; }
p { margin: 0.3rem 0; } .quiet, figcaption p, .legend, summary, footer { color: var(--quiet); font-size: 0.875rem; }
.tiles, .plots { display: grid; gap: 0.9rem; grid-template-columns: repeat(auto-fit, minmax(min(100%, 9rem), 1fr)); }
.plots { grid-template-columns: repeat(auto-fill, minmax(min(100%, 25rem), 1fr)); }
.tiles { margin: 1rem 0 0; } .tile, figure { background: var(--card); border: 1px solid var(--rule);
  border-radius: 0.6rem; padding: 0.8rem 1rem; margin: 0; min-width: 0; }
.tile dt { color: var(--quiet); font-size: 0.875rem; } .tile dd { margin: 0; font-size: 1.35rem; font-weight: 600; }
figure.wide { grid-column: 1 / -1; } figcaption h3 { font-size: 1rem; margin: 0; }
.plot { margin-top: 0.5rem; overflow-x: auto; } .plot svg { display: block; width: 100%; height: auto; }
.late { direction: rtl; } .late svg { direction: ltr; margin-right: auto; }
figure.wide .plot svg { min-width: 48rem; }
figure.wide .plot svg.squares { width: auto; min-width: 0; height: 11rem; }
.legend { display: flex; flex-wrap: wrap; gap: 0.2rem 1rem; margin-top: 0.3rem; }
.legend i { display: inline-block; width: 0.7em; height: 0.7em; border-radius: 0.15em; margin-right: 0.4em; }
.b1 { background: var(--c1); } .b2 { background: var(--c2); } .b3 { background: var(--c3); }
.b4 { background: var(--c4); } .b5 { background: var(--c5); } .b6 { background: var(--c6); }
svg text { font: 11px system-ui, sans-serif; fill: var(--quiet); }
@media (max-width: 48rem) { svg text { font-size: 13px; } figure.wide svg.squares text { font-size: 9px; } }
figure.wide svg.squares text { font-size: 8px; }
.halo { paint-order: stroke; stroke: var(--card); stroke-width: 4px; stroke-linejoin: round; }
.end { text-anchor: end; } .middle { text-anchor: middle; }
.grid { stroke: var(--rule); } .dash { stroke: var(--quiet); stroke-dasharray: 4 4; }
.line { fill: none; stroke-width: 2; stroke-linejoin: round; } .see { fill-opacity: 0.75; }
.hit { fill: transparent; } g:hover > .hit { fill: var(--quiet); fill-opacity: 0.12; }
.c1 { fill: var(--c1); } .c2 { fill: var(--c2); } .c3 { fill: var(--c3); } .c4 { fill: var(--c4); }
.c5 { fill: var(--c5); } .c6 { fill: var(--c6); }
.s1 { stroke: var(--c1); } .s2 { stroke: var(--c2); } .s3 { stroke: var(--c3); } .s4 { stroke: var(--c4); }
.s5 { stroke: var(--c5); } .s6 { stroke: var(--c6); }
.h0 { fill: var(--h0); }
.h1 { fill: var(--h1); } .h2 { fill: var(--h2); } .h3 { fill: var(--h3); }
.h4 { fill: var(--h4); }
table { border-collapse: collapse; font-size: 0.875rem; width: 100%; font-variant-numeric: tabular-nums;
  overflow-wrap: normal; }
th, td { text-align: right; padding: 0.2rem 0.5rem; border-bottom: 1px solid var(--rule); vertical-align: top; }
th:first-child, td:first-child { text-align: left; padding-left: 0; }
@media (max-width: 30rem) { th, td { padding: 0.2rem 0.25rem; } th:first-child, td:first-child { width: 45%; } }
details { margin-top: 0.4rem; } .numbers { overflow: auto; } details .numbers { max-height: 20rem; }
@media (min-width: 48rem) { td:not(:first-child) { white-space: nowrap; } }
summary { cursor: pointer; } footer { margin-top: 2.5rem; }
@media print { details { display: none; } figure, .tile { break-inside: avoid; } }
"""


class FileNotOurs(UsageError):
    """A page would replace a file that flashcards did not write."""

    def __init__(self, path: Path) -> None:
        super().__init__(f"{path} exists, and flashcards did not write it. Name another file, or remove it first.")


class FileNoPage(UsageError):
    """The name of a page does not end with `.html`."""

    def __init__(self, path: Path) -> None:
        name = path.name or "page"
        super().__init__(f"{path} cannot be the page: its name must end with .html. Write `--html {name}.html`.")


def draw_page(report: Report) -> str:
    """Return the page as HTML, which tells the browser to load nothing."""
    return (
        f'<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n{_SIGNATURE}\n'
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n"
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(report.title)}</title>\n<style>{_CSS}</style>\n</head>\n<body>\n<main>\n"
        f"{draw_body(report)}</main>\n</body>\n</html>\n"
    )


def draw_body(report: Report) -> str:
    """Return what the page shows, without the page around it."""
    tiles = "".join(
        f'<div class="tile"><dt>{escape(name)}</dt><dd>{escape(value)}</dd></div>' for name, value in report.tiles
    )
    return (
        f"<h1>{escape(report.title)}</h1>\n"
        f"{''.join(f'<p class=quiet>{escape(line)}</p>' for line in report.text)}\n"
        f'<dl class="tiles">{tiles}</dl>\n{"".join(map(_draw_group, report.groups))}'
    )


def write_scoped_css() -> str:
    """Return the style of the page for what is within an element of the class `report`."""
    return f".report {{{_CSS.replace(':root', '&').replace('body {', '& {')}}}"


def check_target(path: Path) -> None:
    """Make sure that a page may be written to `path`: nothing is there, or an older page.

    Raises:
        FileNoPage: the name does not end with `.html` or `.htm`.
        FileNotOurs: another file is there.
        OSError: it cannot be read.
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
    """Write the page in one step; it replaces an older one.

    Raises:
        FileNoPage, FileNotOurs: as for `check_target`.
        OSError: it cannot be written.
    """
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
        name = f'tabindex="0" role="group" aria-label="{escape(figure.title)}"'  # what scrolls is reached by keys
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
    tags = ((tag if text else "td", text) for text in texts)  # an empty cell heads nothing
    return "".join(f"<{name}>{_make_breakable(text)}</{name}>" for name, text in tags)


def _make_breakable(text: str) -> str:
    """Escape a text, and let a deck's or a card's name break between its parts."""
    safe = escape(text).replace("::", "::<wbr>")
    return _CARD.sub(r"\1.<wbr>", safe)
