"""The contents of an Anki package, as plain data."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

from flashcards.deck.model import Kind, Note

RECOVERED = "Recovered"
"""The deck of cards whose own deck is missing from the package."""


class Template(NamedTuple):
    """One template of a note type: its name and the formats of its two sides."""

    name: str
    front: str
    back: str


class AnkiNoteType(NamedTuple):
    """A note type: a cloze, or one with a card for each template."""

    id: int
    name: str
    is_cloze: bool
    fields: tuple[str, ...]
    templates: tuple[Template, ...]
    css: str = ""


class PackageDeck(NamedTuple):
    """A deck."""

    id: int
    name: str  # `a::b`
    preset: int | None  # None for a filtered deck
    # Our settings for this deck alone, whatever its preset contains.
    settings: Mapping[str, Any] = {}
    description: str = ""  # HTML


class Preset(NamedTuple):
    """Deck options."""

    id: int
    name: str
    # Our settings by name, with the values for `flashcards.toml`.
    settings: Mapping[str, Any] = {}
    problems: tuple[str, ...] = ()  # options that are not kept, as clauses
    changed: int = 0  # epoch seconds


class AnkiNote(NamedTuple):
    """A row of `notes`; `changed` is in epoch seconds."""

    id: int
    guid: str
    note_type: int
    changed: int
    tags: tuple[str, ...]
    fields: tuple[str, ...]


class AnkiCard(NamedTuple):
    """A row of `cards`, with Anki's column names; `home` is the card's deck, `due` its due value there."""

    id: int
    note: int
    home: int
    ord: int
    changed: int
    type: int
    queue: int
    due: int
    ivl: int
    factor: int
    reps: int
    lapses: int
    left: int
    flags: int
    data: str


class LogRow(NamedTuple):
    """A row of `revlog`, with Anki's column names."""

    id: int
    card: int
    ease: int
    ivl: int
    last_ivl: int
    factor: int
    time: int
    type: int


@dataclass(slots=True)
class Package:
    """A completely read package."""

    created_s: int  # the beginning of its collection, epoch seconds; due days count from that day
    created_offset: int | None  # offset of local time from UTC at that time, in minutes; None if unknown
    rollover: int  # the hour at which its days begin
    changed_ms: int  # time of its last change
    load_balance: bool  # whether it spreads due cards evenly over the days
    # note_types, decks, presets: by id
    note_types: dict[int, AnkiNoteType]
    decks: dict[int, PackageDeck]
    presets: dict[int, Preset]
    notes: list[AnkiNote]  # in order of id
    cards: dict[int, list[AnkiCard]]  # by note id, in order of ord
    log: dict[int, list[LogRow]]  # by card id, oldest first
    # lost_cards, lost_reviews: number of rows whose note or card is missing
    lost_cards: int = 0
    lost_reviews: int = 0
    recovered_cards: int = 0  # number of cards whose deck is missing
    timeless_reviews: int = 0  # number of log rows with an impossible time
    # the guids of notes unchanged since the last import; their rows are not read
    unchanged: set[str] = field(default_factory=set)
    digests: dict[str, bytes] = field(default_factory=dict)  # of the notes read, by guid
    tells_schedules: bool = True  # whether it contains schedules; in one exported without them, every card is new
    decks_with_siblings: set[int] = field(default_factory=set)  # the ids of decks with notes that have several cards

    def all_cards(self) -> Iterator[AnkiCard]:
        """Iterate over every card, in order of its note."""
        for note in self.notes:
            yield from self.cards.get(note.id, ())


BASIC: Final = "basic"
CLOZE: Final = "cloze"


def family(note: Note) -> str:
    """Return the family of a note's note type: `BASIC` or `CLOZE`."""
    return CLOZE if note.kind is Kind.CLOZE else BASIC


class ExportProblem(NamedTuple):
    """A problem with the contents of a package: a deck file, a line, and a sentence."""

    path: str
    line: int
    message: str


class PackageCard(NamedTuple):
    """A card of a note: its id (epoch milliseconds) and its number within the note in Anki, from 0."""

    id: int
    ord: int


class PackageNote(NamedTuple):
    """A note in the form for Anki."""

    id: int  # when it was first seen, in epoch milliseconds
    guid: str  # identifies it in Anki
    family: str  # the family of its note type
    modified: int  # when its content last changed, in epoch seconds; Anki only accepts a newer note
    deck: str  # `a::b`
    tags: tuple[str, ...]  # in Anki's form
    fields: tuple[str, ...]  # HTML, in the order of the note type's fields
    cards: tuple[PackageCard, ...]  # its cards, in order
    markdown: tuple[str, ...] = ()  # the fields of the Markdown note
    shares_guid: bool = False  # whether other notes also have its guid, as in some packages
