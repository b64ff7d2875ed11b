"""A collection in a folder of its own, as the tests of the catalog write, move and scan it."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING

from flashcards.collection import Collection
from scheduler import Card, Rating

if TYPE_CHECKING:
    from pathlib import Path

    from flashcards.catalog.changes import ScanReport
    from flashcards.catalog.files import Unreadable
    from flashcards.catalog.store import Entry

LONG_AGO_NS = 1_600_000_000_000_000_000


def question(front: str, back: str = "answer", comment: str = "") -> str:
    """The Markdown of a note, blank line included."""
    return f"Q: {front}\nA: {back}\n{comment and comment + chr(10)}\n"


class World:
    """One collection, open from the start to `close`."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.collection = Collection(root)
        # What is on disk after a power cut is not what these tests are about.
        self.collection.connection.execute("PRAGMA synchronous = OFF")

    def close(self) -> None:
        self.collection.close()

    def write(self, path: str, *notes: str, mtime_ns: int | None = None) -> Path:
        """Write a file that holds these pieces of Markdown."""
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes("".join(notes).encode())
        if mtime_ns is not None:
            os.utime(file, ns=(mtime_ns, mtime_ns))
        return file

    def scan(self) -> ScanReport:
        return self.collection.scan()[0]

    def unreadable(self) -> list[Unreadable]:
        return self.collection.scan()[1]

    def entries(self) -> list[Entry]:
        return list(self.collection.catalog.entries())

    def note(self, front: str) -> Entry:
        """The only note in use whose first field is `front`."""
        (found,) = [entry for entry in self.entries() if entry.note.fields[0] == front]
        return found

    def fronts(self) -> list[str]:
        """The first field of every note in use, in order of deck, file and line."""
        return [entry.note.fields[0] for entry in self.entries()]

    def orphans(self) -> list[str]:
        return [entry.note.fields[0] for entry in self.collection.catalog.entries(active=False)]

    def cards(self, note: int) -> dict[str, Card]:
        """The cards of a note by slot, those that rest too."""
        return {card.slot: card for card in self.collection.store.cards_of(note)}

    def rate(self, front: str, slot: str = "forward") -> int:
        """Rate a card once; returns its id."""
        card = self.cards(self.note(front).id)[slot]
        now = time.time_ns() // 1_000_000
        self.collection.store.rate(card.id, Rating.GOOD, self.collection.policy(card.deck), now)
        return card.id

    def reviews(self, card: int) -> int:
        return len(self.collection.store.log(card))

    def problems(self) -> list[tuple[str, int, str]]:
        return [(path, problem.line, problem.code) for path, problem in self.collection.catalog.problems()]
