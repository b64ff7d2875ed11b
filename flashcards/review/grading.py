"""Grade an answer: store the covered points of a rubric, and compare typed text."""

from __future__ import annotations

import re
import sqlite3
import unicodedata
from collections.abc import Iterable, Sequence
from enum import StrEnum
from typing import Final, NamedTuple

from scheduler import Rating
from scheduler.tables import KEPT

_COUNTS = f"""
    SELECT ticks.point, sum(ticks.covered), count(*) FROM ticks JOIN reviews ON reviews.id = ticks.review
    WHERE reviews.card = ? AND {KEPT}
    GROUP BY ticks.point ORDER BY sum(ticks.covered) * 1.0 / count(*), ticks.point
"""


class PointCount(NamedTuple):
    """A point, how often it was asked, and how often it was covered."""

    point: str
    covered: int
    reviews: int


def add_ticks(connection: sqlite3.Connection, review: int, points: Iterable[tuple[str, bool]]) -> None:
    """Store the points covered in a review. The caller holds the transaction of that review."""
    connection.executemany(
        "INSERT INTO ticks VALUES (?, ?, ?)", ((review, point, covered) for point, covered in points)
    )


def count_points(connection: sqlite3.Connection, card_id: int) -> list[PointCount]:
    """Count how often each point of a card was covered, the most missed first. Undone reviews do not count."""
    return [PointCount(*row) for row in connection.execute(_COUNTS, (card_id,))]


_TASK: Final = re.compile(r"\s*(?:[-*+]|\d+[.)])\s+\[[ xX]\](?:\s|$)")


def propose_rating(ticked: int, points: int, thresholds: Sequence[float]) -> Rating:
    """Return the rating for a share of points, by the `thresholds` of Hard, Good and Easy; Good without points."""
    return Rating(1 + sum(ticked / points >= threshold for threshold in thresholds)) if points else Rating.GOOD


def remove_points(markdown: str) -> str:
    """Return an answer without its task list."""
    kept = []
    within = False
    for line in markdown.splitlines():
        if _TASK.match(line):
            within = True
        elif not (within and line[:1].isspace()):  # text indented below a point belongs to it
            within = False
            kept.append(line)
    return "\n".join(kept).strip()


class PieceKind(StrEnum):
    """The kind of a piece of the difference."""

    RIGHT = "right"
    WRONG = "wrong"  # typed, but not part of the answer
    MISSING = "missing"  # part of the answer, but not typed


Piece = tuple[str, PieceKind]


_ALIKE = 0.5  # share of common characters; below it, chance matches would only confuse
_BY_CHARACTER = 250_000  # pairs of characters; longer texts are compared word by word, which is faster


def is_same_text(given: str, expected: str) -> bool:
    """Return whether two texts are the same, apart from spaces and the Unicode form of accents."""
    return _tidy(given) == _tidy(expected)


def choose_expected(given: str, answers: Sequence[str]) -> str:
    """Return the answer that a typed text is the same as, or the first one."""
    return next((answer for answer in answers if is_same_text(given, answer)), answers[0])


def find_difference(given: str, expected: str) -> list[Piece]:
    """Find the right, wrong (only typed) and missing (only in the answer) pieces, in the order of the text."""
    from difflib import SequenceMatcher

    typed, answer = _tidy(given), _tidy(expected)
    by_word = len(typed) * len(answer) > _BY_CHARACTER
    left, right = (_split_words(typed), _split_words(answer)) if by_word else (list(typed), list(answer))
    matcher = SequenceMatcher(None, left, right, autojunk=False)
    codes = matcher.get_opcodes() if matcher.ratio() >= _ALIKE else [("replace", 0, len(left), 0, len(right))]
    pieces: list[Piece] = []
    for kind, start, end, other_start, other_end in codes:
        if kind == "equal":
            pieces.append(("".join(left[start:end]), PieceKind.RIGHT))
            continue
        if end > start:
            pieces.append(("".join(left[start:end]), PieceKind.WRONG))
        if other_end > other_start:
            pieces.append(("".join(right[other_start:other_end]), PieceKind.MISSING))
    return pieces


def _tidy(text: str) -> str:
    return " ".join(unicodedata.normalize("NFC", text).split())


def _split_words(text: str) -> list[str]:
    """Split a text into words, each with its preceding space."""
    return [word if index == 0 else f" {word}" for index, word in enumerate(text.split())]
