"""Every error of this package that a person can meet, under one root, and the one place that names SQLite's errors."""

from __future__ import annotations

import errno
import os
import sqlite3
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from collections.abc import Iterator

_PAGE = 4096  # bytes
# On a full disk SQLite cannot make the files beside the database, and says only that.
_DISK_TROUBLE = (sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN)

BACKUPS = "backups"
"""The folder beside a database that holds its copies."""


class SchedulerError(Exception):
    """Root of the errors of this package: one sentence that says what is wrong, and what to do."""

    exit_code: ClassVar[int] = 1


class DatabaseCorrupt(SchedulerError):
    """The database is damaged."""

    def __init__(self, path: Path) -> None:
        super().__init__(f"{path} is damaged. {_restore_advice(path)}")


class DatabaseNewer(SchedulerError):
    """The database was written by a newer version of the program."""

    def __init__(self, path: Path) -> None:
        advice = f"Update the program to open it. {_restore_advice(path)}"
        super().__init__(f"{path} was written by a newer version of this program. {advice}")


class DatabaseUnreadable(SchedulerError):
    """The database cannot be opened, read or written: permissions, a folder in its place, another kind of file."""

    def __init__(self, path: Path, reason: str, remedy: str = "Check the file and its permissions.") -> None:
        super().__init__(f"{path} cannot be used: {reason}. {remedy}")


class DiskFull(SchedulerError):
    """There is no room left to write to."""

    def __init__(self, path: Path) -> None:
        super().__init__(f"There is no room left to write {path}. Free some space and try again; nothing was changed.")


class DatabaseBusy(SchedulerError):
    """Another process has held the database for longer than we wait."""

    def __init__(self, path: Path) -> None:
        super().__init__(f"{path} is in use by another program. Wait for it to finish, or close it, and try again.")


class BackupUnusable(SchedulerError):
    """A file named as a backup is not a sound database."""

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(f"{path} is not a usable backup: {reason}. Choose another one.")


class CardUnknown(SchedulerError):
    """There is no card with this id."""

    def __init__(self, card: int) -> None:
        super().__init__(f"There is no card {card}. Scan the decks again and choose a card that exists.")


class CardChanged(SchedulerError):
    """The card was answered elsewhere since it was read."""

    def __init__(self, card: int) -> None:
        super().__init__(f"Card {card} was answered elsewhere in the meantime. Nothing was recorded; read it again.")


class NothingToUndo(SchedulerError):
    """No rating is left that could be taken back."""

    def __init__(self) -> None:
        super().__init__("There is nothing to undo: no rating of today is left to take back.")


def find_newest_backup(path: Path) -> Path | None:
    """The last backup of the database at `path`, in the folder `backups` beside it; None when there is none."""
    folder = path.parent / BACKUPS
    return max(folder.glob(f"{path.stem}-*.db"), default=None) if folder.is_dir() else None


def _restore_advice(path: Path) -> str:
    last = find_newest_backup(path)
    return f"The last backup is {last}; restore that one." if last else "There is no backup beside it."


def _disk_is_full(path: Path) -> bool:
    """Whether the disk that holds `path` has no room for even one more page of the database."""
    with suppress(OSError):
        disk = os.statvfs(path.parent)
        return disk.f_bavail * disk.f_frsize < _PAGE
    return False


@contextmanager
def translate_errors(path: Path) -> Iterator[None]:
    """Raise what SQLite or the system says of the database at `path` as one of the errors above.

    An error that only a mistake in the program can cause (a constraint, bad SQL) passes through unchanged.
    """
    try:
        yield
    except (sqlite3.Error, OSError) as error:
        named = translate_error(error, path)
        if named is None:
            raise
        raise named from error


def translate_error(error: sqlite3.Error | OSError, path: Path) -> SchedulerError | None:
    """The error of ours that `error` amounts to for the database at `path`, or None when it is not a person's."""
    if isinstance(error, OSError):
        full = error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
        return DiskFull(path) if full else DatabaseUnreadable(path, error.strerror or str(error))
    # The low byte is the primary code; the rest only details it.
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    if code == sqlite3.SQLITE_CORRUPT:
        return DatabaseCorrupt(path)
    if code == sqlite3.SQLITE_NOTADB:
        return DatabaseUnreadable(path, "it is not a database", _restore_advice(path))
    if code == sqlite3.SQLITE_FULL or (code in _DISK_TROUBLE and _disk_is_full(path)):
        return DiskFull(path)
    if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        return DatabaseBusy(path)
    if code in (sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_PERM, sqlite3.SQLITE_IOERR):
        return DatabaseUnreadable(path, str(error))
    return None
