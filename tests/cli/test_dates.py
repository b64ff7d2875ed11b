"""Dates as people write them."""

from __future__ import annotations

from datetime import date

import pytest

from flashcards.cli.params import read_date

FRIDAY = date(2026, 11, 27)


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("2026-12-15", "2026-12-15"),
        ("today", "2026-11-27"),
        ("Tomorrow", "2026-11-28"),
        ("+3", "2026-11-30"),
        ("+2w", "2026-12-11"),
        ("sat", "2026-11-28"),
        ("fri", "2026-12-04"),
        ("next thursday", "2026-12-03"),
        ("28", "2026-11-28"),
        ("17", "2026-12-17"),
        ("27", "2026-12-27"),
        ("31", "2026-12-31"),
        ("dec 17", "2026-12-17"),
        ("17 december", "2026-12-17"),
        ("nov 27", "2026-11-27"),
        ("mar 3", "2027-03-03"),
        ("feb 29", "2028-02-29"),
    ],
)
def test_a_date_is_the_next_day_that_fits(text: str, day: str) -> None:
    assert read_date(text, FRIDAY) == date.fromisoformat(day)


@pytest.mark.parametrize(
    "text", ["", "soon", "0", "32", "t", "ma 3", "feb 30", "+", "-1", "2026-13-01", "1e3", "+99999999"]
)
def test_only_dates_are_read_as_dates(text: str) -> None:
    assert read_date(text, FRIDAY) is None


def test_a_number_alone_may_mean_days() -> None:
    assert read_date("17", FRIDAY, days_of_month=False) is None
