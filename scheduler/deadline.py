"""Working towards a day: all new cards begun in time, and a last pass over what is learnt in the days before it.

Intervals stay those of FSRS: a card that is due after the day would be recalled on it at least as often as `retention`
says. The last pass asks each card once more shortly before the day, when a review does most for it, spread so that no
day is crowded. Capping intervals at the day instead would put everything on its eve. docs/readiness.md has the figures.
"""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from scheduler.fuzz import draw

if TYPE_CHECKING:
    from scheduler.policy import Policy

LAST_PASS_DAYS = 7
"""The last pass goes over the days before the day, so many of them."""

REST_DAYS = 3
"""The last new card comes so many days before the last day, so that it is seen again."""

_TILT = 0.95
_EPOCH = date(1970, 1, 1).toordinal()
_STREAM = 0x9E3779B9  # a draw that has nothing to do with those of fuzz
_WHOLE = 1 << 64
_GOLDEN = 0x9E3779B97F4A7C15  # the golden ratio's part of `_WHOLE`


def deadline_day(policy: Policy) -> int | None:
    """The day that a deck works towards, in days since 1970-01-01; None where it has none."""
    return date.fromisoformat(policy.deadline).toordinal() - _EPOCH if policy.deadline else None


def new_a_day(unseen: int, today: int, day: int) -> int:
    """New cards a day, evenly, that begin all `unseen` ones in time; 0 once the day is past."""
    if day <= today or not unseen:
        return 0
    return -(-unseen // max(1, day - today - REST_DAYS))


def pass_day(card: int, day: int) -> int:
    """The day on which the last pass before `day` asks a card: always the same, and all of them nearly evenly.

    Later days get more, for of their cards more are reviewed in the days of the pass before their turn comes. Steps of
    the golden ratio spread ids that follow one another more evenly than chance would.
    """
    place = (card * _GOLDEN % _WHOLE / _WHOLE + draw(_STREAM, day)) % 1
    return day - LAST_PASS_DAYS + int(place**_TILT * LAST_PASS_DAYS)


def is_passed(card: int, last_day: int, day: int, today: int) -> bool:
    """Whether the last pass asks a card today: its turn has come, and it was not reviewed in the days of the pass."""
    return last_day < day - LAST_PASS_DAYS and pass_day(card, day) <= today < day
