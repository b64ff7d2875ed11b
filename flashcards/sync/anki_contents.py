"""Pull the contents of a running Anki as packages, and compare them with what both sides last agreed on."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from flashcards.anki.package.archive import Archive
from flashcards.sync.anki_connect import AnkiConnect, AnkiUnusable
from flashcards.sync.media_store import digest_file
from flashcards.sync.mirror import OBJECTS, Mirror
from flashcards.sync.validation import COLUMNS, TABLE_STATEMENTS, Graves, Row, Table

if TYPE_CHECKING:
    from collections.abc import Iterable

_SCHEMA: Final = 11
_BATCH: Final = 5_000  # rows handed on at once
_NOT_COMPARED: Final = ("mod", "usn", "req", "vers", "tags")

_SAME_NOTE: Final = "{0}.mid = p.mid AND {0}.flds = p.flds AND trim({0}.tags) = trim(p.tags)"
# AnkiConnect cannot write what a card's `data` holds, and the place of a new card is Anki's own affair.
_SAME_CARD: Final = " AND ".join(
    [f"{{0}}.{name} = p.{name}" for name in ("nid", "did", "ord", "type", "queue", "ivl", "reps", "lapses", "odid")]
    + ["{0}.flags & 7 = p.flags & 7", "({0}.due = p.due OR p.type = 0)"]
)
_SAME_REVIEW: Final = "{0}.cid = p.cid"
_SAME: Final = {"notes": _SAME_NOTE, "cards": _SAME_CARD, "revlog": _SAME_REVIEW}

# A row counts if neither the last agreement nor the present collection here says the same. A single card cannot be
# deleted by the add-on, so one that was deleted here is passed over.
_CHANGED: Final = """
    SELECT {columns} FROM {table} p
    WHERE NOT EXISTS (SELECT 1 FROM agreed.{table} a WHERE a.id = p.id AND {same_agreed})
        AND NOT EXISTS (SELECT 1 FROM mirror.{table} m WHERE m.id = p.id AND {same_mirror}) {more}
    ORDER BY p.id
"""
_CARD_IS_HERE: Final = """
        AND (EXISTS (SELECT 1 FROM mirror.cards m WHERE m.id = p.id)
            OR p.id NOT IN (SELECT oid FROM mirror.graves WHERE type = 0))
"""
_MORE: Final = {"notes": "", "cards": _CARD_IS_HERE, "revlog": ""}
_GONE: Final = """
    SELECT a.id FROM agreed.{table} a JOIN mirror.{table} m ON m.id = a.id
    WHERE a.id NOT IN (SELECT id FROM {table}) {more} ORDER BY a.id
"""


class AnkiContents:
    """The notes, cards, log, note types, decks and presets of a running Anki, and its media files."""

    def __init__(self) -> None:
        # their tables, in memory; the rows are those of schema 11
        self.db = sqlite3.connect(":memory:", isolation_level=None)
        for statement in TABLE_STATEMENTS:
            self.db.execute(statement)
        # note types, decks and presets by id
        self.objects: dict[str, dict[str, dict[str, Any]]] = {name: {} for name in OBJECTS}
        self.media: dict[str, Path] = {}  # the package that holds each media file, by the file's name
        self.created = 0
        self._conf: dict[str, Any] = {}

    @classmethod
    def pull(cls, anki: AnkiConnect, folder: Path) -> AnkiContents:
        """Let Anki write packages of all its decks into a folder, and read them.

        Raises:
            AnkiUnusable: it does not.
            PackageInvalid: they cannot be right.
        """
        found = cls()
        names = [str(name) for name in anki.call("deckNames")]
        for number, name in enumerate(name for name in names if "::" not in name):
            path = folder / f"{number}.apkg"
            if not anki.call("exportPackage", deck=name, path=str(path), includeSched=True) or not path.is_file():
                raise AnkiUnusable(
                    f"Anki did not write {path}. It must run on this computer and be allowed to write there."
                )
            found._add(path)
        return found

    def close(self) -> None:
        """Forget the tables."""
        self.db.close()

    def attach(self, mirror: Path, agreed: Path) -> None:
        """Attach the mirror, and the copy of it that both sides agreed on."""
        self.db.execute("ATTACH ? AS mirror", (str(mirror),))
        self.db.execute("ATTACH ? AS agreed", (str(agreed),))

    def detach(self) -> None:
        """Let go of both files."""
        self.db.execute("DETACH mirror")
        self.db.execute("DETACH agreed")

    def use_ids_of(self, mirror: Mirror) -> None:
        """Give decks the ids that the mirror has for their names: Anki gives imported decks ids of its own."""
        known = mirror.objects("decks")
        by_name = {each["name"].casefold(): int(key) for key, each in known.items()}
        decks = {}
        for key, deck in self.objects["decks"].items():
            number = int(key) if key in known else by_name.get(deck["name"].casefold(), int(key))
            decks[str(number)] = deck | {"id": number}
            if number != int(key):
                for column in ("did", "odid"):
                    self.db.execute(f"UPDATE cards SET {column} = ? WHERE {column} = ?", (number, int(key)))
        self.objects["decks"] = decks

    def changes(self, agreed: Mirror, presets: Mapping[str, Any] | None) -> dict[str, Any]:
        """Return the note types, decks and presets that changed in Anki since both sides agreed, as for the protocol.

        Decks that were renamed are not among them, for the add-on cannot rename one back. `presets` are those of Anki
        at the last sync, by id; nothing at the first one.
        """
        types, decks = agreed.objects("models"), agreed.objects("decks")
        models = [each for key, each in self.objects["models"].items() if _differs(each, types.get(key))]
        new = [each for key, each in self.objects["decks"].items() if key not in decks]
        known = presets or {}
        options = [each for key, each in self.objects["dconf"].items() if _differs(each, known.get(key))]
        changes: dict[str, Any] = {"models": models, "decks": [new, options], "tags": []}
        return changes | {"conf": self._conf} if presets is None else changes

    def has_other_shape(self, agreed: Mirror) -> bool:
        """Whether a note type has other fields or cards than both sides agreed on: then everything is compared."""
        known = agreed.objects("models")
        return any(
            len(each[part]) != len(known[key][part])
            for key, each in self.objects["models"].items()
            if key in known
            for part in ("flds", "tmpls")
        )

    def changed_rows(self) -> Iterator[dict[Table, list[Row]]]:
        """Return the rows that changed in Anki, in parts; both files are attached."""
        for table in ("revlog", "notes", "cards"):
            same = _SAME[table]
            query = _CHANGED.format(
                table=table,
                columns=", ".join(f"p.{name}" for name in COLUMNS[table]),
                same_agreed=same.format("a"),
                same_mirror=same.format("m"),
                more=_MORE[table],
            )
            cursor = self.db.execute(query)
            while rows := cursor.fetchmany(_BATCH):
                yield {table: [list(row) for row in rows]}

    def missing(self) -> Graves:
        """Return what both sides had and is not in the packages; both files are attached."""
        notes = [number for (number,) in self.db.execute(_GONE.format(table="notes", more=""))]
        more = "AND a.nid IN (SELECT id FROM notes)"
        cards = [number for (number,) in self.db.execute(_GONE.format(table="cards", more=more))]
        return Graves(cards, notes, [])

    def row(self, table: Table, number: int) -> dict[str, Any] | None:
        """Return a row by the names of its columns."""
        columns = COLUMNS[table]
        row = self.db.execute(f"SELECT {', '.join(columns)} FROM {table} WHERE id = ?", (number,)).fetchone()
        return dict(zip(columns, row, strict=True)) if row else None

    def media_files(self, target: Path) -> Iterator[tuple[str, str]]:
        """Write each media file to `target` in turn; return its name and its hash."""
        for path in dict.fromkeys(self.media.values()):
            with Archive(path) as archive:
                for name in archive.media:
                    if self.media[name] == path and archive.unpack_medium(name, target):
                        with target.open("rb") as stream:
                            yield name, digest_file(stream)

    def _add(self, path: Path) -> None:
        database = path.with_suffix(".db")
        with Archive(path) as archive:
            archive.unpack_collection(database)
            self.media |= dict.fromkeys(archive.media, path)
        with closing(sqlite3.connect(database)) as source:
            version, created, conf, *objects = source.execute(
                f"SELECT ver, crt, conf, {', '.join(OBJECTS)} FROM col"
            ).fetchone()
            if version != _SCHEMA:
                raise AnkiUnusable("This version of AnkiConnect writes packages of another kind. Update it and Anki.")
            self.created, self._conf = int(created), json.loads(conf)
            for name, text in zip(OBJECTS, objects, strict=True):
                self.objects[name] |= json.loads(text)
            for table, columns in COLUMNS.items():
                rows: Iterable[Any] = source.execute(f"SELECT {', '.join(columns)} FROM {table}")
                self.db.executemany(f"INSERT OR IGNORE INTO {table} VALUES ({', '.join('?' * len(columns))})", rows)
        database.unlink()


def _differs(value: Mapping[str, Any], known: Mapping[str, Any] | None) -> bool:
    """Whether an object of Anki is new or says something else."""
    if known is None:
        return True
    return any(value[key] != known.get(key) for key in value if key not in _NOT_COMPARED and key in known)
