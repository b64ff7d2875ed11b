"""What FSRS knows of every card by the whole log: a million reviews at once."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from scheduler.columns import LogColumns, places_in, read_rows
from scheduler.model import Kind, Memory, Rating, State

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Mapping, Sequence

    from fsrs_rs_python import FSRSReview
    from numpy.typing import NDArray

    from scheduler.memory import Model

_LONGEST_PAUSE = 1 << 17  # days


class Memories(NamedTuple):
    """What is known of cards, one entry of each array a card.

    Attributes:
        card: the card's id; in order.
        stability, difficulty: its memory state.
        last_day, last_ms: the day and the instant of the rating it is of.
    """

    card: NDArray[np.int64]
    stability: NDArray[np.float64]
    difficulty: NDArray[np.float64]
    last_day: NDArray[np.int64]
    last_ms: NDArray[np.int64]


def stated_memories(connection: sqlite3.Connection, log: LogColumns) -> dict[int, Memory]:
    """The memory states that other programs said cards have, by the id of the log's row that records it."""
    rows = read_rows(connection, ("id", "stability", "difficulty"), log.at_ms[log.kind == int(Kind.TAKEN_OVER)])
    return {at: Memory(stability, difficulty) for at, stability, difficulty in rows if stability is not None}


def replayed(
    log: LogColumns,
    starts: Mapping[int, Memory],
    cards: NDArray[np.int64],
    decks: NDArray[np.int64],
    model_of: Callable[[int], Model],
) -> Memories:
    """What is known of each card that has a memory state, computed from the log alone.

    A card's history begins when it was last new; or with the state that another program said it has.

    Args:
        log: with the days to count by.
        starts: see `stated_memories`.
        cards: the ids of cards, in order; others are left out.
        decks: the deck of each of them.
        model_of: the FSRS model of a deck.
    """
    if not log.card.size:
        nothing = np.zeros(0, dtype=np.int64)
        return Memories(nothing, nothing.astype(float), nothing.astype(float), nothing, nothing)
    runs = last_runs(log, starts)
    rated = runs.first < runs.last
    memories = np.full((runs.card.size, 2), np.nan)
    for number in np.flatnonzero(~rated).tolist():
        memories[number] = runs.start[number] or np.nan
    place = places_in(cards, runs.card)
    entries = entries_of(log, runs)
    for model, of_model in _by_model(decks, model_of):
        numbers = np.flatnonzero(rated & (place >= 0) & of_model[place])
        memories[numbers] = _computed(entries, runs, numbers, model)
    # A memory state is of the last rating, or else of the row that stated it.
    row = runs.begin.copy()
    row[rated] = runs.kept[runs.last[rated] - 1]
    known = (place >= 0) & ~np.isnan(memories[:, 0])
    stability, difficulty = memories[known].T
    return Memories(runs.card[known], stability, difficulty, log.day[row[known]], log.at_ms[row[known]])


def _by_model(decks: NDArray[np.int64], model_of: Callable[[int], Model]) -> list[tuple[Model, NDArray[np.bool_]]]:
    """Each model, with which of the decks it is of."""
    decks_of: dict[Model, list[int]] = {}
    for deck in np.unique(decks).tolist():
        decks_of.setdefault(model_of(deck), []).append(deck)
    return [(model, np.isin(decks, chosen)) for model, chosen in decks_of.items()]


def _computed(
    entries: Sequence[FSRSReview], runs: Runs, numbers: NDArray[np.int64], model: Model
) -> NDArray[np.float64]:
    """The memory states at the ends of some of the runs."""
    from fsrs_rs_python import FSRSItem

    ends = zip(runs.first[numbers].tolist(), runs.last[numbers].tolist(), strict=True)
    items = [FSRSItem(entries[first:last]) for first, last in ends]
    return model.replay_all(items, [runs.start[number] for number in numbers.tolist()])


class Runs(NamedTuple):
    """Of each card with ratings or a state that counts: where its last run of ratings lies, and what it starts from.

    `kept` are the places of all ratings that count in the log; the run of a card are those from `first` to `last`
    (excluded) of them. `begin` is the place of the row that said `start`.
    """

    card: NDArray[np.int64]
    start: Sequence[Memory | None]
    begin: NDArray[np.int64]
    first: NDArray[np.int64]
    last: NDArray[np.int64]
    kept: NDArray[np.int64]


def last_runs(log: LogColumns, starts: Mapping[int, Memory]) -> Runs:
    """The last run of each card of a log that is not empty."""
    places = np.arange(log.card.size)
    first_of_card = log.first_of_each_card()
    count = np.diff(first_of_card, append=log.card.size)
    rated = log.kind == int(Kind.RATING)
    stated = np.isin(log.at_ms, np.fromiter(starts, dtype=np.int64, count=len(starts)))
    # A first rating begins a run itself; after the other rows that begin one it begins with the next.
    taken_over = (log.kind == int(Kind.TAKEN_OVER)) & (stated | (log.after == int(State.NEW)))
    forgotten = taken_over | (log.kind == int(Kind.FORGET))
    anew = forgotten | (rated & (log.before == int(State.NEW)))
    begin = np.maximum.reduceat(np.where(anew, places, -1), first_of_card)
    begin = np.where(begin < 0, first_of_card, begin)
    kept = np.flatnonzero(rated & (places >= np.repeat(begin, count)))
    ends = np.searchsorted(kept, first_of_card + count)
    firsts = np.searchsorted(kept, begin)
    states: list[Memory | None] = [None] * begin.size
    for place in np.flatnonzero(stated[begin]).tolist():
        states[place] = starts[int(log.at_ms[begin[place]])]
    return Runs(log.card[first_of_card], states, begin, firsts, ends, kept)


def entries_of(log: LogColumns, runs: Runs) -> list[FSRSReview]:
    """Each rating that counts as fsrs-rs takes it, with the days since the one before; equal ones are made once."""
    from fsrs_rs_python import FSRSReview

    day = log.day[runs.kept]
    pauses = np.diff(day, prepend=day[:1])
    pauses[runs.first[runs.first < runs.last]] = 0
    for number, start in enumerate(runs.start):
        if start and runs.first[number] < runs.last[number]:
            pauses[runs.first[number]] = day[runs.first[number]] - log.day[runs.begin[number]]
    # A clock that was put back counts as no time elapsed.
    codes = log.rating[runs.kept] * _LONGEST_PAUSE + np.clip(pauses, 0, _LONGEST_PAUSE - 1)
    made = np.empty((int(max(Rating)) + 1) * _LONGEST_PAUSE, dtype=object)
    for code in np.flatnonzero(np.bincount(codes)).tolist():
        made[code] = FSRSReview(code // _LONGEST_PAUSE, code % _LONGEST_PAUSE)
    entries: list[FSRSReview] = made[codes].tolist()
    return entries
