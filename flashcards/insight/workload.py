"""Simulate the cost and benefit of several retentions for this person's cards, memory, speed and limits."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from flashcards.insight import report
from flashcards.insight.forecast import (
    ASSUMED_SPEED,
    DaysAhead,
    Progress,
    continue_progress,
    ignore_progress,
    read_days_ahead,
)
from flashcards.text import plural

if TYPE_CHECKING:
    from collections.abc import Sequence

    from flashcards.collection import Collection

RETENTIONS: Final = (0.70, 0.75, 0.80, 0.85, 0.90, 0.95)
_MOST_CARDS: Final = 2_000  # larger collections are sampled
_MONTH: Final = 30
_COLOURS: Final = (4, 3, 2, 1, 5, 6)


@dataclass(frozen=True, slots=True)
class Workload:
    """The cost and benefit of one retention."""

    retention: float  # the setting
    reviews: int  # all reviews, without new cards
    minutes: float  # average per day
    last_minutes: float  # average per day in the last 30 days
    new: int  # new cards begun
    known: float  # cards recalled at the end: the sum of their probabilities
    by_month: tuple[float, ...]  # minutes per day in each 30 days

    @property
    def minutes_per_card(self) -> float:
        """Minutes per day for 100 cards known at the end."""
        return 100 * self.minutes / self.known if self.known else 0.0


@dataclass(frozen=True, slots=True)
class Comparison:
    """A comparison of retentions over the same days, the share of simulated cards, and whether speed is assumed."""

    days: int
    current: float
    sampled: float
    workloads: tuple[Workload, ...]
    is_speed_assumed: bool = False


def compare_retentions(
    collection: Collection,
    now_ms: int,
    days: int,
    retentions: Sequence[float] = RETENTIONS,
    only: frozenset[int] | None = None,
    progress: Progress = ignore_progress,
) -> Comparison:
    """Simulate the days ahead at each retention, with all reviews done."""
    ahead = read_days_ahead(collection, now_ms, only, _MOST_CARDS)
    found = tuple(
        _simulate_at(ahead, retention, days, continue_progress(progress, number * days, days * len(retentions)))
        for number, retention in enumerate(retentions)
    )
    return Comparison(days, collection.settings.policy.retention, ahead.sampled, found, ahead.is_speed_assumed)


def _simulate_at(ahead: DaysAhead, retention: float, days: int, progress: Progress) -> Workload:
    decks = [deck._replace(policy=deck.policy._replace(retention=retention)) for deck in ahead.deck_policies]
    found = ahead.simulate(days, deck_policies=decks, known_every=days, progress=progress)
    minutes = [day.seconds / 60 for day in found.days]
    months = [minutes[at : at + _MONTH] for at in range(0, days, _MONTH)]
    return Workload(
        retention,
        sum(day.reviews for day in found.days),
        sum(minutes) / days,
        sum(minutes[-_MONTH:]) / len(minutes[-_MONTH:]),
        sum(day.new for day in found.days),
        found.known[-1],
        tuple(sum(month) / len(month) for month in months),
    )


def give_advice(comparison: Comparison) -> list[str]:
    """Describe the cost and benefit of each choice. No retention is called the best."""
    lines = []
    if len(comparison.workloads) > 1:
        least = find_cheapest(comparison)
        lines.append(
            f"Fewest minutes for each card known: {least.retention:.0%}, at {least.minutes:.1f} minutes a day and"
            f" {least.known:,.0f} cards known. It is the cheapest choice, not a goal: decide first how much to know."
        )
        current = min(comparison.workloads, key=lambda each: abs(each.retention - comparison.current))
        lines += [_compare(current, other) for other in comparison.workloads if other is not current]
    if comparison.sampled < 1:
        lines.append(f"One card in {round(1 / comparison.sampled)} was simulated and represents the others.")
    return lines


def _compare(current: Workload, other: Workload) -> str:
    minutes, known = other.minutes - current.minutes, other.known - current.known
    name = f"{other.retention:.0%} instead of {current.retention:.0%}"
    differ = []
    if abs(minutes) >= 0.05:
        differ.append(f"{abs(minutes):.1f} minutes a day {'more' if minutes > 0 else 'fewer'}")
    if abs(known) >= 0.5:
        differ.append(f"{abs(known):,.0f} cards known {'more' if known > 0 else 'fewer'}")
    return f"{name}: {', '.join(differ) or 'no difference'}."


def find_cheapest(comparison: Comparison) -> Workload:
    """Find the retention with the fewest minutes for each card known. Other retentions may give more known cards."""
    return min(comparison.workloads, key=lambda each: each.minutes_per_card)


def build_workload_report(comparison: Comparison) -> report.Report:
    """Build the report of `simulate`."""
    rows = [
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
    ]
    record = {
        "days": comparison.days,
        "present": comparison.current,
        "sampled": comparison.sampled,
        "retentions": rows,
        "speed_assumed": comparison.is_speed_assumed,
    }
    compared = plural(len(rows), "retention")
    text = [f"The next {plural(comparison.days, 'day')}, with all reviews done, at {compared} (* is yours)."]
    tiles = [("days", report.whole(comparison.days)), ("your retention", f"{comparison.current:.0%}")]
    groups = [report.FigureGroup("Cost and benefit", _build_figures(comparison, rows))] if rows else []
    text += give_advice(comparison)
    if comparison.is_speed_assumed:
        text.append(ASSUMED_SPEED)
    return report.Report("Simulation", text, tiles, groups, record)


def _build_figures(comparison: Comparison, rows: Sequence[dict[str, Any]]) -> list[report.Figure]:
    def name(retention: float) -> str:
        return f"{'*' if abs(retention - comparison.current) < 1e-9 else ''}{retention:.0%}"

    columns = [
        report.Column("retention", "retention", name),
        report.Column("minutes a day", "minutes_a_day", report.tenth),
        report.Column("in the last 30 days", "minutes_a_day_at_the_end", report.tenth, kind="optional"),
        report.Column("reviews", "reviews", report.whole),
        report.Column("cards known", "known", report.whole),
    ]
    most = max(each.minutes for each in comparison.workloads)
    months = range(len(comparison.workloads[0].by_month))
    shown = [
        report.Series(f"{each.retention:.0%}", each.by_month, _COLOURS[at % len(_COLOURS)])
        for at, each in enumerate(comparison.workloads)
    ]
    known = report.Series("cards known", [round(each.known) for each in comparison.workloads], 2)
    retentions = [each.retention for each in comparison.workloads]
    return [
        report.Figure(
            "Benefit of each retention",
            "Cards recalled at the end, by minutes per day.",
            report.Curves(retentions, [f"{each:.0%}" for each in retentions], [known]),
            report.DataTable(columns, rows, report.RowBar("minutes_a_day", most, "yellow")),
            wide=True,
        ),
        report.Figure(
            "Minutes a day",
            "On average over each 30 days.",
            report.Curves([float(at) for at in months], [f"month {at + 1}" for at in months], shown),
            wide=True,
            in_terminal="nothing",
        ),
    ]
