"""Copies of the database: making one, keeping the last few, putting one back."""

from __future__ import annotations

import os
import sqlite3
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

from scheduler.connection import check, closing_connection, database_path
from scheduler.errors import BackupUnusable, DatabaseCorrupt, DatabaseUnreadable, SchedulerError, translated

KEEP = 10
"""How many backups are kept."""

_SIDES = ("-wal", "-shm")


def backup(connection: sqlite3.Connection, folder: Path, *, keep: int = KEEP) -> Path:
    """Copy the database, as last committed, into `folder`; keep the newest `keep` copies. Returns the copy.

    Names sort by time. Uses SQLite's backup API, so other processes may go on writing.
    """
    path = database_path(connection)
    with translated(path):
        folder.mkdir(parents=True, exist_ok=True)
        target = _fresh_name(folder, path)
        _copy(connection, target)
        for old in sorted(folder.glob(f"{path.stem}-*.db"))[:-keep]:
            old.unlink(missing_ok=True)
    return target


def restore(path: Path, backup_file: Path, backups: Path) -> Path | None:
    """Put a backup in the place of the database at `path`. Returns the copy made of what was there, if anything was.

    The backup is copied and checked before anything is replaced, and the replacement is one rename. A database too
    damaged to be copied by SQLite is moved, as it is, to `backups`.

    Raises:
        BackupUnusable: the backup is missing, or is not a sound database.
        DatabaseBusy: another process has the database open.
    """
    fresh = path.with_name(path.name + ".restoring")
    with translated(path):
        try:
            _copy_checked(backup_file, fresh)
            saved = _set_aside(path, backups) if path.exists() else None
            fresh.replace(path)
            _sync_folder(path.parent)
        finally:
            fresh.unlink(missing_ok=True)
    return saved


def _fresh_name(folder: Path, path: Path) -> Path:
    stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%S.%fZ")
    target = folder / f"{path.stem}-{stamp}.db"
    while target.exists():
        target = target.with_name(f"{target.stem}-again.db")
    return target


def _copy(connection: sqlite3.Connection, target: Path) -> None:
    """Copy through SQLite under a passing name, so that a copy cut short is never taken for a backup."""
    partial = target.with_name(target.name + ".part")
    try:
        with closing_connection(partial) as copy:
            connection.backup(copy)
            # A copy carries no log beside it, so it must not ask for one.
            copy.execute("PRAGMA journal_mode = DELETE")
        partial.replace(target)
    finally:
        partial.unlink(missing_ok=True)


def _copy_checked(backup_file: Path, fresh: Path) -> None:
    if not backup_file.is_file():
        raise BackupUnusable(backup_file, "there is no such file")
    try:
        with translated(backup_file), closing_connection(backup_file) as source:
            if not source.execute("SELECT 1 FROM sqlite_master LIMIT 1").fetchone():
                raise BackupUnusable(backup_file, "it holds nothing")
            if check(source):
                raise BackupUnusable(backup_file, "it is damaged")
            _copy(source, fresh)
    except (DatabaseCorrupt, DatabaseUnreadable) as error:
        raise BackupUnusable(backup_file, "it is damaged or not a database") from error


def _set_aside(path: Path, backups: Path) -> Path:
    """Copy what is at `path` to the backups and leave no write-ahead log that could be read into another file."""
    try:
        with closing_connection(path) as present:
            saved = backup(present, backups, keep=KEEP + 1)
            # Needs the database to itself: fails as busy while another process has it open.
            present.execute("PRAGMA journal_mode = DELETE")
    except (SchedulerError, sqlite3.DatabaseError) as error:
        if not _damaged(error):
            raise
        backups.mkdir(parents=True, exist_ok=True)
        saved = _fresh_name(backups, path).with_suffix(".damaged")
        import shutil

        shutil.copy2(path, saved)
        for side in _SIDES:
            with suppress(FileNotFoundError):
                path.with_name(path.name + side).replace(saved.with_name(saved.name + side))
    return saved


def _damaged(error: Exception) -> bool:
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    return isinstance(error, (DatabaseCorrupt, DatabaseUnreadable)) or code in (
        sqlite3.SQLITE_CORRUPT,
        sqlite3.SQLITE_NOTADB,
    )


def _sync_folder(folder: Path) -> None:
    """Make a rename in this folder outlast a power cut."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
