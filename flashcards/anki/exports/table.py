"""Write the CSV file that brings edited texts back to Anki and opens in any spreadsheet."""

from __future__ import annotations

import codecs
import csv
from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Final

from flashcards.anki.exports.export import Exported
from flashcards.anki.exports.notes import Gathering
from flashcards.anki.package.model import CLOZE, PackageNote
from flashcards.catalog.imports import Origins
from flashcards.disk.atomic import write_output
from flashcards.text import plural

if TYPE_CHECKING:
    from flashcards.catalog.imports import Origin
    from flashcards.collection import Collection

# Anki reads these lines. Notes that it does not have come in note types of its own, so nothing need be there before.
_OUR_TYPES: Final = "Flashcards "
_HEADER: Final = (
    "#separator:Comma",
    "#html:true",
    "#guid column:1",
    "#notetype column:2",
    "#deck column:3",
    "#tags column:4",
    "#columns:guid,note type,deck,tags,front,back",
)


def export_csv(
    collection: Collection, decks: Iterable[str], path: Path, progress: Callable[[int, int], None] | None = None
) -> Exported:
    """Write one line a note: guid, note type, deck, tags, front, back; the last two as HTML.

    Of notes that came from Anki, only those whose text or tags were edited here are in it, in the note types that they
    have there. Media are not in it. Arguments and errors are those of `export_package`.
    """
    gathering = Gathering(collection, decks)
    origins = _Origins(collection)
    notes = cards = 0
    with write_output(path) as stream:
        text = codecs.getwriter("utf-8")(stream)
        text.write("\n".join(_HEADER) + "\n")
        writer = csv.writer(text, lineterminator="\n")
        # Anki passes over lines that begin with #, which a guid of its own may.
        quoting = csv.writer(text, lineterminator="\n", quoting=csv.QUOTE_ALL)
        for note in gathering.notes(progress):
            if not origins.is_written(note):
                continue
            (quoting if note.guid.startswith("#") else writer).writerow(_make_line(note, origins.find_note_type(note)))
            notes += 1
            cards += len(note.cards)
        size = stream.tell()
    return Exported(path, notes, cards, 0, size, tuple(gathering.problems), origins.describe_left())


class _Origins:
    """Knows which notes came from Anki, and counts those that are left out."""

    def __init__(self, collection: Collection) -> None:
        self._edited: dict[int, bool] = {}
        self._known: dict[int, Origin] = {}
        self._parts: Counter[str] = Counter()
        self._unedited = self._ours = self._others = self._open = 0
        origins = Origins(collection.connection)
        self._conflicts = origins.find_conflicts()
        for origin in origins.all().values():
            self._known.setdefault(origin.note, origin)
            self._parts[origin.source] += 1
        for entry in collection.catalog.entries(self._known):
            origin = self._known[entry.id]
            self._edited[entry.id] = origin.is_edited(entry.fingerprint, " ".join(entry.note.tags))

    def is_written(self, note: PackageNote) -> bool:
        """Check whether a note is in the table; count it if it is left out."""
        origin = self._known.get(note.id)
        if note.id in self._conflicts:
            self._open += 1
            return False
        if origin is None:
            return True
        if not self._edited.get(note.id):
            self._unedited += 1
            return False
        if (origin.note_type or "").startswith(_OUR_TYPES):
            self._ours += 1
            return False
        if origin.note_type == "" or self._parts[origin.source] > 1:
            self._others += 1
            return False
        return True

    def find_note_type(self, note: PackageNote) -> str:
        """Return the name of the note type that a note has in Anki, or is to have there."""
        origin = self._known.get(note.id)
        return (origin.note_type if origin else None) or _find_stock_type(note)

    def describe_left(self) -> tuple[str, ...]:
        """Return sentences about the notes that are left out."""
        found = []
        if self._unedited:
            found.append(f"{plural(self._unedited, 'note')} from Anki left out: not edited here.")
        if self._open:
            they = "it was" if self._open == 1 else "they were"
            found.append(
                f"{plural(self._open, 'note')} left out: {they} changed in Anki too. Make both texts the same, here or"
                " there, and import again."
            )
        if self._ours:
            found.append(
                f"{plural(self._ours, 'edited note')} left out: a package brings them, since Anki has our types."
            )
        if self._others:
            found.append(
                f"{plural(self._others, 'edited note')} from Anki left out: the fields of the note type there are not"
                " front and back; edit there, or take a .colpkg."
            )
        return tuple(found)


def _make_line(note: PackageNote, note_type: str) -> tuple[str, ...]:
    front, back = note.fields[:2]
    return (note.guid, note_type, note.deck, " ".join(note.tags), front, "" if note.family == CLOZE else back)


def _find_stock_type(note: PackageNote) -> str:
    if note.family == CLOZE:
        return "Cloze"
    _, _, reverse, answer, *_ = note.fields
    if reverse:
        return "Basic (and reversed card)"
    return "Basic (type in the answer)" if answer else "Basic"
