"""The settings of a deck: when its cards are due, how many are asked on a day, and deadlines to work towards."""

from __future__ import annotations

import math
from collections import Counter
from datetime import date
from typing import TYPE_CHECKING, Literal, NamedTuple

from scheduler.clock import count_days
from scheduler.intervals import NO_EASY_DAYS, WEEK, hash_to_fraction
from scheduler.memory import DEFAULT_PARAMETERS, find_parameter_problem

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from scheduler.log import Done


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


class Policy(NamedTuple):
    """How cards are scheduled and asked; the defaults are Anki's.

    Times are in the units of the scheduler; `SETTINGS` of flashcards describes how people write them.
    """

    retention: float = 0.9  # the probability of recall at which a card becomes due, 0.7 to 0.99
    learning_steps: tuple[int, ...] = (60, 600)  # delays in seconds while a card is new; may be empty
    relearning_steps: tuple[int, ...] = (600,)  # delays in seconds after a lapse; may be empty
    maximum_interval: int = 36_500  # days
    new_per_day: int = 20  # new cards per day; also limits subdecks
    reviews_per_day: int = 200  # reviews per day, including new cards; also limits subdecks
    bury_siblings: bool = True  # ask only one card of a note per day (except steps within the day)
    leech_threshold: int = 8  # lapses that make a card a leech; 0 turns leeches off
    leech_action: LeechAction = "tag"  # the action on a leech
    fuzz: bool = True  # spread intervals by a few days
    load_balance: bool = True  # within the fuzz, prefer days with few due cards, and keep siblings apart
    # the share of work on each day of the week, Monday first: 1 is a full day, 0 as little as possible
    easy_days: tuple[float, ...] = NO_EASY_DAYS
    new_order: NewOrder = "deck"  # new cards in deck order, or shuffled
    # the order of due cards: by due day; most likely recalled first; shuffled; most overdue first, relative to the
    # interval that `retention` asks for
    review_order: ReviewOrder = "due"
    new_mix: NewMix = "mix"  # new cards among the reviews, before them or after them
    parameters: tuple[float, ...] = DEFAULT_PARAMETERS  # of FSRS: 17, 19 or 21 numbers
    # a date, `2026-12-15`, to work towards. New cards begin in time, and learned cards are asked once more in the week
    # before. Empty for no deadline.
    deadline: str = ""
    rest_days: int = 3  # the last new card comes this many days before the deadline, so that it is seen again
    # a date, `2024-01-31`: cards first learned before it do not count when parameters are fitted. Empty to count all.
    ignore_reviews_before: str = ""

    @property
    def is_balanced(self) -> bool:
        """Return whether an interval depends on the other cards due, or on the day of the week."""
        return self.fuzz and (self.load_balance or self.easy_days != NO_EASY_DAYS)


def find_policy_problems(policy: Policy) -> list[tuple[str, str]]:
    """Find the problems of a policy: for each, the name of the field and words that follow it in a sentence."""
    found: list[tuple[str, str]] = []
    if not 0.7 <= policy.retention <= 0.99:
        found.append(("retention", f"must be between 0.7 and 0.99, not {policy.retention}"))
    found += [
        (field, "each step must be at least one second")
        for field in ("learning_steps", "relearning_steps")
        if any(step < 1 for step in getattr(policy, field))
    ]
    if len(policy.easy_days) != len(WEEK) or not all(0 <= share <= 1 for share in policy.easy_days):
        found.append(("easy_days", "must contain numbers from 0 to 1"))
    if not 1 <= policy.maximum_interval <= 36_500:
        found.append(("maximum_interval", f"must be 1 to 36500 days, not {policy.maximum_interval}"))
    found += [
        (field, f"must not be negative, but is {getattr(policy, field)}")
        for field in ("new_per_day", "reviews_per_day", "leech_threshold", "rest_days")
        if getattr(policy, field) < 0
    ]
    found += [
        (field, f"must be one of {', '.join(choices)}, not {getattr(policy, field)!r}")
        for field, choices in _CHOICES.items()
        if getattr(policy, field) not in choices
    ]
    found += [
        (field, f"must be a date such as 2026-12-15, not {getattr(policy, field)!r}")
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


class DeckPolicy(NamedTuple):
    """A deck, its parent decks (outermost first) and its settings."""

    id: int
    parents: tuple[int, ...]
    policy: Policy


COLLECTION = 0
"""The root of all decks: the collection itself, whose limits apply to every deck. It contains no cards directly."""


class Allowance:
    """How many more cards may be taken, by deck and parent deck.

    `refused` counts the refused cards, by their deck and the outermost deck whose limit caused it. In a simulation of a
    sample, a card can represent several. The last one may then exceed a limit; `debts` carries the excess over to the
    next day.
    """

    __slots__ = ("_chains", "debts", "left", "refused")

    def __init__(self, left: dict[int, int], chains: Mapping[int, Sequence[int]]) -> None:
        self.left = left
        self._chains = chains
        self.debts: dict[int, int] = {}
        self.refused: Counter[tuple[int, int]] = Counter()

    def take(self, deck: int, weight: int = 1) -> bool:
        """Take one card of a deck, which counts `weight` times, if it and all its parents allow one more."""
        left, chain = self.left, self._chains[deck]
        for each_deck in chain:
            if left[each_deck] <= 0:
                self.refused[deck, each_deck] += 1
                return False
        for each_deck in chain:
            left[each_deck] -= weight
            if left[each_deck] < 0:
                self.debts[each_deck] = -left[each_deck]
        return True

    @property
    def is_spent(self) -> bool:
        """Return whether the limit of the collection itself refuses every card."""
        return self.left.get(COLLECTION, 1) <= 0

    def refuse_all(self, decks: Iterable[int]) -> None:
        """Count cards, given by their decks, that the limit of the collection itself refuses."""
        for deck, cards in Counter(decks).items():
            self.refused[deck, COLLECTION] += cards

    def reserve(self, deck: int, weight: int = 1) -> None:
        """Take one card of a deck, regardless of the limits."""
        for each_deck in self._chains[deck]:
            self.left[each_deck] -= weight

    def has_left(self, deck: int) -> bool:
        """Return whether `take` would succeed."""
        return self.find_limit(deck) is None

    def find_limit(self, deck: int) -> int | None:
        """Find the outermost deck whose limit holds cards of a deck back, if any."""
        for each_deck in self._chains[deck]:
            if self.left[each_deck] <= 0:
                return each_deck
        return None

    def cap(self, other: Allowance) -> None:
        """Allow no more than `other` does, deck by deck."""
        for deck, most in other.left.items():
            self.left[deck] = min(self.left[deck], most)

    def repay(self, debts: Mapping[int, int]) -> None:
        """Subtract the excess of the previous day."""
        for deck, owed in debts.items():
            self.left[deck] -= owed


def compute_allowances(decks: Sequence[DeckPolicy], done: Mapping[int, Done]) -> tuple[Allowance, Allowance]:
    """Compute today's remaining reviews and new cards; as in Anki, new cards also count as reviews."""
    reviews = {deck.id: deck.policy.reviews_per_day for deck in decks}
    new = {deck.id: deck.policy.new_per_day for deck in decks}
    chains = {deck.id: (*(parent for parent in deck.parents if parent in new), deck.id) for deck in decks}
    for deck, was in done.items():
        for each_deck in chains.get(deck, ()):
            reviews[each_deck] -= was.new + was.reviews
            new[each_deck] -= was.new
    return Allowance(reviews, chains), Allowance(new, chains)


LAST_PASS_DAYS = 7
"""The number of days before the deadline on which the last pass begins."""

_TILT = 0.95
_STREAM = 0x9E3779B9  # makes a number independent of those of fuzz
_WHOLE = 1 << 64
_GOLDEN = 0x9E3779B97F4A7C15  # the golden ratio's share of `_WHOLE`


def find_deadline_day(policy: Policy) -> int | None:
    """Return the day of a deck's deadline, in days since 1970-01-01, if any."""
    return count_days(date.fromisoformat(policy.deadline)) if policy.deadline else None


def has_deadline(policy: Policy, today: int) -> bool:
    """Return whether a deck has a deadline in the future."""
    day = find_deadline_day(policy)
    return day is not None and day > today


class Deadline(NamedTuple):
    """A deadline, in days since 1970-01-01, and how many days before it the last new card comes."""

    day: int
    rest_days: int


def group_by_deadline(decks: Sequence[DeckPolicy], today: int) -> dict[Deadline, list[int]]:
    """Group the decks with a future deadline, ordered by the day on which all new cards must have begun."""
    groups: dict[Deadline, list[int]] = {}
    for deck in decks:
        day = find_deadline_day(deck.policy)
        if day is not None and day > today:
            groups.setdefault(Deadline(day, deck.policy.rest_days), []).append(deck.id)
    return dict(sorted(groups.items(), key=lambda group: (group[0].day - group[0].rest_days, group[0].day)))


def compute_new_per_day(unseen: int, today: int, deadline: Deadline) -> int:
    """Compute the number of new cards per day that begins all `unseen` ones in time; 0 after the deadline.

    If the days of rest have begun already, half of the remaining days are used for new cards.
    """
    left = deadline.day - today
    if left <= 0 or not unseen:
        return 0
    days = left - deadline.rest_days
    return -(-unseen // max(1, days if days > 0 else left // 2))


def choose_pass_day(card_id: int, day: int) -> int:
    """Choose the day on which the last pass before `day` asks a card: deterministic and nearly even.

    Later days get more cards, because more of theirs are reviewed earlier in the pass. Steps of the golden ratio spread
    consecutive ids more evenly than chance would.
    """
    fraction = (card_id * _GOLDEN % _WHOLE / _WHOLE + hash_to_fraction(_STREAM, day)) % 1
    return day - LAST_PASS_DAYS + int(fraction**_TILT * LAST_PASS_DAYS)


def is_in_last_pass(card_id: int, last_day: int, day: int, today: int) -> bool:
    """Return whether the last pass asks a card today: its turn has come and the pass has not reviewed it yet."""
    return last_day < day - LAST_PASS_DAYS and choose_pass_day(card_id, day) <= today < day
