"""The tables of the scheduler, as migrations. A released migration is never edited; add another one."""

from __future__ import annotations

from pathlib import Path

from sqlite_utils import Database, Migrations

from scheduler.backup_files import TRIGGERS
from scheduler.database import execute_file

migrations = Migrations("scheduler")


@migrations()
def create_cards_and_reviews(db: Database) -> None:
    """Create the cards, whose state is a cache, and the review log, which is the truth."""
    execute_file(db.conn, Path(__file__).with_name("first_tables.sql"))
    for statement in TRIGGERS:
        db.execute(statement)


@migrations()
def add_counts_of_unlogged_reviews(db: Database) -> None:
    """Add counts of ratings whose log is lost, so that a card's counts still follow from its log."""
    for column in ("reps_added", "lapses_added"):
        db.execute(f"ALTER TABLE reviews ADD COLUMN {column} INTEGER NOT NULL DEFAULT 0")


@migrations()
def create_parameters_in_use(db: Database) -> None:
    """Create the parameters used to compute the memory states, to detect changes."""
    db.table("parameters_in_use").create(
        {"deck": int, "parameters": str}, pk="deck", not_null=("parameters",), strict=True
    )


@migrations()
def create_acts(db: Database) -> None:
    """Create the undoable acts, with the earlier state of the cards."""
    db.table("acts").create(
        {"id": int, "at_ms": int, "kind": str, "summary": str, "before": str, "undone_ms": int},
        pk="id",
        not_null=("at_ms", "kind", "summary", "before"),
        strict=True,
    )


@migrations()
def add_types_of_imported_rows(db: Database) -> None:
    """Add the type and factor of a row in Anki's log, which do not always follow from our log."""
    for column in ("log_type", "log_factor"):
        db.execute(f"ALTER TABLE reviews ADD COLUMN {column} INTEGER")
