"""Show statistics, forecast and readiness as pages."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from datetime import date
from typing import TYPE_CHECKING, Any, Final

from starlette.responses import Response

from flashcards.collection import Collection, now_ms
from flashcards.errors import FlashcardsError
from flashcards.insight.forecast import build_forecast, build_forecast_report
from flashcards.insight.overview import build_overview
from flashcards.insight.page import draw_body
from flashcards.insight.readiness_report import FARTHEST, find_last_deadline, report_readiness
from flashcards.insight.stats_report import build_stats_report
from flashcards.query import find_card_ids
from flashcards.text import NO_CARDS
from flashcards.web.cards_page import NothingFound, read_number
from scheduler.clock import count_days

if TYPE_CHECKING:
    from flashcards.web.shared_state import Job, Site, Step, Visit

_YEAR: Final = 365  # days covered by the statistics
_MONTH: Final = 30  # days covered by the forecast
_LONGEST: Final = 36_500  # days
_SOON: Final = 0.4  # seconds; slower reports show their progress
_NO_DEADLINE: Final = "No deck has a deadline in the future. Choose a day."
_NO_DAY: Final = "Choose a day from tomorrow on, within the next ten years."


def show_statistics(site: Site, visit: Visit) -> Awaitable[Response]:
    """Show the past reviews and their results."""
    days = read_number(visit.query.get("days", ""), 1, _LONGEST) or _YEAR
    words = visit.query.get("q", "").strip()

    def compute(collection: Collection, _step: Step) -> str:
        only = _find_cards(collection, words)
        return draw_body(build_stats_report(build_overview(collection, now_ms(), days, only)))

    fields = {"title": "Statistics", "words": words, "days": days, "back": True}
    return _deliver(site, visit, site.background.ask(f"statistics {days} {words}", compute), fields)


def show_forecast(site: Site, visit: Visit) -> Response | Awaitable[Response]:
    """Show the cards due on the days ahead."""
    days = read_number(visit.query.get("days", ""), 1, FARTHEST) or _MONTH
    words = visit.query.get("q", "").strip()
    if not site.collection.deck_policies:
        return site.show_problem(visit, NO_CARDS, 404)

    def compute(collection: Collection, step: Step) -> str:
        only = _find_cards(collection, words)
        return draw_body(build_forecast_report(build_forecast(collection, now_ms(), days, only, step)))

    fields = {"title": "Forecast", "words": words, "days": days, "back": False}
    return _deliver(site, visit, site.background.ask(f"forecast {days} {words}", compute), fields)


def show_readiness(site: Site, visit: Visit) -> Response | Awaitable[Response]:
    """Show the recall predicted for a day and the work until then."""
    site.collection.scan()
    if not site.collection.deck_policies:
        return site.show_problem(visit, NO_CARDS, 404)
    words, on = visit.query.get("q", "").strip(), visit.query.get("on", "").strip()
    today = site.collection.clock.day(now_ms())
    day, problem = _read_day(site.collection, today, on)
    shown = site.collection.clock.date(day).isoformat() if day else on
    fields = {"title": "Readiness", "words": words, "on": shown}
    if day is None:
        return site.show(visit, "report.html", 400 if on else 200, **fields, report="", job=None, problem=problem)

    def compute(collection: Collection, step: Step) -> str:
        return draw_body(report_readiness(collection, now_ms(), day, _find_cards(collection, words), step))

    return _deliver(site, visit, site.background.ask(f"readiness {day} {words}", compute), fields)


PAGES: Final = (
    ("/statistics", show_statistics, ["GET"]),
    ("/forecast", show_forecast, ["GET"]),
    ("/readiness", show_readiness, ["GET"]),
)


async def _deliver(site: Site, visit: Visit, job: Job, fields: dict[str, Any]) -> Response:
    """Show a report once it is computed. Until then, show a progress page that reloads itself."""
    waiting = asyncio.wrap_future(job.result)
    waiting.add_done_callback(lambda done: done.cancelled() or done.exception())  # else asyncio logs a wrong query
    await asyncio.wait([waiting], timeout=_SOON)
    if not job.result.done():
        return site.show(visit, "report.html", **fields, report="", job=job, problem="")
    site.background.forget(job)
    try:
        report, problem = job.result.result(), ""
    except FlashcardsError as error:
        report, problem = "", str(error)
    return site.show(visit, "report.html", 400 if problem else 200, **fields, report=report, job=None, problem=problem)


def _read_day(collection: Collection, today: int, on: str) -> tuple[int | None, str]:
    """Return the requested day or the last deadline, else None; and a message with what to do."""
    if not on:
        deadline = find_last_deadline(collection)
        return (deadline, "") if deadline is not None and deadline > today else (None, _NO_DEADLINE)
    try:
        day = count_days(date.fromisoformat(on))
    except ValueError:
        return None, _NO_DAY
    return (day, "") if today < day <= today + FARTHEST else (None, _NO_DAY)


def _find_cards(collection: Collection, words: str) -> frozenset[int] | None:
    """Find the cards of a query; return None, which means all cards, for an empty query."""
    if not words:
        return None
    found = frozenset(find_card_ids(collection, words))
    if not found:
        raise NothingFound(words)
    return found
