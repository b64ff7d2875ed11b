"""Fit FSRS to the reviews of a log, and measure predictions of recall: log loss, RMSE(bins), calibration.

Functions that measure take one entry a review, in sequences of equal length. Only reviews at least a day after the
card's previous one count. A prediction is the chance of recall, 0 to 1, just before the review. A review was recalled
if it was rated anything but Again.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, NamedTuple

import numpy as np

from scheduler.memory import DEFAULT_PARAMETERS, Curve, fill_parameters, read_curve
from scheduler.model import Memory, Rating, State
from scheduler.replay import find_last_runs, make_entries

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from fsrs_rs_python import FSRSItem, FSRSReview
    from numpy.typing import ArrayLike, NDArray

    from scheduler.log_arrays import Floats, Ints, LogColumns, Mask


_CERTAIN = 1e-15  # a failed prediction of 0 or 1 would have an infinite cost
_BINS = 10  # bins of the calibration
_STEPS = 64  # more than any scale of `review_bins` needs for numbers below 10^14


class Figures(NamedTuple):
    """The accuracy of predicted recall; lower is better."""

    reviews: int  # number of predicted reviews
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
    """Compute the figures of a constant prediction: the share of reviews recalled."""
    found = _floats(recalled)
    return measure(np.full(found.size, _compute_mean(found)), found, bins)


def log_loss(predicted: ArrayLike, recalled: ArrayLike, weights: ArrayLike | None = None) -> float:
    """Compute the mean of -ln(the predicted probability of the outcome), which fsrs-rs minimizes.

    `weights` say how much each review counts; by default all count the same. Without reviews, raise ValueError.
    """
    chance = np.clip(_floats(predicted), _CERTAIN, 1 - _CERTAIN)
    loss = -np.log(np.where(np.asarray(recalled, dtype=bool), chance, 1 - chance))
    return _compute_mean(loss, weights)


def rmse_bins(predicted: ArrayLike, recalled: ArrayLike, bins: ArrayLike, weights: ArrayLike | None = None) -> float:
    """Compute the root mean squared difference between predicted and recalled, by bins of similar reviews.

    `bins` come from `review_bins`. In each, the mean prediction is compared with the share recalled; bins count by
    their reviews, or by the sum of their weights. As in fsrs-rs (`FSRS::evaluate`) and fsrs-optimizer (`rmse_matrix`).
    Without reviews, raise ValueError.
    """
    indexes = np.asarray(bins, dtype=np.int64)
    counts = np.bincount(indexes)
    some = np.flatnonzero(counts)
    off = (np.bincount(indexes, _floats(predicted)) - np.bincount(indexes, _floats(recalled)))[some] / counts[some]
    heavy = counts if weights is None else np.bincount(indexes, _floats(weights))
    return float(np.sqrt(_compute_mean(off**2, heavy[some])))


def review_bins(elapsed_days: ArrayLike, interday_reviews: ArrayLike, lapses: ArrayLike) -> Ints:
    """Compute the number of each review's bin, below 2^18; similar numbers share a bin.

    Each of the three is put on a geometric scale, as in fsrs-rs (`FSRSItem::r_matrix_index`): days since the last
    review by 3.62, reviews of a later day up to this one by 1.89, and how many before it were rated Again by 1.73.
    """
    days = _count_steps(elapsed_days, 3.62)
    reviews = _count_steps(np.asarray(interday_reviews) + 1, 1.89)
    failures = np.asarray(lapses)
    failed = np.where(failures > 0, _count_steps(np.maximum(failures, 1), 1.73) + 1, 0)
    return (days * _STEPS + reviews) * _STEPS + failed


def count_so_far(counted: Mask, first: Ints) -> NDArray[np.int32]:
    """Count, for each row, the counted rows of its run up to this one; `first` are the indexes at which runs begin."""
    total: NDArray[np.int32] = np.cumsum(counted, dtype=np.int32)
    earlier: NDArray[np.int32] = total[first] - counted[first]
    total -= np.repeat(earlier, np.diff(first, append=counted.size))
    return total


def compute_calibration(predicted: ArrayLike, recalled: ArrayLike) -> list[CalibrationBin]:
    """Compare predicted with recalled in ten equal steps from 0 to 1; without reviews, both means are 0."""
    chance, found = _floats(predicted), _floats(recalled)
    indexes = np.clip((chance * _BINS).astype(np.int64), 0, _BINS - 1)
    counts = np.bincount(indexes, minlength=_BINS)
    per_bin = np.maximum(counts, 1)
    means = np.bincount(indexes, chance, minlength=_BINS) / per_bin
    parts = np.bincount(indexes, found, minlength=_BINS) / per_bin
    return [
        CalibrationBin(step / _BINS, (step + 1) / _BINS, int(counts[step]), float(means[step]), float(parts[step]))
        for step in range(_BINS)
    ]


def predict_recall(curves: Mapping[int, Curve], deck: Ints, stability: Floats, days: NDArray[np.integer]) -> Floats:
    """Compute the recall of each review, by the curve of its deck, or that of the defaults without one."""
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


def _count_steps(values: ArrayLike, base: float) -> Ints:
    """Compute how many whole times the factor `base` goes into each value, from 1 on."""
    counts = np.asarray(values, dtype=np.int64)
    # Each distinct number is computed once.
    each = np.arange(1, counts.max(initial=1) + 1)
    steps = np.floor(np.log(each) / np.log(base)).astype(np.int64)
    found: Ints = steps[counts - 1]
    return found


def _floats(values: ArrayLike) -> Floats:
    return np.asarray(values, dtype=np.float64)


def _compute_mean(values: Floats, weights: ArrayLike | None = None) -> float:
    if values.size == 0:
        raise ValueError("there are no reviews to measure")
    return float(np.average(values, weights=None if weights is None else _floats(weights)))


@dataclass(frozen=True, slots=True)
class TrainingSet:
    """Reviews at least a day after the card's previous one, oldest first; one entry of each array a review.

    A card's history counts from when it was last new. If its beginning is lost, the card is left out.
    """

    entries: Sequence[FSRSReview]  # the ratings of all these cards in the form for fsrs-rs, card by card
    first: Ints  # the index of the first entry of a review's history
    own: Ints  # the index of the review's own entry
    card: Ints  # the card's id
    day: Ints  # the day of the review
    elapsed: Ints  # the days since the card's last review
    recalled: Mask  # whether it was rated anything but Again
    bins: Ints  # see `review_bins`

    def __len__(self) -> int:
        return self.own.size

    def where(self, chosen: Mask | slice) -> TrainingSet:
        """Select some of the reviews; their histories stay complete."""
        columns = (self.first, self.own, self.card, self.day, self.elapsed, self.recalled, self.bins)
        return TrainingSet(self.entries, *(column[chosen] for column in columns))  # type: ignore[arg-type]

    def items(self) -> list[FSRSItem]:
        """Return each review with its history, for training fsrs-rs."""
        from fsrs_rs_python import FSRSItem

        entries = self.entries
        pairs = zip(self.first.tolist(), self.own.tolist(), strict=True)
        return [FSRSItem(entries[first : own + 1]) for first, own in pairs]

    def predict(self, parameters: Sequence[float]) -> Floats:
        """Predict the probability of recall of each review just before it."""
        from fsrs_rs_python import FSRS, FSRSItem

        entries = self.entries
        pairs = zip(self.first.tolist(), self.own.tolist(), strict=True)
        before = [FSRSItem(entries[first:own]) for first, own in pairs]
        states = FSRS(list(fill_parameters(parameters))).memory_state_batch(before, None)
        stability = np.fromiter((state.stability for state in states), dtype=np.float64, count=len(states))
        return read_curve(parameters).recall(stability, self.elapsed.astype(np.float64))

    def measure(self, parameters: Sequence[float]) -> Figures:
        """Measure how well FSRS predicts these reviews. Raise `ValueError` if there are no reviews."""
        return measure(self.predict(parameters), self.recalled, self.bins)

    def measure_average(self) -> Figures:
        """Measure a constant prediction: the average recall."""
        return measure_average(self.recalled, self.bins)


def build_training_set(
    log: LogColumns, starts: Mapping[int, Memory] | None = None, ignore_before_ms: int | Ints = 0
) -> TrainingSet:
    """Select the reviews of a log that FSRS can be fitted to.

    Cards that another program stated a memory of (`starts`) are left out, and those first learned before
    `ignore_before_ms`, as in Anki. That time is one for all, or one for each row of the log.
    """
    nothing = np.zeros(0, dtype=np.int64)
    if not log.card.size:
        return TrainingSet([], nothing, nothing, nothing, nothing, nothing, nothing.astype(np.bool_), nothing)
    runs = find_last_runs(log, starts or {})
    first, last = runs.first, runs.last
    whole = (first < last) & np.array([start is None for start in runs.start])
    begins = runs.kept[np.where(whole, first, 0)] if runs.kept.size else np.zeros(first.size, dtype=np.int64)
    whole &= (log.before[begins] == int(State.NEW)) & (
        log.at_ms[begins] >= np.broadcast_to(ignore_before_ms, log.at_ms.shape)[begins]
    )
    entries = make_entries(log, runs)
    run_of = np.repeat(np.arange(first.size), last - first)
    begin = first[first < last]
    elapsed = _count_pauses(log.day[runs.kept], begin)
    rating = log.rating[runs.kept]
    chosen = np.flatnonzero((elapsed > 0) & whole[run_of])
    failed = rating == int(Rating.AGAIN)
    reviews = count_so_far(elapsed > 0, begin)
    lapses = count_so_far((elapsed > 0) & failed, begin) - ((elapsed > 0) & failed)
    order = chosen[np.argsort(log.at_ms[runs.kept][chosen], kind="stable")]
    return TrainingSet(
        entries,
        first[run_of[order]],
        order,
        log.card[runs.kept][order],
        log.day[runs.kept][order],
        elapsed[order],
        ~failed[order],
        review_bins(elapsed[order], reviews[order], lapses[order]) if order.size else nothing,
    )


def _count_pauses(day: Ints, first: Ints) -> Ints:
    """Count the days since the previous rating, 0 at the first of each run. A clock set back counts as no time."""
    pauses: Ints = np.maximum(np.diff(day, prepend=day[:1]), 0)
    pauses[first] = 0
    return pauses


LEAST_REVIEWS = 400
"""With fewer reviews, the default parameters predict as well or better."""

HELD_OUT = 0.2
"""The share of the reviews, the newest, on which parameters fitted to the others are tested."""

_MOST_REVIEWS = 200_000  # the newest; more reviews do not improve the fit
_EPOCHS = 20
_LEAST_EPOCHS = 5
_WORK = 1_000_000  # reviews times epochs
_SEEDS = 4  # each is a different order of the reviews; their mean depends less on the order
_MANY = 50_000  # reviews; with more, the order hardly matters
_WEIGHT_OF_DEFAULTS = 300  # in reviews


class Fit(NamedTuple):
    """The result of fitting."""

    parameters: tuple[float, ...]  # those to use: fitted to all reviews, the current ones or FSRS's defaults
    taken: Literal["current", "fitted", "defaults"]  # which of the three these are
    reviews: int  # number of reviews available
    # how well each predicts the newest fifth of the reviews
    current: Figures  # the current parameters
    fitted: Figures  # parameters fitted only to the older reviews
    defaults: Figures  # FSRS's defaults
    average: Figures  # the constant average

    @property
    def is_better(self) -> bool:
        """Return whether other parameters are better than the current ones."""
        return self.taken != "current"

    @property
    def chosen_figures(self) -> Figures:
        """The figures of the parameters to use."""
        return {"current": self.current, "fitted": self.fitted, "defaults": self.defaults}[self.taken]


class TooFewReviews(ValueError):
    """There are fewer than `LEAST_REVIEWS` usable reviews."""

    def __init__(self, reviews: int) -> None:
        super().__init__(f"Only {reviews} usable reviews; fitting needs {LEAST_REVIEWS}.")
        self.reviews = reviews


def fit(reviews: TrainingSet, current: Sequence[float] = DEFAULT_PARAMETERS) -> Fit:
    """Fit parameters, and keep the best ones.

    Fitted parameters must predict the newest reviews, which they have not seen, better than FSRS's defaults do. Current
    parameters from an earlier fit may have seen those reviews. So they are judged on all reviews, against parameters
    that have seen all of them, too. They are dropped if the defaults predict the newest reviews better. Raise
    `TooFewReviews` if there are not enough.
    """
    if len(reviews) < LEAST_REVIEWS:
        raise TooFewReviews(len(reviews))
    cut = int(len(reviews) * (1 - HELD_OUT))
    newest = reviews.where(slice(cut, None))
    before, defaults = newest.measure(current), newest.measure(DEFAULT_PARAMETERS)
    after = newest.measure(fit_parameters(reviews.where(slice(0, cut))))
    found = Fit(fill_parameters(current), "current", len(reviews), before, after, defaults, newest.measure_average())
    if after.log_loss < defaults.log_loss:
        whole = fit_parameters(reviews)
        all_seen = reviews.where(slice(-_MOST_REVIEWS, None))
        if (
            fill_parameters(current) == DEFAULT_PARAMETERS
            or all_seen.measure(whole).log_loss < all_seen.measure(current).log_loss
        ):
            return found._replace(parameters=whole, taken="fitted")
    elif defaults.log_loss < before.log_loss:
        return found._replace(parameters=DEFAULT_PARAMETERS, taken="defaults")
    return found


def fit_parameters(reviews: TrainingSet) -> tuple[float, ...]:
    """Fit the 21 parameters that predict these reviews best, shrunk towards the defaults if reviews are few."""
    from fsrs_rs_python import FSRS, TrainingConfig

    reviews = reviews.where(slice(-_MOST_REVIEWS, None))
    items = reviews.items()
    epochs = max(_LEAST_EPOCHS, min(_EPOCHS, _WORK // max(1, len(items))))
    seeds = range(_SEEDS if len(items) < _MANY else 1)
    start = FSRS(list(DEFAULT_PARAMETERS))
    found = [
        start.compute_parameters(items, None, True, 1, TrainingConfig(num_epochs=epochs, seed=seed)) for seed in seeds
    ]
    fitted = np.mean(found, axis=0)
    share = len(items) / (len(items) + _WEIGHT_OF_DEFAULTS)
    mixed = share * fitted + (1 - share) * np.array(DEFAULT_PARAMETERS)
    return tuple(round(float(value), 4) for value in mixed)
