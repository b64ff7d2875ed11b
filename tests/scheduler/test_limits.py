from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import pytest

from scheduler import DeckPolicy, Policy, Rating, State, Store, build_queue
from scheduler.policy import (
    LAST_PASS_DAYS,
    Deadline,
    choose_pass_day,
    compute_new_per_day,
    find_deadline_day,
    is_in_last_pass,
)
from scheduler.queue import count_by_deck
from scheduler.simulate import PolicyPlan, simulate
from scheduler.simulated_learner import Learner
from tests.scheduler.world import CLOCK, DAY, DECK, NOW, PARENT, PLAIN, TODAY, a_card, add, asked, make_due

if TYPE_CHECKING:
    from collections.abc import Sequence


def towards(days: int, policy: Policy = PLAIN) -> Policy:
    return policy._replace(deadline=str(CLOCK.date(TODAY + days)))


def decks(*policies: Policy) -> list[DeckPolicy]:
    return [DeckPolicy(deck, (), policy) for deck, policy in enumerate(policies, DECK)]


def learned(store: Store, count: int, due_in: int = 100) -> Sequence[int]:
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
    assert compute_new_per_day(unseen, TODAY, Deadline(TODAY + days, rest_days=3)) == expected


@pytest.mark.parametrize(("days", "expected"), [(17, 7), (9, 35), (8, 70), (7, 24), (4, 35), (1, 70)])
def test_within_the_rest_days_new_cards_are_spread_over_half_of_the_remaining_days(days: int, expected: int) -> None:
    assert compute_new_per_day(70, TODAY, Deadline(TODAY + days, rest_days=7)) == expected


def test_the_last_pass_spreads_the_cards_evenly_over_its_days() -> None:
    day = TODAY + 30
    turns = Counter(choose_pass_day(card, day) for card in range(6_000))
    assert set(turns) == set(range(day - LAST_PASS_DAYS, day))
    assert min(turns.values()) > 0.85 * 6_000 / LAST_PASS_DAYS
    assert max(turns.values()) < 1.06 * 6_000 / LAST_PASS_DAYS
    assert choose_pass_day(7, day) == choose_pass_day(7, day)


def test_a_card_already_reviewed_during_the_last_pass_is_not_asked_again() -> None:
    day = TODAY + 1
    assert is_in_last_pass(7, day - LAST_PASS_DAYS - 1, day, TODAY)
    assert not is_in_last_pass(7, day - LAST_PASS_DAYS, day, TODAY)
    assert not is_in_last_pass(7, 0, day, day)


def test_in_the_days_before_every_learnt_card_is_asked_once_more_though_it_is_due_later(store: Store) -> None:
    cards = learned(store, 60)
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
    learned(store, 20)
    for policy in (towards(LAST_PASS_DAYS + 1), towards(0), PLAIN):
        assert asked(build_queue(store, decks(policy), NOW), store) == []


def test_a_deadline_affects_only_its_own_deck(store: Store) -> None:
    learned(store, 20)
    assert asked(build_queue(store, [DeckPolicy(DECK, (), PLAIN), DeckPolicy(2, (), towards(1))], NOW), store) == []


def test_the_counts_are_what_the_session_asks(store: Store) -> None:
    learned(store, 20)
    limits = decks(towards(1))
    assert count_by_deck(store, limits, NOW)[DECK].review == build_queue(store, limits, NOW).counts().review == 20


def new_cards(store: Store, limits: list[DeckPolicy], now: int = NOW) -> Counter[int]:
    """The new cards of today's queue, by deck."""
    return Counter({deck: counts.new for deck, counts in count_by_deck(store, limits, now).items() if counts.new})


def test_new_cards_of_a_deadline_are_reserved_before_those_of_other_decks(store: Store) -> None:
    add(store, 400, deck=1)
    add(store, 5, deck=2)
    family = [DeckPolicy(PARENT, (), PLAIN), DeckPolicy(1, (PARENT,), PLAIN), DeckPolicy(2, (PARENT,), towards(16))]
    assert new_cards(store, family) == {1: 19, 2: 1}


def test_one_deadline_is_spread_once_over_all_its_decks(store: Store) -> None:
    for deck in range(1, 101):
        add(store, 3, deck=deck)
    many = [DeckPolicy(deck, (), towards(60)) for deck in range(1, 101)]
    assert new_cards(store, many).total() == 6  # 300 cards in the 57 days before the last three


def test_each_deadline_sets_the_pace_of_its_cards(store: Store) -> None:
    add(store, 100, deck=1)
    add(store, 100, deck=2)
    assert new_cards(store, [DeckPolicy(1, (), towards(13)), DeckPolicy(2, (), towards(23))]) == {1: 10, 2: 5}


def test_each_deck_follows_its_own_rest_days_and_the_nearest_deadline_comes_first(store: Store) -> None:
    late, early = towards(20)._replace(rest_days=0), towards(20)._replace(rest_days=10)
    add(store, 40, deck=1)
    add(store, 40, deck=2)
    family = [DeckPolicy(1, (), late), DeckPolicy(2, (), early)]
    assert new_cards(store, family) == {1: 2, 2: 4}
    found = [store.card(card).deck for card in asked(build_queue(store, family, NOW), store, late)]
    assert found == [2, 2, 2, 2, 1, 1]


def test_a_deck_without_reviews_still_introduces_its_new_cards_by_the_deadline(store: Store) -> None:
    (due,) = add(store)
    make_due(store, due)
    add(store, 20)
    once = towards(13)._replace(reviews_per_day=0)
    counts = count_by_deck(store, decks(once), NOW)[DECK]
    assert (counts.review, counts.new) == (0, 2)


def test_the_pace_of_a_deadline_overrides_limits_and_leaves_other_decks_nothing(store: Store) -> None:
    add(store, 90, deck=1)
    add(store, 50, deck=2)
    tight = Policy(new_per_day=2, reviews_per_day=3)
    family = [
        DeckPolicy(PARENT, (), tight),
        DeckPolicy(1, (PARENT,), towards(13, tight)),
        DeckPolicy(2, (PARENT,), tight),
    ]
    assert new_cards(store, family) == {1: 9}


def test_due_cards_of_a_deadline_come_first_where_the_reviews_are_limited(store: Store) -> None:
    for deck in (1, 2):
        for card in add(store, 10, deck=deck):
            make_due(store, card)
    family = [
        DeckPolicy(PARENT, (), PLAIN._replace(reviews_per_day=12)),
        DeckPolicy(1, (PARENT,), PLAIN),
        DeckPolicy(2, (PARENT,), towards(30)),
    ]
    assert {deck: counts.review for deck, counts in count_by_deck(store, family, NOW).items()} == {
        PARENT: 0,
        1: 2,
        2: 10,
    }


def test_the_pace_is_kept_through_the_day_and_to_the_end(store: Store) -> None:
    add(store, 100, siblings=2)
    policy = towards(13)
    a_day = []
    for ahead in range(13):
        now = NOW + ahead * DAY
        queue = build_queue(store, decks(policy), now)
        introduced = 0
        while isinstance(card := queue.next_card(now), int):
            introduced += store.card(card).state is State.NEW
            store.rate(card, Rating.EASY, policy, now)
            queue = build_queue(store, decks(policy), now)
        a_day.append(introduced)
    assert a_day == [10] * 10 + [0] * 3


def test_siblings_are_separated_as_long_as_the_pace_allows(store: Store) -> None:
    add(store, 40, siblings=2)
    queue = build_queue(store, decks(towards(13)), NOW)
    notes = [store.card(card).note for card in asked(queue, store, towards(13))]
    assert len(notes) == len(set(notes)) == 4


def test_siblings_are_asked_together_where_the_pace_needs_them(store: Store) -> None:
    add(store, 8, siblings=8)
    policy = towards(5)
    assert len(asked(build_queue(store, decks(policy), NOW), store, policy)) == 4


def test_more_new_cards_can_be_asked_for_than_the_pace_needs(store: Store) -> None:
    add(store, 50)
    assert build_queue(store, decks(towards(53)), NOW).counts().new == 1
    assert build_queue(store, decks(towards(53)), NOW, paced=False).counts().new == PLAIN.new_per_day


def test_after_the_deadline_the_limits_apply_again(store: Store) -> None:
    add(store, 50)
    for policy in (towards(0), towards(-1), PLAIN):
        assert new_cards(store, decks(policy)) == {DECK: PLAIN.new_per_day}


def test_the_plan_of_a_simulation_keeps_to_the_same_rules() -> None:
    day = 20_020
    cards = [a_card(id=number, note=number, position=number) for number in range(1, 101)]
    policy = Policy(new_per_day=6, reviews_per_day=999)
    with_it = policy._replace(deadline=str(CLOCK.date(day)))

    def last_reviews(chosen: Policy) -> list[int]:
        found = simulate(cards, PolicyPlan(cards, [DeckPolicy(1, (), chosen)]), 20_000, 20, Learner())
        return [card.last_day or 0 for card in found.cards.values()]

    assert min(last_reviews(with_it)) >= day - LAST_PASS_DAYS
    assert min(last_reviews(policy)) < day - LAST_PASS_DAYS


def test_a_card_rated_in_the_last_pass_gets_an_ordinary_interval(store: Store) -> None:
    (card,) = learned(store, 1)
    policy = towards(1)
    shown = store.outcomes(store.card(card), policy, NOW).of(Rating.GOOD)
    review = store.rate(card, Rating.GOOD, policy, NOW)
    assert review.due_day == shown.due_day
    assert store.card(card).state is State.REVIEW
    assert asked(build_queue(store, decks(policy), NOW), store) == []
