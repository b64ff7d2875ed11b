"""Connections to database files, their transactions, and reading without writing."""

from __future__ import annotations

import errno
import os
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from itertools import chain
from pathlib import Path
from typing import Any

from scheduler.backup_files import BACKUPS
from scheduler.errors import (
    DatabaseBusy,
    DatabaseCorrupt,
    DatabaseUnreadable,
    SchedulerError,
    StateReplaced,
    translate_error,
    translate_errors,
)
from scheduler.write_ahead_log import (
    ReadingConnection,
    copy_frames,
    find_log,
    has_log,
    is_continued_by,
    open_immutable,
    read_bytes,
    read_log_header,
    write_mark,
)

BUSY_SECONDS = 5.0
"""The seconds that a process waits for another one's transaction, before each attempt to begin its own."""

_ATTEMPTS_TO_BEGIN = 4  # a first scan may take long; a wait within SQLite cannot be interrupted, so it is short

_SAVEPOINT = "inner"
_MOST_PARAMETERS = 500  # per query; older versions of SQLite allow 999


_FileId = tuple[int, int]  # the device and the inode


class LiveConnection(sqlite3.Connection):
    """A connection that knows which file it opened.

    A program that syncs folders renames another file over an open database. SQLite then writes to a file without a
    name, and the write-ahead log of the one file is applied to the other.
    """

    def __init__(self, path: Path, **options: Any) -> None:
        super().__init__(path, **options)
        self.path = path
        self._file = _identify(path)
        self._log: _FileId | None = None
        self._is_saved = False

    def note_log(self) -> None:
        """Remember the write-ahead log. Call this after a first query, while the file is the one that was opened."""
        self._log = _identify(find_log(self.path))

    def is_replaced(self) -> bool:
        """Return whether the file or its write-ahead log is not the open one, or is missing."""
        is_other_log = self._log is not None and _identify(find_log(self.path)) != self._log
        return is_other_log or _identify(self.path) != self._file

    def must_be_saved(self) -> bool:
        """Return whether another program replaced or removed the file, and what it held can still be saved."""
        return self.is_replaced() and not self._is_saved and self.path.parent.is_dir()

    def save_replaced(self) -> SchedulerError:
        """Save what a replaced or removed file holds, outside of a transaction; return the error that says so.

        Its write-ahead log is removed, so that the next command does not apply it to the new file.
        """
        self._is_saved = True
        if not self.path.parent.is_dir():
            reason = "it was removed while this command ran"
            return DatabaseUnreadable(self.path, reason, "Nothing was recorded; run the command again.")
        from scheduler.backups import backup

        try:
            copy = backup(self, self.path.parent / BACKUPS)
        except (SchedulerError, sqlite3.Error, OSError) as error:
            return StateReplaced(self.path, None, str(error))
        if self._log is not None and _identify(find_log(self.path)) == self._log:
            for side in ("-wal", "-shm"):
                self.path.with_name(self.path.name + side).unlink(missing_ok=True)
        return StateReplaced(self.path, copy)


def _identify(path: Path) -> _FileId | None:
    try:
        found = os.stat(path)  # noqa: PTH116 - a pathlib call takes several times as long, for each rating
    except OSError:
        return None
    return found.st_dev, found.st_ino


def connect(path: Path) -> LiveConnection:
    """Open a connection in autocommit mode: transactions begin explicitly, see `transaction`."""
    connection = LiveConnection(path, timeout=BUSY_SECONDS, isolation_level=None)
    connection.execute("PRAGMA foreign_keys = ON")
    return connection


@contextmanager
def closing_connection(path: Path, *, is_reading: bool = False) -> Iterator[sqlite3.Connection]:
    """Open a second connection, as `open_file` does if the first only reads, and close it at the end of the block."""
    connection = open_immutable(path) if is_reading else connect(path)
    try:
        yield connection
    finally:
        connection.close()


@contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[None]:
    """Run the block as one transaction that holds the write lock from its start; inside another, as a part of it.

    An exception that leaves the block undoes it. Errors of SQLite are raised as `SchedulerError`. Raise
    `StateReplaced` instead of writing to a file that another program has replaced.
    """
    nested = connection.in_transaction
    live = connection if isinstance(connection, LiveConnection) and not nested else None
    is_ending = False
    changes = connection.total_changes
    try:
        _begin(connection, nested=nested)
        try:
            _refuse_replaced(live)
            yield
            _refuse_replaced(live)
            if live and live.total_changes != changes:
                write_mark(live)
            is_ending = True
            connection.execute(f"RELEASE {_SAVEPOINT}" if nested else "COMMIT")
        except BaseException:
            # A full disk may have ended the transaction already.
            if connection.in_transaction:
                if nested:
                    connection.execute(f"ROLLBACK TO {_SAVEPOINT}")
                connection.execute(f"RELEASE {_SAVEPOINT}" if nested else "ROLLBACK")
            if is_ending and not nested:  # the log may hold all of it, as if it was committed
                with suppress(sqlite3.Error):
                    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            raise
    except sqlite3.Error as error:
        named = translate_error(error, database_path(connection))
        if named is None:
            raise
        raise named from error
    except _Replaced:
        assert live  # noqa: S101 - the only one that is checked
        raise live.save_replaced() from None


def _begin(connection: sqlite3.Connection, *, nested: bool) -> None:
    for attempt in range(1, _ATTEMPTS_TO_BEGIN + 1):
        try:
            connection.execute(f"SAVEPOINT {_SAVEPOINT}" if nested else "BEGIN IMMEDIATE")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or attempt == _ATTEMPTS_TO_BEGIN:
                raise
        else:
            return


class _Replaced(Exception):
    """The file of a connection was replaced, so its transaction is rolled back."""


def _refuse_replaced(connection: LiveConnection | None) -> None:
    if connection and connection.is_replaced():
        raise _Replaced


def close_live(connection: sqlite3.Connection) -> None:
    """Close a connection. Raise `StateReplaced` if another program replaced its file; what it held is saved first."""
    with closing(connection):
        if isinstance(connection, LiveConnection) and connection.must_be_saved():
            raise connection.save_replaced()


def flush(path: Path) -> None:
    """Flush a file or a folder to the disk."""
    is_folder = path.is_dir()
    if os.name == "nt" and is_folder:  # Windows does not open folders
        return
    try:
        handle = os.open(path, os.O_RDONLY)
    except PermissionError:
        if is_folder:  # writable but not readable
            return
        raise
    try:
        os.fsync(handle)
    except OSError as error:
        # Some network file systems cannot sync folders.
        if not is_folder or error.errno not in (errno.EINVAL, errno.ENOTSUP):
            raise
    finally:
        os.close(handle)


def make_folders(path: Path) -> None:
    """Create a folder and its missing parents; their names are on disk when this returns."""
    if not path.is_dir():
        if path != path.parent:  # on Windows, a drive may be missing
            make_folders(path.parent)
        path.mkdir(exist_ok=True)
        flush(path.parent)


@contextmanager
def snapshot(connection: sqlite3.Connection) -> Iterator[None]:
    """Let the block read one consistent state, regardless of other processes."""
    if connection.in_transaction:
        yield
        return
    with translate_errors(database_path(connection)):
        connection.execute("BEGIN")
        try:
            yield
        finally:
            connection.execute("COMMIT")


def select_in(connection: sqlite3.Connection, query: str, values: Sequence[object]) -> Iterator[Any]:
    """Run a query in batches, with some of the values in place of its `{}`; return the rows."""
    chunks = (values[start : start + _MOST_PARAMETERS] for start in range(0, len(values), _MOST_PARAMETERS))
    cursors = (connection.execute(query.format(",".join("?" * len(chunk))), chunk) for chunk in chunks)
    return chain.from_iterable(cursors)


def database_path(connection: sqlite3.Connection) -> Path:
    """Return the file of a connection."""
    # As bytes, because the name of a folder may not be UTF-8.
    (name,) = connection.execute("SELECT CAST(file AS BLOB) FROM pragma_database_list WHERE seq = 0").fetchone()
    return Path(os.fsdecode(name))


_ATTEMPTS = 5  # attempts to copy a database whose log another process is checkpointing
_SMALL = 64 << 20  # bytes of a database that fits into the memory of any computer


def open_memory() -> ReadingConnection:
    """Open an empty database in memory."""
    connection = sqlite3.connect(":memory:", isolation_level=None, factory=ReadingConnection)
    connection.execute("PRAGMA foreign_keys = ON")
    return connection


def open_file(path: Path) -> ReadingConnection:
    """Open a database for reading, or a copy if it has a log; raise `DatabaseBusy` if it is always written.

    A log of another file is ignored.
    """
    refuse_holes(path)
    has_own_log = has_log(path) and is_continued_by(path, find_log(path))
    return _copy_with_log(path) if has_own_log else open_immutable(path)


def refuse_holes(path: Path) -> None:
    """Refuse a sparse file with almost no data on disk, because it would fill the memory, and its copies the disk."""
    found = path.stat()
    blocks = getattr(found, "st_blocks", None)  # of 512 bytes; a disk may compress them
    if blocks is not None and found.st_size > _SMALL and blocks * 512 * 64 < found.st_size:
        raise DatabaseCorrupt(path)


def copy_to_memory(connection: sqlite3.Connection) -> ReadingConnection:
    """Copy a database into memory, where it can be changed, and close `connection`."""
    memory = open_memory()
    with closing(connection):
        connection.backup(memory)
    return memory


def attach_copy(connection: sqlite3.Connection, source: sqlite3.Connection, name: str) -> None:
    """Attach a copy of the in-memory database of `source`."""
    data = bytearray(source.serialize())
    data[18:20] = b"\1\1"  # a database in memory has no write-ahead log, and cannot be opened as if it had one
    connection.execute(f"ATTACH ':memory:' AS {name}")
    connection.deserialize(bytes(data), name=name)


def _copy_with_log(path: Path) -> ReadingConnection:
    """Copy a database and its write-ahead log, which another process may be writing, and read both into memory.

    Pages that move from the log to the file during the copy are still in the log, until it restarts.
    """
    import tempfile

    with tempfile.TemporaryDirectory(prefix="flashcards-") as folder:
        copy, log = Path(folder) / path.name, find_log(path)
        for _ in range(_ATTEMPTS):
            find_log(copy).unlink(missing_ok=True)  # from the previous attempt
            before = read_log_header(log)
            copy.write_bytes(read_bytes(path))
            if before:
                copy_frames(log, find_log(copy))
            if read_log_header(log) == before:
                break
        else:
            raise DatabaseBusy(path)
        memory = open_memory()
        held = sum(each.stat().st_size for each in (copy, find_log(copy)) if each.exists())
        with closing_connection(copy) as connection:
            pages, size = (connection.execute(f"PRAGMA {name}").fetchone()[0] for name in ("page_count", "page_size"))
            if pages * size > 2 * held:  # pages of zeros that are not in the file
                raise DatabaseCorrupt(path)
            connection.backup(memory)
        return memory
