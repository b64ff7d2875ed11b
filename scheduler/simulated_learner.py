"""Simulate a learner: the probability of each rating, and the time an answer takes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from scheduler.intervals import hash_to_fraction
from scheduler.model import Card, Rating, State

if TYPE_CHECKING:
    from collections.abc import Sequence, Set

    from numpy.typing import NDArray

    from scheduler.log_arrays import Answers, Mask


Four = tuple[float, float, float, float]
"""For Again, Hard, Good, Easy."""
Three = tuple[float, float, float]
"""For Hard, Good, Easy."""

SPOKEN_SECONDS = 240.0
"""The assumed duration of a spoken answer, including the comparison with the points."""


@dataclass(frozen=True, slots=True)
class Learner:
    """How a person answers. Each row of chances adds up to 1.

    Whether a card is recalled on a later day follows FSRS: the chance is its retrievability. Everything else is counted
    from a log (`estimate_learner`). The defaults are those of fsrs-rs, from the logs of many Anki users.
    """

    first: Four = (0.24, 0.094, 0.495, 0.171)  # the probabilities of the ratings of a new card
    passing: Three = (0.224, 0.631, 0.145)  # of Hard, Good and Easy, if a card is recalled on a later day
    # of the ratings of a step within the day, by the previous rating (Again, Hard, Good)
    learning: tuple[Four, Four, Four] = (
        (0.3686, 0.0628, 0.5108, 0.0578),
        (0.0442, 0.4553, 0.4457, 0.0548),
        (0.0519, 0.0470, 0.8462, 0.0549),
    )
    # the same after a lapse
    relearning: tuple[Four, Four, Four] = (
        (0.2157, 0.0643, 0.6595, 0.0605),
        (0.0500, 0.4638, 0.4475, 0.0387),
        (0.1057, 0.1434, 0.7267, 0.0242),
    )
    # duration of an answer, by rating: of new cards and their steps, of reviews, of relearning
    seconds: tuple[Four, Four, Four] = (
        (19.58, 18.79, 13.78, 10.71),
        (19.38, 17.59, 12.38, 8.94),
        (16.44, 15.25, 12.32, 8.03),
    )
    spoken: Set[int] = frozenset()  # cards with spoken answers, such as those with a rubric
    spoken_seconds: float = SPOKEN_SECONDS  # duration of such an answer
    seed: int = 1  # a different seed is a different person with the same habits

    def choose_rating(self, card: Card, before: Rating | None, recall: float | None) -> Rating:
        """Choose how the card is rated, by the previous rating of the day and the probability of `recall`, if known.

        The same card at the same repetition always has the same luck, whatever its interval was. So two policies are
        compared on the same luck.
        """
        fraction = hash_to_fraction(card.id ^ _derive_stream(self.seed), card.reps)
        if recall is not None:
            if fraction >= recall:
                return Rating.AGAIN
            return Rating(2 + _find_index(self.passing, fraction / recall))
        if before is None and card.state is State.RELEARNING:
            before = Rating.AGAIN
        if before is None and card.state is State.LEARNING:
            before = Rating.GOOD
        if before is None:
            return Rating(1 + _find_index(self.first, fraction))
        rows = self.relearning if card.state is State.RELEARNING else self.learning
        return Rating(1 + _find_index(rows[min(before, Rating.GOOD) - 1], fraction))

    def estimate_seconds(self, card: Card, rating: Rating) -> float:
        """Estimate the duration of an answer in seconds."""
        return self.spoken_seconds if card.id in self.spoken else self.seconds[_ROW[card.state]][rating - 1]


_ROW = {State.NEW: 0, State.LEARNING: 0, State.REVIEW: 1, State.RELEARNING: 2}


def _derive_stream(seed: int) -> int:
    """Derive randomness that is independent of other seeds and of fuzz."""
    return int(hash_to_fraction(seed, 1) * (1 << 53)) << 8


def _find_index(chances: Sequence[float], fraction: float) -> int:
    """Find the index of the probability interval that `fraction` in [0, 1) falls into."""
    for index, chance in enumerate(chances):
        fraction -= chance
        if fraction < 0:
            return index
    return len(chances) - 1


_WEIGHT = 30
"""The number of an average person's answers added to the log, so that a short log changes little."""

_LONGEST_SECONDS = 60.0

_SPOKEN_WEIGHT = 5
"""The number of spoken answers of the usual duration added to those of the log."""

_LONGEST_SPOKEN_SECONDS = 900.0


def estimate_learner(rows: Answers, spoken: Set[int] = frozenset(), spoken_seconds: float = SPOKEN_SECONDS) -> Learner:
    """Estimate a learner from a log, perhaps empty; answers to `spoken` cards have a speed of their own."""
    usual = Learner()
    is_spoken = np.isin(rows.card, np.fromiter(spoken, dtype=np.int64, count=len(spoken)))
    same_day = (np.diff(rows.card, prepend=-1) == 0) & (np.diff(rows.day, prepend=-1) == 0)
    before = np.concatenate((rows.rating[-1:], rows.rating[:-1]))
    later = ~same_day & (rows.state_before != int(State.NEW))
    passing = _mix_ratings(rows.rating[later & (rows.rating > 1)], (0.0, *usual.passing))
    steps = {
        state: [rows.rating[same_day & (rows.state_before == int(state)) & (before == rating)] for rating in (1, 2, 3)]
        for state in (State.LEARNING, State.RELEARNING)
    }
    learning, relearning = (
        tuple(_mix_ratings(chosen, chances) for chosen, chances in zip(steps[state], rows_of, strict=True))
        for state, rows_of in ((State.LEARNING, usual.learning), (State.RELEARNING, usual.relearning))
    )
    seconds = tuple(
        _measure_seconds(rows, np.isin(rows.state_before, states) & ~is_spoken, given)
        for states, given in zip(_GROUPS, usual.seconds, strict=True)
    )
    return Learner(
        first=_mix_ratings(rows.rating[rows.state_before == int(State.NEW)], usual.first),
        passing=passing[1:],
        learning=learning,  # type: ignore[arg-type]  # three rows
        relearning=relearning,  # type: ignore[arg-type]
        seconds=seconds,  # type: ignore[arg-type]
        spoken=spoken,
        spoken_seconds=_measure_spoken_seconds(rows.duration_ms[is_spoken], spoken_seconds),
    )


_GROUPS = ((int(State.NEW), int(State.LEARNING)), (int(State.REVIEW),), (int(State.RELEARNING),))


def _mix_ratings(ratings: NDArray[np.int8], usual: Four) -> Four:
    """Compute the share of each rating, mixed with the usual ones."""
    counts = np.bincount(ratings, minlength=5)[1:5] + _WEIGHT * np.array(usual)
    again, hard, good, easy = (counts / counts.sum()).tolist()
    return again, hard, good, easy


def _measure_spoken_seconds(duration_ms: NDArray[np.int32], usual: float) -> float:
    """Compute the average duration of a spoken answer, mixed with the usual one."""
    times = np.minimum(duration_ms / 1000, _LONGEST_SPOKEN_SECONDS)
    return float((times.sum() + _SPOKEN_WEIGHT * usual) / (times.size + _SPOKEN_WEIGHT))


def _measure_seconds(rows: Answers, chosen: Mask, usual: Four) -> Four:
    """Compute the average duration of an answer by rating, mixed with the usual ones."""
    rating, times = rows.rating[chosen], np.minimum(rows.duration_ms[chosen] / 1000, _LONGEST_SECONDS)
    sums = np.bincount(rating, times, minlength=5)[1:5] + _WEIGHT * np.array(usual)
    counts = np.bincount(rating, minlength=5)[1:5] + _WEIGHT
    again, hard, good, easy = (sums / counts).tolist()
    return again, hard, good, easy
