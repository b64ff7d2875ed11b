"""State shared by the pages: the open collection in its one thread, the review, templates and static files."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape
from starlette.responses import HTMLResponse, Response

from flashcards.collection import Access, Collection, now_ms
from flashcards.review.keys import KeyMap
from flashcards.review.plan import SessionPlan
from flashcards.review.report import describe_summary
from flashcards.review.views import Finished, Quit, Refresh
from flashcards.text import format_interval, plural
from flashcards.web.background import Background
from flashcards.web.browser_session import BrowserSession
from flashcards.web.markup import PageRenderer, read_macros

if TYPE_CHECKING:
    from flashcards.deck.model import Face
    from flashcards.web.edit import LastEdit
    from flashcards.web.mock_pages import MockSitting

_HERE: Final = Path(__file__).parent
STATIC: Final = _HERE / "static"

Result = TypeVar("Result")


@dataclass(frozen=True)
class Visit:
    """What a browser sent.

    Attributes:
        path: the variable parts of the address.
        query: what follows the `?`.
        form: the fields of a form, each with all its values.
        is_local: whether the browser runs on this computer.
        address: the path of the page.
        cookies: what the browser keeps: what was chosen on this device.
    """

    path: Mapping[str, str] = field(default_factory=dict)
    query: Mapping[str, str] = field(default_factory=dict)
    form: Mapping[str, list[str]] = field(default_factory=dict)
    is_local: bool = False
    address: str = "/"
    cookies: Mapping[str, str] = field(default_factory=dict)

    def choose(self, name: str, usual: str) -> str:
        """Return what was chosen on this device, or what is usual."""
        chosen = self.cookies.get(f"flashcards-{name}", usual)
        return chosen if chosen in ("on", "off") else usual

    def field(self, name: str) -> str:
        """Return a field of the form, or ""."""
        return self.form.get(name, [""])[0]


class Site:
    """The collection behind the pages. All work on it is done in one thread, one request after the other.

    Args:
        root: the collection's folder.
        plan: what the first review asks.
        words: the query that chose its cards.
        stop: ends the server, where a page may do that.
    """

    pages: Final = (
        ("/", "Decks"),
        ("/review", "Review"),
        ("/mock", "Mock"),
        ("/search", "Search"),
        ("/statistics", "Statistics"),
        ("/settings", "Settings"),
    )
    reports: Final = (("/statistics", "Statistics"), ("/forecast", "Forecast"), ("/readiness", "Readiness"))

    def __init__(
        self,
        root: Path,
        plan: SessionPlan | None = None,
        words: str = "",
        stop: Callable[[], None] | None = None,
    ) -> None:
        self.root = root
        self.stop = stop
        self._first = (plan or SessionPlan(), words)
        self._worker = ThreadPoolExecutor(1, "web")
        self._review: BrowserSession | None = None
        self.last_edit: LastEdit | None = None
        self.mock: MockSitting | None = None
        self.background = Background(root)
        self._worker.submit(self._open).result()

    def _open(self) -> None:
        self.collection = Collection(self.root, Access.ACT)
        self.collection.scan()
        self.keys = KeyMap(self.collection.settings.keys)
        self.macros = read_macros(self.root)

    def close(self) -> None:
        """Close the collection."""
        self.background.close()
        self._worker.submit(self.collection.close).result()
        self._worker.shutdown()

    def describe_end(self) -> list[str]:
        """End the review and say how it went; nothing if it was never opened."""

        def describe() -> list[str]:
            if self._review is None:
                return []
            view = self._review.session.handle(Quit(now_ms()))
            return describe_summary(view.summary, self.collection.clock) if isinstance(view, Finished) else []

        return self._worker.submit(describe).result()

    def find_section(self, address: str) -> str:
        """Return the page of the navigation that an address belongs to, or ""."""
        if address in dict(self.reports):
            return "/statistics"
        return {"deck": "/", "mock": "/mock"}.get(address.split("/")[1], "")

    async def run(self, function: Callable[..., Result], *arguments: Any) -> Result:
        """Run a function in the thread of the collection."""
        return await asyncio.get_running_loop().run_in_executor(self._worker, function, *arguments)

    @property
    def review(self) -> BrowserSession:
        """The review under way; the first one begins when it is first asked for."""
        if self._review is None:
            self.start(*self._first)
        assert self._review is not None  # noqa: S101 - `start` has set it
        return self._review

    @property
    def is_reviewing(self) -> bool:
        """Whether a review has begun."""
        return self._review is not None

    def start(self, plan: SessionPlan, words: str = "") -> None:
        """Begin another review, with the decks as they are now."""
        self.collection.scan()
        if self.collection.catalog.counts()[1]:
            self.collection.keep()
        self.macros = read_macros(self.root)
        self._review = BrowserSession(self.collection, plan, now_ms(), words)

    def refresh(self, at_ms: int) -> None:
        """Let the review show its card as it is now."""
        if self._review is not None:
            self._review.session.handle(Refresh(at_ms))

    def render_side(self, file: str, face: Face, markdown: str, definitions: str) -> str:
        """Render one side of a card as safe HTML."""
        return PageRenderer(self.root, file, self.macros).render_side(markdown, definitions, face.delimiters)

    def show(self, visit: Visit, template: str, status: int = 200, **values: Any) -> Response:
        """Fill in a template."""
        return HTMLResponse(_get_templates().get_template(template).render(site=self, visit=visit, **values), status)

    def show_problem(self, visit: Visit, sentence: str, status: int) -> Response:
        """Show a page that says what is wrong."""
        return self.show(visit, "problem.html", status, sentence=sentence)


def static_address(name: str) -> str:
    """Return the address of a file beside the templates; it changes with the files, so that it may be kept for ever."""
    return f"/static/{_digest_static()}/{name}"


@cache
def _digest_static() -> str:
    digest = sha256()
    for path in sorted(STATIC.rglob("*")):
        if path.is_file():
            digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


def mark_code(sentence: str) -> Markup:
    """Write a sentence of ours as HTML; what it holds in backticks is code."""
    parts = str(escape(sentence)).split("`")
    if len(parts) % 2 == 0:
        return Markup("`".join(parts))  # noqa: S704 - it is escaped above
    return Markup("".join(f"<code>{part}</code>" if at % 2 else part for at, part in enumerate(parts)))  # noqa: S704


@cache
def _get_templates() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(_HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals["static"] = static_address
    environment.filters["interval"] = format_interval
    environment.filters["plural"] = plural
    environment.filters["code"] = mark_code
    return environment
