from __future__ import annotations

from collections import Counter
from itertools import pairwise

import pytest

from scheduler import Counts, Rating, State, Store, Wait, build_queue, count_by_deck
from tests.scheduler.world import (
    DAY,
    DECK,
    MINUTE,
    NOW,
    PARENT,
    PLAIN,
    TODAY,
    add,
    asked,
    family,
    make_due,
    one_deck,
    put,
    stepping,
)


def test_an_empty_store_asks_nothing(store: Store) -> None:
    queue = build_queue(store, one_deck(), NOW)
    assert queue.next_card(NOW) is None
    assert queue.counts() == Counts(0, 0, 0)
    assert build_queue(store, [], NOW).next_card(NOW) is None


def test_new_cards_come_in_the_order_of_the_deck(store: Store) -> None:
    cards = add(store, 4)
    for position, card in enumerate(reversed(cards)):
        put(store, card, position=position)
    assert asked(build_queue(store, one_deck(), NOW), store) == list(reversed(cards))


def test_what_is_due_later_is_not_asked(store: Store) -> None:
    due, later, overdue = add(store, 3)
    make_due(store, due)
    make_due(store, later, TODAY + 1)
    make_due(store, overdue, TODAY - 30)
    assert asked(build_queue(store, one_deck(), NOW), store) == [overdue, due]


def test_reviewing_ahead_asks_cards_due_within_the_days(store: Store) -> None:
    soon, later = add(store, 2)
    make_due(store, soon, TODAY + 2)
    make_due(store, later, TODAY + 3)
    assert asked(build_queue(store, one_deck(), NOW, ahead_days=2), store) == [soon]


@pytest.mark.parametrize("hide", ["suspend", "bury", "orphan"])
@pytest.mark.parametrize("kind", ["new", "due", "step"])
def test_a_hidden_card_is_never_asked(store: Store, hide: str, kind: str) -> None:
    (card,) = add(store)
    if kind == "due":
        make_due(store, card)
    elif kind == "step":
        stepping(store, card, NOW)
    assert build_queue(store, one_deck(), NOW).next_card(NOW) == card
    if hide == "suspend":
        store.suspend([card])
    elif hide == "bury":
        store.bury([card], TODAY)
    else:
        store.set_active([card], False)
    assert build_queue(store, one_deck(), NOW).next_card(NOW) is None
    assert count_by_deck(store, one_deck(), NOW) == {DECK: Counts(0, 0, 0)}


def test_a_card_buried_yesterday_is_asked_today(store: Store) -> None:
    (card,) = add(store)
    store.bury([card], TODAY - 1)
    assert build_queue(store, one_deck(), NOW).next_card(NOW) == card


# Steps within the day


def test_a_step_whose_time_has_come_goes_first(store: Store) -> None:
    new, step = add(store, 2)
    stepping(store, step, NOW + 5 * MINUTE)
    queue = build_queue(store, one_deck(), NOW)
    assert queue.next_card(NOW) == new
    assert queue.next_card(NOW + 5 * MINUTE) == step


def test_a_card_rated_again_returns_between_the_others_after_its_minute(store: Store) -> None:
    first, second, third = add(store, 3)
    queue = build_queue(store, one_deck(), NOW)
    store.rate(first, Rating.AGAIN, PLAIN, NOW)
    queue.record_rating(first)
    assert queue.counts() == Counts(2, 1, 0)
    assert queue.next_card(NOW + 30_000) == second
    store.rate(second, Rating.EASY, PLAIN, NOW + MINUTE)
    queue.record_rating(second)
    assert queue.next_card(NOW + MINUTE) == first
    assert queue.counts() == Counts(1, 1, 0)
    assert third is not None


def test_a_step_within_twenty_minutes_is_asked_early_if_nothing_else_is_left(store: Store) -> None:
    (step,) = add(store)
    stepping(store, step, NOW + 20 * MINUTE)
    assert build_queue(store, one_deck(), NOW).next_card(NOW) == step


def test_a_later_step_is_waited_for(store: Store) -> None:
    (step,) = add(store)
    stepping(store, step, NOW + 50 * MINUTE)
    queue = build_queue(store, one_deck(), NOW)
    wait = queue.next_card(NOW)
    assert wait == Wait(NOW + 30 * MINUTE)
    assert queue.next_card(NOW + 30 * MINUTE) == step
    assert queue.counts() == Counts(0, 1, 0)


def test_the_card_just_answered_is_not_asked_again_while_there_is_another(store: Store) -> None:
    first, second = add(store, 2)
    stepping(store, second, NOW + 15 * MINUTE)
    queue = build_queue(store, one_deck(), NOW)
    store.rate(first, Rating.AGAIN, PLAIN, NOW)
    queue.record_rating(first)
    assert queue.next_card(NOW) == second
    assert queue.next_card(NOW + MINUTE) == first


def test_a_step_that_fell_due_yesterday_is_asked(store: Store) -> None:
    (step,) = add(store)
    stepping(store, step, NOW - DAY)
    assert build_queue(store, one_deck(), NOW).next_card(NOW) == step


def test_a_step_of_days_is_counted_as_learning_and_asked_with_the_reviews(store: Store) -> None:
    step, due = add(store, 2)
    make_due(store, due)
    put(store, step, state=State.LEARNING, due_day=TODAY, steps_left=1, interval=86_400)
    queue = build_queue(store, one_deck(), NOW)
    assert queue.counts() == Counts(0, 1, 1)
    assert set(asked(queue, store)) == {step, due}


# Order


def due_with_stability(store: Store, count: int = 6) -> list[int]:
    """Cards due today, each likelier to be recalled than the one before."""
    cards = add(store, count)
    for step, card in enumerate(cards):
        make_due(store, card, TODAY - 1)
        put(store, card, stability=5.0 * (step + 1), last_day=TODAY - 20)
    return cards


def test_a_backlog_can_begin_with_what_is_likeliest_recalled(store: Store) -> None:
    cards = due_with_stability(store)
    policy = PLAIN._replace(review_order="retrievability")
    assert asked(build_queue(store, one_deck(policy), NOW), store) == list(reversed(cards))


def test_reviews_can_begin_with_the_relatively_most_overdue_cards(store: Store) -> None:
    short, long = add(store, 2)
    make_due(store, long, TODAY - 10, interval_days=100)
    make_due(store, short, TODAY - 5, interval_days=2)
    policy = PLAIN._replace(review_order="overdue")
    assert asked(build_queue(store, one_deck(policy), NOW), store) == [short, long]


def test_steps_of_days_come_in_the_order_of_the_reviews(store: Store) -> None:
    cards = due_with_stability(store)
    for card in cards:
        put(store, card, state=State.RELEARNING, steps_left=1)
    policy = PLAIN._replace(review_order="retrievability")
    assert asked(build_queue(store, one_deck(policy), NOW), store) == list(reversed(cards))


def test_cards_due_on_the_same_day_are_shuffled_the_same_way_all_day(store: Store) -> None:
    cards = add(store, 40)
    for card in cards:
        make_due(store, card)
    first = build_queue(store, one_deck(), NOW).next_card(NOW)
    order = asked(build_queue(store, one_deck(), NOW + MINUTE), store)
    assert first == order[0]
    assert order != cards
    assert sorted(order) == cards


def test_new_cards_can_be_shuffled(store: Store) -> None:
    cards = add(store, 40)
    policy = PLAIN._replace(new_order="random", new_per_day=40)
    order = asked(build_queue(store, one_deck(policy), NOW), store, policy)
    assert order != cards
    assert sorted(order) == cards


@pytest.mark.parametrize(("mix", "expected"), [("first", "nnnrrr"), ("last", "rrrnnn"), ("mix", "rnrnrn")])
def test_new_cards_come_before_among_or_after_the_reviews(store: Store, mix: str, expected: str) -> None:
    cards = add(store, 6)
    for card in cards[:3]:
        make_due(store, card)
    policy = PLAIN._replace(new_mix=mix)  # type: ignore[arg-type]
    order = asked(build_queue(store, one_deck(policy), NOW), store, policy)
    assert "".join("r" if card in cards[:3] else "n" for card in order) == expected


def test_few_new_cards_are_spread_evenly_among_many_reviews(store: Store) -> None:
    cards = add(store, 44)
    for card in cards[4:]:
        make_due(store, card)
    places = [at for at, card in enumerate(asked(build_queue(store, one_deck(), NOW), store)) if card in cards[:4]]
    gaps = [after - before for before, after in pairwise(places)]
    assert max(gaps) - min(gaps) <= 1
    assert places[0] >= 5


def test_the_order_of_the_session_can_be_given(store: Store) -> None:
    cards = due_with_stability(store)
    order = PLAIN._replace(review_order="retrievability")
    assert build_queue(store, one_deck(), NOW, session_policy=order).next_card(NOW) == cards[-1]


# Keeping up


def test_a_new_day_makes_a_new_queue(store: Store) -> None:
    cards = add(store, 4)
    queue = build_queue(store, one_deck(PLAIN._replace(new_per_day=2)), NOW)
    asked(queue, store)
    assert queue.next_card(NOW) is None
    assert queue.next_card(NOW + DAY) == cards[2]


def test_a_leech_that_was_suspended_does_not_come_back(store: Store) -> None:
    (card,) = add(store)
    make_due(store, card)
    policy = PLAIN._replace(leech_threshold=1, leech_action="suspend")
    queue = build_queue(store, one_deck(policy), NOW)
    store.rate(card, Rating.AGAIN, policy, NOW)
    queue.record_rating(card)
    assert queue.next_card(NOW) is None


def test_counts_by_deck_are_what_the_session_asks(store: Store) -> None:
    first, second = add(store, 30, deck=1, siblings=2), add(store, 30, deck=2)
    for card in first[10:20] + second[:15]:
        make_due(store, card)
    stepping(store, second[20], NOW)
    decks = family(PLAIN._replace(new_per_day=4), PLAIN._replace(reviews_per_day=9), parent=PLAIN)
    counts = count_by_deck(store, decks, NOW)
    cards = asked(build_queue(store, decks, NOW), store)
    assert Counter(store.card(card).deck for card in cards) == {deck: sum(c) for deck, c in counts.items() if sum(c)}
    assert set(counts) == {PARENT, 1, 2}
