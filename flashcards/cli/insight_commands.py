"""The commands `stats`, `forecast`, `readiness` and `simulate`."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import click

from flashcards.cli import complete, console
from flashcards.cli.params import Day, Excludes, Number, OptionRules, WholeNumber, read_date
from flashcards.text import NO_CARDS

if TYPE_CHECKING:
    from flashcards.collection import Collection
    from flashcards.insight.report import Report


_YEAR = 365
_EPOCH = date(1970, 1, 1).toordinal()


@click.command("stats", cls=console.QueryCommand)
@click.argument("query", nargs=-1, shell_complete=complete.query)
@click.option("--days", type=WholeNumber(1, 36_500), default=_YEAR, metavar="N", help="Days to look back; default 365.")
@click.option("--all", "everything", is_flag=True, help="Look back to the first review.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.option("--html", "page", metavar="FILE", type=click.Path(path_type=Path), help="Write a page with plots.")
@OptionRules(Excludes("--all", ("--days",), "it looks back to the first review"))
def stats_command(query: tuple[str, ...], days: int, everything: bool, as_json: bool, page: Path | None) -> None:
    """Show past reviews, recall and predictions.

    QUERY limits the statistics to some cards. docs/stats.md explains every number.

    \b
    flashcards stats
    flashcards stats tpm --days 30
    flashcards stats --html stats.html
    """
    from flashcards.collection import now_ms
    from flashcards.insight.overview import build_overview
    from flashcards.insight.stats_report import build_stats_report

    check_page(page)
    with console.read_collection() as collection:
        only = console.select_cards(collection, query)
        found = build_overview(collection, now_ms(), None if everything else days, only)
        counted = any(found.cards.states.values()) or found.cards.orphaned
        empty = "" if counted else find_emptiness(collection, only) or NO_CARDS
    show_report(build_stats_report(found), page, as_json=as_json, empty=empty)


@click.command("forecast", cls=console.QueryCommand)
@click.argument("query", nargs=-1, shell_complete=complete.query)
@click.option("--days", type=WholeNumber(1, 3650), default=30, metavar="N", help="Days to look ahead; default 30.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.option("--html", "page", metavar="FILE", type=click.Path(path_type=Path), help="Write a page with plots.")
def forecast_command(query: tuple[str, ...], days: int, as_json: bool, page: Path | None) -> None:
    """Show how many cards will be due on the next days.

    "Due now" counts the present due days. "Expected" assumes that you review every day: cards come back, and new cards
    are introduced within the limits.

    \b
    flashcards forecast
    flashcards forecast tpm --days 14
    flashcards forecast --html forecast.html
    """
    from flashcards.collection import now_ms
    from flashcards.insight.forecast import build_forecast, build_forecast_report

    check_page(page)
    with console.read_collection() as collection, console.progress("Looking ahead") as step:
        only = console.select_cards(collection, query)
        empty = find_emptiness(collection, only)
        if empty and not as_json:
            console.print_text(empty)
            return
        if not collection.limits:
            console.print_json({"overdue": 0, "days": [], "speed_assumed": False})
            return
        found = build_forecast(collection, now_ms(), days, only, step)
    show_report(build_forecast_report(found), page, as_json=as_json)


@click.command("simulate", cls=console.QueryCommand)
@click.argument("query", nargs=-1, shell_complete=complete.query)
@click.option("--days", type=WholeNumber(1, 3650), default=365, metavar="N", help="Days to simulate; default 365.")
@click.option(
    "--retention",
    "retentions",
    type=Number(0.7, 0.99),
    multiple=True,
    metavar="R",
    help="A retention to compare, 0.7 to 0.99; repeatable. Default: six from 0.70 to 0.95.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.option("--html", "page", metavar="FILE", type=click.Path(path_type=Path), help="Write a page with plots.")
def simulate_command(
    query: tuple[str, ...], days: int, retentions: tuple[float, ...], as_json: bool, page: Path | None
) -> None:
    """Compare the workload and result of several retentions.

    Simulates daily reviews of your cards with your parameters, your limits, and the answers and speed of your log.

    \b
    flashcards simulate
    flashcards simulate tpm --days 90
    flashcards simulate --retention 0.85 --retention 0.92
    """
    from flashcards.collection import now_ms
    from flashcards.insight import workload

    check_page(page)
    with console.read_collection() as collection, console.progress("Simulating") as step:
        only = console.select_cards(collection, query)
        present = collection.settings.policy.retention
        if empty := find_emptiness(collection, only):
            found = workload.Comparison(days, present, 1.0, ())
        else:
            wanted = tuple(sorted({*retentions, present})) if retentions else workload.RETENTIONS
            found = workload.compare_retentions(collection, now_ms(), days, wanted, only, step)
    show_report(workload.build_workload_report(found), page, as_json=as_json, empty=empty)


def find_emptiness(collection: Collection, only: frozenset[int] | None) -> str:
    """Return what to say if there are no cards, or none among those chosen; nothing if there are some."""
    if not collection.limits:
        return NO_CARDS
    return "No card matches. `flashcards list` shows all cards." if only == frozenset() else ""


def check_page(page: Path | None) -> None:
    """Refuse, before any work is done, to replace a file that is no page."""
    if page:
        from flashcards.insight.page import check_target

        check_target(page)


def show_report(report: Report, page: Path | None, *, as_json: bool, empty: str = "") -> None:
    """Print a report, as JSON or for people, and write its page; `empty` is said instead where there is nothing."""
    if as_json:
        console.print_json(report.record)
    elif empty:
        console.print_text(empty)
    elif not page:
        from flashcards.insight.terminal import draw_report, open_console

        screen = open_console()
        with screen.capture() as drawn:
            screen.print(draw_report(report, screen.width))
        console.echo(drawn.get(), nl=False)
    if page and not empty:
        from flashcards.insight.page import write_page

        write_page(report, page)
        console.print_text(f"Wrote {page}. Open it in a browser.", err=as_json)


@click.command("readiness", cls=console.QueryCommand)
@click.argument("query", nargs=-1, shell_complete=complete.query)
@click.option(
    "--on",
    "on",
    metavar="DATE",
    type=Day(),
    help="The day, like 2026-12-15. Default: the last `deadline` of the decks.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.option("--html", "page", metavar="FILE", type=click.Path(path_type=Path), help="Write a page with plots.")
def readiness_command(query: tuple[str, ...], on: str | None, as_json: bool, page: Path | None) -> None:
    """Predict what you will know on a given day.

    Compares doing nothing with following the plan. Shows how many new cards and minutes a day the plan takes, whether
    your limits allow it, and which cards gain most from a review now. Cards never seen count as not known.

    \b
    flashcards readiness --on 2026-12-15
    flashcards readiness tpm --on 2026-12-15 --html ready.html
    """
    from flashcards.collection import now_ms
    from flashcards.errors import UsageError
    from flashcards.insight.readiness_report import FARTHEST, find_last_deadline, report_readiness

    check_page(page)
    with console.read_collection() as collection, console.progress("Looking at the day") as step:
        at = now_ms()
        today = collection.clock.day(at)
        given = read_date(on, collection.clock.date(today)) if on else None
        day = given.toordinal() - _EPOCH if given else find_last_deadline(collection)
        if day is None:
            raise UsageError("No deck has a `deadline`. Choose a day: `flashcards readiness --on 2026-12-15`.")
        named = collection.clock.date(day)
        if on is None and day <= today:
            raise UsageError(f"The last `deadline` of the decks, {named}, has passed. Choose another day with --on.")
        if not today < day <= today + FARTHEST:
            raise UsageError(f"{named} is not a day from tomorrow to ten years ahead. Choose another one with --on.")
        only = console.select_cards(collection, query)
        empty = find_emptiness(collection, only)
        report = report_readiness(collection, at, day, only, step)
    show_report(report, page, as_json=as_json, empty=empty)
