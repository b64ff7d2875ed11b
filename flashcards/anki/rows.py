"""Rows of Anki's tables: the statements that add them, and the values that these take.

What is the same in every row stands in the statement: to bind it a hundred thousand times takes longer than the rest.
"""

from __future__ import annotations

from typing import Final

from flashcards.anki.model import PackageCard, PackageNote

INSERT_NOTE: Final = (
    "INSERT INTO notes(id, guid, mid, mod, usn, tags, flds, sfld, csum, flags, data)"
    " VALUES (?, ?, ?, ?, -1, ?, ?, ?, 0, 0, '')"
)
"""Adds a note that is to be synced; takes a `note_row`. Anki computes `csum` when it imports."""

INSERT_NEW_CARD: Final = (
    "INSERT INTO cards(id, nid, did, ord, mod, usn, type, queue, due, ivl, factor, reps, lapses, left, odue, odid,"
    " flags, data) VALUES (?, ?, ?, ?, ?, -1, 0, 0, ?, 0, 0, 0, 0, 0, 0, 0, 0, '')"
)
"""Adds a card that was never answered; takes a `new_card_row`."""


def note_row(note: PackageNote, note_type: int) -> tuple[int, str, int, int, str, str, str]:
    """The values of a note."""
    tags = f" {' '.join(note.tags)} " if note.tags else ""
    return note.id, note.guid, note_type, note.modified, tags, "\x1f".join(note.fields), note.fields[0]


def new_card_row(card: PackageCard, note: PackageNote, deck: int, position: int) -> tuple[int, int, int, int, int, int]:
    """The values of a card that was never answered; `position` is its place among the new cards."""
    return card.id, note.id, deck, card.ord, note.modified, position
