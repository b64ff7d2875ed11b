"""The transaction of every import: notes, cards and reviews come in as a whole or not at all.

A report says what an import did, and errors say why it was refused. A source gives `run_import` a function of its own,
which gives the histories of cards that are here to `merge_histories`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from flashcards.catalog.imports import write_together
from flashcards.collection import now_ms
from flashcards.disk.journal import Journal
from flashcards.errors import FlashcardsError, UsageError
from scheduler.backups import backup, remove_old_backups
from scheduler.database import closing_connection
from scheduler.log import CardHistory, DayReader
from scheduler.merge import merge

if TYPE_CHECKING:
    from flashcards.collection import Collection


class ImportInvalid(FlashcardsError):
    """A file is not what it seems to be, or is damaged."""

    def __init__(self, path: Path, reason: str, remedy: str = "Nothing was changed; export it again.") -> None:
        super().__init__(f"{path.name} cannot be imported: {reason}. {remedy}")


class PackageInvalid(ImportInvalid):
    """A file is not an Anki package, or is damaged."""


class PackageNewer(ImportInvalid):
    """A package is of a format that came later than this program."""

    def __init__(self, path: Path, what: str) -> None:
        remedy = 'Nothing was changed; in Anki\'s export dialog tick "Support older Anki versions".'
        super().__init__(path, f"{what} is newer than this program knows", remedy)


class CollectionBusy(ImportInvalid):
    """Another program has the collection open."""

    def __init__(self, path: Path) -> None:
        super().__init__(path, "Anki has it open", "Close Anki and try again; nothing was changed.")


class Malformed(Exception):
    """Why the contents of a file cannot be read: the middle of the sentence that `ImportInvalid` says."""


class ImportFormatUnknown(UsageError):
    """The file extension names no format that can be read."""

    def __init__(self, path: Path) -> None:
        super().__init__(f"{path}: the file type is unknown. Use .apkg, .colpkg, .anki2, .db or .csv.")


class FileMissing(UsageError):
    """There is no such file."""

    def __init__(self, path: Path) -> None:
        super().__init__(f"There is no file {path}. Check its name.")


class Remark(NamedTuple):
    """Something that a person should know: where (a deck, or a path and line), and a sentence."""

    place: str
    message: str


@dataclass(slots=True)
class ImportReport:
    """What an import did."""

    source: str  # the file that was imported
    # added, updated, unchanged: notes
    added: int = 0
    updated: int = 0
    unchanged: int = 0
    kept: int = 0  # notes that changed on both sides, and were kept as they are here
    removed: int = 0  # notes that were deleted here, and were not added again
    cards: int = 0  # cards that changed, suspension and flags included
    reviews: int = 0  # new rows of the review log
    media: int = 0  # media files that were added
    files: list[str] = field(default_factory=list)  # deck files that were written
    settings: str = ""  # the tables that were added to `flashcards.toml`
    remarks: list[Remark] = field(default_factory=list)  # what was left out, or needs a person's decision
    dry_run: bool = False  # whether nothing of it was done

    @property
    def changes_anything(self) -> bool:
        """Return whether anything is not as it was before."""
        return bool(
            self.added or self.updated or self.cards or self.reviews or self.media or self.files or self.settings
        )


_HOUR_MS = 3_600_000


class _RollBack(Exception):
    """Leaves the transaction without keeping what it wrote."""


def run_import(
    collection: Collection,
    report: ImportReport,
    bring_in: Callable[[Journal], bool],
    *,
    dry_run: bool = False,
    back_up: bool = True,
) -> ImportReport:
    """Run an import in one transaction, with its files; return the report, which `bring_in` fills in.

    It writes rows to the database and stages files in the journal. It returns whether what it wrote must be kept even
    if the report says that nothing changed. `back_up` copies the database first if anything changes; several imports by
    one command are one backup.
    """
    report.dry_run = dry_run
    journal = Journal(collection.root, collection.import_folder)

    def finish() -> None:
        if report.changes_anything:
            collection.record_act(report.source, journal.staged)

    try:
        with write_together(collection.connection, journal, report.source, now_ms(), finish):
            keep = bring_in(journal)
            if dry_run or not (keep or report.changes_anything):
                raise _RollBack
            if back_up and report.changes_anything and now_ms() - collection.backup_ms > _HOUR_MS:
                with closing_connection(collection.database) as committed:
                    backup(committed, collection.backups)
                collection.backup_ms = now_ms()
    except _RollBack:
        pass
    finally:
        collection.forget_limits()
    if not dry_run:
        remove_old_backups(collection.database, collection.backups)
    return report


def merge_histories(collection: Collection, histories: Iterable[CardHistory], report: ImportReport) -> None:
    """Merge histories within the open transaction, and count in the report what that changed."""
    days = DayReader(collection.clock.day, collection.clock.offset_minutes)
    merged = merge(collection.connection, histories, days, collection.model)
    report.reviews += merged.reviews
    report.cards += merged.cards
