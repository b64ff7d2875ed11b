"""Notes as a CSV file that Anki imports and a spreadsheet opens."""

from __future__ import annotations

import codecs
import csv
import json
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Final

from flashcards.anki.exports.export import Exported
from flashcards.anki.exports.notes import Gathering, find_card_ids
from flashcards.anki.package.model import CLOZE, PackageNote
from flashcards.cards import build_records
from flashcards.collection import now_ms
from flashcards.disk.atomic import write_output

if TYPE_CHECKING:
    from flashcards.collection import Collection


# Anki reads these lines; the note types are its own, so that nothing need be there before.
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
    """Write one line a note: guid, Anki's own note type, deck, tags, front, back; the last two as HTML.

    Media are not in it. Arguments and errors are those of `export_package`.
    """
    gathering = Gathering(collection, decks)
    notes = cards = 0
    with write_output(path) as stream:
        text = codecs.getwriter("utf-8")(stream)
        text.write("\n".join(_HEADER) + "\n")
        writer = csv.writer(text, lineterminator="\n")
        # Anki passes over lines that begin with #, which a guid of its own may.
        quoting = csv.writer(text, lineterminator="\n", quoting=csv.QUOTE_ALL)
        for note in gathering.notes(progress):
            (quoting if note.guid.startswith("#") else writer).writerow(_make_line(note))
            notes += 1
            cards += len(note.cards)
        size = stream.tell()
    return Exported(path, notes, cards, 0, size, tuple(gathering.problems))


def _make_line(note: PackageNote) -> tuple[str, ...]:
    front, back = note.fields[:2]
    if note.family == CLOZE:
        return (note.guid, "Cloze", note.deck, " ".join(note.tags), front, "")
    return (note.guid, _stock_type(note), note.deck, " ".join(note.tags), front, back)


def _stock_type(note: PackageNote) -> str:
    _, _, reverse, answer, *_ = note.fields
    if reverse:
        return "Basic (and reversed card)"
    return "Basic (type in the answer)" if answer else "Basic"


_STRIDE: Final = 500  # cards between two calls of `progress`


def export_json(
    collection: Collection, decks: Iterable[str], path: Path, progress: Callable[[int, int], None] | None = None
) -> Exported:
    """Write a JSON array of the cards, each as `flashcards list --json` shows it, one a line.

    Arguments and errors are those of `export_package`.
    """
    ids = find_card_ids(collection, decks)
    notes: set[str] = set()
    with write_output(path) as stream:
        stream.write(b"[")
        for number, record in enumerate(build_records(collection, ids, now_ms())):
            if progress and number % _STRIDE == 0:
                progress(number, len(ids))
            notes.add(record["note"])
            stream.write(b",\n" if number else b"\n")
            stream.write(json.dumps(record, ensure_ascii=False).encode())
        stream.write(b"\n]\n")
        size = stream.tell()
    return Exported(path, len(notes), len(ids), 0, size, ())
