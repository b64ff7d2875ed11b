"""Open the database of a collection, creating or migrating it. Imports only SQLite unless a migration is pending."""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Sequence
from contextlib import closing
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from typing import NamedTuple

from scheduler.backup_files import count_reviews, find_foreign, find_newest_backup, write_sum
from scheduler.connection import (
    BUSY_SECONDS,
    closing_connection,
    connect,
    copy_to_memory,
    flush,
    open_file,
    open_memory,
    refuse_holes,
    transaction,
)
from scheduler.errors import (
    DatabaseForeign,
    DatabaseNewer,
    DatabaseUnreadable,
    StateAppeared,
    StateLost,
    translate_errors,
)
from scheduler.write_ahead_log import ReadingConnection, find_log, is_continued_by, write_mark

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
    or not at all. Raise `LogLeft` after moving a log of another file away. Nothing is written if this raises
    `DatabaseNewer` for a migration that no table set knows, `DatabaseForeign` for something that this program did not
    make, or `StateLost` for a missing or empty database with an intact backup.
    """
    if path.is_dir():
        raise DatabaseUnreadable(path, "it is a folder", "Move it away.")
    with translate_errors(path):
        if not path.exists():
            _refuse_lost_state(path)
        else:
            refuse_holes(path)
            if not is_continued_by(path, find_log(path)):
                from scheduler.backups import move_log_away

                if error := move_log_away(path, backups):
                    raise error
        connection = connect(path)
        try:
            _prepare(connection, path, table_sets, backups)
            connection.note_log()
        except BaseException:
            connection.close()
            raise
    return connection


def create_database(path: Path, content: sqlite3.Connection) -> None:
    """Create the database at `path`, in an existing folder, with the content of another one.

    It gets its name when all of it is on disk. Raise `StateAppeared` if another process was faster, and `StateLost` if
    there is an intact backup.
    """
    fresh = path.with_name(f"{path.name}.{os.getpid()}.part")
    with translate_errors(path):
        _refuse_lost_state(path)
        _remove(fresh)  # left behind by a process that was killed
        try:
            with closing(connect(fresh)) as connection:
                connection.execute("PRAGMA synchronous = OFF")  # the whole file is flushed below
                content.backup(connection)
                write_mark(connection)
                connection.execute("PRAGMA journal_mode = WAL")
            flush(fresh)
            _give_name(fresh, path)
        finally:
            _remove(fresh)
        flush(path.parent)


def _remove(path: Path) -> None:
    """Remove a database that no process has open."""
    for side in ("", "-journal", "-wal", "-shm"):
        path.with_name(path.name + side).unlink(missing_ok=True)


def _give_name(fresh: Path, path: Path) -> None:
    try:
        os.link(fresh, path)  # unlike a rename, this fails if the name is taken
    except OSError as error:
        if path.exists():
            raise StateAppeared(path) from error
        fresh.rename(path)  # the file system has no links


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


def execute_file(connection: sqlite3.Connection, path: Path) -> None:
    """Execute the statements of a file, with blank lines between them, within the current transaction."""
    for statement in path.read_text(encoding="utf-8").rstrip().split("\n\n"):
        connection.execute(statement)


def _create(connection: sqlite3.Connection, table_sets: Sequence[TableSet]) -> None:
    now = datetime.now(UTC).isoformat(" ")
    for statement in _MIGRATIONS_TABLE:
        connection.execute(statement)
    for table_set in table_sets:
        execute_file(connection, table_set.tables)
        connection.executemany(
            "INSERT INTO _sqlite_migrations (migration_set, name, applied_at) VALUES (?, ?, ?)",
            [(table_set.name, name, now) for name in table_set.migrations],
        )
