"""Merge another program's data about cards: each review once, then the final state of the card.

The log only grows. A review is identified by its card and its time. If a row of another card already has that time, the
review moves to the next free millisecond, where the next import finds it.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from contextlib import contextmanager
from itertools import count, islice
from operator import itemgetter
from typing import TYPE_CHECKING, NamedTuple

from scheduler import tables
from scheduler.answer import Moment, make_row
from scheduler.connection import select_in
from scheduler.log import (
    CardHistory,
    DayConverter,
    ImportedState,
    Replayer,
    are_close,
    fold_log,
    make_imported_row,
)
from scheduler.model import DAY_SECONDS, Card, Leech, Memory, NewCard, Review, ReviewKind, State

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from scheduler.memory import Model

_BATCH = 1000  # cards
_CACHE_KIB = 256 * 1024
_CARDS = f"SELECT {tables.CARD_COLUMNS} FROM cards WHERE id IN ({{}})"
_ROWS = f"SELECT {tables.REVIEW_COLUMNS}, {tables.KEPT} FROM reviews WHERE card IN ({{}})"


class Merged(NamedTuple):
    """The additions: new reviews in the log, and changed cards."""

    reviews: int
    cards: int


def merge(
    connection: sqlite3.Connection,
    histories: Iterable[CardHistory],
    days: DayConverter,
    model_of: Callable[[int], Model],
    progress: Callable[[int], None] | None = None,
) -> Merged:
    """Add missing reviews to the log, and give each card the state after its last review in either program.

    The caller holds the transaction. The histories are of cards in the store; they are read in batches, because they
    are larger than their rows. `progress` is called with the number of cards done.
    """
    merging: _Merging | None = None  # created for the first card, because it reads the ids of the whole log
    reviews = cards = 0
    with _enlarge_cache(connection):
        remaining = iter(histories)
        for start in count(0, _BATCH):
            if progress:
                progress(start)
            batch = list(islice(remaining, _BATCH))
            if not batch:
                break
            merging = merging or _Merging(connection, days, model_of)
            done = merging.merge_batch(batch)
            reviews, cards = reviews + done.reviews, cards + done.cards
    return Merged(reviews, cards)


def add_stated_cards(
    connection: sqlite3.Connection, cards: Iterable[tuple[int, NewCard, ImportedState]], days: DayConverter
) -> None:
    """Add new cards, by id, in the states of a program without a log, one row each; as `merge`, but faster."""
    times = _Times(connection)
    kind, before = int(ReviewKind.TAKEN_OVER), int(State.NEW)
    rows: list[tuple[object, ...]] = []
    added: list[tuple[object, ...]] = []
    for card, place, there in cards:  # plain tuples, because named ones take twice as long here
        at = times.find_free(there.changed_ms)
        times.taken.add(at)
        day, after, leech = days.day(at), int(there.state), int(there.leech)
        memory = there.memory or (None, None)
        due = there.due_day, there.due_ms
        happened = at, card, kind, None, day, days.offset_minutes(at), 0
        schedule = before, after, there.steps_left, 0, there.interval, *due, *memory, leech
        rows.append((*happened, *schedule, None, there.reps, there.lapses, None, None))
        last = (day, at) if there.memory else (None, None)
        counts = there.interval, there.reps, there.lapses, leech
        added.append((card, *place, after, *due, there.steps_left, *memory, *last, *counts))
    rows.sort(key=itemgetter(0))  # SQLite adds ordered rows faster
    connection.executemany(tables.INSERT_SCHEDULED, added)
    connection.executemany(tables.INSERT_REVIEW, rows)


@contextmanager
def _enlarge_cache(connection: sqlite3.Connection) -> Iterator[None]:
    """Enlarge SQLite's cache to keep the indexes in memory while rows of all times are added."""
    (before,) = connection.execute("PRAGMA cache_size").fetchone()
    connection.execute(f"PRAGMA cache_size = -{_CACHE_KIB}")
    try:
        yield
    finally:
        connection.execute(f"PRAGMA cache_size = {before}")


class _Times:
    """The times of all rows of the log. It finds the next free one quickly, even if very many rows have one time."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self.taken: set[int] = {row[0] for row in connection.execute("SELECT id FROM reviews")}
        self._next: dict[int, int] = {}  # by a time that is taken: a later one; all times between are taken

    def find_free(self, at: int) -> int:
        """Return the first free time from `at` on."""
        if at not in self.taken:
            return at
        passed = []
        while at in self.taken:
            passed.append(at)
            at = self._next.get(at, at + 1)
        self._next.update(dict.fromkeys(passed, at))
        return at


class _Joined:
    """A card being merged: its log with the new rows, and which rows are new or known to both sides."""

    __slots__ = ("card", "history", "log", "new", "shared")

    def __init__(self, card: Card, history: CardHistory, log: list[Review]) -> None:
        self.card = card
        self.history = history
        self.log = log
        self.new: set[int] = set()
        self.shared: set[int] = set()


class _Merging:
    def __init__(self, connection: sqlite3.Connection, days: DayConverter, model_of: Callable[[int], Model]) -> None:
        self._db = connection
        self._days = days
        self._model_of = model_of
        self._replayers: dict[Model, Replayer] = {}
        self._times = _Times(connection)
        self._had_any = bool(self._times.taken)

    def merge_batch(self, histories: Sequence[CardHistory]) -> Merged:
        ids = [history.card for history in histories]
        cards = {card.id: card for card in map(tables.to_card, select_in(self._db, _CARDS, ids))}
        logs, own = self._read_logs(ids)
        joined = [
            self._join(cards[history.card], history, logs[history.card], own[history.card]) for history in histories
        ]
        self._replay([each for each in joined if each.new])
        rows: list[Review] = []
        after: list[Card] = []
        for each in joined:
            card = self._settle(each)
            rows += each.log if len(each.new) == len(each.log) else [row for row in each.log if row.id in each.new]
            if each.new:
                after.append(card)
        self._db.executemany(tables.INSERT_REVIEW, map(tables.to_plain, rows))
        changed = [card for card in after if card != cards[card.id]]
        self._db.executemany(tables.UPDATE_SCHEDULE, [(*tables.to_schedule_values(card), card.id) for card in changed])
        return Merged(sum(row.kind is not ReviewKind.TAKEN_OVER for row in rows), len(changed))

    def _read_logs(self, ids: list[int]) -> tuple[dict[int, list[Review]], dict[int, set[int]]]:
        """Read the logs of cards without voided rows, and the ids of all rows that another program may have."""
        logs: dict[int, list[Review]] = defaultdict(list)
        own: dict[int, set[int]] = defaultdict(set)
        if self._had_any:
            for *values, kept in select_in(self._db, _ROWS, ids):
                row = tables.to_review(values)
                if row.kind not in (ReviewKind.TAKEN_OVER, ReviewKind.VOID):
                    own[row.card].add(row.id)
                if kept and row.kind is not ReviewKind.VOID:
                    logs[row.card].append(row)
            for log in logs.values():
                log.sort(key=lambda row: row.id)
        return logs, own

    def _join(self, card: Card, history: CardHistory, log: list[Review], own: set[int]) -> _Joined:
        joined = _Joined(card, history, log)
        mine = sorted(own)
        for past in history.reviews:
            at = self._times.find_free(past.at_ms)
            index = bisect_left(mine, past.at_ms)
            if index < len(mine):
                at = min(at, mine[index])  # a row that an earlier import moved there
            joined.shared.add(at)
            if at not in own:
                self._times.taken.add(at)
                joined.new.add(at)
                log.append(make_imported_row(card.id, at, past, self._days))
        if joined.new:
            log.sort(key=lambda row: row.id)
        return joined

    def _replay(self, joined: list[_Joined]) -> None:
        by_model: dict[Model, list[list[Review]]] = defaultdict(list)
        for each in joined:
            by_model[self._model_of(each.card.deck)].append(each.log)
        for model, logs in by_model.items():
            if model not in self._replayers:
                self._replayers[model] = Replayer(model)
            self._replayers[model].fill_memories(logs)

    def _settle(self, each: _Joined) -> Card:
        """Reconcile the card with the imported state; return the updated card."""
        log, imported = each.log, each.history.imported
        if not imported.keeps_log:
            return self._settle_statement(each)
        events = [row for row in log if row.kind is not ReviewKind.TAKEN_OVER]
        if events and events[-1].id not in each.shared:
            return fold_log(each.card, log)  # the last review is ours
        last = log[-1] if log else None
        if last and last.id in each.new and last.state_after is imported.state:
            last = log[-1] = last._replace(
                due_day=imported.due_day,
                due_ms=imported.due_ms,
                steps_left=imported.steps_left,
                leech=Leech.TAGGED if imported.leech else Leech.NO,
            )
        now = fold_log(each.card, log)
        if imported.log_is_whole:
            return now
        reps = lapses = 0
        if all(row.id in each.shared for row in events):
            reps, lapses = imported.reps - now.reps, imported.lapses - now.lapses
        known = imported.memory is None or (now.memory is not None and are_close(now.memory, imported.memory))
        if known and not (reps or lapses) and _is_as_imported(now, each.history):
            return now
        return self._append_statement(each, now, None if known else imported.memory, reps, lapses)

    def _settle_statement(self, each: _Joined) -> Card:
        """Apply the state from a program without a log if it is newer; return the updated card."""
        log, imported = each.log, each.history.imported
        now = fold_log(each.card, log)
        if not _is_newer(each.history, log, now, self._days):
            return now
        reps, lapses = max(0, imported.reps - now.reps), max(0, imported.lapses - now.lapses)
        return self._append_statement(each, now, imported.memory, reps, lapses)

    def _append_statement(self, each: _Joined, now: Card, memory: Memory | None, reps: int, lapses: int) -> Card:
        """Add a row that sets the imported state; return the updated card."""
        imported = each.history.imported
        if not each.new:  # the memory states in the log are outdated where earlier reviews were imported later
            self._replay([each])
            now = fold_log(each.card, each.log)
        at = self._times.find_free(max(imported.changed_ms, each.log[-1].id + 1 if each.log else 0))
        day = self._days.day(at)
        if memory is not None and imported.keeps_log:  # a memory state counts from the last rating
            if now.last_day is not None:
                day = now.last_day
            elif imported.rated_ms is not None:
                day = self._days.day(imported.rated_ms)
            else:
                day = (imported.due_day or day) - imported.interval // DAY_SECONDS
        row = _make_statement(now, imported, memory, Moment(at, day, self._days.offset_minutes(at)))
        self._times.taken.add(at)
        each.new.add(at)
        each.log.append(row._replace(reps_added=reps, lapses_added=lapses))
        return fold_log(each.card, each.log)


def _make_statement(card: Card, imported: ImportedState, memory: Memory | None, moment: Moment) -> Review:
    """Make the log row that sets the imported state, with this memory state."""
    stability, difficulty = memory or (None, None)
    after = card._replace(
        state=imported.state,
        due_day=imported.due_day,
        due_ms=imported.due_ms,
        steps_left=imported.steps_left,
        interval=imported.interval,
        stability=stability,
        difficulty=difficulty,
    )
    leech = Leech.TAGGED if imported.leech else Leech.NO
    return make_row(ReviewKind.TAKEN_OVER, card, after, moment, leech=leech)


def _is_newer(history: CardHistory, log: Sequence[Review], now: Card, days: DayConverter) -> bool:
    """Return whether a statement is later than the last row; on the same day, the one read later counts."""
    if not log or history.imported.changed_ms > log[-1].id:
        return True
    if log[-1].kind is not ReviewKind.TAKEN_OVER or days.day(history.imported.changed_ms) != log[-1].day:
        return False
    memory = history.imported.memory
    is_same = memory is not None and now.memory is not None and are_close(now.memory, memory)
    return not (is_same and _is_as_imported(now, history))


def _is_as_imported(now: Card, history: CardHistory) -> bool:
    there = history.imported
    if (now.state, now.due_day, _to_seconds(now.due_ms)) != (there.state, there.due_day, _to_seconds(there.due_ms)):
        return False
    if there.leech and not now.leech:
        return False
    return there.state is not State.REVIEW or now.interval == there.interval


def _to_seconds(at_ms: int | None) -> int | None:
    """Round to seconds: other programs store step times in seconds."""
    return None if at_ms is None else at_ms // 1000
