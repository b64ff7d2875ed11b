"""Compute how many cards each deck may still ask today, from limits (which bind subdecks) and deadlines."""

from __future__ import annotations

from collections import Counter
from datetime import date
from typing import TYPE_CHECKING, NamedTuple

from scheduler.intervals import draw

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from scheduler.log import Done
    from scheduler.policy import Policy


class DeckLimits(NamedTuple):
    """A deck, the decks above it (outermost first) and its settings."""

    deck: int
    parents: tuple[int, ...]
    policy: Policy


COLLECTION = 0
"""The deck above all others: the collection itself, whose limits bind every deck. Cards never belong to it."""


class Allowance:
    """How many more cards may be taken, by deck and by the decks above it.

    `refused` counts the cards that were refused, by their deck and the outermost deck whose limit did it.

    In a simulation of a sample a card can represent several. The last one may then overdraw a limit; `debts` carries
    that over to the next day.
    """

    __slots__ = ("_chains", "debts", "left", "refused")

    def __init__(self, left: dict[int, int], chains: Mapping[int, Sequence[int]]) -> None:
        self.left = left
        self._chains = chains
        self.debts: dict[int, int] = {}
        self.refused: Counter[tuple[int, int]] = Counter()

    def take(self, deck: int, weight: int = 1) -> bool:
        """Take one card of a deck, which counts `weight` times, if it and every deck above it allow one more."""
        left, chain = self.left, self._chains[deck]
        for link in chain:
            if left[link] <= 0:
                self.refused[deck, link] += 1
                return False
        for link in chain:
            left[link] -= weight
            if left[link] < 0:
                self.debts[link] = -left[link]
        return True

    def reserve(self, deck: int, weight: int = 1) -> None:
        """Take one card of a deck, whatever the limits say."""
        for link in self._chains[deck]:
            self.left[link] -= weight

    def has_left(self, deck: int) -> bool:
        """Return whether `take` would succeed."""
        return self.find_limit(deck) is None

    def find_limit(self, deck: int) -> int | None:
        """Find the outermost deck whose limit keeps cards of a deck back, if any."""
        return next((link for link in self._chains[deck] if self.left[link] <= 0), None)

    def cap(self, other: Allowance) -> None:
        """Allow no more than `other` does, deck by deck."""
        for deck, most in other.left.items():
            self.left[deck] = min(self.left[deck], most)

    def repay(self, debts: Mapping[int, int]) -> None:
        """Subtract what was overdrawn the day before."""
        for deck, owed in debts.items():
            self.left[deck] -= owed


def compute_allowances(decks: Sequence[DeckLimits], done: Mapping[int, Done]) -> tuple[Allowance, Allowance]:
    """Compute what is left today of reviews and of new cards.

    As in Anki, a new card counts among the reviews, too: once the reviews are taken, cap the new cards.
    """
    reviews = {deck.deck: deck.policy.reviews_per_day for deck in decks}
    new = {deck.deck: deck.policy.new_per_day for deck in decks}
    chains = {deck.deck: (*(parent for parent in deck.parents if parent in new), deck.deck) for deck in decks}
    for deck, was in done.items():
        for link in chains.get(deck, ()):
            reviews[link] -= was.new + was.reviews
            new[link] -= was.new
    return Allowance(reviews, chains), Allowance(new, chains)


LAST_PASS_DAYS = 7
"""How many days before the deadline the last pass begins."""

_TILT = 0.95
_EPOCH = date(1970, 1, 1).toordinal()
_STREAM = 0x9E3779B9  # makes a draw independent of those of fuzz
_WHOLE = 1 << 64
_GOLDEN = 0x9E3779B97F4A7C15  # the golden ratio's share of `_WHOLE`


def find_deadline_day(policy: Policy) -> int | None:
    """Return the day that a deck works towards, in days since 1970-01-01, if any."""
    return date.fromisoformat(policy.deadline).toordinal() - _EPOCH if policy.deadline else None


def has_deadline(policy: Policy, today: int) -> bool:
    """Return whether a deck works towards a day that lies ahead."""
    day = find_deadline_day(policy)
    return day is not None and day > today


class Deadline(NamedTuple):
    """A day to work towards, in days since 1970-01-01, and how many days before it the last new card comes."""

    day: int
    rest_days: int


def group_by_deadline(decks: Sequence[DeckLimits], today: int) -> dict[Deadline, list[int]]:
    """Group the decks that work towards a day ahead; first those whose new cards must all have begun first."""
    groups: dict[Deadline, list[int]] = {}
    for deck in decks:
        day = find_deadline_day(deck.policy)
        if day is not None and day > today:
            groups.setdefault(Deadline(day, deck.policy.rest_days), []).append(deck.deck)
    return dict(sorted(groups.items(), key=lambda group: (group[0].day - group[0].rest_days, group[0].day)))


def new_a_day(unseen: int, today: int, deadline: Deadline) -> int:
    """Compute the new cards a day, spread evenly, that begin all `unseen` ones in time; 0 after the deadline.

    If the days of rest have begun already, half of the days left remain for new cards.
    """
    left = deadline.day - today
    if left <= 0 or not unseen:
        return 0
    days = left - deadline.rest_days
    return -(-unseen // max(1, days if days > 0 else left // 2))


def choose_pass_day(card: int, day: int) -> int:
    """Choose the day on which the last pass before `day` asks a card: deterministic and nearly even.

    Later days get more cards, because more of theirs are reviewed earlier in the pass. Steps of the golden ratio spread
    consecutive ids more evenly than chance would.
    """
    place = (card * _GOLDEN % _WHOLE / _WHOLE + draw(_STREAM, day)) % 1
    return day - LAST_PASS_DAYS + int(place**_TILT * LAST_PASS_DAYS)


def is_in_last_pass(card: int, last_day: int, day: int, today: int) -> bool:
    """Return whether the last pass asks a card today: its turn has come and the pass has not reviewed it yet."""
    return last_day < day - LAST_PASS_DAYS and choose_pass_day(card, day) <= today < day
