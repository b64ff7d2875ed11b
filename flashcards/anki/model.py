"""What a package is made of, as plain data."""

from __future__ import annotations

from typing import Final, NamedTuple

from flashcards.deck.model import Kind, Note

BASIC: Final = "basic"
CLOZE: Final = "cloze"


def family(note: Note) -> str:
    """Which family of note types a note is of: `BASIC` or `CLOZE`."""
    return CLOZE if note.kind is Kind.CLOZE else BASIC


class ExportProblem(NamedTuple):
    """Something that is not in the package as it should be: a deck file, a line, a sentence that says what and why."""

    path: str
    line: int
    message: str


class PackageCard(NamedTuple):
    """A card of a note: its id (epoch milliseconds) and which card of the note it is for Anki, from 0."""

    id: int
    ord: int


class PackageNote(NamedTuple):
    """A note as it goes to Anki.

    Attributes:
        id: when it was first seen, in epoch milliseconds.
        guid: what Anki recognises it by.
        family: which note type it is of.
        modified: when what it shows last changed, in epoch seconds; Anki takes over a newer note only.
        deck: `a::b`.
        tags: as Anki takes them.
        fields: HTML, in the order of the note type's fields.
        cards: those that it has, in order.
    """

    id: int
    guid: str
    family: str
    modified: int
    deck: str
    tags: tuple[str, ...]
    fields: tuple[str, ...]
    cards: tuple[PackageCard, ...]
