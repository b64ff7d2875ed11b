"""The web application of one collection: its routes and files, its allowed hosts, the address to open."""

from __future__ import annotations

import os
import socket
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import parse_qs

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.responses import FileResponse, PlainTextResponse, Response
from starlette.routing import Route

from flashcards.deck.media_references import AUDIO, IMAGE, VIDEO, extension
from flashcards.disk.media_files import MediaError, find_media_file
from flashcards.errors import FlashcardsError, describe_os_error
from flashcards.insight.page import write_scoped_css
from flashcards.render.code import read_code_css
from flashcards.sync.server import local_address
from flashcards.web import cards_page, edit, mock_pages, report_pages, review_pages
from flashcards.web.guard import Guard, make_token
from flashcards.web.shared_state import STATIC, Site, Visit
from scheduler.errors import SchedulerError, StateReplaced

if TYPE_CHECKING:
    from starlette.requests import Request

    from flashcards.review.session_plan import SessionPlan


_MOST: Final = 8 << 20  # bytes of a form; a text box may contain a whole deck
_LOCAL: Final = ("127.0.0.1", "::1")
_PAGES: Final = (*cards_page.PAGES, *edit.PAGES, *mock_pages.PAGES, *report_pages.PAGES, *review_pages.PAGES)

Page = Callable[[Site, Visit], Response | Awaitable[Response]]
"""A function that answers a visit in the collection's thread; an awaitable that it returns runs outside it."""


def build_app(site: Site) -> Starlette:
    """Build the application. It must only be served behind a `Guard`."""

    def answer(page: Page) -> Callable[[Request], object]:
        async def endpoint(request: Request) -> Response:
            try:
                visit = _read_visit(request)
                if request.method == "POST":
                    visit = replace(visit, form=await _read_form(request))
                found = await site.run(page, site, visit)
                return found if isinstance(found, Response) else await found
            except (FlashcardsError, SchedulerError) as error:
                if isinstance(error, StateReplaced):
                    await site.run(site.reopen)
                return await site.run(site.show_problem, _read_visit(request), str(error), 409)
            except OSError as error:
                return await site.run(site.show_problem, _read_visit(request), describe_os_error(error), 500)

        return endpoint

    async def missing(request: Request, error: Exception) -> Response:
        status = error.status_code if isinstance(error, HTTPException) else 500
        sentence = "This page does not exist." if status == 404 else str(getattr(error, "detail", error))
        return await site.run(site.show_problem, _read_visit(request), sentence, status)

    return Starlette(
        routes=[
            Route("/static/{version}/{name:path}", serve_static),
            Route("/media/{path:path}", answer(serve_media)),
            *(Route(path, answer(page), methods=methods) for path, page, methods in _PAGES),
        ],
        exception_handlers={HTTPException: missing},
    )


def _read_visit(request: Request) -> Visit:
    return Visit(
        path=request.path_params,
        query=dict(request.query_params),
        is_local=request.client is not None and request.client.host in _LOCAL,
        address=request.url.path,
        cookies=request.cookies,
    )


async def _read_form(request: Request) -> dict[str, list[str]]:
    """Read the fields of a form."""
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > _MOST:
            raise HTTPException(413, f"The form is larger than {_MOST:,} bytes.")
    try:
        return parse_qs(body.decode("ascii"), keep_blank_values=True, max_num_fields=1000, errors="replace")
    except ValueError as error:
        raise HTTPException(400, "This is not a form.") from error


_TYPES: Final = (line.split() for line in (STATIC.parent / "mime.types").read_text(encoding="utf-8").splitlines())
_TYPE_OF: Final = {ending: kind for kind, *endings in _TYPES for ending in endings}
_MEDIA: Final = AUDIO | IMAGE | VIDEO
_INERT: Final = "default-src 'none'; style-src 'unsafe-inline'; sandbox"
"""The content security policy of media files: an SVG opened by itself runs no script."""


async def serve_static(request: Request) -> Response:
    """Serve a file next to the templates. Its address changes with its content."""
    name = request.path_params["name"]
    headers = {"cache-control": "public, max-age=31536000, immutable"}
    if name == "code.css":
        return Response(write_code_css(), media_type="text/css", headers=headers)
    if name == "report.css":
        return Response(write_scoped_css(), media_type="text/css", headers=headers)
    path, kind = Path(os.path.normpath(STATIC / name)), _TYPE_OF.get(extension(name))
    if not path.is_relative_to(STATIC) or kind is None or not path.is_file():
        return PlainTextResponse("This file does not exist.", 404)
    return FileResponse(path, media_type=kind, headers=headers)


def serve_media(site: Site, visit: Visit) -> Response:
    """Serve a picture, sound or video of the collection."""
    try:
        file = find_media_file(site.root, "deck.md", f"@/{visit.path['path']}")
    except MediaError:
        return PlainTextResponse("This file does not exist.", 404)
    kind = extension(file.name)
    if kind not in _MEDIA or kind not in _TYPE_OF:
        return PlainTextResponse("This file is not a picture, sound or video.", 404)
    headers = {"content-security-policy": _INERT, "cache-control": "private, max-age=60"}
    return FileResponse(file, media_type=_TYPE_OF[kind], headers=headers)


def write_code_css() -> str:
    """Return the CSS for highlighted code, dark if the system is dark."""
    light, _, rest = read_code_css().partition(".nightMode .hl,\n.night_mode .hl {")
    dark, _, rules = rest.partition("}\n")
    return f"{light}@media (prefers-color-scheme: dark) {{ .hl {{{dark}}} }}\n{rules}"


EVERYWHERE: Final = ("0.0.0.0", "::")  # noqa: S104 - what `--lan` asks for
_HERE: Final = ("127.0.0.1", "localhost", "[::1]")


class WebHost:
    """The pages of one collection behind their guard.

    `plan` and `words` say what the first review asks, `start` which page to open first, such as `preview?at=a.md:3`;
    `stop` ends the server, where a page may do that. By default the `token` of the address is a new one.
    """

    def __init__(
        self,
        root: Path,
        address: str,
        port: int,
        *,
        plan: SessionPlan | None = None,
        words: str = "",
        stop: Callable[[], None] | None = None,
        token: str = "",
        start: str = "",
    ) -> None:
        self.site = Site(root, plan, words, stop)
        self._token = token or make_token()
        self._start = start
        self._base = f"http://{_format_host(local_address() if address in EVERYWHERE else address)}:{port}/"
        self.app = Guard(build_app(self.site), list_hosts(address, port), self._token, f"flashcards-{port}")

    @property
    def url(self) -> str:
        """The address to open, including its token."""
        return self._write_url(self._token)

    def make_single_url(self) -> str:
        """Return an address that works only once."""
        return self._write_url(self.app.make_single_token())

    def _write_url(self, token: str) -> str:
        return f"{self._base}{self._start}{'&' if '?' in self._start else '?'}token={token}"

    def close(self) -> None:
        """Close the collection."""
        self.site.close()


def list_hosts(address: str, port: int) -> list[str]:
    """List the accepted `Host` values: those of this computer and of the printed address."""
    names = [*_HERE, _format_host(address)]
    if address in EVERYWHERE:
        names = [*_HERE, _format_host(local_address()), socket.gethostname(), f"{socket.gethostname()}.local"]
    return [f"{name}:{port}" for name in names] + (names if port == 80 else [])


def _format_host(address: str) -> str:
    return f"[{address}]" if ":" in address and not address.startswith("[") else address
