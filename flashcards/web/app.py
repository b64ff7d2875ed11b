"""The web application: its addresses, and the functions that answer them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Final
from urllib.parse import parse_qs

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.routing import Route

from flashcards.errors import FlashcardsError
from flashcards.web import cards_page, edit, mock_pages, report_pages, review_pages, settings_page
from flashcards.web.files import serve_media, serve_static
from flashcards.web.site import Site, Visit
from scheduler.errors import SchedulerError

if TYPE_CHECKING:
    from starlette.requests import Request

_MOST: Final = 8 << 20  # bytes of a form; a text box may hold a whole deck
_LOCAL: Final = ("127.0.0.1", "::1")
_PAGES: Final = (
    *cards_page.PAGES,
    *edit.PAGES,
    *mock_pages.PAGES,
    *report_pages.PAGES,
    *review_pages.PAGES,
    *settings_page.PAGES,
)

Page = Callable[[Site, Visit], Response | Awaitable[Response]]
"""Answers a visit, in the thread of the collection; what it leaves to await is not done there."""


def build_app(site: Site) -> Starlette:
    """Build the application; nothing of it may be served without a `Guard` before it."""

    def answer(page: Page) -> Callable[[Request], object]:
        async def endpoint(request: Request) -> Response:
            try:
                visit = _read_visit(request)
                if request.method == "POST":
                    visit = replace(visit, form=await _read_form(request))
                found = await site.run(page, site, visit)
                return found if isinstance(found, Response) else await found
            except (FlashcardsError, SchedulerError) as error:
                return await site.run(site.show_problem, _read_visit(request), str(error), 409)

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
            raise HTTPException(413, f"This is larger than {_MOST:,} bytes.")
    try:
        return parse_qs(body.decode("ascii"), keep_blank_values=True, max_num_fields=1000, errors="replace")
    except ValueError as error:
        raise HTTPException(400, "This is not a form.") from error
