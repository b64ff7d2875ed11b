"""Opening the database: settings and migrations. Imports SQLite alone unless a migration is pending."""

from __future__ import annotations

import os
import sqlite3
import time
from contextlib import suppress
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from scheduler.connection import BUSY_SECONDS, check, closing_connection, connect, database_path, transaction
from scheduler.errors import (
    BackupUnusable,
    DatabaseCorrupt,
    DatabaseNewer,
    DatabaseUnreadable,
    SchedulerError,
    translate_errors,
)

if TYPE_CHECKING:
    from collections.abc import Sequence


__all__ = ["TableSet", "check", "connect", "open_database", "transaction"]


_RETRY_SECONDS = 0.01

# As sqlite-utils creates it.
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
    """Tables that belong together, and the migrations that make them.

    Attributes:
        name: the name of the migration set in the table `_sqlite_migrations`.
        module: the module whose `migrations` (a `sqlite_utils.Migrations`) make the tables; imported if needed.
        migrations: the names of all its migrations, oldest first.
        tables: the SQL of the tables after all migrations, statements separated by blank lines. A new database is
            made from it in a tenth of the time that the migrations take.
    """

    name: str
    module: str
    migrations: tuple[str, ...]
    tables: Path


def open_database(path: Path, table_sets: Sequence[TableSet], backups: Path) -> sqlite3.Connection:
    """Open the database at `path`, creating or migrating it; its folder must exist.

    A database that already holds data is copied to `backups` before a migration. All pending migrations happen
    together or not at all.

    Raises:
        DatabaseNewer: it lists a migration that no table set knows. The file stays as it was.
        DatabaseUnreadable, DatabaseCorrupt, DatabaseBusy, DiskFull: as their names say.
    """
    if path.is_dir():
        raise DatabaseUnreadable(path, "it is a folder", "Move it away.")
    with translate_errors(path):
        connection = connect(path)
        try:
            _prepare(connection, path, table_sets, backups)
        except BaseException:
            connection.close()
            raise
    return connection


def prepare_copy(
    connection: sqlite3.Connection, path: Path, table_sets: Sequence[TableSet], *, only_check: bool = False
) -> bool:
    """Create or migrate the tables of a private copy, which needs no backup; return whether that was needed.

    Args:
        connection: the copy.
        path: the database that was copied, for messages.
        table_sets: the tables.
        only_check: find out whether it is needed, and change nothing.

    Raises:
        DatabaseNewer: the database lists a migration that no table set knows.
    """
    pending = _pending(connection, path, table_sets)
    if pending and not only_check:
        with transaction(connection):
            _make_tables(connection, table_sets)
    return pending


def _prepare(connection: sqlite3.Connection, path: Path, table_sets: Sequence[TableSet], backups: Path) -> None:
    pending = _pending(connection, path, table_sets)  # first, so that a newer database stays untouched
    if connection.execute("PRAGMA journal_mode").fetchone()[0] != "wal":
        _use_write_ahead_log(connection)
    # With NORMAL a power cut loses the last reviews.
    connection.execute("PRAGMA synchronous = FULL")
    if pending:
        _migrate(connection, path, table_sets, backups)


def _use_write_ahead_log(connection: sqlite3.Connection) -> None:
    """Change the journal of a new database; only here SQLite does not wait for other processes by itself."""
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
    """Return whether a migration is pending; refuse a database from a newer version."""
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
            with closing_connection(path) as committed:
                backup(committed, backups)
        _make_tables(connection, table_sets)


def _is_empty(connection: sqlite3.Connection) -> bool:
    return connection.execute("SELECT 1 FROM sqlite_master LIMIT 1").fetchone() is None


def _make_tables(connection: sqlite3.Connection, table_sets: Sequence[TableSet]) -> None:
    if _is_empty(connection):
        _create(connection, table_sets)
        return
    from sqlite_utils import Database

    database = Database(connection)
    for table_set in table_sets:
        import_module(table_set.module).migrations.apply(database)


def _create(connection: sqlite3.Connection, table_sets: Sequence[TableSet]) -> None:
    """Create the tables of an empty database and record the migrations as applied."""
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


KEEP = 10
"""How many backups are kept."""

_SIDES = ("-wal", "-shm")


def backup(connection: sqlite3.Connection, folder: Path, *, keep: int = KEEP) -> Path:
    """Copy the database, as last committed, into `folder`; keep the newest `keep` copies. Returns the copy.

    Names sort by time. This uses SQLite's backup API, so other processes may keep writing.
    """
    path = database_path(connection)
    with translate_errors(path):
        folder.mkdir(parents=True, exist_ok=True)
        target = _fresh_name(folder, path)
        copy_database(connection, target)
        for old in sorted(folder.glob(f"{path.stem}-*.db"))[:-keep]:
            old.unlink(missing_ok=True)
    return target


def restore(path: Path, backup_file: Path, backups: Path) -> Path | None:
    """Replace the database at `path` with a backup. Returns the copy made of the old database, if there was one.

    The backup is copied and checked before anything is replaced, and the replacement is one rename. If SQLite cannot
    copy the old database, its file is moved to `backups` unchanged.

    Raises:
        BackupUnusable: the backup is missing, or is not a sound database.
        DatabaseBusy: another process has the database open.
    """
    fresh = path.with_name(path.name + ".restoring")
    with translate_errors(path):
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


def copy_database(connection: sqlite3.Connection, target: Path) -> None:
    """Copy the database, as last committed, to a file; its folder is created.

    It is copied under a temporary name, so that an interrupted copy never looks like a backup.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    partial = target.with_name(target.name + ".part")
    try:
        with closing_connection(partial) as copy:
            connection.backup(copy)
            # A copy has no log beside it, so it must not ask for one.
            copy.execute("PRAGMA journal_mode = DELETE")
        partial.replace(target)
    finally:
        partial.unlink(missing_ok=True)


def _copy_checked(backup_file: Path, fresh: Path) -> None:
    if not backup_file.is_file():
        raise BackupUnusable(backup_file, "there is no such file")
    try:
        with translate_errors(backup_file), closing_connection(backup_file) as source:
            if not source.execute("SELECT 1 FROM sqlite_master LIMIT 1").fetchone():
                raise BackupUnusable(backup_file, "it is empty")
            if check(source):
                raise BackupUnusable(backup_file, "it is damaged")
            copy_database(source, fresh)
    except (DatabaseCorrupt, DatabaseUnreadable) as error:
        raise BackupUnusable(backup_file, "it is damaged or not a database") from error


def _set_aside(path: Path, backups: Path) -> Path:
    """Copy the database at `path` to the backups, and leave no write-ahead log that could be read into another file."""
    try:
        with closing_connection(path) as present:
            saved = backup(present, backups, keep=KEEP + 1)
            # Needs the database to itself: fails as busy while another process has it open.
            present.execute("PRAGMA journal_mode = DELETE")
    except (SchedulerError, sqlite3.DatabaseError) as error:
        if not _is_damage(error):
            raise
        backups.mkdir(parents=True, exist_ok=True)
        saved = _fresh_name(backups, path).with_suffix(".damaged")
        import shutil

        shutil.copy2(path, saved)
        for side in _SIDES:
            with suppress(FileNotFoundError):
                path.with_name(path.name + side).replace(saved.with_name(saved.name + side))
    return saved


def _is_damage(error: Exception) -> bool:
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    return isinstance(error, (DatabaseCorrupt, DatabaseUnreadable)) or code in (
        sqlite3.SQLITE_CORRUPT,
        sqlite3.SQLITE_NOTADB,
    )


def _sync_folder(folder: Path) -> None:
    """Make a rename in this folder survive a power cut."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
