"""Read databases of other programs safely: limit queries, and check every value.

A small database can produce gigabytes or an endless result, and a log of reviews can contain impossible values. Our log
is append-only, so such a value would stay forever.
"""

from __future__ import annotations

import datetime
import re
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from math import isfinite
from pathlib import Path
from typing import Any, Final

from flashcards.importers.transaction import ImportInvalid, Malformed

MAX_VALUE: Final = 64 << 20  # bytes per value
_STEPS: Final = 4_000_000  # of SQLite's virtual machine; a row takes about 12 for each query
_STEPS_PER_BYTE: Final = 8
_STRIDE: Final = 10_000
_TOO_MUCH: Final = "reading it would take too long for a file of its size"
FIRST_MS: Final = 315_532_800_000  # 1980, earlier than any spaced repetition program
YEAR_MS: Final = 366 * 86_400_000
_DATE: Final = re.compile(r"\d{4}-\d\d-\d\d")
_SHOWN: Final = 40  # characters of a displayed value


def list_tables(path: Path) -> set[str]:
    """Return the names of the tables and views of a database; an empty set if it cannot be read."""
    try:
        with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)) as database:
            return {name for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type <> 'index'")}
    except (sqlite3.Error, ValueError):  # a name that is not UTF-8
        return set()


@contextmanager
def open_database(path: Path, program: str, tables: Iterable[str], remedy: str) -> Iterator[sqlite3.Connection]:
    """Open another program's database with limits on queries. Raise ImportInvalid with `remedy` if it is not sound."""
    try:
        with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)) as database:
            database.execute("PRAGMA trusted_schema = OFF")
            limit_queries(database, path.stat().st_size)
            require_tables(database, tables, f"it has no table `{{}}`: it is not a {program} database")
            yield database
    except Malformed as error:
        raise ImportInvalid(path, str(error), remedy) from error
    except (sqlite3.Error, UnicodeDecodeError) as error:  # a name or a text that is not UTF-8
        limit = find_limit(error) if isinstance(error, sqlite3.Error) else None
        raise ImportInvalid(path, limit or f"it is not a {program} database, or is damaged", remedy) from error


def limit_queries(connection: sqlite3.Connection, size: int) -> None:
    """Limit queries on a database of `size` bytes to the number of steps that its real rows can need."""
    left = (_STEPS + size * _STEPS_PER_BYTE) // _STRIDE

    def count() -> bool:
        nonlocal left
        left -= 1
        return left < 0

    connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, MAX_VALUE)
    connection.set_progress_handler(count, _STRIDE)


def find_limit(error: sqlite3.Error) -> str | None:
    """Return the problem of a database if a limit of `limit_queries` stopped its query, else None."""
    if getattr(error, "sqlite_errorcode", 0) == sqlite3.SQLITE_INTERRUPT:
        return _TOO_MUCH
    return "it holds a value that is implausibly large" if "too big" in str(error) else None


def require_tables(connection: sqlite3.Connection, names: Iterable[str], missing: str) -> None:
    """Raise Malformed unless these are plain tables: views, virtual ones and generated columns compute rows."""
    for name in names:
        row = connection.execute(
            "SELECT type, sql FROM sqlite_master WHERE name = ? COLLATE NOCASE", (name,)
        ).fetchone()
        if row is None:
            raise Malformed(missing.format(name))
        columns = connection.execute(f"PRAGMA table_xinfo({name})").fetchall()
        if row[0] != "table" or "VIRTUAL" in str(row[1])[:40].upper() or any(hidden for *_, hidden in columns):
            raise Malformed(f"its `{name}` is not a plain table")


def check_integer(name: str, value: Any, most: int) -> int:
    """Return a whole number from 0 to `most`; raise Malformed for any other value."""
    if type(value) is not int or not 0 <= value <= most:
        raise Malformed(_describe(name, value))
    return value


def check_number(name: str, value: Any, most: float, least: float) -> float:
    """Return a number between two bounds; raise Malformed for any other value."""
    if type(value) not in (int, float) or not isfinite(value) or not least <= value <= most:
        raise Malformed(_describe(name, value))
    return float(value)


def check_match(name: str, value: Any, pattern: re.Pattern[str]) -> str:
    """Return a text that completely matches a pattern; raise Malformed for any other value."""
    if not isinstance(value, str) or not pattern.fullmatch(value):
        raise Malformed(_describe(name, value))
    return value


def check_instant(name: str, at_ms: int, now_ms: int, shown: Any) -> int:
    """Return the time of a review, in epoch milliseconds; raise Malformed if before 1980 or over a year ahead."""
    if not FIRST_MS <= at_ms <= now_ms + YEAR_MS:
        raise Malformed(_describe(name, shown))
    return at_ms


def read_local_time(name: str, value: Any, now_ms: int) -> int:
    """Return the epoch milliseconds of a time in ISO 8601, local without an offset, or raise Malformed."""
    try:
        if not isinstance(value, str):
            raise TypeError
        at_ms = round(datetime.datetime.fromisoformat(value).astimezone().timestamp() * 1000)
    except (ValueError, TypeError, OverflowError, OSError) as error:
        raise Malformed(_describe(name, value)) from error
    return check_instant(name, at_ms, now_ms, value)


def read_date(name: str, value: Any, latest: datetime.date) -> datetime.date:
    """Return a date from 1980 to `latest`; raise Malformed for any other value."""
    try:
        date = datetime.date.fromisoformat(check_match(name, value, _DATE))
    except ValueError as error:
        raise Malformed(_describe(name, value)) from error
    if not datetime.date(1980, 1, 1) <= date <= latest:
        raise Malformed(_describe(name, value))
    return date


def _describe(name: str, value: Any) -> str:
    if value is None:
        return f"`{name}` is missing"
    if isinstance(value, bytes):
        return f"`{name}` is not text"
    text = " ".join(str(value).split())  # a message has one line
    if not text:
        return f"`{name}` is empty"
    return f"`{name}` cannot be {text if len(text) <= _SHOWN else f'{text[:_SHOWN]}…'}"
