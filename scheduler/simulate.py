"""Simulate the days of a learner whose memory follows FSRS, to see what a plan of reviews costs and achieves.

    plan = PolicyPlan(cards, [DeckPolicy(deck, (), policy)])
    simulation = simulate(cards, plan, first_day, days=365, learner=Learner(seed=7))
    simulation.days[0].seconds, simulation.known[-1], simulation.cards

A plan says which cards are asked on a day and when a card comes back. `PolicyPlan` does what `Store` and `Queue` do,
with the same functions.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

from scheduler.answer import Moment, Outcome, apply_rating, compute_outcome, decide_leech
from scheduler.clock import Clock
from scheduler.intervals import Load
from scheduler.memory import Model, QuickModel
from scheduler.model import DAY_SECONDS, Card, Rating, State
from scheduler.queue_builder import DayCards, Row, Selection, choose_cards, shuffle

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Set

    from scheduler.log import Done
    from scheduler.policy import DeckPolicy, NewOrder, Policy, ReviewOrder
    from scheduler.simulated_learner import Learner


START_OF_REVIEWS = 8 * 3600
"""Seconds from the start of the day to the first review: noon, if the day begins at 04:00."""


class SimulatedClock(Clock):
    """Days of 86,400 seconds, without time zones: the times of a simulation begin at 0 on day 0."""

    def day(self, at_ms: int) -> int:
        """Return the day, as in `Clock`."""
        return at_ms // (DAY_SECONDS * 1000)

    def until_rollover_seconds(self, at_ms: int) -> int:
        """Count the seconds to the next day, as in `Clock`."""
        return DAY_SECONDS - at_ms // 1000 % DAY_SECONDS


CLOCK = SimulatedClock()


class SimulatedDay(NamedTuple):
    """The work of one day. Each card of a sample counts as often as it represents others."""

    new: int  # cards asked for the first time
    reviews: int  # learned cards asked: in review, or on a step of days
    steps: int  # further answers, on steps within the day
    lapses: int  # review cards forgotten
    recalled: int  # reviews recalled
    seconds: float  # total time


@dataclass(frozen=True, slots=True)
class Simulation:
    """The result of a simulation."""

    first_day: int  # the day of the first element of `days`
    days: tuple[SimulatedDay, ...]  # what was done on each day
    # cards known (the sum of the chances of recall of all cards seen) at the end of each day; of the first, of each
    # `known_every`th after it, and always of the last. Weights count here, too.
    known: tuple[float, ...]
    cards: Mapping[int, Card]  # the final state of each card

    @property
    def retention(self) -> float | None:
        """The share of reviews recalled, or nothing without reviews."""
        reviews = sum(day.reviews for day in self.days)
        return sum(day.recalled for day in self.days) / reviews if reviews else None


def simulate(
    cards: Iterable[Card],
    plan: PolicyPlan,
    first_day: int,
    days: int,
    learner: Learner,
    *,
    counted: Set[int] | None = None,
    weights: Mapping[int, int] = MappingProxyType({}),
    known_every: int = 1,
    progress: Callable[[int, int], None] | None = None,
) -> Simulation:
    """Let a learner live through `days` days of a plan; the same arguments give the same result.

    Every card of a day is answered, and every step that ends within the day. Cards come with their memory states,
    without suspended ones. The result counts the `counted` ones, by default all, each as many times as its `weights`
    say. Cards known are counted on every `known_every`th day, because that takes as long as the reviews.
    """
    living = {card.id: card for card in cards}
    done: list[SimulatedDay] = []
    known: list[float] = []
    for day in range(first_day, first_day + days):
        done.append(_live_through(living, plan, day, learner, counted, weights))
        if (day - first_day) % known_every == 0 or len(done) == days:
            chosen = living.values() if counted is None else [living[card] for card in counted]
            known.append(count_known(chosen, plan.model, day, weights))
        if progress is not None:
            progress(len(done), days)
    return Simulation(first_day, tuple(done), tuple(known), living)


def count_known(
    cards: Iterable[Card], model_of: Callable[[Card], Model], day: int, weights: Mapping[int, int]
) -> float:
    """Count the cards known on a day: the sum of their probabilities of recall."""
    return sum(
        model_of(card).retrievability(card.stability, card.elapsed_days(day)) * weights.get(card.id, 1)
        for card in cards
        if card.stability is not None
    )


def _live_through(
    living: dict[int, Card],
    plan: PolicyPlan,
    day: int,
    learner: Learner,
    counted: Set[int] | None,
    weights: Mapping[int, int],
) -> SimulatedDay:
    start_ms = (day * DAY_SECONDS + START_OF_REVIEWS) * 1000
    new = reviews = steps = lapses = recalled = 0
    seconds = 0.0
    for asked in plan.ask(day):
        card = living[asked]
        weight = weights.get(asked, 1) if counted is None or asked in counted else 0
        now_ms = start_ms
        before: Rating | None = None
        while True:
            recall = None
            if card.last_day is not None and card.last_day < day and card.stability is not None:
                recall = plan.model(card).retrievability(card.stability, day - card.last_day)
            rating = learner.choose_rating(card, before, recall)
            after = rate_card(card, rating, plan, now_ms)
            seconds += learner.estimate_seconds(card, rating) * weight
            new += (card.state is State.NEW) * weight
            reviews += (recall is not None) * weight
            recalled += (recall is not None and rating is not Rating.AGAIN) * weight
            steps += (recall is None and card.state is not State.NEW) * weight
            lapses += (after.lapses - card.lapses) * weight
            plan.record_rating(card, after)
            card, before = after, rating
            if card.due_ms is None or card.suspended:
                break
            now_ms = card.due_ms
        living[asked] = card
    return SimulatedDay(new, reviews, steps, lapses, recalled, seconds)


def rate_card(card: Card, rating: Rating, plan: PolicyPlan, now_ms: int) -> Card:
    """Return the card after a rating, as `Store.rate` makes it."""
    leech = decide_leech(card, rating, plan.policy(card))
    return apply_rating(card, rating, plan.outcome(card, rating, now_ms), leech, Moment(now_ms, CLOCK.day(now_ms), 0))


class _SimulatedSource:
    """The cards of a simulation on one of its days; see `CardSource`."""

    def __init__(
        self,
        cards: Iterable[Card],
        model_of: Callable[[tuple[float, ...]], Model],
        done: Mapping[int, Done],
        weights: Mapping[int, int],
    ) -> None:
        self.today = 0
        self._weights = weights
        self.model = model_of
        self.load: Counter[int] = Counter()
        self._done = done
        self._first_day: int | None = None
        self._learning: list[Card] = []  # on a step within the day when the simulation begins
        self._due: dict[int, dict[int, Card]] = defaultdict(dict)
        self._waiting: dict[int, Card] = {}
        self._new: dict[int, dict[int, Card]] = defaultdict(dict)
        self._notes: dict[int, dict[int, int]] = defaultdict(dict)
        for card in sorted(cards, key=lambda card: (card.position, card.id)):
            self.add(card)
            if card.due_ms is not None:
                self._learning.append(card)

    def on(self, day: int) -> _SimulatedSource:
        """Move on to a day."""
        self.today = day
        if self._first_day is None:
            self._first_day = day
        for past in [each for each in self._due if each <= day]:
            self._waiting |= self._due.pop(past)
        return self

    def add(self, card: Card) -> None:
        """Add a card, after a rating or at the beginning."""
        if card.state is State.NEW:
            self._new[card.deck][card.id] = card
        elif card.due_day is not None:
            self._due[card.due_day][card.id] = card
            self.load[card.due_day] += 1
            self._notes[card.note][card.id] = card.due_day

    def remove(self, card: Card) -> None:
        """Remove a card in its state before a rating."""
        self._new[card.deck].pop(card.id, None)
        self._waiting.pop(card.id, None)
        if card.due_day is not None:
            self._due[card.due_day].pop(card.id, None)
            self.load[card.due_day] -= 1
        self._notes[card.note].pop(card.id, None)

    def find_sibling_days(self, card: Card) -> list[int]:
        """Find the days on which the other cards of its note are due."""
        return [day for other, day in self._notes[card.note].items() if other != card.id]

    def read_learning(self) -> list[Row]:
        """Read the cards that were on a step within the day when the simulation began."""
        steps = [card for card in self._learning if not card.is_buried(self.today)]
        self._learning = [card for card in self._learning if card.is_buried(self.today)]
        return [(card.id, card.note, card.deck, card.due_ms) for card in steps]

    def read_due(self, *, on_steps: bool, order: ReviewOrder) -> list[Row]:
        cards = [card for card in self._list_shown(self._waiting) if (card.state is not State.REVIEW) == on_steps]
        by_day = order != "random"
        cards.sort(key=lambda card: (card.due_day or 0 if by_day else 0, shuffle(card.id, self.today)))
        return [(card.id, card.note, card.deck, card.stability, card.last_day) for card in cards]

    def read_later(self, deck: int) -> list[Row]:
        later = (card for day in sorted(self._due) for card in self._list_shown(self._due[day]))
        return [
            (card.id, card.note, card.deck, card.last_day)
            for card in later
            if card.deck == deck and card.state is State.REVIEW
        ]

    def read_new(self, deck: int, order: NewOrder) -> Iterable[Row]:
        cards: Iterable[Card] = self._list_shown(self._new[deck])
        if order == "random":
            cards = sorted(cards, key=lambda card: shuffle(card.id, self.today))
        return ((card.id, card.note, card.deck) for card in cards)

    def read_rated(self) -> list[Row]:
        """Read the cards that were rated on the first day before the simulation."""
        if self.today != self._first_day:
            return []
        waiting = chain(self._learning, *(cards.values() for cards in self._due.values()))
        return [(card.id, card.note, card.deck, card.reps == 1) for card in waiting if card.last_day == self.today]

    def count_new(self) -> dict[int, int]:
        return {deck: sum(self._weights.get(card, 1) for card in cards) for deck, cards in self._new.items()}

    def count_done(self) -> Mapping[int, Done]:
        """Count what was done on the first day before the simulation."""
        return self._done if self.today == self._first_day else {}

    def _list_shown(self, cards: Mapping[int, Card]) -> Iterator[Card]:
        return (card for card in cards.values() if not card.is_buried(self.today))


class PolicyPlan:
    """Asks and schedules by the policies of decks, with the queue that a review has.

    `cards` are all cards, without suspended ones; new ones are asked in the order of `position`, deck by deck. `decks`
    are all decks, in the order in which new cards are taken, and `session_policy` the settings that order a day. `done`
    is what was done by deck on the first day. `weights` say how many cards each card of a sample represents.
    """

    def __init__(
        self,
        cards: Iterable[Card],
        decks: Sequence[DeckPolicy],
        model_of: Callable[[tuple[float, ...]], Model] = QuickModel,
        *,
        session_policy: Policy | None = None,
        done: Mapping[int, Done] | None = None,
        weights: Mapping[int, int] | None = None,
    ) -> None:
        self._selection = Selection(tuple(decks), session_policy or decks[0].policy, weights=weights or {})
        self._policies = {deck.id: deck.policy for deck in decks}
        model_of = lru_cache(maxsize=None)(model_of)
        self._models = {deck.id: model_of(deck.policy.parameters) for deck in decks}
        known = [card for card in cards if card.deck in self._policies]
        self._cards = _SimulatedSource(known, model_of, done or {}, weights or {})
        self._today: DayCards | None = None

    def policy(self, card: Card) -> Policy:
        """Return the settings of the card's deck."""
        return self._policies[card.deck]

    def model(self, card: Card) -> Model:
        """Return the card's memory: FSRS with the parameters of its deck."""
        return self._models[card.deck]

    def ask(self, day: int) -> Iterator[int]:
        """Choose the cards of a day, as `build_day` does; steps within the day come first."""
        self._today = choose_cards(self._cards.on(day), self._selection, self._today)
        return (row[0] for row in chain(self._today.learning, self._today.mix(self._selection.session_policy.new_mix)))

    def outcome(self, card: Card, rating: Rating, now_ms: int) -> Outcome:
        """Compute the outcome at a time of `SimulatedClock`, as `Store.outcomes` does."""
        policy, load = self._policies[card.deck], self._load_for(card, now_ms)
        return compute_outcome(card, rating, policy, now_ms, CLOCK, self._models[card.deck], load)

    def record_rating(self, before: Card, after: Card) -> None:
        """Move the card to the day on which it is due next."""
        self._cards.remove(before)
        if not after.suspended:
            self._cards.add(after)

    def _load_for(self, card: Card, now_ms: int) -> Load | None:
        policy = self._policies[card.deck]
        if not policy.is_balanced:
            return None
        due = self._cards.load if policy.load_balance else {}
        return Load(CLOCK.day(now_ms), due, self._cards.find_sibling_days(card), policy.easy_days)
