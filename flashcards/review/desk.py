"""What a session needs of the world: the cards, their order, and a place to record ratings."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from flashcards.review.views import Asked, Upcoming
from scheduler import Card, Outcomes, Rating, Review
from scheduler.queue import Counts


class Desk(Protocol):
    """Hands the session its cards and records what is done with them, saving it before it returns."""

    def next_card(self, now_ms: int) -> int | None:
        """Return the card to ask now, unless no card is left that is due within minutes."""

    def read(self, card: int) -> Asked | None:
        """Return the card as it is now, unless its text is gone from the decks."""

    def counts(self) -> Counts:
        """Count the cards left today."""

    def outcomes(self, card: Card, now_ms: int) -> Outcomes:
        """Compute what each rating would do to the card."""

    def rate(
        self, card: Card, rating: Rating, now_ms: int, duration_ms: int, points: Sequence[tuple[str, bool]] = ()
    ) -> Review:
        """Record a rating, and for each point of a rubric card whether it was covered.

        Raises:
            CardChanged: the card was answered elsewhere since it was read.
        """

    def undo(self, now_ms: int) -> Review:
        """Take back the last rating of today and return it.

        Raises:
            NothingToUndo: nothing was rated today.
        """

    def siblings(self, card: Card) -> list[int]:
        """List all cards of the card's note, itself among them."""

    def bury(self, cards: Sequence[int], now_ms: int) -> None:
        """Hide cards until tomorrow."""

    def unbury(self, cards: Sequence[int], now_ms: int) -> None:
        """Show buried cards again."""

    def suspend(self, cards: Sequence[int]) -> list[int]:
        """Stop asking cards; return those that were not suspended before."""

    def unsuspend(self, cards: Sequence[int]) -> None:
        """Ask suspended cards again."""

    def flag(self, card: int, flag: int) -> None:
        """Give a card a flag, 1 to 7; 0 removes it."""

    def refresh(self, now_ms: int) -> None:
        """Choose the cards of the day again, after something other than a rating changed them."""

    def count_due_ahead(self, now_ms: int) -> tuple[int, ...]:
        """Count the cards due on each of the next `DAYS_AHEAD` days, tomorrow first."""

    def find_upcoming(self, now_ms: int) -> Upcoming:
        """Find when cards are due next."""
