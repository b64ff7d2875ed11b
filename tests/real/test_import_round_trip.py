"""Decks of ours to Anki's real core and back again."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from flashcards.anki.exports.export import export_package
from flashcards.anki.exports.notes import find_decks_in_use
from flashcards.collection import Collection, now_ms
from tests.anki.imports.anki_world import World
from tests.anki.imports.home import Home

pytest.importorskip("anki.collection", reason="needs the anki wheel")

DECK = """# Part one

Q: What is *this*?
A: A `test` of $x^2$.
<!-- tags: a; reverse -->

T: term
D: definition

## Part two

C: Speech is [produced] in [Broca's] area.

- Paris :: capital of France

Q: Typed?
A: yes
<!-- type -->

Q: List?
A:

- one
- two
"""


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path / "decks")


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path / "anki", limits=True)


def exported(home: Home, path: Path) -> Path:
    with Collection(home.root) as collection:
        collection.scan()
        export_package(collection, find_decks_in_use(collection), path)
    return path


def into(world: World, package: Path) -> None:
    from anki.collection import ImportAnkiPackageOptions, ImportAnkiPackageRequest

    options = ImportAnkiPackageOptions(with_scheduling=True, with_deck_configs=True)
    world.col.import_anki_package(ImportAnkiPackageRequest(package_path=str(package), options=options))


def edit_there(world: World, search: str, field: str, more: str) -> None:
    """Add something to a field of a note in Anki, a minute from now."""
    (note_id,) = world.col.find_notes(search)
    note = world.col.get_note(note_id)
    note[field] += more
    world.col.update_note(note)
    world.db.execute("UPDATE notes SET mod = mod + 60 WHERE id = ?", note_id)


def test_what_comes_back_unchanged_changes_nothing(home: Home, world: World, tmp_path: Path) -> None:
    (home.root / "tpm").mkdir()
    home.write("tpm/deck.md", DECK)
    into(world, exported(home, tmp_path / "there.apkg"))
    before = home.files()
    report = home.import_file(world.export(tmp_path / "back.apkg"))
    assert (report.added, report.updated, report.kept, report.unchanged) == (0, 0, 0, 6)
    assert not report.changes_anything
    assert home.files() == before
    world.close()


def test_reviews_and_edits_made_in_anki_come_back(home: Home, world: World, tmp_path: Path) -> None:
    (home.root / "tpm").mkdir()
    home.write("tpm/deck.md", DECK)
    into(world, exported(home, tmp_path / "there.apkg"))
    world.study(days=5, answers=8)
    note = world.col.get_note(world.col.find_notes("definition")[0])
    note["Back"] = "a <b>better</b> definition"
    note.tags = ["new"]
    world.col.update_note(note)
    world.db.execute("UPDATE notes SET mod = mod + 60 WHERE id = ?", note.id)
    report = home.import_file(world.export(tmp_path / "back.apkg"))
    assert (report.added, report.updated, report.kept) == (0, 1, 0)
    expected = "T: term\nD: a **better** definition\n<!-- tags: new -->\n"
    assert home.read("tpm/deck.md") == DECK.replace("T: term\nD: definition\n", expected)
    assert report.reviews == world.db.scalar("SELECT count() FROM revlog")
    with Collection(home.root) as collection:
        collection.scan()
        reps = collection.connection.execute("SELECT sum(reps) FROM cards").fetchone()[0]
        assert reps == world.db.scalar("SELECT sum(reps) FROM cards")
        assert collection.store.find_differences(lambda deck: collection.policy(deck).parameters) == []
    assert not home.import_file(tmp_path / "back.apkg").changes_anything
    world.close()


def test_our_notes_are_recognised_even_if_their_types_were_renamed_in_anki(
    home: Home, world: World, tmp_path: Path
) -> None:
    (home.root / "tpm").mkdir()
    home.write("tpm/deck.md", DECK)
    into(world, exported(home, tmp_path / "there.apkg"))
    for kind in world.col.models.all():
        if kind["name"].startswith("Flashcards"):
            kind["name"] = f"My {kind['name']}"
            world.col.models.update_dict(kind)
    world.study(days=2, answers=8)
    before = home.files()
    report = home.import_file(world.export(tmp_path / "back.apkg"))
    assert (report.added, report.updated, report.kept, report.unchanged) == (0, 0, 0, 6)
    assert report.reviews == world.db.scalar("SELECT count() FROM revlog")
    assert home.files() == before
    world.close()


def test_an_export_after_an_import_of_an_edit_is_not_a_conflict(home: Home, world: World, tmp_path: Path) -> None:
    home.write("deck.md", "Q: one\nA: *two* <!-- id: x -->\n")
    into(world, exported(home, tmp_path / "1.apkg"))
    (note_id,) = world.col.find_notes("")
    note = world.col.get_note(note_id)
    note["Back"] = "three"
    world.col.update_note(note)
    world.db.execute("UPDATE notes SET mod = mod + 60 WHERE id = ?", note_id)
    assert home.import_file(world.export(tmp_path / "2.apkg")).updated == 1
    home.write("deck.md", home.read("deck.md").replace("three", "_four_"))
    with Collection(home.root) as collection:
        collection.scan()
        collection.connection.execute("UPDATE notes SET modified_ms = modified_ms + 120000")
        export_package(collection, find_decks_in_use(collection), tmp_path / "3.apkg")
    into(world, tmp_path / "3.apkg")
    assert len(world.col.find_notes("Back:*four*")) == 1
    report = home.import_file(world.export(tmp_path / "4.apkg"))
    assert (report.updated, report.kept, report.remarks) == (0, 0, [])
    world.close()


def test_in_an_empty_collection_our_notes_return_to_their_files_and_headings(
    home: Home, world: World, tmp_path: Path
) -> None:
    (home.root / "tpm").mkdir()
    home.write("tpm/deck.md", DECK)
    package = exported(home, tmp_path / "there.apkg")
    fresh = Home(tmp_path / "fresh")
    report = fresh.import_file(package)
    assert report.files == ["tpm/deck.md"]
    with Collection(home.root) as one, Collection(fresh.root) as other:
        other.scan()
        ours = {(*tuple(entry.note.breadcrumb), entry.deck) for entry in one.catalog.entries()}
        theirs = {(*tuple(entry.note.breadcrumb), entry.deck) for entry in other.catalog.entries()}
        keys = {entry.key for entry in one.catalog.entries()} - {entry.key for entry in other.catalog.entries()}
    assert ours == theirs
    assert len(keys) == 1  # the cloze, whose gaps are numbered in Anki
    world.close()


def test_a_gap_of_several_numbers_comes_back_as_one(home: Home, world: World, tmp_path: Path) -> None:
    text = "C: {{c1,2::both::hint}} and {{c3::one}} and {{c4::outer {{c5::inner}}}}\n"
    home.write("deck.md", text)
    package = exported(home, tmp_path / "there.apkg")
    into(world, package)
    assert world.db.list("SELECT ord FROM cards ORDER BY ord") == [0, 1, 2, 3, 4]
    assert not world.col.get_empty_cards().notes
    edit_there(world, "", "Text", " here")
    assert home.import_file(world.export(tmp_path / "back.apkg")).updated == 1
    assert home.read("deck.md") == text.replace("}}}}\n", "}}}} here\n")
    fresh = Home(tmp_path / "fresh")
    fresh.import_file(package)
    assert text in fresh.read("deck.md")
    world.close()


def test_pictures_keep_their_place_and_name_when_their_notes_come_back(
    home: Home, world: World, tmp_path: Path
) -> None:
    for folder, content in (("img", b"one"), ("sub/img", b"two")):
        (home.root / folder).mkdir(parents=True)
        (home.root / folder / "a.png").write_bytes(content)
    home.write("deck.md", "Q: one ![](img/a.png)\nA: 1\n")
    home.write("sub/deck.md", "Q: two ![](@/sub/img/a.png)\nA: ![](img/a.png) 2\n")
    into(world, exported(home, tmp_path / "there.apkg"))
    before = home.files()
    report = home.import_file(world.export(tmp_path / "back.apkg"))
    assert (report.unchanged, report.media, report.remarks) == (2, 0, [])
    assert home.files() == before
    edit_there(world, "two", "Back", " edited")
    report = home.import_file(world.export(tmp_path / "edited.apkg"))
    assert (report.updated, report.media) == (1, 0)
    assert home.read("sub/deck.md") == "Q: two ![](@/sub/img/a.png)\nA: ![](@/sub/img/a.png) 2 edited\n"
    assert home.files().keys() == before.keys()
    world.close()


def test_an_exported_change_of_a_picture_or_macro_is_not_an_edit_in_anki(
    home: Home, world: World, tmp_path: Path
) -> None:
    text = "Q: see ![](a.png) and $\\foo$\nA: x\n"
    home.write("deck.md", text)
    for version, ago in (("one", 500), ("one and two", 100)):
        for name in ("a.png", "macros.tex"):
            home.write(name, f"\\foo {version}")
            os.utime(home.root / name, (time.time() - ago, time.time() - ago))
        with Collection(home.root) as collection:
            collection.scan()
            collection.connection.execute("UPDATE notes SET modified_ms = ?", (now_ms() - 600_000,))
        into(world, exported(home, tmp_path / f"{version}.apkg"))
    assert len(world.db.list("SELECT id FROM notes WHERE flds LIKE '%a-%.png%one and two%'")) == 1
    before = home.files()
    report = home.import_file(world.export(tmp_path / "back.apkg"))
    assert (report.updated, report.media, report.remarks) == (0, 0, [])
    assert home.files() == before
    world.close()
