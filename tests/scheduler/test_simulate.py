"""What a simulation says of settings is what the queue and the store then do."""

from __future__ import annotations

from datetime import UTC
from pathlib import Path

import pytest

from scheduler import Clock, DeckPolicy, Model, Policy, Queue, Rating, State, Store, build_queue
from scheduler.model import DAY_SECONDS
from scheduler.simulate import START_OF_REVIEWS, PolicyPlan, simulate
from scheduler.simulated_learner import Learner
from tests.scheduler.world import DECK, TODAY, a_card, add, open_store

DAYS = 40
PLAIN = Policy(load_balance=False, new_per_day=7, bury_siblings=False)
STEPS_OF_DAYS = PLAIN._replace(learning_steps=(60, 2 * DAY_SECONDS), relearning_steps=(DAY_SECONDS,))


@pytest.mark.parametrize(
    "policy",
    [
        PLAIN,
        STEPS_OF_DAYS,
        PLAIN._replace(learning_steps=(), relearning_steps=(), retention=0.8),
        PLAIN._replace(leech_threshold=1, leech_action="suspend", maximum_interval=6),
        PLAIN._replace(review_order="retrievability", reviews_per_day=10),
        PLAIN._replace(deadline=str(Clock().date(TODAY + 30))),
        PLAIN._replace(deadline=str(Clock().date(TODAY + 30)), bury_siblings=True),
        PLAIN._replace(bury_siblings=True, new_order="random", review_order="random", reviews_per_day=12),
    ],
    ids=["plain", "steps of days", "no steps", "leeches", "retrievability", "deadline", "siblings", "random"],
)
def test_the_same_learner_meets_the_same_reviews_in_a_simulation_and_in_a_store(tmp_path: Path, policy: Policy) -> None:
    store = Store(open_store(tmp_path).connection, Clock(0, UTC))
    ids = add(store, 80, siblings=2)
    limits = [DeckPolicy(DECK, (), policy)]
    planned = simulate(store.cards(ids), PolicyPlan(store.cards(ids), limits, Model), TODAY, DAYS, Learner(seed=3))
    queue = build_queue(store, limits, _sitting(TODAY))
    lived = [_day(store, queue, policy, TODAY + day) for day in range(DAYS)]
    assert lived == [(day.new, day.reviews) for day in planned.days]
    assert [card.due_day for card in store.cards(ids)] == [planned.cards[card].due_day for card in ids]


def test_the_session_and_not_its_first_deck_orders_the_day() -> None:
    fading = a_card(id=1, state=State.REVIEW, due_day=1, stability=1.0, difficulty=5.0, last_day=0, reps=1)
    known = fading._replace(id=2, note=2, due_day=2, stability=90.0)
    cards = [fading, known]
    decks = [DeckPolicy(DECK, (), PLAIN)]
    assert list(PolicyPlan(cards, decks).ask(5)) == [1, 2]
    likeliest = PLAIN._replace(review_order="retrievability")
    assert list(PolicyPlan(cards, decks, session_policy=likeliest).ask(5)) == [2, 1]


def _sitting(day: int) -> int:
    return (day * DAY_SECONDS + START_OF_REVIEWS) * 1000


def _day(store: Store, queue: Queue, policy: Policy, day: int) -> tuple[int, int]:
    """Answer what is asked, each card until its steps of the day are done; returns new cards and reviews."""
    new = reviews = 0
    learner, model = Learner(seed=3), store.model(policy.parameters)
    queue.refresh(_sitting(day))
    while isinstance(asked := queue.next_card(_sitting(day)), int):
        now_ms: int | None = _sitting(day)
        before: Rating | None = None
        while now_ms is not None:
            card = store.card(asked)
            recall = None
            if card.last_day is not None and card.last_day < day and card.stability is not None:
                recall = model.retrievability(card.stability, day - card.last_day)
            before = learner.choose_rating(card, before, recall)
            store.rate(asked, before, policy, now_ms)
            new += card.state is State.NEW
            reviews += recall is not None
            after = store.card(asked)
            now_ms = None if after.suspended else after.due_ms
        queue.refresh(_sitting(day))
    return new, reviews
