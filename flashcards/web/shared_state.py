"""State shared by the pages: the collection in its thread, the review, background reports, templates, files."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import CancelledError, Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape
from starlette.responses import HTMLResponse, Response

from flashcards.collection import Access, Collection, now_ms
from flashcards.errors import FlashcardsError
from flashcards.render.formulas import read_macros
from flashcards.review.events import Quit, Refresh
from flashcards.review.keys import KeyMap
from flashcards.review.report import describe_summary
from flashcards.review.session_plan import SessionPlan
from flashcards.review.views import Finished
from flashcards.text import format_interval, make_visible, plural
from flashcards.web.markup import PageRenderer
from flashcards.web.review_pages import BrowserSession
from scheduler.errors import SchedulerError

if TYPE_CHECKING:
    from flashcards.deck.model import Face
    from flashcards.web.edit import LastEdit
    from flashcards.web.mock_pages import MockSitting


_HERE: Final = Path(__file__).parent
STATIC: Final = _HERE / "static"

Result = TypeVar("Result")


@dataclass(frozen=True)
class Visit:
    """A request from a browser."""

    path: Mapping[str, str] = field(default_factory=dict)  # the variable parts of the address
    query: Mapping[str, str] = field(default_factory=dict)  # the query string
    form: Mapping[str, list[str]] = field(default_factory=dict)  # the fields of a form, each with all its values
    is_local: bool = False  # whether the browser runs on this computer
    address: str = "/"  # the path of the page
    # The browser's cookies, which hold the settings of this device.
    cookies: Mapping[str, str] = field(default_factory=dict)

    def choose(self, name: str, usual: str) -> str:
        """Return a setting of this device, or the default `usual`."""
        chosen = self.cookies.get(f"flashcards-{name}", usual)
        return chosen if chosen in ("on", "off") else usual

    def field(self, name: str) -> str:
        """Return a field of the form, or ""."""
        return self.form.get(name, [""])[0]

    @property
    def points(self) -> set[int]:
        """The ticked points of a rubric."""
        return {int(text) for text in self.form.get("point", []) if text.isdecimal() and len(text) < 6}


class Site:
    """The collection behind the pages. All work on it is done in one thread, one request after the other.

    `plan` and `words` say what the first review asks; `stop` ends the server, where a page may do that.
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
        self, root: Path, plan: SessionPlan | None = None, words: str = "", stop: Callable[[], None] | None = None
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

    def reopen(self) -> None:
        """Open the collection again after another program replaced its state; what is under way ends."""
        with suppress(FlashcardsError, SchedulerError):
            self.collection.close()
        self._review = self.mock = None
        self._open()

    def close(self) -> None:
        """Close the collection."""
        self.background.close()
        self._worker.submit(self.collection.close).result()
        self._worker.shutdown()

    def describe_end(self) -> list[str]:
        """End the review and describe how it went; return an empty list if there was no review."""

        def describe() -> list[str]:
            if self._review is None:
                return []
            view = self._review.session.handle(Quit(now_ms()))
            return describe_summary(view.summary, self.collection.clock) if isinstance(view, Finished) else []

        return self._worker.submit(describe).result()

    def find_section(self, address: str) -> str:
        """Return the navigation page that an address belongs to, or ""."""
        if address in dict(self.reports):
            return "/statistics"
        return {"deck": "/", "mock": "/mock"}.get(address.split("/")[1], "")

    async def run(self, function: Callable[..., Result], *arguments: Any) -> Result:
        """Run a function in the thread of the collection."""
        return await asyncio.get_running_loop().run_in_executor(self._worker, function, *arguments)

    @property
    def review(self) -> BrowserSession:
        """The current review; the first use begins one."""
        if self._review is None:
            self.start(*self._first)
        assert self._review is not None  # noqa: S101 - `start` has set it
        return self._review

    @property
    def is_reviewing(self) -> bool:
        """Return whether a review has begun."""
        return self._review is not None

    def start(self, plan: SessionPlan, words: str = "") -> None:
        """Begin another review with the current decks."""
        self.collection.scan()
        if self.collection.catalog.count_notes():
            self.collection.keep()
        self.macros = read_macros(self.root)
        self._review = BrowserSession(self.collection, plan, now_ms(), words)

    def refresh(self, at_ms: int) -> None:
        """Make the review show the current state of its card."""
        if self._review is not None:
            self._review.session.handle(Refresh(at_ms))

    def render_side(self, file: str, face: Face, markdown: str, definitions: str) -> str:
        """Render one side of a card as safe HTML."""
        return PageRenderer(self.root, file, self.macros).render_side(markdown, definitions, face.delimiters)

    def show(self, visit: Visit, template: str, status: int = 200, **values: Any) -> Response:
        """Fill in a template."""
        return HTMLResponse(_get_templates().get_template(template).render(site=self, visit=visit, **values), status)

    def show_problem(self, visit: Visit, sentence: str, status: int) -> Response:
        """Show an error page."""
        return self.show(visit, "problem.html", status, sentence=sentence)


def static_address(name: str) -> str:
    """Return the address of a file next to the templates. It changes with the files, so it can be cached forever."""
    return f"/static/{_digest_static()}/{name}"


@cache
def _digest_static() -> str:
    digest = sha256()
    for path in sorted(STATIC.rglob("*")):
        if path.is_file():
            digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


def mark_code(sentence: str) -> Markup:
    """Convert one of our sentences to HTML, with the text in backticks as code."""
    parts = str(escape(sentence)).split("`")
    if len(parts) % 2 == 0:
        return Markup("`".join(parts))  # noqa: S704 - it is escaped above
    return Markup("".join(f"<code>{part}</code>" if at % 2 else part for at, part in enumerate(parts)))  # noqa: S704


class _Exact(Markup):
    """Text for a box whose content a form sends back to be saved: it keeps its control characters."""


def _make_template_visible(value: Any) -> Any:
    """Replace the control characters in what a template shows."""
    if not isinstance(value, str) or isinstance(value, _Exact):
        return value
    text = make_visible(str(value), keep_lines=True)
    return Markup(text) if isinstance(value, Markup) else text  # noqa: S704 - no less escaped than before


@cache
def _get_templates() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(_HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_make_template_visible,
    )
    environment.globals["static"] = static_address
    environment.filters["interval"] = format_interval
    environment.filters["plural"] = plural
    environment.filters["code"] = mark_code
    environment.filters["exact"] = lambda text: _Exact(escape(text))
    return environment


Step = Callable[[int, int], None]
"""Called with the finished and the total amount of work."""

_PATIENCE: Final = 150.0  # seconds; a browser asks for hidden pages only once a minute


@dataclass
class Job:
    """A computation in the background."""

    name: str  # identifies the job
    # done, total: how far it is; 0 of 0 until that is known
    done: int = 0
    total: int = 0
    result: Future[str] = field(default_factory=Future)  # becomes available when the job is finished
    _asked: float = field(default_factory=time.monotonic)

    @property
    def is_abandoned(self) -> bool:
        """Return whether no page has asked for it recently."""
        return time.monotonic() - self._asked > _PATIENCE

    def keep(self) -> None:
        """Record that a page asked for it."""
        self._asked = time.monotonic()


class Background:
    """Computes one job after the other; a job that no page waits for any more is stopped."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._jobs: dict[str, Job] = {}
        self._worker = ThreadPoolExecutor(1, "reports")
        self._ends = threading.Event()

    def ask(self, name: str, compute: Callable[[Collection, Step], str]) -> Job:
        """Return the job of this name, starting it if it is not running."""
        for left in [job for job in self._jobs.values() if job.is_abandoned]:
            self.forget(left)
        job = self._jobs.get(name)
        if job is None:
            job = self._jobs[name] = Job(name)
            job.result = self._worker.submit(self._run, job, compute)
        job.keep()
        return job

    def forget(self, job: Job) -> None:
        """Forget a job, so that the next one of its name is computed again."""
        job.result.cancel()
        if self._jobs.get(job.name) is job:
            del self._jobs[job.name]

    def close(self) -> None:
        """Stop the running computation."""
        self._ends.set()
        self._worker.shutdown(cancel_futures=True)

    def _run(self, job: Job, compute: Callable[[Collection, Step], str]) -> str:
        def step(done: int, total: int) -> None:
            job.done, job.total = done, total
            if self._ends.is_set() or job.is_abandoned:
                raise CancelledError

        with Collection(self._root, Access.READ) as collection:
            collection.scan()
            return compute(collection, step)
