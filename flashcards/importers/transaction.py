"""The transaction of every import: notes, cards and reviews are imported completely or not at all.

A report describes what an import did, and errors why it was refused. A source passes its own function to `run_import`,
which gives the histories of existing cards to `merge_histories`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from flashcards.catalog.imports import write_together
from flashcards.collection import Collection, now_ms
from flashcards.errors import FlashcardsError, UsageError
from flashcards.text import make_visible
from scheduler.backups import backup, remove_old_backups
from scheduler.connection import closing_connection
from scheduler.log import CardHistory, DayConverter
from scheduler.merge import merge

if TYPE_CHECKING:
    from flashcards.disk.journal import Journal


class ImportInvalid(FlashcardsError):
    """A file is not of the expected kind, or is damaged."""

    def __init__(self, path: Path, reason: str, remedy: str = "Nothing was changed; export it again.") -> None:
        super().__init__(f"{path.name} cannot be imported: {reason}. {remedy}")


class PackageInvalid(ImportInvalid):
    """A file is not an Anki package, or is damaged."""


class PackageNewer(ImportInvalid):
    """The format of a package is too new for this program."""

    def __init__(self, path: Path, what: str) -> None:
        remedy = 'Nothing was changed; in Anki\'s export dialog tick "Support older Anki versions".'
        super().__init__(path, f"{what} is newer than this program supports", remedy)


class CollectionBusy(ImportInvalid):
    """Another program has the collection open."""

    def __init__(self, path: Path) -> None:
        super().__init__(path, "Anki has it open", "Close Anki and try again; nothing was changed.")


class Malformed(Exception):
    """The reason why the contents of a file cannot be read, as the middle of the sentence of `ImportInvalid`."""


class ImportFormatUnknown(UsageError):
    """The extension of the file is not that of a supported format."""

    def __init__(self, path: Path) -> None:
        super().__init__(f"{path}: the file type is unknown. Use .apkg, .colpkg, .anki2, .anki21, .db or .csv.")


class FileMissing(UsageError):
    """The file does not exist."""

    def __init__(self, path: Path) -> None:
        super().__init__(f"There is no file {path}. Check its name.")


class Remark(NamedTuple):
    """A message for the user: a place (a deck, or a path and line) and a sentence."""

    place: str
    message: str


@dataclass(slots=True)
class ImportReport:
    """The result of an import."""

    source: str  # the imported file; its name need not be UTF-8
    # added, updated, unchanged: notes
    added: int = 0
    updated: int = 0
    unchanged: int = 0
    kept: int = 0  # notes that changed on both sides, and were kept as they are here
    removed: int = 0  # notes that were deleted here and not added again
    cards: int = 0  # changed cards, including suspension and flags
    reviews: int = 0  # new rows of the review log
    media: int = 0  # added media files
    files: list[str] = field(default_factory=list)  # written deck files
    settings: str = ""  # the tables added to `flashcards.toml`
    remarks: list[Remark] = field(default_factory=list)  # omissions, and questions for the user
    dry_run: bool = False  # whether nothing was actually changed

    def __post_init__(self) -> None:
        self.source = make_visible(self.source)

    @property
    def changes_anything(self) -> bool:
        """Return whether anything changed."""
        return bool(
            self.added or self.updated or self.cards or self.reviews or self.media or self.files or self.settings
        )


_HOUR_MS = 3_600_000


class _RollBack(Exception):
    """Rolls the transaction back."""


def run_import(
    collection: Collection,
    report: ImportReport,
    bring_in: Callable[[Journal], bool],
    *,
    dry_run: bool = False,
    back_up: bool = True,
) -> ImportReport:
    """Run an import in one transaction, with its files; return the report, which `bring_in` fills in.

    `bring_in` writes rows to the database and stages files in the journal. It returns whether its changes must be kept
    even if the report states that nothing changed. `back_up` copies the database first if anything changes; several
    imports by one command share one backup.
    """
    from flashcards.disk.journal import Journal  # imported late, because an export needs only the errors above

    report.dry_run = dry_run
    journal = Journal(collection.root, collection.import_folder)

    def finish() -> None:
        if report.changes_anything:
            collection.record_act(report.source, journal.waiting_files)

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
        collection.forget_policies()
    if not dry_run:
        remove_old_backups(collection.database, collection.backups)
    return report


def merge_histories(collection: Collection, histories: Iterable[CardHistory], report: ImportReport) -> None:
    """Merge histories within the open transaction, and count the changes in the report."""
    days = DayConverter(collection.clock.day, collection.clock.offset_minutes)
    merged = merge(collection.connection, histories, days, collection.model)
    report.reviews += merged.reviews
    report.cards += merged.cards
