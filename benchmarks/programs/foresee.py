"""`python -m benchmarks.programs.foresee LOG.csv`: recall predicted from the reviews before a date, and what then came.

For several dates: of every card seen before it, the first review after it, on whatever day that was. The chance of
recall on that day follows from the state at the date alone; parameters are those of FSRS, or fitted to the reviews
before the date. Prints, as JSON, the means over all dates.
"""

import json
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np

from scheduler import DEFAULT_PARAMETERS
from scheduler.fit import LEAST_REVIEWS, TrainingSet, build_training_set, fit_parameters
from tests.scheduler.learners import josh

_DATES = tuple(number / 20 for number in range(5, 20))  # how much of the log lies before


def after(reviews: TrainingSet, day: int) -> TrainingSet:
    """Return the first review after the day of each card that was rated before it, and not between."""
    chosen = np.flatnonzero((reviews.day >= day) & (reviews.day - reviews.elapsed < day))
    _, first = np.unique(reviews.card[chosen], return_index=True)
    mask = np.zeros(len(reviews), dtype=bool)
    mask[chosen[first]] = True
    return reviews.where(mask)


def foreseen(reviews: TrainingSet, parameters: Callable[[TrainingSet], tuple[float, ...]]) -> dict[str, float]:
    """Predicted and recalled, over all dates together."""
    predicted: list[float] = []
    recalled: list[bool] = []
    for share in _DATES:
        day = int(np.quantile(reviews.day, share))
        before = reviews.where(reviews.day < day)
        if len(before) >= LEAST_REVIEWS:
            then = after(reviews, day)
            predicted += then.predict(parameters(before)).tolist()
            recalled += then.recalled.tolist()
    return {
        "reviews": len(recalled),
        "predicted": float(np.mean(predicted)),
        "recalled": float(np.mean(recalled)),
    }


if __name__ == "__main__":
    found = build_training_set(josh(Path(sys.argv[1])))
    ways: dict[str, Callable[[TrainingSet], tuple[float, ...]]] = {
        "defaults": lambda _: DEFAULT_PARAMETERS,
        "fitted": fit_parameters,
    }
    print(json.dumps({name: foreseen(found, way) for name, way in ways.items()}))
