"""A small log made by hand, whose statistics can be counted on one's fingers."""

from __future__ import annotations

from pathlib import Path

from flashcards.collection import Collection, now_ms
from scheduler import Policy, Rating

DAY_MS = 86_400_000
STEPLESS = Policy(learning_steps=(), relearning_steps=(), fuzz=False)


def collection_of(root: Path, cards: int = 3) -> Collection:
    """A collection of cards never seen, scanned."""
    root.mkdir(parents=True, exist_ok=True)
    (root / "deck.md").write_text(
        "".join(f"Q: question {n}\nA: answer {n}\n\n" for n in range(cards)), encoding="utf-8"
    )
    collection = Collection(root)
    collection.scan()
    return collection


def card_ids(collection: Collection) -> list[int]:
    return [row[0] for row in collection.connection.execute("SELECT id FROM cards ORDER BY id")]


def rate(collection: Collection, card: int, rating: Rating, days_ago: int, seconds: int = 6) -> None:
    """A rating at this hour so many days ago, without steps."""
    collection.store.rate(card, rating, STEPLESS, now_ms() - days_ago * DAY_MS, seconds * 1000)


def small(root: Path) -> Collection:
    """Three cards: the first learned ten days ago, recalled five days ago, forgotten today; the third new.

    The second was learned and recalled on the same days, and recalled today, from when on it is mature.
    """
    collection = collection_of(root)
    first, second, _ = card_ids(collection)
    for card, last in ((first, Rating.AGAIN), (second, Rating.GOOD)):
        rate(collection, card, Rating.GOOD, 10)
        rate(collection, card, Rating.HARD, 5)
        rate(collection, card, last, 0, seconds=30)
    return collection
