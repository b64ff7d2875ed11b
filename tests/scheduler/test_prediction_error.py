from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import fsrs_rs_python
import numpy as np
import pytest
from fsrs_rs_python import FSRSItem, FSRSReview
from hypothesis import given
from hypothesis import strategies as st

from scheduler import DEFAULT_PARAMETERS, Model
from scheduler.fit import (
    compute_calibration,
    log_loss,
    measure,
    measure_average,
    predict_recall,
    review_bins,
    rmse_bins,
)

histories = st.lists(
    st.tuples(st.integers(1, 4), st.one_of(st.integers(0, 3), st.integers(0, 900))), min_size=2, max_size=40
)


class Predicted(NamedTuple):
    """A review with what precedes it, as fsrs-rs takes it, and as the measures do."""

    item: FSRSItem
    chance: float
    recalled: bool
    elapsed: int
    interday: int
    lapses: int


def predicted_reviews(log: Sequence[tuple[int, int]]) -> list[Predicted]:
    """One for every review of a card's log of (rating, pause) that came a day or more after the last."""
    rs, model = fsrs_rs_python.FSRS(list(DEFAULT_PARAMETERS)), Model()
    reviews = [FSRSReview(rating, pause if place else 0) for place, (rating, pause) in enumerate(log)]
    states = rs.historical_memory_states(FSRSItem(reviews))
    found: list[Predicted] = []
    interday = lapses = 0
    for place, (rating, pause) in enumerate(log):
        if place and pause:
            interday += 1
            chance = model.retrievability(states[place - 1].stability, pause)
            found.append(Predicted(FSRSItem(reviews[: place + 1]), chance, rating > 1, pause, interday, lapses))
            lapses += rating == 1
    return found


def columns(reviews: Sequence[Predicted]) -> tuple[list[float], list[bool], list[int]]:
    elapsed, interday, lapses = ([row[place] for row in reviews] for place in (3, 4, 5))
    bins = review_bins(elapsed, interday, lapses)  # type: ignore[arg-type]  # mypy takes the columns for any field
    return [row.chance for row in reviews], [row.recalled for row in reviews], [int(each) for each in bins]


@given(st.lists(histories, min_size=1, max_size=8))
def test_both_figures_equal_those_of_fsrs_rs(logs: list[list[tuple[int, int]]]) -> None:
    reviews = [row for log in logs for row in predicted_reviews(log)]
    if not reviews:
        return
    judged = fsrs_rs_python.FSRS(list(DEFAULT_PARAMETERS)).evaluate([row.item for row in reviews])
    chances, recalled, bins = columns(reviews)
    # fsrs-rs lets later reviews count for more.
    weights = 0.25 + 0.75 * (np.arange(len(reviews)) / max(1, len(reviews) - 1)) ** 3
    assert log_loss(chances, recalled, weights) == pytest.approx(judged.log_loss, rel=2e-4, abs=1e-6)
    assert rmse_bins(chances, recalled, bins, weights) == pytest.approx(judged.rmse_bins, rel=2e-4, abs=1e-5)


def test_certainty_that_fails_is_dear_but_not_infinitely_so() -> None:
    assert 30 < log_loss([1.0], [False]) < 40
    assert log_loss([1.0, 0.0], [True, False]) == pytest.approx(0.0, abs=1e-12)


def test_log_loss_is_the_mean_surprise() -> None:
    assert log_loss([0.8, 0.6], [True, False]) == pytest.approx(-(math.log(0.8) + math.log(0.4)) / 2)


def test_errors_cancel_within_a_bin_but_not_between_bins() -> None:
    chances, recalled = [0.5, 0.5], [True, False]
    assert rmse_bins(chances, recalled, [7, 7]) == 0.0
    assert rmse_bins(chances, recalled, [7, 8]) == 0.5


@pytest.mark.parametrize(
    ("one", "other", "alike"),
    [
        ((1, 2, 0), (3, 2, 0), True),
        ((3, 2, 0), (4, 2, 0), False),
        ((9, 5, 1), (9, 5, 2), False),
        ((9, 3, 3), (9, 5, 4), True),
    ],
)
def test_similar_reviews_share_a_bin_by_days_reviews_and_lapses(
    one: tuple[int, int, int], other: tuple[int, int, int], alike: bool
) -> None:
    first, second = review_bins(*zip(one, other, strict=True))
    assert bool(first == second) is alike


def test_the_average_is_judged_by_the_same_measures() -> None:
    recalled, bins = [True, True, True, False], [1, 1, 2, 2]
    assert measure_average(recalled, bins) == measure([0.75] * 4, recalled, bins)


def test_no_reviews_cannot_be_measured() -> None:
    with pytest.raises(ValueError, match="no reviews"):
        log_loss([], [])
    with pytest.raises(ValueError, match="no reviews"):
        measure_average([], [])


def test_calibration_counts_every_review_in_the_step_of_its_prediction() -> None:
    steps = compute_calibration([0.0, 0.05, 0.1, 0.95, 1.0, 1.0], [False, True, True, True, True, False])
    assert [step.reviews for step in steps] == [2, 1, 0, 0, 0, 0, 0, 0, 0, 3]
    assert steps[0] == pytest.approx((0.0, 0.1, 2, 0.025, 0.5))
    assert steps[9] == pytest.approx((0.9, 1.0, 3, 2.95 / 3, 2 / 3))
    assert steps[5].predicted == steps[5].recalled == 0


@given(st.floats(0.01, 36_500), st.integers(0, 40_000))
def test_the_forgetting_curve_equals_that_of_the_scheduler(stability: float, days: int) -> None:
    other = Model((*DEFAULT_PARAMETERS[:20], 0.5))
    curves = {2: other.curve}
    found = predict_recall(curves, np.array([1, 2]), np.full(2, stability), np.full(2, days))
    assert found.tolist() == pytest.approx([model.retrievability(stability, days) for model in (Model(), other)])
