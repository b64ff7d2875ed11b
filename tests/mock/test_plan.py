"""Mocks that `flashcards.toml` describes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from flashcards.mock.plan import MockPlan, plan_interview
from flashcards.settings import MockPreset
from tests.review.pty_driver import Terminal
from tests.review.small_collections import write

if TYPE_CHECKING:
    from pathlib import Path

PRESETS = """
[mocks."phone screen"]
query = "tag:asked"
questions = 1
minutes = 3

[mocks.whole]
"""


@pytest.mark.parametrize(
    ("preset", "given", "times"),
    [
        (MockPreset(), MockPreset(), (5, 4.0, 20.0)),
        (MockPreset(), MockPreset(questions=8, minutes=30), (8, 4.0, 30.0)),
        (MockPreset(questions=4, minutes=30), MockPreset(), (4, 7.5, 30.0)),
        (MockPreset(questions=4, minutes=30), MockPreset(questions=2), (2, 7.5, 15.0)),
        (MockPreset(questions=4, minutes=30), MockPreset(per_question=3), (4, 3.0, 12.0)),
        (MockPreset(questions=4, minutes=30), MockPreset(minutes=10), (4, 7.5, 10.0)),
        (MockPreset(per_question=6), MockPreset(), (5, 6.0, 30.0)),
        (MockPreset(questions=3, minutes=20, per_question=5), MockPreset(), (3, 5.0, 20.0)),
    ],
)
def test_options_override_the_preset_and_the_preset_the_defaults(
    preset: MockPreset, given: MockPreset, times: tuple[int, float, float]
) -> None:
    assert plan_interview(preset, given) == MockPlan(*times)


@pytest.mark.slow
def test_a_preset_asks_its_cards_in_its_time(tmp_path: Path) -> None:
    write(tmp_path, deck="Q: How is it asked?\nA: b\n<!-- tags: asked -->\n\nQ: How is it left out?\nA: d\n")
    (tmp_path / "flashcards.toml").write_text(PRESETS, encoding="utf-8")
    with Terminal("-C", str(tmp_path), "mock", "--preset", "phone screen") as terminal:
        terminal.wait_for("Question 1 of 1. 3 min for it, 3 min in all.")
        terminal.wait_for("How is it asked?")


@pytest.mark.slow
def test_an_unknown_preset_is_refused_with_the_nearest_name(tmp_path: Path) -> None:
    write(tmp_path, deck="Q: a\nA: b\n")
    (tmp_path / "flashcards.toml").write_text(PRESETS, encoding="utf-8")
    with Terminal("-C", str(tmp_path), "mock", "--preset", "phone-screen", columns=200) as terminal:
        terminal.wait_for("Did you mean `phone screen`?")
        assert terminal.ended() == 2
