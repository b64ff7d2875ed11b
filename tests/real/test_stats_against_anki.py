"""What `stats` counts, against what Anki's own statistics count in the same history."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any

import pytest

from flashcards.collection import Collection, now_ms
from flashcards.insight.overview import Overview, build_overview
from tests.anki.imports.anki_world import World
from tests.anki.imports.home import Home
from tests.real.history_world import ACTS, deck_text, exported, into, live

pytest.importorskip("anki.collection", reason="needs the anki wheel")

# The first rating of a new card that was given a due day is one of a new card to Anki.
WITHOUT_DUE_DAYS = {**ACTS, "due": 0}


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Overview, Any, list[int]]]:
    """The same history in both: our statistics, Anki's, and how often its log has each rating of an early review."""
    folder = tmp_path_factory.mktemp("stats")
    home, world = Home(folder / "decks"), World(folder / "anki")
    home.write("deck.md", deck_text(60))
    with Collection(home.root) as collection:
        collection.scan()
        live(collection, 1_500, 300, random.Random(4), WITHOUT_DUE_DAYS)
        into(world, exported(collection, folder / "there.apkg"))
        found = build_overview(collection, now_ms(), None, None)
    world.sched.deck_due_tree()  # begins the day: what was buried until yesterday no longer is
    assert world.col.db is not None
    rows = world.col.db.list("SELECT ease FROM revlog WHERE type = 3")
    yield found, world.col._backend.graphs(search="", days=0), [rows.count(rating) for rating in (1, 2, 3, 4)]
    world.close()


def test_true_retention_equals_that_of_anki(both: tuple[Overview, Any, list[int]]) -> None:
    ours, anki, _ = both
    theirs = anki.true_retention.all_time
    young, mature = ours.activity.young, ours.activity.mature
    assert young.reviews > 50
    assert mature.reviews > 50
    assert (young.recalled, young.reviews) == (theirs.young_passed, theirs.young_passed + theirs.young_failed)
    assert (mature.recalled, mature.reviews) == (theirs.mature_passed, theirs.mature_passed + theirs.mature_failed)


def test_answer_buttons_equal_those_of_anki_except_for_early_reviews(both: tuple[Overview, Any, list[int]]) -> None:
    ours, anki, early = both
    theirs = anki.buttons.all_time
    buttons = ours.activity.buttons
    assert sum(early) > 50
    assert tuple(map(sum, zip(buttons["learning"], early, strict=True))) == tuple(theirs.learning)
    assert [sum(each) for each in zip(buttons["young"], buttons["mature"], strict=True)] == [
        sum(each) for each in zip(theirs.young, theirs.mature, early, strict=True)
    ]


def test_every_day_has_as_many_answers_and_minutes_as_in_anki(both: tuple[Overview, Any, list[int]]) -> None:
    ours, anki, _ = both
    today = ours.today
    counts = {
        today + ago: entry.learn + entry.relearn + entry.young + entry.mature + entry.filtered
        for ago, entry in anki.reviews.count.items()
    }
    millis = {
        today + ago: entry.learn + entry.relearn + entry.young + entry.mature + entry.filtered
        for ago, entry in anki.reviews.time.items()
    }
    assert {day.day: day.reviews for day in ours.activity.days if day.reviews} == counts
    assert {day.day: day.seconds for day in ours.activity.days if day.reviews} == {
        day: pytest.approx(time / 1000) for day, time in millis.items()
    }


def test_cards_are_counted_by_state_as_in_anki(both: tuple[Overview, Any, list[int]]) -> None:
    ours, anki, _ = both
    theirs = anki.card_counts.excluding_inactive
    states = ours.cards.states
    assert states["suspended"] and states["buried"]
    assert dict(states) == {
        "new": theirs.newCards,
        "learning": theirs.learn,
        "relearning": theirs.relearn,
        "young": theirs.young,
        "mature": theirs.mature,
        "suspended": theirs.suspended,
        "buried": theirs.buried,
    }


def test_difficulty_and_stability_are_spread_as_in_anki(both: tuple[Overview, Any, list[int]]) -> None:
    ours, anki, _ = both
    learned = sum(span.cards for span in ours.cards.stability)
    assert learned == sum(anki.stability.intervals.values())
    assert sum(span.cards for span in ours.cards.difficulty) == sum(anki.difficulty.eases.values())


def test_what_is_done_today_is_what_anki_counts_today(both: tuple[Overview, Any, list[int]]) -> None:
    ours, anki, _ = both
    assert (ours.now.reviews, ours.now.reviews - ours.now.again) == (anki.today.answer_count, anki.today.correct_count)
