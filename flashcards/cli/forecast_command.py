"""`flashcards forecast`."""

from __future__ import annotations

from pathlib import Path

import click

from flashcards.cli import common, complete


@click.command("forecast", cls=common.QueryCommand)
@click.argument("query", nargs=-1, shell_complete=complete.query)
@click.option("--days", type=click.IntRange(1, 3650), default=30, metavar="N", help="How far to look ahead; 30.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.option("--html", "page", metavar="FILE", type=click.Path(path_type=Path), help="Write a page with plots.")
def command(query: tuple[str, ...], days: int, as_json: bool, page: Path | None) -> None:
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
    from flashcards.insight.forecast import forecast

    if page:
        from flashcards.insight.page import check_target

        check_target(page)
    with common.opened() as collection, common.progress("Looking ahead") as step:
        if not collection.limits:
            if as_json:
                common.print_json({"overdue": 0, "days": []})
            else:
                common.flow("There are no cards to look ahead at.")
            return
        found = forecast(collection, now_ms(), days, common.chosen(collection, query), step)
    if as_json:
        common.print_json(record(found))
    elif not page:
        from flashcards.insight.stats_text import console, forecast_text

        screen = console()
        screen.print(forecast_text(found, screen.width))
    if page:
        from flashcards.insight.page import write
        from flashcards.insight.stats_page import forecast_page

        write(forecast_page(found), page)
        common.flow(f"{page} is written. Open it in a browser.", err=as_json)
