"""Build the queue of a day: due cards, then new ones, within the limits, and one card per note.

The order is that of Anki's scheduler v3: steps within the day (always asked), steps of days, reviews, new cards. Decks
with a deadline reserve their new cards right after the steps within the day. Simulations use this queue, too.
"""

from __future__ import annotations

from functools import lru_cache
from itertools import chain
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from scheduler import policy
from scheduler.connection import snapshot
from scheduler.intervals import hash_to_fraction
from scheduler.model import State
from scheduler.tables import ASKABLE, LEARNING, NEW, RATED, SHOWN, UNDER_REVIEW, match_due_day

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from scheduler.log import Done
    from scheduler.memory import Model
    from scheduler.store import Store


class Selection(NamedTuple):
    """The cards and settings of a session."""

    decks: tuple[policy.DeckPolicy, ...]  # all decks, including parents, in the order of their new cards
    session_policy: policy.Policy  # the settings that order the session's cards and mix them
    only_cards: frozenset[int] | None = None  # ask only these cards; by default all
    ahead_days: int = 0  # also ask cards due within this many days
    paced: bool = True  # whether deadlines, rather than only limits, determine the number of new cards
    # the number of cards that a card represents, in a simulation of a sample; 1 if missing
    weights: Mapping[int, int] = MappingProxyType({})


Row = tuple[Any, ...]
"""A card as read: id, note, deck, and more by kind. A plain tuple, because there can be tens of thousands."""


class CardSource(Protocol):
    """The source of the cards of a day: a store or a simulation. Only cards shown today are read."""

    today: int

    def read_learning(self) -> Iterable[Row]:
        """Read the cards on a step within the day: id, note, deck, and due time."""

    def read_due(self, *, on_steps: bool, order: policy.ReviewOrder) -> Iterable[Row]:
        """Read due cards in order, on steps of days or under review: id, note, deck, perhaps stability and last day.

        Two orders depend on each deck's settings: those rows come by due day, with the last two columns.
        """

    def read_later(self, deck: int) -> Iterable[Row]:
        """Read cards under review that are due after today: id, note, deck, last day."""

    def read_new(self, deck: int, order: policy.NewOrder) -> Iterable[Row]:
        """Read new cards of a deck in order: id, note, deck."""

    def read_rated(self) -> Iterable[Row]:
        """Read the cards rated today: id, note, deck, and whether they were new before."""

    def count_new(self) -> Mapping[int, int]:
        """Count the new cards of each deck, buried ones included, by their weights."""

    def count_done(self) -> Mapping[int, Done]:
        """Count the work done today, by deck."""

    def model(self, parameters: tuple[float, ...]) -> Model:
        """Return FSRS with these parameters."""


class DayCards(NamedTuple):
    """The cards of a day, each list in order.

    The rows of `learning` end with the due time. `reviews_left` and `new_left` are the limits remaining after all of
    them.
    """

    learning: list[Row]
    day_learning: list[Row]
    reviews: list[Row]
    new: list[Row]
    reviews_left: policy.Allowance
    new_left: policy.Allowance

    def mix(self, new_mix: policy.NewMix) -> list[Row]:
        """Return all cards but those on steps within the day, in the order of asking."""
        due = _spread(self.reviews, self.day_learning)
        if new_mix == "first":
            return self.new + due
        if new_mix == "last":
            return due + self.new
        return _spread(due, self.new)


def _spread(many: list[Row], few: list[Row]) -> list[Row]:
    """Merge both lists, each in its order, the second spread evenly among the first."""
    ratio = (len(many) + 1) / (len(few) + 1)
    positions = [((index + 1) * ratio, 1, entry) for index, entry in enumerate(few)]
    positions += [(index + 1.0, 0, entry) for index, entry in enumerate(many)]
    return [entry for _, _, entry in sorted(positions, key=lambda position: position[:2])]


def build_day(store: Store, selection: Selection, now_ms: int) -> DayCards:
    """Choose the cards of the day of `now_ms`, reading only due cards, and new ones up to the limits."""
    with snapshot(store.connection):
        return choose_cards(_StoreSource(store, selection, now_ms), selection)


def choose_cards(source: CardSource, selection: Selection, yesterday: DayCards | None = None) -> DayCards:
    """Choose the cards to ask today from a source, within the limits. A sample repays the excess of `yesterday`."""
    builder = _DayBuilder(source, selection)
    if yesterday:
        builder.reviews.repay(yesterday.reviews_left.debts)
        builder.new.repay(yesterday.new_left.debts)
    return builder.build()


# The same shuffle all day, another one tomorrow: a quadratic hash of the id with a factor that the day chooses. The
# prime 2^31 - 1 keeps every product within SQLite's integers.
_PRIME = 2_147_483_647
_SHUFFLED = f"(id % {_PRIME}) * (id % {_PRIME}) % {_PRIME} * :factor % {_PRIME}"


def shuffle(card_id: int, today: int) -> int:
    """Compute the key that shuffles a day's cards, as the store's queries do."""
    return (card_id % _PRIME) * (card_id % _PRIME) % _PRIME * _shuffle_factor(today) % _PRIME


@lru_cache(maxsize=1)
def _shuffle_factor(today: int) -> int:
    return 1 + int(hash_to_fraction(today, 0) * (_PRIME - 1))


# Sorted later in Python, because these depend on each deck's settings.
_MEASURED = ("overdue", "retrievability")

_STEPS = f"SELECT id, note, deck, due_ms FROM cards WHERE due_ms < :end_ms AND {SHOWN} ORDER BY due_ms, id"
_DUE = (
    f"SELECT id, note, deck{{more}} FROM cards WHERE {match_due_day(':until')} AND {{state}} AND {SHOWN}"
    " ORDER BY {order}"
)
_LATER = (
    f"SELECT id, note, deck, last_day FROM cards WHERE deck = :deck AND due_day > :until AND {UNDER_REVIEW}"
    f" AND {SHOWN} ORDER BY due_day, id"
)
_NEW = f"SELECT id, note, deck FROM cards WHERE deck = :deck AND {NEW} AND {SHOWN} ORDER BY {{order}}"
_COUNT_NEW = f"SELECT deck, count(*) FROM cards WHERE {NEW} AND {ASKABLE} GROUP BY deck"
_RATED = (
    f"SELECT cards.id, note, deck, max(state_before = {State.NEW:d}) FROM reviews JOIN cards ON cards.id = card"
    f" WHERE day = :today AND {RATED} GROUP BY cards.id"
)


class _StoreSource:
    """The cards of a store; see `CardSource`."""

    def __init__(self, store: Store, selection: Selection, now_ms: int) -> None:
        self._store = store
        self._only = selection.only_cards
        self.today = store.clock.day(now_ms)
        self._values = {
            "today": self.today,
            "until": self.today + selection.ahead_days,
            "end_ms": store.clock.start_of(self.today + 1 + selection.ahead_days),
            "factor": _shuffle_factor(self.today),
        }

    def read_learning(self) -> Iterable[Row]:
        return self._read(_STEPS)

    def read_due(self, *, on_steps: bool, order: policy.ReviewOrder) -> Iterable[Row]:
        more = ", stability, last_day" if order in _MEASURED else ""
        by = {"due": f"due_day, {_SHUFFLED}", "random": _SHUFFLED}.get(order, "due_day")
        return self._read(_DUE.format(more=more, state=LEARNING if on_steps else UNDER_REVIEW, order=by))

    def read_later(self, deck: int) -> Iterable[Row]:
        return self._read(_LATER, deck=deck)

    def read_new(self, deck: int, order: policy.NewOrder) -> Iterable[Row]:
        return self._read(_NEW.format(order=_SHUFFLED if order == "random" else "position, id"), deck=deck)

    def read_rated(self) -> Iterable[Row]:
        return self._store.connection.execute(_RATED, self._values)

    def count_new(self) -> Mapping[int, int]:
        return dict(self._store.connection.execute(_COUNT_NEW))

    def count_done(self) -> Mapping[int, Done]:
        return self._store.done(self.today)

    def model(self, parameters: tuple[float, ...]) -> Model:
        return self._store.model(parameters)

    def _read(self, query: str, **values: int) -> Iterable[Row]:
        rows = self._store.connection.execute(query, self._values | values)
        only = self._only
        return rows if only is None else (row for row in rows if row[0] in only)


class _DayBuilder:
    """A day under construction."""

    def __init__(self, source: CardSource, selection: Selection) -> None:
        self.source = source
        self.selection = selection
        self.today = source.today
        self.policies = {deck.id: deck.policy for deck in selection.decks}
        self.done = source.count_done()
        self.reviews, self.new = policy.compute_allowances(selection.decks, self.done)
        groups = policy.group_by_deadline(selection.decks, self.today)
        self.deadlines = {deck: deadline.day for deadline, decks in groups.items() for deck in decks}
        self.groups = groups if selection.paced else {}
        self.rated = [row for row in source.read_rated() if row[2] in self.deadlines] if groups else []
        self.notes: set[int] = set()

    def build(self) -> DayCards:
        """Choose the kinds of cards in the order in which they use up the limits."""
        learning = self._keep_known(self.source.read_learning())
        # With a deadline, a card that was new today does not hold back its due siblings.
        introduced = {card for card, _, _, was_new in self.rated if was_new}
        self.notes.update(row[1] for row in chain(learning, self.rated) if row[0] not in introduced)
        steps = self._keep_known(self._read_due(on_steps=True))
        reviews = self._keep_known(chain(self._read_due(on_steps=False), self._find_last_pass()))
        reserved = self._reserve({row[1] for row in chain(learning, steps, reviews)}) if self.groups else []
        steps, reviews = self._take_due(steps), self._take_due(reviews)
        self.notes.update(row[1] for row in self.rated)
        new = reserved + self._choose_new()
        return DayCards(learning, steps, reviews, new, self.reviews, self.new)

    def _keep_known(self, rows: Iterable[Row]) -> list[Row]:
        policies = self.policies
        return [row for row in rows if row[2] in policies]

    def _read_due(self, *, on_steps: bool) -> Iterable[Row]:
        order = self.selection.session_policy.review_order
        rows = self.source.read_due(on_steps=on_steps, order=order)
        if order not in _MEASURED:
            return rows
        measure = self._compute_retrievability if order == "retrievability" else self._compute_overdueness
        return sorted(rows, key=lambda row: (-measure(row), row[0]))

    def _find_last_pass(self) -> Iterable[Row]:
        """Find the later cards that the last pass before their deck's deadline asks again."""
        for deck, day in self.deadlines.items():
            if self.today < day - policy.LAST_PASS_DAYS:
                continue
            for row in self.source.read_later(deck):
                card, _, _, last_day = row
                if last_day is not None and policy.is_in_last_pass(card, last_day, day, self.today):
                    yield row

    def _reserve(self, due_notes: set[int]) -> list[Row]:
        """Choose the new cards that deadlines require today, by deadline; siblings of today's cards come last."""
        chosen: list[Row] = []
        unseen, weights = self.source.count_new(), self.selection.weights
        busy = due_notes | {note for _, note, _, _ in self.rated}
        for deadline, decks in self.groups.items():
            introduced = sum(self.done[deck].new for deck in decks if deck in self.done)
            left = sum(unseen.get(deck, 0) for deck in decks)
            quota = policy.compute_new_per_day(left + introduced, self.today, deadline) - introduced
            late: list[Row] = []
            for row in chain.from_iterable(map(self._read_new, decks)):
                if quota <= 0:
                    break
                if row[1] in busy and self.policies[row[2]].bury_siblings:
                    late.append(row)
                    continue
                busy.add(row[1])
                chosen.append(row)
                quota -= weights.get(row[0], 1)
            for row in late:
                if quota > 0:
                    chosen.append(row)
                    quota -= weights.get(row[0], 1)
        for row in chosen:
            self.reviews.reserve(row[2], weights.get(row[0], 1))
            self.new.reserve(row[2], weights.get(row[0], 1))
        return chosen

    def _take_due(self, rows: list[Row]) -> list[Row]:
        """Take due cards within the limits, in their order; those of decks with a deadline use up the limits first."""
        if not self.deadlines:
            return self._take(rows, self.reviews)
        first = self._take((row for row in rows if row[2] in self.deadlines), self.reviews)
        others = self._take((row for row in rows if row[2] not in self.deadlines), self.reviews)
        taken = {row[0] for row in (*first, *others)}
        return [row for row in rows if row[0] in taken]

    def _choose_new(self) -> list[Row]:
        """Read the new cards of each deck without a deadline, up to the limits."""
        self.new.cap(self.reviews)
        chosen: list[Row] = []
        paced = {deck for decks in self.groups.values() for deck in decks}
        for deck in self.policies:
            if deck not in paced and self.new.has_left(deck):
                chosen += self._take(self._read_new(deck), self.new, stop=True)
        return chosen

    def _read_new(self, deck: int) -> Iterable[Row]:
        return self.source.read_new(deck, self.policies[deck].new_order)

    def _take(self, rows: Iterable[Row], allowance: policy.Allowance, *, stop: bool = False) -> list[Row]:
        """Keep the rows that limits and siblings allow; with `stop`, all are of one deck, and a refusal ends it."""
        chosen = []
        policies, notes, take, weights = self.policies, self.notes, allowance.take, self.selection.weights
        rest = iter(rows)
        for row in rest:
            note, deck = row[1], row[2]
            if note in notes and policies[deck].bury_siblings:
                continue
            if take(deck, weights.get(row[0], 1) if weights else 1):
                notes.add(note)
                chosen.append(row)
            elif stop:
                break
            elif allowance.is_spent:
                allowance.refuse_all(
                    row[2] for row in rest if row[1] not in notes or not policies[row[2]].bury_siblings
                )
        return chosen

    def _compute_retrievability(self, row: Row) -> float:
        """Compute the probability of recall today; 0 for a card without a memory state."""
        deck, stability, last_day = row[2:]
        if stability is None or last_day is None or deck not in self.policies:
            return 0.0
        return self._get_model(deck).retrievability(stability, max(0, self.today - last_day))

    def _compute_overdueness(self, row: Row) -> float:
        """Compute the days since the last rating, relative to the interval that the retention asks for; as in Anki."""
        deck, stability, last_day = row[2:]
        if stability is None or last_day is None or deck not in self.policies:
            return 0.0
        interval = self._get_model(deck).interval_days(stability, self.policies[deck].retention)
        return float(max(0, self.today - last_day) / interval)

    def _get_model(self, deck: int) -> Model:
        return self.source.model(self.policies[deck].parameters)
