"""A review log for a collection whose decks were scanned: many cards, each with so many reviews, some of them due.

The log is written straight into the database, since a million ratings one by one take minutes; the cards then become
what their log says.
"""

from __future__ import annotations

import time
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Final

from flashcards.collection import Collection
from scheduler import Clock, Leech, Rating, Review, ReviewKind, State, transaction
from scheduler.log import Replayer

_RATINGS: Final = (Rating.GOOD, Rating.GOOD, Rating.HARD, Rating.GOOD, Rating.EASY, Rating.GOOD, Rating.AGAIN)
_DAY: Final = 86_400  # seconds
_NOON_MS: Final = 8 * 3_600_000  # after the start of the day


def add_history(root: Path, cards: int, reviews_each: int) -> None:
    """Give the first `cards` cards of the collection `reviews_each` reviews each.

    The days on which they are due lie between ten days ago and fifty days ahead.
    """
    with Collection(root) as collection:
        connection = collection.connection
        chosen = connection.execute("SELECT id FROM cards ORDER BY id LIMIT ?", (cards,)).fetchall()
        today = collection.clock.day(time.time_ns() // 1_000_000)
        logs = _logs([card for (card,) in chosen], reviews_each, today, collection.clock)
        Replayer(collection.store.model(collection.settings.policy.parameters)).fill_memories(logs)
        reviews = sorted(review for log in logs for review in log)
        marks = ", ".join("?" * len(Review._fields))
        with transaction(connection):
            connection.executemany(f"INSERT INTO reviews ({', '.join(Review._fields)}) VALUES ({marks})", reviews)
        collection.store.rebuild(lambda deck: collection.policy(deck).parameters, apply=True)


def _logs(cards: Sequence[int], reviews_each: int, today: int, clock: Clock) -> list[list[Review]]:
    """Return the log of each card, oldest first, as yet without memory states."""
    logs: dict[int, list[Review]] = defaultdict(list)
    for review in _reviews(cards, reviews_each, today, clock):
        logs[review.card].append(review)
    return list(logs.values())


def _reviews(cards: Iterable[int], reviews_each: int, today: int, clock: Clock) -> Iterator[Review]:
    starts: dict[int, int] = {}
    made: Counter[int] = Counter()
    for index, card in enumerate(cards):
        elapsed = 1 + index % 30
        # From the last review back: each interval was about half of the one that followed.
        ahead = (index * 37) % 60 - 10
        gaps = [max(1, elapsed + ahead)]
        while len(gaps) < reviews_each:
            gaps.append(max(1, gaps[-1] // 2))
        gaps.reverse()
        day = today - elapsed - sum(gaps[:-1])
        before = 0
        for number, gap in enumerate(gaps):
            if day not in starts:
                starts[day] = clock.start_of(day) + _NOON_MS
            at_ms = starts[day] + made[day]
            made[day] += 1
            yield Review(
                id=at_ms,
                card=card,
                kind=ReviewKind.RATING,
                rating=Rating.GOOD if number == 0 else _RATINGS[(index + number) % len(_RATINGS)],
                day=day,
                offset_minutes=clock.offset_minutes(starts[day]),
                duration_ms=4_000,
                state_before=State.REVIEW if number else State.NEW,
                state_after=State.REVIEW,
                steps_left=0,
                interval_before=before * _DAY,
                interval_after=gap * _DAY,
                due_day=day + gap,
                due_ms=None,
                stability=None,
                difficulty=None,
                leech=Leech.NO,
                voids=None,
            )
            day += gap
            before = gap
