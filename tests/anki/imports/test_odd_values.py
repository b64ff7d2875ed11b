"""Whatever a column of a package holds, an import ends well or in one sentence, and what it took over can be shown."""

from __future__ import annotations

import json
import shutil
import sqlite3
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from flashcards import cli
from flashcards.collection import Collection
from flashcards.importers.transaction import ImportInvalid
from tests.anki.imports.home import Home, refused
from tests.anki.imports.packages import CREATED, Made, studied, write_package, write_zip

_BEYOND: Final = (1 << 63) - 1
_COLUMNS: Final = {
    "notes": ("id", "guid", "mid", "mod", "tags", "flds"),
    "cards": (
        *("id", "nid", "did", "ord", "mod", "type", "queue", "due", "ivl", "factor", "reps", "lapses", "left"),
        *("odue", "odid", "flags", "data"),
    ),
    "revlog": ("id", "cid", "ease", "ivl", "lastIvl", "factor", "time", "type"),
    "col": ("crt", "mod", "ver", "conf", "models", "decks", "dconf"),
}


def with_values(package: Path, table: str, values: Mapping[str, object], where: str = "1") -> Path:
    """A package with something else in the rows of a table, whose columns no longer mind of what type that is."""
    with zipfile.ZipFile(package) as archive:
        connection = sqlite3.connect(":memory:")
        connection.deserialize(archive.read("collection.anki2"))
    connection.execute(f"ALTER TABLE {table} RENAME TO before")
    connection.execute(f"CREATE TABLE {table} AS SELECT * FROM before")
    names = [row[1] for row in connection.execute(f"PRAGMA table_info({table})")]
    connection.execute(f"DROP TABLE {table}")
    connection.execute(f"CREATE TABLE {table} ({', '.join(names)})")
    connection.execute(f"INSERT INTO {table} SELECT * FROM before")
    connection.execute("DROP TABLE before")
    assigned = ", ".join(f"{name} = ?" for name in values)
    connection.execute(f"UPDATE {table} SET {assigned} WHERE {where}", list(values.values()))
    connection.commit()
    write_zip(package, {"collection.anki2": connection.serialize()}, {})
    connection.close()
    return package


def assert_shown(home: Home) -> None:
    """Every command that reads schedules works."""
    for arguments in (["list"], ["show", "Deck.md:1"], ["due"], ["forecast"], ["stats"], ["check"], ["orphans"]):
        assert cli.run(["-C", str(home.root), *arguments]) == 0, arguments


@pytest.mark.parametrize("column", ["guid", "tags", "flds"])
@pytest.mark.parametrize("value", [b"\xff", None, 2.5, 3])
def test_a_field_that_is_not_text_is_refused(home: Home, tmp_path: Path, column: str, value: object) -> None:
    refused(home, with_values(write_package(tmp_path / "x.apkg", [Made(["a", "b"])]), "notes", {column: value}))


@pytest.mark.parametrize("column", ["decks", "models", "dconf"])
def test_names_that_are_no_unicode_are_refused(home: Home, tmp_path: Path, column: str) -> None:
    package = write_package(tmp_path / "x.apkg", [Made(["a", "b"])])
    with zipfile.ZipFile(package) as archive:
        connection = sqlite3.connect(":memory:")
        connection.deserialize(archive.read("collection.anki2"))
    (text,) = connection.execute(f"SELECT {column} FROM col").fetchone()
    connection.close()
    odd = text.replace('"name": "', '"name": "\\ud800')
    refused(home, with_values(package, "col", {column: odd}))


@pytest.mark.parametrize("column", ["due", "odue", "ivl", "reps", "lapses", "left", "factor", "ord"])
@pytest.mark.parametrize("value", [_BEYOND, -_BEYOND])
def test_a_card_with_impossible_numbers_is_refused(home: Home, tmp_path: Path, column: str, value: int) -> None:
    package = write_package(tmp_path / "x.apkg", [Made(["a", "b"], cards={0: {"type": 1, "queue": 1, column: value}})])
    assert "card" in refused(home, package)


@pytest.mark.parametrize("due", [(1 << 31) - 1, -999_999_999, 120_000, -40_000])
@pytest.mark.parametrize("type_", [1, 2, 3])
def test_a_due_day_far_off_is_limited(home: Home, tmp_path: Path, due: int, type_: int) -> None:
    home.import_file(write_package(tmp_path / "x.apkg", [studied(due=due, type=type_, ivl=(1 << 31) - 1)]))
    assert_shown(home)


def test_the_longest_interval_of_an_old_collection_keeps_its_day(home: Home, tmp_path: Path) -> None:
    home.import_file(write_package(tmp_path / "x.apkg", [studied(due=3_000 + 36_500, ivl=36_500)]))
    with Collection(home.root) as collection:
        day = collection.connection.execute("SELECT due_day FROM cards").fetchone()[0]
    assert day == CREATED // 86_400 + 39_500


@pytest.mark.parametrize("data", ["[" * 9_000, '{"s": 1e999, "d": 5}', f'{{"s": {10**400}, "d": 5}}', "12", "[1]"])
def test_unreadable_data_of_a_card_are_ignored(home: Home, tmp_path: Path, data: str) -> None:
    cards: dict[int, dict[str, int | str]] = {0: {"type": 2, "queue": 2, "ivl": 3, "due": 9, "reps": 3, "data": data}}
    assert home.import_file(write_package(tmp_path / "x.apkg", [Made(["a", "b"], cards=cards)])).added == 1
    assert_shown(home)


VALUES = (
    st.none()
    | st.sampled_from([0, 1, -1, 2, 3, 99, (1 << 31) - 1, -(1 << 31), 1 << 32, 1 << 53, _BEYOND, -_BEYOND - 1])
    | st.sampled_from([253_402_300_799, 253_402_300_799_999, 7_258_118_400, 1_600_000_000, 1_600_000_000_000])
    | st.integers(-(1 << 63), _BEYOND)
    | st.integers(-100_000, 100_000)
    | st.floats()
    | st.text(st.characters(codec="utf-8"), max_size=6)
    | st.binary(max_size=4)
    | st.sampled_from(["{}", "[]", '{"1": {}}', '{"s": 1, "d": 99}', "a\x1fb", json.dumps({"pos": 1 << 70})])
)


@pytest.mark.slow
@settings(max_examples=120, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_anything_in_any_column_is_imported_or_refused(tmp_path: Path, data: st.DataObject) -> None:
    table = data.draw(st.sampled_from(sorted(_COLUMNS)))
    columns = data.draw(st.lists(st.sampled_from(_COLUMNS[table]), min_size=1, max_size=2, unique=True))
    values = {column: data.draw(VALUES) for column in columns}
    kind = data.draw(st.sampled_from([{}, {"type": 1, "queue": 1}, {"type": 3, "queue": 3}, {"odid": 1, "odue": 7}]))
    package = write_package(tmp_path / "x.apkg", [studied(**kind), Made(["c", "d"])])
    with_values(package, table, values, data.draw(st.sampled_from(["1", "rowid = 1"])))
    root = tmp_path / "decks"
    shutil.rmtree(root, ignore_errors=True)
    home = Home(root)
    try:
        report = home.import_file(package)
    except ImportInvalid as error:
        assert "\n" not in str(error)
        assert home.files() == {}
    else:
        if report.added:
            assert cli.run(["-C", str(root), "list"]) == 0
            assert cli.run(["-C", str(root), "stats"]) == 0
            assert cli.run(["-C", str(root), "forecast"]) == 0
        assert not home.import_file(package).changes_anything


def test_an_instant_on_a_card_under_review_is_the_day_it_is_due(home: Home, tmp_path: Path) -> None:
    instant = 1_700_000_000
    home.import_file(write_package(tmp_path / "x.apkg", [studied(due=instant)]))
    with Collection(home.root) as collection:
        due = collection.connection.execute("SELECT due_day, due_ms FROM cards").fetchall()
        assert due == [(collection.clock.day(instant * 1000), None)]
