"""Cards whose answer is a list of points: ticking, the rating proposed, what is kept."""

from __future__ import annotations

from pathlib import Path

import pytest

from flashcards.collection import Collection
from flashcards.review.collection_backend import CollectionBackend
from flashcards.review.events import Rate, ShowAnswer, Tick, Undo
from flashcards.review.grading import count_points, propose_rating, remove_points
from flashcards.review.keys import KeyMap
from flashcards.review.session import Session
from flashcards.review.views import Answer
from flashcards.settings import SettingInvalid, load_settings
from scheduler import Rating
from tests.review.pty_driver import Terminal
from tests.review.small_collections import collection_in, write
from tests.review.test_collection_backend import NOW

DECK = """Q: How do you take over a late project?

A: First facts, then people.

- [ ] find the critical path
- [ ] talk to the *sponsor*
- [ ] agree what to cut
- [ ] say when you report next

Q: plain?
A: yes
"""
POINTS = ("find the critical path", "talk to the *sponsor*", "agree what to cut", "say when you report next")


@pytest.mark.parametrize(
    ("ticked", "rating"),
    [(0, Rating.AGAIN), (1, Rating.AGAIN), (2, Rating.HARD), (3, Rating.GOOD), (4, Rating.EASY)],
)
def test_the_share_of_points_covered_proposes_the_rating(ticked: int, rating: Rating) -> None:
    assert propose_rating(ticked, 4, (0.4, 0.7, 1.0)) is rating


def test_points_get_letters_that_do_nothing_else() -> None:
    keys = KeyMap({"undo": "b"})  # and e, i, o, q, r by default
    assert keys.assign_point_keys(4) == ["a", "c", "d", "f"]
    many = keys.assign_point_keys(99)
    assert len(many) == len(set(many)) == 20 + 26 + 6
    assert many[19:22] == ["z", "A", "B"]


def test_an_answer_without_its_points_keeps_everything_else() -> None:
    text = "Before.\n\n- [ ] one\n  more of it\n- [x] two\n\nAfter.\n\n- no task"
    assert remove_points(text) == "Before.\n\n\nAfter.\n\n- no task"


def shown(collection: Collection) -> Session:
    session = Session(CollectionBackend(collection, NOW), NOW)
    session.handle(ShowAnswer(NOW))
    return session


def answer(session: Session) -> Answer:
    assert isinstance(session.view, Answer)
    return session.view


def test_a_tick_and_a_second_one_change_what_is_proposed(tmp_path: Path) -> None:
    with collection_in(tmp_path, deck=DECK) as collection:
        session = shown(collection)
        assert (answer(session).ticked, answer(session).proposed) == (frozenset(), Rating.AGAIN)
        for point in (0, 2, 3):
            session.handle(Tick(NOW, point))
        assert answer(session).proposed is Rating.GOOD
        session.handle(Tick(NOW, 0))
        assert (answer(session).ticked, answer(session).proposed) == (frozenset({2, 3}), Rating.HARD)
        session.handle(Tick(NOW, 9))
        assert answer(session).ticked == {2, 3}


def test_ticks_are_kept_with_the_review_and_undone_with_it(tmp_path: Path) -> None:
    with collection_in(tmp_path, deck=DECK) as collection:
        session = shown(collection)
        card = answer(session).asked.card.id
        session.handle(Tick(NOW, 1))
        session.handle(Rate(NOW, Rating.GOOD))
        found = {each.point: (each.covered, each.reviews) for each in count_points(collection.connection, card)}
        assert found == {point: (int(point == POINTS[1]), 1) for point in POINTS}
        assert count_points(collection.connection, card)[-1].point == POINTS[1]
        session.handle(Undo(NOW))
        assert count_points(collection.connection, card) == []


def test_other_cards_have_nothing_to_tick(tmp_path: Path) -> None:
    with collection_in(tmp_path, deck="Q: plain?\nA: yes\n") as collection:
        session = shown(collection)
        session.handle(Tick(NOW, 0))
        assert (answer(session).ticked, answer(session).proposed) == (frozenset(), Rating.GOOD)
        session.handle(Rate(NOW, Rating.GOOD))
        assert collection.connection.execute("SELECT count(*) FROM ticks").fetchone() == (0,)


def test_the_thresholds_are_a_setting(tmp_path: Path) -> None:
    (tmp_path / "flashcards.toml").write_text("rubric_thresholds = [0.5, 0.6, 0.9]\n", encoding="utf-8")
    assert load_settings(tmp_path).rubric_thresholds == (0.5, 0.6, 0.9)


@pytest.mark.parametrize("value", ["0.5", "[0.5, 0.6]", "[0.7, 0.6, 0.9]", '["a", 1, 2]', "[-1, 0, 1]"])
def test_impossible_thresholds_are_one_sentence_with_the_line(tmp_path: Path, value: str) -> None:
    (tmp_path / "flashcards.toml").write_text(f"\nrubric_thresholds = {value}\n", encoding="utf-8")
    with pytest.raises(SettingInvalid, match=r"flashcards.toml:2: `rubric_thresholds` must"):
        load_settings(tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("options", [[], ["--plain"]])
def test_letters_tick_points_and_space_accepts_the_proposed_rating(tmp_path: Path, options: list[str]) -> None:
    write(tmp_path, deck=DECK)
    with Terminal("-C", str(tmp_path), "review", *options) as terminal:
        terminal.wait_for("late project")
        drawn = terminal.act(" ", "0 of 4 covered.")
        assert "a [ ] find the critical path" in drawn
        assert "b [ ] talk to the sponsor" in drawn
        assert "First facts" in drawn
        terminal.act(" ", "Tick the points that you covered.")
        terminal.act("a", "1 of 4")
        terminal.act("b", "2 of 4")
        terminal.act("c", "3 of 4")
        terminal.act(" ", "plain?")
        terminal.act("q", "Good 1")
    with Collection(tmp_path) as collection:
        assert collection.connection.execute("SELECT sum(covered), count(*) FROM ticks").fetchone() == (3, 4)
