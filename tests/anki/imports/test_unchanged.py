"""Notes of a package that are as they were at the last import are not read again, whatever else the package brings."""

from __future__ import annotations

from pathlib import Path

import pytest

from flashcards.anki.to_markdown.convert import Converter
from tests.anki.imports.home import Home
from tests.anki.imports.packages import CREATED, REVERSED, Made, edit_package, studied, write_package


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path / "decks")


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The fields that were converted."""
    found: list[str] = []
    convert = Converter.convert

    def record(self: Converter, html: str, *, cloze: bool = False) -> object:
        found.append(html)
        return convert(self, html, cloze=cloze)

    monkeypatch.setattr(Converter, "convert", record)
    return found


def _package(tmp_path: Path, *notes: Made) -> Path:
    return write_package(tmp_path / "x.apkg", notes or [studied(), Made(["c", "d"])])


def test_nothing_of_the_same_package_is_read_again(home: Home, tmp_path: Path, read: list[str]) -> None:
    package = _package(tmp_path)
    home.import_file(package)
    assert sorted(read) == ["a", "b", "c", "d"]
    read.clear()
    report = home.import_file(package)
    assert (read, report.unchanged, report.changes_anything) == ([], 2, False)


@pytest.mark.parametrize(
    "change",
    {
        "a field": "UPDATE notes SET flds = 'c' || char(31) || 'e', mod = mod + 100 WHERE guid = 'guid1'",
        "a tag": "UPDATE notes SET tags = 't', mod = mod + 100 WHERE guid = 'guid1'",
        "a flag": "UPDATE cards SET flags = 3 WHERE nid = (SELECT id FROM notes WHERE guid = 'guid1')",
        "a due day": "UPDATE cards SET due = 9 WHERE nid = (SELECT id FROM notes WHERE guid = 'guid1')",
        "a review": "INSERT INTO revlog SELECT 1700000000000, id, -1, 3, 1, 0, 2500, 9, 0 FROM cards"
        " WHERE nid = (SELECT id FROM notes WHERE guid = 'guid1')",
    }.values(),
)
def test_only_the_note_that_changed_is_read(home: Home, tmp_path: Path, read: list[str], change: str) -> None:
    package = _package(tmp_path)
    home.import_file(package)
    read.clear()
    report = home.import_file(edit_package(package, tmp_path / "later.apkg", change))
    assert "a" not in read
    assert "c" in read
    assert report.unchanged + report.updated == 2


def test_a_review_of_one_card_is_added_and_the_others_stay(home: Home, tmp_path: Path) -> None:
    package = _package(tmp_path, studied(), Made(["c", "d"]))
    home.import_file(package)
    change = (
        "INSERT INTO revlog SELECT 1700000000000, id, -1, 3, 1, 0, 2500, 9, 0 FROM cards"
        " WHERE nid = (SELECT id FROM notes WHERE guid = 'guid1')"
    )
    assert home.import_file(edit_package(package, tmp_path / "later.apkg", change)).reviews == 1


def test_a_media_file_that_was_lost_here_comes_back(home: Home, tmp_path: Path) -> None:
    notes = [Made(['<img src="a b.png">', "x"]), Made(["c", "d"])]
    package = write_package(tmp_path / "x.apkg", notes, media={"a b.png": b"1"})
    home.import_file(package)
    (home.root / "media/a b.png").unlink()
    assert home.import_file(package).media == 1


@pytest.mark.parametrize("ord_", [0, 1])
def test_media_whose_names_differ_in_case_are_copied_once(home: Home, tmp_path: Path, ord_: int) -> None:
    media = {"A.PNG": b"1", "a.png": b"2"}
    notes = [Made([f'<img src="{name}">', "b"], type=REVERSED, cards={ord_: {}}) for name in media]
    package = write_package(tmp_path / "x.apkg", notes, media=media)
    home.import_file(package)
    before = home.files()
    assert not home.import_file(package).changes_anything
    assert home.files() == before


def test_a_new_note_with_the_same_text_as_an_unchanged_one_is_added(home: Home, tmp_path: Path) -> None:
    home.import_file(_package(tmp_path, Made(["a", "b"])))
    report = home.import_file(_package(tmp_path, Made(["a", "b"]), Made(["a", "b"])))
    assert (report.added, report.unchanged) == (1, 1)


def test_an_older_package_does_not_change_a_card_that_a_later_one_left_unchanged(home: Home, tmp_path: Path) -> None:
    first = _package(tmp_path, studied())
    home.import_file(first)
    later = edit_package(first, tmp_path / "later.apkg", at_s=CREATED + 900_000_000)
    home.import_file(later)
    flagged = edit_package(first, tmp_path / "flagged.apkg", "UPDATE cards SET flags = 3", at_s=CREATED + 800_000_000)
    assert home.import_file(flagged).cards == 0


def test_a_note_that_changed_on_both_sides_is_listed_each_time(home: Home, tmp_path: Path) -> None:
    home.import_file(_package(tmp_path, Made(["a", "b"])))
    home.write("Deck.md", "Q: a\nA: mine\n")
    package = _package(tmp_path, Made(["a", "theirs"], mod=CREATED + 900_000_000))
    first = home.import_file(package)
    assert first.remarks
    assert home.import_file(package).remarks == first.remarks
