"""`python -m benchmarks.programs.compare_choices`: what fitting again and again comes to, by what may be chosen.

The learners of `compare_learners` fit after some hundred reviews and later again, each time to all reviews so far. They
begin with FSRS's own parameters or with those of somebody else; the reviews up to the next fit judge. Prints, as a
table of Markdown, how much the log loss differs from that of FSRS's own: the mean, and the worst twentieth. It takes
some minutes. docs/fitting.md shows what it gave.
"""

from collections.abc import Iterator, Sequence
from itertools import pairwise

import numpy as np

from benchmarks.programs.compare_learners import learner, parameters_of
from scheduler import DEFAULT_PARAMETERS
from scheduler.fit import TrainingSet, fit

_FITS = (400, 600, 900, 1300, 1900)  # reviews; the last one only ends what is judged
_LEARNERS = 16
_CARDS = 250
_OTHERS = 100  # seeds apart


def differences(reviews: TrainingSet, current: Sequence[float], *, back: bool) -> Iterator[float]:
    """After each fit, how the log loss of what follows differs from that of FSRS's own parameters."""
    for count, end in pairwise(_FITS):
        following = reviews.where(slice(count, end))
        if len(following) < 50:
            return
        found = fit(reviews.where(slice(0, count)), current)
        if back or found.taken != "defaults":
            current = found.parameters
        yield following.measure(current).log_loss - following.measure(DEFAULT_PARAMETERS).log_loss


def table() -> Iterator[str]:
    """Print a line for each beginning."""
    yield "| begun with | may keep or fit: mean, worst twentieth | may go back, too: mean, worst twentieth |"
    yield "| --- | --- | --- |"
    drawn = [learner(_CARDS, seed) for seed in range(_LEARNERS)]
    for name, starts in (
        ("FSRS's own", [DEFAULT_PARAMETERS] * _LEARNERS),
        ("those of somebody else", [parameters_of(_OTHERS + seed) for seed in range(_LEARNERS)]),
    ):
        cells = []
        for back in (False, True):
            pairs = zip(drawn, starts, strict=True)
            found = [each for reviews, current in pairs for each in differences(reviews, current, back=back)]
            cells.append(f"{np.mean(found):+.4f}, {np.quantile(found, 0.95):+.4f}")
        yield f"| {name} | {' | '.join(cells)} |"


if __name__ == "__main__":
    for line in table():
        print(line)
