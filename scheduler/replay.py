"""Replay the log by columns: memory states of a million reviews, and differing rows of cards."""

from __future__ import annotations

import json
from functools import lru_cache
from itertools import product
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from scheduler.log import ADDS, FIRST_STEPS, LAPSES, RATES, RESTARTS, TOLERANCE, find_effects
from scheduler.log_arrays import (
    SMALL_BITS,
    Floats,
    Ints,
    LogColumns,
    Mask,
    find_indexes,
    read_card_columns,
    read_card_reals,
    read_columns_of,
    read_log,
    read_rows,
)
from scheduler.model import Memory, Rating, ReviewKind, State

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Mapping, Sequence

    from fsrs_rs_python import FSRSReview
    from numpy.typing import NDArray

    from scheduler.memory import Model


_LONGEST_PAUSE = 1 << 17  # days


class Memories(NamedTuple):
    """Memory states of cards, one array entry per card."""

    card: Ints  # the card's id; in order
    # stability, difficulty: its memory state
    stability: Floats
    difficulty: Floats
    # last_day, last_ms: the day and time of the rating that led to it
    last_day: Ints
    last_ms: Ints


def read_stated_memories(connection: sqlite3.Connection, log: LogColumns) -> dict[int, Memory]:
    """Read the memory states from other programs, by the id of the log row that records each."""
    rows = read_rows(connection, ("id", "stability", "difficulty"), log.at_ms[log.kind == int(ReviewKind.TAKEN_OVER)])
    return {at: Memory(stability, difficulty) for at, stability, difficulty in rows if stability is not None}


def replay_log(
    log: LogColumns,
    starts: Mapping[int, Memory],
    cards: Ints,
    decks: Ints,
    model_of: Callable[[int], Model],
) -> Memories:
    """Compute the memory state of each card that has one, from the log alone.

    A card's history begins when it was last new, or with the state that another program stated (`starts`, see
    `read_stated_memories`). `cards` are the ids, in order; others are left out.
    """
    if not log.card.size:
        nothing = np.zeros(0, dtype=np.int64)
        return Memories(nothing, nothing.astype(float), nothing.astype(float), nothing, nothing)
    runs = find_last_runs(log, starts)
    rated = runs.first < runs.last
    memories = np.full((runs.card.size, 2), np.nan)
    for number in np.flatnonzero(~rated).tolist():
        memories[number] = runs.start[number] or np.nan
    index = find_indexes(cards, runs.card)
    entries = make_entries(log, runs)
    for model, of_model in _group_by_model(decks, model_of):
        numbers = np.flatnonzero(rated & (index >= 0) & of_model[index])
        memories[numbers] = _compute_memories(entries, runs, numbers, model)
    # A memory state belongs to the last rating, or otherwise to the row that stated it.
    row = runs.begin.copy()
    row[rated] = runs.kept[runs.last[rated] - 1]
    known = (index >= 0) & ~np.isnan(memories[:, 0])
    stability, difficulty = memories[known].T
    return Memories(runs.card[known], stability, difficulty, log.day[row[known]], log.at_ms[row[known]])


def _group_by_model(decks: Ints, model_of: Callable[[int], Model]) -> list[tuple[Model, Mask]]:
    """Group the decks by model; return each model with a mask of its decks."""
    decks_of: dict[Model, list[int]] = {}
    for deck in np.unique(decks).tolist():
        decks_of.setdefault(model_of(deck), []).append(deck)
    return [(model, np.isin(decks, chosen)) for model, chosen in decks_of.items()]


def _compute_memories(entries: Sequence[FSRSReview], runs: Runs, numbers: Ints, model: Model) -> Floats:
    """Compute the final memory states of some of the runs."""
    from fsrs_rs_python import FSRSItem

    ends = zip(runs.first[numbers].tolist(), runs.last[numbers].tolist(), strict=True)
    items = [FSRSItem(entries[first:last]) for first, last in ends]
    return model.replay_all(items, [runs.start[number] for number in numbers.tolist()])


class Runs(NamedTuple):
    """The last run of ratings of each card with ratings or a stated memory, and its starting state.

    `kept` are the indexes in the log of all ratings that count; the run of a card is from `first` to `last` (excluded)
    of them. `begin` is the index of the row that stated `start`.
    """

    card: Ints
    start: Sequence[Memory | None]
    begin: Ints
    first: Ints
    last: Ints
    kept: Ints


@lru_cache(maxsize=1)
def _tabulate_effects() -> Ints:
    """Tabulate the effects of every possible row, by the code of its fields."""
    table = np.zeros(1 << (4 * SMALL_BITS + 1), dtype=np.int64)
    for kind, before, after, stated in product(ReviewKind, State, State, (False, True)):
        for rating in (None, *Rating):
            code = _encode(kind, rating or 0, before, after, stated)
            table[code] = find_effects(kind, rating, before, after, stated)
    return table


def _encode(kind: Any, rating: Any, before: Any, after: Any, stated: Any) -> Any:
    """Pack the fields that decide a row's effects into one number; takes numbers or arrays."""
    small = (kind << SMALL_BITS | rating) << SMALL_BITS | before
    return (small << SMALL_BITS | after) << 1 | stated


def find_all_effects(log: LogColumns, stated: Mask | None = None) -> Ints:
    """Return the effects of each row, see `scheduler.log`; `stated` marks the rows with their own memory state."""
    codes = _encode(log.kind, log.rating, log.before, log.after, 0 if stated is None else stated)
    effects: Ints = _tabulate_effects()[codes]
    return effects


def find_last_runs(log: LogColumns, starts: Mapping[int, Memory]) -> Runs:
    """Find the last run of each card of a log that is not empty."""
    indexes = np.arange(log.card.size)
    first_of_card = log.first_of_each_card()
    count = np.diff(first_of_card, append=log.card.size)
    stated = np.isin(log.at_ms, np.fromiter(starts, dtype=np.int64, count=len(starts)))
    effects = find_all_effects(log, stated)
    effects = np.where(_find_beginnings(log, effects), effects | RESTARTS, effects & ~RESTARTS)
    # A first rating begins a run itself. After other rows that restart a card, the next rating does.
    begin = np.maximum.reduceat(np.where(effects & RESTARTS, indexes, -1), first_of_card)
    begin = np.where(begin < 0, first_of_card, begin)
    kept = np.flatnonzero((effects & RATES > 0) & (indexes >= np.repeat(begin, count)))
    ends = np.searchsorted(kept, first_of_card + count)
    firsts = np.searchsorted(kept, begin)
    states: list[Memory | None] = [None] * begin.size
    for index in np.flatnonzero(stated[begin]).tolist():
        states[index] = starts[int(log.at_ms[begin[index]])]
    return Runs(log.card[first_of_card], states, begin, firsts, ends, kept)


def _find_beginnings(log: LogColumns, effects: Ints) -> Mask:
    """Find the rows that begin a history; see `scheduler.log.begins_history` about ratings."""
    is_rating = effects & RATES > 0
    begins = (effects & RESTARTS > 0) & ~is_rating
    rated = np.flatnonzero(is_rating)
    card, before, resets = log.card[rated], log.before[rated], np.cumsum(begins)[rated]
    in_first_steps = np.isin(before, FIRST_STEPS)
    follows = np.zeros(rated.size, dtype=bool)
    follows[1:] = (card[1:] == card[:-1]) & (resets[1:] == resets[:-1])
    after_steps = np.roll(in_first_steps, 1)  # the first row has no predecessor
    begins[rated] = in_first_steps & np.where(follows, ~after_steps, before == int(State.NEW))
    return begins


def make_entries(log: LogColumns, runs: Runs) -> list[FSRSReview]:
    """Convert each rating that counts to an entry for fsrs-rs, with the days since the previous one."""
    from fsrs_rs_python import FSRSReview

    day = log.day[runs.kept]
    pauses = np.diff(day, prepend=day[:1])
    pauses[runs.first[runs.first < runs.last]] = 0
    for number, start in enumerate(runs.start):
        if start and runs.first[number] < runs.last[number]:
            pauses[runs.first[number]] = day[runs.first[number]] - log.day[runs.begin[number]]
    # A clock set back counts as no time.
    codes = log.rating[runs.kept] * _LONGEST_PAUSE + np.clip(pauses, 0, _LONGEST_PAUSE - 1)
    made = np.empty((int(max(Rating)) + 1) * _LONGEST_PAUSE, dtype=object)
    for code in np.flatnonzero(np.bincount(codes)).tolist():
        made[code] = FSRSReview(code // _LONGEST_PAUSE, code % _LONGEST_PAUSE)
    entries: list[FSRSReview] = made[codes].tolist()
    return entries


_FIELDS = (
    *("state", "due_day", "due_ms", "steps_left", "interval", "reps", "lapses", "leech"),
    *("stability", "difficulty", "last_day", "last_ms"),
)
_REAL = ("stability", "difficulty")
_WHOLE = tuple(name for name in _FIELDS if name not in _REAL)
_NEVER = ("due_day", "due_ms", "last_day", "last_ms")  # NULL for a card without a log; the others are 0
_OF_LAST_ROW = {"due_day": "due_day", "due_ms": "due_ms", "steps_left": "steps_left", "interval": "interval_after"}
_NULL = -(1 << 62)  # represents NULL in integer arrays, as NaN does in others

Fields = dict[str, "NDArray[Any]"]
"""An array for each field, with one entry per card."""


class Difference(NamedTuple):
    """A field of a card's row that differs from the log."""

    card: int
    field: str
    stored: object
    rebuilt: object


def find_differences(
    connection: sqlite3.Connection, model_of: Callable[[int], Model], *, committed: bool = False
) -> list[Difference]:
    """Find every difference between the cards and the log, by card; for `committed` see `read_columns`."""
    log = read_log(connection, committed=committed)
    cards, decks, *whole = read_card_columns(connection, ("id", "deck", *map(_or_null, _WHOLE)))
    stored: Fields = dict(zip(_WHOLE, whole, strict=True))
    stored |= zip(_REAL, read_card_reals(connection, _REAL), strict=True)
    rebuilt = _compute_schedules(connection, log, cards) | _compute_memory_fields(
        connection, log, cards, decks, model_of
    )
    found: list[Difference] = []
    for field in _FIELDS:
        differ = _find_different(stored[field], rebuilt[field])
        found += _describe(connection, field, cards[differ], rebuilt[field][differ])
    return sorted(found, key=lambda difference: difference.card)


def repair(connection: sqlite3.Connection, found: list[Difference]) -> None:
    """Correct the cards' rows from the log."""
    for field in _FIELDS:
        rows = [(difference.rebuilt, difference.card) for difference in found if difference.field == field]
        connection.executemany(f"UPDATE cards SET {field} = ? WHERE id = ?", rows)


def _compute_schedules(connection: sqlite3.Connection, log: LogColumns, cards: Ints) -> Fields:
    """Compute each card's schedule and counts: the fields of its last row, and sums over its log."""
    found = {name: np.full(cards.size, _NULL if name in _NEVER else 0) for name in _WHOLE}
    if not log.card.size:
        return found
    first = log.first_of_each_card()
    last = np.append(first[1:], log.card.size) - 1
    of_last_row = read_columns_of(connection, [*map(_or_null, _OF_LAST_ROW.values())], log.at_ms[last])
    by_log = dict(zip(_OF_LAST_ROW, of_last_row, strict=True)) | {"state": log.after[last]}
    effects = find_all_effects(log)
    for name, effect in (("reps", RATES), ("lapses", LAPSES)):
        by_log[name] = np.add.reduceat((effects & effect > 0).astype(np.int64), first)
    by_log["leech"] = np.minimum(np.maximum.reduceat(log.leech, first), 1)
    others = log.at_ms[effects & ADDS > 0]
    card, reps, lapses = read_columns_of(connection, ("card", "reps_added", "lapses_added"), others)
    number = find_indexes(log.card[first], card)
    np.add.at(by_log["reps"], number, reps)
    np.add.at(by_log["lapses"], number, lapses)
    return _write_at(found, find_indexes(cards, log.card[first]), by_log)


def _compute_memory_fields(
    connection: sqlite3.Connection,
    log: LogColumns,
    cards: Ints,
    decks: Ints,
    model_of: Callable[[int], Model],
) -> Fields:
    """Compute the memory state fields of each card."""
    known = replay_log(log, read_stated_memories(connection, log), cards, decks, model_of)
    found: Fields = {name: np.full(cards.size, np.nan if name in _REAL else _NULL) for name in known._fields[1:]}
    return _write_at(found, find_indexes(cards, known.card), dict(zip(known._fields[1:], known[1:], strict=True)))


def _write_at(found: Fields, indexes: Ints, values: Fields) -> Fields:
    """Write values into the fields at these indexes; -1 is skipped."""
    there = indexes >= 0
    for name, column in values.items():
        found[name][indexes[there]] = column[there]
    return found


def _or_null(column: str) -> str:
    return f"coalesce({column}, {_NULL})"


def _find_different(old: NDArray[Any], new: NDArray[Any]) -> Mask:
    found: Mask = old != new
    if old.dtype == np.float64:
        far = np.abs(old - new) > TOLERANCE * np.maximum(np.abs(old), np.abs(new))
        found = far | (np.isnan(old) != np.isnan(new))
    return found


def _describe(connection: sqlite3.Connection, field: str, cards: Ints, rebuilt: NDArray[Any]) -> list[Difference]:
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
