"""New due days for cards under review after their memory states changed, and how many cards each day holds."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

from scheduler.conditions import ASKABLE, UNDER_REVIEW
from scheduler.intervals import draw, fuzz_interval
from scheduler.rows import CARD_COLUMNS, to_card

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable

    from scheduler.policy import Policy
    from scheduler.store import Store


class Move(NamedTuple):
    """A card whose due day changes."""

    card: int
    before: int
    after: int


def find_moves(store: Store, policy_of: Callable[[int], Policy]) -> list[Move]:
    """Find the cards under review whose due day differs from what their memory and settings ask for.

    The interval counts from the last review. `policy_of` gives the settings of a deck.
    """
    rows = store.connection.execute(
        f"SELECT {CARD_COLUMNS} FROM cards WHERE {UNDER_REVIEW} AND active = 1 AND stability IS NOT NULL"
    )
    found = []
    for card in map(to_card, rows):
        policy = policy_of(card.deck)
        if card.stability is None or card.last_day is None or card.due_day is None:
            continue
        days = store.model(policy.parameters).interval_days(card.stability, policy.retention)
        drawn = draw(card.id, card.reps) if policy.fuzz else None
        due_day = card.last_day + fuzz_interval(days, 1, policy.maximum_interval, drawn)
        if due_day != card.due_day:
            found.append(Move(card.id, card.due_day, due_day))
    return found


def count_due_by_day(
    store: Store, today: int, days: int, changes: Iterable[Move] = (), only: Collection[int] | None = None
) -> list[int]:
    """Count the cards due today (overdue ones included) and on each day after, `days` in all.

    A card on a step within a day is due on that day. `changes` are due days to come; `only` counts these cards alone.
    """
    rows = store.connection.execute(
        f"SELECT id, due_day, due_ms FROM cards WHERE (due_day IS NOT NULL OR due_ms IS NOT NULL) AND {ASKABLE}"
    )
    due = Counter(
        store.clock.day(at_ms) if day is None else day for card, day, at_ms in rows if only is None or card in only
    )
    for move in changes:
        due[move.before] -= 1
        due[move.after] += 1
    ahead = [0] * days
    for day, count in due.items():
        if day < today + days:
            ahead[max(0, day - today)] += count
    return ahead
