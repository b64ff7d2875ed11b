"""What `readiness` shows: in a terminal, and as a page."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flashcards.insight.grid import columns, thinned
from flashcards.insight.page import Figure, Page, Section, Table
from flashcards.insight.svg import Series, lines, percent
from flashcards.text import plural

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rich.console import RenderableType

    from flashcards.insight.readiness import GroupRecall, Readiness, StudyPlan


def words(found: Readiness) -> list[str]:
    """The answer and what it takes, a sentence each."""
    plan, days = found.plan, found.day - found.today
    span = plural(days, "day")
    said = [
        f"On {found.clock.date(found.day):%A, %d %B %Y}, in {span}: {found.total.idle:.0%} recalled if nothing more is"
        f" done, {found.total.kept:.0%} if the plan is kept (simulated lives differ by"
        f" {100 * found.spread:.1f} points)."
    ]
    if not plan.new_left:
        said.append(f"Every card was seen. The reviews take {plural(round(plan.minutes_a_day), 'minute')} a day.")
        return said
    new, minutes = plural(plan.new_a_day, "new card"), plural(round(plan.minutes_a_day), "minute")
    said.append(
        f"{plan.new_left:,} of {found.total.cards:,} cards were never seen and count as not known. To see all in time:"
        f" {new} a day, {minutes} a day with their reviews."
    )
    if plan.feasible:
        said.append("Your limits allow it.")
    else:
        said.append(f"Not feasible within your limits: {plural(plan.unseen, 'card')} would stay unseen. {_limit(plan)}")
    return said


def _limit(plan: StudyPlan) -> str:
    """Which limit to raise, and how far."""
    if plan.new_per_day < plan.new_a_day:
        return f"`new_per_day` lets {plan.new_per_day:,} a day through; set it to {plan.new_a_day:,}."
    return f"`reviews_per_day` binds new cards, too: the busiest day has {plan.cards_a_day:,}; set it to as many."


def text(found: Readiness, names: Mapping[int, str], fronts: Mapping[int, str], width: int) -> RenderableType:
    """Sentences, a curve, a line a deck, and the cards to begin with."""
    from rich.console import Group
    from rich.text import Text

    from flashcards.insight.grid import Bar, Grid, cards_table

    decks = Grid("", "cards", "seen", "idle", "kept")
    for name, recall in (*found.decks.items(), ("all", found.total)):
        decks.add(name, *_cells(recall), bar=Bar(recall.kept, 1, "green"))
    cards = cards_table("gain", [(names[g.card], f"+{g.gain:.0%}", fronts[g.card]) for g in found.gains], width)
    kept = columns(thinned([kept for _, _, kept in found.curve], width - 7), 1)
    idle = columns(thinned([idle for _, idle, _ in found.curve], width - 7), 1)
    return Group(
        Text("\n".join(words(found))),
        Text("\nFrom today to the day", "bold"),
        Text(f"  kept {kept}", "green"),
        Text(f"  idle {idle}", "yellow"),
        Text("\nDecks", "bold"),
        decks.drawn(width),
        Text("\nWhat gains most from a review now", "bold"),
        cards,
    )


def page(found: Readiness, names: Mapping[int, str], fronts: Mapping[int, str]) -> Page:
    """The page."""
    xs = [float(day) for day, _, _ in found.curve]
    dates = [f"{found.clock.date(day):%d %b}" for day, _, _ in found.curve]
    shown = [
        Series("if the plan is kept", [kept for _, _, kept in found.curve], 2),
        Series("if nothing more is done", [idle for _, idle, _ in found.curve], 3),
    ]
    curve = Figure(
        "Recalled, from today to the day",
        " ".join(words(found)),
        lines("Recalled", xs, dates, shown, percent, high=1, wide=True),
        [(one.name, one.colour) for one in shown],
        wide=True,
    )
    decks = Figure(
        "Decks",
        "Cards never seen count as not known.",
        table=Table(
            ("deck", "cards", "seen", "idle", "kept"),
            [(name, *_cells(recall)) for name, recall in found.decks.items()],
        ),
        wide=True,
    )
    begin = Figure(
        "What gains most from a review now",
        "By how much one review raises the chance of recall on the day.",
        table=Table(
            ("question", "gain", "card"), [(fronts[g.card], f"+{g.gain:.0%}", names[g.card]) for g in found.gains]
        ),
        wide=True,
    )
    tiles = [
        ("days left", f"{found.day - found.today:,}"),
        ("if the plan is kept", f"{found.total.kept:.0%}"),
        ("if nothing more is done", f"{found.total.idle:.0%}"),
        ("never seen", f"{found.plan.new_left:,}"),
        ("minutes a day", f"{found.plan.minutes_a_day:.0f}"),
    ]
    title = f"Ready on {found.clock.date(found.day)}?"
    return Page(title, "Predicted by FSRS.", tiles, [Section("The day", [curve, decks, begin])])


def _cells(recall: GroupRecall) -> tuple[str, str, str, str]:
    return f"{recall.cards:,}", f"{recall.seen:,}", f"{recall.idle:.0%}", f"{recall.kept:.0%}"
