"""Run the sync server of one collection: routes, bodies, statuses, its worker thread and web server."""

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

from starlette.applications import Starlette
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from flashcards.errors import FlashcardsError
from flashcards.sync import wire
from flashcards.sync.account import Account, GuessLimit
from flashcards.sync.received_changes import TakenOver
from flashcards.sync.service import SyncReport, SyncService
from flashcards.sync.synced_collection import SyncState
from scheduler.errors import SchedulerError, translate_error

if TYPE_CHECKING:
    import uvicorn
    from starlette.requests import Request
    from starlette.types import ASGIApp, Receive, Scope, Send


_MOST_LOGIN: Final = 64 << 10  # maximum size of a login request
_LOGIN: Final = "sync/hostKey"
_OLDER_BEGIN: Final = "msync/begin"  # a GET request of apps from before 2023
_WELCOME: Final = "This is the sync server of a flashcards collection. Enter its address in Anki's sync settings.\n"


def build_app(
    service: SyncService, worker: ThreadPoolExecutor, complain: Callable[[str, str, Exception], None]
) -> Starlette:
    """Build the web app; the service runs in the thread of `worker`; `complain` gets peer, method and error."""

    async def answer(request: Request) -> Response:
        kind, method = request.path_params["kind"], request.path_params["method"]
        peer = request.client.host if request.client else ""
        try:
            read = await _receive(request, f"{kind}/{method}", service.check_key)

            def work() -> tuple[bytes, int]:
                header, body = read()
                data = service.answer(kind, method, header, body, peer)
                return (wire.pack(data) if header.version == wire.NEWEST_VERSION else data), len(data)

            body, size = await asyncio.get_running_loop().run_in_executor(worker, work)
        except wire.Refusal as refusal:
            complain(peer, method, refusal)
            return PlainTextResponse(str(refusal), refusal.status)
        except Exception as error:  # a bug or a disk error; the client is told that the request failed
            complain(peer, method, error)
            return PlainTextResponse("The server failed. See its messages for the reason.", 500)
        return Response(body, media_type="application/octet-stream", headers={wire.SIZE_HEADER: str(size)})

    async def welcome(_request: Request) -> Response:
        return PlainTextResponse(_WELCOME)

    return Starlette(routes=[Route("/", welcome), Route("/{kind:str}/{method:str}", answer, methods=["GET", "POST"])])


def join_pages(sync: ASGIApp, pages: ASGIApp) -> ASGIApp:
    """Return an application in which `pages` answers all addresses outside the sync protocol."""

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        is_sync = scope["type"] == "http" and scope["path"].startswith(("/sync/", "/msync/"))
        await (sync if is_sync else pages)(scope, receive, send)

    return answer


async def _receive(
    request: Request, method: str, check_key: Callable[[wire.ClientHeader], None]
) -> Callable[[], tuple[wire.ClientHeader, bytes]]:
    """Receive a request; return a function that reads its header and body."""
    if request.method == "GET":
        if method != _OLDER_BEGIN:
            raise wire.Refusal(405, "This address is for Anki's apps.")
        older = wire.make_header(request.query_params.get("k", ""))
        return lambda: (older, b"{}")
    if method == _LOGIN:
        check_key, most_packed, most = (lambda _header: None), _MOST_LOGIN, _MOST_LOGIN
    else:
        most_packed, most = wire.MOST_PACKED, wire.MOST_UNPACKED
    if boundary := wire.read_boundary(request.headers.get("content-type")):
        form = await _read_body(request, min(wire.MOST_FORM, most_packed))
        return lambda: wire.read_form(form, boundary, check_key, most)
    header = wire.read_header(request.headers.get(wire.HEADER))
    check_key(header)  # before the body is read
    packed = await _read_body(request, most_packed)
    return lambda: (header, wire.unpack(packed, most) if packed else b"{}")


async def _read_body(request: Request, most: int) -> bytes:
    parts: list[bytes] = []
    size = 0
    async for part in request.stream():
        size += len(part)
        if size > most:
            raise wire.BadRequest(f"The body is larger than {most:,} bytes.")
        parts.append(part)
    return b"".join(parts)


FOLDER: Final = "phone"
ACCOUNT: Final = "account.json"


class AddressTaken(FlashcardsError):
    """The server cannot listen on the address."""

    def __init__(self, host: str, port: int, error: OSError) -> None:
        remedy = (
            "Choose another port with --port."
            if error.errno in (errno.EADDRINUSE, errno.EACCES)
            else "Name an address of this computer with --host, or use --lan for all of them."
        )
        super().__init__(f"{host}:{port} cannot be used: {error.strerror or error}. {remedy}")


class SyncHost:
    """The resources of a running server; `report` is called after each completed sync."""

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
        """Build the web server, to be run on a listening socket; `pages` answers browsers."""
        app = build_app(self._service, self._worker, self._complain)
        return build_server(join_pages(app, pages) if pages else app)

    def close(self) -> None:
        """End running syncs without effect, and close the files."""
        self._worker.submit(self._close).result()
        self._worker.shutdown()

    def _open(self) -> SyncService:
        self._state = SyncState(self._root, FOLDER, "flashcards serve", self._tell)
        return SyncService(self._account, GuessLimit(), self._state, self._finish_sync, self._tell)

    def _refresh(self) -> None:
        try:
            self._service.refresh()
        except wire.Refusal as refusal:
            self._tell(str(refusal))

    def _close(self) -> None:
        self._service.close()
        self._state.close()

    def _finish_sync(self, report: SyncReport) -> None:
        report.taken, self._state.collection.taken = self._state.collection.taken, TakenOver()
        self._report(report)
        self._worker.submit(self._refresh)

    def _complain(self, peer: str, method: str, error: Exception) -> None:
        if isinstance(error, (sqlite3.Error, OSError)):
            error = translate_error(error, self._state.mirror.path) or error
        known = isinstance(error, (wire.Refusal, SchedulerError, FlashcardsError))
        reason = str(error) if known else f"{type(error).__name__}: {error}"
        self._tell(f"{peer}: {ascii(method)[1:-1][:40]} refused: {reason}")


def build_server(app: ASGIApp) -> uvicorn.Server:
    """Build a quiet web server around an application."""
    import uvicorn

    config = uvicorn.Config(
        app, log_level="critical", access_log=False, lifespan="off", server_header=False, timeout_graceful_shutdown=2
    )
    return uvicorn.Server(config)


def listen(host: str, port: int) -> socket.socket:
    """Return a socket listening on an address; port 0 is a free one. Raise `AddressTaken` if it cannot."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        found = socket.socket(family, kind, protocol)
        found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        found.bind(address)
        found.listen(128)  # clients now wait rather than being rejected
    except OSError as error:
        raise AddressTaken(host, port, error) from error
    return found


def local_address() -> str:
    """Return this computer's address in its network, or the loopback address without a network."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))  # an address reserved for documentation; nothing is sent
            return str(probe.getsockname()[0])
        except OSError:
            return "127.0.0.1"


def run(server: uvicorn.Server, listener: socket.socket) -> None:
    """Serve until the server is told to stop."""
    gc.enable()  # the server may run for months; short commands do not need it
    asyncio.run(server.serve(sockets=[listener]))
