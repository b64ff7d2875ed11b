"""The web server around the service: addresses, bodies, statuses. It answers one request after the other."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Final

from starlette.applications import Starlette
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from flashcards.sync.wire import (
    HEADER,
    MOST_FORM,
    MOST_PACKED,
    MOST_UNPACKED,
    NEWEST_VERSION,
    SIZE_HEADER,
    BadRequest,
    Refusal,
    make_header,
    pack,
    read_boundary,
    read_form,
    read_header,
    unpack,
)

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.types import ASGIApp, Receive, Scope, Send

    from flashcards.sync.service import SyncService
    from flashcards.sync.wire import ClientHeader

_MOST_LOGIN: Final = 64 << 10  # bytes that somebody unknown may send
_LOGIN: Final = "sync/hostKey"
_OLDER_BEGIN: Final = "msync/begin"  # by GET, in apps from before 2023
_WELCOME: Final = "This is the sync server of a flashcards collection. Enter its address in Anki's sync settings.\n"


def build_app(
    service: SyncService, worker: ThreadPoolExecutor, complain: Callable[[str, str, Exception], None]
) -> Starlette:
    """Build the web application.

    Args:
        service: answers the requests.
        worker: the one thread in which it does.
        complain: told of each request that was refused or failed: the peer, the method, the error.
    """

    async def answer(request: Request) -> Response:
        kind, method = request.path_params["kind"], request.path_params["method"]
        peer = request.client.host if request.client else ""
        try:
            read = await _receive(request, f"{kind}/{method}", service.check_key)

            def work() -> tuple[bytes, int]:
                header, body = read()
                data = service.answer(kind, method, header, body, peer)
                return (pack(data) if header.version == NEWEST_VERSION else data), len(data)

            body, size = await asyncio.get_running_loop().run_in_executor(worker, work)
        except Refusal as refusal:
            complain(peer, method, refusal)
            return PlainTextResponse(str(refusal), refusal.status)
        except Exception as error:  # a fault of ours or of the disk: the client is told that it failed
            complain(peer, method, error)
            return PlainTextResponse("The server could not do this; its own messages say why.", 500)
        return Response(body, media_type="application/octet-stream", headers={SIZE_HEADER: str(size)})

    async def welcome(_request: Request) -> Response:
        return PlainTextResponse(_WELCOME)

    return Starlette(
        routes=[
            Route("/", welcome),
            Route("/{kind:str}/{method:str}", answer, methods=["GET", "POST"]),
        ]
    )


def join_pages(sync: ASGIApp, pages: ASGIApp) -> ASGIApp:
    """Return an application in which `pages` answers everything that is no address of the sync protocol."""

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        is_sync = scope["type"] == "http" and scope["path"].startswith(("/sync/", "/msync/"))
        await (sync if is_sync else pages)(scope, receive, send)

    return answer


async def _receive(
    request: Request, method: str, check_key: Callable[[ClientHeader], None]
) -> Callable[[], tuple[ClientHeader, bytes]]:
    """Receive a request; return what reads it: who asks, and the body."""
    if request.method == "GET":
        if method != _OLDER_BEGIN:
            raise Refusal(405, "This address is for Anki's apps.")
        older = make_header(request.query_params.get("k", ""))
        return lambda: (older, b"{}")
    if method == _LOGIN:
        check_key, most_packed, most = _let_anybody, _MOST_LOGIN, _MOST_LOGIN
    else:
        most_packed, most = MOST_PACKED, MOST_UNPACKED
    if boundary := read_boundary(request.headers.get("content-type")):
        form = await _read_body(request, min(MOST_FORM, most_packed))
        return lambda: read_form(form, boundary, check_key, most)
    header = read_header(request.headers.get(HEADER))
    check_key(header)  # before anything of the body is read
    packed = await _read_body(request, most_packed)
    return lambda: (header, unpack(packed, most) if packed else b"{}")


def _let_anybody(_header: ClientHeader) -> None:
    """Let everybody log in."""


async def _read_body(request: Request, most: int) -> bytes:
    parts: list[bytes] = []
    size = 0
    async for part in request.stream():
        size += len(part)
        if size > most:
            raise BadRequest(f"The body is larger than {most:,} bytes.")
        parts.append(part)
    return b"".join(parts)
