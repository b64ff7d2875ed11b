"""The views of a session, and the backend that supplies its cards. Plain data."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Protocol

from flashcards.catalog.store import Entry
from flashcards.deck.model import Face
from scheduler import Card, Outcomes, Rating, Review, State
from scheduler.queue import Counts

DAYS_AHEAD = 7
"""The number of days ahead for which the end of a session shows changes."""


class Asked(NamedTuple):
    """A card in a session. `expected` is the Markdown to compare a typed answer with; "" if it is not typed."""

    card: Card
    entry: Entry
    face: Face
    expected: str = ""

    @property
    def is_typed(self) -> bool:
        """Return whether the answer must be typed."""
        return bool(self.expected)


class Question(NamedTuple):
    """The front of a card."""

    asked: Asked  # the card
    counts: Counts  # cards left today, including this one
    message: str = ""  # a sentence about the previous action, or ""


class Answer(NamedTuple):
    """The back of a card."""

    asked: Asked  # the card
    counts: Counts  # cards left today, including this one
    intervals: tuple[int, int, int, int]  # seconds until the card is due after Again, Hard, Good and Easy
    given: str | None = None  # the typed answer, if any
    message: str = ""  # a sentence about the previous action, or ""
    ticked: frozenset[int] = frozenset()  # the covered points of a rubric card, counted from 0
    proposed: Rating = Rating.GOOD  # the rating that these points propose; Good for any other card


class Upcoming(NamedTuple):
    """When cards are due next."""

    now: int = 0  # learning cards due already
    today: int = 0  # learning cards due later today
    today_ms: int | None = None  # when the first of them is due, in epoch milliseconds; None if there is none
    day: int | None = None  # the next day with due cards, if any
    days_away: int = 0  # days from today until then
    on_day: int = 0  # cards due on that day
    held_due: int = 0  # notes with a due card that a daily limit or the session's limit holds back today
    held_new: int = 0  # the same for new cards


class Summary(NamedTuple):
    """How the session went; undone actions do not count."""

    cards: int  # distinct cards rated
    ratings: dict[Rating, int]  # how often each rating was given
    introduced: int  # how many of them were new
    reviews: int  # ratings of cards in review; `recalled` of them were not Again
    recalled: int
    duration_ms: int  # how long the rated cards were shown
    left: Counts  # cards left for today
    upcoming: Upcoming  # the next due cards
    # cards due on each of the days ahead, tomorrow first; `due_before` when the session began
    due_ahead: tuple[int, ...] = ()
    due_before: tuple[int, ...] = ()


class Finished(NamedTuple):
    """The end: no card is due within minutes, or the person left."""

    summary: Summary
    message: str = ""


View = Question | Answer | Finished


def find_count(card: Card) -> str:
    """Return the count that a card belongs to: `new`, `learning` or `review`."""
    if card.state is State.NEW:
        return "new"
    return "review" if card.state is State.REVIEW else "learning"


class Backend(Protocol):
    """Supplies cards to the session and records its actions; each call has saved them when it returns."""

    def next_card(self, now_ms: int) -> int | None:
        """Return the next card, or nothing if no card is due within minutes."""

    def read(self, card_id: int) -> Asked | None:
        """Return the current state of the card, or nothing if its text is gone from the decks."""

    def counts(self) -> Counts:
        """Count the cards left today."""

    def outcomes(self, card: Card, now_ms: int) -> Outcomes:
        """Compute the outcome of each rating for the card."""

    def rate(
        self, card: Card, rating: Rating, now_ms: int, duration_ms: int, points: Sequence[tuple[str, bool]] = ()
    ) -> Review:
        """Record a rating and the points covered. Raise `CardChanged` if the card was answered elsewhere since."""

    def undo(self, now_ms: int) -> Review:
        """Undo the last rating of today and return it. Raise `NothingToUndo` if nothing was rated today."""

    def siblings(self, card: Card) -> list[int]:
        """Return all cards of the card's note, including itself."""

    def bury(self, cards: Sequence[int], now_ms: int) -> None:
        """Bury cards until tomorrow."""

    def unbury(self, cards: Sequence[int], now_ms: int) -> None:
        """Unbury cards."""

    def suspend(self, cards: Sequence[int], now_ms: int) -> list[int]:
        """Suspend cards; return those that were not suspended before."""

    def unsuspend(self, cards: Sequence[int], now_ms: int) -> None:
        """Unsuspend cards."""

    def flag(self, card_id: int, flag: int, now_ms: int) -> None:
        """Set a card's flag, 1 to 7; 0 removes it."""

    def refresh(self, now_ms: int) -> None:
        """Choose the cards of the day again, after a change other than a rating."""

    def count_due_ahead(self, now_ms: int) -> tuple[int, ...]:
        """Count the cards due on each of the next `DAYS_AHEAD` days, tomorrow first."""

    def find_upcoming(self, now_ms: int) -> Upcoming:
        """Find the next due cards."""
