"""Statistics and forecast as pages: the reports of the commands, drawn as their HTML pages are."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from starlette.responses import Response

from flashcards.collection import now_ms
from flashcards.insight.forecast import build_forecast, build_forecast_report
from flashcards.insight.overview import build_overview
from flashcards.insight.page import draw_body
from flashcards.insight.stats_report import build_stats_report

if TYPE_CHECKING:
    from flashcards.insight.report import Report
    from flashcards.web.site import Site, Visit

_YEAR: Final = 365  # days that the statistics look back
_MONTH: Final = 30  # days that the forecast looks ahead


def show_statistics(site: Site, visit: Visit) -> Response:
    """Show what was reviewed in a year, and how it went."""
    site.collection.scan()
    return _show(site, visit, build_stats_report(build_overview(site.collection, now_ms(), _YEAR, None)))


def show_forecast(site: Site, visit: Visit) -> Response:
    """Show what is due on the days ahead."""
    site.collection.scan()
    if not site.collection.limits:
        return site.show_problem(visit, "There are no cards yet, so nothing is due on the days ahead.", 404)
    found = build_forecast(site.collection, now_ms(), _MONTH, None, lambda _done, _total: None)
    return _show(site, visit, build_forecast_report(found))


PAGES: Final = (("/statistics", show_statistics, ["GET"]), ("/forecast", show_forecast, ["GET"]))


def _show(site: Site, visit: Visit, report: Report) -> Response:
    return site.show(visit, "report.html", title=report.title, report=draw_body(report))
