from __future__ import annotations

import numpy as np
import pytest

from scheduler import DEFAULT_PARAMETERS, Memory
from scheduler.fit import LEAST_REVIEWS, TooFewReviews, TrainingSet, build_training_set, fit, fit_parameters
from scheduler.memory import Model
from tests.scheduler.learners import FORGETFUL, JOSH, josh, log_of, simulated
from tests.scheduler.world import replay

DAY_MS = 86_400_000


def days(*reviews: tuple[int, int], card: int = 1) -> list[tuple[int, int, int, int]]:
    """Rows of one card of (rating, day)."""
    return [(day * DAY_MS + number * 1000 + card, card, rating, day) for number, (rating, day) in enumerate(reviews)]


def test_only_reviews_of_a_later_day_are_predicted() -> None:
    found = build_training_set(log_of(days((3, 1), (1, 1), (3, 4), (3, 4), (1, 9))))
    assert found.elapsed.tolist() == [3, 5]
    assert found.recalled.tolist() == [True, False]


def test_reviews_are_in_the_order_of_time_whatever_the_card() -> None:
    found = build_training_set(log_of(days((3, 1), (3, 9), card=1) + days((3, 2), (3, 5), (3, 12), card=2)))
    assert found.card.tolist() == [2, 1, 2]


def test_the_chance_predicted_is_the_retrievability_before_the_review() -> None:
    model = Model()
    (first, second) = replay(model, [(3, 1), (2, 6)])
    found = build_training_set(log_of(days((3, 1), (2, 6), (3, 20)))).predict(DEFAULT_PARAMETERS)
    expected = [model.retrievability(first.stability, 5), model.retrievability(second.stability, 14)]
    assert found.tolist() == pytest.approx(expected, rel=1e-4)


def test_a_card_whose_beginning_is_lost_is_left_out() -> None:
    log = log_of(days((3, 1), (3, 9), card=1) + days((3, 2), (3, 5), card=2))
    no_beginning = log._replace(before=np.where(log.card == 1, 2, log.before))
    assert set(build_training_set(no_beginning).card.tolist()) == {2}
    stated = {int(log.at_ms[0]): Memory(5.0, 5.0)}
    assert set(
        build_training_set(log._replace(kind=np.where(log.at_ms == log.at_ms[0], 4, log.kind)), stated).card
    ) == {2}


def test_cards_first_learnt_before_a_date_are_left_out() -> None:
    log = log_of(days((3, 1), (3, 9), card=1) + days((3, 2), (3, 5), card=2))
    assert set(build_training_set(log, ignore_before_ms=2 * DAY_MS).card.tolist()) == {2}


def test_an_empty_log_has_no_training_set() -> None:
    with pytest.raises(TooFewReviews) as raised:
        fit(build_training_set(log_of([])))
    assert raised.value.reviews == 0


def test_few_reviews_are_refused() -> None:
    few = build_training_set(simulated(200, 100, DEFAULT_PARAMETERS)).where(slice(0, LEAST_REVIEWS - 1))
    assert len(few) == LEAST_REVIEWS - 1
    with pytest.raises(TooFewReviews):
        fit(few)


@pytest.fixture(scope="module")
def forgetful() -> TrainingSet:
    return build_training_set(simulated(400, 300, FORGETFUL))


def test_who_forgets_faster_than_most_is_predicted_better_by_fitted_parameters(forgetful: TrainingSet) -> None:
    found = fit(forgetful)
    assert found.is_better
    assert found.fitted.log_loss < found.current.log_loss
    truth = forgetful.measure(FORGETFUL).log_loss
    assert forgetful.measure(found.parameters).log_loss < truth + 0.005


def test_an_earlier_fit_to_the_same_reviews_is_kept(forgetful: TrainingSet) -> None:
    first = fit(forgetful)
    again = fit(forgetful, first.parameters)
    assert not again.is_better
    assert again.parameters == first.parameters


def test_an_earlier_fit_is_replaced_when_new_reviews_differ(forgetful: TrainingSet) -> None:
    strong = tuple(value * (2.5 if number < 4 else 1.0) for number, value in enumerate(DEFAULT_PARAMETERS))
    assert fit(forgetful, strong).is_better


def test_the_defaults_replace_worse_parameters_if_fitting_finds_no_better_ones() -> None:
    usual = build_training_set(simulated(400, 300, DEFAULT_PARAMETERS, seed=3)).where(slice(0, 600))
    found = fit(usual, FORGETFUL)
    assert found.fitted.log_loss >= found.defaults.log_loss
    assert found.defaults.log_loss < found.current.log_loss
    assert (found.taken, found.parameters, found.is_better) == ("defaults", DEFAULT_PARAMETERS, True)
    assert fit(usual).taken == "current"


def test_the_fewer_reviews_the_nearer_the_parameters_are_to_the_defaults(forgetful: TrainingSet) -> None:
    def distance(reviews: TrainingSet) -> float:
        return abs(fit_parameters(reviews)[2] - DEFAULT_PARAMETERS[2])

    assert distance(forgetful.where(slice(0, 60))) < distance(forgetful)


@pytest.mark.skipif(not JOSH.is_file(), reason="the real log is not at hand")
def test_real_learners_are_predicted_as_well_as_by_any_known_method() -> None:
    reviews = build_training_set(josh())
    found = fit(reviews)
    assert len(reviews) == 6276
    assert (round(found.current.log_loss, 4), round(found.current.rmse_bins, 3)) == (0.4513, 0.067)
    assert found.fitted.log_loss <= 0.4488
    assert found.fitted.rmse_bins <= 0.060
