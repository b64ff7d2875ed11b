from __future__ import annotations

import sqlite3
import time
import zipfile
from pathlib import Path
from typing import Any

import pytest

from flashcards.anki.exports.notes import Gathering, find_decks_in_use
from flashcards.anki.package.model import PackageCard, PackageNote
from flashcards.anki.package.writer import DeckDatabase, GuidTwice
from flashcards.collection import Collection
from scheduler.clock import Clock
from tests.anki.exports.folder import Folder


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return Folder(tmp_path / "decks")


def rows(package: Path, query: str) -> list[Any]:
    with zipfile.ZipFile(package) as archive:
        data = archive.read("collection.anki2")
    connection = sqlite3.connect(":memory:")
    try:
        connection.deserialize(data)
        return connection.execute(query).fetchall()
    finally:
        connection.close()


def gathered(folder: Folder) -> list[PackageNote]:
    with Collection(folder.root) as collection:
        collection.scan()
        return list(Gathering(collection, find_decks_in_use(collection)).notes())


def test_ids_equal_those_of_the_catalog_and_the_scheduler(folder: Folder, tmp_path: Path) -> None:
    folder.write("d.md", "a ::: b\n\nC: [x] [y]\n")
    folder.export(tmp_path / "x.apkg")
    with Collection(folder.root) as collection:
        notes = {entry.id for entry in collection.catalog.entries()}
        cards = {card.id: card.note for note in notes for card in collection.store.cards_of(note)}
    assert {row[0] for row in rows(tmp_path / "x.apkg", "SELECT id FROM notes")} == notes
    assert dict(rows(tmp_path / "x.apkg", "SELECT id, nid FROM cards")) == cards


def test_a_note_is_dated_by_the_last_change_of_its_text(folder: Folder) -> None:
    folder.write("d.md", "a :: b\n")
    with Collection(folder.root) as collection:
        collection.scan()
        (entry,) = collection.catalog.entries()
    assert gathered(folder)[0].modified == entry.modified_ms // 1000


def test_a_change_of_the_macros_dates_the_notes_that_use_them(folder: Folder) -> None:
    ahead = int(time.time()) + 5
    folder.write("d.md", "$\\R$ :: b\n\nplain :: c\n")
    with Collection(folder.root) as collection:
        collection.scan()
        collection.connection.execute("UPDATE notes SET modified_ms = 1000000")
    folder.write("macros.tex", "\\R \\mathbb{R}\n", at_s=1_500_000_000)
    assert [note.modified for note in gathered(folder)] == [1_500_000_000, 1000]
    folder.write("macros.tex", "\\R \\mathbb{R}\n", at_s=ahead + 100_000)
    assert gathered(folder)[0].modified <= ahead


def test_invalid_lines_of_the_macros_are_reported(folder: Folder, tmp_path: Path) -> None:
    folder.write("macros.tex", "\\R \\mathbb{R}\nnonsense\n")
    folder.write("d.md", "a :: b\n")
    (problem,) = folder.export(tmp_path / "x.apkg").problems
    assert (problem.path, problem.line) == ("macros.tex", 2)


def test_orphans_and_lost_gaps_are_left_out(folder: Folder) -> None:
    folder.write("d.md", "C: [x] [y] <!-- id: c -->\n\na :: b\n")
    gathered(folder)
    folder.write("d.md", "C: x [y] <!-- id: c -->\n")
    (note,) = gathered(folder)
    assert [card.ord for card in note.cards] == [1]


def test_only_the_decks_asked_for_are_in_the_package(folder: Folder, tmp_path: Path) -> None:
    folder.write("one.md", "a :: b\n")
    folder.write("two.md", "c :: d\n")
    exported = folder.export(tmp_path / "x.apkg", ["two"])
    assert exported.notes == 1
    assert rows(tmp_path / "x.apkg", "SELECT sfld FROM notes") == [("c",)]


def test_equal_collections_make_equal_packages(folder: Folder, tmp_path: Path) -> None:
    folder.write("p.png", b"x")
    folder.write("d.md", "![](p.png) ::: b\n\nC: [x] [y]\n")
    folder.export(tmp_path / "one.apkg")
    folder.export(tmp_path / "two.apkg")
    assert (tmp_path / "one.apkg").read_bytes() == (tmp_path / "two.apkg").read_bytes()


def test_the_collection_begins_at_four_on_the_day_of_its_oldest_note(folder: Folder, tmp_path: Path) -> None:
    folder.write("d.md", "a :: b\n")
    folder.export(tmp_path / "x.apkg")
    ((created, first),) = rows(tmp_path / "x.apkg", "SELECT crt, (SELECT min(id) FROM notes) FROM col")
    assert time.localtime(created)[3:6] == (4, 0, 0)
    assert 0 <= first / 1000 - created < 90_000


def test_two_notes_of_one_guid_are_never_written() -> None:
    notes = [
        PackageNote(number, "same", "basic", 1, "d", (), ("a", "b", "", "", "", ""), (PackageCard(number, 0),))
        for number in (1_700_000_000_000, 1_700_000_000_001)
    ]
    with pytest.raises(GuidTwice):
        DeckDatabase(notes, Clock()).to_bytes()


def test_progress_is_reported_from_the_start(folder: Folder) -> None:
    folder.write("d.md", "".join(f"q{number} :: a\n" for number in range(1200)))
    seen: list[tuple[int, int]] = []
    with Collection(folder.root) as collection:
        collection.scan()
        gathering = Gathering(collection, find_decks_in_use(collection))
        for _ in gathering.notes(lambda done, total: seen.append((done, total))):
            pass
    assert seen == [(done, 1200) for done in range(0, 1200, 200)]


def test_equal_media_share_one_name_and_different_media_do_not(folder: Folder) -> None:
    for number in range(6):
        folder.write(f"{number}/picture.png", f"picture {number % 4}")
        folder.write(
            f"{number}/d.md", f"Q: **What** is {number}?\nA: `It`\n\nQ: ![](picture.png)\nA: It is {number}.\n\n"
        )
    together = gathered(folder)
    pictures = [note.fields[0] for note in together if "<img" in note.fields[0]]
    assert len(pictures) == 6
    assert len(set(pictures)) == 4
    assert together[0].fields[:2] == ("<strong>What</strong> is 0?", "<code>It</code>")
