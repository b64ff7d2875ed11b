"""Replaying the whole log: what each card is by its log, against what its row says."""

from __future__ import annotations

from math import isclose
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from scheduler.columns import LogColumns, read_log, read_rows
from scheduler.model import Kind, Rating, State
from scheduler.replay import replayed, stated_memories

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable

    from scheduler.memory import Model

TOLERANCE = 1e-4
"""Memory states that differ by less than this part of themselves are the same."""

_FIELDS = (
    *("state", "due_day", "due_ms", "steps_left", "interval", "reps", "lapses", "leech"),
    *("stability", "difficulty", "last_day", "last_ms"),
)
_NEW: tuple[object, ...] = (int(State.NEW), None, None, 0, 0, 0, 0, 0)
_NEVER: tuple[object, ...] = (None, None, None, None)

_LAST_ROW = ("card", "state_after", "due_day", "due_ms", "steps_left", "interval_after")


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
    decks = dict(connection.execute("SELECT id, deck FROM cards"))
    last_rows = _last_rows(connection, log)
    memories = replayed(log, stated_memories(connection, log), decks, model_of)
    found: list[Difference] = []
    for row in connection.execute(f"SELECT id, {', '.join(_FIELDS)} FROM cards ORDER BY id"):
        card, stored = row[0], row[1:]
        known = memories.get(card)
        memory = (*known.memory, known.last_day, known.last_ms) if known else _NEVER
        rebuilt = (*last_rows.get(card, _NEW), *memory)
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


def _last_rows(connection: sqlite3.Connection, log: LogColumns) -> dict[int, tuple[object, ...]]:
    """The fields of each card but for its memory: those of its last row, and what is counted."""
    if not log.card.size:
        return {}
    first = log.first_of_each_card()
    last = np.append(first[1:], log.card.size) - 1
    rated = log.kind == int(Kind.RATING)
    lapsed = rated & (log.rating == int(Rating.AGAIN)) & (log.before == int(State.REVIEW))
    counted = [np.add.reduceat(each.astype(np.int64), first) for each in (rated, lapsed)]
    leech = np.maximum.reduceat(log.leech, first) > 0
    counts = dict(
        zip(log.card[first].tolist(), zip(*(each.tolist() for each in (*counted, leech)), strict=True), strict=True)
    )
    unlogged = log.at_ms[(log.kind == int(Kind.TAKEN_OVER)) | (log.kind == int(Kind.FORGET))]
    for card, reps, lapses in read_rows(connection, ("card", "reps_added", "lapses_added"), unlogged):
        before = counts[card]
        counts[card] = (before[0] + reps, before[1] + lapses, before[2])
    rows = read_rows(connection, _LAST_ROW, log.at_ms[last])
    return {row[0]: (*row[1:], *counts[row[0]]) for row in rows}


def _same(old: object, new: object) -> bool:
    if isinstance(old, float) and isinstance(new, float):
        return isclose(old, new, rel_tol=TOLERANCE)
    return old == new
