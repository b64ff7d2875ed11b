"""What another program knows of a card, and the log rows that record it. Pure except for FSRS itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from scheduler.log import RATES, RESTARTS, find_row_effects
from scheduler.model import DAY_SECONDS, Leech, Memory, Rating, Review, ReviewKind, State

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from fsrs_rs_python import FSRSReview

    from scheduler.memory import Model
    from scheduler.model import Card

_SOME_STEP = 1  # logs do not say how many were left; the next Good ends this one


class ImportedReview(NamedTuple):
    """One entry of another program's log.

    Only the kinds RATING and CRAM have a `rating`. Intervals are seconds, whole days if the card then waited for
    days.
    """

    at_ms: int
    kind: ReviewKind
    rating: Rating | None
    duration_ms: int
    state_before: State
    state_after: State
    interval_before: int
    interval_after: int


class ImportedState(NamedTuple):
    """The state of a card in another program.

    Attributes:
        state, due_day, due_ms, steps_left, interval, reps, lapses: as in `Card`.
        leech: whether it is tagged as one.
        changed_ms: when the other program last changed it.
        memory: its memory state, if it cannot be computed because the beginning of its log is lost.
        keeps_log: whether the other program keeps a log. The state from a program without one counts if it is newer
            than the last row here.
        log_is_whole: whether everything that happened to the card is in the log. Then counts and memory state follow
            from it, and the stated due time counts only after the log's last row.
    """

    state: State
    due_day: int | None
    due_ms: int | None
    steps_left: int
    interval: int
    reps: int
    lapses: int
    leech: bool
    changed_ms: int
    memory: Memory | None = None
    keeps_log: bool = True
    log_is_whole: bool = False

    @classmethod
    def of_card(cls, card: Card, changed_ms: int) -> ImportedState:
        """Return the state of a card of our own scheduler, as another collection has it."""
        schedule = card.state, card.due_day, card.due_ms, card.steps_left, card.interval
        return cls(*schedule, card.reps, card.lapses, card.leech, changed_ms)


class CardHistory(NamedTuple):
    """All that another program knows of a card: its log, oldest first, and the state it ends in."""

    card: int
    reviews: Sequence[ImportedReview]
    imported: ImportedState


class DayReader(NamedTuple):
    """Reads times for rows of the log: their day, and the local offset from UTC in minutes."""

    day: Callable[[int], int]
    offset_minutes: Callable[[int], int]


def make_imported_row(card: int, at_ms: int, past: ImportedReview, days: DayReader) -> Review:
    """Make the log row of an imported review, without its memory state yet."""
    _, kind, rating, duration_ms, before, after, interval_before, interval_after = past
    day = days.day(at_ms)
    due_day: int | None = None
    due_ms: int | None = None
    if after is not State.NEW:
        if interval_after >= DAY_SECONDS or after is State.REVIEW:
            due_day = day + interval_after // DAY_SECONDS
        else:
            due_ms = at_ms + interval_after * 1000
    steps_left = _SOME_STEP if after is State.LEARNING or after is State.RELEARNING else 0
    offset = days.offset_minutes(at_ms)
    happened = (at_ms, card, kind, rating, day, offset, duration_ms, before, after, steps_left)
    return Review._make((*happened, interval_before, interval_after, due_day, due_ms, None, None, Leech.NO, None, 0, 0))


_MEMORY: Final = Review._fields.index("stability")


def _with_memory(row: Review, stability: float | None, difficulty: float | None) -> Review:
    """Set the memory state of a row, three times faster than `_replace`; there can be millions."""
    return Review._make((*row[:_MEMORY], stability, difficulty, *row[_MEMORY + 2 :]))


class _Run:
    """Consecutive ratings that FSRS computes from one starting state; `rows` are their indexes in a log."""

    __slots__ = ("items", "last_day", "rows", "start")

    def __init__(self, start: Memory | None = None, last_day: int = 0) -> None:
        self.start = start
        self.last_day = last_day
        self.rows: list[int] = []
        self.items: list[FSRSReview] = []


class Replayer:
    """Computes the memory states of many logs with one model; equal entries are made once."""

    def __init__(self, model: Model) -> None:
        from fsrs_rs_python import FSRSReview

        self._model = model
        self._review = FSRSReview
        self._made: dict[tuple[int, int], FSRSReview] = {}

    def fill_memories(self, logs: Sequence[list[Review]]) -> None:
        """Give every row of each log its memory state, in place. Logs are oldest first, without voided rows."""
        from fsrs_rs_python import FSRSItem

        runs = [(log, run) for log in logs for run in self._runs(log) if run.items]
        found = self._model.replay_each([FSRSItem(run.items) for _, run in runs], [run.start for _, run in runs])
        for (log, run), memories in zip(runs, found, strict=True):
            for place, memory in zip(run.rows, memories, strict=True):
                log[place] = _with_memory(log[place], *memory)
        for log in logs:
            _carry_over(log)

    def _runs(self, log: Iterable[Review]) -> Iterable[_Run]:
        run = _Run()
        for place, row in enumerate(log):
            effects = find_row_effects(row)
            if effects & RESTARTS:
                yield run
                run = _Run() if effects & RATES else _Run(row.memory, row.day)
            if effects & RATES and row.rating is not None:
                pause = max(0, row.day - run.last_day) if run.items or run.start else 0
                run.items.append(self._entry(int(row.rating), pause))
                run.rows.append(place)
                run.last_day = row.day
        yield run

    def _entry(self, rating: int, pause: int) -> FSRSReview:
        entry = self._made.get((rating, pause))
        if entry is None:
            entry = self._made[rating, pause] = self._review(rating, pause)
        return entry


def _carry_over(log: list[Review]) -> None:
    """Copy the memory state to the rows that do not change it."""
    stability: float | None = None
    difficulty: float | None = None
    for place, row in enumerate(log):
        effects = find_row_effects(row)
        if effects & (RATES | RESTARTS):
            stability, difficulty = row.stability, row.difficulty
        elif row.kind is not ReviewKind.TAKEN_OVER and row.stability != stability:
            log[place] = _with_memory(row, stability, difficulty)
