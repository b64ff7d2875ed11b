"""Reading commands leave no trace; the first act that has something to keep makes the state and says where."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from tests.cli.runner import Runner, question

if TYPE_CHECKING:
    from pathlib import Path

SOON = f"{datetime.now(UTC) + timedelta(days=30):%Y-%m-%d}"
READING = [
    ["check"],
    ["list"],
    ["list", "--json", "is:due"],
    ["show", "a.md:1"],
    ["due"],
    ["stats"],
    ["forecast"],
    ["simulate", "--days", "5"],
    ["readiness", "--on", SOON],
    ["doctor"],
    ["orphans"],
    ["status"],
    ["backup", "--list"],
    ["mock", "--history"],
]
reading = pytest.mark.parametrize("command", READING, ids=" ".join)


def traces(root: Path) -> dict[str, tuple[int, int]]:
    """The time and size of every file and folder below `root`, and of itself."""
    found = [root, *sorted(root.rglob("*"))]
    return {str(path): (path.lstat().st_mtime_ns, path.lstat().st_size) for path in found}


@pytest.fixture
def studied(cli: Runner) -> Runner:
    """A folder with a card that was reviewed, and another one."""
    cli.write("a.md", question("one"))
    cli.write("sub/b.md", question("two"))
    cli("answer", "a.md:1", "good")
    return cli


@reading
def test_a_reading_command_makes_nothing_in_a_fresh_folder(cli: Runner, command: list[str]) -> None:
    cli.write("a.md", question("one"))
    before = traces(cli.root)
    cli(*command)
    assert traces(cli.root) == before


@reading
def test_a_reading_command_writes_nothing_where_a_state_exists(studied: Runner, command: list[str]) -> None:
    before = traces(studied.root)
    studied(*command)
    assert traces(studied.root) == before


@reading
def test_a_reading_command_shows_changed_decks_and_writes_nothing(studied: Runner, command: list[str]) -> None:
    studied.write("a.md", question("one"), question("three"))
    (studied.root / "sub" / "b.md").unlink()
    before = traces(studied.root)
    studied(*command)
    assert traces(studied.root) == before


def test_a_reading_command_sees_the_decks_as_they_are_and_their_reviews(studied: Runner) -> None:
    studied.write("a.md", question("one!"), question("three"))
    assert {card["front"]: card["reps"] for card in studied("list", "--json").lines} == {
        "one!": 1,
        "three": 0,
        "two": 0,
    }


def test_reviews_that_another_program_is_writing_are_read_without_a_trace(studied: Runner) -> None:
    with closing(sqlite3.connect(studied.root / ".flashcards" / "state.db")) as other:
        other.execute("UPDATE cards SET flag = 3")
        other.commit()
        assert (studied.root / ".flashcards" / "state.db-wal").stat().st_size > 0
        before = traces(studied.root)
        assert len(studied("list", "--json", "flag:3").lines) == 2
        assert traces(studied.root) == before


def test_reading_commands_leave_no_trace_of_a_log_left_by_a_killed_program(studied: Runner) -> None:
    state = studied.root / ".flashcards"
    with closing(sqlite3.connect(state / "state.db")) as other:
        other.execute("UPDATE cards SET flag = 3")
        other.commit()
        left = {name: (state / name).read_bytes() for name in ("state.db", "state.db-wal")}
    for name, data in left.items():
        (state / name).write_bytes(data)
    before = traces(studied.root)
    assert len(studied("list", "--json", "flag:3").lines) == 2
    assert traces(studied.root) == before


def test_an_act_that_must_be_kept_creates_the_state_and_reports_its_place(cli: Runner) -> None:
    cli.write("a.md", question("one"))
    assert f"The review state of {cli.root} is now kept in .flashcards." in cli("answer", "a.md:1", "good").err
    assert cli.card()["reps"] == 1
    assert cli("answer", "a.md:1", "good").err == ""


@pytest.mark.parametrize("command", [["suspend", "nothing-here"], ["undo"], ["answer", "a.md:9", "good"], ["backup"]])
def test_an_act_that_keeps_nothing_makes_no_state(cli: Runner, command: list[str]) -> None:
    cli.write("a.md", question("one"))
    cli(*command, code=None)
    assert [path.name for path in cli.root.iterdir()] == ["a.md"]


def test_a_scan_of_an_empty_folder_makes_no_state(cli: Runner) -> None:
    cli("scan")
    assert not list(cli.root.iterdir())


def test_an_export_from_a_read_only_folder_works_with_a_warning(
    studied: Runner, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("os.access", lambda _path, mode: mode != os.W_OK)
    before = traces(studied.root)
    out = tmp_path_factory.mktemp("out") / "x.apkg"
    assert "this export is not recorded" in studied("export", "-o", str(out)).err
    assert out.is_file()
    assert traces(studied.root) == before


def test_a_subfolder_with_its_own_state_is_reported(studied: Runner) -> None:
    studied("-C", "sub", "answer", "b.md:1", "good")
    assert "`sub` has its own review state" in studied("check", code=1).out
    assert "`sub` has its own review state" in studied("scan").err
    assert studied("status", "--json").json["splits"] == ["sub"]


def test_a_state_created_inside_a_collection_is_reported_immediately(studied: Runner) -> None:
    error = studied("-C", "sub", "answer", "b.md:1", "good").err
    assert f"This folder is part of the collection {studied.root}" in error


def test_an_ignored_folder_is_a_separate_collection(studied: Runner) -> None:
    studied.write("flashcards.toml", 'ignore = ["sub/"]\n')
    assert "part of the collection" not in studied("-C", "sub", "answer", "b.md:1", "good").err
    assert studied("check").out == ""
    assert [card["front"] for card in studied("list", "--json").lines] == ["one"]


def test_folders_of_other_programs_are_ignored_unless_the_settings_say_otherwise(cli: Runner) -> None:
    for name in ("node_modules/x", "venv/lib", "Templates", ".git"):
        cli.write(f"{name}/a.md", question(name))
    cli.write("a.md", question("one"))
    assert [card["front"] for card in cli("list", "--json").lines] == ["one"]
    cli.write("flashcards.toml", "ignore = []\n")
    assert len(cli("list", "--json").lines) == 4


def test_ignored_files_are_named_by_patterns_as_git_knows_them(cli: Runner) -> None:
    for name in ("a.md", "a.draft.md", "old/b.md", "old/keep.md", "sub/old/c.md"):
        cli.write(name, question(name))
    cli.write("flashcards.toml", 'ignore = ["*.draft.md", "/old/*", "!/old/keep.md"]\n')
    assert {card["front"] for card in cli("list", "--json").lines} == {"a.md", "old/keep.md", "sub/old/c.md"}


def test_status_shows_the_contents_of_the_folder(studied: Runner) -> None:
    studied("backup")
    status = studied("status", "--json").json
    assert status["folder"] == str(studied.root)
    assert (status["decks"], status["notes"], status["cards"], status["reviews"]) == (2, 2, 2, 1)
    assert status["last_backup"].endswith(".db")
    assert status["due"]["new"] == 1
    shown = studied("status").out
    assert f"{studied.root}/.flashcards/state.db" in shown
    assert "2 decks, 2 notes, 2 cards in 2 files" in shown


@pytest.mark.parametrize(
    "command",
    [["optimize"], ["import", "missing.apkg"], ["import", "a.md"], ["answer", "nothing", "good"], ["link", "a", "b"]],
    ids=" ".join,
)
def test_a_command_with_nothing_to_do_creates_nothing_in_a_new_folder(cli: Runner, command: list[str]) -> None:
    cli.write("a.md", question("one"))
    before = traces(cli.root)
    assert cli(*command, code=None).code in (1, 2)
    assert traces(cli.root) == before
