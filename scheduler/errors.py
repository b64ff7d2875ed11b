"""The errors of this package that a user can cause, and the translation of SQLite's errors."""

from __future__ import annotations

import errno
import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import ClassVar

from scheduler.backup_files import find_newest_backup

_PAGE = 4096  # bytes
# On a full disk SQLite cannot create the files next to the database, and reports only that.
_DISK_TROUBLE = (sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN)


class SchedulerError(Exception):
    """Base class of this package's errors: one sentence about what is wrong, and one about what to do."""

    exit_code: ClassVar[int] = 1


class DatabaseCorrupt(SchedulerError):
    """The database is damaged."""

    def __init__(self, path: Path) -> None:
        super().__init__(f"{path} is damaged. {advise_restoring(path)}")


class StateLost(SchedulerError):
    """The database is missing or empty, but there is a backup."""

    def __init__(self, path: Path, newest: Path, reviews: int) -> None:
        what = "is empty" if path.exists() else "is missing"
        held = "1 review" if reviews == 1 else f"{reviews:,} reviews"
        super().__init__(
            f"{path} {what}, but there are backups. The newest intact one, {newest}, holds {held}; `flashcards restore`"
            f" restores it. To start over instead, move {newest.parent} away."
        )


class DatabaseNewer(SchedulerError):
    """The database was written by a newer version of the program."""

    def __init__(self, path: Path) -> None:
        advice = f"Update the program to open it. {advise_restoring(path)}"
        super().__init__(f"{path} was written by a newer version of this program. {advice}")


class DatabaseUnreadable(SchedulerError):
    """The database cannot be opened, read or written: permissions, a folder with its name, another kind of file."""

    def __init__(self, path: Path, reason: str, remedy: str = "Check the file and its permissions.") -> None:
        super().__init__(f"{path} cannot be used: {reason}. {remedy}")


class DatabaseForeign(DatabaseUnreadable):
    """The database contains a view, a trigger or a computed column, which could run a stranger's code."""

    def __init__(self, path: Path, name: str) -> None:
        remedy = f"If you added it, drop it with the program `sqlite3`. {advise_restoring(path)}"
        super().__init__(path, f"it holds {name}, which this program did not make", remedy)


class StateAppeared(SchedulerError):
    """Another process has created the database since this one began."""

    def __init__(self, path: Path) -> None:
        super().__init__(f"Another command has just created {path}. Run this command again.")


class StateReplaced(SchedulerError):
    """Another program removed the open database, or put another file in its place."""

    def __init__(self, path: Path, copy: Path | None, reason: str = "") -> None:
        did, advice = "removed", "`flashcards restore` restores it"
        if path.exists():
            did, advice = "replaced", f"`flashcards import {copy}` adds its reviews"
        saved = f"is in {copy}; {advice}" if copy else f"could not be saved ({reason.rstrip('.')})"
        super().__init__(
            f"Another program, such as one that syncs folders, {did} {path} during this command. What was recorded"
            f" before {saved}."
        )


class LogLeft(SchedulerError):
    """A killed process left the log of a database that another program has replaced since."""

    def __init__(self, path: Path, copy: Path | None, log: Path) -> None:
        kept = f"is kept in {log}, but cannot be read without the old file"
        if copy:
            kept = f"is in {copy}; `flashcards import {copy}` adds its reviews"
        super().__init__(
            f"Another program, such as one that syncs folders, replaced {path} after a command was killed. What that"
            f" command recorded last {kept}. Run this command again to use the new file."
        )


class DiskFull(SchedulerError):
    """The disk is full."""

    def __init__(self, path: Path) -> None:
        super().__init__(f"The disk is full: {path} cannot be written. Free some space and try again.")


class DatabaseBusy(SchedulerError):
    """Another process held the database for too long."""

    def __init__(self, path: Path) -> None:
        super().__init__(f"{path} is in use by another program. Wait for it or close it, then try again.")


class BackupUnusable(SchedulerError):
    """The file is not an intact backup."""

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(f"{path} is not a usable backup: {reason}. Choose another one.")


class CardUnknown(SchedulerError):
    """There is no card with this id."""

    def __init__(self, card_id: int) -> None:
        super().__init__(f"There is no card {card_id}. Scan the decks again and choose an existing card.")


class CardChanged(SchedulerError):
    """The card was answered elsewhere after it was read."""

    def __init__(self, card_id: int) -> None:
        super().__init__(
            f"Card {card_id} was answered elsewhere in the meantime. Nothing was recorded; ask for it again."
        )


class NothingToUndo(SchedulerError):
    """There is nothing left to undo."""

    def __init__(self, reason: str = "") -> None:
        super().__init__(reason or "There is nothing to undo.")


def advise_restoring(path: Path) -> str:
    """Say how to get back the database at `path`, which is damaged."""
    last = find_newest_backup(path)
    if last is None:
        return (
            "There is no intact backup. Replace the file with your own copy, or move it away to start over without"
            " reviews."
        )
    return f"The newest intact backup is {last}; `flashcards restore` restores it."


def _disk_is_full(path: Path) -> bool:
    """Return whether the disk of `path` lacks space for another page of the database."""
    with suppress(OSError):
        disk = os.statvfs(path.parent)
        return disk.f_bavail * disk.f_frsize < _PAGE
    return False


@contextmanager
def translate_errors(path: Path) -> Iterator[None]:
    """Translate errors of SQLite or the system about a database into those above, except those of bugs."""
    try:
        yield
    except (sqlite3.Error, OSError) as error:
        named = translate_error(error, path)
        if named is None:
            raise
        raise named from error


def translate_error(error: sqlite3.Error | OSError, path: Path) -> SchedulerError | None:
    """Translate one error about the database at `path`, if a user can have caused it."""
    if isinstance(error, OSError):
        full = error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
        return DiskFull(path) if full else DatabaseUnreadable(path, error.strerror or str(error))
    # The low byte is the primary code; the rest contains details.
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    # Invalid UTF-8 has no separate error code.
    if code == sqlite3.SQLITE_CORRUPT or str(error).startswith("Could not decode to UTF-8"):
        return DatabaseCorrupt(path)
    if code == sqlite3.SQLITE_NOTADB:
        return DatabaseUnreadable(path, "it is not a database", advise_restoring(path))
    if code == sqlite3.SQLITE_FULL or (code in _DISK_TROUBLE and _disk_is_full(path)):
        return DiskFull(path)
    if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        return DatabaseBusy(path)
    if code in (sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_PERM, sqlite3.SQLITE_IOERR):
        return DatabaseUnreadable(path, str(error))
    return None
