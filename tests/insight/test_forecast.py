from __future__ import annotations

from pathlib import Path

from flashcards.collection import Collection, now_ms
from flashcards.insight.forecast import as_json, forecast
from scheduler import Rating
from tests.insight.made import card_ids, collection_of, rate


def with_limits(root: Path, cards: int, text: str) -> Collection:
    collection_of(root, cards).close()
    (root / "flashcards.toml").write_text(text, encoding="utf-8")
    collection = Collection(root)
    collection.scan()
    return collection


def test_new_cards_come_as_the_limits_say_and_only_in_one_of_the_counts(tmp_path: Path) -> None:
    with with_limits(tmp_path / "decks", 12, 'new_per_day = 5\nlearning_steps = ""\n') as collection:
        days = forecast(collection, now_ms(), 4).days
    assert [day.new for day in days] == [5, 5, 2, 0]
    assert [day.reviews for day in days] == [0, 0, 0, 0]
    assert sum(day.with_new for day in days) > 0
    assert all(day.due == 0 for day in days)


def test_what_is_overdue_is_due_today(tmp_path: Path) -> None:
    with collection_of(tmp_path / "decks", 3) as collection:
        first, second, _ = card_ids(collection)
        rate(collection, first, Rating.GOOD, 9)
        rate(collection, second, Rating.EASY, 0)
        found = forecast(collection, now_ms(), 20)
        due_day = collection.store.card(second).due_day
        today = collection.clock.day(now_ms())
    assert found.overdue == 1
    assert found.days[0].due == 1
    assert due_day is not None
    assert found.days[due_day - today].due == 1


def test_some_cards_can_be_looked_at_alone(tmp_path: Path) -> None:
    with collection_of(tmp_path / "decks", 3) as collection:
        first, second, _ = card_ids(collection)
        for card in (first, second):
            rate(collection, card, Rating.GOOD, 9)
        assert forecast(collection, now_ms(), 3, frozenset([first])).days[0].due == 1


def test_the_shape_for_programs_is_stable(tmp_path: Path) -> None:
    with collection_of(tmp_path / "decks", 1) as collection:
        record = as_json(forecast(collection, now_ms(), 2))
    assert list(record) == ["overdue", "days"]
    assert [list(day) for day in record["days"]] == [["date", "due", "reviews", "with_new", "new", "minutes"]] * 2
