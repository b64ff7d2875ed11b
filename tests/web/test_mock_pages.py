"""A mock interview in the browser, form by form, without JavaScript."""

from __future__ import annotations

from pathlib import Path

import pytest

from flashcards.collection import Collection
from flashcards.mock.recorder import Mock, MockAnswer, Mocks
from scheduler import Rating
from tests.review.small_collections import questions, ratings, write
from tests.web.visitor import Page, Visitor, served

POINTS = "A: Two things:\n\n- [ ] facts\n- [ ] an owner\n<!-- tags: skill:planning -->\n\n"
DECK = f"Q: Case 1?\n{POINTS}Q: Case 2?\n{POINTS}"
PRESETS = '[mocks.phone-screen]\nquery = "tag:skill:planning"\nquestions = 2\nminutes = 25\n'


def begin(visitor: Visitor, **fields: str) -> Page:
    visitor.open()
    return visitor.post("/mock/start", fields)


def press(visitor: Visitor, page: Page, do: str, **fields: str | list[str]) -> Page:
    return visitor.post("/mock/now", {"stamp": page.stamp, "do": do, **fields})


def kept(root: Path) -> tuple[Mock, list[MockAnswer]]:
    """The last interview in the database, and its answers."""
    with Collection(root) as collection:
        mocks = Mocks(collection.connection)
        last = mocks.all()[-1]
        return last, mocks.answers(last.id)


def test_a_whole_interview_ends_with_its_report(tmp_path: Path) -> None:
    write(tmp_path, a=DECK)
    (tmp_path / "flashcards.toml").write_text(PRESETS, encoding="utf-8")
    with served(tmp_path) as visitor:
        visitor.open()
        assert "phone screen 2 questions, 25 minutes" in visitor.get("/mock").words
        page = begin(visitor, preset="phone-screen")
        assert "Question 1 of 2" in page.words
        assert "<b>12:30</b> for it" in page.text
        assert "<b>25:00</b> in all" in page.text
        assert "owner" not in page.text
        page = press(visitor, page, "answer", answer="I ask who owns it.")
        assert "I ask who owns it." in page.words
        assert "an owner" in page.words
        page = press(visitor, page, "accept", point=["0", "1"], note="Name the date, too")
        assert ratings(tmp_path) == [Rating.EASY]
        page = press(visitor, page, "answer")
        assert "You answered aloud" in page.words
        page = press(visitor, page, "hard", point=["1"])
        assert ratings(tmp_path) == [Rating.EASY, Rating.HARD]
    assert "2 of 2 questions, 3 of 4 points (75%)" in page.words
    assert "Note: Name the date, too" in page.words
    mock, answers = kept(tmp_path)
    assert mock.finished
    assert [len(answer.covered) for answer in answers] == [2, 1]


def test_a_written_answer_is_saved_before_the_answer_is_shown(tmp_path: Path) -> None:
    write(tmp_path, a=DECK)
    with served(tmp_path) as visitor:
        page = begin(visitor)
        press(visitor, page, "keep", answer="half a line")
        assert kept(tmp_path)[1][0].answer == "half a line"
        assert ">half a line</textarea>" in visitor.get("/mock/now").text


def test_a_rating_sent_twice_or_from_an_old_page_counts_once(tmp_path: Path) -> None:
    write(tmp_path, a=DECK)
    with served(tmp_path) as visitor:
        asking = begin(visitor)
        judging = press(visitor, asking, "answer", answer="x")
        for _ in range(3):
            page = press(visitor, judging, "good")
        assert "Question 2 of 2" in page.words
        assert "out of date" not in page.words
        assert "out of date" in press(visitor, judging, "easy").words
        assert ratings(tmp_path) == [Rating.GOOD]


def test_without_a_tick_the_points_propose_no_rating(tmp_path: Path) -> None:
    write(tmp_path, a=DECK)
    with served(tmp_path) as visitor:
        page = press(visitor, press(visitor, begin(visitor), "answer"), "accept")
        assert "Model answer" in page.words
        assert 'class="notice"' in page.text
    assert ratings(tmp_path) == []


def test_leaving_keeps_what_was_rated_and_written(tmp_path: Path) -> None:
    write(tmp_path, a=DECK)
    with served(tmp_path) as visitor:
        page = press(visitor, press(visitor, begin(visitor), "answer"), "good")
        page = press(visitor, page, "leave", answer="begun")
        assert "It was stopped before the end." in page.words
        assert "begun" in page.words
    mock, answers = kept(tmp_path)
    assert not mock.finished
    assert [answer.rating for answer in answers] == [3, 0]


def test_practice_changes_no_due_day(tmp_path: Path) -> None:
    write(tmp_path, a=DECK)
    with served(tmp_path) as visitor:
        press(visitor, press(visitor, begin(visitor, practice="on"), "answer"), "good")
    with Collection(tmp_path) as collection:
        assert collection.connection.execute("SELECT sum(reps) FROM cards").fetchone()[0] == 0


def test_an_earlier_interview_is_listed_shown_and_saved_as_markdown(tmp_path: Path) -> None:
    write(tmp_path, a=DECK)
    with served(tmp_path) as visitor:
        page = press(visitor, press(visitor, begin(visitor), "answer"), "again")
        press(visitor, page, "leave")
        mock, _ = kept(tmp_path)
        assert f'href="/mock/report/{mock.id}"' in visitor.get("/mock").text
        saved = visitor.get(f"/mock/report/{mock.id}?markdown")
    assert saved.headers["content-type"].startswith("text/markdown")
    assert saved.text.startswith("# Mock interview")


@pytest.mark.parametrize("path", ["/mock/report/1", "/mock/report/x", "/mock/report/99999999999999999999999"])
def test_an_interview_that_never_took_place_has_no_page(tmp_path: Path, path: str) -> None:
    write(tmp_path, a=DECK)
    with served(tmp_path) as visitor:
        visitor.open()
        assert visitor.get(path).status == 404


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"questions": "0"}, "Ask from 1 to 100 questions."),
        ({"questions": "²"}, "Ask from 1 to 100 questions."),
        ({"minutes": "-1"}, "Minutes must be a number above 0"),
        ({"per_question": "nan"}, "Minutes must be a number above 0"),
        ({"preset": "x"}, "defines no mock interview"),
        ({"query": "tag:nothing"}, "There is no card to ask."),
        ({"query": "("}, "("),
    ],
)
def test_an_impossible_interview_is_reported(tmp_path: Path, fields: dict[str, str], sentence: str) -> None:
    write(tmp_path, a=DECK)
    with served(tmp_path) as visitor:
        page = begin(visitor, **fields)
    assert page.status == 409
    assert sentence in page.words


def test_without_an_interview_the_page_leads_to_the_choice(tmp_path: Path) -> None:
    write(tmp_path, a=questions(1))
    with served(tmp_path) as visitor:
        visitor.open()
        assert "Rehearse an interview" in visitor.get("/mock/now").words
        assert "Rehearse an interview" in visitor.post("/mock/now", {"stamp": "1", "do": "answer"}).words
