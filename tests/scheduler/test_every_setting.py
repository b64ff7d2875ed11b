"""Every setting changes what it is there for, wherever it counts: none can be passed over without a test that fails."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from scheduler import DEFAULT_PARAMETERS, DeckPolicy, Policy, Rating, State, Store, build_queue
from scheduler.intervals import find_moves
from scheduler.model import DAY_SECONDS
from scheduler.simulate import PolicyPlan, simulate
from scheduler.simulated_learner import Learner
from tests.scheduler.learners import FORGETFUL
from tests.scheduler.world import CLOCK, DECK, NOW, TODAY, a_card, add, asked, make_due, one_deck, open_store, put

EVEN = Policy(fuzz=False, load_balance=False)
SPREAD = Policy(load_balance=False)
NEAR = str(CLOCK.date(TODAY + 1))


def rated(store: Store, policy: Policy) -> list[Any]:
    """What ratings make of a new card, of a learned one and of one that was forgotten often."""
    new, learned, reset_to_new, sibling = add(store, 4, siblings=2)
    for card in (learned, reset_to_new):
        make_due(store, card, interval_days=14)
    put(store, reset_to_new, lapses=7)
    for at in range(90):  # much is due on all days but one a week
        if at % 7:
            make_due(store, add(store)[0], TODAY + at)
    for card, rating in ((new, Rating.GOOD), (learned, Rating.GOOD), (reset_to_new, Rating.AGAIN)):
        store.rate(card, rating, policy, NOW)
    cards = store.cards((new, learned, reset_to_new, sibling))
    return [[*card[5:14], card.leech, card.suspended, card.buried_day] for card in cards]


def rescheduled(store: Store, policy: Policy) -> list[int]:
    """The due days that cards are moved to."""
    for days in (40, 55, 70, 400):
        (card,) = add(store)
        make_due(store, card, interval_days=days)
        put(store, card, due_day=1)
    return [move.after for move in find_moves(store, lambda _: policy)]


def queued(store: Store, policy: Policy) -> list[int]:
    """The order in which new cards, due ones and ones to be due soon are asked, by place."""
    cards = add(store, 24, siblings=2)
    for at, card in enumerate(cards[::3]):
        make_due(store, card, TODAY - at % 3 * 3, interval_days=(60, 2, 9)[at % 3])
        put(store, card, stability=(5.0, 80.0, 2.0, 7.0)[at % 4], last_day=TODAY - 10 - at)
    make_due(store, cards[4], TODAY + 90, interval_days=120)
    return [cards.index(card) for card in asked(build_queue(store, one_deck(policy), NOW), store, policy)]


def simulated(_: Store, policy: Policy) -> object:
    """Forty days of a plan: some cards learned, the others new, two to a note."""
    learned = [
        a_card(id=NOW + at, note=at // 2, position=at, state=State.REVIEW, reps=3, lapses=7)._replace(
            stability=5.0 + at % 7 * 9, difficulty=5.0, last_day=-10, due_day=at % 9, interval=(1 + at % 4) * 86_400
        )
        for at in range(30)
    ]
    new = [a_card(id=NOW + 100 + at, note=200 + at // 2, position=at) for at in range(60)]
    plan = PolicyPlan([*learned, *new], [DeckPolicy(DECK, (), policy)])
    found = simulate([*learned, *new], plan, 0, 40, Learner())
    return [(card.due_day, card.stability, card.suspended) for card in found.cards.values()]


Count = Callable[[Store, Policy], object]
BUSY = SPREAD._replace(reviews_per_day=4)
MONDAYS, WEEKDAYS = (1.0, *(0.0,) * 6), (*(1.0,) * 5, 0.9, 0.9)
EASY = SPREAD._replace(easy_days=WEEKDAYS)

CASES: list[tuple[Count, Policy, str, Any]] = [
    (rated, EVEN, "retention", 0.8),
    (rated, EVEN, "learning_steps", (60, 900)),
    (rated, EVEN, "relearning_steps", ()),
    (rated, EVEN, "maximum_interval", 30),
    (rated, EVEN, "bury_siblings", False),
    (rated, EVEN, "leech_threshold", 9),
    (rated, EVEN, "leech_action", "suspend"),
    (rated, EVEN, "parameters", FORGETFUL[:17] + DEFAULT_PARAMETERS[17:20] + (0.4,)),
    (rated, SPREAD, "fuzz", False),
    (rated, SPREAD, "load_balance", True),
    (rated, SPREAD, "easy_days", MONDAYS),
    (rated, EASY, "easy_days", MONDAYS),
    (rated, EASY, "load_balance", True),
    (rescheduled, EVEN, "retention", 0.8),
    (rescheduled, EVEN, "maximum_interval", 30),
    (rescheduled, EVEN._replace(retention=0.8), "parameters", (*DEFAULT_PARAMETERS[:20], 0.4)),
    (rescheduled, EVEN, "fuzz", True),
    (queued, EVEN, "new_per_day", 1),
    (queued, EVEN, "reviews_per_day", 3),
    (queued, EVEN, "bury_siblings", False),
    (queued, EVEN, "new_order", "random"),
    (queued, EVEN, "review_order", "retrievability"),
    (queued, EVEN, "review_order", "random"),
    (queued, EVEN, "review_order", "overdue"),
    (queued, EVEN, "new_mix", "first"),
    (queued, EVEN, "new_mix", "last"),
    (queued, EVEN, "deadline", NEAR),
    (queued, EVEN._replace(deadline=str(CLOCK.date(TODAY + 9))), "rest_days", 0),
    (simulated, EVEN, "retention", 0.8),
    (simulated, EVEN, "learning_steps", (2 * DAY_SECONDS,)),
    (simulated, EVEN, "relearning_steps", (2 * DAY_SECONDS,)),
    (simulated, EVEN, "maximum_interval", 10),
    (simulated, EVEN, "new_per_day", 1),
    (simulated, EVEN, "reviews_per_day", 1),
    (simulated, EVEN, "bury_siblings", False),
    (simulated, EVEN._replace(leech_action="suspend"), "leech_threshold", 0),
    (simulated, EVEN, "leech_action", "suspend"),
    (simulated, SPREAD, "fuzz", False),
    (simulated, SPREAD, "load_balance", True),
    (simulated, SPREAD, "easy_days", MONDAYS),
    (simulated, EASY, "easy_days", MONDAYS),
    (simulated, EASY, "load_balance", True),
    (simulated, EVEN, "new_order", "random"),
    (simulated, BUSY, "review_order", "retrievability"),
    (simulated, BUSY, "review_order", "random"),
    (simulated, BUSY, "review_order", "overdue"),
    (simulated, EVEN, "parameters", FORGETFUL),
    (simulated, EVEN, "deadline", "1970-01-20"),
    (simulated, EVEN._replace(deadline="1970-01-20"), "rest_days", 9),
]


@pytest.mark.parametrize(
    ("count", "base", "setting", "value"), CASES, ids=[f"{case[0].__name__}-{case[2]}-{case[3]}"[:50] for case in CASES]
)
def test_a_setting_has_its_effect(tmp_path: Path, count: Count, base: Policy, setting: str, value: Any) -> None:
    found = []
    for number, policy in enumerate((base, base, base._replace(**{setting: value}))):
        folder = tmp_path / str(number)
        folder.mkdir()
        found.append(count(open_store(folder), policy))
    assert found[0] == found[1]
    assert found[0] != found[2]


def test_no_setting_is_left_out() -> None:
    # What is fitted to is tested with `optimize`; the mix of new cards does not change what a day of a plan holds.
    assert set(Policy._fields) - {case[2] for case in CASES} == {"ignore_reviews_before"}


def test_the_likeliest_recalled_card_by_its_own_decks_parameters_comes_first(store: Store) -> None:
    (slow,), (fast,) = add(store, deck=1), add(store, deck=2)
    make_due(store, slow, interval_days=40)
    make_due(store, fast, interval_days=35)
    for card in (slow, fast):
        put(store, card, stability=20.0)
    order = EVEN._replace(review_order="retrievability")
    forgets_faster = order._replace(parameters=(*DEFAULT_PARAMETERS[:20], 0.8))
    decks = [DeckPolicy(1, (), order), DeckPolicy(2, (), order)]
    assert asked(build_queue(store, decks, NOW), store, order)[0] == fast
    for card, days in ((slow, 40), (fast, 35)):
        make_due(store, card, interval_days=days)
        put(store, card, stability=20.0)
    decks = [DeckPolicy(1, (), order), DeckPolicy(2, (), forgets_faster)]
    assert build_queue(store, decks, NOW).next_card(NOW) == slow


def test_a_card_is_due_when_its_recall_has_fallen_to_the_set_retention(tmp_path: Path) -> None:
    store = open_store(tmp_path)
    for wanted in (0.75, 0.9, 0.95):
        (card,) = add(store)
        make_due(store, card, interval_days=60)
        after = store.rate(card, Rating.GOOD, EVEN._replace(retention=wanted), NOW)
        assert after.stability is not None
        days = after.interval_after // DAY_SECONDS
        assert store.model(EVEN.parameters).retrievability(after.stability, days) == pytest.approx(wanted, abs=0.005)
