"""Check the database, copy it to its backups, and restore a copy."""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

from scheduler import connection as connections
from scheduler import errors
from scheduler.backup_files import (
    choose_old,
    find_damage,
    has_whole_definitions,
    is_own_file,
    is_sound,
    list_backups,
    make_name,
    read_time,
)
from scheduler.connection import (
    closing_connection,
    copy_to_memory,
    database_path,
    flush,
    make_folders,
    open_file,
    refuse_holes,
    transaction,
)
from scheduler.write_ahead_log import find_log, is_continued_by, read_bytes, write_mark

_SIDES = ("-wal", "-shm", "-journal")
_BLOCK = 1 << 20  # bytes read at once
_DAMAGE = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)
# The bytes that SQLite locks; a process with the database open holds one of these locks.
_LOCKS = (512, 0x40000000)


def backup(connection: sqlite3.Connection, folder: Path) -> Path:
    """Copy the database, as last committed, into `folder`, and return the copy; delete nothing.

    The copy is checked and on disk when this returns. If it equals the newest one, that one is returned. Names sort by
    time. This uses SQLite's backup API, so other processes may keep writing. Raise `DatabaseCorrupt` if the database is
    damaged, so that no copy of it would be a backup.
    """
    path = database_path(connection)
    with errors.translate_errors(folder):
        make_folders(folder)
        target = make_name(folder, path.stem)
        with _copy_aside(connection, target) as partial:
            if not is_sound(partial):
                raise errors.DatabaseCorrupt(path)
            newest = next(iter(list_backups(folder, path.stem)), None)
            if newest is not None and _are_equal_bytes(newest, partial):
                return newest
            partial.replace(target)
        flush(folder)
    return target


def remove_old_backups(path: Path, folder: Path) -> None:
    """Delete old backups of the database at `path`. Call this after everything else succeeded."""
    times = {each: at for each in list_backups(folder, path.stem) if (at := read_time(each, path.stem))}
    old = choose_old(list(times.values()))
    for each, at in times.items():
        if at in old:
            with suppress(OSError):
                each.unlink()


def check(connection: sqlite3.Connection) -> list[str]:
    """Check the database; return a sentence for each problem."""
    try:
        with errors.translate_errors(database_path(connection)):
            findings = [str(row[0]) for row in connection.execute("PRAGMA integrity_check")]
            if not has_whole_definitions(connection):
                findings.append("the definitions of its tables have changed")
            broken = connection.execute("PRAGMA foreign_key_check").fetchall()
    except errors.DatabaseCorrupt as error:
        return [str(error)]
    return [text for text in findings if text != "ok"] + [
        f"Row {row} of {table} refers to a row of {parent} that does not exist." for table, row, parent, _ in broken
    ]


def is_damaged(path: Path) -> bool:
    """Return whether the database at `path` cannot be read whole; an empty file counts as damaged."""
    if not path.is_file():
        raise errors.DatabaseUnreadable(path, "it is not a file", "Move it away.")
    try:
        refuse_holes(path)
        if not set(read_bytes(path)[18:20]) <= {1, 2}:  # of the file format, to write and to read
            return True
        with closing(open_file(path)) as connection:
            return bool(find_damage(connection))
    except errors.DatabaseBusy:
        raise
    except (errors.SchedulerError, sqlite3.Error, ValueError):
        return True


def restore(path: Path, backup_file: Path, backups: Path) -> Path | None:
    """Make the database at `path` what it is in a backup. Returns the copy of what was there, if there was something.

    The backup is checked first. Its pages are copied into the current file under SQLite's lock, and what was there is
    copied to `backups` under the same lock. Other processes may have the database open: what they commit is in one of
    the two. A damaged database is not read: its file goes to `backups`, with the ending `.damaged`. Raise
    `BackupUnusable` if the backup is missing, or is not a sound database. Raise `DatabaseBusy` if another process
    writes, or has a damaged database open.
    """
    if not backup_file.is_file():
        raise errors.BackupUnusable(backup_file, "there is no such file")
    if path.exists() and path.samefile(backup_file):
        raise errors.BackupUnusable(backup_file, "it is the current state")
    with closing(_open_sound(backup_file)) as source, errors.translate_errors(path):
        move_log_away(path, backups)
        aside = None
        if not path.exists() or is_damaged(path):
            aside = _set_aside(path, backups)
            mode = None if path.exists() else backup_file.stat().st_mode & 0o666
            _empty_file(path)
            if mode is not None:
                path.chmod(mode)
            _copy_into(source, path, None)
        else:
            aside = _copy_into(source, path, backups)
        flush(path.parent)
    remove_old_backups(path, backups)
    return aside


def move_log_away(path: Path, backups: Path) -> errors.LogLeft | None:
    """Move the log beside a database to `backups` if it continues another file; return the error that says so.

    If that file is still there under another name, such as a conflict copy, what the log holds becomes a backup.
    """
    log = find_log(path)
    if is_continued_by(path, log):
        return None
    make_folders(backups)
    with _hold(backups):
        if is_continued_by(path, log):
            return None  # another process has moved it
        path.with_name(f"{path.name}-shm").unlink(missing_ok=True)
        aside = make_name(backups, path.stem).with_suffix(".wal")
        log.replace(aside)
        flush(backups)
        flush(path.parent)
    for base in (*path.parent.glob("*.db"), *list_backups(backups, path.stem)):
        if base != path and is_own_file(base) and is_continued_by(base, aside):
            with suppress(errors.SchedulerError, sqlite3.Error, OSError):
                copy = _apply_log(base, aside, path.name, backups)
                aside.unlink()
                return errors.LogLeft(path, copy, aside)
    return errors.LogLeft(path, None, aside)


def _apply_log(base: Path, log: Path, name: str, backups: Path) -> Path:
    """Make a backup of a database with its log."""
    import shutil
    import tempfile

    with tempfile.TemporaryDirectory(prefix="flashcards-") as folder:
        whole = Path(folder) / name
        whole.write_bytes(read_bytes(base))
        shutil.copyfile(log, find_log(whole))
        with closing_connection(whole) as connection:
            return backup(connection, backups)


@contextmanager
def _hold(folder: Path) -> Iterator[None]:
    """Let one process at a time run the block, if the system can lock a folder."""
    try:
        import fcntl
    except ImportError:
        yield
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def copy_database(connection: sqlite3.Connection, target: Path) -> None:
    """Copy the committed database to a file, made complete under a temporary name; creates the folder."""
    with errors.translate_errors(target):
        make_folders(target.parent)
        with _copy_aside(connection, target) as partial:
            partial.replace(target)
        flush(target.parent)


@contextmanager
def _copy_aside(connection: sqlite3.Connection, target: Path) -> Iterator[Path]:
    """Copy the database to a file next to `target`, with the permissions of the database; remove it at the end."""
    path = database_path(connection)
    partial = target.with_name(target.name + ".part")
    try:
        partial.unlink(missing_ok=True)
        mode = path.stat().st_mode & 0o777 if path.is_file() else 0o600
        os.close(os.open(partial, os.O_CREAT | os.O_EXCL | os.O_WRONLY, mode))
        partial.chmod(mode)
        with closing_connection(partial) as copy:
            try:
                connection.backup(copy)
            except sqlite3.Error as error:
                with errors.translate_errors(path if error.sqlite_errorcode & 0xFF in _DAMAGE else target):
                    raise
            # A copy has no log next to it, so it must not require one.
            copy.execute("PRAGMA journal_mode = DELETE")
        flush(partial)
        yield partial
    finally:
        for each in (partial, *(partial.with_name(partial.name + side) for side in _SIDES)):
            each.unlink(missing_ok=True)


def _open_sound(backup_file: Path) -> sqlite3.Connection:
    """Open a backup for reading after checking it."""
    try:
        with errors.translate_errors(backup_file):
            connection: sqlite3.Connection = open_file(backup_file)
            try:
                reason = find_damage(connection)
            except BaseException:
                connection.close()
                raise
    except (errors.SchedulerError, sqlite3.Error, ValueError) as error:
        if isinstance(error, errors.DatabaseUnreadable) and isinstance(error.__cause__, OSError):
            raise
        raise errors.BackupUnusable(backup_file, "it is damaged or not a database") from error
    if reason:
        connection.close()
        raise errors.BackupUnusable(backup_file, reason)
    return connection


def _copy_into(source: sqlite3.Connection, path: Path, backups: Path | None) -> Path | None:
    """Copy all pages into `path` in one transaction, after a copy of its state to `backups`, if given."""
    saved: list[Path] = []
    until = time.monotonic() + connections.BUSY_SECONDS

    def step(status: int, _remaining: int, _total: int) -> None:
        if status in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
            if time.monotonic() > until:
                raise errors.DatabaseBusy(path)
        elif backups is not None and not saved:  # the first page took the lock
            with closing_connection(path) as present:
                saved.append(backup(present, backups))

    with closing_connection(path) as target:
        if backups is not None:  # otherwise the log seems to continue another file until it is written into this one
            target.execute("PRAGMA wal_autocheckpoint = 0")
            with transaction(target):
                write_mark(target)
        (size,) = target.execute("PRAGMA page_size").fetchone()
        if source.execute("PRAGMA page_size").fetchone() != (size,):
            source = copy_to_memory(source)
            source.execute(f"PRAGMA page_size = {size}")
            source.execute("VACUUM")
        # Copy one page per step. The last step commits, so it must not be the first.
        source.backup(target, pages=1, progress=step, sleep=0.01)
    return saved[0] if saved else None


def _set_aside(path: Path, backups: Path) -> Path | None:
    """Copy the files of a damaged database to `backups` unchanged; return the copy, if there was anything."""
    found = [each for side in ("", *_SIDES) if (each := path.with_name(path.name + side)).is_file()]
    found = [each for each in found if each.stat().st_size]
    if not found:
        return None
    import shutil

    with errors.translate_errors(backups):
        make_folders(backups)
        aside = make_name(backups, path.stem).with_suffix(".damaged")
        for each in found:
            copy = aside.with_name(aside.name + each.name.removeprefix(path.name))
            _copy_with_holes(each, copy)
            shutil.copystat(each, copy)
            flush(copy)
        flush(backups)
    return aside


def _copy_with_holes(path: Path, copy: Path) -> None:
    """Copy a file sparsely, because a damaged file may be larger than the disk."""
    with path.open("rb") as source, copy.open("wb") as target:
        while block := source.read(_BLOCK):
            if block == bytes(len(block)):
                target.seek(len(block), os.SEEK_CUR)
            else:
                target.write(block)
        target.truncate()


def _empty_file(path: Path) -> None:
    """Empty a damaged database file and remove those next to it; raise `DatabaseBusy` if it is in use."""
    with path.open("ab") as file:
        _lock(file.fileno(), path)
        for side in _SIDES:
            path.with_name(path.name + side).unlink(missing_ok=True)
        file.truncate(0)
        os.fsync(file.fileno())


def _lock(handle: int, path: Path) -> None:
    """Hold all of SQLite's locks of a file until it is closed."""
    try:
        import fcntl
    except ImportError:  # Windows refuses to truncate a file that is open elsewhere
        return
    try:
        fcntl.lockf(handle, fcntl.LOCK_EX | fcntl.LOCK_NB, *_LOCKS)
    except OSError as error:
        raise errors.DatabaseBusy(path) from error


def _are_equal_bytes(one: Path, other: Path) -> bool:
    """Compare two databases, except for the counter and the mark of changes in their headers."""
    if one.stat().st_size != other.stat().st_size:
        return False
    with one.open("rb") as first, other.open("rb") as second:
        begin, also = bytearray(first.read(100)), bytearray(second.read(100))
        for part in (slice(92, 100), slice(68, 72), slice(24, 28)):  # from the end
            begin[part] = also[part] = b""
        if begin != also:
            return False
        while block := first.read(_BLOCK):
            if block != second.read(_BLOCK):
                return False
    return True
