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


def test_every_default_has_the_type_of_its_column(tmp_path: Path) -> None:
    """A row that is there before a migration gets the default of a new column unchecked; another type is damage."""
    connection = open_database(tmp_path / "state.db", TABLE_SETS, tmp_path / "backups")
    columns = connection.execute(
        "SELECT m.name, c.name, c.type, c.dflt_value FROM sqlite_master m, pragma_table_info(m.name) c"
        " WHERE m.type = 'table' AND c.dflt_value IS NOT NULL"
    ).fetchall()
    assert columns
    for table, name, kind, default in columns:
        (found,) = connection.execute(f"SELECT typeof(CAST({default} AS {kind})) = typeof({default})").fetchone()
        assert found, (table, name, kind, default)
    connection.close()


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
