"""A log that a killed process left is applied to its own database file and to no other."""

from __future__ import annotations

import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from scheduler import Rating, Store, connection, restore, transaction, write_ahead_log
from scheduler.backup_files import is_sound
from scheduler.connection import open_file
from scheduler.errors import LogLeft
from scheduler.write_ahead_log import find_log, is_continued_by, open_immutable
from tests.scheduler.world import NOW, PLAIN, add, open_store

RATE_AND_DIE = """
import os, sys
from pathlib import Path
from tests.scheduler.test_write_ahead_log import rate_cards
from tests.scheduler.world import open_store
rate_cards(open_store(Path(sys.argv[1])), range(int(sys.argv[2])))
os.kill(os.getpid(), 9)
"""


def rate_and_die(folder: Path, ratings: int = 3) -> None:
    subprocess.run([sys.executable, "-c", RATE_AND_DIE, str(folder), str(ratings)], check=False)
    assert find_log(folder / "state.db").stat().st_size > 0


def rate_cards(store: Store, places: range) -> None:
    cards = [row[0] for row in store.connection.execute("SELECT id FROM cards ORDER BY id")]
    for place in places:
        store.rate(cards[place], Rating.GOOD, PLAIN, NOW + place, 0)


def rate(folder: Path, first: int, count: int = 1) -> None:
    store = open_store(folder)
    rate_cards(store, range(first, first + count))
    store.connection.close()


def count_reviews(folder: Path) -> int:
    store = open_store(folder)
    with closing(store.connection) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        (number,) = connection.execute("SELECT count(*) FROM reviews").fetchone()
    return int(number)


@pytest.fixture
def two(tmp_path: Path) -> tuple[Path, Path]:
    """Two folders with the same database, which holds 60 cards."""
    here, there = tmp_path / "here", tmp_path / "there"
    here.mkdir()
    store = open_store(here)
    add(store, 60)
    store.connection.close()
    shutil.copytree(here, there)
    return here, there


def bring(there: Path, here: Path) -> None:
    """Put the database of another computer in place, as a program does that syncs folders."""
    waiting = here / ".waiting"
    shutil.copy2(there / "state.db", waiting)
    waiting.replace(here / "state.db")


def test_a_log_that_its_last_process_removes_meanwhile_is_no_error(
    two: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    def remove_then_read(log: Path) -> Iterator[int]:
        log.unlink()
        return read_marks(log)

    here, _ = two
    rate_and_die(here)
    read_marks = write_ahead_log._read_marks
    monkeypatch.setattr(write_ahead_log, "_read_marks", remove_then_read)
    assert is_continued_by(here / "state.db", find_log(here / "state.db"))


def test_the_log_of_a_killed_process_is_applied_to_its_database(two: tuple[Path, Path]) -> None:
    here, _ = two
    rate_and_die(here)
    assert is_continued_by(here / "state.db", find_log(here / "state.db"))
    assert count_reviews(here) == 3


@pytest.mark.parametrize("ratings", [1, 40])
def test_a_log_is_not_applied_to_a_database_from_another_computer(two: tuple[Path, Path], ratings: int) -> None:
    here, there = two
    rate(there, 20, ratings)
    rate_and_die(here)
    bring(there, here)
    arrived = (here / "state.db").read_bytes()
    with closing(open_file(here / "state.db")) as reading:
        assert reading.execute("SELECT count(*) FROM reviews").fetchone() == (ratings,)
    with pytest.raises(LogLeft, match=r"replaced .* after a command was killed") as error:
        open_store(here)
    assert (here / "state.db").read_bytes() == arrived
    (aside,) = (here / "backups").glob("*.wal")
    assert str(aside) in str(error.value)
    assert count_reviews(here) == ratings


def test_a_log_is_not_applied_to_an_older_state_of_its_own_database(two: tuple[Path, Path]) -> None:
    here, there = two
    rate(here, 10)
    rate_and_die(here)
    bring(there, here)
    with pytest.raises(LogLeft):
        open_store(here)
    assert count_reviews(here) == 0


def test_what_a_log_holds_becomes_a_backup_if_its_database_is_still_there(two: tuple[Path, Path]) -> None:
    here, there = two
    rate(there, 20)
    rate_and_die(here)
    shutil.copy2(here / "state.db", here / "state (conflicted copy).db")
    bring(there, here)
    with pytest.raises(LogLeft, match="adds its reviews"):
        open_store(here)
    (saved,) = (here / "backups").iterdir()
    assert is_sound(saved)
    with closing(sqlite3.connect(saved)) as connection:
        assert connection.execute("SELECT count(*) FROM reviews").fetchone() == (3,)
    assert count_reviews(here) == 1


def test_a_log_that_came_without_its_database_is_not_applied(two: tuple[Path, Path]) -> None:
    here, there = two
    rate(here, 20)
    rate_and_die(there)
    shutil.copy2(find_log(there / "state.db"), find_log(here / "state.db"))
    with pytest.raises(LogLeft):
        open_store(here)
    assert count_reviews(here) == 1


def test_a_database_and_its_log_may_be_copied_together(two: tuple[Path, Path], tmp_path: Path) -> None:
    here, _ = two
    rate_and_die(here)
    shutil.copytree(here, tmp_path / "moved")
    assert count_reviews(tmp_path / "moved") == 3


@pytest.mark.parametrize("size", [10, 1000, 4096, 4096 + 31, 9000])
def test_a_torn_log_is_left_to_sqlite(two: tuple[Path, Path], size: int) -> None:
    here, there = two
    rate_and_die(there, 1)
    whole = find_log(there / "state.db").read_bytes()
    for torn in (whole[:size], whole[:size] + bytes(len(whole) - size)):
        find_log(here / "state.db").write_bytes(torn)
        assert is_continued_by(here / "state.db", find_log(here / "state.db"))
        assert count_reviews(here) == 0


def test_a_log_belongs_to_a_database_that_already_holds_it(two: tuple[Path, Path]) -> None:
    store = open_store(two[0])
    rate_cards(store, range(20))
    store.connection.execute("PRAGMA wal_checkpoint(PASSIVE)")
    path = two[0] / "state.db"
    with closing(open_immutable(path)) as file:
        assert file.execute("SELECT count(*) FROM reviews").fetchone() == (20,)
    assert is_continued_by(path, find_log(path))
    rate_cards(store, range(20, 21))  # the log restarts
    assert is_continued_by(path, find_log(path))
    store.connection.close()


def test_a_log_belongs_to_its_database_if_a_transaction_is_too_large_for_the_memory(two: tuple[Path, Path]) -> None:
    here, there = (folder / "state.db" for folder in two)
    rate(there.parent, 20)
    store = open_store(here.parent)
    store.connection.execute("PRAGMA cache_size = 5")  # pages; the others are written before the mark
    store.connection.execute("PRAGMA wal_autocheckpoint = 0")
    add(store, 9000)
    assert find_log(here).stat().st_size > 100 * 4096
    assert is_continued_by(here, find_log(here))
    assert not is_continued_by(there, find_log(here))
    store.connection.close()


def test_a_restored_database_is_continued_by_the_log_of_its_restoring(store: Store, tmp_path: Path) -> None:
    from scheduler import backup

    add(store, 2)
    saved = backup(store.connection, tmp_path / "backups")
    add(store, 2)
    store.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")  # the connection stays open, and so does the log
    restore(tmp_path / "state.db", saved, tmp_path / "backups")
    assert find_log(tmp_path / "state.db").stat().st_size > 0
    assert is_continued_by(tmp_path / "state.db", find_log(tmp_path / "state.db"))
    with transaction(store.connection):
        add(store, 1)
    assert is_continued_by(tmp_path / "state.db", find_log(tmp_path / "state.db"))


def test_the_log_of_a_program_without_marks_is_applied(two: tuple[Path, Path]) -> None:
    here, _ = two
    script = (
        "import os, sqlite3, sys; c = sqlite3.connect(sys.argv[1]); c.execute('CREATE TABLE _x (y)'); c.commit();"
        " os.kill(os.getpid(), 9)"
    )
    subprocess.run([sys.executable, "-c", script, str(here / "state.db")], check=False)
    assert find_log(here / "state.db").stat().st_size > 0
    with closing(open_store(here).connection) as connection:
        assert connection.execute("SELECT count(*) FROM _x").fetchone() == (0,)


def test_the_index_of_a_log_moved_away_is_removed_with_it(two: tuple[Path, Path]) -> None:
    here, there = two
    rate(there, 20)
    rate_and_die(here)
    bring(there, here)
    with pytest.raises(LogLeft):
        open_store(here)
    assert sorted(path.name for path in here.iterdir()) == ["backups", "state.db"]


def test_a_log_copied_before_it_was_removed_is_not_applied_to_later_ratings(
    two: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    rate_and_die(two[0])
    copy_frames = write_ahead_log.copy_frames

    def copy_then_rate(log: Path, copy: Path) -> None:
        copy_frames(log, copy)
        rate(two[0], 3, 20)  # it ends without a log
        assert not log.exists()

    monkeypatch.setattr(connection, "copy_frames", copy_then_rate)
    with closing(open_file(two[0] / "state.db")) as opened:
        assert opened.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert opened.execute("SELECT count(*) FROM reviews").fetchone() == (23,)
