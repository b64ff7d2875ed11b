from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scheduler import DEFAULT_PARAMETERS, Card, Model, Policy, Rating, State, compute_outcomes
from scheduler.answer import compute_outcome
from tests.scheduler.world import CLOCK, DAY, MINUTE, NOW, PLAIN, TODAY, a_card

DAY_SECONDS = 86_400


def reviewed(stability: float = 10.0, elapsed: int = 10, interval_days: int = 10, reps: int = 3) -> Card:
    last = TODAY - elapsed
    return a_card(
        state=State.REVIEW,
        due_day=last + interval_days,
        stability=stability,
        difficulty=5.0,
        last_day=last,
        last_ms=NOW - elapsed * DAY,
        interval=interval_days * DAY_SECONDS,
        reps=reps,
    )


def relearning(left: int = 1) -> Card:
    return reviewed()._replace(state=State.RELEARNING, due_day=None, due_ms=NOW, steps_left=left, interval=600)


def test_a_new_card_starts_on_its_steps() -> None:
    result = compute_outcomes(a_card(), PLAIN, NOW, CLOCK)
    assert [(o.state, o.interval_seconds, o.steps_left) for o in result[:3]] == [
        (State.LEARNING, 60, 2),
        (State.LEARNING, 330, 2),
        (State.LEARNING, 600, 1),
    ]
    assert result.good.due_ms == NOW + 10 * MINUTE
    assert result.good.due_day is None


def test_easy_on_a_new_card_goes_straight_to_review() -> None:
    easy = compute_outcomes(a_card(), PLAIN, NOW, CLOCK).easy
    assert (easy.state, easy.due_day, easy.due_ms, easy.interval_seconds) == (
        State.REVIEW,
        TODAY + 8,
        None,
        8 * DAY_SECONDS,
    )


def test_good_on_the_last_step_goes_to_review() -> None:
    card = a_card(state=State.LEARNING, steps_left=1, stability=2.3, difficulty=2.1, last_day=TODAY, last_ms=NOW)
    good = compute_outcomes(card, PLAIN, NOW, CLOCK).good
    assert (good.state, good.due_day) == (State.REVIEW, TODAY + 2)


def test_without_learning_steps_a_card_goes_to_review_immediately() -> None:
    result = compute_outcomes(a_card(), PLAIN._replace(learning_steps=()), NOW, CLOCK)
    assert [o.state for o in result[1:]] == [State.REVIEW] * 3


def test_without_steps_an_interval_shorter_than_half_a_day_stays_within_the_day() -> None:
    again = compute_outcomes(a_card(), PLAIN._replace(learning_steps=()), NOW, CLOCK).again
    assert again.state is State.LEARNING
    assert again.interval_seconds == int(0.212 * DAY_SECONDS)


@pytest.mark.parametrize("without", [(17,), (18,), (17, 18, 19)])
def test_without_steps_and_without_short_term_parameters_a_card_never_stays_within_the_day(
    without: tuple[int, ...],
) -> None:
    parameters = tuple(0.0 if number in without else value for number, value in enumerate(DEFAULT_PARAMETERS))
    for values in (parameters, DEFAULT_PARAMETERS[:17]):
        policy = Policy(learning_steps=(), relearning_steps=(), fuzz=False, parameters=values)
        forgotten = a_card(state=State.REVIEW, stability=0.3, difficulty=9.0, last_day=TODAY - 1, interval=86_400)
        for card in (a_card(), forgotten):
            again = compute_outcomes(card, policy, NOW, CLOCK).again
            assert (again.state, again.interval_seconds) == (State.REVIEW, 86_400)


def test_a_lapse_sends_the_card_back_to_relearning() -> None:
    again = compute_outcomes(reviewed(), PLAIN, NOW, CLOCK).again
    assert (again.state, again.due_ms, again.steps_left) == (State.RELEARNING, NOW + 10 * MINUTE, 1)


def test_a_lapse_without_relearning_steps_takes_the_interval_after_a_lapse() -> None:
    result = compute_outcomes(reviewed(stability=100.0, elapsed=100), PLAIN._replace(relearning_steps=()), NOW, CLOCK)
    assert result.again.state is State.REVIEW
    assert result.again.interval_seconds == round(result.again.memory.stability) * DAY_SECONDS


def test_a_lapse_without_relearning_steps_never_exceeds_the_maximum_interval() -> None:
    policy = PLAIN._replace(relearning_steps=(), maximum_interval=3)
    assert compute_outcomes(reviewed(1000.0, 0), policy, NOW, CLOCK).again.interval_seconds == 3 * DAY_SECONDS


def test_good_after_relearning_goes_back_to_review() -> None:
    assert compute_outcomes(relearning(), PLAIN, NOW, CLOCK).good.state is State.REVIEW


def test_again_while_relearning_repeats_the_step() -> None:
    again = compute_outcomes(relearning(), PLAIN, NOW, CLOCK).again
    assert (again.state, again.interval_seconds) == (State.RELEARNING, 600)


def test_a_step_that_reaches_past_the_rollover_is_due_on_a_day() -> None:
    policy = PLAIN._replace(learning_steps=(60, 20 * 3600))
    good = compute_outcomes(a_card(), policy, NOW, CLOCK).good
    assert (good.state, good.due_day, good.due_ms, good.interval_seconds) == (
        State.LEARNING,
        TODAY + 1,
        None,
        DAY_SECONDS,
    )


def test_a_step_of_days_is_due_that_many_days_on() -> None:
    policy = PLAIN._replace(learning_steps=(60, 3 * DAY_SECONDS))
    good = compute_outcomes(a_card(), policy, NOW, CLOCK).good
    assert (good.due_day, good.interval_seconds) == (TODAY + 3, 3 * DAY_SECONDS)


def test_no_interval_exceeds_the_maximum() -> None:
    policy = PLAIN._replace(maximum_interval=7)
    assert [o.interval_seconds for o in compute_outcomes(reviewed(500.0, 500), policy, NOW, CLOCK)[1:]] == [
        7 * DAY_SECONDS
    ] * 3


def test_no_fuzz_makes_a_growing_interval_as_short_as_the_last_one() -> None:
    for reps in range(200):
        card = reviewed(stability=40.0, elapsed=20, interval_days=60, reps=reps)
        hard = compute_outcomes(card, Policy(), NOW, CLOCK).hard
        assert hard.interval_seconds > 60 * DAY_SECONDS  # 64.7 days unfuzzed, 59 to 70 fuzzed


def test_a_card_rated_in_the_future_by_a_wrong_clock_counts_as_rated_today() -> None:
    tomorrow = reviewed()._replace(last_day=TODAY + 30)
    today = reviewed()._replace(last_day=TODAY)
    assert compute_outcomes(tomorrow, PLAIN, NOW, CLOCK) == compute_outcomes(today, PLAIN, NOW, CLOCK)


cards = st.builds(
    reviewed,
    stability=st.floats(0.01, 30_000),
    elapsed=st.integers(0, 3_000),
    interval_days=st.integers(1, 3_000),
    reps=st.integers(1, 500),
)
policies = st.builds(
    Policy()._replace,
    retention=st.floats(0.7, 0.99),
    learning_steps=st.sampled_from([(), (60, 600), (600,), (60, 86_400), (172_800,)]),
    relearning_steps=st.sampled_from([(), (600,), (86_400,)]),
    maximum_interval=st.sampled_from([4, 100, 36_500]),
    fuzz=st.booleans(),
)


@given(cards, policies)
def test_each_better_rating_adds_at_least_a_day_up_to_the_maximum_interval(card: Card, policy: Policy) -> None:
    _, hard, good, easy = (
        outcome.interval_seconds // DAY_SECONDS for outcome in compute_outcomes(card, policy, NOW, CLOCK)
    )
    assert hard >= 1
    assert good == policy.maximum_interval or good > hard
    assert easy == policy.maximum_interval or easy > good
    assert easy <= policy.maximum_interval


@given(cards, policies, st.sampled_from(State))
def test_an_outcome_is_due_either_within_the_day_or_on_a_later_day(card: Card, policy: Policy, state: State) -> None:
    card = card._replace(state=state, steps_left=1 if state in (State.LEARNING, State.RELEARNING) else 0)
    for outcome in compute_outcomes(card, policy, NOW, CLOCK):
        if outcome.due_ms is None:
            assert outcome.due_day == TODAY + outcome.interval_seconds // DAY_SECONDS
            assert outcome.interval_seconds % DAY_SECONDS == 0
            assert outcome.interval_seconds > 0
        else:
            assert outcome.due_day is None
            assert outcome.state in (State.LEARNING, State.RELEARNING)
            assert outcome.due_ms < CLOCK.start_of(TODAY + 1)


@given(cards, policies)
def test_the_same_card_at_the_same_instant_gives_the_same_outcomes(card: Card, policy: Policy) -> None:
    assert compute_outcomes(card, policy, NOW, CLOCK) == compute_outcomes(card, policy, NOW, CLOCK)
    assert compute_outcomes(card, policy, NOW, CLOCK).of(Rating.GOOD) == compute_outcomes(card, policy, NOW, CLOCK).good


@pytest.mark.parametrize("card", [a_card(), reviewed(), reviewed(elapsed=0), relearning()])
@pytest.mark.parametrize("rating", Rating)
def test_the_outcome_of_one_rating_is_that_among_all(card: Card, rating: Rating) -> None:
    model = Model(PLAIN.parameters)
    alone = compute_outcome(card, rating, PLAIN, NOW, CLOCK, model)
    assert alone == compute_outcomes(card, PLAIN, NOW, CLOCK, model).of(rating)
