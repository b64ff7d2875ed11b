"""What is simulated is the whole collection, with the queue that a review has."""

from __future__ import annotations

from pathlib import Path

import pytest

from flashcards.collection import Collection, find_session_policy, now_ms
from flashcards.insight.forecast import ASSUMED_SPEED, build_forecast, build_forecast_report, read_days_ahead
from flashcards.insight.readiness import predict_readiness
from flashcards.insight.readiness_report import describe_readiness
from flashcards.insight.workload import build_workload_report, compare_retentions
from flashcards.query import find_card_ids
from scheduler import Clock, Rating, State, count_by_deck
from tests.insight.made import card_ids, collection_of, rate


def pairs(count: int, name: str) -> str:
    return "".join(f"Q: {name} {number}\nA: answer {number}\n\n" for number in range(count))


def two_decks(root: Path, settings: str = "", first: str = "", second: str = "") -> Collection:
    """Forty pairs in `a.md`, ten in `z.md`."""
    root.mkdir()
    (root / "flashcards.toml").write_text(settings, encoding="utf-8")
    (root / "a.md").write_text(first + pairs(40, "a"), encoding="utf-8")
    (root / "z.md").write_text(second + pairs(10, "z"), encoding="utf-8")
    collection = Collection(root)
    collection.scan()
    return collection


def deadline(days: int) -> str:
    clock = Clock()
    return f"---\ndeadline: {clock.date(clock.day(now_ms()) + days)}\n---\n"


def only(collection: Collection, query: str) -> frozenset[int]:
    return frozenset(find_card_ids(collection, query))


def test_a_forecast_of_one_deck_counts_what_the_limits_leave_it(tmp_path: Path) -> None:
    with two_decks(tmp_path / "decks", "new_per_day = 10\n") as collection:
        days = build_forecast(collection, now_ms(), 6, only(collection, "deck:z")).days
        due = count_by_deck(
            collection.store, collection.deck_policies, now_ms(), session_policy=find_session_policy(collection)
        )
    assert [day.new for day in days] == [0, 0, 0, 0, 10, 0]  # the forty of `a` come first
    assert sum(count.new for count in due.values()) == 10


def test_a_deck_that_is_never_asked_is_as_ready_as_unseen_cards(tmp_path: Path) -> None:
    with two_decks(tmp_path / "decks", "new_per_day = 2\n") as collection:
        at = now_ms()
        found = predict_readiness(collection, at, collection.clock.day(at) + 10, only(collection, "deck:z"))
    assert found.total.kept == 0
    assert found.plan.unseen == 10


def test_the_readiness_of_a_deck_with_a_deadline_counts_its_reserved_cards(tmp_path: Path) -> None:
    with two_decks(tmp_path / "decks", "new_per_day = 2\n", second=deadline(13)) as collection:
        at = now_ms()
        found = predict_readiness(collection, at, collection.clock.day(at) + 13, only(collection, "deck:z"))
        new = count_by_deck(collection.store, collection.deck_policies, at)
    assert found.total.kept > 0.8
    assert found.plan.feasible
    assert sorted(count.new for count in new.values() if count.new) == [1, 1]


def test_the_new_cards_of_a_forecast_are_those_that_are_due_today(tmp_path: Path) -> None:
    with two_decks(tmp_path / "decks", "new_per_day = 7\n", first=deadline(8)) as collection:
        today = build_forecast(collection, now_ms(), 1).days[0]
        due = count_by_deck(collection.store, collection.deck_policies, now_ms())
    assert today.new == sum(count.new for count in due.values()) == 8


def test_a_sample_keeps_the_limits_and_its_question(tmp_path: Path) -> None:
    with two_decks(tmp_path / "decks", "new_per_day = 4\n") as collection:
        ahead = read_days_ahead(collection, now_ms(), only(collection, "deck:z"), most=10)
        (sample,) = ahead.samples
        assert (len(sample.counted), ahead.sampled) == (10, 1)
        assert len(sample.cards) == 20
        lived = ahead.simulate(14)
    first = [day for day, done in enumerate(lived.days) if done.new]
    assert first == [10, 11, 12]  # forty other cards take ten days
    assert [lived.days[day].new for day in first] == [4, 4, 2]


def learn_some(collection: Collection) -> None:
    """Give three cards in four a first rating, and half of them a second one."""
    for number, card in enumerate(card_ids(collection)):
        if number % 4:
            rate(collection, card, Rating.GOOD if number % 3 else Rating.HARD, 12 + number % 9)
        if number % 4 > 1:
            rate(collection, card, Rating.AGAIN if number % 5 == 0 else Rating.GOOD, number % 7)


@pytest.mark.parametrize("limits", ["new_per_day = 2\nreviews_per_day = 4\n", "new_per_day = 100\n"])
def test_a_sample_predicts_what_the_whole_collection_does(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, limits: str
) -> None:
    collection_of(tmp_path / "decks", 240).close()
    (tmp_path / "decks" / "flashcards.toml").write_text(limits, encoding="utf-8")
    with Collection(tmp_path / "decks") as collection:
        learn_some(collection)
        at = now_ms()
        day = collection.clock.day(at) + 30
        whole = predict_readiness(collection, at, day)
        monkeypatch.setattr("flashcards.insight.readiness._MOST_CARDS", 40)
        sampled = predict_readiness(collection, at, day)
    assert whole.sampled == 1.0
    assert sampled.sampled == pytest.approx(1 / 6)
    assert sampled.total._replace(kept=0) == whole.total._replace(kept=0)
    assert sampled.total.kept == pytest.approx(whole.total.kept, abs=0.02)
    assert sampled.plan.new_left == whole.plan.new_left == 60
    assert sampled.plan.unseen == pytest.approx(whole.plan.unseen, abs=6)
    assert 0.4 < sampled.plan.minutes_a_day / whole.plan.minutes_a_day < 2.5
    assert sampled.gains == whole.gains
    for one, other in zip(sampled.curve, whole.curve, strict=True):
        assert one == pytest.approx(other, abs=0.03)
    assert "contained one card in 6" in " ".join(describe_readiness(sampled))


def test_each_life_of_a_sample_holds_other_cards_and_whole_notes(tmp_path: Path) -> None:
    with two_decks(tmp_path / "decks") as collection:
        ahead = read_days_ahead(collection, now_ms(), most=10, lives=3)
    held = [sample.counted for sample in ahead.samples]
    assert len(frozenset.union(*held)) == sum(map(len, held)) == 30
    assert {weight for sample in ahead.samples for weight in sample.weights.values()} == {5}


def test_without_a_log_the_speed_is_reported_as_assumed(tmp_path: Path) -> None:
    with collection_of(tmp_path / "decks", 5) as collection:
        at = now_ms()
        forecast = build_forecast_report(build_forecast(collection, at, 3))
        workload = build_workload_report(compare_retentions(collection, at, 3, (0.9,)))
        ready = predict_readiness(collection, at, collection.clock.day(at) + 3)
    for report in (forecast, workload):
        assert ASSUMED_SPEED in report.text
        assert report.record["speed_assumed"] is True
    assert ASSUMED_SPEED in describe_readiness(ready)


def test_with_a_log_nothing_is_assumed(tmp_path: Path) -> None:
    with collection_of(tmp_path / "decks", 40) as collection:
        for card in card_ids(collection):
            rate(collection, card, Rating.GOOD, 3)
        report = build_forecast_report(build_forecast(collection, now_ms(), 3))
    assert ASSUMED_SPEED not in report.text
    assert report.record["speed_assumed"] is False


@pytest.mark.parametrize("kind", ["rubric", "scenario"])
def test_cards_answered_at_length_have_their_own_speed(tmp_path: Path, kind: str) -> None:
    root = tmp_path / "decks"
    root.mkdir()
    tag = " <!-- tags: scenario -->" if kind == "scenario" else ""
    points = "- [ ] first\n- [ ] second\n" if kind == "rubric" else "at length\n"
    (root / "a.md").write_text(f"Q: long{tag}\nA:\n{points}\nQ: short\nA: b\n", encoding="utf-8")
    with Collection(root) as collection:
        collection.scan()
        long, short = card_ids(collection)
        learner = read_days_ahead(collection, now_ms()).learner
        assert learner.estimate_seconds(collection.store.card(long), Rating.GOOD) == 240
        assert learner.estimate_seconds(collection.store.card(short), Rating.GOOD) < 60
        for days_ago in (40, 30, 20, 10, 0):
            rate(collection, long, Rating.GOOD, days_ago, seconds=60)
        learner = read_days_ahead(collection, now_ms()).learner
        assert learner.estimate_seconds(collection.store.card(long), Rating.GOOD) == 150
        assert collection.store.card(short).state is State.NEW


def test_the_time_of_spoken_answers_is_a_setting_until_the_log_shows_it(tmp_path: Path) -> None:
    (tmp_path / "a.md").write_text("Q: long <!-- tags: scenario -->\nA: b\n", encoding="utf-8")
    (tmp_path / "flashcards.toml").write_text("spoken_minutes = 1.5\n", encoding="utf-8")
    with Collection(tmp_path) as collection:
        collection.scan()
        (long,) = card_ids(collection)
        learner = read_days_ahead(collection, now_ms()).learner
        assert learner.estimate_seconds(collection.store.card(long), Rating.GOOD) == 90
