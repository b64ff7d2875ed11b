"""How a person answers, counted from their own log, for `simulate`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from scheduler.learner import Learner
from scheduler.model import State

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from scheduler.learner import Four
    from scheduler.ratings import Ratings

_WEIGHT = 30
"""So many answers of most people count beside a person's own, so that a short log says little."""

_LONGEST_SECONDS = 60.0


def learner_of(ratings: Ratings, seed: int = 1) -> Learner:
    """A learner with the habits of a log; without one, those of most people."""
    usual = Learner()
    rows = ratings.by_card()
    same_day = (np.diff(rows.card, prepend=-1) == 0) & (np.diff(rows.day, prepend=-1) == 0)
    before = np.concatenate((rows.rating[-1:], rows.rating[:-1]))
    later = ~same_day & (rows.state_before != int(State.NEW))
    passing = _mixed(rows.rating[later & (rows.rating > 1)], (0.0, *usual.passing))
    steps = {
        state: [rows.rating[same_day & (rows.state_before == int(state)) & (before == rating)] for rating in (1, 2, 3)]
        for state in (State.LEARNING, State.RELEARNING)
    }
    learning, relearning = (
        tuple(_mixed(chosen, chances) for chosen, chances in zip(steps[state], rows_of, strict=True))
        for state, rows_of in ((State.LEARNING, usual.learning), (State.RELEARNING, usual.relearning))
    )
    seconds = tuple(
        _seconds(rows.where(np.isin(rows.state_before, states)), given)
        for states, given in zip(_GROUPS, usual.seconds, strict=True)
    )
    return Learner(
        first=_mixed(rows.rating[rows.state_before == int(State.NEW)], usual.first),
        passing=passing[1:],
        learning=learning,  # type: ignore[arg-type]  # three rows
        relearning=relearning,  # type: ignore[arg-type]
        seconds=seconds,  # type: ignore[arg-type]
        seed=seed,
    )


_GROUPS = (
    (int(State.NEW), int(State.LEARNING)),
    (int(State.REVIEW),),
    (int(State.RELEARNING),),
)


def _mixed(ratings: NDArray[np.int64], usual: Four) -> Four:
    """The part of each rating, with the usual ones."""
    counts = np.bincount(ratings, minlength=5)[1:5] + _WEIGHT * np.array(usual)
    again, hard, good, easy = (counts / counts.sum()).tolist()
    return again, hard, good, easy


def _seconds(rows: Ratings, usual: Four) -> Four:
    """How long an answer takes on average, by rating, with the usual times."""
    times = np.minimum(rows.duration_ms / 1000, _LONGEST_SECONDS)
    sums = np.bincount(rows.rating, times, minlength=5)[1:5] + _WEIGHT * np.array(usual)
    counts = np.bincount(rows.rating, minlength=5)[1:5] + _WEIGHT
    again, hard, good, easy = (sums / counts).tolist()
    return again, hard, good, easy
