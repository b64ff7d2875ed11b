"""Fuzz: intervals spread by a few days, so that cards learnt together part. Anki's ranges, our own seeded draw."""

from __future__ import annotations

import math

_RANGES = ((2.5, 7.0, 0.15), (7.0, 20.0, 0.1), (20.0, math.inf, 0.05))
"""From this many days, to this many, the part of them that is added to the spread."""

_MASK = (1 << 64) - 1


def draw(card: int, reps: int) -> float:
    """A number in [0, 1) that depends on the card and on how often it was rated, and on nothing else.

    So the interval shown over a button is the interval given. The mixing is that of SplitMix64 (Steele, Lea and Flood,
    2014).
    """
    mixed = (card * 0x9E3779B97F4A7C15 + reps * 0xD1B54A32D192ED03) & _MASK
    mixed = ((mixed ^ (mixed >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
    mixed = ((mixed ^ (mixed >> 27)) * 0x94D049BB133111EB) & _MASK
    return ((mixed ^ (mixed >> 31)) >> 11) / (1 << 53)


def farthest(interval: float) -> int:
    """The last day that fuzz could move an interval (in days) to, limits apart."""
    return rounded(interval + _spread(interval))


def bounds(interval: float, minimum: int, maximum: int) -> tuple[int, int]:
    """The first and the last day that an interval (in days) may be moved to, within the limits given."""
    minimum = min(minimum, maximum)
    interval = min(max(interval, minimum), maximum)
    lower = min(max(rounded(interval - _spread(interval)), minimum), maximum)
    upper = min(max(farthest(interval), minimum), maximum)
    if upper == lower and 2 < upper < maximum:
        upper = lower + 1
    return lower, upper


def fuzzed(interval: float, minimum: int, maximum: int, drawn: float | None) -> int:
    """The interval in whole days: moved within its bounds by `drawn` in [0, 1), or only rounded when that is None."""
    if drawn is None:
        return min(max(rounded(interval), minimum), maximum)
    lower, upper = bounds(interval, minimum, maximum)
    return lower + math.floor(drawn * (upper - lower + 1))


def rounded(days: float) -> int:
    """The nearest whole number, halves upwards (Python's `round` takes them to the even one)."""
    return math.floor(days + 0.5)


def _spread(interval: float) -> float:
    """Days by which an interval may be moved either way: none below 2.5 days, then one and a part of the interval."""
    if interval < _RANGES[0][0]:
        return 0.0
    spread = 1.0
    for start, end, factor in _RANGES:
        if interval <= start:
            break
        spread += factor * (min(interval, end) - start)
    return spread
