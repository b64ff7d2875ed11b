"""Read the catalog: files, decks, notes and their texts."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from scheduler.connection import select_in

if TYPE_CHECKING:
    from flashcards.catalog.wiki_links import LinkResolver
    from flashcards.deck.model import Note, Problem
    from flashcards.identity.notes import Known


MIGRATIONS = (
    *("create_files_and_notes", "create_origins", "create_exported_notes", "create_ticks", "create_mocks"),
    *("remember_marks", "add_times_to_origins", "add_format_to_files", "add_dialect_to_files"),
    *("create_anki_ids", "create_note_bases", "count_kind_changes"),
    *("create_seen_notes", "add_note_types_to_origins", "create_embeds", "create_replaced"),
    *("add_unconfirmed_exports", "add_card_data", "add_given_status"),
    *("add_time_of_given_status", "add_owner_of_status"),
)
"""The names of all migrations in `schema`, oldest first."""

TABLES = Path(__file__).with_name("tables.generated.sql")
"""The SQL of the tables after all migrations."""


_ENTRIES: Final = """
    SELECT n.id, n.key, f.path, d.name, n.fingerprint, n.modified_ms, n.active, n.body, n.line, n.end_line
    FROM notes n JOIN files f ON f.id = n.file JOIN decks d ON d.id = n.deck
    WHERE {} ORDER BY d.name, f.path, n.line
"""


class FileRow(NamedTuple):
    """A file at the last scan."""

    id: int
    path: str
    size: int
    mtime_ns: int
    hash: bytes
    present: int  # 1, or 0 if it is gone
    format: int
    dialect: str
    reader: str


class Entry(NamedTuple):
    """A note of the catalog with its place."""

    id: int  # epoch milliseconds when it was first seen
    key: str
    path: str
    deck: str
    fingerprint: bytes
    modified_ms: int  # epoch milliseconds of the last change of its text or attributes
    active: bool
    note: Note

    @property
    def place(self) -> str:
        """The file and line, as in `tpm/tools.md:12`."""
        return f"{self.path}:{self.note.line}"


class Catalog:
    """The tables of the catalog; the caller holds transactions. Links are resolved below `root`, if given."""

    def __init__(self, connection: sqlite3.Connection, root: Path | None = None) -> None:
        self._db = connection
        self._root = root
        self._links: LinkResolver | None = None
        self._cached_notes: dict[int, Note] = {}
        self._cached_ms = -1

    def files(self) -> dict[str, FileRow]:
        """Return every file ever seen, by path."""
        rows = self._db.execute(f"SELECT {', '.join(FileRow._fields)} FROM files")
        return {row.path: row for row in map(FileRow._make, rows)}

    def pins(self) -> Iterator[tuple[str, int]]:
        """Return the id pinned in each note that has one, and the note's own id."""
        yield from self._db.execute("SELECT pin, id FROM notes WHERE pin != '' AND active = 1")

    def dialects(self) -> dict[str, str]:
        """Return the dialect that read each file, by path."""
        return dict(self._db.execute("SELECT path, dialect FROM files WHERE present = 1"))

    def decks(self) -> dict[str, int]:
        """Return the id of every deck, by name."""
        return dict(self._db.execute("SELECT name, id FROM decks"))

    def deck_names(self) -> dict[int, str]:
        """Return the name of every deck, by id."""
        return dict(self._db.execute("SELECT id, name FROM decks"))

    def deck_settings(self) -> dict[str, dict[str, Any]]:
        """Return the front matter of each deck; if several files disagree, the first one counts."""
        found: dict[str, dict[str, Any]] = {}
        query = "SELECT settings FROM files WHERE present = 1 AND settings != '{}' ORDER BY path DESC"
        for (text,) in self._db.execute(query):
            from flashcards.catalog.encoding import decode_settings  # imported late, because few decks have settings

            deck, values = decode_settings(text)
            found.setdefault(deck, {}).update(values)
        return found

    def problems(self) -> Iterator[tuple[str, Problem]]:
        """Yield every problem of a file, with the file's path, in order."""
        rows = self._db.execute("SELECT path, problems FROM files WHERE present = 1 AND problems != '[]' ORDER BY path")
        for path, text in rows:
            from flashcards.catalog.encoding import decode_problems

            yield from ((path, problem) for problem in decode_problems(text))

    def count_files(self) -> int:
        """Count the files that exist."""
        (files,) = self._db.execute("SELECT count(*) FROM files WHERE present = 1").fetchone()
        return int(files)

    def count_notes(self) -> int:
        """Count the active notes."""
        (notes,) = self._db.execute("SELECT count(*) FROM notes WHERE active = 1").fetchone()
        return int(notes)

    def entries(self, ids: Iterable[int] | None = None, *, active: bool = True) -> Iterator[Entry]:
        """Yield notes by deck, file and line: those of `ids`, or all active ones, or all orphans."""
        from flashcards.catalog.encoding import decode  # imported late: with its libraries, it loads slowly

        where = "n.active IN ({})" if ids is None else "n.id IN ({})"
        rows = select_in(self._db, _ENTRIES.format(where), [int(active)] if ids is None else list(ids))
        for note, key, path, deck, fingerprint, modified_ms, is_active, body, line, end_line in rows:
            held = self._cached_notes.pop(note, None) if modified_ms == self._cached_ms else None
            if held is None or (held.line, held.end_line) != (line, end_line):
                held = decode(body, line, end_line)
            if self._root and "[[" in body and any("[[" in text for text in held.fields):
                if self._links is None:
                    # Imported late, because it loads the Markdown parser.
                    from flashcards.catalog.wiki_links import LinkResolver

                    self._links = LinkResolver(self._root, self._db)
                held = self._links.complete(held, path)
            yield Entry(note, key, path, deck, fingerprint, modified_ms, bool(is_active), held)

    def entry(self, note: int) -> Entry:
        """Return the note with this id; raise KeyError if it is unknown."""
        found = next(self.entries([note]), None)
        if found is None:
            raise KeyError(note)
        return found

    def cache_notes(self, notes: dict[int, Note], modified_ms: int) -> None:
        """Cache notes just written, so that their first reader need not decode them.

        `modified_ms` tells if one changed since. Each note leaves the cache when it is read, which frees its memory.
        """
        self._cached_notes, self._cached_ms = notes, modified_ms
        self._links = None

    def load_known_in(self, files: Sequence[int]) -> list[Known]:
        """Load the active notes of some files."""
        return self._load_known("active = 1 AND file IN ({})", files)

    def find_orphans(self, pins: Sequence[str], fingerprints: Sequence[bytes]) -> list[Known]:
        """Find orphans by a pin, or by a current or earlier text."""
        wanted: set[int] = set()
        for column, values in (("pin", pins), ("key", pins), ("fingerprint", fingerprints)):
            query = f"SELECT id FROM notes WHERE active = 0 AND {column} IN ({{}})"
            wanted.update(note for (note,) in select_in(self._db, query, values))
        former = "SELECT t.note FROM texts t JOIN notes n ON n.id = t.note WHERE n.active = 0 AND t.fingerprint IN ({})"
        wanted.update(note for (note,) in select_in(self._db, former, fingerprints))
        return self.load_many(sorted(wanted))

    def keys(self) -> Iterator[tuple[int, str]]:
        """Yield the id and the key of every note, orphans included."""
        yield from self._db.execute("SELECT id, key FROM notes")

    def paths(self) -> Iterator[tuple[int, str]]:
        """Yield the id of every note and the path of its file."""
        yield from self._db.execute("SELECT n.id, f.path FROM notes n JOIN files f ON f.id = n.file")

    def texts(self) -> Iterator[tuple[int, bytes]]:
        """Yield the id and the fingerprint of every active note."""
        yield from self._db.execute("SELECT id, fingerprint FROM notes WHERE active = 1")

    def has_orphans(self) -> bool:
        """Return whether any note has lost its text."""
        return self._db.execute("SELECT 1 FROM notes WHERE active = 0 LIMIT 1").fetchone() is not None

    def load_many(self, notes: Sequence[int]) -> list[Known]:
        """Load notes by their ids."""
        return self._load_known("id IN ({})", notes)

    def load_known(self, note: int) -> Known:
        """Load one note; raise KeyError if the id is unknown."""
        found = self.load_many((note,))
        if not found:
            raise KeyError(note)
        return found[0]

    def list_recent_orphans(self, most: int) -> list[Known]:
        """List the notes that lost their text most recently."""
        return self._load_known("active = 0 AND fingerprint != x''", None, f"modified_ms DESC, id LIMIT {most:d}")

    def sample(self, size: int) -> list[Note]:
        """Sample about `size` active notes from the whole collection, or all if there are fewer."""
        from flashcards.catalog.encoding import decode

        ids = [row[0] for row in self._db.execute("SELECT id FROM notes ORDER BY file")]
        query = "SELECT body, line, end_line FROM notes WHERE active = 1 AND id IN ({})"
        return [decode(*row) for row in select_in(self._db, query, ids[:: max(1, len(ids) // size)])]

    def _load_known(self, where: str, values: Sequence[object] | None, order: str = "file, line") -> list[Known]:
        from flashcards.catalog.encoding import decode
        from flashcards.identity.notes import Known

        columns = "id, key, pin, file, fingerprint, body, line, end_line, deck, top_gap, active, modified_ms"
        query = f"SELECT {columns} FROM notes WHERE {where} ORDER BY {order}"
        rows = list(self._db.execute(query) if values is None else select_in(self._db, query, values))
        former: dict[int, set[bytes]] = {}
        if self._db.execute("SELECT 1 FROM texts LIMIT 1").fetchone():
            texts = "SELECT note, fingerprint FROM texts WHERE note IN ({})"
            for note, text in select_in(self._db, texts, [row[0] for row in rows]):
                former.setdefault(note, set()).add(text)
        return [
            Known(
                note,
                key,
                pin,
                file,
                fingerprint,
                decode(body, line, end_line),
                body,
                deck,
                top_gap,
                bool(active),
                frozenset(former.get(note, ())),
                0 if active else modified_ms,
            )
            for note, key, pin, file, fingerprint, body, line, end_line, deck, top_gap, active, modified_ms in rows
        ]

    def find_former_note(self, note: int, fingerprint: bytes) -> Note | None:
        """Return the earlier version of the note with this text."""
        from flashcards.catalog.encoding import decode

        query = "SELECT body FROM texts WHERE note = ? AND fingerprint = ?"
        row = self._db.execute(query, (note, fingerprint)).fetchone()
        return decode(row[0], 0, 0) if row else None

    def has_former_text(self, note: int) -> bool:
        """Return whether the text of a note has ever changed in the decks."""
        return self._db.execute("SELECT 1 FROM texts WHERE note = ? LIMIT 1", (note,)).fetchone() is not None

    def find_former_texts(self, notes: Sequence[int], most: int = 5) -> dict[int, list[Note]]:
        """Return the most recent earlier texts of notes, by id."""
        from flashcards.catalog.encoding import decode

        found: dict[int, list[Note]] = {}
        query = "SELECT note, body FROM texts WHERE note IN ({}) ORDER BY until_ms DESC"
        for note, body in select_in(self._db, query, notes):
            texts = found.setdefault(note, [])
            if len(texts) < most:
                texts.append(decode(body, 0, 0))
        return found

    def find_taken_keys(self, keys: Sequence[str]) -> set[str]:
        """Return the subset of `keys` that is already in use."""
        return {key for (key,) in select_in(self._db, "SELECT key FROM notes WHERE key IN ({})", keys)}

    def find_shared_pins(self) -> list[list[tuple[str, int]]]:
        """Return groups of active notes with the same pinned id: the path and line of each."""
        rows = self._db.execute(
            "SELECT n.pin, f.path, n.line FROM notes n JOIN files f ON f.id = n.file WHERE n.active = 1"
            " AND n.pin IN (SELECT pin FROM notes WHERE active = 1 AND pin != ''"
            " GROUP BY 1 HAVING count(*) > 1) ORDER BY f.path, n.line"
        )
        groups: dict[str, list[tuple[str, int]]] = {}
        for pin, path, line in rows:
            groups.setdefault(pin, []).append((path, line))
        return list(groups.values())
