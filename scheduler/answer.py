"""Answering: the effect of a rating on a card, by Anki's rules, and the log row that records it.

A card stores the number of steps left, including the current one, so that a changed setting affects it as little as
possible. Steps and delays are in seconds.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from scheduler.intervals import Load, find_farthest, fuzz_interval, hash_to_fraction, round_half_up
from scheduler.memory import Model, has_short_term
from scheduler.model import DAY_SECONDS, Card, Leech, Memory, Rating, Review, ReviewKind, State
from scheduler.policy import Policy, is_leech_lapse

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from scheduler.clock import Clock


def compute_again_delay(steps: Sequence[int]) -> int | None:
    """Return the delay after Again: the first step, if there are steps."""
    return steps[0] if steps else None


def compute_hard_delay(steps: Sequence[int], left: int) -> int | None:
    """Return the delay after Hard: the current step again; on the first step, a delay between Again and Good."""
    if not steps:
        return None
    index = _find_step(steps, left)
    if index > 0:
        return steps[index]
    if len(steps) > 1:
        return _round_to_days((steps[0] + steps[1]) // 2)
    return _round_to_days(min(steps[0] * 3 // 2, steps[0] + DAY_SECONDS))


def compute_good_delay(steps: Sequence[int], left: int) -> int | None:
    """Return the delay after Good: the next step, or nothing if the card leaves the steps."""
    following = _find_step(steps, left) + 1
    return steps[following] if following < len(steps) else None


def count_left_after_good(steps: Sequence[int], left: int) -> int:
    """Count the steps left after Good on a step that is not the last."""
    return max(0, len(steps) - (_find_step(steps, left) + 1))


def _find_step(steps: Sequence[int], left: int) -> int:
    """Return the index of the card's step, clamped to the current steps."""
    return max(0, min(len(steps) - left, len(steps) - 1))


def _round_to_days(seconds: int) -> int:
    """Round a delay of more than a day to days, so that the hour of the answer makes no difference."""
    if seconds <= DAY_SECONDS:
        return seconds
    return (seconds + DAY_SECONDS // 2) // DAY_SECONDS * DAY_SECONDS


_SHORT_TERM_DAYS = 0.5
"""Without steps, a card with a shorter interval than this returns the same day, if FSRS models short terms."""


class Outcome(NamedTuple):
    """The card after one rating.

    It is due at `due_ms` if it returns within the day, else on `due_day`. `interval_seconds` is a multiple of 86,400 if
    the card is due on a day.
    """

    state: State
    steps_left: int
    due_day: int | None
    due_ms: int | None
    interval_seconds: int
    memory: Memory


class Outcomes(NamedTuple):
    """The outcome of each rating."""

    again: Outcome
    hard: Outcome
    good: Outcome
    easy: Outcome

    def of(self, rating: Rating) -> Outcome:
        """Return the outcome of this rating."""
        return self[rating - 1]


def compute_outcomes(
    card: Card, policy: Policy, now_ms: int, clock: Clock, model: Model | None = None, load: Load | None = None
) -> Outcomes:
    """Compute the effect of each rating at this time.

    The result is deterministic: a button shows what `Store.rate` gives. Intervals are balanced with the `load` of the
    days ahead.
    """
    builder = _OutcomeBuilder(card, Rating, policy, now_ms, clock, model or Model(policy.parameters), load)
    return Outcomes(*map(builder.build, Rating))


def compute_outcome(
    card: Card, rating: Rating, policy: Policy, now_ms: int, clock: Clock, model: Model, load: Load | None = None
) -> Outcome:
    """Compute the effect of one rating; faster than `compute_outcomes`."""
    return _OutcomeBuilder(card, _NEEDED[rating], policy, now_ms, clock, model, load).build(rating)


_NEEDED = {rating: (Rating.HARD, Rating.GOOD, Rating.EASY)[: rating - 1] or (rating,) for rating in Rating}
"""The ratings whose memory states decide the outcome of one: a passing interval exceeds those of lower ratings."""


class _OutcomeBuilder:
    """The context of an answer: the card, its settings, the time, and the memory states that FSRS predicts."""

    def __init__(
        self,
        card: Card,
        ratings: Iterable[Rating],
        policy: Policy,
        now_ms: int,
        clock: Clock,
        model: Model,
        load: Load | None,
    ) -> None:
        self.model = model
        self.retention = policy.retention
        self.now_ms = now_ms
        self.clock = clock
        self.today = clock.day(now_ms)
        memory = None if card.state is State.NEW else card.memory
        self.memories = model.next_memories(memory, card.elapsed_days(self.today), ratings)
        self.last_days = card.interval // DAY_SECONDS
        self.under_review = card.state is State.REVIEW
        self.relearns = card.state in (State.REVIEW, State.RELEARNING)
        self.steps = policy.relearning_steps if self.relearns else policy.learning_steps
        self.left = len(self.steps) if card.state in (State.NEW, State.REVIEW) else card.steps_left
        self.maximum = max(1, policy.maximum_interval)
        self.least_days = _SHORT_TERM_DAYS if has_short_term(policy.parameters) else 0.0
        self.fraction = hash_to_fraction(card.id, card.reps) if policy.fuzz else None
        self.load = load

    def build(self, rating: Rating) -> Outcome:
        """Compute the outcome of this rating."""
        return self._answer_review(rating) if self.under_review else self._answer_step(rating)

    def _answer_step(self, rating: Rating) -> Outcome:
        """Answer a new card, or one on a learning or relearning step."""
        match rating:
            case Rating.AGAIN:
                return self._make_step(rating, len(self.steps), compute_again_delay(self.steps))
            case Rating.HARD:
                return self._make_step(rating, self.left, compute_hard_delay(self.steps, self.left))
            case Rating.GOOD:
                delay = compute_good_delay(self.steps, self.left)
                left = self.left if delay is None else count_left_after_good(self.steps, self.left)
                return self._make_step(rating, left, delay)
            case Rating.EASY:
                return self._make_review(rating, self._choose_easy_days())

    def _answer_review(self, rating: Rating) -> Outcome:
        """Answer a card under review. Good is at least a day longer than Hard, and Easy than Good."""
        if rating is Rating.AGAIN:
            return self._make_lapse()
        days = 0
        for passing in (Rating.HARD, Rating.GOOD, Rating.EASY)[: rating - 1]:
            days = self._choose_passing_days(passing, days + 1)
        return self._make_review(rating, days)

    def _make_lapse(self) -> Outcome:
        delay = compute_again_delay(self.steps)
        days = self._propose_days(Rating.AGAIN)
        if delay is None and days >= self.least_days:
            return self._make_review(Rating.AGAIN, min(max(1, round_half_up(days)), self.maximum))
        return self._make_step(Rating.AGAIN, len(self.steps), delay)

    def _make_step(self, rating: Rating, left: int, delay: int | None) -> Outcome:
        """Move to a step of `delay` seconds.

        Without a delay no step is left: the card becomes a review card, unless FSRS schedules it within the day.
        """
        days = self._propose_days(rating)
        if delay is None:
            if self.steps or days >= self.least_days:
                return self._make_review(rating, self._fuzz_days(max(1, round_half_up(days)), 1))
            delay = int(days * DAY_SECONDS)
        state = State.RELEARNING if self.relearns else State.LEARNING
        until_rollover = self.clock.until_rollover_seconds(self.now_ms)
        if delay < until_rollover:
            return Outcome(state, left, None, self.now_ms + delay * 1000, delay, self.memories[rating])
        whole = (delay - until_rollover) // DAY_SECONDS + 1
        return Outcome(state, left, self.today + whole, None, whole * DAY_SECONDS, self.memories[rating])

    def _make_review(self, rating: Rating, days: int) -> Outcome:
        return Outcome(State.REVIEW, 0, self.today + days, None, days * DAY_SECONDS, self.memories[rating])

    def _propose_days(self, rating: Rating) -> float:
        """Return the interval that FSRS proposes, unrounded."""
        return self.model.interval_days(self.memories[rating].stability, self.retention)

    def _choose_easy_days(self) -> int:
        """Choose the interval for Easy on a step: at least a day more than Good would give."""
        good = self._fuzz_days(self._propose_days(Rating.GOOD), 1)
        return self._fuzz_days(max(1, round_half_up(self._propose_days(Rating.EASY))), good + 1)

    def _choose_passing_days(self, rating: Rating, minimum: int) -> int:
        """Choose a passing interval: a growing one exceeds the last, and fuzz alone never reaches below the last."""
        days = self._propose_days(rating)
        if round_half_up(days) > self.last_days:
            minimum = max(minimum, self.last_days + 1)
        elif find_farthest(days) >= self.last_days:
            minimum = max(minimum, self.last_days)
        return self._fuzz_days(days, minimum)

    def _fuzz_days(self, days: float, minimum: int) -> int:
        minimum = min(minimum, self.maximum)
        if self.load is None or self.fraction is None:
            return fuzz_interval(days, minimum, self.maximum, self.fraction)
        return self.load.interval(days, minimum, self.maximum, self.fraction)


class Moment(NamedTuple):
    """The time of a log row: its id, its day and the local offset from UTC in minutes."""

    id: int
    day: int
    offset_minutes: int


def apply_rating(card: Card, rating: Rating, outcome: Outcome, leech: Leech, moment: Moment) -> Card:
    """Return the card after a rating. This also unburies it."""
    return card._replace(
        state=outcome.state,
        due_day=outcome.due_day,
        due_ms=outcome.due_ms,
        steps_left=outcome.steps_left,
        stability=outcome.memory.stability,
        difficulty=outcome.memory.difficulty,
        last_day=moment.day,
        last_ms=moment.id,
        interval=outcome.interval_seconds,
        reps=card.reps + 1,
        lapses=card.lapses + is_lapse(card, rating),
        leech=card.leech or leech is not Leech.NO,
        suspended=card.suspended or leech is Leech.SUSPENDED,
        buried_day=None,
        buried_by=None,
    )


def is_lapse(card: Card, rating: Rating) -> bool:
    """Return whether this rating is a lapse: a card under review was forgotten."""
    return rating is Rating.AGAIN and card.state is State.REVIEW


def decide_leech(card: Card, rating: Rating, policy: Policy) -> Leech:
    """Decide whether this rating makes the card a leech; SUSPENDED only if it is not suspended yet."""
    if not is_lapse(card, rating) or not is_leech_lapse(card.lapses + 1, policy.leech_threshold):
        return Leech.NO
    return Leech.SUSPENDED if policy.leech_action == "suspend" and not card.suspended else Leech.TAGGED


def reset_to_new(card: Card) -> Card:
    """Return the card as a new one, with its counts kept."""
    return card._replace(
        state=State.NEW,
        due_day=None,
        due_ms=None,
        steps_left=0,
        stability=None,
        difficulty=None,
        last_day=None,
        last_ms=None,
        interval=0,
    )


def set_due_day(card: Card, day: int) -> Card:
    """Return the card under review and due on a day.

    As in Anki with FSRS, the interval then counts from the last rating. A card without an interval, such as a new card
    whose due day was set by hand, keeps none.
    """
    has_interval = card.state is State.RELEARNING or (card.state is State.REVIEW and card.interval > 0)
    days = day - card.last_day if has_interval and card.last_day is not None else 0
    return card._replace(
        state=State.REVIEW, due_day=day, due_ms=None, steps_left=0, interval=max(0, days) * DAY_SECONDS
    )


def make_row(
    kind: ReviewKind,
    before: Card,
    after: Card,
    moment: Moment,
    *,
    rating: Rating | None = None,
    duration_ms: int = 0,
    leech: Leech = Leech.NO,
    voids: int | None = None,
) -> Review:
    """Make the log row that records how a card changed."""
    return Review(
        id=moment.id,
        card=before.id,
        kind=kind,
        rating=rating,
        day=moment.day,
        offset_minutes=moment.offset_minutes,
        duration_ms=duration_ms,
        state_before=before.state,
        state_after=after.state,
        steps_left=after.steps_left,
        interval_before=before.interval,
        interval_after=after.interval,
        due_day=after.due_day,
        due_ms=after.due_ms,
        stability=after.stability,
        difficulty=after.difficulty,
        leech=leech,
        voids=voids,
    )
