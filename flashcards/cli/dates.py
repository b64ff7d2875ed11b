"""Read dates as people write them: `2026-12-15`, `tomorrow`, `+3`, `fri`, `17`, `dec 17`."""

from __future__ import annotations

import re
from datetime import date, timedelta
from typing import Final

_WORDS: Final = {"today": 0, "tod": 0, "tomorrow": 1, "tom": 1}
_WEEKDAYS: Final = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_MONTHS: Final = (
    *("january", "february", "march", "april", "may", "june"),
    *("july", "august", "september", "october", "november", "december"),
)
_AHEAD: Final = re.compile(r"\+(\d{1,5})\s*([dw]?)")
_MONTH_DAY: Final = re.compile(r"(?:([a-z]{3,9})\.? (\d{1,2})|(\d{1,2})\.? ([a-z]{3,9})\.?)")
_LEAST: Final = 3  # letters of a weekday or a month


def read_date(text: str, today: date, *, days_of_month: bool = True) -> date | None:
    """Return the day that a text means, the next one from today on, or nothing if it is no date.

    Args:
        text: what was typed.
        today: the present day.
        days_of_month: read a number alone as a day of the month.
    """
    word = " ".join(text.lower().split())
    try:
        return date.fromisoformat(word)
    except ValueError:
        pass
    if word in _WORDS:
        return today + timedelta(days=_WORDS[word])
    if ahead := _AHEAD.fullmatch(word):
        return _add_days(today, int(ahead[1]) * (7 if ahead[2] == "w" else 1))
    if (weekday := _find_name(word.removeprefix("next "), _WEEKDAYS)) is not None:
        return today + timedelta(days=(weekday - today.weekday() - 1) % 7 + 1)
    if days_of_month and re.fullmatch(r"\d{1,2}", word):
        return _find_day_of_month(today, int(word))
    if match := _MONTH_DAY.fullmatch(word):
        month = _find_name(match[1] or match[4], _MONTHS)
        return None if month is None else _find_day_of_year(today, month + 1, int(match[2] or match[3]))
    return None


def _add_days(day: date, days: int) -> date | None:
    try:
        return day + timedelta(days=days)
    except OverflowError:
        return None


def _find_name(word: str, names: tuple[str, ...]) -> int | None:
    """Return the place of the name that a word is, or begins with at least three letters."""
    found = [place for place, name in enumerate(names) if len(word) >= _LEAST and name.startswith(word)]
    return found[0] if len(found) == 1 else None


def _find_day_of_month(today: date, day: int) -> date | None:
    """Return the next day with this number in its month, after today."""
    for months in range(13):
        year, month = divmod(today.year * 12 + today.month - 1 + months, 12)
        found = _make_date(year, month + 1, day)
        if found and found > today:
            return found
    return None


def _find_day_of_year(today: date, month: int, day: int) -> date | None:
    """Return the next day of this month and number, today included."""
    dates = (_make_date(today.year + years, month, day) for years in range(9))  # a 29 February may be eight years away
    return next((found for found in dates if found and found >= today), None)


def _make_date(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None
