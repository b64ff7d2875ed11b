"""The notes that linking compares, and what it decides."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from flashcards.deck.model import Note


class Known(NamedTuple):
    """A note of the catalog that is looking for its text: its file's text changed, or it is an orphan.

    `body` is `note` as the catalog stores it, `top_gap` the highest number a gap of it ever had, `former` the
    fingerprints of all texts it had before the present one.
    """

    id: int
    key: str
    pin: str
    file: int
    fingerprint: bytes
    note: Note
    body: str
    deck: int
    top_gap: int
    active: bool
    former: frozenset[bytes] = frozenset()


class Seen(NamedTuple):
    """A note as a file has it now, and its place among the notes of the file."""

    file: int
    deck: int
    number: int
    fingerprint: bytes
    note: Note

    @property
    def place(self) -> tuple[int, int]:
        """What tells it from every other note seen."""
        return self.file, self.number


class Link(NamedTuple):
    """The decision that `seen` is `known`, by which rule, and how sure it is (0 to 1)."""

    known: Known
    seen: Seen
    rule: str
    score: float = 1.0


@dataclass(frozen=True, slots=True)
class Doubt:
    """A note that is new to us but might be one of these, with the score of each, the best first.

    Several fit nearly as well, so that none was taken.
    """

    seen: Seen
    candidates: tuple[tuple[Known, float], ...]
