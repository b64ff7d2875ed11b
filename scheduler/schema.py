"""The tables of the scheduler, as migrations. A released migration is never edited; add another one."""

from __future__ import annotations

from sqlite_utils import Database, Migrations

from scheduler.backup_files import TRIGGERS

migrations = Migrations("scheduler")


@migrations()
def create_cards_and_reviews(db: Database) -> None:
    """Create the cards, whose state is a cache, and the review log, which is the truth."""
    cards = db.table("cards").create(
        {
            "id": int,
            "note": int,
            "slot": str,
            "deck": int,
            "position": int,
            "state": int,
            "due_day": int,
            "due_ms": int,
            "steps_left": int,
            "stability": float,
            "difficulty": float,
            "last_day": int,
            "last_ms": int,
            "interval": int,
            "reps": int,
            "lapses": int,
            "suspended": int,
            "buried_day": int,
            "buried_by": int,
            "flag": int,
            "leech": int,
            "active": int,
        },
        pk="id",
        not_null=[
            *("note", "slot", "deck", "position", "state", "steps_left", "interval", "reps", "lapses"),
            *("suspended", "flag", "leech", "active"),
        ],
        defaults={"state": 0, "steps_left": 0, "interval": 0, "reps": 0, "lapses": 0}
        | {"suspended": 0, "flag": 0, "leech": 0, "active": 1},
        strict=True,
    )
    cards.create_index(["note", "slot"], unique=True)
    db.table("reviews").create(
        {
            "id": int,
            "card": int,
            "kind": int,
            "rating": int,
            "day": int,
            "offset_minutes": int,
            "duration_ms": int,
            "state_before": int,
            "state_after": int,
            "steps_left": int,
            "interval_before": int,
            "interval_after": int,
            "due_day": int,
            "due_ms": int,
            "stability": float,
            "difficulty": float,
            "leech": int,
            "voids": int,
        },
        pk="id",
        foreign_keys=[("card", "cards", "id"), ("voids", "reviews", "id")],
        not_null=[
            *("card", "kind", "day", "offset_minutes", "duration_ms", "state_before", "state_after"),
            *("steps_left", "interval_before", "interval_after", "leech"),
        ],
        defaults={"leech": 0},
        strict=True,
    )
    for statement in _PARTIAL_INDEXES + TRIGGERS:
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


# Each index answers a query of the queue by itself: new cards of a deck, due cards, current steps.
_PARTIAL_INDEXES = (
    "CREATE INDEX cards_new ON cards(deck, position, id, note, buried_day)"
    " WHERE state = 0 AND active = 1 AND suspended = 0",
    "CREATE INDEX cards_due ON cards(due_day, deck, id, note, state, buried_day)"
    " WHERE due_day IS NOT NULL AND active = 1 AND suspended = 0",
    "CREATE INDEX cards_learning ON cards(due_ms) WHERE due_ms IS NOT NULL AND active = 1 AND suspended = 0",
    "CREATE INDEX reviews_card ON reviews(card)",
    "CREATE INDEX reviews_day ON reviews(day)",
    "CREATE UNIQUE INDEX reviews_voids ON reviews(voids) WHERE voids IS NOT NULL",
)
