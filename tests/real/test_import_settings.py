"""Settings of decks to Anki's real core and back again."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from flashcards.anki.exports.export import export_package
from flashcards.anki.exports.notes import find_decks_in_use
from flashcards.anki.package.presets import read_deck_message, read_preset_json, read_preset_message
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
        assert there._replace(parameters=policy.parameters) == policy, name


def test_an_exported_preset_changes_no_setting_on_its_return_unless_it_was_changed_in_anki(tmp_path: Path) -> None:
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


OF_ONE_DAY = {"extend_new", "extend_review", "new_limit_today", "review_limit_today"}
"""What a deck holds of one day only."""


def stock(folder: Path) -> tuple[dict[str, Any], bytes]:
    """The preset that Anki gives every new collection, as JSON and as a message."""
    world = World(folder, limits=True)
    preset, message = world.decks.get_config(1), world.db.scalar("SELECT config FROM deck_config WHERE id = 1")
    world.close()
    return preset, bytes(message)


def change(field: Any, message: Any) -> None:
    """Give a field of a message another value than it has."""
    value = getattr(message, field.name)
    if field.name == "easy_days_percentages":
        value[0] = 0.5
    elif field.is_repeated:
        value.append(5.0)
    elif isinstance(value, bool):
        setattr(message, field.name, not value)
    elif isinstance(value, str):
        setattr(message, field.name, "2024-01-31")
    elif isinstance(value, bytes):
        setattr(message, field.name, b'{"ofAnAddOn": 1}')
    elif isinstance(value, float):
        setattr(message, field.name, value - 0.05 if value > 0.5 else 0.5)
    else:
        setattr(message, field.name, value + 3 if value < 36_500 else 365)


def test_every_field_of_a_preset_is_kept_or_named(tmp_path: Path) -> None:
    from anki.deck_config_pb2 import DeckConfig

    _, message = stock(tmp_path)
    before = read_preset_message(1, "x", message, 0)
    assert before.problems == ()
    fields = DeckConfig.Config.DESCRIPTOR.fields
    silent = set()
    for field in fields:
        for number in field.enum_type.values_by_number if field.enum_type else [None]:
            changed = DeckConfig.Config.FromString(message)
            if number is None:
                change(field, changed)
            else:
                setattr(changed, field.name, number)
            is_other = changed.SerializeToString() != message
            if is_other and read_preset_message(1, "x", changed.SerializeToString(), 0) == before:
                silent.add((field.name, number))
    assert len(fields) > 40
    # Audio is waited for only where cards advance by themselves; cards that are not sorted come in the deck's order.
    assert silent == {("wait_for_audio", None), ("new_card_sort_order", 1)}
    unknown = message + b"\xf8\x07\x01"  # field 127, of a later Anki
    assert "number 127" in str(read_preset_message(1, "x", unknown, 0).problems)


def test_every_key_of_a_preset_in_json_is_kept_or_named(tmp_path: Path) -> None:
    preset, _ = stock(tmp_path)
    before = read_preset_json(1, preset)
    assert before.problems == ()
    told = {path: False for path, _ in variants(preset)}
    for path, changed in variants(preset):
        told[path] |= read_preset_json(1, changed) != before
    silent = {".".join(map(str, path)) for path in told if not told[path]}
    assert silent == {"id", "usn", "dyn", "waitForAudio", "newSortOrder", "new.ints.2"}


def variants(preset: dict[str, Any]) -> Iterator[tuple[tuple[Any, ...], dict[str, Any]]]:
    """Presets with one value changed each, and where it is."""

    def leaves(value: Any, path: tuple[Any, ...]) -> Iterator[tuple[Any, ...]]:
        if isinstance(value, dict) or path == ("new", "ints"):
            for key in value if isinstance(value, dict) else range(len(value)):
                yield from leaves(value[key], (*path, key))
        else:
            yield path

    for path in leaves(preset, ()):
        changed = copy.deepcopy(preset)
        target: Any = changed
        for key in path[:-1]:
            target = target[key]
        value = target[path[-1]]
        for another in others(value):
            target[path[-1]] = another
            yield path, copy.deepcopy(changed)


def others(value: Any) -> list[Any]:
    """Other values of the same kind."""
    if isinstance(value, list):
        return [[0.5, *value[1:]]]
    if isinstance(value, bool):
        return [not value]
    if isinstance(value, str):
        return ["2024-01-31"]
    if isinstance(value, float):
        return [value - 0.05 if value > 0.5 else 0.5]
    return [value + 1, max(value - 1, 0)]


def test_every_field_of_a_deck_is_kept_or_applies_to_one_day() -> None:
    from anki.decks_pb2 import Deck

    given = Deck.Normal(config_id=7, description="__text__")
    before = read_deck_message(1, "x", Deck.KindContainer(normal=given).SerializeToString())
    silent = set()
    for field in Deck.Normal.DESCRIPTOR.fields:
        changed = Deck.Normal.FromString(given.SerializeToString())
        if field.message_type:
            getattr(changed, field.name).SetInParent()
        else:
            change(field, changed)
        if read_deck_message(1, "x", Deck.KindContainer(normal=changed).SerializeToString()) == before:
            silent.add(field.name)
    assert silent == OF_ONE_DAY
