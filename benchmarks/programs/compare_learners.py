"""`python -m benchmarks.programs.compare_learners`: the ways of `compare_fits` on simulated learners.

The memory of each learner follows FSRS with parameters of its own, which differ from the defaults at random; half of
the learners have some hundred reviews, half some thousands. Prints, as a table of Markdown, how much better than the
defaults each way predicts tenths of a log that it has not seen: the mean over learners, and the worst of them. It takes
some minutes. docs/fitting.md shows what it gave.
"""

from collections.abc import Iterator
from itertools import count

import numpy as np
from fsrs.scheduler import LOWER_BOUNDS_PARAMETERS, UPPER_BOUNDS_PARAMETERS

from benchmarks.programs.compare_fits import WAYS, Way, rolling
from scheduler import DEFAULT_PARAMETERS
from scheduler.fit import TrainingSet, build_training_set
from tests.scheduler.learners import simulated

_LEARNERS = 9  # of each size
_CARDS = {"few reviews": (40, 150), "many": (200, 800)}  # the fewest and the most of a learner
_DAYS = 365
_SPREAD = 0.4  # of the logarithm of a parameter


def parameters_of(seed: int) -> tuple[float, ...]:
    """Somebody's parameters."""
    drawn = np.array(DEFAULT_PARAMETERS) * np.exp(np.random.default_rng(seed).normal(0, _SPREAD, 21))
    kept = np.clip(drawn, LOWER_BOUNDS_PARAMETERS, UPPER_BOUNDS_PARAMETERS)
    kept[:4] = np.sort(kept[:4])  # a better first rating never leaves a shorter memory
    return tuple(float(value) for value in kept)


def learner(cards: int, seed: int) -> TrainingSet:
    """Return the reviews of a year."""
    return build_training_set(simulated(cards, _DAYS, parameters_of(seed), seed))


def losses(learners: list[TrainingSet], way: Way) -> list[float]:
    """Return the log loss of each learner's unseen reviews."""
    return [rolling(reviews, way)[0] for reviews in learners]


def table() -> Iterator[str]:
    """Print a line for each way."""
    seeds = count()
    groups = {
        name: [learner(round(cards), next(seeds)) for cards in np.geomspace(fewest, most, _LEARNERS)]
        for name, (fewest, most) in _CARDS.items()
    }
    sizes = {name: sorted(map(len, learners)) for name, learners in groups.items()}
    heads = [f"{name} ({each[0]:,} to {each[-1]:,}): mean, worst" for name, each in sizes.items()]
    yield f"| way | {' | '.join(heads)} |"
    yield f"| --- |{' --- |' * len(heads)}"
    defaults = {name: losses(learners, WAYS["the defaults"]) for name, learners in groups.items()}
    for way_name, way in WAYS.items():
        if way_name != "the defaults":
            cells = []
            for name, learners in groups.items():
                gains = np.subtract(losses(learners, way), defaults[name])
                cells.append(f"{gains.mean():+.4f}, {gains.max():+.4f}")
            yield f"| {way_name} | {' | '.join(cells)} |"


if __name__ == "__main__":
    for line in table():
        print(line, flush=True)
