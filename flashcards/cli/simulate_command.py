"""`flashcards simulate`."""

from __future__ import annotations

from pathlib import Path

import click

from flashcards.cli import common, complete
from flashcards.cli.types import Number


@click.command("simulate", cls=common.QueryCommand)
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
def command(query: tuple[str, ...], days: int, retentions: tuple[float, ...], as_json: bool, page: Path | None) -> None:
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
    with common.opened() as collection, common.progress("Simulating") as step:
        only = common.chosen(collection, query)
        present = collection.settings.policy.retention
        if not collection.limits or only == frozenset():
            if as_json:
                common.print_json(workload.as_json(workload.Comparison(days, present, 1.0, ())))
            else:
                common.flow("There are no cards to simulate.")
            return
        wanted = tuple(sorted({*retentions, present})) if retentions else workload.RETENTIONS
        found = workload.compare(collection, now_ms(), days, wanted, only, step)
    if as_json:
        common.print_json(workload.as_json(found))
    elif not page:
        from flashcards.insight.stats_text import console

        screen = console()
        screen.print(workload_views.text(found, screen.width))
    if page:
        from flashcards.insight.page import write

        write(workload_views.page(found), page)
        common.flow(f"{page} is written. Open it in a browser.", err=as_json)
