"""Packages that one collection of the real Anki core wrote at different times, imported here."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.importing.anki_world import World
from tests.importing.home import Home

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


def test_an_older_package_takes_back_nothing_that_a_newer_one_brought(home: Home, world: World, tmp_path: Path) -> None:
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
    assert (report.unchanged, report.remarks) == (2, [])
    assert home.files() == before
    assert not home.import_file(newer).changes_anything


def test_an_older_package_does_not_hold_up_the_next_edit(home: Home, world: World, tmp_path: Path) -> None:
    note = world.add("Basic", "D", Front="q", Back="first").id
    older = world.export(tmp_path / "older.apkg")
    edit(world, note, Back="second")
    home.import_file(world.export(tmp_path / "newer.apkg"))
    home.import_file(older)
    edit(world, note, Back="third")
    assert home.import_file(world.export(tmp_path / "newest.apkg")).updated == 1
    assert "A: third\n" in home.read("D.md")


def test_an_older_package_takes_back_nothing_that_was_changed_back_in_anki(
    home: Home, world: World, tmp_path: Path
) -> None:
    note = world.add("Basic", "D", Front="q", Back="good").id
    home.import_file(world.export(tmp_path / "1.apkg"))
    edit(world, note, Back="worse")
    world.export(tmp_path / "2.apkg")
    edit(world, note, Back="good")
    home.import_file(world.export(tmp_path / "3.apkg"))
    assert not home.import_file(tmp_path / "2.apkg").changes_anything
    assert "A: good\n" in home.read("D.md")
