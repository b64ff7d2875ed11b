"""From an open collection to a package."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from flashcards.anki.archive import write_archive
from flashcards.anki.database import DeckDatabase
from flashcards.anki.gather import Gathering
from flashcards.anki.model import ExportProblem

if TYPE_CHECKING:
    from flashcards.collection import Collection


@dataclass(frozen=True, slots=True)
class Exported:
    """A file that was written: what it holds, its size in bytes, and what is not in it as it should be."""

    path: Path
    notes: int
    cards: int
    media: int
    size: int
    problems: tuple[ExportProblem, ...]


def export_package(
    collection: Collection, decks: Iterable[str], path: Path, progress: Callable[[int, int], None] | None = None
) -> Exported:
    """Write a package that Anki imports, and updates in place when a later one is imported.

    Args:
        collection: open, and scanned.
        decks: the names of the decks, each without those below it.
        path: the file to write, or to replace.
        progress: called now and then with the number of notes done and the number in all.

    Raises:
        FileUnwritable: the file cannot be written; the old one is as it was.
    """
    gathering = Gathering(collection, decks)
    database = DeckDatabase(gathering.notes(progress), collection.clock)
    content = database.to_bytes()
    size = write_archive(path, content, gathering.media.files)
    counts = database.counts
    return Exported(path, counts.notes, counts.cards, len(gathering.media.files), size, tuple(gathering.problems))
