"""The mirror: a database of Anki's schema 11 with the collection as its apps see it, and a change number per row.

The mirror follows from the Markdown, the settings and the log. Only the exchange with phones (change numbers, ids,
deletions) is stored nowhere else.
"""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from itertools import count
from pathlib import Path
from typing import Any, Final, NamedTuple

from flashcards.sync import deletions
from flashcards.sync.deletions import TYPES
from flashcards.sync.validation import (
    COLUMNS,
    NOTE_COLUMNS,
    TABLE_STATEMENTS,
    USN,
    Graves,
    Row,
    Table,
    checksum,
    open_database,
    plain_field,
)
from flashcards.sync.wire import BadRequest
from scheduler.connection import select_in

OBJECTS: Final = ("models", "decks", "dconf")
"""The columns of `col` with JSON objects by id; each object has its own change number."""

CHUNK_ROWS: Final = 250
_NEAR_MS: Final = 10
_DEFAULT_DECK: Final = 1

_CHANGES: Final = (
    "CREATE TABLE IF NOT EXISTS changes (kind text NOT NULL, id integer NOT NULL, usn integer NOT NULL, text blob,"
    " PRIMARY KEY (kind, id)) WITHOUT ROWID"
)
"""The change numbers of the last edits of notes' texts and cards' marks by a person, here or on a phone.

The change number of a row is not enough, because a row is also sent when only its form or schedule changes. `text` is
the text of a note after an edit on a phone. While it is unchanged, nobody has edited the note here.
"""

_NOT_ANKIS: Final = ("changes", "deleted", "syncs")


class MirrorState(NamedTuple):
    """The times of the mirror's last change and creation, in epoch milliseconds, and the next change number."""

    modified: int
    schema: int
    usn: int


class Pending(NamedTuple):
    """The changes that a client has not seen: ids by table, ids of objects by column, tags, deletions."""

    rows: Mapping[Table, Sequence[int]]
    objects: Mapping[str, Sequence[str]]
    tags: Sequence[str]
    graves: Graves


class Mirror:
    """An open mirror; the caller begins and ends transactions."""

    def __init__(self, path: Path) -> None:
        """Open the file, creating it if necessary."""
        self.path = path
        self.connection = open_database(path)
        self.connection.execute("PRAGMA synchronous = FULL")
        if not self.connection.execute("SELECT 1 FROM sqlite_master LIMIT 1").fetchone():
            self._create()
        for statement in (_CHANGES, *deletions.STATEMENTS):
            self.connection.execute(statement)

    def close(self) -> None:
        """Close the file, rolling back an open transaction."""
        self.connection.close()

    @property
    def state(self) -> MirrorState:
        """The times and the change number that clients compare."""
        return MirrorState(*self.connection.execute("SELECT mod, scm, usn FROM col").fetchone())

    @property
    def is_new(self) -> bool:
        """Return whether nothing was ever written to the mirror."""
        return self.created_s == 0

    @property
    def is_empty(self) -> bool:
        """Return whether there are no cards."""
        return self.connection.execute("SELECT 1 FROM cards LIMIT 1").fetchone() is None

    def begin(self) -> None:
        """Begin a transaction."""
        self.connection.execute("BEGIN IMMEDIATE")

    def commit(self) -> None:
        """Commit the changes since `begin`."""
        self.connection.execute("COMMIT")

    def roll_back(self) -> None:
        """Roll back the changes since `begin`."""
        if self.connection.in_transaction:
            self.connection.execute("ROLLBACK")

    def close_usn(self) -> None:
        """Increase the change number, so that a download includes all changes so far."""
        self.connection.execute("UPDATE col SET usn = usn + 1")

    def start_from(self, schema: int) -> None:
        """Empty the mirror before receiving everything from a server whose collection was created at this time."""
        self.begin()
        for table in ("notes", "cards", "revlog", "graves", *_NOT_ANKIS):
            self.connection.execute(f"DELETE FROM {table}")
        self.connection.execute(
            "UPDATE col SET crt = 0, mod = 0, scm = ?, usn = 0, conf = '{}', models = '{}', decks = '{}', dconf = '{}',"
            " tags = '{}'",
            (schema,),
        )
        self.commit()

    def set_created(self, created: int) -> None:
        """Set the beginning of day 0, in epoch seconds."""
        self.connection.execute("UPDATE col SET crt = ?", (created,))

    def finish_at(self, modified: int, usn: int) -> None:
        """End a sync with a server, using its modification time and next change number."""
        self.connection.execute("UPDATE col SET mod = ?, usn = ?, ls = ?", (modified, usn, modified))

    def has_pending(self, since: int) -> bool:
        """Return whether anything changed since this change number."""
        pending = self.pending(since)
        return bool(
            any(pending.rows.values()) or any(pending.objects.values()) or pending.tags or not pending.graves.is_empty
        )

    def begin_again(self) -> None:
        """Make every client download everything at its next sync."""
        self.connection.execute("UPDATE col SET scm = max(scm + 1, ?)", (time.time_ns() // 1_000_000,))

    def finish(self, at_ms: int) -> None:
        """End a sync by setting the modification time and increasing the change number."""
        self.connection.execute("UPDATE col SET mod = ?, usn = usn + 1, ls = ?", (at_ms, at_ms))

    def touch(self) -> None:
        """Increase the modification time, so that clients notice a change."""
        self.connection.execute("UPDATE col SET mod = mod + 1")

    def keep_sync(self, following: int, since: int) -> None:
        """Store the change numbers of a device's next sync and of this one."""
        deletions.forget_existing(self.connection)
        self.connection.execute("INSERT OR REPLACE INTO syncs VALUES (?, ?)", (following, since))

    def has_untold(self, since: int) -> bool:
        """Return whether deletions wait for the next sync of the device with this change number."""
        return deletions.has_untold(self.connection, since)

    def file_bytes(self) -> bytes:
        """Return the whole file with only Anki's tables, for a full download."""
        with closing(sqlite3.connect(":memory:", isolation_level=None)) as copy:
            copy.deserialize(self.connection.serialize())
            for table in _NOT_ANKIS:
                copy.execute(f"DROP TABLE {table}")
            copy.execute("DELETE FROM graves")
            return copy.serialize()

    def note_change(self, kind: str, ids: Iterable[int], usn: int) -> None:
        """Record that a person changed the text of notes (`note`) or the marks of cards (`card`)."""
        self.connection.executemany(
            "INSERT OR REPLACE INTO changes VALUES (?, ?, ?, NULL)", ((kind, number, usn) for number in ids)
        )

    def note_text(self, number: int, text: bytes) -> None:
        """Store the text of a note after an edit on a phone."""
        self.connection.execute("UPDATE changes SET text = ? WHERE kind = 'note' AND id = ?", (text, number))

    def has_changed(self, kind: str, number: int, since: int) -> bool:
        """Return whether a person made a change that a client has not seen."""
        row = self.connection.execute("SELECT usn FROM changes WHERE kind = ? AND id = ?", (kind, number)).fetchone()
        return row is not None and row[0] >= since

    # Outgoing changes

    def pending(self, since: int) -> Pending:
        """Find the changes since this change number."""
        graves = {name: self._find_graves(number, since) for name, number in TYPES.items()}
        return Pending(
            {table: self._find_changed(table, since) for table in ("revlog", "cards", "notes")},
            {name: [key for key, each in self.read_json(name).items() if each["usn"] >= since] for name in OBJECTS},
            [tag for tag, usn in self.read_json("tags").items() if usn >= since],
            Graves(**graves),
        )

    def rows(self, table: Table, ids: Iterable[int]) -> Iterator[Row]:
        """Yield rows in protocol form."""
        query = f"SELECT {', '.join(COLUMNS[table])} FROM {table} WHERE id = ?"
        blank = (NOTE_COLUMNS.index("sfld"), NOTE_COLUMNS.index("csum")) if table == "notes" else ()
        for number in ids:
            found = self.connection.execute(query, (number,)).fetchone()
            if found is None:
                continue
            row = list(found)
            for index in blank:
                row[index] = ""
            yield row

    def select(self, query: str, ids: Iterable[int]) -> list[Row]:
        """Run a query in batches, with some of the ids in place of its `{}`; return the rows."""
        return list(map(list, select_in(self.connection, query, list(ids))))

    def select_by(self, table: Table, key: str, ids: Iterable[int]) -> list[Row]:
        """Return the rows whose column contains any of these ids."""
        return self.select(f"SELECT {', '.join(COLUMNS[table])} FROM {table} WHERE {key} IN ({{}})", ids)

    def copy_notes(self, notes: Sequence[int], more_reviews: Iterable[Row] = ()) -> sqlite3.Connection:
        """Copy notes with cards and log into memory, with more rows of the log."""
        copy = sqlite3.connect(":memory:")
        for statement in TABLE_STATEMENTS:
            copy.execute(statement)
        cards = self.select_by("cards", "nid", notes)
        reviews = [*self.select_by("revlog", "cid", [row[0] for row in cards]), *more_reviews]
        _insert(copy, "col", self.connection.execute("SELECT * FROM col").fetchall())
        _insert(copy, "notes", self.select_by("notes", "id", notes))
        _insert(copy, "cards", cards)
        _insert(copy, "revlog", reviews)
        copy.commit()
        return copy

    def read_json(self, name: str) -> dict[str, Any]:
        """Return a JSON column of `col`, such as the note types, decks or presets by id."""
        (text,) = self.connection.execute(f"SELECT {name} FROM col").fetchone()
        value: dict[str, Any] = json.loads(text)
        return value

    @property
    def created_s(self) -> int:
        """The beginning of day 0, in epoch seconds."""
        (created,) = self.connection.execute("SELECT crt FROM col").fetchone()
        return int(created)

    def counts(self) -> list[int]:
        """Return the numbers of cards, notes, reviews, note types, decks and presets."""
        tables = [
            self.connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0]
            for table in ("cards", "notes", "revlog")
        ]
        return [*tables, *(len(self.read_json(name)) for name in OBJECTS)]

    # Incoming changes

    def write_json(self, name: str, value: Mapping[str, Any]) -> None:
        """Write a JSON column of `col`."""
        self.connection.execute(f"UPDATE col SET {name} = ?", (json.dumps(value, ensure_ascii=False),))

    def apply_graves(self, graves: Graves, usn: int) -> None:
        """Apply deletions: a note is deleted with its cards, and Anki's default deck stays."""
        db = self.connection
        deletions.keep_notes(db, graves.notes, usn, is_theirs=True)
        for note in graves.notes:
            db.execute("DELETE FROM cards WHERE nid = ?", (note,))
            db.execute("DELETE FROM notes WHERE id = ?", (note,))
        db.executemany("DELETE FROM cards WHERE id = ?", ((card,) for card in graves.cards))
        gone = {str(deck) for deck in graves.decks if deck != _DEFAULT_DECK}
        if gone:
            decks = self.read_json("decks")
            for key in gone & decks.keys():
                deletions.keep_deck(db, decks[key], usn, is_theirs=True)
            self.write_json("decks", {key: each for key, each in decks.items() if key not in gone})
        for name, number in TYPES.items():
            ids = getattr(graves, name)
            db.executemany("DELETE FROM graves WHERE oid = ? AND type = ?", ((each, number) for each in ids))
            db.executemany("INSERT INTO graves VALUES (?, ?, ?)", ((usn, each, number) for each in ids))

    def put_rows(self, table: Table, rows: Iterable[Row], usn: int) -> list[Row]:
        """Write rows from a client, and return the effective ones. Existing rows of the log are never replaced."""
        taken = [row for row in rows if table != "revlog" or not self._has(table, row[0])]
        for row in taken:
            row[USN[table]] = usn
        values = [_with_derived(row) for row in taken] if table == "notes" else taken
        marks = ", ".join("?" * len(COLUMNS[table]))
        verb = "INSERT OR IGNORE" if table == "revlog" else "INSERT OR REPLACE"
        self.connection.executemany(f"{verb} INTO {table} VALUES ({marks})", values)
        return taken

    def send_cards_again(self, ids: Iterable[int], usn: int) -> None:
        """Give cards a new change number, so that they are also sent to the client that they came from."""
        self.connection.executemany("UPDATE cards SET usn = ? WHERE id = ?", ((usn, number) for number in ids))

    def keep_times(self, table: Table, before: Mapping[int, Row | None]) -> None:
        """Restore the earlier modification times of rows that a client changed.

        An app drops its own unsent change of a row if it receives the row with a newer time. The change would be lost.
        """
        modified = COLUMNS[table].index("mod")
        times = ((row[modified], number) for number, row in before.items() if row)
        self.connection.executemany(f"UPDATE {table} SET mod = ? WHERE id = ?", times)

    def separate_reviews(self, rows: Iterable[Row]) -> list[Row]:
        """Return the client's reviews at instants of other reviews in the log, each moved to the next free instant.

        On the client they stay as they are, because apps never replace a row of their log.
        """
        found: list[Row] = []
        for row in rows:
            at, cid, _, ease, *_ = row
            query = "SELECT id, cid, ease FROM revlog WHERE id BETWEEN ? AND ?"
            near = {key: what for key, *what in self.connection.execute(query, (at - _NEAR_MS, at + _NEAR_MS))}
            if at not in near or [cid, ease] in near.values():
                continue  # it is new, or an earlier sync moved it
            taken = {each[0] for each in found}
            free = next(each for each in count(at) if each not in taken and not self._has("revlog", each))
            found.append([free, *row[1:]])
        return found

    def find_missing_reviews(self, state: Path) -> list[int]:
        """Return the cards with reviews that the mirror's log has and the log of a state lacks."""
        self.connection.execute("ATTACH ? AS state", (str(state),))
        try:
            rows = self.connection.execute(
                "SELECT DISTINCT cid FROM revlog r WHERE NOT EXISTS (SELECT 1 FROM state.reviews s WHERE s.id = r.id)"
            )
            return [number for (number,) in rows]
        finally:
            self.connection.execute("DETACH state")

    def check_references(self, notes: Iterable[Row]) -> None:
        """Raise `BadRequest` if a note has no note type or a wrong number of fields."""
        fields = {int(key): len(each["flds"]) for key, each in self.read_json("models").items()}
        for row in notes:
            number, kind, text = row[0], row[2], row[6]
            if kind not in fields:
                raise BadRequest(f"Note {number} has a note type that does not exist.")
            if text.count("\x1f") + 1 != fields[kind]:
                raise BadRequest(f"Note {number} has a wrong number of fields.")

    def _has(self, table: Table, number: int) -> bool:
        return self.connection.execute(f"SELECT 1 FROM {table} WHERE id = ?", (number,)).fetchone() is not None

    def _find_changed(self, table: Table, since: int) -> list[int]:
        query = f"SELECT id FROM {table} WHERE usn >= ?"
        if table in TYPES:
            # An app that deletes an object again after it came back does not report it. It gets such rows with every
            # sync; otherwise both sides would differ.
            query += f" OR id IN (SELECT oid FROM graves WHERE type = {TYPES[table]})"
        return [number for (number,) in self.connection.execute(query, (since,))]

    def _find_graves(self, number: int, since: int) -> list[int]:
        rows = self.connection.execute("SELECT DISTINCT oid FROM graves WHERE type = ? AND usn >= ?", (number, since))
        return [each for (each,) in rows]

    def _create(self) -> None:
        now = time.time_ns() // 1_000_000
        self.begin()
        for statement in TABLE_STATEMENTS:
            self.connection.execute(statement)
        self.connection.execute(
            "INSERT INTO col VALUES (1, 0, ?, ?, 11, 0, 0, 0, '{}', '{}', '{}', '{}', '{}')", (now, now)
        )
        self.commit()


def _insert(db: sqlite3.Connection, table: str, rows: Sequence[Sequence[Any]]) -> None:
    if rows:
        db.executemany(f"INSERT INTO {table} VALUES ({', '.join('?' * len(rows[0]))})", rows)


def _with_derived(row: Row) -> Row:
    fields = row[NOTE_COLUMNS.index("flds")].split("\x1f")
    text = plain_field(fields[0])
    found = list(row)
    found[NOTE_COLUMNS.index("sfld")] = text
    found[NOTE_COLUMNS.index("csum")] = checksum(text)
    return found
