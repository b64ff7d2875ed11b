"""A collection served as it is for a person, and a visitor that keeps its cookie and sends the forms it sees."""

from __future__ import annotations

import http.client
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from html import unescape
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlencode, urlsplit

from flashcards.review.session_plan import SessionPlan
from flashcards.sync.server import build_server, listen
from flashcards.web.app import WebHost
from tests.server_thread import ServerThread


class Page(NamedTuple):
    """An answer of the server."""

    status: int
    pairs: list[tuple[str, str]]
    body: bytes

    @property
    def headers(self) -> dict[str, str]:
        """The headers by name; of one that is repeated, the last."""
        return dict(self.pairs)

    @property
    def text(self) -> str:
        return self.body.decode()

    @property
    def stamp(self) -> str:
        """What the form of the page carries."""
        found = re.search(r'name="stamp" value="([^"]+)"', self.text)
        assert found, self.text
        return found[1]

    @property
    def words(self) -> str:
        """The text of the main part, without tags."""
        main = self.text.partition("<main")[2].partition("</main>")[0]
        return " ".join(unescape(re.sub(r"<[^>]*>", " ", f"<main{main}")).split())


class Visitor:
    """One browser."""

    def __init__(self, address: WebHost) -> None:
        self.address = address
        parts = urlsplit(address.url)
        assert parts.port
        self.host = parts.netloc
        self.port: int = parts.port
        self.token = parts.query.rpartition("token=")[2]
        self.cookie = ""

    def request(
        self, method: str, path: str, body: str = "", headers: Mapping[str, str] | None = None, *, follow: bool = True
    ) -> Page:
        """Send a request as a browser would, with other headers where they are given; an empty one is left out."""
        sent = {"Host": self.host, "Cookie": self.cookie, **(headers or {})}
        if method == "POST":
            sent = {"Origin": f"http://{self.host}", "Content-Type": "application/x-www-form-urlencoded", **sent}
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            connection.putrequest(method, path, skip_host=True, skip_accept_encoding=True)
            for name, value in {**sent, "Content-Length": str(len(body.encode()))}.items():
                if value:
                    connection.putheader(name, value)
            connection.endheaders(body.encode())
            answer = connection.getresponse()
            page = Page(answer.status, [(name.lower(), value) for name, value in answer.getheaders()], answer.read())
        finally:
            connection.close()
        if follow and page.status == 303:
            return self.request("GET", page.headers["location"], headers=headers)
        return page

    def open(self) -> Page:
        """Open the address with the token, then the review."""
        page = self.request("GET", f"/?token={self.token}")
        self.cookie = page.headers["set-cookie"].partition(";")[0]
        return self.get("/review")

    def single(self) -> str:
        """A token that lets in once."""
        return self.address.make_single_url().partition("=")[2]

    def get(self, path: str) -> Page:
        return self.request("GET", path)

    def post(self, path: str, fields: Mapping[str, str | list[str]]) -> Page:
        return self.request("POST", path, urlencode(fields, doseq=True))

    def press(self, page: Page, do: str, **fields: str | list[str]) -> Page:
        """Press a button of a page of the review."""
        return self.post("/review", {"stamp": page.stamp, "do": do, **fields})


@contextmanager
def served(root: Path, plan: SessionPlan | None = None, stop: Callable[[], None] | None = None) -> Iterator[Visitor]:
    """Serve the collection in `root` from a thread."""
    listener = listen("127.0.0.1", 0)
    host = WebHost(root, "127.0.0.1", listener.getsockname()[1], plan=plan, stop=stop)
    serving = ServerThread(build_server(host.app), listener)
    try:
        yield Visitor(host)
    finally:
        serving.stop()
        host.close()
