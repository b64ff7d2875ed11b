"""Write notes to the catalog, and report the changes."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, NamedTuple

from flashcards.catalog.changes import AmbiguousChange, CardPlace, Change, ScanReport, StatedCard
from flashcards.catalog.encoding import decode, encode
from flashcards.catalog.files import SPACING
from flashcards.catalog.store import Catalog
from flashcards.deck.model import Kind, Note
from flashcards.identity.notes import AmbiguousNote, Known, Link, Seen, find_top_gap, make_key

if TYPE_CHECKING:
    from flashcards.identity.slots import CarriedNote, Renaming


def renumber(connection: sqlite3.Connection, note: int, renamed: Iterable[tuple[str, str]]) -> None:
    """Renumber the gaps of a note's earlier texts as its cards were renamed, so that a returning text finds them."""
    from flashcards.identity.slots import renumber_gaps

    numbers = {int(old[1:]): int(new[1:]) for old, new in renamed if old[0] == new[0] == "c"}
    rows = connection.execute("SELECT fingerprint, body FROM texts WHERE note = ?", (note,)).fetchall()
    for text, body in rows:
        former = decode(body, 0, 0)
        if numbers and former.gaps:
            connection.execute(
                "UPDATE texts SET body = ? WHERE note = ? AND fingerprint = ?",
                (encode(renumber_gaps(former, numbers)), note, text),
            )


class NoteRow(NamedTuple):
    """A row of the table `notes`."""

    id: int
    key: str
    pin: str
    file: int
    line: int
    end_line: int
    deck: int
    fingerprint: bytes
    top_gap: int
    tags: str
    body: str
    modified_ms: int
    active: int


def make_note_row(note_id: int, key: str, note: Note, file: int, deck: int, fingerprint: bytes, at_ms: int) -> NoteRow:
    """Make the row of an active note."""
    return NoteRow(
        note_id,
        key,
        note.pin,
        file,
        note.line,
        note.end_line,
        deck,
        fingerprint,
        find_top_gap(note),
        _join_tags(note),
        encode(note),
        at_ms,
        1,
    )


_INSERT = f"INSERT INTO notes ({', '.join(NoteRow._fields)}) VALUES ({', '.join('?' * len(NoteRow._fields))})"


def insert_notes(connection: sqlite3.Connection, rows: Iterable[NoteRow]) -> None:
    """Add rows to the table `notes`."""
    connection.executemany(_INSERT, rows)


class NoteWriter:
    """Writes notes and reports the changes; the caller holds the transaction."""

    def __init__(self, connection: sqlite3.Connection, now_ms: int, paths: Mapping[int, str]) -> None:
        """Begin a report; `paths` contains the path of each file by id."""
        self.report = ScanReport()  # the changes so far
        self._db = connection
        self._catalog = Catalog(connection)
        self._now_ms = now_ms
        self._paths = paths
        self._is_first = False  # whether there was no note before the first one added
        self._keys: set[str] = set()  # those of the notes added
        self._occurrences: dict[bytes, int] = {}  # the last of each text, so that equal notes take linear time

    def link(self, each: Link) -> None:
        """Store that the seen note is the known one."""
        from flashcards.identity.slots import carry_cards  # imported late, because a first scan links nothing

        old, new = each.known, each.seen
        same_text = old.fingerprint == new.fingerprint
        before = old.note if same_text else self._catalog.find_former_note(old.id, new.fingerprint) or old.note
        carried = carry_cards(before, new.note, old.top_gap, old.note)
        note = carried.note
        position = new.file * SPACING + new.number
        self.report.placed.append(CardPlace(old.id, note.slots, new.deck, position, carried.renamed))
        now = note, new.file, new.deck, new.fingerprint, carried.top_gap
        if old.active and now == (old.note, old.file, old.deck, old.fingerprint, old.top_gap):
            return
        body = encode(note)
        path = self._paths[new.file]
        lost_slots = _find_lost_slots(old.note, note, carried.renamed)
        change = Change(old.id, old.key, path, note.line, each.rule, each.score, old.note, note, lost_slots)
        if not old.active:
            self.report.returned.append(change)
        elif body != old.body:
            self.report.edited.append(change)
        if old.active and (old.file != new.file or old.deck != new.deck):
            self.report.moved.append(change)
        if not same_text:
            self._remember(each)
        if carried.renamed:
            renumber(self._db, old.id, carried.renamed)
        self._update(old, new, carried, body)
        self._report_schedules(old.id, new.note, note)

    def _update(self, old: Known, new: Seen, carried: CarriedNote, body: str) -> None:
        self._db.execute(
            "UPDATE notes SET pin = ?, file = ?, line = ?, end_line = ?, deck = ?, fingerprint = ?, top_gap = ?,"
            " tags = ?, body = ?, modified_ms = CASE WHEN body = ? AND file = ? THEN modified_ms"
            # Anki counts in seconds. Two edits within one second must differ, or it skips the later one.
            " ELSE max(?, modified_ms + 1000) END, active = 1"
            " WHERE id = ?",
            (
                carried.note.pin,
                new.file,
                carried.note.line,
                carried.note.end_line,
                new.deck,
                new.fingerprint,
                carried.top_gap,
                _join_tags(carried.note),
                body,
                body,
                new.file,
                self._now_ms,
                old.id,
            ),
        )

    def _report_schedules(self, note_id: int, seen: Note, note: Note) -> None:
        """Report the schedules of another tool for the cards of a note, whose gaps may have other numbers here."""
        if not seen.schedules:
            return
        numbers: dict[str, str] = {}
        if seen is not note:
            numbers = {
                f"c{theirs}": f"c{ours}"
                for before, after in zip(seen.gaps, note.gaps, strict=True)
                for theirs, ours in zip(before.numbers, after.numbers, strict=True)
            }
        for slot, schedule in zip(seen.slots, seen.schedules, strict=True):
            if schedule:
                self.report.stated.append(StatedCard(note_id, numbers.get(slot, slot), schedule))

    def _remember(self, each: Link) -> None:
        """Store the previous text of a note, and the decision to link it with a new one."""
        self._db.execute(
            "INSERT OR REPLACE INTO texts(fingerprint, note, body, until_ms) VALUES (?, ?, ?, ?)",
            (each.known.fingerprint, each.known.id, each.known.body, self._now_ms),
        )
        self._db.execute(
            "INSERT INTO links(note, at_ms, rule, score, before, after) VALUES (?, ?, ?, ?, ?, ?)",
            (each.known.id, self._now_ms, each.rule, each.score, each.known.fingerprint, each.seen.fingerprint),
        )

    def orphan(self, notes: Iterable[Known]) -> None:
        """Keep notes whose text is gone as inactive."""
        for note in notes:
            self._db.execute("UPDATE notes SET active = 0, modified_ms = ? WHERE id = ?", (self._now_ms, note.id))
            self.report.removed.append(self._describe_lost(note))
            self.report.orphaned.append(note.id)

    def _describe_lost(self, note: Known) -> Change:
        return Change(note.id, note.key, self._paths[note.file], note.note.line, before=note.note)

    def report_ambiguous(self, notes: Iterable[AmbiguousNote]) -> None:
        """Report ambiguous matches: added notes that may be edited versions of several old ones."""
        added = {(change.path, change.line): change for change in self.report.added}
        for note in notes:
            change = added[self._paths[note.seen.file], note.seen.note.line]
            candidates = tuple((self._describe_lost(known), score) for known, score in note.candidates)
            self.report.ambiguous.append(AmbiguousChange(change, candidates))

    def remember_replaced(self, pairs: Iterable[tuple[Known, Seen]]) -> None:
        """Store the new note instead of each note that lost its text."""
        removed = {change.note: change for change in self.report.removed}
        added = {(change.path, change.line): change for change in self.report.added}
        found = [(removed[old.id], added[self._paths[new.file], new.note.line]) for old, new in pairs]
        self._db.executemany(
            "INSERT OR REPLACE INTO replaced(old, new) VALUES (?, ?)", [(old.note, new.note) for old, new in found]
        )
        self.report.replaced += found

    def add(self, notes: list[Seen]) -> None:
        """Add notes seen for the first time."""
        if not notes:
            return
        (last,) = self._db.execute("SELECT coalesce(max(id), 0) FROM notes").fetchone()
        self._is_first = self._is_first or not last
        first = max(self._now_ms, last + 1)
        rows = []
        report = self.report
        keys = self._make_keys(notes)
        for note_id, (each, key) in enumerate(zip(notes, keys, strict=True), start=first):
            file, deck, number, text, note = each
            rows.append(make_note_row(note_id, key, note, file, deck, text, self._now_ms))
            if note.schedules:
                self._report_schedules(note_id, note, note)
            report.added.append(Change(note_id, key, self._paths[file], note.line, after=note))
            report.new_cards.append(CardPlace(note_id, note.slots, deck, file * SPACING + number))
        insert_notes(self._db, rows)

    def _make_keys(self, notes: list[Seen]) -> list[str]:
        """Make a key for each note: its pin, or one from its text and the number of earlier notes with that text."""
        firsts = [make_key(note.fingerprint) for note in notes]
        taken = self._keys
        if not self._is_first:
            taken |= self._catalog.find_taken_keys([*firsts, *(note.note.pin for note in notes if note.note.pin)])
        keys = []
        for note, first in zip(notes, firsts, strict=True):
            key = note.note.pin if note.note.pin and note.note.pin not in taken else first
            if key in taken:
                key = self._make_free_key(note.fingerprint)
            taken.add(key)
            keys.append(key)
        return keys

    def _make_free_key(self, text: bytes) -> str:
        """Make a key that no note has, for one more note with a text."""
        key = ""
        while not key or key in self._keys or self._catalog.find_taken_keys([key]):
            self._occurrences[text] = self._occurrences.get(text, 0) + 1
            key = make_key(text, self._occurrences[text])
        return key


def _find_lost_slots(before: Note, after: Note, renamed: Renaming) -> tuple[str, ...]:
    """Find the cards that a note lost because its kind changed."""
    if (before.kind is Kind.CLOZE) == (after.kind is Kind.CLOZE):
        return ()
    names = dict(renamed)
    return tuple(slot for slot in before.slots if names.get(slot, slot) not in after.slots)


def _join_tags(note: Note) -> str:
    return f" {' '.join(note.tags)} " if note.tags else ""
