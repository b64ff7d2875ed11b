from __future__ import annotations

from typing import Any

import pytest

from scheduler import DEFAULT_PARAMETERS, Policy, find_policy_problems
from scheduler.policy import is_leech_lapse


def test_the_defaults_have_no_problem() -> None:
    assert find_policy_problems(Policy()) == []


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("retention", 0.69),
        ("retention", 1.0),
        ("learning_steps", (60, 0)),
        ("relearning_steps", (-1,)),
        ("maximum_interval", 0),
        ("maximum_interval", 36_501),
        ("new_per_day", -1),
        ("reviews_per_day", -1),
        ("leech_threshold", -1),
        ("leech_action", "delete"),
        ("new_order", "backwards"),
        ("review_order", ""),
        ("new_mix", "never"),
        ("parameters", (1.0, 2.0)),
        ("parameters", (-1.0, *DEFAULT_PARAMETERS[1:])),
    ],
)
def test_a_value_that_scheduling_cannot_use_is_named(field: str, value: Any) -> None:
    found = find_policy_problems(Policy(**{field: value}))
    assert [name for name, _ in found] == [field]


def test_every_problem_is_named_not_only_the_first() -> None:
    assert len(find_policy_problems(Policy(retention=2.0, new_per_day=-1, maximum_interval=0))) == 3


@pytest.mark.parametrize(
    ("threshold", "leeches"),
    [(8, [8, 12, 16, 20]), (3, [3, 5, 7, 9, 11, 13, 15, 17, 19]), (1, list(range(1, 21))), (0, [])],
)
def test_a_card_is_a_leech_at_the_threshold_and_again_after_each_half_of_it(threshold: int, leeches: list[int]) -> None:
    assert [lapses for lapses in range(21) if is_leech_lapse(lapses, threshold)] == leeches
