"""The mirror: a database of Anki's schema 11 that holds the collection for its apps, with a usn for every row.

It is a mirror: everything in it follows from the Markdown, the settings and the log here. Only what a phone was given
and when (the change numbers, the ids, what was deleted) is kept nowhere else.
"""

from __future__ import annotations

import json
import re
import sqlite3
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from hashlib import sha1
from html import unescape
from pathlib import Path
from typing import Any, Final, NamedTuple

from flashcards.sync import deletions
from flashcards.sync.deletions import TYPES
from flashcards.sync.validation import COLUMNS, LOG_COLUMNS, NOTE_COLUMNS, TABLE_STATEMENTS, USN, Graves, Row, Table
from flashcards.sync.wire import BadRequest
from scheduler.database import select_in

OBJECTS: Final = ("models", "decks", "dconf")
"""The columns of `col` that hold JSON objects by id, each with its own change number."""

CHUNK_ROWS: Final = 250
_DEFAULT_DECK: Final = 1
_MEDIA: Final = re.compile(r"""<img[^>]*\bsrc=["']?([^"'>]+)["']?[^>]*>""", re.IGNORECASE)
_HIDDEN: Final = re.compile(r"<!--.*?-->|<style.*?</style>|<script.*?</script>|<[^>]*>", re.IGNORECASE | re.DOTALL)

_CHANGES: Final = (
    "CREATE TABLE IF NOT EXISTS changes (kind text NOT NULL, id integer NOT NULL, usn integer NOT NULL, text blob,"
    " PRIMARY KEY (kind, id)) WITHOUT ROWID"
)
"""When a person last changed a note's text or a card's marks, here or on some phone, by change number.

A row's own change number does not tell: a row also goes out again when only its form or its schedule follows. `text` is
the text of a note after it took the text of a phone: as long as it is unchanged, nobody edited the note here.
"""

_NOT_ANKIS: Final = ("changes", "deleted", "syncs")


class MirrorState(NamedTuple):
    """When the mirror was changed and made, in epoch milliseconds, and the number of the next change."""

    modified: int
    schema: int
    usn: int


class Pending(NamedTuple):
    """What a client has not seen: ids by table, ids of objects by column, tags, deletions."""

    rows: Mapping[Table, Sequence[int]]
    objects: Mapping[str, Sequence[str]]
    tags: Sequence[str]
    graves: Graves


class Mirror:
    """The mirror's file, open; the caller begins and ends transactions."""

    def __init__(self, path: Path) -> None:
        """Open the file, making it if it does not exist."""
        self.path = path
        self.connection = sqlite3.connect(path, isolation_level=None, timeout=5.0)
        self.connection.execute("PRAGMA synchronous = FULL")
        if not self.connection.execute("SELECT 1 FROM sqlite_master LIMIT 1").fetchone():
            self._create()
        for statement in (_CHANGES, *deletions.STATEMENTS):
            self.connection.execute(statement)

    def close(self) -> None:
        """Close the file; an open transaction is undone."""
        self.connection.close()

    @property
    def state(self) -> MirrorState:
        """The times and the number that clients compare."""
        return MirrorState(*self.connection.execute("SELECT mod, scm, usn FROM col").fetchone())

    @property
    def is_new(self) -> bool:
        """Whether nothing was ever written into it."""
        return self.created_s == 0

    @property
    def is_empty(self) -> bool:
        """Whether there is no card."""
        return self.connection.execute("SELECT 1 FROM cards LIMIT 1").fetchone() is None

    def begin(self) -> None:
        """Begin a transaction."""
        self.connection.execute("BEGIN IMMEDIATE")

    def commit(self) -> None:
        """Keep what was done since `begin`."""
        self.connection.execute("COMMIT")

    def roll_back(self) -> None:
        """Undo what was done since `begin`."""
        if self.connection.in_transaction:
            self.connection.execute("ROLLBACK")

    def close_usn(self) -> None:
        """Let what changes from now on have a change number of its own, so that a download brings all before it."""
        self.connection.execute("UPDATE col SET usn = usn + 1")

    def start_from(self, schema: int) -> None:
        """Empty the mirror, for everything to come from a server whose collection was made at this time."""
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
        """Let day 0 begin at an instant, in epoch seconds."""
        self.connection.execute("UPDATE col SET crt = ?", (created,))

    def finish_at(self, modified: int, usn: int) -> None:
        """End a sync with a server, by its modification time and its next change number."""
        self.connection.execute("UPDATE col SET mod = ?, usn = ?, ls = ?", (modified, usn, modified))

    def has_pending(self, since: int) -> bool:
        """Whether anything changed with this change number or a later one."""
        pending = self.pending(since)
        return bool(
            any(pending.rows.values()) or any(pending.objects.values()) or pending.tags or not pending.graves.is_empty
        )

    def begin_again(self) -> None:
        """Let every client download everything at its next sync."""
        self.connection.execute("UPDATE col SET scm = max(scm + 1, ?)", (time.time_ns() // 1_000_000,))

    def finish(self, at_ms: int) -> None:
        """End a sync: a new modification time, and the next change number."""
        self.connection.execute("UPDATE col SET mod = ?, usn = usn + 1, ls = ?", (at_ms, at_ms))

    def touch(self) -> None:
        """Let every client sync that compares the modification times."""
        self.connection.execute("UPDATE col SET mod = mod + 1")

    def keep_sync(self, following: int, since: int) -> None:
        """Keep the change numbers with which a device will come the next time, and with which it came this time."""
        deletions.forget_present(self.connection)
        self.connection.execute("INSERT OR REPLACE INTO syncs VALUES (?, ?)", (following, since))

    def has_untold(self, since: int) -> bool:
        """Whether a device is told of deletions only with its next sync, for which it comes with a change number."""
        return deletions.has_untold(self.connection, since)

    def file_bytes(self) -> bytes:
        """Return the whole file, for a full download: Anki's tables only."""
        copy = sqlite3.connect(":memory:", isolation_level=None)
        try:
            copy.deserialize(self.connection.serialize())
            for table in _NOT_ANKIS:
                copy.execute(f"DROP TABLE {table}")
            copy.execute("DELETE FROM graves")
            return copy.serialize()
        finally:
            copy.close()

    def note_change(self, kind: str, ids: Iterable[int], usn: int) -> None:
        """Keep that a person changed the text of notes (`note`) or the marks of cards (`card`)."""
        self.connection.executemany(
            "INSERT OR REPLACE INTO changes VALUES (?, ?, ?, NULL)", ((kind, number, usn) for number in ids)
        )

    def note_text(self, number: int, text: bytes) -> None:
        """Keep the text of a note, now that it has the text of a phone."""
        self.connection.execute("UPDATE changes SET text = ? WHERE kind = 'note' AND id = ?", (text, number))

    def has_changed(self, kind: str, number: int, since: int) -> bool:
        """Whether a person changed something that a client has not seen."""
        row = self.connection.execute("SELECT usn FROM changes WHERE kind = ? AND id = ?", (kind, number)).fetchone()
        return row is not None and row[0] >= since

    # What goes out

    def pending(self, since: int) -> Pending:
        """Find what changed with this change number or a later one."""
        graves = {name: self._graves(number, since) for name, number in TYPES.items()}
        return Pending(
            {table: self._ids(table, since) for table in ("revlog", "cards", "notes")},
            {name: [key for key, each in self.objects(name).items() if each["usn"] >= since] for name in OBJECTS},
            [tag for tag, usn in self.json("tags").items() if usn >= since],
            Graves(**graves),
        )

    def rows(self, table: Table, ids: Iterable[int]) -> Iterator[Row]:
        """Return rows as the protocol sends them."""
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
        """Run a query whose `{}` takes some ids, a part of them at a time; return the rows."""
        return list(map(list, select_in(self.connection, query, list(ids))))

    def select_by(self, table: Table, key: str, ids: Iterable[int]) -> list[Row]:
        """Return the rows of a table whose column holds any of these ids."""
        return self.select(f"SELECT {', '.join(COLUMNS[table])} FROM {table} WHERE {key} IN ({{}})", ids)

    def copy_notes(self, notes: Sequence[int], more_reviews: Iterable[Row] = ()) -> sqlite3.Connection:
        """Copy some notes, with their cards and the whole log of these, into a database in memory.

        `more_reviews` may have the very instants of others.
        """
        copy = sqlite3.connect(":memory:")
        reviews = list(more_reviews)
        for statement in TABLE_STATEMENTS:
            copy.execute(
                statement.replace("revlog (id integer PRIMARY KEY", "revlog (id integer") if reviews else statement
            )
        cards = self.select_by("cards", "nid", notes)
        reviews += self.select_by("revlog", "cid", [row[0] for row in cards])
        _insert(copy, "col", self.connection.execute("SELECT * FROM col").fetchall())
        _insert(copy, "notes", self.select_by("notes", "id", notes))
        _insert(copy, "cards", cards)
        _insert(copy, "revlog", reviews)
        copy.commit()
        return copy

    def objects(self, name: str) -> dict[str, dict[str, Any]]:
        """Return note types, decks or presets by id."""
        return self.json(name)

    def json(self, name: str) -> dict[str, Any]:
        """Return a column of `col` that holds JSON."""
        (text,) = self.connection.execute(f"SELECT {name} FROM col").fetchone()
        value: dict[str, Any] = json.loads(text)
        return value

    @property
    def created_s(self) -> int:
        """When day 0 began, epoch seconds."""
        (created,) = self.connection.execute("SELECT crt FROM col").fetchone()
        return int(created)

    def counts(self) -> list[int]:
        """Return how many cards, notes, reviews, note types, decks and presets there are."""
        tables = [
            self.connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0]
            for table in ("cards", "notes", "revlog")
        ]
        return [*tables, *(len(self.objects(name)) for name in OBJECTS)]

    # What comes in

    def write_json(self, name: str, value: Mapping[str, Any]) -> None:
        """Write a column of `col` that holds JSON."""
        self.connection.execute(f"UPDATE col SET {name} = ?", (json.dumps(value, ensure_ascii=False),))

    def apply_graves(self, graves: Graves, usn: int) -> None:
        """Delete what was deleted elsewhere; a note goes with its cards, Anki's own deck stays."""
        db = self.connection
        deletions.keep_notes(db, graves.notes, usn, is_theirs=True)
        for note in graves.notes:
            db.execute("DELETE FROM cards WHERE nid = ?", (note,))
            db.execute("DELETE FROM notes WHERE id = ?", (note,))
        db.executemany("DELETE FROM cards WHERE id = ?", ((card,) for card in graves.cards))
        gone = {str(deck) for deck in graves.decks if deck != _DEFAULT_DECK}
        if gone:
            decks = self.objects("decks")
            for key in gone & decks.keys():
                deletions.keep_deck(db, decks[key], usn, is_theirs=True)
            self.write_json("decks", {key: each for key, each in decks.items() if key not in gone})
        for name, number in TYPES.items():
            ids = getattr(graves, name)
            db.executemany("DELETE FROM graves WHERE oid = ? AND type = ?", ((each, number) for each in ids))
            db.executemany("INSERT INTO graves VALUES (?, ?, ?)", ((usn, each, number) for each in ids))

    def put_rows(self, table: Table, rows: Iterable[Row], usn: int) -> list[Row]:
        """Write rows that came from a client, and return those that count: rows of the log are only ever added."""
        taken = [row for row in rows if table != "revlog" or not self._has(table, row[0])]
        for row in taken:
            row[USN[table]] = usn
        values = [_with_derived(row) for row in taken] if table == "notes" else taken
        marks = ", ".join("?" * len(COLUMNS[table]))
        verb = "INSERT OR IGNORE" if table == "revlog" else "INSERT OR REPLACE"
        self.connection.executemany(f"{verb} INTO {table} VALUES ({marks})", values)
        return taken

    def send_again(self, table: Table, ids: Iterable[int], usn: int) -> None:
        """Let rows go out with a change number, although the client that sent them has it by then."""
        self.connection.executemany(f"UPDATE {table} SET usn = ? WHERE id = ?", ((usn, number) for number in ids))

    def keep_times(self, table: Table, before: Mapping[int, Row | None]) -> None:
        """Let rows that a client changed keep the time that they had before.

        An app drops its own unsent change of a row if it gets the row with a newer time: the change would be lost.
        """
        modified = COLUMNS[table].index("mod")
        times = ((row[modified], number) for number, row in before.items() if row)
        self.connection.executemany(f"UPDATE {table} SET mod = ? WHERE id = ?", times)

    def has_other_review(self, row: Row) -> bool:
        """Whether the log holds a review of another card with the instant of this one."""
        found = self.connection.execute("SELECT cid FROM revlog WHERE id = ?", (row[0],)).fetchone()
        return found is not None and found[0] != row[LOG_COLUMNS.index("cid")]

    def find_missing_reviews(self, state: Path) -> list[int]:
        """Return the cards of which the log holds reviews that a state's log does not."""
        self.connection.execute("ATTACH ? AS state", (str(state),))
        try:
            rows = self.connection.execute(
                "SELECT DISTINCT cid FROM revlog r WHERE NOT EXISTS (SELECT 1 FROM state.reviews s WHERE s.id = r.id)"
            )
            return [number for (number,) in rows]
        finally:
            self.connection.execute("DETACH state")

    def check_references(self, notes: Iterable[Row]) -> None:
        """Check that notes have a note type and as many fields as it says. Raise `BadRequest` if one has not."""
        fields = {int(key): len(each["flds"]) for key, each in self.objects("models").items()}
        for row in notes:
            number, kind, text = row[0], row[2], row[6]
            if kind not in fields:
                raise BadRequest(f"Note {number} has a note type that does not exist.")
            if text.count("\x1f") + 1 != fields[kind]:
                raise BadRequest(f"Note {number} has a wrong number of fields.")

    def _has(self, table: Table, number: int) -> bool:
        return self.connection.execute(f"SELECT 1 FROM {table} WHERE id = ?", (number,)).fetchone() is not None

    def _ids(self, table: Table, since: int) -> list[int]:
        query = f"SELECT id FROM {table} WHERE usn >= ?"
        if table in TYPES:
            # An app that deletes for a second time what was deleted and came back never says so. It gets such rows with
            # every sync, or both sides would not hold the same.
            query += f" OR id IN (SELECT oid FROM graves WHERE type = {TYPES[table]})"
        return [number for (number,) in self.connection.execute(query, (since,))]

    def _graves(self, number: int, since: int) -> list[int]:
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


def plain_field(html: str) -> str:
    """Return a field without its markup, as Anki sorts and compares it: names of pictures count."""
    return unescape(_HIDDEN.sub("", _MEDIA.sub(r" \1 ", html))).replace("\xa0", " ").strip()


def checksum(text: str) -> int:
    """Return the number by which Anki finds notes with the same first field."""
    return int(sha1(text.encode("utf-8", "replace"), usedforsecurity=False).hexdigest()[:8], 16)
