"""Describe what a scan did."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from flashcards.deck.model import Note, StatedSchedule
    from flashcards.identity.slots import Renaming


class Change(NamedTuple):
    """One note in a scan. A new note has no `before`, a removed one no `after`.

    `rested` are the slots for which a note of another kind has no card any more.
    """

    note: int
    key: str
    path: str
    line: int
    rule: str = ""
    score: float = 1.0
    before: Note | None = None
    after: Note | None = None
    rested: tuple[str, ...] = ()


class Ambiguity(NamedTuple):
    """A note that was added although it may be one of several that lost their text.

    `candidates` are those with their scores, the best first.
    """

    added: Change
    candidates: tuple[tuple[Change, float], ...]


class CardPlace(NamedTuple):
    """Where the cards of a note in use belong now.

    `slots` are the cards it has; `renamed` the cards that go by another slot from now on, as pairs of old and new.
    """

    note: int
    slots: tuple[str, ...]
    deck: int
    position: int
    renamed: Renaming = ()


class StatedCard(NamedTuple):
    """What another tool says of one card, read beside it in a file."""

    note: int
    slot: str
    schedule: StatedSchedule


@dataclass(slots=True)
class ScanReport:
    """What a scan did.

    Attributes:
        added, edited, moved, removed, returned: the notes, in order of file and line.
        new_cards: the cards of notes that are new.
        placed: the notes that were known and whose cards may have changed or moved.
        orphaned: ids of notes that lost their text.
        ambiguous: notes that were added, but may be edited ones.
        stated: the schedules that other tools wrote beside cards.
    """

    added: list[Change] = field(default_factory=list)
    edited: list[Change] = field(default_factory=list)
    moved: list[Change] = field(default_factory=list)
    removed: list[Change] = field(default_factory=list)
    returned: list[Change] = field(default_factory=list)
    new_cards: list[CardPlace] = field(default_factory=list)
    placed: list[CardPlace] = field(default_factory=list)
    orphaned: list[int] = field(default_factory=list)
    ambiguous: list[Ambiguity] = field(default_factory=list)
    stated: list[StatedCard] = field(default_factory=list)

    def __bool__(self) -> bool:
        return bool(self.new_cards or self.placed or self.orphaned)
