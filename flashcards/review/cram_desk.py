"""Ask cards whether or not they are due, each until it is recalled."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flashcards.review.collection_desk import CollectionDesk
from flashcards.review.rubric import add_ticks
from scheduler import CardChanged, NothingToUndo, Outcome, Outcomes, Rating, transaction
from scheduler.intervals import draw
from scheduler.model import Memory, State
from scheduler.queue import Counts
from scheduler.tables import SHOWN

if TYPE_CHECKING:
    from collections.abc import Sequence

    from flashcards.collection import Collection
    from scheduler import Card, Review


class CramDesk(CollectionDesk):
    """Asks every card of a collection, or of `only`, shuffled by the day.

    Args:
        collection: open, its decks read.
        now_ms: the instant.
        only: ask only these cards, if given.
        limit: how many cards to ask at most; by default all.
        count: let the ratings count as reviews; else they are written down, and the schedule stays as it is.
    """

    def __init__(
        self,
        collection: Collection,
        now_ms: int,
        *,
        only: frozenset[int] | None = None,
        limit: int | None = None,
        count: bool = False,
    ) -> None:
        super().__init__(collection, now_ms, only=only)
        self._counting = count
        self._day = collection.clock.day(now_ms)
        self._crammed: list[Review] = []
        askable = self._askable()
        shuffled = sorted(askable if only is None else askable & only, key=lambda card: draw(card, self._day))
        # A dictionary for its order and its quick removals; the values are not used.
        self._left: dict[int, None] = dict.fromkeys(shuffled[:limit])

    def next_card(self, now_ms: int) -> int | None:
        """Return the card to ask now."""
        card = next(iter(self._left), None)
        if card is not None and self.follow_file(card):
            self.refresh(now_ms)
            card = next(iter(self._left), None)
        return card

    def counts(self) -> Counts:
        """Count the cards left today."""
        states = [self._store.card(card).state for card in self._left]
        new, review = states.count(State.NEW), states.count(State.REVIEW)
        return Counts(new, len(states) - new - review, review)

    def outcomes(self, card: Card, now_ms: int) -> Outcomes:
        """Compute what each rating would do. If ratings do not count, no rating changes the interval."""
        if self._counting:
            return super().outcomes(card, now_ms)
        memory = card.memory or Memory(0.0, 0.0)
        same = Outcome(card.state, card.steps_left, card.due_day, card.due_ms, card.interval, memory)
        return Outcomes(same, same, same, same)

    def rate(
        self, card: Card, rating: Rating, now_ms: int, duration_ms: int, points: Sequence[tuple[str, bool]] = ()
    ) -> Review:
        """Record a rating. A forgotten card comes again after the others."""
        try:
            if self._counting:
                review = super().rate(card, rating, now_ms, duration_ms, points)
            else:
                with transaction(self._store.connection):
                    review = self._store.cram(card.id, rating, now_ms, duration_ms, expect_reps=card.reps)
                    add_ticks(self._store.connection, review.id, points)
                self._crammed.append(review)
        except CardChanged:
            self._left.pop(card.id, None)
            raise
        self._left.pop(card.id, None)
        if rating is Rating.AGAIN:
            self._left[card.id] = None
        return review

    def undo(self, now_ms: int) -> Review:
        """Take back the last rating of today."""
        if self._counting:
            review = super().undo(now_ms)
        elif self._crammed:
            review = self._crammed.pop()
            self._store.take_back(review, now_ms)
        else:
            raise NothingToUndo
        self._left = {review.card: None} | self._left
        return review

    def refresh(self, now_ms: int) -> None:
        """Rebuild the queue of the day."""
        super().refresh(now_ms)
        askable = self._askable()
        self._left = {card: None for card in self._left if card in askable}

    def _askable(self) -> set[int]:
        rows = self._store.connection.execute(f"SELECT id FROM cards WHERE {SHOWN}", {"today": self._day})
        return {card for (card,) in rows}
