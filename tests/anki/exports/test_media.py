from __future__ import annotations

import unicodedata
from pathlib import Path

import pytest

from flashcards.deck.media_references import Reference, find_references
from flashcards.deck.model import Note
from flashcards.deck.parse import parse
from flashcards.disk.media_files import FileFinder, MediaMissing, MediaOutside, find_media_file


def note(text: str) -> Note:
    (found,) = parse(text, "deck.md").notes
    return found


def urls(text: str) -> list[str]:
    return [reference.url for reference in find_references(note(f"Q: {text}\nA: x\n"))]


@pytest.mark.parametrize(
    ("markdown", "url"),
    [
        ("![](a.png)", "a.png"),
        ("![](<a b.png>)", "a b.png"),
        ("![](a%20b.png)", "a b.png"),
        ("![](é.png)", "é.png"),
        ("![](@/img/a.png)", "@/img/a.png"),
        ("[listen](a.mp3)", "a.mp3"),
        ('<img src="a.png">', "a.png"),
        ('<img alt="x"\nsrc="a.png">', "a.png"),
        ("<video src='v.mp4'></video>", "v.mp4"),
        ("<audio><source src=a.ogg></audio>", "a.ogg"),
        ('<a href="a.mp3">x</a>', "a.mp3"),
    ],
)
def test_a_local_medium_is_found_however_it_is_written(markdown: str, url: str) -> None:
    assert urls(markdown) == [url]


@pytest.mark.parametrize(
    "markdown",
    [
        "![](https://example.org/a.png)",
        "![](//example.org/a.png)",
        "![](data:image/png;base64,AAAA)",
        "[page](other.md)",
        "`![](a.png)`",
        "\n\n```\n![](a.png)\n```",
        r"\![](a.txt)",
        "![]()",
        "plain",
    ],
)
def test_references_other_than_local_media_are_left_out(markdown: str) -> None:
    assert urls(markdown) == []


def test_a_reference_has_its_place() -> None:
    assert find_references(note("Q: é ![](a.png)\nA: ok ![](b.png)\n")) == [
        Reference("a.png", 0, 2),
        Reference("b.png", 1, 3),
    ]


def test_a_media_file_in_a_link_definition_is_found() -> None:
    (found,) = find_references(note("Q: ![pic][p]\nA: x\n\n---\n\n[p]: a.png\n"))
    assert found.url == "a.png"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "decks" / "sub").mkdir(parents=True)
    for name in ("a.png", "sub/a.png", unicodedata.normalize("NFD", "sub/é.png"), "sub/what?.png"):
        (tmp_path / "decks" / name).write_bytes(name.encode())
    return tmp_path / "decks"


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("a.png", "sub/a.png"),
        ("./a.png", "sub/a.png"),
        ("../a.png", "a.png"),
        ("@/a.png", "a.png"),
        ("a.png?v=2", "sub/a.png"),
        ("a.png#top", "sub/a.png"),
        ("what?.png", "sub/what?.png"),
        (unicodedata.normalize("NFC", "é.png"), unicodedata.normalize("NFD", "sub/é.png")),
    ],
)
def test_a_url_is_relative_to_its_file_or_behind_at_to_the_collection(root: Path, url: str, expected: str) -> None:
    assert find_media_file(root, "sub/deck.md", url) == (root / expected).resolve()


@pytest.mark.parametrize("url", ["gone.png", "", ".", "@/", "a.png/b.png", "x\x00y.png", "n" * 5000, "\ud800.png"])
def test_what_is_not_a_file_is_missing(root: Path, url: str) -> None:
    with pytest.raises(MediaMissing):
        find_media_file(root, "sub/deck.md", url)


def test_a_circle_of_links_is_missing(root: Path) -> None:
    (root / "loop.png").symlink_to(root / "loop.png")
    with pytest.raises(MediaMissing):
        find_media_file(root, "deck.md", "loop.png")


def test_paths_out_of_the_collection_are_refused_even_through_a_linked_folder(root: Path) -> None:
    outside = root.parent / "outside"
    outside.mkdir()
    (outside / "a.png").write_bytes(b"x")
    (root / "linked").symlink_to(outside)
    for url in ("../outside/a.png", "@/../outside/a.png", "linked/a.png", str(outside / "a.png"), "../gone.png"):
        with pytest.raises(MediaOutside):
            find_media_file(root, "deck.md", url)


def test_a_link_that_stays_inside_is_followed(root: Path) -> None:
    (root / "again.png").symlink_to(root / "sub" / "a.png")
    assert find_media_file(root, "deck.md", "again.png") == (root / "sub" / "a.png").resolve()


def test_a_folder_whose_name_begins_like_the_collection_s_is_outside(root: Path) -> None:
    twin = root.with_name("decks2")
    twin.mkdir()
    (twin / "a.png").write_bytes(b"x")
    with pytest.raises(MediaOutside):
        find_media_file(root, "deck.md", "../decks2/a.png")


class TestByName:
    """Files that `![[name]]` names, anywhere in the collection."""

    def test_an_embedded_file_is_found_by_its_name(self) -> None:
        assert urls("![[cell.png|200]] and ![[s.mp3]] and ![[note]]") == ["[[cell.png", "[[s.mp3"]

    def test_of_several_files_the_one_beside_the_deck_or_else_with_the_shortest_path_is_used(
        self, tmp_path: Path
    ) -> None:
        for path in ("x/y/a.png", "x/a.png", "z/a.png", "z/b.png"):
            (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / path).write_bytes(b"x")
        finder = FileFinder(tmp_path)

        def find(file: str, name: str) -> str:
            found = find_media_file(tmp_path, file, f"[[{name}", finder)
            return found.relative_to(tmp_path.resolve()).as_posix()

        assert find("z/deck.md", "a.png") == "z/a.png"
        assert find("deck.md", "a.png") == "x/a.png"
        assert find("deck.md", "y/a.png") == "x/y/a.png"
        assert find("deck.md", "B.PNG") == "z/b.png"

    def test_a_name_that_no_file_has_is_missing(self, tmp_path: Path) -> None:
        (tmp_path / ".hidden").mkdir()
        (tmp_path / ".hidden/a.png").write_bytes(b"x")
        with pytest.raises(MediaMissing, match=r"The file `a\.png` is missing"):
            find_media_file(tmp_path, "deck.md", "[[a.png")

    def test_a_link_that_leads_out_of_the_collection_is_refused(self, tmp_path: Path) -> None:
        (tmp_path / "out.png").write_bytes(b"x")
        root = tmp_path / "root"
        root.mkdir()
        (root / "a.png").symlink_to(tmp_path / "out.png")
        with pytest.raises(MediaOutside):
            find_media_file(root, "deck.md", "[[a.png")
