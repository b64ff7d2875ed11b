"""Remember which note came from which note of another program, and its state at the last import."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from typing import NamedTuple


class Origin(NamedTuple):
    """Where a note came from.

    Attributes:
        source: what the other program knows it by.
        part: which of the notes that the other program's note became, from 0.
        note: the note here.
        base: the fingerprint of the text that was written here.
        tags: the tags that were written here, joined by spaces.
        content: a hash of everything the other program said of it.
        changed_s: when the other program had last changed it, epoch seconds; 0 where that is not known.
    """

    source: str
    part: int
    note: int
    base: bytes
    tags: str
    content: bytes
    changed_s: int


class SeenMarks(NamedTuple):
    """The status of a card in the other program as of the last import.

    Attributes:
        changed_s: when the card was last changed there, epoch seconds.
        suspended, flag: its status, if more than that time is known.
        package_ms: when the package that told it was made, epoch milliseconds; 0 if that is not known.
    """

    changed_s: int
    suspended: bool | None
    flag: int | None
    package_ms: int = 0


OWN_FORM, FOREIGN_FORM = 0, 1
"""The forms of a note in Anki: in a note type of ours, or in another one."""

FLAG_REVERSE, FLAG_TYPED = 1, 2
DIGEST_SIZE = 8


class NoteBase(NamedTuple):
    """What a note was on both sides when they were last equal, so that later changes can be merged by field.

    Attributes:
        note: the note here.
        form: `OWN_FORM` or `FOREIGN_FORM`.
        here, there: digests of its fields, here and in the other program.
        earlier: digests of fields that earlier exports held.
        tags: joined by spaces.
        flags: `FLAG_REVERSE` and `FLAG_TYPED`.
        changed_s: when the other program had last changed it, epoch seconds; 0 if it was never imported.
    """

    note: int
    form: int
    here: bytes
    there: bytes
    earlier: bytes
    tags: str
    flags: int
    changed_s: int


def digest_fields(fields: Iterable[str]) -> bytes:
    """Compute the digests of fields, `DIGEST_SIZE` bytes each."""
    from hashlib import blake2b

    return b"".join([blake2b(each.encode("utf-8", "replace"), digest_size=DIGEST_SIZE).digest() for each in fields])


def split_digests(digests: bytes) -> list[bytes]:
    """Split what `digest_fields` computed."""
    return [digests[at : at + DIGEST_SIZE] for at in range(0, len(digests), DIGEST_SIZE)]


class Origins:
    """The tables of imports on an open connection; transactions are the caller's."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._db = connection

    def all(self) -> dict[tuple[str, int], Origin]:
        """Return every origin, by source and part."""
        rows = self._db.execute("SELECT source, part, note, base, tags, content, changed_s FROM origins")
        return {(row[0], row[1]): Origin(*row) for row in rows}

    def remember(self, origins: Iterable[Origin]) -> int:
        """Write origins, and replace known ones; return how many."""
        rows = list(origins)
        self._db.executemany("INSERT OR REPLACE INTO origins VALUES (?, ?, ?, ?, ?, ?, ?)", rows)
        return len(rows)

    def confirm(self, times: Iterable[tuple[int, str, int]]) -> None:
        """Advance the "last seen unchanged" time: triples of epoch seconds, source and part."""
        self._db.executemany("UPDATE origins SET changed_s = ? WHERE source = ? AND part = ?", times)

    def bases(self) -> dict[tuple[int, int], NoteBase]:
        """Return what notes were when both sides were last equal, by note and form."""
        rows = self._db.execute("SELECT note, form, here, there, earlier, tags, flags, changed_s FROM note_bases")
        return {(row[0], row[1]): NoteBase(*row) for row in rows}

    def remember_bases(self, bases: Iterable[NoteBase]) -> int:
        """Store what notes are now that both sides are equal; return how many."""
        rows = list(bases)
        self._db.executemany("INSERT OR REPLACE INTO note_bases VALUES (?, ?, ?, ?, ?, ?, ?, ?)", rows)
        return len(rows)

    def find_text(self, note: int, fingerprint: bytes) -> str | None:
        """Return the body that a note had when it had this fingerprint, if it is still known."""
        row = self._db.execute(
            "SELECT body FROM texts WHERE note = ? AND fingerprint = ?", (note, fingerprint)
        ).fetchone()
        return row[0] if row else None

    def has_earlier_text(self, note: int) -> bool:
        """Check whether the text of a note ever changed here."""
        return self._db.execute("SELECT 1 FROM texts WHERE note = ? LIMIT 1", (note,)).fetchone() is not None

    def marks(self) -> dict[int, SeenMarks]:
        """Return the status of each card there as of the last import."""
        rows = self._db.execute("SELECT card, changed_s, suspended, flag, package_ms FROM origin_cards")
        return {
            card: SeenMarks(changed, None if off is None else bool(off), flag, package)
            for card, changed, off, flag, package in rows
        }

    def remember_marks(self, marks: Iterable[tuple[int, SeenMarks]]) -> None:
        """Store the status of cards."""
        self._db.executemany(
            "INSERT OR REPLACE INTO origin_cards(card, changed_s, suspended, flag, package_ms) VALUES (?, ?, ?, ?, ?)",
            ((card, *seen) for card, seen in marks),
        )

    def remember_ids(self, kind: str, pairs: Iterable[tuple[int, int]]) -> None:
        """Write the ids, here and in Anki, of notes or cards that a phone made; those known stay."""
        self._db.executemany(
            "INSERT OR IGNORE INTO anki_ids VALUES (?, ?, ?)",
            ((kind, here, there) for here, there in pairs if here != there),
        )

    def ids(self, kind: str) -> dict[int, int]:
        """Return the ids in Anki of notes or cards that a phone made, by their ids here."""
        return dict(self._db.execute("SELECT here, there FROM anki_ids WHERE kind = ?", (kind,)))

    def record(self, mark: str, at_ms: int, source: str) -> None:
        """Record in this transaction that an import happened."""
        self._db.execute("INSERT INTO imports VALUES (?, ?, ?)", (mark, at_ms, source))

    def is_recorded(self, mark: str) -> bool:
        """Check whether the import with this mark happened."""
        return self._db.execute("SELECT 1 FROM imports WHERE mark = ?", (mark,)).fetchone() is not None

    def find_written_hash(self, path: str) -> bytes | None:
        """Return the hash of the file at `path` as an import last wrote it, or nothing."""
        row = self._db.execute("SELECT hash FROM written_files WHERE path = ?", (path,)).fetchone()
        return row[0] if row else None

    def record_written_hash(self, path: str, digest: bytes) -> None:
        """Record that an import wrote this file."""
        self._db.execute("INSERT OR REPLACE INTO written_files VALUES (?, ?)", (path, digest))
