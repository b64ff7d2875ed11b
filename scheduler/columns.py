"""Columns of the review log as arrays, read several times faster than row by row."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from scheduler.connection import closing_connection, database_path
from scheduler.model import ReviewKind

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray


# For all rows at once a list of what was taken back is quicker than a question about each.
_ROWS = f"kind <> {ReviewKind.VOID:d} AND id NOT IN (SELECT voids FROM reviews WHERE voids IS NOT NULL)"
_EXTENT = "SELECT (SELECT count(*) FROM reviews), (SELECT coalesce(max(id), 0) FROM reviews)"  # together they are slow
_MANY = 200_000  # rows
_WANTED = "(SELECT value AS wanted FROM json_each(?)) CROSS JOIN reviews ON id = wanted"

SMALL_BITS = 3
"""Ratings, kinds, states and the like are less than 8."""


def read_columns(
    connection: sqlite3.Connection, columns: Sequence[str], where: str, *, committed: bool = False
) -> list[NDArray[np.int64]]:
    """Whole numbers from the log, one array a column, in the order of the rows' ids.

    Args:
        connection: open.
        columns: SQL expressions on a row of `reviews`, none of which may be NULL.
        where: the SQL condition on the rows that count.
        committed: a transaction that is open has written nothing yet, so that other connections see the same.
    """
    # Without an index the rows come in the order of their ids.
    query = _query(columns, f"reviews NOT INDEXED WHERE {where} AND id > ? AND id <= ?")
    parts = _parts(connection)
    if len(parts) == 1 or (connection.in_transaction and not committed):
        found = [_arrays(connection, query, part) for part in parts]
    else:
        from concurrent.futures import ThreadPoolExecutor

        # SQLite works without Python's lock, so that several connections read at once.
        path = database_path(connection)
        with ThreadPoolExecutor(len(parts)) as pool:
            found = list(pool.map(lambda part: _read(path, query, part), parts))
    return [np.concatenate(arrays) for arrays in zip(*found, strict=True)]


def read_columns_of(
    connection: sqlite3.Connection, columns: Sequence[str], ids: NDArray[np.int64]
) -> list[NDArray[np.int64]]:
    """Whole numbers from the rows of the log with these ids, one array a column; `columns` as in `read_columns`."""
    order = np.argsort(ids)
    found = _arrays(connection, _query(columns, _WANTED), (_json(ids),))
    for array in found:
        array[order] = array.copy()
    return found


def read_card_columns(connection: sqlite3.Connection, columns: Sequence[str]) -> list[NDArray[np.int64]]:
    """Whole numbers of all cards, one array a column, in the order of their ids.

    `columns` are SQL expressions on a row of `cards`, none of which may be NULL.
    """
    return _arrays(connection, _query(columns, "cards NOT INDEXED"))


def read_card_reals(connection: sqlite3.Connection, columns: Sequence[str]) -> list[NDArray[np.float64]]:
    """The same of columns that hold numbers with fractions, to 15 digits; NaN stands for NULL."""
    columns = [f"coalesce({column}, 'nan')" for column in columns]
    texts = _texts(connection, _query(columns, "cards NOT INDEXED"))
    return [np.fromstring(text, dtype=np.float64, sep=",") for text in texts]


def read_rows(connection: sqlite3.Connection, columns: Sequence[str], ids: NDArray[np.int64]) -> sqlite3.Cursor:
    """Columns of the rows of the log with these ids, row by row."""
    return connection.execute(f"SELECT {', '.join(columns)} FROM {_WANTED}", (_json(ids),))


def _json(ids: NDArray[np.int64]) -> str:
    """The values of `_WANTED`: in order, so that each page of the table is read once."""
    return json.dumps(np.sort(ids).tolist())


def find_places(ids: NDArray[np.int64], wanted: NDArray[np.int64]) -> NDArray[np.int64]:
    """Where each of the wanted stands among ids that are in order; -1 where it does not."""
    if not ids.size:
        return np.full(wanted.size, -1)
    places = np.minimum(np.searchsorted(ids, wanted), ids.size - 1)
    return np.where(ids[places] == wanted, places, -1)


def pack_columns(first: str, *more: tuple[str, int]) -> str:
    """SQL for columns of small numbers as one number; of each column but the first, the bits that hold it.

    It is read in the time that one column takes. None may be negative but the first.
    """
    for column, bits in more:
        first = f"({first}) * {1 << bits} + {column}"
    return first


def unpack_columns(numbers: NDArray[np.int64], *bits: int) -> list[NDArray[np.int64]]:
    """What `packed` put together: the first column, then one for each number of bits."""
    found = []
    for each in reversed(bits):
        found.append(numbers & ((1 << each) - 1))
        numbers = numbers >> each
    return [numbers, *reversed(found)]


def _query(columns: Sequence[str], rows: str) -> str:
    """One text a column: SQLite puts it together, and numpy takes it apart, without an object for each value."""
    return f"SELECT {', '.join(f'group_concat({column})' for column in columns)} FROM {rows}"


def _parts(connection: sqlite3.Connection) -> list[tuple[int, int]]:
    """The log in as many parts as it is worth reading at once: after which id, up to which."""
    count, last = connection.execute(_EXTENT).fetchone()
    if count < _MANY:
        return [(-1, last)]
    (middle,) = connection.execute("SELECT id FROM reviews ORDER BY id LIMIT 1 OFFSET ?", (count // 2,)).fetchone()
    return [(-1, middle), (middle, last)]


def _read(path: Path, query: str, part: tuple[int, int]) -> list[NDArray[np.int64]]:
    with closing_connection(path) as connection:
        return _arrays(connection, query, part)


def _arrays(connection: sqlite3.Connection, query: str, values: Sequence[object] = ()) -> list[NDArray[np.int64]]:
    return [np.fromstring(text, dtype=np.int64, sep=",") for text in _texts(connection, query, values)]


def _texts(connection: sqlite3.Connection, query: str, values: Sequence[object] = ()) -> list[str]:
    return [text or "" for text in connection.execute(query, values).fetchone()]


class LogColumns(NamedTuple):
    """The rows of the log that stand, card by card, each card's oldest first; rows that take others back are left out.

    Attributes:
        at_ms: when, in epoch milliseconds; the row's id.
        card: the card's id.
        kind: the row's `Kind`.
        rating: 1 to 4; 0 where none was given.
        before, after: the card's `State` before and after.
        leech: what it did to a card that keeps being forgotten, see `Leech`.
        day: the local day, see `scheduler.clock`.
    """

    at_ms: NDArray[np.int64]
    card: NDArray[np.int64]
    kind: NDArray[np.int64]
    rating: NDArray[np.int64]
    before: NDArray[np.int64]
    after: NDArray[np.int64]
    leech: NDArray[np.int64]
    day: NDArray[np.int64]

    def where(self, chosen: NDArray[np.bool_]) -> LogColumns:
        """The rows that a mask keeps."""
        return LogColumns._make(column[chosen] for column in self)

    def first_of_each_card(self) -> NDArray[np.int64]:
        """The place of each card's first row."""
        return np.flatnonzero(np.diff(self.card, prepend=self.card[:1] - 1))


def read_log(connection: sqlite3.Connection, *, committed: bool = False) -> LogColumns:
    """The whole log; for `committed` see `read_columns`."""
    small = ("leech", "coalesce(rating, 0)", "kind", "state_before", "state_after")
    day_and_small = pack_columns("day", *((column, SMALL_BITS) for column in small))
    at, card, numbers = read_columns(connection, ("id", "card", day_and_small), _ROWS, committed=committed)
    order = np.argsort(card, kind="stable")
    day, leech, rating, kind, before, after = unpack_columns(numbers[order], *[SMALL_BITS] * len(small))
    return LogColumns(at[order], card[order], kind, rating, before, after, leech, day)


_FINE = 1_000_000_000
"""Stability is read as a whole number of so many parts of a day."""

_OFFSET = 1 << 11  # more than the minutes that local time can be ahead of UTC, or behind it
_OFFSET_BITS = 12
_DURATION_BITS = 27  # hold the milliseconds of a day

_COLUMNS = (
    "id",
    "card",
    pack_columns(
        "day", (f"offset_minutes + {_OFFSET}", _OFFSET_BITS), ("rating", SMALL_BITS), ("state_before", SMALL_BITS)
    ),
    pack_columns("interval_before", (f"min(duration_ms, {(1 << _DURATION_BITS) - 1})", _DURATION_BITS)),
    f"CAST(coalesce(stability, 0) * {_FINE} AS INTEGER)",
)


class Ratings(NamedTuple):
    """One entry of each array a rating, oldest first; what was taken back, and rows that are no ratings, left out.

    Attributes:
        at_ms: when, in epoch milliseconds; unique.
        card: the card's id.
        rating: 1 to 4.
        day: the local day, see `scheduler.clock`.
        offset_minutes: how far local time was ahead of UTC.
        duration_ms: how long the answer took.
        state_before: the card's `State` when it was asked.
        interval_before: the interval it had waited out, in seconds.
        stability: in days, after the rating, as computed when it was given; NaN where none was.
    """

    at_ms: NDArray[np.int64]
    card: NDArray[np.int64]
    rating: NDArray[np.int64]
    day: NDArray[np.int64]
    offset_minutes: NDArray[np.int64]
    duration_ms: NDArray[np.int64]
    state_before: NDArray[np.int64]
    interval_before: NDArray[np.int64]
    stability: NDArray[np.float64]

    def where(self, chosen: NDArray[np.bool_] | NDArray[np.int64]) -> Ratings:
        """The ratings that a mask keeps, or an array of places puts in order."""
        if chosen.dtype == np.bool_ and chosen.all():
            return self
        return Ratings._make(column[chosen] for column in self)

    def by_card(self) -> Ratings:
        """The same, card by card, each card's oldest first."""
        return self.where(np.argsort(self.card, kind="stable"))


def read_ratings(connection: sqlite3.Connection, kind: ReviewKind = ReviewKind.RATING) -> Ratings:
    """Every rating of this kind that still stands."""
    at, card, small, large, stability = read_columns(connection, _COLUMNS, f"kind = {kind:d}")
    voided = [row[0] for row in connection.execute("SELECT voids FROM reviews WHERE voids IS NOT NULL")]
    day, offset, rating, state = unpack_columns(small, _OFFSET_BITS, SMALL_BITS, SMALL_BITS)
    interval, duration = unpack_columns(large, _DURATION_BITS)
    known = np.where(stability > 0, stability / _FINE, np.nan)
    ratings = Ratings(at, card, rating, day, offset - _OFFSET, duration, state, interval, known)
    return ratings.where(~np.isin(at, voided)) if voided else ratings
