"""`flashcards review`."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, cast

import click

from flashcards.cli import complete, console
from flashcards.cli.params import Apart, Needs, Number, Ruled

if TYPE_CHECKING:
    from flashcards.collection import Collection
    from flashcards.review.collection_desk import CollectionDesk
    from flashcards.review.views import Finished
    from scheduler.policy import ReviewOrder

_CRAMMING = "Cramming: the schedule stays as it is."


@click.command("review", cls=console.QueryCommand)
@click.argument("query", nargs=-1, shell_complete=complete.query)
@click.option("--new", type=click.IntRange(min=0), metavar="N", help="Ask N new cards, whatever the daily limits say.")
@click.option("--limit", type=click.IntRange(min=1), metavar="N", help="Ask N cards at the most.")
@click.option(
    "--order",
    type=click.Choice(["due", "retrievability", "random", "overdue"]),
    help="The order of due cards: by due day, likeliest recalled first, shuffled, or furthest overdue first.",
)
@click.option("--ahead", type=click.IntRange(1, 365), metavar="DAYS", help="Ask what falls due within DAYS, too.")
@click.option("--backlog", is_flag=True, help="All that is due, no limits, nothing new: likeliest recalled first.")
@click.option("--cram", is_flag=True, help="Ask every card, due or not, until it is recalled; the schedule stays.")
@click.option("--count", is_flag=True, help="With --cram: let the ratings count as reviews.")
@click.option("--minutes", type=Number(0, 1440, min_open=True), metavar="N", help="Ask no more after N minutes.")
@click.option("--plain", is_flag=True, help="No boxes, colour or clearing, every part labelled: for screen readers.")
@Ruled(
    Needs("--count", ("--cram",), "every other review counts anyway"),
    Apart("--cram", ("--new", "--order", "--ahead", "--backlog"), "it asks every card"),
    Apart("--backlog", ("--new", "--order"), "it asks nothing new, in an order of its own"),
)
def command(
    query: tuple[str, ...],
    new: int | None,
    limit: int | None,
    order: str | None,
    ahead: int | None,
    backlog: bool,
    cram: bool,
    count: bool,
    minutes: float | None,
    plain: bool,
) -> None:
    """Be asked what is due, in the terminal.

    QUERY narrows it to some cards; the name of a deck means that deck. Space shows the answer, 1 to 4 rate it, `?`
    lists all keys. Every rating is saved before the next question appears.

    \b
    flashcards review
    flashcards review tpm::scenarios
    flashcards review tag:exam --limit 20
    flashcards review --backlog --minutes 15
    flashcards review tpm --cram
    """
    from flashcards.collection import now_ms

    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        from flashcards.errors import UsageError

        raise UsageError("A review needs a terminal. `flashcards answer CARD RATING` rates a card from a script.")
    with console.opened() as collection:
        only = console.chosen(collection, query)
        if only is not None and not only:
            console.flow(f"No card matches `{' '.join(query)}`. `flashcards list` shows all cards.")
            return
        from flashcards.review.collection_desk import CollectionDesk

        if cram:
            from flashcards.review.cram_desk import CramDesk

            desk: CollectionDesk = CramDesk(collection, now_ms(), only=only, limit=limit, count=count)
        else:
            desk = CollectionDesk(
                collection,
                now_ms(),
                only=only,
                new=new,
                limit=limit,
                order="retrievability" if backlog else cast("ReviewOrder | None", order),
                ahead_days=ahead or 0,
                backlog=backlog,
            )
        until_ms = None if minutes is None else now_ms() + round(minutes * 60_000)
        _ask(collection, desk, until_ms, _CRAMMING if cram and not count else "", plain=plain)


def _ask(collection: Collection, desk: CollectionDesk, until_ms: int | None, message: str, *, plain: bool) -> None:
    from flashcards.collection import now_ms
    from flashcards.review.session import Session
    from flashcards.review.views import Finished

    session = Session(
        desk, now_ms(), until_ms=until_ms, message=message, thresholds=collection.settings.rubric_thresholds
    )
    if isinstance(session.view, Finished):
        _say_nothing_is_due(collection, session.view)
        return
    from flashcards.review.terminal import TerminalReview

    TerminalReview(collection, session, desk.prepare, now_ms, plain=plain).run()


def _say_nothing_is_due(collection: Collection, view: Finished) -> None:
    from flashcards.review.report import describe_upcoming

    _, notes = collection.catalog.counts()
    if not notes:
        console.flow(
            f"There are no cards in {collection.root}. `flashcards init` makes a small example deck to begin with."
        )
        return
    console.flow("Nothing is due now.")
    for line in describe_upcoming(view.summary.upcoming, collection.clock):
        console.flow(line)
