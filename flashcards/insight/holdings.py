"""What the cards of a collection are now: their states, and how their stability, difficulty and recall are spread."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from flashcards.insight.stats import MATURE_DAYS
from scheduler.measures import retrievability
from scheduler.model import DAY_SECONDS, State

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

_DAYS: Final = (0, 1, 3, 7, 14, 21, 30, 60, 90, 180, 365, 730, 36_501)
_TENTHS: Final = tuple(round(number / 10, 1) for number in range(11))

_NONE: Final = np.zeros(0)

_ROWS: Final = (
    "SELECT id, deck, state, stability, difficulty, last_day, interval, lapses, suspended,"
    " coalesce(buried_day, -1), active FROM cards"
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


def holdings(
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
    rows = connection.execute(_ROWS).fetchall()
    if only is not None:
        rows = [row for row in rows if row[0] in only]
    active = [row for row in rows if row[10]]
    states = dict.fromkeys(("new", "learning", "relearning", "young", "mature", "suspended", "buried"), 0)
    kinds = Counter((row[2], row[6] >= MATURE_DAYS * DAY_SECONDS, row[8], row[9] >= today) for row in active)
    for (state, mature, suspended, buried), count in kinds.items():
        states[_state(state, mature, suspended, buried)] += count
    known = [row for row in active if row[3] is not None and row[5] is not None]
    columns = [np.array(column, float) for column in zip(*(row[2:7] for row in known), strict=True)] or [_NONE] * 5
    state_of, stability, difficulty, last, interval = columns
    decay = np.array([decays[row[1]] for row in known], float)
    chance = retrievability(stability, np.maximum(0, today - last), decay)
    hardest = sorted((row for row in known if row[7]), key=lambda row: (-row[7], -row[4], row[0]))[:most]
    return Holdings(
        states,
        len(rows) - len(active),
        _spans(stability, _DAYS),
        _spans(difficulty, range(1, 11)),
        _spans(chance, _TENTHS),
        _spans(interval[state_of == int(State.REVIEW)] / DAY_SECONDS, _DAYS),
        [HardCard(row[0], row[7], row[4]) for row in hardest],
    )


def _state(state: int, mature: bool, suspended: int, buried: bool) -> str:
    if suspended:
        return "suspended"
    if buried:
        return "buried"
    if state == State.REVIEW:
        return "mature" if mature else "young"
    return State(state).name.lower()


def _spans(values: NDArray[np.float64], edges: Sequence[float]) -> list[Span]:
    counts, _ = np.histogram(values, bins=np.array(edges, float))
    return [Span(edges[at], edges[at + 1], int(count)) for at, count in enumerate(counts)]
