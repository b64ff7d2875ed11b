from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from scheduler import (
    BackupUnusable,
    DatabaseBusy,
    Store,
    backup,
    check,
    restore,
    transaction,
)
from scheduler import connection as connections
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


def test_the_last_ten_backups_are_kept_and_sort_by_time(store: Store, tmp_path: Path) -> None:
    copies = [backup(store.connection, tmp_path / "backups").name for _ in range(13)]
    assert copies == sorted(copies)
    assert files(tmp_path / "backups") == copies[-10:]


def test_other_files_among_the_backups_are_left_alone(store: Store, tmp_path: Path) -> None:
    (tmp_path / "backups").mkdir()
    (tmp_path / "backups" / "mine.txt").write_text("keep")
    backup(store.connection, tmp_path / "backups", keep=1)
    backup(store.connection, tmp_path / "backups", keep=1)
    assert "mine.txt" in files(tmp_path / "backups")
    assert len(files(tmp_path / "backups")) == 2


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    """A backup with three cards of a database that has five by now and is closed."""
    store = open_store(tmp_path)
    add(store, 3)
    copy = backup(store.connection, tmp_path / "backups")
    add(store, 2)
    store.connection.close()
    return copy


def test_restoring_puts_the_backup_back_and_keeps_what_was_there(tmp_path: Path, saved: Path) -> None:
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


def test_restoring_needs_no_database_to_be_there(tmp_path: Path, saved: Path) -> None:
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


def test_a_damaged_database_is_moved_aside_as_it_is(tmp_path: Path, saved: Path) -> None:
    path = tmp_path / "state.db"
    path.write_bytes(b"rubbish" * 1000)
    aside = restore(path, saved, tmp_path / "backups")
    assert count(path) == 3
    assert aside is not None
    assert aside.read_bytes() == b"rubbish" * 1000


@pytest.mark.parametrize(
    ("content", "reason"), [(b"", "is empty"), (b"rubbish" * 1000, "not a database"), (None, "no such file")]
)
def test_a_file_that_is_no_backup_is_refused_and_nothing_is_replaced(
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


def test_a_database_that_is_open_elsewhere_is_not_replaced(
    tmp_path: Path, saved: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "BUSY_SECONDS", 0.05)
    other = open_store(tmp_path)
    with pytest.raises(DatabaseBusy):
        restore(tmp_path / "state.db", saved, tmp_path / "backups")
    other.connection.close()
    assert count(tmp_path / "state.db") == 5
