"""Run the web server: allowed host names, the address with its token, and its end."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING, Final

from flashcards.sync.server import local_address
from flashcards.web.app import build_app
from flashcards.web.guard import Guard, make_token
from flashcards.web.site import Site

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from flashcards.review.plan import SessionPlan

EVERYWHERE: Final = ("0.0.0.0", "::")  # noqa: S104 - what `--lan` asks for
_HERE: Final = ("127.0.0.1", "localhost", "[::1]")


class WebHost:
    """The pages of one collection behind their guard.

    Args:
        root: the collection's folder.
        address: the address that is listened on.
        port: the port that is listened on.
        plan: what the first review asks.
        words: the query that chose its cards.
        stop: ends the server, where a page may do that.
        token: what the address holds; by default a new one.
        start: the page to open first, such as `preview?at=a.md:3`.
    """

    def __init__(
        self,
        root: Path,
        address: str,
        port: int,
        *,
        plan: SessionPlan | None = None,
        words: str = "",
        stop: Callable[[], None] | None = None,
        token: str = "",
        start: str = "",
    ) -> None:
        self.site = Site(root, plan, words, stop)
        self._token = token or make_token()
        self._start = start
        self._base = f"http://{_in_url(local_address() if address in EVERYWHERE else address)}:{port}/"
        self.app = Guard(build_app(self.site), list_hosts(address, port), self._token, f"flashcards-{port}")

    @property
    def url(self) -> str:
        """The address to open, with its token."""
        return self._write_url(self._token)

    def make_single_url(self) -> str:
        """Return an address that can be opened once."""
        return self._write_url(self.app.make_single_token())

    def _write_url(self, token: str) -> str:
        return f"{self._base}{self._start}{'&' if '?' in self._start else '?'}token={token}"

    def describe_end(self) -> list[str]:
        """Say how the review went."""
        return self.site.describe_end()

    def close(self) -> None:
        """Close the collection."""
        self.site.close()


def list_hosts(address: str, port: int) -> list[str]:
    """List the values of `Host` under which the pages are served: this computer, and the address that is printed."""
    names = [*_HERE, _in_url(address)]
    if address in EVERYWHERE:
        names = [*_HERE, _in_url(local_address()), socket.gethostname(), f"{socket.gethostname()}.local"]
    return [f"{name}:{port}" for name in names] + (names if port == 80 else [])


def _in_url(address: str) -> str:
    return f"[{address}]" if ":" in address and not address.startswith("[") else address
