"""Measure predictions of recall: log loss, RMSE(bins), calibration. Pure.

Every function takes one entry a review, as arrays or other sequences of equal length. Only reviews at least a day
after the card's previous one count. A prediction is the chance of recall, 0 to 1, just before the review. A review
was recalled if it was rated anything but Again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from scheduler.memory import DEFAULT_PARAMETERS, read_curve

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import ArrayLike, NDArray

    from scheduler.memory import Curve

_CERTAIN = 1e-15  # a failed prediction of 0 or 1 would cost infinitely much
_BINS = 10  # of the calibration
_STEPS = 64  # more than any scale of `review_bins` needs for numbers below 10^14


class Figures(NamedTuple):
    """How well recall was predicted; lower is better."""

    reviews: int  # how many were predicted
    log_loss: float  # see `log_loss`
    rmse_bins: float  # see `rmse_bins`


class CalibrationBin(NamedTuple):
    """The reviews with predictions between `low` and `high`: the mean prediction, and the share recalled."""

    low: float
    high: float
    reviews: int
    predicted: float
    recalled: float


def measure(predicted: ArrayLike, recalled: ArrayLike, bins: ArrayLike) -> Figures:
    """Compute both figures; `bins` come from `review_bins`. Without reviews, raise ValueError."""
    return Figures(np.size(recalled), log_loss(predicted, recalled), rmse_bins(predicted, recalled, bins))


def measure_average(recalled: ArrayLike, bins: ArrayLike) -> Figures:
    """Compute the figures of a constant prediction: the share of the reviews that was recalled."""
    found = _floats(recalled)
    return measure(np.full(found.size, _mean(found)), found, bins)


def log_loss(predicted: ArrayLike, recalled: ArrayLike, weights: ArrayLike | None = None) -> float:
    """Compute the mean of -ln(the predicted chance of what happened), which fsrs-rs minimises.

    `weights` say how much each review counts; by default all count the same. Without reviews, raise ValueError.
    """
    chance = np.clip(_floats(predicted), _CERTAIN, 1 - _CERTAIN)
    loss = -np.log(np.where(np.asarray(recalled, dtype=bool), chance, 1 - chance))
    return _mean(loss, weights)


def rmse_bins(predicted: ArrayLike, recalled: ArrayLike, bins: ArrayLike, weights: ArrayLike | None = None) -> float:
    """Compute the root mean squared difference between predicted and recalled, by bins of similar reviews.

    `bins` come from `review_bins`. In each, the mean prediction is compared with the share recalled; bins count by
    their reviews, or by the sum of their weights. As in fsrs-rs (`FSRS::evaluate`) and fsrs-optimizer (`rmse_matrix`).
    Without reviews, raise ValueError.
    """
    places = np.asarray(bins, dtype=np.int64)
    counts = np.bincount(places)
    some = np.flatnonzero(counts)
    off = (np.bincount(places, _floats(predicted)) - np.bincount(places, _floats(recalled)))[some] / counts[some]
    heavy = counts if weights is None else np.bincount(places, _floats(weights))
    return float(np.sqrt(_mean(off**2, heavy[some])))


def review_bins(elapsed_days: ArrayLike, interday_reviews: ArrayLike, lapses: ArrayLike) -> NDArray[np.int64]:
    """Compute the number of each review's bin, below 2^18; similar numbers share a bin.

    Each of the three is put on a geometric scale, as in fsrs-rs (`FSRSItem::r_matrix_index`): days since the last
    review by 3.62, reviews of a later day up to this one by 1.89, and how many before it were rated Again by 1.73.
    """
    days = _steps(elapsed_days, 3.62)
    reviews = _steps(np.asarray(interday_reviews) + 1, 1.89)
    failures = np.asarray(lapses)
    failed = np.where(failures > 0, _steps(np.maximum(failures, 1), 1.73) + 1, 0)
    return (days * _STEPS + reviews) * _STEPS + failed


def count_so_far(counted: NDArray[np.bool_], first: NDArray[np.int64]) -> NDArray[np.int64]:
    """Count, for each row, the counted rows of its run up to this one; `first` are the indexes at which runs begin."""
    total: NDArray[np.int64] = np.cumsum(counted)
    earlier: NDArray[np.int64] = total[first] - counted[first]
    total -= np.repeat(earlier, np.diff(first, append=counted.size))
    return total


def compute_calibration(predicted: ArrayLike, recalled: ArrayLike) -> list[CalibrationBin]:
    """Compare predicted with recalled in ten equal steps of the prediction from 0 to 1.

    Steps without reviews are included; both their means are 0.
    """
    chance, found = _floats(predicted), _floats(recalled)
    places = np.clip((chance * _BINS).astype(np.int64), 0, _BINS - 1)
    counts = np.bincount(places, minlength=_BINS)
    per_bin = np.maximum(counts, 1)
    means = np.bincount(places, chance, minlength=_BINS) / per_bin
    parts = np.bincount(places, found, minlength=_BINS) / per_bin
    return [
        CalibrationBin(step / _BINS, (step + 1) / _BINS, int(counts[step]), float(means[step]), float(parts[step]))
        for step in range(_BINS)
    ]


def predict_recall(
    curves: Mapping[int, Curve], deck: NDArray[np.int64], stability: NDArray[np.float64], days: NDArray[np.integer]
) -> NDArray[np.float64]:
    """Compute the chance of recall of each review, by the forgetting curve of its deck.

    Decks without a curve have that of the defaults.
    """
    usual = read_curve(DEFAULT_PARAMETERS)
    decks: dict[Curve, list[int]] = {}
    for each in np.unique(deck).tolist():
        decks.setdefault(curves.get(each, usual), []).append(each)
    if len(decks) == 1:
        return next(iter(decks)).recall(stability, _floats(days))
    found = np.empty(deck.size)
    for curve, chosen in decks.items():
        mask = np.isin(deck, chosen)
        found[mask] = curve.recall(stability[mask], _floats(days[mask]))
    return found


def _steps(values: ArrayLike, base: float) -> NDArray[np.int64]:
    """Compute how many whole times each value, from 1 on, contains the factor `base`."""
    counts = np.asarray(values, dtype=np.int64)
    # Each whole number is computed once.
    each = np.arange(1, counts.max(initial=1) + 1)
    steps = np.floor(np.log(each) / np.log(base)).astype(np.int64)
    found: NDArray[np.int64] = steps[counts - 1]
    return found


def _floats(values: ArrayLike) -> NDArray[np.float64]:
    return np.asarray(values, dtype=np.float64)


def _mean(values: NDArray[np.float64], weights: ArrayLike | None = None) -> float:
    if values.size == 0:
        raise ValueError("there are no reviews to measure")
    return float(np.average(values, weights=None if weights is None else _floats(weights)))
