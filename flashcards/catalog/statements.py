"""What other tools wrote beside cards of when they are due, taken over into the log: one row a card, no reviews."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date, datetime
from math import isclose
from typing import TYPE_CHECKING, Final, NamedTuple

from scheduler.imported_log import CardHistory, DayReader, ImportedState
from scheduler.merge import merge
from scheduler.model import DAY_SECONDS, Memory, State

if TYPE_CHECKING:
    from flashcards.catalog.changes import StatedCard
    from flashcards.deck.model import StatedSchedule
    from scheduler.clock import Clock
    from scheduler.memory import Model

_EPOCH: Final = date(1970, 1, 1).toordinal()
_CHUNK: Final = 500  # parameters of one query
_SPREAD_MS: Final = 600_000  # rows of one day get ids within its first ten minutes, so that they do not collide
_SAME: Final = 1e-3


class _Card(NamedTuple):
    """The state of a card here."""

    id: int
    state: int
    due_day: int | None
    due_ms: int | None
    interval: int
    stability: float | None
    difficulty: float | None


def take_statements(
    connection: sqlite3.Connection,
    clock: Clock,
    stated: Sequence[StatedCard],
    model_of: Callable[[int], Model],
    at_ms: int,
) -> int:
    """Take over the schedules that are newer than what is known here; returns how many cards changed.

    The caller holds the transaction. A statement that is known already changes nothing.

    Args:
        connection: of the collection.
        clock: reads instants as its days.
        stated: what was read beside the cards.
        model_of: the FSRS model of a deck.
        at_ms: now; no statement is from later.
    """
    cards = _cards(connection, {each.note for each in stated})
    histories = list(_histories(clock, stated, cards, at_ms))
    if not histories:
        return 0
    return merge(connection, histories, DayReader(clock.day, clock.offset_minutes), model_of).cards


def _cards(connection: sqlite3.Connection, notes: Iterable[int]) -> dict[tuple[int, str], _Card]:
    found: dict[tuple[int, str], _Card] = {}
    ids = list(notes)
    for start in range(0, len(ids), _CHUNK):
        chunk = ids[start : start + _CHUNK]
        rows = connection.execute(
            "SELECT note, slot, id, state, due_day, due_ms, interval, stability, difficulty FROM cards"
            f" WHERE note IN ({','.join('?' * len(chunk))})",
            chunk,
        )
        found.update({(note, slot): _Card(*rest) for note, slot, *rest in rows})
    return found


def _histories(
    clock: Clock, stated: Iterable[StatedCard], cards: dict[tuple[int, str], _Card], at_ms: int
) -> Iterator[CardHistory]:
    for each in stated:
        card = cards.get((each.note, each.slot))
        if card is None:
            continue
        imported = _make_state(clock, each.schedule, card.id, at_ms)
        if not _is_known(card, imported):
            yield CardHistory(card.id, (), imported)


def _make_state(clock: Clock, schedule: StatedSchedule, card: int, at_ms: int) -> ImportedState:
    state = State(schedule.state)
    due_day: int | None
    due_ms: int | None = None
    interval = max(1, schedule.interval) * DAY_SECONDS
    if len(schedule.due) == len("2026-12-16"):
        due_day = date.fromisoformat(schedule.due).toordinal() - _EPOCH
        changed_ms = clock.start_of(date.fromisoformat(schedule.last).toordinal() - _EPOCH) + card % _SPREAD_MS
    else:
        due_at, changed_ms = _instant_ms(schedule.due), _instant_ms(schedule.last)
        due_day = clock.day(due_at)
        if state is not State.REVIEW:
            seconds = max(0, due_at - changed_ms) // 1000
            interval = seconds // DAY_SECONDS * DAY_SECONDS or seconds
            if seconds < DAY_SECONDS:
                due_day, due_ms = None, due_at
    return ImportedState(
        state=state,
        due_day=due_day,
        due_ms=due_ms,
        steps_left=0 if state is State.REVIEW else 1,
        interval=interval,
        reps=schedule.reps,
        lapses=schedule.lapses,
        leech=False,
        changed_ms=min(changed_ms, at_ms),
        memory=Memory(schedule.stability, schedule.difficulty),
        keeps_log=False,
    )


def _instant_ms(text: str) -> int:
    return round(datetime.fromisoformat(text).timestamp() * 1000)


def _is_known(card: _Card, imported: ImportedState) -> bool:
    """Check whether a card has the state that another tool says, so that nothing is to be done."""
    if (card.state, card.due_day, card.due_ms) != (imported.state, imported.due_day, imported.due_ms):
        return False
    if imported.memory is None or card.stability is None or card.difficulty is None:
        return False
    pairs = ((card.stability, imported.memory.stability), (card.difficulty, imported.memory.difficulty))
    return card.interval == imported.interval and all(isclose(*pair, rel_tol=_SAME) for pair in pairs)
