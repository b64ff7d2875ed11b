from __future__ import annotations

from pathlib import Path

import pytest

from flashcards.collection import now_ms
from flashcards.insight.overview import Overview, Recall, build_overview
from flashcards.insight.report import Bars, Calendar
from flashcards.insight.stats_report import build_record, build_stats_report
from scheduler import DEFAULT_PARAMETERS, Memory, Model, Rating, State
from tests.insight.made import card_ids, collection_of, rate, small
from tests.scheduler.world import put


@pytest.fixture
def found(tmp_path: Path) -> Overview:
    with small(tmp_path / "decks") as collection:
        return build_overview(collection, now_ms(), 14, None)


def test_today_counts_what_was_done_since_the_day_began(found: Overview) -> None:
    assert (found.now.reviews, found.now.new, found.now.again, found.now.seconds) == (2, 0, 1, 60.0)


def test_each_day_of_the_period_is_listed_even_without_reviews(found: Overview) -> None:
    assert [day.reviews for day in found.activity.days] == [0, 0, 0, 2, 0, 0, 0, 0, 2, 0, 0, 0, 0, 2]
    assert [day.new for day in found.activity.days] == [0, 0, 0, 2] + [0] * 10


def test_only_reviews_of_learnt_cards_count_for_retention(found: Overview) -> None:
    assert found.activity.young == Recall(4, 3)
    assert found.activity.mature == Recall(0, 0)
    assert sum(recall.reviews for recall in found.activity.weeks.values()) == 4
    assert found.decks == {"deck": Recall(4, 3)}


def test_an_idle_day_ends_a_streak_unless_it_is_today(tmp_path: Path) -> None:
    with collection_of(tmp_path / "decks", 4) as collection:
        for card, ago in zip(card_ids(collection), (5, 3, 2, 1), strict=True):
            rate(collection, card, Rating.GOOD, ago)
        assert build_overview(collection, now_ms(), None, None).activity.streak == 3


def test_a_streak_continues_although_the_clock_was_set_back(tmp_path: Path) -> None:
    with collection_of(tmp_path) as collection:
        (first, *_) = card_ids(collection)
        for days_ago in (1, 2, 0):
            rate(collection, first, Rating.GOOD, days_ago)
        assert build_overview(collection, now_ms(), 30, None).activity.streak == 3


def test_reviews_dated_ahead_do_not_count_yet(tmp_path: Path) -> None:
    with collection_of(tmp_path) as collection:
        (first, *_) = card_ids(collection)
        rate(collection, first, Rating.GOOD, -3)
        found = build_overview(collection, now_ms(), None, None)
        assert [day.reviews for day in found.activity.days] == [0]
        assert "1 answer dated after today" in " ".join(build_stats_report(found).text)


def test_a_card_introduced_more_than_once_is_counted_once(tmp_path: Path) -> None:
    with collection_of(tmp_path) as collection:
        (first, *_) = card_ids(collection)
        rate(collection, first, Rating.GOOD, 2)
        for days_ago in (1, 0):  # as after a merge with a program in which it was new, too
            put(collection.store, first, state=State.NEW)
            rate(collection, first, Rating.GOOD, days_ago)
        assert [day.new for day in build_overview(collection, now_ms(), 3, None).activity.days] == [1, 0, 0]


def test_answers_are_counted_by_the_state_of_the_card(found: Overview) -> None:
    assert found.activity.buttons == {"learning": (0, 0, 2, 0), "young": (1, 2, 1, 0), "mature": (0, 0, 0, 0)}


def test_reviews_are_counted_by_the_hour_of_the_person(found: Overview) -> None:
    busy = [(hour, recall) for hour, recall in enumerate(found.activity.hours) if recall.reviews]
    assert [recall for _, recall in busy] == [Recall(4, 3)]
    assert busy[0][0] in (12, 13)  # the tests begin at noon


def test_recall_is_predicted_from_the_state_before_each_review(found: Overview) -> None:
    model = Model()
    first = model.next_memories(None, 0)[Rating.GOOD]
    second = model.next_memories(first, 5)[Rating.HARD]
    chances = [model.retrievability(state.stability, 5) for state in (first, second)]
    assert isinstance(first, Memory)
    bins = {
        round(each.predicted, 6): (each.reviews, each.recalled)
        for each in found.activity.predictions.bins
        if each.reviews
    }
    together = [chance for chance in chances for _ in range(2)]
    assert sum(reviews for reviews, _ in bins.values()) == 4
    total = sum(predicted * reviews for predicted, (reviews, _) in bins.items())
    assert total == pytest.approx(sum(together), rel=1e-5)


def test_predictions_and_retention_follow_the_settings(tmp_path: Path) -> None:
    values = (*DEFAULT_PARAMETERS[:20], 0.8)
    (tmp_path / "flashcards.toml").write_text(f"retention = 0.8\nparameters = {list(values)}\n", encoding="utf-8")
    with collection_of(tmp_path, 1) as collection:
        (card,) = card_ids(collection)
        for days_ago in (40, 1):
            rate(collection, card, Rating.GOOD, days_ago)
        first = collection.store.log(card)[0]
        found = build_overview(collection, now_ms(), 14, None)
    assert found.retention == 0.8
    assert first.stability is not None
    (step,) = [each for each in found.activity.predictions.bins if each.reviews]
    assert step.predicted == pytest.approx(Model(values).retrievability(first.stability, 39))
    chances = [span for span in found.cards.retrievability if span.cards]
    assert len(chances) == 1


def test_cards_are_counted_by_their_state(found: Overview) -> None:
    assert {name: count for name, count in found.cards.states.items() if count} == {
        "new": 1,
        "young": 1,
        "mature": 1,
    }
    assert found.cards.orphaned == 0
    for spans in (found.cards.stability, found.cards.difficulty, found.cards.retrievability):
        assert sum(span.cards for span in spans) == 2


def test_the_hardest_cards_are_those_forgotten_most_often(found: Overview) -> None:
    assert [(card.question.markdown, card.lapses) for card in found.hardest] == [("question 0", 1)]


def test_a_hard_card_is_shown_as_plain_text_and_recorded_as_markdown(tmp_path: Path) -> None:
    with collection_of(tmp_path / "decks", 0) as collection:
        text = "Q: **What** is `x` in [here](https://a.org)?\nA: b\n"
        (tmp_path / "decks" / "deck.md").write_text(text, encoding="utf-8")
        collection.scan()
        (card,) = card_ids(collection)
        for days_ago, rating in ((9, Rating.GOOD), (2, Rating.AGAIN)):
            rate(collection, card, rating, days_ago)
        found = build_overview(collection, now_ms(), 14, None)
    (hard,) = found.hardest
    question = hard.question.format()
    assert question.startswith("What is x in here")
    assert "*" not in question
    assert build_record(found)["hardest_cards"][0]["front"] == "**What** is `x` in [here](https://a.org)?"


def test_plots_of_days_begin_at_the_first_review(tmp_path: Path) -> None:
    with small(tmp_path / "decks") as collection:
        report = build_stats_report(build_overview(collection, now_ms(), 365, None))
    work = {figure.title: figure.plot for figure in report.groups[0].figures}
    answers, days = work["Answers per day"], work["Days"]
    assert isinstance(answers, Bars)
    assert isinstance(days, Calendar)
    assert len(answers.names) == len(days.days) == 11
    assert len(report.record["days"]) == 365


def test_suspended_buried_and_orphaned_cards_are_counted_separately(tmp_path: Path) -> None:
    with collection_of(tmp_path / "decks", 4) as collection:
        first, second, *_ = card_ids(collection)
        collection.store.suspend([first])
        collection.store.bury([second], collection.clock.day(now_ms()))
        text = "".join(f"Q: question {n}\nA: answer {n}\n\n" for n in range(3))
        (collection.root / "deck.md").write_text(text, encoding="utf-8")
        collection.scan()
        held = build_overview(collection, now_ms(), 7, None).cards
    assert (held.states["suspended"], held.states["buried"], held.states["new"], held.orphaned) == (1, 1, 1, 1)


def test_some_cards_can_be_counted_alone(tmp_path: Path) -> None:
    with small(tmp_path / "decks") as collection:
        second = card_ids(collection)[1]
        found = build_overview(collection, now_ms(), 14, frozenset([second]))
    assert found.activity.young == Recall(2, 2)
    assert sum(found.cards.states.values()) == 1


def test_of_an_empty_log_nothing_is_reported(tmp_path: Path) -> None:
    with collection_of(tmp_path / "decks") as collection:
        found = build_overview(collection, now_ms(), None, None)
    assert [day.reviews for day in found.activity.days] == [0]
    assert found.activity.predictions.figures is None
    assert found.activity.young.retention is None


def test_the_shape_for_programs_is_stable(found: Overview) -> None:
    record = build_record(found)
    assert list(record) == [
        *("today", "days", "retention", "states", "stability", "difficulty", "retrievability", "interval"),
        *("hardest_cards", "decks", "hours", "buttons", "calibration", "prediction", "always_the_average"),
    ]
    assert record["today"] | {"date": ""} == {
        "date": "",
        "new": 0,
        "reviews": 2,
        "again": 1,
        "minutes": 1.0,
        "streak": 1,
    }
    assert record["days"][-1] | {"date": ""} == {"date": "", "new": 0, "reviews": 2, "again": 1, "minutes": 1.0}
    assert record["retention"]["young"] == {"reviews": 4, "recalled": 3, "retention": 0.75}
    assert record["states"] == {
        "new": 1,
        "learning": 0,
        "relearning": 0,
        "young": 1,
        "mature": 1,
        "suspended": 0,
        "buried": 0,
        "orphaned": 0,
    }
    assert record["stability"][0].keys() == {"from", "to", "cards"}
    assert record["hardest_cards"][0].keys() == {"id", "deck", "front", "lapses", "difficulty"}
    assert record["decks"] == [{"deck": "deck", "reviews": 4, "recalled": 3, "retention": 0.75}]
    (busy,) = (each for each in record["hours"] if each["reviews"])
    assert busy == {"hour": busy["hour"], "reviews": 4, "recalled": 3, "retention": 0.75}
    assert record["hours"][busy["hour"]] == busy
    assert record["buttons"]["young"] == {"again": 1, "hard": 2, "good": 1, "easy": 0}
    assert len(record["calibration"]) == 10
    assert record["calibration"][0].keys() == {"low", "high", "reviews", "predicted", "recalled"}
    assert record["prediction"].keys() == {"reviews", "log_loss", "rmse_bins"}


def test_crammed_answers_count_as_work_but_not_towards_recall(tmp_path: Path) -> None:
    with small(tmp_path / "decks") as collection:
        before = build_overview(collection, now_ms(), 14, None)
        first, _, third = card_ids(collection)
        for card, rating in ((first, Rating.AGAIN), (third, Rating.EASY)):
            collection.store.cram(card, rating, now_ms(), 9_000)
        after = build_overview(collection, now_ms(), 14, None)
        some = build_overview(collection, now_ms(), 14, frozenset([third]))
    work = (after.now.reviews - before.now.reviews, after.now.again - before.now.again)
    assert work == (2, 1)
    assert after.now.seconds - before.now.seconds == 18
    assert after.now.new == before.now.new
    assert sum(map(sum, after.activity.buttons.values())) == sum(map(sum, before.activity.buttons.values())) + 2
    for name in ("young", "mature", "hours", "weeks", "decks"):
        assert getattr(after.activity, name) == getattr(before.activity, name)
    assert (some.now.reviews, some.activity.streak) == (1, 1)
