"""The settings of a deck that decide when its cards are due and which are asked on a day."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import date
from typing import Literal

from scheduler.intervals import NO_EASY_DAYS, WEEK
from scheduler.memory import DEFAULT_PARAMETERS, find_parameter_problem

LeechAction = Literal["tag", "suspend"]
NewOrder = Literal["deck", "random"]
ReviewOrder = Literal["due", "retrievability", "random", "overdue"]
NewMix = Literal["mix", "first", "last"]

_CHOICES: dict[str, tuple[str, ...]] = {
    "leech_action": ("tag", "suspend"),
    "new_order": ("deck", "random"),
    "review_order": ("due", "retrievability", "random", "overdue"),
    "new_mix": ("mix", "first", "last"),
}


@dataclass(frozen=True, slots=True)
class Policy:
    """How cards are scheduled and asked; the defaults are Anki's.

    Attributes:
        retention: the chance of recall at which a card falls due, 0.7 to 0.99.
        learning_steps: delays in seconds while a card is new; may be empty.
        relearning_steps: delays in seconds after a lapse; may be empty.
        maximum_interval: days.
        new_per_day: new cards introduced a day; also limits the decks below.
        reviews_per_day: reviews asked a day, new cards included; also limits the decks below.
        bury_siblings: ask only one card of a note a day (except steps within the day).
        leech_threshold: lapses that make a card a leech; 0 is never.
        leech_action: what happens to a leech.
        fuzz: spread intervals by a few days.
        load_balance: within the fuzz, prefer days with few due cards, and keep siblings apart.
        easy_days: how much to do on each day of the week, Monday first: 1 is a full day, 0 as little as possible.
        new_order: new cards in deck order, or shuffled.
        review_order: the order of due cards: by due day; most likely recalled first; shuffled; most overdue first,
            relative to the interval that `retention` asks for.
        new_mix: new cards among the reviews, before them or after them.
        parameters: of FSRS: 17, 19 or 21 numbers.
        deadline: a date, `2026-12-15`, to work towards. New cards begin in time, and learned cards are asked once more
            in the week before. Empty for no deadline.
        rest_days: the last new card comes this many days before the deadline, so that it is seen again.
        ignore_reviews_before: a date, `2024-01-31`: cards first learned before it do not count when parameters are
            fitted. Empty to count all.
    """

    retention: float = 0.9
    learning_steps: tuple[int, ...] = (60, 600)
    relearning_steps: tuple[int, ...] = (600,)
    maximum_interval: int = 36_500
    new_per_day: int = 20
    reviews_per_day: int = 200
    bury_siblings: bool = True
    leech_threshold: int = 8
    leech_action: LeechAction = "tag"
    fuzz: bool = True
    load_balance: bool = True
    easy_days: tuple[float, ...] = NO_EASY_DAYS
    new_order: NewOrder = "deck"
    review_order: ReviewOrder = "due"
    new_mix: NewMix = "mix"
    parameters: tuple[float, ...] = DEFAULT_PARAMETERS
    deadline: str = ""
    rest_days: int = 3
    ignore_reviews_before: str = ""

    @property
    def is_balanced(self) -> bool:
        """Whether an interval depends on the other cards due, or on the day of the week."""
        return self.fuzz and (self.load_balance or self.easy_days != NO_EASY_DAYS)


def find_problems(policy: Policy) -> list[tuple[str, str]]:
    """Find what is wrong with a policy: the name of the field and a sentence, for each problem."""
    found: list[tuple[str, str]] = []
    if not 0.7 <= policy.retention <= 0.99:
        found.append(("retention", f"Must lie between 0.7 and 0.99; {policy.retention} does not."))
    found += [
        (field, "Each step must be at least one second.")
        for field in ("learning_steps", "relearning_steps")
        if any(step < 1 for step in getattr(policy, field))
    ]
    if len(policy.easy_days) != len(WEEK) or not all(0 <= share <= 1 for share in policy.easy_days):
        found.append(("easy_days", "Must hold numbers from 0 to 1."))
    if not 1 <= policy.maximum_interval <= 36_500:
        found.append(("maximum_interval", f"Must be 1 to 36500 days; {policy.maximum_interval} is not."))
    found += [
        (field, f"Must not be negative; {getattr(policy, field)} is.")
        for field in ("new_per_day", "reviews_per_day", "leech_threshold", "rest_days")
        if getattr(policy, field) < 0
    ]
    found += [
        (field, f"Must be one of {', '.join(choices)}; {getattr(policy, field)!r} is not.")
        for field, choices in _CHOICES.items()
        if getattr(policy, field) not in choices
    ]
    found += [
        (field, f"Must be a date such as 2026-12-15; {getattr(policy, field)!r} is not.")
        for field in ("deadline", "ignore_reviews_before")
        if getattr(policy, field) and not _is_date(getattr(policy, field))
    ]
    if policy.parameters != DEFAULT_PARAMETERS and (problem := find_parameter_problem(policy.parameters)):
        found.append(("parameters", problem))
    return found


def _is_date(text: str) -> bool:
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True


def is_leech_lapse(lapses: int, threshold: int) -> bool:
    """Return whether this lapse makes a leech: at the threshold, then every half threshold (rounded up) beyond."""
    if threshold == 0 or lapses < threshold:
        return False
    return (lapses - threshold) % math.ceil(threshold / 2) == 0
