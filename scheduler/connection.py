"""Connections to database files, their transactions, and reading without writing."""

from __future__ import annotations

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

BUSY_SECONDS = 5.0
"""The seconds that a process waits for another one's transaction."""

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

    @property
    def _log_path(self) -> Path:
        return self.path.with_name(f"{self.path.name}-wal")

    def note_log(self) -> None:
        """Remember the write-ahead log. Call this after a first query, while the file is the one that was opened."""
        self._log = _identify(self._log_path)

    def is_replaced(self) -> bool:
        """Return whether the file or its write-ahead log is not the open one, or is missing."""
        return _identify(self.path) != self._file or (self._log is not None and _identify(self._log_path) != self._log)

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
        if self._log is not None and _identify(self._log_path) == self._log:
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
    connection = _open_immutable(path) if is_reading else connect(path)
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
    try:
        connection.execute(f"SAVEPOINT {_SAVEPOINT}" if nested else "BEGIN IMMEDIATE")
        try:
            _refuse_replaced(live)
            yield
            _refuse_replaced(live)
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
    if os.name == "nt" and path.is_dir():
        return
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


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
_LOG_HEADER = 32  # bytes, including the salt that changes whenever the log restarts
_LOG_MAGIC = b"\x37\x7f\x06"
_FRAME_HEADER = 24
_LARGEST_PAGE = 65_536
_SMALL = 64 << 20  # bytes of a database that fits into the memory of any computer


class ReadingConnection(sqlite3.Connection):
    """A connection to a copy in memory, or to a file that it never writes.

    SQLite writes next to a database with a write-ahead log even when it only reads: it creates the log and its index.
    """


def open_memory() -> ReadingConnection:
    """Open an empty database in memory."""
    connection = sqlite3.connect(":memory:", isolation_level=None, factory=ReadingConnection)
    connection.execute("PRAGMA foreign_keys = ON")
    return connection


def open_file(path: Path) -> ReadingConnection:
    """Open a database for reading, or a copy if it has a log; raise `DatabaseBusy` if it is always written."""
    refuse_holes(path)
    return _copy_with_log(path) if _has_log(path) else _open_immutable(path)


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


def _open_immutable(path: Path) -> ReadingConnection:
    """Open a file as immutable, so that SQLite takes no lock and creates no log."""
    address = f"{path.resolve().as_uri()}?mode=ro&immutable=1"
    return sqlite3.connect(address, uri=True, isolation_level=None, factory=ReadingConnection)


def _has_log(path: Path) -> bool:
    log = _log_of(path)
    return log.exists() and log.stat().st_size > 0


def _log_of(path: Path) -> Path:
    return path.with_name(f"{path.name}-wal")


def _copy_with_log(path: Path) -> ReadingConnection:
    """Copy a database and its write-ahead log, which another process may be writing, and read both into memory.

    Pages that move from the log to the file during the copy are still in the log, until it restarts.
    """
    import tempfile

    with tempfile.TemporaryDirectory(prefix="flashcards-") as folder:
        copy = Path(folder) / path.name
        for _ in range(_ATTEMPTS):
            before = _read_log_header(path)
            copy.write_bytes(read_bytes(path))
            if before:
                _copy_frames(_log_of(path), _log_of(copy))
            if _read_log_header(path) == before:
                break
        else:
            raise DatabaseBusy(path)
        memory = open_memory()
        held = sum(each.stat().st_size for each in (copy, _log_of(copy)) if each.exists())
        with closing_connection(copy) as connection:
            pages, size = (connection.execute(f"PRAGMA {name}").fetchone()[0] for name in ("page_count", "page_size"))
            if pages * size > 2 * held:  # pages of zeros that are not in the file
                raise DatabaseCorrupt(path)
            connection.backup(memory)
        return memory


def read_bytes(path: Path) -> bytes:
    """Read a database file without its log; nothing if it has no page.

    SQLite must read it: if this process closed the file itself, the system would release the locks of all its
    connections. Another process would then delete the log that they still use.
    """
    with closing(_open_immutable(path)) as source:
        source.execute("PRAGMA writable_schema = ON")  # or pages that are still in the log alone count as damage
        (pages,) = source.execute("PRAGMA page_count").fetchone()
        return source.serialize() if pages else b""


def _copy_frames(log: Path, copy: Path) -> None:
    """Copy the part of a write-ahead log that SQLite reads; the rest may be old, or a hole of any size."""
    with log.open("rb") as source, copy.open("wb") as target:
        header = source.read(_LOG_HEADER)
        size = int.from_bytes(header[8:12]) + _FRAME_HEADER
        if header[:3] != _LOG_MAGIC or size > _LARGEST_PAGE + _FRAME_HEADER:
            return
        target.write(header)
        while (frame := source.read(size))[8:16] == header[16:24] and any(frame[:4]):  # the salt, the page
            target.write(frame)


def _read_log_header(path: Path) -> bytes:
    try:
        with _log_of(path).open("rb") as file:
            return file.read(_LOG_HEADER)
    except FileNotFoundError:
        return b""
