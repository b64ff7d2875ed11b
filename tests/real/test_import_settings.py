"""Settings of decks to Anki's real core and back again."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from flashcards.anki.exports.export import export_package
from flashcards.anki.exports.notes import find_decks_in_use
from flashcards.collection import Collection
from scheduler import Policy
from tests.anki.imports.anki_world import World
from tests.anki.imports.home import Home

pytest.importorskip("anki.collection", reason="needs the anki wheel")

SETTINGS = """
[decks."one"]
retention = 0.83
learning_steps = "30s 1h 2d"
relearning_steps = ""
maximum_interval = 400
new_per_day = 0
reviews_per_day = 77
bury_siblings = false
leech_threshold = 5
leech_action = "suspend"
easy_days = "sat=0.5 sun=0"
new_order = "random"
review_order = "retrievability"
new_mix = "first"
ignore_reviews_before = "2024-01-31"
parameters = [
  0.5, 1.0, 2.0, 8.0, 6.4, 0.8, 3.0, 0.001, 1.8, 0.16, 0.8, 1.5, 0.06, 0.26, 1.6, 0.6, 1.9, 0.5, 0.09, 0.07, 0.15
]

[decks."one::below"]
review_order = "overdue"
new_mix = "last"
new_per_day = 12

[decks."two"]
review_order = "random"
easy_days = "mon=0"
"""


def policies(home: Home) -> dict[str, Policy]:
    with Collection(home.root) as collection:
        collection.scan()
        return {name: collection.policy(deck) for name, deck in collection.catalog.decks().items()}


def into(world: World, package: Path) -> None:
    from anki.collection import ImportAnkiPackageOptions, ImportAnkiPackageRequest

    options = ImportAnkiPackageOptions(with_scheduling=True, with_deck_configs=True)
    world.col.import_anki_package(ImportAnkiPackageRequest(package_path=str(package), options=options))


@pytest.mark.parametrize(("suffix", "legacy"), [("apkg", False), ("apkg", True), ("colpkg", False), ("colpkg", True)])
def test_settings_that_went_to_anki_come_back_the_same(tmp_path: Path, suffix: str, legacy: bool) -> None:
    home = Home(tmp_path / "decks")
    home.write("flashcards.toml", SETTINGS)
    (home.root / "one").mkdir()
    for name in ("one", "one/below", "two", "three"):
        home.write(f"{name}.md", f"Q: {name}\nA: b\n")
    with Collection(home.root) as collection:
        collection.scan()
        export_package(collection, find_decks_in_use(collection), tmp_path / "there.apkg")
    world = World(tmp_path / "anki", limits=True)
    into(world, tmp_path / "there.apkg")
    other = Home(tmp_path / "other")
    other.import_file(world.export(tmp_path / f"back.{suffix}", legacy=legacy))
    world.close()
    before, after = policies(home), policies(other)
    assert after.keys() == before.keys()
    for name, policy in before.items():
        there = after[name]
        assert there.parameters == pytest.approx(policy.parameters, rel=1e-6), name
        assert replace(there, parameters=policy.parameters) == policy, name


def test_a_preset_that_came_from_here_says_nothing_on_the_way_back_unless_it_was_changed_there(tmp_path: Path) -> None:
    home, world = Home(tmp_path / "decks"), World(tmp_path / "anki", limits=True)
    home.write("deck.md", "Q: a\nA: b\n")
    with Collection(home.root) as collection:
        collection.scan()
        export_package(collection, find_decks_in_use(collection), tmp_path / "there.apkg")
    into(world, tmp_path / "there.apkg")
    home.write("flashcards.toml", "retention = 0.8\n")
    for legacy in (True, False):
        assert home.import_file(world.export(tmp_path / "back.apkg", legacy=legacy)).remarks == []
    preset = world.decks.config_dict_for_deck_id(world.col.decks.id_for_name("deck"))
    preset["new"]["perDay"] = 3
    world.decks.save(preset)
    (remark,) = home.import_file(world.export(tmp_path / "changed.apkg")).remarks
    assert "new_per_day = 3" in remark.message
    world.close()
