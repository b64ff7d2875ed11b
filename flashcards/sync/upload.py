"""Import a whole collection uploaded by an app, keeping the changes made here since the app last synced."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

from flashcards.anki.imports.imported_cards import KnownChanges
from flashcards.anki.imports.media import MediaPlan
from flashcards.anki.imports.run import import_changes, import_package
from flashcards.anki.package.archive import Profile
from flashcards.anki.package.reader import read_package
from flashcards.catalog.imports import SeenStatus
from flashcards.collection import Collection
from flashcards.sync.deletions import Deletions
from flashcards.sync.mirror_objects import OUR_TYPES, find_changed_options
from flashcards.sync.received_changes import StoredMedia, set_aside
from flashcards.sync.validation import CARD_COLUMNS, NOTE_COLUMNS, SUSPENDED, Row
from flashcards.text import plural

if TYPE_CHECKING:
    from flashcards.anki.package.model import AnkiCard, AnkiNote, Package
    from flashcards.importers.transaction import ImportReport
    from flashcards.sync.media_store import MediaStore
    from flashcards.sync.mirror import Mirror


_GUID, _TYPE, _MOD, _TAGS, _FIELDS = (NOTE_COLUMNS.index(name) for name in ("guid", "mid", "mod", "tags", "flds"))
_QUEUE, _FLAGS = (CARD_COLUMNS.index(name) for name in ("queue", "flags"))


def import_upload(
    collection: Collection, mirror: Mirror, media: MediaStore, path: Path, tell: Callable[[str], None]
) -> ImportReport:
    """Import the collection in a file, atomically; the mirror must be up to date.

    `tell` is called with a sentence if something is set aside. Raise `PackageInvalid` if the file is invalid. Raise
    `PackageNewer` if its format is too new.
    """
    package = read_package(Profile(path))
    upload = _Upload(collection, mirror, _read_usn(path))
    if not any(upload.is_known(note) for note in package.notes):
        return import_package(collection, path)
    for sentence in (*upload.put_back_fields(package), *upload.keep_changed_types(package), *upload.keep_late(package)):
        tell(sentence)
    edits = {note.guid: upload.is_contested(note) for note in package.notes if upload.is_edited(note)}
    upload.keep_contested([note for note in package.notes if edits.get(note.guid)])
    changes = KnownChanges(
        edits=edits,
        new_cards={card.id for card in package.all_cards() if upload.card(card.id) is None},
        status_before=upload.status_before,
        settings=True,
        options=find_changed_options(package, mirror.read_json("decks"), mirror.read_json("dconf")),
        back_up=True,
    )
    plan = MediaPlan(collection.root, StoredMedia(media))
    try:
        return import_changes(collection, package, plan, path.name, changes)
    finally:
        plan.close()


class _FieldChange:
    """The fields of one of our note types and those uploaded; renamed ones are matched by position."""

    def __init__(self, names: list[str], there: Sequence[str]) -> None:
        self.names = names
        places = {name: index for index, name in enumerate(there) if name in names}
        if len(there) == len(names):
            places |= {
                name: index for index, name in enumerate(names) if name not in places and there[index] not in names
            }
        self.is_empty = list(there) == names
        self.removed = [name for name in names if name not in places]
        self._places = places
        self._added = [(index, name) for index, name in enumerate(there) if index not in places.values()]

    def apply(self, note: AnkiNote, known: Sequence[str]) -> tuple[str, ...]:
        """Return a note's fields under our names; `known` are its previous fields."""
        held = dict(zip(self.names, known, strict=False))
        return tuple(
            note.fields[self._places[name]] if name in self._places else held.get(name, "") for name in self.names
        )

    def find_added(self, note: AnkiNote) -> list[str]:
        """Return the contents of added fields, preceded by the note's question."""
        lines = [f"{name}: {note.fields[index]}" for index, name in self._added if note.fields[index]]
        return ["\n".join((self.apply(note, [])[0], *lines))] if lines else []


class _Upload:
    """An uploaded collection that came from the mirror; `since` is the first change number unseen by the client."""

    def __init__(self, collection: Collection, mirror: Mirror, since: int) -> None:
        self._collection = collection
        self._mirror = mirror
        self._since = since

    def is_known(self, note: AnkiNote) -> bool:
        """Return whether the mirror holds this note."""
        row = self._note(note)
        return row is not None and row[_GUID] == note.guid

    def is_edited(self, note: AnkiNote) -> bool:
        """Return whether a note differs from the mirror; added fields do not count."""
        row = self._note(note)
        if row is None:
            return True
        ours = row[_FIELDS].split("\x1f")
        return ours != list(note.fields[: len(ours)]) or sorted(row[_TAGS].split()) != sorted(note.tags)

    def is_contested(self, note: AnkiNote) -> bool:
        """Return whether a note also changed here or on another phone, unseen by the client."""
        row = self._note(note)
        return row is not None and (self._mirror.has_changed("note", note.id, self._since) or note.changed < row[_MOD])

    def keep_contested(self, notes: list[AnkiNote]) -> None:
        """Keep the texts of notes that are not applied."""
        if notes:
            texts = ["\n".join(filter(None, note.fields)) for note in notes]
            self._keep("changed in an uploaded collection and here", texts)

    def put_back_fields(self, package: Package) -> list[str]:
        """Restore the fields of our note types in the notes; return messages for the user.

        The contents of added fields are set aside. Removed fields get back their earlier contents.
        """
        sentences = []
        for number in OUR_TYPES:
            kind, model = package.note_types.get(number), self._mirror.read_json("models").get(str(number))
            if kind is None or model is None:
                continue
            fields = _FieldChange([field["name"] for field in model["flds"]], kind.fields)
            if fields.is_empty:
                continue
            package.note_types[number] = kind._replace(fields=tuple(fields.names))
            texts = []
            for place, note in enumerate(package.notes):
                if note.note_type == number:
                    row = self._note(note)
                    known = row[_FIELDS].split("\x1f") if row and row[_TYPE] == number else []
                    texts += fields.find_added(note)
                    package.notes[place] = note._replace(fields=fields.apply(note, known))
            sentences += [f"The field `{name}`, removed on the phone, is put back." for name in fields.removed]
            if texts:
                kept_in = self._keep("in fields that were added in an uploaded collection", texts)
                sentences.append(
                    "Files have no place for fields that were added on the phone; their contents are kept in"
                    f" {kept_in}."
                )
        return sentences

    def keep_changed_types(self, package: Package) -> list[str]:
        """Keep the texts of notes before their note type was changed, because the new one may lack some fields."""
        rows = [(note, self._note(note)) for note in package.notes]
        changed = [row for note, row in rows if row and row[_TYPE] in OUR_TYPES and row[_TYPE] != note.note_type]
        if not changed:
            return []
        texts = ["\n".join(filter(None, row[_FIELDS].split("\x1f"))) for row in changed]
        place = self._keep("before its note type was changed on the phone", texts)
        return [f"The note type of {plural(len(texts), 'note')} was changed on the phone; the old text is in {place}."]

    def keep_late(self, package: Package) -> list[str]:
        """Keep the texts written into notes that were deleted elsewhere before the client knew it."""
        deleted = Deletions(self._mirror.connection, self._since)
        rows = [(note, deleted.note(note.id)) for note in package.notes]
        edited = [note for note, row in rows if row and row[_FIELDS] != "\x1f".join(note.fields)]
        if not edited:
            return []
        texts = ["\n".join(filter(None, note.fields)) for note in edited]
        place = self._keep("edited on the phone, deleted elsewhere", texts)
        return [f"{plural(len(texts), 'note')} edited on the phone and deleted elsewhere; the text is in {place}."]

    def card(self, number: int) -> Row | None:
        """Return a card of the mirror, or nothing."""
        return next(self._mirror.rows("cards", [number]), None)

    def status_before(self, card: AnkiCard) -> SeenStatus:
        """Return the suspension and the flag that a card had when the client last saw it."""
        row = self.card(card.id)
        if row is None or self._mirror.has_changed("card", card.id, self._since):
            return SeenStatus(-1, suspended=False, flag=0)
        return SeenStatus(-1, row[_QUEUE] == SUSPENDED, row[_FLAGS] & 7)

    def _keep(self, why: str, texts: list[str]) -> str:
        """Set texts aside; return their place."""
        return set_aside(self._collection.state_folder, why, texts)

    def _note(self, note: AnkiNote) -> Row | None:
        return next(self._mirror.rows("notes", [note.id]), None)


def _read_usn(path: Path) -> int:
    """Return the change number that the client had seen completely, because an upload counts as one more sync."""
    with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro&immutable=1", uri=True)) as connection:
        (usn,) = connection.execute("SELECT usn FROM col").fetchone()
    return max(0, int(usn) - 1)
