"""A mock interview on a real collection: its candidates, and where everything is kept."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flashcards.cards import render_sides
from flashcards.mock.draw import find_skills
from flashcards.mock.store import Mock, MockAnswer, Mocks
from flashcards.review.collection_desk import CollectionDesk
from flashcards.review.rubric import add_ticks
from flashcards.review.session import LONGEST_MS
from scheduler import Rating, transaction

if TYPE_CHECKING:
    from flashcards.collection import Collection
    from flashcards.mock.session import Result
    from flashcards.review.views import Asked


class MockRecorder:
    """Reads the cards that are asked, and keeps what is done with them, question by question.

    Args:
        collection: open, its decks read.
        mock: what is to be held.
        budget: seconds a question.
        now_ms: the instant.
        schedule: let ratings count as reviews; else they are written down beside the schedule.
    """

    def __init__(self, collection: Collection, mock: Mock, budget: int, now_ms: int, *, schedule: bool) -> None:
        self._collection = collection
        self._desk = CollectionDesk(collection, now_ms)
        self._budget = budget
        self._schedule = schedule
        self._mocks = Mocks(collection.connection)
        with transaction(collection.connection):
            self.mock = self._mocks.begin(mock)

    def read(self, card: int) -> tuple[Asked, tuple[str, ...]]:
        """Return a card and its skills.

        Raises:
            LookupError: its text is gone.
        """
        asked = self._desk.read(card)
        if asked is None:
            raise LookupError(f"card {card} has no text")
        return asked, find_skills(asked.entry.note.tags)

    def keep_draft(self, result: Result) -> None:
        """Store a question that is answered in part, or not rated yet."""
        with transaction(self._collection.connection):
            self._mocks.put(self.mock, self._row(result))

    def record_answer(self, result: Result, now_ms: int) -> None:
        """Store the rating and the answer in one transaction."""
        store, card, rating = self._collection.store, result.asked.card, Rating(result.rating or 0)
        duration_ms = min(round(result.seconds * 1000), LONGEST_MS)
        points = dict.fromkeys(result.covered, True) | dict.fromkeys(result.missed, False)
        with transaction(self._collection.connection):
            if self._schedule:
                policy = self._collection.policy(card.deck)
                review = store.rate(card.id, rating, policy, now_ms, duration_ms)
            else:
                review = store.cram(card.id, rating, now_ms, duration_ms)
            add_ticks(self._collection.connection, review.id, points.items())
            self._mocks.put(self.mock, self._row(result))

    def record_note(self, result: Result) -> None:
        """Store the note to the last question."""
        with transaction(self._collection.connection):
            self._mocks.note(self.mock, result.number, result.note)

    def finish(self) -> None:
        """Store that the interview came to its end."""
        with transaction(self._collection.connection):
            self._mocks.finish(self.mock)

    def _row(self, result: Result) -> MockAnswer:
        return MockAnswer(
            result.number,
            result.asked.card.id,
            " ".join(render_sides(result.asked.entry, result.asked.card.slot)[0].split()),
            result.skills,
            result.seconds,
            self._budget,
            result.answer,
            result.note,
            int(result.rating or 0),
            result.covered,
            result.missed,
        )
