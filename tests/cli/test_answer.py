"""Rating from a script, and taking ratings back."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from tests.cli.runner import Runner, question

if TYPE_CHECKING:
    from collections.abc import Iterator

HOUR_AGO = (datetime.now(UTC) - timedelta(hours=1)).replace(microsecond=0)


@pytest.fixture
def deck(cli: Runner) -> Runner:
    cli.write("a.md", question("one"), question("two"), "T: term\nD: definition\n")
    cli("scan")
    return cli


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


@pytest.mark.parametrize(
    ("word", "number", "name"),
    [("again", "1", "again"), ("HARD", "2", "hard"), ("Good", "3", "good"), ("easy", "4", "easy")],
)
def test_a_rating_is_a_word_or_a_number(deck: Runner, word: str, number: str, name: str) -> None:
    deck("answer", "a.md:1", word)
    deck("answer", "a.md:4", number)
    for place in ("a.md:1", "a.md:4"):
        assert [review["rating"] for review in deck("show", place, "--json").json["reviews"]] == [name]


def test_answer_prints_when_the_card_is_due_again(deck: Runner) -> None:
    name = deck.card('"one"')["id"]
    assert deck("answer", name, "good").out == f"{name} is due again in 10m.\n"


class TestTheTime:
    def test_may_be_given_with_an_offset(self, deck: Runner) -> None:
        deck("answer", "a.md:1", "good", "--at", HOUR_AGO.isoformat())
        assert utc(deck.card('"one"')["last_review"]) == HOUR_AGO

    def test_is_local_without_an_offset(self, deck: Runner) -> None:
        local = HOUR_AGO.astimezone().replace(tzinfo=None)
        deck("answer", "a.md:1", "good", "--at", local.isoformat())
        assert utc(deck.card('"one"')["last_review"]) == HOUR_AGO

    def test_decides_how_many_days_have_passed(self, deck: Runner) -> None:
        before = HOUR_AGO - timedelta(days=30)
        deck("answer", "a.md:1", "easy", "--at", before.isoformat())
        assert deck.card('"one"')["retrievability"] < 0.95
        deck("answer", "a.md:1", "good")
        assert deck.card('"one"')["stability"] > 20

    def test_may_not_be_before_the_last_review(self, deck: Runner) -> None:
        deck("answer", "a.md:1", "good", "--at", HOUR_AGO.isoformat())
        early = (HOUR_AGO - timedelta(seconds=1)).isoformat()
        error = deck.fails("answer", "a.md:1", "good", "--at", early)
        assert f", after {early}. Give a later time." in error
        assert deck.card('"one"')["reps"] == 1
        deck("answer", "a.md:1", "good", "--at", HOUR_AGO.isoformat())
        assert deck.card('"one"')["reps"] == 2

    @pytest.mark.parametrize(
        "text",
        [
            *("", "now", "yesterday", "12:30", "2026-02-30T10:00", "1767225600", "0001-01-01", "1970-12-31"),
            "-271821-04-20",
        ],
    )
    def test_that_is_none_is_refused_and_nothing_is_rated(self, deck: Runner, text: str) -> None:
        assert f"`{text}` is not a time." in deck.fails("answer", "a.md:1", "good", f"--at={text}")
        assert deck.card('"one"')["reps"] == 0

    @pytest.mark.parametrize("text", ["9999-12-31T23:59", "2999-01-01", "2226-11-29T10:00+05:00"])
    def test_that_is_more_than_ten_years_ahead_is_refused(self, deck: Runner, text: str) -> None:
        assert f"{text} is more than ten years ahead." in deck.fails("answer", "a.md:1", "good", "--at", text)
        assert deck.card('"one"')["reps"] == 0


@pytest.mark.parametrize("seconds", ["-1", "86401", "x", "nan"])
def test_a_duration_that_cannot_be_is_refused(deck: Runner, seconds: str) -> None:
    deck.fails("answer", "a.md:1", "good", f"--duration={seconds}")
    assert deck.card('"one"')["reps"] == 0


def test_a_card_without_a_text_is_not_rated(deck: Runner) -> None:
    name = deck.card('"one"')["id"]
    deck.write("a.md", question("two"))
    assert "is gone from the decks. `flashcards orphans` lists such cards." in deck.fails(
        "answer", name, "good", code=1
    )


def test_a_card_of_several_must_be_named_whole(deck: Runner) -> None:
    error = deck.fails("answer", "a.md:7", "good")
    assert error.startswith("Error: `a.md:7` names several cards: ")
    assert ".forward, " in error
    assert deck.ids("is:learn") == []


class TestUndo:
    def test_undoes_one_rating_after_another_until_no_rating_of_today_is_left(self, deck: Runner) -> None:
        untouched = deck("list", "--json").out
        states = []
        for place, rating in (("a.md:1", "good"), ("a.md:4", "again"), ("a.md:1", "easy"), ("a.md:1", "hard")):
            states.append(deck("list", "--json").out)
            deck("answer", place, rating)
        for state in reversed(states):
            deck("undo")
            assert deck("list", "--json").out == state
        assert deck("list", "--json").out == untouched
        assert "There is nothing to undo" in deck.fails("undo", code=1)

    def test_undo_reports_the_act_and_its_card(self, deck: Runner) -> None:
        name = deck.card('"two"')["id"]
        deck("answer", name, "hard")
        assert deck("undo").out == f"Took back hard on {name} (a.md:4).\n"

    def test_removes_the_rating_from_the_shown_log(self, deck: Runner) -> None:
        deck("answer", "a.md:1", "good")
        deck("undo")
        assert deck("show", "a.md:1", "--json").json["reviews"] == []
        deck("answer", "a.md:1", "easy")
        assert [each["rating"] for each in deck("show", "a.md:1", "--json").json["reviews"]] == ["easy"]

    def test_unburies_the_sibling_that_the_rating_buried(self, deck: Runner) -> None:
        forward = next(name for name in deck.ids("kind:term") if name.endswith(".forward"))
        deck("answer", forward, "good")
        assert len(deck.ids("is:buried")) == 1
        deck("undo")
        assert deck.ids("is:buried") == []

    def test_takes_back_ratings_of_earlier_days_too(self, deck: Runner) -> None:
        earlier = (HOUR_AGO - timedelta(days=2)).isoformat()
        deck("answer", "a.md:1", "good", "--at", earlier)
        deck("undo")
        assert deck.card('"one"')["reps"] == 0

    def test_undoes_the_rating_of_a_card_that_has_lost_its_text(self, deck: Runner) -> None:
        deck("answer", "a.md:1", "good")
        deck.write("a.md", question("two"))
        assert "Took back good" in deck("undo").out


@pytest.fixture
def zone(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    import time

    monkeypatch.setenv("TZ", "Pacific/Kiritimati")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.mark.usefixtures("zone")
def test_times_are_printed_with_the_local_offset(deck: Runner) -> None:
    deck("answer", "a.md:1", "easy")
    card = deck.card('"one"')
    assert card["last_review"].endswith("+14:00")
    assert card["due"].endswith("T04:00:00+14:00")
