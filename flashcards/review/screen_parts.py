"""Parts of the screen as rich text: counts, buttons, a typed answer."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.cells import cell_len
from rich.text import Text

from flashcards.render.terminal.text import escape_controls
from flashcards.review.grading import Piece, PieceKind, find_difference, is_same_text
from flashcards.review.keys import RATINGS, Action, KeyMap
from flashcards.review.views import Answer, pile
from flashcards.text import format_interval
from scheduler import Card, Rating
from scheduler.queue import Counts

if TYPE_CHECKING:
    from rich.console import Console


POINT_INDENT = 6
"""The columns before the text of each point in `draw_points`."""

_PILES = {"new": "blue", "learning": "red", "review": "green"}
_RATINGS = {Rating.AGAIN: "red", Rating.HARD: "yellow", Rating.GOOD: "green", Rating.EASY: "blue"}
_STYLES = {PieceKind.RIGHT: "green", PieceKind.WRONG: "red strike", PieceKind.MISSING: "underline"}
_SIGNS = {PieceKind.RIGHT: ("", ""), PieceKind.WRONG: ("[-", "-]"), PieceKind.MISSING: ("{+", "+}")}


_DETAILS = re.compile(
    r"(?P<code>^ {0,3}(?P<fence>`{3,}|~{3,}).*?(?:^ {0,3}(?P=fence)|\Z)|`[^`\n]*`)"
    r"|(?P<start><details\b(?P<attributes>[^>]*)>)|(?P<end></details\s*>)",
    re.IGNORECASE | re.DOTALL | re.MULTILINE,
)
_SUMMARY = re.compile(r"<summary\b[^>]*>.*?</summary\s*>", re.IGNORECASE | re.DOTALL)


def fold_details(markdown: str, delimiters: Sequence[str] = ()) -> str:
    """Reduce each closed `<details>` in Markdown to its summary, unless it contains the asked part of a cloze."""
    folded: list[str] = []
    done = depth = start = 0
    for found in _DETAILS.finditer(markdown) if "<details" in markdown.lower() else ():
        if found["start"]:
            if not depth and "open" in found["attributes"].lower().split():
                continue
            if not depth:
                start = found.end()
            depth += 1
        elif found["end"] and depth:
            depth -= 1
            inside = markdown[start : found.start()]
            if not depth and not any(each in inside for each in delimiters):
                summary = _SUMMARY.search(inside)
                folded += [markdown[done:start], summary[0] if summary else "<summary>Details</summary>"]
                done = found.start()
    return "".join([*folded, markdown[done:]])


def draw_counts(counts: Counts, card: Card, hint: str, width: int, *, plain: bool = False) -> Text:
    """Draw `12 new · 3 learning · 40 review` and the hint; the kind of the current card is underlined."""
    present = pile(card)
    if plain:
        words = ", ".join(f"{name} {getattr(counts, name)}" for name in _PILES)
        return Text(f"{words.capitalize()}. This card is {_KINDS[present]}.")
    numbers = [
        Text(f"{getattr(counts, name)} {name}", f"bold underline {style}" if name == present else style)
        for name, style in _PILES.items()
    ]
    line = Text(" · ").join(numbers)
    return flow_parts([line, Text(hint, "dim")], "   ", width) if hint else line


_KINDS = {"new": "new", "learning": "being learnt", "review": "under review"}


def draw_ratings(view: Answer, keys: KeyMap) -> list[Text]:
    """Draw `3 Good` for each rating; the rating proposed for a rubric is underlined."""
    found = []
    for action, rating in RATINGS.items():
        style = _RATINGS[rating] + (" underline" if view.asked.entry.note.points and rating is view.proposed else "")
        found.append(Text.assemble((keys.label(action), "bold"), " ", (rating.name.capitalize(), style)))
    return found


def draw_buttons(view: Answer, keys: KeyMap) -> list[Text]:
    """Draw `3 Good 10m` for each rating."""
    pairs = zip(draw_ratings(view, keys), view.intervals, strict=True)
    return [text.append(f" {format_interval(seconds)}") for text, seconds in pairs]


def draw_points(view: Answer, points: Sequence[str], keys: KeyMap) -> list[Text]:
    """Draw `a [x] point` for each point of a rubric card, and the rating that they propose.

    `points` are plain text.
    """
    labels = keys.assign_point_keys(len(points))
    lines = []
    for at, point in enumerate(points):
        key = labels[at] if at < len(labels) else " "
        mark, style = ("[x]", "green") if at in view.ticked else ("[ ]", "")
        lines.append(Text.assemble((key, "bold"), " ", (mark, style), " ", (escape_controls(point), style)))
    covered = f"{len(view.ticked)} of {len(points)} covered"
    show = keys.label(Action.SHOW).capitalize()
    if view.ticked:
        hint = f"{covered}: {view.proposed.name.capitalize()}. {show} takes it, a letter ticks a point."
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
        pieces.append_text(_piece(piece, coloured))
    return [pieces]


def _piece(piece: Piece, coloured: bool) -> Text:
    text, mark = piece
    if coloured:
        return Text(escape_controls(text), _STYLES[mark])
    before, after = _SIGNS[mark]
    return Text(f"{before}{escape_controls(text)}{after}")
