"""Which files of a folder are decks: links, hidden files, names that are not text."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import pytest

from flashcards.catalog.files import FoundFile, IgnoreRules, Unreadable, find_deck_files
from flashcards.disk.media_files import FileFinder


def files(root: Path) -> list[str]:
    return [found.path for found in find_deck_files(root) if isinstance(found, FoundFile)]


def unreadable(root: Path) -> dict[str, str]:
    return {found.path: found.reason for found in find_deck_files(root) if isinstance(found, Unreadable)}


def put(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("x", encoding="utf-8")


def test_markdown_files_are_found_in_order_of_their_paths(tmp_path: Path) -> None:
    for name in ("b.md", "a/z.md", "a/B.MD", "notes.txt", "md", "c.markdown"):
        put(tmp_path / name)
    assert files(tmp_path) == ["a/B.MD", "a/z.md", "b.md"]


def test_hidden_files_and_folders_are_left_out(tmp_path: Path) -> None:
    for name in (".hidden.md", ".git/x.md", ".flashcards/x.md", "a/.b/x.md", "a/x.md"):
        put(tmp_path / name)
    assert files(tmp_path) == ["a/x.md"]


@pytest.mark.parametrize("levels", [101, 900])
def test_folders_nested_too_deeply_are_reported_and_the_others_are_read(tmp_path: Path, levels: int) -> None:
    put(tmp_path / "z.md")
    put(tmp_path / "/".join("b" * 100) / "x.md")
    put(tmp_path / "/".join("a" * levels) / "x.md")
    assert files(tmp_path) == ["b/" * 100 + "x.md", "z.md"]
    assert unreadable(tmp_path) == {"a/" * 101: "it is nested in more than 100 folders"}
    assert FileFinder(tmp_path).find("none.png", "") == ""


def test_a_folder_named_like_a_file_is_a_folder(tmp_path: Path) -> None:
    put(tmp_path / "x.md" / "y.md")
    assert files(tmp_path) == ["x.md/y.md"]
    assert unreadable(tmp_path) == {}


def test_a_link_to_nothing_is_reported(tmp_path: Path) -> None:
    (tmp_path / "a.md").symlink_to("nowhere.md")
    assert files(tmp_path) == []
    assert unreadable(tmp_path) == {"a.md": "it is a link to a missing file"}


def test_a_link_to_itself_is_reported(tmp_path: Path) -> None:
    (tmp_path / "loop.md").symlink_to("loop.md")
    put(tmp_path / "a.md")
    assert files(tmp_path) == ["a.md"]
    assert list(unreadable(tmp_path)) == ["loop.md"]


def test_a_named_pipe_is_not_a_deck(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.md")
    assert list(find_deck_files(tmp_path)) == []


def test_a_linked_folder_outside_is_followed(tmp_path: Path) -> None:
    put(tmp_path / "outside" / "a.md")
    root = tmp_path / "root"
    root.mkdir()
    (root / "link").symlink_to(tmp_path / "outside")
    assert files(root) == ["link/a.md"]


def test_a_folder_outside_that_is_linked_twice_is_read_once(tmp_path: Path) -> None:
    put(tmp_path / "outside" / "sub" / "a.md")
    root = tmp_path / "root"
    root.mkdir()
    (root / "one").symlink_to(tmp_path / "outside")
    (root / "two").symlink_to(tmp_path / "outside")
    (root / "zub").symlink_to(tmp_path / "outside" / "sub")
    assert files(root) == ["one/sub/a.md"]


def test_a_link_to_a_folder_inside_is_left_out_in_any_order(tmp_path: Path) -> None:
    put(tmp_path / "m" / "a.md")
    (tmp_path / "a").symlink_to("m")
    (tmp_path / "z").symlink_to("m")
    assert files(tmp_path) == ["m/a.md"]


def test_a_link_to_a_hidden_folder_within_is_followed(tmp_path: Path) -> None:
    put(tmp_path / ".store" / "a.md")
    (tmp_path / "decks").symlink_to(".store")
    assert files(tmp_path) == ["decks/a.md"]


def test_links_that_go_in_a_circle_end(tmp_path: Path) -> None:
    put(tmp_path / "root" / "sub" / "a.md")
    (tmp_path / "root" / "sub" / "up").symlink_to("..")
    (tmp_path / "root" / "sub" / "self").symlink_to(".")
    (tmp_path / "root" / "out").symlink_to(tmp_path)
    put(tmp_path / "not-ours.md")
    assert files(tmp_path / "root") == ["sub/a.md"]


def test_a_collection_named_by_a_link_is_read_the_same(tmp_path: Path) -> None:
    put(tmp_path / "real" / "sub" / "a.md")
    (tmp_path / "real" / "again").symlink_to(tmp_path / "real" / "sub")
    (tmp_path / "link").symlink_to("real")
    assert files(tmp_path / "link") == ["sub/a.md"]


def test_names_that_are_not_utf_8_are_reported_and_the_rest_is_read(tmp_path: Path) -> None:
    put(tmp_path / "a.md")
    for name in (b"x\xff.md", b"x\xfe.md"):
        (tmp_path / os.fsdecode(name)).write_text("x", encoding="utf-8")
    folder = tmp_path / os.fsdecode(b"dir\xff")
    folder.mkdir()
    put(folder / "b.md")
    (tmp_path / os.fsdecode(b"no-deck\xff.txt")).write_text("x", encoding="utf-8")
    assert files(tmp_path) == ["a.md"]
    assert unreadable(tmp_path) == {
        "dir\ufffd/": "its name is not UTF-8",
        "x\ufffd.md": "its name is not UTF-8",
    }


def test_a_folder_that_does_not_exist_is_reported(tmp_path: Path) -> None:
    assert list(find_deck_files(tmp_path / "nowhere")) == [Unreadable("", "No such file or directory")]


def test_a_linked_file_is_found_once(tmp_path: Path) -> None:
    root = tmp_path / "root"
    put(root / "sub" / "a.md")
    put(tmp_path / "outside.md")
    (root / "link.md").symlink_to("sub/a.md")
    (root / "z.md").symlink_to("link.md")
    (root / "out1.md").symlink_to(tmp_path / "outside.md")
    (root / "out2.md").symlink_to(tmp_path / "outside.md")
    (root / "hard.md").hardlink_to(root / "sub" / "a.md")
    assert files(root) == ["hard.md", "out1.md"]
    (root / "hard.md").unlink()
    assert files(root) == ["out1.md", "sub/a.md"]


def test_a_link_to_a_file_that_is_not_found_without_it_is_followed(tmp_path: Path) -> None:
    for name in (".hidden/a.md", "node_modules/b.md", "c.txt"):
        put(tmp_path / name)
    (tmp_path / "a.md").symlink_to(".hidden/a.md")
    (tmp_path / "b.md").symlink_to("node_modules/b.md")
    (tmp_path / "c.md").symlink_to("c.txt")
    assert files(tmp_path) == ["a.md", "b.md", "c.md"]


@pytest.mark.parametrize(
    ("pattern", "ignored", "kept"),
    [
        ("*.md", "a.md b/c.md", "a.txt"),
        ("a", "a a/b x/a x/a/b", "ab"),
        ("a/", "a/ a/b x/a/ x/a/b", "a x/a"),
        ("/a", "a a/b", "x/a"),
        ("a/b", "a/b a/b/c", "x/a/b"),
        ("a/*", "a/b a/b/c", "a a/"),
        ("a/**", "a/ a/b a/b/c", "a b"),
        ("**/a/b", "a/b x/y/a/b", "a/x/b"),
        ("a/**/b", "a/b a/x/b a/x/y/b", "b x/a/b"),
        ("a?[!x]", "abc x/abc", "abx ab"),
        (r"\*", "*", "a"),
        (r"\!a", "!a", "a"),
        ("**", "a a/b", ""),
        ("#a", "", "#a a"),
        ("/", "", "a"),
        ("!a", "", "a"),
    ],
)
def test_a_pattern_means_what_it_means_to_git(pattern: str, ignored: str, kept: str) -> None:
    rules = IgnoreRules([pattern])
    for paths, expected in ((ignored, True), (kept, False)):
        for path in paths.split():
            assert rules.is_ignored(path.removesuffix("/"), is_folder=path.endswith("/")) is expected, path


def test_of_the_patterns_that_match_the_last_one_decides() -> None:
    rules = IgnoreRules(["*.md", "!keep.md", "x/keep.md"])
    assert [rules.is_ignored(path, is_folder=False) for path in ("a.md", "keep.md", "x/keep.md")] == [True, False, True]


@pytest.mark.parametrize(
    "pattern", ["*a" * 30 + "*b", "[a-z]*" * 30 + "b", "a*" * 60 + "b", "**/a/" * 20 + "b", "b" + "*" * 99]
)
def test_patterns_of_a_stranger_are_matched_in_linear_time(pattern: str) -> None:
    rules = IgnoreRules([pattern])
    for path in ("a" * 200, "/".join(["a"] * 1000)):
        assert not rules.is_ignored(path, is_folder=False)


@pytest.mark.skipif(not os.path.isdir("/dev/shm"), reason="needs a disk that keeps any time")  # noqa: PTH112
def test_a_file_time_too_early_for_the_database_is_clamped() -> None:
    with tempfile.TemporaryDirectory(dir="/dev/shm") as folder:
        path = Path(folder) / "a.md"
        path.write_text("Q: a\nA: b\n")
        os.utime(path, (-(1 << 40), -(1 << 40)))
        assert path.stat().st_mtime_ns < -(1 << 63)
        (found,) = find_deck_files(path.parent)
        assert isinstance(found, FoundFile)
        assert found.mtime_ns == -(1 << 63)
