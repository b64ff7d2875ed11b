from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from scheduler import (
    DEFAULT_PARAMETERS,
    Memory,
    NewCard,
    Policy,
    Rating,
    ReviewKind,
    State,
    Store,
    log_arrays,
    transaction,
)
from scheduler.log import CardHistory, DayConverter, ImportedReview, ImportedState
from scheduler.memory import Model
from scheduler.merge import add_stated_cards, merge
from scheduler.tables import append
from tests.scheduler.test_memory import FSRS_5
from tests.scheduler.test_rate import _do
from tests.scheduler.world import CLOCK, DAY, DECK, MINUTE, NOW, PLAIN, TODAY, add, put


def default(_: int) -> tuple[float, ...]:
    return DEFAULT_PARAMETERS


acts = st.lists(
    st.tuples(st.integers(0, 3), st.sampled_from([*Rating, "undo", "forget", "due"]), st.integers(0, 30)), max_size=40
)


@given(acts)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40, deadline=None)
def test_after_any_acts_the_cards_follow_from_the_log(store: Store, acts: list[tuple[int, Rating | str, int]]) -> None:
    cards = add(store, 4, siblings=2)
    now = NOW
    for which, act, days in acts:
        now += days * DAY
        _do(store, cards[which], act, Policy(leech_threshold=2), now)
    assert store.find_differences(default) == []


def test_cards_that_lost_their_state_get_it_back(store: Store) -> None:
    cards = add(store, 3)
    for step, card in enumerate(cards * 4):
        store.rate(card, Rating(1 + step % 4), PLAIN, NOW + step * DAY)
    before = store.cards(cards)
    put(store, cards[0], state=0, due_day=None, due_ms=None, interval=0, reps=0, last_day=None, last_ms=None)
    put(store, cards[1], stability=999.0, lapses=7, leech=1)
    found = store.repair(default)
    assert {difference.card for difference in found} == {cards[0], cards[1]}
    assert {difference.field for difference in found if difference.card == cards[1]} == {"stability", "lapses", "leech"}
    assert store.find_differences(default) == []
    for after, was in zip(store.cards(cards), before, strict=True):
        assert after._replace(stability=None, difficulty=None) == was._replace(stability=None, difficulty=None)


def test_finding_differences_changes_nothing(store: Store) -> None:
    (card,) = add(store)
    store.rate(card, Rating.EASY, PLAIN, NOW)
    put(store, card, stability=999.0)
    store.find_differences(default)
    assert store.card(card).stability == 999.0


def test_what_a_person_set_by_hand_is_left_alone(store: Store) -> None:
    (card,) = add(store)
    store.suspend([card])
    store.flag([card], 3)
    store.bury([card], 99_999)
    before = store.card(card)
    assert store.repair(default) == []
    assert store.card(card) == before


def test_each_deck_is_replayed_with_its_own_parameters(store: Store) -> None:
    (first,), (second,) = add(store, 1, deck=1), add(store, 1, deck=2)
    for card in (first, second):
        store.rate(card, Rating.EASY, PLAIN, NOW)
    found = store.find_differences(lambda deck: FSRS_5 if deck == 2 else DEFAULT_PARAMETERS)
    assert {difference.card for difference in found} == {second}
    assert {difference.field for difference in found} == {"stability", "difficulty"}


def test_what_an_open_transaction_wrote_is_replayed_too(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log_arrays, "_MANY", 1)  # as if the log were so long that other connections help to read it
    (card,) = add(store)
    store.rate(card, Rating.GOOD, PLAIN, NOW)
    with transaction(store.connection):
        store.rate(card, Rating.EASY, PLAIN, NOW + DAY)
        assert store.find_differences(default) == []
    assert store.find_differences(default) == []


def test_ratings_that_the_log_lacks_are_counted_unless_they_were_taken_back(store: Store) -> None:
    card, other = add(store, 2)
    for each in (card, other):
        store.rate(each, Rating.GOOD, PLAIN, NOW)
    added = {"kind": ReviewKind.TAKEN_OVER, "rating": None, "stability": None, "difficulty": None, "reps_added": 7}
    row = store.log(card)[0]._replace(id=NOW + 1000, **added)  # type: ignore[arg-type]  # of many types
    append(store.connection, row)
    put(store, card, reps=8)
    assert store.find_differences(default) == []
    append(store.connection, row._replace(id=NOW + 2000, kind=ReviewKind.VOID, voids=row.id, reps_added=0))
    assert store.find_differences(default) == [(card, "reps", 8, 1)]


stated = st.builds(
    ImportedState,
    state=st.sampled_from([State.LEARNING, State.REVIEW, State.RELEARNING]),
    due_day=st.none() | st.integers(TODAY - 400, TODAY + 400),
    due_ms=st.none() | st.integers(NOW - DAY, NOW + DAY),
    steps_left=st.integers(0, 2),
    interval=st.integers(60, 90 * 86_400),
    reps=st.integers(0, 20),
    lapses=st.integers(0, 20),
    leech=st.booleans(),
    changed_ms=st.integers(NOW - 3, NOW),
    memory=st.none() | st.builds(Memory, st.floats(0.1, 400), st.floats(1, 10)),
    keeps_log=st.just(False),
)


@given(st.lists(stated, max_size=4))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40, deadline=None)
def test_a_stated_schedule_of_a_new_card_is_adopted_as_in_a_merge(store: Store, states: list[ImportedState]) -> None:
    days = DayConverter(CLOCK.day, CLOCK.offset_minutes)

    def take(add_all: Callable[[], None]) -> list[list[tuple[object, ...]]]:
        found = []
        with suppress(_Undo), transaction(store.connection):
            add_all()
            found = [
                store.connection.execute(f"SELECT * FROM {table} ORDER BY id").fetchall()
                for table in ("cards", "reviews")
            ]
            raise _Undo
        return found

    def merge_all() -> None:
        cards = add(store, len(states))
        histories = [CardHistory(card, (), state) for card, state in zip(cards, states, strict=True)]
        merge(store.connection, histories, days, lambda _: Model(DEFAULT_PARAMETERS))

    def add_at_once() -> None:
        places = [NewCard(at + 1, "c1", DECK, at) for at in range(len(states))]
        cards = zip(range(NOW, NOW + len(states)), places, states, strict=True)
        add_stated_cards(store.connection, cards, days)

    assert take(add_at_once) == take(merge_all)


def test_very_many_states_of_one_time_are_added_in_linear_time(store: Store) -> None:
    state = ImportedState(State.REVIEW, TODAY, None, 0, 86_400, 1, 0, leech=False, changed_ms=NOW, keeps_log=False)
    cards = ((NOW + at, NewCard(at + 1, "c1", DECK, at), state) for at in range(20_000))  # else it takes minutes
    add_stated_cards(store.connection, cards, DayConverter(CLOCK.day, CLOCK.offset_minutes))
    found = store.connection.execute("SELECT min(id), max(id), count(*) FROM reviews").fetchone()
    assert found == (NOW, NOW + 19_999, 20_000)


@given(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 5)), max_size=25))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40, deadline=None)
def test_a_merge_repeated_adds_nothing_even_where_times_collide(store: Store, given: list[tuple[int, int]]) -> None:
    days = DayConverter(CLOCK.day, CLOCK.offset_minutes)
    states = State.REVIEW, State.REVIEW, 86_400, 86_400
    with suppress(_Undo), transaction(store.connection):
        cards = add(store, 3)
        histories = [
            CardHistory(
                card,
                [
                    ImportedReview(NOW - DAY + at, ReviewKind.RATING, Rating.GOOD, 0, *states)
                    for at in sorted({at for which, at in given if which == place})
                ],
                ImportedState.of_card(store.card(card), 0),
            )
            for place, card in enumerate(cards)
        ]
        first = merge(store.connection, histories, days, lambda _: Model(DEFAULT_PARAMETERS))
        assert first.reviews == len(set(given))
        assert merge(store.connection, histories, days, lambda _: Model(DEFAULT_PARAMETERS)).reviews == 0
        raise _Undo


def test_undo_computes_the_memory_with_reviews_that_came_in_between_later(store: Store) -> None:
    (card,) = add(store)
    store.rate(card, Rating.GOOD, PLAIN, NOW)
    store.rate(card, Rating.AGAIN, PLAIN, NOW + 10 * MINUTE)
    step = State.LEARNING, State.LEARNING, 600, 600
    elsewhere = ImportedReview(NOW + MINUTE, ReviewKind.RATING, Rating.GOOD, 0, *step)
    history = CardHistory(card, [elsewhere], ImportedState.of_card(store.card(card), 0))
    days = DayConverter(CLOCK.day, CLOCK.offset_minutes)
    with transaction(store.connection):
        merge(store.connection, [history], days, lambda _: Model(DEFAULT_PARAMETERS))
    before = store.card(card)
    store.rate(card, Rating.EASY, PLAIN, NOW + 20 * MINUTE)
    store.undo(NOW + 20 * MINUTE)
    assert store.card(card) == before
    assert store.find_differences(default) == []
    elsewhere_now = ImportedState.of_card(before, NOW + 30 * MINUTE)._replace(reps=9)
    with transaction(store.connection):
        merge(
            store.connection,
            [CardHistory(card, log_of(store, card), elsewhere_now)],
            days,
            lambda _: Model(DEFAULT_PARAMETERS),
        )
    assert store.card(card).reps == 9
    assert store.find_differences(default) == []


def log_of(store: Store, card: int) -> list[ImportedReview]:
    """Return the log of a card as another program has it."""
    return [
        ImportedReview(row.id, row.kind, row.rating, 0, row.state_before, row.state_after, 600, 600)
        for row in store.log(card)
    ]


class _Undo(Exception):
    """Takes a transaction back."""
