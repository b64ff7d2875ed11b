"""Rows of Anki's tables, in the order of their columns."""

from __future__ import annotations

from typing import NamedTuple

from flashcards.anki.model import PackageCard, PackageNote

_TO_BE_SYNCED = -1


class NoteRow(NamedTuple):
    """A row of `notes`. Anki computes `csum` when it imports."""

    id: int
    guid: str
    mid: int
    mod: int
    usn: int
    tags: str
    flds: str
    sfld: str
    csum: int = 0
    flags: int = 0
    data: str = ""


class CardRow(NamedTuple):
    """A row of `cards`; the defaults are those of a card that was never answered, with `due` its place."""

    id: int
    nid: int
    did: int
    ord: int
    mod: int
    usn: int = _TO_BE_SYNCED
    type: int = 0
    queue: int = 0
    due: int = 0
    ivl: int = 0
    factor: int = 0
    reps: int = 0
    lapses: int = 0
    left: int = 0
    odue: int = 0
    odid: int = 0
    flags: int = 0
    data: str = ""


def note_row(note: PackageNote, note_type: int) -> NoteRow:
    """The row of a note."""
    tags = f" {' '.join(note.tags)} " if note.tags else ""
    fields = "\x1f".join(note.fields)
    return NoteRow(note.id, note.guid, note_type, note.modified, _TO_BE_SYNCED, tags, fields, note.fields[0])


def new_card_row(card: PackageCard, note: PackageNote, deck: int, position: int) -> CardRow:
    """The row of a card that was never answered; `position` is its place among the new cards."""
    return CardRow(card.id, note.id, deck, card.ord, note.modified, due=position)
