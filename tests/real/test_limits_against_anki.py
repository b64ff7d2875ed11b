"""Daily limits and leeches, side by side with the real Anki core."""

from __future__ import annotations

import json
import random
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from scheduler import Clock, DeckPolicy, Policy, Store, build_queue
from scheduler.policy import ReviewOrder, is_leech_lapse
from tests.anki.imports.anki_world import World
from tests.scheduler.world import DECK, NOW, add, asked, make_due, open_store, put

pytest.importorskip("anki.collection", reason="needs the anki wheel")

limit = st.integers(0, 6)


@given(parent=st.tuples(limit, limit), first=st.tuples(limit, limit), second=st.tuples(limit, limit))
@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_as_many_cards_are_asked_as_anki_asks(
    tmp_path_factory: pytest.TempPathFactory,
    parent: tuple[int, int],
    first: tuple[int, int],
    second: tuple[int, int],
) -> None:
    """Four new cards and four reviews in each of two decks, below one whose limits bind both."""
    folder = tmp_path_factory.mktemp("limits")
    world = World(folder / "anki", limits=True)
    store = open_store(folder)
    given_limits = {"top": parent, "top::one": first, "top::two": second}
    for name, (new, reviews) in given_limits.items():
        preset = world.decks.add_config(name)
        preset["new"]["perDay"], preset["rev"]["perDay"] = new, reviews
        preset["new"]["bury"] = preset["rev"]["bury"] = False
        world.decks.save(preset)
        deck = world.decks.by_name(name) or world.decks.get(world.decks.id(name))
        deck["conf"] = preset["id"]
        world.decks.save(deck)
    for number, name in ((1, "top::one"), (2, "top::two")):
        for card in range(8):
            world.add("Basic", name, Front=f"{name} {card}", Back="x")
        due = world.db.list("SELECT id FROM cards WHERE did = ? ORDER BY id LIMIT 4", world.decks.id(name))
        for each in due:
            world.db.execute(
                "UPDATE cards SET type = 2, queue = 2, due = ?, ivl = 10, factor = 2500, reps = 1 WHERE id = ?",
                world.sched.today,
                each,
            )
        for each in add(store, 8, deck=number)[:4]:
            make_due(store, each)
    world.decks.select(world.decks.id("top"))
    theirs: Any = world.sched.get_queued_cards(fetch_limit=100)
    policies = {
        name: Policy(new_per_day=new, reviews_per_day=reviews, bury_siblings=False)
        for name, (new, reviews) in given_limits.items()
    }
    decks = [
        DeckPolicy(50, (), policies["top"]),
        DeckPolicy(1, (50,), policies["top::one"]),
        DeckPolicy(2, (50,), policies["top::two"]),
    ]
    ours = build_queue(store, decks, NOW).counts()
    world.close()
    assert (ours.new, ours.review) == (theirs.new_count, theirs.review_count)


@pytest.mark.parametrize(("order", "number"), [("retrievability", 11), ("overdue", 12)])
def test_due_cards_come_in_the_order_in_which_anki_asks_them(tmp_path: Path, order: ReviewOrder, number: int) -> None:
    world = World(tmp_path / "anki")
    store = Store(open_store(tmp_path).connection, Clock())
    chance, now = random.Random(3), int(time.time())
    for card in range(14):
        world.add("Basic", "Default", Front=str(card), Back="x")
    theirs = world.db.list("SELECT id FROM cards ORDER BY id")
    ours = add(store, len(theirs))
    today_here = store.clock.day(now * 1000)
    for here, there in zip(ours, theirs, strict=True):
        days, late = chance.choice([1, 3, 10, 40, 200]), chance.choice([0, 1, 2, 5, 20, 60])
        stability, last = round(days * chance.uniform(0.4, 2.5), 4), now - (days + late) * 86_400
        world.db.execute(
            "UPDATE cards SET type = 2, queue = 2, due = ?, ivl = ?, factor = 2500, reps = 1, data = ? WHERE id = ?",
            *(world.sched.today - late, days),
            json.dumps({"s": stability, "d": 5.0, "dr": 0.9, "decay": 0.154, "lrt": last}),
            there,
        )
        make_due(store, here, today_here - late, interval_days=days)
        put(store, here, stability=stability, last_day=today_here - late - days)
    preset = world.decks.get_config(1)
    preset["reviewOrder"] = number
    world.decks.save(preset)
    queued: Any = world.sched.get_queued_cards(fetch_limit=100)
    asked_there = [theirs.index(entry.card.id) for entry in queued.cards]
    world.close()
    policy = Policy(review_order=order, learning_steps=())
    queue = build_queue(store, [DeckPolicy(DECK, (), policy)], now * 1000)
    assert [ours.index(card) for card in asked(queue, store, policy, now * 1000)] == asked_there


@pytest.mark.parametrize("threshold", [1, 2, 3, 5, 8])
def test_a_card_becomes_a_leech_at_the_same_lapses_as_in_anki(tmp_path: Path, threshold: int) -> None:
    world = World(tmp_path / "anki")
    preset = world.decks.get_config(1)
    preset["lapse"].update(leechFails=threshold, leechAction=1)
    world.decks.save(preset)
    note = world.add("Basic", "Default", Front="a", Back="b")
    (card_id,) = world.db.list("SELECT id FROM cards")
    found = []
    for lapses in range(1, 2 * threshold + 4):
        world.db.execute(
            "UPDATE cards SET type = 2, queue = 2, due = ?, ivl = 10, factor = 2500, left = 0 WHERE id = ?",
            world.sched.today,
            card_id,
        )
        card = world.col.get_card(card_id)
        card.start_timer()
        world.sched.answerCard(card, 1)
        note.load()
        if "leech" in note.tags:
            found.append(lapses)
            note.tags = []
            world.col.update_note(note)
        time.sleep(0.002)  # Anki numbers the rows of its log by the millisecond
    world.close()
    assert found == [lapses for lapses in range(1, 2 * threshold + 4) if is_leech_lapse(lapses, threshold)]
