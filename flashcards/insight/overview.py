"""Collect the figures of `stats`: past reviews and current cards."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from flashcards.insight.activity import MATURE_DAYS, Activity, DayActivity, Recall, count_activity
from scheduler.log_arrays import look_up, read_card_columns, read_ratings
from scheduler.memory import read_curve
from scheduler.model import DAY_SECONDS, State
from scheduler.prediction_error import predict_recall

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from flashcards.catalog.store import Entry
    from flashcards.collection import Collection
    from scheduler.clock import Clock
    from scheduler.memory import Curve

_DAYS: Final = (0, 1, 3, 7, 14, 21, 30, 60, 90, 180, 365, 730, 36_501)
_TENTHS: Final = tuple(round(number / 10, 1) for number in range(11))
_MOST_HARD: Final = 10

_FINE: Final = 1_000_000_000  # the unit in which stability and difficulty are read as whole numbers
_COLUMNS: Final = (
    *("id", "deck", "state"),
    *(f"CAST(coalesce({name}, 0) * {_FINE} AS INTEGER)" for name in ("stability", "difficulty")),
    *("coalesce(last_day, -1)", "interval", "lapses", "suspended", "coalesce(buried_day, -1)", "active"),
)


class Span(NamedTuple):
    """The number of cards with a value from `low` to below `high`; the last span includes `high`."""

    low: float
    high: float
    cards: int


class FrontText(NamedTuple):
    """The question of a card as Markdown, with the link definitions of its note."""

    markdown: str
    definitions: str

    def format(self) -> str:
        """Return the question as plain text in one line."""
        from flashcards.render.terminal.renderer import render_plain  # imported late, because JSON needs no plain text

        return " ".join(render_plain(self.markdown, self.definitions).split())


class HardCard(NamedTuple):
    """A card that keeps being forgotten."""

    name: str  # its id
    deck: str  # its deck
    question: FrontText  # its question
    lapses: int  # how often it was forgotten
    difficulty: float  # 1 to 10


@dataclass(frozen=True, slots=True)
class CardCounts:
    """The current cards.

    Attributes:
        states: number of `new`, `learning`, `relearning`, `young`, `mature`, `suspended`, `buried`.
        orphaned: cards without a text.
        stability, interval: of learnt cards, in days.
        difficulty: of learnt cards, 1 to 10.
        retrievability: the probability of recall today, of learnt cards.
        hardest: id, lapses and difficulty of the cards with the most lapses, hardest first.
    """

    states: Mapping[str, int]
    orphaned: int
    stability: Sequence[Span]
    difficulty: Sequence[Span]
    retrievability: Sequence[Span]
    interval: Sequence[Span]
    hardest: Sequence[tuple[int, int, float]]


@dataclass(frozen=True, slots=True)
class Overview:
    """All figures of `stats`."""

    clock: Clock  # converts days to dates
    today: int  # today
    activity: Activity  # past reviews
    cards: CardCounts  # current cards
    decks: Mapping[str, Recall]  # the recall of each deck, by name
    hardest: Sequence[HardCard]  # the cards with the most lapses, hardest first
    retention: float  # the retention set for the whole collection

    @property
    def now(self) -> DayActivity:
        """The reviews of today."""
        return self.activity.days[-1]


def build_overview(collection: Collection, now_ms: int, days: int | None, only: frozenset[int] | None) -> Overview:
    """Count the cards, and the reviews of `days` days up to today or of all; `only` restricts both to some cards."""
    today = collection.clock.day(now_ms)
    ratings, crammed = read_ratings(collection.connection)
    rows = np.array(read_card_columns(collection.connection, _COLUMNS))
    if only is not None:
        ids = np.fromiter(only, np.int64, len(only))
        ratings, crammed = (each.where(np.isin(each.card, ids)) for each in (ratings, crammed))
        rows = rows[:, np.isin(rows[0], ids)]
    curves = {limit.deck: read_curve(limit.policy.parameters) for limit in collection.limits}
    done = count_activity(ratings, crammed, today, days, look_up(rows[0], rows[1], ratings.card), curves)
    cards = _count_cards(rows, today, curves)
    names = collection.catalog.deck_names()
    by_deck = {names[deck]: recall for deck, recall in done.decks.items() if deck in names}
    hardest = [_describe_card(collection, *hard) for hard in cards.hardest]
    return Overview(collection.clock, today, done, cards, by_deck, hardest, collection.settings.policy.retention)


def _describe_card(collection: Collection, card: int, lapses: int, difficulty: float) -> HardCard:
    from flashcards.cards import format_card_id

    row = collection.store.card(card)
    entry = collection.note_of(row)
    question = read_question(entry, row.slot)
    return HardCard(format_card_id(entry, row.slot), entry.deck, question, lapses, difficulty)


def read_question(entry: Entry, slot: str) -> FrontText:
    """Return the question of a note's card."""
    from flashcards.cards import render_sides

    return FrontText(render_sides(entry, slot)[0], entry.note.definitions)


def _count_cards(rows: NDArray[np.int64], today: int, curves: Mapping[int, Curve]) -> CardCounts:
    """Count the cards by state; `rows` has the columns of `_COLUMNS`."""
    active = rows[:, rows[-1] == 1]
    known = active[:, (active[3] > 0) & (active[5] >= 0)]
    card, deck, state, _, _, last, interval, lapses = known[:8]
    stability, difficulty = known[3:5] / _FINE
    chance = predict_recall(curves, deck, stability, np.maximum(0, today - last))
    order = np.lexsort((card, -difficulty, -lapses))
    hardest = order[lapses[order] > 0][:_MOST_HARD]
    return CardCounts(
        _count_states(active, today),
        rows.shape[1] - active.shape[1],
        _count_spans(stability, _DAYS),
        _count_spans(difficulty, range(1, 11)),
        _count_spans(chance, _TENTHS),
        _count_spans(interval[state == int(State.REVIEW)] / DAY_SECONDS, _DAYS),
        [(int(card[place]), int(lapses[place]), float(difficulty[place])) for place in hardest],
    )


def _count_states(active: NDArray[np.int64], today: int) -> dict[str, int]:
    state, interval, suspended, buried = active[2], active[6], active[8], active[9]
    hidden = suspended == 1
    away = ~hidden & (buried >= today)
    there = ~hidden & ~away
    mature = interval >= MATURE_DAYS * DAY_SECONDS
    review = there & (state == int(State.REVIEW))
    steps = {each.name.lower(): there & (state == int(each)) for each in (State.NEW, State.LEARNING, State.RELEARNING)}
    found = {**steps, "young": review & ~mature, "mature": review & mature, "suspended": hidden, "buried": away}
    return {name: int(chosen.sum()) for name, chosen in found.items()}


def _count_spans(values: NDArray[np.float64], edges: Sequence[float]) -> list[Span]:
    counts, _ = np.histogram(values, bins=np.array(edges, float))
    return [Span(edges[at], edges[at + 1], int(count)) for at, count in enumerate(counts)]
