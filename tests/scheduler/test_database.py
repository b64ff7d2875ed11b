from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from scheduler import (
    TABLE_SET,
    DatabaseCorrupt,
    DatabaseNewer,
    DatabaseUnreadable,
    DiskFull,
    NewCard,
    SchedulerError,
    Store,
    TableSet,
    backup,
    check,
    open_database,
    restore,
    translate_errors,
)
from scheduler.connection import open_memory
from scheduler.database import create_database, open_reading, prepare_copy
from scheduler.errors import StateAppeared
from scheduler.schema import migrations
from tests.scheduler.world import CLOCK, add, open_store

ROOT = Path(__file__).parents[2]


def opened(path: Path) -> sqlite3.Connection:
    return open_database(path, [TABLE_SET], path.parent / "backups")


def run(code: str) -> str:
    """What a fresh interpreter prints."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.run(
        [sys.executable, "-c", code], check=True, capture_output=True, text=True, env=environment
    ).stdout.strip()


def test_the_room_lists_the_migrations_of_its_module() -> None:
    from sqlite_utils import Database

    assert [migration.name for migration in migrations.pending(Database(memory=True))] == list(TABLE_SET.migrations)
    assert migrations.name == TABLE_SET.name


def test_a_new_database_has_every_table_and_no_problem(tmp_path: Path) -> None:
    connection = opened(tmp_path / "state.db")
    assert check(connection) == []
    assert connection.execute("SELECT count(*) FROM cards").fetchone() == (0,)
    assert connection.execute("SELECT count(*) FROM reviews").fetchone() == (0,)
    connection.close()


def in_memory(path: Path) -> sqlite3.Connection:
    """A database in memory with a card, to be stored at `path`."""
    connection = open_memory()
    prepare_copy(connection, path, [TABLE_SET])
    Store(connection, CLOCK).add_cards([NewCard(1, "forward", 1, 0)], 5)
    return connection


def test_a_database_from_memory_is_one_whole_file_with_a_write_ahead_log(tmp_path: Path) -> None:
    path = tmp_path / "state.db"
    create_database(path, in_memory(path))
    assert [each.name for each in tmp_path.iterdir()] == ["state.db"]
    with sqlite3.connect(path) as connection:
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    connection = opened(path)
    assert check(connection) == []
    assert connection.execute("SELECT id, note FROM cards").fetchall() == [(5, 1)]


def test_what_a_killed_process_left_behind_does_not_keep_a_database_from_memory_out(tmp_path: Path) -> None:
    path = tmp_path / "state.db"
    for side in ("", "-journal", "-wal"):
        (tmp_path / f"state.db.{os.getpid()}.part{side}").write_bytes(b"half of a file" * 1_000)
    create_database(path, in_memory(path))
    assert [each.name for each in tmp_path.iterdir()] == ["state.db"]
    assert opened(path).execute("SELECT id FROM cards").fetchall() == [(5,)]


def test_a_database_from_memory_replaces_none_that_appeared_meanwhile(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "state.db"
    other = opened(path)
    with pytest.raises(StateAppeared, match="Another command has just created"):
        create_database(path, in_memory(path))
    monkeypatch.setattr(os, "link", refuse_links)
    with pytest.raises(StateAppeared):
        create_database(path, in_memory(path))
    assert other.execute("SELECT * FROM cards").fetchall() == []
    assert not list(tmp_path.glob("*.part"))


def refuse_links(_source: Path, target: Path) -> None:
    raise PermissionError(1, "Operation not permitted", str(target))


def test_a_file_system_without_links_gets_the_database_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "link", refuse_links)
    path = tmp_path / "state.db"
    create_database(path, in_memory(path))
    assert [each.name for each in tmp_path.iterdir()] == ["state.db"]
    assert opened(path).execute("SELECT id FROM cards").fetchall() == [(5,)]


@pytest.mark.parametrize(
    ("statements", "name"),
    [
        ("ALTER TABLE cards RENAME TO c; CREATE VIEW cards AS SELECT * FROM c", "view `cards"),
        ("CREATE TRIGGER often AFTER INSERT ON reviews BEGIN DELETE FROM cards; END", "trigger `often"),
        ("DROP TRIGGER reviews_refuse_update; CREATE TRIGGER reviews_refuse_update AFTER INSERT ON reviews"
         " BEGIN DELETE FROM cards; END", "trigger `reviews_refuse_update"),
        ("ALTER TABLE cards ADD COLUMN big TEXT AS (hex(zeroblob(9)))", "table `cards"),
        ("CREATE TABLE t (a CHECK (length(hex(zeroblob(9))) > 0))", "table `t"),
        ("CREATE TABLE t (a DEFAULT (hex(zeroblob(9))))", "table `t"),
        ("CREATE INDEX often ON cards(hex(zeroblob(9)))", "index `often"),
        ("CREATE VIRTUAL TABLE t USING fts5(a)", "table `t"),
    ],
)  # fmt: skip
def test_foreign_code_in_a_database_is_refused_and_set_aside(tmp_path: Path, statements: str, name: str) -> None:
    path = tmp_path / "state.db"
    connection = opened(path)
    saved = backup(connection, tmp_path / "backups")
    connection.executescript(statements)
    connection.close()
    with pytest.raises(
        DatabaseUnreadable,
        match=f"it holds the {name}`, which this program did not make. If you added it, drop.*state-",
    ):
        opened(path)
    with pytest.raises(DatabaseUnreadable, match=f"it holds the {name}`"):
        open_reading(path, [TABLE_SET])
    aside = restore(path, saved, tmp_path / "backups")
    assert aside is not None
    assert aside.suffix == ".damaged"
    opened(path).close()


def test_the_tables_refuse_values_of_another_type(tmp_path: Path) -> None:
    connection = opened(tmp_path / "state.db")
    with pytest.raises(sqlite3.IntegrityError, match="cannot store TEXT"):
        connection.execute("INSERT INTO cards (id, note, slot, deck, position) VALUES (1, 'x', 'c1', 1, 1)")
    connection.close()


def test_a_power_cut_loses_nothing_that_was_committed(tmp_path: Path) -> None:
    connection = opened(tmp_path / "state.db")
    assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    assert connection.execute("PRAGMA synchronous").fetchone() == (2,)
    assert connection.execute("PRAGMA foreign_keys").fetchone() == (1,)
    connection.close()


def test_a_review_of_a_card_that_does_not_exist_is_refused(tmp_path: Path) -> None:
    connection = opened(tmp_path / "state.db")
    with pytest.raises(sqlite3.IntegrityError, match="FOREIGN KEY"):
        connection.execute(
            "INSERT INTO reviews (id, card, kind, day, offset_minutes, duration_ms, state_before, state_after,"
            " steps_left, interval_before, interval_after) VALUES (1, 99, 0, 0, 0, 0, 0, 0, 0, 0, 0)"
        )
    connection.close()


def test_making_and_opening_a_database_imports_nothing_heavy(tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from scheduler import open_database, TABLE_SET;"
        f"p = Path({str(tmp_path)!r});"
        "[open_database(p / 'state.db', [TABLE_SET], p / 'backups') for _ in range(2)];"
        "print([m for m in ('sqlite_utils', 'fsrs', 'fsrs_rs_python', 'random', 'click') if m in sys.modules])"
    )
    assert run(code) == "[]"


def test_a_database_of_a_newer_version_is_refused_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "state.db"
    connection = opened(path)
    connection.execute("INSERT INTO _sqlite_migrations (migration_set, name, applied_at) VALUES ('scheduler', 'x', '')")
    connection.close()
    before = path.read_bytes()
    with pytest.raises(DatabaseNewer, match="newer version"):
        opened(path)
    assert path.read_bytes() == before


def test_an_unknown_table_set_means_a_newer_version(tmp_path: Path) -> None:
    connection = opened(tmp_path / "state.db")
    connection.execute("INSERT INTO _sqlite_migrations (migration_set, name, applied_at) VALUES ('attic', 'a', '')")
    connection.close()
    with pytest.raises(DatabaseNewer):
        opened(tmp_path / "state.db")


@pytest.fixture
def two_rooms(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[TableSet]:
    """The scheduler's room and a second one, whose second migration fails while the file `broken` exists."""
    (tmp_path / "attic_schema.py").write_text(
        "from pathlib import Path\n"
        "from sqlite_utils import Migrations\n"
        "migrations = Migrations('attic')\n"
        "@migrations()\n"
        "def first(db): db['boxes'].create({'id': int}, pk='id')\n"
        "@migrations()\n"
        "def second(db):\n"
        "    db['lids'].create({'id': int}, pk='id')\n"
        "    if (Path(__file__).parent / 'broken').exists(): raise RuntimeError('torn')\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(sys.modules, "attic_schema", raising=False)
    tables = tmp_path / "attic.sql"
    tables.write_text("CREATE TABLE boxes (id INTEGER PRIMARY KEY)\n\nCREATE TABLE lids (id INTEGER PRIMARY KEY)\n")
    return [TABLE_SET, TableSet("attic", "attic_schema", ("first", "second"), tables)]


def test_pending_migrations_are_applied_after_a_backup(tmp_path: Path, two_rooms: list[TableSet]) -> None:
    path, backups = tmp_path / "state.db", tmp_path / "backups"
    store = open_store(tmp_path)
    add(store, 3)
    store.connection.close()
    assert not backups.exists()
    connection = open_database(path, two_rooms, backups)
    assert connection.execute("SELECT count(*) FROM cards").fetchone() == (3,)
    assert connection.execute("SELECT count(*) FROM lids").fetchone() == (0,)
    connection.close()
    (copy,) = backups.iterdir()
    with sqlite3.connect(copy) as older:
        assert older.execute("SELECT count(*) FROM cards").fetchone() == (3,)
        assert older.execute("SELECT count(*) FROM sqlite_master WHERE name = 'lids'").fetchone() == (0,)
    older.close()


def test_a_migration_that_fails_changes_nothing(tmp_path: Path, two_rooms: list[TableSet]) -> None:
    path, backups = tmp_path / "state.db", tmp_path / "backups"
    opened(path).close()
    (tmp_path / "broken").touch()
    with pytest.raises(RuntimeError, match="torn"):
        open_database(path, two_rooms, backups)
    opened(path).close()  # still the older version
    (tmp_path / "broken").unlink()
    open_database(path, two_rooms, backups).close()


def test_rows_stored_before_types_have_neither_type_nor_factor(tmp_path: Path) -> None:
    from sqlite_utils import Database

    path = tmp_path / "state.db"
    older = sqlite3.connect(path)
    migrations.apply(Database(older), stop_before="add_types_of_imported_rows")
    older.execute("INSERT INTO cards (id, note, slot, deck, position) VALUES (1, 1, 'forward', 1, 1)")
    older.execute(
        "INSERT INTO reviews (id, card, kind, rating, day, offset_minutes, duration_ms, state_before, state_after,"
        " steps_left, interval_before, interval_after, due_day) VALUES (9, 1, 0, 3, 5, 0, 0, 0, 2, 0, 0, 86400, 6)"
    )
    older.commit()
    older.close()
    connection = opened(path)
    (row,) = Store(connection, CLOCK).log(1)
    assert (row.due_day, row.log_type, row.log_factor) == (6, None, None)
    assert check(connection) == []
    connection.close()


def test_a_folder_in_place_of_the_database_is_named(tmp_path: Path) -> None:
    (tmp_path / "state.db").mkdir()
    with pytest.raises(DatabaseUnreadable, match="it is a folder"):
        opened(tmp_path / "state.db")


def test_a_folder_that_does_not_exist_is_named(tmp_path: Path) -> None:
    with pytest.raises(DatabaseUnreadable, match="unable to open"):
        opened(tmp_path / "none" / "state.db")


def test_a_file_that_is_not_a_database_is_named_and_not_changed(tmp_path: Path) -> None:
    path = tmp_path / "state.db"
    path.write_bytes(b"# Not a database\n" * 400)
    with pytest.raises(DatabaseUnreadable, match="not a database"):
        opened(path)
    assert path.read_bytes() == b"# Not a database\n" * 400
    assert [file.name for file in tmp_path.iterdir()] == ["state.db"]


def test_a_truncated_database_is_damaged_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "state.db"
    store = open_store(tmp_path)
    add(store, 2_000)
    store.connection.close()
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(DatabaseCorrupt, match=r"There is no intact backup. .* move it away to start over"):
        opened(path)
    assert path.read_bytes() == whole[: len(whole) // 2]


def test_a_damaged_database_names_its_last_backup(tmp_path: Path) -> None:
    from scheduler import backup

    store = open_store(tmp_path)
    add(store, 2_000)
    copy = backup(store.connection, tmp_path / "backups")
    store.connection.close()
    path = tmp_path / "state.db"
    path.write_bytes(path.read_bytes()[:8192])
    with pytest.raises(DatabaseCorrupt, match=copy.name):
        opened(path)


def test_damage_inside_the_database_is_found_by_the_check(tmp_path: Path) -> None:
    path = tmp_path / "state.db"
    store = open_store(tmp_path)
    add(store, 2_000)
    store.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    store.connection.close()
    content = bytearray(path.read_bytes())
    content[-4096:] = bytes(4096)
    path.write_bytes(content)
    connection = opened(path)
    assert check(connection) != []
    connection.close()


def test_a_file_whose_last_pages_are_still_in_the_log_is_read(tmp_path: Path) -> None:
    store = open_store(tmp_path)
    store.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    add(store, 2000)
    data, log = (tmp_path / "state.db").read_bytes(), (tmp_path / "state.db-wal").read_bytes()
    size = store.connection.execute("PRAGMA page_size").fetchone()[0]
    store.connection.close()
    frames = [
        log[start + 24 :][:size] for start in range(32, len(log), size + 24) if log[start : start + 4] == b"\0\0\0\1"
    ]
    # the first page is the first that a checkpoint writes, and says how many there are
    (tmp_path / "copy.db").write_bytes(frames[-1] + data[size:])
    (tmp_path / "copy.db-wal").write_bytes(log)
    connection = open_reading(tmp_path / "copy.db", [TABLE_SET])
    assert connection.execute("SELECT count(*) FROM cards").fetchone() == (2000,)
    connection.close()


def test_reading_a_copy_keeps_the_log_of_an_open_connection(tmp_path: Path) -> None:
    store = open_store(tmp_path)
    add(store, 1)
    open_reading(tmp_path / "state.db", [TABLE_SET]).close()
    visit = "c = sqlite3.connect(sys.argv[1]); c.execute('SELECT * FROM cards').fetchall(); c.close()"
    subprocess.run([sys.executable, "-c", f"import sqlite3, sys; {visit}", str(tmp_path / "state.db")], check=True)
    add(store, 2)
    assert (tmp_path / "state.db-wal").exists()
    store.connection.close()


@pytest.mark.skipif(sys.platform != "linux", reason="needs files with holes")
def test_a_hole_in_the_log_is_not_read(tmp_path: Path) -> None:
    import resource

    store = open_store(tmp_path)
    store.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    add(store, 5)
    for name in ("state.db", "state.db-wal"):
        (tmp_path / name.replace("state", "copy")).write_bytes((tmp_path / name).read_bytes())
    store.connection.close()
    os.truncate(tmp_path / "copy.db-wal", 8 << 30)
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (64 << 20, limits[1]))
    try:
        connection = open_reading(tmp_path / "copy.db", [TABLE_SET])
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert connection.execute("SELECT count(*) FROM cards").fetchone() == (5,)
    connection.close()


@pytest.mark.skipif(sys.platform != "linux", reason="needs files with holes")
@pytest.mark.parametrize("log", [b"", b"x"])
def test_a_sparse_file_is_refused_as_a_database_and_set_aside(tmp_path: Path, log: bytes) -> None:
    store = open_store(tmp_path)
    add(store, 5)
    saved = backup(store.connection, tmp_path / "backups")
    store.connection.close()
    path = tmp_path / "state.db"
    path.with_name("state.db-wal").write_bytes(log)
    os.truncate(path, 1 << 30)
    with pytest.raises(DatabaseCorrupt):
        opened(path)
    with pytest.raises(DatabaseCorrupt):
        open_reading(path, [TABLE_SET])
    aside = restore(path, saved, tmp_path / "backups")
    assert aside
    assert aside.stat().st_size == 1 << 30
    assert aside.stat().st_blocks * 512 < 10 << 20
    opened(path).close()


def test_a_row_without_its_card_is_found_by_the_check(tmp_path: Path) -> None:
    connection = opened(tmp_path / "state.db")
    connection.execute("PRAGMA foreign_keys = OFF")
    connection.execute(
        "INSERT INTO reviews (id, card, kind, day, offset_minutes, duration_ms, state_before, state_after,"
        " steps_left, interval_before, interval_after) VALUES (1, 99, 0, 0, 0, 0, 0, 0, 0, 0, 0)"
    )
    assert check(connection) == ["Row 1 of reviews refers to a row of cards that does not exist."]
    connection.close()


def test_a_full_disk_is_reported_and_the_old_file_stays(tmp_path: Path) -> None:
    store = open_store(tmp_path)
    add(store, 10)
    pages = store.connection.execute("PRAGMA page_count").fetchone()[0]
    store.connection.execute(f"PRAGMA max_page_count = {pages}")
    with pytest.raises(DiskFull, match="Free some space"):
        add(store, 50_000)
    assert store.connection.execute("SELECT count(*) FROM cards").fetchone() == (10,)
    assert not store.connection.in_transaction
    store.connection.execute("PRAGMA max_page_count = 1000000")
    add(store, 5)
    assert check(store.connection) == []
    store.connection.close()


def test_a_file_that_may_not_be_written_is_named(tmp_path: Path) -> None:
    opened(tmp_path / "state.db").close()
    connection = opened(tmp_path / "state.db")
    connection.execute("PRAGMA query_only = ON")
    with pytest.raises(DatabaseUnreadable, match="readonly"):
        Store(connection).add_cards([NewCard(1, "c1", 1, 1)])
    connection.close()


def test_errors_of_the_system_are_translated(tmp_path: Path) -> None:
    with pytest.raises(DatabaseUnreadable, match="Permission denied"), translate_errors(tmp_path / "state.db"):
        raise PermissionError(13, "Permission denied")
    with pytest.raises(DiskFull), translate_errors(tmp_path / "state.db"):
        raise OSError(28, "No space left on device")


def test_a_mistake_in_the_program_is_not_dressed_up(tmp_path: Path) -> None:
    with pytest.raises(sqlite3.OperationalError, match="syntax"), translate_errors(tmp_path / "state.db"):
        sqlite3.connect(":memory:").execute("SELEC 1")


def test_every_error_has_an_exit_code_and_one_root() -> None:
    import scheduler.errors

    named = [each for each in vars(scheduler.errors).values() if isinstance(each, type) and issubclass(each, Exception)]
    assert len(named) > 8
    assert all(issubclass(each, SchedulerError) and each.exit_code == 1 for each in named)
