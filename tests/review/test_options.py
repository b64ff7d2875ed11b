"""What `review --ahead`, `--backlog`, `--cram` and `--minutes` ask, and what they write down."""

from __future__ import annotations

from pathlib import Path

from flashcards.collection import Collection
from flashcards.review.collection_backend import CollectionBackend, CramBackend
from flashcards.review.events import Bury, Quit, Rate, ShowAnswer, Undo
from flashcards.review.report import describe_summary
from flashcards.review.session import Session
from flashcards.review.session_plan import SessionPlan
from flashcards.review.views import Answer, Finished, Question
from scheduler import Rating, ReviewKind
from tests.review.fake_backend import card, make_backend
from tests.review.small_collections import collection_in, questions
from tests.review.test_collection_backend import DAY, MINUTE, NOW, all_fronts, answer, front


def learned(collection: Collection, days_ago: int = 0) -> list[int]:
    """Rate every card Easy so many days ago; returns their ids."""
    cards = [row[0] for row in collection.connection.execute("SELECT id FROM cards ORDER BY id")]
    for each in cards:
        collection.store.rate(each, Rating.EASY, collection.settings.policy, NOW - days_ago * DAY)
    return cards


def crammed(collection: Collection) -> list[tuple[int, int]]:
    return collection.connection.execute("SELECT kind, rating FROM reviews ORDER BY id").fetchall()


def test_ahead_asks_cards_that_become_due_within_a_number_of_days(tmp_path: Path) -> None:
    with collection_in(tmp_path, deck=questions(3)) as collection:
        cards = learned(collection)
        due = [collection.store.card(each).due_day or 0 for each in cards]
        days = min(due) - collection.clock.day(NOW)
        assert all_fronts(Session(CollectionBackend(collection, NOW, SessionPlan(ahead_days=days - 1)), NOW)) == []
        found = all_fronts(Session(CollectionBackend(collection, NOW, SessionPlan(ahead_days=days)), NOW))
        assert len(found) == due.count(min(due))


def test_a_backlog_is_asked_without_new_cards_from_the_likeliest_recalled_on(tmp_path: Path) -> None:
    (tmp_path / "flashcards.toml").write_text("reviews_per_day = 1\nfuzz = false\n", encoding="utf-8")
    with collection_in(tmp_path, deck=questions(5)) as collection:
        cards = [row[0] for row in collection.connection.execute("SELECT id FROM cards ORDER BY id")]
        for number, each in enumerate(cards[:4]):
            collection.store.rate(each, Rating.EASY, collection.settings.policy, NOW - (60 + 10 * number) * DAY)
        assert len(all_fronts(Session(CollectionBackend(collection, NOW), NOW))) == 1
        collection.store.undo(NOW)
        found = all_fronts(Session(CollectionBackend(collection, NOW, SessionPlan(backlog=True)), NOW))
    assert found == [f"Question {number}?" for number in range(1, 5)]


def test_cramming_asks_every_card_until_it_is_recalled_and_leaves_the_schedule(tmp_path: Path) -> None:
    with collection_in(tmp_path, deck=questions(3)) as collection:
        learned(collection)
        before = collection.connection.execute("SELECT * FROM cards").fetchall()
        session = Session(CramBackend(collection, NOW), NOW)
        first = front(session.view)
        view = session.handle(ShowAnswer(NOW))
        assert isinstance(view, Answer)
        assert len(set(view.intervals)) == 1
        session.handle(Rate(NOW, Rating.AGAIN))
        others = [front(session.view), front(answer(session))]
        assert front(answer(session)) == first
        assert isinstance(answer(session), Finished)
        assert {first, *others} == {"Question 1?", "Question 2?", "Question 3?"}
        assert collection.connection.execute("SELECT * FROM cards").fetchall() == before
        assert crammed(collection)[3:] == [
            (ReviewKind.CRAM, 1),
            (ReviewKind.CRAM, 3),
            (ReviewKind.CRAM, 3),
            (ReviewKind.CRAM, 3),
        ]
        assert collection.store.find_differences(lambda deck: collection.policy(deck).parameters) == []


def test_cramming_that_counts_is_a_review_of_each_card(tmp_path: Path) -> None:
    with collection_in(tmp_path, deck=questions(2)) as collection:
        learned(collection, 3)
        session = Session(CramBackend(collection, NOW, SessionPlan(is_counted=True)), NOW)
        answer(session)
        assert isinstance(answer(session), Finished)
        assert [kind for kind, _ in crammed(collection)] == [ReviewKind.RATING] * 4


def test_undoing_a_crammed_rating_adds_a_row_to_the_log(tmp_path: Path) -> None:
    with collection_in(tmp_path, deck=questions(2)) as collection:
        session = Session(CramBackend(collection, NOW), NOW)
        first = front(session.view)
        answer(session, Rating.EASY)
        view = session.handle(Undo(NOW))
        assert front(view) == first
        assert [kind for kind, _ in crammed(collection)] == [ReviewKind.CRAM, ReviewKind.VOID]
        view = session.handle(Undo(NOW))
        assert isinstance(view, Question)
        assert "nothing to undo" in view.message


def test_a_card_that_is_buried_while_cramming_does_not_come_again(tmp_path: Path) -> None:
    with collection_in(tmp_path, deck=questions(2)) as collection:
        session = Session(CramBackend(collection, NOW), NOW)
        first = front(session.view)
        session.handle(Bury(NOW))
        assert front(session.view) != first
        assert isinstance(answer(session), Finished)


def test_the_card_asked_when_the_time_ends_is_the_last() -> None:
    session = Session(make_backend(card(1), card(2)), 0, until_ms=MINUTE)
    session.handle(ShowAnswer(2 * MINUTE))
    assert isinstance(session.view, Answer)
    view = session.handle(Rate(2 * MINUTE, Rating.GOOD))
    assert isinstance(view, Finished)
    assert view.message == "Your time is up."
    assert view.summary.left.new == 1


def test_the_first_card_is_asked_even_with_no_time_left() -> None:
    assert isinstance(Session(make_backend(card(1)), 5, until_ms=1).view, Question)


def test_within_the_time_the_session_continues() -> None:
    session = Session(make_backend(card(1), card(2)), 0, until_ms=MINUTE)
    session.handle(ShowAnswer(MINUTE - 2))
    assert isinstance(session.handle(Rate(MINUTE - 1, Rating.GOOD)), Question)


def test_the_first_question_comes_with_the_opening_message() -> None:
    view = Session(make_backend(card(1)), 0, message="Cramming.").view
    assert isinstance(view, Question)
    assert view.message == "Cramming."


def test_the_end_shows_the_changes_on_the_days_ahead(tmp_path: Path) -> None:
    with collection_in(tmp_path, deck=questions(2)) as collection:
        (tmp_path / "flashcards.toml").write_text('learning_steps = ""\nfuzz = false\n', encoding="utf-8")
    with Collection(tmp_path) as collection:
        session = Session(CollectionBackend(collection, NOW), NOW)
        assert isinstance(answer(session), Question)
        view = session.handle(Quit(NOW))
        assert isinstance(view, Finished)
        assert view.summary.due_before == (0,) * 7
        assert view.summary.due_ahead == (0, 1, 0, 0, 0, 0, 0)
        said = describe_summary(view.summary, collection.clock)
        assert "Due in 2 days: 1 (0 before this session)." in said


def test_without_changes_the_summary_does_not_compare_the_days_ahead() -> None:
    session = Session(make_backend(card(1)), 0)
    view = session.handle(Quit(0))
    assert isinstance(view, Finished)
    from scheduler import Clock

    assert not [line for line in describe_summary(view.summary, Clock()) if "before this session" in line]
