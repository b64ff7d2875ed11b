"""Count reviews and their recall, on whole columns of the log."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from flashcards.insight.predictions import compare_predictions
from scheduler.model import DAY_SECONDS, Rating, State

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from flashcards.insight.predictions import Predictions
    from scheduler.log_arrays import Ratings
    from scheduler.memory import Curve

MATURE_DAYS: Final = 21
"""The interval in days from which a card is mature, as in Anki."""


class DayActivity(NamedTuple):
    """The reviews of a day: new cards rated, all ratings, ratings of Again, and the time spent."""

    day: int
    new: int
    reviews: int
    again: int
    seconds: float


class Recall(NamedTuple):
    """Reviews of learnt cards, and the number recalled."""

    reviews: int
    recalled: int

    @property
    def retention(self) -> float | None:
        """The share recalled, or None without reviews."""
        return self.recalled / self.reviews if self.reviews else None


class Hour(NamedTuple):
    """An hour of the day, 0 to 23 in local time, and its reviews of learnt cards."""

    hour: int
    recall: Recall


@dataclass(frozen=True, slots=True)
class Activity:
    """The reviews of a period."""

    days: Sequence[DayActivity]  # each day of the period, oldest first, including those without reviews
    later: int  # ratings dated after today, as by a fast clock; no other number includes them
    streak: int  # consecutive days with reviews, up to today or yesterday
    weeks: Mapping[int, Recall]  # the true retention of each week, by its Monday
    # young, mature: the true retention of cards with an interval below and from `MATURE_DAYS`
    young: Recall
    mature: Recall
    hours: Sequence[Hour]  # by hour of the day
    # how often each rating was given: to cards on steps, to young and to mature ones
    buttons: Mapping[str, tuple[int, int, int, int]]
    decks: Mapping[int, Recall]  # the true retention of each deck
    predictions: Predictions  # see `Predictions`


def count_activity(
    ratings: Ratings,
    crammed: Ratings,
    today: int,
    days: int | None,
    deck: NDArray[np.int64],
    curves: Mapping[int, Curve],
) -> Activity:
    """Count the reviews of a period: `days` days up to today, or all.

    Cramming (`crammed`) counts as work but not towards retention. `deck` is the deck of each of `ratings`, and `curves`
    contains the forgetting curve of each deck.
    """
    answers = ratings.join(crammed)
    first = min(int(answers.day.min()), today) if answers.day.size else today
    start = first if days is None else today - days + 1
    predictions = compare_predictions(ratings, start, today, deck, curves)
    within = (ratings.day >= start) & (ratings.day <= today)
    period = ratings.where(within)
    answered = period if answers is ratings else answers.where((answers.day >= start) & (answers.day <= today))
    tested = _select_tested(period)
    recalled = (period.rating > int(Rating.AGAIN))[tested]
    mature = (period.interval_before >= MATURE_DAYS * DAY_SECONDS)[tested]
    day = period.day[tested]
    return Activity(
        days=_days(_find_introductions(ratings), answered, start, today),
        later=int((answers.day > today).sum()),
        streak=_streak(answers.day, today),
        weeks=_group(day - (day + 3) % 7, recalled),
        young=_recall(recalled[~mature]),
        mature=_recall(recalled[mature]),
        hours=_hours(period.at_ms[tested], period.offset_minutes[tested], recalled),
        buttons=_buttons(answered),
        decks=_group(deck[within][tested], recalled),
        predictions=predictions,
    )


def _select_tested(ratings: Ratings) -> NDArray[np.bool_]:
    """Find the ratings that count for true retention, as in Anki: in review, or after a step of a day or more."""
    under_review = ratings.state_before == int(State.REVIEW)
    on_steps = ratings.state_before != int(State.NEW)
    found: NDArray[np.bool_] = under_review | (on_steps & (ratings.interval_before >= DAY_SECONDS))
    return found


def _find_introductions(ratings: Ratings) -> NDArray[np.int32]:
    """Find the day of each card's first rating.

    A card that was new in two programs was rated as new in both. A card that was made new again has earlier ratings.
    """
    new = np.flatnonzero(ratings.state_before == int(State.NEW))
    _, first = np.unique(ratings.card[new], return_index=True)
    found: NDArray[np.int32] = ratings.day[new[first]]
    return found


def _days(introduced: NDArray[np.int32], answered: Ratings, start: int, today: int) -> list[DayActivity]:
    count = today - start + 1
    new = np.bincount(introduced[(introduced >= start) & (introduced <= today)] - start, minlength=count)
    at = answered.day - start
    again = np.bincount(at, answered.rating == int(Rating.AGAIN), minlength=count)
    seconds = np.bincount(at, answered.duration_ms, minlength=count) / 1000
    reviews = np.bincount(at, minlength=count)
    columns = (np.arange(start, start + count), new, reviews, again.astype(int), seconds)
    return [DayActivity(*values) for values in zip(*(column.tolist() for column in columns), strict=True)]


def _streak(days: NDArray[np.int32], today: int) -> int:
    """Count the consecutive days up to today or yesterday; `days` are nearly sorted."""
    # Keeping only changes leaves little to sort. A clock that was set back repeats days.
    active = np.unique(days[np.flatnonzero(np.diff(days, prepend=days[:1] - 1))])
    active = active[active <= today]
    if not active.size or active[-1] < today - 1:
        return 0
    gaps = np.flatnonzero(np.diff(active) > 1)
    return int(active.size - (gaps[-1] + 1 if gaps.size else 0))


def _recall(recalled: NDArray[np.bool_]) -> Recall:
    return Recall(recalled.size, int(recalled.sum()))


def _group(keys: NDArray[np.int64], recalled: NDArray[np.bool_]) -> dict[int, Recall]:
    """Group the reviews by key. The keys are dense, like days and deck ids."""
    if not keys.size:
        return {}
    first = int(keys.min())
    counts = np.bincount(keys - first)
    good = np.bincount(keys - first, recalled).astype(int)
    return {
        int(first + place): Recall(int(counts[place]), int(good[place])) for place in np.flatnonzero(counts).tolist()
    }


def _hours(at_ms: NDArray[np.int64], offset_minutes: NDArray[np.int16], recalled: NDArray[np.bool_]) -> list[Hour]:
    hour = (at_ms // 60_000 + offset_minutes) // 60 % 24
    grouped = _group(hour, recalled)
    return [Hour(number, grouped.get(number, Recall(0, 0))) for number in range(24)]


def _buttons(period: Ratings) -> dict[str, tuple[int, int, int, int]]:
    under_review = period.state_before == int(State.REVIEW)
    mature = period.interval_before >= MATURE_DAYS * DAY_SECONDS
    kinds = {"learning": ~under_review, "young": under_review & ~mature, "mature": under_review & mature}
    found = {}
    for name, chosen in kinds.items():
        again, hard, good, easy = np.bincount(period.rating[chosen], minlength=5)[1:5].tolist()
        found[name] = (again, hard, good, easy)
    return found
