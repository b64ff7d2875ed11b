"""The collection of a profile of Anki, with its media beside it."""

from __future__ import annotations

import sqlite3
import zipfile
from contextlib import closing
from pathlib import Path

import pytest

from flashcards.importers.transaction import ImportInvalid
from tests.anki.imports.home import Home
from tests.anki.imports.packages import Made, studied, write_package


@pytest.fixture
def profile(tmp_path: Path) -> Path:
    """A folder with the database of a studied note, and one with two media."""
    note = studied(3)
    note.fields = ['<img src="a b.png">', "b"]
    package = write_package(tmp_path / "x.apkg", [note, Made(["c", "d"])])
    folder = tmp_path / "User 1"
    (folder / "collection.media").mkdir(parents=True)
    for name in ("a b.png", "other.png"):
        (folder / "collection.media" / name).write_bytes(b"picture")
    with zipfile.ZipFile(package) as archive:
        (folder / "collection.anki2").write_bytes(archive.read("collection.anki2"))
    return folder / "collection.anki2"


def test_an_unpacked_collection_is_imported_with_its_media(home: Home, profile: Path) -> None:
    report = home.import_file(profile)
    assert (report.added, report.reviews, report.media) == (2, 3, 1)
    assert home.read("Deck.md") == "Q: ![](media/a%20b.png)\nA: b\n\nQ: c\nA: d\n"
    assert (home.root / "media/a b.png").read_bytes() == b"picture"
    assert not home.import_file(profile).changes_anything


def test_an_unpacked_collection_includes_what_anki_wrote_last(home: Home, profile: Path) -> None:
    with closing(sqlite3.connect(profile)) as anki:
        anki.execute("PRAGMA journal_mode = WAL")
        anki.execute("UPDATE notes SET flds = 'new' || char(31) || 'text'")
        anki.commit()
        home.import_file(profile)
    assert home.read("Deck.md").startswith("Q: new\nA: text\n")


def test_a_collection_that_anki_has_open_is_refused(home: Home, profile: Path) -> None:
    with closing(sqlite3.connect(profile)) as anki:
        anki.execute("PRAGMA locking_mode = EXCLUSIVE")
        anki.execute("BEGIN EXCLUSIVE")
        with pytest.raises(ImportInvalid, match=r"Anki has it open\. Close Anki and try again"):
            home.import_file(profile)
    assert home.files() == {}


def test_a_file_that_is_not_a_collection_is_refused(home: Home, profile: Path) -> None:
    profile.write_bytes(b"no database" * 99)
    with pytest.raises(ImportInvalid, match="not an Anki collection"):
        home.import_file(profile)
