from __future__ import annotations

from scheduler import Counts, DeckPolicy, Rating, Store, build_queue
from tests.scheduler.world import DAY, NOW, PLAIN, add, asked, family, make_due, one_deck, put, stepping


def test_new_cards_stop_at_the_limit_of_the_day(store: Store) -> None:
    cards = add(store, 30)
    policy = PLAIN._replace(new_per_day=7)
    assert asked(build_queue(store, one_deck(policy), NOW), store) == cards[:7]
    assert build_queue(store, one_deck(policy), NOW).next_card(NOW) is None
    assert build_queue(store, one_deck(policy), NOW + DAY).counts().new == 7


def test_reviews_stop_at_the_limit_of_the_day(store: Store) -> None:
    for card in add(store, 12):
        make_due(store, card)
    policy = PLAIN._replace(reviews_per_day=5)
    assert len(asked(build_queue(store, one_deck(policy), NOW), store)) == 5
    assert build_queue(store, one_deck(policy), NOW).counts() == Counts(0, 0, 0)


def test_new_cards_take_what_the_reviews_leave_of_the_limit(store: Store) -> None:
    cards = add(store, 12)
    for card in cards[:4]:
        make_due(store, card)
    assert build_queue(store, one_deck(PLAIN._replace(reviews_per_day=6)), NOW).counts() == Counts(2, 0, 4)


def test_steps_within_the_day_know_no_limit(store: Store) -> None:
    for card in add(store, 3):
        stepping(store, card, NOW)
    assert build_queue(store, one_deck(PLAIN._replace(reviews_per_day=0, new_per_day=0)), NOW).counts().learning == 3


def test_the_limit_of_a_deck_applies_to_its_subdecks(store: Store) -> None:
    first, second = add(store, 10, deck=1), add(store, 10, deck=2)
    decks = family(PLAIN, PLAIN, parent=PLAIN._replace(new_per_day=12))
    assert asked(build_queue(store, decks, NOW), store) == first + second[:2]


def test_reviews_in_subdecks_count_against_the_limit_of_the_parent(store: Store) -> None:
    first, second = add(store, 10, deck=1), add(store, 10, deck=2)
    for card in first[:5]:
        store.rate(card, Rating.EASY, PLAIN, NOW)
    decks = family(PLAIN._replace(new_per_day=5), PLAIN, parent=PLAIN._replace(new_per_day=7))
    assert asked(build_queue(store, decks, NOW), store) == second[:2]


def test_a_session_over_one_deck_keeps_the_limits_of_its_parents(store: Store) -> None:
    add(store, 10, deck=1)
    second = add(store, 10, deck=2)
    decks = family(PLAIN, PLAIN, parent=PLAIN._replace(new_per_day=3))
    assert asked(build_queue(store, decks, NOW, only_cards=second), store) == second[:3]


def test_a_session_over_some_cards_asks_only_these(store: Store) -> None:
    cards = add(store, 30)
    make_due(store, cards[5])
    wanted = {cards[3], cards[5], cards[29]}
    assert set(asked(build_queue(store, one_deck(), NOW, only_cards=wanted), store)) == wanted


def test_a_deck_without_settings_is_not_asked(store: Store) -> None:
    (card,) = add(store, 1, deck=77)
    make_due(store, card)
    assert build_queue(store, one_deck(), NOW).next_card(NOW) is None


# Siblings


def test_only_one_card_of_a_note_is_asked_a_day(store: Store) -> None:
    cards = add(store, 4, siblings=2)
    make_due(store, cards[0])
    make_due(store, cards[1])
    queue = build_queue(store, one_deck(), NOW)
    assert queue.counts() == Counts(1, 0, 1)
    assert len(asked(queue, store)) == 2


def test_siblings_are_asked_if_burying_is_off(store: Store) -> None:
    policy = PLAIN._replace(bury_siblings=False)
    cards = add(store, 4, siblings=2)
    assert set(asked(build_queue(store, one_deck(policy), NOW), store, policy)) == set(cards)


def test_a_sibling_of_a_card_on_a_step_waits_until_tomorrow(store: Store) -> None:
    step, _ = add(store, 2, siblings=2)
    stepping(store, step, NOW)
    assert build_queue(store, one_deck(), NOW).counts() == Counts(0, 1, 0)


def test_siblings_on_steps_are_both_asked(store: Store) -> None:
    cards = add(store, 2, siblings=2)
    for card in cards:
        stepping(store, card, NOW)
    assert build_queue(store, one_deck(), NOW).counts() == Counts(0, 2, 0)


def test_a_sibling_queued_by_its_own_deck_leaves_when_the_other_deck_buries_it(store: Store) -> None:
    first, second = add(store, 2, siblings=2)
    put(store, second, deck=2)
    decks = [DeckPolicy(1, (), PLAIN), DeckPolicy(2, (), PLAIN._replace(bury_siblings=False))]
    queue = build_queue(store, decks, NOW)
    assert queue.counts().new == 2
    store.rate(first, Rating.GOOD, PLAIN, NOW)
    queue.record_rating(first)
    assert queue.counts() == Counts(0, 1, 0)
