"""The command `review`."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, cast

import click

from flashcards.cli import complete, console
from flashcards.cli.params import Excludes, Number, OptionRules, Requires

if TYPE_CHECKING:
    from flashcards.collection import Collection
    from flashcards.review.collection_desk import CollectionDesk
    from flashcards.review.views import Finished
    from scheduler.policy import ReviewOrder

_CRAMMING = "Cramming: the schedule does not change."


@click.command("review", cls=console.QueryCommand)
@click.argument("query", nargs=-1, shell_complete=complete.query)
@click.option("--new", type=click.IntRange(min=0), metavar="N", help="Ask N new cards, regardless of the daily limit.")
@click.option("--limit", type=click.IntRange(min=1), metavar="N", help="Ask at most N cards.")
@click.option(
    "--order",
    type=click.Choice(["due", "retrievability", "random", "overdue"]),
    help="Order of due cards: by due day, most likely recalled first, random, or most overdue first.",
)
@click.option(
    "--ahead", type=click.IntRange(1, 365), metavar="DAYS", help="Also ask cards that become due within DAYS."
)
@click.option(
    "--backlog", is_flag=True, help="Ask all due cards without limits and nothing new, most likely recalled first."
)
@click.option(
    "--cram", is_flag=True, help="Ask every card, due or not, until it is recalled; the schedule does not change."
)
@click.option("--count", is_flag=True, help="With --cram: count the ratings as reviews.")
@click.option("--minutes", type=Number(0, 1440, min_open=True), metavar="N", help="Stop asking after N minutes.")
@click.option("--plain", is_flag=True, help="For screen readers: labels, no boxes, no colour, no clearing.")
@OptionRules(
    Requires("--count", ("--cram",), "all other reviews count anyway"),
    Excludes("--cram", ("--new", "--order", "--ahead", "--backlog"), "it asks every card"),
    Excludes("--backlog", ("--new", "--order"), "it asks nothing new and has its own order"),
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
    """Review due cards in the terminal.

    QUERY limits the review to some cards; the name of a deck means that deck. Space shows the answer, 1 to 4 rate it,
    `?` lists all keys. Every rating is saved before the next question appears.

    \b
    flashcards review
    flashcards review tpm::system-design
    flashcards review tag:exam --limit 20
    flashcards review --backlog --minutes 15
    flashcards review tpm --cram
    """
    from flashcards.collection import now_ms

    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        from flashcards.errors import UsageError

        raise UsageError("A review needs a terminal. `flashcards answer CARD RATING` rates a card from a script.")
    with console.open_collection() as collection:
        only = console.select_cards(collection, query)
        if only is not None and not only:
            console.print_text(f"No card matches `{' '.join(query)}`. `flashcards list` shows all cards.", err=True)
            return
        if collection.catalog.counts()[1]:
            console.keep_state(collection)
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
        _print_nothing_due(collection, session.view)
        return
    from flashcards.review.terminal import TerminalReview

    TerminalReview(collection, session, desk.prepare, now_ms, plain=plain).run()


def _print_nothing_due(collection: Collection, view: Finished) -> None:
    from flashcards.review.report import describe_upcoming

    _, notes = collection.catalog.counts()
    if not notes:
        console.print_text(f"There are no cards in {collection.root}. `flashcards init` creates an example deck.")
        return
    console.print_text("Nothing is due now.")
    for line in describe_upcoming(view.summary.upcoming, collection.clock):
        console.print_text(line)
