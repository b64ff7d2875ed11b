"""Rows of the tables `cards` and `reviews` to and from the types of the model."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from scheduler.model import Card, Kind, Leech, Rating, Review, State

if TYPE_CHECKING:
    import sqlite3

CARD_COLUMNS = ", ".join(Card._fields)
REVIEW_COLUMNS = ", ".join(Review._fields)

INSERT_REVIEW = f"INSERT INTO reviews ({REVIEW_COLUMNS}) VALUES ({', '.join('?' * len(Review._fields))})"
"""Adds a row to the review log; takes the values of a `Review`."""

_SCHEDULE_COLUMNS = (
    *("state", "due_day", "due_ms", "steps_left", "stability", "difficulty", "last_day", "last_ms"),
    *("interval", "reps", "lapses", "leech"),
)

UPDATE_SCHEDULE = f"UPDATE cards SET {', '.join(f'{name} = ?' for name in _SCHEDULE_COLUMNS)} WHERE id = ?"
"""Sets what follows from the log; takes the values of `schedule_values`, then the id."""


def as_card(row: tuple[Any, ...]) -> Card:
    """A row of `CARD_COLUMNS` as a card."""
    values = list(row)
    values[5] = State(values[5])
    values[16], values[20], values[21] = bool(values[16]), bool(values[20]), bool(values[21])
    return Card(*values)


def as_review(row: tuple[Any, ...]) -> Review:
    """A row of `REVIEW_COLUMNS` as a review."""
    values = list(row)
    values[2] = Kind(values[2])
    values[3] = None if values[3] is None else Rating(values[3])
    values[7], values[8] = State(values[7]), State(values[8])
    values[16] = Leech(values[16])
    return Review(*values)


def schedule_values(card: Card) -> tuple[object, ...]:
    """The values of a card that follow from its log, in the order of `UPDATE_SCHEDULE`."""
    return tuple(getattr(card, name) for name in _SCHEDULE_COLUMNS)


def schedule_items(card: Card) -> list[tuple[str, object]]:
    """The names and values of a card that follow from its log."""
    return [(name, getattr(card, name)) for name in _SCHEDULE_COLUMNS]


def append(connection: sqlite3.Connection, review: Review) -> None:
    """Add a row to the review log."""
    connection.execute(INSERT_REVIEW, review)


def update_schedule(connection: sqlite3.Connection, card: Card) -> None:
    """Write what follows from the log into the card's row."""
    connection.execute(UPDATE_SCHEDULE, (*schedule_values(card), card.id))
