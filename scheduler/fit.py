"""Parameters of FSRS from a person's own reviews. docs/fitting.md has the evidence for how."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from scheduler.memory import DEFAULT_PARAMETERS, filled

if TYPE_CHECKING:
    from collections.abc import Sequence

    from scheduler.measures import Figures
    from scheduler.training import TrainingSet

LEAST_REVIEWS = 400
"""With fewer reviews the defaults, which come from many people, predict as well or better."""

HELD_OUT = 0.2
"""The part of the reviews, the newest, on which parameters fitted to the others are judged."""

_MOST_REVIEWS = 200_000  # the newest; more make the fit no better
_EPOCHS = 20
_LEAST_EPOCHS = 5
_WORK = 1_000_000  # reviews times epochs
_SEEDS = 4  # the order of the reviews differs; the mean depends on it less than each does
_MANY = 50_000  # reviews from which on one order is as good as another
_WEIGHT_OF_DEFAULTS = 300  # reviews


class Fit(NamedTuple):
    """What fitting gave.

    Attributes:
        parameters: fitted to all reviews; the present ones where those are better.
        better: whether fitted parameters are to be preferred to the present ones.
        reviews: how many there were to fit to.
        present, fitted, average: how well the newest fifth is predicted: by the present parameters, by parameters
            fitted to the older reviews alone, and by who always says the average.
    """

    parameters: tuple[float, ...]
    better: bool
    reviews: int
    present: Figures
    fitted: Figures
    average: Figures


class TooFewReviews(ValueError):
    """There are less than `LEAST_REVIEWS` reviews to fit to."""

    def __init__(self, reviews: int) -> None:
        super().__init__(f"{reviews} reviews are too few to fit parameters to; {LEAST_REVIEWS} are needed")
        self.reviews = reviews


def fit(reviews: TrainingSet, present: Sequence[float] = DEFAULT_PARAMETERS) -> Fit:
    """Fit parameters, and keep the better ones.

    FSRS's own are judged on the newest reviews, which neither they nor parameters fitted to the older ones have seen.
    Present parameters that are an earlier fit may have seen them: those are judged on all reviews, by parameters that
    have seen all, too.

    Raises:
        TooFewReviews: there are not enough.
    """
    if len(reviews) < LEAST_REVIEWS:
        raise TooFewReviews(len(reviews))
    cut = int(len(reviews) * (1 - HELD_OUT))
    newest = reviews.where(slice(cut, None))
    before = newest.figures(present)
    after = newest.figures(parameters_for(reviews.where(slice(0, cut))))
    whole = parameters_for(reviews)
    if filled(present) == DEFAULT_PARAMETERS:
        better = after.log_loss < before.log_loss
    else:
        all_seen = reviews.where(slice(-_MOST_REVIEWS, None))
        better = (
            after.log_loss < newest.figures(DEFAULT_PARAMETERS).log_loss
            and all_seen.figures(whole).log_loss < all_seen.figures(present).log_loss
        )
    return Fit(whole if better else filled(present), better, len(reviews), before, after, newest.average())


def parameters_for(reviews: TrainingSet) -> tuple[float, ...]:
    """The 21 parameters that predict these reviews best, drawn towards the defaults where there are few."""
    from fsrs_rs_python import FSRS, TrainingConfig

    reviews = reviews.where(slice(-_MOST_REVIEWS, None))
    items = reviews.items()
    epochs = max(_LEAST_EPOCHS, min(_EPOCHS, _WORK // max(1, len(items))))
    seeds = range(_SEEDS if len(items) < _MANY else 1)
    start = FSRS(list(DEFAULT_PARAMETERS))
    found = [
        start.compute_parameters(items, None, True, 1, TrainingConfig(num_epochs=epochs, seed=seed)) for seed in seeds
    ]
    own = np.mean(found, axis=0)
    share = len(items) / (len(items) + _WEIGHT_OF_DEFAULTS)
    mixed = share * own + (1 - share) * np.array(DEFAULT_PARAMETERS)
    return tuple(round(float(value), 4) for value in mixed)
