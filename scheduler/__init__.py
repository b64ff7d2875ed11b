"""Decide when a card is due: FSRS-6 as Anki computes it, an append-only review log, and the queue of a day.

This package knows nothing of Markdown, deck files or terminals. A deck is an integer whose cards share limits; a note
is an integer whose cards are siblings.
"""

from scheduler.answer import Outcome, Outcomes, compute_outcomes
from scheduler.backups import backup, remove_old_backups, restore
from scheduler.clock import Clock
from scheduler.database import TableSet, check, open_database, transaction
from scheduler.errors import (
    BackupUnusable,
    CardChanged,
    CardUnknown,
    DatabaseBusy,
    DatabaseCorrupt,
    DatabaseNewer,
    DatabaseUnreadable,
    DiskFull,
    NothingToUndo,
    SchedulerError,
    StateLost,
    translate_errors,
)
from scheduler.log import Done
from scheduler.memory import DEFAULT_PARAMETERS, Model
from scheduler.model import Card, Leech, Memory, NewCard, Placement, Rating, Review, ReviewKind, State
from scheduler.policy import DeckLimits, Policy, find_problems
from scheduler.queue import Counts, Queue, Wait, build_queue, count_by_deck
from scheduler.store import TABLE_SET, Store

__all__ = [
    "DEFAULT_PARAMETERS",
    "TABLE_SET",
    "BackupUnusable",
    "Card",
    "CardChanged",
    "CardUnknown",
    "Clock",
    "Counts",
    "DatabaseBusy",
    "DatabaseCorrupt",
    "DatabaseNewer",
    "DatabaseUnreadable",
    "DeckLimits",
    "DiskFull",
    "Done",
    "Leech",
    "Memory",
    "Model",
    "NewCard",
    "NothingToUndo",
    "Outcome",
    "Outcomes",
    "Placement",
    "Policy",
    "Queue",
    "Rating",
    "Review",
    "ReviewKind",
    "SchedulerError",
    "State",
    "StateLost",
    "Store",
    "TableSet",
    "Wait",
    "backup",
    "build_queue",
    "check",
    "compute_outcomes",
    "count_by_deck",
    "find_problems",
    "open_database",
    "remove_old_backups",
    "restore",
    "transaction",
    "translate_errors",
]
