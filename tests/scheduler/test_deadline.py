from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from scheduler import DeckLimits, Policy, Rating, State, Store, build_queue
from scheduler.learner import Learner
from scheduler.limits import (
    LAST_PASS_DAYS,
    choose_pass_day,
    find_deadline_day,
    is_in_last_pass,
    new_a_day,
    raise_limits_for_deadlines,
)
from scheduler.queue import count_by_deck
from scheduler.simulate import PolicyPlan, simulate
from tests.scheduler.world import CLOCK, DAY, DECK, NOW, PARENT, PLAIN, TODAY, a_card, add, asked, make_due

if TYPE_CHECKING:
    from collections.abc import Sequence


def towards(days: int, policy: Policy = PLAIN) -> Policy:
    return replace(policy, deadline=str(CLOCK.date(TODAY + days)))


def decks(*policies: Policy) -> list[DeckLimits]:
    return [DeckLimits(deck, (), policy) for deck, policy in enumerate(policies, DECK)]


def learnt(store: Store, count: int, due_in: int = 100) -> Sequence[int]:
    """Cards last reviewed twenty days ago."""
    cards = add(store, count)
    for card in cards:
        make_due(store, card, TODAY + due_in, due_in + 20)
    return cards


def test_a_date_is_a_day() -> None:
    assert find_deadline_day(towards(9)) == TODAY + 9
    assert find_deadline_day(PLAIN) is None


@pytest.mark.parametrize(("unseen", "days", "expected"), [(100, 23, 5), (101, 23, 6), (7, 2, 7), (0, 9, 0), (5, 0, 0)])
def test_new_cards_are_spread_evenly_up_to_some_days_before(unseen: int, days: int, expected: int) -> None:
    assert new_a_day(unseen, TODAY, TODAY + days) == expected


def test_the_last_pass_gives_each_of_its_days_a_like_share_and_each_card_its_day() -> None:
    day = TODAY + 30
    turns = Counter(choose_pass_day(card, day) for card in range(6_000))
    assert set(turns) == set(range(day - LAST_PASS_DAYS, day))
    assert min(turns.values()) > 0.85 * 6_000 / LAST_PASS_DAYS
    assert max(turns.values()) < 1.06 * 6_000 / LAST_PASS_DAYS
    assert choose_pass_day(7, day) == choose_pass_day(7, day)


def test_a_card_that_was_reviewed_in_the_days_of_the_pass_is_left_alone() -> None:
    day = TODAY + 1
    assert is_in_last_pass(7, day - LAST_PASS_DAYS - 1, day, TODAY)
    assert not is_in_last_pass(7, day - LAST_PASS_DAYS, day, TODAY)
    assert not is_in_last_pass(7, 0, day, day)


def test_in_the_days_before_every_learnt_card_is_asked_once_more_though_it_is_due_later(store: Store) -> None:
    cards = learnt(store, 60)
    found: list[int] = []
    per_day = []
    policy = towards(LAST_PASS_DAYS)
    for ahead in range(LAST_PASS_DAYS):
        now = NOW + ahead * DAY
        asked_now = asked(build_queue(store, decks(policy), now), store, policy, now)
        per_day.append(len(asked_now))
        found += asked_now
    assert sorted(found) == sorted(cards)
    assert max(per_day) <= 2 * 60 / LAST_PASS_DAYS


def test_before_those_days_and_on_the_day_nothing_is_asked_early(store: Store) -> None:
    learnt(store, 20)
    for policy in (towards(LAST_PASS_DAYS + 1), towards(0), PLAIN):
        assert asked(build_queue(store, decks(policy), NOW), store) == []


def test_a_deadline_is_a_matter_of_its_own_deck(store: Store) -> None:
    learnt(store, 20)
    assert asked(build_queue(store, [DeckLimits(DECK, (), PLAIN), DeckLimits(2, (), towards(1))], NOW), store) == []


def test_the_counts_are_what_the_session_asks(store: Store) -> None:
    learnt(store, 20)
    limits = decks(towards(1))
    assert count_by_deck(store, limits, NOW)[DECK].review == build_queue(store, limits, NOW).counts().review == 20


def test_limits_give_way_as_far_as_the_day_asks_for_in_the_decks_above_too(store: Store) -> None:
    add(store, 90, deck=1)
    add(store, 50, deck=2)
    tight = Policy(new_per_day=2, reviews_per_day=10)
    family = [
        DeckLimits(PARENT, (), tight),
        DeckLimits(1, (PARENT,), towards(13, tight)),
        DeckLimits(2, (PARENT,), tight),
    ]
    raised = {deck.deck: deck.policy for deck in raise_limits_for_deadlines(family, store, TODAY)}
    assert (raised[1].new_per_day, raised[1].reviews_per_day) == (9, 17)
    assert raised[PARENT].new_per_day == 9
    assert raised[2] == tight


def test_limits_that_suffice_and_days_that_are_past_change_nothing(store: Store) -> None:
    add(store, 10)
    for policy in (towards(13), towards(-1), PLAIN):
        assert raise_limits_for_deadlines(decks(policy), store, TODAY) == decks(policy)


def test_the_plan_of_a_simulation_keeps_to_the_same_rules() -> None:
    day = 20_020
    cards = [a_card(id=number, note=number, position=number) for number in range(1, 101)]
    policy = Policy(new_per_day=6, reviews_per_day=999)
    with_it = replace(policy, deadline=str(CLOCK.date(day)))

    def last_reviews(chosen: Policy) -> list[int]:
        found = simulate(cards, PolicyPlan(cards, [DeckLimits(1, (), chosen)]), 20_000, 20, Learner())
        return [card.last_day or 0 for card in found.cards.values()]

    assert min(last_reviews(with_it)) >= day - LAST_PASS_DAYS
    assert min(last_reviews(policy)) < day - LAST_PASS_DAYS


def test_a_card_rated_in_the_pass_waits_out_an_ordinary_interval(store: Store) -> None:
    (card,) = learnt(store, 1)
    policy = towards(1)
    shown = store.outcomes(store.card(card), policy, NOW).of(Rating.GOOD)
    review = store.rate(card, Rating.GOOD, policy, NOW)
    assert review.due_day == shown.due_day
    assert store.card(card).state is State.REVIEW
    assert asked(build_queue(store, decks(policy), NOW), store) == []
