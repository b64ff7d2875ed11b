"""The contents of an Anki package, as plain data."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

from flashcards.deck.model import Kind, Note

STANDARD_TYPE = 0
CLOZE_TYPE = 1

RECOVERED = "Recovered"
"""The deck of cards whose own deck is missing from the package."""


@dataclass(frozen=True, slots=True)
class Template:
    """One card of a note type: its name and the formats of its two sides."""

    name: str
    front: str
    back: str


@dataclass(frozen=True, slots=True)
class AnkiNoteType:
    """A note type; `kind` is `STANDARD` or `CLOZE`."""

    id: int
    name: str
    kind: int
    fields: tuple[str, ...]
    templates: tuple[Template, ...]


@dataclass(frozen=True, slots=True)
class PackageDeck:
    """A deck."""

    id: int
    name: str  # `a::b`
    preset: int | None  # nothing for a filtered one
    settings: Mapping[str, Any] = field(default_factory=dict)  # ours, for this deck alone, whatever its preset says
    description: str = ""  # HTML


@dataclass(frozen=True, slots=True)
class Preset:
    """Deck options."""

    id: int
    name: str
    settings: Mapping[str, Any] = field(default_factory=dict)  # ours by name, each as `flashcards.toml` would say it
    problems: tuple[str, ...] = ()  # what is not kept, as clauses
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
    """A row of `cards`, by the names of Anki's columns; `home` is the deck it belongs to, `due` its due value there."""

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
    """A row of `revlog`, by the names of Anki's columns."""

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
    """A package, read whole."""

    created_s: int  # when its collection began, epoch seconds; due days count from that day
    created_offset: int | None  # minutes that local time was ahead of UTC then, or nothing if it does not say
    rollover: int  # the hour at which its days begin
    changed_ms: int  # when it was last changed
    load_balance: bool  # whether it spreads what is due evenly over the days
    # note_types, decks, presets: by id
    note_types: dict[int, AnkiNoteType]
    decks: dict[int, PackageDeck]
    presets: dict[int, Preset]
    notes: list[AnkiNote]  # in order of id
    cards: dict[int, list[AnkiCard]]  # by note id, in order of ord
    log: dict[int, list[LogRow]]  # by card id, oldest first
    # lost_cards, lost_reviews: how many rows belong to a note or card that is not there
    lost_cards: int = 0
    lost_reviews: int = 0
    recovered_cards: int = 0  # how many cards are of a deck that is missing from it
    timeless_reviews: int = 0  # how many rows of the log have an impossible time
    # the guids of notes that are as they were at the last import; nothing else of them is here
    unchanged: set[str] = field(default_factory=set)
    digests: dict[str, bytes] = field(default_factory=dict)  # of the notes that are here, by guid
    tells_schedules: bool = True  # whether it holds schedules: in one exported without them every card is new
    decks_with_siblings: set[int] = field(default_factory=set)  # the ids of decks that hold notes with several cards

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
    """Something that is not in the package as it should be: a deck file, a line, a sentence that says what and why."""

    path: str
    line: int
    message: str


class PackageCard(NamedTuple):
    """A card of a note: its id (epoch milliseconds) and which card of the note it is for Anki, from 0."""

    id: int
    ord: int


class PackageNote(NamedTuple):
    """A note as it goes to Anki."""

    id: int  # when it was first seen, in epoch milliseconds
    guid: str  # what Anki recognises it by
    family: str  # which note type it is of
    modified: int  # when what it shows last changed, in epoch seconds; Anki accepts only a newer note
    deck: str  # `a::b`
    tags: tuple[str, ...]  # as Anki takes them
    fields: tuple[str, ...]  # HTML, in the order of the note type's fields
    cards: tuple[PackageCard, ...]  # those that it has, in order
    markdown: tuple[str, ...] = ()  # the fields here
    shares_guid: bool = False  # whether other notes have its guid, too, as in some packages
