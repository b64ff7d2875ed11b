"""Link and unlink notes by hand; the transaction is the caller's."""

from __future__ import annotations

import sqlite3
from bisect import bisect_left
from typing import NamedTuple

from flashcards.catalog.report import ScanReport
from flashcards.catalog.store import Catalog, decode, encode
from flashcards.catalog.writer import NoteWriter, renumber
from flashcards.deck.model import Kind, Note
from flashcards.identity.model import Known, Link, Seen
from flashcards.identity.slots import Renaming, carry_cards

NAME = "by hand"


class HandLink(NamedTuple):
    """What linking by hand did, and which slots of the new note are which of the old one."""

    report: ScanReport
    slots: Renaming


class HandUnlink(NamedTuple):
    """What unlinking by hand did, and the slots that were renamed."""

    report: ScanReport
    renamed: Renaming


class LastLink(NamedTuple):
    """The decision that gave a note its present text: its rule, and the text before."""

    id: int
    rule: str
    before: bytes
    former: Note


class Corrections:
    """Links and unlinks two notes as a person says."""

    def __init__(self, connection: sqlite3.Connection, now_ms: int) -> None:
        self._db = connection
        self._catalog = Catalog(connection)
        self._now_ms = now_ms
        self._lines: dict[int, list[int]] = {}  # of the notes of each file; no correction moves a text
        paths = {row.id: row.path for row in self._catalog.files().values()}
        self._writer = NoteWriter(connection, now_ms, paths)

    def link(self, old: int, new: int) -> HandLink:
        """Give the text of `new` to `old`, an orphan; `new` keeps no text and cannot be found by one."""
        before, after = self._catalog.load_known(old), self._catalog.load_known(new)
        seen = self.make_seen(after)
        self._retire(after)
        self._writer.link(Link(before, seen, NAME))
        written = self._catalog.load_known(old).note
        pairs = {
            (f"c{mine}", f"c{theirs}")
            for gap, renumbered in zip(after.note.gaps, written.gaps, strict=True)
            for mine, theirs in zip(gap.numbers, renumbered.numbers, strict=True)
        }
        slots = tuple(sorted(pairs)) or tuple((slot, slot) for slot in after.note.slots)
        renumber(self._db, new, slots)
        for table in ("texts", "links", "origins"):
            self._db.execute(f"UPDATE OR IGNORE {table} SET note = ? WHERE note = ?", (old, new))
            self._db.execute(f"DELETE FROM {table} WHERE note = ?", (new,))
        return HandLink(self._writer.report, slots)

    def remove(self, note: int) -> None:
        """Remove a note that was given up; one that was exported stays, so that the next export can say so."""
        self._db.execute("DELETE FROM notes WHERE id = ? AND id NOT IN (SELECT note FROM exported_notes)", (note,))

    def last_link(self, note: int) -> LastLink | None:
        """Return how the note came by its present text, or nothing if it is the first one."""
        row = self._db.execute(
            "SELECT l.id, l.rule, l.before, t.body FROM links l JOIN notes n ON n.id = l.note"
            " JOIN texts t ON t.note = l.note AND t.fingerprint = l.before"
            " WHERE l.note = ? AND l.after = n.fingerprint ORDER BY l.id DESC LIMIT 1",
            (note,),
        ).fetchone()
        return LastLink(row[0], row[1], row[2], decode(row[3], 0, 0)) if row else None

    def unlink(self, note: int, last: LastLink) -> HandUnlink:
        """Give a note back its text before the last link, as an orphan; its present text becomes a new note."""
        known = self._catalog.load_known(note)
        former = last.former._replace(line=known.note.line, end_line=known.note.end_line)
        if former.kind is Kind.CLOZE and known.note.kind is Kind.CLOZE:
            renamed: Renaming = ()  # its numbers are kept as the cards are named now
        else:
            renamed = carry_cards(known.note, former, known.top_gap).renamed
        self._db.execute(
            "UPDATE notes SET fingerprint = ?, body = ?, pin = ?, active = 0, modified_ms = ? WHERE id = ?",
            (last.before, encode(former), former.pin, self._now_ms, note),
        )
        self._db.execute("DELETE FROM texts WHERE note = ? AND fingerprint = ?", (note, last.before))
        self._db.execute("DELETE FROM links WHERE id = ?", (last.id,))
        self._writer.report.orphaned.append(note)
        self._writer.add([self.make_seen(known)])
        return HandUnlink(self._writer.report, renamed)

    def make_seen(self, known: Known) -> Seen:
        """Return a note of the catalog as it was seen in its file."""
        if known.file not in self._lines:
            rows = self._db.execute("SELECT line FROM notes WHERE file = ? AND active = 1 ORDER BY line", (known.file,))
            self._lines[known.file] = [line for (line,) in rows]
        number = bisect_left(self._lines[known.file], known.note.line)
        return Seen(known.file, known.deck, number, known.fingerprint, known.note)

    def _retire(self, known: Known) -> None:
        """Keep a note for its reviews only; no text is ever linked with it again."""
        self._db.execute(
            "UPDATE notes SET active = 0, fingerprint = ?, pin = '', modified_ms = ? WHERE id = ?",
            (b"", self._now_ms, known.id),
        )
