"""What the tests of the scheduler share: a fixed instant in UTC, a store on a real file, decks with limits."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from scheduler import TABLE_SET, Card, Clock, DeckPolicy, NewCard, Policy, Queue, Rating, State, Store, open_database

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from fsrs_rs_python import FSRSItem

    from scheduler import Memory, Model

CLOCK = Clock(zone=UTC)
NOW = int(datetime(2026, 3, 10, 12, 0, tzinfo=UTC).timestamp()) * 1000
TODAY = CLOCK.day(NOW)
MINUTE = 60_000
DAY = 86_400_000
DECK = 1
PLAIN = Policy(fuzz=False)
PARENT = 50
"""The deck above the others in `family`."""


def open_store(folder: Path) -> Store:
    """A store on `folder/state.db`."""
    return Store(open_database(folder / "state.db", [TABLE_SET], folder / "backups"), CLOCK)


def add(store: Store, count: int = 1, *, deck: int = DECK, siblings: int = 1, first_note: int = 0) -> list[int]:
    """Add cards, `siblings` to a note; the notes are numbered on from `first_note`, or from the newest."""
    newest = store.connection.execute("SELECT coalesce(max(note), 0) FROM cards").fetchone()[0]
    start = first_note or newest + 1
    cards = [NewCard(start + at // siblings, f"c{at % siblings + 1}", deck, at) for at in range(count)]
    return list(store.add_cards(cards, NOW))


def put(store: Store, card: int, **values: Any) -> None:
    """Write columns of a card directly."""
    names = ", ".join(f"{name} = ?" for name in values)
    store.connection.execute(f"UPDATE cards SET {names} WHERE id = ?", (*values.values(), card))


def make_due(store: Store, card: int, day: int = TODAY, interval_days: int = 10) -> None:
    """Put a card under review, due on a day."""
    last = day - interval_days
    put(store, card, state=State.REVIEW, due_day=day, interval=interval_days * 86_400, reps=1)
    put(store, card, stability=float(interval_days), difficulty=5.0, last_day=last, last_ms=NOW + (last - TODAY) * DAY)


def one_deck(policy: Policy = PLAIN, deck: int = DECK) -> list[DeckPolicy]:
    """A single deck without decks above it."""
    return [DeckPolicy(deck, (), policy)]


def a_card(**values: Any) -> Card:
    """A new card, not stored, with some fields set."""
    card = Card(
        id=NOW,
        note=1,
        slot="forward",
        deck=DECK,
        position=0,
        state=State.NEW,
        due_day=None,
        due_ms=None,
        steps_left=0,
        stability=None,
        difficulty=None,
        last_day=None,
        last_ms=None,
        interval=0,
        reps=0,
        lapses=0,
        suspended=False,
        buried_day=None,
        buried_by=None,
        flag=0,
        leech=False,
        active=True,
    )
    return card._replace(**values)


def asked(queue: Queue, store: Store, policy: Policy = PLAIN, now: int = NOW) -> list[int]:
    """The cards in the order they are asked when each is answered with Easy at once."""
    cards: list[int] = []
    while isinstance(card := queue.next_card(now), int):
        cards.append(card)
        store.rate(card, Rating.EASY, policy, now)
        queue.record_rating(card)
    return cards


def family(*policies: Policy, parent: Policy = PLAIN) -> list[DeckPolicy]:
    """A deck above decks 1, 2, …"""
    below = [DeckPolicy(deck, (PARENT,), policy) for deck, policy in enumerate(policies, 1)]
    return [DeckPolicy(PARENT, (), parent), *below]


def stepping(store: Store, card: int, due_ms: int) -> None:
    """Put a card on its last step within the day."""
    put(store, card, state=State.LEARNING, due_ms=due_ms, steps_left=1, interval=600, reps=1)
    put(store, card, stability=2.0, difficulty=5.0, last_day=TODAY, last_ms=NOW - MINUTE)


def history(log: Iterable[tuple[int, int]]) -> FSRSItem:
    """One card's log of (rating, day), oldest first, as `Model.replay_all` takes it."""
    from fsrs_rs_python import FSRSItem, FSRSReview

    entries = list(log)
    days = [day for _, day in entries]
    pauses = [0, *(max(0, day - before) for before, day in pairwise(days))]
    return FSRSItem([FSRSReview(int(rating), pause) for (rating, _), pause in zip(entries, pauses, strict=False)])


def replay(model: Model, log: Iterable[tuple[int, int]]) -> list[Memory]:
    """The memory state after each entry of one card's log."""
    return model.replay_each([history(log)], [None])[0]
