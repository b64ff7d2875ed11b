"""Parts of the screen: a scrolling body above a fixed footer; counts, buttons and a typed answer as rich text."""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence, Set
from typing import IO, TYPE_CHECKING, Final

from rich.cells import cell_len
from rich.text import Text

from flashcards.render.terminal.text import escape_controls
from flashcards.review.grading import Piece, PieceKind, find_difference, is_same_text
from flashcards.review.keys import RATINGS, Action, KeyMap
from flashcards.review.views import Answer, find_count
from flashcards.text import format_interval
from scheduler import Card, Rating
from scheduler.queue import Counts

if TYPE_CHECKING:
    from rich.console import Console


_ENTER: Final = "\x1b[?1049h\x1b[H\x1b[2J"
_LEAVE: Final = "\x1b[?1049l"


class Window:
    """Paints lines that fit the terminal's width. It does not capture the mouse, so text can be selected."""

    def __init__(self, file: IO[str]) -> None:
        self._file = file
        self._body: list[str] = []
        self._footer: list[str] = []
        self._top = 0

    def enter(self) -> None:
        """Switch to the alternate screen. The normal one keeps its contents."""
        self._write(_ENTER)

    def leave(self) -> None:
        """Switch back to the normal screen."""
        self._write(_LEAVE)

    def show(self, body: Sequence[str], footer: Sequence[str], top: int | None = 0) -> None:
        """Show a new body, scrolled to line `top`, to its end if negative, or to the current line if None."""
        self._body, self._footer = list(body), list(footer)
        if top is not None:
            self._top = top if top >= 0 else len(body)
        self.paint()

    def append(self, lines: Sequence[str]) -> None:
        """Add lines to the body and scroll down to them, so that the first one is visible."""
        self.show([*self._body, *lines], self._footer, len(self._body))

    def replace_footer(self, footer: Sequence[str]) -> None:
        """Show another footer below the same body."""
        self.show(self._body, footer, None)

    def scroll(self, action: Action) -> None:
        """Move the body by a line or a page, or to an end."""
        room = self._measure_body_room()
        page = max(1, room - 1)
        steps = {Action.UP: -1, Action.DOWN: 1, Action.PAGE_UP: -page, Action.PAGE_DOWN: page}
        ends = {Action.TOP: 0, Action.BOTTOM: len(self._body)}
        self._top = ends[action] if action in ends else min(self._top, self._find_last_top()) + steps[action]
        self.paint()

    def measure_room(self, footer: Sequence[str]) -> int:
        """Return how many lines fit above a footer."""
        return max(1, measure_terminal(self._file).lines - len(footer) - 1)

    def paint(self) -> None:
        """Redraw the visible part in one write, leaving the cursor on the free line below."""
        self._top = max(0, min(self._top, self._find_last_top()))
        lines = [*self._body[self._top : self._top + self._measure_body_room()], *self._draw_position()]
        footer = self._footer[: max(0, measure_terminal(self._file).lines - len(lines) - 1)]
        self._write("\x1b[H" + "".join(f"\x1b[2K{line}\r\n" for line in (*lines, *footer)) + "\x1b[J")

    def _draw_position(self) -> list[str]:
        """Return a line with the visible range of lines, if the body does not fit."""
        last = self._find_last_top()
        if not last:
            return []
        ways = ["↑"] * (self._top > 0) + ["↓"] * (self._top < last)
        shown = f"{self._top + 1}-{min(self._top + self._measure_body_room(), len(self._body))} of {len(self._body)}"
        line = f" Lines {shown} {' '.join(ways)} "
        if len(line) > measure_terminal(self._file).columns:  # it would wrap, and move the rows below it
            line = f"{shown} {''.join(ways)}"
        return [f"\x1b[7m{line}\x1b[0m"]

    def _find_last_top(self) -> int:
        return max(0, len(self._body) - self._measure_body_room())

    def _measure_body_room(self) -> int:
        """Return how many lines of the body fit, less one for the position if not all do."""
        room = self.measure_room(self._footer)
        return room if len(self._body) <= room else max(1, room - 1)

    def _write(self, text: str) -> None:
        self._file.write(text)
        self._file.flush()


def measure_terminal(file: IO[str]) -> os.terminal_size:
    """Return the current size of the terminal."""
    try:
        size = os.get_terminal_size(file.fileno())
    except (OSError, ValueError):
        return shutil.get_terminal_size()
    return size if size.columns and size.lines else shutil.get_terminal_size()


POINT_INDENT = 6
"""The columns before the text of each point in `draw_points`."""

_COUNT_STYLES = {"new": "blue", "learning": "red", "review": "green"}
_RATINGS = {Rating.AGAIN: "red", Rating.HARD: "yellow", Rating.GOOD: "green", Rating.EASY: "blue"}
_STYLES = {PieceKind.RIGHT: "green", PieceKind.WRONG: "red strike", PieceKind.MISSING: "underline"}
_SIGNS = {PieceKind.RIGHT: ("", ""), PieceKind.WRONG: ("[-", "-]"), PieceKind.MISSING: ("{+", "+}")}


def draw_counts(counts: Counts, card: Card, hint: str, width: int, *, plain: bool = False) -> Text:
    """Draw `12 new · 3 learning · 40 review` and the hint; the kind of the current card is underlined."""
    own = find_count(card)
    if plain:
        words = ", ".join(f"{name} {getattr(counts, name)}" for name in _COUNT_STYLES)
        return Text(f"{words.capitalize()}. This card is {_KINDS[own]}.")
    numbers = [
        Text(f"{getattr(counts, name)} {name}", f"bold underline {style}" if name == own else style)
        for name, style in _COUNT_STYLES.items()
    ]
    line = Text(" · ").join(numbers)
    return flow_parts([line, Text(hint, "dim")], "   ", width) if hint else line


_KINDS = {"new": "new", "learning": "being learned", "review": "under review"}


def draw_ratings(keys: KeyMap, proposed: Rating | None) -> list[Text]:
    """Draw `3 Good` for each rating; the rating proposed for a rubric is underlined."""
    found = []
    for action, rating in RATINGS.items():
        style = _RATINGS[rating] + (" underline" if rating is proposed else "")
        found.append(Text.assemble((keys.label(action), "bold"), " ", (rating.name.capitalize(), style)))
    return found


def draw_buttons(view: Answer, keys: KeyMap) -> list[Text]:
    """Draw `3 Good 10m` for each rating."""
    ratings = draw_ratings(keys, view.proposed if view.asked.entry.note.points else None)
    pairs = zip(ratings, view.intervals, strict=True)
    return [text.append(f" {format_interval(seconds)}") for text, seconds in pairs]


def draw_points(points: Sequence[str], ticked: Set[int], proposed: Rating, keys: KeyMap) -> list[Text]:
    """Draw `a [x] point` for each point of a rubric card, given as plain text, and the proposed rating."""
    labels = keys.assign_point_keys(len(points))
    lines = []
    for at, point in enumerate(points):
        key = labels[at] if at < len(labels) else " "
        mark, style = ("[x]", "green") if at in ticked else ("[ ]", "")
        lines.append(Text.assemble((key, "bold"), " ", (mark, style), " ", (escape_controls(point), style)))
    covered = f"{len(ticked)} of {len(points)} covered"
    show = keys.label(Action.SHOW).capitalize()
    if ticked:
        hint = f"{covered}: {proposed.name.capitalize()}. {show} takes it, a letter ticks a point."
    else:
        hint = f"{covered}. A letter ticks a point; if you covered no point, {keys.label(Action.AGAIN)} is Again."
    lines.append(Text(hint, "dim"))
    return lines


def flow_parts(parts: Sequence[Text], separator: str, width: int) -> Text:
    """Put the parts next to each other, on as many lines as needed. Only a part wider than a line is broken."""
    lines: list[list[Text]] = []
    used = 0
    for part in parts:
        taken = cell_len(part.plain)
        if lines and used + len(separator) + taken <= width:
            lines[-1].append(part)
            used += len(separator) + taken
        else:
            lines.append([part])
            used = taken
    between = Text().append(separator, "dim")
    return Text("\n").join(between.join(line) for line in lines)


def indent_wrapped(line: Text, indent: int, console: Console) -> Text:
    """Wrap a line, indenting the continuation by `indent` if there is room."""
    width = console.width
    if ("\n" not in line.plain and cell_len(line.plain) <= width) or width < 2 * indent:
        return line
    first, rest = line.divide([indent])
    below = Text("\n" + " " * indent)
    return Text.assemble(first, below.join(rest.wrap(console, width - indent, overflow="fold")))


def draw_typed(given: str, expected: str, *, coloured: bool) -> list[Text]:
    """State that a typed answer is right, or show the differences.

    In colour, wrong characters are red and struck out, missing ones underlined; otherwise they are in `[-…-]` and
    `{+…+}`.
    """
    if is_same_text(given, expected):
        typed = Text.assemble(("Typed: ", "dim"), (escape_controls(given.strip()), "green"))
        return [typed, Text("Right.", "bold green")]
    pieces = Text.assemble(("Typed: ", "dim"))
    for piece in find_difference(given, expected):
        pieces.append_text(_draw_piece(piece, coloured))
    return [pieces]


def _draw_piece(piece: Piece, coloured: bool) -> Text:
    text, mark = piece
    if coloured:
        return Text(escape_controls(text), _STYLES[mark])
    before, after = _SIGNS[mark]
    return Text(f"{before}{escape_controls(text)}{after}")
