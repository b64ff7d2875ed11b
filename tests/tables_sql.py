"""Generate the SQL files that new databases are made from: `python -m tests.tables_sql`."""

from __future__ import annotations

import sqlite3
import sys
from collections.abc import Iterator
from importlib import import_module

from sqlite_utils import Database

from flashcards.collection import TABLE_SETS
from scheduler import TableSet

HEADER = "-- Generated from the migrations by `python -m tests.tables_sql`; do not edit."


def generate(table_set: TableSet) -> str:
    """Return the text of the file: the tables that the migrations make."""
    connection = sqlite3.connect(":memory:")
    import_module(table_set.module).migrations.apply(Database(connection))
    found = "\n\n".join([HEADER, *_statements(connection)]) + "\n"
    connection.close()
    return found


def _statements(connection: sqlite3.Connection) -> Iterator[str]:
    for name, sql in connection.execute("SELECT tbl_name, sql FROM sqlite_master WHERE sql IS NOT NULL ORDER BY rowid"):
        if name != "_sqlite_migrations":
            assert "\n\n" not in sql
            yield sql


if __name__ == "__main__":
    for each in TABLE_SETS:
        each.tables.write_text(generate(each), encoding="utf-8")
        sys.stdout.write(f"{each.name}: {each.tables.name}\n")
