"""The days ahead: due days as they are, and a simulation of all cards in which every day is kept."""

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
from scheduler.intervals import count_due_by_day
from scheduler.learner import estimate_learner
from scheduler.model import State
from scheduler.rows import CARD_COLUMNS, to_card
from scheduler.simulate import PolicyPlan, Simulation, simulate

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from flashcards.collection import Collection
    from scheduler.clock import Clock
    from scheduler.learner import Learner
    from scheduler.limits import DeckLimits
    from scheduler.log import Done
    from scheduler.model import Card
    from scheduler.policy import Policy

    Progress = Callable[[int, int], None]


_FEW_RATINGS: Final = 30
"""With fewer, the usual speed of an answer outweighs the person's own."""

ASSUMED_SPEED: Final = "Minutes assume the usual speed of an answer: your log is too short to tell yours."

# Answered at length: cards with a rubric, and those tagged as scenarios.
_SPOKEN: Final = """
    SELECT c.id FROM cards c JOIN notes n ON n.id = c.note
    WHERE json_array_length(n.body, '$.points') > 0 OR ' ' || n.tags || ' ' LIKE '% scenario %'
"""


@dataclass(frozen=True, slots=True)
class DaysAhead:
    """What a simulation of the days ahead starts from.

    Attributes:
        today: the first day.
        cards: all cards that can be asked, or a sample of them.
        limits: every deck with its settings.
        order: the settings that order a day.
        learner: the person, as the log shows them.
        done: what was done today, by deck.
        counted: the cards among `cards` that the question is about.
        each: how many cards each counted card represents.
        weights: the same for each card of a sample.
        is_speed_assumed: the log is too short to tell how fast the person is.
    """

    today: int
    cards: Sequence[Card]
    limits: Sequence[DeckLimits]
    order: Policy
    learner: Learner
    done: Mapping[int, Done]
    counted: frozenset[int]
    each: int
    weights: Mapping[int, int]
    is_speed_assumed: bool

    def find_counted(self) -> list[Card]:
        """Return the cards that the question is about."""
        return [card for card in self.cards if card.id in self.counted]

    def simulate(
        self,
        days: int,
        *,
        limits: Sequence[DeckLimits] | None = None,
        cards: Sequence[Card] | None = None,
        seed: int = 1,
        known_every: int = 1,
        progress: Progress | None = None,
    ) -> Simulation:
        """Let the person live through the days ahead, perhaps with other limits or other cards."""
        chosen = self.cards if cards is None else cards
        plan = PolicyPlan(chosen, limits or self.limits, order=self.order, done=self.done, weights=self.weights)
        counted = self.counted if cards is None else self.counted & {card.id for card in cards}
        learner = replace(self.learner, seed=seed)
        return simulate(
            chosen, plan, self.today, days, learner, counted=counted, known_every=known_every, progress=progress
        )


def read_days_ahead(
    collection: Collection, now_ms: int, only: frozenset[int] | None = None, most: int | None = None
) -> DaysAhead:
    """Read what a simulation needs; `only` are the cards the question is about, `most` how many to simulate at most."""
    rows = collection.connection.execute(f"SELECT {CARD_COLUMNS} FROM cards WHERE {ASKABLE}")
    cards = list(map(to_card, rows))
    counted = frozenset(card.id for card in cards if only is None or card.id in only)
    each = 1
    weights: dict[int, int] = {}
    if most is not None and len(cards) > most:
        cards, each, weights = _sample(cards, counted, most)
        counted &= weights.keys()
    ratings = read_ratings(collection.connection)
    spoken = frozenset(card for (card,) in collection.connection.execute(_SPOKEN))
    today = collection.clock.day(now_ms)
    return DaysAhead(
        today,
        cards,
        collection.limits,
        find_ordering(collection),
        estimate_learner(ratings, spoken, spoken_seconds=60 * collection.settings.spoken_minutes),
        collection.store.done(today),
        counted,
        each,
        weights,
        ratings.at_ms.size < _FEW_RATINGS,
    )


def _sample(cards: Sequence[Card], counted: frozenset[int], most: int) -> tuple[list[Card], int, dict[int, int]]:
    """Sample about `most` of the cards of the question, and as many of the others; notes stay whole.

    Returns the cards, how many each counted card represents, and how many each card does.
    """
    asked_about = {card.note for card in cards if card.id in counted}
    others = {card.note for card in cards} - asked_about
    chosen: dict[int, int] = {}
    steps = []
    for notes in (asked_about, others):
        step = -(-sum(card.note in notes for card in cards) // most) or 1
        chosen |= dict.fromkeys(sorted(notes)[::step], step)
        steps.append(step)
    sample = [card for card in cards if card.note in chosen]
    return sample, steps[0], {card.id: chosen[card.note] for card in sample}


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
