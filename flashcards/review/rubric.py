"""Rubric cards: which of an answer's points were covered, and the rating that proposes. Pure."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from string import ascii_lowercase
from typing import Final

from scheduler import Rating

_TASK: Final = re.compile(r"\s*(?:[-*+]|\d+[.)])\s+\[[ xX]\](?:\s|$)")


def proposed(ticked: int, points: int, thresholds: Sequence[float]) -> Rating:
    """The rating that the share of points covered amounts to.

    Args:
        ticked: the points covered.
        points: all of them, at least one.
        thresholds: the shares from which on it is Hard, Good and Easy.
    """
    share = ticked / points
    return Rating(1 + sum(share >= threshold for threshold in thresholds))


def point_keys(taken: Collection[str], count: int) -> list[str]:
    """A key for each of so many points: letters that do nothing else; fewer where they run out."""
    return [letter for letter in ascii_lowercase if letter not in taken][:count]


def without_points(markdown: str) -> str:
    """An answer without the lines of its task list."""
    kept = []
    within = False
    for line in markdown.splitlines():
        if _TASK.match(line):
            within = True
        elif not (within and line[:1].isspace()):  # what is indented below a point goes on with it
            within = False
            kept.append(line)
    return "\n".join(kept).strip()
