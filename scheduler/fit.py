"""Parameters of FSRS from a person's own reviews. docs/fitting.md has the evidence for how."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple

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
        parameters: those to be taken: fitted to all reviews, the present ones or FSRS's own.
        taken: which of them these are.
        reviews: how many there were to fit to.
        present, fitted, own, average: how well the newest fifth is predicted: by the present parameters, by parameters
            fitted to the older reviews alone, by FSRS's own, and by who always says the average.
    """

    parameters: tuple[float, ...]
    taken: Literal["present", "fitted", "own"]
    reviews: int
    present: Figures
    fitted: Figures
    own: Figures
    average: Figures

    @property
    def better(self) -> bool:
        """Whether others are to be preferred to the present parameters."""
        return self.taken != "present"

    @property
    def chosen(self) -> Figures:
        """The figures of those to be taken."""
        return {"present": self.present, "fitted": self.fitted, "own": self.own}[self.taken]


class TooFewReviews(ValueError):
    """There are less than `LEAST_REVIEWS` reviews to fit to."""

    def __init__(self, reviews: int) -> None:
        super().__init__(f"{reviews} reviews are too few to fit parameters to; {LEAST_REVIEWS} are needed")
        self.reviews = reviews


def fit(reviews: TrainingSet, present: Sequence[float] = DEFAULT_PARAMETERS) -> Fit:
    """Fit parameters, and keep the better ones.

    Fitted parameters must predict the newest reviews, which they have not seen, better than FSRS's own do. Present
    parameters that are an earlier fit may have seen them: those are judged on all reviews, by parameters that have seen
    all, too. They give way to FSRS's own if even these, which have seen nothing, predict the newest reviews better.

    Raises:
        TooFewReviews: there are not enough.
    """
    if len(reviews) < LEAST_REVIEWS:
        raise TooFewReviews(len(reviews))
    cut = int(len(reviews) * (1 - HELD_OUT))
    newest = reviews.where(slice(cut, None))
    before, own = newest.figures(present), newest.figures(DEFAULT_PARAMETERS)
    after = newest.figures(parameters_for(reviews.where(slice(0, cut))))
    found = Fit(filled(present), "present", len(reviews), before, after, own, newest.average())
    if after.log_loss < own.log_loss:
        whole = parameters_for(reviews)
        all_seen = reviews.where(slice(-_MOST_REVIEWS, None))
        if (
            filled(present) == DEFAULT_PARAMETERS
            or all_seen.figures(whole).log_loss < all_seen.figures(present).log_loss
        ):
            return found._replace(parameters=whole, taken="fitted")
    elif own.log_loss < before.log_loss:
        return found._replace(parameters=DEFAULT_PARAMETERS, taken="own")
    return found


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
