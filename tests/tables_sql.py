"""The SQL files that new databases are made of: `python -m tests.tables_sql` writes them anew from the migrations."""

from __future__ import annotations

import sqlite3
import sys
from collections.abc import Iterator
from importlib import import_module

from sqlite_utils import Database

from flashcards.collection import TABLE_SETS
from scheduler import TableSet


def migrated(table_set: TableSet) -> str:
    """The tables that the migrations of a table_set make, as one text."""
    connection = sqlite3.connect(":memory:")
    import_module(table_set.module).migrations.apply(Database(connection))
    found = "\n\n".join(_statements(connection)) + "\n"
    connection.close()
    return found


def _statements(connection: sqlite3.Connection) -> Iterator[str]:
    for name, sql in connection.execute("SELECT tbl_name, sql FROM sqlite_master WHERE sql IS NOT NULL ORDER BY rowid"):
        if name != "_sqlite_migrations":
            assert "\n\n" not in sql
            yield sql


if __name__ == "__main__":
    for each in TABLE_SETS:
        each.tables.write_text(migrated(each), encoding="utf-8")
        sys.stdout.write(f"{each.name}: {each.tables.name}\n")
