"""Compute days that begin at the rollover hour, and convert times to other forms."""

from __future__ import annotations

import time
from datetime import date, datetime, timedelta, timezone, tzinfo
from functools import cache
from typing import NamedTuple

from scheduler.model import DAY_SECONDS

_EPOCH_ORDINAL = date(1970, 1, 1).toordinal()


def count_days(day: date) -> int:
    """Count the days from 1970-01-01 to a date."""
    return day.toordinal() - _EPOCH_ORDINAL


@cache
def _make_zone(offset_seconds: int) -> timezone:
    return timezone(timedelta(seconds=offset_seconds))


class Clock(NamedTuple):
    """Converts times to local days."""

    rollover: int = 4  # the hour, 0 to 23, at which a day begins
    zone: tzinfo | None = None  # the time zone; by default the machine's own, daylight saving included

    def offset_seconds(self, at_ms: int) -> int:
        """Return the seconds that local time is ahead of UTC at this time."""
        seconds = at_ms // 1000
        if self.zone is None:
            return time.localtime(seconds).tm_gmtoff
        offset = datetime.fromtimestamp(seconds, self.zone).utcoffset()
        return 0 if offset is None else int(offset.total_seconds())

    def offset_minutes(self, at_ms: int) -> int:
        """Return the minutes that local time is ahead of UTC at this time."""
        return self.offset_seconds(at_ms) // 60

    def day(self, at_ms: int) -> int:
        """Return the day of this time: days since 1970-01-01, each beginning at the rollover, local time."""
        return (at_ms // 1000 + self.offset_seconds(at_ms) - self.rollover * 3600) // DAY_SECONDS

    def present_shift_seconds(self, now_ms: int) -> int:
        """Return what to add to epoch seconds to count days of 24 hours as Anki does, by the current offset."""
        return self.offset_seconds(now_ms) - self.rollover * 3600

    def date(self, day: int) -> date:
        """Return the calendar date of a day."""
        return date.fromordinal(_EPOCH_ORDINAL + day)

    def start_of(self, day: int) -> int:
        """Return the instant at which a day begins, in epoch milliseconds: the later one if clocks go back over it."""
        wall = day * DAY_SECONDS + self.rollover * 3600
        offsets = {self.offset_seconds((wall + days * DAY_SECONDS) * 1000) for days in (-1, 1)}
        begins = [wall - offset for offset in offsets if self._begins(day, wall - offset)]
        if begins:
            return max(begins) * 1000
        # Clocks go forward over the rollover, so search for the second in which the day begins.
        low, high = wall - 2 * DAY_SECONDS, wall + 2 * DAY_SECONDS
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (middle, high) if self.day(middle * 1000) < day else (low, middle)
        return high * 1000

    def _begins(self, day: int, second: int) -> bool:
        return self.day((second - 1) * 1000) < day == self.day(second * 1000)

    def until_rollover_seconds(self, at_ms: int) -> int:
        """Count the whole seconds from this time to the next day."""
        return (self.start_of(self.day(at_ms) + 1) - at_ms) // 1000

    def iso(self, at_ms: int) -> str:
        """Format this time as ISO 8601, in seconds, with the local offset."""
        return datetime.fromtimestamp(at_ms // 1000, _make_zone(self.offset_seconds(at_ms))).isoformat()

    def minute(self, at_ms: int) -> str:
        """Format this time as local date, hour and minute: `2026-12-15 18:30`."""
        return self.iso(at_ms)[:16].replace("T", " ")
