"""The tables of the catalog, as migrations. A released migration is never edited; later ones follow it."""

from __future__ import annotations

from pathlib import Path

from sqlite_utils import Database, Migrations

from scheduler.database import execute_file

migrations = Migrations("catalog")


def _add_columns(name: str, table: str, *columns: tuple[str, type] | tuple[str, type, int | str]) -> None:
    """Register a migration that adds columns; one with a default is never NULL."""

    @migrations(name=name)
    def add(db: Database) -> None:
        for column, kind, *default in columns:
            db.table(table).add_column(column, kind, not_null_default=default[0] if default else None)


@migrations()
def create_files_and_notes(db: Database) -> None:
    """Create files, decks, notes, the earlier texts of notes, and the links between them."""
    execute_file(db.conn, Path(__file__).with_name("first_tables.sql"))


@migrations()
def create_origins(db: Database) -> None:
    """Create the records of imports: the origins of notes and cards, the imports, and the files that they wrote."""
    db.table("origins").create(
        {"source": str, "part": int, "note": int, "base": bytes, "tags": str, "content": bytes},
        pk=("source", "part"),
        not_null=("note", "base", "tags", "content"),
        foreign_keys=[("note", "notes", "id")],
        strict=True,
    )
    db.table("origin_cards").create({"card": int, "changed_s": int}, pk="card", not_null=("changed_s",), strict=True)
    db.table("imports").create(
        {"mark": str, "at_ms": int, "source": str}, pk="mark", not_null=("at_ms", "source"), strict=True
    )
    db.table("written_files").create({"path": str, "hash": bytes}, pk="path", not_null=("hash",), strict=True)


@migrations()
def create_exported_notes(db: Database) -> None:
    """Create the notes of the last export, so that the next export can report those removed since."""
    db.table("exported_notes").create(
        {"note": int, "guid": str, "deck": str, "ords": str},  # ords: "0 1"
        pk="note",
        not_null=("guid", "deck", "ords"),
        foreign_keys=[("note", "notes", "id")],
        strict=True,
    )


@migrations()
def create_ticks(db: Database) -> None:
    """Create the points of a rubric card covered in a review."""
    db.table("ticks").create(
        {"review": int, "point": str, "covered": int}, pk=("review", "point"), not_null=("covered",), strict=True
    )


@migrations()
def create_mocks(db: Database) -> None:
    """Create mock interviews and the results of their questions."""
    db.table("mocks").create(
        {"id": int, "query": str, "seed": int, "questions": int, "seconds": int, "finished": int},
        pk="id",
        not_null=("query", "seed", "questions", "seconds", "finished"),
        strict=True,
    )
    db.table("mock_answers").create(
        {
            "mock": int,
            "number": int,
            "card": int,
            "front": str,
            "skills": str,  # JSON: their names
            "seconds": float,
            "budget": int,
            "answer": str,
            "note": str,
            "rating": int,
            "covered": str,  # JSON: points
            "missed": str,
        },
        pk=("mock", "number"),
        not_null=("card", "front", "skills", "seconds", "budget", "answer", "note", "rating", "covered", "missed"),
        foreign_keys=[("mock", "mocks", "id")],
        strict=True,
    )


_add_columns("remember_marks", "origin_cards", ("suspended", int), ("flag", int))
"""The status of imported cards in the other program; empty for imports by an earlier version."""

_add_columns("add_times_to_origins", "origins", ("changed_s", int, 0))
"""The time of a note's last change in the other program, epoch seconds; 0 if unknown."""

_add_columns("add_format_to_files", "files", ("format", int, 0))
"""The format version (`FORMAT_VERSION`) that read a file; 0 if unknown."""

_add_columns("add_dialect_to_files", "files", ("dialect", str, "native"), ("reader", str, ""))
"""The dialect that read a file, and the signature of that choice ("" outside vaults)."""


@migrations()
def create_anki_ids(db: Database) -> None:
    """Create the ids that a phone gave to notes and cards, which never change on the phone."""
    db.table("anki_ids").create(
        {"kind": str, "here": int, "there": int},  # kind: "note" or "card"
        pk=("kind", "here"),
        not_null=("there",),
        strict=True,
    )


@migrations()
def create_note_bases(db: Database) -> None:
    """Create the notes when both sides were last equal, and add the age of packages to statuses."""
    db.table("note_bases").create(
        {
            "note": int,
            "form": int,  # 0: in a note type of ours, 1: in another one
            "here": bytes,  # digests of fields, 8 bytes each
            "there": bytes,
            "earlier": bytes,  # digests of fields in earlier exports
            "tags": str,
            "flags": int,  # 1: reverse, 2: typed, 4: a field is in conflict
            "changed_s": int,
        },
        pk=("note", "form"),
        not_null=("here", "there", "earlier", "tags", "flags", "changed_s"),
        strict=True,
    )
    db.table("origin_cards").add_column("package_ms", int, not_null_default=0)


_add_columns("count_kind_changes", "exported_notes", ("shifted", int, 0))
"""How often a note was exported under a new guid because its kind had changed."""


@migrations()
def create_seen_notes(db: Database) -> None:
    """Create the digests of notes in packages at their last import."""
    db.table("seen_notes").create({"source": str, "digest": bytes}, pk="source", not_null=("digest",), strict=True)


_add_columns("add_note_types_to_origins", "origins", ("note_type", str))
"""The name of a note's type in the other program; empty if its fields cannot be written back."""


@migrations()
def create_embeds(db: Database) -> None:
    """Create the digests of the texts that notes embed from other notes, as of the last scan."""
    db.table("embeds").create(
        {"note": int, "digest": bytes},
        pk="note",
        not_null=("digest",),
        foreign_keys=[("note", "notes", "id")],
        strict=True,
    )


@migrations()
def create_replaced(db: Database) -> None:
    """Create the pairs of a note that lost its text and the new note found in its place."""
    db.table("replaced").create({"old": int, "new": int}, pk="old", not_null=("new",), strict=True)


@migrations()
def add_unconfirmed_exports(db: Database) -> None:
    """Add the fields last confirmed in Anki for a note that was exported since, and the time of that export."""
    db.execute("ALTER TABLE note_bases ADD COLUMN confirmed BLOB NOT NULL DEFAULT x''")
    db.table("note_bases").add_column("given_s", int, not_null_default=0)


_add_columns("add_card_data", "origin_cards", ("ease", int, 0), ("data", str, ""))
"""Anki's other data about a card: its ease in per mille, and data of add-ons as JSON."""

_add_columns("add_given_status", "origin_cards", ("given", int))
"""The status that an export gave to a card in Anki: 1 if suspended, plus twice its flag."""

_add_columns("add_time_of_given_status", "origin_cards", ("given_s", int, 0))
"""The time of the last change that the card had in that export, in epoch seconds."""

_add_columns("add_owner_of_status", "origin_cards", ("is_own", int, 1))
"""Whether the card in Anki had our id: 1, or 0 for the original of an imported card."""
