"""Forecast the cards due on the days ahead: by due days as they are, and by simulating that every day is kept."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NamedTuple

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
from flashcards.insight.simulation import ASSUMED_SPEED, read_days_ahead
from flashcards.text import plural
from scheduler.intervals import count_due_by_day
from scheduler.model import State

if TYPE_CHECKING:
    from collections.abc import Callable

    from flashcards.collection import Collection
    from scheduler.clock import Clock
    from scheduler.model import Card

_MOST_CARDS: Final = 5_000  # larger collections are sampled


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
    """The days ahead, and how many of the cards due today were due before it.

    `is_speed_assumed` says that the log is too short to tell the person's speed.
    """

    clock: Clock
    overdue: int
    days: tuple[ForecastDay, ...]
    is_speed_assumed: bool = False


def build_forecast(
    collection: Collection,
    now_ms: int,
    days: int,
    only: frozenset[int] | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Forecast:
    """Look ahead at all cards, or at `only` some of them; today is the first of the days.

    A simulated learner keeps every day: recall follows FSRS, answers and speed the person's log. A large collection is
    sampled.
    """
    ahead = read_days_ahead(collection, now_ms, only, _MOST_CARDS)
    today, each = ahead.today, ahead.each

    def follow(first: int) -> Callable[[int, int], None] | None:
        return (lambda done, _all: progress(first + done, 2 * days)) if progress else None

    learned = [card for card in ahead.cards if card.state is not State.NEW]
    without = ahead.simulate(days, cards=learned, known_every=days, progress=follow(0))
    with_new = ahead.simulate(days, known_every=days, progress=follow(days))
    due = count_due_by_day(collection.store, today, days, only=only)
    cards = ahead.find_counted()
    # A card on a step, asked today already, counts as one review more; the simulation counts its answers apart.
    steps = sum(card.due_ms is not None and card.last_day == today and not card.is_buried(today) for card in cards)
    return Forecast(
        collection.clock,
        sum(_is_overdue(card, today, collection.clock) for card in cards) * each,
        tuple(
            ForecastDay(
                today + at,
                due[at],
                (less.reviews + (steps if at == 0 else 0)) * each,
                (more.reviews + (steps if at == 0 else 0)) * each,
                more.new * each,
                round(more.seconds / 60 * each, 1),
            )
            for at, (less, more) in enumerate(zip(without.days, with_new.days, strict=True))
        ),
        ahead.is_speed_assumed,
    )


def _is_overdue(card: Card, today: int, clock: Clock) -> bool:
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
    if forecast.is_speed_assumed:
        text.append(ASSUMED_SPEED)
    record = {"overdue": forecast.overdue, "days": rows, "speed_assumed": forecast.is_speed_assumed}
    return Report("Forecast", text, tiles, [FigureGroup("Days ahead", [reviews, minutes])], record)
