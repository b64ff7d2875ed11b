"""Read the review log, apply rows to a card, fold rows into a card, and make rows of imported reviews.

Only `find_effects` defines the effect of a row on counts and memory; `scheduler.replay` uses it, too.
"""

from __future__ import annotations

from functools import cache
from math import isclose
from typing import TYPE_CHECKING, Final, NamedTuple

from scheduler.answer import reset_to_new
from scheduler.model import DAY_SECONDS, Card, Leech, Memory, Rating, Review, ReviewKind, State
from scheduler.tables import KEPT, RATED, REVIEW_COLUMNS, to_review

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Iterable, Sequence

    from fsrs_rs_python import FSRSReview

    from scheduler.memory import Model


_LAST_OF_CARD = f"""NOT EXISTS (
    SELECT 1 FROM reviews AS later WHERE later.card = reviews.card AND later.id > reviews.id
    AND later.kind = {ReviewKind.RATING:d} AND {KEPT.replace("reviews.id", "later.id")}
)"""


class Done(NamedTuple):
    """The work in a deck on a day: new cards introduced, and reviews of cards that were due."""

    new: int
    reviews: int


def read_reviews(connection: sqlite3.Connection, card_id: int, *, include_voided: bool = False) -> list[Review]:
    """Read the log of one card, oldest first, by default without voided rows and the voids."""
    kept = "" if include_voided else f" AND kind <> {ReviewKind.VOID:d} AND {KEPT}"
    rows = connection.execute(f"SELECT {REVIEW_COLUMNS} FROM reviews WHERE card = ?{kept} ORDER BY id", (card_id,))
    return [to_review(row) for row in rows]


def find_newest_rating(connection: sqlite3.Connection, day: int) -> Review | None:
    """Find the last rating of a day to undo; one that a later rating of its card depends on is skipped."""
    row = connection.execute(
        f"SELECT {REVIEW_COLUMNS} FROM reviews WHERE day = ? AND {RATED} AND {_LAST_OF_CARD} ORDER BY id DESC LIMIT 1",
        (day,),
    ).fetchone()
    return None if row is None else to_review(row)


def count_done(connection: sqlite3.Connection, day: int) -> dict[int, Done]:
    """Count each deck's cards done on a day, once each; as in Anki, steps of days are reviews, shorter ones are not."""
    new = f"state_before = {State.NEW:d}"
    reviewed = f"state_before = {State.REVIEW:d} OR (NOT {new} AND interval_before >= {DAY_SECONDS})"
    rows = connection.execute(
        f"SELECT deck, count(DISTINCT CASE WHEN {new} THEN card END),"
        f" count(DISTINCT CASE WHEN {reviewed} THEN card END)"
        f" FROM reviews CROSS JOIN cards ON cards.id = card WHERE day = ? AND {RATED} GROUP BY deck",
        (day,),
    )
    return {deck: Done(new, reviews) for deck, new, reviews in rows}


def choose_id(connection: sqlite3.Connection, card_id: int, now_ms: int, day: int) -> int:
    """Choose the id of a row written now: the time, moved past the card's last row and past today's last row.

    So ids give the order even if the clock was set back. A clock that once ran far ahead affects only its own cards:
    the rows of today that were moved past such a row are more than a day ahead.
    """
    last_of_card, newest = connection.execute(
        "SELECT (SELECT max(id) FROM reviews WHERE card = ?), (SELECT max(id) FROM reviews WHERE day = ? AND id < ?)",
        (card_id, day, now_ms + DAY_SECONDS * 1000),
    ).fetchone()
    wanted = max(now_ms, (last_of_card or 0) + 1, (newest or 0) + 1)
    while connection.execute("SELECT 1 FROM reviews WHERE id = ?", (wanted,)).fetchone():
        wanted += 1
    return wanted


RATES = 1
"""A person rated the card: a repetition, and the row has the resulting memory state."""
LAPSES = 2
"""The rating is a lapse: a card under review was forgotten."""
RESTARTS = 4
"""The earlier history of the card no longer counts. FSRS starts with this rating, or with the state in the row."""
ADDS = 8
"""The row's `reps_added` and `lapses_added` count."""

FIRST_STEPS = (State.NEW, State.LEARNING)
"""States of a card that was never under review."""


@cache  # few rows differ in these values
def find_effects(kind: ReviewKind, rating: Rating | None, before: State, after: State, has_memory: bool) -> int:
    """Return the effects of a row of the log on a card's counts and memory, as a sum of the constants above.

    Whether a rating restarts also depends on the previous one: see `begins_history`. Every row sets the card's state,
    due day, steps and interval. A forgotten card keeps its counts.
    """
    if kind is ReviewKind.RATING:
        lapses = LAPSES if rating is Rating.AGAIN and before is State.REVIEW else 0
        return RATES | lapses | (RESTARTS if before is State.NEW else 0)
    if kind is ReviewKind.FORGET:
        return RESTARTS | ADDS
    if kind is ReviewKind.TAKEN_OVER:
        return ADDS | (RESTARTS if after is State.NEW or has_memory else 0)
    return 0


def find_row_effects(row: Review) -> int:
    """Return the effects of a whole row; see `find_effects`."""
    return find_effects(row.kind, row.rating, row.state_before, row.state_after, row.stability is not None)


def begins_history(before: State, previous: State | None) -> bool:
    """Return whether a rating begins the history that FSRS computes from, as Anki decides it.

    `before` is the state before the rating, `previous` that before the previous rating since the last reset, if any.
    Two programs may both have rated a new card. Consecutive ratings of first steps belong to one history; those after a
    review begin a new one.
    """
    if before not in FIRST_STEPS:
        return False
    return before is State.NEW if previous is None else previous not in FIRST_STEPS


def fold_log(card: Card, log: Sequence[Review]) -> Card:
    """Return the card that follows from its log: all rows, oldest first, without voided ones."""
    return advance(reset_to_new(card)._replace(reps=0, lapses=0, leech=False), log)


def advance(card: Card, rows: Sequence[Review]) -> Card:
    """Return the card after further rows of its log, oldest first."""
    reps, lapses, leech = card.reps, card.lapses, card.leech
    memory = (card.stability, card.difficulty, card.last_day, card.last_ms)
    for row in rows:
        effects = find_row_effects(row)
        if effects & RATES or (effects & RESTARTS and row.stability is not None):
            memory = (row.stability, row.difficulty, row.day, row.id)
        elif effects & RESTARTS:
            memory = (None, None, None, None)
        if effects & RATES:
            reps += 1
            lapses += bool(effects & LAPSES)
        elif effects & ADDS:
            reps += row.reps_added
            lapses += row.lapses_added
        leech = leech or row.leech is not Leech.NO
    if not rows:
        return card
    last = rows[-1]
    stability, difficulty, last_day, last_ms = memory
    return card._replace(
        state=last.state_after,
        due_day=last.due_day,
        due_ms=last.due_ms,
        steps_left=last.steps_left,
        interval=last.interval_after,
        stability=stability,
        difficulty=difficulty,
        last_day=last_day,
        last_ms=last_ms,
        reps=reps,
        lapses=lapses,
        leech=leech,
    )


_SOME_STEP = 1  # logs do not contain the number of steps left; the next Good ends this one


class ImportedReview(NamedTuple):
    """One entry of another program's log.

    Only the kinds RATING and CRAM have a `rating`. Intervals are seconds, whole days if the card then waited for
    days. A row from Anki's log has its type and factor.
    """

    at_ms: int
    kind: ReviewKind
    rating: Rating | None
    duration_ms: int
    state_before: State
    state_after: State
    interval_before: int
    interval_after: int
    log_type: int | None = None
    log_factor: int | None = None


class ImportedState(NamedTuple):
    """The state of a card in another program."""

    # state, due_day, due_ms, steps_left, interval, reps, lapses: as in `Card`
    state: State
    due_day: int | None
    due_ms: int | None
    steps_left: int
    interval: int
    reps: int
    lapses: int
    leech: bool  # whether it is tagged as a leech
    changed_ms: int  # time of its last change in the other program
    memory: Memory | None = None  # its memory state, if it cannot be computed because the beginning of its log is lost
    # whether the other program keeps a log; a state from a program without one counts if it is newer than our last row
    keeps_log: bool = True
    # whether the log is complete; then counts and memory state follow from it, and the stated due time counts only
    # after the log's last row
    log_is_whole: bool = False
    rated_ms: int | None = None  # time of its last rating, if known without its log

    @classmethod
    def of_card(cls, card: Card, changed_ms: int) -> ImportedState:
        """Return the state of a card of our own scheduler from another collection."""
        schedule = card.state, card.due_day, card.due_ms, card.steps_left, card.interval
        return cls(*schedule, card.reps, card.lapses, card.leech, changed_ms)


class CardHistory(NamedTuple):
    """All data of another program about a card: its log, oldest first, and its final state."""

    card: int
    reviews: Sequence[ImportedReview]
    imported: ImportedState


class DayConverter(NamedTuple):
    """Converts times for rows of the log: their day, and the local offset from UTC in minutes."""

    day: Callable[[int], int]
    offset_minutes: Callable[[int], int]


def make_imported_row(card_id: int, at_ms: int, past: ImportedReview, days: DayConverter) -> Review:
    """Make the log row of an imported review, without its memory state yet."""
    after, interval = past.state_after, past.interval_after
    day = days.day(at_ms)
    due_day: int | None = None
    due_ms: int | None = None
    if after is not State.NEW:
        if interval >= DAY_SECONDS or after is State.REVIEW:
            due_day = day + interval // DAY_SECONDS
        else:
            due_ms = at_ms + interval * 1000
    return Review(
        id=at_ms,
        card=card_id,
        kind=past.kind,
        rating=past.rating,
        day=day,
        offset_minutes=days.offset_minutes(at_ms),
        duration_ms=past.duration_ms,
        state_before=past.state_before,
        state_after=after,
        steps_left=_SOME_STEP if after is State.LEARNING or after is State.RELEARNING else 0,
        interval_before=past.interval_before,
        interval_after=interval,
        due_day=due_day,
        due_ms=due_ms,
        stability=None,
        difficulty=None,
        leech=Leech.NO,
        voids=None,
        log_type=past.log_type,
        log_factor=past.log_factor,
    )


_MEMORY: Final = Review._fields.index("stability")


def _with_memory(row: Review, stability: float | None, difficulty: float | None) -> Review:
    """Set the memory state of a row, three times faster than `_replace`; there can be millions."""
    return Review._make((*row[:_MEMORY], stability, difficulty, *row[_MEMORY + 2 :]))


TOLERANCE: Final = 1e-4
"""Memory states with a smaller relative difference are equal."""
ROUNDING: Final = 1e-3
"""Other programs round the memory states that they store by a smaller part."""


def are_close(one: Memory, other: Memory, tolerance: float = ROUNDING) -> bool:
    """Return whether two memory states differ by a negligible amount."""
    return all(isclose(a, b, rel_tol=tolerance) for a, b in zip(one, other, strict=True))


class _RatingRun:
    """Consecutive ratings that FSRS computes from one starting state; `rows` are their indexes in a log."""

    __slots__ = ("items", "last_day", "rows", "start")

    def __init__(self, start: Memory | None = None, last_day: int = 0) -> None:
        self.start = start
        self.last_day = last_day
        self.rows: list[int] = []
        self.items: list[FSRSReview] = []


class Replayer:
    """Computes the memory states of many logs with one model; equal entries are created once."""

    def __init__(self, model: Model) -> None:
        from fsrs_rs_python import FSRSReview

        self._model = model
        self._review = FSRSReview
        self._made: dict[tuple[int, int], FSRSReview] = {}

    def fill_memories(self, logs: Sequence[list[Review]]) -> None:
        """Give every row of each log its memory state, in place. Logs are oldest first, without voided rows."""
        from fsrs_rs_python import FSRSItem

        runs = [(log, run) for log in logs for run in self._split_runs(log) if run.items]
        found = self._model.replay_each([FSRSItem(run.items) for _, run in runs], [run.start for _, run in runs])
        for (log, run), memories in zip(runs, found, strict=True):
            for index, memory in zip(run.rows, memories, strict=True):
                log[index] = _with_memory(log[index], *memory)
        for log in logs:
            if any(row.kind is not ReviewKind.RATING for row in log):
                _carry_over(log)

    def _split_runs(self, log: Iterable[Review]) -> Iterable[_RatingRun]:
        run = _RatingRun()
        previous: State | None = None
        for index, row in enumerate(log):
            effects = find_row_effects(row)
            begins = begins_history(row.state_before, previous) if effects & RATES else bool(effects & RESTARTS)
            if begins:
                yield run
                run = _RatingRun() if effects & RATES else _RatingRun(row.memory, row.day)
            if effects & RATES and row.rating is not None:
                pause = max(0, row.day - run.last_day) if run.items or run.start else 0
                run.items.append(self._get_entry(int(row.rating), pause))
                run.rows.append(index)
                run.last_day = row.day
            previous = row.state_before if effects & RATES else None if begins else previous
        yield run

    def _get_entry(self, rating: int, pause: int) -> FSRSReview:
        entry = self._made.get((rating, pause))
        if entry is None:
            entry = self._made[rating, pause] = self._review(rating, pause)
        return entry


def _carry_over(log: list[Review]) -> None:
    """Copy the memory state to the rows that do not change it."""
    stability: float | None = None
    difficulty: float | None = None
    for index, row in enumerate(log):
        effects = find_row_effects(row)
        if effects & (RATES | RESTARTS):
            stability, difficulty = row.stability, row.difficulty
        elif row.kind is not ReviewKind.TAKEN_OVER and row.stability != stability:
            log[index] = _with_memory(row, stability, difficulty)
