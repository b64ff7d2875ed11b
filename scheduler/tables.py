"""Read and write the tables `cards` and `reviews`: SQL conditions, rows as types of the model, changes of cards."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Iterable, Sequence
from operator import attrgetter
from typing import Any

from scheduler.connection import transaction
from scheduler.errors import CardUnknown
from scheduler.model import Card, Leech, NewCard, Placement, Rating, Review, ReviewKind, State

# Conditions name the table `cards` (`KEPT` and `RATED`: `reviews`); `alias` adapts one to a query with another name.
# `:today` is the day.

ASKABLE = "cards.active = 1 AND cards.suspended = 0"
"""The card has a text and is not suspended. The partial indexes cover these cards."""

SHOWN = f"{ASKABLE} AND (cards.buried_day IS NULL OR cards.buried_day < :today)"
"""The card is askable and not buried today."""

SUSPENDED = "cards.suspended = 1"
"""The card is not asked until it is unsuspended."""

BURIED = "cards.buried_day >= :today"
"""The card is buried today."""

NEW = f"cards.state = {State.NEW:d}"
"""The card was never rated, or was forgotten."""

LEARNING = f"cards.state IN ({State.LEARNING:d}, {State.RELEARNING:d})"
"""The card is on a learning or relearning step."""

RELEARNING = f"cards.state = {State.RELEARNING:d}"
"""The card is on a step after a lapse."""

UNDER_REVIEW = f"cards.state = {State.REVIEW:d}"
"""The card has left the steps."""


def match_due_day(last: str) -> str:
    """Return the condition that a card's due day is at most `last`; cards on steps within the day have no due day."""
    return f"cards.due_day <= {last}"


DUE_DAY_REACHED = match_due_day(":today")
"""The card's due day is today or past. Cards on steps within the day have no due day and never match."""

KEPT = "NOT EXISTS (SELECT 1 FROM reviews AS void WHERE void.voids = reviews.id)"
"""The row of `reviews` was not undone."""

RATED = f"reviews.kind = {ReviewKind.RATING:d} AND {KEPT}"
"""The row of `reviews` is a rating that was not undone."""


def alias(condition: str, name: str) -> str:
    """Return the condition for a query in which the table `cards` is called `name`."""
    return condition.replace("cards.", f"{name}.")


_REVIEW_ELSEWHERE = 0  # no row of our log has this id

CARD_COLUMNS = ", ".join(Card._fields)
REVIEW_COLUMNS = ", ".join(Review._fields)

INSERT_REVIEW = f"INSERT INTO reviews ({REVIEW_COLUMNS}) VALUES ({', '.join('?' * len(Review._fields))})"
"""Adds a row to the review log; takes the values of a `Review`."""

_SCHEDULE_COLUMNS = (
    *("state", "due_day", "due_ms", "steps_left", "stability", "difficulty", "last_day", "last_ms"),
    *("interval", "reps", "lapses", "leech"),
)

UPDATE_SCHEDULE = f"UPDATE cards SET {', '.join(f'{name} = ?' for name in _SCHEDULE_COLUMNS)} WHERE id = ?"
"""Sets the values that follow from the log: those of `to_schedule_values`, then the id."""

_PLACE_COLUMNS = ("id", "note", "slot", "deck", "position")
_ADD = "INSERT INTO cards ({}) VALUES ({})"
_INSERT_CARD = _ADD.format(", ".join(_PLACE_COLUMNS), ", ".join("?" * len(_PLACE_COLUMNS)))

INSERT_SCHEDULED = _ADD.format(
    ", ".join((*_PLACE_COLUMNS, *_SCHEDULE_COLUMNS)), ", ".join("?" * len((*_PLACE_COLUMNS, *_SCHEDULE_COLUMNS)))
)
"""Adds a card that has a schedule; takes its id, the values of a `NewCard`, and those of `to_schedule_values`."""


_get_schedule = attrgetter(*_SCHEDULE_COLUMNS)

_CARD_TYPES: tuple[tuple[int, Callable[[Any], Any]], ...] = tuple(
    (Card._fields.index(name), kind)
    for name, kind in (("state", State), ("suspended", bool), ("leech", bool), ("active", bool))
)
_REVIEW_TYPES: tuple[tuple[int, Callable[[Any], Any]], ...] = tuple(
    (Review._fields.index(name), kind)
    for name, kind in (
        *(("kind", ReviewKind), ("rating", Rating), ("state_before", State), ("state_after", State)),
        ("leech", Leech),
    )
)

_RATING = Review._fields.index("rating")
_ENUMERATIONS = tuple(index for index, _ in _REVIEW_TYPES if index != _RATING)


def to_card(row: Sequence[Any]) -> Card:
    """Convert a row of `CARD_COLUMNS`."""
    values = list(row)
    for index, kind in _CARD_TYPES:
        values[index] = kind(values[index])
    return Card._make(values)


def read_cards(connection: sqlite3.Connection, cards: Sequence[int]) -> list[Card]:
    """Read these cards in order of id; unknown ones are omitted."""
    import json

    chosen = json.dumps(sorted(cards))
    rows = connection.execute(
        f"SELECT {CARD_COLUMNS} FROM (SELECT value AS chosen FROM json_each(?)) CROSS JOIN cards ON id = chosen",
        (chosen,),
    )
    return list(map(to_card, rows))


def to_review(row: Sequence[Any]) -> Review:
    """Convert a row of `REVIEW_COLUMNS`."""
    values = list(row)
    for index, kind in _REVIEW_TYPES:
        if values[index] is not None:
            values[index] = kind(values[index])
    return Review._make(values)


def to_plain(review: Review) -> list[Any]:
    """Return the values for `INSERT_REVIEW` as plain numbers, which SQLite binds faster than enumerations."""
    values: list[Any] = list(review)
    for index in _ENUMERATIONS:
        values[index] = +values[index]
    if review.rating is not None:
        values[_RATING] = +review.rating
    return values


def to_schedule_values(card: Card) -> tuple[object, ...]:
    """Return what follows from a card's log, for `UPDATE_SCHEDULE`; SQLite binds plain numbers faster."""
    state, *values, leech = _get_schedule(card)
    return (int(state), *values, int(leech))


def append(connection: sqlite3.Connection, review: Review) -> None:
    """Add a row to the review log."""
    connection.execute(INSERT_REVIEW, review)


def update_schedule(connection: sqlite3.Connection, card: Card) -> None:
    """Write the values that follow from the log to the card's row."""
    connection.execute(UPDATE_SCHEDULE, (*to_schedule_values(card), card.id))


class Cards:
    """Cards on an open database. Each method that changes cards is a transaction and returns their number."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self.connection = connection

    def add_cards(self, cards: Iterable[NewCard], now_ms: int | None = None) -> range:
        """Add new cards and return their ids in order.

        Ids start at the current time in milliseconds, or after the highest id if that is later. Raise
        `sqlite3.IntegrityError` if a note has two cards of one slot.
        """
        with transaction(self.connection):
            first = self.find_free_id(time.time_ns() // 1_000_000 if now_ms is None else now_ms)
            rows = [(at, *card) for at, card in enumerate(cards, first)]
            self.connection.executemany(_INSERT_CARD, rows)
        return range(first, first + len(rows))

    def find_free_id(self, now_ms: int) -> int:
        """Return the first free id for new cards: the time, or the last card's id plus one; later ids are free too."""
        newest: int = self.connection.execute("SELECT coalesce(max(id), 0) FROM cards").fetchone()[0]
        return max(now_ms, newest + 1)

    def move_cards(self, placements: Iterable[Placement]) -> int:
        """Move all cards of the given notes to their decks and positions."""
        rows = [(each.deck, each.position, each.note, each.deck, each.position) for each in placements]
        return self._change("deck = ?, position = ? WHERE note = ? AND (deck, position) <> (?, ?)", rows)

    def set_active(self, cards: Iterable[int], active: bool) -> int:
        """Set whether these cards have a text; cards without one are never asked."""
        return self._change("active = ? WHERE id = ? AND active <> ?", [(active, card, active) for card in cards])

    def deactivate_notes(self, notes: Iterable[int]) -> int:
        """Mark all cards of the notes as having no text."""
        return self._change("active = 0 WHERE note = ? AND active <> 0", [(note,) for note in notes])

    def card(self, card_id: int) -> Card:
        """Read one card. Raise `CardUnknown` if there is no card with this id."""
        row = self.connection.execute(f"SELECT {CARD_COLUMNS} FROM cards WHERE id = ?", (card_id,)).fetchone()
        if row is None:
            raise CardUnknown(card_id)
        return to_card(row)

    def cards(self, cards: Iterable[int]) -> list[Card]:
        """Read these cards, in the order given. Raise `CardUnknown` if one of them is not there."""
        chosen = list(cards)
        found = {card.id: card for card in read_cards(self.connection, chosen)}
        for card in chosen:
            if card not in found:
                raise CardUnknown(card)
        return [found[card] for card in chosen]

    def count_new(self, deck: int) -> int:
        """Count the cards of a deck that are new and may be asked."""
        row = self.connection.execute(
            f"SELECT count(*) FROM cards WHERE deck = ? AND {NEW} AND {ASKABLE}", (deck,)
        ).fetchone()
        return int(row[0])

    def cards_of(self, note: int) -> list[Card]:
        """Read all cards of a note, oldest first, including those without a text."""
        rows = self.connection.execute(f"SELECT {CARD_COLUMNS} FROM cards WHERE note = ? ORDER BY id", (note,))
        return [to_card(row) for row in rows]

    # Status

    def suspend(self, cards: Iterable[int]) -> int:
        """Suspend these cards. They are not asked until unsuspended, and then at once, even if they were buried."""
        assignment = "suspended = 1, buried_day = NULL, buried_by = NULL WHERE id = ? AND suspended = 0"
        return self._change(assignment, [(card,) for card in cards])

    def unsuspend(self, cards: Iterable[int]) -> int:
        """Unsuspend these cards."""
        return self._change("suspended = 0 WHERE id = ? AND suspended = 1", [(card,) for card in cards])

    def bury(self, cards: Iterable[int], day: int, *, by_hand: bool = True) -> int:
        """Bury these cards until the end of a day; `by_hand`, also if the rating of a sibling is undone."""
        rows = [(day, None if by_hand else _REVIEW_ELSEWHERE, card, day, by_hand, day) for card in cards]
        sooner = "coalesce(buried_day, -1) < ? OR (? AND buried_day = ? AND buried_by IS NOT NULL)"
        return self._change(f"buried_day = ?, buried_by = ? WHERE id = ? AND ({sooner})", rows)

    def unbury(self, cards: Iterable[int], day: int) -> int:
        """Unbury these cards if they are buried on a day."""
        rows = [(card, day) for card in cards]
        return self._change("buried_day = NULL, buried_by = NULL WHERE id = ? AND buried_day >= ?", rows)

    def flag(self, cards: Iterable[int], flag: int) -> int:
        """Flag these cards, 1 to 7; 0 removes the flag. Raise `ValueError` if there is no such flag."""
        if not 0 <= flag <= 7:
            raise ValueError(f"a flag is 0 to 7, not {flag}")
        return self._change("flag = ? WHERE id = ? AND flag <> ?", [(flag, card, flag) for card in cards])

    def _change(self, assignment: str, rows: Sequence[tuple[object, ...]]) -> int:
        with transaction(self.connection):
            return self.connection.executemany(f"UPDATE cards SET {assignment}", rows).rowcount if rows else 0
