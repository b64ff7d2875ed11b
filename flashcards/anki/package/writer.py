"""Write rows of Anki's tables.

Values that are the same in every row are in the statement, because binding them for each row takes longer than the
rest.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator
from itertools import count, islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, Final

import genanki  # type: ignore[import-untyped]
from genanki.apkg_col import APKG_COL  # type: ignore[import-untyped]
from genanki.apkg_schema import APKG_SCHEMA  # type: ignore[import-untyped]

from flashcards.anki.package.identifiers import deck_id
from flashcards.anki.package.model import PackageNote
from flashcards.anki.package.notetypes import DESIGN_CHANGED, make_note_type
from flashcards.text import list_deck_path
from scheduler.errors import DiskFull

if TYPE_CHECKING:
    from flashcards.anki.package.presets import Presets
    from flashcards.anki.package.schedule_writer import History
    from scheduler.clock import Clock


# A note to sync; Anki computes `csum` on import.
_INSERT_NOTE: Final = (
    "INSERT INTO notes(id, guid, mid, mod, usn, tags, flds, sfld, csum, flags, data)"
    " VALUES (?, ?, ?, ?, -1, ?, ?, ?, 0, 0, '')"
)
# A new card; it is due by its position among the new cards.
_INSERT_NEW_CARD: Final = (
    "INSERT INTO cards(id, nid, did, ord, mod, usn, type, queue, due, ivl, factor, reps, lapses, left, odue, odid,"
    " flags, data) VALUES (?, ?, ?, ?, ?, -1, 0, 0, ?, 0, 0, 0, 0, 0, 0, 0, 0, '')"
)
_BATCH: Final = 1000
_UNSAFE: Final = (
    "PRAGMA journal_mode = OFF",
    "PRAGMA synchronous = OFF",
    "PRAGMA cache_size = -4096",
    "PRAGMA page_size = 8192",
)
"""Settings of a database that is discarded if it is not finished."""
_NEVER_STUDIED: Final = {"lrnToday": [0, 0], "newToday": [0, 0], "revToday": [0, 0], "timeToday": [0, 0], "mod": 0}
_DAY_BEGINS: Final = 4  # o'clock: Anki begins a collection at this hour, whatever its rollover


def find_first_day(clock: Clock, created_s: int) -> int:
    """Return day 0 of a collection that began at an instant, in epoch seconds."""
    return clock._replace(rollover=_DAY_BEGINS).day(created_s * 1000)


class GuidTwice(ValueError):
    """Two notes of one package have the same guid; Anki would add both. Keys are unique, so this is a bug."""


class DeckDatabase(genanki.Package):  # type: ignore[misc]  # it has no types
    """A package's database.

    Notes come one at a time, to save memory, in the order in which their new cards should be asked. Without `presets`
    Anki uses its own; without `history` all cards are new. Due days count from `first_day`, or else from the oldest
    note or review.
    """

    def __init__(
        self,
        notes: Iterable[PackageNote],
        clock: Clock,
        presets: Presets | None = None,
        history: History | None = None,
        first_day: int | None = None,
    ) -> None:
        super().__init__([])
        self._given_first_day = first_day
        self.notes_written = self.cards_written = 0
        self._notes = notes
        self._clock = clock
        self._presets = presets
        self._history = history
        self._types: dict[str, genanki.Model] = {}
        self._decks: dict[str, genanki.Deck] = {}
        self._first_ms = 0
        self._last_s = DESIGN_CHANGED

    def to_bytes(self) -> bytes:
        """Return the bytes of the database file."""
        with TemporaryDirectory(prefix="flashcards-") as folder:
            path = Path(folder) / "collection"
            self.write_file(path)
            return path.read_bytes()

    def write_file(self, path: Path) -> None:
        """Write the database to a new file; raise DiskFull if there is no space for it."""
        connection = sqlite3.connect(path, isolation_level=None, uri=True)
        try:
            for setting in _UNSAFE:
                connection.execute(setting)
            if self._history:
                self._history.attach(connection)
            connection.execute("BEGIN")
            self.write_to_db(connection.cursor(), float(DESIGN_CHANGED), count(1))
            connection.execute("COMMIT")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode == sqlite3.SQLITE_FULL:  # of this file, because the other one is only read
                raise DiskFull(path) from error
            raise
        finally:
            connection.close()

    def write_to_db(self, cursor: sqlite3.Cursor, timestamp: float, id_gen: Iterator[int]) -> None:  # noqa: ARG002
        """Write everything; ids and times are the notes' own, so neither `timestamp` nor `id_gen` is used."""
        statements = [text for text in APKG_SCHEMA.split(";") if text.strip()]
        for statement in statements:
            if "CREATE TABLE" in statement:
                cursor.execute(statement)
        cursor.execute(APKG_COL)
        self._write_notes(cursor)
        if self._history:
            self._history.write(cursor, self._first_day())
        self._write_collection(cursor)
        for statement in statements:  # last, because that is faster than keeping them up to date
            if "CREATE INDEX" in statement:
                cursor.execute(statement)

    def _write_notes(self, cursor: sqlite3.Cursor) -> None:
        guids: set[str] = set()
        notes = iter(self._notes)
        while batch := list(islice(notes, _BATCH)):
            note_rows, card_rows = [], []
            for position, note in enumerate(batch, start=self.notes_written):
                if note.guid in guids and not note.shares_guid:
                    raise GuidTwice(note.guid)
                guids.add(note.guid)
                type_id, deck = self._type(note.family).model_id, self._deck(note.deck).deck_id
                tags = f" {' '.join(note.tags)} " if note.tags else ""
                fields = "\x1f".join(note.fields), note.fields[0]
                note_rows.append((note.id, note.guid, type_id, note.modified, tags, *fields))
                card_rows += [(card.id, note.id, deck, card.ord, note.modified, position) for card in note.cards]
            cursor.executemany(_INSERT_NOTE, note_rows)
            cursor.executemany(_INSERT_NEW_CARD, card_rows)
            self.notes_written += len(batch)
            self.cards_written += len(card_rows)
            self._first_ms = min(self._first_ms or batch[0].id, min(note.id for note in batch))
            self._last_s = max(self._last_s, max(note.modified for note in batch))

    def _type(self, family: str) -> genanki.Model:
        if family not in self._types:
            self._types[family] = make_note_type(family)
        return self._types[family]

    def _deck(self, name: str) -> genanki.Deck:
        """Return the deck of this name. Its parents are also made, because they may have settings."""
        if name not in self._decks:
            for each in list_deck_path(name):
                self._decks.setdefault(each, genanki.Deck(deck_id(each), each))
        return self._decks[name]

    def _write_collection(self, cursor: sqlite3.Cursor) -> None:
        decks_text, conf_text, presets_text = cursor.execute("SELECT decks, conf, dconf FROM col").fetchone()
        decks: dict[str, Any] = json.loads(decks_text)
        decks |= {str(deck.deck_id): self._deck_record(deck) for deck in self._decks.values()}
        types = {str(each.model_id): each.to_json(DESIGN_CHANGED, 1) for each in self._types.values()}
        own_presets = self._presets.list_used() if self._presets else ()
        presets: dict[str, Any] = json.loads(presets_text) | {str(each["id"]): each for each in own_presets}
        created = self._clock._replace(rollover=_DAY_BEGINS).start_of(self._first_day()) // 1000
        conf: dict[str, Any] = json.loads(conf_text) | {
            "schedVer": 2,
            "sched2021": True,
            "creationOffset": -self._clock.offset_minutes(created * 1000),  # minutes west of UTC
            "rollover": self._clock.rollover,
            "curModel": next(iter(types), None),
            "nextPos": self.notes_written + 1,
        }
        if self._presets:  # Anki uses it only in a .colpkg
            conf["fsrs"] = True
            if self._history:
                # Otherwise it shows buried cards at once.
                conf["lastUnburied"] = self._history.today - self._first_day()
        texts = (json.dumps(each, ensure_ascii=False) for each in (conf, types, decks, presets))
        cursor.execute(
            "UPDATE col SET crt = ?, mod = ?, scm = ?, conf = ?, models = ?, decks = ?, dconf = ?",
            (created, self._last_s * 1000, DESIGN_CHANGED * 1000, *texts),
        )

    def _deck_record(self, deck: genanki.Deck) -> dict[str, Any]:
        record: dict[str, Any] = deck.to_json() | _NEVER_STUDIED
        if self._history and (done := self._history.done_today(deck.name)):  # the remaining limits of the day
            today = self._history.today - self._first_day()
            record |= {"newToday": [today, done.new], "revToday": [today, done.reviews]}
        return record | {"conf": self._presets.id_of(deck.name)} if self._presets else record

    def _first_day(self) -> int:
        """Return the first day of the package's collection: that of its oldest note or review."""
        if self._given_first_day is not None:
            return self._given_first_day
        first_ms = self._history.first_ms if self._history else None
        clock = self._clock._replace(rollover=_DAY_BEGINS)
        return clock.day(min(self._first_ms, first_ms or self._first_ms))
