"""Load balance: within the days that fuzz allows, those with less to do than the days around them are likelier.

Anki's load balancer weighs a day by one over the square of the cards due on it, times one over its distance, since far
days hold few cards as yet and would draw every card away. Here a day is compared with the week around it instead, so
that balancing moves cards neither forward nor back; docs/scheduling.md says what that gives.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from scheduler.fuzz import bounds, farthest, fuzzed

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

FARTHEST = 90
"""Days: what lies farther ahead is spread evenly enough by fuzz alone."""

WEEK = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
"""The days of the week as the setting `easy_days` names them, in its order."""

NO_EASY_DAYS = (1.0,) * len(WEEK)

_SHARPNESS = 12
"""A day that holds twice as much as the week around it is so many halvings less likely."""
_AROUND = 3
"""Days to either side of a day that make the week around it."""
REACH = farthest(FARTHEST) + _AROUND
"""Days ahead whose cards decide."""
_AVOIDED = 1e-6
"""Not nothing, so that there is a day to choose where all are to be avoided."""


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
        first = max(1, lower - _AROUND)
        fill = [self._fill(self.today + days) for days in range(first, upper + _AROUND + 1)]
        return [self._weight(days, days - first, fill) for days in range(lower, upper + 1)]

    def _fill(self, day: int) -> float | None:
        """What is due on a day, as it would be on a full day; None where nothing is to be."""
        share = self.easy_days[weekday(day)]
        return self.due.get(day, 0) / share if share else None

    def _weight(self, days: int, index: int, fill: Sequence[float | None]) -> float:
        """How likely a day is, `days` from today; `fill[index]` is its own."""
        own = fill[index]
        if own is None or self.today + days in self.siblings:
            return _AVOIDED
        # No more to the one side than to the other: the nearer a day, the more is due on it.
        reach = min(_AROUND, days - 1)
        around = [each for each in fill[index - reach : index + reach + 1] if each is not None]
        usual = sum(around) / len(around)
        return max(((usual + 1) / (own + 1)) ** _SHARPNESS, _AVOIDED)


def weekday(day: int) -> int:
    """The day of the week, Monday 0, of a day since 1970-01-01, which was a Thursday."""
    return (day + 3) % 7
