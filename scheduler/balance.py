"""Load balance: within the days that fuzz allows, those with little to do are likelier.

The rule of Anki's load balancer (2025): a day's weight is one over a power of the cards due on it, times one over a
power of its distance, so that balancing does not put cards off; a day with a sibling, or an easy day that has its share
already, weighs next to nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from scheduler.fuzz import bounds, fuzzed

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

FARTHEST = 90
"""Days: what lies farther ahead is spread evenly enough by fuzz alone."""

WEEK = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
"""The days of the week as the setting `easy_days` names them, in its order."""

NO_EASY_DAYS = (1.0,) * len(WEEK)

_DUE_POWER = 2.15
_DISTANCE_POWER = 3.0
_AVOIDED = 0.0001
"""Not nothing, so that there is a day to choose where all are to be avoided."""
_WITH_SIBLING = 0.001

_BY_DUE = (1.0, *(count**-_DUE_POWER for count in range(1, 1000)))
_BY_DISTANCE = (1.0, *(days**-_DISTANCE_POWER for days in range(1, 2 * FARTHEST)))


class Load(NamedTuple):
    """What the days ahead hold when a card is to be put among them.

    Attributes:
        today: the day.
        due: how many cards are due on a day; days without any may be missing.
        siblings: the days on which a sibling of the card is due.
        easy_days: how much is to be done on each day of the week, Monday first, 0 to 1.
    """

    today: int
    due: Mapping[int, int]
    siblings: Collection[int] = ()
    easy_days: Sequence[float] = NO_EASY_DAYS

    def interval(self, days: float, minimum: int, maximum: int, drawn: float) -> int:
        """The interval in whole days: `days` moved within its bounds, by `drawn` in [0, 1), to a day that suits."""
        if days > FARTHEST or minimum > FARTHEST:
            return fuzzed(days, minimum, maximum, drawn)
        lower, upper = bounds(days, minimum, maximum)
        if lower == upper:
            return lower
        weights = self._weights(lower, upper)
        left = drawn * sum(weights)
        for chosen, weight in enumerate(weights, lower):
            left -= weight
            if left < 0:
                return chosen
        return upper  # only by rounding

    def _weights(self, lower: int, upper: int) -> list[float]:
        days = range(self.today + lower, self.today + upper + 1)
        due = [self.due.get(day, 0) for day in days]
        weights = [
            _by_due(count) * (_BY_DISTANCE[distance] if count else 1.0) for distance, count in enumerate(due, lower)
        ]
        if self.easy_days != NO_EASY_DAYS:
            shares = [self.easy_days[weekday(day)] for day in days]
            weights = [weight * each for weight, each in zip(weights, _by_easy_days(shares, due), strict=True)]
        if self.siblings:
            weights = [
                weight * _WITH_SIBLING if day in self.siblings else weight
                for day, weight in zip(days, weights, strict=True)
            ]
        return weights


def weekday(day: int) -> int:
    """The day of the week, Monday 0, of a day since 1970-01-01, which was a Thursday."""
    return (day + 3) % 7


def _by_due(count: int) -> float:
    return _BY_DUE[count] if count < len(_BY_DUE) else count**-_DUE_POWER


def _by_easy_days(shares: Sequence[float], due: Sequence[int]) -> list[float]:
    """1 for a day that may take a card, next to nothing for one that has its share.

    An easy day has its share when, for its part of a full day, it holds more than the other days do for theirs.
    """
    all_due, all_shares = sum(due), sum(shares)
    return [
        1.0 if share >= 1 or (share > 0 and count * (all_shares - share) <= (all_due - count) * share) else _AVOIDED
        for share, count in zip(shares, due, strict=True)
    ]
