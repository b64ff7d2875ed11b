"""The points of rubric cards that were covered in a review. Only ever added to, like the log they belong to."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable

_COUNTS = """
    SELECT ticks.point, sum(ticks.covered), count(*) FROM ticks JOIN reviews ON reviews.id = ticks.review
    WHERE reviews.card = ? AND NOT EXISTS (SELECT 1 FROM reviews AS void WHERE void.voids = reviews.id)
    GROUP BY ticks.point ORDER BY sum(ticks.covered) * 1.0 / count(*), ticks.point
"""


class PointCount(NamedTuple):
    """A point, how often it was covered, and in how many reviews it stood."""

    point: str
    covered: int
    reviews: int


def add_ticks(connection: sqlite3.Connection, review: int, points: Iterable[tuple[str, bool]]) -> None:
    """Keep which points were covered in a review; the caller holds the transaction that the review is written in."""
    connection.executemany(
        "INSERT INTO ticks VALUES (?, ?, ?)", ((review, point, covered) for point, covered in points)
    )


def point_counts(connection: sqlite3.Connection, card: int) -> list[PointCount]:
    """The points of a card, those missed most first; reviews that were taken back do not count."""
    return [PointCount(*row) for row in connection.execute(_COUNTS, (card,))]
