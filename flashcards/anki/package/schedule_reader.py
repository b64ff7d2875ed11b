"""Convert Anki's cards and log to the types of our scheduler.

The type of a log row is the card's state before it. The interval is in days or, if negative, in seconds.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Any, Final

import orjson

from flashcards.anki.package.model import AnkiCard, LogRow, Package
from scheduler.log import CardHistory, DayConverter, ImportedReview, ImportedState
from scheduler.model import DAY_SECONDS, Memory, Rating, ReviewKind, State

if TYPE_CHECKING:
    import sqlite3

    from scheduler.clock import Clock
    from scheduler.memory import Model


LEARNING, REVIEW, RELEARNING, FILTERED, MANUAL, RESCHEDULED = range(6)
"""The types of log rows."""

_STATES: Final = {0: State.NEW, 1: State.LEARNING, 2: State.REVIEW, 3: State.RELEARNING}
_RATINGS: Final = {int(rating): rating for rating in Rating}
_FARTHEST: Final = 36_500  # days
_FARTHEST_DUE: Final = 3 * _FARTHEST  # the longest interval after a review in an old collection
_LONGEST: Final = _FARTHEST * DAY_SECONDS
_EPOCH_SECONDS: Final = 1_000_000_000  # due values above it are instants, below it days
_MOST: Final = 1 << 32  # no factor reaches it
_QUARTER_MS: Final = 900_000
SUSPENDED: Final = -1
"""The queue of suspended cards."""
_OWN_DATA: Final = frozenset({"pos", "s", "d", "dr", "decay", "lrt"})
_LONGEST_DATA: Final = 1000  # characters; Anki allows 100 bytes of custom data per card
_BURIED_BY_SIBLING, _BURIED_BY_HAND = -2, -3


def make_anki_days(clock: Clock, now_ms: int) -> DayConverter:
    """Return a reader of days as Anki counts them in a log: 24 hours each, at the current offset.

    So a review in the first second of a day belongs to the previous day.
    """
    shift = clock.present_shift_seconds(now_ms) - 1

    offset_in = cache(lambda quarter: clock.offset_minutes(quarter * _QUARTER_MS))  # clocks change at quarters of hours
    return DayConverter(
        lambda at_ms: (at_ms // 1000 + shift) // DAY_SECONDS, lambda at_ms: offset_in(at_ms // _QUARTER_MS)
    )


class HistoryReader:
    """Reads the cards of a package; `clock` provides the time zone if the package has none."""

    def __init__(self, package: Package, clock: Clock) -> None:
        self._package = package
        self._clock = clock
        offset = package.created_offset
        seconds = clock.offset_seconds(package.created_s * 1000) if offset is None else offset * 60
        self._first_day = (package.created_s + seconds) // DAY_SECONDS

    def read_history(self, card: AnkiCard, ours: int, *, leech: bool, model: Model) -> CardHistory:
        """Return the history of a card, for our card with the id `ours`."""
        log = self._package.log.get(card.id, [])
        reviews = convert_log(log)
        state = _STATES.get(card.type, State.NEW)
        due_day, due_ms = self._find_due(card, state, log)
        interval = card.ivl * DAY_SECONDS if state is State.REVIEW else (_to_seconds(log[-1].ivl) if log else 0)
        imported = ImportedState(
            state=state,
            due_day=due_day,
            due_ms=due_ms,
            steps_left=card.left % 1000 if state in (State.LEARNING, State.RELEARNING) else 0,
            interval=0 if state is State.NEW else min(max(interval, 0), _LONGEST),
            reps=max(card.reps, 0),
            lapses=max(card.lapses, 0),
            leech=leech,
            changed_ms=card.changed * 1000,
            memory=_read_memory(card, model) if _is_known(card, reviews) and not _is_whole(reviews) else None,
            rated_ms=_read_last_rating(card),
        )
        return CardHistory(ours, reviews, imported)

    def find_burial(self, card: AnkiCard) -> tuple[int, bool] | None:
        """Return the day on which a card was buried, and whether a person did it; nothing if it is not buried."""
        if card.queue not in (_BURIED_BY_SIBLING, _BURIED_BY_HAND):
            return None
        return self._clock.day(card.changed * 1000), card.queue == _BURIED_BY_HAND

    def _find_due(self, card: AnkiCard, state: State, log: Sequence[LogRow]) -> tuple[int | None, int | None]:
        if state is State.NEW:
            return None, None
        if card.due > _EPOCH_SECONDS:
            waits_for_days = state is State.REVIEW or (bool(log) and log[-1].ivl > 0)
            return (self._clock.day(card.due * 1000), None) if waits_for_days else (None, card.due * 1000)
        return self._first_day + max(-_FARTHEST, min(card.due, _FARTHEST_DUE)), None


def find_position(card: AnkiCard) -> int | None:
    """Return the current or former position of a card among the new cards, or nothing if it is unknown."""
    if card.type == 0:
        return card.due
    place = _read_data(card).get("pos")
    return place if isinstance(place, int) else None


def find_foreign_data(card: AnkiCard) -> str:
    """Return the data stored with a card besides its schedule, as a JSON object; empty if there is none."""
    found = {name: value for name, value in _read_data(card).items() if name not in _OWN_DATA}
    try:
        text = json.dumps(found, separators=(",", ":"), allow_nan=False) if found else ""
    except ValueError:  # a number that JSON does not support
        return ""
    return text if len(text) <= _LONGEST_DATA else ""


def convert_log(log: Sequence[LogRow]) -> list[ImportedReview]:
    """Convert the rows of a card's log, oldest first, to ours."""
    found: list[ImportedReview] = []
    state = State.NEW
    learning = False  # whether the previous row was on a step of a new card
    for at_ms, _, ease, ivl, last_ivl, factor, duration, type_ in log:
        kind, rating, before, after = _interpret(type_, ease, factor != 0, (ivl > 0) - (ivl < 0), state, learning)
        duration = min(max(duration, 0), 86_400_000)
        intervals = _to_seconds(last_ivl), _to_seconds(ivl)
        type_and_factor = (type_ if LEARNING <= type_ <= RESCHEDULED else None, factor if 0 <= factor < _MOST else None)
        found.append(ImportedReview._make((at_ms, kind, rating, duration, before, after, *intervals, *type_and_factor)))
        if kind is not ReviewKind.CRAM:
            learning = kind is ReviewKind.RATING and type_ == LEARNING
            state = after
    return found


@lru_cache(maxsize=10_000)  # most rows are alike
def _interpret(
    type_: int, ease: int, has_factor: bool, direction: int, state: State, learning: bool
) -> tuple[ReviewKind, Rating | None, State, State]:
    """Return the kind and rating of a row, and the card's state before and after.

    `direction` is the sign of the row's interval; `state` and `learning` describe the card after the previous row.
    """
    rating = _RATINGS.get(ease)
    kind = _find_kind(type_, rating, has_factor=has_factor)
    before = _find_state_before(type_, rating, state, learning=learning)
    after = _find_state_after(direction, kind, before)
    return kind, rating if kind in (ReviewKind.RATING, ReviewKind.CRAM) else None, before, after


def _find_kind(type_: int, rating: Rating | None, *, has_factor: bool) -> ReviewKind:
    if type_ == MANUAL or rating is None:
        if type_ == RESCHEDULED:
            return ReviewKind.RESCHEDULED
        return ReviewKind.SET_DUE if has_factor or type_ != MANUAL else ReviewKind.FORGET
    if type_ == FILTERED and not has_factor:
        return ReviewKind.CRAM
    return ReviewKind.RESCHEDULED if type_ == RESCHEDULED else ReviewKind.RATING


def _find_state_before(type_: int, rating: Rating | None, state: State, *, learning: bool) -> State:
    if type_ == LEARNING:
        # Steps of a new card that follow anything else start its history again.
        return State.LEARNING if learning else State.NEW
    if type_ == REVIEW:
        return State.REVIEW
    if type_ == RELEARNING:
        return State.RELEARNING
    return State.REVIEW if type_ == FILTERED and rating and state is State.NEW else state


def _find_state_after(direction: int, kind: ReviewKind, before: State) -> State:
    if kind is ReviewKind.FORGET:
        return State.NEW
    if kind is ReviewKind.CRAM:
        return before
    if direction > 0 or kind is ReviewKind.SET_DUE:
        return State.REVIEW
    if kind is not ReviewKind.RATING and direction == 0:
        return before
    return State.LEARNING if before in (State.NEW, State.LEARNING) else State.RELEARNING


@lru_cache(maxsize=10_000)
def _to_seconds(interval: int) -> int:
    return min(interval * DAY_SECONDS if interval > 0 else -interval, _LONGEST)


def _is_known(card: AnkiCard, reviews: Sequence[ImportedReview]) -> bool:
    """Return whether a card was answered since it was last new; a due day set by hand is not an answer."""
    if card.type == State.NEW:
        return False
    for review in reversed(reviews):
        if review.kind in (ReviewKind.RATING, ReviewKind.FORGET):
            return review.kind is ReviewKind.RATING
    return card.reps > 0


def _is_whole(reviews: Sequence[ImportedReview]) -> bool:
    """Return whether a log includes the first learning of the card, so that its memory state follows from it."""
    rated = False
    for review in reversed(reviews):
        if review.kind is ReviewKind.FORGET:
            return rated
        if review.kind is ReviewKind.RATING:
            rated = True
            if review.state_before is State.NEW:
                return True
    return False


def _read_memory(card: AnkiCard, model: Model) -> Memory | None:
    """Return the memory state that Anki stores with a card, or an estimate from SM-2's ease and interval."""
    data = _read_data(card)
    stability, difficulty = (each if isinstance(each, (int, float)) else 0 for each in (data.get("s"), data.get("d")))
    if 0 < stability <= _FARTHEST and 1 <= difficulty <= 10:
        return Memory(float(stability), float(difficulty))
    if card.ivl <= 0:
        return None
    return model.memory_after(max(card.factor, 1300) / 1000, min(card.ivl, _FARTHEST))


def _read_last_rating(card: AnkiCard) -> int | None:
    """Return when a card was last rated, in epoch milliseconds, if it stores that."""
    at = _read_data(card).get("lrt")
    return at * 1000 if isinstance(at, int) and 0 < at <= card.changed else None


def _read_data(card: AnkiCard) -> Mapping[str, Any]:
    """Parse the JSON that Anki stores with a card; empty if it is invalid."""
    try:
        data = orjson.loads(card.data) if card.data else {}
    except ValueError:
        return {}
    return data if isinstance(data, dict) else {}


_REVIEW_CARD, _RELEARNING_CARD = 2, 3  # types of cards
_QUEUES_OF_STEPS: Final = (1, 3)


def is_first_scheduler_log(connection: sqlite3.Connection) -> bool:
    """Return whether the first scheduler wrote the log of a collection that names no later one.

    Only later schedulers write a fourth button for steps. If every card is new, Anki converts nothing, either: the
    program that wrote the package knew no scheduler.
    """
    studied = "SELECT 1 FROM cards WHERE queue != 0 LIMIT 1"
    fourth_button = "SELECT 1 FROM revlog WHERE ease > 3 AND type IN (0, 2) LIMIT 1"
    return bool(connection.execute(studied).fetchone()) and not connection.execute(fourth_button).fetchone()


def convert_first_scheduler(package: Package) -> None:
    """Convert cards and log of the first scheduler to the form that later ones write."""
    for rows in package.log.values():
        for index, row in enumerate(rows):
            if row.type in (LEARNING, RELEARNING) and row.ease in (2, 3):
                rows[index] = row._replace(ease=row.ease + 1)
    for cards in package.cards.values():
        for index, card in enumerate(cards):
            if card.type == _REVIEW_CARD and card.queue in _QUEUES_OF_STEPS:
                cards[index] = card._replace(type=_RELEARNING_CARD)
