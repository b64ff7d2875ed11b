"""The review log: reading it, the rules of what a row does to a card, and folding rows into a card.

`find_effects` is the only place that says what a row does to counts and memory. `scheduler.replay` and
`scheduler.imported_log` fold the log with it, too.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from scheduler.answer import make_new
from scheduler.conditions import KEPT, RATED
from scheduler.model import DAY_SECONDS, Card, Leech, Rating, Review, ReviewKind, State
from scheduler.rows import REVIEW_COLUMNS, to_review

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Sequence

_LAST_OF_CARD = f"""NOT EXISTS (
    SELECT 1 FROM reviews AS later WHERE later.card = reviews.card AND later.id > reviews.id
    AND later.kind = {ReviewKind.RATING:d} AND {KEPT.replace("reviews.id", "later.id")}
)"""


class Done(NamedTuple):
    """What was done in a deck on a day: new cards introduced, and reviews of cards that were due on the day."""

    new: int
    reviews: int


def read_reviews(connection: sqlite3.Connection, card: int, *, include_voided: bool = False) -> list[Review]:
    """Read the log of one card, oldest first, without voided rows and the voids themselves."""
    kept = "" if include_voided else f" AND kind <> {ReviewKind.VOID:d} AND {KEPT}"
    rows = connection.execute(f"SELECT {REVIEW_COLUMNS} FROM reviews WHERE card = ?{kept} ORDER BY id", (card,))
    return [to_review(row) for row in rows]


def find_newest_rating(connection: sqlite3.Connection, day: int) -> Review | None:
    """Find the last rating of a day that was not taken back.

    A rating followed by another one of the same card is skipped, because the later one depends on it. Only a clock set
    back by days causes that.
    """
    row = connection.execute(
        f"SELECT {REVIEW_COLUMNS} FROM reviews WHERE day = ? AND {RATED} AND {_LAST_OF_CARD} ORDER BY id DESC LIMIT 1",
        (day,),
    ).fetchone()
    return None if row is None else to_review(row)


def count_done(connection: sqlite3.Connection, day: int) -> dict[int, Done]:
    """Count the cards that were done on a day, by deck.

    As in Anki, steps within a day are not reviews; steps of days are. A card counts once, though two programs may have
    rated it on the day.
    """
    new = f"state_before = {State.NEW:d}"
    reviewed = f"state_before = {State.REVIEW:d} OR (NOT {new} AND interval_before >= {DAY_SECONDS})"
    rows = connection.execute(
        f"SELECT deck, count(DISTINCT CASE WHEN {new} THEN card END),"
        f" count(DISTINCT CASE WHEN {reviewed} THEN card END)"
        f" FROM reviews CROSS JOIN cards ON cards.id = card WHERE day = ? AND {RATED} GROUP BY deck",
        (day,),
    )
    return {deck: Done(new, reviews) for deck, new, reviews in rows}


def choose_id(connection: sqlite3.Connection, card: int, now_ms: int, day: int) -> int:
    """Choose the id of a row written now: the time, moved past the card's last row and past today's last row.

    So ids give the order even if the clock was set back. A clock that once ran far ahead affects only its own cards.
    """
    last_of_card, newest = connection.execute(
        "SELECT (SELECT max(id) FROM reviews WHERE card = ?), (SELECT max(id) FROM reviews WHERE day = ?)",
        (card, day),
    ).fetchone()
    wanted = max(now_ms, (last_of_card or 0) + 1, (newest or 0) + 1)
    while connection.execute("SELECT 1 FROM reviews WHERE id = ?", (wanted,)).fetchone():
        wanted += 1
    return wanted


RATES = 1
"""A person rated the card: a repetition, and the row holds the memory state after it."""
LAPSES = 2
"""The rating is a lapse: a card under review was forgotten."""
RESTARTS = 4
"""What was known of the card no longer counts. FSRS starts with this rating, or with the state that the row states."""
ADDS = 8
"""The row's `reps_added` and `lapses_added` count."""


def find_effects(kind: ReviewKind, rating: Rating | None, before: State, after: State, *, has_memory: bool) -> int:
    """Return what a row of the log does to a card's counts and memory, as a sum of the constants above.

    Every row, whatever its effects, sets the card's state, due day, steps and interval. A forgotten card keeps its
    counts.
    """
    if kind is ReviewKind.RATING:
        lapses = LAPSES if rating is Rating.AGAIN and before is State.REVIEW else 0
        return RATES | lapses | (RESTARTS if before is State.NEW else 0)
    if kind is ReviewKind.FORGET:
        return RESTARTS | ADDS
    if kind is ReviewKind.TAKEN_OVER:
        return ADDS | (RESTARTS if after is State.NEW or has_memory else 0)
    return 0


def find_row_effects(row: Review) -> int:
    """Return the effects of a whole row; see `find_effects`."""
    return find_effects(row.kind, row.rating, row.state_before, row.state_after, has_memory=row.stability is not None)


def fold_log(card: Card, log: Sequence[Review]) -> Card:
    """Return the card as its log says it is: all rows, oldest first, without those taken back."""
    return advance(make_new(card)._replace(reps=0, lapses=0, leech=False), log)


def advance(card: Card, rows: Sequence[Review]) -> Card:
    """Return the card after further rows of its log, oldest first."""
    reps, lapses, leech = card.reps, card.lapses, card.leech
    memory = (card.stability, card.difficulty, card.last_day, card.last_ms)
    for row in rows:
        effects = find_row_effects(row)
        if effects & RATES or (effects & RESTARTS and row.stability is not None):
            memory = (row.stability, row.difficulty, row.day, row.id)
        elif effects & RESTARTS:
            memory = (None, None, None, None)
        if effects & RATES:
            reps += 1
            lapses += bool(effects & LAPSES)
        elif effects & ADDS:
            reps += row.reps_added
            lapses += row.lapses_added
        leech = leech or row.leech is not Leech.NO
    if not rows:
        return card
    last = rows[-1]
    stability, difficulty, last_day, last_ms = memory
    return card._replace(
        state=last.state_after,
        due_day=last.due_day,
        due_ms=last.due_ms,
        steps_left=last.steps_left,
        interval=last.interval_after,
        stability=stability,
        difficulty=difficulty,
        last_day=last_day,
        last_ms=last_ms,
        reps=reps,
        lapses=lapses,
        leech=leech,
    )
