"""Supply the due cards of a collection, or cram every card until it is recalled. Find the next due cards."""

from __future__ import annotations

import json
from collections.abc import Sequence
from contextlib import suppress

from flashcards.collection import Collection, find_session_policy
from flashcards.deck.cloze import build_face, find_hidden_text
from flashcards.review.grading import add_ticks
from flashcards.review.session_plan import SessionPlan, allow_new, choose_session_cards, lift_limits
from flashcards.review.views import DAYS_AHEAD, Asked, Upcoming
from flashcards.text import plural
from scheduler import (
    Card,
    CardChanged,
    DatabaseBusy,
    DiskFull,
    NothingToUndo,
    Outcome,
    Outcomes,
    Policy,
    Rating,
    Review,
    Store,
    transaction,
)
from scheduler.intervals import Load, count_due_ahead, hash_to_fraction
from scheduler.model import Memory, State
from scheduler.policy import DeckPolicy
from scheduler.queue import Counts, Queue, Wait, build_queue
from scheduler.tables import ASKABLE, BURIED, DUE_DAY_REACHED, NEW, SHOWN

# Conditions on cards.
_STEPS = f"due_ms > :now_ms AND due_ms < :end_ms AND {SHOWN}"
_STEPS_NOW = f"due_ms <= :now_ms AND {SHOWN}"
_DUE = f"{DUE_DAY_REACHED} AND {SHOWN}"
_NEW = f"{NEW} AND {SHOWN}"
_BURIED = f"{DUE_DAY_REACHED} AND {ASKABLE} AND {BURIED}"
_NEXT_DAYS = f"due_day > :today AND {ASKABLE}"
_NEXT_STEPS = f"due_ms >= :end_ms AND {ASKABLE}"
_ON_DAY = f"(due_day = :day OR (due_ms >= :start_ms AND due_ms < :stop_ms)) AND {ASKABLE}"

# At most one card of a note is asked per day, so cards held back by limits are counted by note.
_NOTES = "DISTINCT note"


def find_upcoming(store: Store, now_ms: int, left: Counts, only: frozenset[int] | None = None) -> Upcoming:
    """Find the next due cards after those `left` in today's queue; `only` restricts them to some cards."""
    clock = store.clock
    today = clock.day(now_ms)
    values: dict[str, int | str] = {"today": today, "now_ms": now_ms, "end_ms": clock.start_of(today + 1)}
    values["only"] = json.dumps(sorted(only or ()))

    def find(value: str, condition: str) -> int | None:
        among = "" if only is None else " AND id IN (SELECT value FROM json_each(:only))"
        row = store.connection.execute(f"SELECT {value} FROM cards WHERE {condition}{among}", values).fetchone()
        found: int | None = row[0]
        return found

    def count(condition: str, what: str = "*") -> int:
        return find(f"count({what})", condition) or 0

    steps, now, buried = count(_STEPS), count(_STEPS_NOW), count(_BURIED)
    next_day, next_ms = find("min(due_day)", _NEXT_DAYS), find("min(due_ms)", _NEXT_STEPS)
    days = [next_day, None if next_ms is None else clock.day(next_ms), today + 1 if buried else None]
    day = min((each for each in days if each is not None), default=None)
    on_day = 0
    if day is not None:
        values |= {"day": day, "start_ms": clock.start_of(day), "stop_ms": clock.start_of(day + 1)}
        on_day = count(_ON_DAY) + (buried if day == today + 1 else 0)
    return Upcoming(
        now=now,
        today=steps,
        today_ms=find("min(due_ms)", _STEPS),
        day=day,
        days_away=0 if day is None else day - today,
        on_day=on_day,
        held_due=max(0, count(_DUE, _NOTES) - left.review - max(0, left.learning - steps - now)),
        held_new=max(0, count(_NEW, _NOTES) - left.new),
    )


_FILE = "SELECT size, mtime_ns FROM files WHERE path = ? AND present = 1"


class CardBackend:
    """Reads the cards of a collection, records ratings and changes their status, as `Backend` requires."""

    def __init__(self, collection: Collection) -> None:
        self._collection = collection
        self._store = collection.store
        # Frozen until the session reads its cards again, so that a rating gives what its button showed.
        self._policies: dict[int, Policy] = {}
        self._shown: tuple[Card, Load | None] | None = None

    def prepare(self) -> None:
        """Load the modules that the first answer needs. Call it while the first question is on screen."""
        self._store.model(self._collection.settings.policy.parameters).next_memories(None, 0)

    def rescan_if_changed(self, card_id: int) -> bool:
        """Scan the decks if the file of a card was edited, renamed or removed; return whether it was."""
        path = self._collection.note_of(self._store.card(card_id)).path
        row = self._store.connection.execute(_FILE, (path,)).fetchone()
        try:
            found = (self._collection.root / path).stat()
            if row == (found.st_size, found.st_mtime_ns):
                return False
        except OSError:
            pass
        # If the database is busy or the disk full, the next rating reports it.
        with suppress(DatabaseBusy, DiskFull):
            return bool(self._collection.scan()[0])
        return False

    def read(self, card_id: int) -> Asked | None:
        """Return the current state of the card, or nothing if its text is gone."""
        self.rescan_if_changed(card_id)
        row = self._store.card(card_id)
        entry = self._collection.note_of(row)
        if not row.active or row.slot not in entry.note.slots:
            return None
        return Asked(
            row,
            entry,
            build_face(entry.note, row.slot),
            find_hidden_text(entry.note, row.slot) if entry.note.typed else "",
        )

    def outcomes(self, card: Card, now_ms: int) -> Outcomes:
        """Compute the outcome of each rating for the card."""
        policy = self._policy(card.deck)
        load = self._store.load(card, policy, now_ms)
        self._shown = (card, load)
        return self._store.outcomes(card, policy, now_ms, load)

    def rate(
        self, card: Card, rating: Rating, now_ms: int, duration_ms: int, points: Sequence[tuple[str, bool]] = ()
    ) -> Review:
        """Record a rating and the points covered, in one transaction."""
        load = self._shown[1] if self._shown and self._shown[0] == card else None
        policy = self._policy(card.deck)
        if points:
            with transaction(self._store.connection):
                review = self._store.rate(card.id, rating, policy, now_ms, duration_ms, card.reps, load)
                add_ticks(self._store.connection, review.id, points)
        else:
            review = self._store.rate(card.id, rating, policy, now_ms, duration_ms, card.reps, load)
        return review

    def undo(self, now_ms: int) -> Review:
        """Undo the last rating of today, if it is the latest action."""
        act = self._store.acts.last()
        if act is not None and act.kind != "rating":
            raise NothingToUndo(f"The last action was `{act.kind}`; `flashcards undo` undoes it.")
        return self._store.undo(now_ms)

    def siblings(self, card: Card) -> list[int]:
        """Return all cards of the card's note."""
        return [each.id for each in self._store.cards_of(card.note)]

    def bury(self, cards: Sequence[int], now_ms: int) -> None:
        """Bury cards until tomorrow."""
        with self._store.acts.record("bury", cards, now_ms) as summary:
            self._store.bury(cards, self._collection.clock.day(now_ms))
            summary.append(plural(len(cards), "card"))

    def unbury(self, cards: Sequence[int], now_ms: int) -> None:
        """Unbury cards."""
        self._store.unbury(cards, self._collection.clock.day(now_ms))
        self._mark_undone("bury", now_ms)

    def suspend(self, cards: Sequence[int], now_ms: int) -> list[int]:
        """Suspend cards; return those that were not suspended before."""
        awake = [card.id for card in self._store.cards(cards) if not card.suspended]
        with self._store.acts.record("suspend", awake, now_ms) as summary:
            self._store.suspend(awake)
            summary.append(plural(len(awake), "card"))
        return awake

    def unsuspend(self, cards: Sequence[int], now_ms: int) -> None:
        """Unsuspend cards."""
        self._store.unsuspend(cards)
        self._mark_undone("suspend", now_ms)

    def flag(self, card_id: int, flag: int, now_ms: int) -> None:
        """Set a card's flag."""
        act = self._store.acts.last()
        before = act.before["cards"][0] if act and act.kind == "flag" else None
        if before and before[0] == card_id and before[-1] == flag:  # the flag is restored
            self._store.acts.undo(now_ms)
            return
        with self._store.acts.record("flag", [card_id], now_ms) as summary:
            self._store.flag([card_id], flag)
            summary.append("1 card")

    def _mark_undone(self, kind: str, now_ms: int) -> None:
        """Mark the last act as undone if it is of this kind, because the session has just reversed it."""
        act = self._store.acts.last()
        if act is not None and act.kind == kind:
            self._store.acts.mark_undone(act.id, now_ms)

    def count_due_ahead(self, now_ms: int) -> tuple[int, ...]:
        """Count the cards due on each of the next days."""
        day = self._collection.clock.day(now_ms)
        due = count_due_ahead(self._store.connection, day, DAYS_AHEAD)
        return tuple(due.get(day + ahead, 0) for ahead in range(1, DAYS_AHEAD + 1))

    def _policy(self, deck: int) -> Policy:
        if deck not in self._policies:
            self._policies[deck] = self._collection.policy(deck)
        return self._policies[deck]

    def _forget_policies(self) -> None:
        self._collection.forget_policies()
        self._policies.clear()


class CollectionBackend(CardBackend):
    """Supplies the due cards of a collection, with the options of a `SessionPlan`."""

    def __init__(self, collection: Collection, now_ms: int, plan: SessionPlan | None = None) -> None:
        super().__init__(collection)
        self._plan = plan or SessionPlan()
        self._version = self._data_version()
        self._decks = collection.deck_policies
        self._cards = self._plan.only
        if self._plan.new is not None or self._plan.limit is not None:
            self._cards = choose_session_cards(
                self._store, self._lift_limits(), self._find_session_policy(), now_ms, self._plan
            )
        self._queue = self._build_queue(now_ms)

    def _find_session_policy(self) -> Policy:
        policy = find_session_policy(self._collection, self._plan.only)
        order = "retrievability" if self._plan.backlog else self._plan.order
        return policy._replace(review_order=order) if order else policy

    def _lift_limits(self) -> Sequence[DeckPolicy]:
        """Return the decks with their policies, without limits for a backlog."""
        return lift_limits(self._decks) if self._plan.backlog else self._decks

    def _build_queue(self, now_ms: int) -> Queue:
        decks, plan = self._lift_limits(), self._plan
        if plan.new is not None:
            decks = allow_new(decks, plan.new, self._store.done(self._collection.clock.day(now_ms)))
        return build_queue(
            self._store,
            decks,
            now_ms,
            only_cards=self._cards,
            ahead_days=plan.ahead_days,
            session_policy=self._find_session_policy(),
            paced=plan.new is None and not plan.backlog,
        )

    def next_card(self, now_ms: int) -> int | None:
        """Return the next card. Rebuild the queue first if another process wrote to the database."""
        version = self._data_version()
        if version != self._version:
            self.refresh(now_ms)
        card = self._queue.next_card(now_ms)
        if isinstance(card, int) and self.rescan_if_changed(card):
            self.refresh(now_ms)
            card = self._queue.next_card(now_ms)
        return None if card is None or isinstance(card, Wait) else card

    def counts(self) -> Counts:
        """Count the cards left today."""
        return self._queue.counts()

    def rate(
        self, card: Card, rating: Rating, now_ms: int, duration_ms: int, points: Sequence[tuple[str, bool]] = ()
    ) -> Review:
        """Record a rating and the points covered, and update the queue."""
        review = super().rate(card, rating, now_ms, duration_ms, points)
        self._queue.record_rating(card.id)
        return review

    def refresh(self, now_ms: int) -> None:
        """Rebuild the queue of the day."""
        self._version = self._data_version()
        self._forget_policies()
        if self._collection.deck_policies == self._decks:
            self._queue.refresh(now_ms)
        else:  # different decks or policies
            self._decks = self._collection.deck_policies
            self._queue = self._build_queue(now_ms)

    def find_upcoming(self, now_ms: int) -> Upcoming:
        """Find the next due cards."""
        return find_upcoming(self._store, now_ms, self.counts(), self._plan.only)

    def _data_version(self) -> int:
        """Return a number that changes when another connection writes to the database."""
        return int(self._store.connection.execute("PRAGMA data_version").fetchone()[0])


class CramBackend(CardBackend):
    """Asks every card of a plan, in a daily order. Ratings are only logged, unless they count as reviews."""

    def __init__(self, collection: Collection, now_ms: int, plan: SessionPlan | None = None) -> None:
        plan = plan or SessionPlan()
        super().__init__(collection)
        self._only = plan.only
        self._counting = plan.is_counted
        self._day = collection.clock.day(now_ms)
        self._crammed: list[Review] = []
        askable = self._find_askable()
        chosen = askable if plan.only is None else askable & plan.only
        # A dict keeps the order and allows quick removals; its values are not used.
        self._left: dict[int, None] = dict.fromkeys(
            sorted(chosen, key=lambda card: hash_to_fraction(card, self._day))[: plan.limit]
        )

    def next_card(self, now_ms: int) -> int | None:
        """Return the next card."""
        card = next(iter(self._left), None)
        if card is not None and self.rescan_if_changed(card):
            self.refresh(now_ms)
            card = next(iter(self._left), None)
        return card

    def counts(self) -> Counts:
        """Count the cards left today."""
        states = [card.state for card in self._store.cards(self._left)]
        new, review = states.count(State.NEW), states.count(State.REVIEW)
        return Counts(new, len(states) - new - review, review)

    def outcomes(self, card: Card, now_ms: int) -> Outcomes:
        """Compute the outcome of each rating. The intervals are unchanged unless ratings count."""
        if self._counting:
            return super().outcomes(card, now_ms)
        memory = card.memory or Memory(0.0, 0.0)
        same = Outcome(card.state, card.steps_left, card.due_day, card.due_ms, card.interval, memory)
        return Outcomes(same, same, same, same)

    def rate(
        self, card: Card, rating: Rating, now_ms: int, duration_ms: int, points: Sequence[tuple[str, bool]] = ()
    ) -> Review:
        """Record a rating. A forgotten card returns after the others."""
        try:
            if self._counting:
                review = super().rate(card, rating, now_ms, duration_ms, points)
            else:
                with transaction(self._store.connection):
                    review = self._store.cram(card.id, rating, now_ms, duration_ms, expect_reps=card.reps)
                    add_ticks(self._store.connection, review.id, points)
                self._crammed.append(review)
        except CardChanged:
            self._left.pop(card.id, None)
            raise
        self._left.pop(card.id, None)
        if rating is Rating.AGAIN:
            self._left[card.id] = None
        return review

    def undo(self, now_ms: int) -> Review:
        """Undo the last rating of today."""
        if self._counting:
            review = super().undo(now_ms)
        elif self._crammed:
            review = self._crammed.pop()
            self._store.undo_cram(review, now_ms)
        else:
            raise NothingToUndo
        self._left = {review.card: None} | self._left
        return review

    def refresh(self, now_ms: int) -> None:
        """Drop the cards that can no longer be asked."""
        self._forget_policies()
        self._day = self._collection.clock.day(now_ms)
        askable = self._find_askable()
        self._left = {card: None for card in self._left if card in askable}

    def find_upcoming(self, now_ms: int) -> Upcoming:
        """Find the next due cards."""
        return find_upcoming(self._store, now_ms, self.counts(), self._only)

    def _find_askable(self) -> set[int]:
        rows = self._store.connection.execute(f"SELECT id FROM cards WHERE {SHOWN}", {"today": self._day})
        return {card for (card,) in rows}
