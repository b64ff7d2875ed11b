"""From an open collection to a package."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from flashcards.anki.archive import write_archive
from flashcards.anki.database import DeckDatabase
from flashcards.anki.earlier import Exports
from flashcards.anki.gather import Gathering
from flashcards.anki.model import ExportProblem
from flashcards.anki.presets import Presets
from flashcards.anki.targets import WHOLE
from flashcards.collection import now_ms

if TYPE_CHECKING:
    from flashcards.anki.history import History
    from flashcards.collection import Collection

_TOUCHED = "SELECT 1 FROM cards WHERE state <> 0 OR reps > 0 OR suspended OR flag OR buried_day IS NOT NULL LIMIT 1"


@dataclass(frozen=True, slots=True)
class Exported:
    """A file that was written: what it holds, its size in bytes, and what is not in it as it should be.

    `remarks` say what Anki will keep of an earlier package.
    """

    path: Path
    notes: int
    cards: int
    media: int
    size: int
    problems: tuple[ExportProblem, ...]
    remarks: tuple[str, ...] = ()


def export_package(
    collection: Collection,
    decks: Iterable[str],
    path: Path,
    progress: Callable[[int, int], None] | None = None,
    *,
    history: bool = True,
) -> Exported:
    """Write a package that Anki imports, and updates in place when a later one is imported.

    Args:
        collection: open, and scanned.
        decks: the names of the decks, each without those below it.
        path: the file to write, or to replace; one that ends with .colpkg is a whole collection for Anki.
        progress: called now and then with the number of notes and reviews done and the number in all.
        history: take schedules, the review log and the settings along; without them all cards are new.

    Raises:
        FileUnwritable: the file cannot be written; the old one is as it was.
    """
    decks = set(decks)
    gathering = Gathering(collection, decks)
    exports = Exports(collection.connection)
    steps = _Steps(progress, len(gathering), _reviews(collection) if history else 0)
    database = DeckDatabase(
        exports.seen(gathering.notes(steps.note)),
        collection.clock,
        Presets(collection) if history else None,
        _history(collection, steps) if history else None,
    )
    content = database.to_bytes()
    whole = path.suffix.lower() == WHOLE
    size = write_archive(path, content, gathering.media.files, whole=whole)
    remarks = exports.finish(decks, whole=whole)
    counts, media = database.counts, len(gathering.media.files)
    return Exported(path, counts.notes, counts.cards, media, size, tuple(gathering.problems), remarks)


class _Steps:
    """One progress of two parts: notes, then reviews."""

    def __init__(self, progress: Callable[[int, int], None] | None, notes: int, reviews: int) -> None:
        self._progress = progress
        self._notes = notes
        self._all = notes + reviews

    def note(self, done: int, _notes: int) -> None:
        """So many notes are done."""
        if self._progress:
            self._progress(done, self._all)

    def review(self, done: int) -> None:
        """So many reviews are done, after all notes."""
        self.note(self._notes + done, self._notes)


def _reviews(collection: Collection) -> int:
    (reviews,) = collection.connection.execute("SELECT count(*) FROM reviews").fetchone()
    return int(reviews)


def _history(collection: Collection, steps: _Steps) -> History | None:
    """What is known of the cards; None where none of them is other than new, which is written in less time."""
    if not collection.connection.execute(_TOUCHED).fetchone():
        return None
    from flashcards.anki.history import History

    return History(collection, now_ms(), steps.review)
