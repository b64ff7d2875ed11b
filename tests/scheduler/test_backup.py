from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from scheduler import (
    BackupUnusable,
    DatabaseBusy,
    DatabaseCorrupt,
    DatabaseUnreadable,
    StateLost,
    Store,
    backup,
    check,
    remove_old_backups,
    restore,
    transaction,
)
from scheduler import (
    connection as connections,
)
from scheduler.backup_files import choose_old, find_newest_backup, list_backups
from scheduler.backups import is_damaged
from scheduler.connection import closing_connection
from tests.scheduler.world import add, open_store


def count(path: Path) -> int:
    connection = sqlite3.connect(path)
    number: int = connection.execute("SELECT count(*) FROM cards").fetchone()[0]
    connection.close()
    return number


def files(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_backup_holds_what_was_committed(store: Store, tmp_path: Path) -> None:
    add(store, 3)
    other = open_store(tmp_path)
    with transaction(store.connection):
        add(store, 4)
        copy = backup(other.connection, tmp_path / "backups")
    other.connection.close()
    assert count(copy) == 3
    assert files(tmp_path / "backups") == [copy.name]


def test_a_copy_that_equals_the_newest_is_not_made_again(store: Store, tmp_path: Path) -> None:
    add(store, 1)
    first = backup(store.connection, tmp_path / "backups")
    assert backup(store.connection, tmp_path / "backups") == first
    add(store, 1)
    second = backup(store.connection, tmp_path / "backups")
    assert files(tmp_path / "backups") == [first.name, second.name]


def make_copies(folder: Path, times: list[datetime]) -> None:
    """Files with the names of backups made at these instants."""
    folder.mkdir()
    for at in times:
        (folder / f"state-{at:%Y%m%dT%H%M%S.%fZ}.db").write_bytes(b"")


def test_all_backups_of_the_last_day_stay_up_to_fifty(tmp_path: Path) -> None:
    noon = datetime(2026, 3, 18, 12, tzinfo=UTC)
    make_copies(tmp_path / "backups", [noon + timedelta(minutes=minute) for minute in range(40)])
    remove_old_backups(tmp_path / "state.db", tmp_path / "backups")
    assert len(files(tmp_path / "backups")) == 40


def test_older_backups_stay_by_day_week_and_month() -> None:
    newest = datetime(2026, 12, 18, 12, tzinfo=UTC)
    times = [newest - timedelta(hours=hour) for hour in range(0, 24 * 500, 4)]
    old = choose_old(times)
    kept = sorted(set(times) - old, reverse=True)
    days = {at.date() for at in kept}
    assert {newest.date() - timedelta(days=back) for back in range(7)} <= days
    assert len({at.isocalendar()[:2] for at in kept}) >= 5
    assert {(2026, month) for month in range(1, 13)} <= {(at.year, at.month) for at in kept}
    assert len(kept) < 10 + 7 + 5 + 12
    assert kept[0] == newest


def test_thinning_twice_removes_nothing_more() -> None:
    times = [datetime(2026, 12, 18, 12, tzinfo=UTC) - timedelta(hours=7 * number) for number in range(900)]
    kept = sorted(set(times) - choose_old(times))
    assert choose_old(kept) == set()


def test_a_clock_set_back_does_not_delete_the_newest_backup(store: Store, tmp_path: Path) -> None:
    folder = tmp_path / "backups"
    make_copies(folder, [datetime(2099, 1, 1, tzinfo=UTC) + timedelta(days=day) for day in range(30)])
    add(store, 1)
    saved = backup(store.connection, folder)
    remove_old_backups(tmp_path / "state.db", folder)
    assert files(folder)[-1] == saved.name


def test_other_files_among_the_backups_are_left_alone(tmp_path: Path) -> None:
    folder = tmp_path / "backups"
    make_copies(folder, [datetime(2026, 1, 1, 0, minute, tzinfo=UTC) for minute in range(60)])
    for name in ("mine.txt", "state-mine.db", "state-20260101T000000.000000Z.damaged"):
        (folder / name).write_text("keep")
    remove_old_backups(tmp_path / "state.db", folder)
    assert {"mine.txt", "state-mine.db", "state-20260101T000000.000000Z.damaged"} <= set(files(folder))
    assert len(files(folder)) == 50 + 1 + 3, "the newest fifty, the first of the day, and the others"


def test_a_backup_has_the_permissions_of_the_database(store: Store, tmp_path: Path) -> None:
    (tmp_path / "state.db").chmod(0o600)
    add(store, 1)
    assert backup(store.connection, tmp_path / "backups").stat().st_mode & 0o777 == 0o600


def test_no_backup_is_made_of_a_damaged_database(tmp_path: Path) -> None:
    store = open_store(tmp_path)
    add(store, 2_000)
    store.connection.close()
    damage(tmp_path / "state.db")
    with closing_connection(tmp_path / "state.db") as connection, pytest.raises(DatabaseCorrupt):
        backup(connection, tmp_path / "backups")
    assert files(tmp_path / "backups") == []


def test_a_backup_folder_that_cannot_be_made_is_named_in_the_error(store: Store, tmp_path: Path) -> None:
    (tmp_path / "backups").write_text("a file")
    with pytest.raises(DatabaseUnreadable, match="backups cannot be used"):
        backup(store.connection, tmp_path / "backups")


def test_file_and_folder_are_on_disk_before_a_backup_is_reported(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[tuple[str, bool]] = []
    fsync = os.fsync

    def record(handle: int) -> None:
        place = Path(f"/proc/self/fd/{handle}").readlink()
        synced.append((place.name, any((tmp_path / "backups").glob("*.db"))))
        fsync(handle)

    monkeypatch.setattr(os, "fsync", record)
    copy = backup(store.connection, tmp_path / "backups")
    assert (f"{copy.name}.part", False) in synced, "the copy, before it gets its name"
    assert ("backups", True) in synced, "the name"


def damage(path: Path) -> None:
    """Overwrite the last page of rows; what says which tables there are stays whole."""
    content = bytearray(path.read_bytes())
    content[-4096:] = bytes(4096)
    path.write_bytes(content)


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    """A backup with three cards of a database that has five by now and is closed."""
    store = open_store(tmp_path)
    add(store, 3)
    copy = backup(store.connection, tmp_path / "backups")
    add(store, 2)
    store.connection.close()
    return copy


def test_restore_copies_the_backup_and_keeps_the_earlier_state(tmp_path: Path, saved: Path) -> None:
    path = tmp_path / "state.db"
    aside = restore(path, saved, tmp_path / "backups")
    assert count(path) == 3
    assert aside is not None
    assert count(aside) == 5
    assert saved.exists()
    assert files(tmp_path) == ["backups", "state.db"]


def test_a_restored_database_opens_and_is_sound(tmp_path: Path, saved: Path) -> None:
    restore(tmp_path / "state.db", saved, tmp_path / "backups")
    store = open_store(tmp_path)
    assert check(store.connection) == []
    add(store, 1)
    store.connection.close()
    assert count(tmp_path / "state.db") == 4


def test_restore_works_without_a_database(tmp_path: Path, saved: Path) -> None:
    path = tmp_path / "state.db"
    path.unlink()
    assert restore(path, saved, tmp_path / "backups") is None
    assert count(path) == 3


def test_a_write_ahead_log_left_by_a_crash_is_not_read_into_the_restored_database(tmp_path: Path, saved: Path) -> None:
    store = open_store(tmp_path)
    store.connection.execute("PRAGMA wal_autocheckpoint = 0")
    add(store, 2_000)
    path = tmp_path / "state.db"
    wal = path.with_name("state.db-wal").read_bytes()
    main = path.read_bytes()
    store.connection.close()
    path.write_bytes(main)
    path.with_name("state.db-wal").write_bytes(wal)
    aside = restore(path, saved, tmp_path / "backups")
    assert aside is not None
    assert (count(path), count(aside)) == (3, 2_005)


def test_a_damaged_database_is_set_aside_unchanged(tmp_path: Path, saved: Path) -> None:
    path = tmp_path / "state.db"
    path.write_bytes(b"rubbish" * 1000)
    aside = restore(path, saved, tmp_path / "backups")
    assert count(path) == 3
    assert aside is not None
    assert aside.read_bytes() == b"rubbish" * 1000


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"SQLite format 3\0\x10\0\x02", b"SQLite format 3\0\x10\0\x42"),
        (b'"stability" REAL', b'"stabXlity" REAL'),
        (b'"buried_by" INTEGER', b'"buriedyby" INTEGER'),
    ],
    ids=["a version that can only be read", "another name of a column", "another plain name of a column"],
)
def test_a_database_with_damage_unknown_to_sqlite_is_set_aside(
    tmp_path: Path, saved: Path, old: bytes, new: bytes
) -> None:
    path = tmp_path / "state.db"
    whole = path.read_bytes()
    assert old in whole
    path.write_bytes(whole.replace(old, new, 1))
    aside = restore(path, saved, tmp_path / "backups")
    assert aside is not None
    assert aside.suffix == ".damaged"
    assert count(path) == count(saved)
    assert find_newest_backup(path) == saved


@pytest.mark.parametrize(
    ("content", "reason"), [(b"", "is empty"), (b"rubbish" * 1000, "not a database"), (None, "no such file")]
)
def test_a_file_that_is_not_a_backup_is_refused_and_nothing_is_replaced(
    tmp_path: Path, saved: Path, content: bytes | None, reason: str
) -> None:
    bad, path = tmp_path / "bad.db", tmp_path / "state.db"
    if content is not None:
        bad.write_bytes(content)
    with pytest.raises(BackupUnusable, match=reason):
        restore(path, bad, tmp_path / "backups")
    assert count(path) == 5
    assert files(tmp_path / "backups") == [saved.name]


def test_a_truncated_backup_is_refused_and_nothing_is_replaced(tmp_path: Path, saved: Path) -> None:
    saved.write_bytes(saved.read_bytes()[:20_000])
    with pytest.raises(BackupUnusable):
        restore(tmp_path / "state.db", saved, tmp_path / "backups")
    assert count(tmp_path / "state.db") == 5


def test_a_backup_damaged_inside_is_refused_and_nothing_is_replaced(store: Store, tmp_path: Path) -> None:
    add(store, 2_000)
    copy = backup(store.connection, tmp_path / "backups")
    store.connection.close()
    content = bytearray(copy.read_bytes())
    content[-4096:] = bytes(4096)  # a page of rows; what says which tables there are is whole
    copy.write_bytes(content)
    with pytest.raises(BackupUnusable, match="damaged"):
        restore(tmp_path / "state.db", copy, tmp_path / "backups")
    assert count(tmp_path / "state.db") == 2_000
    assert files(tmp_path / "backups") == [copy.name]


def test_a_database_that_another_process_is_writing_is_not_replaced(
    tmp_path: Path, saved: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "BUSY_SECONDS", 0.05)
    other = open_store(tmp_path)
    with transaction(other.connection), pytest.raises(DatabaseBusy):
        restore(tmp_path / "state.db", saved, tmp_path / "backups")
    other.connection.close()
    assert count(tmp_path / "state.db") == 5


def test_restoring_under_an_open_connection_shows_it_the_restored_state(tmp_path: Path, saved: Path) -> None:
    other = open_store(tmp_path)
    add(other, 1)
    aside = restore(tmp_path / "state.db", saved, tmp_path / "backups")
    assert aside is not None
    assert count(aside) == 6, "what the open connection committed before is kept"
    assert other.connection.execute("SELECT count(*) FROM cards").fetchone() == (3,)
    add(other, 1)
    other.connection.close()
    assert count(tmp_path / "state.db") == 4
    assert integrity(tmp_path / "state.db") == "ok"


READER = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1])
connection.execute("SELECT count(*) FROM cards").fetchone()
connection.close()
"""


def test_looking_for_damage_releases_no_lock_of_a_connection_in_the_same_process(store: Store, tmp_path: Path) -> None:
    add(store, 1)
    path = tmp_path / "state.db"
    assert not is_damaged(path)
    subprocess.run([sys.executable, "-c", READER, str(path)], check=True)
    assert path.with_name("state.db-wal").exists(), "the last process to close a database deletes its log"
    add(store, 1)
    assert count(path) == 2


WRITER = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1], timeout=30, isolation_level=None)
for number in range(300):
    connection.execute("INSERT INTO _written VALUES (?)", (number,))
    print(number, flush=True)
"""


def test_what_another_process_commits_while_restoring_is_never_lost(tmp_path: Path, saved: Path) -> None:
    path = tmp_path / "state.db"
    connection = sqlite3.connect(saved)
    connection.execute("CREATE TABLE _written (id INTEGER PRIMARY KEY)")
    connection.commit()
    connection.close()
    restore(path, saved, tmp_path / "backups")
    kept: set[int] = set()
    with subprocess.Popen([sys.executable, "-c", WRITER, str(path)], stdout=subprocess.PIPE) as writer:
        assert writer.stdout is not None
        writer.stdout.readline()
        while writer.poll() is None:
            aside = restore(path, saved, tmp_path / "backups")
            assert aside is not None
            kept |= read_written(aside)
    assert writer.returncode == 0
    assert kept | read_written(path) == set(range(300))
    assert integrity(path) == "ok"


def read_written(path: Path) -> set[int]:
    connection = sqlite3.connect(path)
    found = {number for (number,) in connection.execute("SELECT id FROM _written")}
    connection.close()
    return found


def test_a_damaged_database_that_another_process_has_open_is_left_alone(tmp_path: Path, saved: Path) -> None:
    path = tmp_path / "state.db"
    script = (
        "import sqlite3, sys\n"
        "c = sqlite3.connect(sys.argv[1])\n"
        "c.execute('SELECT count(*) FROM cards').fetchone()\n"
        "print('open', flush=True)\n"
        "sys.stdin.read()\n"
    )
    add_to = open_store(tmp_path)
    add(add_to, 2_000)
    add_to.connection.close()
    command = [sys.executable, "-c", script, str(path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
        assert other.stdout is not None
        other.stdout.readline()
        damage(path)
        before = path.read_bytes()
        with pytest.raises(DatabaseBusy):
            restore(path, saved, tmp_path / "backups")
        assert path.read_bytes() == before
        other.communicate()
    restore(path, saved, tmp_path / "backups")
    assert count(path) == 3


def test_a_restored_database_keeps_its_file_and_permissions(tmp_path: Path, saved: Path) -> None:
    path = tmp_path / "state.db"
    path.chmod(0o640)
    before = path.stat()
    restore(path, saved, tmp_path / "backups")
    assert (path.stat().st_ino, path.stat().st_mode) == (before.st_ino, before.st_mode)


def test_restoring_deletes_no_backup_if_it_fails(tmp_path: Path, saved: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "backups"
    for minute in range(60):
        at = datetime(2026, 1, 1, 0, minute, tzinfo=UTC)
        (folder / f"state-{at:%Y%m%dT%H%M%S.%fZ}.db").write_bytes(b"")
    monkeypatch.setattr(connections, "BUSY_SECONDS", 0.05)
    other = open_store(tmp_path)
    with transaction(other.connection), pytest.raises(DatabaseBusy):
        restore(tmp_path / "state.db", saved, folder)
    other.connection.close()
    assert len(files(folder)) == 61


@pytest.mark.usefixtures("saved")
def test_the_current_state_is_not_a_backup_of_itself(tmp_path: Path) -> None:
    with pytest.raises(BackupUnusable, match="the current state"):
        restore(tmp_path / "state.db", tmp_path / "state.db", tmp_path / "backups")
    assert count(tmp_path / "state.db") == 5


def test_a_database_of_another_program_is_not_a_backup(tmp_path: Path) -> None:
    other = sqlite3.connect(tmp_path / "other.db")
    other.execute("CREATE TABLE cards (id INTEGER)")
    other.close()
    with pytest.raises(BackupUnusable, match="contains no review state"):
        restore(tmp_path / "state.db", tmp_path / "other.db", tmp_path / "backups")


def test_the_newest_sound_backup_is_found(tmp_path: Path, saved: Path) -> None:
    newer = saved.with_name("state-20991231T000000.000000Z.db")
    newer.write_bytes(saved.read_bytes()[:8192])
    assert find_newest_backup(tmp_path / "state.db") == saved


@pytest.mark.parametrize("what", ["missing", "empty"])
def test_a_lost_state_with_a_backup_is_not_created_again(tmp_path: Path, saved: Path, what: str) -> None:
    path = tmp_path / "state.db"
    path.write_bytes(b"") if what == "empty" else path.unlink()
    with pytest.raises(StateLost, match=f"is {what}, but there are backups.* holds 0 reviews; `flashcards restore`"):
        open_store(tmp_path)
    assert files(tmp_path) == (["backups", "state.db"] if what == "empty" else ["backups"])
    assert restore(path, saved, tmp_path / "backups") is None
    assert count(path) == 3


def integrity(path: Path) -> str:
    connection = sqlite3.connect(path)
    found: str = connection.execute("PRAGMA integrity_check").fetchone()[0]
    connection.close()
    return found


def test_a_link_among_the_backups_is_not_a_backup(tmp_path: Path) -> None:
    store = open_store(tmp_path)
    copy = backup(store.connection, tmp_path / "backups")
    store.connection.close()
    elsewhere = copy.rename(tmp_path / "elsewhere.db")
    copy.symlink_to(elsewhere)
    assert list_backups(tmp_path / "backups", copy.name.partition("-")[0]) == []
