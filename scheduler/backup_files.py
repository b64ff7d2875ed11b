"""Find the backups next to a database, check them, and choose the old ones to delete."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Callable, Sequence
from contextlib import closing
from datetime import UTC, datetime, timedelta
from itertools import product
from pathlib import Path
from zlib import crc32

BACKUPS = "backups"
"""The folder of backups next to a database."""

_STAMP = "%Y%m%dT%H%M%S.%fZ"
_STAMPED = re.compile(r"-(\d{8}T\d{6}\.\d{6}Z)(?:-again)*\.db")
_JSON = {  # columns, and their conditions
    "body": "body = '' OR json_valid(body) AND json_type(body) = 'object'",
    "before": "before = '' OR json_valid(before)",
}
_NEWEST = 10
_OF_A_DAY = 50
_PERIODS: tuple[tuple[int, Callable[[datetime], object]], ...] = (
    (7, lambda at: at.date()),
    (5, lambda at: at.isocalendar()[:2]),
    (12, lambda at: (at.year, at.month)),
)
"""The number of days, weeks and months whose first copy is kept, and the name of the period of an instant."""

_DAYS = "BETWEEN -719162 AND 2932896"  # the first and the last date
_INSTANTS = "BETWEEN -62135596800000 AND 253402300799999"
_SECONDS = "BETWEEN 0 AND 80000000000000"
_COUNTS = "BETWEEN 0 AND 4294967296"
_POSSIBLE = {
    "reviews": {
        **dict.fromkeys(("id", "due_ms"), _INSTANTS),
        **dict.fromkeys(("day", "due_day"), _DAYS),
        **dict.fromkeys(("interval_before", "interval_after"), _SECONDS),
        **dict.fromkeys(("duration_ms", "steps_left"), _COUNTS),
        **dict.fromkeys(("reps_added", "lapses_added"), "BETWEEN -4294967296 AND 4294967296"),
        **dict.fromkeys(("state_before", "state_after"), "BETWEEN 0 AND 3"),
        "kind": "BETWEEN 0 AND 6",
        "log_type": "BETWEEN 0 AND 5",
        "log_factor": _COUNTS,
        "rating": "BETWEEN 1 AND 4",
        "leech": "BETWEEN 0 AND 2",
        "offset_minutes": "BETWEEN -1440 AND 1440",
        "stability": "BETWEEN 0.000001 AND 1000000",
        "difficulty": "BETWEEN 0 AND 11",
    },
    "cards": {
        **dict.fromkeys(("due_ms", "last_ms"), _INSTANTS),
        **dict.fromkeys(("due_day", "last_day", "buried_day"), _DAYS),
        **dict.fromkeys(("reps", "lapses", "steps_left"), _COUNTS),
        "interval": _SECONDS,
        "state": "BETWEEN 0 AND 3 AND (state = 0 OR due_ms IS NOT NULL OR due_day IS NOT NULL)",
        "flag": "BETWEEN 0 AND 7",
        "leech": "BETWEEN 0 AND 2",
        "stability": "BETWEEN 0.000001 AND 1000000",
        "difficulty": "BETWEEN 0 AND 11",
    },
}
"""The valid ranges of columns, with room to spare; dates and times outside cannot be formatted."""

# Computed parts: columns, checks and virtual tables.
_COMPUTES = re.compile(r"\b(?:VIRTUAL|CHECK|AS)\b|\bDEFAULT\s*\(", re.IGNORECASE)
TRIGGERS = tuple(
    f"CREATE TRIGGER reviews_refuse_{verb} BEFORE {verb} ON reviews"
    " BEGIN SELECT raise(ABORT, 'the review log is only ever added to'); END"
    for verb in ("update", "delete")
)
"""The triggers that protect the review log; no other trigger is ours."""

_MOST_ADDED = 20  # tables and indexes of a user
_NAME = re.compile(r"[a-z_][a-z0-9_]*")
_COLUMNS = "SELECT m.name, c.name FROM sqlite_master AS m, pragma_table_info(m.name) AS c WHERE m.type = 'table'"
COUNT_RATINGS = (
    "SELECT count(*) FROM reviews r WHERE rating IS NOT NULL"
    " AND NOT EXISTS (SELECT 1 FROM reviews v WHERE v.voids = r.id)"
)
"""Counts the ratings that were not undone."""


def list_backups(folder: Path, stem: str) -> list[Path]:
    """List the backups of the database `stem`.db in `folder`, newest first; other files are left out."""
    found = [path for path in folder.glob(f"{stem}-*.db") if read_time(path, stem) and is_own_file(path)]
    return sorted(found, key=lambda path: path.name, reverse=True)


def is_own_file(path: Path) -> bool:
    """Return whether a path is a file, not a link, which could lead out of the folder."""
    return path.is_file() and not path.is_symlink()


def read_time(path: Path, stem: str) -> datetime | None:
    """Return the instant in the name of a backup; nothing if it is not the name of one."""
    match = _STAMPED.fullmatch(path.name.removeprefix(stem))
    try:
        return datetime.strptime(match[1], _STAMP).replace(tzinfo=UTC) if match else None
    except ValueError:
        return None


def make_name(folder: Path, stem: str) -> Path:
    """Return the path of the next backup: it sorts after all others, even if the clock was set back."""
    at = datetime.now(UTC)
    for newest in list_backups(folder, stem)[:1]:
        at = max(at, (read_time(newest, stem) or at) + timedelta(microseconds=1))
    return folder / f"{stem}-{at.strftime(_STAMP)}.db"


def is_sound(path: Path) -> bool:
    """Return whether a file is an intact database of this program."""
    return count_reviews(path) is not None


def count_reviews(path: Path) -> int | None:
    """Count the reviews in a copy that no process has open; nothing if it is not sound."""
    try:
        address = f"{path.resolve().as_uri()}?mode=ro&immutable=1"
        with closing(sqlite3.connect(address, uri=True)) as connection:
            if find_damage(connection):
                return None
            return int(connection.execute(COUNT_RATINGS).fetchone()[0])
    except (sqlite3.Error, OSError, ValueError):
        return None


def find_damage(connection: sqlite3.Connection) -> str:
    """Return the damage of a database, or "" if it is intact and ours. Raise `sqlite3.Error` if unreadable."""
    if not connection.execute("SELECT 1 FROM sqlite_master LIMIT 1").fetchone():
        return "it is empty"
    if name := find_foreign(connection):
        return f"it holds {name}, which this program did not make"
    if connection.execute("PRAGMA integrity_check(1)").fetchone()[0] != "ok":
        return "it is damaged"
    tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    if not {"_sqlite_migrations", "cards", "reviews"} <= tables:
        return "it contains no review state"
    if not has_whole_definitions(connection):
        return "it is damaged"
    if not all(_has_whole_texts(connection, table) for table in tables):
        return "it is damaged"
    if lost := connection.execute("PRAGMA foreign_key_check").fetchone():
        return f"row {lost[1]} of its table `{lost[0]}` belongs to a row that is missing"
    return find_impossible(connection)


def find_foreign(connection: sqlite3.Connection) -> str:
    """Return the kind and name of a view, trigger or computed value that this program did not make, or ""."""
    for kind, name, sql in connection.execute("SELECT type, name, coalesce(sql, '') FROM sqlite_master"):
        is_foreign = {
            "table": _COMPUTES.search(sql) is not None,
            "index": sql.count("(") > 1,
            "trigger": sql not in TRIGGERS,
        }
        if is_foreign.get(kind, True):
            return f"the {kind} `{name}`"
    return ""


def find_impossible(connection: sqlite3.Connection) -> str:
    """Return the row of the cards or the log with an invalid value, or "" if there is none."""
    for table, conditions in _POSSIBLE.items():
        here = {name for (name,) in connection.execute("SELECT name FROM pragma_table_info(?)", (table,))}
        tests = [f"coalesce({name} {condition}, 1)" for name, condition in conditions.items() if name in here]
        row = connection.execute(f"SELECT id FROM {table} WHERE NOT ({' AND '.join(tests)}) LIMIT 1").fetchone()
        if row:
            return f"row {row[0]} of its table `{table}` has an invalid value"
    return ""


def write_sum(connection: sqlite3.Connection) -> None:
    """Write a checksum of all definitions into the header; SQLite's own checks miss a changed letter."""
    found = _sum(_read_definitions(connection, "table") + _read_definitions(connection, "index"))
    connection.execute(f"PRAGMA user_version = {found}")


def has_whole_definitions(connection: sqlite3.Connection) -> bool:
    """Check the definitions of our tables by their sum or, in older databases, by their columns."""
    (found,) = connection.execute("PRAGMA user_version").fetchone()
    if not found:
        # SQLite does not detect changed letters in the names of columns.
        return all(_NAME.fullmatch(name) for _, name in connection.execute(_COLUMNS)) and _has_all_columns(connection)
    tables, indexes = (_read_definitions(connection, kind) for kind in ("table", "index"))
    added = product(range(min(len(tables), _MOST_ADDED) + 1), range(min(len(indexes), _MOST_ADDED) + 1))
    return any(found == _sum(tables[: len(tables) - one] + indexes[: len(indexes) - other]) for one, other in added)


def _read_definitions(connection: sqlite3.Connection, kind: str) -> list[tuple[str, str, str]]:
    """Read the definitions of tables or indexes, oldest first; names that other programs add begin with `_`."""
    return connection.execute(
        "SELECT name, tbl_name, sql FROM sqlite_master WHERE type = ? AND name NOT GLOB '[_]*'"
        " AND name NOT GLOB 'sqlite[_]*' ORDER BY rowid",
        (kind,),
    ).fetchall()


def _sum(definitions: Sequence[tuple[str, str, str]]) -> int:
    """Sum up definitions; the header holds 31 bits, and 0 means no sum."""
    return crc32(repr(sorted(definitions, key=lambda row: row[0])).encode()) >> 1 or 1


def _has_all_columns(connection: sqlite3.Connection) -> bool:
    """Check that the scheduler's tables have their columns, unless a migration of them is pending."""
    from scheduler.store import TABLE_SET  # imported late, because it imports what restores

    names = connection.execute("SELECT name FROM _sqlite_migrations WHERE migration_set = ?", (TABLE_SET.name,))
    if {name for (name,) in names} != set(TABLE_SET.migrations):
        return True
    with closing(sqlite3.connect(":memory:")) as whole:
        whole.executescript(TABLE_SET.tables.read_text(encoding="utf-8").replace("\n\n", ";\n"))
        return set(whole.execute(_COLUMNS)) <= set(connection.execute(_COLUMNS))


def _has_whole_texts(connection: sqlite3.Connection, table: str) -> bool:
    """Read all texts of a table, because SQLite does not detect invalid UTF-8 or JSON."""
    rows = connection.execute("SELECT name FROM pragma_table_info(?) WHERE type = 'TEXT'", (table,))
    names = [name for (name,) in rows]
    if not names:
        return True
    columns = ", ".join('"{}"'.format(name.replace('"', '""')) for name in names)
    whole = " AND ".join(f"coalesce({test}, 1)" for name, test in _JSON.items() if name in names) or "1"
    rows = connection.execute('SELECT {}, {} FROM "{}"'.format(whole, columns, table.replace('"', '""')))
    return all(row[0] for row in rows)


def find_newest_backup(path: Path) -> Path | None:
    """Find the newest intact backup of the database at `path`, in the folder `backups` next to it, if any."""
    return next(filter(is_sound, list_backups(path.parent / BACKUPS, path.stem)), None)


def choose_old(times: Sequence[datetime]) -> set[datetime]:
    """Choose the backups to delete, given the instants of all of them.

    The ten newest stay, and all of the last day up to fifty. From earlier, the first copy of each of seven days, five
    weeks and twelve months stays. Ages count from the newest copy, so a wrong clock deletes nothing.
    """
    newest_first = sorted(times, reverse=True)
    kept = set(newest_first[:_NEWEST])
    kept |= {at for at in newest_first[:_OF_A_DAY] if newest_first[0] - at <= timedelta(days=1)}
    for number, period in _PERIODS:
        first = {period(at): at for at in newest_first}  # the oldest of a period comes last
        kept |= set(list(first.values())[:number])
    return set(times) - kept
