from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scheduler.intervals import compute_bounds, fuzz_interval, hash_to_fraction


@pytest.mark.parametrize(
    ("interval", "lower", "upper"),
    # the ranges that Anki gives for these intervals
    [(1.0, 1, 1), (2.49, 2, 2), (2.5, 2, 4), (7.0, 5, 9), (17.0, 14, 20), (20.0, 17, 23), (37.0, 33, 41)],
)
def test_the_range_widens_with_the_interval(interval: float, lower: int, upper: int) -> None:
    assert compute_bounds(interval, 1, 1000) == (lower, upper)


def test_the_range_respects_the_limits() -> None:
    assert compute_bounds(100.0, 101, 1000) == (101, 108)
    assert compute_bounds(100.0, 1, 99) == (92, 99)
    assert compute_bounds(100.0, 5, 3) == (3, 3)


def test_a_minimum_above_two_days_leaves_a_choice_of_two() -> None:
    assert compute_bounds(2.0, 3, 1000) == (3, 4)


def test_without_a_draw_the_interval_is_only_rounded_halves_upwards() -> None:
    assert [fuzz_interval(days, 1, 100, None) for days in (0.1, 1.5, 2.5, 101.0)] == [1, 2, 3, 100]


def test_the_random_draw_covers_exactly_its_range() -> None:
    assert fuzz_interval(7.0, 1, 100, 0.0) == 5
    assert fuzz_interval(7.0, 1, 100, 0.999999) == 9


@given(st.floats(0.1, 40_000), st.integers(1, 40_000), st.integers(1, 36_500), st.floats(0, 1, exclude_max=True))
def test_a_fuzzed_interval_is_within_its_bounds(interval: float, low: int, high: int, drawn: float) -> None:
    lower, upper = compute_bounds(interval, low, high)
    assert min(low, high) <= lower <= upper <= high
    assert lower <= fuzz_interval(interval, low, high, drawn) <= upper


@given(st.integers(0, 2**45), st.integers(0, 10_000))
def test_the_random_draw_depends_only_on_the_card_and_its_repetitions(card: int, reps: int) -> None:
    assert 0 <= hash_to_fraction(card, reps) < 1
    assert hash_to_fraction(card, reps) == hash_to_fraction(card, reps)


def test_neighbouring_cards_are_spread_evenly() -> None:
    days = Counter(fuzz_interval(7.0, 1, 100, hash_to_fraction(1_700_000_000_000 + card, 3)) for card in range(5_000))
    assert set(days) == {5, 6, 7, 8, 9}
    assert all(900 <= count <= 1_100 for count in days.values())


def test_repetitions_of_one_card_are_spread_evenly() -> None:
    days = Counter(fuzz_interval(7.0, 1, 100, hash_to_fraction(1_700_000_000_000, reps)) for reps in range(5_000))
    assert all(900 <= count <= 1_100 for count in days.values())
