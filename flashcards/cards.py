"""Find a card by its name, and describe it for people and programs."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from flashcards.catalog.encoding import decode
from flashcards.catalog.files import is_utf8
from flashcards.catalog.store import Entry
from flashcards.deck.cloze import Cloze, build_face
from flashcards.deck.model import Kind, Note
from flashcards.errors import FlashcardsError, UsageError
from flashcards.identity.notes import KEY_LENGTH
from scheduler import State

if TYPE_CHECKING:
    from flashcards.collection import Collection

SHORT = 7
"""The characters of a key shown in tables. A prefix identifies a card if no other card's id begins with it."""

_CARDS_AT_ONCE = 2000
_STATE_NAMES = {state: state.name.lower() for state in State}
_WITH_SLOT = re.compile(r".+\.(forward|reverse|c\d+|[frc])", re.DOTALL)
_PLACE = re.compile(r"(.+):(\d{1,9})", re.DOTALL)


class CardNotFound(UsageError):
    """No card has this name."""

    def __init__(self, name: str, nearest: str = "") -> None:
        hint = f"The nearest note is {nearest}." if nearest else "`flashcards list` shows every card with its id."
        super().__init__(f"There is no card `{name}`. {hint}")


class CardAmbiguous(UsageError):
    """Several cards have ids with this prefix."""

    def __init__(self, name: str, candidates: Sequence[str]) -> None:
        shown = ", ".join(candidates[:5]) + (", …" if len(candidates) > 5 else "")
        super().__init__(f"`{name}` names several cards: {shown}. Name one of them by its id.")


class TextGone(FlashcardsError):
    """The text of the card is no longer in any file."""

    def __init__(self, name: str) -> None:
        super().__init__(f"The text of the card {name} is gone from the decks. `flashcards orphans` lists such cards.")


def format_card_id(entry: Entry, slot: str) -> str:
    """Format the id of a card: the key of its note, a point, its slot."""
    return f"{entry.key}.{slot}"


def format_short_id(entry: Entry, slot: str) -> str:
    """Format the id with the shortened key for tables."""
    key = entry.key[:SHORT] if len(entry.key) == KEY_LENGTH else entry.key
    return f"{key}.{slot}"


def find_card(collection: Collection, name: str) -> int:
    """Find the card for a prefix of its id, or `path:line`. Raise CardNotFound, or CardAmbiguous if several match."""
    rows = _find_rows(collection, name)
    if len(rows) > 1:
        raise CardAmbiguous(name, [f"{key}.{slot}" for _, key, slot in rows])
    return rows[0][0]


def find_only_card(collection: Collection, name: str) -> int | None:
    """Find the card that `find_card` finds, or None; quicker for many unknown names, as no error looks for hints."""
    rows = _look_up(collection, name)
    return rows[0][0] if len(rows) == 1 else None


def find_cards(collection: Collection, name: str) -> list[int]:
    """Find the cards of one note for `name`. Raise CardNotFound, or CardAmbiguous if several notes match."""
    rows = _find_rows(collection, name)
    if len({key for _, key, _ in rows}) > 1:
        raise CardAmbiguous(name, [f"{key}.{slot}" for _, key, slot in rows])
    return [card for card, _, _ in rows]


_Row = tuple[int, str, str]
_SELECT = "SELECT c.id, n.key, c.slot FROM cards c JOIN notes n ON n.id = c.note JOIN files f ON f.id = n.file"


def _find_rows(collection: Collection, name: str) -> list[_Row]:
    rows = _look_up(collection, name)
    if not rows:
        raise CardNotFound(name, _find_nearest_place(collection, name) if is_utf8(name) else "")
    return rows


def _look_up(collection: Collection, name: str) -> list[_Row]:
    return (_find_by_place(collection, name) or _find_by_id(collection, name)) if is_utf8(name) else []


def _find_by_place(collection: Collection, name: str) -> list[_Row]:
    match = _PLACE.fullmatch(name)
    if not match:
        return []
    paths = _list_paths(collection, match[1])
    marks = ",".join("?" * len(paths))
    return collection.connection.execute(
        f"{_SELECT} WHERE c.active = 1 AND f.path IN ({marks}) AND ? BETWEEN n.line AND n.end_line ORDER BY c.id",
        (*paths, int(match[2])),
    ).fetchall()


def _find_nearest_place(collection: Collection, name: str) -> str:
    """Return the place of the note nearest to `path:line`, or of the first one for `path`; "" if it has none."""
    match = _PLACE.fullmatch(name)
    paths = _list_paths(collection, match[1] if match else name)
    row = collection.connection.execute(
        "SELECT f.path, n.line FROM notes n JOIN files f ON f.id = n.file JOIN cards c ON c.note = n.id"
        f" WHERE c.active = 1 AND f.path IN ({','.join('?' * len(paths))}) ORDER BY abs(n.line - ?), n.line LIMIT 1",
        (*paths, int(match[2]) if match else 0),
    ).fetchone()
    return f"{row[0]}:{row[1]}" if row else ""


def _list_paths(collection: Collection, name: str) -> list[str]:
    """List the paths within the collection that a path, from here or from the collection's folder, may mean."""
    given = Path(name)
    paths = {given.as_posix()}
    root = collection.root.resolve()
    for base in {Path.cwd(), root}:
        try:
            paths.add((base / given).resolve().relative_to(root).as_posix())
        except (ValueError, OSError, RuntimeError):  # elsewhere, a path that is too long, or a symlink loop
            continue
    return sorted(paths)


def _find_by_id(collection: Collection, name: str) -> list[_Row]:
    """Find cards by a prefix of the id; an exact id, or the only card of an exact key, is never ambiguous."""
    key, _, slot = name.rpartition(".") if _WITH_SLOT.fullmatch(name) else (name, "", "")
    return _find_by_key(collection, key, slot) or (_find_by_key(collection, name, "") if slot else [])


def _find_by_key(collection: Collection, key: str, slot: str) -> list[_Row]:
    if not key:
        return []
    rows: list[_Row] = collection.connection.execute(
        f"{_SELECT} WHERE n.key >= ? AND n.key < ? AND c.slot LIKE ? ORDER BY c.active DESC, c.id",
        (key, key + "\U0010ffff", f"{slot}%"),
    ).fetchall()
    rows = [row for row in rows if row[1] == key] or rows
    exact = [row for row in rows if row[2] == slot]
    return exact if len(exact) == 1 else rows


_RECORDS = """
    SELECT c.slot, c.deck, c.state, c.suspended, c.due_day, c.due_ms, c.stability, c.difficulty, c.reps, c.lapses,
        coalesce(c.last_day, :today), c.last_ms, n.key, d.name, f.path, n.body, n.line, n.end_line
    FROM (SELECT value AS chosen FROM json_each(:chosen)) CROSS JOIN cards c ON c.id = chosen
        JOIN notes n ON n.id = c.note JOIN decks d ON d.id = n.deck JOIN files f ON f.id = n.file
"""


def build_records(collection: Collection, cards: Sequence[int], at_ms: int) -> Iterator[dict[str, Any]]:
    """Build the records of cards, in order, as `flashcards list --json` shows them."""
    clock, today = collection.clock, collection.clock.day(at_ms)
    format_day = cache(lambda day: clock.iso(clock.start_of(day)))
    find_model = cache(collection.model)
    last = ""
    for start in range(0, len(cards), _CARDS_AT_ONCE):
        values = {"chosen": json.dumps(cards[start : start + _CARDS_AT_ONCE]), "today": today}
        for slot, deck_id, state, suspended, *rest in collection.connection.execute(_RECORDS, values):
            due_day, due_ms, stability, difficulty, reps, lapses, last_day, last_ms, *place = rest
            key, deck, path, body, line, end_line = place
            if key != last:  # the cards of a note mostly follow each other
                last, note = key, decode(body, line, end_line)
                cloze = Cloze(note) if note.kind is Kind.CLOZE else None
            front, back = render_sides(note, slot, cloze)
            due = None if due_day is None else format_day(due_day)
            recall = None
            if stability is not None:
                recall = round(find_model(deck_id).retrievability(stability, max(0, today - last_day)), 4)
            yield {
                "id": f"{key}.{slot}",
                "note": key,
                "slot": slot,
                "kind": "rubric" if note.points else note.kind,
                "deck": deck,
                "file": path,
                "line": line,
                "breadcrumb": list(note.breadcrumb),
                "tags": list(note.tags),
                "front": front,
                "back": back,
                "state": _STATE_NAMES[state],
                "suspended": bool(suspended),
                "due": due if due_ms is None else clock.iso(due_ms),
                "stability": stability,
                "difficulty": difficulty,
                "retrievability": recall,
                "reps": reps,
                "lapses": lapses,
                "last_review": None if last_ms is None else clock.iso(last_ms),
            }


def build_record(collection: Collection, card_id: int, at_ms: int) -> dict[str, Any]:
    """Build the record of one card, as `build_records` does."""
    return next(build_records(collection, [card_id], at_ms))


def render_sides(note: Note, slot: str, cloze: Cloze | None = None) -> tuple[str, str]:
    """Return the front and back of a card, as Markdown; `cloze` is that of the note, if known."""
    if slot not in note.slots:  # a gap that was removed: its card is inactive, its history stays
        return note.fields[0], ""
    if note.kind is Kind.CLOZE:
        front, back = (cloze or Cloze(note)).build_sides(slot)
        has_entities = "&#9" in note.fields[0]  # typed ones stay as they are
        return (front, back) if has_entities else (_escape_brackets(front), _escape_brackets(back))
    face = build_face(note, slot)
    return face.front, face.back


def _escape_brackets(text: str) -> str:
    """Write the brackets that a cloze holds as entities in the form that people write."""
    return text.replace("&#91;", "\\[").replace("&#93;", "\\]") if "&#9" in text else text
