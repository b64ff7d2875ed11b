"""Deletions, kept for the devices that have not received them yet.

An app that receives a deletion drops its own unsent edit of the note. So a device receives a deletion only at its
second sync afterwards: the first one collects its edits. Until then the device still has the rows, and those that it
sends are kept out of the mirror.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator
from typing import Any, Final

from flashcards.sync.validation import COLUMNS, NOTE_COLUMNS, USN, Graves, Row

CARD, NOTE, DECK = range(3)
"""Anki's numbers for the types of deleted objects."""

TYPES: Final = {"cards": CARD, "notes": NOTE, "decks": DECK}
STATEMENTS: Final = (
    "CREATE TABLE IF NOT EXISTS deleted (type integer NOT NULL, id integer NOT NULL, usn integer NOT NULL,"
    " is_theirs integer NOT NULL, row text NOT NULL, PRIMARY KEY (type, id)) WITHOUT ROWID",
    "CREATE TABLE IF NOT EXISTS syncs (next integer PRIMARY KEY, since integer NOT NULL)",
)
"""`deleted` contains rows in protocol form; `is_theirs` is set if the sync of this change number deleted them.

`syncs` maps the change number of a device's next sync to that of its previous one.
"""

_NID: Final = COLUMNS["cards"].index("nid")
_BLANK: Final = ("sfld", "csum")
_VALUES: Final = {
    NOTE: ", ".join("''" if name in _BLANK else name for name in NOTE_COLUMNS),
    CARD: ", ".join(COLUMNS["cards"]),
}
_DECK_NAMES: Final = "SELECT json_extract(value, '$.name') FROM col, json_each(col.decks)"
_TABLES: Final = {NOTE: "notes", CARD: "cards"}


def keep_notes(
    db: sqlite3.Connection, notes: Iterable[int], usn: int, *, is_theirs: bool, schema: str = "main"
) -> None:
    """Store notes that are about to be deleted, with their cards."""
    for note in notes:
        for kind, key in ((NOTE, "id"), (CARD, "nid")):
            db.execute(
                f"INSERT OR REPLACE INTO {schema}.deleted"
                f" SELECT ?, id, ?, ?, json_array({_VALUES[kind]}) FROM {schema}.{_TABLES[kind]} WHERE {key} = ?",
                (kind, usn, is_theirs, note),
            )


def keep_deck(db: sqlite3.Connection, deck: dict[str, Any], usn: int, *, is_theirs: bool, schema: str = "main") -> None:
    """Store a deck that is about to be deleted."""
    db.execute(
        f"INSERT OR REPLACE INTO {schema}.deleted VALUES (?, ?, ?, ?, ?)",
        (DECK, int(deck["id"]), usn, is_theirs, json.dumps(deck, ensure_ascii=False)),
    )


def forget_existing(db: sqlite3.Connection, schema: str = "main") -> None:
    """Forget deleted objects that exist again."""
    for kind, ids in (
        (NOTE, f"SELECT id FROM {schema}.notes"),
        (CARD, f"SELECT id FROM {schema}.cards"),
        (DECK, f"SELECT CAST(key AS INTEGER) FROM json_each((SELECT decks FROM {schema}.col))"),
    ):
        db.execute(f"DELETE FROM {schema}.deleted WHERE type = ? AND id IN ({ids})", (kind,))


def has_untold(db: sqlite3.Connection, since: int) -> bool:
    """Return whether the next sync of the device with this change number will send it deletions."""
    return next(_find_untold(db, since), None) is not None


def _find_untold(db: sqlite3.Connection, since: int) -> Iterator[tuple[int, int]]:
    row = db.execute("SELECT since FROM syncs WHERE next = ?", (since,)).fetchone()
    if row is not None:
        yield from db.execute(
            "SELECT type, id FROM deleted WHERE usn >= ? AND usn < ? AND NOT (is_theirs AND usn = ?)",
            (row[0], since, since - 1),
        )


class Deletions:
    """The deletions since the number `since`; that of a deck whose name another one has is sent at once."""

    def __init__(self, db: sqlite3.Connection, since: int) -> None:
        self._db = db
        self._since = since
        self._held: dict[int, dict[int, Any]] = {CARD: {}, NOTE: {}, DECK: {}}
        for kind, number, text in db.execute("SELECT type, id, row FROM deleted WHERE usn >= ?", (since,)):
            self._held[kind][number] = json.loads(text)
        names = {name.casefold() for (name,) in db.execute(_DECK_NAMES)}
        decks = self._held[DECK]
        self._in_the_way = {number: deck for number, deck in decks.items() if deck["name"].casefold() in names}
        for number in self._in_the_way:
            del decks[number]

    def graves(self) -> Graves:
        """Return the deletions to send to the device now."""
        found: dict[int, dict[int, None]] = {CARD: {}, NOTE: {}, DECK: {}}
        at_once = self._db.execute(
            "SELECT type, oid FROM graves g WHERE usn >= ?"
            " AND NOT EXISTS (SELECT 1 FROM deleted d WHERE d.type = g.type AND d.id = g.oid)",
            (self._since,),
        )
        for kind, number in (*at_once, *_find_untold(self._db, self._since)):
            if not self._exists(kind, number):
                found[kind][number] = None
        found[DECK] |= dict.fromkeys(self._in_the_way)
        return Graves(*map(list, found.values()))

    def counts(self) -> tuple[int, int, int]:
        """Return how many deleted cards, notes and decks the device still has."""
        return len(self._held[CARD]), len(self._held[NOTE]), len(self._held[DECK])

    def rows(self, table: str) -> Iterator[Row]:
        """Yield deleted rows whose last state the device has not seen, so that it has them like other devices."""
        if table in TYPES:
            yield from (list(row) for row in self._held[TYPES[table]].values() if row[USN[table]] >= self._since)

    def decks(self) -> list[dict[str, Any]]:
        """Return deleted decks whose last state the device has not seen."""
        return [deck for deck in self._held[DECK].values() if deck["usn"] >= self._since]

    def drop(self, graves: Graves) -> None:
        """Record deletions made by the device itself."""
        notes = set(graves.notes)
        of_notes = [number for number, row in self._held[CARD].items() if row[_NID] in notes]
        for kind, ids in ((CARD, [*graves.cards, *of_notes]), (NOTE, graves.notes), (DECK, graves.decks)):
            for number in ids:
                self._held[kind].pop(number, None)

    def note(self, number: int) -> Row | None:
        """Return a deleted note that the device still has, or nothing."""
        row: Row | None = self._held[NOTE].get(number)
        return row

    def has_card(self, number: int) -> bool:
        """Return whether a card is deleted that the device still has."""
        return number in self._held[CARD]

    def add_cards(self, rows: Iterable[Row]) -> None:
        """Delete those cards of the device whose notes are deleted, even new ones."""
        for row in rows:
            if self.has_card(row[0]) or row[_NID] not in self._held[NOTE]:
                continue
            self._db.execute(
                "INSERT INTO deleted SELECT ?, ?, usn, 0, ? FROM deleted WHERE type = ? AND id = ?",
                (CARD, row[0], json.dumps(row), NOTE, row[_NID]),
            )
            self._held[CARD][row[0]] = row

    def release_deck(self, number: int) -> dict[str, Any] | None:
        """Stop treating a deck as deleted; return it, or nothing if it was not deleted."""
        deck: dict[str, Any] | None = self._held[DECK].pop(number, None) or self._in_the_way.get(number)
        return deck

    def _exists(self, kind: int, number: int) -> bool:
        if kind == DECK:
            query = "SELECT 1 FROM col, json_each(col.decks) WHERE key = CAST(? AS TEXT)"
        else:
            query = f"SELECT 1 FROM {_TABLES[kind]} WHERE id = ?"
        return self._db.execute(query, (number,)).fetchone() is not None
