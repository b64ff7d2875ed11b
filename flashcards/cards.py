"""Find a card by its name, and show it to a person or a program."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from flashcards.catalog.files import is_utf8
from flashcards.catalog.store import Entry
from flashcards.deck.cloze import build_face
from flashcards.errors import FlashcardsError, UsageError
from flashcards.identity.notes import KEY_LENGTH
from scheduler import Card, State

if TYPE_CHECKING:
    from flashcards.collection import Collection
    from scheduler import Clock
    from scheduler.memory import Model

SHORT = 7
"""Characters of a key that tables show; a prefix names a card as long as no other card begins so."""

_CARDS_AT_ONCE = 2000
_STATE_NAMES = {state: state.name.lower() for state in State}
_WITH_SLOT = re.compile(r".+\.(forward|reverse|c\d+|[frc])", re.DOTALL)
_PLACE = re.compile(r"(.+):(\d{1,9})", re.DOTALL)


class CardNotFound(UsageError):
    """No card has this name."""

    def __init__(self, name: str) -> None:
        super().__init__(f"There is no card `{name}`. `flashcards list` shows every card with its id.")


class CardAmbiguous(UsageError):
    """Several cards have ids with this prefix."""

    def __init__(self, name: str, candidates: Sequence[str]) -> None:
        shown = ", ".join(candidates[:5]) + (", …" if len(candidates) > 5 else "")
        super().__init__(f"`{name}` is ambiguous: {shown}. Use a longer prefix.")


class TextGone(FlashcardsError):
    """The text of the card is no longer in any file."""

    def __init__(self, name: str) -> None:
        super().__init__(f"The text of the card {name} is gone from the decks. `flashcards orphans` lists such cards.")


def format_card_id(entry: Entry, slot: str) -> str:
    """Format the id of a card: the key of its note, a point, its slot."""
    return f"{entry.key}.{slot}"


def format_short_id(entry: Entry, slot: str) -> str:
    """Format the id with as much of the key as a table has room for."""
    key = entry.key[:SHORT] if len(entry.key) == KEY_LENGTH else entry.key
    return f"{key}.{slot}"


def find_card(collection: Collection, name: str) -> int:
    """Find the card that a person means by a prefix of its id, `key.slot` with prefixes, or `path:line`.

    Raises CardNotFound, or CardAmbiguous if several cards match.
    """
    rows = _find_rows(collection, name)
    if len(rows) > 1:
        raise CardAmbiguous(name, [f"{key}.{slot}" for _, key, slot in rows])
    return rows[0][0]


def find_cards(collection: Collection, name: str) -> list[int]:
    """Find the cards that a person means by `name`, which may be all cards of one note.

    Raises CardNotFound, or CardAmbiguous if cards of several notes match.
    """
    rows = _find_rows(collection, name)
    if len({key for _, key, _ in rows}) > 1:
        raise CardAmbiguous(name, [f"{key}.{slot}" for _, key, slot in rows])
    return [card for card, _, _ in rows]


_Row = tuple[int, str, str]
_SELECT = "SELECT c.id, n.key, c.slot FROM cards c JOIN notes n ON n.id = c.note JOIN files f ON f.id = n.file"


def _find_rows(collection: Collection, name: str) -> list[_Row]:
    rows = (_find_by_place(collection, name) or _find_by_id(collection, name)) if is_utf8(name) else []
    if not rows:
        raise CardNotFound(name)
    return rows


def _find_by_place(collection: Collection, name: str) -> list[_Row]:
    match = _PLACE.fullmatch(name)
    if not match:
        return []
    given = Path(match[1])
    paths = {given.as_posix()}
    for base in (Path.cwd(), collection.root):
        try:
            paths.add((base / given).resolve().relative_to(collection.root.resolve()).as_posix())
        except (ValueError, OSError, RuntimeError):  # elsewhere; a name too long; a circle of links
            continue
    marks = ",".join("?" * len(paths))
    return collection.connection.execute(
        f"{_SELECT} WHERE c.active = 1 AND f.path IN ({marks}) AND ? BETWEEN n.line AND n.end_line ORDER BY c.id",
        (*sorted(paths), int(match[2])),
    ).fetchall()


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


def build_records(collection: Collection, cards: Sequence[int], at_ms: int) -> Iterator[dict[str, Any]]:
    """Build the record of each card, in the order given, in the shape of `flashcards list --json`."""
    today = collection.clock.day(at_ms)
    format_day = cache(partial(_format_day, collection.clock))
    find_model = cache(collection.model)
    for start in range(0, len(cards), _CARDS_AT_ONCE):
        found = collection.store.cards(cards[start : start + _CARDS_AT_ONCE])
        entries = {entry.id: entry for entry in collection.catalog.entries({card.note for card in found})}
        for card in found:
            yield _build_record(collection.clock, card, entries[card.note], today, format_day, find_model)


def build_record(collection: Collection, card: Card, entry: Entry, at_ms: int) -> dict[str, Any]:
    """Build the record of a card. Times are ISO 8601 with offset, intervals days, both sides Markdown."""
    clock = collection.clock
    helpers = partial(_format_day, clock), collection.model
    return _build_record(clock, card, entry, clock.day(at_ms), *helpers)


def _format_day(clock: Clock, day: int) -> str:
    """Format the first instant of a day."""
    return clock.iso(clock.start_of(day))


def _build_record(
    clock: Clock,
    card: Card,
    entry: Entry,
    today: int,
    format_day: Callable[[int], str],
    find_model: Callable[[int], Model],
) -> dict[str, Any]:
    front, back = render_sides(entry, card.slot)
    retrievability = None
    if card.stability is not None:
        recall = find_model(card.deck).retrievability(card.stability, card.elapsed_days(today))
        retrievability = round(recall, 4)
    due = None if card.due_day is None else format_day(card.due_day)
    return {
        "id": format_card_id(entry, card.slot),
        "note": entry.key,
        "slot": card.slot,
        "kind": "rubric" if entry.note.points else entry.note.kind.value,
        "deck": entry.deck,
        "file": entry.path,
        "line": entry.note.line,
        "breadcrumb": list(entry.note.breadcrumb),
        "tags": list(entry.note.tags),
        "front": front,
        "back": back,
        "state": _STATE_NAMES[card.state],
        "suspended": card.suspended,
        "due": due if card.due_ms is None else clock.iso(card.due_ms),
        "stability": card.stability,
        "difficulty": card.difficulty,
        "retrievability": retrievability,
        "reps": card.reps,
        "lapses": card.lapses,
        "last_review": None if card.last_ms is None else clock.iso(card.last_ms),
    }


def render_sides(entry: Entry, slot: str) -> tuple[str, str]:
    """Return the front and back of a card, as Markdown."""
    if slot not in entry.note.slots:  # a gap that is gone: its card rests, its history stays
        return entry.note.fields[0], ""
    sides = build_face(entry.note, slot)
    if not sides.delimiters:
        return sides.front, sides.back
    strip = str.maketrans("", "", "".join(sides.delimiters))
    return sides.front.translate(strip), sides.back.translate(strip)
