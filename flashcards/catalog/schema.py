"""The tables of the catalog, as migrations. A released migration is never edited, only followed."""

from __future__ import annotations

from sqlite_utils import Database, Migrations

migrations = Migrations("catalog")


@migrations()
def create_files_and_notes(db: Database) -> None:
    """Create files, decks, notes, the former texts of notes, and the links between them."""
    db.table("files").create(
        {
            "id": int,
            "path": str,  # within the collection, with "/"
            "size": int,
            "mtime_ns": int,  # -1: read the file again, whatever its size and time say
            "hash": bytes,
            "settings": str,  # JSON: what the front matter says besides deck and tags
            "problems": str,  # JSON: [line, code, message, hint] each
            "present": int,  # 0: the file is gone
        },
        pk="id",
        not_null=("path", "size", "mtime_ns", "hash", "settings", "problems", "present"),
        strict=True,
    ).create_index(["path"], unique=True)
    db.table("decks").create({"id": int, "name": str}, pk="id", not_null=("name",), strict=True).create_index(
        ["name"], unique=True
    )
    notes = db.table("notes").create(
        {
            "id": int,  # epoch ms when first seen, made unique
            "key": str,
            "pin": str,
            "file": int,
            "line": int,
            "end_line": int,
            "deck": int,
            "fingerprint": bytes,
            "top_gap": int,  # the highest number a gap of it ever had
            "tags": str,  # " a b ", to search in
            "body": str,  # JSON: the note
            "modified_ms": int,  # when its text or attributes last changed
            "active": int,  # 0: its text is gone (an orphan)
        },
        pk="id",
        not_null=(
            *("key", "pin", "file", "line", "end_line", "deck", "fingerprint"),
            *("top_gap", "tags", "body", "modified_ms", "active"),
        ),
        foreign_keys=[("file", "files", "id"), ("deck", "decks", "id")],
        strict=True,
    )
    notes.create_index(["key"], unique=True)
    notes.create_index(["file"])
    # A text is looked for among the orphans only; the notes in use of a changed file are read as a whole.
    db.execute("CREATE INDEX notes_orphan_text ON notes(fingerprint) WHERE active = 0")
    db.execute("CREATE INDEX notes_pin ON notes(pin) WHERE pin != ''")
    db.table("texts").create(
        {"fingerprint": bytes, "note": int, "body": str, "until_ms": int},
        pk=("fingerprint", "note"),
        not_null=("body", "until_ms"),
        foreign_keys=[("note", "notes", "id")],
        strict=True,
    )
    db.table("links").create(
        {"id": int, "note": int, "at_ms": int, "rule": str, "score": float, "before": bytes, "after": bytes},
        pk="id",
        not_null=("note", "at_ms", "rule", "score", "before", "after"),
        foreign_keys=[("note", "notes", "id")],
        strict=True,
    ).create_index(["note"])


@migrations()
def create_origins(db: Database) -> None:
    """Create what imports remember: the origins of notes and cards, the imports, the files they wrote."""
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
    """Create what Anki was given last, so that the next export knows which notes Anki has in excess."""
    db.table("exported_notes").create(
        {"note": int, "guid": str, "deck": str, "ords": str},  # ords: "0 1"
        pk="note",
        not_null=("guid", "deck", "ords"),
        foreign_keys=[("note", "notes", "id")],
        strict=True,
    )


@migrations()
def create_ticks(db: Database) -> None:
    """Create the points of a rubric card that were covered in a review."""
    db.table("ticks").create(
        {"review": int, "point": str, "covered": int},
        pk=("review", "point"),
        not_null=("covered",),
        strict=True,
    )


@migrations()
def create_mocks(db: Database) -> None:
    """Create mock interviews, and how each of their questions went."""
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


@migrations()
def remember_marks(db: Database) -> None:
    """Add the status of imported cards in the other program; empty for imports by an earlier version."""
    table = db.table("origin_cards")
    table.add_column("suspended", int)
    table.add_column("flag", int)


@migrations()
def add_times_to_origins(db: Database) -> None:
    """Add when the other program had changed a note, epoch seconds; 0 if it is unknown."""
    db.table("origins").add_column("changed_s", int, not_null_default=0)


@migrations()
def add_format_to_files(db: Database) -> None:
    """Add the version of the format (`FORMAT_VERSION`) that read a file; 0 if it is unknown."""
    db.table("files").add_column("format", int, not_null_default=0)


@migrations()
def add_dialect_to_files(db: Database) -> None:
    """Add the dialect that read a file, and the signature of what its path chose ("" outside of vaults)."""
    table = db.table("files")
    table.add_column("dialect", str, not_null_default="native")
    table.add_column("reader", str, not_null_default="")


@migrations()
def create_anki_ids(db: Database) -> None:
    """Create the ids that a phone gave to notes and cards; they never change on the phone."""
    db.table("anki_ids").create(
        {"kind": str, "here": int, "there": int},  # kind: "note" or "card"
        pk=("kind", "here"),
        not_null=("there",),
        strict=True,
    )


@migrations()
def create_note_bases(db: Database) -> None:
    """Create what notes were on both sides when they were last equal, and add the age of packages to statuses."""
    db.table("note_bases").create(
        {
            "note": int,
            "form": int,  # 0: in a note type of ours, 1: in another one
            "here": bytes,  # digests of fields, 8 bytes each
            "there": bytes,
            "earlier": bytes,  # digests of fields that earlier exports held
            "tags": str,
            "flags": int,  # 1: reverse, 2: typed, 4: a field is in conflict
            "changed_s": int,
        },
        pk=("note", "form"),
        not_null=("here", "there", "earlier", "tags", "flags", "changed_s"),
        strict=True,
    )
    db.table("origin_cards").add_column("package_ms", int, not_null_default=0)


@migrations()
def count_kind_changes(db: Database) -> None:
    """Add how often a note went to Anki under another guid than before, since it had become another kind."""
    db.table("exported_notes").add_column("shifted", int, not_null_default=0)


@migrations()
def create_seen_notes(db: Database) -> None:
    """Create the digests of what packages said of notes at their last import."""
    db.table("seen_notes").create({"source": str, "digest": bytes}, pk="source", not_null=("digest",), strict=True)


@migrations()
def add_note_types_to_origins(db: Database) -> None:
    """Add the name of a note's type in the other program; empty if its fields cannot be written back."""
    db.table("origins").add_column("note_type", str)


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
    """Create the pairs of a note that lost its text and the new note that was found at its place."""
    db.table("replaced").create(
        {"old": int, "new": int},
        pk="old",
        not_null=("new",),
        strict=True,
    )


@migrations()
def add_unconfirmed_exports(db: Database) -> None:
    """Add what Anki was last known to have of a note that was exported since, and when it was exported."""
    db.execute("ALTER TABLE note_bases ADD COLUMN confirmed BLOB NOT NULL DEFAULT x''")
    db.table("note_bases").add_column("given_s", int, not_null_default=0)


@migrations()
def add_card_data(db: Database) -> None:
    """Add what else Anki keeps with a card: its ease, in per mille, and the data that is not ours, as JSON."""
    table = db.table("origin_cards")
    table.add_column("ease", int, not_null_default=0)
    table.add_column("data", str, not_null_default="")
