"""A backend without a collection: cards in a list, every act written down."""

# ruff: noqa: ARG002  a fake is given what the protocol says, whether or not it needs it

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from flashcards.catalog.store import Entry
from flashcards.deck.model import Face, Kind, Note
from flashcards.review.views import Asked, Upcoming
from scheduler import (
    Card,
    CardChanged,
    Leech,
    Memory,
    NothingToUndo,
    Outcome,
    Outcomes,
    Rating,
    Review,
    State,
)
from scheduler import ReviewKind as Record
from scheduler.queue import Counts
from tests.scheduler.world import a_card


def card(number: int, state: State = State.NEW, note: int = 0) -> Card:
    return a_card(id=number, note=note or number, deck=1, position=number, state=state)


def asked(of: Card, *, typed: bool = False, front: str = "", back: str = "") -> Asked:
    front, back = front or f"front {of.id}", back or f"back {of.id}"
    note = Note(Kind.QUESTION, 1, 2, (front, back), ("forward",), breadcrumb=("Heading",), typed=typed)
    entry = Entry(of.note, f"key{of.note}", "deck.md", "Deck", b"", 0, True, note)
    return Asked(of, entry, Face(front, back), back if typed else "")


@dataclass
class FakeBackend:
    """Asks `queue` from its front. `acts` says what was recorded, in order."""

    cards: dict[int, Asked]
    queue: list[int] = field(default_factory=list)
    acts: list[tuple[object, ...]] = field(default_factory=list)
    reviews: list[Review] = field(default_factory=list)
    changed_elsewhere: set[int] = field(default_factory=set)
    failure: Exception | None = None
    leech: Leech = Leech.NO

    def next_card(self, now_ms: int) -> int | None:
        return self.queue[0] if self.queue else None

    def read(self, card: int) -> Asked | None:
        return self.cards.get(card)

    def counts(self) -> Counts:
        states = [self.cards[number].card.state for number in self.queue if number in self.cards]
        new, review = states.count(State.NEW), states.count(State.REVIEW)
        return Counts(new, len(states) - new - review, review)

    def outcomes(self, card: Card, now_ms: int) -> Outcomes:
        return Outcomes(*(self._outcome(seconds) for seconds in (60, 360, 600, 4 * 86_400)))

    def rate(
        self, card: Card, rating: Rating, now_ms: int, duration_ms: int, points: Sequence[tuple[str, bool]] = ()
    ) -> Review:
        if self.failure is not None:
            raise self.failure
        if card.id in self.changed_elsewhere:
            self.queue.remove(card.id)
            raise CardChanged(card.id)
        number = len(self.reviews) + 1
        review = Review(
            id=number,
            card=card.id,
            kind=Record.RATING,
            rating=rating,
            day=0,
            offset_minutes=0,
            duration_ms=duration_ms,
            state_before=card.state,
            state_after=State.REVIEW,
            steps_left=0,
            interval_before=0,
            interval_after=0,
            due_day=None,
            due_ms=None,
            stability=None,
            difficulty=None,
            leech=self.leech,
            voids=None,
        )
        self.reviews.append(review)
        self.acts.append(("rate", card.id, rating, *points))
        if card.id in self.queue:
            self.queue.remove(card.id)
        return review

    def undo(self, now_ms: int) -> Review:
        if not self.reviews:
            raise NothingToUndo
        review = self.reviews.pop()
        self.acts.append(("undo", review.card))
        self.queue.insert(0, review.card)
        return review

    def siblings(self, card: Card) -> list[int]:
        return [each.card.id for each in self.cards.values() if each.card.note == card.note]

    def bury(self, cards: Sequence[int], now_ms: int) -> None:
        self._hide("bury", cards)

    def unbury(self, cards: Sequence[int], now_ms: int) -> None:
        self._unhide("unbury", cards)

    def suspend(self, cards: Sequence[int], now_ms: int) -> list[int]:
        self._hide("suspend", cards)
        return list(cards)

    def unsuspend(self, cards: Sequence[int], now_ms: int) -> None:
        self._unhide("unsuspend", cards)

    def flag(self, card: int, flag: int, now_ms: int) -> None:
        self.acts.append(("flag", card, flag))
        old = self.cards[card]
        self.cards[card] = Asked(old.card._replace(flag=flag), old.entry, old.face, old.expected)

    def refresh(self, now_ms: int) -> None:
        self.queue = [number for number in self.queue if number in self.cards]

    def count_due_ahead(self, now_ms: int) -> tuple[int, ...]:
        return (len(self.reviews), 5)

    def find_upcoming(self, now_ms: int) -> Upcoming:
        return Upcoming()

    def _outcome(self, seconds: int) -> Outcome:
        return Outcome(State.REVIEW, 0, 1, None, seconds, Memory(1.0, 5.0))

    def _hide(self, act: str, cards: Sequence[int]) -> None:
        self.acts.append((act, *cards))
        self.queue = [number for number in self.queue if number not in cards]

    def _unhide(self, act: str, cards: Sequence[int]) -> None:
        self.acts.append((act, *cards))
        self.queue = [*cards, *self.queue]


def make_backend(*cards: Card, typed: bool = False) -> FakeBackend:
    return FakeBackend({each.id: asked(each, typed=typed) for each in cards}, [each.id for each in cards])
