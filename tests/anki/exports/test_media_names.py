from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flashcards.anki.package.identifiers import MediaNames, clean_name
from tests.anki.exports.folder import Folder


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return Folder(tmp_path / "decks")


def names(folder: Folder) -> MediaNames:
    found = MediaNames(folder.root)
    found.start_note("deck.md", 7)
    return found


def test_a_file_keeps_its_name(folder: Folder) -> None:
    folder.write("img/a b.png", b"x")
    assert names(folder).name("img/a b.png") == "a b.png"


def test_one_file_is_one_media_file_under_any_of_its_names(folder: Folder) -> None:
    folder.write("a.png", b"x")
    media = names(folder)
    assert {media.name("a.png"), media.name("@/a.png"), media.name("./a.png")} == {"a.png"}
    assert list(media.files) == ["a.png"]


def test_equal_contents_under_one_name_are_one_medium(folder: Folder) -> None:
    folder.write("one/a.png", b"x")
    folder.write("two/a.png", b"x")
    media = names(folder)
    assert media.name("one/a.png") == media.name("two/a.png") == "a.png"


def test_different_contents_under_one_name_in_any_case_get_different_names(folder: Folder) -> None:
    folder.write("one/a.png", b"x")
    folder.write("two/A.png", b"y")
    folder.write("three/a.png", b"y")
    media = names(folder)
    first, second, third = (media.name(f"{path}.png") for path in ("one/a", "two/A", "three/a"))
    assert first == "a.png"
    assert second.casefold() != first
    assert second.casefold() == third.casefold()
    assert [file.read_bytes() for file in media.files.values()] == [b"x", b"y"]


def test_the_name_of_a_collision_comes_from_the_contents(folder: Folder) -> None:
    folder.write("one/a.png", b"x")
    folder.write("two/a.png", b"y")
    folder.write("zero/a.png", b"z")
    media, other = names(folder), names(folder)
    media.name("one/a.png")
    other.name("zero/a.png")
    assert media.name("two/a.png") == other.name("two/a.png")


def test_missing_media_are_reported_once_for_each_note_and_keep_their_name(folder: Folder) -> None:
    media = names(folder)
    assert media.name("img/gone.png") == media.name("img/gone.png") == "gone.png"
    media.start_note("deck.md", 9)
    media.name("img/gone.png")
    assert [(problem.path, problem.line) for problem in media.problems] == [("deck.md", 7), ("deck.md", 9)]
    assert media.problems[0].message == "The file `img/gone.png` is missing. Add the file, or fix the path."
    assert not media.files


def test_media_outside_the_collection_are_reported_and_left_out(folder: Folder, tmp_path: Path) -> None:
    (tmp_path / "secret.png").write_bytes(b"s")
    (folder.root / "link.png").symlink_to(tmp_path / "secret.png")
    media = names(folder)
    for url in ("../secret.png", "link.png", str(tmp_path / "secret.png")):
        media.name(url)
    assert len(media.problems) == 3
    assert all("outside the collection" in problem.message for problem in media.problems)
    assert not media.files


def test_the_newest_medium_of_a_note_dates_it(folder: Folder) -> None:
    folder.write("a.png", b"x", at_s=1_700_000_000)
    folder.write("b.png", b"y", at_s=1_600_000_000)
    media = names(folder)
    media.name("a.png")
    media.name("b.png")
    assert media.newest_ns == 1_700_000_000 * 10**9
    media.start_note("deck.md", 9)
    assert media.newest_ns == 0


@given(st.text(min_size=1, max_size=300))
def test_anki_and_disks_keep_a_cleaned_name_unchanged(name: str) -> None:
    clean = clean_name(name)
    assert clean
    assert not set(clean) & set('[]<>:"/\\|?*^%#\x00\x1f\n')
    assert len(clean.encode()) <= 200
    assert clean == clean_name(clean)
    assert not clean.startswith((" ", "."))
    assert not clean.endswith((" ", "."))


def test_a_cleaned_name_keeps_its_extension() -> None:
    assert clean_name("what? [1].PNG") == "what- -1-.PNG"
    assert clean_name(f"{'é' * 200}.mp3").endswith("é.mp3")
    assert clean_name("CON.png") == "CON_.png"
