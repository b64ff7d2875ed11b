"""Read columns of the review log into numpy arrays, several times faster than row by row."""

from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from scheduler.connection import closing_connection, database_path
from scheduler.model import ReviewKind
from scheduler.write_ahead_log import ReadingConnection

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray


# Other modules import these, so they exist when the program runs; `numpy.typing` would load slowly.
Ints = np.ndarray[Any, np.dtype[np.int64]]
Floats = np.ndarray[Any, np.dtype[np.float64]]
Mask = np.ndarray[Any, np.dtype[np.bool_]]

_VOIDED = "SELECT voids FROM reviews WHERE voids IS NOT NULL"
_EXTENT = "SELECT (SELECT count(*) FROM reviews), (SELECT coalesce(max(id), 0) FROM reviews)"  # slow in one SELECT
_MANY = 200_000  # rows
_ROWS_IN_PART = 250_000
_PART_END = "SELECT id FROM reviews WHERE id > ? ORDER BY id LIMIT 1 OFFSET ?"
_READERS = 2
_CHOSEN = "(SELECT value AS chosen FROM json_each(?)) CROSS JOIN reviews ON id = chosen"

_DAY_BITS = 22  # enough for the number of a day until the year 9999
SMALL_BITS = 3
"""Ratings, kinds, states and leech values are less than 8."""


def read_columns(
    connection: sqlite3.Connection, columns: Sequence[str], where: str, *, committed: bool = False
) -> list[Ints]:
    """Read integer columns of the log, one array per column, in the order of the rows' ids.

    `columns` are SQL expressions on a row of `reviews` that are never NULL. `committed` says that an open transaction
    has written nothing yet, so other connections see the same rows.
    """
    # Without an index, rows come in order of id.
    query = _write_query(columns, f"reviews NOT INDEXED WHERE {where} AND id > ? AND id <= ?")
    parts = _split_log(connection)
    path, is_reading = database_path(connection), isinstance(connection, ReadingConnection)
    if len(parts) == 1 or path == Path() or (connection.in_transaction and not committed):
        found = [_read_arrays(connection, query, part) for part in parts]
    else:
        from concurrent.futures import ThreadPoolExecutor

        # SQLite releases Python's lock, so several connections can read in parallel.
        with ThreadPoolExecutor(_READERS) as pool:
            found = list(pool.map(lambda part: _read_part(path, is_reading, query, part), parts))
    return [np.concatenate(arrays) for arrays in zip(*found, strict=True)]


def read_columns_of(connection: sqlite3.Connection, columns: Sequence[str], ids: Ints) -> list[Ints]:
    """Read integer columns of the log rows with these ids, one array per column; `columns` as in `read_columns`."""
    order = np.argsort(ids)
    found = _read_arrays(connection, _write_query(columns, _CHOSEN), (_encode_ids(ids),))
    for array in found:
        array[order] = array.copy()
    return found


def read_card_columns(connection: sqlite3.Connection, columns: Sequence[str]) -> list[Ints]:
    """Read SQL expressions on all cards, whole and never NULL, as one array each, in order of id."""
    return _read_arrays(connection, _write_query(columns, "cards NOT INDEXED"))


def read_card_reals(connection: sqlite3.Connection, columns: Sequence[str]) -> list[Floats]:
    """Read columns of fractional numbers, to 15 digits; NULL becomes NaN."""
    columns = [f"coalesce({column}, 'nan')" for column in columns]
    texts = _read_texts(connection, _write_query(columns, "cards NOT INDEXED"))
    return [np.fromstring(text, dtype=np.float64, sep=",") for text in texts]


def read_rows(connection: sqlite3.Connection, columns: Sequence[str], ids: Ints) -> sqlite3.Cursor:
    """Read columns of the log rows with these ids, row by row."""
    return connection.execute(f"SELECT {', '.join(columns)} FROM {_CHOSEN}", (_encode_ids(ids),))


def _exclude_voided(connection: sqlite3.Connection, where: str) -> str:
    """Exclude voided rows from a condition on log rows, if there are any, because the check costs time."""
    return f"{where} AND id NOT IN ({_VOIDED})" if connection.execute(f"{_VOIDED} LIMIT 1").fetchone() else where


def _encode_ids(ids: Ints) -> str:
    """Encode ids for `_CHOSEN`, sorted, so that each page of the table is read once."""
    return json.dumps(np.sort(ids).tolist())


def find_indexes(ids: Ints, wanted: Ints) -> Ints:
    """Find the index of each wanted id among sorted ids; -1 if it is missing."""
    if not ids.size:
        return np.full(wanted.size, -1)
    indexes = np.minimum(np.searchsorted(ids, wanted), ids.size - 1)
    return np.where(ids[indexes] == wanted, indexes, -1)


def look_up(ids: Ints, values: Ints, wanted: Ints) -> Ints:
    """Return the value of each wanted id, given the values of sorted ids; 0 if it is missing."""
    indexes = find_indexes(ids, wanted)
    return np.where(indexes >= 0, values[indexes], 0) if ids.size else np.zeros_like(wanted)


def pack_columns(first: str, *more: tuple[str, int]) -> str:
    """Build SQL that packs columns of small numbers into one number, which is read as fast as one column.

    Each column but the first comes with its number of bits. Only the first may be negative.
    """
    for column, bits in more:
        first = f"({first}) * {1 << bits} + {column}"
    return first


def unpack_columns(numbers: Ints, *bits: int) -> list[Ints]:
    """Unpack the result of `pack_columns`: the first column, then one for each number of bits."""
    found = []
    for each in reversed(bits):
        found.append(numbers & ((1 << each) - 1))
        numbers = numbers >> each
    return [numbers, *reversed(found)]


def _write_query(columns: Sequence[str], rows: str) -> str:
    """Write a query for one text per column: SQLite joins it and numpy splits it, without an object per value."""
    return f"SELECT {', '.join(f'group_concat({column})' for column in columns)} FROM {rows}"


def _split_log(connection: sqlite3.Connection) -> list[tuple[int, int]]:
    """Split the log into consecutive parts: the id before the first row, and the last id."""
    count, last = connection.execute(_EXTENT).fetchone()
    if count < _MANY:
        return [(-1, last)]
    ends = [-1]
    while row := connection.execute(_PART_END, (ends[-1], _ROWS_IN_PART - 1)).fetchone():
        ends.append(row[0])
    return list(pairwise([*ends, last]))


def _read_part(path: Path, is_reading: bool, query: str, part: tuple[int, int]) -> list[Ints]:
    with closing_connection(path, is_reading=is_reading) as connection:
        return _read_arrays(connection, query, part)


def _read_arrays(connection: sqlite3.Connection, query: str, values: Sequence[object] = ()) -> list[Ints]:
    return [np.fromstring(text, dtype=np.int64, sep=",") for text in _read_texts(connection, query, values)]


def _read_texts(connection: sqlite3.Connection, query: str, values: Sequence[object] = ()) -> list[str]:
    return [text or "" for text in connection.execute(query, values).fetchone()]


class LogColumns(NamedTuple):
    """The rows of the log that were not voided, grouped by card, oldest first. Voids are omitted."""

    at_ms: Ints  # epoch milliseconds; the row's id
    card: Ints  # the card's id
    kind: Ints  # the row's `ReviewKind`
    rating: Ints  # 1 to 4; 0 without a rating
    # before, after: the card's `State` before and after
    before: Ints
    after: Ints
    leech: Ints  # its effect on a card that keeps being forgotten, see `Leech`
    day: Ints  # the local day, see `scheduler.clock`
    due_day: Ints  # the due day afterwards; 0 without one

    def where(self, chosen: Mask) -> LogColumns:
        """Keep the rows that a mask selects."""
        return LogColumns._make(column[chosen] for column in self)

    def first_of_each_card(self) -> Ints:
        """Find the index of each card's first row."""
        return np.flatnonzero(np.diff(self.card, prepend=self.card[:1] - 1))


def read_log(connection: sqlite3.Connection, *, committed: bool = False) -> LogColumns:
    """Read the whole log; for `committed` see `read_columns`."""
    small = ("leech", "coalesce(rating, 0)", "kind", "state_before", "state_after")
    due_day = f"min(max(coalesce(due_day, 0), 0), {(1 << _DAY_BITS) - 1})"
    packed = pack_columns("day", (due_day, _DAY_BITS), *((column, SMALL_BITS) for column in small))
    kept = _exclude_voided(connection, f"kind <> {ReviewKind.VOID:d}")
    at, card, numbers = read_columns(connection, ("id", "card", packed), kept, committed=committed)
    order = np.argsort(card, kind="stable")
    day, due, *rest = unpack_columns(numbers[order], _DAY_BITS, *[SMALL_BITS] * len(small))
    leech, rating, kind, before, after = rest
    return LogColumns(at[order], card[order], kind, rating, before, after, leech, day, due)


_FINE = 1_000_000_000
"""Stability is read as a whole number of billionths of a day."""

_OFFSET = 1 << 11  # more minutes than any offset of local time from UTC
_OFFSET_BITS = 12
_DURATION_BITS = 27  # enough for the milliseconds of a day

_LONGEST_SECONDS = (1 << 31) - 1
_DURATION = f"min(duration_ms, {(1 << _DURATION_BITS) - 1})"

_COLUMNS = (
    "id",
    "card",
    pack_columns(
        "day",
        (f"offset_minutes + {_OFFSET}", _OFFSET_BITS),
        *((column, SMALL_BITS) for column in ("rating", "state_before", "kind")),
    ),
    pack_columns(f"min(interval_before, {_LONGEST_SECONDS})", (_DURATION, _DURATION_BITS)),
    f"CAST(coalesce(stability, 0) * {_FINE} AS INTEGER)",
)


class Ratings(NamedTuple):
    """Ratings that were not undone, oldest first; one array entry per rating."""

    at_ms: Ints  # epoch milliseconds; unique
    card: Ints  # the card's id
    rating: NDArray[np.int8]  # 1 to 4
    day: NDArray[np.int32]  # the local day, see `scheduler.clock`
    offset_minutes: NDArray[np.int16]  # offset of local time from UTC
    duration_ms: NDArray[np.int32]  # duration of the answer
    state_before: NDArray[np.int8]  # the card's `State` when it was asked
    interval_before: NDArray[np.int32]  # the card's interval before the rating, in seconds; at most 68 years
    stability: Floats  # in days, after the rating, as computed at the time; NaN without one

    def where(self, chosen: Mask | Ints) -> Ratings:
        """Keep the ratings that a mask selects, or reorder them by an array of indexes."""
        if chosen.dtype == np.bool_ and chosen.all():
            return self
        return Ratings._make(column[chosen] for column in self)

    def join(self, other: Ratings) -> Ratings:
        """Merge with other ratings, oldest first."""
        if not other.at_ms.size:
            return self
        pairs: Iterator[tuple[NDArray[Any], NDArray[Any]]] = zip(self, other, strict=True)
        both = Ratings._make(np.concatenate(columns) for columns in pairs)
        return both.where(np.argsort(both.at_ms, kind="stable"))

    def answers(self) -> Answers:
        """Return the data about the person's answers, grouped by card."""
        return Answers.sort(self.card, self.rating, self.day, self.duration_ms, self.state_before)


def read_ratings(connection: sqlite3.Connection) -> tuple[Ratings, Ratings]:
    """Read the ratings that were not undone: those that count for schedules, and crammed ones."""
    where = _exclude_voided(connection, f"kind IN ({ReviewKind.RATING:d}, {ReviewKind.CRAM:d})")
    at, card, small, large, fine = read_columns(connection, _COLUMNS, where)
    stability = np.where(fine > 0, fine / _FINE, np.nan)
    del fine
    # Small types, since a large log is as slow as its memory.
    interval, duration = (column.astype(np.int32) for column in unpack_columns(large, _DURATION_BITS))
    del large
    day, offset, *rest = unpack_columns(small, _OFFSET_BITS, SMALL_BITS, SMALL_BITS, SMALL_BITS)
    del small
    rating, state, kind = (column.astype(np.int8) for column in rest)
    offset -= _OFFSET
    ratings = Ratings(
        at, card, rating, day.astype(np.int32), offset.astype(np.int16), duration, state, interval, stability
    )
    is_crammed = kind == int(ReviewKind.CRAM)
    return ratings.where(~is_crammed), ratings.where(is_crammed)


class Answers(NamedTuple):
    """Ratings as data about a person, grouped by card, oldest first; see `Ratings` for the attributes."""

    card: Ints
    rating: NDArray[np.int8]
    day: NDArray[np.int32]
    duration_ms: NDArray[np.int32]
    state_before: NDArray[np.int8]

    @staticmethod
    def sort(card: Ints, *columns: NDArray[Any]) -> Answers:
        """Sort ratings, given oldest first, by card."""
        order = np.argsort(card, kind="stable")
        return Answers(card[order], *(column[order] for column in columns))


def read_answers(connection: sqlite3.Connection) -> Answers:
    """Read the ratings that count for schedules and were not undone; this is faster than `read_ratings`."""
    packed = pack_columns(
        "day", (_DURATION, _DURATION_BITS), *((column, SMALL_BITS) for column in ("rating", "state_before"))
    )
    where = _exclude_voided(connection, f"kind = {ReviewKind.RATING:d}")
    card, numbers = read_columns(connection, ("card", packed), where)
    day, duration, rating, state = unpack_columns(numbers, _DURATION_BITS, SMALL_BITS, SMALL_BITS)
    return Answers.sort(
        card, rating.astype(np.int8), day.astype(np.int32), duration.astype(np.int32), state.astype(np.int8)
    )
