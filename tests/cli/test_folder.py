"""Which folder is the collection."""

from __future__ import annotations

import json
import os
from hashlib import blake2b
from typing import TYPE_CHECKING
from zipfile import ZipFile

import pytest

from flashcards.collection import FolderMissing, expand_home, find_collection
from tests.cli.runner import Runner, process, question

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def here(cli: Runner) -> Path:
    """The present folder, within one that holds other things."""
    for name in ("given", "named", "up/a/b", "up/a/b/decks"):
        (cli.root / name).mkdir(parents=True)
    os.chdir(cli.root / "up" / "a" / "b")
    return cli.root / "up" / "a" / "b"


def test_the_option_names_the_collection(cli: Runner, here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FLASHCARDS_COLLECTION", str(cli.root / "named"))
    (here / "flashcards.toml").touch()
    assert find_collection(str(cli.root / "given")) == cli.root / "given"


def test_without_an_option_the_environment_names_the_collection(
    cli: Runner, here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FLASHCARDS_COLLECTION", str(cli.root / "named"))
    (here / "flashcards.toml").touch()
    assert find_collection(None) == cli.root / "named"


@pytest.mark.parametrize("mark", ["flashcards.toml", ".flashcards/"])
def test_without_both_the_nearest_collection_upwards_is_used(cli: Runner, here: Path, mark: str) -> None:
    for folder in (cli.root / "up", cli.root / "up" / "a"):
        (folder / mark).mkdir() if mark.endswith("/") else (folder / mark).touch()
    assert find_collection(None) == here.parent
    (here / "flashcards.toml").touch()
    assert find_collection(None) == here


def test_without_a_collection_the_folder_decks_is_used(here: Path) -> None:
    assert find_collection(None) == here / "decks"


def test_without_the_folder_decks_the_current_folder_is_used(here: Path) -> None:
    (here / "decks").rmdir()
    assert find_collection(None) == here


def test_a_folder_named_like_the_settings_is_not_a_mark(cli: Runner, here: Path) -> None:
    (cli.root / "up" / "flashcards.toml").mkdir()
    (cli.root / "up" / ".flashcards").touch()
    assert find_collection(None) == here / "decks"


def test_the_home_folder_may_be_named_by_its_sign(cli: Runner, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(cli.root))
    (cli.root / "given").mkdir()
    assert find_collection("~/given") == cli.root / "given"
    cli("-C", "~/fresh", "init")
    assert (cli.root / "fresh" / "example.md").is_file()


def test_the_home_folder_of_an_unknown_user_does_not_exist() -> None:
    assert str(expand_home("~nobody-at-all/x")) == "~nobody-at-all/x"
    with pytest.raises(FolderMissing):
        find_collection("~nobody-at-all/x")


def test_every_way_leads_to_the_same_state(cli: Runner, monkeypatch: pytest.MonkeyPatch) -> None:
    cli.write("c/sub/a.md", question("one"))
    (name,) = [card["id"] for card in cli("-C", "c", "list", "--json").lines]
    cli("-C", str(cli.root / "c"), "answer", name, "good")
    with monkeypatch.context() as patch:
        patch.setenv("FLASHCARDS_COLLECTION", "c")
        assert cli.card()["reps"] == 1
    with monkeypatch.context() as patch:
        patch.chdir(cli.root / "c" / "sub")
        assert cli.card()["reps"] == 1
        assert cli.card("file:sub/a.md")["file"] == "sub/a.md"
        assert cli("show", "a.md:1", "--json").json["reps"] == 1
    assert not (cli.root / ".flashcards").exists()


def test_a_file_in_place_of_the_folder_is_refused(cli: Runner) -> None:
    cli.write("a.md", question("one"))
    assert "a.md is not a folder." in cli.fails("-C", "a.md", "list")


def test_the_state_hides_itself_from_git(cli: Runner) -> None:
    cli.write("a.md", question("one"))
    cli("scan")
    assert (cli.root / ".flashcards" / ".gitignore").read_text(encoding="utf-8") == "*\n"


def test_a_folder_named_in_any_bytes_is_read(cli: Runner, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = cli.root / "with blank; 'quote' \"and\"\nnew line é"
    folder.mkdir()
    (folder / "a.md").write_text(question("one"), encoding="utf-8")
    monkeypatch.chdir(folder)
    (folder / "flashcards.toml").touch()
    assert cli.card()["front"] == "one"
    cli("answer", "a.md:1", "good")
    cli("due")
    cli("backup")


@pytest.mark.parametrize("command", [["due"], ["backup"], ["doctor"]], ids=" ".join)
def test_a_folder_whose_name_is_not_utf_8_is_a_collection_like_any_other(cli: Runner, command: list[str]) -> None:
    folder = cli.root / os.fsdecode(b"x\xff")
    folder.mkdir()
    (folder / "a.md").write_text(question("one"), encoding="utf-8")
    process([b"-C", os.fsencode(folder), "scan"], cli.root)
    process([b"-C", os.fsencode(folder), *command], cli.root)


def test_a_plan_of_an_import_that_came_with_a_clone_touches_nothing_outside(cli: Runner, tmp_path: Path) -> None:
    root = tmp_path / "clone"
    cli.write("clone/a.md", "Q: one\nA: two\n")
    (tmp_path / "precious.txt").write_text("mine")
    digest = blake2b(b"mine", digest_size=16).hexdigest()
    entry = {"path": "../precious.txt", "new": "new-0", "old": None, "hash": digest}
    folder = root / ".flashcards" / "import" / ("a" * 32)
    folder.mkdir(parents=True)
    (folder / "plan.json").write_text(json.dumps({"mark": "a" * 32, "files": [entry]}))
    cli("-C", str(root), "scan")  # there is no state yet, so there is nothing to finish
    assert "leads to a place that is not for files of this collection" in cli.fails("-C", str(root), "scan", code=1)
    assert (tmp_path / "precious.txt").read_text() == "mine"


@pytest.mark.parametrize("name", ["import", "undo", "backups", "state.db", ""])
@pytest.mark.parametrize("command", ["due", "scan", "backup", "restore"])
def test_a_state_that_is_a_link_out_of_the_collection_is_refused(
    cli: Runner, tmp_path: Path, name: str, command: str
) -> None:
    root = tmp_path / "clone"
    cli.write("clone/a.md", "Q: one\nA: two\n")
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "state-20260101T000000.000000Z.db").write_text("mine")
    link = root / ".flashcards" / name if name else root / ".flashcards"
    link.parent.mkdir(exist_ok=True)
    link.symlink_to(tmp_path / "other")
    assert "replace the link" in cli.fails("-C", str(root), command, code=1)
    assert [each.name for each in (tmp_path / "other").iterdir()] == ["state-20260101T000000.000000Z.db"]


def test_the_state_is_not_exported_as_a_medium(cli: Runner) -> None:
    cli.write("a.md", "Q: one ![](@/.flashcards/state.db) ![](.git/config)\nA: two\n")
    cli.write(".git/config", "secret")
    cli("scan")
    assert cli("check", code=1).out.count("is not for notes") == 2
    cli("export", "-o", "x.apkg", code=None)
    with ZipFile("x.apkg") as package:
        assert not [name for name in package.namelist() if name.isdigit()]
