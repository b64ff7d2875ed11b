"""How many cards each deck may still ask today; a deck's limits bind the decks below it."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from scheduler.log import Done
    from scheduler.policy import Policy


class DeckLimits(NamedTuple):
    """A deck, the decks above it (outermost first) and its settings."""

    deck: int
    parents: tuple[int, ...]
    policy: Policy


class Allowance:
    """How many more cards may be taken, by deck and by the decks above it."""

    __slots__ = ("_chains", "left")

    def __init__(self, left: dict[int, int], chains: Mapping[int, Sequence[int]]) -> None:
        self.left = left
        self._chains = chains

    def take(self, deck: int) -> bool:
        """Take one card of a deck, if it and every deck above it allow one more."""
        left, chain = self.left, self._chains[deck]
        for link in chain:
            if left[link] <= 0:
                return False
        for link in chain:
            left[link] -= 1
        return True

    def any_left(self, deck: int) -> bool:
        """Whether `take` would succeed."""
        return all(self.left[link] > 0 for link in self._chains[deck])

    def cap(self, other: Allowance) -> None:
        """Allow nowhere more than `other` does."""
        for deck, most in other.left.items():
            self.left[deck] = min(self.left[deck], most)


def remaining(decks: Sequence[DeckLimits], done: Mapping[int, Done]) -> tuple[Allowance, Allowance]:
    """What is left of the day's reviews and of its new cards.

    As in Anki, a new card that was asked counts among the reviews, too: once the reviews are taken, cap the new cards.
    """
    reviews = {deck.deck: deck.policy.reviews_per_day for deck in decks}
    new = {deck.deck: deck.policy.new_per_day for deck in decks}
    chains = {deck.deck: (*(parent for parent in deck.parents if parent in new), deck.deck) for deck in decks}
    for deck, was in done.items():
        for link in chains.get(deck, ()):
            reviews[link] -= was.new + was.reviews
            new[link] -= was.new
    return Allowance(reviews, chains), Allowance(new, chains)
