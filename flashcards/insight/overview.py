"""Collect the figures of `stats`: past reviews, on whole columns of the log, and current cards."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from flashcards.insight.predictions import Predictions, compare_predictions
from scheduler.fit import predict_recall
from scheduler.log_arrays import Floats, Ints, Mask, Ratings, look_up, read_card_columns, read_ratings
from scheduler.memory import Curve, read_curve
from scheduler.model import DAY_SECONDS, Rating, State

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from flashcards.catalog.store import Entry
    from flashcards.collection import Collection
    from scheduler.clock import Clock


MATURE_DAYS: Final = 21
"""The interval in days from which a card is mature, as in Anki."""


class DayActivity(NamedTuple):
    """The reviews of a day: new cards rated, all ratings, ratings of Again, and the time spent."""

    day: int
    new: int
    reviews: int
    again: int
    seconds: float


class Recall(NamedTuple):
    """Reviews of learned cards, and the number recalled."""

    reviews: int
    recalled: int

    @property
    def retention(self) -> float | None:
        """The share recalled, or nothing without reviews."""
        return self.recalled / self.reviews if self.reviews else None


@dataclass(frozen=True, slots=True)
class Activity:
    """The reviews of a period."""

    days: Sequence[DayActivity]  # each day of the period, oldest first, including those without reviews
    later: int  # ratings dated after today, as by a fast clock; no other number includes them
    streak: int  # consecutive days with reviews, up to today or yesterday
    weeks: Mapping[int, Recall]  # the true retention of each week, by its Monday
    # young, mature: the true retention of cards with an interval below and from `MATURE_DAYS`
    young: Recall
    mature: Recall
    hours: Sequence[Recall]  # the same by hour of the day, local time
    # how often each rating was given: to cards on steps, to young and to mature ones
    buttons: Mapping[str, tuple[int, int, int, int]]
    decks: Mapping[int, Recall]  # the true retention of each deck
    predictions: Predictions


def count_activity(
    ratings: Ratings,
    crammed: Ratings,
    today: int,
    days: int | None,
    deck: Ints,
    curves: Mapping[int, Curve],
) -> Activity:
    """Count the reviews of a period: `days` days up to today, or all.

    Cramming (`crammed`) counts as work but not towards retention. `deck` is the deck of each of `ratings`, and `curves`
    contains the forgetting curve of each deck.
    """
    answers = ratings.join(crammed)
    first = min(int(answers.day.min()), today) if answers.day.size else today
    start = first if days is None else today - days + 1
    predictions = compare_predictions(ratings, start, today, deck, curves)
    within = (ratings.day >= start) & (ratings.day <= today)
    period = ratings.where(within)
    answered = period if answers is ratings else answers.where((answers.day >= start) & (answers.day <= today))
    tested = _select_tested(period)
    recalled = (period.rating > int(Rating.AGAIN))[tested]
    mature = (period.interval_before >= MATURE_DAYS * DAY_SECONDS)[tested]
    day = period.day[tested]
    return Activity(
        days=_count_days(_find_introductions(ratings), answered, start, today),
        later=int((answers.day > today).sum()),
        streak=_count_streak(answers.day, today),
        weeks=_group_recall(day - (day + 3) % 7, recalled),
        young=_count_recall(recalled[~mature]),
        mature=_count_recall(recalled[mature]),
        hours=_group_by_hour(period.at_ms[tested], period.offset_minutes[tested], recalled),
        buttons=_count_buttons(answered),
        decks=_group_recall(deck[within][tested], recalled),
        predictions=predictions,
    )


def _select_tested(ratings: Ratings) -> Mask:
    """Find the ratings that count for true retention, as in Anki: in review, or after a step of a day or more."""
    under_review = ratings.state_before == int(State.REVIEW)
    on_steps = ratings.state_before != int(State.NEW)
    found: Mask = under_review | (on_steps & (ratings.interval_before >= DAY_SECONDS))
    return found


def _find_introductions(ratings: Ratings) -> NDArray[np.int32]:
    """Find the day of each card's first rating.

    A card that was new in two programs was rated as new in both. A card that was made new again has earlier ratings.
    """
    new = np.flatnonzero(ratings.state_before == int(State.NEW))
    _, first = np.unique(ratings.card[new], return_index=True)
    found: NDArray[np.int32] = ratings.day[new[first]]
    return found


def _count_days(introduced: NDArray[np.int32], answered: Ratings, start: int, today: int) -> list[DayActivity]:
    count = today - start + 1
    new = np.bincount(introduced[(introduced >= start) & (introduced <= today)] - start, minlength=count)
    at = answered.day - start
    again = np.bincount(at, answered.rating == int(Rating.AGAIN), minlength=count)
    seconds = np.bincount(at, answered.duration_ms, minlength=count) / 1000
    reviews = np.bincount(at, minlength=count)
    columns = (np.arange(start, start + count), new, reviews, again.astype(int), seconds)
    return [DayActivity(*values) for values in zip(*(column.tolist() for column in columns), strict=True)]


def _count_streak(days: NDArray[np.int32], today: int) -> int:
    """Count the consecutive days up to today or yesterday; `days` are nearly sorted."""
    # Keeping only changes leaves little to sort. A clock that was set back repeats days.
    active = np.unique(days[np.flatnonzero(np.diff(days, prepend=days[:1] - 1))])
    active = active[active <= today]
    if not active.size or active[-1] < today - 1:
        return 0
    gaps = np.flatnonzero(np.diff(active) > 1)
    return int(active.size - (gaps[-1] + 1 if gaps.size else 0))


def _count_recall(recalled: Mask) -> Recall:
    return Recall(recalled.size, int(recalled.sum()))


def _group_recall(keys: Ints, recalled: Mask) -> dict[int, Recall]:
    """Group the reviews by key. The keys are dense, like days and deck ids."""
    if not keys.size:
        return {}
    first = int(keys.min())
    counts = np.bincount(keys - first)
    good = np.bincount(keys - first, recalled).astype(int)
    return {
        int(first + place): Recall(int(counts[place]), int(good[place])) for place in np.flatnonzero(counts).tolist()
    }


def _group_by_hour(at_ms: Ints, offset_minutes: NDArray[np.int16], recalled: Mask) -> list[Recall]:
    grouped = _group_recall((at_ms // 60_000 + offset_minutes) // 60 % 24, recalled)
    return [grouped.get(number, Recall(0, 0)) for number in range(24)]


def _count_buttons(period: Ratings) -> dict[str, tuple[int, int, int, int]]:
    under_review = period.state_before == int(State.REVIEW)
    mature = period.interval_before >= MATURE_DAYS * DAY_SECONDS
    kinds = {"learning": ~under_review, "young": under_review & ~mature, "mature": under_review & mature}
    found = {}
    for name, chosen in kinds.items():
        again, hard, good, easy = np.bincount(period.rating[chosen], minlength=5)[1:5].tolist()
        found[name] = (again, hard, good, easy)
    return found


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

    id: str
    deck: str
    question: FrontText
    lapses: int  # how often it was forgotten
    difficulty: float  # 1 to 10


@dataclass(frozen=True, slots=True)
class CardCounts:
    """The current cards; spans are of learned cards."""

    # number of `new`, `learning`, `relearning`, `young`, `mature`, `suspended`, `buried`
    states: Mapping[str, int]
    orphaned: int  # cards without a text
    stability: Sequence[Span]  # days
    difficulty: Sequence[Span]  # 1 to 10
    retrievability: Sequence[Span]  # the probability of recall today
    interval: Sequence[Span]  # days
    hardest: Sequence[tuple[int, int, float]]  # id, lapses, difficulty; of the most lapsed cards


@dataclass(frozen=True, slots=True)
class Overview:
    """All figures of `stats`."""

    clock: Clock  # converts days to dates
    today: int
    activity: Activity
    cards: CardCounts
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
    curves = {deck.id: read_curve(deck.policy.parameters) for deck in collection.deck_policies}
    done = count_activity(ratings, crammed, today, days, look_up(rows[0], rows[1], ratings.card), curves)
    cards = _count_cards(rows, today, curves)
    names = collection.catalog.deck_names()
    by_deck = {names[deck]: recall for deck, recall in done.decks.items() if deck in names}
    hardest = [_describe_card(collection, *hard) for hard in cards.hardest]
    return Overview(collection.clock, today, done, cards, by_deck, hardest, collection.settings.policy.retention)


def _describe_card(collection: Collection, card_id: int, lapses: int, difficulty: float) -> HardCard:
    from flashcards.cards import format_card_id

    row = collection.store.card(card_id)
    entry = collection.note_of(row)
    question = read_question(entry, row.slot)
    return HardCard(format_card_id(entry, row.slot), entry.deck, question, lapses, difficulty)


def read_question(entry: Entry, slot: str) -> FrontText:
    """Return the question of a note's card."""
    from flashcards.cards import render_sides

    return FrontText(render_sides(entry.note, slot)[0], entry.note.definitions)


def _count_cards(rows: Ints, today: int, curves: Mapping[int, Curve]) -> CardCounts:
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


def _count_states(active: Ints, today: int) -> dict[str, int]:
    state, interval, suspended, buried = active[2], active[6], active[8], active[9]
    hidden = suspended == 1
    away = ~hidden & (buried >= today)
    there = ~hidden & ~away
    mature = interval >= MATURE_DAYS * DAY_SECONDS
    review = there & (state == int(State.REVIEW))
    steps = {each.name.lower(): there & (state == int(each)) for each in (State.NEW, State.LEARNING, State.RELEARNING)}
    found = {**steps, "young": review & ~mature, "mature": review & mature, "suspended": hidden, "buried": away}
    return {name: int(chosen.sum()) for name, chosen in found.items()}


def _count_spans(values: Floats, edges: Sequence[float]) -> list[Span]:
    counts, _ = np.histogram(values, bins=np.array(edges, float))
    return [Span(edges[at], edges[at + 1], int(count)) for at, count in enumerate(counts)]
