"""Keep the cards of today in order: built once from the store, then updated with each answer."""

from __future__ import annotations

from collections import Counter
from operator import itemgetter
from typing import TYPE_CHECKING, NamedTuple

from scheduler.model import Card, State
from scheduler.policy import DeckPolicy, Policy, has_deadline
from scheduler.queue_builder import DayCards, Selection, build_day
from scheduler.tables import NEW, SHOWN

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from scheduler.store import Store

LEARN_AHEAD_SECONDS = 1_200
"""If nothing else is left, a step due within this time is asked at once (Anki's default)."""


class Counts(NamedTuple):
    """The cards left today: new ones, learning ones (on steps within the day or over days), and reviews."""

    new: int
    learning: int
    review: int


class Wait(NamedTuple):
    """There is nothing to ask before this time, in epoch milliseconds."""

    until_ms: int


def build_queue(
    store: Store,
    decks: Sequence[DeckPolicy],
    now_ms: int,
    *,
    only_cards: Iterable[int] | None = None,
    ahead_days: int = 0,
    session_policy: Policy | None = None,
    paced: bool = True,
) -> Queue:
    """Build the queue of the day of `now_ms`.

    `decks` are all decks, those above included, in the order in which new cards are taken. `only_cards` narrows the
    queue to some cards, `ahead_days` also asks what falls due within these days. `session_policy` holds the
    `review_order` and the `new_mix` of the session; by default the first deck's. Unless `paced`, new cards come as the
    limits alone say, not by deadlines.
    """
    return Queue(store, _make_selection(decks, only_cards, ahead_days, session_policy, paced), now_ms)


def count_by_deck(
    store: Store,
    decks: Sequence[DeckPolicy],
    now_ms: int,
    *,
    session_policy: Policy | None = None,
    only_cards: Iterable[int] | None = None,
) -> dict[int, Counts]:
    """Count for each deck its own cards in today's queue; the sum equals the queue's counts."""
    return _count_cards(build_day(store, _make_selection(decks, only_cards, 0, session_policy), now_ms), decks)


def _count_cards(cards: DayCards, decks: Sequence[DeckPolicy]) -> dict[int, Counts]:
    kinds = (cards.new, cards.learning + cards.day_learning, cards.reviews)
    new, learning, review = (Counter(map(itemgetter(2), rows)) for rows in kinds)
    return {deck.id: Counts(new[deck.id], learning[deck.id], review[deck.id]) for deck in decks}


class Held(NamedTuple):
    """Cards that the limit of a deck holds back today; `kind` is `new` or `due`."""

    setting: str
    deck: int
    kind: str
    cards: int


class DaySummary(NamedTuple):
    """The cards asked today by deck, and the limits that hold cards back, those on reviews first."""

    counts: dict[int, Counts]
    held: list[Held]


def summarize_day(
    store: Store,
    decks: Sequence[DeckPolicy],
    now_ms: int,
    *,
    session_policy: Policy | None = None,
    only_cards: Iterable[int] | None = None,
) -> DaySummary:
    """Count each deck's own cards in today's queue, and find those held back by limits (not by a pace)."""
    selection = _make_selection(decks, only_cards, 0, session_policy)
    cards = build_day(store, selection, now_ms)
    held = _find_held_cards(store, decks, cards, store.clock.day(now_ms), selection.only_cards)
    return DaySummary(_count_cards(cards, decks), held)


def _find_held_cards(
    store: Store, decks: Sequence[DeckPolicy], cards: DayCards, today: int, only_cards: Iterable[int] | None
) -> list[Held]:
    taken = Counter(row[2] for row in cards.new)
    held: Counter[tuple[str, int, str]] = Counter()
    for (_, by), count in cards.reviews_left.refused.items():
        held["reviews_per_day", by, "due"] += count
    stopped = dict(cards.new_left.refused.keys())
    new = _count_new(store, today, only_cards)
    for deck in decks:
        if deck.id not in new:
            continue
        limit = stopped.get(deck.id, cards.new_left.find_limit(deck.id))
        if limit is None or has_deadline(deck.policy, today):
            continue
        # New cards count as reviews, whose limit may hold them back.
        setting = "new_per_day" if cards.reviews_left.left[limit] > 0 else "reviews_per_day"
        cards_left, notes_left = new[deck.id]
        held[setting, limit, "new"] += (notes_left if deck.policy.bury_siblings else cards_left) - taken[deck.id]
    return [Held(*key, count) for key, count in held.items() if count > 0]


def _count_new(store: Store, today: int, only: Iterable[int] | None) -> dict[int, tuple[int, int]]:
    """Count the new cards of each deck that could be asked today, and their notes."""
    values: dict[str, object] = {"today": today}
    if only is not None:
        import json  # imported late, because most counts are of all cards

        values["only"] = json.dumps(list(only))
    chosen = "" if only is None else " AND id IN (SELECT value FROM json_each(:only))"
    rows = store.connection.execute(
        f"SELECT deck, count(*), count(DISTINCT note) FROM cards WHERE {NEW} AND {SHOWN}{chosen} GROUP BY deck", values
    )
    return {deck: (cards, notes) for deck, cards, notes in rows}


class Queue:
    """The cards left today. Call `record_rating` after a rating, and `refresh` after any other change."""

    def __init__(self, store: Store, selection: Selection, now_ms: int) -> None:
        self._store = store
        self._selection = selection
        self._last: int | None = None
        self.refresh(now_ms)

    def refresh(self, now_ms: int) -> None:
        """Build the queue again from the store."""
        cards = build_day(self._store, self._selection, now_ms)
        self._day = self._store.clock.day(now_ms)
        self._end_ms = self._store.clock.start_of(self._day + 1 + self._selection.ahead_days)
        self._learning: dict[int, int] = {row[0]: row[-1] for row in cards.learning}
        kinds = ((State.LEARNING, cards.day_learning), (State.REVIEW, cards.reviews), (State.NEW, cards.new))
        self._kinds = {row[0]: kind for kind, rows in kinds for row in rows}
        # A dict keeps the order and allows quick removals; its values are not used.
        self._main: dict[int, None] = dict.fromkeys(row[0] for row in cards.mix(self._selection.session_policy.new_mix))

    def next_card(self, now_ms: int) -> int | Wait | None:
        """Return the next card: a due step, else the next card of the day, else a step due soon.

        Returns a `Wait` if only later steps are left, and None once the day is done. A new day makes a new queue.
        """
        if self._store.clock.day(now_ms) != self._day:
            self.refresh(now_ms)
        waiting = sorted(self._learning, key=lambda card: (self._learning[card], card))
        if waiting and self._learning[waiting[0]] <= now_ms:
            return waiting[0]
        if self._main:
            return next(iter(self._main))
        ahead_ms = LEARN_AHEAD_SECONDS * 1000
        soon = [card for card in waiting if self._learning[card] <= now_ms + ahead_ms]
        if soon:
            # Avoid the card just answered if there is another.
            return soon[1] if soon[0] == self._last and len(soon) > 1 else soon[0]
        return Wait(self._learning[waiting[0]] - ahead_ms) if waiting else None

    def counts(self) -> Counts:
        """Count the cards left today."""
        left = [self._kinds[card] for card in self._main]
        return Counts(left.count(State.NEW), len(self._learning) + left.count(State.LEARNING), left.count(State.REVIEW))

    def record_rating(self, card_id: int) -> None:
        """Update the queue after a rating: the card leaves or waits on its step, and its buried siblings leave."""
        self._last = card_id
        for each in self._store.cards_of(self._store.card(card_id).note):
            if each.id == card_id:
                self._remove(card_id)
                if each.due_ms is not None and each.due_ms < self._end_ms and self._is_shown(each):
                    self._learning[card_id] = each.due_ms
            elif not self._is_shown(each):
                self._remove(each.id)

    def _is_shown(self, card: Card) -> bool:
        return card.active and not card.suspended and not card.is_buried(self._day)

    def _remove(self, card_id: int) -> None:
        self._main.pop(card_id, None)
        self._learning.pop(card_id, None)


def _make_selection(
    decks: Sequence[DeckPolicy],
    only_cards: Iterable[int] | None,
    ahead_days: int,
    session_policy: Policy | None,
    paced: bool = True,
) -> Selection:
    return Selection(
        decks=tuple(decks),
        session_policy=session_policy or (decks[0].policy if decks else Policy()),
        only_cards=None if only_cards is None else frozenset(only_cards),
        ahead_days=ahead_days,
        paced=paced,
    )
