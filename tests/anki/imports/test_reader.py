"""Collections of every schema are read by what they hold."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path
from typing import Any

from tests.anki.imports.home import Home, refused
from tests.anki.imports.packages import Made, write_package, write_zip

PRESET = {"id": 1, "name": "Mine", "mod": 7, "desiredRetention": 0.8, "new": {"perDay": 3}, "rev": {}, "lapse": {}}
DECK_CONFIG = "deck_config (id integer primary key, name text, mtime_secs integer, usn integer, config blob)"
CONFIG = "config (KEY text primary key, usn integer, mtime_secs integer, val blob)"


def test_options_in_json_of_a_table_are_read(home: Home, tmp_path: Path) -> None:
    """Anki 2.1.23 to 2.1.27 (schema 14) kept note types and decks as JSON, the rest in tables."""
    tables: dict[str, list[tuple[Any, ...]]] = {
        DECK_CONFIG: [(1, "Mine", 7, 0, json.dumps(PRESET).encode())],
        CONFIG: [("schedVer", 0, 0, b"2"), ("rollover", 0, 0, b"6"), ("creationOffset", 0, 0, b"0")],
    }
    col = {"ver": 14, "conf": "", "dconf": ""}
    package = write_package(tmp_path / "x.apkg", [Made(["a", "b"])], col=col, tables=tables)
    assert home.import_file(package).added == 1
    settings = home.read("flashcards.toml")
    assert "rollover = 6" in settings
    assert "retention = 0.8" in settings
    assert "new_per_day = 3" in settings


def test_a_schema_between_others_is_read_by_its_tables(home: Home, tmp_path: Path) -> None:
    col = {"ver": 13}
    package = write_package(tmp_path / "x.apkg", [Made(["a", "b"])], col=col, tables={"tags (tag text)": [("x",)]})
    assert home.import_file(package).added == 1


def test_an_empty_collection_whose_tables_have_no_rows_is_read(home: Home, tmp_path: Path) -> None:
    package = write_package(
        tmp_path / "x.apkg", [], col={"ver": 18, "models": "", "decks": "", "dconf": "", "conf": ""}
    )
    assert not home.import_file(package).changes_anything


def test_the_table_that_a_database_lacks_is_named(home: Home, tmp_path: Path) -> None:
    connection = sqlite3.connect(":memory:")
    connection.execute("CREATE TABLE other (id)")
    package = write_zip(tmp_path / "x.apkg", {"collection.anki2": connection.serialize()}, {})
    assert "has no table `col`" in refused(home, package)
