"""Axes of plots: round numbers to mark, and where a value lies."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

_STEPS = (1, 2, 2.5, 5, 10)


def ticks(low: float, high: float, most: int = 5, *, whole: bool = False) -> list[float]:
    """At most `most` + 1 round numbers, evenly apart, the first at or below `low` and the last at or above `high`.

    With `whole` they are whole numbers.
    """
    if high <= low:
        high = low + 1
    rough = (high - low) / most
    power = 10.0 ** math.floor(math.log10(rough))
    for factor in _STEPS:
        step = max(1.0, round(factor * power)) if whole else factor * power
        first = math.floor(low / step + 1e-9)
        last = math.ceil(high / step - 1e-9)
        if last - first <= most:
            break
    return [round(at * step, 10) for at in range(first, last + 1)]


@dataclass(frozen=True, slots=True)
class Scale:
    """Maps the values `low` to `high` onto the positions `start` to `end`."""

    low: float
    high: float
    start: float
    end: float

    def at(self, value: float) -> float:
        """The position of a value; outside the range, that of the nearest end."""
        share = (min(max(value, self.low), self.high) - self.low) / ((self.high - self.low) or 1.0)
        return self.start + share * (self.end - self.start)


def thinned(labels: Sequence[str], room: float, character: float) -> list[int]:
    """The places of the labels that can be written side by side in `room`, each character taking `character`."""
    if not labels:
        return []
    widest = (max(map(len, labels)) + 2) * character
    every = max(1, math.ceil(len(labels) * widest / room))
    return list(range(0, len(labels), every))
