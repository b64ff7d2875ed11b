"""The days ahead, simulated: all cards of the collection with the queue of a review, whatever the question is about."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from flashcards.collection import find_ordering
from scheduler.columns import read_ratings
from scheduler.conditions import ASKABLE
from scheduler.learner import estimate_learner
from scheduler.rows import CARD_COLUMNS, to_card
from scheduler.simulate import PolicyPlan, Simulation, simulate

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from flashcards.collection import Collection
    from scheduler.learner import Learner
    from scheduler.limits import DeckLimits
    from scheduler.log import Done
    from scheduler.model import Card
    from scheduler.policy import Policy

    Progress = Callable[[int, int], None]

_FEW_RATINGS: Final = 30
"""With fewer, the usual speed of an answer outweighs the person's own."""

ASSUMED_SPEED: Final = "Minutes assume the usual speed of an answer: your log is too short to tell yours."

# Answered at length: cards with a rubric, and those tagged as scenarios.
_SPOKEN: Final = """
    SELECT c.id FROM cards c JOIN notes n ON n.id = c.note
    WHERE json_array_length(n.body, '$.points') > 0 OR ' ' || n.tags || ' ' LIKE '% scenario %'
"""


@dataclass(frozen=True, slots=True)
class DaysAhead:
    """What a simulation of the days ahead starts from.

    Attributes:
        today: the first day.
        cards: all cards that can be asked, or a sample of them.
        limits: every deck with its settings.
        order: the settings that order a day.
        learner: the person, as the log shows them.
        done: what was done today, by deck.
        counted: the cards among `cards` that the question is about.
        each: how many cards each counted card represents.
        weights: the same for each card of a sample.
        is_speed_assumed: the log is too short to tell how fast the person is.
    """

    today: int
    cards: Sequence[Card]
    limits: Sequence[DeckLimits]
    order: Policy
    learner: Learner
    done: Mapping[int, Done]
    counted: frozenset[int]
    each: int
    weights: Mapping[int, int]
    is_speed_assumed: bool

    def find_counted(self) -> list[Card]:
        """Return the cards that the question is about."""
        return [card for card in self.cards if card.id in self.counted]

    def simulate(
        self,
        days: int,
        *,
        limits: Sequence[DeckLimits] | None = None,
        cards: Sequence[Card] | None = None,
        seed: int = 1,
        known_every: int = 1,
        progress: Progress | None = None,
    ) -> Simulation:
        """Let the person live through the days ahead, perhaps with other limits or other cards."""
        chosen = self.cards if cards is None else cards
        plan = PolicyPlan(chosen, limits or self.limits, order=self.order, done=self.done, weights=self.weights)
        counted = self.counted if cards is None else self.counted & {card.id for card in cards}
        learner = replace(self.learner, seed=seed)
        return simulate(
            chosen, plan, self.today, days, learner, counted=counted, known_every=known_every, progress=progress
        )


def read_days_ahead(
    collection: Collection, now_ms: int, only: frozenset[int] | None = None, most: int | None = None
) -> DaysAhead:
    """Read what a simulation needs; `only` are the cards the question is about, `most` how many to simulate at most."""
    rows = collection.connection.execute(f"SELECT {CARD_COLUMNS} FROM cards WHERE {ASKABLE}")
    cards = list(map(to_card, rows))
    counted = frozenset(card.id for card in cards if only is None or card.id in only)
    each = 1
    weights: dict[int, int] = {}
    if most is not None and len(cards) > most:
        cards, each, weights = _sample(cards, counted, most)
        counted &= weights.keys()
    ratings = read_ratings(collection.connection)
    spoken = frozenset(card for (card,) in collection.connection.execute(_SPOKEN))
    today = collection.clock.day(now_ms)
    return DaysAhead(
        today,
        cards,
        collection.limits,
        find_ordering(collection),
        estimate_learner(ratings, spoken),
        collection.store.done(today),
        counted,
        each,
        weights,
        ratings.at_ms.size < _FEW_RATINGS,
    )


def _sample(cards: Sequence[Card], counted: frozenset[int], most: int) -> tuple[list[Card], int, dict[int, int]]:
    """Sample about `most` of the cards of the question, and as many of the others; notes stay whole.

    Returns the cards, how many each counted card represents, and how many each card does.
    """
    asked_about = {card.note for card in cards if card.id in counted}
    others = {card.note for card in cards} - asked_about
    chosen: dict[int, int] = {}
    steps = []
    for notes in (asked_about, others):
        step = -(-sum(card.note in notes for card in cards) // most) or 1
        chosen |= dict.fromkeys(sorted(notes)[::step], step)
        steps.append(step)
    sample = [card for card in cards if card.note in chosen]
    return sample, steps[0], {card.id: chosen[card.note] for card in sample}
