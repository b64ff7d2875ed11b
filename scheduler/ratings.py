"""All ratings of the log as columns, for what looks at a million of them at once: statistics, fitting, prediction."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from scheduler.columns import SMALL_BITS, packed, read_columns, unpacked
from scheduler.model import Kind

if TYPE_CHECKING:
    import sqlite3

    from numpy.typing import NDArray

_FINE = 1_000_000_000
"""Stability is read as a whole number of so many parts of a day."""

_OFFSET = 1 << 11  # more than the minutes that local time can be ahead of UTC, or behind it
_OFFSET_BITS = 12
_DURATION_BITS = 27  # hold the milliseconds of a day

_COLUMNS = (
    "id",
    "card",
    packed("day", (f"offset_minutes + {_OFFSET}", _OFFSET_BITS), ("rating", SMALL_BITS), ("state_before", SMALL_BITS)),
    packed("interval_before", (f"min(duration_ms, {(1 << _DURATION_BITS) - 1})", _DURATION_BITS)),
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


def read_ratings(connection: sqlite3.Connection, kind: Kind = Kind.RATING) -> Ratings:
    """Every rating of this kind that still stands."""
    at, card, small, large, stability = read_columns(connection, _COLUMNS, f"kind = {kind:d}")
    voided = [row[0] for row in connection.execute("SELECT voids FROM reviews WHERE voids IS NOT NULL")]
    day, offset, rating, state = unpacked(small, _OFFSET_BITS, SMALL_BITS, SMALL_BITS)
    interval, duration = unpacked(large, _DURATION_BITS)
    known = np.where(stability > 0, stability / _FINE, np.nan)
    ratings = Ratings(at, card, rating, day, offset - _OFFSET, duration, state, interval, known)
    return ratings.where(~np.isin(at, voided)) if voided else ratings
