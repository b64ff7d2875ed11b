"""Siblings are kept apart by load balancing, whether a card is rated, shown or simulated."""

from __future__ import annotations

import pytest

from scheduler import DeckPolicy, Policy, Rating, State, Store
from scheduler.intervals import Load, compute_bounds
from scheduler.simulate import PolicyPlan
from tests.scheduler.world import DAY, DECK, NOW, TODAY, a_card, add, make_due, put

BALANCED = Policy()
BY_EASY_DAYS = Policy(load_balance=False, easy_days=(1.0,) * 6 + (0.5,))  # what is due elsewhere does not matter
DRAWS = [(number + 0.5) / 200 for number in range(200)]
ALL_DAYS = set(range(17, 24))  # where fuzz may move an interval of 20 days


def chosen(load: Load) -> set[int]:
    """Return the intervals that are chosen for 20 days, over all draws."""
    return {load.interval(20.0, 1, 1000, drawn) for drawn in DRAWS}


def test_every_day_within_fuzz_is_chosen_where_no_sibling_is_due() -> None:
    assert compute_bounds(20.0, 1, 1000) == (17, 23)
    assert chosen(Load(TODAY, {})) == ALL_DAYS


@pytest.mark.parametrize("days", sorted(ALL_DAYS))
def test_the_day_of_a_sibling_is_not_chosen(days: int) -> None:
    assert chosen(Load(TODAY, {}, [TODAY + days])) == ALL_DAYS - {days}


def test_no_card_gets_the_day_of_several_siblings_however_free_it_is() -> None:
    due = {TODAY + days: 50 for days in range(1, 60)} | {TODAY + 18: 0, TODAY + 22: 0}
    assert chosen(Load(TODAY, due)) == {18, 22}
    assert chosen(Load(TODAY, due, [TODAY + 18, TODAY + 22])) == ALL_DAYS - {18, 22}


def test_a_day_is_found_where_siblings_are_due_on_all_of_them() -> None:
    assert chosen(Load(TODAY, {}, [TODAY + days for days in ALL_DAYS])) <= ALL_DAYS


def card_and_sibling(store: Store, policy: Policy = BALANCED) -> tuple[int, int, int]:
    """Add two cards of a note; return both, and the day of the first after Good while the second is new."""
    card, sibling = add(store, 2, siblings=2)
    make_due(store, card, interval_days=20)
    due = store.outcomes(store.card(card), policy, NOW).of(Rating.GOOD).due_day
    assert due is not None
    return card, sibling, due


def test_a_rating_avoids_the_due_day_of_a_sibling(store: Store) -> None:
    for _ in range(20):
        card, sibling, day = card_and_sibling(store)
        make_due(store, sibling, day)
        shown = store.outcomes(store.card(card), BALANCED, NOW).of(Rating.GOOD).due_day
        assert store.rate(card, Rating.GOOD, BALANCED, NOW).due_day == shown != day


def test_easy_days_alone_keep_siblings_apart(store: Store) -> None:
    card, sibling, day = card_and_sibling(store, BY_EASY_DAYS)
    make_due(store, sibling, day)
    assert store.rate(card, Rating.GOOD, BY_EASY_DAYS, NOW).due_day != day


def test_siblings_are_not_separated_without_load_balance(store: Store) -> None:
    policy = Policy(load_balance=False)
    card, sibling, day = card_and_sibling(store, policy)
    make_due(store, sibling, day)
    assert store.rate(card, Rating.GOOD, policy, NOW).due_day == day


@pytest.mark.parametrize("hidden", [{"suspended": True}, {"active": False}])
def test_a_sibling_that_is_not_asked_keeps_no_day_free(store: Store, hidden: dict[str, bool]) -> None:
    card, sibling, day = card_and_sibling(store)
    make_due(store, sibling, day)
    put(store, sibling, **hidden)
    assert store.rate(card, Rating.GOOD, BALANCED, NOW).due_day == day


def test_a_card_of_another_note_is_not_a_sibling(store: Store) -> None:
    card, _, day = card_and_sibling(store)
    (other,) = add(store)
    make_due(store, other, day)
    load = store.load(store.card(card), BALANCED, NOW)
    assert load is not None
    assert list(load.siblings) == []


def test_a_card_does_not_avoid_its_own_day(store: Store) -> None:
    _, sibling, day = card_and_sibling(store)
    make_due(store, sibling, day)
    load = store.load(store.card(sibling), BALANCED, NOW)
    assert load is not None
    assert list(load.siblings) == [TODAY]


@pytest.mark.parametrize("policy", [BALANCED, BY_EASY_DAYS])
def test_a_simulation_separates_siblings_as_a_rating_does(policy: Policy) -> None:
    limits = [DeckPolicy(DECK, (), policy)]
    for number in range(1, 21):
        card = a_card(id=number, state=State.REVIEW, due_day=TODAY, last_day=TODAY - 20, last_ms=NOW - 20 * DAY, reps=1)
        card = card._replace(stability=20.0, difficulty=5.0, interval=20 * 86_400)
        day = PolicyPlan([card], limits).outcome(card, Rating.GOOD, NOW).due_day
        sibling = card._replace(id=100, due_day=day)
        assert PolicyPlan([card, sibling], limits).outcome(card, Rating.GOOD, NOW).due_day != day


def test_a_card_of_another_note_keeps_no_day_free_in_a_simulation() -> None:
    limits = [DeckPolicy(DECK, (), BY_EASY_DAYS)]
    card = a_card(state=State.REVIEW, due_day=TODAY, last_day=TODAY - 20, last_ms=NOW - 20 * DAY, reps=1)
    card = card._replace(stability=20.0, difficulty=5.0, interval=20 * 86_400)
    day = PolicyPlan([card], limits).outcome(card, Rating.GOOD, NOW).due_day
    stranger = card._replace(id=100, note=2, due_day=day)
    assert PolicyPlan([card, stranger], limits).outcome(card, Rating.GOOD, NOW).due_day == day


@pytest.mark.parametrize("hidden", [{"active": 0}, {"suspended": 1}])
def test_ratings_of_cards_that_are_not_asked_do_not_change_the_load(store: Store, hidden: dict[str, int]) -> None:
    asked, other = add(store, 2)
    for card in (asked, other):
        make_due(store, card, TODAY + 4)
    put(store, other, **hidden)
    for now in (NOW, NOW + 1):
        store.rate(other, Rating.GOOD, BALANCED, now)
        load = store.load(store.card(asked), BALANCED, now)
        assert load is not None
        assert {day: count for day, count in load.due.items() if count} == {TODAY + 4: 1}
