"""Compare predicted recall with the reviews that followed, day by day and from earlier dates of the log."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from scheduler import fit
from scheduler.model import Rating, State

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from scheduler.log_arrays import Floats, Ints, Mask, Ratings
    from scheduler.memory import Curve


_LONGEST_DAYS: Final = 60
_SHORTEST_DAYS: Final = 7
_LEAST_DATES: Final = 4
_LEAST_REVIEWS: Final = 20  # minimum number of reviews after a date
_HALF_LIFE: Final = 3  # an error this many dates back counts half
_LIKELY: Final = 1.64  # standard errors to each side that cover nine cases in ten


class PastError(NamedTuple):
    """How far off past predictions were."""

    error: float  # typical distance between the predicted and the actual share of recalled cards, 0 to 1
    dates: int  # number of earlier dates compared
    reviews: int  # number of reviews compared
    days: int  # days predicted from each date

    def find_range(self, share: float, seen: float = 1.0) -> tuple[float, float]:
        """Return the range that holds the actual share in nine of ten cases; `seen` is the share of rated cards."""
        off = _LIKELY * self.error * seen
        return max(0.0, share - off), min(seen, share + off)


def measure_past_error(
    ratings: Ratings, deck: Ints, curves: Mapping[int, Curve], today: int, horizon: int
) -> PastError | None:
    """Measure the error of predictions from earlier dates, or return nothing if the log is too short.

    For each date, the next review of each card is predicted from the memory state on that date. The error is a root
    mean square over the dates, weighted towards recent ones, minus the chance variation of the reviews. The dates are
    `horizon` days apart if the log is long enough.
    """
    pairs = _pair_ratings(ratings, deck, None, today)
    if not pairs.day.size:
        return None
    predicted = fit.predict_recall(curves, pairs.deck, pairs.stability, pairs.elapsed)
    span = today - int(pairs.day.min()) + 1
    days = max(_SHORTEST_DAYS, min(horizon, _LONGEST_DAYS, span // _LEAST_DATES))
    found = _measure(pairs, predicted, today, days)
    while found is None and days > _SHORTEST_DAYS:
        days = max(_SHORTEST_DAYS, days // 2)
        found = _measure(pairs, predicted, today, days)
    return found


def _measure(pairs: _RatingPairs, predicted: Floats, today: int, days: int) -> PastError | None:
    """Measure the error from dates this many days apart, if there are enough of them."""
    window = (today - pairs.day) // days
    date = today - (window + 1) * days + 1
    # If the state of a card changed within the window, the card is predicted only once, from its earlier state.
    first = pairs.day - pairs.elapsed < date
    window, predicted, recalled = window[first], predicted[first], pairs.recalled[first]
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
    # An error smaller than the chance variation of all reviews together cannot be detected.
    least = float((luck * count**2).sum() / count.sum() ** 2)
    return PastError(max(square, least) ** 0.5, int(enough.sum()), int(count.sum()), days)


@dataclass(frozen=True, slots=True)
class Predictions:
    """The accuracy of the memory states at the time of each review. `figures` is nothing without reviews."""

    bins: Sequence[fit.CalibrationBin]
    figures: fit.Figures | None
    average: fit.Figures | None


def compare_predictions(
    ratings: Ratings, start: int, today: int, deck: Ints, curves: Mapping[int, Curve]
) -> Predictions:
    """Predict each review from the memory state after the previous rating on an earlier day, and compare."""
    pairs = _pair_ratings(ratings, deck, start, today)
    predicted = fit.predict_recall(curves, pairs.deck, pairs.stability, pairs.elapsed)
    if not predicted.size:
        return Predictions(fit.compute_calibration(predicted, pairs.recalled), None, None)
    bins = fit.review_bins(pairs.elapsed, pairs.reviews, pairs.lapses)
    return Predictions(
        fit.compute_calibration(predicted, pairs.recalled),
        fit.measure(predicted, pairs.recalled, bins),
        fit.measure_average(pairs.recalled, bins),
    )


class _RatingPairs(NamedTuple):
    """Reviews at least a day after the previous rating, one array entry per review."""

    deck: Ints  # the card's deck
    stability: Floats  # in days, after the previous rating
    day: NDArray[np.int32]  # of the review
    elapsed: NDArray[np.int32]  # days since the previous rating
    recalled: Mask  # whether the card was recalled
    # reviews, lapses: such reviews of the card up to this one, and failed ones before it
    reviews: NDArray[np.int32]
    lapses: NDArray[np.int32]


def _pair_ratings(ratings: Ratings, deck: Ints, start: int | None, today: int) -> _RatingPairs:
    """Pair each review of a period, or of all days up to today, with the previous rating."""
    order = np.argsort(ratings.card, kind="stable")
    day, stability = ratings.day[order], ratings.stability[order]
    first = np.flatnonzero(np.diff(ratings.card[order], prepend=ratings.card[order[:1]] - 1))
    later = np.diff(day, prepend=day[:1]) > 0
    later[first] = False
    failed = later & (ratings.rating[order] == int(Rating.AGAIN))
    counted = later & (ratings.state_before[order] != int(State.NEW)) & (day <= today)
    if start is not None:
        counted &= day >= start
    counted[1:] &= ~np.isnan(stability[:-1])
    chosen = np.flatnonzero(counted)
    return _RatingPairs(
        deck[order[chosen]],
        stability[chosen - 1],
        day[chosen],
        day[chosen] - day[chosen - 1],
        ~failed[chosen],
        fit.count_so_far(later, first)[chosen],
        fit.count_so_far(failed, first)[chosen] - failed[chosen],
    )
