"""Columns of the review log as arrays, read several times faster than row by row."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from scheduler.model import Kind

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Sequence

    from numpy.typing import NDArray

# For all rows at once a list of what was taken back is quicker than a question about each.
STANDS = "id NOT IN (SELECT voids FROM reviews WHERE voids IS NOT NULL)"
"""The SQL condition on `reviews` that a row was not taken back."""

_ROWS = f"(SELECT * FROM reviews WHERE kind <> {Kind.VOID:d} AND {STANDS} ORDER BY id)"
_SMALL = 8  # ratings, kinds, states and the like are less than this


def read_columns(connection: sqlite3.Connection, columns: Sequence[str], source: str) -> list[NDArray[np.int64]]:
    """Whole numbers from the database, one array a column, in the order in which `source` gives its rows.

    Args:
        connection: open.
        columns: SQL expressions, none of which may be NULL.
        source: what they are read from: a table, or a query in parentheses; what it is to be ordered by included.
    """
    # One text a column: SQLite puts it together, and numpy takes it apart, without an object for each value.
    texts = ", ".join(f"group_concat({column})" for column in columns)
    found = connection.execute(f"SELECT {texts} FROM {source}").fetchone()
    return [np.fromstring(text or "", dtype=np.int64, sep=",") for text in found]


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


def read_log(connection: sqlite3.Connection) -> LogColumns:
    """The whole log."""
    # Numbers that are small are read as one.
    small = ("leech", "coalesce(rating, 0)", "kind", "state_before", "state_after")
    packed = "day"
    for column in small:
        packed = f"({packed}) * {_SMALL} + {column}"
    at, card, left = read_columns(connection, ("id", "card", packed), _ROWS)
    order = np.argsort(card, kind="stable")
    left = left[order]
    parts = []
    for _ in small:
        left, part = np.divmod(left, _SMALL)
        parts.append(part)
    after, before, kind, rating, leech = parts
    return LogColumns(at[order], card[order], kind, rating, before, after, leech, left)
