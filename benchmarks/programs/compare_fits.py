"""`python -m benchmarks.programs.compare_fits LOG.csv`: ways to fit FSRS, judged on reviews they have not seen.

Prints a table: log loss and RMSE(bins) of the newest fifth, and of each tenth from three tenths on, fitted to all
before it. LOG.csv has the columns card_id, review_rating and review_time. docs/fitting.md shows what it gave.
"""

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
from fsrs_rs_python import FSRS, TrainingConfig

from scheduler import DEFAULT_PARAMETERS
from scheduler.fit import TrainingSet, build_training_set
from tests.scheduler.learners import josh

Way = Callable[[TrainingSet], tuple[float, ...]]


def by_fsrs_rs(reviews: TrainingSet, *, cards: bool = False, seeds: int = 1, **settings: int) -> tuple[float, ...]:
    """Return the mean of fits with several seeds."""
    ids = reviews.card.tolist() if cards else None
    items = reviews.items()
    start = FSRS(list(DEFAULT_PARAMETERS))
    found = [
        start.compute_parameters(items, ids, True, 1, TrainingConfig(seed=seed, **settings)) for seed in range(seeds)
    ]
    return tuple(np.mean(found, axis=0))


def drawn_in(reviews: TrainingSet, weight: int, seeds: int = 4) -> tuple[float, ...]:
    """Drawn towards the defaults, which count as so many reviews."""
    share = len(reviews) / (len(reviews) + weight)
    fitted = np.array(by_fsrs_rs(reviews, seeds=seeds, num_epochs=20))
    return tuple(share * fitted + (1 - share) * np.array(DEFAULT_PARAMETERS))


WAYS: dict[str, Way] = {
    "the defaults": lambda _: DEFAULT_PARAMETERS,
    "8 epochs, by card, as Anki": lambda reviews: by_fsrs_rs(reviews, cards=True, num_epochs=8),
    "5 epochs": lambda reviews: by_fsrs_rs(reviews, num_epochs=5),
    "20 epochs": lambda reviews: by_fsrs_rs(reviews, num_epochs=20),
    "40 epochs": lambda reviews: by_fsrs_rs(reviews, num_epochs=40),
    "20 epochs, batches of 256": lambda reviews: by_fsrs_rs(reviews, num_epochs=20, batch_size=256),
    "20 epochs, batches of 1,024": lambda reviews: by_fsrs_rs(reviews, num_epochs=20, batch_size=1024),
    "20 epochs, mean of 4 seeds": lambda reviews: by_fsrs_rs(reviews, seeds=4, num_epochs=20),
    "the same, defaults count as 300": lambda reviews: drawn_in(reviews, 300),
    "the same, defaults count as 1,500": lambda reviews: drawn_in(reviews, 1500),
}


def rolling(reviews: TrainingSet, way: Way) -> tuple[float, float]:
    """Return the means over the tenths of the log from three tenths on, each predicted from all before it."""
    count = len(reviews)
    found = [
        reviews.where(slice(count * tenth // 10, count * (tenth + 1) // 10)).measure(
            way(reviews.where(slice(0, count * tenth // 10)))
        )
        for tenth in range(3, 10)
    ]
    return float(np.mean([each.log_loss for each in found])), float(np.mean([each.rmse_bins for each in found]))


def table(reviews: TrainingSet) -> Iterator[str]:
    """Print a line for each way."""
    yield f"{'':36}{'newest fifth':>20}{'rolling tenths':>20}"
    cut = int(len(reviews) * 0.8)
    for name, way in WAYS.items():
        last = reviews.where(slice(cut, None)).measure(way(reviews.where(slice(0, cut))))
        log_loss, rmse = rolling(reviews, way)
        yield f"{name:36}{last.log_loss:12.4f}{last.rmse_bins:8.4f}{log_loss:12.4f}{rmse:8.4f}"


if __name__ == "__main__":
    for line in table(build_training_set(josh(Path(sys.argv[1])))):
        print(line)
