from __future__ import annotations

import pytest

from scheduler.answer import compute_again_delay, compute_good_delay, compute_hard_delay, count_left_after_good

DAY = 86_400
USUAL = (60, 600)


def test_again_goes_back_to_the_first_step() -> None:
    assert compute_again_delay(USUAL) == 60


def test_hard_on_the_first_of_several_steps_is_between_again_and_good() -> None:
    assert compute_hard_delay(USUAL, 2) == 330


def test_hard_on_the_only_step_lasts_one_and_a_half_steps() -> None:
    assert compute_hard_delay((600,), 1) == 900


def test_hard_on_the_only_step_adds_a_day_at_most() -> None:
    assert compute_hard_delay((3 * DAY,), 1) == 4 * DAY


def test_hard_on_a_later_step_repeats_it() -> None:
    assert compute_hard_delay(USUAL, 1) == 600


def test_a_hard_delay_of_more_than_a_day_is_rounded_to_days() -> None:
    assert compute_hard_delay((600, 3 * DAY), 2) == 2 * DAY


def test_good_continues_to_the_next_step() -> None:
    assert compute_good_delay(USUAL, 2) == 600
    assert count_left_after_good(USUAL, 2) == 1


def test_good_on_the_last_step_leaves_the_steps() -> None:
    assert compute_good_delay(USUAL, 1) is None


def test_without_steps_there_is_no_delay() -> None:
    assert compute_again_delay(()) is None
    assert compute_hard_delay((), 1) is None
    assert compute_good_delay((), 1) is None


@pytest.mark.parametrize(("left", "good"), [(9, 600), (0, None)])
def test_the_steps_left_of_a_card_are_limited_to_the_current_steps(left: int, good: int | None) -> None:
    assert compute_good_delay(USUAL, left) == good
