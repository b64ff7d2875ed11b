"""Spans of time as a person reads them."""

from __future__ import annotations

_MINUTE, _HOUR, _DAY = 60, 3600, 86_400
_MONTH, _YEAR = 30.4375, 365.25  # days


def short_interval(seconds: int) -> str:
    """An interval as a button shows it: `30s`, `10m`, `2h`, `4d`, `2.5mo`, `1.2y`."""
    if seconds < _MINUTE:
        return f"{max(0, seconds)}s"
    if seconds < _HOUR:
        return f"{round(seconds / _MINUTE)}m"
    if seconds < _DAY:
        return f"{_one_digit(seconds / _HOUR)}h"
    days = seconds / _DAY
    if days < 31:
        return f"{round(days)}d"
    return f"{_one_digit(days / _MONTH)}mo" if days < 365 else f"{_one_digit(days / _YEAR)}y"


def spent(duration_ms: int) -> str:
    """Time spent: `45 s`, `4 min 10 s`, `1 h 5 min`."""
    seconds = round(duration_ms / 1000)
    if seconds < _MINUTE:
        return f"{seconds} s"
    if seconds < _HOUR:
        minutes, rest = divmod(seconds, _MINUTE)
        return f"{minutes} min {rest} s" if rest else f"{minutes} min"
    hours, rest = divmod(seconds // _MINUTE, 60)
    return f"{hours} h {rest} min" if rest else f"{hours} h"


def _one_digit(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0")
