"""What `simulate` shows: in a terminal, and as a page."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flashcards.insight.page import Figure, Page, Section, Table
from flashcards.insight.svg import Series, lines
from flashcards.insight.workload import find_cheapest, give_advice

if TYPE_CHECKING:
    from rich.console import RenderableType

    from flashcards.insight.workload import Comparison

_COLOURS = (4, 3, 2, 1, 5, 6)


def words(comparison: Comparison) -> list[str]:
    """What the table means, a sentence each."""
    found = []
    if len(comparison.workloads) > 1:
        least = find_cheapest(comparison)
        found.append(
            f"Fewest minutes for each card known: {least.retention:.0%}, at {least.minutes:.1f} minutes a day and"
            f" {least.known:,.0f} cards known. It is a price, not a goal: choose what to know, then pay for it."
        )
    found += give_advice(comparison)
    if comparison.sampled < 1:
        found.append(f"One card in {round(1 / comparison.sampled)} was simulated and stands for the others.")
    return found


def text(comparison: Comparison, width: int) -> RenderableType:
    """A table, a bar a retention, and what it means."""
    from rich.console import Group
    from rich.text import Text

    from flashcards.insight.grid import Bar, Grid

    grid = Grid("retention", "min/day", "at the end", "reviews", "known", left=())
    most = max(each.minutes for each in comparison.workloads)
    for each in comparison.workloads:
        mark = "*" if abs(each.retention - comparison.present) < 1e-9 else " "
        grid.add(
            f"{mark}{each.retention:.0%}",
            f"{each.minutes:.1f}",
            f"{each.last_minutes:.1f}",
            f"{each.reviews:,}",
            f"{each.known:,.0f}",
            bar=Bar(each.minutes, most, "yellow"),
        )
    span = "day" if comparison.days == 1 else f"{comparison.days:,} days"
    title = Text(f"The next {span} at several retentions (* is yours)\n", "bold")
    return Group(title, grid.drawn(width), Text("\n" + "\n".join(words(comparison))))


def page(comparison: Comparison) -> Page:
    """The page of the comparison."""
    months = len(comparison.workloads[0].by_month)
    names = [f"month {number + 1}" for number in range(months)]
    shown = [
        Series(f"{each.retention:.0%}", list(each.by_month), _COLOURS[at % len(_COLOURS)])
        for at, each in enumerate(comparison.workloads)
    ]
    minutes = Figure(
        "Minutes a day",
        "On average over each 30 days.",
        lines("Minutes a day", [float(at) for at in range(months)], names, shown, wide=True),
        [(one.name, one.colour) for one in shown],
        wide=True,
    )
    share = [f"{each.retention:.0%}" for each in comparison.workloads]
    price = Figure(
        "What each retention brings",
        "Cards that would be recalled at the end, for the minutes a day that it takes.",
        lines(
            "Cards known",
            [each.retention for each in comparison.workloads],
            share,
            [Series("cards known", [round(each.known) for each in comparison.workloads], 2)],
            wide=True,
        ),
        table=Table(
            ("retention", "minutes a day", "in the last 30 days", "reviews", "cards known"),
            [
                (
                    f"{each.retention:.0%}",
                    f"{each.minutes:.1f}",
                    f"{each.last_minutes:.1f}",
                    f"{each.reviews:,}",
                    f"{each.known:,.0f}",
                )
                for each in comparison.workloads
            ],
        ),
        wide=True,
    )
    said = Figure("What it means", " ".join(words(comparison)), wide=True)
    tiles = [("days", f"{comparison.days:,}"), ("your retention", f"{comparison.present:.0%}")]
    return Page(
        "Simulation",
        "Every day kept, at several retentions.",
        tiles,
        [Section("Cost and gain", [said, minutes, price])],
    )
