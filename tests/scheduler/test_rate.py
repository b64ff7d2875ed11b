from __future__ import annotations

import threading
from datetime import datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from scheduler import CardChanged, Clock, Leech, Model, NothingToUndo, Policy, Rating, State, Store
from tests.scheduler.world import DAY, MINUTE, NOW, PLAIN, TODAY, add, make_due, one_deck, open_store, put

if TYPE_CHECKING:
    from pathlib import Path

    from scheduler.policy import LeechAction


def test_a_rating_is_in_the_log_and_in_the_card(store: Store) -> None:
    (card,) = add(store)
    review = store.rate(card, Rating.GOOD, PLAIN, NOW, duration_ms=4_200)
    found = store.card(card)
    assert store.log(card) == [review]
    assert (review.id, review.day, review.rating, review.duration_ms) == (NOW, TODAY, Rating.GOOD, 4_200)
    assert (review.state_before, review.state_after, review.interval_after) == (State.NEW, State.LEARNING, 600)
    assert (found.state, found.due_ms, found.steps_left, found.reps) == (State.LEARNING, NOW + 10 * MINUTE, 1, 1)
    assert found.memory == review.memory


@given(st.sampled_from(Rating), st.integers(0, 400), st.booleans())
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=30)
def test_a_rating_has_the_outcome_that_was_shown(store: Store, rating: Rating, late: int, due: bool) -> None:
    (card,) = add(store)
    if due:
        make_due(store, card, interval_days=30)
    now = NOW + late * DAY
    shown = store.outcomes(store.card(card), Policy(), now).of(rating)
    review = store.rate(card, rating, Policy(), now)
    assert (review.state_after, review.due_day, review.due_ms) == (shown.state, shown.due_day, shown.due_ms)
    assert (review.interval_after, review.memory) == (shown.interval_seconds, shown.memory)


def test_a_card_answered_elsewhere_is_not_answered_twice(store: Store) -> None:
    (card,) = add(store)
    store.rate(card, Rating.GOOD, PLAIN, NOW, expect_reps=0)
    with pytest.raises(CardChanged, match="answered elsewhere"):
        store.rate(card, Rating.EASY, PLAIN, NOW + 1, expect_reps=0)
    assert len(store.log(card)) == 1
    assert store.card(card).state is State.LEARNING


def test_two_ratings_in_one_millisecond_get_different_ids(store: Store) -> None:
    first, second = add(store, 2)
    ids = [store.rate(card, Rating.GOOD, PLAIN, NOW).id for card in (first, second, first)]
    assert ids == [NOW, NOW + 1, NOW + 2]


def test_a_lapse_is_counted(store: Store) -> None:
    (card,) = add(store)
    make_due(store, card)
    store.rate(card, Rating.AGAIN, PLAIN, NOW)
    store.rate(card, Rating.AGAIN, PLAIN, NOW + MINUTE)  # while relearning: no lapse
    assert store.card(card).lapses == 1


# A clock that jumps


def test_a_clock_set_back_counts_as_no_time_elapsed(store: Store) -> None:
    first, second = add(store, 2)
    for card in (first, second):
        make_due(store, card)
        put(store, card, last_day=TODAY)
    put(store, first, last_day=TODAY + 40)
    a = store.rate(first, Rating.GOOD, PLAIN, NOW)
    b = store.rate(second, Rating.GOOD, PLAIN, NOW)
    assert a.memory == b.memory
    assert store.card(first).last_day == TODAY


def test_after_the_clock_was_set_back_ratings_still_follow_each_other_in_the_log(store: Store) -> None:
    (card,) = add(store)
    store.rate(card, Rating.GOOD, PLAIN, NOW + 400 * DAY)
    store.rate(card, Rating.AGAIN, PLAIN, NOW)
    assert [row.rating for row in store.log(card)] == [Rating.GOOD, Rating.AGAIN]
    assert [row.day for row in store.log(card)] == [TODAY + 400, TODAY]


def test_a_clock_that_ran_ahead_once_does_not_move_other_cards(store: Store) -> None:
    first, second = add(store, 2)
    store.rate(first, Rating.GOOD, PLAIN, NOW + 400 * DAY)
    assert store.rate(second, Rating.GOOD, PLAIN, NOW).id == NOW


def test_a_card_that_was_rated_ahead_and_again_today_does_not_move_other_cards(store: Store) -> None:
    first, second = add(store, 2)
    store.rate(first, Rating.GOOD, PLAIN, NOW + 400 * DAY)
    store.rate(first, Rating.GOOD, PLAIN, NOW)
    assert store.rate(second, Rating.GOOD, PLAIN, NOW).id == NOW


def test_undo_takes_back_the_last_rating_even_if_the_clock_went_back_a_little(store: Store) -> None:
    first, second = add(store, 2)
    store.rate(first, Rating.GOOD, PLAIN, NOW)
    store.rate(second, Rating.GOOD, PLAIN, NOW - MINUTE)
    assert store.undo(NOW).card == second


# Siblings


def test_a_rating_buries_the_siblings_that_would_be_asked_today(store: Store) -> None:
    rated, new, due, later, stepping, days, suspended, gone = add(store, 8, siblings=8)
    make_due(store, due)
    make_due(store, later, TODAY + 1)
    put(store, stepping, state=State.LEARNING, due_ms=NOW, steps_left=1, interval=60)
    put(store, days, state=State.RELEARNING, due_day=TODAY, steps_left=1, interval=86_400)
    store.suspend([suspended])
    store.set_active([gone], False)
    review = store.rate(rated, Rating.GOOD, PLAIN, NOW)
    buried = {card.id: card.buried_by for card in store.cards_of(1) if card.is_buried(TODAY)}
    assert buried == {new: review.id, due: review.id, days: review.id}


def test_siblings_stay_when_the_policy_says_so(store: Store) -> None:
    rated, sibling = add(store, 2, siblings=2)
    store.rate(rated, Rating.GOOD, PLAIN._replace(bury_siblings=False), NOW)
    assert not store.card(sibling).is_buried(TODAY)


def test_a_card_hidden_by_hand_stays_so_when_the_sibling_is_undone(store: Store) -> None:
    rated, sibling = add(store, 2, siblings=2)
    store.bury([sibling], TODAY)
    store.rate(rated, Rating.GOOD, PLAIN, NOW)
    store.undo(NOW)
    assert store.card(sibling).is_buried(TODAY)


def test_a_hidden_card_that_is_rated_is_hidden_no_longer(store: Store) -> None:
    (card,) = add(store)
    store.bury([card], TODAY)
    store.rate(card, Rating.AGAIN, PLAIN, NOW)
    assert not store.card(card).is_buried(TODAY)


# Leeches


@pytest.mark.parametrize(("action", "suspended"), [("tag", False), ("suspend", True)])
def test_a_card_that_keeps_being_forgotten_becomes_a_leech(store: Store, action: LeechAction, suspended: bool) -> None:
    (card,) = add(store)
    make_due(store, card)
    put(store, card, lapses=7)
    policy = PLAIN._replace(leech_action=action)
    review = store.rate(card, Rating.AGAIN, policy, NOW)
    found = store.card(card)
    assert (found.leech, found.suspended, found.lapses) == (True, suspended, 8)
    assert review.leech is (Leech.SUSPENDED if suspended else Leech.TAGGED)


def test_undo_of_the_rating_that_made_a_leech_unsuspends_it(store: Store) -> None:
    (card,) = add(store)
    policy = PLAIN._replace(leech_threshold=1, leech_action="suspend", learning_steps=())
    store.rate(card, Rating.GOOD, policy, NOW)
    before = store.card(card)
    store.rate(card, Rating.AGAIN, policy, NOW + 2 * DAY)
    assert store.card(card).suspended
    store.undo(NOW + 2 * DAY)
    assert store.card(card) == before


def test_a_leech_that_was_suspended_by_hand_stays_so_after_undo(store: Store) -> None:
    (card,) = add(store)
    policy = PLAIN._replace(leech_threshold=1, leech_action="suspend", learning_steps=())
    store.rate(card, Rating.GOOD, policy, NOW)
    store.suspend([card])
    assert store.rate(card, Rating.AGAIN, policy, NOW + 2 * DAY).leech is Leech.TAGGED
    store.undo(NOW + 2 * DAY)
    assert store.card(card).suspended


# Undo


def test_undo_restores_the_card_and_adds_to_the_log(store: Store) -> None:
    (card,) = add(store)
    before = store.card(card)
    review = store.rate(card, Rating.EASY, PLAIN, NOW)
    assert store.undo(NOW + MINUTE) == review
    assert store.card(card) == before
    assert store.log(card) == []
    assert [row.voids for row in store.log(card, include_voided=True)] == [None, review.id]


def test_undo_goes_back_again_and_again(store: Store) -> None:
    cards = add(store, 3)
    before = store.cards(cards)
    for step, card in enumerate([*cards, *cards]):
        store.rate(card, Rating(1 + step % 4), PLAIN, NOW + step)
    undone = [store.undo(NOW + 100).card for _ in range(6)]
    assert undone == [*reversed(cards), *reversed(cards)]
    assert store.cards(cards) == before
    with pytest.raises(NothingToUndo):
        store.undo(NOW + 100)


def test_undo_frees_the_siblings_that_the_rating_buried(store: Store) -> None:
    rated, sibling = add(store, 2, siblings=2)
    store.rate(rated, Rating.GOOD, PLAIN, NOW)
    assert store.card(sibling).is_buried(TODAY)
    store.undo(NOW)
    assert not store.card(sibling).is_buried(TODAY)


def test_undo_does_not_reach_into_yesterday(store: Store) -> None:
    (card,) = add(store)
    store.rate(card, Rating.GOOD, PLAIN, NOW - DAY)
    with pytest.raises(NothingToUndo):
        store.undo(NOW)


def test_a_rating_followed_by_another_is_not_undone_after_the_clock_was_set_back(store: Store) -> None:
    (card,) = add(store)
    store.rate(card, Rating.GOOD, PLAIN, NOW)
    store.rate(card, Rating.GOOD, PLAIN, NOW + 3 * DAY)
    with pytest.raises(NothingToUndo):
        store.undo(NOW + MINUTE)


def test_undo_beneath_a_due_day_set_by_hand_keeps_that_day(store: Store) -> None:
    (card,) = add(store)
    store.rate(card, Rating.EASY, PLAIN, NOW)
    store.set_due([card], TODAY + 30, NOW + 1)
    store.undo(NOW + 2)
    found = store.card(card)
    assert (found.due_day, found.memory, found.reps) == (TODAY + 30, None, 0)


acts = st.lists(
    st.tuples(st.integers(0, 3), st.sampled_from([*Rating, "undo", "forget", "due"]), st.integers(0, 30)), max_size=30
)


@given(acts)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40, deadline=None)
def test_undoing_all_ratings_of_a_day_restores_the_cards_after_any_acts(
    store: Store, acts: list[tuple[int, Rating | str, int]]
) -> None:
    cards = add(store, 4, siblings=2)
    policy = Policy(leech_threshold=2, leech_action="suspend")
    now = NOW + 1000 * DAY
    for which, act, days in acts:
        now += days * DAY
        _do(store, cards[which], act, policy, now)
    now += 2 * DAY
    before = store.cards(cards)
    ratings = 0
    for which, act, _ in acts:
        if isinstance(act, Rating):
            now += 1000
            store.rate(cards[which], act, policy, now)
            ratings += 1
    for _ in range(ratings):
        store.undo(now)
    assert [card._replace(buried_day=None, buried_by=None) for card in store.cards(cards)] == [
        card._replace(buried_day=None, buried_by=None) for card in before
    ]


def _do(store: Store, card: int, act: Rating | str, policy: Policy, now: int) -> None:
    if isinstance(act, Rating):
        store.rate(card, act, policy, now)
    elif act == "undo":
        try:
            store.undo(now)
        except NothingToUndo:
            return
    elif act == "forget":
        store.forget([card], now)
    else:
        store.set_due([card], store.clock.day(now) + 3, now)


def test_days_between_ratings_are_calendar_days_though_the_clocks_changed(tmp_path: Path) -> None:
    # 24 hours are counted back nine times from the rollover after the second rating: Anki says nine days.
    store = open_store(tmp_path)
    store.clock = Clock(zone=ZoneInfo("America/New_York"))
    zone = store.clock.zone
    first, second = datetime(2026, 10, 25, 4, 30, tzinfo=zone), datetime(2026, 11, 2, 12, 0, tzinfo=zone)
    (card,) = add(store)
    store.rate(card, Rating.EASY, PLAIN, int(first.timestamp()) * 1000)
    memory = store.card(card).memory
    store.rate(card, Rating.GOOD, PLAIN, int(second.timestamp()) * 1000)
    assert store.card(card).memory == Model().next_memories(memory, 8)[Rating.GOOD]
    store.connection.close()


def test_two_processes_rating_at_once_both_succeed(tmp_path: Path) -> None:
    cards = add(open_store(tmp_path), 100)
    policy = one_deck()[0].policy

    def rate_some(start: int) -> None:
        own = open_store(tmp_path)
        for card in cards[start::2]:
            own.rate(card, Rating.GOOD, policy, NOW)
        own.connection.close()

    threads = [threading.Thread(target=rate_some, args=(start,)) for start in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    store = open_store(tmp_path)
    assert store.connection.execute("SELECT count(*), count(DISTINCT id) FROM reviews").fetchone() == (100, 100)
    assert {store.card(card).reps for card in cards} == {1}
    store.connection.close()
