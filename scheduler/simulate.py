"""What a plan of reviews costs and brings: a learner, whose memory follows FSRS, lives through days of it.

    plan = PolicyPlan(cards, [DeckLimits(deck, (), policy)])
    simulation = simulate(cards, plan, first_day, days=365, learner=Learner(seed=7))
    simulation.days[0].seconds, simulation.known[-1], simulation.cards

A plan says which cards are asked on a day and when a card comes back; `PolicyPlan` says what `Store` and `Queue` would,
by the very functions that they use. Another plan needs only the three methods of `Plan`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple, Protocol

from scheduler.clock import Clock
from scheduler.entries import Moment, leech_by, rated
from scheduler.model import DAY_SECONDS, Rating, State

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from scheduler.learner import Learner
    from scheduler.memory import Model
    from scheduler.model import Card
    from scheduler.outcome import Outcome
    from scheduler.policy import Policy

SITTING = 8 * 3600
"""The learner sits down so many seconds after the day began: at noon, where it begins at 04:00."""


class SimulatedClock(Clock):
    """Days of 86,400 seconds, without time zones: the instants of a simulation begin at 0 on day 0."""

    def day(self, at_ms: int) -> int:
        """See `Clock`."""
        return at_ms // (DAY_SECONDS * 1000)

    def until_rollover_seconds(self, at_ms: int) -> int:
        """See `Clock`."""
        return DAY_SECONDS - at_ms // 1000 % DAY_SECONDS


CLOCK = SimulatedClock()


class Plan(Protocol):
    """Which cards are asked, and when they come back."""

    def ask(self, day: int, cards: Mapping[int, Card]) -> Iterable[int]:
        """The cards to ask on a day, in order, each once. Steps within the day are asked by the simulation itself."""

    def outcome(self, card: Card, rating: Rating, now_ms: int) -> Outcome:
        """What the rating does to the card: its memory state, and when it is due (`SimulatedClock`)."""

    def rated(self, before: Card, after: Card) -> None:
        """A card was rated."""

    def policy(self, card: Card) -> Policy:
        """The settings of the card's deck; its parameters are those of the learner's memory."""

    def model(self, card: Card) -> Model:
        """The card's memory: FSRS with the parameters of its deck."""


class Day(NamedTuple):
    """What was done on one day.

    Attributes:
        new: cards asked for the first time.
        reviews: cards asked that had been learnt before: under review, or on a step of days.
        steps: answers to steps within the day, besides.
        lapses: cards under review that were forgotten.
        recalled: reviews that were recalled.
        seconds: what all of it took.
    """

    new: int
    reviews: int
    steps: int
    lapses: int
    recalled: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Simulation:
    """What came of it.

    Attributes:
        first_day: the day of the first element of `days`.
        days: what was done on each day.
        known: cards known (the sum of the chances of recall of all cards seen) at the end of each day; of each
            `known_every`th day only, and always of the last.
        cards: each card as it is in the end.
    """

    first_day: int
    days: tuple[Day, ...]
    known: tuple[float, ...]
    cards: Mapping[int, Card]

    @property
    def retention(self) -> float | None:
        """The part of the reviews that was recalled; None without reviews."""
        reviews = sum(day.reviews for day in self.days)
        return sum(day.recalled for day in self.days) / reviews if reviews else None


def simulate(
    cards: Iterable[Card],
    plan: Plan,
    first_day: int,
    days: int,
    learner: Learner,
    *,
    known_every: int = 1,
    progress: Callable[[int, int], None] | None = None,
) -> Simulation:
    """Let a learner live through `days` days of a plan.

    Every card of a day is answered, and every step that ends within the day. The same arguments give the same result.

    Args:
        cards: as they are before, each with its memory state, new ones without; suspended cards must be left out.
        plan: which cards are asked, and when they come back.
        first_day: days since 1970-01-01.
        days: how many.
        learner: who answers.
        known_every: count the cards known only every so many days, since it takes as long as the reviews themselves.
        progress: called after each day with the days done and all days.
    """
    living = {card.id: card for card in cards}
    done: list[Day] = []
    known: list[float] = []
    for day in range(first_day, first_day + days):
        done.append(_day(living, plan, day, learner))
        if len(done) % known_every == 0 or len(done) == days:
            known.append(cards_known(living.values(), plan.model, day))
        if progress is not None:
            progress(len(done), days)
    return Simulation(first_day, tuple(done), tuple(known), living)


def cards_known(cards: Iterable[Card], model_of: Callable[[Card], Model], day: int) -> float:
    """How many of the cards are known on a day: the sum of their chances of recall."""
    return sum(
        model_of(card).retrievability(card.stability, card.elapsed_days(day))
        for card in cards
        if card.stability is not None
    )


def _day(living: dict[int, Card], plan: Plan, day: int, learner: Learner) -> Day:
    start_ms = (day * DAY_SECONDS + SITTING) * 1000
    new = reviews = steps = lapses = recalled = 0
    seconds = 0.0
    for asked in plan.ask(day, living):
        card = living[asked]
        now_ms = start_ms
        before: Rating | None = None
        while True:
            recall = None
            if card.last_day is not None and card.last_day < day and card.stability is not None:
                recall = plan.model(card).retrievability(card.stability, day - card.last_day)
            rating = learner.rating(card, before, recall)
            after = rated_card(card, rating, plan, now_ms)
            seconds += learner.time(card.state, rating)
            new += card.state is State.NEW
            reviews += recall is not None
            recalled += recall is not None and rating is not Rating.AGAIN
            steps += recall is None and card.state is not State.NEW
            lapses += after.lapses - card.lapses
            plan.rated(card, after)
            card, before = after, rating
            if card.due_ms is None or card.suspended:
                break
            now_ms = card.due_ms
        living[asked] = card
    return Day(new, reviews, steps, lapses, recalled, seconds)


def rated_card(card: Card, rating: Rating, plan: Plan, now_ms: int) -> Card:
    """The card after a rating, as `Store.rate` makes it."""
    leech = leech_by(card, rating, plan.policy(card))
    return rated(card, rating, plan.outcome(card, rating, now_ms), leech, Moment(now_ms, CLOCK.day(now_ms), 0))
