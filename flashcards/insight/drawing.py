"""Bars and squares of text, for looking at numbers in a terminal."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

_EIGHTHS: Final = "▏▎▍▌▋▊▉█"
_LEVELS: Final = "▁▂▃▄▅▆▇█"
SHADES: Final = "·░▒▓█"
"""The squares of a heatmap, from nothing to most."""


def bar(value: float, most: float, width: int) -> str:
    """A bar from the left, to an eighth of a character; not empty unless the value is 0."""
    if value <= 0 or most <= 0:
        return ""
    eighths = max(1, round(value / most * width * 8))
    full, rest = divmod(eighths, 8)
    return "█" * full + (_EIGHTHS[rest - 1] if rest else "")


def columns(values: Sequence[float | None], most: float | None = None) -> str:
    """A character for each value, as high as it is of `most`, or else of the highest; blank where there is none."""
    most = most or max((value for value in values if value is not None), default=0) or 1
    return "".join(" " if value is None else _LEVELS[round(value / most * 7)] for value in values)


def thinned(values: Sequence[float], most: int) -> list[float]:
    """At most so many of the values, evenly apart, the first and the last among them."""
    if len(values) <= max(2, most):
        return list(values)
    steps = max(2, most) - 1
    return [values[round(at * (len(values) - 1) / steps)] for at in range(steps + 1)]


def level(value: float, most: float) -> int:
    """0 to 4: nothing, and four parts of the most."""
    if value <= 0 or most <= 0:
        return 0
    return min(4, 1 + int(4 * value / most - 1e-9))
