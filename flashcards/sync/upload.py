"""A whole collection that a client uploads: imported, with what it changed told by the mirror if it came from there."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

from flashcards.anki.imports.cards import KnownChanges
from flashcards.anki.imports.media import MediaPlan
from flashcards.anki.imports.run import import_changes, import_package
from flashcards.anki.package.archive import Profile
from flashcards.anki.package.reader import read_package
from flashcards.catalog.imports import SeenMarks
from flashcards.sync.incoming import CARD_COLUMNS, NOTE_COLUMNS, SUSPENDED
from flashcards.sync.intake import StoredMedia, set_aside

if TYPE_CHECKING:
    from flashcards.anki.package.model import AnkiCard, AnkiNote
    from flashcards.collection import Collection
    from flashcards.importers.transaction import ImportReport
    from flashcards.sync.incoming import Row
    from flashcards.sync.media import MediaStore
    from flashcards.sync.mirror import Mirror

_GUID, _MOD, _TAGS, _FIELDS = (NOTE_COLUMNS.index(name) for name in ("guid", "mod", "tags", "flds"))
_QUEUE, _FLAGS = (CARD_COLUMNS.index(name) for name in ("queue", "flags"))


def import_upload(collection: Collection, mirror: Mirror, media: MediaStore, path: Path) -> ImportReport:
    """Import the collection in a file, whole or not at all.

    Args:
        collection: open, and scanned.
        mirror: up to date with it.
        media: the files that notes may name.
        path: the file that came.

    Raises:
        PackageInvalid: the file cannot be right.
        PackageNewer: it is of a format that came later.
    """
    package = read_package(Profile(path))
    upload = _Upload(collection, mirror, _read_usn(path))
    if not any(upload.is_known(note) for note in package.notes):
        return import_package(collection, path)
    edits = {note.guid: upload.is_contested(note) for note in package.notes if upload.is_edited(note)}
    upload.keep_contested([note for note in package.notes if edits.get(note.guid)])
    changes = KnownChanges(
        edits=edits,
        new_cards={card.id for card in package.all_cards() if upload.card(card.id) is None},
        marks_before=upload.marks_before,
        settings=True,
        back_up=True,
    )
    plan = MediaPlan(collection.root, StoredMedia(media))
    try:
        return import_changes(collection, package, plan, path.name, changes)
    finally:
        plan.close()


class _Upload:
    """A collection that came from the mirror, held against it; `since` is what the client had not seen."""

    def __init__(self, collection: Collection, mirror: Mirror, since: int) -> None:
        self._collection = collection
        self._mirror = mirror
        self._since = since

    def is_known(self, note: AnkiNote) -> bool:
        """Whether the mirror holds this note."""
        row = self._note(note)
        return row is not None and row[_GUID] == note.guid

    def is_edited(self, note: AnkiNote) -> bool:
        """Whether a note says something else than the mirror does; fields that were added do not count."""
        row = self._note(note)
        if row is None:
            return True
        ours = row[_FIELDS].split("\x1f")
        return ours != list(note.fields[: len(ours)]) or sorted(row[_TAGS].split()) != sorted(note.tags)

    def is_contested(self, note: AnkiNote) -> bool:
        """Whether a note changed here or on another phone too, as far as the client had not seen it."""
        row = self._note(note)
        return row is not None and (self._mirror.has_changed("note", note.id, self._since) or note.changed < row[_MOD])

    def keep_contested(self, notes: list[AnkiNote]) -> None:
        """Keep the texts of notes that stay as they are here."""
        if notes:
            texts = ["\n".join(filter(None, note.fields)) for note in notes]
            set_aside(self._collection.state_folder, "changed in an uploaded collection and here", texts)

    def card(self, number: int) -> Row | None:
        """Return a card as the mirror holds it."""
        return next(self._mirror.rows("cards", [number]), None)

    def marks_before(self, card: AnkiCard) -> SeenMarks:
        """Return the suspension and the flag that a card had, as far as the client knew."""
        row = self.card(card.id)
        if row is None or self._mirror.has_changed("card", card.id, self._since):
            return SeenMarks(-1, suspended=False, flag=0)
        return SeenMarks(-1, row[_QUEUE] == SUSPENDED, row[_FLAGS] & 7)

    def _note(self, note: AnkiNote) -> Row | None:
        return next(self._mirror.rows("notes", [note.id]), None)


def _read_usn(path: Path) -> int:
    """Return the change number up to which the client had seen everything: an upload counts as one more sync."""
    with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro&immutable=1", uri=True)) as connection:
        (usn,) = connection.execute("SELECT usn FROM col").fetchone()
    return max(0, int(usn) - 1)
