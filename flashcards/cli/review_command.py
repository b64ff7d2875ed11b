"""The command `review`."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, cast

import click

from flashcards.cli import complete, console
from flashcards.cli.params import Excludes, Number, OptionRules, Requires, WholeNumber

if TYPE_CHECKING:
    from flashcards.collection import Collection
    from flashcards.review.plan import SessionPlan
    from flashcards.review.views import Finished
    from scheduler.policy import ReviewOrder

_OF_WEB = ("--lan", "--host", "--port", "--no-open", "--json")


@click.command("review", cls=console.QueryCommand)
@click.argument("query", nargs=-1, shell_complete=complete.query)
@click.option("--new", type=WholeNumber(min=0), metavar="N", help="Ask N new cards, regardless of the daily limit.")
@click.option("--limit", type=WholeNumber(min=1), metavar="N", help="Ask at most N cards.")
@click.option(
    "--order",
    type=click.Choice(["due", "retrievability", "random", "overdue"]),
    help="Order of due cards: by due day, most likely recalled first, random, or most overdue first.",
)
@click.option("--ahead", type=WholeNumber(1, 365), metavar="DAYS", help="Also ask cards that become due within DAYS.")
@click.option(
    "--backlog", is_flag=True, help="Ask all due cards without limits and nothing new, most likely recalled first."
)
@click.option(
    "--cram", is_flag=True, help="Ask every card, due or not, until it is recalled; the schedule does not change."
)
@click.option("--count", is_flag=True, help="With --cram: count the ratings as reviews.")
@click.option("--minutes", type=Number(0, 1440, min_open=True), metavar="N", help="Stop asking after N minutes.")
@click.option("--plain", is_flag=True, help="For screen readers: labels, no boxes, no colour, no clearing.")
@click.option("--web", is_flag=True, help="Review in the browser instead of the terminal.")
@click.option("--lan", is_flag=True, help="With --web: let phones and tablets in the same network open it.")
@click.option("--host", metavar="ADDRESS", help="With --web: the address to listen on. Default: 127.0.0.1.")
@click.option(
    "--port", type=WholeNumber(0, 65535), default=0, metavar="N", help="With --web: the port. Default: a free one."
)
@click.option("--no-open", is_flag=True, help="With --web: only print the address, do not open a browser.")
@click.option("--json", "as_json", is_flag=True, help="With --web: print the address as one JSON object.")
@OptionRules(
    Excludes("--lan", ("--host",), "both say where to listen"),
    *(Requires(option, ("--web",), "the terminal needs no address") for option in _OF_WEB),
    Excludes("--web", ("--plain",), "a page has its own labels for screen readers"),
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
    web: bool,
    lan: bool,
    host: str | None,
    port: int,
    no_open: bool,
    as_json: bool,
) -> None:
    """Review due cards, in the terminal or the browser.

    QUERY limits the review to some cards; the name of a deck means that deck. Space shows the answer, 1 to 4 rate it,
    `?` lists all keys. Every rating is saved before the next question appears.

    \b
    flashcards review
    flashcards review tpm::system-design
    flashcards review tag:exam --limit 20
    flashcards review --backlog --minutes 15
    flashcards review tpm --cram
    flashcards review --web
    """
    _check_shell(web=web)
    with console.open_collection() as collection:
        only = console.select_cards(collection, query)
        if only is not None and not only:
            console.print_text(f"No card matches `{' '.join(query)}`. `flashcards list` shows all cards.", err=True)
            return
        if collection.catalog.counts()[1]:
            console.keep_state(collection)
        from flashcards.review.plan import SessionPlan

        plan = SessionPlan(
            only=only,
            new=new,
            limit=limit,
            order=cast("ReviewOrder | None", order),
            ahead_days=ahead or 0,
            backlog=backlog,
            cram=cram,
            count=count,
            minutes=minutes,
        )
        if not web:
            _ask(collection, plan, plain=plain)
            return
        root = collection.root
    from flashcards.cli.web_review import review_in_browser

    address = host or ("0.0.0.0" if lan else "127.0.0.1")  # noqa: S104 - what `--lan` asks for
    review_in_browser(
        root, plan, " ".join(query), address=address, port=port, as_json=as_json, opens=not (no_open or as_json)
    )


def _check_shell(*, web: bool) -> None:
    """Check that the browser's extra is installed, or that there is a terminal."""
    if web:
        from flashcards.cli.web_review import check_web_extra

        check_web_extra()
    elif not (sys.stdin.isatty() and sys.stdout.isatty()):
        from flashcards.errors import UsageError

        raise UsageError("A review needs a terminal. `flashcards answer CARD RATING` rates a card from a script.")


def _ask(collection: Collection, plan: SessionPlan, *, plain: bool) -> None:
    from flashcards.collection import now_ms
    from flashcards.review.views import Finished

    desk = plan.open_desk(collection, now_ms())
    session = plan.begin(collection, desk, now_ms())
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
