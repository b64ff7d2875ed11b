"""The plan that the settings of decks amount to: what `Queue` would ask and `Store` would do, without a store."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import TYPE_CHECKING

from scheduler.balance import Load
from scheduler.deadline import LAST_PASS_DAYS, deadline_day, is_passed
from scheduler.fuzz import draw
from scheduler.limits import remaining
from scheduler.memory import QuickModel
from scheduler.model import Card, Rating, State
from scheduler.outcome import Outcome, outcome
from scheduler.simulate import CLOCK

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from scheduler.limits import Allowance, DeckLimits
    from scheduler.log import Done
    from scheduler.memory import Model
    from scheduler.policy import Policy


class PolicyPlan:
    """Asks and schedules by the policies of decks.

    Args:
        cards: all cards, none suspended; new ones are asked in the order of `position`, deck by deck.
        decks: every deck with its settings, those above included, in the order in which new cards are taken.
        model_of: FSRS with some parameters; the quick one unless another is given.
        order: the settings that order a day; those of the first deck if None.
        done: what was done by deck on the first day that is asked for; nothing if None.
    """

    def __init__(
        self,
        cards: Iterable[Card],
        decks: Sequence[DeckLimits],
        model_of: Callable[[Sequence[float]], Model] = QuickModel,
        *,
        order: Policy | None = None,
        done: Mapping[int, Done] | None = None,
    ) -> None:
        self._decks = decks
        self._policies = {deck.deck: deck.policy for deck in decks}
        self._models = {deck.deck: model_of(deck.policy.parameters) for deck in decks}
        self._order = order or decks[0].policy
        self._done = done or {}
        self._waiting: dict[int, Card] = {}
        self._on_steps: list[Card] = []  # within the day, when the simulation begins
        self._due: dict[int, list[int]] = defaultdict(list)
        self._load: Counter[int] = Counter()
        self._new: dict[int, list[int]] = {deck.deck: [] for deck in decks}
        self._notes: dict[int, dict[int, int]] = defaultdict(dict)
        for card in sorted(cards, key=lambda card: (card.position, card.id)):
            if card.deck in self._policies:
                self._add(card)
                if card.due_ms is not None:
                    self._on_steps.append(card)

    def policy(self, card: Card) -> Policy:
        """See `Plan`."""
        return self._policies[card.deck]

    def model(self, card: Card) -> Model:
        """See `Plan`."""
        return self._models[card.deck]

    def ask(self, day: int, cards: Mapping[int, Card]) -> Iterator[int]:
        """See `Plan`: steps of days and reviews first, then new cards, within the limits, one card of a note.

        Before them all, and beside the limits, cards that were on a step within the day when it all began.
        """
        for past in [each for each in self._due if each <= day]:
            self._waiting.update((card, cards[card]) for card in self._due.pop(past) if cards[card].due_day == past)
        reviews, new = remaining(self._decks, self._done)
        self._done = {}
        steps = [card for card in self._on_steps if not card.buried(day)]
        self._on_steps = [card for card in self._on_steps if card.buried(day)]
        notes: set[int] = {card.note for card in steps}
        due = [card for card in self._waiting.values() if not card.buried(day)]
        due.sort(key=lambda card: self._place(card, day))
        due += self._last_pass(day, cards)
        asked = [card.id for card in steps]
        asked += self._taken(due, reviews, notes)
        new.cap(reviews)
        for deck, waiting in self._new.items():
            if waiting and new.any_left(deck):
                asked += self._taken(self._in_order(deck, waiting, cards, day), new, notes, stop=True)
        return iter(asked)

    def _last_pass(self, day: int, cards: Mapping[int, Card]) -> Iterator[Card]:
        """What the last pass before a deadline asks, see `scheduler.deadline`."""
        deadlines = {deck: deadline_day(policy) for deck, policy in self._policies.items()}
        near = {deck: end for deck, end in deadlines.items() if end and end - LAST_PASS_DAYS <= day < end}
        if not near:
            return
        for card in cards.values():
            end = near.get(card.deck)
            if end is None or card.state is not State.REVIEW or card.last_day is None or (card.due_day or 0) <= day:
                continue
            if not card.buried(day) and is_passed(card.id, card.last_day, end, day):
                yield card

    def outcome(self, card: Card, rating: Rating, now_ms: int) -> Outcome:
        """See `Plan`."""
        policy = self._policies[card.deck]
        return outcome(card, rating, policy, now_ms, CLOCK, self._models[card.deck], self._load_for(card, now_ms))

    def rated(self, before: Card, after: Card) -> None:
        """See `Plan`."""
        if before.state is State.NEW:
            self._new[before.deck].remove(before.id)
        self._waiting.pop(before.id, None)
        if before.due_day is not None:
            self._load[before.due_day] -= 1
        self._notes[before.note].pop(before.id, None)
        if not after.suspended:
            self._add(after)

    def _add(self, card: Card) -> None:
        if card.state is State.NEW:
            self._new[card.deck].append(card.id)
        elif card.due_day is not None:
            self._due[card.due_day].append(card.id)
            self._load[card.due_day] += 1
            self._notes[card.note][card.id] = card.due_day

    def _load_for(self, card: Card, now_ms: int) -> Load | None:
        policy = self._policies[card.deck]
        if not policy.balances:
            return None
        siblings = [day for other, day in self._notes[card.note].items() if other != card.id]
        due = self._load if policy.load_balance else {}
        return Load(CLOCK.day(now_ms), due, siblings, policy.easy_days)

    def _taken(
        self, cards: Iterable[Card], allowance: Allowance, notes: set[int], *, stop: bool = False
    ) -> Iterator[int]:
        """Those that the limits allow, one of a note; with `stop` the cards are of one deck: the first refusal ends."""
        for card in cards:
            if self._policies[card.deck].bury_siblings and card.note in notes:
                continue
            if allowance.take(card.deck):
                notes.add(card.note)
                yield card.id
            elif stop:
                break

    def _in_order(self, deck: int, waiting: list[int], cards: Mapping[int, Card], day: int) -> Iterable[Card]:
        new = [card for card in waiting if not cards[card].buried(day)]
        if self._policies[deck].new_order == "random":
            return (cards[card] for card in sorted(new, key=lambda card: draw(card, day)))
        return (cards[card] for card in new)

    def _place(self, card: Card, day: int) -> tuple[float, ...]:
        """Where a due card comes among the others: steps of days first, reviews by the order of the session."""
        shuffled = draw(card.id, day)
        first = float(card.state is State.REVIEW)
        match self._order.review_order if first else "due":
            case "retrievability" if card.stability is not None:
                return first, -self.model(card).retrievability(card.stability, card.elapsed_days(day)), shuffled
            case "overdue" if card.stability is not None:
                wanted = self.model(card).interval_days(card.stability, self.policy(card).retention)
                return first, -card.elapsed_days(day) / wanted, shuffled
            case "random":
                return first, shuffled
            case _:
                return first, float(card.due_day or 0), shuffled
