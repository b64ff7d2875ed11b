"""Read the database of a package into plain data.

Schema 11 stores settings, note types and decks as JSON. Schema 14 moved the configuration, deck options and tags to
separate tables, and schema 15 the rest. Each is read from the place that the collection uses.
"""

from __future__ import annotations

import json
import re
import sqlite3
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

from flashcards.anki.package import decoding, model, presets, schedule_reader
from flashcards.anki.package.archive import Archive, Profile
from flashcards.anki.package.identifiers import SHARED
from flashcards.anki.package.style_sheet import mark_template
from flashcards.anki.package.unchanged_notes import SeenNotes, digest_notes, find_decks_with_siblings, has_schedules
from flashcards.importers import databases
from flashcards.importers.transaction import Malformed, PackageInvalid, PackageNewer

_OLDEST, _NEWEST = 11, 18  # schema versions
_OF_SCHEDULER_2: Final = 2  # the package version introduced with it, whatever the configuration in it states
_SEPARATOR: Final = "\x1f"
_MISSING: Final = re.compile(r"no such (table|column): (\w+)")
_TABLES: Final = ("col", "notes", "cards", "revlog")
_NO_TABLE: Final = "its collection has no table `{}`; it is not one of Anki's, or is damaged"
_WITH: Final = {"notetypes": ("fields", "templates")}  # tables that are read together with another one
_LARGEST: Final = 1 << 53
_MOST: Final = 1 << 32  # no count or interval in Anki reaches it
_MOST_CARDS: Final = 1 << 16  # per note
_LATEST_START: Final = 7_258_118_400  # the year 2200; due days count from it, and must also be valid dates
# The year 9999 in epoch seconds, which leaves room for a time zone before the last date.
_LATEST: Final = 253_370_764_800


def read_package(archive: Archive | Profile, seen: SeenNotes | None = None) -> model.Package:
    """Read all but media and notes unchanged in `seen`; raise PackageInvalid, or PackageNewer for a newer schema."""
    with TemporaryDirectory(prefix="flashcards-import-") as folder:
        database = Path(folder) / "collection"
        archive.unpack_collection(database)
        with _translate_errors(archive.path), closing(_connect(database)) as connection:
            databases.limit_queries(connection, database.stat().st_size)
            databases.require_tables(connection, _TABLES, _NO_TABLE)
            decoding.limit_rows(connection, archive.collection_size)
            return _DatabaseReader(connection, archive.path, archive.version, seen).package()


def read_tables(connection: sqlite3.Connection, path: Path) -> model.Package:
    """Read tables of scheduler 2; `path` names them in PackageInvalid and PackageNewer, which this raises."""
    with _translate_errors(path):
        return _DatabaseReader(connection, path, _OF_SCHEDULER_2).package()


@contextmanager
def blame_package(path: Path) -> Iterator[None]:
    """Report an error that the contents of a package can cause as one that names it."""
    try:
        yield
    except Malformed as error:
        raise PackageInvalid(path, str(error)) from error
    except RecursionError as error:
        raise PackageInvalid(path, "it holds something that is nested too deeply") from error


@contextmanager
def _translate_errors(path: Path) -> Iterator[None]:
    try:
        with blame_package(path):
            yield
    except sqlite3.Error as error:
        raise PackageInvalid(path, _find_reason(error)) from error
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError) as error:
        raise PackageInvalid(path, "its collection cannot be understood") from error


def _find_reason(error: sqlite3.Error) -> str:
    """Return the reason why SQLite cannot read a collection."""
    if stopped := databases.find_limit(error):
        return stopped
    missing = _MISSING.search(str(error))
    if missing:
        return f"its collection has no {missing[1]} `{missing[2]}`; it is not one of Anki's, or is damaged"
    return "its collection is damaged"


def _connect(database: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(f"{database.as_uri()}?mode=ro&immutable=1", uri=True)
    connection.create_collation("unicase", lambda a, b: (a.casefold() > b.casefold()) - (a.casefold() < b.casefold()))
    # A foreign schema must not have side effects when a table is read.
    connection.execute("PRAGMA trusted_schema = OFF")
    connection.execute("PRAGMA cell_size_check = ON")
    return connection


class _DatabaseReader:
    def __init__(self, connection: sqlite3.Connection, path: Path, version: int, seen: SeenNotes | None = None) -> None:
        self._seen = seen
        self._passed: set[int] = set()  # the ids of unchanged notes
        self._db = connection
        self._path = path
        self._version = version

    def package(self) -> model.Package:
        row = self._db.execute("SELECT crt, mod, ver, conf, models, decks, dconf FROM col").fetchone()
        if row is None:
            raise Malformed("its collection is empty")
        created, changed, schema, conf, models, decks, dconf = row
        if not isinstance(schema, int) or not isinstance(created, int) or not isinstance(changed, int):
            raise Malformed("its collection cannot be understood")
        if schema > _NEWEST:
            raise PackageNewer(self._path, f"its schema ({schema})")
        if schema < _OLDEST:
            raise Malformed(f"its schema ({schema}) is too old")
        if not 0 <= created <= _LATEST_START:
            raise Malformed("its collection began at an impossible time")
        types, package_decks = self._read_all_note_types(models), self._read_all_decks(decks)
        options = self._read_all_presets(dconf)
        if self._has_rows("config"):
            rows = self._select("KEY, val FROM config", str, bytes)
            config = {key: decoding.read_json(value) for key, value in rows}
        else:
            config = _read_object(conf)
        west, rollover = config.get("creationOffset"), config.get("rollover")  # minutes west of UTC
        package = model.Package(
            created_s=created,
            created_offset=-west if isinstance(west, int) and abs(west) <= 24 * 60 else None,
            rollover=rollover % 24 if isinstance(rollover, int) else 4,
            changed_ms=min(max(changed, 0), _LATEST * 1000),
            load_balance=config.get("loadBalancerEnabled") is not False,
            note_types=types,
            decks=package_decks,
            presets=options,
            notes=[],
            cards={},
            log={},
        )
        is_of_first_scheduler = config.get("schedVer") != 2 and self._version != _OF_SCHEDULER_2
        self._add_notes(package, is_of_first_scheduler)
        self._add_cards(package)
        self._add_log(package)
        package.tells_schedules = has_schedules(self._db)
        package.decks_with_siblings = find_decks_with_siblings(self._db)
        if is_of_first_scheduler and schedule_reader.is_first_scheduler_log(self._db):
            schedule_reader.convert_first_scheduler(package)
        return package

    def _has_rows(self, table: str) -> bool:
        """Return whether the collection has rows in a table that older schemas store as JSON."""
        query = "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ?"
        if self._db.execute(query, (table,)).fetchone() is None:
            return False
        databases.require_tables(self._db, (table, *_WITH.get(table, ())), _NO_TABLE)
        return self._db.execute(f"SELECT 1 FROM {table} LIMIT 1").fetchone() is not None

    def _read_all_note_types(self, text: str) -> dict[int, model.AnkiNoteType]:
        if self._has_rows("notetypes"):
            return {each.id: each for each in self._read_note_types()}
        return {int(key): _read_note_type(int(key), value) for key, value in _read_object(text).items()}

    def _read_all_decks(self, text: str) -> dict[int, model.PackageDeck]:
        if self._has_rows("decks"):
            rows = islice(self._select("id, name, kind FROM decks", int, str, bytes), decoding.MAX_DECKS + 1)
            found = {each: presets.read_deck_message(each, name, kind) for each, name, kind in rows}
        else:
            found = {int(key): presets.read_deck_json(int(key), value) for key, value in _read_object(text).items()}
        if len(found) > decoding.MAX_DECKS:
            raise Malformed(f"it holds more than {decoding.MAX_DECKS:,} decks")
        return {key: deck._replace(name=_name_levels(deck.name)) for key, deck in found.items()}

    def _read_all_presets(self, text: str) -> dict[int, model.Preset]:
        if self._has_rows("deck_config"):
            changed = "CAST(coalesce(mtime_secs, 0) AS INTEGER)"
            rows = self._select(f"id, name, config, {changed} FROM deck_config", int, str, bytes, int)
            return {each: _read_preset(each, *rest) for each, *rest in rows}
        return {int(key): presets.read_preset_json(int(key), each) for key, each in _read_object(text).items()}

    def _select(self, query: str, *kinds: type | tuple[type, ...]) -> Iterator[tuple[Any, ...]]:
        """Yield rows after checking the types of their values, which foreign tables do not guarantee."""
        for row in self._db.execute(f"SELECT {query}"):
            if not all(map(isinstance, row, kinds)):
                raise Malformed("its collection cannot be understood")
            yield row

    def _add_notes(self, package: model.Package, is_of_first_scheduler: bool) -> None:
        types, notes = package.note_types, package.notes
        digests: Mapping[int, bytes] = {}
        if self._seen is not None:
            context = (package.created_s, package.created_offset, package.rollover, is_of_first_scheduler)
            decks = {key: deck.name for key, deck in package.decks.items()}
            digests = digest_notes(self._db, context, types, decks)
        guids: Counter[str] = Counter()
        for id_, guid, kind, changed, tags, fields in self._select(
            "id, guid, mid, mod, tags, flds FROM notes ORDER BY id", int, str, int, (int, float), str, str
        ):
            if kind not in types:
                raise Malformed(f"the note type of note {id_} is missing from it")
            # Genanki gives notes with the same text one guid, and Anki accepts them all.
            guid = _make_unique(guid, guids)
            digest = digests.get(id_)
            if self._seen is not None and self._seen.has(guid, digest, fields):
                self._passed.add(id_)
                package.unchanged.add(guid)
                continue
            if digest is not None:
                package.digests[guid] = digest
            parts = fields.split(_SEPARATOR)
            count = len(types[kind].fields)
            parts += [""] * (count - len(parts))
            if not count:
                raise Malformed(f"the note type of note {id_} has no fields")
            if len(parts) > count:  # as corrected by Anki's own database check
                parts[count - 1 :] = ["; ".join(parts[count - 1 :])]
            tags = unicodedata.normalize("NFC", tags)  # as Anki does when it imports them
            notes.append(model.AnkiNote(id_, guid, kind, _read_time(changed), tuple(tags.split()), tuple(parts)))

    def _add_cards(self, package: model.Package) -> None:
        cards: dict[int, list[model.AnkiCard]] = {note.id: [] for note in package.notes}
        missing: set[int] = set()  # decks
        for row in self._db.execute(
            "SELECT id, nid, did, ord, mod, type, queue, due, ivl, factor, reps, lapses, left, flags, data, odue, odid"
            " FROM cards ORDER BY nid, ord, id"
        ):
            if row[1] in self._passed:
                continue
            numbers, data = (*row[:14], *row[15:]), row[14]
            if not all(isinstance(value, (int, float)) for value in numbers):
                raise Malformed(f"card {ascii(row[0])[:20]} cannot be understood")
            # Old versions of Anki left fractions in some columns.
            card, note, deck, number, changed, *counts, odue, odid = map(int, numbers)
            if not _is_possible(card, number, odue, counts):
                raise Malformed(f"card {card} cannot be understood")
            siblings = cards.get(note)
            if siblings is None:
                package.lost_cards += 1
                continue
            home = odid or deck
            if home not in package.decks:
                package.decks[home] = model.PackageDeck(home, model.RECOVERED, None)
                missing.add(home)
            package.recovered_cards += home in missing
            text = data if isinstance(data, str) else ""
            found = model.AnkiCard._make((card, note, home, number, _read_time(changed), *counts, text))
            # A card in a filtered deck stores its due day separately, unless it is on steps there; below 0 is its
            # position in that deck.
            aside = odid and (found.due < 0 or (found.queue != 1 and odue))
            siblings.append(found._replace(due=odue) if aside else found)
        package.cards = cards

    def _add_log(self, package: model.Package) -> None:
        log: dict[int, list[model.LogRow]] = {card.id: [] for card in package.all_cards()}
        if self._passed and not log:
            return
        columns: Sequence[str] = ("id", "cid", "ease", "ivl", "lastIvl", "factor", "time", "type")
        if self._has_values(columns, "integer"):
            if self._has_values(columns, "integer", "real"):
                raise Malformed("its review log cannot be understood")
            columns = [f"CAST({name} AS INTEGER)" for name in columns]
        only = "WHERE cid IN (SELECT value FROM json_each(?))" if self._passed else ""
        parameters = [json.dumps(list(log))] if self._passed else []
        for row in self._db.execute(f"SELECT {', '.join(columns)} FROM revlog {only} ORDER BY id", parameters):
            rows_of_card = log.get(row[1])
            if rows_of_card is None:
                package.lost_reviews += 1
                continue
            if not 0 < row[0] <= _LATEST * 1000:
                package.timeless_reviews += 1
                continue
            rows_of_card.append(model.LogRow._make(row))
        package.log = log

    def _has_values(self, columns: Iterable[str], *kinds: str) -> bool:
        """Return whether columns of the log have a value of any other type."""
        known = ", ".join(f"'{kind}'" for kind in kinds)
        odd = " OR ".join(f"typeof({name}) NOT IN ({known})" for name in columns)
        return self._db.execute(f"SELECT 1 FROM revlog WHERE {odd} LIMIT 1").fetchone() is not None

    def _read_note_types(self) -> Iterator[model.AnkiNoteType]:
        fields: dict[int, list[str]] = {}
        for kind, name in self._select("ntid, name FROM fields ORDER BY ntid, ord", int, str):
            fields.setdefault(kind, []).append(name)
        templates: dict[int, list[model.Template]] = {}
        query = "ntid, name, config FROM templates ORDER BY ntid, ord"
        for kind, name, config in self._select(query, int, str, bytes):
            template = model.Template(name, decoding.read_text(config, 1), decoding.read_text(config, 2))
            templates.setdefault(kind, []).append(template)
        for kind, name, config in self._select("id, name, config FROM notetypes", int, str, bytes):
            css = decoding.read_text(config, 3)
            sides = tuple(mark_template(each, css) for each in templates.get(kind, ()))
            is_cloze = decoding.read_number(config, 1) == 1
            yield model.AnkiNoteType(kind, name, is_cloze, tuple(fields.get(kind, ())), sides, css)


def _name_levels(deck: str) -> str:
    """Return the name of a deck as Anki shows it: an empty level is called "blank"."""
    return "::".join(level if level.strip() else "blank" for level in unicodedata.normalize("NFC", deck).split("::"))


def _make_unique(guid: str, taken: Counter[str]) -> str:
    """Return the guid, or one derived from it that no earlier note has, and remember it."""
    found = guid
    while found in taken:
        taken[guid] += 1
        found = f"{guid}{SHARED}{taken[guid]}"
    taken[found] = 1
    return found


def _read_time(time: float) -> int:
    """Return a time of change in seconds; some programs write milliseconds."""
    return min(max(int(time if time <= _LATEST else time // 1000), 0), _LATEST)


def _is_possible(card_id: int, number: int, odue: int, others: Sequence[int]) -> bool:
    """Return whether the numbers of a card are valid, or at least harmless."""
    _, _, due, *counts = others
    return (
        0 < card_id < _LARGEST
        and 0 <= number < _MOST_CARDS
        and all(-_LATEST <= each <= _LATEST for each in (due, odue))
        and all(-_MOST < each < _MOST for each in counts)
    )


def _read_object(text: str) -> dict[str, Any]:
    """Parse a JSON object; raise Malformed for any other value, ValueError if it is invalid.

    It is empty if a table without rows has its contents, as in a collection without notes.
    """
    value = decoding.read_json(text or "{}")
    if not isinstance(value, dict):
        raise Malformed("its collection cannot be understood")
    json.dumps(value, ensure_ascii=False).encode()
    return value


def _read_preset(key: int, name: str, config: bytes, changed: int) -> model.Preset:
    """Read a row of `deck_config`, which contains JSON in schema 14 and a message in later ones."""
    if config.startswith(b"{"):  # no message begins so
        return presets.read_preset_json(key, {"name": name, **_read_object(config.decode())})
    return presets.read_preset_message(key, name, config, changed)


def _read_note_type(key: int, value: dict[str, Any]) -> model.AnkiNoteType:
    """Read a note type in JSON; its lists are in order, whatever the numbers in them say, as for Anki."""
    css = str(value.get("css") or "")
    sides = (model.Template(str(each["name"]), str(each["qfmt"]), str(each["afmt"])) for each in value["tmpls"])
    return model.AnkiNoteType(
        key,
        str(value["name"]),
        int(value["type"]) == 1,
        tuple(str(each["name"]) for each in value["flds"]),
        tuple(mark_template(each, css) for each in sides),
        css,
    )
