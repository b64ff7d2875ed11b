"""Corrections of card identity: slots are renamed, and one card continues with another one's reviews."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from scheduler.acts import void
from scheduler.connection import transaction
from scheduler.model import ReviewKind

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable

    from scheduler.policy import Policy
    from scheduler.store import Store


def rename_slots(connection: sqlite3.Connection, note: int, names: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    """Rename the slots of a note's cards, all at once, so that two can swap.

    A rename is skipped if a card that keeps its slot already has that name: no history is pushed out.

    Args:
        connection: the store's.
        note: whose cards.
        names: pairs of the old and the new slot.

    Returns:
        The pairs that were renamed.
    """
    with transaction(connection):
        cards = dict(connection.execute("SELECT slot, id FROM cards WHERE note = ?", (note,)))
        wanted = [(old, new) for old, new in names if old in cards and old != new]
        while True:
            staying = cards.keys() - {old for old, _ in wanted}
            free = [(old, new) for old, new in wanted if new not in staying]
            if len(free) == len(wanted):
                break
            wanted = free
        # No slot begins with ~, so names stay unique in between.
        connection.executemany(
            "UPDATE cards SET slot = ? WHERE id = ?", [(f"~{new}", cards[old]) for old, new in wanted]
        )
        connection.executemany("UPDATE cards SET slot = ? WHERE id = ?", [(new, cards[old]) for old, new in wanted])
    return wanted


def hand_over_reviews(store: Store, source: int, target: int, policy: Policy, now_ms: int) -> int:
    """Move what a person rated on one card to another, as when they turn out to be the same.

    The ratings of `source` after the last review of `target` are repeated on `target` at their own times and taken back
    from `source`. Nothing is deleted; earlier ratings stay.

    Args:
        store: holds both.
        source: the card that was rated.
        target: the card that continues.
        policy: the settings of the deck of `target`.
        now_ms: when this happens.

    Returns:
        How many ratings were moved.
    """
    with transaction(store.connection):
        last = max((row.id for row in store.log(target)), default=0)
        ratings = [
            (row.id, row.rating, row.duration_ms)
            for row in store.log(source)
            if row.kind is ReviewKind.RATING and row.rating is not None and row.id > last
        ]
        for at, _, _ in reversed(ratings):
            void(store, source, at, now_ms)
        quiet = replace(policy, bury_siblings=False)
        for at, rating, duration in ratings:
            store.rate(target, rating, quiet, at, duration)
    return len(ratings)


def delete_unused_cards(connection: sqlite3.Connection, note: int) -> int:
    """Delete the cards of a note without any row in the log; returns how many are left."""
    with transaction(connection):
        connection.execute(
            "DELETE FROM cards WHERE note = ? AND id NOT IN (SELECT card FROM reviews WHERE card = cards.id)", (note,)
        )
        (left,) = connection.execute("SELECT count(*) FROM cards WHERE note = ?", (note,)).fetchone()
    return int(left)
