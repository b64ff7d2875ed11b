"""Store ratings and the review log in SQLite. Every act is one transaction; a card's row is a cache of the log."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from scheduler import log as logs
from scheduler.acts import Acts, void
from scheduler.answer import (
    Moment,
    Outcomes,
    apply_rating,
    compute_outcomes,
    decide_leech,
    make_row,
    reset_to_new,
    set_due_day,
)
from scheduler.clock import Clock
from scheduler.connection import transaction
from scheduler.database import TableSet
from scheduler.errors import CardChanged, NothingToUndo
from scheduler.intervals import Ahead, Load
from scheduler.memory import Model
from scheduler.model import DAY_SECONDS, Card, Leech, Rating, Review, ReviewKind, State
from scheduler.policy import Policy, has_deadline
from scheduler.tables import DUE_DAY_REACHED, NEW, SHOWN, Cards, append, update_schedule

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from scheduler.replay import Difference

TABLE_SET = TableSet(
    "scheduler",
    "scheduler.schema",
    (
        "create_cards_and_reviews",
        "add_counts_of_unlogged_reviews",
        "create_parameters_in_use",
        "create_acts",
        "add_types_of_imported_rows",
    ),
    Path(__file__).with_name("tables.generated.sql"),
)
"""The scheduler's tables, for `open_database`."""

# Bury only cards that would be asked today; a later one needs no burial. Steps within the day continue. With a
# deadline, the queue itself keeps siblings apart, because its pace can require them.
_BURY_SIBLINGS = f"""
    UPDATE cards SET buried_day = :today, buried_by = :review
    WHERE note = :note AND id <> :card AND {SHOWN} AND ({DUE_DAY_REACHED} OR {NEW})
"""


class Store(Cards):
    """Cards and reviews on an open database.

    Each method that makes changes is a transaction, or part of the open one. It raises `SchedulerError` for what a user
    can cause: a full disk, a database in use.
    """

    def __init__(self, connection: sqlite3.Connection, clock: Clock | None = None) -> None:
        super().__init__(connection)
        self.clock = clock or Clock()
        self.acts = Acts(self)
        self._ahead = Ahead(connection)
        self._models: dict[tuple[float, ...], Model] = {}

    # Rating

    def load(self, card: Card, policy: Policy, now_ms: int) -> Load | None:
        """Read the load of the days ahead in all decks, if the card's next interval depends on it."""
        if not policy.is_balanced:
            return None
        today = self.clock.day(now_ms)
        due = self._ahead.due(today) if policy.load_balance else {}
        return Load(today, due, self._ahead.siblings(card), policy.easy_days)

    def outcomes(self, card: Card, policy: Policy, now_ms: int, load: Load | None = None) -> Outcomes:
        """Compute the effect of each rating now, with the current load by default; `rate` does the same."""
        if load is None:
            load = self.load(card, policy, now_ms)
        return compute_outcomes(card, policy, now_ms, self.clock, self.model(policy.parameters), load)

    def rate(
        self,
        card_id: int,
        rating: Rating,
        policy: Policy,
        now_ms: int,
        duration_ms: int = 0,
        expect_reps: int | None = None,
        load: Load | None = None,
    ) -> Review:
        """Record a rating in one transaction: log row, card row, buried siblings, leech.

        `load` is what the shown outcomes were computed with, so that they hold; it is ignored on another day. Raise
        `CardChanged` if the card has other `reps` than `expect_reps` by now; then nothing is recorded. Raise
        `CardUnknown` if there is no such card.
        """
        with transaction(self.connection):
            before = self.card(card_id)
            if expect_reps is not None and before.reps != expect_reps:
                raise CardChanged(card_id)
            moment = self._make_moment(before, now_ms)
            if load is None or load.today != moment.day:
                load = self.load(before, policy, now_ms)
            outcome = self.outcomes(before, policy, now_ms, load).of(rating)
            current = self._ahead.is_current(moment.day)
            leech = decide_leech(before, rating, policy)
            after = apply_rating(before, rating, outcome, leech, moment)
            review = make_row(
                ReviewKind.RATING, before, after, moment, rating=rating, duration_ms=duration_ms, leech=leech
            )
            append(self.connection, review)
            update_schedule(self.connection, after)
            if (before.suspended, before.buried_day) != (after.suspended, after.buried_day):
                self.connection.execute(
                    "UPDATE cards SET suspended = ?, buried_day = NULL, buried_by = NULL WHERE id = ?",
                    (after.suspended, card_id),
                )
                self.acts.add_status_of_rating(before, review.id)
            if policy.bury_siblings and not has_deadline(policy, moment.day):
                values = {"note": before.note, "card": card_id, "today": moment.day, "review": review.id}
                self.connection.execute(_BURY_SIBLINGS, values)
        if current:
            self._ahead.record_rating(before, after, moment.day)
        return review

    def cram(
        self, card_id: int, rating: Rating, now_ms: int, duration_ms: int = 0, expect_reps: int | None = None
    ) -> Review:
        """Record a rating without effect on the card's schedule. Arguments and errors are those of `rate`."""
        with transaction(self.connection):
            card = self.card(card_id)
            if expect_reps is not None and card.reps != expect_reps:
                raise CardChanged(card_id)
            moment = self._make_moment(card, now_ms)
            review = make_row(ReviewKind.CRAM, card, card, moment, rating=rating, duration_ms=duration_ms)
            append(self.connection, review)
        return review

    def undo_cram(self, review: Review, now_ms: int) -> None:
        """Undo a rating that had no effect on a schedule: a void is added to the log."""
        with transaction(self.connection):
            card = self.card(review.card)
            append(
                self.connection, make_row(ReviewKind.VOID, card, card, self._make_moment(card, now_ms), voids=review.id)
            )

    def undo(self, now_ms: int) -> Review:
        """Undo the newest rating of today as `undo_rating` does; return it. Raise `NothingToUndo` without one."""
        with transaction(self.connection):
            rating = logs.find_newest_rating(self.connection, self.clock.day(now_ms))
            if rating is None:
                raise NothingToUndo
            return self.undo_rating(rating.id, now_ms)

    def undo_rating(self, rating: int, now_ms: int) -> Review:
        """Undo a rating, named by its row of the log; return it. A void is added to the log.

        The card becomes what the rest of its log says, and siblings that the rating buried are unburied.
        """
        with transaction(self.connection):
            (card,) = self.connection.execute("SELECT card FROM reviews WHERE id = ?", (rating,)).fetchone()
            voided = void(self, card, rating, now_ms)
            if voided.leech is Leech.SUSPENDED:
                self.connection.execute("UPDATE cards SET suspended = 0 WHERE id = ?", (card,))
            self.connection.execute(
                "UPDATE cards SET buried_day = NULL, buried_by = NULL"
                " WHERE note = (SELECT note FROM cards WHERE id = ?) AND buried_by = ?",
                (card, rating),
            )
            self.acts.undo_status_of_rating(rating, now_ms)
        return voided

    # Changes of schedules by hand

    def forget(self, cards: Iterable[int], now_ms: int) -> int:
        """Make cards new again. This also unburies the cards. Their counts (`reps`, `lapses`) and the log stay."""
        return self._log_and_unbury(
            ReviewKind.FORGET, cards, now_ms, lambda card: None if card.state is State.NEW else reset_to_new(card)
        )

    def set_due(self, cards: Iterable[int], day: int, now_ms: int) -> int:
        """Make cards due on a day and unbury them; an interval then counts from the last rating."""
        return self._log_and_unbury(ReviewKind.SET_DUE, cards, now_ms, lambda card: set_due_day(card, day))

    def reschedule(self, due_days: Mapping[int, int], now_ms: int) -> int:
        """Give cards under review other due days, by card; their intervals count from the last review."""

        def change(card: Card) -> Card:
            day = due_days[card.id]
            since = day - (card.last_day if card.last_day is not None else self.clock.day(now_ms))
            return card._replace(due_day=day, interval=max(1, since) * DAY_SECONDS)

        return len(self._log_each(ReviewKind.RESCHEDULED, due_days, now_ms, change))

    def parameters_in_use(self) -> dict[int, str]:
        """Read the parameters that each deck's states were computed with, unless they were FSRS's defaults."""
        return dict(self.connection.execute("SELECT deck, parameters FROM parameters_in_use"))

    def set_parameters_in_use(self, parameters: Mapping[int, str]) -> None:
        """Store the parameters used to compute the memory states."""
        with transaction(self.connection):
            self.connection.execute("DELETE FROM parameters_in_use")
            self.connection.executemany("INSERT INTO parameters_in_use VALUES (?, ?)", parameters.items())

    # The log

    def log(self, card_id: int, *, include_voided: bool = False) -> list[Review]:
        """Read the log of one card, oldest first, by default without undone rows."""
        return logs.read_reviews(self.connection, card_id, include_voided=include_voided)

    def done(self, day: int) -> dict[int, logs.Done]:
        """Count the new cards introduced and reviews done on a day, by deck; decks without either are omitted."""
        return logs.count_done(self.connection, day)

    def find_differences(self, parameters_of: Callable[[int], Sequence[float]]) -> list[Difference]:
        """Replay the log and find where cards differ from it; `parameters_of` gives the parameters of a deck."""
        from scheduler.replay import find_differences

        committed = not self.connection.in_transaction
        with transaction(self.connection):
            return find_differences(
                self.connection, lambda deck: self.model(tuple(parameters_of(deck))), committed=committed
            )

    def repair(self, parameters_of: Callable[[int], Sequence[float]]) -> list[Difference]:
        """Correct the rows of cards that differ from the log, see `find_differences`; return the differences."""
        from scheduler.replay import find_differences, repair

        committed = not self.connection.in_transaction
        with transaction(self.connection):
            found = find_differences(
                self.connection, lambda deck: self.model(tuple(parameters_of(deck))), committed=committed
            )
            repair(self.connection, found)
        return found

    def model(self, parameters: tuple[float, ...]) -> Model:
        """Return FSRS with these parameters, from a cache."""
        if parameters not in self._models:
            self._models[parameters] = Model(parameters)
        return self._models[parameters]

    # Helpers

    def _log_and_unbury(
        self, kind: ReviewKind, cards: Iterable[int], now_ms: int, change: Callable[[Card], Card | None]
    ) -> int:
        with transaction(self.connection):
            changed = self._log_each(kind, cards, now_ms, change)
            self.unbury(changed, self.clock.day(now_ms))
        return len(changed)

    def _log_each(
        self, kind: ReviewKind, cards: Iterable[int], now_ms: int, change: Callable[[Card], Card | None]
    ) -> list[int]:
        """Write a row for each card that changes; return these cards."""
        changed = []
        with transaction(self.connection):
            for card in cards:
                before = self.card(card)
                after = change(before)
                if after is not None:
                    append(self.connection, make_row(kind, before, after, self._make_moment(before, now_ms)))
                    update_schedule(self.connection, after)
                    changed.append(card)
        return changed

    def _make_moment(self, card: Card, now_ms: int) -> Moment:
        day = self.clock.day(now_ms)
        return Moment(logs.choose_id(self.connection, card.id, now_ms, day), day, self.clock.offset_minutes(now_ms))
