"""The seam through which every source brings notes, cards and reviews in: all of it in one transaction, or nothing.

A source that has files to write gives `run_import` a function of its own; one that only has reviews of cards that are
here gives their histories to `import_histories`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from flashcards.catalog.imports import Origins
from flashcards.collection import now_ms
from flashcards.disk.journal import Journal
from scheduler.backups import backup, remove_old_backups
from scheduler.connection import closing_connection, transaction
from scheduler.imported_log import CardHistory, DayReader
from scheduler.merge import merge

if TYPE_CHECKING:
    from flashcards.collection import Collection
    from flashcards.importers.report import ImportReport


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
    """Run an import in one transaction, with its files; return the report.

    Args:
        collection: open, and scanned.
        report: what `bring_in` fills in.
        bring_in: writes rows to the database and stages files in the journal. It returns whether what it wrote must be
            kept even if the report says that nothing changed.
        dry_run: only find out what would change.
        back_up: copy the database first if anything changes. Several imports by one command are one backup.
    """
    report.dry_run = dry_run
    journal = Journal(collection.root, collection.import_folder)
    try:
        with transaction(collection.connection):
            keep = bring_in(journal)
            if dry_run or not (keep or report.changes_anything):
                raise _RollBack
            if back_up and report.changes_anything and now_ms() - collection.backup_ms > _HOUR_MS:
                with closing_connection(collection.database) as committed:
                    backup(committed, collection.backups)
                collection.backup_ms = now_ms()
            Origins(collection.connection).record(journal.mark, now_ms(), report.source)
            journal.place()
    except _RollBack:
        pass
    except BaseException:
        journal.take_back()  # if this fails, the plan stays for the next command
        journal.close()
        raise
    finally:
        collection.forget_limits()
    journal.close()
    if not dry_run:
        remove_old_backups(collection.database, collection.backups)
    return report


def import_histories(
    collection: Collection,
    histories: Iterable[CardHistory],
    report: ImportReport,
    *,
    dry_run: bool = False,
    back_up: bool = True,
) -> ImportReport:
    """Merge the histories of cards that are here, as an import of its own; return the report."""

    def bring_in(_journal: Journal) -> bool:
        merge_histories(collection, histories, report)
        return False

    return run_import(collection, report, bring_in, dry_run=dry_run, back_up=back_up)


def merge_histories(collection: Collection, histories: Iterable[CardHistory], report: ImportReport) -> None:
    """Merge histories within the open transaction, and count in the report what that changed."""
    days = DayReader(collection.clock.day, collection.clock.offset_minutes)
    merged = merge(
        collection.connection,
        histories,
        days,
        lambda deck: collection.store.model(collection.policy(deck).parameters),
    )
    report.reviews += merged.reviews
    report.cards += merged.cards
