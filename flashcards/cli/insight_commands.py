"""`flashcards stats`."""

from __future__ import annotations

from pathlib import Path

import click

from flashcards.cli import complete, console
from flashcards.cli.params import Apart, Number, Ruled

_YEAR = 365


@click.command("stats", cls=console.QueryCommand)
@click.argument("query", nargs=-1, shell_complete=complete.query)
@click.option("--days", type=click.IntRange(1, 36_500), default=_YEAR, metavar="N", help="How far to look back; 365.")
@click.option("--all", "everything", is_flag=True, help="Look back to the first review.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.option("--html", "page", metavar="FILE", type=click.Path(path_type=Path), help="Write a page with plots.")
@Ruled(Apart("--all", ("--days",), "it looks back to the first review"))
def stats_command(query: tuple[str, ...], days: int, everything: bool, as_json: bool, page: Path | None) -> None:
    """What was reviewed, how well it was recalled, and how well FSRS predicted it.

    QUERY narrows it to some cards. docs/stats.md explains every number.

    \b
    flashcards stats
    flashcards stats tpm --days 30
    flashcards stats --html stats.html
    """
    from flashcards.collection import now_ms
    from flashcards.insight.overview import as_json as record
    from flashcards.insight.overview import build_overview

    if page:
        from flashcards.insight.page import check_target

        check_target(page)
    with console.opened() as collection:
        found = build_overview(collection, now_ms(), None if everything else days, console.chosen(collection, query))
    if as_json:
        console.print_json(record(found))
    elif not any(found.holdings.states.values()) and not found.holdings.orphaned:
        console.flow("There are no cards to count.")
    elif not page:
        from flashcards.insight.stats_text import report_console, stats_text

        screen = report_console()
        screen.print(stats_text(found, screen.width))
    if page:
        from flashcards.insight.page import write
        from flashcards.insight.stats_page import stats_page

        write(stats_page(found), page)
        console.flow(f"{page} is written. Open it in a browser.", err=as_json)


@click.command("forecast", cls=console.QueryCommand)
@click.argument("query", nargs=-1, shell_complete=complete.query)
@click.option("--days", type=click.IntRange(1, 3650), default=30, metavar="N", help="How far to look ahead; 30.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.option("--html", "page", metavar="FILE", type=click.Path(path_type=Path), help="Write a page with plots.")
def forecast_command(query: tuple[str, ...], days: int, as_json: bool, page: Path | None) -> None:
    """How many cards are due on the days ahead, without new cards and with them.

    "Due now" counts due days as they are. "Expected" is what comes when every day is kept: cards come back, and new
    ones are begun as the limits say.

    \b
    flashcards forecast
    flashcards forecast tpm --days 14
    flashcards forecast --html forecast.html
    """
    from flashcards.collection import now_ms
    from flashcards.insight.forecast import as_json as record
    from flashcards.insight.forecast import build_forecast

    if page:
        from flashcards.insight.page import check_target

        check_target(page)
    with console.opened() as collection, console.progress("Looking ahead") as step:
        if not collection.limits:
            if as_json:
                console.print_json({"overdue": 0, "days": []})
            else:
                console.flow("There are no cards to look ahead at.")
            return
        found = build_forecast(collection, now_ms(), days, console.chosen(collection, query), step)
    if as_json:
        console.print_json(record(found))
    elif not page:
        from flashcards.insight.stats_text import forecast_text, report_console

        screen = report_console()
        screen.print(forecast_text(found, screen.width))
    if page:
        from flashcards.insight.page import write
        from flashcards.insight.stats_page import forecast_page

        write(forecast_page(found), page)
        console.flow(f"{page} is written. Open it in a browser.", err=as_json)


@click.command("simulate", cls=console.QueryCommand)
@click.argument("query", nargs=-1, shell_complete=complete.query)
@click.option("--days", type=click.IntRange(1, 3650), default=365, metavar="N", help="How far ahead; 365.")
@click.option(
    "--retention",
    "retentions",
    type=Number(0.7, 0.99),
    multiple=True,
    metavar="R",
    help="One to compare, 0.7 to 0.99; may be given again. Default: six from 0.70 to 0.95.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.option("--html", "page", metavar="FILE", type=click.Path(path_type=Path), help="Write a page with plots.")
def simulate_command(
    query: tuple[str, ...], days: int, retentions: tuple[float, ...], as_json: bool, page: Path | None
) -> None:
    """What each retention would cost and bring: minutes a day, reviews, cards known.

    Simulates your cards with your parameters, your limits, and the answers and the speed of your log, every day kept.

    \b
    flashcards simulate
    flashcards simulate tpm --days 90
    flashcards simulate --retention 0.85 --retention 0.92
    """
    from flashcards.collection import now_ms
    from flashcards.insight import workload, workload_views

    if page:
        from flashcards.insight.page import check_target

        check_target(page)
    with console.opened() as collection, console.progress("Simulating") as step:
        only = console.chosen(collection, query)
        present = collection.settings.policy.retention
        if not collection.limits or only == frozenset():
            if as_json:
                console.print_json(workload.as_json(workload.Comparison(days, present, 1.0, ())))
            else:
                console.flow("There are no cards to simulate.")
            return
        wanted = tuple(sorted({*retentions, present})) if retentions else workload.RETENTIONS
        found = workload.compare_retentions(collection, now_ms(), days, wanted, only, step)
    if as_json:
        console.print_json(workload.as_json(found))
    elif not page:
        from flashcards.insight.stats_text import report_console

        screen = report_console()
        screen.print(workload_views.text(found, screen.width))
    if page:
        from flashcards.insight.page import write

        write(workload_views.page(found), page)
        console.flow(f"{page} is written. Open it in a browser.", err=as_json)


COMMANDS: dict[str, click.Command] = {
    "stats": stats_command,
    "forecast": forecast_command,
    "simulate": simulate_command,
}
