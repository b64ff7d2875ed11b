"""Schedules and logs of ours in the real Anki core, and what it computes from them."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from flashcards.collection import Collection, now_ms
from scheduler import Rating
from tests.anki.imports.anki_world import World
from tests.anki.imports.home import Home
from tests.real.history_world import (
    HOUR_MS,
    deck_text,
    differences,
    exported,
    into,
    live,
    profile_of,
    recomputed,
    states_in,
)

pytest.importorskip("anki.collection", reason="needs the anki wheel")

ROOT = Path(__file__).parents[2]


def played(folder: Path, seed: int, *, cards: int = 12, acts: int = 60, days: int = 60, toml: str = "") -> Home:
    """A collection with a random history."""
    home = Home(folder / "decks")
    home.write("deck.md", deck_text(cards))
    home.write("flashcards.toml", toml)
    with Collection(home.root) as collection:
        collection.scan()
        live(collection, acts, days, random.Random(seed))
    return home


@given(seed=st.integers(0, 10**9), days=st.sampled_from([2, 30, 400]))
@settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_anki_holds_and_computes_the_same_after_any_history(
    tmp_path_factory: pytest.TempPathFactory, seed: int, days: int
) -> None:
    folder = tmp_path_factory.mktemp("world")
    home, world = played(folder, seed, days=days), World(folder / "anki")
    with Collection(home.root) as collection:
        package = exported(collection, folder / "there.apkg")
        into(world, package)
        assert differences(collection, world) == []
        states = states_in(package, folder)
        stability, difficulty = recomputed(world, states)
        assert max(stability, difficulty) <= 1e-5
    world.close()


def test_a_review_in_the_first_second_of_a_day_counts_on_the_same_day_as_in_anki(tmp_path: Path) -> None:
    home, world = Home(tmp_path / "decks"), World(tmp_path / "anki")
    home.write("deck.md", deck_text(6))
    with Collection(home.root) as collection:
        collection.scan()
        cards = [row[0] for row in collection.connection.execute("SELECT id FROM cards ORDER BY id")]
        policy = collection.policy(collection.store.card(cards[0]).deck)
        now = now_ms()
        shift = collection.clock.present_shift_seconds(now)
        begin = ((now // 1000 + shift) // 86_400 - 20) * 86_400_000 - shift * 1000
        for card, after in zip(cards, (-1000, -1, 0, 500, 999, 1000), strict=True):
            collection.store.rate(card, Rating.EASY, policy, begin + after)
        for number, card in enumerate(cards):
            collection.store.rate(card, Rating.HARD, policy, begin + 250 * HOUR_MS + number)
        package = exported(collection, tmp_path / "there.apkg")
    into(world, package)
    assert max(recomputed(world, states_in(package, tmp_path))) <= 1e-5
    world.close()


@given(seed=st.integers(0, 10**9))
@settings(max_examples=6, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_history_comes_back_unchanged(tmp_path_factory: pytest.TempPathFactory, seed: int) -> None:
    folder = tmp_path_factory.mktemp("world")
    home, world = played(folder, seed), World(folder / "anki", limits=True)
    with Collection(home.root) as collection:
        into(world, exported(collection, folder / "there.apkg"))
    back = world.export(folder / "back.apkg")
    before = home.state()
    assert not home.import_file(back).changes_anything
    assert home.state()[:3] == before[:3]
    fresh = Home(folder / "fresh")
    fresh.import_file(back)
    with Collection(fresh.root) as collection:
        collection.scan()
        rows = collection.connection.execute(
            "SELECT state, due_day, due_ms / 1000, reps, lapses, flag, suspended FROM cards"
        )
        there = sorted(rows.fetchall(), key=repr)
    with Collection(home.root) as collection:
        rows = collection.connection.execute(
            "SELECT state, due_day, due_ms / 1000, reps, lapses, flag, suspended FROM cards"
        )
        assert sorted(rows.fetchall(), key=repr) == there
    world.close()


def test_reviews_of_both_sides_are_merged_by_time_each_once(tmp_path: Path) -> None:
    home, world = played(tmp_path, 5, acts=40), World(tmp_path / "anki")
    with Collection(home.root) as collection:
        into(world, exported(collection, tmp_path / "there.apkg"))
    world.answer(5)
    with Collection(home.root) as collection:
        live(collection, 6, 1, random.Random(6))
        ours = {row[0] for row in collection.connection.execute("SELECT id FROM reviews WHERE kind <> 3")}
    theirs = {row[0] for row in world.db.execute("SELECT id FROM revlog")}
    home.import_file(world.export(tmp_path / "back.apkg"))
    with Collection(home.root) as collection:
        merged = [row[0] for row in collection.connection.execute("SELECT id FROM reviews WHERE kind NOT IN (3, 4)")]
        assert set(merged) == ours | theirs
        assert len(merged) == len(set(merged))
        assert collection.store.find_differences(lambda deck: collection.policy(deck).parameters) == []
    assert not home.import_file(tmp_path / "back.apkg").changes_anything
    world.close()


def test_settings_become_presets_and_decks_with_the_same_share_one(tmp_path: Path) -> None:
    home, world = Home(tmp_path / "decks"), World(tmp_path / "anki")
    for name in ("one", "two", "hard"):
        home.write(f"{name}.md", f"Q: {name}?\nA: yes\n")
    home.write(
        "flashcards.toml",
        'retention = 0.85\nlearning_steps = "30s 5m 2d"\nnew_per_day = 7\nmaximum_interval = 100\n'
        'review_order = "overdue"\nnew_mix = "first"\neasy_days = "sat=0.5 sun=0"\nbury_siblings = false\n'
        '[decks."hard"]\nretention = 0.95\nleech_action = "suspend"\nleech_threshold = 4\nrelearning_steps = ""\n',
    )
    with Collection(home.root) as collection:
        collection.scan()
        into(world, exported(collection, tmp_path / "there.apkg"))
    of = {
        deck: world.decks.config_dict_for_deck_id(world.col.decks.id_for_name(deck)) for deck in ("one", "two", "hard")
    }
    assert of["one"]["id"] == of["two"]["id"] != of["hard"]["id"]
    one: dict[str, Any] = of["one"]
    assert (one["name"], of["hard"]["name"]) == ("Flashcards", "Flashcards: hard")
    assert one["desiredRetention"] == pytest.approx(0.85)
    assert one["new"]["delays"] == pytest.approx([0.5, 5, 2880])
    assert (one["new"]["perDay"], one["rev"]["maxIvl"], one["reviewOrder"], one["newMix"]) == (7, 100, 12, 2)
    assert one["easyDaysPercentages"] == [1, 1, 1, 1, 1, 0.5, 0]
    assert (one["new"]["bury"], len(one["fsrsParams6"])) == (False, 21)
    assert of["hard"]["desiredRetention"] == pytest.approx(0.95)
    assert (of["hard"]["lapse"]["leechAction"], of["hard"]["lapse"]["leechFails"]) == (0, 4)
    assert of["hard"]["lapse"]["delays"] == []
    world.close()


def test_options_that_a_person_changed_in_anki_survive_the_next_import(tmp_path: Path) -> None:
    home, world = played(tmp_path, 1), World(tmp_path / "anki")
    with Collection(home.root) as collection:
        into(world, exported(collection, tmp_path / "there.apkg"))
        preset = world.decks.config_dict_for_deck_id(world.col.decks.id_for_name("deck"))
        preset["desiredRetention"] = 0.8
        world.decks.save(preset)
        into(world, exported(collection, tmp_path / "again.apkg"))
    preset = world.decks.config_dict_for_deck_id(world.col.decks.id_for_name("deck"))
    assert preset["desiredRetention"] == pytest.approx(0.8)
    world.close()


def test_without_history_every_card_is_new_and_has_the_options_of_anki(tmp_path: Path) -> None:
    from flashcards.anki.exports.export import export_package

    home, world = played(tmp_path, 2), World(tmp_path / "anki")
    with Collection(home.root) as collection:
        export_package(collection, ["deck"], tmp_path / "shared.apkg", history=False)
    into(world, tmp_path / "shared.apkg")
    assert world.db.list("SELECT DISTINCT type FROM cards") == [0]
    assert world.db.scalar("SELECT count() FROM revlog") == 0
    assert world.decks.config_dict_for_deck_id(world.col.decks.id_for_name("deck"))["id"] == 1
    world.close()


def test_a_whole_collection_replaces_ankis_and_switches_fsrs_on(tmp_path: Path) -> None:
    home = played(tmp_path, 3)
    with Collection(home.root) as collection:
        package = exported(collection, tmp_path / "all.colpkg")
        states = states_in(package, tmp_path)
    world = profile_of(package, tmp_path / "profile")
    with Collection(home.root) as collection:
        assert differences(collection, world) == []
    assert world.col.get_config("fsrs") is True
    assert max(recomputed(world, states)) <= 1e-5
    world.close()


def test_cards_that_are_buried_today_stay_so_in_a_whole_collection(tmp_path: Path) -> None:
    home = Home(tmp_path / "decks")
    home.write("deck.md", "T: term\nD: definition\n\n" + deck_text(2))
    with Collection(home.root) as collection:
        collection.scan()
        first, sibling, other, _ = [row[0] for row in collection.connection.execute("SELECT id FROM cards ORDER BY id")]
        policy = collection.policy(collection.store.card(first).deck)._replace(bury_siblings=True)
        collection.store.rate(first, Rating.EASY, policy, now_ms() - 100 * 24 * HOUR_MS)
        collection.store.rate(first, Rating.GOOD, policy, now_ms())
        collection.store.bury([other], collection.clock.day(now_ms()))
        package = exported(collection, tmp_path / "all.colpkg")
    world = profile_of(package, tmp_path / "profile")
    assert world.sched.today  # where it takes the day for a new one, Anki unburies all cards now
    assert dict(world.db.all("SELECT id, queue FROM cards WHERE queue < 0")) == {sibling: -2, other: -3}
    world.close()


def test_todays_new_cards_count_in_their_deck_and_its_parents(tmp_path: Path) -> None:
    home = Home(tmp_path / "decks")
    home.write("deck.md", "---\ndeck: above::below\n---\n" + deck_text(40))
    with Collection(home.root) as collection:
        collection.scan()
        cards = [row[0] for row in collection.connection.execute("SELECT id FROM cards ORDER BY id")]
        policy = collection.policy(collection.store.card(cards[0]).deck)
        for number, card in enumerate(cards[:7]):
            collection.store.rate(card, Rating.EASY, policy, now_ms() + number)
        package = exported(collection, tmp_path / "all.colpkg")
    world = profile_of(package, tmp_path / "profile")
    (above,) = (each for each in world.sched.deck_due_tree().children if each.name == "above")
    assert (above.new_count, above.children[0].new_count) == (policy.new_per_day - 7, policy.new_per_day - 7)
    world.close()


ZONES = ("UTC", "America/New_York", "Asia/Kolkata", "Pacific/Auckland")


@pytest.mark.slow
@pytest.mark.parametrize("rollover", [4, 0, 9])
@pytest.mark.parametrize("zone", ZONES)
def test_states_equal_those_of_anki_in_every_time_zone_and_with_every_rollover(
    tmp_path: Path, zone: str, rollover: int
) -> None:
    code = (
        "import sys; from pathlib import Path; from tests.real.test_history_in_anki import compared;"
        "compared(Path(sys.argv[1]), int(sys.argv[2]))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path), str(rollover)],
        env={**os.environ, "TZ": zone, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["differences"] == []
    assert found["cards"] > 100
    assert max(found["worst"]) <= 1e-5


def compared(folder: Path, rollover: int) -> None:
    """Print, as JSON, how a year's history compares with what Anki makes of it."""
    home = played(folder, rollover, cards=200, acts=2_000, days=400, toml=f"rollover = {rollover}\n")
    world = World(folder / "anki")
    world.col.set_config("rollover", rollover)
    world.sched.deck_due_tree()  # a new day, if it is one, begins before the import and not while it is looked at
    with Collection(home.root) as collection:
        package = exported(collection, folder / "there.apkg")
        into(world, package)
        found = differences(collection, world)
    states = states_in(package, folder)
    sys.stdout.write(json.dumps({"differences": found, "worst": recomputed(world, states), "cards": len(states)}))
    world.close()


@pytest.mark.slow
def test_of_10_000_cards_not_one_differs(tmp_path: Path) -> None:
    home = played(tmp_path, 9, cards=10_000, acts=30_000, days=100)
    world = World(tmp_path / "anki", limits=True)
    with Collection(home.root) as collection:
        into(world, exported(collection, tmp_path / "there.apkg"))
        assert differences(collection, world) == []
    back = world.export(tmp_path / "back.apkg")
    before = home.state()
    assert not home.import_file(back).changes_anything
    assert home.state()[:3] == before[:3]
    world.close()
