"""`flashcards stats`."""

from __future__ import annotations

from pathlib import Path

import click

from flashcards.cli import common, complete
from flashcards.cli.together import Apart, Ruled

_YEAR = 365


@click.command("stats", cls=common.QueryCommand)
@click.argument("query", nargs=-1, shell_complete=complete.query)
@click.option("--days", type=click.IntRange(1, 36_500), default=_YEAR, metavar="N", help="How far to look back; 365.")
@click.option("--all", "everything", is_flag=True, help="Look back to the first review.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.option("--html", "page", metavar="FILE", type=click.Path(path_type=Path), help="Write a page with plots.")
@Ruled(Apart("--all", ("--days",), "it looks back to the first review"))
def command(query: tuple[str, ...], days: int, everything: bool, as_json: bool, page: Path | None) -> None:
    """What was reviewed, how well it was recalled, and how well FSRS predicted it.

    QUERY narrows it to some cards. docs/stats.md explains every number.

    \b
    flashcards stats
    flashcards stats tpm --days 30
    flashcards stats --html stats.html
    """
    from flashcards.collection import now_ms
    from flashcards.insight.overview import as_json as record
    from flashcards.insight.overview import overview

    if page:
        from flashcards.insight.page import check_target

        check_target(page)
    with common.opened() as collection:
        found = overview(collection, now_ms(), None if everything else days, common.chosen(collection, query))
    if as_json:
        common.print_json(record(found))
    elif not any(found.holdings.states.values()) and not found.holdings.orphaned:
        common.flow("There are no cards to count.")
    elif not page:
        from flashcards.insight.stats_text import console, stats_text

        screen = console()
        screen.print(stats_text(found, screen.width))
    if page:
        from flashcards.insight.page import write
        from flashcards.insight.stats_page import stats_page

        write(stats_page(found), page)
        common.flow(f"{page} is written. Open it in a browser.", err=as_json)
