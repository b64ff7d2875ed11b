"""Open the database: connections, transactions, integrity checks, reading without writing, migrations.

Imports only SQLite unless a migration is pending.
"""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from importlib import import_module
from itertools import chain
from pathlib import Path
from typing import Any, NamedTuple

from scheduler.backup_files import count_reviews, find_foreign, find_newest_backup, write_sum
from scheduler.errors import (
    DatabaseBusy,
    DatabaseCorrupt,
    DatabaseForeign,
    DatabaseNewer,
    DatabaseUnreadable,
    StateLost,
    translate_error,
    translate_errors,
)

BUSY_SECONDS = 5.0
"""The seconds that a process waits for another one's transaction."""

_SAVEPOINT = "inner"
_MOST_PARAMETERS = 500  # per query; older versions of SQLite allow 999


def connect(path: Path) -> sqlite3.Connection:
    """Open a connection in autocommit mode: transactions begin explicitly, see `transaction`."""
    connection = sqlite3.connect(path, timeout=BUSY_SECONDS, isolation_level=None)
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
    """Open the database at `path` for reading: the file itself, or a copy in memory if it has a write-ahead log.

    Raise `DatabaseBusy` if another process writes all the time.
    """
    _refuse_holes(path)
    return _copy_with_log(path) if _has_log(path) else _open_immutable(path)


def _refuse_holes(path: Path) -> None:
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
    import shutil
    import tempfile

    with tempfile.TemporaryDirectory(prefix="flashcards-") as folder:
        copy = Path(folder) / path.name
        for _ in range(_ATTEMPTS):
            before = _read_log_header(path)
            shutil.copyfile(path, copy)
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


_RETRY_SECONDS = 0.01

# As created by sqlite-utils.
_MIGRATIONS_TABLE = (
    """CREATE TABLE "_sqlite_migrations" (
   "id" INTEGER PRIMARY KEY,
   "migration_set" TEXT,
   "name" TEXT,
   "applied_at" TEXT
)""",
    """CREATE UNIQUE INDEX "idx__sqlite_migrations_migration_set_name"
    ON "_sqlite_migrations" ("migration_set", "name")""",
)


class TableSet(NamedTuple):
    """Tables that belong together, and their migrations."""

    name: str  # the name of the migration set in the table `_sqlite_migrations`
    module: str  # the module whose `migrations` (a `sqlite_utils.Migrations`) create the tables; imported if needed
    migrations: tuple[str, ...]  # the names of all its migrations, oldest first
    # the SQL of the tables after all migrations, statements separated by blank lines. A new database is made from it in
    # a tenth of the time that the migrations take.
    tables: Path


def open_database(path: Path, table_sets: Sequence[TableSet], backups: Path) -> sqlite3.Connection:
    """Open the database at `path`, creating or migrating it; its folder must exist.

    A database that already holds data is copied to `backups` before a migration. All pending migrations happen together
    or not at all. Nothing is written if this raises `DatabaseNewer` for a migration that no table set knows,
    `DatabaseForeign` for something that this program did not make, or `StateLost` for a missing or empty database
    with an intact backup.
    """
    if path.is_dir():
        raise DatabaseUnreadable(path, "it is a folder", "Move it away.")
    with translate_errors(path):
        if not path.exists():
            _refuse_lost_state(path)
        else:
            _refuse_holes(path)
        connection = connect(path)
        try:
            _prepare(connection, path, table_sets, backups)
        except BaseException:
            connection.close()
            raise
    return connection


def open_reading(path: Path, table_sets: Sequence[TableSet]) -> ReadingConnection:
    """Open the database at `path` for reading; if it does not exist, an empty one in memory.

    The connection reads the file itself, or a copy in memory if the file has a write-ahead log or needs a migration.
    The errors are those of `open_database`.
    """
    if path.is_dir():
        raise DatabaseUnreadable(path, "it is a folder", "Move it away.")
    with translate_errors(path):
        connection = open_file(path) if path.exists() else open_memory()
        try:
            if _pending(connection, path, table_sets):
                if _is_empty(connection):
                    _refuse_lost_state(path)
                connection = copy_to_memory(connection)
                prepare_copy(connection, path, table_sets)
        except BaseException:
            connection.close()
            raise
    return connection


def prepare_copy(connection: sqlite3.Connection, path: Path, table_sets: Sequence[TableSet]) -> None:
    """Create or migrate the tables of a private copy of the database at `path`. It needs no backup."""
    if _pending(connection, path, table_sets):
        with transaction(connection):
            _make_tables(connection, table_sets)


def _refuse_lost_state(path: Path) -> None:
    """Refuse to create a new state at `path` if there is an intact backup."""
    newest = find_newest_backup(path)
    if newest is not None:
        raise StateLost(path, newest, count_reviews(newest) or 0)


def _prepare(connection: sqlite3.Connection, path: Path, table_sets: Sequence[TableSet], backups: Path) -> None:
    pending = _pending(connection, path, table_sets)  # checked first, so that a newer database is not changed
    if pending and _is_empty(connection):
        _refuse_lost_state(path)
    if connection.execute("PRAGMA journal_mode").fetchone()[0] != "wal":
        _use_write_ahead_log(connection)
    # With NORMAL, a power cut can lose the last reviews.
    connection.execute("PRAGMA synchronous = FULL")
    if pending:
        _migrate(connection, path, table_sets, backups)


def _use_write_ahead_log(connection: sqlite3.Connection) -> None:
    """Set the journal mode of a new database; here SQLite itself does not wait for other processes."""
    until = time.monotonic() + BUSY_SECONDS
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > until:
                raise
            time.sleep(_RETRY_SECONDS)
        else:
            return


def _pending(connection: sqlite3.Connection, path: Path, table_sets: Sequence[TableSet]) -> bool:
    """Return whether a migration is pending. Refuse a database of a newer version, or with foreign parts."""
    if name := find_foreign(connection):
        raise DatabaseForeign(path, name)
    listed = connection.execute("SELECT 1 FROM sqlite_master WHERE name = '_sqlite_migrations'").fetchone()
    rows = connection.execute("SELECT migration_set, name FROM _sqlite_migrations") if listed else ()
    applied = {(str(table_set), str(name)) for table_set, name in rows}
    known = {(table_set.name, name) for table_set in table_sets for name in table_set.migrations}
    if applied - known:
        raise DatabaseNewer(path)
    return applied != known


def _migrate(connection: sqlite3.Connection, path: Path, table_sets: Sequence[TableSet], backups: Path) -> None:
    with transaction(connection):
        if not _pending(connection, path, table_sets):
            return  # another process has done it
        if not _is_empty(connection):
            from scheduler.backups import backup

            with closing_connection(path) as committed:
                backup(committed, backups)
        _make_tables(connection, table_sets)


def _is_empty(connection: sqlite3.Connection) -> bool:
    return connection.execute("SELECT 1 FROM sqlite_master LIMIT 1").fetchone() is None


def _make_tables(connection: sqlite3.Connection, table_sets: Sequence[TableSet]) -> None:
    if _is_empty(connection):
        _create(connection, table_sets)
    else:
        from sqlite_utils import Database

        database = Database(connection)
        for table_set in table_sets:
            import_module(table_set.module).migrations.apply(database)
    write_sum(connection)


def _create(connection: sqlite3.Connection, table_sets: Sequence[TableSet]) -> None:
    now = datetime.now(UTC).isoformat(" ")
    for statement in _MIGRATIONS_TABLE:
        connection.execute(statement)
    for table_set in table_sets:
        for statement in table_set.tables.read_text(encoding="utf-8").split("\n\n"):
            connection.execute(statement)
        connection.executemany(
            "INSERT INTO _sqlite_migrations (migration_set, name, applied_at) VALUES (?, ?, ?)",
            [(table_set.name, name, now) for name in table_set.migrations],
        )
