"""A connection to the database, its transactions, and the check of its integrity."""

from __future__ import annotations

import os
import sqlite3
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from scheduler.errors import DatabaseCorrupt, translate_error, translate_errors

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
