"""A review in the browser, form by form, without JavaScript."""

from __future__ import annotations

import os
import shutil
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import urlencode

import pytest

from flashcards.collection import Collection
from flashcards.review.session_plan import SessionPlan
from scheduler import Rating
from tests.review.small_collections import DECK, questions, ratings, write
from tests.web.visitor import Page, Visitor, served

RUBRIC = "Q: A program is late. What do you do?\nA: Three things:\n\n- [ ] facts\n- [ ] an owner\n- [ ] a date\n"


def rated(root: Path) -> list[Rating | None]:
    return ratings(root)


def rate_next(visitor: Visitor, page: Page, rating: str = "good") -> Page:
    """Show the answer and rate it."""
    return visitor.press(visitor.press(page, "show"), rating)


def test_the_question_comes_without_its_answer(tmp_path: Path) -> None:
    write(tmp_path, a=DECK)
    with served(tmp_path) as visitor:
        page = visitor.open()
    assert "What do vesicles store?" in page.words
    assert "Neurotransmitters" not in page.text
    assert "Neuro Synapses" in page.words  # the deck and the headings above it
    assert "exam" in page.words


def test_the_answer_has_four_buttons_with_their_intervals(tmp_path: Path) -> None:
    write(tmp_path, a=DECK)
    with served(tmp_path) as visitor:
        page = visitor.press(visitor.open(), "show")
    assert "Neurotransmitters" in page.words
    for name, interval in (("Again", "1m"), ("Hard", "6m"), ("Good", "10m"), ("Easy", "d")):
        assert name in page.words
        assert interval in page.words


def test_each_rating_is_in_the_log_before_the_next_question(tmp_path: Path) -> None:
    write(tmp_path, a=questions(3))
    with served(tmp_path) as visitor:
        page = visitor.open()
        for count, (name, rating) in enumerate((("again", Rating.AGAIN), ("hard", Rating.HARD), ("easy", Rating.EASY))):
            page = rate_next(visitor, page, name)
            assert rated(tmp_path)[count:] == [rating]


def test_undo_asks_the_card_again(tmp_path: Path) -> None:
    write(tmp_path, a=questions(2))
    with served(tmp_path) as visitor:
        page = rate_next(visitor, visitor.open(), "easy")
        assert "Question 2?" in page.words
        page = visitor.press(page, "undo")
        assert "Question 1?" in page.words
        assert "Easy was undone." in page.words


def test_the_end_shows_the_work_done_and_the_next_cards(tmp_path: Path) -> None:
    write(tmp_path, a=questions(1))
    with served(tmp_path) as visitor:
        page = rate_next(visitor, visitor.open(), "easy")
    assert "Done 1 card (1 new)" in page.words
    assert "Due next: 1 card in" in page.words
    assert "Easy 1" in page.words


def test_it_is_reported_if_nothing_is_due(tmp_path: Path) -> None:
    write(tmp_path, a="Just prose.\n")
    with served(tmp_path) as visitor:
        assert "Nothing is due" in visitor.open().words


def test_a_form_sent_twice_rates_once_and_leads_to_the_next_card(tmp_path: Path) -> None:
    write(tmp_path, a=questions(3))
    with served(tmp_path) as visitor:
        answer = visitor.press(visitor.open(), "show")
        pages = [visitor.press(answer, "good") for _ in range(3)]
    assert len(rated(tmp_path)) == 1
    assert all("Question 2?" in page.words and "out of date" not in page.words for page in pages)


def test_a_second_tab_does_not_rate_the_card_again(tmp_path: Path) -> None:
    write(tmp_path, a=questions(3))
    with served(tmp_path) as visitor:
        first = visitor.press(visitor.open(), "show")
        second = visitor.get("/review")
        visitor.press(first, "good")
        page = visitor.press(second, "again")
    assert rated(tmp_path) == [Rating.GOOD]
    assert "out of date" in page.words
    assert "Question 2?" in page.words


def test_the_back_button_does_not_rate_the_next_card(tmp_path: Path) -> None:
    write(tmp_path, a=questions(3))
    with served(tmp_path) as visitor:
        first = visitor.press(visitor.open(), "show")
        second = visitor.press(visitor.press(first, "good"), "show")
        visitor.press(first, "easy")  # the page of the first card, from the history
        assert rated(tmp_path) == [Rating.GOOD]
        visitor.press(second, "hard")
    assert rated(tmp_path) == [Rating.GOOD, Rating.HARD]


def test_undo_sent_twice_takes_back_one_rating(tmp_path: Path) -> None:
    write(tmp_path, a=questions(3))
    with served(tmp_path) as visitor:
        page = rate_next(visitor, rate_next(visitor, visitor.open(), "easy"), "easy")
        visitor.press(page, "undo")
        page = visitor.press(page, "undo")
    assert "Question 2?" in page.words


def test_a_form_of_an_earlier_run_rates_nothing(tmp_path: Path) -> None:
    write(tmp_path, a=questions(3))
    with served(tmp_path) as visitor:
        old = visitor.press(visitor.open(), "show")
    with served(tmp_path) as visitor:
        visitor.press(visitor.open(), "show")
        visitor.press(old, "good")
    assert rated(tmp_path) == []


def test_a_question_cannot_be_rated_before_its_answer_is_shown(tmp_path: Path) -> None:
    write(tmp_path, a=questions(1))
    with served(tmp_path) as visitor:
        visitor.press(visitor.open(), "good")
    assert rated(tmp_path) == []


def test_ratings_of_two_tabs_at_once_are_each_counted_once(tmp_path: Path) -> None:
    write(tmp_path, a=questions(40))
    (tmp_path / "flashcards.toml").write_text("new_per_day = 100\n", encoding="utf-8")
    with served(tmp_path) as visitor:
        visitor.open()
        won: list[int] = []

        def work(_tab: int) -> None:
            done = 0
            while "Question" in (page := visitor.get("/review")).words:
                if "Show answer" in page.words:
                    page = visitor.press(page, "show")
                if "stamp" not in page.text or "Show answer" in page.words:
                    continue
                answer = visitor.request("POST", "/review", f"stamp={page.stamp}&do=easy", follow=False)
                done += answer.headers["location"] == "/review"
            won.append(done)

        with ThreadPoolExecutor(2) as tabs:
            list(tabs.map(work, range(2)))
    assert rated(tmp_path) == [Rating.EASY] * 40
    with Collection(tmp_path) as collection:
        assert collection.connection.execute("SELECT count(DISTINCT card) FROM reviews").fetchone() == (40,)


def test_a_card_that_was_answered_elsewhere_is_not_rated_again(tmp_path: Path) -> None:
    write(tmp_path, a=questions(2))
    with served(tmp_path) as visitor:
        page = visitor.press(visitor.open(), "show")
        with Collection(tmp_path) as collection:  # such as a review in a terminal
            card = collection.connection.execute("SELECT min(id) FROM cards").fetchone()[0]
            collection.store.rate(card, Rating.EASY, collection.settings.policy, time.time_ns() // 1_000_000)
        page = visitor.press(page, "again")
        assert "That card was answered elsewhere; this is the next one." in page.words
        assert "Question 2?" in page.words
    assert rated(tmp_path) == [Rating.EASY]


def test_a_typed_answer_is_compared_with_the_right_one(tmp_path: Path) -> None:
    write(tmp_path, a="Q: Capital of France? <!-- type -->\nA: Paris\n\nQ: Of Spain? <!-- type -->\nA: Madrid\n")
    with served(tmp_path) as visitor:
        page = visitor.press(visitor.open(), "show", given="Pariss")
        assert "<del>s</del>" in page.text
        page = visitor.press(visitor.press(page, "good"), "show", given=" Madrid ")
        assert "Right." in page.words


def test_ticked_points_are_recorded_and_propose_a_rating(tmp_path: Path) -> None:
    write(tmp_path, a=RUBRIC)
    with served(tmp_path) as visitor:
        page = visitor.press(visitor.open(), "show")
        assert page.text.count('type="checkbox"') == 3
        visitor.press(page, "accept", point=["0", "2", "99", "x"])
    assert rated(tmp_path) == [Rating.HARD]
    with Collection(tmp_path) as collection:
        found = collection.connection.execute("SELECT point, covered FROM ticks ORDER BY rowid").fetchall()
    assert found == [("facts", 1), ("an owner", 0), ("a date", 1)]


def test_points_are_not_accepted_if_no_point_is_ticked(tmp_path: Path) -> None:
    write(tmp_path, a=RUBRIC)
    with served(tmp_path) as visitor:
        page = visitor.press(visitor.press(visitor.open(), "show"), "accept")
    assert rated(tmp_path) == []
    assert "Tick the points that you covered." in page.words


def test_a_cloze_marks_what_it_asks_and_reveals(tmp_path: Path) -> None:
    write(tmp_path, a="C: Speech is *produced in [Broca's] area*.\n")
    with served(tmp_path) as visitor:
        page = visitor.open()
        assert '<mark class="gap">[…]</mark>' in page.text
        assert '<mark class="gap">Broca\'s</mark>' in visitor.press(page, "show").text


def test_an_edit_of_the_file_reaches_the_next_question(tmp_path: Path) -> None:
    write(tmp_path, a=questions(2))
    os.utime(tmp_path / "a.md", (10**9, 10**9))
    with served(tmp_path) as visitor:
        page = visitor.open()
        write(tmp_path, a=questions(2).replace("Question 2?", "Question two?"))
        assert "Question two?" in rate_next(visitor, page).words


@pytest.mark.parametrize("do", ["", "nonsense", "flag9", "show\x00"])
def test_a_button_that_does_not_exist_changes_nothing(tmp_path: Path, do: str) -> None:
    write(tmp_path, a=questions(1))
    with served(tmp_path) as visitor:
        page = visitor.open()
        assert "Question 1?" in visitor.press(page, do).words
    assert rated(tmp_path) == []


def test_the_plan_of_the_command_chooses_the_cards(tmp_path: Path) -> None:
    write(tmp_path, a=questions(5))
    with served(tmp_path, SessionPlan(cram=True, limit=1)) as visitor:
        page = visitor.open()
        assert "Cramming: the schedule does not change." in page.words
        page = rate_next(visitor, page)
    assert "Done 1 card" in page.words


@pytest.mark.skipif(os.name == "nt", reason="needs a file that can be replaced while it is used")
def test_the_pages_continue_with_a_state_replaced_by_a_sync_program(tmp_path: Path) -> None:
    state, copy = tmp_path / ".flashcards/state.db", tmp_path / "copy.db"
    write(tmp_path, a=questions(3))
    with Collection(tmp_path) as collection:
        collection.scan()
    shutil.copy(state, copy)
    with served(tmp_path) as visitor:
        page = visitor.press(rate_next(visitor, visitor.open()), "show")
        copy.replace(state)
        refused = visitor.request("POST", "/review", urlencode({"stamp": page.stamp, "do": "good"}))
        assert refused.status == 409
        assert "such as one that syncs folders, replaced" in refused.words
        rate_next(visitor, visitor.request("GET", "/review"), "hard")
        assert rated(tmp_path) == [Rating.HARD]
