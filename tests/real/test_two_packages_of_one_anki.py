"""Packages that one collection of the real Anki core wrote at different times, imported here."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.anki.imports.anki_world import World
from tests.anki.imports.home import Home

pytest.importorskip("anki.collection", reason="needs the anki wheel")


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    world = World(tmp_path / "anki")
    yield world
    world.close()


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path / "decks")


def edit(world: World, note_id: int, **values: str) -> None:
    """Change fields, a minute after whatever changed the note before."""
    from anki.notes import NoteId

    note = world.col.get_note(NoteId(note_id))
    changed = note.mod
    for name, value in values.items():
        note[name.replace("_", " ")] = value
    world.col.update_note(note)
    world.db.execute("UPDATE notes SET mod = ? WHERE id = ?", changed + 60, note_id)


def test_an_older_package_reverts_nothing_of_a_newer_one(home: Home, world: World, tmp_path: Path) -> None:
    dog = world.add("Basic (optional reversed card)", "D", Front="dog", Back="Hund").id
    draft = world.add("Basic", "D", Front="q", Back="draft").id
    older = world.export(tmp_path / "older.apkg")
    edit(world, dog, Add_Reverse="y")
    edit(world, draft, Back="the final answer")
    world.answer(6)
    newer = world.export(tmp_path / "newer.apkg")
    home.import_file(newer)
    before = home.files()
    report = home.import_file(older)
    assert not report.changes_anything
    assert report.unchanged == 2
    assert [remark.message.partition(" but ")[0] for remark in report.remarks] == ["2 notes differ in this file"]
    assert home.files() == before
    assert not home.import_file(newer).changes_anything


def test_an_older_package_does_not_block_the_next_edit(home: Home, world: World, tmp_path: Path) -> None:
    note = world.add("Basic", "D", Front="q", Back="first").id
    older = world.export(tmp_path / "older.apkg")
    edit(world, note, Back="second")
    home.import_file(world.export(tmp_path / "newer.apkg"))
    home.import_file(older)
    edit(world, note, Back="third")
    assert home.import_file(world.export(tmp_path / "newest.apkg")).updated == 1
    assert "A: third\n" in home.read("D.md")


def test_an_older_package_reverts_nothing_that_was_reverted_in_anki(home: Home, world: World, tmp_path: Path) -> None:
    note = world.add("Basic", "D", Front="q", Back="good").id
    home.import_file(world.export(tmp_path / "1.apkg"))
    edit(world, note, Back="worse")
    world.export(tmp_path / "2.apkg")
    edit(world, note, Back="good")
    home.import_file(world.export(tmp_path / "3.apkg"))
    assert not home.import_file(tmp_path / "2.apkg").changes_anything
    assert "A: good\n" in home.read("D.md")


def edit_here(home: Home, old: str, new: str) -> None:
    home.write("D.md", home.read("D.md").replace(old, new))


def test_the_same_edit_on_both_sides_is_not_a_conflict(home: Home, world: World, tmp_path: Path) -> None:
    note = world.add("Basic", "D", ("t",), Front="dog", Back="Hund").id
    home.import_file(world.export(tmp_path / "1.apkg"))
    edit(world, note, Back="der <b>Hund</b>")
    edit_here(home, "Hund", "der **Hund**")
    report = home.import_file(world.export(tmp_path / "2.apkg"))
    assert (report.kept, report.unchanged, report.remarks) == (0, 1, [])
    edit(world, note, Back="der Hund, -e")  # both sides go on from what they agreed on
    assert home.import_file(world.export(tmp_path / "3.apkg")).updated == 1
    assert "A: der Hund, -e\n" in home.read("D.md")


@pytest.mark.parametrize(
    ("here", "there", "said"),
    [
        ("Q: dog?\nA: Hund", {"Front": "the dog"}, "the front is `the dog`"),
        ("Q: dog\nA: Hund!", {"Back": "der Hund"}, "the back is `der Hund`"),
    ],
)
def test_a_conflict_names_what_differs_in_the_package(
    home: Home, world: World, tmp_path: Path, here: str, there: dict[str, str], said: str
) -> None:
    note = world.add("Basic", "D", Front="dog", Back="Hund").id
    home.import_file(world.export(tmp_path / "1.apkg"))
    edit(world, note, **there)
    edit_here(home, "Q: dog\nA: Hund", here)
    (remark,) = home.import_file(world.export(tmp_path / "2.apkg")).remarks
    assert remark.place == "D.md:1"
    assert remark.message == f"Changed in your deck and in the package; your version was kept. In the package: {said}."


def test_tags_of_both_sides_are_joined(home: Home, world: World, tmp_path: Path) -> None:
    note = world.add("Basic", "D", Front="dog", Back="Hund")
    world.add("Basic", "D", Front="cat", Back="Katze")
    home.import_file(world.export(tmp_path / "1.apkg"))
    note.tags = ["animal"]
    world.col.update_note(note)
    edit(world, note.id)
    edit_here(home, "A: Hund\n", "A: Hund\n<!-- tags: german -->\n")
    assert home.import_file(world.export(tmp_path / "2.apkg")).remarks == []
    assert "<!-- tags: german, animal -->" in home.read("D.md")
