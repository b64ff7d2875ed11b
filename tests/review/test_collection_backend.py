"""The session on a real collection, at instants that the tests choose."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from flashcards.cli import run
from flashcards.collection import Collection
from flashcards.importers.state_database import import_state
from flashcards.review.collection_backend import CollectionBackend, CramBackend
from flashcards.review.events import Bury, Event, Flag, Quit, Rate, Refresh, ShowAnswer, Suspend, Undo
from flashcards.review.session import Session
from flashcards.review.session_plan import SessionPlan
from flashcards.review.views import Answer, Finished, Question, View
from scheduler import Clock, Rating
from scheduler.errors import DatabaseUnreadable, StateReplaced
from scheduler.queue import Counts
from tests.review.small_collections import DECK, collection_in, questions, ratings, write

NOW = 1_760_000_000_000
MINUTE = 60_000
DAY = 86_400_000


def front(view: View) -> str:
    assert isinstance(view, (Question, Answer))
    return view.asked.face.front


def answer(session: Session, rating: Rating = Rating.GOOD, now_ms: int = NOW) -> View:
    session.handle(ShowAnswer(now_ms))
    return session.handle(Rate(now_ms, rating))


def all_fronts(session: Session, now_ms: int = NOW) -> list[str]:
    """Rates everything Easy until nothing is left; the fronts in the order in which they were asked."""
    found = []
    while not isinstance(session.view, Finished):
        found.append(front(session.view))
        answer(session, Rating.EASY, now_ms)
    return found


def test_a_note_with_two_cards_is_asked_once_a_day(tmp_path: Path) -> None:
    with collection_in(tmp_path, deck=DECK) as collection:
        session = Session(CollectionBackend(collection, NOW), NOW)
        assert len(all_fronts(session)) == 3


def test_the_interval_shown_is_the_interval_given(tmp_path: Path) -> None:
    with collection_in(tmp_path, deck=DECK) as collection:
        session = Session(CollectionBackend(collection, NOW), NOW)
        for rating in Rating:
            if isinstance(session.view, Finished):
                break
            view = session.handle(ShowAnswer(NOW))
            assert isinstance(view, Answer)
            session.handle(Rate(NOW, rating))
            assert collection.store.card(view.asked.card.id).interval == view.intervals[rating - 1]


def test_a_card_on_a_step_is_asked_early_when_nothing_else_is_left(tmp_path: Path) -> None:
    with collection_in(tmp_path, deck=questions(1)) as collection:
        session = Session(CollectionBackend(collection, NOW), NOW)
        view = answer(session, Rating.AGAIN)
        assert isinstance(view, Question)
        assert view.counts == Counts(0, 1, 0)


def test_a_step_hours_away_ends_the_session_and_is_announced(tmp_path: Path) -> None:
    (tmp_path / "flashcards.toml").write_text('learning_steps = "1m 3h"\n')
    clock = Clock()
    morning = clock.start_of(clock.day(NOW)) + 4 * 60 * MINUTE
    with collection_in(tmp_path, deck=questions(1)) as collection:
        session = Session(CollectionBackend(collection, morning), morning)
        view = answer(session, Rating.GOOD, morning)
        assert isinstance(view, Finished)
        assert view.summary.upcoming.today == 1
        assert view.summary.upcoming.today_ms == morning + 3 * 60 * MINUTE


def test_a_finished_step_is_shown_as_due_now(tmp_path: Path) -> None:
    with collection_in(tmp_path, deck=questions(2)) as collection:
        answer(Session(CollectionBackend(collection, NOW), NOW), Rating.AGAIN)
        later = NOW + 5 * MINUTE
        found = CollectionBackend(collection, later).find_upcoming(later)
        assert (found.now, found.today, found.today_ms) == (1, 0, None)


def test_a_card_answered_in_another_session_is_not_asked_again(tmp_path: Path) -> None:
    with collection_in(tmp_path, deck=questions(3)) as collection, Collection(tmp_path) as other:
        mine = Session(CollectionBackend(collection, NOW), NOW)
        theirs = Session(CollectionBackend(other, NOW), NOW)
        assert front(mine.view) == front(theirs.view) == "Question 1?"
        answer(theirs, Rating.EASY)
        answer(theirs, Rating.EASY)
        view = answer(mine)
        assert front(view) == "Question 3?"
        assert isinstance(view, Question)
        assert "elsewhere" in view.message
        assert [len(collection.store.log(card)) for card in _all(collection)] == [1, 1, 0]


def test_undo_reaches_back_beyond_the_session_but_not_beyond_the_day(tmp_path: Path) -> None:
    with collection_in(tmp_path, deck=questions(2)) as collection:
        answer(Session(CollectionBackend(collection, NOW), NOW), Rating.EASY)
        session = Session(CollectionBackend(collection, NOW), NOW)
        assert front(session.view) == "Question 2?"
        assert front(session.handle(Undo(NOW))) == "Question 1?"
        later = Session(CollectionBackend(collection, NOW + 2 * DAY), NOW + 2 * DAY)
        answer(later, Rating.EASY, NOW + 2 * DAY)
        later.handle(Undo(NOW + 2 * DAY))
        view = later.handle(Undo(NOW + 2 * DAY))
        assert isinstance(view, Question)
        assert "nothing to undo" in view.message


def test_undo_frees_the_siblings_that_the_rating_buried(tmp_path: Path) -> None:
    with collection_in(tmp_path, deck="T: term\nD: definition\n") as collection:
        session = Session(CollectionBackend(collection, NOW), NOW)
        answer(session, Rating.EASY)
        session.handle(Undo(NOW))
        day = collection.clock.day(NOW)
        assert not any(card.is_buried(day) for card in collection.store.cards_of(_note(collection)))


def test_an_undone_card_comes_first_even_outside_the_query(tmp_path: Path) -> None:
    with collection_in(tmp_path, one=questions(1, "One"), two=questions(1, "Two")) as collection:
        answer(Session(CollectionBackend(collection, NOW), NOW), Rating.EASY)
        (two,) = _cards(collection, "Two 1?")
        session = Session(CollectionBackend(collection, NOW, SessionPlan(only=frozenset({two}))), NOW)
        assert front(session.view) == "Two 1?"
        assert front(session.handle(Undo(NOW))) == "One 1?"
        assert front(answer(session, Rating.EASY)) == "Two 1?"


def test_an_edited_text_is_shown_at_once_and_keeps_its_history(tmp_path: Path) -> None:
    text = "Q: Capitol of France?\nA: Paris\n<!-- id: france -->\n"
    with collection_in(tmp_path, deck=text) as collection:
        session = Session(CollectionBackend(collection, NOW), NOW)
        answer(session, Rating.AGAIN)
        card = _asked(session)
        write(tmp_path, deck=text.replace("Capitol", "Capital"))
        collection.scan()
        assert front(session.handle(Refresh(NOW))) == "Capital of France?"
        assert _asked(session) == card
        assert len(collection.store.log(card)) == 1


def test_deleting_the_note_shows_the_next_card(tmp_path: Path) -> None:
    with collection_in(tmp_path, deck=questions(2)) as collection:
        session = Session(CollectionBackend(collection, NOW), NOW)
        write(tmp_path, deck="Q: Question 2?\nA: Answer 2.\n")
        collection.scan()
        view = session.handle(Refresh(NOW))
        assert isinstance(view, Question)
        assert view.asked.face.front == "Question 2?"
        assert "gone" in view.message


def test_a_note_deleted_while_another_is_asked_is_not_asked(tmp_path: Path) -> None:
    with collection_in(tmp_path, deck=questions(3)) as collection, Collection(tmp_path) as other:
        session = Session(CollectionBackend(collection, NOW), NOW)
        write(tmp_path, deck="Q: Question 1?\nA: Answer 1.\n\nQ: Question 3?\nA: Answer 3.\n")
        other.scan()
        assert front(answer(session, Rating.EASY)) == "Question 3?"


def test_a_moved_line_is_known_after_a_refresh(tmp_path: Path) -> None:
    with collection_in(tmp_path, deck=questions(1)) as collection:
        session = Session(CollectionBackend(collection, NOW), NOW)
        write(tmp_path, deck="\n\n\n" + questions(1))
        collection.scan()
        view = session.handle(Refresh(NOW))
        assert isinstance(view, Question)
        assert view.asked.entry.note.line == 4


def test_suspending_a_note_hides_all_its_cards_until_undone(tmp_path: Path) -> None:
    with collection_in(tmp_path, deck="C: [one] and [two]\n\nQ: Other?\nA: x\n") as collection:
        session = Session(CollectionBackend(collection, NOW), NOW)
        note = collection.store.card(_asked(session)).note
        assert front(session.handle(Suspend(NOW, whole_note=True))) == "Other?"
        assert all(card.suspended for card in collection.store.cards_of(note))
        session.handle(Undo(NOW))
        assert not any(card.suspended for card in collection.store.cards_of(note))


def test_undoing_a_suspension_leaves_alone_what_was_suspended_before(tmp_path: Path) -> None:
    with collection_in(tmp_path, deck="C: [one] and [two]\n") as collection:
        first, second = collection.store.cards_of(_note(collection))
        collection.store.suspend([second.id])
        session = Session(CollectionBackend(collection, NOW), NOW)
        session.handle(Suspend(NOW, whole_note=True))
        session.handle(Undo(NOW))
        assert not collection.store.card(first.id).suspended
        assert collection.store.card(second.id).suspended


def test_a_buried_card_is_back_the_next_day(tmp_path: Path) -> None:
    with collection_in(tmp_path, deck=questions(1)) as collection:
        session = Session(CollectionBackend(collection, NOW), NOW)
        assert isinstance(session.handle(Bury(NOW)), Finished)
        assert front(Session(CollectionBackend(collection, NOW + DAY), NOW + DAY).view) == "Question 1?"


def test_the_next_day_begins_at_the_rollover_and_not_at_midnight(tmp_path: Path) -> None:
    with collection_in(tmp_path, deck="---\nnew_per_day: 2\n---\n" + questions(9)) as collection:
        day = collection.clock.day(NOW)
        rollover = collection.clock.start_of(day + 1)
        evening, midnight = rollover - 250 * MINUTE, rollover - 240 * MINUTE
        session = Session(CollectionBackend(collection, evening), evening)
        asked = []
        for now in (evening, midnight + MINUTE, rollover + MINUTE, rollover + 2 * MINUTE):
            view = session.handle(ShowAnswer(now))
            asked.append(view)
            session.handle(Rate(now, Rating.EASY))
            if isinstance(session.view, Finished) and now < rollover:
                session = Session(CollectionBackend(collection, rollover + MINUTE), rollover + MINUTE)
        assert [front(view) for view in asked] == [f"Question {number}?" for number in range(1, 5)]
        days = [row[0] for row in collection.connection.execute("SELECT day FROM reviews ORDER BY id")]
        assert days == [day, day, day + 1, day + 1]


def test_a_session_that_continues_after_the_rollover_asks_what_is_due_on_the_new_day(tmp_path: Path) -> None:
    with collection_in(tmp_path, deck="---\nnew_per_day: 2\n---\n" + questions(9)) as collection:
        rollover = collection.clock.start_of(collection.clock.day(NOW) + 1)
        session = Session(CollectionBackend(collection, rollover - MINUTE), rollover - MINUTE)
        assert isinstance(session.view, Question)
        assert session.view.counts == Counts(2, 0, 0)
        view = answer(session, Rating.EASY, rollover + MINUTE)
        assert isinstance(view, Question)
        # One of the new day's two is used up by the answer that was given in it.
        assert view.counts == Counts(1, 0, 0)


def test_new_asks_more_new_cards_than_the_daily_limit(tmp_path: Path) -> None:
    with collection_in(tmp_path, deck="---\nnew_per_day: 2\n---\n" + questions(9)) as collection:
        assert len(all_fronts(Session(CollectionBackend(collection, NOW), NOW))) == 2
        assert len(all_fronts(Session(CollectionBackend(collection, NOW, SessionPlan(new=3)), NOW))) == 3


def test_new_asks_new_cards_even_if_the_daily_limit_on_reviews_is_reached(tmp_path: Path) -> None:
    with collection_in(tmp_path, deck="---\nreviews_per_day: 2\n---\n" + questions(9)) as collection:
        assert len(all_fronts(Session(CollectionBackend(collection, NOW), NOW))) == 2
        assert len(all_fronts(Session(CollectionBackend(collection, NOW, SessionPlan(new=3)), NOW))) == 3


def test_more_new_cards_allow_no_more_reviews(tmp_path: Path) -> None:
    with collection_in(tmp_path, deck="---\nreviews_per_day: 2\n---\n" + questions(9)) as collection:
        collection.store.set_due(_all(collection)[:4], collection.clock.day(NOW), NOW - 9 * DAY)
        session = Session(CollectionBackend(collection, NOW, SessionPlan(new=3)), NOW)
        assert isinstance(session.view, Question)
        assert session.view.counts == Counts(3, 0, 2)


def test_new_counts_over_all_decks(tmp_path: Path) -> None:
    with collection_in(tmp_path, one=questions(5, "One"), two=questions(5, "Two")) as collection:
        assert len(all_fronts(Session(CollectionBackend(collection, NOW, SessionPlan(new=3)), NOW))) == 3


def test_new_zero_asks_no_new_card(tmp_path: Path) -> None:
    with collection_in(tmp_path, deck=questions(9)) as collection:
        assert isinstance(Session(CollectionBackend(collection, NOW, SessionPlan(new=0)), NOW).view, Finished)


def test_limit_asks_and_counts_at_most_that_number_of_cards(tmp_path: Path) -> None:
    with collection_in(tmp_path, deck=questions(9)) as collection:
        session = Session(CollectionBackend(collection, NOW, SessionPlan(limit=4)), NOW)
        assert isinstance(session.view, Question)
        assert session.view.counts == Counts(4, 0, 0)
        assert len(all_fronts(session)) == 4


def test_limit_takes_new_and_due_cards_in_their_share(tmp_path: Path) -> None:
    with collection_in(tmp_path, deck=questions(9)) as collection:
        all_fronts(Session(CollectionBackend(collection, NOW, SessionPlan(limit=6)), NOW))
        later = NOW + 60 * DAY
        session = Session(CollectionBackend(collection, later, SessionPlan(limit=6)), later)
        assert isinstance(session.view, Question)
        assert session.view.counts == Counts(2, 0, 4)


@pytest.mark.parametrize(("mix", "counts"), [("first", Counts(4, 0, 0)), ("last", Counts(0, 0, 4))])
def test_limit_takes_first_what_the_settings_ask_first(tmp_path: Path, mix: str, counts: Counts) -> None:
    with collection_in(tmp_path, deck=f"---\nnew_mix: {mix}\n---\n{questions(12)}") as collection:
        collection.store.set_due(_all(collection)[:6], collection.clock.day(NOW), NOW - 9 * DAY)
        session = Session(CollectionBackend(collection, NOW, SessionPlan(limit=4)), NOW)
        assert isinstance(session.view, Question)
        assert session.view.counts == counts


def mixed(collection: Collection, only: frozenset[int] | None = None) -> str:
    """A later day's session: n for a new card, r for a review. Of each deck two cards are due, others new."""
    for card in _cards(collection, *(f"{word} {number}?" for word in ("One", "Two") for number in (1, 2))):
        collection.store.set_due([card], collection.clock.day(NOW), NOW - 9 * DAY)
    fronts = all_fronts(Session(CollectionBackend(collection, NOW, SessionPlan(only=only)), NOW))
    return "".join("r" if front[-2] in "12" else "n" for front in fronts)


FIRST = '[decks.top]\nnew_mix = "last"\n[decks."top::one"]\nnew_mix = "first"\n'
"""What `flashcards.toml` says of the order in decks."""


@pytest.mark.parametrize(
    ("decks", "narrowed", "order"),
    [
        (("top::one", "top::two"), "", "rrrrnn"),
        (("top::one", "top::two"), "One", "nrr"),
        (("top::one", "top::two"), "Two", "rrn"),
        (("top::one", "top::one"), "", "nnrrrr"),
        (("top::one", "other"), "", "rnrrnr"),
    ],
)
def test_the_nearest_deck_that_contains_all_cards_orders_a_session(
    tmp_path: Path, decks: tuple[str, str], narrowed: str, order: str
) -> None:
    (tmp_path / "flashcards.toml").write_text(FIRST, encoding="utf-8")
    texts = [f"---\ndeck: {deck}\n---\n{questions(3, word)}" for deck, word in zip(decks, ("One", "Two"), strict=True)]
    with collection_in(tmp_path, one=texts[0], two=texts[1]) as collection:
        only = _cards(collection, *(f"{narrowed} {number}?" for number in (1, 2, 3))) if narrowed else None
        assert mixed(collection, frozenset(only) if only else None) == order


def test_a_query_narrows_the_session(tmp_path: Path) -> None:
    with collection_in(tmp_path, one=questions(2, "One"), two=questions(2, "Two")) as collection:
        only = frozenset(_cards(collection, "Two 1?"))
        assert all_fronts(Session(CollectionBackend(collection, NOW, SessionPlan(only=only)), NOW)) == ["Two 1?"]


def test_the_end_of_a_session_shows_when_the_next_cards_are_due(tmp_path: Path) -> None:
    with collection_in(tmp_path, deck="---\nnew_per_day: 2\n---\n" + questions(5)) as collection:
        session = Session(CollectionBackend(collection, NOW), NOW)
        all_fronts(session)
        assert isinstance(session.view, Finished)
        coming = session.view.summary.upcoming
        days = sorted(card.due_day or 0 for card in collection.store.cards(_all(collection)) if card.reps)
        assert coming.day == days[0]
        assert coming.on_day == days.count(days[0])
        assert coming.held_new == 3


def test_new_cards_left_in_the_session_are_not_beyond_the_limits(tmp_path: Path) -> None:
    with collection_in(tmp_path, deck="---\nnew_per_day: 2\n---\n" + questions(5)) as collection:
        view = Session(CollectionBackend(collection, NOW), NOW).handle(Quit(NOW))
        assert isinstance(view, Finished)
        assert view.summary.left == Counts(2, 0, 0)
        assert view.summary.upcoming.held_new == 3


def test_buried_reviews_are_announced_for_tomorrow(tmp_path: Path) -> None:
    with collection_in(tmp_path, deck=questions(1)) as collection:
        all_fronts(Session(CollectionBackend(collection, NOW), NOW))
        later = NOW + 60 * DAY
        session = Session(CollectionBackend(collection, later), later)
        view = session.handle(Bury(later))
        assert isinstance(view, Finished)
        assert (view.summary.upcoming.days_away, view.summary.upcoming.on_day) == (1, 1)


@pytest.mark.parametrize("order", ["due", "retrievability", "random", "overdue"])
def test_every_order_asks_every_due_card(tmp_path: Path, order: str) -> None:
    with collection_in(tmp_path, deck=questions(5)) as collection:
        all_fronts(Session(CollectionBackend(collection, NOW), NOW))
        later = NOW + 90 * DAY
        backend = CollectionBackend(collection, later, SessionPlan(order=order))  # type: ignore[arg-type]  # all four are listed above
        assert sorted(all_fronts(Session(backend, later), later)) == [f"Question {number}?" for number in range(1, 6)]


def _asked(session: Session) -> int:
    assert isinstance(session.view, (Question, Answer))
    return session.view.asked.card.id


def _all(collection: Collection) -> list[int]:
    return [row[0] for row in collection.connection.execute("SELECT id FROM cards ORDER BY id")]


def _note(collection: Collection) -> int:
    return collection.store.card(_all(collection)[0]).note


def _cards(collection: Collection, *wanted: str) -> list[int]:
    fronts = {card: collection.note_of(collection.store.card(card)).note.fields[0] for card in _all(collection)}
    return [card for card, front_text in fronts.items() if front_text in wanted]


@pytest.mark.parametrize("scanned", [False, True], ids=["not scanned", "scanned elsewhere"])
def test_a_file_that_is_renamed_during_a_session_is_asked_to_its_end(tmp_path: Path, scanned: bool) -> None:
    with collection_in(tmp_path, a=questions(3)) as collection:
        session = Session(CollectionBackend(collection, NOW), NOW)
        (tmp_path / "a.md").rename(tmp_path / "b.md")
        if scanned:
            with Collection(tmp_path) as other:
                other.scan()
        assert all_fronts(session) == ["Question 1?", "Question 2?", "Question 3?"]


def test_a_text_edited_in_another_window_is_asked_in_its_current_form(tmp_path: Path) -> None:
    with collection_in(tmp_path, a=questions(3)) as collection:
        session = Session(CollectionBackend(collection, NOW), NOW)
        text = questions(3).replace("Question 2?", "Question two?").replace("Q: Question 3?\nA: Answer 3.\n", "")
        write(tmp_path, a=text)
        assert all_fronts(session) == ["Question 1?", "Question two?"]


def test_a_text_edited_while_its_card_is_on_a_step_is_asked_in_its_current_form(tmp_path: Path) -> None:
    with collection_in(tmp_path, a=questions(1)) as collection:
        session = Session(CollectionBackend(collection, NOW), NOW)
        write(tmp_path, a=questions(1).replace("Answer 1", "The mended answer"))
        view = answer(session, Rating.AGAIN)
        assert isinstance(view, Question)
        assert view.asked.face.back == "The mended answer."


def test_cramming_asks_the_current_text_of_an_edited_card(tmp_path: Path) -> None:
    with collection_in(tmp_path, a=questions(2)) as collection:
        session = Session(CramBackend(collection, NOW), NOW)
        write(tmp_path, a=questions(2, "Mended"))
        answer(session)
        assert front(session.view).startswith("Mended")


def test_a_card_restored_by_undo_shows_its_current_text(tmp_path: Path) -> None:
    with collection_in(tmp_path, a=questions(2)) as collection:
        session = Session(CollectionBackend(collection, NOW), NOW)
        answer(session)
        write(tmp_path, a=questions(2).replace("Question 1?", "Question one?"))
        assert front(session.handle(Undo(NOW))) == "Question one?"


@pytest.mark.skipif(os.name == "nt", reason="needs a folder that can be removed while it is used")
@pytest.mark.parametrize("event", [Rate(NOW, Rating.GOOD), Bury(NOW), Suspend(NOW), Flag(NOW, 1)])
def test_nothing_after_the_state_was_removed_is_acknowledged(tmp_path: Path, event: Event) -> None:
    write(tmp_path, a=questions(2))
    with Collection(tmp_path) as collection:
        collection.scan()
        session = Session(CollectionBackend(collection, NOW), NOW)
        session.handle(ShowAnswer(NOW))
        shutil.rmtree(tmp_path / ".flashcards")
        with pytest.raises(DatabaseUnreadable, match="was removed while this command ran"):
            session.handle(event)


@pytest.mark.skipif(os.name == "nt", reason="needs a file that can be replaced while it is used")
def test_when_a_sync_program_replaces_the_state_no_rating_of_either_is_lost(tmp_path: Path) -> None:
    state, copy = tmp_path / ".flashcards/state.db", tmp_path / "copy.db"
    with collection_in(tmp_path, a=questions(3)) as collection:
        answer(Session(CollectionBackend(collection, NOW), NOW), Rating.HARD)  # on the other computer
    shutil.copy(state, copy)
    with Collection(tmp_path) as collection:
        session = Session(CollectionBackend(collection, NOW + MINUTE), NOW + MINUTE)
        answer(session, Rating.GOOD, NOW + MINUTE)
        copy.replace(state)
        with pytest.raises(StateReplaced, match="sync") as caught:
            answer(session, Rating.EASY, NOW + 2 * MINUTE)
    (saved,) = (tmp_path / ".flashcards/backups").iterdir()
    assert f"`flashcards import {saved}`" in str(caught.value)
    assert ratings(tmp_path) == [Rating.HARD]  # the file that the sync program brought, and nothing of the other
    with Collection(tmp_path) as collection:
        import_state(collection, saved)
    assert ratings(tmp_path) == [Rating.HARD, Rating.GOOD]


@pytest.mark.skipif(os.name == "nt", reason="needs a file that can be replaced while it is used")
def test_a_session_that_ends_after_the_state_was_replaced_reports_it(tmp_path: Path) -> None:
    state, copy = tmp_path / ".flashcards/state.db", tmp_path / "copy.db"
    with collection_in(tmp_path, a=questions(3)):
        pass
    shutil.copy(state, copy)
    with pytest.raises(StateReplaced, match="import"), Collection(tmp_path) as collection:
        answer(Session(CollectionBackend(collection, NOW), NOW))
        copy.replace(state)
    assert ratings(tmp_path) == []


@pytest.mark.skipif(os.name == "nt", reason="needs a file that can be removed while it is used")
def test_a_state_removed_alone_can_be_restored_with_all_ratings(tmp_path: Path) -> None:
    write(tmp_path, a=questions(3))
    with pytest.raises(StateReplaced, match=r"removed .* `flashcards restore`"), Collection(tmp_path) as collection:
        collection.scan()
        session = Session(CollectionBackend(collection, NOW), NOW)
        answer(session, Rating.HARD)
        collection.database.unlink()
        answer(session, Rating.EASY)
    assert run(["-C", str(tmp_path), "restore", "--yes"]) == 0
    assert ratings(tmp_path) == [Rating.HARD]
