from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from flashcards.review.events import Bury, Event, Flag, Quit, Rate, Refresh, ShowAnswer, Suspend, TypeAnswer, Undo
from flashcards.review.session import Session
from flashcards.review.views import Finished
from scheduler import Rating, State
from tests.review.fake_backend import FakeBackend, card, make_backend

EVENTS: st.SearchStrategy[Event] = st.one_of(
    st.just(ShowAnswer(0)),
    st.builds(Rate, st.just(0), st.sampled_from(Rating)),
    st.just(Undo(0)),
    st.just(Bury(0)),
    st.builds(Suspend, st.just(0), st.booleans()),
    st.builds(Flag, st.just(0), st.integers(0, 7)),
    st.just(Refresh(0)),
    st.just(TypeAnswer(0, "x")),
)


@given(st.lists(EVENTS, max_size=40))
def test_the_summary_always_counts_the_ratings_that_were_not_undone(events: list[Event]) -> None:
    backend: FakeBackend = make_backend(card(1), card(2, State.REVIEW), card(3, note=1), card(4))
    session = Session(backend, 0)
    for event in events:
        session.handle(event)
    view = session.handle(Quit(0))
    assert isinstance(view, Finished)
    summary = view.summary
    assert sum(summary.ratings.values()) == len(backend.reviews)
    assert summary.cards == len({review.card for review in backend.reviews})
