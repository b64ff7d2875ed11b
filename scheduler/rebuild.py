"""Replaying the whole log: what each card is by its log, against what its row says."""

from __future__ import annotations

from math import isclose
from typing import TYPE_CHECKING, NamedTuple

from scheduler.model import Kind, Memory, Rating, State

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Iterator

    from fsrs_rs_python import FSRSItem, FSRSReview

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
        sum(kind = {Kind.RATING:d}) + sum(reps_added),
        sum(kind = {Kind.RATING:d} AND rating = {Rating.AGAIN:d} AND state_before = {State.REVIEW:d})
            + sum(lapses_added),
        sum(leech) > 0
    FROM reviews WHERE kind <> {Kind.VOID:d} AND {_STANDS} GROUP BY card
"""

_RATINGS = f"""
    SELECT card, id, kind, rating, day, state_before, state_after, stability, difficulty FROM reviews
    WHERE kind IN ({Kind.RATING:d}, {Kind.FORGET:d}, {Kind.TAKEN_OVER:d}) AND {_STANDS} ORDER BY card, id
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
    batches: dict[Model, list[_History]] = {}
    found: dict[int, tuple[object, ...]] = {}
    for history in _histories(connection):
        if history.reviews:
            batches.setdefault(model_by_deck[decks[history.card]], []).append(history)
        elif history.start:
            found[history.card] = (*history.start, history.last_day, history.last_ms)
    for model, histories in batches.items():
        memories = model.replay_all([_item(each.reviews) for each in histories], [each.start for each in histories])
        for each, memory in zip(histories, memories, strict=True):
            found[each.card] = (memory.stability, memory.difficulty, each.last_day, each.last_ms)
    return found


class _History(NamedTuple):
    """What counts of a card's log: a memory state to start from, the ratings since, and when it was last rated."""

    card: int
    start: Memory | None
    reviews: list[FSRSReview]
    last_day: int
    last_ms: int


def _item(reviews: list[FSRSReview]) -> FSRSItem:
    from fsrs_rs_python import FSRSItem

    return FSRSItem(reviews)


def _histories(connection: sqlite3.Connection) -> Iterator[_History]:
    """Each card's ratings since it was last new, or since another program said how well it is known."""
    from fsrs_rs_python import FSRSReview

    # The library copies what it is given, so equal entries are made once.
    made: dict[int, dict[int, FSRSReview]] = {rating: {} for rating in Rating}
    rated, forget, new = int(Kind.RATING), int(Kind.FORGET), int(State.NEW)
    reviews: list[FSRSReview] = []
    start: Memory | None = None
    current = last_day = last_ms = 0
    for card, at, kind, rating, day, before, after, stability, difficulty in connection.execute(_RATINGS):
        if card != current:
            yield _History(current, start, reviews, last_day, last_ms)
            reviews, start, current = [], None, card
        if kind != rated:
            if kind == forget or after == new:
                reviews, start = [], None
            elif stability is not None:
                reviews, start, last_day, last_ms = [], Memory(stability, difficulty), day, at
            continue
        if before == new:
            reviews, start = [], None
        # A clock that was put back counts as no time elapsed.
        pause = day - last_day if (reviews or start) and day > last_day else 0
        entry = made[rating].get(pause)
        if entry is None:
            entry = made[rating][pause] = FSRSReview(rating, pause)
        reviews.append(entry)
        last_day, last_ms = day, at
    yield _History(current, start, reviews, last_day, last_ms)
