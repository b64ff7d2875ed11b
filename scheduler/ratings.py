"""All ratings of the log as columns, for what looks at a million of them at once: statistics, fitting, prediction."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from scheduler.columns import read_columns
from scheduler.connection import snapshot
from scheduler.model import Kind

if TYPE_CHECKING:
    import sqlite3

    from numpy.typing import NDArray

_FINE = 1_000_000_000
"""Memory states are read as whole numbers of so many parts."""

_COLUMNS = ("id", "card", "rating", "day", "offset_minutes", "duration_ms", "state_before", "interval_before")
_MEMORY = tuple(f"CAST(coalesce({name}, 0) * {_FINE} AS INTEGER)" for name in ("stability", "difficulty"))


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
        difficulty: likewise, 1 to 10.
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
    difficulty: NDArray[np.float64]

    def where(self, chosen: NDArray[np.bool_] | NDArray[np.int64]) -> Ratings:
        """The ratings that a mask keeps, or an array of places puts in order."""
        return Ratings._make(column[chosen] for column in self)

    def by_card(self) -> Ratings:
        """The same, card by card, each card's oldest first."""
        return self.where(np.argsort(self.card, kind="stable"))


def read_ratings(connection: sqlite3.Connection, kind: Kind = Kind.RATING) -> Ratings:
    """Every rating of this kind that still stands."""
    with snapshot(connection):
        rows = f"(SELECT * FROM reviews WHERE kind = {kind:d} ORDER BY id)"
        columns = read_columns(connection, (*_COLUMNS, *_MEMORY), rows)
        voided = [row[0] for row in connection.execute("SELECT voids FROM reviews WHERE voids IS NOT NULL")]
    memory = [np.where(column > 0, column / _FINE, np.nan) for column in columns[len(_COLUMNS) :]]
    ratings = Ratings._make([*columns[: len(_COLUMNS)], *memory])
    return ratings.where(~np.isin(ratings.at_ms, voided)) if voided else ratings
