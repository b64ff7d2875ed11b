"""Measure how far predictions of recall were off at earlier dates of the same log."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from scheduler.model import Rating, State
from scheduler.prediction_error import predict_recall

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from scheduler.log_columns import Ratings
    from scheduler.memory import Curve


_LONGEST_DAYS: Final = 60
_SHORTEST_DAYS: Final = 7
_LEAST_DATES: Final = 4
_LEAST_REVIEWS: Final = 20  # after a date, so that it counts
_HALF_LIFE: Final = 3  # dates after which an error counts half
_LIKELY: Final = 1.64  # standard errors on both sides hold nine cases in ten


class PastError(NamedTuple):
    """How far predictions were off.

    Attributes:
        error: the typical distance between the predicted and the actual share of recalled cards, 0 to 1.
        dates: how many earlier dates were looked at.
        reviews: how many reviews the predictions were compared with.
        days: how far ahead of each date.
    """

    error: float
    dates: int
    reviews: int
    days: int

    def find_range(self, share: float, seen: float = 1.0) -> tuple[float, float]:
        """Return the range that holds the actual share in about nine cases of ten, if this part of cards is seen."""
        off = _LIKELY * self.error * seen
        return max(0.0, share - off), min(seen, share + off)


def measure_past_error(
    ratings: Ratings, deck: NDArray[np.int64], curves: Mapping[int, Curve], today: int, horizon: int
) -> PastError | None:
    """Compare predictions made at earlier dates with the reviews that followed each of them.

    From each date on, the first review of a card is predicted from the memory state that the card had on the date, and
    nothing later. The error is a root mean square over the dates, recent ones counting more, less the luck of the
    reviews that it is measured by.

    Args:
        ratings: all ratings that count.
        deck: the deck of each of them.
        curves: the forgetting curve of each deck.
        today: the day.
        horizon: how many days ahead the prediction is for; dates are as far apart if the log is long enough.

    Returns:
        The error; nothing if the log is too short to tell.
    """
    pairs = _pair_reviews(ratings, deck, curves, today)
    if not pairs.day.size:
        return None
    span = today - int(pairs.day.min()) + 1
    days = max(_SHORTEST_DAYS, min(horizon, _LONGEST_DAYS, span // _LEAST_DATES))
    found = _measure(pairs, today, days)
    while found is None and days > _SHORTEST_DAYS:
        days = max(_SHORTEST_DAYS, days // 2)
        found = _measure(pairs, today, days)
    return found


class _Pairs(NamedTuple):
    """Reviews of a later day than the rating before: their day, the day of that rating, and what it predicted."""

    day: NDArray[np.int32]
    previous: NDArray[np.int32]
    predicted: NDArray[np.float64]
    recalled: NDArray[np.bool_]


def _measure(pairs: _Pairs, today: int, days: int) -> PastError | None:
    """Measure the error from dates that are this many days apart, if there are enough of them."""
    window = (today - pairs.day) // days
    date = today - (window + 1) * days + 1
    # A card whose state changed within the window is predicted from the state before it only once.
    first = pairs.previous < date
    window, predicted, recalled = window[first], pairs.predicted[first], pairs.recalled[first]
    if not window.size:
        return None
    counts = np.bincount(window)
    enough = counts >= _LEAST_REVIEWS
    if enough.sum() < _LEAST_DATES:
        return None
    count = counts[enough]
    off = (np.bincount(window, recalled - predicted)[enough]) / count
    luck = np.bincount(window, predicted * (1 - predicted))[enough] / count**2
    weights = count * 0.5 ** (np.flatnonzero(enough) / _HALF_LIFE)
    square = float(np.average(off**2 - luck, weights=weights))
    # A smaller error than the luck of all reviews together cannot be told.
    least = float((luck * count**2).sum() / count.sum() ** 2)
    return PastError(max(square, least) ** 0.5, int(enough.sum()), int(count.sum()), days)


def _pair_reviews(ratings: Ratings, deck: NDArray[np.int64], curves: Mapping[int, Curve], today: int) -> _Pairs:
    """Pair the reviews up to today; those of a clock that was ahead are of no day yet."""
    order = np.argsort(ratings.card, kind="stable")
    card, day, stability = ratings.card[order], ratings.day[order], ratings.stability[order]
    later = np.flatnonzero(
        (np.diff(card) == 0)
        & (np.diff(day) > 0)
        & (day[1:] <= today)
        & ~np.isnan(stability[:-1])
        & (ratings.state_before[order][1:] != int(State.NEW))
    )
    predicted = predict_recall(curves, deck[order][later], stability[later], day[later + 1] - day[later])
    recalled = ratings.rating[order][later + 1] > int(Rating.AGAIN)
    return _Pairs(day[later + 1], day[later], predicted, recalled)
