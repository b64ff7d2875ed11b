from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
from sqlite_utils import Database

from flashcards.collection import ROOMS
from scheduler import Room, open_database
from tests.tables_sql import migrated


@pytest.mark.parametrize("room", ROOMS, ids=lambda room: str(room.name))
def test_the_tables_of_a_new_database_are_those_that_the_migrations_make(room: Room) -> None:
    text = room.tables.read_text(encoding="utf-8")
    assert text == migrated(room), f"{room.tables.name} is out of date; write it anew: python -m tests.tables_sql"


def test_a_new_database_notes_its_migrations_as_sqlite_utils_does(tmp_path: Path) -> None:
    ours = open_database(tmp_path / "state.db", ROOMS, tmp_path / "backups")
    theirs = sqlite3.connect(":memory:")
    for room in ROOMS:
        __import__(room.module, fromlist=["migrations"]).migrations.apply(Database(theirs))
    tables = "SELECT name, sql FROM sqlite_master WHERE tbl_name = '_sqlite_migrations' ORDER BY name"
    assert ours.execute(tables).fetchall() == theirs.execute(tables).fetchall()
    noted = "SELECT id, migration_set, name, length(applied_at) FROM _sqlite_migrations ORDER BY id"
    assert ours.execute(noted).fetchall() == theirs.execute(noted).fetchall()
    ours.close()
    theirs.close()
