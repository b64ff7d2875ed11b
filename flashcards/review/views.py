"""The types between a session and its shell: events go in, views come out, a backend supplies cards. Plain data.

Every event says when it happened, in epoch milliseconds: a session has no clock of its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from flashcards.catalog.store import Entry
from flashcards.deck.model import Face
from scheduler import Card, Outcomes, Rating, Review, State
from scheduler.queue import Counts

DAYS_AHEAD = 7
"""The days ahead for which the end of a session says what changed."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A card before a person: its schedule, its note with the place, its two sides.

    `expected` is the Markdown that a typed answer is compared with; "" when the answer is not typed.
    """

    card: Card
    entry: Entry
    face: Face
    expected: str = ""

    @property
    def typed(self) -> bool:
        """Return whether the answer is to be typed."""
        return bool(self.expected)


@dataclass(frozen=True, slots=True)
class Question:
    """The front of a card."""

    asked: Asked  # the card
    counts: Counts  # cards left today, this one among them
    message: str = ""  # a sentence on what happened just before, or ""


@dataclass(frozen=True, slots=True)
class Answer:
    """The back of a card."""

    asked: Asked  # the card
    counts: Counts  # cards left today, this one among them
    intervals: tuple[int, int, int, int]  # seconds until the card is due again after Again, Hard, Good, Easy
    given: str | None = None  # what the person typed, if anything
    message: str = ""  # a sentence on what happened just before, or ""
    ticked: frozenset[int] = frozenset()  # the points of a rubric card that were covered, counted from 0
    proposed: Rating = Rating.GOOD  # the rating that these points amount to; Good for any other card


@dataclass(frozen=True, slots=True)
class Upcoming:
    """When cards are due next."""

    now: int = 0  # cards on a step that is due already
    today: int = 0  # cards on a step that is due later today
    today_ms: int | None = None  # when the first of them is due, in epoch milliseconds, if there is one
    day: int | None = None  # the next day on which cards are due, if there is one
    days_away: int = 0  # days from today until then
    on_day: int = 0  # cards due on that day
    held_due: int = 0  # notes with a due card that the daily limits, or the session's own, keep from being asked today
    held_new: int = 0  # the same with a new card


@dataclass(frozen=True, slots=True)
class Summary:
    """How the session went, without what was taken back."""

    cards: int  # different cards rated
    ratings: dict[Rating, int]  # how often each rating was given
    introduced: int  # new cards among them
    reviews: int  # ratings of cards under review; `recalled` of them were not Again
    recalled: int
    duration_ms: int  # time that the rated cards were before the person
    left: Counts  # cards left for today
    upcoming: Upcoming  # when the next are due
    # cards due on each of the days ahead, tomorrow first; `due_before` when the session began
    due_ahead: tuple[int, ...] = ()
    due_before: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Finished:
    """The end: no card is left for the next minutes, or the person left."""

    summary: Summary
    message: str = ""


View = Question | Answer | Finished


def pile(card: Card) -> str:
    """Return which of the counts a card belongs to: `new`, `learning` or `review`."""
    if card.state is State.NEW:
        return "new"
    return "review" if card.state is State.REVIEW else "learning"


@dataclass(frozen=True, slots=True)
class TimedEvent:
    """Something that a person does, and when, in epoch milliseconds."""

    now_ms: int


class ShowAnswer(TimedEvent):
    """Turn the card over."""


@dataclass(frozen=True, slots=True)
class TypeAnswer(TimedEvent):
    """Turn the card over, having typed this answer."""

    text: str


@dataclass(frozen=True, slots=True)
class Rate(TimedEvent):
    """Say how well the card was recalled."""

    rating: Rating


class Accept(TimedEvent):
    """Take the rating that is proposed: Good, or what the ticked points amount to."""


@dataclass(frozen=True, slots=True)
class Tick(TimedEvent):
    """Say that a point of the answer was covered, or, the second time, that it was not; points count from 0."""

    point: int


class Undo(TimedEvent):
    """Take back what was done last."""


class Bury(TimedEvent):
    """Hide the card until tomorrow."""


@dataclass(frozen=True, slots=True)
class Suspend(TimedEvent):
    """Stop asking the card, or all cards of its note, until unsuspended."""

    whole_note: bool = False


@dataclass(frozen=True, slots=True)
class Flag(TimedEvent):
    """Give the card a flag, 1 to 7; 0 removes it."""

    flag: int


class Refresh(TimedEvent):
    """Read the card again, because the decks may have changed."""


class Quit(TimedEvent):
    """End the session."""


Event = ShowAnswer | TypeAnswer | Rate | Accept | Tick | Undo | Bury | Suspend | Flag | Refresh | Quit


class Backend(Protocol):
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
