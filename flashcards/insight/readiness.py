"""Predict what is recalled on a day, if nothing more is done and if the plan is kept."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace
from statistics import fmean
from typing import TYPE_CHECKING, Final, NamedTuple

from flashcards.insight.past_error import PastError, measure_past_error
from flashcards.insight.simulation import read_days_ahead
from scheduler.columns import read_ratings
from scheduler.limits import new_a_day
from scheduler.memory import QuickModel, read_curve
from scheduler.model import Rating, State

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from flashcards.collection import Collection
    from flashcards.insight.simulation import DaysAhead
    from scheduler.clock import Clock
    from scheduler.model import Card
    from scheduler.simulate import Simulation

SEEDS: Final = (1, 2, 3)
"""The seeds of the simulated lives."""

_MOST_GAINS: Final = 10
_NO_LIMIT: Final = 1_000_000  # cards a day
_CURVE_POINTS: Final = 60


class GroupRecall(NamedTuple):
    """The part of some cards that is recalled on the day; cards never seen count as not recalled.

    Attributes:
        cards: how many there are.
        seen: how many were ever rated.
        idle: recalled if nothing more is done, 0 to 1.
        kept: recalled if the plan is kept, as the mean of the simulated lives.
    """

    cards: int
    seen: int
    idle: float
    kept: float


class Gain(NamedTuple):
    """What one review now adds to the chance that a card is recalled on the day."""

    card: int
    now: float
    on_day: float
    gain: float


@dataclass(frozen=True, slots=True)
class StudyPlan:
    """What it takes until the day.

    Attributes:
        new_left: cards never seen.
        new_a_day: new cards a day that introduce all of them in time.
        minutes_a_day: what that takes on average, reviews included.
        unseen: cards that stay unseen by the limits as they are set.
        new_per_day: the limit on new cards of the whole collection.
        cards_a_day: cards asked on the busiest day of it, new ones and reviews.
    """

    new_left: int
    new_a_day: int
    minutes_a_day: float
    unseen: int
    new_per_day: int
    cards_a_day: int

    @property
    def feasible(self) -> bool:
        """Whether the limits allow every card to be seen in time."""
        return self.unseen == 0


@dataclass(frozen=True, slots=True)
class Readiness:
    """The whole prediction.

    Attributes:
        today, day: days since 1970-01-01, read by `clock`.
        total: of all cards together; `spread` is how far the simulated lives lie apart.
        decks: of each deck.
        plan: what it takes.
        gains: the cards that gain most from a review now.
        curve: (day, recalled if idle, recalled if kept) from today on.
        is_speed_assumed: the log is too short to tell the person's speed.
        past_error: how far such predictions were off at earlier dates; nothing if the log is too short to tell.
    """

    clock: Clock
    today: int
    day: int
    total: GroupRecall
    spread: float
    decks: dict[str, GroupRecall]
    plan: StudyPlan
    gains: tuple[Gain, ...]
    curve: tuple[tuple[int, float, float], ...]
    is_speed_assumed: bool = False
    past_error: PastError | None = None


def build_empty(collection: Collection, now_ms: int, day: int) -> Readiness:
    """Return the prediction for no cards."""
    today, none = collection.clock.day(now_ms), GroupRecall(0, 0, 0.0, 0.0)
    return Readiness(collection.clock, today, day, none, 0.0, {}, StudyPlan(0, 0, 0.0, 0, 0, 0), (), ())


def predict_readiness(
    collection: Collection,
    now_ms: int,
    day: int,
    only: frozenset[int] | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Readiness:
    """Predict a day, which must lie ahead, for all cards or for `only` some of them.

    The simulated lives are those of the whole collection, with the queue that a review has.
    """
    ahead = read_days_ahead(collection, now_ms, only)
    today, days, cards = ahead.today, day - ahead.today, ahead.find_counted()
    models = _Models(collection)
    lives = []
    for number, seed in enumerate(SEEDS):

        def step(done: int, _all: int, first: int = number * days) -> None:
            if progress:
                progress(first + done, days * len(SEEDS))

        lives.append(ahead.simulate(days, seed=seed, progress=step))
    names = collection.catalog.deck_names()
    groups: dict[str, list[Card]] = defaultdict(list)
    for card in cards:
        groups[names[card.deck]].append(card)
    kept = [[_chance(models, life.cards[card.id], day) for card in cards] for life in lives]
    shares = [fmean(chances) if chances else 0.0 for chances in kept]
    return Readiness(
        collection.clock,
        today,
        day,
        _recall(models, cards, lives, day),
        max(shares) - min(shares),
        {name: _recall(models, group, lives, day) for name, group in sorted(groups.items())},
        _plan(ahead, cards, lives, day, str(collection.clock.date(day))),
        tuple(find_gains(models, cards, today, day)),
        tuple(_curve(models, cards, lives, today, day)),
        ahead.is_speed_assumed,
        _measure_past_error(collection, today, days),
    )


def _measure_past_error(collection: Collection, today: int, days: int) -> PastError | None:
    decks = dict(collection.connection.execute("SELECT id, deck FROM cards"))
    curves = {limit.deck: read_curve(limit.policy.parameters) for limit in collection.limits}
    return measure_past_error(read_ratings(collection.connection), decks, curves, today, days)


class _Models:
    """A quick FSRS model for each deck; decks with the same parameters share one."""

    def __init__(self, collection: Collection) -> None:
        made: dict[tuple[float, ...], QuickModel] = {}
        self._by_deck = {
            limit.deck: made.setdefault(limit.policy.parameters, QuickModel(limit.policy.parameters))
            for limit in collection.limits
        }

    def of(self, card: Card) -> QuickModel:
        return self._by_deck[card.deck]


def _chance(models: _Models, card: Card, day: int) -> float:
    if card.stability is None:
        return 0.0
    return models.of(card).retrievability(card.stability, card.elapsed_days(day))


def _recall(models: _Models, cards: list[Card], lives: Sequence[Simulation], day: int) -> GroupRecall:
    if not cards:
        return GroupRecall(0, 0, 0.0, 0.0)
    idle = fmean(_chance(models, card, day) for card in cards)
    kept = fmean(_chance(models, life.cards[card.id], day) for life in lives for card in cards)
    return GroupRecall(len(cards), sum(card.stability is not None for card in cards), idle, kept)


def _plan(ahead: DaysAhead, cards: list[Card], lives: Sequence[Simulation], day: int, date: str) -> StudyPlan:
    new_left = sum(card.state is State.NEW for card in cards)
    unseen = sum(lives[0].cards[card.id].stability is None for card in cards)
    life = lives[0] if unseen == 0 else _live_towards(ahead, cards, day, date)
    minutes = fmean(done.seconds for done in life.days) / 60
    busiest = max((done.new + done.reviews for done in life.days), default=0)
    top = ahead.limits[0].policy.new_per_day
    return StudyPlan(new_left, new_a_day(new_left, ahead.today, day), minutes, unseen, top, busiest)


def _live_towards(ahead: DaysAhead, cards: list[Card], day: int, date: str) -> Simulation:
    """Simulate what it takes: a deadline for the decks of the cards, and no limit on reviews."""
    decks = {card.deck for card in cards}
    limits = [
        limit._replace(
            policy=replace(
                limit.policy,
                reviews_per_day=_NO_LIMIT,
                deadline=date if limit.deck in decks else limit.policy.deadline,
            )
        )
        for limit in ahead.limits
    ]
    return ahead.simulate(day - ahead.today, limits=limits, known_every=day - ahead.today)


def find_gains(models: _Models, cards: Iterable[Card], today: int, day: int) -> list[Gain]:
    """Find the cards whose recall on the day gains most from a review today; only seen cards, if there are any.

    A review is recalled with the chance that FSRS predicts, and rated Good; else Again.
    """
    found = []
    every = list(cards)
    for card in [card for card in every if card.stability is not None] or every:
        model = models.of(card)
        now = _chance(models, card, day)
        after = model.next_memories(card.memory, card.elapsed_days(today))
        recall = _chance(models, card, today)
        good, again = (
            model.retrievability(after[rating].stability, day - today) for rating in (Rating.GOOD, Rating.AGAIN)
        )
        expected = recall * good + (1 - recall) * again
        found.append(Gain(card.id, now, expected, expected - now))
    return sorted(found, key=lambda each: (-each.gain, each.card))[:_MOST_GAINS]


def _curve(
    models: _Models, cards: list[Card], lives: Sequence[Simulation], today: int, day: int
) -> Iterable[tuple[int, float, float]]:
    if not cards:
        return
    for at in range(today, day, max(1, (day - today) // _CURVE_POINTS)):
        idle = fmean(_chance(models, card, at) for card in cards)
        yield at, idle, fmean(life.known[at - today] for life in lives) / len(cards)
    end = _recall(models, cards, lives, day)
    yield day, end.idle, end.kept
