"""Notes of a phone that stay there as they are: those of other note types, as long as nobody edits them here."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from typing import TYPE_CHECKING

from flashcards.anki.imports.matching import KnownNotes
from flashcards.anki.package.model import BASIC, CLOZE
from flashcards.anki.package.notetypes import make_note_type
from flashcards.catalog.imports import Origins

if TYPE_CHECKING:
    from flashcards.anki.package.names import Guids
    from flashcards.collection import Collection

OUR_TYPES = tuple(make_note_type(family).model_id for family in (BASIC, CLOZE))


class Unconverted:
    """The notes of the mirror whose note type is not ours and whose text is here as it was brought in.

    Such a note can have fields, pictures and designs that Markdown cannot say. To send it back in one of our note types
    would lose them; so it is left alone until its text changes here.
    """

    def __init__(self, db: sqlite3.Connection, collection: Collection) -> None:
        self._notes: set[int] = set()
        self._cards: set[int] = set()
        foreign = db.execute("SELECT id, guid FROM mirror.notes WHERE mid NOT IN (?, ?)", OUR_TYPES).fetchall()
        if foreign:
            self._find(db, collection, dict(foreign))

    def has_note(self, number: int) -> bool:
        """Whether the note with this id in Anki is left as it is."""
        return number in self._notes

    def has_card(self, number: int) -> bool:
        """Whether the card with this id in Anki is of such a note."""
        return number in self._cards

    def _find(self, db: sqlite3.Connection, collection: Collection, foreign: dict[int, str]) -> None:
        parts: dict[str, list[bool]] = {}
        notes: dict[str, list[int]] = {}
        present = dict(collection.connection.execute("SELECT id, fingerprint FROM notes WHERE active = 1").fetchall())
        for (source, _), origin in Origins(collection.connection).all().items():
            parts.setdefault(source, []).append(present.get(origin.note) == origin.base)
            notes.setdefault(source, []).append(origin.note)
        for number, guid in foreign.items():
            if guid not in parts or not all(parts[guid]):
                continue
            self._notes.add(number)
            self._cards.update(card for (card,) in db.execute("SELECT id FROM mirror.cards WHERE nid = ?", (number,)))
            # The other notes that it became here are not sent as notes of their own.
            db.executemany("DELETE FROM note_ids WHERE here = ?", ((here,) for here in notes[guid]))
            db.executemany("INSERT INTO note_ids VALUES (?, ?)", ((here, number) for here in notes[guid]))


def ids_known_here(db: sqlite3.Connection, guids: Guids, collection: Collection, notes: Iterable[int]) -> set[int]:
    """Return those of some notes of the mirror that are, or once were, notes here."""
    notes = list(notes)
    if not notes:
        return set()
    known = KnownNotes(collection.catalog, Origins(collection.connection), guids)
    there = {there for _, there in Origins(collection.connection).ids("note").items()}
    found = set()
    for number in notes:
        (guid,) = db.execute("SELECT guid FROM mirror.notes WHERE id = ?", (number,)).fetchone()
        if number in there or known.find_note(guid, 0) is not None:
            found.add(number)
    return found
