"""What came from elsewhere: which note of ours is which note there, and what it was when it was last brought in."""

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
        tags: the tags that were written here, joined by blanks.
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
    """The marks of a card there when they were last looked at.

    Attributes:
        changed_s: when the card was last changed there, epoch seconds.
        suspended, flag: its marks; None where only that time is known.
    """

    changed_s: int
    suspended: bool | None
    flag: int | None


class Origins:
    """The tables of imports on an open connection; transactions are the caller's."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._db = connection

    def all(self) -> dict[tuple[str, int], Origin]:
        """Every origin, by source and part."""
        rows = self._db.execute("SELECT source, part, note, base, tags, content, changed_s FROM origins")
        return {(row[0], row[1]): Origin(*row) for row in rows}

    def remember(self, origins: Iterable[Origin]) -> int:
        """Write origins, new ones or in the place of what was known; returns how many."""
        rows = list(origins)
        self._db.executemany("INSERT OR REPLACE INTO origins VALUES (?, ?, ?, ?, ?, ?, ?)", rows)
        return len(rows)

    def confirm(self, times: Iterable[tuple[int, str, int]]) -> None:
        """Say that what is known was so until a later time: triples of epoch seconds, source and part."""
        self._db.executemany("UPDATE origins SET changed_s = ? WHERE source = ? AND part = ?", times)

    def marks(self) -> dict[int, SeenMarks]:
        """The marks of each card there as of the last import."""
        rows = self._db.execute("SELECT card, changed_s, suspended, flag FROM origin_cards")
        return {card: SeenMarks(changed, None if off is None else bool(off), flag) for card, changed, off, flag in rows}

    def remember_marks(self, marks: Iterable[tuple[int, SeenMarks]]) -> None:
        """Write the marks of cards."""
        self._db.executemany(
            "INSERT OR REPLACE INTO origin_cards(card, changed_s, suspended, flag) VALUES (?, ?, ?, ?)",
            ((card, *seen) for card, seen in marks),
        )

    def remember_ids(self, kind: str, pairs: Iterable[tuple[int, int]]) -> None:
        """Write the ids, here and in Anki, of notes or cards that a phone made; those known stay."""
        self._db.executemany(
            "INSERT OR IGNORE INTO anki_ids VALUES (?, ?, ?)",
            ((kind, here, there) for here, there in pairs if here != there),
        )

    def ids(self, kind: str) -> dict[int, int]:
        """The ids in Anki of notes or cards that a phone made, by their ids here."""
        return dict(self._db.execute("SELECT here, there FROM anki_ids WHERE kind = ?", (kind,)))

    def record(self, mark: str, at_ms: int, source: str) -> None:
        """Say in this transaction that an import happened."""
        self._db.execute("INSERT INTO imports VALUES (?, ?, ?)", (mark, at_ms, source))

    def is_recorded(self, mark: str) -> bool:
        """Whether the import with this mark happened."""
        return self._db.execute("SELECT 1 FROM imports WHERE mark = ?", (mark,)).fetchone() is not None

    def find_written_hash(self, path: str) -> bytes | None:
        """The hash of the file at `path` as an import last wrote it; None where none did."""
        row = self._db.execute("SELECT hash FROM written_files WHERE path = ?", (path,)).fetchone()
        return row[0] if row else None

    def record_written_hash(self, path: str, digest: bytes) -> None:
        """Say that an import wrote this file."""
        self._db.execute("INSERT OR REPLACE INTO written_files VALUES (?, ?)", (path, digest))
