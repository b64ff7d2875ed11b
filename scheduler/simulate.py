"""Simulating what a plan of reviews costs and achieves: a learner, whose memory follows FSRS, lives through its days.

    plan = PolicyPlan(cards, [DeckLimits(deck, (), policy)])
    simulation = simulate(cards, plan, first_day, days=365, learner=Learner(seed=7))
    simulation.days[0].seconds, simulation.known[-1], simulation.cards

A plan says which cards are asked on a day and when a card comes back. `PolicyPlan` does what `Store` and `Queue` do,
with the same functions. Another plan needs only the methods of `ReviewPlan`.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple, Protocol

from scheduler.answer import Moment, Outcome, apply_rating, compute_outcome, decide_leech
from scheduler.clock import Clock
from scheduler.intervals import Load, draw
from scheduler.limits import LAST_PASS_DAYS, compute_allowances, find_deadline_day, is_in_last_pass
from scheduler.memory import QuickModel
from scheduler.model import DAY_SECONDS, Card, Rating, State

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from scheduler.learner import Learner
    from scheduler.limits import Allowance, DeckLimits
    from scheduler.log import Done
    from scheduler.memory import Model
    from scheduler.policy import Policy


SITTING = 8 * 3600
"""The learner sits down this many seconds after the day began: at noon, if it begins at 04:00."""


class SimulatedClock(Clock):
    """Days of 86,400 seconds, without time zones: the times of a simulation begin at 0 on day 0."""

    def day(self, at_ms: int) -> int:
        """Return the day, as in `Clock`."""
        return at_ms // (DAY_SECONDS * 1000)

    def until_rollover_seconds(self, at_ms: int) -> int:
        """Count the seconds to the next day, as in `Clock`."""
        return DAY_SECONDS - at_ms // 1000 % DAY_SECONDS


CLOCK = SimulatedClock()


class ReviewPlan(Protocol):
    """Which cards are asked, and when they come back."""

    def ask(self, day: int, cards: Mapping[int, Card]) -> Iterable[int]:
        """Choose the cards to ask on a day, in order, each once. The simulation itself asks steps within the day."""

    def outcome(self, card: Card, rating: Rating, now_ms: int) -> Outcome:
        """Compute what the rating does to the card: its memory state, and when it is due (`SimulatedClock`)."""

    def record_rating(self, before: Card, after: Card) -> None:
        """Record that a card was rated."""

    def policy(self, card: Card) -> Policy:
        """Return the settings of the card's deck; its parameters are those of the learner's memory."""

    def model(self, card: Card) -> Model:
        """Return the card's memory: FSRS with the parameters of its deck."""


class SimulatedDay(NamedTuple):
    """What was done on one day.

    Attributes:
        new: cards asked for the first time.
        reviews: cards asked that had been learned before: under review, or on a step of days.
        steps: further answers, to steps within the day.
        lapses: cards under review that were forgotten.
        recalled: reviews that were recalled.
        seconds: the time for all of it.
    """

    new: int
    reviews: int
    steps: int
    lapses: int
    recalled: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Simulation:
    """The result of a simulation.

    Attributes:
        first_day: the day of the first element of `days`.
        days: what was done on each day.
        known: cards known (the sum of the chances of recall of all cards seen) at the end of each day; of each
            `known_every`th day only, and always of the last.
        cards: each card as it is in the end.
    """

    first_day: int
    days: tuple[SimulatedDay, ...]
    known: tuple[float, ...]
    cards: Mapping[int, Card]

    @property
    def retention(self) -> float | None:
        """The share of the reviews that was recalled, if there were reviews."""
        reviews = sum(day.reviews for day in self.days)
        return sum(day.recalled for day in self.days) / reviews if reviews else None


def simulate(
    cards: Iterable[Card],
    plan: ReviewPlan,
    first_day: int,
    days: int,
    learner: Learner,
    *,
    known_every: int = 1,
    progress: Callable[[int, int], None] | None = None,
) -> Simulation:
    """Let a learner live through `days` days of a plan.

    Every card of a day is answered, and every step that ends within the day. The same arguments give the same result.

    Args:
        cards: as they are before, each with its memory state, new ones without; suspended cards must be left out.
        plan: which cards are asked, and when they come back.
        first_day: days since 1970-01-01.
        days: how many.
        learner: who answers.
        known_every: count the cards known only on every nth day, because it takes as long as the reviews themselves.
        progress: called after each day with the days done and all days.
    """
    living = {card.id: card for card in cards}
    done: list[SimulatedDay] = []
    known: list[float] = []
    for day in range(first_day, first_day + days):
        done.append(_day(living, plan, day, learner))
        if len(done) % known_every == 0 or len(done) == days:
            known.append(count_known(living.values(), plan.model, day))
        if progress is not None:
            progress(len(done), days)
    return Simulation(first_day, tuple(done), tuple(known), living)


def count_known(cards: Iterable[Card], model_of: Callable[[Card], Model], day: int) -> float:
    """Count the cards known on a day: the sum of their chances of recall."""
    return sum(
        model_of(card).retrievability(card.stability, card.elapsed_days(day))
        for card in cards
        if card.stability is not None
    )


def _day(living: dict[int, Card], plan: ReviewPlan, day: int, learner: Learner) -> SimulatedDay:
    start_ms = (day * DAY_SECONDS + SITTING) * 1000
    new = reviews = steps = lapses = recalled = 0
    seconds = 0.0
    for asked in plan.ask(day, living):
        card = living[asked]
        now_ms = start_ms
        before: Rating | None = None
        while True:
            recall = None
            if card.last_day is not None and card.last_day < day and card.stability is not None:
                recall = plan.model(card).retrievability(card.stability, day - card.last_day)
            rating = learner.choose_rating(card, before, recall)
            after = rate_card(card, rating, plan, now_ms)
            seconds += learner.estimate_seconds(card.state, rating)
            new += card.state is State.NEW
            reviews += recall is not None
            recalled += recall is not None and rating is not Rating.AGAIN
            steps += recall is None and card.state is not State.NEW
            lapses += after.lapses - card.lapses
            plan.record_rating(card, after)
            card, before = after, rating
            if card.due_ms is None or card.suspended:
                break
            now_ms = card.due_ms
        living[asked] = card
    return SimulatedDay(new, reviews, steps, lapses, recalled, seconds)


def rate_card(card: Card, rating: Rating, plan: ReviewPlan, now_ms: int) -> Card:
    """Return the card after a rating, as `Store.rate` makes it."""
    leech = decide_leech(card, rating, plan.policy(card))
    return apply_rating(card, rating, plan.outcome(card, rating, now_ms), leech, Moment(now_ms, CLOCK.day(now_ms), 0))


class PolicyPlan:
    """Asks and schedules by the policies of decks.

    Args:
        cards: all cards, without suspended ones; new ones are asked in the order of `position`, deck by deck.
        decks: every deck with its settings, those above included, in the order in which new cards are taken.
        model_of: makes FSRS with some parameters; the quick one by default.
        order: the settings that order a day; those of the first deck by default.
        done: what was done by deck on the first day; by default nothing.
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
        self._on_steps: list[Card] = []  # cards on a step within the day when the simulation begins
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
        """Return the settings of the card's deck."""
        return self._policies[card.deck]

    def model(self, card: Card) -> Model:
        """Return FSRS with the parameters of the card's deck."""
        return self._models[card.deck]

    def ask(self, day: int, cards: Mapping[int, Card]) -> Iterator[int]:
        """Choose steps of days and reviews first, then new cards, within the limits, one card of a note.

        Cards on a step within the day when the simulation begins come before all of them, outside the limits.
        """
        for past in [each for each in self._due if each <= day]:
            self._waiting.update((card, cards[card]) for card in self._due.pop(past) if cards[card].due_day == past)
        reviews, new = compute_allowances(self._decks, self._done)
        self._done = {}
        steps = [card for card in self._on_steps if not card.is_buried(day)]
        self._on_steps = [card for card in self._on_steps if card.is_buried(day)]
        notes: set[int] = {card.note for card in steps}
        due = [card for card in self._waiting.values() if not card.is_buried(day)]
        due.sort(key=lambda card: self._place(card, day))
        due += self._last_pass(day, cards)
        asked = [card.id for card in steps]
        asked += self._take(due, reviews, notes)
        new.cap(reviews)
        for deck, waiting in self._new.items():
            if waiting and new.has_left(deck):
                asked += self._take(self._in_order(deck, waiting, cards, day), new, notes, stop=True)
        return iter(asked)

    def _last_pass(self, day: int, cards: Mapping[int, Card]) -> Iterator[Card]:
        """Find what the last pass before a deadline asks, see `scheduler.limits`."""
        deadlines = {deck: find_deadline_day(policy) for deck, policy in self._policies.items()}
        near = {deck: end for deck, end in deadlines.items() if end and end - LAST_PASS_DAYS <= day < end}
        if not near:
            return
        for card in cards.values():
            end = near.get(card.deck)
            if end is None or card.state is not State.REVIEW or card.last_day is None or (card.due_day or 0) <= day:
                continue
            if not card.is_buried(day) and is_in_last_pass(card.id, card.last_day, end, day):
                yield card

    def outcome(self, card: Card, rating: Rating, now_ms: int) -> Outcome:
        """Compute the outcome, as `Store.outcomes` does."""
        policy = self._policies[card.deck]
        return compute_outcome(
            card, rating, policy, now_ms, CLOCK, self._models[card.deck], self._load_for(card, now_ms)
        )

    def record_rating(self, before: Card, after: Card) -> None:
        """Move the card to the day on which it is due next."""
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
        if not policy.is_balanced:
            return None
        siblings = [day for other, day in self._notes[card.note].items() if other != card.id]
        due = self._load if policy.load_balance else {}
        return Load(CLOCK.day(now_ms), due, siblings, policy.easy_days)

    def _take(
        self, cards: Iterable[Card], allowance: Allowance, notes: set[int], *, stop: bool = False
    ) -> Iterator[int]:
        """Keep the cards that the limits allow, one of a note.

        With `stop` the cards are of one deck and the first refusal is the end.
        """
        for card in cards:
            if self._policies[card.deck].bury_siblings and card.note in notes:
                continue
            if allowance.take(card.deck):
                notes.add(card.note)
                yield card.id
            elif stop:
                break

    def _in_order(self, deck: int, waiting: list[int], cards: Mapping[int, Card], day: int) -> Iterable[Card]:
        new = [card for card in waiting if not cards[card].is_buried(day)]
        if self._policies[deck].new_order == "random":
            return (cards[card] for card in sorted(new, key=lambda card: draw(card, day)))
        return (cards[card] for card in new)

    def _place(self, card: Card, day: int) -> tuple[float, ...]:
        """Compute the sort key of a due card: steps of days first, then reviews by the order of the session."""
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
