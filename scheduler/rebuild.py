"""Replaying the whole log: what each card is by its log, against what its row says."""

from __future__ import annotations

from math import isclose
from typing import TYPE_CHECKING, NamedTuple

from scheduler.model import Kind, Rating, State

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Iterator

    from fsrs_rs_python import FSRSItem

    from scheduler.memory import Model

TOLERANCE = 1e-4
"""Memory states that differ by less than this part of themselves are the same."""

_FIELDS = (
    *("state", "due_day", "due_ms", "steps_left", "interval", "reps", "lapses", "leech"),
    *("stability", "difficulty", "last_day", "last_ms"),
)
_NEW: tuple[object, ...] = (int(State.NEW), None, None, 0, 0, 0, 0, 0)
_NEVER: tuple[object, ...] = (None, None, None, None)

# For all rows at once a list of what was taken back is quicker than a question about each.
_STANDS = "id NOT IN (SELECT voids FROM reviews WHERE voids IS NOT NULL)"

# The bare columns are those of the row that max(id) chose: https://sqlite.org/lang_select.html#bareagg
_LAST_ROWS = f"""
    SELECT card, max(id), state_after, due_day, due_ms, steps_left, interval_after,
        sum(kind = {Kind.RATING:d}), sum(rating IS {Rating.AGAIN:d} AND state_before = {State.REVIEW:d}), sum(leech) > 0
    FROM reviews WHERE kind <> {Kind.VOID:d} AND {_STANDS} GROUP BY card
"""

_RATINGS = f"""
    SELECT card, id, kind, rating, day FROM reviews
    WHERE kind IN ({Kind.RATING:d}, {Kind.FORGET:d}) AND {_STANDS} ORDER BY card, id
"""


class Difference(NamedTuple):
    """A field of a card's row that is not what the log says."""

    card: int
    field: str
    stored: object
    rebuilt: object


def differences(connection: sqlite3.Connection, model_of: Callable[[int], Model]) -> list[Difference]:
    """Every difference between the cards and the log, by card. `model_of` gives the FSRS model of a deck."""
    last_rows = {row[0]: row[2:] for row in connection.execute(_LAST_ROWS)}
    decks = dict(connection.execute("SELECT id, deck FROM cards"))
    memories = _memories(connection, model_of, decks)
    found: list[Difference] = []
    for row in connection.execute(f"SELECT id, {', '.join(_FIELDS)} FROM cards ORDER BY id"):
        card, stored = row[0], row[1:]
        rebuilt = (*last_rows.get(card, _NEW), *memories.get(card, _NEVER))
        if stored != rebuilt:
            found += [
                Difference(card, field, old, new)
                for field, old, new in zip(_FIELDS, stored, rebuilt, strict=True)
                if not _same(old, new)
            ]
    return found


def repair(connection: sqlite3.Connection, found: list[Difference]) -> None:
    """Write what the log says into the cards' rows."""
    for field in _FIELDS:
        rows = [(difference.rebuilt, difference.card) for difference in found if difference.field == field]
        connection.executemany(f"UPDATE cards SET {field} = ? WHERE id = ?", rows)


def _same(old: object, new: object) -> bool:
    if isinstance(old, float) and isinstance(new, float):
        return isclose(old, new, rel_tol=TOLERANCE)
    return old == new


def _memories(
    connection: sqlite3.Connection, model_of: Callable[[int], Model], decks: dict[int, int]
) -> dict[int, tuple[object, ...]]:
    """Stability, difficulty, last day and last instant of each card that has a memory state."""
    model_by_deck = {deck: model_of(deck) for deck in set(decks.values())}
    batches: dict[Model, tuple[list[tuple[int, int, int]], list[FSRSItem]]] = {}
    for card, item, last_day, last_ms in _histories(connection):
        cards, items = batches.setdefault(model_by_deck[decks[card]], ([], []))
        cards.append((card, last_day, last_ms))
        items.append(item)
    return {
        card: (memory.stability, memory.difficulty, last_day, last_ms)
        for model, (cards, items) in batches.items()
        for (card, last_day, last_ms), memory in zip(cards, model.replay_all(items), strict=True)
    }


def _histories(connection: sqlite3.Connection) -> Iterator[tuple[int, FSRSItem, int, int]]:
    """Each card's ratings since it was last made new, with the day and the instant of the last one."""
    from fsrs_rs_python import FSRSItem, FSRSReview

    # The library copies what it is given, so equal entries are made once.
    made: dict[int, dict[int, FSRSReview]] = {rating: {} for rating in Rating}
    forget = int(Kind.FORGET)
    reviews: list[FSRSReview] = []
    current = last_day = last_ms = 0
    for card, at, kind, rating, day in connection.execute(_RATINGS):
        if card != current:
            if reviews:
                yield current, FSRSItem(reviews), last_day, last_ms
            reviews, current = [], card
        if kind == forget:
            reviews = []
            continue
        # A clock that was put back counts as no time elapsed.
        pause = day - last_day if reviews and day > last_day else 0
        entry = made[rating].get(pause)
        if entry is None:
            entry = made[rating][pause] = FSRSReview(rating, pause)
        reviews.append(entry)
        last_day, last_ms = day, at
    if reviews:
        yield current, FSRSItem(reviews), last_day, last_ms
