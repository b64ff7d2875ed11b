from __future__ import annotations

from datetime import UTC
from typing import Any

import pytest

from flashcards.review.report import describe_card, describe_summary, describe_upcoming
from flashcards.review.views import Summary, Upcoming
from flashcards.text import format_duration, format_interval
from scheduler import Clock, Rating, State
from scheduler.queue import Counts
from tests.review.fake_backend import asked, card, make_backend

CLOCK = Clock(zone=UTC)
DAY = 86_400


def summary(**changes: Any) -> Summary:
    values: dict[str, Any] = {
        "cards": 0,
        "ratings": dict.fromkeys(Rating, 0),
        "introduced": 0,
        "reviews": 0,
        "recalled": 0,
        "duration_ms": 0,
        "left": Counts(0, 0, 0),
        "upcoming": Upcoming(),
    }
    return Summary(**(values | changes))


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0s"),
        (59, "59s"),
        (60, "1m"),
        (600, "10m"),
        (5_400, "1.5h"),
        (DAY, "1d"),
        (4 * DAY, "4d"),
        (30 * DAY, "30d"),
        (76 * DAY, "2.5mo"),
        (365 * DAY, "1y"),
        (3650 * DAY, "10y"),
    ],
)
def test_an_interval_is_short_enough_for_a_button(seconds: int, text: str) -> None:
    assert format_interval(seconds) == text


@pytest.mark.parametrize(
    ("duration_ms", "text"),
    [(0, "0 s"), (45_400, "45 s"), (60_000, "1 min"), (250_000, "4 min 10 s"), (3_900_000, "1 h 5 min")],
)
def test_time_spent_reads_naturally(duration_ms: int, text: str) -> None:
    assert format_duration(duration_ms) == text


def test_the_summary_shows_the_work_done_and_its_results() -> None:
    done = summary(
        cards=12,
        ratings={Rating.AGAIN: 2, Rating.HARD: 0, Rating.GOOD: 11, Rating.EASY: 1},
        introduced=5,
        reviews=10,
        recalled=9,
        duration_ms=250_000,
    )
    assert describe_summary(done, CLOCK) == [
        "Done: 12 cards (14 ratings, 5 new) in 4 min 10 s.",
        "Again 2 · Hard 0 · Good 11 · Easy 1",
        "Recalled 9 of 10 reviews (90 %).",
    ]


def test_a_session_without_ratings_is_summarised_as_such() -> None:
    assert describe_summary(summary(), CLOCK) == ["Nothing was rated."]


def test_a_session_left_early_reports_the_cards_left_but_no_limits() -> None:
    lines = describe_summary(summary(left=Counts(3, 1, 7), upcoming=Upcoming(held_new=100)), CLOCK)
    assert lines[-1] == "Left for today: 3 new, 1 learning, 7 review."


def test_the_next_cards_are_shown_by_hour_and_by_day() -> None:
    upcoming = Upcoming(today=2, today_ms=(14 * 60 + 5) * 60_000, day=1, days_away=1, on_day=12)
    assert describe_upcoming(upcoming, CLOCK) == ["Due next: 2 cards from 14:05 today; 12 cards tomorrow."]
    assert describe_upcoming(Upcoming(now=1, day=1, days_away=1, on_day=12), CLOCK) == [
        "Due next: 1 card now; 12 cards tomorrow."
    ]


def test_a_later_day_is_shown_with_its_date() -> None:
    assert describe_upcoming(Upcoming(day=9, days_away=9, on_day=1), CLOCK) == [
        "Due next: 1 card in 9 days, on 1970-01-10."
    ]


def test_cards_held_back_by_limits_are_reported_with_the_command_for_them() -> None:
    (line,) = describe_upcoming(Upcoming(held_due=50, held_new=1200), CLOCK)
    assert line == "Beyond today's limits: 50 due and 1,200 new. For more new cards now: `flashcards review --new 10`."


def test_the_details_of_a_card_contain_its_place_schedule_and_history() -> None:
    backend = make_backend(card(1))
    review = backend.rate(card(1), Rating.HARD, 0, 12_000)
    shown = asked(card(1, State.REVIEW)._replace(stability=3.21, difficulty=5.0, due_day=3, interval=4 * DAY, reps=1))
    lines = describe_card(shown, [review._replace(interval_after=4 * DAY)], CLOCK, 0.93)
    assert lines == [
        "Place: deck.md:1",
        "Deck: Deck > Heading",
        "Card: key1.forward",
        "State: review",
        "Due: 1970-01-04",
        "Interval: 4d",
        "Stability: 3.2 days",
        "Difficulty: 5.0 of 10",
        "Recall: 93%",
        "Reviews: 1 rating, 0 lapses",
        "1970-01-01 00:00  Hard, next in 4d, took 12 s",
    ]
