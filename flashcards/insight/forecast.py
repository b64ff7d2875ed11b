"""Forecast the days ahead: due cards as they are, and a simulation in which every day's reviews are done."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

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
from scheduler.intervals import count_due_by_day
from scheduler.log_arrays import read_answers, read_card_columns
from scheduler.model import State
from scheduler.simulate import PolicyPlan, Simulation, simulate
from scheduler.simulated_learner import estimate_learner
from scheduler.tables import ASKABLE, read_cards

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Mapping, Sequence

    from numpy.typing import NDArray

    from flashcards.collection import Collection
    from scheduler.clock import Clock
    from scheduler.log import Done
    from scheduler.log_arrays import Answers
    from scheduler.model import Card
    from scheduler.policy import DeckLimits, Policy
    from scheduler.simulated_learner import Learner


Progress = Callable[[int, int], None]
"""Called with the days that were simulated, and how many there are in all."""


def ignore_progress(_done: int, _total: int) -> None:
    """Take note of nothing."""


def continue_progress(progress: Progress, first: int, total: int) -> Progress:
    """Report one simulation of several: it begins at `first` of `total` days."""
    return lambda done, _all: progress(first + done, total)


_FEW_RATINGS: Final = 30
"""With fewer, the usual speed of an answer outweighs the person's own."""

ASSUMED_SPEED: Final = "Minutes assume a typical answer time: your log is too short to measure yours."

# Answered at length: cards with a rubric, and those tagged as scenarios.
_SPOKEN: Final = """
    SELECT c.id FROM cards c JOIN notes n ON n.id = c.note
    WHERE json_array_length(n.body, '$.points') > 0 OR ' ' || n.tags || ' ' LIKE '% scenario %'
"""


class Sample(NamedTuple):
    """Cards that represent all cards that can be asked, or these cards themselves."""

    cards: list[Card]  # the cards; the cards of a note come together
    weights: dict[int, int]  # how many cards each of them represents
    counted: frozenset[int]  # those that the question is about

    def find_counted(self) -> list[Card]:
        """Return the cards that the question is about."""
        return [card for card in self.cards if card.id in self.counted]

    def select(self, is_chosen: Callable[[Card], bool]) -> Sample:
        """Keep some of the cards."""
        cards = [card for card in self.cards if is_chosen(card)]
        return Sample(cards, self.weights, self.counted & {card.id for card in cards})

    def count(self, cards: Iterable[Card]) -> int:
        """Count how many cards these of the sample represent."""
        return sum(self.weights[card.id] for card in cards)


@dataclass(frozen=True, slots=True)
class DaysAhead:
    """What a simulation of the days ahead starts from."""

    today: int  # the first day
    # one for each life to simulate, with other cards in each; only one if it holds all cards
    samples: tuple[Sample, ...]
    sampled: float  # the part of the cards of the question that one sample holds, 0 to 1
    limits: Sequence[DeckLimits]  # every deck with its settings
    order: Policy  # the settings that order a day
    learner: Learner  # the person, as the log shows them
    done: Mapping[int, Done]  # what was done today, by deck
    is_speed_assumed: bool  # whether the log is too short to tell how fast the person is

    def simulate(
        self,
        days: int,
        *,
        limits: Sequence[DeckLimits] | None = None,
        sample: Sample | None = None,
        seed: int = 1,
        known_every: int = 1,
        progress: Progress | None = None,
    ) -> Simulation:
        """Let the person live through the days ahead, perhaps with other limits or other cards than the first sample's.

        The result counts cards by what they represent.
        """
        cards, weights, counted = sample or self.samples[0]
        return simulate(
            cards,
            PolicyPlan(cards, limits or self.limits, order=self.order, done=self.done, weights=weights),
            self.today,
            days,
            replace(self.learner, seed=seed),
            counted=counted,
            weights=weights,
            known_every=known_every,
            progress=progress,
        )


def read_days_ahead(
    collection: Collection,
    now_ms: int,
    only: frozenset[int] | None = None,
    most: int | None = None,
    lives: int = 1,
    answers: Answers | None = None,
) -> DaysAhead:
    """Read what a simulation needs, for all cards or for `only` those that the question is about.

    One life simulates about `most` of them, and as many of the others; by default all. `lives` is how many samples to
    draw. `answers` is the log, if it was read before.
    """
    connection = collection.connection
    pool = _read_pool(connection, only)
    if answers is None:
        answers = read_answers(connection)
    spoken = frozenset(card for (card,) in connection.execute(_SPOKEN))
    today = collection.clock.day(now_ms)
    groups = _split(pool, most or max(1, pool.id.size))
    if all(group.step == 1 for group in groups):
        lives = 1
    samples = tuple(_draw(connection, pool, groups, number / lives) for number in range(lives))
    counted = int(pool.is_counted.sum())
    return DaysAhead(
        today,
        samples,
        len(samples[0].counted) / counted if counted else 1.0,
        collection.limits,
        find_ordering(collection),
        estimate_learner(answers, spoken, spoken_seconds=60 * collection.settings.spoken_minutes),
        collection.store.done(today),
        answers.card.size < _FEW_RATINGS,
    )


class _Pool(NamedTuple):
    """All cards that can be asked, one entry of each array a card; `due_day` is 0 for a card without one."""

    id: NDArray[np.int64]
    note: NDArray[np.int64]
    deck: NDArray[np.int64]
    due_day: NDArray[np.int64]
    is_counted: NDArray[np.bool_]


def _read_pool(connection: sqlite3.Connection, only: frozenset[int] | None) -> _Pool:
    columns = ("id", "note", "deck", "coalesce(due_day, 0)", f"({ASKABLE})")
    card, note, deck, due_day, is_askable = read_card_columns(connection, columns)
    is_counted = np.ones(card.size, dtype=bool) if only is None else np.isin(card, list(only))
    chosen = is_askable == 1
    return _Pool(card[chosen], note[chosen], deck[chosen], due_day[chosen], is_counted[chosen])


class _Notes(NamedTuple):
    """Notes of a pool, deck by deck, each deck's by due day, and how many notes one in a sample represents."""

    note: NDArray[np.int64]
    step: int


def _split(pool: _Pool, most: int) -> list[_Notes]:
    """Split a pool into notes of the question and others, so that a sample holds about `most` cards of each."""
    note, first, cards = np.unique(pool.note, return_index=True, return_counts=True)
    is_asked = np.isin(note, pool.note[pool.is_counted])
    order = np.lexsort((note, pool.due_day[first], pool.deck[first]))
    return [
        _Notes(note[order][mask[order]], max(1, -(-int(cards[mask].sum()) // most))) for mask in (is_asked, ~is_asked)
    ]


def _draw(connection: sqlite3.Connection, pool: _Pool, groups: Sequence[_Notes], start: float) -> Sample:
    """Draw one note in each step, the first of them `start` of a step on, 0 to 1."""
    represented = {
        note: each.step for each in groups for note in each.note[int(start * each.step) :: each.step].tolist()
    }
    is_drawn = np.isin(pool.note, list(represented))
    cards = read_cards(connection, pool.id[is_drawn].tolist())
    weights = {card.id: represented[card.note] for card in cards}
    return Sample(cards, weights, frozenset(pool.id[is_drawn & pool.is_counted].tolist()))


_MOST_CARDS: Final = 5_000  # larger collections are sampled


class ForecastDay(NamedTuple):
    """A day ahead."""

    day: int  # the day
    due: int  # cards whose due day it is now; overdue ones count on the first day
    reviews: int  # reviews expected when every day is kept and no new card is begun
    with_new: int  # reviews expected when new cards are begun as the limits say
    new: int  # new cards then begun
    minutes: float  # what reviews and new cards then take


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
    progress: Progress = ignore_progress,
) -> Forecast:
    """Look ahead at all cards, or at `only` some of them; today is the first of the days.

    A simulated learner keeps every day: recall follows FSRS, answers and speed the person's log. A large collection is
    sampled.
    """
    ahead = read_days_ahead(collection, now_ms, only, _MOST_CARDS)
    today, sample = ahead.today, ahead.samples[0]

    learned = sample.select(lambda card: card.state is not State.NEW)
    without = ahead.simulate(days, sample=learned, known_every=days, progress=continue_progress(progress, 0, 2 * days))
    with_new = ahead.simulate(days, known_every=days, progress=continue_progress(progress, days, 2 * days))
    due = count_due_by_day(collection.store, today, days, only=only)
    cards = sample.find_counted()
    # A card on a step, asked today already, counts as one review more; the simulation counts its answers apart.
    steps = sample.count(card for card in cards if _is_on_step(card, today))
    return Forecast(
        collection.clock,
        sample.count(card for card in cards if _is_overdue(card, today, collection.clock)),
        tuple(
            ForecastDay(
                today + at,
                due[at],
                less.reviews + (steps if at == 0 else 0),
                more.reviews + (steps if at == 0 else 0),
                more.new,
                round(more.seconds / 60, 1),
            )
            for at, (less, more) in enumerate(zip(without.days, with_new.days, strict=True))
        ),
        ahead.is_speed_assumed,
    )


def _is_on_step(card: Card, today: int) -> bool:
    return card.due_ms is not None and card.last_day == today and not card.is_buried(today)


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
        "Due now: by present due days. Expected: if each day's reviews are done, without and with new cards.",
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
        text.append(f"{forecast.overdue:,} of the cards due today {'is' if forecast.overdue == 1 else 'are'} overdue.")
    if forecast.is_speed_assumed:
        text.append(ASSUMED_SPEED)
    record = {"overdue": forecast.overdue, "days": rows, "speed_assumed": forecast.is_speed_assumed}
    return Report("Forecast", text, tiles, [FigureGroup("Days ahead", [reviews, minutes])], record)
