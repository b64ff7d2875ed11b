"""Compute intervals: fuzz and load balancing in Anki's ranges, and new due days after changed memory states."""

from __future__ import annotations

import math
from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

from scheduler.tables import ASKABLE, CARD_COLUMNS, UNDER_REVIEW, match_due_day, to_card

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

    from scheduler.model import Card
    from scheduler.policy import Policy
    from scheduler.store import Store


_RANGES = ((2.5, 7.0, 0.15), (7.0, 20.0, 0.1), (20.0, math.inf, 0.05))
"""Ranges of days, each with the share of its days that is added to the spread."""

_MASK = (1 << 64) - 1


def hash_to_fraction(card_id: int, reps: int) -> float:
    """Compute a number in [0, 1) from only the card and its repetition count.

    So a button shows the interval that it gives. The mixing is that of SplitMix64 (Steele, Lea and Flood, 2014).
    """
    mixed = (card_id * 0x9E3779B97F4A7C15 + reps * 0xD1B54A32D192ED03) & _MASK
    mixed = ((mixed ^ (mixed >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
    mixed = ((mixed ^ (mixed >> 27)) * 0x94D049BB133111EB) & _MASK
    return ((mixed ^ (mixed >> 31)) >> 11) / (1 << 53)


def find_farthest(interval: float) -> int:
    """Find the last day to which fuzz could move an interval (in days), ignoring limits."""
    return round_half_up(interval + _spread(interval))


def compute_bounds(interval: float, minimum: int, maximum: int) -> tuple[int, int]:
    """Compute the first and the last day that an interval (in days) may move to, within the limits given."""
    minimum = min(minimum, maximum)
    interval = min(max(interval, minimum), maximum)
    lower = min(max(round_half_up(interval - _spread(interval)), minimum), maximum)
    upper = min(max(find_farthest(interval), minimum), maximum)
    if upper == lower and 2 < upper < maximum:
        upper = lower + 1
    return lower, upper


def fuzz_interval(interval: float, minimum: int, maximum: int, fraction: float | None) -> int:
    """Move an interval within its bounds by `fraction` in [0, 1), or only round it without a fraction. Whole days."""
    if fraction is None:
        return min(max(round_half_up(interval), minimum), maximum)
    lower, upper = compute_bounds(interval, minimum, maximum)
    return lower + math.floor(fraction * (upper - lower + 1))


def round_half_up(days: float) -> int:
    """Round to the nearest whole number, halves up (Python's `round` rounds halves to even)."""
    return math.floor(days + 0.5)


def _spread(interval: float) -> float:
    """Compute how many days an interval may move either way: 0 below 2.5 days, then 1 and a share of the interval."""
    if interval < _RANGES[0][0]:
        return 0.0
    spread = 1.0
    for start, end, factor in _RANGES:
        if interval <= start:
            break
        spread += factor * (min(interval, end) - start)
    return spread


FARTHEST = 90
"""Intervals of more days are spread evenly enough by fuzz alone."""

WEEK = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
"""The days of the week as named in the setting `easy_days`, in its order."""

NO_EASY_DAYS = (1.0,) * len(WEEK)

_SHARPNESS = 12
"""The exponent of the load: a day with twice the load of the surrounding days is 2^12 times less likely."""
_AROUND = 3
"""The number of days to either side with which a day is compared."""
REACH = find_farthest(FARTHEST) + _AROUND
"""The number of days ahead whose cards matter."""
_AVOIDED = 1e-6
"""Above 0, so that a day can be chosen even if all are to be avoided."""


class Load(NamedTuple):
    """The days ahead, for load balancing."""

    today: int  # the day
    due: Mapping[int, int]  # number of cards due by day; days without cards may be missing
    siblings: Collection[int] = ()  # the days on which a sibling of the card is due
    easy_days: Sequence[float] = NO_EASY_DAYS  # share of work on each day of the week, Monday first, 0 to 1

    def interval(self, days: float, minimum: int, maximum: int, fraction: float) -> int:
        """Choose the interval in whole days: moved within its bounds, by `fraction` in [0, 1), to a suitable day."""
        if days > FARTHEST or minimum > FARTHEST:
            return fuzz_interval(days, minimum, maximum, fraction)
        lower, upper = compute_bounds(days, minimum, maximum)
        if lower == upper:
            return lower
        weights = self._compute_weights(lower, upper)
        left = fraction * sum(weights)
        for chosen, weight in enumerate(weights, lower):
            left -= weight
            if left < 0:
                return chosen
        return upper  # reached only through rounding errors

    def _compute_weights(self, lower: int, upper: int) -> list[float]:
        first = max(1, lower - _AROUND)
        fill = [self._compute_fill(self.today + days) for days in range(first, upper + _AROUND + 1)]
        return [self._compute_weight(days, days - first, fill) for days in range(lower, upper + 1)]

    def _compute_fill(self, day: int) -> float | None:
        """Compute the load of a day, scaled to a full day; a day without work has no load."""
        share = self.easy_days[find_weekday(day)]
        return self.due.get(day, 0) / share if share else None

    def _compute_weight(self, days: int, index: int, fill: Sequence[float | None]) -> float:
        """Compute how likely a day is, `days` from today; `fill[index]` is its own load."""
        own = fill[index]
        if own is None or self.today + days in self.siblings:
            return _AVOIDED
        # Compare the same number of days on both sides, because nearer days have more cards.
        reach = min(_AROUND, days - 1)
        around = [each for each in fill[index - reach : index + reach + 1] if each is not None]
        usual = sum(around) / len(around)
        return max(((usual + 1) / (own + 1)) ** _SHARPNESS, _AVOIDED)


def find_weekday(day: int) -> int:
    """Find the day of the week, Monday 0, of a day since 1970-01-01, which was a Thursday."""
    return (day + 3) % 7


_DUE = f"SELECT due_day, count(*) FROM cards WHERE due_day > ? AND {match_due_day('?')} AND {ASKABLE} GROUP BY due_day"
_SIBLINGS = f"SELECT due_day FROM cards WHERE note = ? AND id <> ? AND due_day IS NOT NULL AND {ASKABLE}"


def count_due_ahead(connection: sqlite3.Connection, today: int, days: int) -> dict[int, int]:
    """Count the cards due on each of the `days` after today; days without cards are missing."""
    return dict(connection.execute(_DUE, (today, today + days)))


class Ahead:
    """The number of cards due on each day ahead, as far as load is balanced.

    Any other write to the database, from any process, causes a new read. Earlier counts are not modified, so a
    displayed load stays valid.
    """

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._due: dict[int, int] = {}
        self._state: tuple[int, int, int] | None = None

    def due(self, today: int) -> Mapping[int, int]:
        """Count the cards due on each day; days without cards are missing."""
        if not self.is_current(today):
            self._due = count_due_ahead(self._connection, today, REACH)
            self._state = self._read_version(today)
        return self._due

    def siblings(self, card: Card) -> list[int]:
        """Find the days on which the other cards of its note are due."""
        return [day for (day,) in self._connection.execute(_SIBLINGS, (card.note, card.id))]

    def is_current(self, today: int) -> bool:
        """Return whether nothing was written since the cards were read, or since the last `record_rating`."""
        return self._state == self._read_version(today)

    def record_rating(self, before: Card, after: Card, today: int) -> None:
        """Record a rating that was written while `is_current` held."""
        if before.due_day in self._due and before.active and not before.suspended:
            self._due[before.due_day] -= 1
        if after.due_day is not None and after.active and not after.suspended:
            self._due[after.due_day] = self._due.get(after.due_day, 0) + 1
        self._state = self._read_version(today)

    def _read_version(self, today: int) -> tuple[int, int, int]:
        """Return a value that changes with the day, and with a write by any connection."""
        version = int(self._connection.execute("PRAGMA data_version").fetchone()[0])
        return today, version, self._connection.total_changes


class Move(NamedTuple):
    """A card whose due day changes."""

    card: int
    before: int
    after: int


def find_moves(store: Store, policy_of: Callable[[int], Policy]) -> list[Move]:
    """Find the review cards whose due day does not follow from their last review, memory and settings (by deck)."""
    rows = store.connection.execute(
        f"SELECT {CARD_COLUMNS} FROM cards WHERE {UNDER_REVIEW} AND active = 1 AND stability IS NOT NULL"
    )
    found = []
    for card in map(to_card, rows):
        policy = policy_of(card.deck)
        if card.stability is None or card.last_day is None or card.due_day is None:
            continue
        days = store.model(policy.parameters).interval_days(card.stability, policy.retention)
        fraction = hash_to_fraction(card.id, card.reps) if policy.fuzz else None
        due_day = card.last_day + fuzz_interval(days, 1, policy.maximum_interval, fraction)
        if due_day != card.due_day:
            found.append(Move(card.id, card.due_day, due_day))
    return found


def count_due_by_day(
    store: Store, today: int, days: int, changes: Iterable[Move] = (), only: Collection[int] | None = None
) -> list[int]:
    """Count the cards due today (overdue ones included) and on each day after, `days` in all, or `only` these cards.

    A card on a step within a day is due on that day. `changes` are due days to come.
    """
    import json  # imported late, because only reports count days

    chosen = "" if only is None else " AND id IN (SELECT value FROM json_each(?))"
    rows = store.connection.execute(
        "SELECT due_day, due_ms, count(*) FROM cards"
        f" WHERE (due_day IS NOT NULL OR due_ms IS NOT NULL) AND {ASKABLE}{chosen} GROUP BY due_day, due_ms",
        () if only is None else (json.dumps(list(only)),),
    )
    due: Counter[int] = Counter()
    for day, at_ms, count in rows:
        due[store.clock.day(at_ms) if day is None else day] += count
    for move in changes:
        due[move.before] -= 1
        due[move.after] += 1
    ahead = [0] * days
    for day, count in due.items():
        if day < today + days:
            ahead[max(0, day - today)] += count
    return ahead
