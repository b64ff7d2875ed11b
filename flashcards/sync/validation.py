"""The tables of Anki's schema 11 with their derived columns, and checks of sync files and of what clients send."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterable, Mapping
from functools import partial
from hashlib import sha1
from pathlib import Path
from typing import Any, Final, NamedTuple

from flashcards.deck.html import replace_enclosed, unescape
from flashcards.errors import FlashcardsError
from flashcards.sync.wire import BadRequest
from scheduler.backup_files import find_foreign

NOTE_COLUMNS: Final = ("id", "guid", "mid", "mod", "usn", "tags", "flds", "sfld", "csum", "flags", "data")
CARD_COLUMNS: Final = (
    *("id", "nid", "did", "ord", "mod", "usn", "type", "queue", "due", "ivl", "factor", "reps", "lapses", "left"),
    *("odue", "odid", "flags", "data"),
)
LOG_COLUMNS: Final = ("id", "cid", "usn", "ease", "ivl", "lastIvl", "factor", "time", "type")
COLUMNS: Final = {"notes": NOTE_COLUMNS, "cards": CARD_COLUMNS, "revlog": LOG_COLUMNS}
"""The columns of each table, in the order of a row's values."""

TABLE_STATEMENTS: Final = tuple(
    " ".join(statement.split())
    for statement in Path(__file__).with_name("schema11.sql").read_text(encoding="utf-8").split(";")[:-1]
)
"""The statements that create these tables."""

USN: Final = {table: columns.index("usn") for table, columns in COLUMNS.items()}

_TEXTS: Final = {"guid", "tags", "flds", "data"}
_EITHER: Final = {"sfld", "csum"}  # clients leave them empty
_LARGEST: Final = (1 << 53) - 1
_MOST_ROWS: Final = 10_000  # per request; clients send 250
_LONGEST_GUID: Final = 255
_SMALL: Final = {"ord": 1 << 16, "type": 16, "ease": 16, "flags": 1 << 31}
_QUEUES: Final = range(-3, 5)

SUSPENDED: Final = -1
"""The queue of a suspended card."""

Row = list[Any]
Table = str


class Graves(NamedTuple):
    """The ids of deleted objects."""

    cards: list[int]
    notes: list[int]
    decks: list[int]

    @property
    def is_empty(self) -> bool:
        """Return whether nothing was deleted."""
        return not (self.cards or self.notes or self.decks)


def read_graves(value: Any) -> Graves:
    """Return a client's deletions, after checking them."""
    if value is None:
        return Graves([], [], [])
    if not isinstance(value, dict):
        raise BadRequest("The list of deletions cannot be understood.")
    return Graves(*(_read_ids(value.get(name, [])) for name in Graves._fields))


def read_rows(table: Table, value: Any) -> list[Row]:
    """Return the rows of a table, after checking them. Raise `BadRequest` if they are invalid."""
    if value is None:
        return []
    if not isinstance(value, list) or len(value) > _MOST_ROWS:
        raise BadRequest(f"The rows of {table} cannot be understood.")
    columns = COLUMNS[table]
    for row in value:
        if not isinstance(row, list) or len(row) != len(columns):
            raise BadRequest(f"A row of {table} has a wrong number of values.")
        for name, each in zip(columns, row, strict=True):
            if not _is_possible(name, each):
                raise BadRequest(f"A row of {table} has a wrong value for `{name}`.")
        if table == "cards" and row[columns.index("queue")] not in _QUEUES:
            raise BadRequest("A card is in a queue that does not exist.")
    return value


def read_integer(value: Any, name: str, least: int = 0) -> int:
    """Return a number, after checking it."""
    if type(value) is not int or not least <= value <= _LARGEST:
        raise BadRequest(f"`{name}` is not a valid number.")
    return value


def get_user_values(table: Table, row: Row) -> tuple[object, ...]:
    """Return the text of a note, or the marks of a card: suspension and flag."""
    if table == "notes":
        values = dict(zip(NOTE_COLUMNS, row, strict=True))
        return values["mid"], values["flds"], sorted(values["tags"].split())
    values = dict(zip(CARD_COLUMNS, row, strict=True))
    return values["queue"] == SUSPENDED, values["flags"] & 7


def _is_possible(name: str, value: Any) -> bool:
    if name in _TEXTS:
        return isinstance(value, str) and "\0" not in value and (name != "guid" or 0 < len(value) <= _LONGEST_GUID)
    if name in _EITHER and isinstance(value, str):
        return True
    if type(value) is not int or not -_LARGEST <= value <= _LARGEST:
        return False
    if name in ("id", "nid", "cid", "mid", "did"):
        return value > 0
    return name not in _SMALL or 0 <= value < _SMALL[name]


def _read_ids(value: Any) -> list[int]:
    if not isinstance(value, list) or not all(type(each) is int and 0 < each <= _LARGEST for each in value):
        raise BadRequest("The list of deletions cannot be understood.")
    return value


_MOST_OBJECTS: Final = 10_000
_LARGE: Final = ("id", "mod", "usn", "conf", "did", "sched", "scm")
_LARGEST_COUNT: Final = (1 << 31) - 1
_FREE: Final = ("did", "req", "vers", "conf", "id", "other", "media", "rtl", "prewrap", "originalId", "tag")
"""Keys whose values Anki computes, or which differ between its versions."""

_FRACTIONS: Final = ("delays", "ease4", "fuzz", "hardFactor", "ivlFct", "mult")
"""Keys of presets whose values may be fractions, even if the example has a whole number."""

_NOT_IN_FILTERED: Final = ("conf", "extendNew", "extendRev", "newLimit", "reviewLimit")
_DEEPEST: Final = 8


def read_mapping(value: Any) -> dict[str, Any]:
    """Return a JSON object, after checking its type."""
    if not isinstance(value, dict):
        raise BadRequest("A part of the request is not a JSON object.")
    return value


def read_objects(name: str, value: Any, known: Mapping[str, Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return note types (`models`), decks or presets (`dconf`), after checking and completing them.

    `known` are the objects of the mirror by id, which serve as examples. Raise `BadRequest` if an object is invalid.
    """
    if not isinstance(value, list) or len(value) > _MOST_OBJECTS:
        raise BadRequest(f"The {name} cannot be understood.")
    return [_read_object(name, read_mapping(each), known) for each in value]


def read_conf(value: Any, known: Mapping[str, Any]) -> dict[str, Any]:
    """Return the configuration, after checking it, with missing values as they were."""
    if not isinstance(value, dict):
        return dict(known)
    for key, example in known.items():
        if key in value and not _is_like("id", value[key], example) and not _are_numbers(value[key], example):
            raise BadRequest(f"The configuration has a wrong value for `{key}`.")
    return {**known, **value}


def _read_object(name: str, value: dict[str, Any], known: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    key = str(read_integer(value.get("id"), "id", 1))
    title = value.get("name")
    if not isinstance(title, str) or not title.strip() or _depth(value) > _DEEPEST:
        raise BadRequest(f"One of the {name} has no name, or is nested too deeply.")
    read_integer(value.get("mod", 0), "mod")
    example = known.get(key) or next(iter(known.values()), {})
    if name == "decks" and value.get("dyn"):
        example = {part: each for part, each in example.items() if part not in _NOT_IN_FILTERED}
        if not isinstance(value.get("terms"), list):
            raise BadRequest(f"The filtered deck `{title}` has no search query.")
    found = _complete(title, value, example)
    if name == "models":
        _check_parts(title, found, known.get(key), example)
    return found


def _complete(title: str, value: dict[str, Any], example: Mapping[str, Any]) -> dict[str, Any]:
    """Check an object's values against an example; return it with missing values from the example."""
    for key, each in example.items():
        if key not in _FREE and key in value and not _is_like(key, value[key], each):
            raise BadRequest(f"`{title}` has a wrong value for `{key}`.")
    return {**{key: each for key, each in example.items() if key not in value}, **value}


def _check_parts(
    title: str, value: dict[str, Any], known: Mapping[str, Any] | None, example: Mapping[str, Any]
) -> None:
    """Check the fields and templates of a note type."""
    if type(value.get("type")) is not int or value["type"] not in (0, 1):
        raise BadRequest(f"The note type `{title}` has an unknown kind.")
    for part in ("flds", "tmpls"):
        parts = value.get(part)
        if not isinstance(parts, list) or not parts:
            raise BadRequest(f"The note type `{title}` has no {part}.")
        if known and len(parts) != len(known[part]):
            raise BadRequest(f"The note type `{title}` has a different number of fields or cards on the server.")
        for each in parts:
            if not isinstance(each, dict) or not isinstance(each.get("name"), str):
                raise BadRequest(f"The note type `{title}` has a part without a name.")
            known_part: dict[str, Any] = next(iter(example.get(part, ())), {})
            each.update(_complete(title, each, {**known_part, "name": each["name"]}))


def _is_like(key: str, value: Any, example: Any) -> bool:
    """Return whether a value has the type of an example."""
    if example is None or value is None:
        return example is None or value is None
    if isinstance(example, bool):
        return value in (0, 1)
    if isinstance(example, float) or (isinstance(example, int) and key in _FRACTIONS):
        return isinstance(value, (int, float)) and abs(value) <= _LARGEST_COUNT
    if isinstance(example, int):
        most = _LARGEST if key in _LARGE else _LARGEST_COUNT
        return isinstance(value, int) and -most <= value <= most
    if isinstance(example, str):
        return isinstance(value, str)
    if isinstance(example, list):
        return isinstance(value, list) and _are_like(key, value, example)
    return isinstance(value, dict) and all(
        _is_like(name, value[name], each) for name, each in example.items() if name in value
    )


def _are_like(key: str, values: list[Any], examples: list[Any]) -> bool:
    """Return whether two lists are alike: values of the same types by position, or one type throughout."""
    if len({type(each) for each in examples}) > 1:
        return len(values) == len(examples) and all(map(partial(_is_like, key), values, examples))
    return not examples or all(_is_like(key, each, examples[0]) for each in values)


def _are_numbers(*values: Any) -> bool:
    """Return whether all values are whole numbers; some programs write ids as text."""
    return all(isinstance(each, (int, str)) and str(each).lstrip("-").isdecimal() for each in values)


def _depth(value: Any) -> int:
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return 1 + max(map(_depth, inner), default=0) if inner or isinstance(value, (dict, list)) else 0


class SyncFileUnusable(FlashcardsError):
    """A file in the folder of a sync cannot be used."""

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(
            f"{path} cannot be used: {reason}. Move {path.parent} away; the next sync starts with a full download."
        )


def open_database(path: Path, statements: Iterable[str] = ()) -> sqlite3.Connection:
    """Open a database of a sync, and run `statements`. Raise `SyncFileUnusable` if it is damaged or not ours."""
    try:
        connection = sqlite3.connect(path, isolation_level=None, timeout=5.0)
        if name := find_foreign(connection):
            connection.close()
            raise SyncFileUnusable(path, f"it holds {name}, which this program did not make")
        for statement in statements:
            connection.execute(statement)
    except sqlite3.Error as error:
        raise SyncFileUnusable(path, str(error)) from error
    return connection


_OPENING: Final = re.compile(r"<(?:!--|style|script|)", re.ASCII | re.IGNORECASE)
_CLOSINGS: Final = {
    opening: re.compile(closing, re.ASCII | re.IGNORECASE)
    for opening, closing in (("<!--", "-->"), ("<style", "</style>"), ("<script", "</script>"), ("<", ">"))
}
_SOURCE: Final = re.compile(r"""img.*\bsrc=["']?([^"'>]+)""", re.IGNORECASE | re.DOTALL)


def plain_field(html: str) -> str:
    """Return a field without markup, as Anki sorts and compares it, but with the names of pictures."""
    missing: set[re.Pattern[str]] = set()

    def find_closing(opening: re.Match[str]) -> re.Pattern[str]:
        closing = _CLOSINGS[opening[0].lower()]
        if closing in missing or not closing.search(html, opening.end()):
            missing.add(closing)
            return _CLOSINGS["<"]
        return closing

    def name_picture(opening: re.Match[str], inside: str, _closing: re.Match[str]) -> str:
        source = _SOURCE.match(inside) if opening[0] == "<" else None
        return f" {source[1]} " if source else ""

    return unescape(replace_enclosed(html, _OPENING, find_closing, name_picture)).replace("\xa0", " ").strip()


def checksum(text: str) -> int:
    """Return the checksum by which Anki finds notes with the same first field."""
    return int(sha1(text.encode("utf-8", "replace"), usedforsecurity=False).hexdigest()[:8], 16)
