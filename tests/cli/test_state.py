"""A state that is damaged, of another program, newer, read-only or out of room: one sentence, and nothing lost."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
import threading
from contextlib import closing, suppress
from typing import TYPE_CHECKING

import pytest

from tests.cli.runner import Result, Runner, checked, environment, process, question, unprivileged

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

NEEDS_STATE = [
    *(["list"], ["list", "is:due", "-tag:x"], ["due"], ["scan"], ["check"], ["show", "a.md:1"], ["orphans"], ["undo"]),
    *(["answer", "a.md:1", "good"], ["suspend", "a.md:1"], ["forget", "deck:a"], ["set-due", "3", "a.md:1"]),
    *(["pin", "a.md:1"], ["doctor"], ["doctor", "--rebuild"], ["backup"]),
]


@pytest.mark.parametrize("name", ["x.apkg", "x.db", "x.csv"])
def test_a_first_import_that_is_refused_leaves_no_state(cli: Runner, name: str) -> None:
    cli.write("a.md", question("one"))
    cli.write(name, "rubbish")
    assert f"{name} cannot be imported" in cli.fails("import", str(cli.root / name), code=1)
    assert sorted(path.name for path in cli.root.iterdir()) == ["a.md", name]


def test_a_refused_import_after_another_one_leaves_the_state(cli: Runner) -> None:
    cli.write("a.md", question("one"))
    cli.write("x.csv", "card,rating,time\na.md:1,3,2024-01-01T10:00:00\n")
    cli.write("x.apkg", "rubbish")
    cli("import", str(cli.root / "x.csv"), str(cli.root / "x.apkg"), code=1)
    assert cli.card()["reps"] == 1


# What does not read a damaged table may go on.
GOES_ON_WITHOUT = [(["list", "is:due", "-tag:x"], "notes"), (["due"], "notes")]


@pytest.fixture
def kept(cli: Runner) -> Runner:
    """A collection with a rated card, enough notes to fill many pages, and a backup."""
    cli.write("a.md", *(question(f"question number {number}", "a long answer " * 5) for number in range(300)))
    cli("answer", "a.md:1", "good")
    cli("backup")
    return cli


def database(cli: Runner) -> Path:
    return cli.root / ".flashcards" / "state.db"


def backups(cli: Runner) -> list[Path]:
    return sorted((cli.root / ".flashcards" / "backups").glob("*.db"))


def put(cli: Runner, content: bytes) -> None:
    """Put something else in the place of the database."""
    for name in ("state.db-wal", "state.db-shm"):
        (database(cli).parent / name).unlink(missing_ok=True)
    database(cli).write_bytes(content)


def damage(cli: Runner, table: str = "notes") -> None:
    """Overwrite every page of a table and of its indexes."""
    connection = sqlite3.connect(database(cli))
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    names = [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE tbl_name = ?", (table,))]
    pages: list[int] = []
    for name in names:
        with suppress(sqlite3.OperationalError):  # SQLite may have been built without this table
            pages += [page for (page,) in connection.execute("SELECT pageno FROM dbstat WHERE name = ?", (name,))]
        pages += [page for (page,) in connection.execute("SELECT rootpage FROM sqlite_master WHERE name = ?", (name,))]
    connection.close()
    content = bytearray(database(cli).read_bytes())
    for page in pages:
        content[(page - 1) * 4096 : page * 4096] = b"\xaa" * 4096
    put(cli, bytes(content))


def said(result: Result) -> str:
    """The sentence of a command that failed because of the state, and nothing else."""
    assert result.code == 1
    assert "Error: " in result.err or "Database: " in result.out
    return result.err + result.out


@pytest.mark.parametrize("table", ["files", "notes", "cards"])
@pytest.mark.parametrize("arguments", NEEDS_STATE, ids=" ".join)
def test_a_damaged_database_names_the_last_backup(kept: Runner, arguments: list[str], table: str) -> None:
    damage(kept, table)
    before = backups(kept)
    result = kept(*arguments, code=None)
    assert result.code or (arguments, table) in GOES_ON_WITHOUT or table == "cards"
    if result.code and "nothing to undo" not in result.err:
        text = said(result)
        assert "state.db is damaged. The newest intact backup is " in text
        assert before[-1].name in text
    assert backups(kept) == before, "a damaged copy pushes no sound one out"


def test_a_damaged_name_of_a_column_names_the_last_backup(kept: Runner) -> None:
    content = (kept.root / ".flashcards/state.db").read_bytes()
    assert b'"end_line"' in content
    put(kept, content.replace(b'"end_line"', b'"endxline"'))
    assert "state.db is damaged. The newest intact backup is " in said(kept("list", code=1))


@pytest.mark.parametrize(
    "statement",
    [
        *(f"UPDATE notes SET body = '{body}'" for body in ("{}", "[1]", '{"kind":"question","fields":1,"slots":[]}')),
        """UPDATE notes SET body = '{"kind":"question","fields":[1,2],"slots":["forward"]}'""",
        *(f"UPDATE files SET settings = '{text}'" for text in ("[1]", '{"deck":"a"}', '{"deck":"a","values":[1]}')),
        *(f"UPDATE files SET problems = '{text}'" for text in ("[1]", "{}1", '[["a"]]')),
        *("DELETE FROM _sqlite_migrations", "DELETE FROM _sqlite_migrations WHERE name = 'create_acts'"),
        "UPDATE cards SET stability = 0 WHERE stability IS NOT NULL",
    ],
)
def test_what_no_command_wrote_into_the_tables_is_damage(kept: Runner, statement: str) -> None:
    with closing(sqlite3.connect(kept.root / ".flashcards" / "state.db")) as connection:
        connection.execute(statement)
        connection.commit()
    found = [said(result) for command in ("check", "list") if (result := kept(command, "--json", code=None)).code]
    assert any("state.db is damaged. The newest intact backup is " in text for text in found)
    assert kept("restore", "-y").code == 0
    kept("doctor")


@pytest.mark.parametrize(
    ("statement", "words"),
    [
        ("UPDATE cards SET note = note + (1 << 62)", "undo --list"),
        ("UPDATE cards SET state = 1, due_ms = NULL, due_day = NULL", "export -o x.apkg"),
        ("PRAGMA foreign_keys = OFF; DELETE FROM cards", "backup"),
    ],
)
def test_a_row_that_does_not_fit_the_others_is_damage(kept: Runner, statement: str, words: str) -> None:
    with closing(sqlite3.connect(kept.root / ".flashcards" / "state.db")) as connection:
        connection.executescript(statement)
    assert "state.db is damaged. The newest intact backup is " in said(kept(*words.split(), code=1))
    assert kept("restore", "-y").code == 0
    kept("doctor")


def test_a_cut_text_is_damage_to_a_scan_that_looks_for_links(kept: Runner) -> None:
    with closing(sqlite3.connect(kept.root / ".flashcards" / "state.db")) as connection:
        connection.execute("UPDATE notes SET body = '[['")
        connection.commit()
    (kept.root / "b.md").write_text("Q: new\nA: note\n")
    assert "state.db is damaged. The newest intact backup is " in said(kept("list", code=1))


def test_a_damaged_database_is_put_right_by_restore(kept: Runner) -> None:
    damage(kept)
    kept("restore", "--yes")
    assert kept("show", "a.md:1", "--json").json["reps"] == 1
    assert kept("doctor").out.startswith("The database is sound.\n")


@pytest.mark.parametrize("arguments", NEEDS_STATE, ids=" ".join)
def test_a_file_that_is_not_a_database_is_left_alone(kept: Runner, arguments: list[str]) -> None:
    put(kept, b"garbage " * 1000)
    text = kept.fails(*arguments, code=1)
    assert text.startswith("Error: ")
    assert "state.db cannot be used: it is not a database." in text
    assert database(kept).read_bytes() == b"garbage " * 1000


@pytest.mark.parametrize("kind", ["garbage", "newer"])
def test_any_error_of_the_database_names_the_last_backup(kept: Runner, kind: str) -> None:
    put(kept, b"garbage " * 1000) if kind == "garbage" else from_the_future(kept)
    assert backups(kept)[-1].name in kept.fails("due", code=1)


def test_a_folder_in_place_of_the_database_is_left_alone(cli: Runner) -> None:
    cli.write("a.md", question("one"))
    database(cli).mkdir(parents=True)
    for arguments in NEEDS_STATE:
        assert "state.db cannot be used: it is a folder. Move it away." in cli.fails(*arguments, code=1)


def test_a_file_in_place_of_the_state_folder_is_left_alone(cli: Runner) -> None:
    cli.write("a.md", question("one"))
    (cli.root / ".flashcards").write_text("mine", encoding="utf-8")
    assert ".flashcards cannot be made: a file is in its place." in cli.fails("answer", "a.md:1", "good", code=1)
    assert (cli.root / ".flashcards").read_text(encoding="utf-8") == "mine"


def from_the_future(cli: Runner) -> None:
    """Let the database list a migration that nobody knows yet."""
    connection = sqlite3.connect(database(cli))
    connection.execute(
        "INSERT INTO _sqlite_migrations (migration_set, name, applied_at) VALUES ('catalog', 'of_tomorrow', 'x')"
    )
    connection.commit()
    connection.close()


def test_a_database_of_a_newer_version_is_left_alone(kept: Runner) -> None:
    from_the_future(kept)
    before = database(kept).read_bytes()
    for arguments in NEEDS_STATE:
        text = kept.fails(*arguments, code=1)
        assert "was written by a newer version of this program. Update the program to open it" in text
    assert database(kept).read_bytes() == before


def test_an_empty_database_is_created_again(cli: Runner) -> None:
    cli.write("a.md", question("one"))
    (cli.root / ".flashcards").mkdir()
    database(cli).touch()
    assert len(cli.ids()) == 1


def test_a_state_that_may_not_be_written_is_reported_and_left_alone(cli: Runner) -> None:
    prefix = unprivileged()
    if prefix is None:
        pytest.skip("permissions do not bind this user")
    cli.write("a.md", question("one"))
    cli("answer", "a.md:1", "good")
    folder = cli.root / ".flashcards"
    database(cli).chmod(0o444)
    folder.chmod(0o555)
    try:
        for arguments in (["answer", "a.md:1", "good"], ["backup"]):
            error = process(arguments, cli.root, code=1, prefix=prefix).err
            assert error.startswith("Error: ")
            assert "state.db cannot be used: " in error or "permission" in error.lower()
    finally:
        folder.chmod(0o755)
        database(cli).chmod(0o644)
    assert cli.card()["reps"] == 1


def test_a_folder_that_may_not_be_written_is_reported(cli: Runner) -> None:
    prefix = unprivileged()
    if prefix is None:
        pytest.skip("permissions do not bind this user")
    cli.write("a.md", question("one"))
    cli.root.chmod(0o555)
    try:
        assert "one" in process(["list"], cli.root, prefix=prefix).out
        error = process(["answer", "a.md:1", "good"], cli.root, code=1, prefix=prefix).err
    finally:
        cli.root.chmod(0o755)
    assert ".flashcards cannot be made: Permission denied." in error


def test_a_database_that_another_program_holds_is_reported(cli: Runner, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("scheduler.connection.BUSY_SECONDS", 0.05)
    os.utime(cli.write("a.md", question("one")), (1e9, 1e9))  # a file just written would be looked at again
    cli("scan")
    other = sqlite3.connect(database(cli), isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    try:
        assert "is in use by another program." in cli.fails("answer", "a.md:1", "good", code=1)
        assert cli("list").code == 0, "reading goes on"
    finally:
        other.close()
    assert cli.card()["reps"] == 0


def test_a_new_state_waits_for_another_process_that_looks_at_it(cli: Runner) -> None:
    cli.write("a.md", question("one"))
    database(cli).parent.mkdir()
    other = sqlite3.connect(database(cli), isolation_level=None, check_same_thread=False)
    other.execute("CREATE TABLE empty (x)")
    other.execute("DROP TABLE empty")
    other.execute("BEGIN IMMEDIATE")
    release = threading.Timer(0.3, other.close)
    release.start()
    try:
        assert len(cli.ids()) == 1
    finally:
        release.join()


@pytest.fixture
def small_disk(cli: Runner) -> Iterator[Path]:
    """A folder on a file system of one megabyte; skips where none can be mounted."""
    place = cli.root / "disk"
    place.mkdir()
    mount = shutil.which("mount")
    done = mount and subprocess.run(
        [mount, "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(place)], capture_output=True, check=False
    )
    if not done or done.returncode:
        pytest.skip("no file system can be mounted here")
    yield place
    subprocess.run(["umount", "-l", str(place)], check=True)


def fill(disk: Path) -> Path:
    """Leave no room on the disk; returns the file that takes it."""
    filler = disk / "filler"
    with filler.open("wb", buffering=0) as file, pytest.raises(OSError, match="No space left"):
        while True:
            file.write(b"x" * 4096)
    return filler


def test_a_full_disk_loses_nothing(cli: Runner, small_disk: Path) -> None:
    (small_disk / "a.md").write_text(question("one"), encoding="utf-8")
    cli("-C", str(small_disk), "answer", "a.md:1", "good")
    filler = fill(small_disk)
    for arguments in (["answer", "a.md:1", "good"], ["suspend", "a.md:1"], ["backup"], ["pin", "a.md:1"]):
        error = cli("-C", str(small_disk), *arguments, code=1).err
        assert error.startswith("Error: ")
        assert error.count("\n") == 1
    filler.unlink()
    (card,) = cli("-C", str(small_disk), "list", "--json").lines
    assert (card["reps"], card["suspended"]) == (1, False)
    assert cli("-C", str(small_disk), "doctor").out.startswith("The database is sound.\n")


def test_a_full_disk_is_reported(cli: Runner, small_disk: Path) -> None:
    (small_disk / "a.md").write_text(question("one"), encoding="utf-8")
    cli("-C", str(small_disk), "scan")
    fill(small_disk)
    error = cli("-C", str(small_disk), "answer", "a.md:1", "good", code=1).err
    assert error.startswith("Error: The disk is full: ")


def limited(arguments: list[str], cwd: Path, size: int) -> Result:
    """Run a command that may make no file larger than `size` bytes."""
    script = (
        "import resource, signal, sys; from flashcards.cli import run;"
        f"resource.setrlimit(resource.RLIMIT_FSIZE, ({size}, {size}));"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN); sys.exit(run(sys.argv[1:]))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, *arguments], cwd=cwd, env=environment(), capture_output=True, check=False
    )
    return checked(Result(done.returncode, done.stdout.decode(), done.stderr.decode()), None)


@pytest.mark.parametrize("size", [0, 4096, 100_000, 200_000])
def test_a_first_scan_that_fills_the_disk_is_completed_later(cli: Runner, size: int) -> None:
    cli.write("a.md", *(question(f"question number {number}", "a long answer " * 5) for number in range(800)))
    result = limited(["scan"], cli.root, size)
    assert result.code == 1
    assert result.err.startswith("Error: ")
    assert result.err.count("\n") == 1
    assert len(cli.ids()) == 800
    assert cli("doctor").out.startswith("The database is sound.\n")


def test_a_deck_stays_unchanged_if_the_disk_is_too_full_to_pin_it(cli: Runner) -> None:
    text = question("one", "a long answer " * 20_000)
    file = cli.write("a.md", text)
    cli("scan")
    result = limited(["pin", "a.md:1"], cli.root, 100_000)
    assert result.code == 1
    assert result.err.startswith("Error: ")
    assert file.read_text(encoding="utf-8") == text
    assert {path.name for path in cli.root.iterdir()} == {".flashcards", "a.md"}
