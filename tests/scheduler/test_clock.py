from __future__ import annotations

import os
import time
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scheduler import Clock

ZONES = ["UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe", "Pacific/Apia"]
ZONES += ["America/St_Johns", "America/Sao_Paulo"]  # clocks that go back and forward at midnight


def instant(year: int, month: int, day: int, hour: int, minute: int, zone: str) -> int:
    return int(datetime(year, month, day, hour, minute, tzinfo=ZoneInfo(zone)).timestamp()) * 1000


@pytest.mark.parametrize("zone", ZONES)
def test_a_day_begins_at_four_in_the_morning_local_time(zone: str) -> None:
    clock = Clock(zone=ZoneInfo(zone))
    before, after = instant(2026, 6, 2, 3, 59, zone), instant(2026, 6, 2, 4, 0, zone)
    assert clock.day(after) == clock.day(before) + 1
    assert clock.date(clock.day(after)) == date(2026, 6, 2)
    assert clock.date(clock.day(before)) == date(2026, 6, 1)


def test_the_rollover_can_be_midnight() -> None:
    clock = Clock(rollover=0, zone=UTC)
    assert clock.date(clock.day(instant(2026, 6, 2, 0, 0, "UTC"))) == date(2026, 6, 2)


def test_the_day_that_loses_an_hour_is_one_day() -> None:
    clock = Clock(zone=ZoneInfo("Europe/Berlin"))
    day = clock.day(instant(2026, 3, 28, 12, 0, "Europe/Berlin"))
    assert clock.start_of(day + 1) - clock.start_of(day) == 23 * 3_600_000
    assert clock.day(instant(2026, 3, 29, 12, 0, "Europe/Berlin")) == day + 1


def test_the_offset_is_east_of_utc() -> None:
    assert Clock(zone=ZoneInfo("Asia/Kolkata")).offset_minutes(0) == 330
    assert Clock(zone=ZoneInfo("America/New_York")).offset_minutes(instant(2026, 1, 1, 0, 0, "UTC")) == -300


def test_an_instant_is_written_with_its_local_offset() -> None:
    clock = Clock(zone=ZoneInfo("Europe/Berlin"))
    assert clock.iso(instant(2026, 7, 1, 9, 30, "Europe/Berlin")) == "2026-07-01T09:30:00+02:00"


def test_until_the_rollover_counts_whole_seconds() -> None:
    clock = Clock(zone=UTC)
    assert clock.until_rollover_seconds(instant(2026, 7, 1, 3, 59, "UTC") + 500) == 59
    assert clock.until_rollover_seconds(instant(2026, 7, 1, 4, 0, "UTC")) == 86_400


def test_without_a_zone_the_clock_reads_the_zone_of_the_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    at = instant(2026, 7, 1, 2, 0, "UTC")
    monkeypatch.setenv("TZ", "America/New_York")
    time.tzset()
    try:
        assert Clock().day(at) == Clock(zone=ZoneInfo("America/New_York")).day(at)
        assert Clock().iso(at).endswith("-04:00")
    finally:
        monkeypatch.undo()
        time.tzset()
    assert os.environ.get("TZ") != "America/New_York"


def test_a_day_that_begins_twice_begins_the_second_time() -> None:
    zone = ZoneInfo("America/St_Johns")  # in 2010 one minute past midnight was 23:01 of the day before
    clock = Clock(rollover=0, zone=zone)
    at = int(datetime(2010, 11, 6, 23, 9, fold=1, tzinfo=zone).timestamp()) * 1000
    assert clock.until_rollover_seconds(at) == 51 * 60


@given(st.sampled_from(ZONES), st.integers(0, 2_000_000_000), st.integers(0, 23))
def test_the_next_day_is_always_ahead(zone: str, seconds: int, rollover: int) -> None:
    assert Clock(rollover, ZoneInfo(zone)).until_rollover_seconds(seconds * 1000) > 0


@given(st.sampled_from(ZONES), st.integers(0, 2_000_000_000), st.integers(0, 23))
def test_the_start_of_a_day_is_its_first_second(zone: str, seconds: int, rollover: int) -> None:
    clock = Clock(rollover, ZoneInfo(zone))
    day = clock.day(seconds * 1000)
    start = clock.start_of(day + 1)
    assert clock.day(start) >= day + 1
    assert clock.day(start - 1000) < day + 1
    assert start > seconds * 1000 or clock.day(start) > day
