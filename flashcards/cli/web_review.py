"""The option `review --web`: the same review, in a browser."""

from __future__ import annotations

import os
import signal
import sys
from importlib.util import find_spec
from typing import TYPE_CHECKING

import click

from flashcards.cli import complete, console
from flashcards.cli.params import WholeNumber
from flashcards.errors import UsageError

if TYPE_CHECKING:
    from pathlib import Path

    import uvicorn

    from flashcards.review.plan import SessionPlan
    from flashcards.web.host import WebHost

_NEEDED = ("jinja2", "segno", "starlette", "uvicorn")
PLAIN_HTTP = (
    "Cards travel over plain HTTP: use this in a network that you trust, through a VPN, or behind a proxy with HTTPS."
)


class WebExtraMissing(UsageError):
    """The packages that the pages need are not installed."""

    def __init__(self, names: list[str]) -> None:
        super().__init__(
            f"The browser needs {', '.join(names)}, which the base installation leaves out. Install them with"
            " `pip install 'flashcards-md[serve]'`."
        )


def check_web_extra() -> None:
    """Raise an error if a package that the pages need is not installed."""
    if missing := [name for name in _NEEDED if find_spec(name) is None]:
        raise WebExtraMissing(missing)


def review_in_browser(
    root: Path,
    plan: SessionPlan | None,
    words: str,
    *,
    address: str,
    port: int,
    as_json: bool,
    opens: bool,
    start: str = "",
) -> None:
    """Serve a review, or the page `start`, until it is stopped, then say how the review went."""
    from flashcards.sync.host import build_server, listen, run
    from flashcards.web.host import WebHost

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
        _announce(host, as_json=as_json, is_open=address != "127.0.0.1")
        if opens:
            _open_browser(host)
        run(server, listener)
        if not as_json:
            for line in host.describe_end():
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
    check_web_extra()
    from urllib.parse import quote

    from flashcards.cards import find_cards, format_card_id

    with console.open_collection() as collection:
        found = collection.store.card(find_cards(collection, card)[0])
        name, root = format_card_id(collection.note_of(found), found.slot), collection.root
    review_in_browser(
        root,
        None,
        "",
        address="127.0.0.1",
        port=port,
        as_json=as_json,
        opens=not (no_open or as_json),
        start=f"preview?at={quote(name)}",
    )


def _announce(host: WebHost, *, as_json: bool, is_open: bool) -> None:
    if as_json:
        console.print_json({"web": host.url, "pid": os.getpid()})
    else:
        console.print_text(f"The page is at {host.url}")
        console.draw_code(host.url if is_open else "")
    if is_open:
        console.print_text(PLAIN_HTTP, err=True)
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
