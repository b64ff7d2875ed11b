"""Logs of people whose memory follows FSRS with parameters that are known, and of a real one."""

from __future__ import annotations

import csv
import random
from collections import defaultdict
from datetime import datetime
from pathlib import Path

import numpy as np

from scheduler import DEFAULT_PARAMETERS, Memory, Rating
from scheduler.log_arrays import LogColumns
from scheduler.memory import QuickModel
from scheduler.model import ReviewKind, State

JOSH = Path(__file__).parents[2] / ".." / "shared" / "real" / "review-logs" / "josh.csv"
"""12,580 reviews of one person, from the tests of py-fsrs (MIT)."""

FORGETFUL = tuple(value * (0.4 if number < 4 else 1.0) for number, value in enumerate(DEFAULT_PARAMETERS))
"""Parameters of somebody who forgets what is new more than twice as fast as most."""

_DAY_MS = 86_400_000


def log_of(rows: list[tuple[int, int, int, int]]) -> LogColumns:
    """A log of ratings: instant in milliseconds, card, rating, day."""
    by_card: dict[int, list[tuple[int, int, int, int]]] = defaultdict(list)
    for row in sorted(rows):
        by_card[row[1]].append(row)
    found = []
    for card in sorted(by_card):
        for number, (at, _, rating, day) in enumerate(by_card[card]):
            before, after = (State.REVIEW if number else State.NEW), State.REVIEW
            found.append((at, card, int(ReviewKind.RATING), rating, int(before), int(after), 0, day, 0))
    columns = np.array(found, dtype=np.int64).reshape(-1, 9).T
    return LogColumns(*columns)


def josh(path: Path = JOSH) -> LogColumns:
    """The real log, in days of 24 hours that begin at 04:00 UTC."""
    rows = []
    with path.open(encoding="utf-8") as file:
        for row in csv.DictReader(file):
            at = int(datetime.fromisoformat(row["review_time"]).timestamp() * 1000)
            rows.append((at, int(row["card_id"]), int(row["review_rating"]), (at // 1000 - 4 * 3600) // 86_400))
    return log_of(rows)


def simulated(cards: int, days: int, parameters: tuple[float, ...], seed: int = 1) -> LogColumns:
    """Whose memory follows `parameters`, scheduled by FSRS's own."""
    chance = random.Random(seed)
    theirs, ours = QuickModel(parameters), QuickModel()
    rows = []
    for card in range(1, cards + 1):
        day = last = chance.randrange(days)
        memory: Memory | None = None
        known: Memory | None = None
        while day < days:
            if memory is None:
                rating = Rating(chance.choices([1, 2, 3, 4], [24, 9, 50, 17])[0])
            elif chance.random() > theirs.retrievability(memory.stability, day - last):
                rating = Rating.AGAIN
            else:
                rating = Rating(chance.choices([2, 3, 4], [15, 70, 15])[0])
            memory = theirs.next_memories(memory, day - last)[rating]
            known = ours.next_memories(known, day - last)[rating]
            rows.append((day * _DAY_MS + card, card, int(rating), day))
            last, day = day, day + max(1, round(ours.interval_days(known.stability, 0.9) * chance.uniform(0.9, 1.1)))
    return log_of(rows)
