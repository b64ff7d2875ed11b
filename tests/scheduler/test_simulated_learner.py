from __future__ import annotations

from pathlib import Path

import pytest

from scheduler import Policy, Rating
from scheduler.log_arrays import read_answers
from scheduler.simulated_learner import Learner, estimate_learner
from tests.scheduler.world import DAY, MINUTE, NOW, add, open_store

STEPLESS = Policy(learning_steps=(), relearning_steps=(), fuzz=False)


def test_without_a_log_the_average_habits_are_assumed(tmp_path: Path) -> None:
    found, usual = estimate_learner(read_answers(open_store(tmp_path).connection)), Learner()
    assert found.first == pytest.approx(usual.first, abs=1e-3)  # theirs add up to 1 only to three digits
    assert found.passing == pytest.approx(usual.passing, abs=1e-3)
    assert found.seconds[1] == pytest.approx(usual.seconds[1])


def test_a_simulated_learner_rates_new_cards_as_easy_as_the_log_does(tmp_path: Path) -> None:
    store = open_store(tmp_path)
    for number, card in enumerate(add(store, 300)):
        store.rate(card, Rating.EASY, STEPLESS, NOW + number, duration_ms=2_000)
    found = estimate_learner(read_answers(store.connection))
    assert found.first[3] > 0.9
    assert sum(found.first) == pytest.approx(1)
    assert found.seconds[0][3] == pytest.approx((300 * 2 + 30 * Learner().seconds[0][3]) / 330)


def test_a_short_log_changes_the_learner_little(tmp_path: Path) -> None:
    store = open_store(tmp_path)
    (card,) = add(store)
    store.rate(card, Rating.EASY, STEPLESS, NOW)
    assert estimate_learner(read_answers(store.connection)).first[3] < 0.25


def test_reviews_on_later_days_and_steps_on_the_same_day_are_distinguished(tmp_path: Path) -> None:
    store = open_store(tmp_path)
    for number, card in enumerate(add(store, 100)):
        store.rate(card, Rating.AGAIN, Policy(fuzz=False), NOW + number)
        store.rate(card, Rating.HARD, Policy(fuzz=False), NOW + MINUTE + number)
        store.rate(card, Rating.EASY, Policy(fuzz=False), NOW + 2 * MINUTE + number)
        store.rate(card, Rating.HARD, Policy(fuzz=False), NOW + 20 * DAY + number)
    found = estimate_learner(read_answers(store.connection))
    assert found.learning[0][1] > 0.7  # Hard after Again
    assert found.learning[1][3] > 0.7  # Easy after Hard
    assert found.passing[0] > 0.7
