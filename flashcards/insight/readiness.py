"""Predict what is recalled on a day, if nothing more is done or if the plan is kept, and measure past predictions."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, replace
from statistics import fmean
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from flashcards.insight.forecast import read_days_ahead
from scheduler.columns import read_ratings
from scheduler.limits import Deadline, new_a_day
from scheduler.measures import predict_recall
from scheduler.memory import QuickModel, read_curve
from scheduler.model import Rating, State

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from numpy.typing import NDArray

    from flashcards.collection import Collection
    from flashcards.insight.forecast import DaysAhead
    from scheduler.clock import Clock
    from scheduler.columns import Ratings
    from scheduler.memory import Curve
    from scheduler.model import Card
    from scheduler.simulate import Simulation


_LONGEST_DAYS: Final = 60
_SHORTEST_DAYS: Final = 7
_LEAST_DATES: Final = 4
_LEAST_REVIEWS: Final = 20  # after a date, so that it counts
_HALF_LIFE: Final = 3  # dates after which an error counts half
_LIKELY: Final = 1.64  # standard errors on both sides hold nine cases in ten


class PastError(NamedTuple):
    """How far predictions were off.

    Attributes:
        error: the typical distance between the predicted and the actual share of recalled cards, 0 to 1.
        dates: how many earlier dates were looked at.
        reviews: how many reviews the predictions were compared with.
        days: how far ahead of each date.
    """

    error: float
    dates: int
    reviews: int
    days: int

    def find_range(self, share: float, seen: float = 1.0) -> tuple[float, float]:
        """Return the range that holds the actual share in about nine cases of ten, if this part of cards is seen."""
        off = _LIKELY * self.error * seen
        return max(0.0, share - off), min(seen, share + off)


def measure_past_error(
    ratings: Ratings, decks: Mapping[int, int], curves: Mapping[int, Curve], today: int, horizon: int
) -> PastError | None:
    """Compare predictions made at earlier dates with the reviews that followed each of them.

    From each date on, the first review of a card is predicted from the memory state that the card had on the date, and
    nothing later. The error is a root mean square over the dates, recent ones counting more, less the luck of the
    reviews that it is measured by.

    Args:
        ratings: all ratings that count.
        decks: the deck of each card.
        curves: the forgetting curve of each deck.
        today: the day.
        horizon: how many days ahead the prediction is for; dates are as far apart if the log is long enough.

    Returns:
        The error; nothing if the log is too short to tell.
    """
    pairs = _pair_reviews(ratings, decks, curves)
    if not pairs.day.size:
        return None
    span = today - int(pairs.day.min()) + 1
    days = max(_SHORTEST_DAYS, min(horizon, _LONGEST_DAYS, span // _LEAST_DATES))
    found = _measure(pairs, today, days)
    while found is None and days > _SHORTEST_DAYS:
        days = max(_SHORTEST_DAYS, days // 2)
        found = _measure(pairs, today, days)
    return found


class _Pairs(NamedTuple):
    """Reviews of a later day than the rating before: their day, the day of that rating, and what it predicted."""

    day: NDArray[np.int64]
    previous: NDArray[np.int64]
    predicted: NDArray[np.float64]
    recalled: NDArray[np.bool_]


def _measure(pairs: _Pairs, today: int, days: int) -> PastError | None:
    """Measure the error from dates that are this many days apart, if there are enough of them."""
    window = (today - pairs.day) // days
    date = today - (window + 1) * days + 1
    # A card whose state changed within the window is predicted from the state before it only once.
    first = pairs.previous < date
    window, predicted, recalled = window[first], pairs.predicted[first], pairs.recalled[first]
    if not window.size:
        return None
    counts = np.bincount(window)
    enough = counts >= _LEAST_REVIEWS
    if enough.sum() < _LEAST_DATES:
        return None
    count = counts[enough]
    off = (np.bincount(window, recalled - predicted)[enough]) / count
    luck = np.bincount(window, predicted * (1 - predicted))[enough] / count**2
    weights = count * 0.5 ** (np.flatnonzero(enough) / _HALF_LIFE)
    square = float(np.average(off**2 - luck, weights=weights))
    # A smaller error than the luck of all reviews together cannot be told.
    least = float((luck * count**2).sum() / count.sum() ** 2)
    return PastError(max(square, least) ** 0.5, int(enough.sum()), int(count.sum()), days)


def _pair_reviews(ratings: Ratings, decks: Mapping[int, int], curves: Mapping[int, Curve]) -> _Pairs:
    order = np.argsort(ratings.card, kind="stable")
    card, day, stability = ratings.card[order], ratings.day[order], ratings.stability[order]
    later = np.flatnonzero(
        (np.diff(card) == 0)
        & (np.diff(day) > 0)
        & ~np.isnan(stability[:-1])
        & (ratings.state_before[order][1:] != int(State.NEW))
    )
    deck = np.array([decks.get(int(each), -1) for each in card[later]], dtype=np.int64)
    predicted = predict_recall(curves, deck, stability[later], day[later + 1] - day[later])
    recalled = ratings.rating[order][later + 1] > int(Rating.AGAIN)
    return _Pairs(day[later + 1], day[later], predicted, recalled)


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
    rest_days = {limit.deck: limit.policy.rest_days for limit in ahead.limits}
    new = Counter(rest_days[card.deck] for card in cards if card.state is State.NEW)
    pace = sum(new_a_day(count, ahead.today, Deadline(day, rest)) for rest, count in new.items())
    return StudyPlan(new_left, pace, minutes, unseen, top, busiest)


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
