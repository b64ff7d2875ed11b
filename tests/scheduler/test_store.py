from __future__ import annotations

import sqlite3

import pytest

from scheduler import CardUnknown, NewCard, Placement, Rating, ReviewKind, State, Store, transaction
from scheduler.tables import append
from tests.scheduler.world import DAY, MINUTE, NOW, PLAIN, TODAY, add, make_due, put

# Cards


def test_cards_are_numbered_on_from_the_instant(store: Store) -> None:
    ids = store.add_cards([NewCard(1, "c1", 1, 0), NewCard(1, "c2", 1, 1)], NOW)
    assert list(ids) == [NOW, NOW + 1]
    assert list(store.add_cards([NewCard(2, "c1", 1, 2)], NOW)) == [NOW + 2]


def test_a_new_card_is_new_and_active_and_nothing_else(store: Store) -> None:
    (card,) = add(store)
    found = store.card(card)
    assert (found.state, found.active, found.suspended, found.reps, found.memory) == (State.NEW, True, False, 0, None)
    assert (found.note, found.slot, found.deck, found.position) == (1, "c1", 1, 0)


def test_a_note_has_one_card_of_a_slot(store: Store) -> None:
    add(store)
    with pytest.raises(sqlite3.IntegrityError):
        store.add_cards([NewCard(1, "c1", 1, 0)])


def test_adding_cards_joins_the_transaction_that_is_open(store: Store) -> None:
    with pytest.raises(RuntimeError), transaction(store.connection):
        add(store, 2)
        raise RuntimeError
    assert store.cards_of(1) == []


def test_a_card_that_does_not_exist_is_named(store: Store) -> None:
    with pytest.raises(CardUnknown, match="no card 7"):
        store.card(7)


def test_cards_come_in_the_order_asked(store: Store) -> None:
    first, second, third = add(store, 3)
    assert [card.id for card in store.cards([third, first, second])] == [third, first, second]


def test_moving_a_note_moves_all_its_cards(store: Store) -> None:
    add(store, 4, siblings=2)
    assert store.move_cards([Placement(1, deck=9, position=5), Placement(2, deck=1, position=2)]) == 3
    assert {(card.deck, card.position) for card in store.cards_of(1)} == {(9, 5)}


def test_cards_without_a_text_are_inactive_and_active_again_when_it_returns(store: Store) -> None:
    first, second, third = add(store, 3, siblings=3)
    assert store.set_active([first, second], False) == 2
    assert store.set_active([first], False) == 0
    assert [card.active for card in store.cards_of(1)] == [False, False, True]
    assert store.deactivate_notes([1]) == 1
    assert not store.card(third).active
    assert store.set_active([first, second, third], True) == 3
    assert store.card(third).active


# Acts


def test_suspending_counts_what_changed(store: Store) -> None:
    cards = add(store, 3)
    assert store.suspend(cards[:2]) == 2
    assert store.suspend(cards) == 1
    assert store.unsuspend(cards) == 3
    assert store.suspend([]) == 0


def test_a_buried_card_is_hidden_until_the_end_of_the_day(store: Store) -> None:
    (card,) = add(store)
    assert store.bury([card], TODAY) == 1
    assert store.bury([card], TODAY) == 0
    assert store.card(card).is_buried(TODAY)
    assert not store.card(card).is_buried(TODAY + 1)


def test_unburying_shows_the_card_again(store: Store) -> None:
    (card,) = add(store)
    store.bury([card], TODAY)
    assert store.unbury([card], TODAY) == 1
    assert not store.card(card).is_buried(TODAY)
    assert store.unbury([card], TODAY) == 0


def test_a_card_buried_by_hand_and_by_a_sibling_stays_buried_when_the_rating_is_undone(store: Store) -> None:
    card, sibling = add(store, 2, siblings=2)
    store.rate(card, Rating.EASY, PLAIN, NOW)
    assert store.bury([sibling], TODAY) == 1
    store.undo(NOW + MINUTE)
    assert store.card(sibling).is_buried(TODAY)


def test_flags_go_from_one_to_seven(store: Store) -> None:
    (card,) = add(store)
    assert store.flag([card], 7) == 1
    assert store.card(card).flag == 7
    with pytest.raises(ValueError, match="0 to 7"):
        store.flag([card], 8)


def test_forgetting_makes_a_card_new_and_keeps_its_log_and_counts(store: Store) -> None:
    (card,) = add(store)
    store.rate(card, Rating.EASY, PLAIN, NOW)
    assert store.forget([card], NOW + 1) == 1
    found = store.card(card)
    assert (found.state, found.due_day, found.memory, found.last_day) == (State.NEW, None, None, None)
    assert found.reps == 1
    assert [row.kind for row in store.log(card)] == [ReviewKind.RATING, ReviewKind.FORGET]


def test_forgetting_a_new_card_changes_nothing(store: Store) -> None:
    assert store.forget(add(store, 2), NOW) == 0


def test_a_forgotten_card_starts_afresh(store: Store) -> None:
    (card, other) = add(store, 2)
    store.rate(card, Rating.AGAIN, PLAIN, NOW)
    store.forget([card], NOW)
    store.rate(card, Rating.GOOD, PLAIN, NOW + DAY)
    store.rate(other, Rating.GOOD, PLAIN, NOW + DAY)
    assert store.card(card).memory == store.card(other).memory


@pytest.mark.parametrize(("waited", "until", "interval"), [(30, 3, 33), (10, 0, 10), (0, 4, 4), (0, 0, 0)])
@pytest.mark.parametrize("state", [State.REVIEW, State.RELEARNING])
def test_the_interval_of_a_due_day_set_by_hand_counts_from_the_last_rating(
    store: Store, state: State, waited: int, until: int, interval: int
) -> None:
    (card,) = add(store)
    make_due(store, card)
    put(store, card, state=state, last_day=TODAY - waited)
    assert store.set_due([card], TODAY + until, NOW) == 1
    found = store.card(card)
    assert (found.due_day, found.interval, found.state) == (TODAY + until, interval * 86_400, State.REVIEW)
    assert found.memory is not None


def test_a_due_day_set_by_hand_gives_no_interval_to_a_card_on_its_first_step(store: Store) -> None:
    (card,) = add(store)
    store.rate(card, Rating.GOOD, PLAIN, NOW)
    store.set_due([card], TODAY + 3, NOW)
    store.set_due([card], TODAY + 5, NOW + DAY)
    assert (store.card(card).due_day, store.card(card).interval) == (TODAY + 5, 0)


def test_a_buried_card_that_is_forgotten_is_asked_again(store: Store) -> None:
    (card,) = add(store)
    store.rate(card, Rating.EASY, PLAIN, NOW)
    store.bury([card], TODAY)
    store.forget([card], NOW)
    assert not store.card(card).is_buried(TODAY)


def test_a_buried_card_that_was_suspended_in_between_is_shown(store: Store) -> None:
    (card,) = add(store)
    store.bury([card], TODAY)
    store.suspend([card])
    store.unsuspend([card])
    assert not store.card(card).is_buried(TODAY)


def test_a_buried_card_given_a_due_day_is_asked_on_it(store: Store) -> None:
    (card,) = add(store)
    store.bury([card], TODAY + 9)
    store.set_due([card], TODAY, NOW)
    assert not store.card(card).is_buried(TODAY)


def test_a_new_card_given_a_due_day_waits_until_then(store: Store) -> None:
    (card,) = add(store)
    store.set_due([card], TODAY + 5, NOW)
    found = store.card(card)
    assert (found.state, found.due_day, found.interval) == (State.REVIEW, TODAY + 5, 0)
    store.rate(card, Rating.GOOD, PLAIN, NOW + 5 * DAY)
    assert store.card(card).memory is not None


def test_an_act_on_many_cards_is_all_or_nothing(store: Store) -> None:
    cards = add(store, 2)
    with pytest.raises(CardUnknown):
        store.set_due([*cards, 7], TODAY, NOW)
    assert [store.card(card).state for card in cards] == [State.NEW, State.NEW]
    assert store.log(cards[0]) == []


# The log


def test_a_card_that_two_programs_rated_on_one_day_counts_once(store: Store) -> None:
    first, second = add(store, 2)
    rows = [store.rate(card, Rating.EASY, PLAIN, NOW) for card in (first, second)]
    append(store.connection, rows[0]._replace(id=NOW - MINUTE))  # the same, rated on a phone
    make_due(store, second)
    review = store.rate(second, Rating.GOOD, PLAIN, NOW + MINUTE)
    append(store.connection, review._replace(id=NOW + 2 * MINUTE))
    assert store.done(TODAY) == {1: (2, 1)}


@pytest.mark.parametrize("statement", ["UPDATE reviews SET rating = 4", "DELETE FROM reviews"])
def test_the_log_is_only_ever_added_to(store: Store, statement: str) -> None:
    (card,) = add(store)
    store.rate(card, Rating.GOOD, PLAIN, NOW)
    with pytest.raises(sqlite3.IntegrityError, match="only ever added to"):
        store.connection.execute(statement)
    assert len(store.log(card)) == 1


def test_what_was_done_today_is_counted_by_deck(store: Store) -> None:
    new, due, stepping, days = add(store, 4)
    (elsewhere,) = add(store, 1, deck=2)
    make_due(store, due)
    put(store, stepping, state=State.LEARNING, due_ms=NOW, steps_left=1, interval=600, stability=1.0, difficulty=5.0)
    put(store, days, state=State.LEARNING, due_day=TODAY, steps_left=1, interval=86_400, stability=1.0, difficulty=5.0)
    for card in (new, due, stepping, days, elsewhere):
        store.rate(card, Rating.GOOD, PLAIN, NOW)
    store.rate(new, Rating.GOOD, PLAIN, NOW)
    assert store.done(TODAY) == {1: (1, 2), 2: (1, 0)}
    assert store.done(TODAY + 1) == {}


def test_what_was_taken_back_was_not_done(store: Store) -> None:
    (card,) = add(store)
    store.rate(card, Rating.GOOD, PLAIN, NOW)
    store.undo(NOW + 1)
    assert store.done(TODAY) == {}
