"""A collection in a folder, as the tests of identity edit, scan and review it."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from flashcards.collection import Collection
from scheduler import Card, Rating

if TYPE_CHECKING:
    from pathlib import Path

    from flashcards.catalog.changes import Change, ScanReport
    from flashcards.catalog.store import Entry


class World:
    """One collection, open from the start to `close`."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.collection = Collection(root)
        self.collection.connection.execute("PRAGMA synchronous = OFF")

    def close(self) -> None:
        self.collection.close()

    def write(self, path: str, *notes: str) -> None:
        """Write a file that holds these notes, a blank line between them."""
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("\n\n".join(notes) + "\n", encoding="utf-8")

    def remove(self, path: str) -> None:
        (self.root / path).unlink()

    def scan(self) -> ScanReport:
        return self.collection.scan()[0]

    def note(self, words: str) -> Entry:
        """The only note in use that holds these words."""
        (found,) = [entry for entry in self.collection.catalog.entries() if words in "\n".join(entry.note.fields)]
        return found

    def orphans(self) -> list[Entry]:
        return list(self.collection.catalog.entries(active=False))

    def cards(self, words: str) -> dict[str, Card]:
        """The cards of the note in use that holds these words, by slot, those that rest too."""
        return {card.slot: card for card in self.collection.store.cards_of(self.note(words).id)}

    def rate(self, words: str, slot: str = "forward", rating: Rating = Rating.GOOD) -> Card:
        """Rate a card once, and let a moment pass, as a person does; returns the card as it is afterwards."""
        card = self.cards(words)[slot]
        policy = self.collection.policy(card.deck)
        review = self.collection.store.rate(card.id, rating, policy, time.time_ns() // 1_000_000)
        while time.time_ns() // 1_000_000 <= review.id:
            time.sleep(0.001)
        return self.collection.store.card(card.id)

    def card(self, card: int) -> Card:
        return self.collection.store.card(card)


def rules(changes: list[Change]) -> list[str]:
    """The rules by which notes were recognised."""
    return [change.rule for change in changes]
