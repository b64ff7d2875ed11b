"""Draw parts of cards with rich: a console without control characters, hanging prefixes, tables for any width."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final, Literal, NamedTuple

from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.segment import Segment
from rich.text import Text

from flashcards.render.terminal.text import ASIDE
from flashcards.text import make_visible

_WIDEST: Final = 1000  # columns


class GatedConsole(Console):
    """A console that sends only its own control sequences; control characters are removed from text."""

    def __init__(self, **options: Any) -> None:
        """Create a console. Unless a width is given, it is no wider than any real screen."""
        super().__init__(**options)
        if "width" not in options and self.width > _WIDEST:
            self.width = _WIDEST

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterable[Segment]:
        """Yield the segments of something to draw, without control characters in their texts."""
        for segment in super().render(renderable, options):
            if segment.control or segment.text.isprintable():
                yield segment
            else:
                yield Segment(make_visible(segment.text, keep_lines=True), segment.style)


MIN_WIDTH: Final = 8  # columns; a prefix that leaves fewer is written on a separate line

Alignment = Literal["left", "center", "right"]


def stack(parts: Sequence[RenderableType], *, spaced: bool) -> RenderableType:
    """Stack the parts, with blank lines between them if `spaced`."""
    if len(parts) == 1:
        return parts[0]
    if not spaced:
        return Group(*parts)
    return Group(*[piece for part in parts for piece in (Text(), part)][1:])


class Prefixed(NamedTuple):
    """A `body` with `first` before its first line and `rest`, equally wide, before the others."""

    first: str
    rest: str
    body: RenderableType
    style: str = ""

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        width = options.max_width - cell_len(self.first)
        style = console.get_style(self.style)
        first, rest = self.first, self.rest
        if width < MIN_WIDTH:
            width = options.max_width
            if first.strip():
                yield Segment(first.strip(), style)
                yield Segment.line()
            first = rest = ""
        lines = console.render_lines(self.body, options.update(width=width, height=None), pad=False)
        for index, line in enumerate(lines):
            yield Segment(rest if index else first, style)
            yield from line
            yield Segment.line()


class TableBlock(NamedTuple):
    """A table or, if that would be too wide, one `heading: cell` line per cell."""

    header: tuple[Text, ...]  # the headings; every row has as many cells
    rows: tuple[tuple[Text, ...], ...]  # the cells
    alignments: tuple[Alignment, ...]  # of the columns
    plain: bool  # whether to write one line per row, with ` | ` between the cells

    def __rich_console__(self, _console: Console, options: ConsoleOptions) -> RenderResult:
        if self.plain:
            for row in (self.header, *self.rows):
                yield Text(" | ").join(_join_lines(cell) for cell in row)
        elif self._find_least_width() <= options.max_width:
            yield self._draw_table()
        else:
            yield self._draw_records()

    def _find_least_width(self) -> int:
        """Return the width of the table if lines break between all words."""
        columns = zip(self.header, *self.rows, strict=True)
        return 1 + sum(3 + max(map(_find_longest_word, column)) for column in columns)

    def _draw_table(self) -> RenderableType:
        from rich import box
        from rich.table import Table

        table = Table(box=box.ROUNDED, border_style=ASIDE, header_style="")
        for cell, alignment in zip(self.header, self.alignments, strict=True):
            table.add_column(cell, justify=alignment, overflow="fold")
        for row in self.rows:
            table.add_row(*row)
        return table

    def _draw_records(self) -> RenderableType:
        if not self.rows:
            return Group(*self.header)
        records = [
            Group(*(Text(": ").join([_join_lines(head), cell]) if head.plain.strip() else cell for head, cell in pairs))
            for pairs in (zip(self.header, row, strict=True) for row in self.rows)
        ]
        return stack(records, spaced=True)


def _find_longest_word(cell: Text) -> int:
    return max((cell_len(word) for word in cell.plain.split()), default=0)


def _join_lines(cell: Text) -> Text:
    return Text(" ").join(cell.split("\n")) if "\n" in cell.plain else cell
