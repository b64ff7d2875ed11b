from __future__ import annotations

from pathlib import Path

import pytest

from flashcards.review.events import Bury, Flag, Quit, Rate, Refresh, ShowAnswer, Suspend, TypeAnswer, Undo
from flashcards.review.session import LONGEST_MS, Session
from flashcards.review.views import Answer, Finished, Question
from scheduler import DatabaseBusy, DiskFull, Leech, Rating, State
from scheduler.queue import Counts
from tests.review.fake_backend import asked, card, make_backend


def question(session: Session) -> Question:
    assert isinstance(session.view, Question)
    return session.view


def answer(session: Session) -> Answer:
    assert isinstance(session.view, Answer)
    return session.view


def finished(session: Session) -> Finished:
    assert isinstance(session.view, Finished)
    return session.view


def rate(session: Session, rating: Rating = Rating.GOOD, now_ms: int = 0) -> None:
    session.handle(ShowAnswer(now_ms))
    session.handle(Rate(now_ms, rating))


def test_a_session_begins_with_the_question_of_the_first_card() -> None:
    session = Session(make_backend(card(1), card(2)), 0)
    assert question(session).asked.card.id == 1
    assert question(session).counts == Counts(2, 0, 0)


def test_showing_the_answer_gives_the_interval_of_each_rating() -> None:
    session = Session(make_backend(card(1)), 0)
    session.handle(ShowAnswer(0))
    assert answer(session).intervals == (60, 360, 600, 4 * 86_400)


def test_a_rating_is_recorded_before_the_next_question() -> None:
    backend = make_backend(card(1), card(2))
    session = Session(backend, 0)
    rate(session, Rating.HARD)
    assert backend.acts == [("rate", 1, Rating.HARD)]
    assert question(session).asked.card.id == 2


def test_a_question_cannot_be_rated_before_its_answer_was_shown() -> None:
    backend = make_backend(card(1))
    session = Session(backend, 0)
    session.handle(Rate(0, Rating.EASY))
    assert question(session).asked.card.id == 1
    assert backend.acts == []


def test_the_session_is_finished_when_nothing_is_left() -> None:
    session = Session(make_backend(card(1)), 0)
    rate(session)
    assert finished(session).summary.cards == 1


def test_a_session_without_cards_is_finished_immediately() -> None:
    assert finished(Session(make_backend(), 0)).summary.cards == 0


def test_the_time_of_a_rating_runs_from_the_question() -> None:
    backend = make_backend(card(1), card(2))
    session = Session(backend, 1_000)
    session.handle(ShowAnswer(3_000))
    session.handle(Rate(5_500, Rating.GOOD))
    session.handle(ShowAnswer(6_000))
    session.handle(Rate(6_500, Rating.GOOD))
    assert [review.duration_ms for review in backend.reviews] == [4_500, 1_000]


def test_a_long_pause_counts_as_a_minute_and_a_clock_set_back_as_zero() -> None:
    backend = make_backend(card(1), card(2))
    session = Session(backend, 10_000)
    rate(session, now_ms=10_000_000)
    rate(session, now_ms=5)
    assert [review.duration_ms for review in backend.reviews] == [LONGEST_MS, 0]


def test_a_card_answered_elsewhere_is_skipped_with_a_message() -> None:
    backend = make_backend(card(1), card(2))
    backend.changed_elsewhere = {1}
    session = Session(backend, 0)
    rate(session)
    assert question(session).asked.card.id == 2
    assert "elsewhere" in question(session).message
    assert finished(_quit(session)).summary.cards == 0


def test_a_card_without_a_text_is_not_asked() -> None:
    backend = make_backend(card(1), card(2))
    del backend.cards[1]
    assert question(Session(backend, 0)).asked.card.id == 2


@pytest.mark.parametrize("failure", [DatabaseBusy(Path("state.db")), DiskFull(Path("state.db"))])
def test_a_rating_that_cannot_be_written_leaves_the_answer_to_be_rated_again(failure: Exception) -> None:
    backend = make_backend(card(1))
    backend.failure = failure
    session = Session(backend, 0)
    rate(session)
    assert answer(session).message == str(failure)
    backend.failure = None
    session.handle(Rate(0, Rating.GOOD))
    assert finished(session).summary.cards == 1


def test_undo_puts_the_card_back_in_front() -> None:
    session = Session(make_backend(card(1), card(2)), 0)
    rate(session, Rating.AGAIN)
    session.handle(Undo(0))
    assert question(session).asked.card.id == 1
    assert question(session).message == "Again was undone."


def test_undo_goes_back_to_the_first_rating() -> None:
    backend = make_backend(card(1), card(2), card(3))
    session = Session(backend, 0)
    for _ in range(3):
        rate(session)
    for number in (3, 2, 1):
        session.handle(Undo(0))
        assert question(session).asked.card.id == number
    session.handle(Undo(0))
    assert "nothing to undo" in question(session).message
    assert question(session).asked.card.id == 1


def test_undo_reaches_ratings_made_before_the_session() -> None:
    backend = make_backend(card(1), card(2))
    rate(Session(backend, 0))
    session = Session(backend, 0)
    session.handle(Undo(0))
    assert question(session).asked.card.id == 1


def test_what_was_taken_back_is_not_in_the_summary() -> None:
    session = Session(make_backend(card(1), card(2)), 0)
    rate(session, Rating.AGAIN)
    session.handle(Undo(0))
    rate(session, Rating.EASY)
    summary = finished(_quit(session)).summary
    assert summary.ratings == {Rating.AGAIN: 0, Rating.HARD: 0, Rating.GOOD: 0, Rating.EASY: 1}
    assert summary.cards == 1


def test_undo_after_the_last_card_continues_with_it() -> None:
    session = Session(make_backend(card(1)), 0)
    rate(session)
    session.handle(Undo(0))
    assert question(session).asked.card.id == 1


def test_undo_takes_back_a_suspension_before_the_rating_before_it() -> None:
    backend = make_backend(card(1), card(2), card(3))
    session = Session(backend, 0)
    rate(session)
    session.handle(Suspend(0))
    session.handle(Undo(0))
    assert question(session).asked.card.id == 2
    session.handle(Undo(0))
    assert backend.acts[1:] == [("suspend", 2), ("unsuspend", 2), ("undo", 1)]


def test_burying_hides_the_card_and_can_be_undone() -> None:
    backend = make_backend(card(1), card(2))
    session = Session(backend, 0)
    session.handle(Bury(0))
    assert question(session).asked.card.id == 2
    session.handle(Undo(0))
    assert question(session).asked.card.id == 1
    assert backend.acts == [("bury", 1), ("unbury", 1)]


def test_suspending_the_note_suspends_all_its_cards() -> None:
    backend = make_backend(card(1, note=9), card(2, note=9), card(3))
    session = Session(backend, 0)
    session.handle(Suspend(0, whole_note=True))
    assert backend.acts == [("suspend", 1, 2)]
    assert question(session).asked.card.id == 3


def test_a_flag_stays_on_the_side_that_is_shown() -> None:
    backend = make_backend(card(1))
    session = Session(backend, 0)
    session.handle(Flag(0, 3))
    assert question(session).asked.card.flag == 3
    session.handle(ShowAnswer(0))
    session.handle(Flag(0, 0))
    assert answer(session).asked.card.flag == 0


def test_after_an_edit_the_same_side_shows_the_new_text() -> None:
    backend = make_backend(card(1))
    session = Session(backend, 0)
    session.handle(ShowAnswer(0))
    backend.cards[1] = asked(card(1), back="mended")
    session.handle(Refresh(0))
    assert answer(session).asked.face.back == "mended"


def test_after_an_edit_that_removes_the_card_the_next_one_is_asked() -> None:
    backend = make_backend(card(1), card(2))
    session = Session(backend, 0)
    del backend.cards[1]
    session.handle(Refresh(0))
    assert question(session).asked.card.id == 2
    assert "gone" in question(session).message


def test_refreshing_a_card_answered_elsewhere_shows_the_next_one() -> None:
    backend = make_backend(card(1), card(2))
    session = Session(backend, 0)
    backend.cards[1] = backend.cards[1]._replace(card=card(1)._replace(reps=1))
    backend.queue = [2]
    session.handle(Refresh(0))
    assert question(session).asked.card.id == 2


def test_a_typed_answer_is_kept_for_the_comparison() -> None:
    session = Session(make_backend(card(1), typed=True), 0)
    assert question(session).asked.is_typed
    session.handle(TypeAnswer(0, "bakc 1"))
    assert answer(session).given == "bakc 1"


def test_text_typed_for_an_untyped_card_is_not_an_answer() -> None:
    session = Session(make_backend(card(1)), 0)
    session.handle(TypeAnswer(0, "anything"))
    assert answer(session).given is None


def test_a_new_leech_is_reported_with_the_next_view() -> None:
    backend = make_backend(card(1, State.REVIEW), card(2))
    backend.leech = Leech.SUSPENDED
    session = Session(backend, 0)
    rate(session, Rating.AGAIN)
    assert "leech" in question(session).message
    assert "suspended" in question(session).message


def test_the_summary_separates_recall_from_learning() -> None:
    session = Session(make_backend(card(1), card(2, State.REVIEW), card(3, State.REVIEW)), 0)
    for rating in (Rating.AGAIN, Rating.AGAIN, Rating.HARD):
        rate(session, rating)
    summary = finished(session).summary
    assert (summary.introduced, summary.reviews, summary.recalled) == (1, 2, 1)


def test_quitting_tells_how_many_cards_are_left() -> None:
    session = Session(make_backend(card(1), card(2, State.REVIEW)), 0)
    assert finished(_quit(session)).summary.left == Counts(1, 0, 1)


def _quit(session: Session) -> Session:
    session.handle(Quit(0))
    return session


def test_undo_takes_back_a_flag_and_leaves_the_side_that_is_shown() -> None:
    session = Session(make_backend(card(1), card(2)), 0)
    session.handle(ShowAnswer(0))
    session.handle(Flag(0, 3))
    session.handle(Undo(0))
    assert answer(session).message == "No longer flagged."
    assert answer(session).asked.card.flag == 0


def test_undo_takes_back_the_flag_of_an_earlier_card() -> None:
    session = Session(make_backend(card(1), card(2)), 0)
    session.handle(Flag(0, 3))
    rate(session)
    session.handle(Undo(0))
    session.handle(Undo(0))
    assert question(session).message == "No longer flagged."
    assert question(session).asked.card.flag == 0
