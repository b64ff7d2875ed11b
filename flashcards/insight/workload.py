"""What each retention would cost and bring in the time ahead, for this person's cards, memory, speed and limits."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

from flashcards.collection import find_ordering
from flashcards.insight.forecast import find_askable_cards, sample_cards
from scheduler.columns import read_ratings
from scheduler.learner import estimate_learner
from scheduler.simulate import PolicyPlan, simulate

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from flashcards.collection import Collection
    from scheduler.learner import Learner
    from scheduler.limits import DeckLimits
    from scheduler.model import Card
    from scheduler.policy import Policy

RETENTIONS: Final = (0.70, 0.75, 0.80, 0.85, 0.90, 0.95)
_MOST_CARDS: Final = 2_000  # of more, every so manieth stands for the others
_MONTH: Final = 30


@dataclass(frozen=True, slots=True)
class Workload:
    """A retention and what it means.

    Attributes:
        retention: the setting.
        reviews: reviews in all, new cards left out.
        minutes: a day, on average.
        last_minutes: the same in the last 30 days.
        new: new cards begun.
        known: cards that would be recalled at the end: the sum of their chances.
        by_month: minutes a day, in each 30 days.
    """

    retention: float
    reviews: int
    minutes: float
    last_minutes: float
    new: int
    known: float
    by_month: tuple[float, ...]

    @property
    def minutes_per_card(self) -> float:
        """Minutes a day for 100 cards known at the end."""
        return 100 * self.minutes / self.known if self.known else 0.0


@dataclass(frozen=True, slots=True)
class Comparison:
    """Several retentions over so many days; `sampled` is the part of the cards that was simulated."""

    days: int
    present: float
    sampled: float
    workloads: tuple[Workload, ...]


def compare_retentions(
    collection: Collection,
    now_ms: int,
    days: int,
    retentions: Sequence[float] = RETENTIONS,
    only: frozenset[int] | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Comparison:
    """Live through the days ahead at each retention; every day is kept."""
    cards = find_askable_cards(collection, only)
    sample, limits, each = sample_cards(cards, collection.limits, _MOST_CARDS)
    learner = estimate_learner(read_ratings(collection.connection))
    order, today = find_ordering(collection, only), collection.clock.day(now_ms)
    found = []
    for number, retention in enumerate(retentions):
        first = number * days

        def step(done: int, _all: int, first: int = first) -> None:
            if progress:
                progress(first + done, days * len(retentions))

        found.append(_at(sample, limits, order, each, retention, today, days, learner, step))
    return Comparison(days, collection.settings.policy.retention, 1 / each, tuple(found))


def _at(
    cards: list[Card],
    shared: Sequence[DeckLimits],
    order: Policy,
    each: int,
    retention: float,
    today: int,
    days: int,
    learner: Learner,
    progress: Callable[[int, int], None],
) -> Workload:
    limits = [limit._replace(policy=replace(limit.policy, retention=retention)) for limit in shared]
    plan = PolicyPlan(cards, limits, order=order)
    found = simulate(cards, plan, today, days, learner, known_every=days, progress=progress)
    minutes = [day.seconds / 60 * each for day in found.days]
    months = [minutes[at : at + _MONTH] for at in range(0, days, _MONTH)]
    return Workload(
        retention,
        sum(day.reviews for day in found.days) * each,
        sum(minutes) / days,
        sum(minutes[-_MONTH:]) / len(minutes[-_MONTH:]),
        sum(day.new for day in found.days) * each,
        found.known[-1] * each,
        tuple(sum(month) / len(month) for month in months),
    )


def give_advice(comparison: Comparison) -> list[str]:
    """What to choose, and what it costs; a sentence each. Never one retention as the best of all."""
    present = min(comparison.workloads, key=lambda each: abs(each.retention - comparison.present))
    lines = []
    for other in comparison.workloads:
        if other is present or not present.minutes:
            continue
        minutes, known = other.minutes - present.minutes, other.known - present.known
        if abs(minutes) < 0.05 and abs(known) < 0.5:
            lines.append(f"{other.retention:.0%} instead of {present.retention:.0%}: no difference.")
            continue
        verb = "more" if minutes >= 0 else "fewer"
        more = "more" if known >= 0 else "fewer"
        lines.append(
            f"{other.retention:.0%} instead of {present.retention:.0%}: {abs(minutes):.1f} minutes a day {verb},"
            f" {abs(known):,.0f} cards known {more}."
        )
    return lines


def find_cheapest(comparison: Comparison) -> Workload:
    """The retention with the fewest minutes for each card known; it may know fewer cards than others."""
    return min(comparison.workloads, key=lambda each: each.minutes_per_card)


def as_json(comparison: Comparison) -> dict[str, Any]:
    """The same for programs."""
    return {
        "days": comparison.days,
        "present": comparison.present,
        "sampled": comparison.sampled,
        "retentions": [
            {
                "retention": each.retention,
                "reviews": each.reviews,
                "minutes_a_day": each.minutes,
                "minutes_a_day_at_the_end": each.last_minutes,
                "new": each.new,
                "known": each.known,
                "minutes_by_month": list(each.by_month),
            }
            for each in comparison.workloads
        ],
    }
