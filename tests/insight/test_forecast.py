from __future__ import annotations

from pathlib import Path

from flashcards.collection import Collection, now_ms
from flashcards.insight.forecast import build_forecast, build_forecast_report
from scheduler import Policy, Rating
from tests.insight.made import DAY_MS, card_ids, collection_of, rate


def with_limits(root: Path, cards: int, text: str) -> Collection:
    collection_of(root, cards).close()
    (root / "flashcards.toml").write_text(text, encoding="utf-8")
    collection = Collection(root)
    collection.scan()
    return collection


def test_new_cards_follow_the_limits_and_are_counted_once(tmp_path: Path) -> None:
    with with_limits(tmp_path / "decks", 12, 'new_per_day = 5\nlearning_steps = ""\n') as collection:
        days = build_forecast(collection, now_ms(), 4).days
    assert [day.new for day in days] == [5, 5, 2, 0]
    assert [day.reviews for day in days] == [0, 0, 0, 0]
    assert sum(day.with_new for day in days) > 0
    assert all(day.due == 0 for day in days)


def test_todays_reviews_reduce_the_limits_for_the_rest_of_the_day(tmp_path: Path) -> None:
    with with_limits(tmp_path / "decks", 12, 'new_per_day = 5\nlearning_steps = ""\n') as collection:
        for card in card_ids(collection)[:3]:
            rate(collection, card, Rating.GOOD, 0)
        assert [day.new for day in build_forecast(collection, now_ms(), 3).days] == [2, 5, 2]


def test_what_is_buried_today_is_expected_tomorrow(tmp_path: Path) -> None:
    with collection_of(tmp_path / "decks", 3) as collection:
        learned, *new = card_ids(collection)
        rate(collection, learned, Rating.GOOD, 9)
        collection.store.bury([learned, *new], collection.clock.day(now_ms()))
        days = build_forecast(collection, now_ms(), 2).days
    assert [(day.reviews, day.new) for day in days] == [(0, 0), (1, 2)]


def test_what_is_overdue_is_due_today(tmp_path: Path) -> None:
    with collection_of(tmp_path / "decks", 3) as collection:
        first, second, _ = card_ids(collection)
        rate(collection, first, Rating.GOOD, 9)
        rate(collection, second, Rating.EASY, 0)
        found = build_forecast(collection, now_ms(), 20)
        due_day = collection.store.card(second).due_day
        today = collection.clock.day(now_ms())
    assert found.overdue == 1
    assert found.days[0].due == 1
    assert due_day is not None
    assert found.days[due_day - today].due == 1


def test_a_card_on_a_step_is_due_today_and_is_expected(tmp_path: Path) -> None:
    with collection_of(tmp_path / "decks", 2) as collection:
        first, second = card_ids(collection)
        collection.store.rate(first, Rating.AGAIN, Policy(), now_ms(), 5000)
        rate(collection, second, Rating.GOOD, 9)
        collection.store.rate(second, Rating.AGAIN, Policy(), now_ms(), 5000)
        assert collection.store.card(first).due_day is None
        today = build_forecast(collection, now_ms(), 2).days[0]
    assert (today.due, today.reviews, today.with_new, today.new) == (2, 2, 2, 0)
    assert today.minutes > 0


def test_a_buried_step_is_asked_when_its_day_is_over(tmp_path: Path) -> None:
    with collection_of(tmp_path / "decks", 1) as collection:
        (card,) = card_ids(collection)
        collection.store.rate(card, Rating.AGAIN, Policy(), now_ms() - 60_000, 5000)
        collection.store.bury([card], collection.clock.day(now_ms()))
        found = build_forecast(collection, now_ms(), 2)
    assert [day.reviews for day in found.days] == [0, 1]


def test_a_step_that_was_left_yesterday_is_overdue(tmp_path: Path) -> None:
    with collection_of(tmp_path / "decks", 1) as collection:
        (card,) = card_ids(collection)
        collection.store.rate(card, Rating.AGAIN, Policy(), now_ms() - DAY_MS, 5000)
        found = build_forecast(collection, now_ms(), 2)
    assert found.overdue == found.days[0].due == found.days[0].reviews == 1


def test_minutes_are_counted_at_the_speed_of_the_person(tmp_path: Path) -> None:
    speeds = []
    for seconds in (1, 50):
        with collection_of(tmp_path / f"decks{seconds}", 40) as collection:
            for number, card in enumerate(card_ids(collection)):
                rate(collection, card, Rating.GOOD, 30, seconds)
                if number < 30:
                    rate(collection, card, Rating.GOOD, 20, seconds)
            days = build_forecast(collection, now_ms(), 60).days
            speeds.append(sum(day.minutes for day in days) / sum(day.reviews for day in days))
    assert speeds[1] > 1.3 * speeds[0] > 0


def test_some_cards_can_be_looked_at_alone(tmp_path: Path) -> None:
    with collection_of(tmp_path / "decks", 3) as collection:
        first, second, _ = card_ids(collection)
        for card in (first, second):
            rate(collection, card, Rating.GOOD, 9)
        assert build_forecast(collection, now_ms(), 3, frozenset([first])).days[0].due == 1


def test_the_shape_for_programs_is_stable(tmp_path: Path) -> None:
    with collection_of(tmp_path / "decks", 1) as collection:
        record = build_forecast_report(build_forecast(collection, now_ms(), 2)).record
    assert list(record) == ["overdue", "days", "speed_assumed"]
    assert [list(day) for day in record["days"]] == [["date", "due", "reviews", "with_new", "new", "minutes"]] * 2
