"""Undo takes back the last thing that was done, whatever it was, and leaves the state as it was before."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any

import pytest

from scheduler import NothingToUndo, Rating, Store
from tests.scheduler.world import DAY, MINUTE, NOW, PLAIN, TODAY, add

if TYPE_CHECKING:
    from collections.abc import Callable

POLICY = PLAIN._replace(bury_siblings=True, leech_threshold=2, leech_action="suspend")


def state(store: Store) -> list[tuple[Any, ...]]:
    """Every card but for burials that are over, which have no effect."""
    rows = store.connection.execute("SELECT * FROM cards ORDER BY id").fetchall()
    names = [column[1] for column in store.connection.execute("PRAGMA table_info(cards)")]
    burial = {names.index("buried_day"), names.index("buried_by")}
    over = names.index("buried_day")

    def settle(row: tuple[Any, ...]) -> tuple[Any, ...]:
        return tuple(None if at in burial and (row[over] or 0) < TODAY else value for at, value in enumerate(row))

    return [settle(row) for row in rows]


def forget(store: Store, cards: list[int], now: int) -> None:
    with store.acts.record("forget", cards, now) as summary:
        store.forget(cards, now)
        summary.append(f"{len(cards)} cards")


def test_undo_after_forget_takes_back_forget_and_no_rating(store: Store) -> None:
    rated, *others = add(store, 3)
    for at, card in enumerate([*others, rated]):
        store.rate(card, Rating.GOOD, PLAIN, NOW + at)
    before = state(store)
    forget(store, others, NOW + MINUTE)
    undone = store.acts.undo(NOW + 2 * MINUTE)
    assert (undone.kind, undone.summary) == ("forget", "2 cards")
    assert state(store) == before


def test_acts_and_ratings_are_undone_in_the_order_in_which_they_were_done(store: Store) -> None:
    one, two = add(store, 2)
    store.rate(one, Rating.GOOD, PLAIN, NOW)
    with store.acts.record("flag", [two], NOW + 1) as summary:
        store.flag([two], 3)
        summary.append("1 card")
    store.rate(two, Rating.HARD, PLAIN, NOW + MINUTE)
    assert [act.kind for act in store.acts.read()] == ["rating", "flag", "rating"]
    assert [store.acts.undo(NOW + DAY).kind for _ in range(3)] == ["rating", "flag", "rating"]
    with pytest.raises(NothingToUndo):
        store.acts.undo(NOW + DAY)


def test_an_act_without_a_summary_is_not_recorded(store: Store) -> None:
    (card,) = add(store)
    with store.acts.record("suspend", [card], NOW):
        pass
    assert store.acts.last() is None


def test_an_act_that_fails_leaves_nothing_behind(store: Store) -> None:
    (card,) = add(store)
    with pytest.raises(RuntimeError), store.acts.record("suspend", [card], NOW) as summary:
        store.suspend([card])
        summary.append("1 card")
        raise RuntimeError
    assert store.acts.last() is None
    assert not store.card(card).suspended


def test_a_rating_that_unburied_its_card_is_undone_to_a_buried_card(store: Store) -> None:
    (card,) = add(store)
    store.bury([card], TODAY)
    before = state(store)
    store.rate(card, Rating.GOOD, PLAIN, NOW)
    store.acts.undo(NOW + 1)
    assert state(store) == before
    assert store.acts.last() is None


def test_a_rating_that_suspended_a_buried_leech_is_undone_to_a_buried_card(store: Store) -> None:
    (card,) = add(store)
    store.rate(card, Rating.EASY, PLAIN, NOW - 8 * DAY)
    store.bury([card], TODAY)
    before = state(store)
    store.rate(card, Rating.AGAIN, PLAIN._replace(leech_threshold=1, leech_action="suspend"), NOW)
    assert store.card(card).suspended
    store.acts.undo(NOW + 1)
    assert state(store) == before


def test_an_undone_act_is_not_replayed_from_the_log(store: Store) -> None:
    cards = add(store, 3)
    for card in cards:
        store.rate(card, Rating.EASY, PLAIN, NOW)
    forget(store, cards, NOW + MINUTE)
    store.acts.undo(NOW + 2 * MINUTE)
    assert store.find_differences(lambda _: PLAIN.parameters) == []


def do_something(store: Store, dice: random.Random, cards: list[int], now: int) -> bool:
    """Do one act to some of the cards; tell whether it is one that can be undone."""
    some = dice.sample(cards, dice.randint(1, len(cards)))
    acts: dict[str, Callable[[], int]] = {
        "suspend": lambda: store.suspend(some),
        "unsuspend": lambda: store.unsuspend(some),
        "bury": lambda: store.bury(some, TODAY),
        "unbury": lambda: store.unbury(some, TODAY),
        "flag": lambda: store.flag(some, dice.randint(0, 7)),
        "forget": lambda: store.forget(some, now),
        "set-due": lambda: store.set_due(some, TODAY + dice.randint(0, 9), now),
    }
    kind = dice.choice([*acts, "rate", "rate", "rate"])
    if kind == "rate":
        store.rate(some[0], Rating(dice.randint(1, 4)), POLICY, now)
        return True
    with store.acts.record(kind, some, now) as summary:
        if changed := acts[kind]():
            summary.append(f"{changed} cards")
    return bool(changed)


def live(store: Store, seed: int) -> None:
    """Do random acts and undos, then undo all; each undo must lead back to the state before its act."""
    dice = random.Random(seed)
    cards = list(store.add_cards([], NOW)) or add(store, 6, siblings=2)
    states = [state(store)]
    now = NOW
    for _ in range(dice.randint(1, 12)):
        now += dice.randint(1, 90_000)
        if do_something(store, dice, cards, now):
            states.append(state(store))
        if len(states) > 1 and dice.random() < 0.25:
            states.pop()
            store.acts.undo(now + 1)
            assert state(store) == states[-1], seed
    while len(states) > 1:
        states.pop()
        now += 1
        store.acts.undo(now)
        assert state(store) == states[-1], seed
    assert store.acts.last() is None
    assert store.find_differences(lambda _: POLICY.parameters) == []


@pytest.mark.parametrize("seed", range(60))
def test_random_acts_and_undos_return_to_the_state_before(store: Store, seed: int) -> None:
    store.connection.execute("PRAGMA synchronous = OFF")
    live(store, seed)


@pytest.mark.slow
def test_a_thousand_random_sequences_return_to_the_state_before(tmp_path_factory: pytest.TempPathFactory) -> None:
    from tests.scheduler.world import open_store

    for seed in range(1000, 2000):
        opened = open_store(tmp_path_factory.mktemp(str(seed)))
        opened.connection.execute("PRAGMA synchronous = OFF")
        live(opened, seed)
        opened.connection.close()
