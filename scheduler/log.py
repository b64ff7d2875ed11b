"""Reading the review log, and what a card is by its log alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from scheduler.answer import make_new
from scheduler.model import DAY_SECONDS, Card, Leech, Rating, Review, ReviewKind, State
from scheduler.rows import REVIEW_COLUMNS, to_review

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable

KEPT = "NOT EXISTS (SELECT 1 FROM reviews AS void WHERE void.voids = reviews.id)"
"""The SQL condition on `reviews` that a row was not taken back."""

_LAST_OF_CARD = f"""NOT EXISTS (
    SELECT 1 FROM reviews AS later WHERE later.card = reviews.card AND later.id > reviews.id
    AND later.kind = {ReviewKind.RATING:d} AND {KEPT.replace("reviews.id", "later.id")}
)"""


class Done(NamedTuple):
    """What was done in a deck on a day: new cards introduced, and reviews of cards that were due on the day."""

    new: int
    reviews: int


def read_reviews(connection: sqlite3.Connection, card: int, *, include_voided: bool = False) -> list[Review]:
    """The log of one card, oldest first, without what was taken back and the rows that took it back."""
    kept = "" if include_voided else f" AND kind <> {ReviewKind.VOID:d} AND {KEPT}"
    rows = connection.execute(f"SELECT {REVIEW_COLUMNS} FROM reviews WHERE card = ?{kept} ORDER BY id", (card,))
    return [to_review(row) for row in rows]


def find_newest_rating(connection: sqlite3.Connection, day: int | None) -> Review | None:
    """The last rating that was not taken back, on this day or, with None, ever.

    A rating that was followed by another one of the same card is passed over, which only a clock put back by days can
    cause: what came after rests on it.
    """
    on_day = "" if day is None else " AND day = :day"
    row = connection.execute(
        f"SELECT {REVIEW_COLUMNS} FROM reviews"
        f" WHERE kind = {ReviewKind.RATING:d}{on_day} AND {KEPT} AND {_LAST_OF_CARD} ORDER BY id DESC LIMIT 1",
        {"day": day},
    ).fetchone()
    return None if row is None else to_review(row)


def count_done(connection: sqlite3.Connection, day: int) -> dict[int, Done]:
    """What was done on a day, by deck. As in Anki, steps within a day are no reviews, steps of days are."""
    rows = connection.execute(
        f"SELECT deck, sum(state_before = {State.NEW:d}),"
        f" sum(state_before = {State.REVIEW:d} OR"
        f" (state_before <> {State.NEW:d} AND interval_before >= {DAY_SECONDS}))"
        " FROM reviews CROSS JOIN cards ON cards.id = reviews.card"
        f" WHERE reviews.day = ? AND kind = {ReviewKind.RATING:d} AND {KEPT} GROUP BY deck",
        (day,),
    )
    return {deck: Done(new, reviews) for deck, new, reviews in rows}


def choose_id(connection: sqlite3.Connection, card: int, now_ms: int, day: int) -> int:
    """The id of a row written now: the instant, moved past the card's last row and past today's last row.

    So ids tell the order even if the clock was put back, but a clock that once ran far ahead moves only its own cards.
    """
    last_of_card, newest = connection.execute(
        "SELECT (SELECT max(id) FROM reviews WHERE card = ?), (SELECT max(id) FROM reviews WHERE day = ?)",
        (card, day),
    ).fetchone()
    wanted = max(now_ms, (last_of_card or 0) + 1, (newest or 0) + 1)
    while connection.execute("SELECT 1 FROM reviews WHERE id = ?", (wanted,)).fetchone():
        wanted += 1
    return wanted


def replayed(card: Card, log: Iterable[Review]) -> Card:
    """The card as its log (oldest first, voided rows left out) says it is, from the rows alone."""
    now = make_new(card)._replace(reps=0, lapses=0, leech=False)
    for row in log:
        now = now._replace(
            state=row.state_after,
            due_day=row.due_day,
            due_ms=row.due_ms,
            steps_left=row.steps_left,
            interval=row.interval_after,
            leech=now.leech or row.leech is not Leech.NO,
        )
        if row.kind is ReviewKind.RATING:
            lapsed = row.rating is Rating.AGAIN and row.state_before is State.REVIEW
            now = now._replace(
                stability=row.stability,
                difficulty=row.difficulty,
                last_day=row.day,
                last_ms=row.id,
                reps=now.reps + 1,
                lapses=now.lapses + lapsed,
            )
        elif row.kind is ReviewKind.FORGET:
            now = make_new(now)
        elif row.kind is ReviewKind.TAKEN_OVER:
            now = _taken_over(now, row)
    return now


def _taken_over(card: Card, row: Review) -> Card:
    """The card, whose schedule follows the row already, with the row's memory state and counts."""
    card = card._replace(reps=card.reps + row.reps_added, lapses=card.lapses + row.lapses_added)
    if row.state_after is State.NEW:
        return make_new(card)
    if row.stability is None:
        return card
    return card._replace(stability=row.stability, difficulty=row.difficulty, last_day=row.day, last_ms=row.id)
