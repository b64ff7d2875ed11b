"""Change links of notes in the catalog: by hand, or to a recent copy of a deleted text."""

from __future__ import annotations

import json
import sqlite3
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Final, NamedTuple

from flashcards.catalog.changes import AmbiguousChange, CardPlace, Change, ScanReport
from flashcards.catalog.encoding import decode, encode
from flashcards.catalog.store import Catalog
from flashcards.catalog.writer import NoteWriter, renumber
from flashcards.deck.model import Kind, Note
from flashcards.identity.notes import TUNING, Known, Link, Seen
from flashcards.identity.slots import Renaming, carry_cards
from scheduler import Store
from scheduler.acts import delete_unused_cards

RULE_BY_HAND = "by hand"


class LastLink(NamedTuple):
    """The link that gave a note its current text: the rule and the previous text."""

    id: int
    rule: str
    before: bytes
    former: Note


class Corrections:
    """Links and unlinks two notes on request."""

    def __init__(self, connection: sqlite3.Connection, now_ms: int) -> None:
        self._db = connection
        self._catalog = Catalog(connection)
        self._now_ms = now_ms
        self._lines: dict[int, list[int]] = {}  # the lines of each file; corrections do not move text
        paths = {row.id: row.path for row in self._catalog.files().values()}
        self._writer = NoteWriter(connection, now_ms, paths)

    def link(self, old: int, new: int) -> tuple[ScanReport, Renaming]:
        """Give the text of `new` to the orphan `old`. `new` keeps only its reviews and is never linked again.

        Returns the changes, and the slots of the new note with the matching ones of the old note.
        """
        self._writer.report = ScanReport()
        before, after = self._catalog.load_known(old), self._catalog.load_known(new)
        seen = self.make_seen(after)
        self._db.execute(
            "UPDATE notes SET active = 0, fingerprint = x'', pin = '', modified_ms = ? WHERE id = ?",
            (self._now_ms, new),
        )
        self._writer.link(Link(before, seen, RULE_BY_HAND))
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
        self._db.execute("UPDATE OR REPLACE embeds SET note = ? WHERE note = ?", (old, new))
        return self._writer.report, slots

    def remove(self, note: int) -> None:
        """Remove an abandoned note, unless it was exported: then the next export must report it."""
        self._db.execute("DELETE FROM notes WHERE id = ? AND id NOT IN (SELECT note FROM exported_notes)", (note,))

    def last_link(self, note: int) -> LastLink | None:
        """Return the link that gave the note its current text, or nothing if it has its first text."""
        row = self._db.execute(
            "SELECT l.id, l.rule, l.before, t.body FROM links l JOIN notes n ON n.id = l.note"
            " JOIN texts t ON t.note = l.note AND t.fingerprint = l.before"
            " WHERE l.note = ? AND l.after = n.fingerprint ORDER BY l.id DESC LIMIT 1",
            (note,),
        ).fetchone()
        return LastLink(row[0], row[1], row[2], decode(row[3], 0, 0)) if row else None

    def unlink(self, note: int, last: LastLink) -> tuple[ScanReport, Renaming]:
        """Give a note its former text, as an orphan, and its text to a new note; return changes and renamed slots."""
        known = self._catalog.load_known(note)
        former = last.former._replace(line=known.note.line, end_line=known.note.end_line)
        if former.kind is Kind.CLOZE and known.note.kind is Kind.CLOZE:
            renamed: Renaming = ()  # the cards keep their numbers
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
        return self._writer.report, renamed

    def make_seen(self, known: Known) -> Seen:
        """Convert a note of the catalog to a note as seen in its file."""
        if known.file not in self._lines:
            rows = self._db.execute("SELECT line FROM notes WHERE file = ? AND active = 1 ORDER BY line", (known.file,))
            self._lines[known.file] = [line for (line,) in rows]
        number = bisect_left(self._lines[known.file], known.note.line)
        return Seen(known.file, known.deck, number, known.fingerprint, known.note)


RULE_COPY: Final = "copy"

# A pasted note is usually cut soon; a text that exists twice for longer is two notes.
_RECENT_MS: Final = 3 * 24 * 3_600_000
_TUNING: Final = TUNING._replace(threshold=0.65)  # both texts existed at once, so they may well be two notes
_SAMPLE: Final = 2_000

_UNUSED = """
SELECT n.id, min(n.id, n.modified_ms) FROM notes n
WHERE n.active = 1 AND min(n.id, n.modified_ms) > ? AND {} AND NOT EXISTS (
    SELECT 1 FROM cards c WHERE c.note = n.id AND (
        c.suspended OR c.flag OR c.buried_day IS NOT NULL OR EXISTS (SELECT 1 FROM reviews r WHERE r.card = c.id)))
    AND n.id NOT IN (SELECT note FROM origins)
"""
"""Notes that may be pasted copies: first seen since a time, and never reviewed, flagged or hidden.

Notes of another program are left out, because there they would be separate notes. An id is the time of the scan plus a
number; a note without edits since then has exactly that time.
"""
_SAME_TEXT = "fingerprint IN (SELECT fingerprint FROM notes WHERE id IN (SELECT value FROM json_each(?)))"
_FIRST_REVIEWS = """
SELECT c.note, max(c.note, min(r.id)) FROM reviews r JOIN cards c ON c.id = r.card
WHERE c.note IN (SELECT value FROM json_each(?)) AND c.reps > 0 GROUP BY 1
"""
"""When each note was first reviewed here, or first seen if imported reviews are older."""


class Copies:
    """Notes pasted before their original was cut, with a scan in between; the caller holds the transaction.

    The pasted note is first a new note. When the original loses its text, a recent unused copy gets its history.
    """

    def __init__(self, connection: sqlite3.Connection, store: Store, now_ms: int) -> None:
        self._db = connection
        self._now_ms = now_ms
        self._catalog = Catalog(connection)
        self._store = store
        self._corrections = Corrections(connection, now_ms)
        self._linked: list[tuple[Change, CardPlace]] = []
        self._given_up: list[int] = []

    def link_copies(self, report: ScanReport) -> None:
        """Link reviewed notes that lost their text to a copy of it, and correct `report`."""
        removed = json.dumps([change.note for change in report.removed])
        reviewed: dict[int, int] = dict(self._db.execute(_FIRST_REVIEWS, (removed,))) if report.removed else {}
        report.replaced[:] = [pair for pair in report.replaced if pair[0].note in reviewed]
        if not reviewed:
            return
        recent = self._now_ms - _RECENT_MS
        lost = self._catalog.load_many(sorted(reviewed))
        equal = self._db.execute(_UNUSED.format(_SAME_TEXT), (recent, json.dumps(list(reviewed)))).fetchall()
        lost = self._link_equal(lost, self._catalog.load_many([note for note, _ in equal]))
        if lost:
            since = max(recent, min(reviewed[old.id] for old in lost))
            fresh = {change.note for change in report.added}
            rows = self._db.execute(_UNUSED.format("n.pin = ''"), (since,))
            first_seen = {note: seen for note, seen in rows if note not in fresh}
            if first_seen:
                self._link_similar(lost, first_seen, reviewed, report)
        if self._linked:
            self._correct(report)

    def clear(self) -> None:
        """Remove the abandoned copies and their cards, after the scheduler has processed the report."""
        self._store.deactivate_notes(self._given_up)
        for note in self._given_up:
            if not delete_unused_cards(self._db, note):
                self._corrections.remove(note)

    def _link_equal(self, lost: Iterable[Known], copies: Iterable[Known]) -> list[Known]:
        """Link the copies with equal text, and return the notes without such a copy."""
        by_text: dict[bytes, list[Known]] = defaultdict(list)
        for copy in copies:
            by_text[copy.fingerprint].append(copy)
        left: list[Known] = []
        for old in lost:
            same = by_text.get(old.fingerprint, [])
            fitting = [copy for copy in same if copy.id > old.id and copy.note.pin in ("", old.pin)]
            if fitting:
                same.remove(fitting[0])
                self._continue_at(old, fitting[0], 1.0)
            else:
                left.append(old)
        return left

    def _link_similar(
        self, lost: Sequence[Known], first_seen: Mapping[int, int], reviewed: Mapping[int, int], report: ScanReport
    ) -> None:
        """Link the edited copies, and report ambiguous ones."""
        from flashcards.identity.similar import link_similar

        copies = self._catalog.load_many(list(first_seen))
        names = {copy.id for copy in copies}
        around = self._catalog.load_known_in(sorted({note.file for note in (*lost, *copies)}))
        places = {note.id: self._corrections.make_seen(note) for note in around}
        links = [Link(note, places[note.id], "") for note in around if note.id not in names]
        known = [*(link.known for link in links), *(old._replace(active=True) for old in lost)]
        found, ambiguous = link_similar(known, list(places.values()), links, self._catalog.sample(_SAMPLE), _TUNING)
        by_place = {places[copy.id].place: copy for copy in copies}
        for link in found:
            copy = by_place[link.seen.place]
            if first_seen[copy.id] > reviewed[link.known.id]:
                self._continue_at(link.known._replace(active=False), copy, link.score)
        removed = {change.note: change for change in reversed(report.removed)}
        for each in ambiguous:
            copy = by_place[each.seen.place]
            change = Change(copy.id, copy.key, self._catalog.entry(copy.id).path, copy.note.line, after=copy.note)
            candidates = tuple((removed[old.id], score) for old, score in each.candidates)
            report.ambiguous.append(AmbiguousChange(change, candidates))

    def _continue_at(self, old: Known, copy: Known, score: float) -> None:
        self._db.execute("DELETE FROM links WHERE note = ?", (copy.id,))  # its edits were never those of the old note
        linked, _ = self._corrections.link(old.id, copy.id)
        self._linked.append((linked.returned[-1]._replace(rule=RULE_COPY, score=score), linked.placed[-1]))
        self._given_up.append(copy.id)

    def _correct(self, report: ScanReport) -> None:
        settled = {*(change.note for change, _ in self._linked), *self._given_up}
        before = {change.note: change for change in report.removed}
        report.orphaned[:] = [note for note in report.orphaned if note not in settled]
        report.replaced[:] = [pair for pair in report.replaced if pair[0].note not in settled]
        for changes in (report.removed, report.edited, report.moved, report.returned):
            changes[:] = [each for each in changes if each.note not in settled]
        report.placed[:] = [place for place in report.placed if place.note not in settled]
        for change, place in self._linked:
            is_edited = change.before is not None and change.before.fields != (change.after or change.before).fields
            if is_edited:
                report.edited.append(change)
            if not is_edited or change.path != before[change.note].path:
                report.moved.append(change)
            report.placed.append(place)
