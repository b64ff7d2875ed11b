"""Connections to the database: transactions, the integrity check, and reading without a write to its folder."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from scheduler.errors import DatabaseBusy, DatabaseCorrupt, translate_error, translate_errors

if TYPE_CHECKING:
    from collections.abc import Iterator


BUSY_SECONDS = 5.0
"""How long a process waits for another one's transaction."""

_SAVEPOINT = "inner"


def connect(path: Path) -> sqlite3.Connection:
    """Open a connection in autocommit mode: transactions begin explicitly, see `transaction`."""
    connection = sqlite3.connect(path, timeout=BUSY_SECONDS, isolation_level=None)
    connection.execute("PRAGMA foreign_keys = ON")
    return connection


@contextmanager
def closing_connection(path: Path) -> Iterator[sqlite3.Connection]:
    """Open a second connection and close it at the end of the block."""
    connection = connect(path)
    try:
        yield connection
    finally:
        connection.close()


@contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[None]:
    """Run the block as one transaction that holds the write lock from its start; inside another, as a part of it.

    An exception that leaves the block undoes it. Errors of SQLite are raised as `SchedulerError`.
    """
    nested = connection.in_transaction
    try:
        connection.execute(f"SAVEPOINT {_SAVEPOINT}" if nested else "BEGIN IMMEDIATE")
        try:
            yield
            connection.execute(f"RELEASE {_SAVEPOINT}" if nested else "COMMIT")
        except BaseException:
            # A full disk may have ended the transaction already.
            if connection.in_transaction:
                if nested:
                    connection.execute(f"ROLLBACK TO {_SAVEPOINT}")
                connection.execute(f"RELEASE {_SAVEPOINT}" if nested else "ROLLBACK")
            raise
    except sqlite3.Error as error:
        named = translate_error(error, database_path(connection))
        if named is None:
            raise
        raise named from error


@contextmanager
def snapshot(connection: sqlite3.Connection) -> Iterator[None]:
    """Let the block read one consistent state, whatever other processes write meanwhile."""
    if connection.in_transaction:
        yield
        return
    with translate_errors(database_path(connection)):
        connection.execute("BEGIN")
        try:
            yield
        finally:
            connection.execute("COMMIT")


def database_path(connection: sqlite3.Connection) -> Path:
    """Return the file that a connection is open on."""
    # As bytes, because a folder's name need not be UTF-8.
    (name,) = connection.execute("SELECT CAST(file AS BLOB) FROM pragma_database_list WHERE seq = 0").fetchone()
    return Path(os.fsdecode(name))


def check(connection: sqlite3.Connection) -> list[str]:
    """Check the database; returns a sentence for each problem, nothing if it is sound."""
    try:
        with translate_errors(database_path(connection)):
            findings = [str(row[0]) for row in connection.execute("PRAGMA integrity_check")]
            broken = connection.execute("PRAGMA foreign_key_check").fetchall()
    except DatabaseCorrupt as error:
        return [str(error)]
    return [text for text in findings if text != "ok"] + [
        f"Row {row} of {table} refers to a row of {parent} that does not exist." for table, row, parent, _ in broken
    ]


_ATTEMPTS = 5  # copies of a database whose log another process is folding in meanwhile
_LOG_HEADER = 32  # bytes, with the salt that changes whenever the log starts over


class ReadingConnection(sqlite3.Connection):
    """A connection to a copy in memory, or to a file that it never writes; no other connection reads the same.

    SQLite writes beside a database with a write-ahead log even if it only reads: it makes the log and its index.
    """


def open_memory() -> ReadingConnection:
    """Open an empty database in memory."""
    connection = sqlite3.connect(":memory:", isolation_level=None, factory=ReadingConnection)
    connection.execute("PRAGMA foreign_keys = ON")
    return connection


def open_file(path: Path) -> ReadingConnection:
    """Open the database at `path` for reading: the file itself, or a copy in memory if it has a write-ahead log.

    Raises:
        DatabaseBusy: another process writes all the time.
    """
    return _copy_with_log(path) if _has_log(path) else _open_immutable(path)


def copy_to_memory(connection: sqlite3.Connection) -> ReadingConnection:
    """Copy a database into memory, where it can be changed, and close `connection`."""
    memory = open_memory()
    with closing(connection):
        connection.backup(memory)
    return memory


def attach_copy(connection: sqlite3.Connection, source: sqlite3.Connection, name: str) -> None:
    """Attach a copy of the database in memory that `source` is open on."""
    data = bytearray(source.serialize())
    data[18:20] = b"\1\1"  # a database in memory has no write-ahead log, and cannot be read as one that has
    connection.execute(f"ATTACH ':memory:' AS {name}")
    connection.deserialize(bytes(data), name=name)


def _open_immutable(path: Path) -> ReadingConnection:
    """Open a file as one that never changes, so that SQLite takes no lock and makes no log."""
    address = f"{path.resolve().as_uri()}?mode=ro&immutable=1"
    return sqlite3.connect(address, uri=True, isolation_level=None, factory=ReadingConnection)


def _has_log(path: Path) -> bool:
    log = _log_of(path)
    return log.exists() and log.stat().st_size > 0


def _log_of(path: Path) -> Path:
    return path.with_name(f"{path.name}-wal")


def _copy_with_log(path: Path) -> ReadingConnection:
    """Copy a database and its write-ahead log, which another process may be writing, and read both into memory.

    Pages that move from the log to the file while the file is copied are still in the log, until it starts over.
    """
    import shutil
    import tempfile

    with tempfile.TemporaryDirectory(prefix="flashcards-") as folder:
        copy = Path(folder) / path.name
        for _ in range(_ATTEMPTS):
            before = _read_log_header(path)
            shutil.copyfile(path, copy)
            if before:
                shutil.copyfile(_log_of(path), _log_of(copy))
            if _read_log_header(path) == before:
                break
        else:
            raise DatabaseBusy(path)
        memory = open_memory()
        with closing_connection(copy) as connection:
            connection.backup(memory)
        return memory


def _read_log_header(path: Path) -> bytes:
    try:
        with _log_of(path).open("rb") as file:
            return file.read(_LOG_HEADER)
    except FileNotFoundError:
        return b""
