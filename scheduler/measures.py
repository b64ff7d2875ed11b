"""How good predictions of recall are: log loss, RMSE(bins), calibration. Pure, and quick on a million reviews.

Every function takes one entry a review, as arrays or other sequences of equal length. Only reviews count that came at
least a day after the card's last one; a prediction is the chance of recall, 0 to 1, just before the review, and a
review was recalled if it was rated anything but Again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

_CERTAIN = 1e-15  # a prediction of 0 or 1 that fails would cost infinitely much
_STEPS = 64  # more than any of the scales of `review_bins` has for numbers below 10^14


class Figures(NamedTuple):
    """How well recall was predicted: the lower, the better.

    Attributes:
        reviews: how many were predicted.
        log_loss: see `log_loss`.
        rmse_bins: see `rmse_bins`.
    """

    reviews: int
    log_loss: float
    rmse_bins: float


class CalibrationBin(NamedTuple):
    """The reviews whose predictions lie between `low` and `high`: the mean prediction, and the part recalled."""

    low: float
    high: float
    reviews: int
    predicted: float
    recalled: float


def measure(predicted: ArrayLike, recalled: ArrayLike, bins: ArrayLike) -> Figures:
    """Both figures at once; `bins` come from `review_bins`.

    Raises:
        ValueError: there are no reviews.
    """
    return Figures(np.size(recalled), log_loss(predicted, recalled), rmse_bins(predicted, recalled, bins))


def measure_average(recalled: ArrayLike, bins: ArrayLike) -> Figures:
    """The figures of who knows only which part of these reviews was recalled, and predicts that each time.

    Raises:
        ValueError: there are no reviews.
    """
    found = _floats(recalled)
    return measure(np.full(found.size, _mean(found)), found, bins)


def log_loss(predicted: ArrayLike, recalled: ArrayLike, weights: ArrayLike | None = None) -> float:
    """The mean of -ln(the chance that was given to what then happened).

    The binary cross-entropy that fsrs-rs minimises; `weights` say how much each review counts, otherwise all the same.

    Raises:
        ValueError: there are no reviews.
    """
    chance = np.clip(_floats(predicted), _CERTAIN, 1 - _CERTAIN)
    loss = -np.log(np.where(np.asarray(recalled, dtype=bool), chance, 1 - chance))
    return _mean(loss, weights)


def rmse_bins(predicted: ArrayLike, recalled: ArrayLike, bins: ArrayLike, weights: ArrayLike | None = None) -> float:
    """The root of the mean squared difference between predicted and recalled, by bins of like reviews.

    `bins` are whole numbers from 0 on, and not large, as `review_bins` gives them. In each bin the mean prediction is
    compared with the part that was recalled; the bins count by their reviews, or by the sum of their weights. As in
    fsrs-rs (`FSRS::evaluate`) and fsrs-optimizer (`rmse_matrix`).

    Raises:
        ValueError: there are no reviews.
    """
    places = np.asarray(bins, dtype=np.int64)
    counts = np.bincount(places)
    some = np.flatnonzero(counts)
    off = (np.bincount(places, _floats(predicted)) - np.bincount(places, _floats(recalled)))[some] / counts[some]
    heavy = counts if weights is None else np.bincount(places, _floats(weights))
    return float(np.sqrt(_mean(off**2, heavy[some])))


def review_bins(elapsed_days: ArrayLike, interday_reviews: ArrayLike, lapses: ArrayLike) -> NDArray[np.int64]:
    """A number for the bin that each review belongs to, below 2^18; like numbers, like bins.

    Each of the three is put on a geometric scale, as in fsrs-rs (`FSRSItem::r_matrix_index`): bins of days grow by
    3.62, of reviews by 1.89, of lapses by 1.73.

    Args:
        elapsed_days: since the card's last review, 1 or more.
        interday_reviews: the card's reviews that came a day or more after the one before, up to and with this one.
        lapses: those of them before this one that were rated Again.
    """
    days = _steps(elapsed_days, 3.62)
    reviews = _steps(np.asarray(interday_reviews) + 1, 1.89)
    failures = np.asarray(lapses)
    failed = np.where(failures > 0, _steps(np.maximum(failures, 1), 1.73) + 1, 0)
    return (days * _STEPS + reviews) * _STEPS + failed


def compute_calibration(predicted: ArrayLike, recalled: ArrayLike, bins: int = 10) -> list[CalibrationBin]:
    """Predicted against recalled in so many equal steps of the prediction from 0 to 1; steps without reviews too.

    Of a step without reviews both means are 0.
    """
    chance, found = _floats(predicted), _floats(recalled)
    places = np.clip((chance * bins).astype(np.int64), 0, bins - 1)
    counts = np.bincount(places, minlength=bins)
    per_bin = np.maximum(counts, 1)
    means = np.bincount(places, chance, minlength=bins) / per_bin
    parts = np.bincount(places, found, minlength=bins) / per_bin
    return [
        CalibrationBin(step / bins, (step + 1) / bins, int(counts[step]), float(means[step]), float(parts[step]))
        for step in range(bins)
    ]


def retrievability(stability: ArrayLike, elapsed_days: ArrayLike, decay: ArrayLike) -> NDArray[np.float64]:
    """The chance of recall so many days after a review that left these stabilities.

    FSRS-6's forgetting curve: (1 + factor * days / stability) ** -decay, where the factor makes it 0.9 after as many
    days as the stability. `decay` is the last of the 21 parameters (see `scheduler.memory.filled`), one
    for all or one each.
    """
    power = _floats(decay)
    factor = 0.9 ** (-1 / power) - 1
    return _floats((1 + factor * _floats(elapsed_days) / _floats(stability)) ** -power)


def _steps(values: ArrayLike, base: float) -> NDArray[np.int64]:
    """How many whole times `base` goes into each value, a whole number from 1 on, as a factor."""
    counts = np.asarray(values, dtype=np.int64)
    # Every whole number that occurs is worked out once.
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
