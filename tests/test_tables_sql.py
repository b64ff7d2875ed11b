from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
from sqlite_utils import Database

from flashcards.collection import TABLE_SETS
from scheduler import TableSet, open_database
from tests.tables_sql import generate


@pytest.mark.parametrize("table_set", TABLE_SETS, ids=lambda table_set: str(table_set.name))
def test_the_tables_of_a_new_database_are_those_that_the_migrations_make(table_set: TableSet) -> None:
    text = table_set.tables.read_text(encoding="utf-8")
    assert text == generate(table_set), f"{table_set.tables.name} is out of date; run python -m tests.tables_sql"


def test_a_new_database_notes_its_migrations_as_sqlite_utils_does(tmp_path: Path) -> None:
    ours = open_database(tmp_path / "state.db", TABLE_SETS, tmp_path / "backups")
    theirs = sqlite3.connect(":memory:")
    for table_set in TABLE_SETS:
        __import__(table_set.module, fromlist=["migrations"]).migrations.apply(Database(theirs))
    tables = "SELECT name, sql FROM sqlite_master WHERE tbl_name = '_sqlite_migrations' ORDER BY name"
    assert ours.execute(tables).fetchall() == theirs.execute(tables).fetchall()
    noted = "SELECT id, migration_set, name, length(applied_at) FROM _sqlite_migrations ORDER BY id"
    assert ours.execute(noted).fetchall() == theirs.execute(noted).fetchall()
    ours.close()
    theirs.close()
