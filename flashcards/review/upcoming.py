"""When cards are due next, read from the store."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from flashcards.review.views import Upcoming
from scheduler import State

if TYPE_CHECKING:
    from scheduler import Store
    from scheduler.queue import Counts

_ASKABLE = "active = 1 AND suspended = 0"
_SHOWN = f"{_ASKABLE} AND (buried_day IS NULL OR buried_day < :today)"
_HIDDEN = f"{_ASKABLE} AND buried_day >= :today"

_STEPS = f"SELECT min(due_ms), count(*) FROM cards WHERE due_ms > :now_ms AND due_ms < :end_ms AND {_SHOWN}"
_STEPS_NOW = f"SELECT 0, count(*) FROM cards WHERE due_ms <= :now_ms AND {_SHOWN}"
# One card of a note a day: what the limits hold back counts by notes.
_DUE = f"SELECT 0, count(DISTINCT note) FROM cards WHERE due_day <= :today AND {_SHOWN}"
_NEW = f"SELECT 0, count(DISTINCT note) FROM cards WHERE state = {State.NEW:d} AND {_SHOWN}"
_BURIED = f"SELECT 0, count(*) FROM cards WHERE due_day <= :today AND {_HIDDEN}"
_NEXT_DAY = f"SELECT min(due_day), 0 FROM cards WHERE due_day > :today AND {_ASKABLE}"
_NEXT_STEP = f"SELECT min(due_ms), 0 FROM cards WHERE due_ms >= :end_ms AND {_ASKABLE}"
_ON_DAY = (
    "SELECT 0, count(*) FROM cards WHERE (due_day = :day OR (due_ms >= :start_ms AND due_ms < :stop_ms))"
    f" AND {_ASKABLE}"
)


def upcoming(store: Store, now_ms: int, left: Counts, only: frozenset[int] | None = None) -> Upcoming:
    """When cards (those of `only`, or all) are due after what is `left` of today's queue."""
    clock = store.clock
    today = clock.day(now_ms)
    values: dict[str, int | str] = {"today": today, "now_ms": now_ms, "end_ms": clock.start_of(today + 1)}
    values["only"] = json.dumps(sorted(only or ()))

    def one(sql: str) -> tuple[int | None, int]:
        among = "" if only is None else " AND id IN (SELECT value FROM json_each(:only))"
        row: tuple[int | None, int] = store.connection.execute(sql + among, values).fetchone()
        return row

    first_ms, steps = one(_STEPS)
    now = one(_STEPS_NOW)[1]
    next_ms = one(_NEXT_STEP)[0]
    buried = one(_BURIED)[1]
    days = [one(_NEXT_DAY)[0], None if next_ms is None else clock.day(next_ms), today + 1 if buried else None]
    day = min((each for each in days if each is not None), default=None)
    on_day = 0
    if day is not None:
        values |= {"day": day, "start_ms": clock.start_of(day), "stop_ms": clock.start_of(day + 1)}
        on_day = one(_ON_DAY)[1] + (buried if day == today + 1 else 0)
    return Upcoming(
        now=now,
        today=steps,
        today_ms=first_ms,
        day=day,
        days_away=0 if day is None else day - today,
        on_day=on_day,
        held_due=max(0, one(_DUE)[1] - left.review - max(0, left.learning - steps - now)),
        held_new=max(0, one(_NEW)[1] - left.new),
    )
