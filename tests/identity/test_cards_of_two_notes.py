"""What the scheduler does when it turns out which card is which."""

from __future__ import annotations

import sqlite3
from datetime import UTC
from typing import TYPE_CHECKING

import pytest

from scheduler import Clock, NewCard, Policy, Rating, ReviewKind, Store, TableSet, open_database
from scheduler.acts import delete_unused_cards, hand_over_reviews, rename_slots
from scheduler.store import TABLE_SET

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

DAY_MS = 86_400_000
START = 20_000 * DAY_MS + DAY_MS // 2
POLICY = Policy()


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    rooms: tuple[TableSet, ...] = (TABLE_SET,)
    connection = open_database(tmp_path / "state.db", rooms, tmp_path / "backups")
    yield Store(connection, Clock(zone=UTC))
    connection.close()


def slots(store: Store, note: int = 1) -> dict[str, int]:
    return {card.slot: card.id for card in store.cards_of(note)}


def add(store: Store, *names: str, note: int = 1) -> list[int]:
    return list(store.add_cards([NewCard(note, name, 1, 0) for name in names], START))


def test_two_cards_change_their_slots_at_once(store: Store) -> None:
    one, two = add(store, "forward", "reverse")
    done = rename_slots(store.connection, 1, [("forward", "reverse"), ("reverse", "forward")])
    assert slots(store) == {"forward": two, "reverse": one}
    assert len(done) == 2


def test_a_card_is_not_renamed_over_another_one(store: Store) -> None:
    one, two, three = add(store, "c1", "c2", "c3")
    assert rename_slots(store.connection, 1, [("c1", "c2"), ("c2", "c3")]) == []
    assert slots(store) == {"c1": one, "c2": two, "c3": three}


def test_slots_that_do_not_exist_are_passed_over(store: Store) -> None:
    (one,) = add(store, "c1")
    assert rename_slots(store.connection, 1, [("c7", "c8"), ("c1", "c2")]) == [("c1", "c2")]
    assert slots(store) == {"c2": one}


def test_ratings_are_handed_over_at_the_instants_they_were_made(store: Store) -> None:
    (target,) = add(store, "forward")
    (source,) = add(store, "forward", note=2)
    store.rate(target, Rating.GOOD, POLICY, START)
    store.rate(source, Rating.GOOD, POLICY, START + DAY_MS, 1234)
    store.rate(source, Rating.HARD, POLICY, START + 3 * DAY_MS)
    assert hand_over_reviews(store, source, target, POLICY, START + 9 * DAY_MS) == 2
    log = store.log(target)
    assert [(row.rating, row.day) for row in log] == [
        (Rating.GOOD, 20_000),
        (Rating.GOOD, 20_001),
        (Rating.HARD, 20_003),
    ]
    assert log[1].duration_ms == 1234
    assert store.log(source) == []
    assert (store.card(source).reps, store.card(target).reps) == (0, 3)
    assert store.find_differences(lambda _deck: POLICY.parameters) == []


def test_a_rating_handed_over_is_counted_once(store: Store) -> None:
    (target,) = add(store, "forward")
    (source,) = add(store, "forward", note=2)
    store.rate(source, Rating.GOOD, POLICY, START)
    before = store.done(20_000)
    hand_over_reviews(store, source, target, POLICY, START + 1000)
    assert store.done(20_000) == before


def test_a_handed_over_rating_that_was_taken_back_is_left_out(store: Store) -> None:
    (target,) = add(store, "forward")
    (source,) = add(store, "forward", note=2)
    store.rate(source, Rating.GOOD, POLICY, START)
    store.undo(START + 10)
    assert hand_over_reviews(store, source, target, POLICY, START + 1000) == 0
    assert [row.kind for row in store.log(source, include_voided=True)] == [ReviewKind.RATING, ReviewKind.VOID]


def test_only_cards_without_a_log_are_dropped(store: Store) -> None:
    _, two = add(store, "c1", "c2")
    store.rate(two, Rating.GOOD, POLICY, START)
    assert delete_unused_cards(store.connection, 1) == 1
    assert slots(store) == {"c2": two}
    with pytest.raises(sqlite3.IntegrityError):
        store.connection.execute("DELETE FROM cards")
