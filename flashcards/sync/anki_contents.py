"""The contents of a running Anki: read as packages, compared with the last common state, changed by AnkiConnect."""

from __future__ import annotations

import base64
import json
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, Final

from flashcards.anki.package.archive import Archive, write_archive
from flashcards.sync.anki_connect import Action, AnkiConnect, AnkiUnusable
from flashcards.sync.media_store import MediaStore, digest_file
from flashcards.sync.mirror import OBJECTS, Mirror, Pending
from flashcards.sync.validation import COLUMNS, TABLE_STATEMENTS, Graves, Row, Table

_SCHEMA: Final = 11
_BATCH: Final = 5_000  # rows yielded at once
_NOT_COMPARED: Final = ("mod", "usn", "req", "vers", "tags")

_SAME_NOTE: Final = "{0}.mid = p.mid AND {0}.flds = p.flds AND trim({0}.tags) = trim(p.tags)"
# AnkiConnect cannot write a card's `data`, and Anki alone decides the position of a new card.
_SAME_CARD: Final = " AND ".join(
    [f"{{0}}.{name} = p.{name}" for name in ("nid", "did", "ord", "type", "queue", "ivl", "reps", "lapses", "odid")]
    + ["{0}.flags & 7 = p.flags & 7", "({0}.due = p.due OR p.type = 0)"]
)
_SAME_REVIEW: Final = "{0}.cid = p.cid"
_SAME: Final = {"notes": _SAME_NOTE, "cards": _SAME_CARD, "revlog": _SAME_REVIEW}

# A row counts as changed if it differs both from the last common state and from the current collection. The add-on
# cannot delete single cards, so cards deleted here are skipped.
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
        # their tables in memory, in schema 11
        self.db = sqlite3.connect(":memory:", isolation_level=None)
        for statement in TABLE_STATEMENTS:
            self.db.execute(statement)
        # note types, decks and presets by id
        self.objects: dict[str, dict[str, dict[str, Any]]] = {name: {} for name in OBJECTS}
        self.media: dict[str, Path] = {}  # the package that contains each media file, by file name
        self.created = 0
        self._conf: dict[str, Any] = {}

    @classmethod
    def pull(cls, anki: AnkiConnect, folder: Path) -> AnkiContents:
        """Make Anki write packages of all its decks into a folder, and read them."""
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
        """Close the tables."""
        self.db.close()

    @contextmanager
    def attach(self, mirror: Path, agreed: Path) -> Iterator[None]:
        """Attach the mirror, and its copy in the last common state, to the tables for the block."""
        self.db.execute("ATTACH ? AS mirror", (str(mirror),))
        self.db.execute("ATTACH ? AS agreed", (str(agreed),))
        try:
            yield
        finally:
            self.db.execute("DETACH mirror")
            self.db.execute("DETACH agreed")

    def use_ids_of(self, mirror: Mirror) -> None:
        """Give decks the ids that the mirror has for their names, because Anki gives imported decks new ids."""
        known = mirror.read_json("decks")
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
        """Return the note types, decks and presets changed in Anki since the last common state, in protocol form.

        Renamed decks are omitted, because the add-on cannot undo a renaming. `presets` are those in Anki at the last
        sync, by id; None at the first one.
        """
        types, decks = agreed.read_json("models"), agreed.read_json("decks")
        models = [each for key, each in self.objects["models"].items() if _is_different(each, types.get(key))]
        new = [each for key, each in self.objects["decks"].items() if key not in decks]
        known = presets or {}
        options = [each for key, each in self.objects["dconf"].items() if _is_different(each, known.get(key))]
        changes: dict[str, Any] = {"models": models, "decks": [new, options], "tags": []}
        return changes | {"conf": self._conf} if presets is None else changes

    def has_other_shape(self, agreed: Mirror) -> bool:
        """Return whether a note type changed its fields or cards, so that everything must be compared."""
        known = agreed.read_json("models")
        return any(
            len(each[part]) != len(known[key][part])
            for key, each in self.objects["models"].items()
            if key in known
            for part in ("flds", "tmpls")
        )

    def changed_rows(self) -> Iterator[dict[Table, list[Row]]]:
        """Yield the rows changed in Anki, in batches; both files must be attached."""
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
        """Return the ids that both sides had and that the packages lack; both files must be attached."""
        notes = [number for (number,) in self.db.execute(_GONE.format(table="notes", more=""))]
        more = "AND a.nid IN (SELECT id FROM notes)"
        cards = [number for (number,) in self.db.execute(_GONE.format(table="cards", more=more))]
        return Graves(cards, notes, [])

    def row(self, table: Table, number: int) -> dict[str, Any] | None:
        """Return a row as a mapping from column names."""
        columns = COLUMNS[table]
        row = self.db.execute(f"SELECT {', '.join(columns)} FROM {table} WHERE id = ?", (number,)).fetchone()
        return dict(zip(columns, row, strict=True)) if row else None

    def media_files(self, target: Path) -> Iterator[tuple[str, str]]:
        """Write each media file to `target` in turn; yield its name and hash."""
        for path in dict.fromkeys(self.media.values()):
            with Archive(path) as archive:
                for name in archive.media:
                    if self.media[name] == path and archive.unpack_media_file(name, target):
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
                raise AnkiUnusable(
                    "This version of AnkiConnect writes packages in an unsupported format. Update it and Anki."
                )
            self.created, self._conf = int(created), json.loads(conf)
            for name, text in zip(OBJECTS, objects, strict=True):
                self.objects[name] |= json.loads(text)
            for table, columns in COLUMNS.items():
                rows: Iterable[Any] = source.execute(f"SELECT {', '.join(columns)} FROM {table}")
                self.db.executemany(f"INSERT OR IGNORE INTO {table} VALUES ({', '.join('?' * len(columns))})", rows)
        database.unlink()


def _is_different(value: Mapping[str, Any], known: Mapping[str, Any] | None) -> bool:
    """Return whether an object of Anki is new or has other values."""
    if known is None:
        return True
    return any(value[key] != known.get(key) for key in value if key not in _NOT_COMPARED and key in known)


_SENT_AT_ONCE: Final = 250
_CARD_KEYS: Final = ("type", "queue", "due", "ivl", "reps", "lapses", "left", "factor", "flags")
_COMPARED: Final = ("type", "queue", "ivl", "reps", "lapses", "flags")
_SEPARATOR: Final = "\x1f"


class AnkiPush:
    """Sends changes of the mirror to Anki; Anki must be able to read `folder`."""

    def __init__(self, anki: AnkiConnect, mirror: Mirror, contents: AnkiContents, folder: Path) -> None:
        self._anki = anki
        self._mirror = mirror
        self._contents = contents
        self._folder = folder
        self._decks = {int(key): str(each["name"]) for key, each in mirror.read_json("decks").items()}
        self._fields = {
            int(key): [str(field["name"]) for field in each["flds"]] for key, each in mirror.read_json("models").items()
        }

    def send(self, pending: Pending) -> int:
        """Send rows and deletions; return the number of rows sent."""
        notes = self._read_rows("notes", pending.rows["notes"])
        cards = self._read_rows("cards", pending.rows["cards"])
        gone = [each for each in pending.graves.notes if not self._query("SELECT 1 FROM notes WHERE id = ?", each)]
        remade = [row["id"] for row in notes if self._is_of_other_type(row)]
        deleted = [number for number in (*gone, *remade) if self._contents.row("notes", number)]
        if deleted:
            self._anki.call("deleteNotes", notes=deleted)
        added = self._add(notes, cards, set(remade))
        went = len(added) + self._update_notes([row for row in notes if row["id"] not in added])
        new_cards = {row["id"] for row in cards if row["nid"] in added} | {
            row["id"] for row in cards if not self._contents.row("cards", row["id"])
        }
        went += self._send_log(pending.rows["revlog"], new_cards)
        return went + self._update_cards([row for row in cards if row["id"] not in new_cards])

    def send_media(self, store: MediaStore) -> int:
        """Store the media files that Anki lacks or that differ; return the number sent."""
        digests, there = store.digests(), store.agreed_files()
        names = sorted(name for name, digest in digests.items() if there.get(name) != digest)
        for name in names:
            path = store.path_of(name)
            if path is not None:
                data = base64.b64encode(path.read_bytes()).decode()
                self._anki.call("storeMediaFile", filename=name, data=data, deleteExisting=True)
        store.keep_server(0, {name: digests[name] for name in names})
        return len(names)

    def _add(
        self, notes: Sequence[Mapping[str, Any]], cards: Sequence[Mapping[str, Any]], remade: set[int]
    ) -> set[int]:
        """Make Anki import the notes that it lacks, with their cards and log; return their ids.

        Notes with cards unknown to Anki go the same way, because Anki would give such a card another id.
        """
        added = {row["id"] for row in notes if row["id"] in remade or not self._contents.row("notes", row["id"])}
        more = {row["nid"] for row in cards if not self._contents.row("cards", row["id"])}
        sent = sorted(added | more)
        if not sent:
            return added
        path = self._folder / "new.apkg"
        with closing(self._mirror.copy_notes(sent)) as copy:
            write_archive(path, copy.serialize(), {})
        if not self._anki.call("importPackage", path=str(path)):
            raise AnkiUnusable(f"Anki did not import {path}.")
        self._check_added(sent)
        return added

    def _check_added(self, notes: Sequence[int]) -> None:
        for number, info in self._anki.note_infos(notes):
            cards = {row for (row,) in self._query("SELECT id FROM cards WHERE nid = ?", number)}
            if not info or not cards.issubset(info.get("cards") or ()):
                raise AnkiUnusable(
                    f"Anki did not take note {number} as it was sent. Check its database (Tools > Check Database)"
                    " and try again."
                )

    def _update_notes(self, notes: Iterable[Mapping[str, Any]]) -> int:
        actions: list[Action] = []
        for row in notes:
            there = self._contents.row("notes", row["id"])
            tags = row["tags"].split()
            if there and there["flds"] == row["flds"] and sorted(there["tags"].split()) == sorted(tags):
                continue
            fields = dict(zip(self._fields[row["mid"]], row["flds"].split(_SEPARATOR), strict=False))
            actions.append(("updateNote", {"note": {"id": row["id"], "fields": fields, "tags": tags}}))
        self._anki.call_all(actions)
        return len(actions)

    def _send_log(self, numbers: Iterable[int], new_cards: set[int]) -> int:
        """Insert the reviews that Anki lacks. Those of new cards came with the cards."""
        rows = [
            [*row[:2], -1, *row[3:]]
            for row in self._mirror.rows("revlog", numbers)
            if row[1] not in new_cards and not self._contents.row("revlog", row[0])
        ]
        for start in range(0, len(rows), _SENT_AT_ONCE):
            self._anki.call("insertReviews", reviews=rows[start : start + _SENT_AT_ONCE])
        return len(rows)

    def _update_cards(self, cards: Iterable[Mapping[str, Any]]) -> int:
        moved: dict[str, list[int]] = {}
        actions: list[Action] = []
        for row in cards:
            there = self._contents.row("cards", row["id"]) or {}
            if (there["odid"] or there["did"]) != row["did"] or (there["odid"] and not row["odid"]):
                moved.setdefault(self._decks[row["did"]], []).append(row["id"])
            if self._is_same_card(row, there) and row["id"] not in moved.get(self._decks[row["did"]], ()):
                continue
            values = {key: row[key] for key in _CARD_KEYS}
            # Anki recomputes the memory state from the log.
            values |= {"memory_state": None, "last_review_time": self._find_last_review(row["id"])}
            actions.append(
                (
                    "setSpecificValueOfCard",
                    {"card": row["id"], "keys": [*values], "newValues": [*values.values()], "warning_check": True},
                )
            )
        for deck, ids in moved.items():
            self._anki.call("changeDeck", cards=ids, deck=deck)
        for action, answer in zip(actions, self._anki.call_all(actions), strict=True):
            if not isinstance(answer, list) or not all(each is True for each in answer):
                raise AnkiUnusable(f"Anki did not change card {action[1]['card']}. Close its windows and try again.")
        return len(actions)

    def _is_same_card(self, row: Mapping[str, Any], there: Mapping[str, Any]) -> bool:
        is_due = row["type"] == 0 or row["due"] == there["due"]
        return is_due and all(row[name] == there[name] for name in _COMPARED)

    def _find_last_review(self, card_id: int) -> int | None:
        query = "SELECT max(id) / 1000 FROM revlog WHERE cid = ? AND ease > 0 AND NOT (type = 3 AND factor = 0)"
        found: int | None = self._query(query, card_id)[0][0]
        return found

    def _is_of_other_type(self, row: Mapping[str, Any]) -> bool:
        there = self._contents.row("notes", row["id"])
        return there is not None and there["mid"] != row["mid"]

    def _read_rows(self, table: Table, numbers: Iterable[int]) -> list[dict[str, Any]]:
        return [dict(zip(COLUMNS[table], row, strict=True)) for row in self._mirror.rows(table, numbers)]

    def _query(self, query: str, number: int) -> list[Any]:
        return self._mirror.connection.execute(query, (number,)).fetchall()
