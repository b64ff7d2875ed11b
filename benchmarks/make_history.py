"""A review log for a collection whose decks were scanned: many cards, each with so many reviews, some of them due.

The log is written straight into the database, since a million ratings one by one take minutes; the cards then become
what their log says.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Final

from flashcards.collection import Collection
from scheduler import Clock, Leech, Rating, Review, ReviewKind, State, transaction
from scheduler.log import Replayer
from scheduler.tables import INSERT_REVIEW

_RATINGS: Final = (Rating.GOOD, Rating.GOOD, Rating.HARD, Rating.GOOD, Rating.EASY, Rating.GOOD, Rating.AGAIN)
_DAY: Final = 86_400  # seconds
_CARDS_AT_ONCE: Final = 100_000
_NOON_MS: Final = 8 * 3_600_000  # after the start of the day


def add_history(root: Path, cards: int, reviews_each: int) -> None:
    """Give the first `cards` cards of the collection `reviews_each` reviews each.

    The days on which they are due lie between ten days ago and fifty days ahead.
    """
    with Collection(root) as collection:
        connection = collection.connection
        chosen = [card for (card,) in connection.execute("SELECT id FROM cards ORDER BY id LIMIT ?", (cards,))]
        days = _Days(collection.clock, collection.clock.day(time.time_ns() // 1_000_000))
        model = collection.store.model(collection.settings.policy.parameters)
        for first in range(0, len(chosen), _CARDS_AT_ONCE):
            logs = _logs(chosen[first : first + _CARDS_AT_ONCE], first, reviews_each, days)
            Replayer(model).fill_memories(logs)
            with transaction(connection):
                connection.executemany(INSERT_REVIEW, sorted(review for log in logs for review in log))
        collection.store.repair(lambda deck: collection.policy(deck).parameters)


class _Days:
    """Gives each review a time of its own: one millisecond after the other, from noon of its day on."""

    def __init__(self, clock: Clock, today: int) -> None:
        self.clock = clock
        self.today = today
        self._next_ms: dict[int, int] = {}

    def take(self, day: int) -> int:
        """Take the next free millisecond of a day."""
        at_ms = self._next_ms.get(day) or self.clock.start_of(day) + _NOON_MS
        self._next_ms[day] = at_ms + 1
        return at_ms


def _logs(cards: Sequence[int], first: int, reviews_each: int, days: _Days) -> list[list[Review]]:
    """Return the log of each card, oldest first, as yet without memory states; `first` is the index of the first."""
    logs: dict[int, list[Review]] = defaultdict(list)
    for review in _reviews(cards, first, reviews_each, days):
        logs[review.card].append(review)
    return list(logs.values())


def _reviews(cards: Iterable[int], first: int, reviews_each: int, days: _Days) -> Iterator[Review]:
    for index, card in enumerate(cards, first):
        elapsed = 1 + index % 30
        # From the last review back: each interval was about half of the one that followed.
        ahead = (index * 37) % 60 - 10
        gaps = [max(1, elapsed + ahead)]
        while len(gaps) < reviews_each:
            gaps.append(max(1, gaps[-1] // 2))
        gaps.reverse()
        day = days.today - elapsed - sum(gaps[:-1])
        before = 0
        for number, gap in enumerate(gaps):
            at_ms = days.take(day)
            yield Review(
                id=at_ms,
                card=card,
                kind=ReviewKind.RATING,
                rating=Rating.GOOD if number == 0 else _RATINGS[(index + number) % len(_RATINGS)],
                day=day,
                offset_minutes=days.clock.offset_minutes(at_ms),
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
