"""What the cards of a collection are now: their states, and how their stability, difficulty and recall are spread."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from flashcards.insight.stats import MATURE_DAYS
from scheduler.columns import read_card_columns
from scheduler.measures import retrievability
from scheduler.model import DAY_SECONDS, State

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

_DAYS: Final = (0, 1, 3, 7, 14, 21, 30, 60, 90, 180, 365, 730, 36_501)
_TENTHS: Final = tuple(round(number / 10, 1) for number in range(11))

_FINE: Final = 1_000_000_000  # stability and difficulty are read as whole numbers of such parts
_COLUMNS: Final = (
    *("id", "deck", "state"),
    *(f"CAST(coalesce({name}, 0) * {_FINE} AS INTEGER)" for name in ("stability", "difficulty")),
    *("coalesce(last_day, -1)", "interval", "lapses", "suspended", "coalesce(buried_day, -1)", "active"),
)


class Span(NamedTuple):
    """How many cards have a value from `low` up to, but not with, `high` (the last one with it)."""

    low: float
    high: float
    cards: int


class HardCard(NamedTuple):
    """A card that keeps being forgotten."""

    card: int
    lapses: int
    difficulty: float


@dataclass(frozen=True, slots=True)
class Holdings:
    """The cards counted.

    Attributes:
        states: by what they are: `new`, `learning`, `relearning`, `young`, `mature`, `suspended`, `buried`.
        orphaned: cards without a text.
        stability, interval: of learnt cards, in days.
        difficulty: of learnt cards, 1 to 10.
        retrievability: the chance of recall today, of learnt cards.
        hardest: those forgotten most often, the hardest first.
    """

    states: Mapping[str, int]
    orphaned: int
    stability: Sequence[Span]
    difficulty: Sequence[Span]
    retrievability: Sequence[Span]
    interval: Sequence[Span]
    hardest: Sequence[HardCard]


def count_cards(
    connection: sqlite3.Connection, today: int, decays: Mapping[int, float], only: frozenset[int] | None, most: int = 10
) -> Holdings:
    """Count the cards.

    Args:
        connection: of the store.
        today: the day.
        decays: the last FSRS parameter of each deck.
        only: count only these cards; None is all.
        most: how many of the hardest to name.
    """
    rows = np.array(read_card_columns(connection, _COLUMNS))
    if only is not None:
        rows = rows[:, np.isin(rows[0], list(only))]
    active = rows[:, rows[-1] == 1]
    known = active[:, (active[3] > 0) & (active[5] >= 0)]
    card, deck, state, _, _, last, interval, lapses = known[:8]
    stability, difficulty = known[3:5] / _FINE
    decay = np.array([decays[int(each)] for each in deck])
    chance = retrievability(stability, np.maximum(0, today - last), decay)
    order = np.lexsort((card, -difficulty, -lapses))
    hardest = order[lapses[order] > 0][:most]
    return Holdings(
        _states(active, today),
        rows.shape[1] - active.shape[1],
        _spans(stability, _DAYS),
        _spans(difficulty, range(1, 11)),
        _spans(chance, _TENTHS),
        _spans(interval[state == int(State.REVIEW)] / DAY_SECONDS, _DAYS),
        [HardCard(int(card[place]), int(lapses[place]), float(difficulty[place])) for place in hardest],
    )


def _states(active: NDArray[np.int64], today: int) -> dict[str, int]:
    state, interval, suspended, buried = active[2], active[6], active[8], active[9]
    hidden = suspended == 1
    away = ~hidden & (buried >= today)
    there = ~hidden & ~away
    mature = interval >= MATURE_DAYS * DAY_SECONDS
    review = there & (state == int(State.REVIEW))
    steps = {each.name.lower(): there & (state == int(each)) for each in (State.NEW, State.LEARNING, State.RELEARNING)}
    found = {**steps, "young": review & ~mature, "mature": review & mature, "suspended": hidden, "buried": away}
    return {name: int(chosen.sum()) for name, chosen in found.items()}


def _spans(values: NDArray[np.float64], edges: Sequence[float]) -> list[Span]:
    counts, _ = np.histogram(values, bins=np.array(edges, float))
    return [Span(edges[at], edges[at + 1], int(count)) for at, count in enumerate(counts)]
