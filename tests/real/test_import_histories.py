"""Histories that the real Anki core made, imported: nothing of them is lost."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from flashcards.collection import Collection
from flashcards.import_file import run
from tests.anki.imports.anki_world import World
from tests.anki.imports.home import Home
from tests.anki.imports.judge import differences
from tests.real.history_world import deck_text, exported, into, live, profile_of

pytest.importorskip("anki.collection", reason="needs the anki wheel")


def some_world(folder: Path, seed: int, *, fsrs: bool) -> World:
    chance = random.Random(seed)
    world = World(folder, fsrs=fsrs, chance=chance)
    for number in range(25):
        world.add("Basic", f"Deck::{number % 3}", Front=f"front {number}", Back=f"back {number}")
        world.add("Basic (and reversed card)", "Both", Front=f"one {number}", Back=f"other {number}")
        world.add("Cloze", "Gaps", Text=f"{{{{c1::a{number}}}}} and {{{{c2::b}}}} of {{{{c1::{number}}}}}")
    world.study(days=12, answers=25)
    cards = list(world.col.find_cards(""))
    world.col.sched.suspend_cards(chance.sample(cards, 4))
    world.col.sched.bury_cards(chance.sample(cards, 4))
    world.col.set_user_flag_for_cards(chance.randint(1, 7), chance.sample(cards, 4))
    world.col.sched.set_due_date(chance.sample(cards, 4), "3-9")
    world.col.sched.schedule_cards_as_new(chance.sample(cards, 4))
    world.answer(10)
    return world


@pytest.mark.parametrize("ending", ["new.apkg", "old.apkg", "new.colpkg", "old.colpkg"])
@pytest.mark.parametrize("fsrs", [True, False], ids=["fsrs", "sm-2"])
def test_every_card_keeps_its_state_its_status_and_its_whole_log(tmp_path: Path, ending: str, fsrs: bool) -> None:
    world = some_world(tmp_path / "anki", len(ending), fsrs=fsrs)
    package = world.export(tmp_path / ending, legacy=ending.startswith("old"))
    root = tmp_path / "decks"
    root.mkdir()
    with Collection(root) as collection:
        collection.scan()
        report = run(collection, package)
        assert report.added == 75
        assert report.reviews > 150
        assert differences(collection, world.db, world.col.sched.today) == []
        assert collection.store.find_differences(lambda deck: collection.policy(deck).parameters) == []
    with Collection(root) as collection:
        collection.scan()
        assert not run(collection, package).changes_anything
    world.close()


@pytest.mark.parametrize("seed", range(3))
def test_cards_that_were_new_on_both_sides_have_one_history_on_both(tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)
    home = Home(tmp_path / "decks")
    home.write("deck.md", deck_text(12))
    world = World(tmp_path / "anki", chance=chance)
    into(world, home.with_collection(lambda collection: exported(collection, tmp_path / "new.apkg")))  # type: ignore[arg-type]
    home.with_collection(lambda collection: live(collection, 30, 8, chance, {"rate": 1}))
    world.study(days=4, answers=9)
    home.import_file(world.export(tmp_path / "back.apkg"))
    with Collection(home.root) as collection:
        collection.scan()
        firsts = "SELECT card FROM reviews WHERE kind = 0 AND state_before = 0 GROUP BY card HAVING count(*) > 1"
        assert collection.connection.execute(firsts).fetchall()
        assert collection.store.find_differences(lambda deck: collection.policy(deck).parameters) == []
        here = {card.id: card for card in collection.store.cards(world.db.list("SELECT id FROM cards"))}
        there = profile_of(exported(collection, tmp_path / "all.colpkg"), tmp_path / "profile")
    for number in there.db.list("SELECT id FROM cards WHERE type > 0"):
        state = there.col.compute_memory_state(number)
        memory = (here[number].stability, here[number].difficulty)
        assert memory == pytest.approx((state.stability, state.difficulty), rel=1e-4)
    there.close()
    world.close()
