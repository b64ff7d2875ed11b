"""Predict recall on a day, without further reviews and with the plan followed."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from functools import lru_cache
from statistics import fmean
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from flashcards.insight.forecast import DaysAhead, Progress, Sample, continue_progress, ignore_progress, read_days_ahead
from flashcards.insight.predictions import PastError, measure_past_error
from scheduler.fit import predict_recall
from scheduler.log_arrays import Ratings, find_indexes, look_up, read_card_columns, read_card_reals, read_ratings
from scheduler.memory import Model, read_curve
from scheduler.model import Rating
from scheduler.policy import Deadline, compute_new_per_day
from scheduler.tables import ASKABLE

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from flashcards.collection import Collection
    from scheduler.clock import Clock
    from scheduler.log_arrays import Floats, Ints, Mask
    from scheduler.simulate import Simulation


SEEDS: Final = (1, 2, 3)
"""The seeds of the simulated lives."""

_MOST_CARDS: Final = 5_000  # larger collections are sampled
_MOST_GAINS: Final = 10
_LEAST_GAIN: Final = 0.005  # a smaller gain is shown as 0 %
_NO_LIMIT: Final = 1_000_000  # cards per day
_CURVE_POINTS: Final = 60


class GroupRecall(NamedTuple):
    """The share of some cards that is recalled on the day. New cards count as not recalled."""

    cards: int  # how many there are
    seen: int  # number of cards ever rated
    idle: float  # recalled without further reviews, 0 to 1
    kept: float  # recalled if the plan is followed, averaged over all simulated lives


class Gain(NamedTuple):
    """How much a review now raises the probability of recalling a card on the day."""

    card: int
    now: float
    on_day: float
    gain: float


@dataclass(frozen=True, slots=True)
class StudyPlan:
    """The work until the day."""

    new_left: int  # number of new cards
    new_a_day: int  # new cards per day needed to introduce all of them in time
    minutes_a_day: float  # average time for these and their reviews
    unseen: int  # cards that stay new with the current limits
    new_per_day: int  # the limit on new cards of the whole collection
    cards_a_day: int  # new cards and reviews on the busiest day

    @property
    def feasible(self) -> bool:
        """Return whether the limits allow every card to be seen in time."""
        return self.unseen == 0


@dataclass(frozen=True, slots=True)
class Readiness:
    """The complete prediction."""

    clock: Clock
    # today, day: days since 1970-01-01, converted by `clock`
    today: int
    day: int
    total: GroupRecall  # for all cards; `spread` is the distance between the simulated lives
    spread: float
    decks: dict[str, GroupRecall]  # for each deck
    plan: StudyPlan  # the work until the day
    gains: tuple[Gain, ...]  # the cards that gain most from a review now
    curve: tuple[tuple[int, float, float], ...]  # (day, recalled if idle, recalled if kept), from today on
    # the share of the cards in each sample, 0 to 1; each life has a different sample
    sampled: float = 1.0
    is_speed_assumed: bool = False  # whether the log is too short to measure the person's speed
    # the error of such predictions from earlier dates; None if the log is too short
    past_error: PastError | None = None


def build_empty(collection: Collection, now_ms: int, day: int) -> Readiness:
    """Return the prediction for an empty set of cards."""
    today, none = collection.clock.day(now_ms), GroupRecall(0, 0, 0.0, 0.0)
    return Readiness(collection.clock, today, day, none, 0.0, {}, StudyPlan(0, 0, 0.0, 0, 0, 0), (), ())


def predict_readiness(
    collection: Collection,
    now_ms: int,
    day: int,
    only: frozenset[int] | None = None,
    progress: Progress = ignore_progress,
) -> Readiness:
    """Predict a future day, for all cards or for `only` some of them.

    The simulated lives include the whole collection and use the queue of real reviews. Large collections are sampled,
    with a new sample for each life.
    """
    ratings, _ = read_ratings(collection.connection)
    ahead = read_days_ahead(collection, now_ms, only, _MOST_CARDS, len(SEEDS), ratings.answers())
    today, days = ahead.today, day - ahead.today
    pause = max(1, days // _CURVE_POINTS)
    lives = []
    for number, seed in enumerate(SEEDS):
        step = continue_progress(progress, number * days, days * len(SEEDS))
        sample = ahead.samples[number % len(ahead.samples)]
        simulation = ahead.simulate(days, sample=sample, seed=seed, known_every=pause, progress=step)
        lives.append(_Life(sample, simulation))
    cards = _read_states(collection, only)
    estimate = _Estimate.make(cards, lives, day)
    together = np.zeros_like(cards.deck)
    shares = [_Estimate.make(cards, [life], day).recall(cards, together)[0].kept for life in lives]
    (total,) = estimate.recall(cards, together)
    names = collection.catalog.deck_names()
    decks, group = np.unique(cards.deck, return_inverse=True)
    by_name = zip(map(names.__getitem__, decks.tolist()), estimate.recall(cards, group), strict=True)
    return Readiness(
        collection.clock,
        today,
        day,
        total,
        max(shares) - min(shares),
        dict(sorted(by_name)),
        _plan(ahead, cards, lives[0], day, str(collection.clock.date(day))),
        tuple(find_gains(cards, today, day)),
        (*_compute_curve(cards, lives, estimate.slope, range(today, day, pause)), (day, total.idle, total.kept)),
        ahead.sampled,
        ahead.is_speed_assumed,
        _measure_past_error(collection, ratings, today, days),
    )


def _measure_past_error(collection: Collection, ratings: Ratings, today: int, days: int) -> PastError | None:
    cards, decks = read_card_columns(collection.connection, ("id", "deck"))
    deck = look_up(cards, decks, ratings.card)
    curves = {deck.id: read_curve(deck.policy.parameters) for deck in collection.deck_policies}
    return measure_past_error(ratings, deck, curves, today, days)


class _States(NamedTuple):
    """The memory states of cards, in order of id; NaN for new ones. `models` are the FSRS models of decks."""

    card: Ints
    deck: Ints
    last_day: Ints
    stability: Floats
    difficulty: Floats
    models: Mapping[int, Model]

    @property
    def is_seen(self) -> Mask:
        """A mask of the cards that were ever rated."""
        return ~np.isnan(self.stability)

    def where(self, chosen: Mask) -> _States:
        """Keep the cards that a mask selects."""
        card, deck, last_day, stability, difficulty, models = self
        return _States(card[chosen], deck[chosen], last_day[chosen], stability[chosen], difficulty[chosen], models)

    def predict(self, day: int) -> Floats:
        """Compute each card's probability of recall on a day; 0 for new cards."""
        curves = {deck: model.curve for deck, model in self.models.items()}
        return np.nan_to_num(predict_recall(curves, self.deck, self.stability, np.maximum(0, day - self.last_day)))

    def rate(self, rating: Rating, day: int) -> _States:
        """Compute the states after a rating of every card on a day."""
        stability, difficulty = np.empty_like(self.stability), np.empty_like(self.difficulty)
        for model in set(self.models.values()):
            chosen = np.isin(self.deck, [deck for deck, each in self.models.items() if each is model])
            if chosen.any():
                before = self.where(chosen)
                elapsed = np.where(before.is_seen, np.maximum(0, day - before.last_day), 0)
                after = model.rate_all(rating, before.stability, before.difficulty, elapsed)
                stability[chosen], difficulty[chosen] = after.T
        return self._replace(last_day=np.full_like(self.last_day, day), stability=stability, difficulty=difficulty)


def _read_states(collection: Collection, only: frozenset[int] | None) -> _States:
    """Read the memory states of the cards that can be asked, or of `only` some of them."""
    columns = ("id", "deck", "coalesce(last_day, 0)", f"({ASKABLE})")
    card, deck, last_day, is_askable = read_card_columns(collection.connection, columns)
    stability, difficulty = read_card_reals(collection.connection, ("stability", "difficulty"))
    model_of = lru_cache(maxsize=None)(Model)
    models = {deck.id: model_of(deck.policy.parameters) for deck in collection.deck_policies}
    chosen = is_askable == 1
    if only is not None:
        chosen &= np.isin(card, list(only))
    return _States(card, deck, last_day, stability, difficulty, models).where(chosen)


class _Life(NamedTuple):
    """A simulated life: the initial cards and their final states."""

    sample: Sample
    simulation: Simulation

    def find_end(self, models: Mapping[int, Model]) -> _States:
        """Return the final states of the relevant cards."""
        cards = [self.simulation.cards[card] for card in sorted(self.sample.counted)]
        return _States(
            np.array([card.id for card in cards], dtype=np.int64),
            np.array([card.deck for card in cards], dtype=np.int64),
            np.array([card.last_day or 0 for card in cards], dtype=np.int64),
            np.array([card.stability for card in cards], dtype=np.float64),
            np.array([card.difficulty for card in cards], dtype=np.float64),
            models,
        )


@dataclass(frozen=True, slots=True)
class _Estimate:
    """An estimate for all cards from the simulated ones.

    The recall of a group is estimated from its simulated cards. If these would be recalled more or less often than the
    others without reviews, a regression corrects for it.
    """

    idle: Floats  # for all cards, the probability of recall on the day without further reviews
    index: Ints  # for each simulated card, its index among all cards
    kept: Floats  # for each simulated card, the probability of recall if the plan is followed
    slope: float  # how much `kept` grows with `idle`

    @classmethod
    def make(cls, cards: _States, lives: Sequence[_Life], day: int) -> _Estimate:
        """Estimate from some lives."""
        ends = [life.find_end(cards.models) for life in lives]
        idle, kept = cards.predict(day), np.concatenate([end.predict(day) for end in ends])
        index = find_indexes(cards.card, np.concatenate([end.card for end in ends]))
        off = idle[index] - idle[index].mean()
        square = float(off @ off)
        return cls(idle, index, kept, float(off @ kept) / square if square else 0.0)

    def recall(self, cards: _States, group: Ints) -> list[GroupRecall]:
        """Estimate the recall of each group (0, 1, …); one without simulated cards, from all simulated cards."""
        size, simulated = np.bincount(group), np.bincount(group[self.index], minlength=group.max() + 1)
        idle = np.bincount(group, self.idle) / size
        means = []
        for values in (self.kept, self.idle[self.index]):
            sums = np.bincount(group[self.index], values, minlength=size.size)
            means.append(np.where(simulated > 0, sums / np.maximum(simulated, 1), values.mean()))
        kept = np.clip(means[0] + self.slope * (idle - means[1]), 0.0, 1.0)
        columns = (size, np.bincount(group, cards.is_seen).astype(np.int64), idle, kept)
        return [GroupRecall(*row) for row in zip(*(column.tolist() for column in columns), strict=True)]


def _plan(ahead: DaysAhead, cards: _States, life: _Life, day: int, date: str) -> StudyPlan:
    new_left = int((~cards.is_seen).sum())
    asked = [card.id for card in life.sample.find_counted() if card.stability is None]
    left = sum(life.simulation.cards[card].stability is None for card in asked)
    unseen = -(-new_left * left // len(asked)) if asked else 0
    done = life.simulation if unseen == 0 else _live_towards(ahead, set(cards.deck.tolist()), day, date)
    minutes = fmean(each.seconds for each in done.days) / 60
    busiest = max((each.new + each.reviews for each in done.days), default=0)
    top = ahead.deck_policies[0].policy.new_per_day
    rest_days = {deck.id: deck.policy.rest_days for deck in ahead.deck_policies}
    new = Counter(rest_days[deck] for deck in cards.deck[~cards.is_seen].tolist())
    pace = sum(compute_new_per_day(count, ahead.today, Deadline(day, rest)) for rest, count in new.items())
    return StudyPlan(new_left, pace, minutes, unseen, top, busiest)


def _live_towards(ahead: DaysAhead, decks: set[int], day: int, date: str) -> Simulation:
    """Simulate the plan: a deadline for these decks, and no limit on reviews."""
    policies = [
        deck._replace(
            policy=deck.policy._replace(
                reviews_per_day=_NO_LIMIT, deadline=date if deck.id in decks else deck.policy.deadline
            )
        )
        for deck in ahead.deck_policies
    ]
    return ahead.simulate(day - ahead.today, deck_policies=policies, known_every=day - ahead.today)


def find_gains(cards: _States, today: int, day: int) -> list[Gain]:
    """Find the cards whose recall on the day gains most from a review today; only seen cards, if there are any.

    A review succeeds with the probability that FSRS predicts and is then rated Good, otherwise Again.
    """
    chosen = cards.where(cards.is_seen) if cards.is_seen.any() else cards
    now, recall = chosen.predict(day), chosen.predict(today)
    good, again = (chosen.rate(rating, today).predict(day) for rating in (Rating.GOOD, Rating.AGAIN))
    expected = recall * good + (1 - recall) * again
    gain = expected - now
    first = np.lexsort((chosen.card, -gain))[:_MOST_GAINS]
    first = first[gain[first] >= _LEAST_GAIN]
    rows = zip(*(column[first].tolist() for column in (chosen.card, now, expected, gain)), strict=True)
    return [Gain._make(row) for row in rows]


def _compute_curve(
    cards: _States, lives: Sequence[_Life], slope: float, days: Sequence[int]
) -> Iterable[tuple[int, float, float]]:
    """Return the share recalled on the days before the last, without reviews and with the plan followed."""
    starts = [cards.where(np.isin(cards.card, list(life.sample.counted))) for life in lives]
    weights = [sum(life.sample.weights[card] for card in life.sample.counted) for life in lives]
    for number, at in enumerate(days):
        idle = float(cards.predict(at).mean())
        kept = fmean(
            life.simulation.known[number] / weight + slope * (idle - float(start.predict(at).mean()))
            for life, start, weight in zip(lives, starts, weights, strict=True)
        )
        yield at, idle, min(1.0, max(0.0, kept))
