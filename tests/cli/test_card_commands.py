"""The commands that act on the cards of a query."""

from __future__ import annotations

import datetime
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flashcards.cli.card_commands import DueDateInvalid, parse_days
from tests.cli.runner import Runner, process, question

if TYPE_CHECKING:
    from collections.abc import Callable

TODAY = 20_000
DATE = datetime.date(2024, 10, 4)


@pytest.fixture
def many(cli: Runner) -> Runner:
    """A deck of 21 cards, one more than is acted on without a question."""
    cli.write("many.md", *(question(f"question {number}") for number in range(21)))
    cli.write("few.md", *(question(f"other {number}") for number in range(20)))
    return cli


def answer_with(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    """Let whoever is asked on the terminal answer so."""
    monkeypatch.setattr("click.termui.visible_prompt_func", lambda _prompt="": text)


class TestManyCards:
    def test_twenty_are_acted_on_without_a_question(self, many: Runner) -> None:
        assert many("suspend", "deck:few").out == "20 cards suspended.\n"

    def test_changing_more_than_twenty_cards_needs_a_confirmation(
        self, many: Runner, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        answer_with(monkeypatch, "y")
        done = many("suspend", "deck:many")
        assert done.out == "21 cards suspended.\n"

    @pytest.mark.parametrize("answer", ["n", ""])
    def test_any_other_answer_changes_nothing(self, many: Runner, monkeypatch: pytest.MonkeyPatch, answer: str) -> None:
        answer_with(monkeypatch, answer)
        done = many("suspend", "deck:many", code=None)
        assert done.code != 0
        assert done.out == ""
        assert many.ids("is:suspended") == []

    def test_nothing_is_changed_without_an_answer(self, many: Runner) -> None:
        done = process(["suspend", "deck:many"], many.root, code=None)
        assert done.code != 0
        assert "This changes 21 cards. Continue?" in done.err
        assert done.out == ""
        assert many.ids("is:suspended") == []

    @pytest.mark.parametrize("option", ["--yes", "-y"])
    def test_with_yes_no_question_is_asked(self, many: Runner, option: str) -> None:
        many("scan")
        done = process(["suspend", option, "deck:many"], many.root)
        assert (done.out, done.err) == ("21 cards suspended.\n", "")

    def test_the_question_does_not_mix_with_the_data(self, many: Runner) -> None:
        assert process(["suspend", "--json", "deck:many"], many.root, stdin="y\n").json == {"found": 21, "changed": 21}


class TestEachAct:
    def test_a_suspended_card_is_not_due_until_it_is_unsuspended(self, many: Runner) -> None:
        assert many("suspend", "many.md:1").out == "1 card suspended.\n"
        assert many("suspend", "many.md:1").out == "0 cards of 1 found suspended.\n"
        assert many.card("is:suspended")["suspended"] is True
        assert many("due", "--json").json["total"]["new"] == 20
        assert many("unsuspend", "is:suspended").out == "1 card unsuspended.\n"
        assert many.ids("is:suspended") == []

    def test_a_buried_card_is_back_tomorrow_or_when_unburied(
        self, many: Runner, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        from flashcards import collection

        many("bury", "few.md:1")
        assert len(many.ids("is:buried")) == 1
        now = collection.now_ms()
        with monkeypatch.context() as patch:
            patch.setattr(collection, "now_ms", lambda: now + 86_400_000)
            assert many.ids("is:buried") == []
        assert many("unbury", "is:buried").out == "1 card unburied.\n"
        assert many.ids("is:buried") == []

    def test_a_forgotten_card_is_new_and_keeps_its_log(self, many: Runner) -> None:
        many("answer", "few.md:1", "good")
        assert many("forget", "few.md:1").out == "1 card made new again.\n"
        card = many("show", "few.md:1", "--json").json
        assert (card["state"], card["due"], card["stability"]) == ("new", None, None)
        assert [review["kind"] for review in card["reviews"]] == ["rating", "forget"]
        assert many("forget", "few.md:1").out == "0 cards of 1 found made new again.\n"

    def test_a_flag_is_found_by_its_number_and_removed_by_zero(self, many: Runner) -> None:
        many("flag", "7", "few.md:1")
        assert len(many.ids("flag:7")) == 1
        many("flag", "0", "flag:7")
        assert many.ids("flag:7") == []

    @pytest.mark.parametrize("number", ["8", "-1", "x", ""])
    def test_a_flag_that_does_not_exist_is_refused(self, many: Runner, number: str) -> None:
        many.fails("flag", "--", number, "few.md:1")

    def test_an_act_on_all_cards_of_a_note_by_its_key(self, cli: Runner) -> None:
        cli.write("a.md", "T: term\nD: definition\n")
        key = cli.card("id:*.forward")["note"]
        assert cli("suspend", key).out == "2 cards suspended.\n"
        assert cli("unsuspend", f"{key}.reverse").out == "1 card unsuspended.\n"

    def test_negation_works_next_to_other_words_without_quotes(self, many: Runner) -> None:
        many("flag", "1", "few.md:1")
        assert many("suspend", "deck:few", "-flag:1").out == "19 cards suspended.\n"
        assert len(many.ids("-is:suspended", "-deck:many")) == 1
        assert many("suspend", "-y", "-deck:few", "--json").json == {"found": 21, "changed": 21}

    def test_a_negated_word_that_looks_like_a_flag_is_not_an_option(self, many: Runner) -> None:
        """`-kind:…` holds a `y` in other words such as `-tag:y`; it must not be read as `-y`."""
        done = process(["suspend", "-tag:y"], many.root, code=None)
        assert "This changes 41 cards. Continue?" in done.err

    def test_a_misspelt_option_is_not_a_query(self, many: Runner) -> None:
        for option in ("--jsno", "--y", "-C", "-x"):
            many.fails("list", option)


class TestSetDue:
    @pytest.fixture
    def due(self, many: Runner) -> Callable[..., list[datetime.date]]:
        def run(*arguments: str) -> list[datetime.date]:
            many("set-due", *arguments)
            cards: list[dict[str, Any]] = many("list", "--json", "deck:few", "is:review").lines
            return [datetime.datetime.fromisoformat(card["due"]).date() for card in cards]

        return run

    def today(self, cli: Runner) -> datetime.date:
        cli("set-due", "0", "many.md:1")
        return datetime.datetime.fromisoformat(cli.card("deck:many", "is:review")["due"]).date()

    def test_a_number_is_days_from_today(self, many: Runner, due: Callable[..., list[datetime.date]]) -> None:
        today = self.today(many)
        assert due("3", "few.md:1") == [today + datetime.timedelta(days=3)]
        assert due("0", "few.md:1") == [today]
        assert len(many.ids("is:due", "deck:few")) == 1

    def test_a_date_is_that_day(self, many: Runner, due: Callable[..., list[datetime.date]]) -> None:
        day = self.today(many) + datetime.timedelta(days=200)
        assert due(day.isoformat(), "few.md:1") == [day]

    def test_a_range_spreads_the_cards_over_its_days_the_same_each_time(
        self, many: Runner, due: Callable[..., list[datetime.date]]
    ) -> None:
        today = self.today(many)
        first = due("3-7", "deck:few")
        allowed = {today + datetime.timedelta(days=number) for number in range(3, 8)}
        assert len(first) == 20
        assert set(first) <= allowed
        assert len(set(first)) > 1
        assert due("3-7", "deck:few") == first

    @pytest.mark.parametrize(
        "when",
        ["soon", "", "7-3", "3-", "-", "1.5", "99999", "36501", "2026-13-01", "0001-01-01", "9999-12-31", "²"],
    )
    def test_an_invalid_day_is_refused_and_changes_nothing(self, many: Runner, when: str) -> None:
        assert f"`{when}` is not a day" in many.fails("set-due", "--", when, "few.md:1")
        assert many.ids("is:review") == []

    @given(st.integers(0, 36_500), st.integers(0, 36_500))
    def test_ranges_are_read_as_they_are_written(self, first: int, last: int) -> None:
        if first <= last:
            assert parse_days(f"{first}-{last}", TODAY, DATE) == (TODAY + first, TODAY + last)
        else:
            with pytest.raises(DueDateInvalid):
                parse_days(f"{first}-{last}", TODAY, DATE)

    @given(st.integers(-36_500, 36_500))
    def test_dates_are_counted_from_the_day_that_is_today(self, away: int) -> None:
        when = (DATE + datetime.timedelta(days=away)).isoformat()
        assert parse_days(when, TODAY, DATE) == (TODAY + away, TODAY + away)

    @given(st.text(max_size=12))
    def test_any_text_is_a_day_within_reach_or_refused(self, text: str) -> None:
        try:
            first, last = parse_days(text, TODAY, DATE)
        except DueDateInvalid:
            return
        assert TODAY - 36_500 <= first <= last <= TODAY + 36_500
