"""Replaying the whole log: what each card is by its log, against what its row says."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from scheduler.columns import (
    LogColumns,
    places_in,
    read_card_columns,
    read_card_reals,
    read_columns_of,
    read_log,
)
from scheduler.model import Kind, Rating, State
from scheduler.replay import replayed, stated_memories

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable

    from numpy.typing import NDArray

    from scheduler.memory import Model

TOLERANCE = 1e-4
"""Memory states that differ by less than this part of themselves are the same."""

_FIELDS = (
    *("state", "due_day", "due_ms", "steps_left", "interval", "reps", "lapses", "leech"),
    *("stability", "difficulty", "last_day", "last_ms"),
)
_REAL = ("stability", "difficulty")
_WHOLE = tuple(name for name in _FIELDS if name not in _REAL)
_NEVER = ("due_day", "due_ms", "last_day", "last_ms")  # are NULL of a card without a log; the others are 0
_OF_LAST_ROW = {"due_day": "due_day", "due_ms": "due_ms", "steps_left": "steps_left", "interval": "interval_after"}
_NULL = -(1 << 62)  # stands for NULL among whole numbers; among others NaN does

Fields = dict[str, "NDArray[Any]"]
"""An array a field, each with an entry a card."""


class Difference(NamedTuple):
    """A field of a card's row that is not what the log says."""

    card: int
    field: str
    stored: object
    rebuilt: object


def differences(
    connection: sqlite3.Connection, model_of: Callable[[int], Model], *, committed: bool = False
) -> list[Difference]:
    """Every difference between the cards and the log, by card.

    Args:
        connection: open.
        model_of: gives the FSRS model of a deck.
        committed: see `read_columns`.
    """
    log = read_log(connection, committed=committed)
    cards, decks, *whole = read_card_columns(connection, ("id", "deck", *map(_or_null, _WHOLE)))
    stored: Fields = dict(zip(_WHOLE, whole, strict=True))
    stored |= zip(_REAL, read_card_reals(connection, _REAL), strict=True)
    rebuilt = _schedules(connection, log, cards) | _memories(connection, log, cards, decks, model_of)
    found: list[Difference] = []
    for field in _FIELDS:
        differ = _differ(stored[field], rebuilt[field])
        found += _named(connection, field, cards[differ], rebuilt[field][differ])
    return sorted(found, key=lambda difference: difference.card)


def repair(connection: sqlite3.Connection, found: list[Difference]) -> None:
    """Write what the log says into the cards' rows."""
    for field in _FIELDS:
        rows = [(difference.rebuilt, difference.card) for difference in found if difference.field == field]
        connection.executemany(f"UPDATE cards SET {field} = ? WHERE id = ?", rows)


def _schedules(connection: sqlite3.Connection, log: LogColumns, cards: NDArray[np.int64]) -> Fields:
    """The fields of each card but for its memory: those of its last row, and what is counted."""
    found = {name: np.full(cards.size, _NULL if name in _NEVER else 0) for name in _WHOLE}
    if not log.card.size:
        return found
    first = log.first_of_each_card()
    last = np.append(first[1:], log.card.size) - 1
    of_last_row = read_columns_of(connection, [*map(_or_null, _OF_LAST_ROW.values())], log.at_ms[last])
    by_log = dict(zip(_OF_LAST_ROW, of_last_row, strict=True)) | {"state": log.after[last]}
    rated = log.kind == int(Kind.RATING)
    lapsed = rated & (log.rating == int(Rating.AGAIN)) & (log.before == int(State.REVIEW))
    by_log["reps"], by_log["lapses"] = (np.add.reduceat(each.astype(np.int64), first) for each in (rated, lapsed))
    by_log["leech"] = np.minimum(np.maximum.reduceat(log.leech, first), 1)
    others = log.at_ms[(log.kind == int(Kind.TAKEN_OVER)) | (log.kind == int(Kind.FORGET))]
    card, reps, lapses = read_columns_of(connection, ("card", "reps_added", "lapses_added"), others)
    number = places_in(log.card[first], card)
    np.add.at(by_log["reps"], number, reps)
    np.add.at(by_log["lapses"], number, lapses)
    return _placed(found, places_in(cards, log.card[first]), by_log)


def _memories(
    connection: sqlite3.Connection,
    log: LogColumns,
    cards: NDArray[np.int64],
    decks: NDArray[np.int64],
    model_of: Callable[[int], Model],
) -> Fields:
    """The fields of each card that say what is known of it."""
    known = replayed(log, stated_memories(connection, log), cards, decks, model_of)
    found: Fields = {name: np.full(cards.size, np.nan if name in _REAL else _NULL) for name in known._fields[1:]}
    return _placed(found, places_in(cards, known.card), dict(zip(known._fields[1:], known[1:], strict=True)))


def _placed(found: Fields, places: NDArray[np.int64], values: Fields) -> Fields:
    """The fields with values at some places, where those are not -1."""
    there = places >= 0
    for name, column in values.items():
        found[name][places[there]] = column[there]
    return found


def _or_null(column: str) -> str:
    return f"coalesce({column}, {_NULL})"


def _differ(old: NDArray[Any], new: NDArray[Any]) -> NDArray[np.bool_]:
    found: NDArray[np.bool_] = old != new
    if old.dtype == np.float64:
        far = np.abs(old - new) > TOLERANCE * np.maximum(np.abs(old), np.abs(new))
        found = far | (np.isnan(old) != np.isnan(new))
    return found


def _named(
    connection: sqlite3.Connection, field: str, cards: NDArray[np.int64], rebuilt: NDArray[Any]
) -> list[Difference]:
    if not cards.size:
        return []
    rows = connection.execute(
        f"SELECT id, {field} FROM cards WHERE id IN (SELECT value FROM json_each(?)) ORDER BY id",
        (json.dumps(cards.tolist()),),
    )
    return [
        Difference(card, field, stored, None if new == _NULL or new != new else new)
        for (card, stored), new in zip(rows, rebuilt.tolist(), strict=True)
    ]
