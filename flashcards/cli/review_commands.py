"""The commands `review` and `preview`, and the same review in a browser."""

from __future__ import annotations

import os
import signal
import sys
from typing import TYPE_CHECKING, cast

import click

from flashcards.cli import complete, console
from flashcards.cli.params import Excludes, Number, OptionRules, QueryCommand, Requires, WholeNumber
from flashcards.errors import UsageError, check_extra

if TYPE_CHECKING:
    from pathlib import Path

    import uvicorn

    from flashcards.collection import Collection
    from flashcards.review.session_plan import SessionPlan
    from flashcards.review.views import Finished
    from flashcards.web.app import WebHost
    from scheduler.policy import ReviewOrder


_OF_WEB = ("--lan", "--host", "--port", "--no-open", "--json")


@click.command("review", cls=QueryCommand)
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
def review_command(
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
    if web:
        _check_web_extra()
    elif not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise UsageError("A review needs a terminal. `flashcards answer CARD RATING` rates a card from a script.")
    with console.open_collection() as collection:
        only = console.select_cards(collection, query)
        if only is not None and not only:
            console.print_text(f"No card matches `{' '.join(query)}`. `flashcards list` shows all cards.", err=True)
            return
        if not collection.is_kept and collection.catalog.count_notes():
            console.keep_state(collection)
        from flashcards.review.session_plan import SessionPlan

        plan = SessionPlan(
            only=only,
            new=new,
            limit=limit,
            order=cast("ReviewOrder | None", order),
            ahead_days=ahead or 0,
            backlog=backlog,
            cram=cram,
            is_counted=count,
            minutes=minutes,
        )
        if not web:
            _review_in_terminal(collection, plan, plain=plain)
            return
        root = collection.root
    address = host or ("0.0.0.0" if lan else "127.0.0.1")  # noqa: S104 - what `--lan` asks for
    _serve_pages(
        root, plan, " ".join(query), address=address, port=port, as_json=as_json, opens_browser=not (no_open or as_json)
    )


def _review_in_terminal(collection: Collection, plan: SessionPlan, *, plain: bool) -> None:
    from flashcards.collection import now_ms
    from flashcards.review.views import Finished

    backend = plan.open_backend(collection, now_ms())
    session = plan.begin(collection, backend, now_ms())
    if isinstance(session.view, Finished):
        _print_nothing_due(collection, session.view)
        return
    from flashcards.review.terminal_review import TerminalReview

    TerminalReview(collection, session, backend.prepare, now_ms, plain=plain).run()


def _print_nothing_due(collection: Collection, view: Finished) -> None:
    from flashcards.review.report import describe_upcoming

    if not collection.catalog.count_notes():
        console.print_text(f"There are no cards in {collection.root}. `flashcards init` creates an example deck.")
        return
    console.print_text("Nothing is due now.")
    for line in describe_upcoming(view.summary.upcoming, collection.clock):
        console.print_text(line)


_PLAIN_HTTP = (
    "Cards travel over plain HTTP: use this in a network that you trust, through a VPN, or behind a proxy with HTTPS."
)


def _check_web_extra() -> None:
    check_extra("The browser", ("jinja2", "segno", "starlette", "uvicorn"), "serve")


def _serve_pages(
    root: Path,
    plan: SessionPlan | None,
    words: str,
    *,
    address: str,
    port: int,
    as_json: bool,
    opens_browser: bool,
    start: str = "",
) -> None:
    """Serve a review, or the page `start`, until it is stopped, then say how the review went."""
    from flashcards.sync.server import build_server, listen, run
    from flashcards.web.app import WebHost

    listener = listen(address, port)
    port = listener.getsockname()[1]
    server: uvicorn.Server | None = None

    def stop(*_: object) -> None:
        if server is not None:
            server.should_exit = True

    host = WebHost(root, address, port, plan=plan, words=words, stop=stop, start=start)
    try:
        server = build_server(host.app)
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, stop)
        _announce(host, as_json=as_json, is_reachable=address != "127.0.0.1")
        if opens_browser:
            _open_browser(host)
        run(server, listener)
        if not as_json:
            for line in host.site.describe_end():
                console.print_text(line)
    finally:
        listener.close()
        host.close()


@click.command("preview")
@click.argument("card", metavar="CARD", shell_complete=complete.card)
@click.option(
    "--port", type=WholeNumber(0, 65535), default=0, metavar="N", help="The port to listen on. Default: a free one."
)
@click.option("--no-open", is_flag=True, help="Only print the address, do not open a browser.")
@click.option("--json", "as_json", is_flag=True, help="Print the address as one JSON object.")
def preview_command(card: str, port: int, no_open: bool, as_json: bool) -> None:
    """Show one card in the browser, following its file.

    CARD is an id or a place. Both sides are drawn as in the review, and drawn again whenever the file is saved.

    \b
    flashcards preview deck.md:12
    flashcards preview k7f3q2m
    """
    _check_web_extra()
    from urllib.parse import quote

    from flashcards.cards import find_cards, format_card_id

    with console.open_collection() as collection:
        found = collection.store.card(find_cards(collection, card)[0])
        name, root = format_card_id(collection.note_of(found), found.slot), collection.root
    _serve_pages(
        root,
        None,
        "",
        address="127.0.0.1",
        port=port,
        as_json=as_json,
        opens_browser=not (no_open or as_json),
        start=f"preview?at={quote(name)}",
    )


def _announce(host: WebHost, *, as_json: bool, is_reachable: bool) -> None:
    if as_json:
        console.print_json({"web": host.url, "pid": os.getpid()})
    else:
        console.print_text(f"The page is at {host.url}")
        console.draw_qr_code(host.url if is_reachable else "")
    if is_reachable:
        console.print_text(_PLAIN_HTTP, err=True)
    if not as_json:
        console.print_text("Ctrl+C stops.")
    sys.stdout.flush()


def _open_browser(host: WebHost) -> None:
    """Open the browser of the desktop, if there is one; a browser within the terminal would be in the way."""
    if sys.platform.startswith("linux") and not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
        return
    import threading
    import webbrowser

    # Others on this computer can read the arguments of a program, so the token in them works once.
    url = host.make_single_url()
    threading.Timer(0.3, lambda: webbrowser.open(url)).start()
