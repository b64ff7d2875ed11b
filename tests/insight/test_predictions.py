"""How far predictions were off, on logs whose truth is known."""

from __future__ import annotations

import numpy as np
import pytest

from flashcards.insight.predictions import PastError, measure_past_error
from scheduler.log_arrays import Ratings
from scheduler.memory import Curve
from scheduler.model import State

CURVE = Curve(0.2)
EVERY = 10  # days between two reviews of a card, after which 90 % should be recalled


def log(cards: int, days: int, true_chance: float, seed: int = 1) -> Ratings:
    """Cards that are reviewed every ten days, from different days on, and recalled with this chance."""
    chance = np.random.default_rng(seed)
    rows = sorted(
        (day, card, 1 if number and chance.random() > true_chance else 3, int(number > 0) * int(State.REVIEW))
        for card in range(cards)
        for number, day in enumerate(range(card % EVERY, days, EVERY))
    )
    day, card, rating, state = np.array(rows).T
    nothing = np.zeros(day.size, dtype=np.int64)
    stability = np.full(day.size, float(EVERY))
    return Ratings(np.arange(day.size), card, rating, day, nothing, nothing, state, nothing, stability)


def measure(ratings: Ratings, horizon: int = 20, days: int = 200) -> PastError | None:
    return measure_past_error(ratings, np.ones_like(ratings.card), {1: CURVE}, days - 1, horizon)


def test_if_memory_follows_the_model_little_error_remains() -> None:
    found = measure(log(300, 200, 0.9))
    assert found
    assert found.error < 0.02
    assert (found.dates, found.days) == (9, 20)
    assert found.reviews > 2000


@pytest.mark.parametrize("true_chance", [0.8, 0.7])
def test_recall_below_the_prediction_is_reported_with_the_difference(true_chance: float) -> None:
    found = measure(log(300, 200, true_chance))
    assert found
    assert found.error == pytest.approx(0.9 - true_chance, abs=0.03)


def test_chance_in_few_reviews_is_not_counted_as_an_error_of_the_prediction() -> None:
    raw = np.sqrt(0.9 * 0.1 / 40)
    errors = [found.error for seed in range(40) if (found := measure(log(20, 200, 0.9, seed)))]
    assert len(errors) == 40
    assert np.mean(errors) < 0.8 * raw


def test_nine_in_ten_later_windows_are_within_the_range() -> None:
    inside = []
    for seed in range(60):
        chance = 0.9 + np.random.default_rng(seed).normal(0, 0.04)
        ratings = log(200, 220, float(np.clip(chance, 0, 1)), seed)
        found = measure(ratings.where(ratings.day < 200))
        later = ratings.rating[(ratings.day >= 200) & (ratings.state_before > 0)] > 1
        assert found
        low, high = found.find_range(0.9)
        luck = np.sqrt(0.09 / later.size)
        inside.append(low - luck <= later.mean() <= high + luck)
    assert np.mean(inside) >= 0.85


def test_a_short_log_gives_no_past_error() -> None:
    assert measure(log(300, 15, 0.9), days=15) is None
    assert measure(log(3, 200, 0.9)) is None
    assert measure(log(300, 200, 0.9).where(np.zeros(0, dtype=np.int64))) is None


def test_cards_never_seen_are_certainly_not_recalled() -> None:
    low, high = PastError(0.1, 4, 100, 20).find_range(0.45, seen=0.5)
    assert (low, high) == pytest.approx((0.368, 0.5))


def test_a_log_too_short_for_the_horizon_is_measured_over_fewer_days() -> None:
    ratings = log(40, 60, 0.9)
    found = measure(ratings, horizon=60, days=60)
    assert found
    assert 7 <= found.days < 20


def test_reviews_dated_in_the_future_are_not_measured_yet() -> None:
    ratings = log(300, 200, 0.9)
    ahead = ratings._replace(day=ratings.day + 300)
    assert measure(ahead) is None
    assert measure(ratings.join(ahead.where(ahead.day > 480))) == measure(ratings)
