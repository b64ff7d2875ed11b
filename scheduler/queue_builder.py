"""Choosing the cards of a day: what is due, then what is new, within the limits, one card of a note.

The order is that of Anki's scheduler v3: steps within the day (always asked), steps of days, reviews, new cards.
"""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING, Any, NamedTuple

from scheduler.conditions import LEARNING, NEW, SHOWN, UNDER_REVIEW
from scheduler.connection import snapshot
from scheduler.intervals import draw
from scheduler.limits import LAST_PASS_DAYS, compute_allowances, find_deadline_day, is_in_last_pass

if TYPE_CHECKING:
    from collections.abc import Iterable

    from scheduler.limits import Allowance, DeckLimits
    from scheduler.memory import Model
    from scheduler.policy import Policy
    from scheduler.store import Store


class Selection(NamedTuple):
    """What a session covers.

    Attributes:
        decks: all decks, those above included, in the order in which new cards are taken.
        order: the settings that order the session's cards and mix them.
        only_cards: ask only these cards; by default all.
        ahead_days: ask what falls due within this many days, too.
    """

    decks: tuple[DeckLimits, ...]
    order: Policy
    only_cards: frozenset[int] | None = None
    ahead_days: int = 0


Row = tuple[Any, ...]
"""A card as read: id, note, deck, and more by kind. Plain, because there can be tens of thousands of them."""


class DayCards(NamedTuple):
    """The cards of a day, each list in order. The rows of `learning` end with the time at which they are due."""

    learning: list[Row]
    day_learning: list[Row]
    reviews: list[Row]
    new: list[Row]


# The same shuffle all day, another one tomorrow: a quadratic hash of the id with a factor that the day chooses. The
# prime 2^31 - 1 keeps every product within SQLite's integers.
_PRIME = 2_147_483_647
_SHUFFLED = f"(id % {_PRIME}) * (id % {_PRIME}) % {_PRIME} * :factor % {_PRIME}"

_ORDERS = {
    "due": f"due_day, {_SHUFFLED}",
    "random": _SHUFFLED,
    # Sorted later in Python, because they depend on each deck's settings.
    "overdue": "due_day",
    "retrievability": "due_day",
}

_LEARNING = f"SELECT id, note, deck, due_ms FROM cards WHERE due_ms < :end_ms AND {SHOWN} ORDER BY due_ms, id"
_DUE = f"SELECT id, note, deck{{more}} FROM cards WHERE due_day <= :until AND {{state}} AND {SHOWN} ORDER BY {{order}}"
_LATER = (
    f"SELECT id, note, last_day FROM cards WHERE deck = :deck AND due_day > :until AND {UNDER_REVIEW}"
    f" AND {SHOWN} ORDER BY due_day, id"
)
_NEW = f"SELECT id, note, deck FROM cards WHERE deck = :deck AND {NEW} AND {SHOWN} ORDER BY {{order}}"


def build_day(store: Store, selection: Selection, now_ms: int) -> DayCards:
    """Choose the cards to ask on the day of `now_ms`.

    This reads only what is due, and new cards only as far as the limits allow.
    """
    with snapshot(store.connection):
        return _DayBuilder(store, selection, now_ms).build()


class _DayBuilder:
    """One reading of the store."""

    def __init__(self, store: Store, selection: Selection, now_ms: int) -> None:
        self.store = store
        self.selection = selection
        self.today = store.clock.day(now_ms)
        self.values = {
            "today": self.today,
            "until": self.today + selection.ahead_days,
            "end_ms": store.clock.start_of(self.today + 1 + selection.ahead_days),
            "factor": 1 + int(draw(self.today, 0) * (_PRIME - 1)),
        }
        self.policies = {deck.deck: deck.policy for deck in selection.decks}
        self.bury = {deck: policy.bury_siblings for deck, policy in self.policies.items()}
        self.reviews, self.new = compute_allowances(selection.decks, store.done(self.today))
        self.notes: set[int] = set()

    def build(self) -> DayCards:
        """Read the kinds of cards in the order in which they use up the limits."""
        learning = [row for row in self._read(_LEARNING) if row[2] in self.bury]
        self.notes.update(row[1] for row in learning)
        day_learning = self._take(self._read(self._due(LEARNING, "due")), self.reviews)
        return DayCards(learning, day_learning, self._take(self._due_reviews(), self.reviews), self._new())

    def _due_reviews(self) -> Iterable[Row]:
        order = self.selection.order.review_order
        if order not in ("retrievability", "overdue"):
            return chain(self._read(self._due(UNDER_REVIEW, order)), self._last_pass())
        rows = self._read(self._due(UNDER_REVIEW, order, ", stability, last_day"))
        measure = self._retrievability if order == "retrievability" else self._overdueness
        return chain(sorted(rows, key=lambda row: (-measure(row), row[0])), self._last_pass())

    def _last_pass(self) -> Iterable[Row]:
        """Find cards due later that the last pass before their deck's deadline asks once more."""
        for deck, policy in self.policies.items():
            day = find_deadline_day(policy)
            if day is None or not day - LAST_PASS_DAYS <= self.today < day:
                continue
            for card, note, last_day in self._read(_LATER, deck=deck):
                if last_day is not None and is_in_last_pass(card, last_day, day, self.today):
                    yield card, note, deck

    def _due(self, state: str, order: str, more: str = "") -> str:
        return _DUE.format(more=more, state=state, order=_ORDERS[order])

    def _new(self) -> list[Row]:
        """Read each deck's new cards, only as far as the limits allow."""
        self.new.cap(self.reviews)
        chosen: list[Row] = []
        for deck in self.bury:
            if self.new.has_left(deck):
                order = _SHUFFLED if self.policies[deck].new_order == "random" else "position, id"
                rows = self._read(_NEW.format(order=order), deck=deck)
                chosen += self._take(rows, self.new, stop=True)
        return chosen

    def _take(self, rows: Iterable[Row], allowance: Allowance, *, stop: bool = False) -> list[Row]:
        """Keep the rows that the limits allow, one of a note if siblings are buried.

        With `stop` the rows are of one deck and the first refusal is the end.
        """
        chosen = []
        bury, notes, take = self.bury, self.notes, allowance.take
        for row in rows:
            note, deck = row[1], row[2]
            buries = bury.get(deck)
            if buries is None or (buries and note in notes):
                continue
            if take(deck):
                notes.add(note)
                chosen.append(row)
            elif stop:
                break
        return chosen

    def _read(self, query: str, **values: int) -> Iterable[Row]:
        rows = self.store.connection.execute(query, self.values | values)
        only = self.selection.only_cards
        return rows if only is None else (row for row in rows if row[0] in only)

    def _retrievability(self, row: Row) -> float:
        """Compute the chance of recall today; 0 for a card without a memory state."""
        deck, stability, last_day = row[2:]
        if stability is None or last_day is None or deck not in self.policies:
            return 0.0
        return self._model(deck).retrievability(stability, max(0, self.today - last_day))

    def _overdueness(self, row: Row) -> float:
        """Compute the days since the last rating, relative to the interval that the retention asks for; as in Anki."""
        deck, stability, last_day = row[2:]
        if stability is None or last_day is None or deck not in self.policies:
            return 0.0
        wanted = self._model(deck).interval_days(stability, self.policies[deck].retention)
        return float(max(0, self.today - last_day) / wanted)

    def _model(self, deck: int) -> Model:
        return self.store.model(self.policies[deck].parameters)
