"""Forecast the days ahead: the cards already due, and a simulation in which all reviews are done."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from flashcards.collection import Collection, find_session_policy
from flashcards.insight import report
from flashcards.text import plural
from scheduler.intervals import count_due_by_day
from scheduler.log_arrays import Answers, Ints, Mask, read_answers, read_card_columns
from scheduler.model import Card, State
from scheduler.simulate import PolicyPlan, Simulation, simulate
from scheduler.simulated_learner import Learner, estimate_learner
from scheduler.tables import ASKABLE, read_cards

if TYPE_CHECKING:
    import sqlite3

    from scheduler.clock import Clock
    from scheduler.log import Done
    from scheduler.policy import DeckPolicy, Policy


Progress = Callable[[int, int], None]
"""Called with the number of simulated days and of all days."""


def ignore_progress(_done: int, _total: int) -> None:
    """Ignore the progress."""


def continue_progress(progress: Progress, first: int, total: int) -> Progress:
    """Report the progress of one of several simulations, which begins at `first` of `total` days."""
    return lambda done, _all: progress(first + done, total)


_FEW_RATINGS: Final = 30
"""With fewer ratings, a typical answer time outweighs the person's own."""

ASSUMED_SPEED: Final = "Minutes assume a typical answer time, because your log is too short to measure yours."

# Cards with long answers: those with a rubric or tagged as scenarios.
_SPOKEN: Final = """
    SELECT c.id FROM cards c JOIN notes n ON n.id = c.note
    WHERE json_array_length(n.body, '$.points') > 0 OR ' ' || n.tags || ' ' LIKE '% scenario %'
"""


class Sample(NamedTuple):
    """A sample of the cards that can be asked, or all of them."""

    cards: list[Card]  # the cards, grouped by note
    weights: dict[int, int]  # how many cards each of them represents
    counted: frozenset[int]  # the cards that the forecast is about

    def find_counted(self) -> list[Card]:
        """Return the cards that the forecast is about."""
        return [card for card in self.cards if card.id in self.counted]

    def select(self, is_chosen: Callable[[Card], bool]) -> Sample:
        """Keep some of the cards."""
        cards = [card for card in self.cards if is_chosen(card)]
        return Sample(cards, self.weights, self.counted & {card.id for card in cards})

    def count(self, cards: Iterable[Card]) -> int:
        """Count the cards represented by these cards of the sample."""
        return sum(self.weights[card.id] for card in cards)


@dataclass(frozen=True, slots=True)
class DaysAhead:
    """The starting point of a simulation."""

    today: int  # the first day
    # one sample per simulated life; a single one if it contains all cards
    samples: tuple[Sample, ...]
    sampled: float  # share of the relevant cards that one sample contains, 0 to 1
    deck_policies: Sequence[DeckPolicy]  # every deck with its settings
    session_policy: Policy  # the settings that order the cards of a day
    learner: Learner  # the person, as estimated from the log
    done: Mapping[int, Done]  # what was done today, by deck
    is_speed_assumed: bool  # whether the log is too short to measure the person's speed

    def simulate(
        self,
        days: int,
        *,
        deck_policies: Sequence[DeckPolicy] | None = None,
        sample: Sample | None = None,
        seed: int = 1,
        known_every: int = 1,
        progress: Progress | None = None,
    ) -> Simulation:
        """Simulate the days ahead, perhaps with other policies or another sample; cards count by their weights."""
        cards, weights, counted = sample or self.samples[0]
        return simulate(
            cards,
            PolicyPlan(
                cards,
                deck_policies or self.deck_policies,
                session_policy=self.session_policy,
                done=self.done,
                weights=weights,
            ),
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
    """Read the inputs of a simulation, for all cards or for `only` some of them.

    One life simulates about `most` of these cards and as many others, or all cards by default. `lives` is the number of
    samples to draw. `answers` is the log, if already read.
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
        collection.deck_policies,
        find_session_policy(collection),
        estimate_learner(answers, spoken, spoken_seconds=60 * collection.settings.spoken_minutes),
        collection.store.done(today),
        answers.card.size < _FEW_RATINGS,
    )


class _Pool(NamedTuple):
    """All cards that can be asked, one array entry per card; `due_day` is 0 for a card without one."""

    id: Ints
    note: Ints
    deck: Ints
    due_day: Ints
    is_counted: Mask


def _read_pool(connection: sqlite3.Connection, only: frozenset[int] | None) -> _Pool:
    columns = ("id", "note", "deck", "coalesce(due_day, 0)", f"({ASKABLE})")
    card, note, deck, due_day, is_askable = read_card_columns(connection, columns)
    is_counted = np.ones(card.size, dtype=bool) if only is None else np.isin(card, list(only))
    chosen = is_askable == 1
    return _Pool(card[chosen], note[chosen], deck[chosen], due_day[chosen], is_counted[chosen])


class _Notes(NamedTuple):
    """Notes of a pool by deck and due day, and the number of notes that each one in a sample represents."""

    note: Ints
    step: int


def _split(pool: _Pool, most: int) -> list[_Notes]:
    """Split a pool into relevant and other notes, so that a sample contains about `most` cards of each."""
    note, first, cards = np.unique(pool.note, return_index=True, return_counts=True)
    is_asked = np.isin(note, pool.note[pool.is_counted])
    order = np.lexsort((note, pool.due_day[first], pool.deck[first]))
    return [
        _Notes(note[order][mask[order]], max(1, -(-int(cards[mask].sum()) // most))) for mask in (is_asked, ~is_asked)
    ]


def _draw(connection: sqlite3.Connection, pool: _Pool, groups: Sequence[_Notes], start: float) -> Sample:
    """Draw one note in each step; `start` is the position of the first within its step, 0 to 1."""
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
    due: int  # cards due on this day; overdue ones count on the first day
    reviews: int  # reviews expected if all reviews are done and no new card is begun
    with_new: int  # reviews expected if new cards are begun within the limits
    new: int  # new cards begun within the limits
    minutes: float  # minutes for these reviews and new cards


@dataclass(frozen=True, slots=True)
class Forecast:
    """The days ahead, the number of overdue cards, and whether the log is too short to tell the person's speed."""

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
    """Forecast the days ahead, starting today, for all cards or for `only` some of them.

    A simulated learner does all reviews: recall follows FSRS, answers and speed the person's log. Large collections are
    sampled.
    """
    ahead = read_days_ahead(collection, now_ms, only, _MOST_CARDS)
    today, sample = ahead.today, ahead.samples[0]

    learned = sample.select(lambda card: card.state is not State.NEW)
    without = ahead.simulate(days, sample=learned, known_every=days, progress=continue_progress(progress, 0, 2 * days))
    with_new = ahead.simulate(days, known_every=days, progress=continue_progress(progress, days, 2 * days))
    due = count_due_by_day(collection.store, today, days, only=only)
    cards = sample.find_counted()
    # A card on a learning step adds one review. The simulation counts answers on steps separately.
    on_steps = (card for card in cards if card.due_ms is not None and card.last_day == today)
    steps = sample.count(card for card in on_steps if not card.is_buried(today))
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


def _is_overdue(card: Card, today: int, clock: Clock) -> bool:
    due_day = card.due_day if card.due_ms is None else clock.day(card.due_ms)
    return due_day is not None and due_day < today


def build_forecast_report(forecast: Forecast) -> report.Report:
    """Build the report; docs/stats.md explains each number."""
    days = forecast.days
    dates = [forecast.clock.date(day.day) for day in days]
    rows = [{"date": str(date), **day._asdict()} for date, day in zip(dates, days, strict=True)]
    for row in rows:
        del row["day"]
    columns = [
        report.Column("day", "date"),
        report.Column("due now", "due", report.whole, kind="optional"),
        report.Column("expected", "reviews", report.whole),
        report.Column("with new", "with_new", report.whole),
        report.Column("new", "new", report.whole, kind="optional"),
        report.Column("minutes", "minutes", report.whole),
    ]
    names = [f"{date:%d %b}" for date in dates]
    series = [
        report.Series("due now", [day.due for day in days], 6),
        report.Series("expected, no new cards", [day.reviews for day in days], 1),
        report.Series("expected, with new cards", [day.with_new for day in days], 2),
    ]
    most = max(day.with_new for day in days)
    reviews = report.Figure(
        "Reviews per day",
        "Due now: by current due days. Expected: if each day's reviews are done, without and with new cards.",
        report.Curves([float(day.day) for day in days], names, series),
        report.DataTable(columns, rows, report.RowBar("with_new", most)),
        wide=True,
    )
    pace = report.Bars(names, [report.Series("minutes", [day.minutes for day in days], 5)], dates=True)
    minutes = report.Figure("Minutes a day", "With new cards, at your pace.", pace, wide=True, in_terminal="nothing")
    tiles = [
        ("due today", report.whole(days[0].due)),
        ("overdue", report.whole(forecast.overdue)),
        ("reviews to come", report.whole(sum(day.with_new for day in days))),
        ("minutes a day", report.whole(sum(day.minutes for day in days) / len(days))),
    ]
    text = [f"The next {plural(len(days), 'day')}."]
    if forecast.overdue:
        text.append(f"{forecast.overdue:,} of the cards due today {'is' if forecast.overdue == 1 else 'are'} overdue.")
    if forecast.is_speed_assumed:
        text.append(ASSUMED_SPEED)
    record = {"overdue": forecast.overdue, "days": rows, "speed_assumed": forecast.is_speed_assumed}
    return report.Report("Forecast", text, tiles, [report.FigureGroup("Days ahead", [reviews, minutes])], record)
