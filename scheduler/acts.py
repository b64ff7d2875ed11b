"""Undo: the acts of a person on cards and how to reverse each; and corrections of card identity.

A rating needs no separate row, because it is in the log. Every other act has a row in the table `acts` with the earlier
state of the cards. An act with a copy of the database is undone by `flashcards.undo`. Corrections rename slots, and
move reviews from one card to another.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from scheduler import log as logs
from scheduler.answer import Moment, make_row
from scheduler.connection import database_path, transaction
from scheduler.errors import DatabaseCorrupt, NothingToUndo
from scheduler.memory import DEFAULT_PARAMETERS
from scheduler.model import Card, Rating, Review, ReviewKind
from scheduler.tables import RATED, append, update_schedule

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Iterator, Sequence

    from scheduler.policy import Policy
    from scheduler.store import Store


_STATUS: Final = ("suspended", "buried_day", "buried_by", "flag")
_NEWEST: Final = "SELECT id, at_ms, kind, summary, before FROM acts WHERE undone_ms IS NULL ORDER BY id DESC"
_OF_RATING: Final = _NEWEST.replace("ORDER", "AND kind = 'rating' AND at_ms = ? ORDER")
_RATINGS_AFTER: Final = f"SELECT id FROM reviews WHERE {RATED} AND id > ? ORDER BY id DESC LIMIT ?"


class Act(NamedTuple):
    """Something that can be undone."""

    id: int  # its row in `acts`; 0 for a rating without one
    at_ms: int  # when it was done, in epoch milliseconds
    kind: str  # the name of the command, such as `forget`; `rating` for a rating
    summary: str  # a description; the name of a rating
    # the changes: the earlier status of cards, rows of the log, and data of the recorder
    before: dict[str, Any]


class Acts:
    """The acts on the cards of a store."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._db: sqlite3.Connection = store.connection

    @contextmanager
    def record(self, kind: str, cards: Sequence[int], now_ms: int) -> Iterator[list[str]]:
        """Record what the block changes on these cards as one act, in one transaction, if the block adds a summary."""
        with transaction(self._db):
            statuses = self._read_statuses(cards)
            newest = "SELECT max(id) FROM reviews WHERE card = ?"
            last = {card: self._db.execute(newest, (card,)).fetchone()[0] or 0 for card in cards}
            summary: list[str] = []
            yield summary
            if summary:
                later = "SELECT id FROM reviews WHERE card = ? AND id > ? ORDER BY id"
                rows = [row for each in last.items() for (row,) in self._db.execute(later, each)]
                self.add(kind, summary[0], {"cards": statuses, "reviews": rows}, now_ms)

    def add(self, kind: str, summary: str, before: dict[str, Any], now_ms: int) -> int:
        """Add an act that was just performed; return its id."""
        import json

        with transaction(self._db):
            (newest,) = self._db.execute("SELECT coalesce(max(id), 0) FROM reviews").fetchone()
            cursor = self._db.execute(
                "INSERT INTO acts (at_ms, kind, summary, before) VALUES (?, ?, ?, ?)",
                (max(now_ms, newest), kind, summary, json.dumps(before)),
            )
        return int(cursor.lastrowid or 0)

    def add_status_of_rating(self, card: Card, rating: int) -> None:
        """Store the status of a card that a rating unburied or unsuspended."""
        status = [card.id, int(card.suspended), card.buried_day, card.buried_by, card.flag]
        self.add("rating", "", {"cards": [status], "reviews": [rating]}, rating)

    def last(self) -> Act | None:
        """Return the act that `undo` would reverse, or nothing."""
        found = self.read(1)
        return found[0] if found else None

    def read(self, most: int = 20) -> list[Act]:
        """Return the acts that can be undone, newest first."""
        acts = [_read_act(self._db, row) for row in self._db.execute(f"{_NEWEST} LIMIT ?", (most,))]
        oldest = acts[-1].at_ms if len(acts) == most else 0
        known = {row for act in acts if act.kind == "rating" for row in act.before["reviews"]}
        rows = self._db.execute(_RATINGS_AFTER, (oldest, most)).fetchall()
        acts = [act if act.kind != "rating" else self._describe(act.before["reviews"][0], act) for act in acts]
        ratings = [self._describe(row) for (row,) in rows if row not in known]
        return sorted([*acts, *ratings], key=lambda act: (act.at_ms, act.kind != "rating"), reverse=True)[:most]

    def undo(self, now_ms: int) -> Act:
        """Undo the newest act and return it. Raise `NothingToUndo` if there is no act left."""
        with transaction(self._db):
            act = self.last()
            if act is None:
                raise NothingToUndo
            if act.kind == "rating":
                self._store.undo_rating(act.before["reviews"][0], now_ms)
            else:
                self._void(act.before.get("reviews", ()), now_ms)
                self._finish_undo(act, now_ms)
        return act

    def undo_status_of_rating(self, rating: int, now_ms: int) -> None:
        """Suspend or bury the card again that an undone rating had changed."""
        for row in self._db.execute(_OF_RATING, (rating,)).fetchall():
            self._finish_undo(_read_act(self._db, row), now_ms)

    def mark_undone(self, act: int, now_ms: int) -> None:
        """Mark an act as undone."""
        self._db.execute("UPDATE acts SET undone_ms = ? WHERE id = ?", (now_ms, act))

    def _finish_undo(self, act: Act, now_ms: int) -> None:
        self._write_statuses(act.before.get("cards", ()))
        self.mark_undone(act.id, now_ms)

    def _describe(self, rating: int, act: Act | None = None) -> Act:
        """Describe a rating, which may have its own act, as an act."""
        found = self._db.execute("SELECT rating FROM reviews WHERE id = ? AND rating > 0", (rating,)).fetchone()
        if found is None:
            raise DatabaseCorrupt(database_path(self._db))
        before = act.before if act else {"reviews": [rating]}
        return Act(act.id if act else 0, rating, "rating", Rating(found[0]).name.lower(), before)

    def _read_statuses(self, cards: Iterable[int]) -> list[list[int | None]]:
        columns = ", ".join(_STATUS)
        rows = (self._db.execute(f"SELECT id, {columns} FROM cards WHERE id = ?", (card,)).fetchone() for card in cards)
        return [list(row) for row in rows if row]

    def _write_statuses(self, statuses: Iterable[Sequence[int | None]]) -> None:
        assignments = ", ".join(f"{name} = ?" for name in _STATUS)
        self._db.executemany(
            f"UPDATE cards SET {assignments} WHERE id = ?", [(*values, card) for card, *values in statuses]
        )

    def _void(self, rows: Iterable[int], now_ms: int) -> None:
        """Undo rows of the log; each card gets the state that follows from the rest of its log."""
        for row in sorted(rows, reverse=True):
            found = self._db.execute("SELECT card FROM reviews WHERE id = ?", (row,)).fetchone()
            if found is None:
                raise DatabaseCorrupt(database_path(self._db))
            void(self._store, found[0], row, now_ms)


def void(store: Store, card_id: int, row: int, now_ms: int) -> Review:
    """Void a row of the log, and give the card the state that follows from the rest of its log."""
    before = store.card(card_id)
    log = store.log(card_id)
    after = _fold_without(store, before, log, row)
    day = store.clock.day(now_ms)
    moment = Moment(logs.choose_id(store.connection, card_id, now_ms, day), day, store.clock.offset_minutes(now_ms))
    append(store.connection, make_row(ReviewKind.VOID, before, after, moment, voids=row))
    update_schedule(store.connection, after)
    return next(each for each in log if each.id == row)


def _fold_without(store: Store, card: Card, log: Sequence[Review], row: int) -> Card:
    """Return the state of a card without one row of its log.

    The states stored in earlier rows are outdated if the parameters changed since, or if reviews were imported.
    """
    rest = [each for each in log if each.id != row]
    folded = logs.fold_log(card, rest)
    if card.memory is None or folded.memory is None:
        return folded
    whole, replayed = list(log), list(rest)
    logs.Replayer(store.model(_read_parameters(store, card.deck))).fill_memories([whole, replayed])
    now, after = logs.fold_log(card, whole).memory, logs.fold_log(card, replayed)
    if now is None or after.memory is None or not logs.are_close(now, card.memory):
        return folded  # the current state is from another program
    return folded if logs.are_close(after.memory, folded.memory, logs.TOLERANCE) else after


def _read_parameters(store: Store, deck: int) -> tuple[float, ...]:
    text = store.parameters_in_use().get(deck)
    return tuple(map(float, text.split())) if text else DEFAULT_PARAMETERS


def _read_act(connection: sqlite3.Connection, row: Sequence[Any]) -> Act:
    """Read an act. Raise `DatabaseCorrupt` if it is not of this program; the state may be a stranger's."""
    import json

    number, at_ms, kind, summary, text = row
    try:
        before = json.loads(text)
        _check_record(kind, before)
    except (ValueError, TypeError, AttributeError, RecursionError) as error:
        raise DatabaseCorrupt(database_path(connection)) from error
    return Act(number, at_ms, kind, summary, before)


def _check_record(kind: str, before: Any) -> None:
    rows, statuses = before.get("reviews", []), before.get("cards", [])
    if not all(type(row) is int for row in rows) or (kind == "rating" and not rows):
        raise TypeError("rows of the log")
    for card, *values in statuses:
        if type(card) is not int or len(values) != len(_STATUS):
            raise TypeError("cards")
        if not all(value is None or type(value) is int for value in values):
            raise TypeError("cards")
    if not (isinstance(before.get("copy", ""), str) and isinstance(before.get("files", {}), dict)):
        raise TypeError("a copy")


def rename_slots(connection: sqlite3.Connection, note: int, names: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    """Rename the slots of a note's cards by pairs of old and new, all at once; return the pairs that were renamed.

    Two can swap. A rename is skipped if a card that keeps its slot already has that name, so no history is lost.
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
        # No slot begins with ~, so names stay unique during the renaming.
        connection.executemany(
            "UPDATE cards SET slot = ? WHERE id = ?", [(f"~{new}", cards[old]) for old, new in wanted]
        )
        connection.executemany("UPDATE cards SET slot = ? WHERE id = ?", [(new, cards[old]) for old, new in wanted])
    return wanted


def hand_over_reviews(store: Store, source: int, target: int, policy: Policy, now_ms: int) -> int:
    """Move ratings from the card `source` to `target`, which is the same card; return their number.

    The ratings of `source` after the last review of `target` are repeated on `target` at their own times and voided on
    `source`. Nothing is deleted; earlier ratings stay. `policy` is that of the deck of `target`.
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
        quiet = policy._replace(bury_siblings=False)
        for at, rating, duration in ratings:
            store.rate(target, rating, quiet, at, duration)
    return len(ratings)


def delete_unused_cards(connection: sqlite3.Connection, note: int) -> int:
    """Delete the cards of a note that have no row in the log; return how many are left."""
    with transaction(connection):
        connection.execute(
            "DELETE FROM cards WHERE note = ? AND id NOT IN (SELECT card FROM reviews WHERE card = cards.id)", (note,)
        )
        (left,) = connection.execute("SELECT count(*) FROM cards WHERE note = ?", (note,)).fetchone()
    return int(left)
