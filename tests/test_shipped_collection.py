"""The shipped folder as a collection: nothing to advise, and mock interviews that find enough to ask."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from flashcards.check import find_advice
from flashcards.collection import Collection
from flashcards.query import find_card_ids
from flashcards.settings import load_settings

DECKS = Path(__file__).parents[1] / "decks"
PRESETS = load_settings(DECKS).mocks
OWN_STORIES = "my-stories"
ROUNDS = ("phone-screen", "program-sense", "technical", "behavioural", "leadership", "final-loop")


@pytest.fixture(scope="module")
def collection(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Collection]:
    folder = tmp_path_factory.mktemp("shipped") / "decks"
    shutil.copytree(DECKS, folder, ignore=shutil.ignore_patterns(".flashcards"))
    with Collection(folder) as opened:
        opened.scan()
        yield opened


def test_the_shipped_decks_give_no_cause_for_advice(collection: Collection) -> None:
    assert find_advice(collection) == []


def test_twelve_mocks_ship_with_a_round_of_each_kind() -> None:
    assert len(set(PRESETS) - {OWN_STORIES}) == 12
    assert set(ROUNDS) < set(PRESETS)


@pytest.mark.parametrize("name", sorted(set(PRESETS) - {OWN_STORIES}))
def test_a_mock_has_twice_as_many_scenarios_to_draw_from_as_it_asks(collection: Collection, name: str) -> None:
    preset = PRESETS[name]
    assert preset.questions
    found = find_card_ids(collection, f"({preset.query}) (tag:scenario or tag:behavioural)")
    assert len(found) >= 2 * preset.questions


@pytest.mark.parametrize("name", sorted(PRESETS))
def test_a_mock_gives_each_question_the_time_of_a_real_answer(name: str) -> None:
    preset = PRESETS[name]
    assert preset.questions
    assert preset.minutes
    assert 4 <= preset.minutes / preset.questions <= 25


def test_stories_are_asked_once_they_are_filled_in(collection: Collection) -> None:
    assert find_card_ids(collection, PRESETS[OWN_STORIES].query) == []
    stories = collection.root / "tpm" / "my-stories.md"
    stories.write_text(stories.read_text(encoding="utf-8").replace("```markdown\n", "").replace("```\n", ""), "utf-8")
    collection.scan()
    assert len(find_card_ids(collection, PRESETS[OWN_STORIES].query)) >= 8
