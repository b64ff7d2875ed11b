"""`python -m benchmarks.programs.rate_cards COLLECTION COUNT`: rates so many cards, one after the other.

Prints, as JSON, the seconds that each took: `ratings` committed as in a review, `unsynced` without waiting for the
disk, and `syncs`, a bare write of one page that this disk makes durable.
"""

import json
import os
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from flashcards.collection import Collection, now_ms
from scheduler import Rating

_WARM_UP = 20  # the first loads FSRS
_PAGE = bytes(4096)


def seconds_each(act: Callable[[int], object], items: Sequence[int]) -> list[float]:
    """How long `act` takes on each."""
    found = []
    for item in items:
        started = time.perf_counter()
        act(item)
        found.append(time.perf_counter() - started)
    return found


def measure(root: Path, count: int) -> dict[str, list[float]]:
    """Rate `count` cards as a review does, then as many without waiting for the disk."""
    with Collection(root) as collection:
        # In an order of its own, so that one rating does not profit from the pages of the one before.
        query = "SELECT id FROM cards ORDER BY id * 16807 % 2147483647 LIMIT ?"
        cards = [card for (card,) in collection.connection.execute(query, (_WARM_UP + 2 * count,))]

        def rate(card: int) -> None:
            before = collection.store.card(card)
            policy = collection.policy(before.deck)
            collection.store.rate(card, Rating.GOOD, policy, now_ms(), 4_000, before.reps)

        seconds_each(rate, cards[:_WARM_UP])
        ratings = seconds_each(rate, cards[_WARM_UP : _WARM_UP + count])
        collection.connection.execute("PRAGMA synchronous = OFF")
        unsynced = seconds_each(rate, cards[_WARM_UP + count :])
    return {"ratings": ratings, "unsynced": unsynced, "syncs": _syncs(root / "page", count)}


def _syncs(path: Path, count: int) -> list[float]:
    file = os.open(path, os.O_WRONLY | os.O_CREAT)

    def write(number: int) -> None:
        os.pwrite(file, _PAGE, number * len(_PAGE))
        os.fsync(file)

    try:
        return seconds_each(write, range(count))
    finally:
        os.close(file)


if __name__ == "__main__":
    print(json.dumps(measure(Path(sys.argv[1]), int(sys.argv[2]))))
