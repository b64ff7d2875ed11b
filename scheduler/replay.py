"""What FSRS knows of every card by the whole log: a million reviews at once."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from scheduler.columns import LogColumns, read_rows
from scheduler.model import Kind, Memory, Rating, State

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Mapping

    from fsrs_rs_python import FSRSReview
    from numpy.typing import NDArray

    from scheduler.memory import Model

_LONGEST_PAUSE = 1 << 17  # days


class Known(NamedTuple):
    """What is known of a card: its memory state, and the day and the instant of the rating it is of."""

    memory: Memory
    last_day: int
    last_ms: int


def stated_memories(connection: sqlite3.Connection, log: LogColumns) -> dict[int, Memory]:
    """The memory states that other programs said cards have, by the id of the log's row that records it."""
    rows = read_rows(connection, ("id", "stability", "difficulty"), log.at_ms[log.kind == int(Kind.TAKEN_OVER)])
    return {at: Memory(stability, difficulty) for at, stability, difficulty in rows if stability is not None}


def replayed(
    log: LogColumns, starts: Mapping[int, Memory], decks: Mapping[int, int], model_of: Callable[[int], Model]
) -> dict[int, Known]:
    """What is known of each card that has a memory state, computed from the log alone.

    A card's history begins when it was last new; or with the state that another program said it has.

    Args:
        log: with the days to count by.
        starts: see `stated_memories`.
        decks: the deck of each card; others are left out.
        model_of: the FSRS model of a deck.
    """
    if not log.card.size:
        return {}
    runs = last_runs(log, starts)
    found = {
        card: Known(start, int(log.day[place]), int(log.at_ms[place]))
        for card, start, place in zip(runs.card, runs.start, runs.begin, strict=True)
        if start is not None and card in decks
    }
    found |= _computed(log, runs, decks, model_of)
    return found


class Runs(NamedTuple):
    """Of each card with ratings or a state that counts: where its last run of ratings lies, and what it starts from.

    `kept` are the places of all ratings that count in the log; the run of a card are those from `first` to `last`
    (excluded) of them. `begin` is the place of the row that said `start`.
    """

    card: list[int]
    start: list[Memory | None]
    begin: list[int]
    first: list[int]
    last: list[int]
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
    return Runs(log.card[first_of_card].tolist(), states, begin.tolist(), firsts.tolist(), ends.tolist(), kept)


def _computed(
    log: LogColumns, runs: Runs, decks: Mapping[int, int], model_of: Callable[[int], Model]
) -> dict[int, Known]:
    from fsrs_rs_python import FSRSItem

    entries = entries_of(log, runs)
    models = {deck: model_of(deck) for deck in set(decks.values())}
    by_model: dict[Model, list[int]] = {}
    for number, card in enumerate(runs.card):
        if card in decks and runs.first[number] < runs.last[number]:
            by_model.setdefault(models[decks[card]], []).append(number)
    last_days, last_instants = log.day[runs.kept], log.at_ms[runs.kept]
    found: dict[int, Known] = {}
    for model, numbers in by_model.items():
        items = [FSRSItem(entries[runs.first[number] : runs.last[number]]) for number in numbers]
        memories = model.replay_all(items, [runs.start[number] for number in numbers])
        for number, memory in zip(numbers, memories, strict=True):
            last = runs.last[number] - 1
            found[runs.card[number]] = Known(memory, int(last_days[last]), int(last_instants[last]))
    return found


def entries_of(log: LogColumns, runs: Runs) -> list[FSRSReview]:
    """Each rating that counts as fsrs-rs takes it, with the days since the one before; equal ones are made once."""
    from fsrs_rs_python import FSRSReview

    day = log.day[runs.kept]
    pauses = np.diff(day, prepend=day[:1])
    first, last = np.array(runs.first), np.array(runs.last)
    pauses[first[first < last]] = 0
    for number, start in enumerate(runs.start):
        if start and first[number] < last[number]:
            pauses[first[number]] = day[first[number]] - log.day[runs.begin[number]]
    # A clock that was put back counts as no time elapsed.
    codes = log.rating[runs.kept] * _LONGEST_PAUSE + np.clip(pauses, 0, _LONGEST_PAUSE - 1)
    made = np.empty((int(max(Rating)) + 1) * _LONGEST_PAUSE, dtype=object)
    for code in np.flatnonzero(np.bincount(codes)).tolist():
        made[code] = FSRSReview(code // _LONGEST_PAUSE, code % _LONGEST_PAUSE)
    entries: list[FSRSReview] = made[codes].tolist()
    return entries
