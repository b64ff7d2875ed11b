"""Histories of cards that are here already into the store, in one transaction after a backup."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from scheduler.connection import closing_connection, transaction
from scheduler.database import backup
from scheduler.imported_log import CardHistory, Days
from scheduler.merge import merge

if TYPE_CHECKING:
    from flashcards.collection import Collection
    from flashcards.importers.report import ImportReport


class _NothingToKeep(Exception):
    """Leaves the transaction when all is known and nothing is to be kept."""


def bring_in(
    collection: Collection, histories: Sequence[CardHistory], report: ImportReport, *, dry_run: bool
) -> ImportReport:
    """Merge the histories and say in the report what that did, or would do."""
    report.dry_run = dry_run
    policies = {limit.deck: limit.policy for limit in collection.limits}
    days = Days(collection.clock.day, collection.clock.offset_minutes)
    try:
        with transaction(collection.connection):
            merged = merge(
                collection.connection, histories, days, lambda deck: collection.store.model(policies[deck].parameters)
            )
            report.reviews, report.cards = merged.reviews, merged.cards
            if dry_run or not report.changes_anything:
                raise _NothingToKeep
            with closing_connection(collection.database) as committed:
                backup(committed, collection.backups)
    except _NothingToKeep:
        pass
    return report
