"""Run the sync server of one collection: its files, its worker thread, its web server."""

from __future__ import annotations

import asyncio
import errno
import gc
import socket
import sqlite3
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Final

from flashcards.collection import STATE_FOLDER
from flashcards.errors import FlashcardsError
from flashcards.sync.account import Account, GuessLimit
from flashcards.sync.bridge import Bridge
from flashcards.sync.media_store import CollectionFolder, MediaStore
from flashcards.sync.mirror import Mirror
from flashcards.sync.service import SyncReport, SyncService
from flashcards.sync.wire import Refusal
from scheduler.errors import SchedulerError, translate_error

if TYPE_CHECKING:
    import uvicorn
    from starlette.types import ASGIApp

FOLDER: Final = "phone"
ACCOUNT: Final = "account.json"
_MIRROR: Final = "collection.anki2"
_MEDIA: Final = "media.db"
_LOCK: Final = "lock.db"


class AddressTaken(FlashcardsError):
    """The address cannot be listened on."""

    def __init__(self, host: str, port: int, error: OSError) -> None:
        remedy = (
            "Choose another port with --port."
            if error.errno in (errno.EADDRINUSE, errno.EACCES)
            else "Name an address of this computer with --host, or use --lan for all of them."
        )
        super().__init__(f"{host}:{port} cannot be listened on: {error.strerror or error}. {remedy}")


class ServerRunning(FlashcardsError):
    """Another server, or another sync of the same kind, runs for this collection."""

    def __init__(self, command: str = "flashcards serve") -> None:
        super().__init__(f"Another `{command}` runs for this collection. Stop it first.")


class SyncHost:
    """Everything that a running server holds open.

    Args:
        root: the collection's folder.
        account: who may sync.
        report: called with each sync that came to its end.
        tell: called with each sentence for the log.
    """

    def __init__(
        self, root: Path, account: Account, report: Callable[[SyncReport], None], tell: Callable[[str], None]
    ) -> None:
        self._root = root
        self._account = account
        self._report = report
        self._tell = tell
        self._worker = ThreadPoolExecutor(1, "sync")
        self._service: SyncService = self._worker.submit(self._open).result()
        self._worker.submit(self._refresh)

    def build_server(self, pages: ASGIApp | None = None) -> uvicorn.Server:
        """Build the web server; it listens on the socket that it is run with.

        Args:
            pages: answers what no client asks for.
        """
        from flashcards.sync.server import build_app, join_pages

        app = build_app(self._service, self._worker, self._complain)
        return build_server(join_pages(app, pages) if pages else app)

    def close(self) -> None:
        """End whatever is under way without effect, and close the files."""
        self._worker.submit(self._close).result()
        self._worker.shutdown()

    def _open(self) -> SyncService:
        folder = phone_folder(self._root)
        self._lock = take_lock(folder)
        self._mirror = Mirror(folder / _MIRROR)
        self._media = MediaStore(folder / _MEDIA, self._root, CollectionFolder(self._root))
        self._bridge = Bridge(self._root, self._media, self._tell)
        return SyncService(
            self._account, GuessLimit(), self._mirror, self._media, self._bridge, self._finish_sync, self._tell
        )

    def _refresh(self) -> None:
        try:
            self._service.refresh()
        except Refusal as refusal:
            self._tell(str(refusal))

    def _close(self) -> None:
        self._service.close()
        self._bridge.close()
        self._media.close()
        self._mirror.close()
        self._lock.close()

    def _finish_sync(self, report: SyncReport) -> None:
        report.taken, self._bridge.taken = self._bridge.taken, None
        self._report(report)
        self._worker.submit(self._refresh)

    def _complain(self, peer: str, method: str, error: Exception) -> None:
        if isinstance(error, (sqlite3.Error, OSError)):
            error = translate_error(error, self._root / STATE_FOLDER / FOLDER / _MIRROR) or error
        known = isinstance(error, (Refusal, SchedulerError, FlashcardsError))
        reason = str(error) if known else f"{type(error).__name__}: {error}"
        self._tell(f"{peer}: {ascii(method)[1:-1][:40]} refused: {reason}")


def build_server(app: ASGIApp) -> uvicorn.Server:
    """Build a quiet web server around an application."""
    import uvicorn

    config = uvicorn.Config(
        app,
        log_level="critical",
        access_log=False,
        lifespan="off",
        server_header=False,
        timeout_graceful_shutdown=2,
    )
    return uvicorn.Server(config)


def phone_folder(root: Path) -> Path:
    """Return the folder that keeps what phones were given, making it if it does not exist."""
    return make_folder(root, FOLDER)


def make_folder(root: Path, name: str) -> Path:
    """Return a folder within the state of a collection, making it if it does not exist."""
    folder = root / STATE_FOLDER / name
    folder.mkdir(parents=True, exist_ok=True)
    ignore = root / STATE_FOLDER / ".gitignore"
    if not ignore.exists():
        ignore.write_text("*\n", encoding="utf-8")
    return folder


def take_lock(folder: Path, command: str = "flashcards serve") -> sqlite3.Connection:
    """Hold a folder's lock as long as the connection is open; it ends with the process, however that ends.

    Raises:
        ServerRunning: another process holds it.
    """
    connection = sqlite3.connect(folder / _LOCK, isolation_level=None, timeout=0.0)
    try:
        connection.execute("PRAGMA locking_mode = EXCLUSIVE")
        connection.execute("BEGIN EXCLUSIVE")
    except sqlite3.OperationalError as error:
        connection.close()
        raise ServerRunning(command) from error
    return connection


def listen(host: str, port: int) -> socket.socket:
    """Return a socket that listens on an address; port 0 takes a free one.

    Raises:
        AddressTaken: another program has it, or this computer has no such address.
    """
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        found = socket.socket(family, kind, protocol)
        found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        found.bind(address)
        found.listen(128)  # from now on clients wait instead of being turned away
    except OSError as error:
        raise AddressTaken(host, port, error) from error
    return found


def local_address() -> str:
    """Return the address by which this computer is known in its network; this computer's own if it is in no network."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))  # of documentation: nothing is ever sent there
            return str(probe.getsockname()[0])
        except OSError:
            return "127.0.0.1"


def run(server: uvicorn.Server, listener: socket.socket) -> None:
    """Serve until the server is told to stop."""
    gc.enable()  # it may run for months; short commands do without
    asyncio.run(server.serve(sockets=[listener]))
