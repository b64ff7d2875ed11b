"""Files that are put in place together, by people's changes, kills and hostile plans."""

from __future__ import annotations

import json
import signal
from typing import TYPE_CHECKING, Any

import pytest

from flashcards.disk import journal as journals
from flashcards.disk.atomic import FileChanged, digest
from flashcards.disk.journal import Journal, PlanInvalid, find_unfinished, finish
from flashcards.disk.paths import OutsideCollection, find_place, refuse_strange_files

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "root"
    folder.mkdir()
    (folder / "a.md").write_bytes(b"old a")
    (folder / "b.md").write_bytes(b"old b")
    return folder


def begin(root: Path) -> Journal:
    """A write of two present files and a new one, ready to be placed."""
    journal = Journal(root, root / ".flashcards" / "import")
    journal.stage_bytes("a.md", b"new a", b"old a")
    journal.stage_bytes("b.md", b"new b", b"old b")
    journal.stage_bytes("c.md", b"new c", None)
    return journal


def contents(root: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(root.glob("*.md"))}


OLD = {"a.md": b"old a", "b.md": b"old b"}
NEW = {"a.md": b"new a", "b.md": b"new b", "c.md": b"new c"}


def test_all_files_are_placed_and_taken_back(root: Path) -> None:
    journal = begin(root)
    journal.move_into_place()
    assert contents(root) == NEW
    journal.restore()
    journal.close()
    assert contents(root) == OLD
    assert not (root / ".flashcards" / "import").exists()


@pytest.mark.parametrize("name", ["a.md", "b.md", "c.md"])
def test_an_edit_saved_before_the_rename_stays_and_nothing_is_placed(root: Path, name: str) -> None:
    journal = begin(root)
    (root / name).write_bytes(b"mine")
    with pytest.raises(FileChanged):
        journal.move_into_place()
    assert contents(root) == OLD | {name: b"mine"}


@pytest.mark.parametrize("name", ["b.md", "c.md"])
def test_an_edit_saved_between_two_renames_stays_and_the_first_rename_is_undone(
    root: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal = begin(root)
    compare = Journal._refuse_if_changed
    seen: list[str] = []

    def edit_then_compare(self: Journal, path: str, content: Any, target: Path) -> None:
        seen.append(path)
        if seen.count(name) == 2 and path == name:
            (root / name).write_bytes(b"mine")
        compare(self, path, content, target)

    monkeypatch.setattr(Journal, "_refuse_if_changed", edit_then_compare)
    with pytest.raises(FileChanged):
        journal.move_into_place()
    assert contents(root) == OLD | {name: b"mine"}


def test_a_failed_undo_keeps_its_plan_and_is_finished_later(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    journal = begin(root)
    journal.move_into_place()
    folder = root / ".flashcards" / "import"
    with monkeypatch.context() as patch:
        put_back = journals._put_back
        done: list[Path] = []

        def fail_second(old: Path, target: Path) -> None:
            done.append(target)
            if len(done) == 2:
                raise OSError(5, "Input/output error")
            put_back(old, target)

        patch.setattr(journals, "_put_back", fail_second)
        with pytest.raises(OSError, match="Input/output"):
            journal.restore()
    assert find_unfinished(folder) == [journal.mark]
    finish(root, folder, journal.mark, committed=False)
    assert contents(root) == OLD
    assert not folder.exists()


def test_a_signal_waits_until_a_take_back_is_done(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    journal = begin(root)
    journal.move_into_place()
    put_back = journals._put_back

    def interrupt(old: Path, target: Path) -> None:
        signal.raise_signal(signal.SIGINT)
        put_back(old, target)

    monkeypatch.setattr(journals, "_put_back", interrupt)
    with pytest.raises(KeyboardInterrupt):
        journal.restore()
    assert contents(root) == OLD


HOSTILE: list[dict[str, Any]] = [
    {"path": "../outside.md"},
    {"path": "/OUTSIDE"},
    {"path": "link/outside.md"},
    {"path": ".git/config"},
    {"path": ".flashcards/state.db"},
    {"path": ""},
    {"path": "."},
    {"path": 7},
    {"path": "a\0.md"},
    {"old": "../../../../outside.md"},
    {"old": "old-9"},
    {"new": "../../../a.md"},
    {"new": None},
    {"hash": 1},
]


@pytest.mark.parametrize("change", HOSTILE, ids=str)
def test_a_plan_from_a_stranger_touches_nothing_outside(root: Path, tmp_path: Path, change: dict[str, Any]) -> None:
    outside = tmp_path / "outside.md"
    outside.write_bytes(b"precious")
    (root / "link").symlink_to(tmp_path)
    mark = "0" * 32
    folder = root / ".flashcards" / "import"
    (folder / mark).mkdir(parents=True)
    (folder / mark / "old-0").write_bytes(b"hostile")
    entry = {"path": "../outside.md", "new": "new-0", "old": "old-0", "hash": digest(b"precious").hex()} | change
    if entry["path"] == "/OUTSIDE":
        entry["path"] = str(outside)
    (folder / mark / "plan.json").write_text(json.dumps({"mark": mark, "files": [entry]}))
    with pytest.raises((PlanInvalid, OutsideCollection)):
        finish(root, folder, mark, committed=False)
    assert outside.read_bytes() == b"precious"
    assert contents(root) == OLD


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"files": 3}', '{"files": [1]}', "[" * 5000])
def test_an_invalid_plan_ends_in_one_sentence(root: Path, text: str) -> None:
    folder = root / ".flashcards" / "import"
    (folder / ("1" * 32)).mkdir(parents=True)
    (folder / ("1" * 32) / "plan.json").write_text(text)
    with pytest.raises(PlanInvalid):
        finish(root, folder, "1" * 32, committed=False)


def test_folders_of_others_are_not_taken_for_plans_and_stay(root: Path, tmp_path: Path) -> None:
    folder = root / ".flashcards" / "import"
    (folder / "mine").mkdir(parents=True)
    (folder / "mine" / "plan.json").write_text("{}")
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "plan.json").write_text("{}")
    (folder / ("2" * 32)).symlink_to(tmp_path / "other")
    assert find_unfinished(folder) == []
    begin(root)
    assert (folder / "mine").is_dir()
    assert (tmp_path / "other").is_dir()


def test_a_linked_folder_of_imports_is_refused(root: Path, tmp_path: Path) -> None:
    (tmp_path / "other" / ("3" * 32)).mkdir(parents=True)
    (root / ".flashcards").mkdir()
    (root / ".flashcards" / "import").symlink_to(tmp_path / "other")
    with pytest.raises(OutsideCollection):
        begin(root)
    assert (tmp_path / "other" / ("3" * 32)).is_dir()
    with pytest.raises(OutsideCollection):
        refuse_strange_files(root / ".flashcards", root)


def test_nothing_is_written_through_a_link_that_leads_nowhere(root: Path, tmp_path: Path) -> None:
    (root / "media").mkdir()
    (root / "media" / "a.png").symlink_to(tmp_path / "new.png")
    with pytest.raises(OutsideCollection):
        find_place(root, "media/a.png")


def test_a_linked_file_within_the_collection_is_followed(root: Path) -> None:
    (root / "d.md").symlink_to("a.md")
    assert find_place(root, "d.md") == (root / "a.md").resolve()
