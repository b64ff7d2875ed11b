"""The rows that clients send: arrays in the order of Anki's columns (schema 11), checked before anything reads them."""

from __future__ import annotations

from typing import Any, Final, NamedTuple

from flashcards.sync.wire import BadRequest

NOTE_COLUMNS: Final = ("id", "guid", "mid", "mod", "usn", "tags", "flds", "sfld", "csum", "flags", "data")
CARD_COLUMNS: Final = (
    *("id", "nid", "did", "ord", "mod", "usn", "type", "queue", "due", "ivl", "factor", "reps", "lapses", "left"),
    *("odue", "odid", "flags", "data"),
)
LOG_COLUMNS: Final = ("id", "cid", "usn", "ease", "ivl", "lastIvl", "factor", "time", "type")
COLUMNS: Final = {"notes": NOTE_COLUMNS, "cards": CARD_COLUMNS, "revlog": LOG_COLUMNS}
"""The columns of each table, in the order in which a row holds them."""

USN: Final = {table: columns.index("usn") for table, columns in COLUMNS.items()}

_TEXTS: Final = {"guid", "tags", "flds", "data"}
_EITHER: Final = {"sfld", "csum"}  # clients leave them empty
_LARGEST: Final = (1 << 53) - 1
_MOST_ROWS: Final = 10_000  # of one request; clients send 250
_LONGEST_GUID: Final = 255
_SMALL: Final = {"ord": 1 << 16, "type": 16, "ease": 16, "flags": 1 << 31}
_QUEUES: Final = range(-3, 5)

SUSPENDED: Final = -1
"""The queue of a suspended card."""

Row = list[Any]
Table = str


class Graves(NamedTuple):
    """The ids of what was deleted."""

    cards: list[int]
    notes: list[int]
    decks: list[int]

    @property
    def is_empty(self) -> bool:
        """Whether nothing was deleted."""
        return not (self.cards or self.notes or self.decks)

    def as_json(self) -> dict[str, list[int]]:
        """Return them as the protocol sends them."""
        return self._asdict()


def read_graves(value: Any) -> Graves:
    """Check and return what a client says it deleted."""
    if value is None:
        return Graves([], [], [])
    if not isinstance(value, dict):
        raise BadRequest("The list of deleted things cannot be understood.")
    return Graves(*(_read_ids(value.get(name, [])) for name in Graves._fields))


def read_rows(table: Table, value: Any) -> list[Row]:
    """Check and return the rows of a table.

    Raises:
        BadRequest: there are too many, or one has a wrong number of values or a value that cannot be.
    """
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
    """Check and return a number."""
    if type(value) is not int or not least <= value <= _LARGEST:
        raise BadRequest(f"`{name}` is not a number that can be.")
    return value


def what_a_person_sets(table: Table, row: Row) -> tuple[object, ...]:
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
        raise BadRequest("The list of deleted things cannot be understood.")
    return value
