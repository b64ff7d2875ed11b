"""Keep the mirror and the collection in sync, and lock the folder of a sync for one process."""

from __future__ import annotations

import sqlite3
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Final

from flashcards.anki.exports.notes import RenderedNotes
from flashcards.collection import DATABASE, STATE_FOLDER, Collection, now_ms
from flashcards.disk.paths import refuse_links
from flashcards.errors import FlashcardsError
from flashcards.render.formulas import MACROS_FILE
from flashcards.settings import FILE_NAME
from flashcards.sync.media_store import MediaStore
from flashcards.sync.mirror import Mirror
from flashcards.sync.mirror_update import update_mirror
from flashcards.sync.received_changes import ChangeImport, TakenOver
from flashcards.sync.upload import import_upload
from flashcards.sync.validation import SyncFileUnusable
from flashcards.sync.wire import UPLOAD_TAKEN, Refusal
from flashcards.text import plural
from scheduler.connection import make_folders
from scheduler.errors import SchedulerError

if TYPE_CHECKING:
    from flashcards.sync.session import Received


MIRROR: Final = "collection.anki2"
"""The name of the mirror's file in the folder of a sync."""


class ServerRunning(FlashcardsError):
    """Another server, or another sync of the same kind, runs for this collection."""

    def __init__(self, command: str) -> None:
        super().__init__(f"Another `{command}` runs for this collection. Stop it first.")


class CollectionUnusable(Refusal):
    """The collection cannot be read or written now, for a reason that the user can fix."""

    def __init__(self, error: Exception) -> None:
        super().__init__(500, str(error))


class SyncedCollection:
    """The collection behind a mirror. It is opened in the thread that uses it."""

    def __init__(self, root: Path, media: MediaStore, tell: Callable[[str], None]) -> None:
        self.taken = TakenOver()
        self._root = root
        self._media = media
        self._tell = tell
        self._collection: Collection | None = None
        self._rendered = RenderedNotes()
        self._seen: tuple[object, ...] = ()
        self._settings_seen: object = None
        self._is_compared = False

    def close(self) -> None:
        """Close the collection."""
        collection, self._collection = self._collection, None
        if collection:
            collection.close()

    def refresh(self, mirror: Mirror) -> None:
        """Update the mirror. Raise `CollectionUnusable` if the collection cannot be read."""
        try:
            collection = self._open_scanned()
            state = self._read_state(collection)
            if (state, self._read_own_changes(collection, mirror)) != self._seen:
                self._bring_back(collection, mirror)
                self._media.refresh(update_mirror(collection, mirror, self._rendered))
                # another process may have changed the collection since `state` was read
                self._seen = state, self._read_own_changes(collection, mirror)
        except (FlashcardsError, SchedulerError, sqlite3.Error, OSError) as error:
            raise CollectionUnusable(error) from error

    def take(self, mirror: Mirror, received: Received) -> None:
        """Apply the changes of a client to the collection. Raise `CollectionUnusable` if it cannot be written."""
        self._seen = ()  # the merged log is replayed, and the cards are sent back
        try:
            collection = self._open_scanned()
            self.taken = ChangeImport(collection, mirror, self._media).take(received)
        except (FlashcardsError, SchedulerError, sqlite3.Error, OSError) as error:
            raise CollectionUnusable(error) from error
        for sentence in self.taken.sentences:
            self._tell(sentence)

    def take_upload(self, mirror: Mirror, data: bytes) -> str:
        """Import a whole collection; return `UPLOAD_TAKEN`, or a sentence with the reason for refusing it."""
        try:
            self.refresh(mirror)
            with tempfile.TemporaryDirectory(prefix="flashcards-upload-") as folder:
                path = Path(folder) / "upload.anki2"
                path.write_bytes(data)
                report = import_upload(self._open_scanned(), mirror, self._media, path, self._tell)
            mirror.begin_again()
        except (Refusal, FlashcardsError, SchedulerError, sqlite3.Error, OSError) as error:
            sentence = f"The collection was not accepted: {error}"
            self._tell(sentence)
            return sentence
        self.taken = TakenOver(report.added, report.updated, 0, report.cards, report.reviews)
        self._tell(f"upload: {report.added} notes added, {report.updated} updated, {report.reviews} reviews")
        self._seen = ()
        return UPLOAD_TAKEN

    def _bring_back(self, collection: Collection, mirror: Mirror) -> None:
        """Restore reviews that the mirror has and the log lost, for example after a restored backup."""
        if self._is_compared or mirror.is_new:
            return
        reviews = ChangeImport(collection, mirror, self._media).take_missing_reviews()
        self._is_compared = True
        if reviews:
            are = "is" if reviews == 1 else "are"
            self._tell(f"{plural(reviews, 'review')} of phones that the log had lost {are} back in it.")

    def _open_scanned(self) -> Collection:
        settings = _read_stamp(self._root / FILE_NAME), _read_inode(self._root / STATE_FOLDER / DATABASE)
        if self._collection is None or settings != self._settings_seen:
            self.close()
            self._collection = Collection(self._root)
            self._is_compared = False
            self._settings_seen = settings[0], _read_inode(self._collection.database)
        self._collection.scan()
        self._collection.update_memory_states()
        return self._collection

    def _read_state(self, collection: Collection) -> tuple[object, ...]:
        """Return a value that changes whenever another process changes the collection, and each day."""
        (version,) = collection.connection.execute("PRAGMA data_version").fetchone()
        macros = _read_stamp(self._root / MACROS_FILE)
        return version, self._settings_seen, macros, collection.clock.day(now_ms()), time.localtime().tm_gmtoff

    def _read_own_changes(self, collection: Collection, mirror: Mirror) -> tuple[object, ...]:
        """Return a value that changes whenever this process changes the collection."""
        return collection.connection.total_changes, mirror.state.schema


def _read_inode(path: Path) -> int:
    try:
        return path.stat().st_ino
    except OSError:
        return 0


def _read_stamp(path: Path) -> object:
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_mtime_ns, status.st_size, status.st_ino


class SyncState:
    """The open resources of a sync, in the folder `name` of the state, which one process holds at a time.

    `command` names the holder in other processes' messages; `tell` is called with messages for the user. Raise
    `ServerRunning` if another process holds the folder.
    """

    def __init__(self, root: Path, name: str, command: str, tell: Callable[[str], None]) -> None:
        self.folder = make_folder(root, name)  # the folder
        self._lock = _take_lock(self.folder, command)
        self.mirror = Mirror(self.folder / MIRROR)  # the contents that the other side sees
        self.media = MediaStore(self.folder / "media.db", root)  # the media files that the other side sees
        self.collection = SyncedCollection(root, self.media, tell)  # the source of the mirror

    def close(self) -> None:
        """Close everything; a running sync ends without effect."""
        self.mirror.roll_back()
        for each in (self.collection, self.media, self.mirror, self._lock):
            each.close()


def make_folder(root: Path, name: str) -> Path:
    """Return a folder within the state of a collection, creating it if necessary; refuse links and pipes in it."""
    folder = root / STATE_FOLDER / name
    refuse_links(folder)
    make_folders(folder)
    ignore = root / STATE_FOLDER / ".gitignore"
    if not ignore.exists():
        ignore.write_text("*\n", encoding="utf-8")
    return folder


def _take_lock(folder: Path, command: str) -> sqlite3.Connection:
    """Lock a folder while the connection is open; the lock also ends with the process."""
    path = folder / "lock.db"
    try:
        connection = sqlite3.connect(path, isolation_level=None, timeout=0.0)
        connection.execute("PRAGMA locking_mode = EXCLUSIVE")
        connection.execute("BEGIN EXCLUSIVE")
    except sqlite3.Error as error:
        if getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_BUSY:
            raise ServerRunning(command) from error
        raise SyncFileUnusable(path, str(error)) from error
    return connection
