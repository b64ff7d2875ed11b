"""A scan: what the deck files say now against the catalog, and the catalog brought up to date."""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from hashlib import blake2b
from pathlib import Path
from typing import NamedTuple

from flashcards.catalog.codec import encode
from flashcards.catalog.keys import fingerprint, key
from flashcards.catalog.link import Known, Link, Seen, link
from flashcards.catalog.slots import carry_slots, top_gap
from flashcards.catalog.store import Catalog, FileRow
from flashcards.catalog.walk import FoundFile, Unreadable, walk
from flashcards.deck.model import Deck, Note, Problem
from flashcards.deck.parse import parse

_RACY_NS = 100_000_000  # a file written this shortly before it is read may change again without its time changing
SPACING = 1_000_000
"""New cards are asked in order of `file id * SPACING + place in the file`."""


class Change(NamedTuple):
    """What a scan found of one note. `before` is None for a note that is new; `after` for one that is gone."""

    note: int
    key: str
    path: str
    line: int
    rule: str = ""
    score: float = 1.0
    before: Note | None = None
    after: Note | None = None


class CardPlace(NamedTuple):
    """Where the cards of a note in use belong now; `slots` are the cards it has."""

    note: int
    slots: tuple[str, ...]
    deck: int
    position: int


@dataclass(slots=True)
class ScanReport:
    """What a scan did.

    Attributes:
        added, edited, moved, removed, returned: the notes, in order of file and line.
        new_cards: the cards of notes that are new.
        placed: the notes that were known and whose cards may have changed or moved.
        orphaned: ids of notes that lost their text.
    """

    added: list[Change] = field(default_factory=list)
    edited: list[Change] = field(default_factory=list)
    moved: list[Change] = field(default_factory=list)
    removed: list[Change] = field(default_factory=list)
    returned: list[Change] = field(default_factory=list)
    new_cards: list[CardPlace] = field(default_factory=list)
    placed: list[CardPlace] = field(default_factory=list)
    orphaned: list[int] = field(default_factory=list)

    def __bool__(self) -> bool:
        return bool(self.new_cards or self.placed or self.orphaned)


@dataclass(frozen=True, slots=True)
class ReadFile:
    """A file that may have changed. `deck` is None where its bytes are the same, or where it cannot be read."""

    found: FoundFile
    hash: bytes
    deck: Deck | None
    mtime_ns: int
    problem: Problem | None = None


@dataclass(slots=True)
class Sighting:
    """What is on disk against the files of the catalog."""

    changed: list[ReadFile] = field(default_factory=list)
    gone: list[FileRow] = field(default_factory=list)
    unreadable: list[Unreadable] = field(default_factory=list)

    def __bool__(self) -> bool:
        return bool(self.changed or self.gone)


def look(root: Path, catalog: Catalog, progress: Callable[[int, int], None] | None = None) -> Sighting:
    """Find the files that changed since the last scan, and read and parse those whose bytes did.

    Args:
        root: the collection's folder.
        catalog: what it held at the last scan.
        progress: called with the number of files read and the number to read.
    """
    known = catalog.files()
    sighting = Sighting()
    present: set[str] = set()
    stale: list[FoundFile] = []
    for found in walk(root):
        if isinstance(found, Unreadable):
            sighting.unreadable.append(found)
            continue
        present.add(found.path)
        row = known.get(found.path)
        if not row or not row.present or row.size != found.size or row.mtime_ns != found.mtime_ns:
            stale.append(found)
    for index, found in enumerate(stale):
        if progress:
            progress(index, len(stale))
        try:
            sighting.changed.append(_read(root, found, known.get(found.path)))
        except FileNotFoundError:  # gone since the folder was listed
            present.discard(found.path)
    hidden = tuple(place.path for place in sighting.unreadable)
    sighting.gone = [
        row
        for row in known.values()
        if row.present and row.path not in present and not (hidden and row.path.startswith(hidden))
    ]
    return sighting


def _read(root: Path, found: FoundFile, row: FileRow | None) -> ReadFile:
    try:
        data = (root / found.path).read_bytes()
    except FileNotFoundError:
        raise
    except OSError as error:
        reason = error.strerror or str(error)
        problem = Problem(1, "unreadable", f"The file cannot be read: {reason}.", "Check its permissions.")
        return ReadFile(found, b"", None, -1, problem)
    digest = blake2b(data, digest_size=16).digest()
    fresh = time.time_ns() - found.mtime_ns < _RACY_NS
    mtime_ns = -1 if fresh or len(data) != found.size else found.mtime_ns
    if row and row.present and row.hash == digest:
        return ReadFile(found, digest, None, mtime_ns)
    try:
        text = data.decode()
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        problem = Problem(
            line, "not-utf-8", "The file is not UTF-8 here.", "Save it as UTF-8; until then it is not read."
        )
        return ReadFile(found, digest, None, mtime_ns, problem)
    return ReadFile(found, digest, parse(text, found.path), mtime_ns)


class Scan:
    """Brings the catalog up to date with a `Sighting`; the caller wraps it in one transaction."""

    def __init__(self, connection: sqlite3.Connection, now_ms: int) -> None:
        self._db = connection
        self._catalog = Catalog(connection)
        self._now_ms = now_ms
        self._decks = self._catalog.decks()
        self._paths: dict[int, str] = {}
        self._report = ScanReport()

    def apply(self, sighting: Sighting) -> ScanReport:
        """Write what was seen, and say what changed."""
        rows = self._catalog.files()
        self._paths = {row.id: row.path for row in rows.values()}
        changed_ids: list[int] = []
        seen: list[Seen] = []
        for file in sighting.changed:
            file_id = self._write_file(file, rows.get(file.found.path))
            if file.deck:
                changed_ids.append(file_id)
                seen += self._seen(file_id, file.deck)
        for row in sighting.gone:
            self._db.execute("UPDATE files SET present = 0, mtime_ns = -1 WHERE id = ?", (row.id,))
            changed_ids.append(row.id)
        self._apply_notes(changed_ids, seen)
        return self._report

    def _write_file(self, file: ReadFile, row: FileRow | None) -> int:
        found = file.found
        if row and file.deck is None and file.problem is None:  # the same bytes
            self._db.execute(
                "UPDATE files SET size = ?, mtime_ns = ? WHERE id = ?", (found.size, file.mtime_ns, row.id)
            )
            return row.id
        deck = file.deck or Deck(name="")
        settings = {"deck": deck.name, "values": deck.settings, "lines": deck.setting_lines}
        problems = [file.problem] if file.problem else deck.problems
        values = (
            found.size,
            file.mtime_ns,
            file.hash,
            json.dumps([(p.line, p.code, p.message, p.hint) for p in problems], ensure_ascii=False),
            json.dumps(settings, ensure_ascii=False) if deck.settings else "{}",
        )
        if row:
            # Of a file that cannot be read, the notes stay as they were, and so do the settings.
            self._db.execute(
                "UPDATE files SET size = ?, mtime_ns = ?, hash = ?, problems = ?,"
                " settings = CASE WHEN ? THEN ? ELSE settings END, present = 1 WHERE id = ?",
                (*values[:4], file.deck is not None, values[4], row.id),
            )
            return row.id
        cursor = self._db.execute(
            "INSERT INTO files(path, size, mtime_ns, hash, problems, settings, present) VALUES (?, ?, ?, ?, ?, ?, 1)",
            (found.path, *values),
        )
        file_id = int(cursor.lastrowid or 0)
        self._paths[file_id] = found.path
        return file_id

    def _seen(self, file_id: int, deck: Deck) -> list[Seen]:
        deck_id = self._deck_id(deck.name) if deck.notes else 0
        return [Seen(file_id, deck_id, index, fingerprint(note), note) for index, note in enumerate(deck.notes)]

    def _deck_id(self, name: str) -> int:
        """The id of a deck; it and the decks above it are made where they are not there yet."""
        if name not in self._decks:
            parent = name.rpartition("::")[0]
            if parent:
                self._deck_id(parent)
            cursor = self._db.execute("INSERT INTO decks(name) VALUES (?)", (name,))
            self._decks[name] = int(cursor.lastrowid or 0)
        return self._decks[name]

    def _apply_notes(self, changed_ids: list[int], seen: list[Seen]) -> None:
        known = self._catalog.known_in(changed_ids)
        if seen and self._catalog.has_orphans():
            pins = [note.note.pin for note in seen if note.note.pin]
            known += self._catalog.orphans_of(pins, [note.fingerprint for note in seen])
        links = link(known, seen) if known else []
        for each in sorted(links, key=lambda each: (each.seen.file, each.seen.index)):
            self._apply_link(each)
        linked_notes = {each.known.id for each in links}
        linked_seen = {(each.seen.file, each.seen.index) for each in links}
        self._orphan([note for note in known if note.active and note.id not in linked_notes])
        self._add([note for note in seen if (note.file, note.index) not in linked_seen])

    def _apply_link(self, each: Link) -> None:
        old, new = each.known, each.seen
        same_text = old.fingerprint == new.fingerprint
        before = old.note if same_text else self._catalog.former_note(old.id, new.fingerprint) or old.note
        note = carry_slots(before, new.note, old.top_gap)
        body = encode(note)
        path = self._paths[new.file]
        change = Change(old.id, old.key, path, note.line, each.rule, each.score, old.note, note)
        if not old.active:
            self._report.returned.append(change)
        elif body != old.body:
            self._report.edited.append(change)
        if old.active and (old.file != new.file or old.deck != new.deck):
            self._report.moved.append(change)
        if not same_text:
            self._remember(each)
        self._db.execute(
            "UPDATE notes SET pin = ?, file = ?, line = ?, end_line = ?, deck = ?, fingerprint = ?, top_gap = ?,"
            " tags = ?, body = ?, modified_ms = CASE WHEN body = ? AND file = ? THEN modified_ms"
            # Anki counts in seconds: two edits within one must differ, or it passes over the second.
            " ELSE max(?, modified_ms + 1000) END, active = 1"
            " WHERE id = ?",
            (
                note.pin,
                new.file,
                note.line,
                note.end_line,
                new.deck,
                new.fingerprint,
                max(old.top_gap, top_gap(note)),
                _tag_text(note),
                body,
                body,
                new.file,
                self._now_ms,
                old.id,
            ),
        )
        self._report.placed.append(CardPlace(old.id, note.slots, new.deck, new.file * SPACING + new.index))

    def _remember(self, each: Link) -> None:
        """Keep the text that a note had until now, and the decision to link it with another one."""
        self._db.execute(
            "INSERT OR REPLACE INTO texts(fingerprint, note, body, until_ms) VALUES (?, ?, ?, ?)",
            (each.known.fingerprint, each.known.id, each.known.body, self._now_ms),
        )
        self._db.execute(
            "INSERT INTO links(note, at_ms, rule, score, before, after) VALUES (?, ?, ?, ?, ?, ?)",
            (each.known.id, self._now_ms, each.rule, each.score, each.known.fingerprint, each.seen.fingerprint),
        )

    def _orphan(self, notes: Iterable[Known]) -> None:
        for note in notes:
            self._db.execute("UPDATE notes SET active = 0 WHERE id = ?", (note.id,))
            self._report.removed.append(
                Change(note.id, note.key, self._paths[note.file], note.note.line, before=note.note)
            )
            self._report.orphaned.append(note.id)

    def _add(self, notes: list[Seen]) -> None:
        if not notes:
            return
        (last,) = self._db.execute("SELECT coalesce(max(id), 0) FROM notes").fetchone()
        first = max(self._now_ms, last + 1)
        rows = []
        for note_id, (note, name) in enumerate(zip(notes, self._new_keys(notes), strict=True), start=first):
            rows.append(
                (
                    note_id,
                    name,
                    note.note.pin,
                    note.file,
                    note.note.line,
                    note.note.end_line,
                    note.deck,
                    note.fingerprint,
                    top_gap(note.note),
                    _tag_text(note.note),
                    encode(note.note),
                    self._now_ms,
                    1,
                )
            )
            path = self._paths[note.file]
            self._report.added.append(Change(note_id, name, path, note.note.line, after=note.note))
            position = note.file * SPACING + note.index
            self._report.new_cards.append(CardPlace(note_id, note.note.slots, note.deck, position))
        self._db.executemany(f"INSERT INTO notes VALUES ({','.join('?' * 13)})", rows)

    def _new_keys(self, notes: list[Seen]) -> list[str]:
        """A key for each note: its pin, or one from its text and the number of notes that had the text before."""
        firsts = [key(note.fingerprint) for note in notes]
        taken = self._catalog.taken_keys([*firsts, *(note.note.pin for note in notes if note.note.pin)])
        keys = []
        for note, first in zip(notes, firsts, strict=True):
            name = note.note.pin if note.note.pin and note.note.pin not in taken else first
            occurrence = 0
            while name in taken or (occurrence and self._catalog.taken_keys([name])):
                occurrence += 1
                name = key(note.fingerprint, occurrence)
            taken.add(name)
            keys.append(name)
        return keys


def _tag_text(note: Note) -> str:
    return f" {' '.join(note.tags)} " if note.tags else ""
