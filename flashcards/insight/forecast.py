"""Forecast the cards due on the days ahead: by due days as they are, and by simulating that every day is kept."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, NamedTuple

from flashcards.collection import find_ordering
from flashcards.insight.report import (
    Bars,
    Column,
    Curves,
    DataTable,
    Figure,
    FigureGroup,
    Report,
    RowBar,
    Series,
    whole,
)
from flashcards.text import plural
from scheduler.columns import read_ratings
from scheduler.conditions import ASKABLE
from scheduler.learner import estimate_learner
from scheduler.limits import DeckLimits
from scheduler.log import Done
from scheduler.reschedule import count_due_by_day
from scheduler.rows import CARD_COLUMNS, to_card
from scheduler.simulate import PolicyPlan, simulate

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from flashcards.collection import Collection
    from scheduler.clock import Clock
    from scheduler.model import Card

_MOST_CARDS: Final = 5_000  # larger sets are sampled: every nth note represents the rest


class ForecastDay(NamedTuple):
    """A day ahead.

    Attributes:
        day: the day.
        due: cards whose due day it is now; overdue ones count on the first day.
        reviews: reviews expected when every day is kept and no new card is begun.
        with_new: reviews expected when new cards are begun as the limits say.
        new: new cards then begun.
        minutes: what reviews and new cards then take.
    """

    day: int
    due: int
    reviews: int
    with_new: int
    new: int
    minutes: float


@dataclass(frozen=True, slots=True)
class Forecast:
    """The days ahead, and how many of the cards due today were due earlier."""

    clock: Clock
    overdue: int
    days: tuple[ForecastDay, ...]


def build_forecast(
    collection: Collection,
    now_ms: int,
    days: int,
    only: frozenset[int] | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Forecast:
    """Forecast `days` days, today included, for all cards or for `only` some.

    A simulated learner recalls as FSRS predicts, and answers as this person does and as fast. Of many cards a sample
    represents all.
    """
    today = collection.clock.day(now_ms)
    cards = find_askable_cards(collection, only)
    chosen, limits, each = sample_cards(cards, collection.limits, _MOST_CARDS)
    nothing_new = [limit._replace(policy=replace(limit.policy, new_per_day=0)) for limit in limits]

    learner = estimate_learner(read_ratings(collection.connection))

    def part(first: int) -> Callable[[int, int], None] | None:
        return (lambda done, _all: progress(first + done, 2 * days)) if progress else None

    order = find_ordering(collection, only)
    was = {deck: Done(*(-(-count // each) for count in done)) for deck, done in collection.store.done(today).items()}
    plans = [PolicyPlan(chosen, decks, order=order, done=was) for decks in (nothing_new, limits)]
    kept, grown = (
        simulate(chosen, plan, today, days, learner, known_every=days, progress=part(number * days))
        for number, plan in enumerate(plans)
    )
    due = count_due_by_day(collection.store, today, days, only=None if only is None else {card.id for card in cards})
    overdue = sum(_due_before(card, today, collection.clock) for card in cards)
    # A card on a step that was asked today counts as one more review; the simulation counts its answers separately.
    steps = sum(card.due_ms is not None and card.last_day == today and not card.is_buried(today) for card in chosen)
    return Forecast(
        collection.clock,
        overdue,
        tuple(
            ForecastDay(
                today + at,
                due[at],
                (less.reviews + (steps if at == 0 else 0)) * each,
                (more.reviews + (steps if at == 0 else 0)) * each,
                more.new * each,
                round(more.seconds / 60 * each, 1),
            )
            for at, (less, more) in enumerate(zip(kept.days, grown.days, strict=True))
        ),
    )


def find_askable_cards(collection: Collection, only: frozenset[int] | None) -> list[Card]:
    """List the cards that will be asked: those with a text that are not suspended."""
    rows = collection.connection.execute(f"SELECT {CARD_COLUMNS} FROM cards WHERE {ASKABLE}")
    return [card for card in map(to_card, rows) if only is None or card.id in only]


def sample_cards(
    cards: list[Card], limits: Sequence[DeckLimits], most: int
) -> tuple[list[Card], list[DeckLimits], int]:
    """Sample about `most` cards, keeping the cards of a note together.

    Returns the sample, limits to match, and how many cards each of the sample represents.
    """
    each = -(-len(cards) // most) or 1
    notes = {note: number for number, note in enumerate(sorted({card.note for card in cards}))}
    chosen = [card for card in cards if notes[card.note] % each == 0]
    return chosen, [_share_out(limit, each) for limit in limits], each


def _share_out(limit: DeckLimits, each: int) -> DeckLimits:
    policy = limit.policy
    new, reviews = -(-policy.new_per_day // each), -(-policy.reviews_per_day // each)
    return limit._replace(policy=replace(policy, new_per_day=new, reviews_per_day=reviews))


def _due_before(card: Card, today: int, clock: Clock) -> bool:
    due_day = card.due_day if card.due_ms is None else clock.day(card.due_ms)
    return due_day is not None and due_day < today


def build_forecast_report(forecast: Forecast) -> Report:
    """Build the report; docs/stats.md explains each number."""
    days = forecast.days
    dates = [forecast.clock.date(day.day) for day in days]
    rows = [{"date": str(date), **day._asdict()} for date, day in zip(dates, days, strict=True)]
    for row in rows:
        del row["day"]
    columns = [
        Column("day", "date"),
        Column("due now", "due", whole, kind="optional"),
        Column("expected", "reviews", whole),
        Column("with new", "with_new", whole),
        Column("new", "new", whole, kind="optional"),
        Column("minutes", "minutes", whole),
    ]
    names = [f"{date:%d %b}" for date in dates]
    series = [
        Series("due now", [day.due for day in days], 6),
        Series("expected, no new cards", [day.reviews for day in days], 1),
        Series("expected, with new cards", [day.with_new for day in days], 2),
    ]
    most = max(day.with_new for day in days)
    reviews = Figure(
        "Reviews a day",
        "Due now: by the due days as they are. Expected: every day kept, without and with new cards.",
        Curves([float(day.day) for day in days], names, series),
        DataTable(columns, rows, RowBar("with_new", most)),
        wide=True,
    )
    pace = Bars(names, [Series("minutes", [day.minutes for day in days], 5)], dates=True)
    minutes = Figure("Minutes a day", "With new cards, at your pace.", pace, wide=True, in_terminal="nothing")
    tiles = [
        ("due today", whole(days[0].due)),
        ("overdue", whole(forecast.overdue)),
        ("reviews to come", whole(sum(day.with_new for day in days))),
        ("minutes a day", whole(sum(day.minutes for day in days) / len(days))),
    ]
    text = [f"The next {plural(len(days), 'day')}."]
    if forecast.overdue:
        text.append(f"{forecast.overdue:,} of the cards due today are overdue.")
    record = {"overdue": forecast.overdue, "days": rows}
    return Report("Forecast", text, tiles, [FigureGroup("Days ahead", [reviews, minutes])], record)
