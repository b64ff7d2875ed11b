"""Import a file: Anki packages, databases of other programs, states of other computers, logs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

from flashcards.importers.transaction import FileMissing, ImportFormatUnknown, ImportInvalid, ImportReport

if TYPE_CHECKING:
    from collections.abc import Callable

    from flashcards.collection import Collection

_OF_ANKI: Final = (".apkg", ".colpkg", ".anki2", ".anki21")
_UNKNOWN: Final = "it is not a database of hashcards, of repeater or of this program, or it is damaged"
_REMEDY: Final = (
    "Nothing was changed; name the `hashcards.db` beside the decks, the `cards.db` of repeater, or the"
    " `state.db` of another computer."
)


def check_file(path: Path) -> None:
    """Raise FileMissing if a file does not exist, ImportFormatUnknown if its extension is not supported."""
    if not path.is_file():
        raise FileMissing(path)
    if path.suffix.lower() not in (*_OF_ANKI, ".db", ".csv"):
        raise ImportFormatUnknown(path)


def run(
    collection: Collection,
    path: Path,
    *,
    dry_run: bool = False,
    progress: Callable[[str, int, int], None] | None = None,
) -> ImportReport:
    """Import one file into an open, freshly scanned collection; the file extension determines the format.

    The import is atomic, after a backup of the state; a dry run only reports the changes. `progress` gets the current
    step, the amount done, and the total. Raises the errors of `check_file`, and ImportInvalid.
    """
    check_file(path)
    suffix = path.suffix.lower()
    if suffix in _OF_ANKI:
        from flashcards.anki.imports.run import import_package

        return import_package(collection, path, dry_run=dry_run, progress=progress)
    if suffix == ".db":
        return _import_database(collection, path, dry_run=dry_run)
    from flashcards.importers.review_csv import import_csv

    return import_csv(collection, path, dry_run=dry_run)


def _import_database(collection: Collection, path: Path, *, dry_run: bool) -> ImportReport:
    from flashcards.importers.databases import list_tables
    from flashcards.importers.state_database import import_state, is_state

    if is_state(path):
        return import_state(collection, path, dry_run=dry_run)
    from flashcards.importers.hashcards import HASHCARDS
    from flashcards.importers.hashing_programs import import_hashed
    from flashcards.importers.repeater import REPEATER, is_repeater

    if not {"cards", "reviews"} & list_tables(path):
        raise ImportInvalid(path, _UNKNOWN, _REMEDY)
    return import_hashed(collection, path, REPEATER if is_repeater(path) else HASHCARDS, dry_run=dry_run)
