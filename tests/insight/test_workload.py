from __future__ import annotations

from pathlib import Path

import pytest

from flashcards.collection import Collection, now_ms
from flashcards.insight.workload import Comparison, compare_retentions, find_cheapest, give_advice
from tests.insight.made import collection_of


def made(root: Path, cards: int = 60) -> Collection:
    collection_of(root, cards).close()
    (root / "flashcards.toml").write_text("new_per_day = 10\n", encoding="utf-8")
    collection = Collection(root)
    collection.scan()
    return collection


@pytest.fixture
def found(tmp_path: Path) -> Comparison:
    with made(tmp_path / "decks") as collection:
        return compare_retentions(collection, now_ms(), 120, (0.75, 0.9, 0.95))


def test_a_higher_retention_costs_more_reviews_and_knows_more(found: Comparison) -> None:
    low, middle, high = found.workloads
    assert low.reviews < middle.reviews < high.reviews
    assert low.minutes < middle.minutes < high.minutes
    assert low.known < middle.known < high.known <= 60
    assert {each.new for each in found.workloads} == {60}
    assert len(low.by_month) == 4


def test_the_limits_of_the_settings_hold(tmp_path: Path) -> None:
    with made(tmp_path / "decks") as collection:
        (only,) = compare_retentions(collection, now_ms(), 3, (0.9,)).workloads
    assert only.new == 30


def test_other_retentions_are_compared_with_that_of_the_settings(tmp_path: Path) -> None:
    collection_of(tmp_path, 20).close()
    (tmp_path / "flashcards.toml").write_text("retention = 0.8\n", encoding="utf-8")
    with Collection(tmp_path) as collection:
        found = compare_retentions(collection, now_ms(), 60, (0.8, 0.95))
    assert found.current == 0.8
    assert [line.partition(":")[0] for line in give_advice(found)[1:]] == ["95% instead of 80%"]


def test_no_retention_is_recommended_without_its_price(found: Comparison) -> None:
    said = give_advice(found)
    assert "minutes a day and" in said[0]
    assert "not a goal" in said[0]
    assert not any("optimal" in line or "best" in line for line in said)
    assert len(said) == 3
    assert all("minutes a day" in line and "cards known" in line for line in said)
    assert find_cheapest(found) in found.workloads


def test_many_cards_are_sampled_and_the_sums_represent_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("flashcards.insight.workload._MOST_CARDS", 20)
    with made(tmp_path / "decks") as collection:
        sampled = compare_retentions(collection, now_ms(), 60, (0.9,))
        monkeypatch.undo()
        whole = compare_retentions(collection, now_ms(), 60, (0.9,))
    assert sampled.sampled == pytest.approx(1 / 3)
    assert sampled.workloads[0].new == whole.workloads[0].new == 60
    assert sampled.workloads[0].known == pytest.approx(whole.workloads[0].known, rel=0.2)
