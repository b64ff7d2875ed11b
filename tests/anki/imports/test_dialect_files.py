"""Imports into collections whose files are written for other tools: nothing is written into those."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from flashcards.anki.package.identifiers import Guids
from flashcards.collection import Collection
from tests.anki.imports.packages import CREATED, Made, studied, write_package

if TYPE_CHECKING:
    from pathlib import Path

    from tests.anki.imports.home import Home

NOTE_ID = CREATED * 1000
NOTE = f"START\nBasic\na\nBack: b\n<!--ID: {NOTE_ID}-->\nEND\n"
HEAD = "---\nformat: obsidian-to-anki\n---\n"
DATA = ".obsidian/plugins/obsidian-spaced-repetition/data.json"


def write_vault(home: Home) -> None:
    (home.root / DATA).parent.mkdir(parents=True)
    home.write(DATA, '{"settings": {}}')


def test_a_note_of_anki_is_found_by_the_id_that_another_tool_wrote_even_if_its_text_differs(
    home: Home, tmp_path: Path
) -> None:
    home.write("mine.md", HEAD + NOTE.replace("\na\n", "\nan older text\n"))
    before = home.files()
    report = home.import_file(write_package(tmp_path / "a.apkg", [replace(studied(), guid="from-anki")]))
    assert (report.added, report.reviews) == (0, 3)
    assert home.files() == before


def test_a_note_that_another_tool_sent_to_anki_goes_back_under_its_guid(home: Home, tmp_path: Path) -> None:
    home.write("mine.md", HEAD + NOTE)
    home.import_file(write_package(tmp_path / "a.apkg", [replace(studied(), guid="from-anki")]))
    with Collection(home.root) as collection:
        (entry,) = collection.catalog.entries()
        assert Guids(collection.connection).of(entry.id, entry.key, "basic") == "from-anki"


def test_a_change_in_anki_is_reported_and_not_written_into_the_file(home: Home, tmp_path: Path) -> None:
    home.write("mine.md", HEAD + NOTE)
    home.import_file(write_package(tmp_path / "a.apkg", [Made(["a", "b"], guid="from-anki")]))
    before = home.files()
    later = Made(["a", "another answer"], guid="from-anki", mod=4_000_000_000)
    report = home.import_file(write_package(tmp_path / "b.apkg", [later]))
    assert (report.updated, report.kept) == (0, 1)
    assert "files in the format `obsidian-to-anki` are never written" in report.remarks[0].message
    assert home.files() == before


def test_a_new_deck_file_in_a_vault_states_the_native_format(home: Home, tmp_path: Path) -> None:
    write_vault(home)
    report = home.import_file(write_package(tmp_path / "a.apkg", [Made(["a", "b"])]))
    assert report.added == 1
    assert home.read("Deck.md").startswith("---\nformat: native\n")
    with Collection(home.root) as collection:
        assert not collection.scan()[0]
        assert [entry.note.fields for entry in collection.catalog.entries()] == [("a", "b")]


def test_a_new_note_for_a_deck_of_a_vault_gets_a_separate_file(home: Home, tmp_path: Path) -> None:
    write_vault(home)
    home.write("Deck.md", "#Deck\n\n#flashcards\n\na::b\n")
    home.import_file(write_package(tmp_path / "a.apkg", [Made(["a", "b"])]))
    home.import_file(write_package(tmp_path / "b.apkg", [Made(["a", "b"]), Made(["c", "d"])]))
    assert home.read("Deck.md") == "#Deck\n\n#flashcards\n\na::b\n"
    assert "Q: c" in home.read("Deck-anki.md") or "c :: d" in home.read("Deck-anki.md")
