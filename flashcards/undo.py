"""Undo acts on cards, and acts such as links and imports that keep a copy of the earlier state.

A copy is a folder in `.flashcards/undo/` with the database and the files that the act changed. Undoing such an act
restores both. Acts are undone newest first, so no later act is lost; later data of exports, phones and mock
interviews stays.
"""

from __future__ import annotations

import re
import shutil
from contextlib import contextmanager
from pathlib import Path
from sqlite3 import OperationalError
from typing import TYPE_CHECKING, Final

from flashcards.catalog.imports import write_together
from flashcards.collection import DATABASE, TABLE_SETS, Collection, now_ms
from flashcards.disk.atomic import file_digest
from flashcards.disk.journal import Journal
from flashcards.disk.paths import OutsideCollection, find_place, is_real_folder
from flashcards.errors import FlashcardsError
from scheduler.backups import copy_database
from scheduler.connection import closing_connection, flush, make_folders
from scheduler.database import prepare_copy
from scheduler.errors import DatabaseForeign, DatabaseNewer

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator, Mapping

    from scheduler.acts import Act

UNDO_FOLDER: Final = "undo"
_NAME: Final = re.compile(r"\d{1,20}")
_OTHER_TABLES: Final = "its copy of the earlier state has other tables. `flashcards backup --list` lists backups"
_KEPT: Final = 5  # copies; older acts cannot be undone
_LATER: Final = ("acts", "exported_notes", "anki_ids", "mocks", "mock_answers", "ticks")
"""Tables that keep their current rows when a copy of the database is restored."""


class UndoImpossible(FlashcardsError):
    """The last act cannot be undone."""

    def __init__(self, act: Act, reason: str) -> None:
        super().__init__(f"The last act, `{act.kind}` ({act.summary}), cannot be undone: {reason}.")


class UndoneElsewhere(FlashcardsError):
    """Another process undid the last act first, or performed a new one."""

    def __init__(self, act: Act) -> None:
        super().__init__(
            f"Another command ran at the same time, so `{act.kind}` ({act.summary}) is no longer the last act."
            " Nothing was changed; `flashcards undo --list` shows what can be undone."
        )


@contextmanager
def record_with_copy(collection: Collection, kind: str) -> Iterator[None]:
    """Make `collection.record_act` record an act with a copy of the earlier state.

    The copy contains the database as last committed, and the files that the act will replace.
    """
    folder = collection.state_folder / UNDO_FOLDER / str(now_ms())

    def record(summary: str, staged: Mapping[str, Path | None]) -> None:
        with closing_connection(collection.database) as committed:
            copy_database(committed, folder / DATABASE)
        for path in staged:
            place = find_place(collection.root, path)
            if place.is_file():
                copy = folder / "files" / path
                make_folders(copy.parent)
                shutil.copy2(place, copy)
                flush(copy)
                flush(copy.parent)
        files = {path: file_digest(waiting) if waiting else "" for path, waiting in staged.items()}
        collection.store.acts.add(kind, summary, {"copy": folder.name, "files": files}, now_ms())

    collection.act_recorder = record
    try:
        yield
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    finally:
        collection.act_recorder = None
    if folder.exists():
        _remove_old_copies(folder)


def undo(collection: Collection) -> Act:
    """Undo the last act and return it. Raise NothingToUndo, UndoneElsewhere, or UndoImpossible."""
    acts = collection.store.acts
    act = acts.last()
    if act is None or "copy" not in act.before:
        return acts.undo(now_ms())
    try:
        _undo_with_copy(collection, act)
    except (UndoImpossible, OperationalError):
        if acts.last() != act:
            raise UndoneElsewhere(act) from None
        raise
    collection.forget_policies()
    return act


def _undo_with_copy(collection: Collection, act: Act) -> None:
    name, files = str(act.before["copy"]), dict(act.before.get("files", {}))
    folder = collection.state_folder / UNDO_FOLDER / name
    if not (_NAME.fullmatch(name) and _is_own(folder, folder / DATABASE) and (folder / DATABASE).is_file()):
        raise UndoImpossible(act, "its copy of the earlier state is gone. `flashcards backup --list` lists backups")
    _migrate(folder / DATABASE, act)
    places = {path: _resolve(collection, path, act) for path in files}
    journal = Journal(collection.root, collection.import_folder)
    with (
        _attach(collection.connection, folder / DATABASE),
        write_together(collection.connection, journal, f"undo of {act.kind}", now_ms()),
    ):
        if collection.store.acts.last() != act:
            raise UndoneElsewhere(act)
        for path, place in places.items():
            if (file_digest(place) if place.is_file() else "") != files[path]:
                raise UndoImpossible(
                    act, f"{place} was changed since, and that would be lost. Move the file away first"
                )
            _stage(journal, folder, path, place)
        _put_back(collection.connection, act)
    shutil.rmtree(folder, ignore_errors=True)


def _remove_old_copies(newest: Path) -> None:
    """Remove all but the last few copies; the newest stays even if the clock was set back."""
    others = [each for each in newest.parent.iterdir() if _NAME.fullmatch(each.name) and each != newest]
    for old in sorted(others, key=lambda each: int(each.name))[: 1 - _KEPT]:
        if is_real_folder(old):
            shutil.rmtree(old, ignore_errors=True)


def _is_own(folder: Path, path: Path) -> bool:
    """Return whether a file of a copy is in the copy's folder, not a link out of it."""
    return is_real_folder(folder) and path.exists() and path.resolve().is_relative_to(folder.resolve())


def _resolve(collection: Collection, path: str, act: Act) -> Path:
    """Return a file recorded in the state, which must be within the collection and not in a private folder."""
    try:
        return find_place(collection.root, path)
    except OutsideCollection as error:
        raise UndoImpossible(act, f"its record names {path}, which is not a file of the collection") from error


def _stage(journal: Journal, folder: Path, path: str, place: Path) -> None:
    """Stage the copy of a file with its mode and times, or its removal if it did not exist."""
    saved = folder / "files" / path
    if saved.is_file() and _is_own(folder, saved):
        shutil.copy2(saved, journal.stage(path, place.read_bytes() if place.is_file() else None))
    elif place.is_file():
        journal.remove(path)


def _migrate(copy: Path, act: Act) -> None:
    """Migrate a copy that an earlier version of the program made."""
    try:
        with closing_connection(copy) as connection:
            prepare_copy(connection, copy, TABLE_SETS)
    except (DatabaseNewer, DatabaseForeign) as error:
        raise UndoImpossible(act, _OTHER_TABLES) from error


@contextmanager
def _attach(connection: sqlite3.Connection, copy: Path) -> Iterator[None]:
    connection.execute("ATTACH DATABASE ? AS earlier", (str(copy),))
    try:
        yield
    finally:
        connection.execute("DETACH DATABASE earlier")


def _put_back(connection: sqlite3.Connection, act: Act) -> None:
    """Restore the tables from the attached copy, except for `_LATER` and later log rows."""
    tables = _read_tables(connection, "earlier")
    now = _read_tables(connection, "main")
    if (
        _read_migrations(connection, "main") != _read_migrations(connection, "earlier")
        or not tables.items() <= now.items()
    ):
        raise UndoImpossible(act, _OTHER_TABLES)
    connection.execute("PRAGMA defer_foreign_keys = ON")
    triggers = connection.execute("SELECT name, sql FROM main.sqlite_master WHERE type = 'trigger'").fetchall()
    for name, _ in triggers:
        connection.execute(f'DROP TRIGGER main."{name}"')
    for table in tables:
        if table not in _LATER and table != "reviews":
            connection.execute(f'DELETE FROM main."{table}"')
            # Without a condition, SQLite copies pages and miscounts deferred foreign keys.
            connection.execute(f'INSERT INTO main."{table}" SELECT * FROM earlier."{table}" WHERE 1')
    connection.execute(
        "DELETE FROM main.reviews WHERE id NOT IN (SELECT id FROM earlier.reviews)"
        " AND (id <= ? OR card NOT IN (SELECT id FROM main.cards))",
        (act.at_ms,),
    )
    connection.execute("DELETE FROM main.reviews WHERE voids NOT IN (SELECT id FROM main.reviews)")
    connection.execute("DELETE FROM main.exported_notes WHERE note NOT IN (SELECT id FROM main.notes)")
    for _, sql in triggers:
        connection.execute(sql)
    connection.execute("UPDATE main.acts SET undone_ms = ? WHERE id = ?", (now_ms(), act.id))


def _read_migrations(connection: sqlite3.Connection, schema: str) -> set[tuple[str, str]]:
    return set(connection.execute(f"SELECT migration_set, name FROM {schema}._sqlite_migrations"))


def _read_tables(connection: sqlite3.Connection, schema: str) -> dict[str, str]:
    """Return each table of a database with the statement that created it."""
    rows = connection.execute(f"SELECT name, trim(sql, ?) FROM {schema}.sqlite_master WHERE type = 'table'", ("\n",))
    return {name: sql for name, sql in rows if not name.startswith("sqlite_") and name.isidentifier()}
