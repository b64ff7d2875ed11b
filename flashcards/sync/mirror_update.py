"""Write the collection to the mirror; every change gets the current change number."""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from math import isclose
from pathlib import Path
from typing import Any, Final

import orjson

from flashcards.anki.exports.notes import Gathering, RenderedNotes, find_decks_in_use
from flashcards.anki.imports.matching import KnownNotes
from flashcards.anki.package.presets import Presets
from flashcards.anki.package.schedule_writer import History
from flashcards.anki.package.writer import DeckDatabase, find_first_day
from flashcards.catalog.imports import Origins
from flashcards.collection import Collection, now_ms
from flashcards.sync import deletions
from flashcards.sync.mirror import Mirror
from flashcards.sync.mirror_objects import OUR_TYPES, ObjectUpdate
from flashcards.sync.received_changes import text_here
from flashcards.sync.validation import CARD_COLUMNS, SUSPENDED, Graves, checksum, plain_field

_COMPARED: Final = tuple(name for name in CARD_COLUMNS if name not in ("mod", "usn", "odue", "odid"))
_DUE: Final = _COMPARED.index("due")
_TYPE: Final = _COMPARED.index("type")
_DATA: Final = _COMPARED.index("data")
_NOTE: Final = _COMPARED.index("nid")
_ORD: Final = _COMPARED.index("ord")
_DECK: Final = _COMPARED.index("did")
_QUEUE: Final = _COMPARED.index("queue")
_FLAGS: Final = _COMPARED.index("flags")
_ROUNDED: Final = {"s": 1e-4, "d": 1e-3, "dr": 6e-3, "decay": 1e-3}
"""Apps round the numbers of a memory state. Smaller differences than these do not count."""

_LAST_REVIEW: Final = "lrt"
"""The second of a card's last review.

If an app answers two cards in one millisecond, it moves the second log row, perhaps into the next second, but not this
value. Its database check would then correct the card and require a full sync.
"""

_VIEWS: Final = (
    "CREATE TEMP TABLE note_ids (here INTEGER PRIMARY KEY, there INTEGER NOT NULL)",
    "CREATE TEMP TABLE card_ids (here INTEGER PRIMARY KEY, there INTEGER NOT NULL)",
)
_NOTES: Final = """
    SELECT n.id, coalesce(i.there, n.id), m.mid, m.tags, m.flds, n.guid, n.mid, n.mod, n.tags, n.flds
    FROM notes n LEFT JOIN note_ids i ON i.here = n.id LEFT JOIN mirror.notes m ON m.id = coalesce(i.there, n.id)
    WHERE m.id IS NULL OR m.mid <> n.mid OR m.flds <> n.flds OR trim(m.tags) <> trim(n.tags)
"""
_CARDS: Final = f"""
    SELECT coalesce(c.there, p.id), coalesce(n.there, p.nid), {", ".join(f"p.{name}" for name in _COMPARED[2:])},
        {", ".join(f"m.{name}" for name in _COMPARED)}, m.mod, m.odid
    FROM cards p LEFT JOIN card_ids c ON c.here = p.id LEFT JOIN note_ids n ON n.here = p.nid
        LEFT JOIN mirror.cards m ON m.id = coalesce(c.there, p.id)
    WHERE m.id IS NULL OR m.nid <> coalesce(n.there, p.nid)
        OR {" OR ".join(f"m.{name} <> p.{name}" for name in _COMPARED[2:])}
    ORDER BY p.due, p.id
"""
_LOG: Final = """
    INSERT OR IGNORE INTO mirror.revlog
    SELECT r.id, coalesce(c.there, r.cid), :usn, r.ease, r.ivl, r.lastIvl, r.factor, r.time, r.type
    FROM revlog r LEFT JOIN card_ids c ON c.here = r.cid
    WHERE r.id NOT IN (SELECT id FROM mirror.revlog)
"""
_GONE: Final = """
    SELECT id FROM mirror.{table} WHERE id NOT IN (
        SELECT coalesce(i.there, p.id) FROM {table} p LEFT JOIN {kind}_ids i ON i.here = p.id)
"""


def update_mirror(collection: Collection, mirror: Mirror, rendered: RenderedNotes) -> Mapping[str, Path]:
    """Bring the mirror up to date, in one transaction; return the media files used by notes, by name in Anki."""
    gathering = Gathering(collection, find_decks_in_use(collection), rendered)
    clock, at = collection.clock, now_ms()
    if mirror.is_new:
        first_day = None if len(gathering) else clock.day(at)
    else:
        first_day = find_first_day(clock, mirror.created_s)
    history = History(collection, at, finds_early=False)
    database = DeckDatabase(gathering.notes(), clock, Presets(collection), history, first_day)
    origins = Origins(collection.connection)
    with _open_with_mirror(database.to_bytes(), mirror) as db:
        for name in ("note", "card"):
            db.executemany(f"INSERT INTO {name}_ids VALUES (?, ?)", origins.ids(name).items())
        _Update(collection, mirror, db).apply()
    return gathering.media.files


@contextmanager
def _open_with_mirror(data: bytes, mirror: Mirror) -> Iterator[sqlite3.Connection]:
    """Open the exported database with the mirror attached, in one transaction for the whole block."""
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as db:
        db.deserialize(data)
        db.execute("ATTACH ? AS mirror", (str(mirror.path),))
        db.execute("PRAGMA mirror.synchronous = FULL")
        for statement in _VIEWS:
            db.execute(statement)
        db.execute("BEGIN IMMEDIATE")
        yield db  # an error closes the connection, which rolls back
        db.execute("COMMIT")


class _Update:
    def __init__(self, collection: Collection, mirror: Mirror, db: sqlite3.Connection) -> None:
        self._collection = collection
        self._db = db
        self._now = time.time_ns() // 1_000_000
        (self._usn,) = db.execute("SELECT usn FROM mirror.col").fetchone()
        self._is_new = mirror.is_new
        self._changed = False

    def apply(self) -> None:
        objects = ObjectUpdate(self._db, self._usn, self._now // 1000, is_new=self._is_new)
        decks = objects.deck_ids()
        left = _Unconverted(self._db, self._collection)
        self._write_notes(left)
        self._write_cards(left, decks)
        self._count(self._db.execute(_LOG, {"usn": self._usn}).rowcount)
        self._delete(left)
        self._count(objects.apply())
        deletions.forget_existing(self._db, "mirror")
        if self._is_new:
            # The client already has the contents of a first download.
            self._db.execute("UPDATE mirror.col SET usn = 1")
        if self._changed:
            self._db.execute("UPDATE mirror.col SET mod = max(mod + 1, ?)", (self._now,))

    def _count(self, rows: int) -> None:
        self._changed = self._changed or rows > 0

    def _write_notes(self, left: _Unconverted) -> None:
        rows = []
        for here, number, *there, guid, kind, modified, tags, fields in self._db.execute(_NOTES).fetchall():
            if left.has_note(number):
                continue
            if there[0] is not None and _is_reworded(there, [kind, tags, fields]):
                self._note_change(number, text_here(self._collection, here))
            text = plain_field(fields.partition("\x1f")[0])
            rows.append((number, guid, kind, modified, self._usn, tags, fields, text, checksum(text)))
        # A known note keeps its guid and time. An app keeps its unsent change to a note only if it is newer, and must
        # not lose it before it was received here.
        self._db.executemany(
            "INSERT INTO mirror.notes VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, 0, '') ON CONFLICT(id) DO UPDATE SET"
            " mid = excluded.mid, usn = excluded.usn, tags = excluded.tags,"
            " flds = excluded.flds, sfld = excluded.sfld, csum = excluded.csum",
            rows,
        )
        self._count(len(rows))

    def _note_change(self, number: int, text: bytes | None) -> None:
        """Record that a note was edited here, unless it still has the text from a phone."""
        row = self._db.execute("SELECT text FROM mirror.changes WHERE kind = 'note' AND id = ?", (number,)).fetchone()
        if row is None or row[0] is None or row[0] != text:
            self._db.execute("INSERT OR REPLACE INTO mirror.changes VALUES ('note', ?, ?, NULL)", (number, self._usn))

    def _write_cards(self, left: _Unconverted, decks: Mapping[int, int]) -> None:
        names = ", ".join(_COMPARED)
        rows = []
        for values in self._db.execute(_CARDS).fetchall():
            row = list(values[: len(_COMPARED)])
            there = values[len(_COMPARED) :] if values[len(_COMPARED)] is not None else None
            row[_DECK] = decks.get(row[_DECK], row[_DECK])
            if left.has_card(row[0]) and there:
                row[_NOTE], row[_ORD] = there[_NOTE], there[_ORD]
            if there is None:
                if left.has_note(row[_NOTE]):
                    continue
                if not self._is_new:
                    self._place_new(row)
                rows.append((*row, self._now // 1000, self._usn))
                continue
            _keep_place(row, there)
            if _is_same(row, there) or (there[-1] and _is_same_in_filtered_deck(row, there)):
                continue
            if _read_marks(row) != _read_marks(there):
                self._db.execute(
                    "INSERT OR REPLACE INTO mirror.changes VALUES ('card', ?, ?, NULL)", (row[0], self._usn)
                )
            rows.append((*row, there[-2], self._usn))
        updates = ", ".join(f"{name} = excluded.{name}" for name in (*_COMPARED[1:], "mod", "usn"))
        self._db.executemany(
            f"INSERT INTO mirror.cards ({names}, mod, usn, odue, odid) VALUES ({', '.join('?' * (len(_COMPARED) + 2))}"
            f", 0, 0) ON CONFLICT(id) DO UPDATE SET {updates}, odue = 0, odid = 0",
            rows,
        )
        self._count(len(rows))

    def _delete(self, left: _Unconverted) -> None:
        """Delete notes and cards that are gone from the collection; those never known to it stay on the phones."""
        cards = [number for (number,) in self._db.execute(_GONE.format(table="cards", kind="card"))]
        notes = [number for (number,) in self._db.execute(_GONE.format(table="notes", kind="note"))]
        if not cards and not notes:
            return
        notes = [number for number in notes if not left.has_note(number)]
        known = _find_known_here(self._db, self._collection, notes)
        gone = [number for number in notes if number in known]
        kept = set(notes) - known
        gone_cards = []
        for number in cards:
            (note,) = self._db.execute("SELECT nid FROM mirror.cards WHERE id = ?", (number,)).fetchone()
            if note not in kept and not left.has_note(note):
                gone_cards.append(number)
        self._bury(Graves(gone_cards, gone, []))

    def _bury(self, graves: Graves) -> None:
        deletions.keep_notes(self._db, graves.notes, self._usn, is_theirs=False, schema="mirror")
        for table, number, ids in (("cards", 0, graves.cards), ("notes", 1, graves.notes)):
            self._db.executemany(f"DELETE FROM mirror.{table} WHERE id = ?", ((each,) for each in ids))
            self._db.executemany(
                "INSERT INTO mirror.graves VALUES (?, ?, ?)", ((self._usn, each, number) for each in ids)
            )
            self._count(len(ids))

    def _place_new(self, row: list[Any]) -> None:
        """Give a new card the position of the preceding new card that the apps know."""
        found = self._db.execute(
            "SELECT m.due FROM cards p LEFT JOIN card_ids c ON c.here = p.id"
            " JOIN mirror.cards m ON m.id = coalesce(c.there, p.id)"
            " WHERE p.due <= ? AND p.type = 0 AND m.type = 0 ORDER BY p.due DESC LIMIT 1",
            (row[_DUE],),
        ).fetchone()
        if found and row[_TYPE] == 0:
            row[_DUE] = found[0]


def _keep_place(row: list[Any], there: Any) -> None:
    """Keep the position of a new card; positions only change when all are renumbered."""
    if row[_TYPE] == 0 and there[_TYPE] == 0:
        row[_DUE] = there[_DUE]
    theirs = _read(there[_DATA])
    if "pos" in theirs and '"pos"' in row[_DATA]:
        row[_DATA] = json.dumps(_read(row[_DATA]) | {"pos": theirs["pos"]}, separators=(",", ":"))


def _is_reworded(there: Sequence[Any], here: Sequence[Any]) -> bool:
    """Return whether a note has another note type, text or tags; our last field, its place, does not count."""
    (kind, *_), texts = there, [row[2].split("\x1f") for row in (there, here)]
    if kind in OUR_TYPES:
        texts = [fields[:-1] for fields in texts]
    return bool(kind != here[0] or there[1].split() != here[1].split() or texts[0] != texts[1])


def _read_marks(row: Sequence[Any]) -> tuple[bool, int]:
    return row[_QUEUE] == SUSPENDED, row[_FLAGS] & 7


def _is_same(row: Iterable[Any], there: Iterable[Any]) -> bool:
    return all(
        ours == theirs or (name == "data" and _is_same_data(ours, theirs))
        for name, ours, theirs in zip(_COMPARED, row, there, strict=False)
    )


def _is_same_in_filtered_deck(row: list[Any], there: Any) -> bool:
    """Return whether a card that a phone has in a filtered deck is unchanged here."""
    names = ("nid", "ord", "type", "reps", "lapses", "flags")
    return all(row[_COMPARED.index(name)] == there[_COMPARED.index(name)] for name in names)


def _is_same_data(ours: str, theirs: str) -> bool:
    """Return whether the memory states of two cards are the same; other data of apps does not count."""
    one, other = _read(ours), _read(theirs)
    if one.get(_LAST_REVIEW) != other.get(_LAST_REVIEW):
        return False
    for name, tolerance in _ROUNDED.items():
        a, b = one.get(name), other.get(name)
        if a is None or b is None:
            if a is not b:
                return False
            continue
        if not isclose(a, b, rel_tol=1e-5, abs_tol=tolerance):
            return False
    return True


def _read(data: str) -> dict[str, Any]:
    try:
        value = orjson.loads(data) if data else {}
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}


class _Unconverted:
    """The notes of the mirror with foreign note types whose text is still as imported.

    Such a note can contain fields, pictures and designs that Markdown cannot represent, which one of our note types
    would lose. So it is left alone until its text is edited here.
    """

    def __init__(self, db: sqlite3.Connection, collection: Collection) -> None:
        self._notes: set[int] = set()
        self._cards: set[int] = set()
        foreign = db.execute("SELECT id, guid FROM mirror.notes WHERE mid NOT IN (?, ?)", OUR_TYPES).fetchall()
        if foreign:
            self._find(db, collection, dict(foreign))

    def has_note(self, number: int) -> bool:
        """Return whether the note with this Anki id is left alone."""
        return number in self._notes

    def has_card(self, number: int) -> bool:
        """Return whether the card with this Anki id belongs to such a note."""
        return number in self._cards

    def _find(self, db: sqlite3.Connection, collection: Collection, foreign: dict[int, str]) -> None:
        parts: dict[str, list[bool]] = {}
        notes: dict[str, list[int]] = {}
        present = dict(collection.connection.execute("SELECT id, fingerprint FROM notes WHERE active = 1").fetchall())
        for (source, _), origin in Origins(collection.connection).all().items():
            parts.setdefault(source, []).append(present.get(origin.note) == origin.base)
            notes.setdefault(source, []).append(origin.note)
        for number, guid in foreign.items():
            if guid not in parts or not all(parts[guid]):
                continue
            self._notes.add(number)
            self._cards.update(card for (card,) in db.execute("SELECT id FROM mirror.cards WHERE nid = ?", (number,)))
            # The other notes made from it are not sent as separate notes.
            db.executemany("DELETE FROM note_ids WHERE here = ?", ((here,) for here in notes[guid]))
            db.executemany("INSERT INTO note_ids VALUES (?, ?)", ((here, number) for here in notes[guid]))


def _find_known_here(db: sqlite3.Connection, collection: Collection, notes: Iterable[int]) -> set[int]:
    """Return the given notes of the mirror that are or were notes of the collection."""
    notes = list(notes)
    if not notes:
        return set()
    known = KnownNotes(collection.catalog, collection.connection)
    there = {there for _, there in Origins(collection.connection).ids("note").items()}
    found = set()
    for number in notes:
        (guid,) = db.execute("SELECT guid FROM mirror.notes WHERE id = ?", (number,)).fetchone()
        if number in there or known.find_note(guid, 0) is not None:
            found.add(number)
    return found
