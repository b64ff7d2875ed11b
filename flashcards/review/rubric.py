"""Store which points of rubric cards a review covered. Rows are only added, as in the log."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from string import ascii_lowercase, ascii_uppercase, digits
from typing import TYPE_CHECKING, Final, NamedTuple

from scheduler import Rating
from scheduler.tables import KEPT

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable


_COUNTS = f"""
    SELECT ticks.point, sum(ticks.covered), count(*) FROM ticks JOIN reviews ON reviews.id = ticks.review
    WHERE reviews.card = ? AND {KEPT}
    GROUP BY ticks.point ORDER BY sum(ticks.covered) * 1.0 / count(*), ticks.point
"""


class PointCount(NamedTuple):
    """A point, how often it was covered, and in how many reviews it was asked."""

    point: str
    covered: int
    reviews: int


def add_ticks(connection: sqlite3.Connection, review: int, points: Iterable[tuple[str, bool]]) -> None:
    """Store which points were covered in a review. The caller holds the transaction of that review."""
    connection.executemany(
        "INSERT INTO ticks VALUES (?, ?, ?)", ((review, point, covered) for point, covered in points)
    )


def count_points(connection: sqlite3.Connection, card: int) -> list[PointCount]:
    """Count how often each point of a card was covered, most missed first. Undone reviews do not count."""
    return [PointCount(*row) for row in connection.execute(_COUNTS, (card,))]


_TASK: Final = re.compile(r"\s*(?:[-*+]|\d+[.)])\s+\[[ xX]\](?:\s|$)")


def propose_rating(ticked: int, points: int, thresholds: Sequence[float]) -> Rating:
    """Return the rating that the share of covered points amounts to.

    Args:
        ticked: the points covered.
        points: all of them, at least one.
        thresholds: the shares from which on it is Hard, Good and Easy.
    """
    share = ticked / points
    return Rating(1 + sum(share >= threshold for threshold in thresholds))


def assign_point_keys(taken: Collection[str], count: int) -> list[str]:
    """Return a key for each point: letters that do nothing else, then capitals and digits; fewer if they run out."""
    return [key for key in ascii_lowercase + ascii_uppercase + digits if key not in taken][:count]


def remove_points(markdown: str) -> str:
    """Return an answer without the lines of its task list."""
    kept = []
    within = False
    for line in markdown.splitlines():
        if _TASK.match(line):
            within = True
        elif not (within and line[:1].isspace()):  # what is indented below a point goes on with it
            within = False
            kept.append(line)
    return "\n".join(kept).strip()
