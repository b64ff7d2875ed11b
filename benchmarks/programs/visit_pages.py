"""`python -m benchmarks.programs.visit_pages COLLECTION VISITS`: asks a running server for its pages.

Prints, as JSON, the seconds that each visit took, by page: from sending the request until the whole page is there.
"""

import json
import re
import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial
from http.client import HTTPConnection
from urllib.parse import quote, urlencode, urlsplit

from benchmarks.make_decks import QUESTION_WORD

_WARM_UP = 2
_PAGES = {
    "decks": "/",
    "question": "/review",
    "a deck to read": "/deck?name={deck}",
    "search for a rare word": "/search?q=nowhere",
    "search for a word of every card": f"/search?q={quote(QUESTION_WORD.strip('-'))}",
    "search for what is due": "/search?q=is:due",
    "a card": "/card/{card}",
}


class _Browser:
    """One connection to the server, with the cookie that the token gives."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self._host = parts.netloc
        self._connection = HTTPConnection(parts.netloc, timeout=600)
        self._cookie = ""
        self._connection.request("GET", f"/?{parts.query}")
        answer = self._connection.getresponse()
        answer.read()
        self._cookie = (answer.getheader("set-cookie") or "").partition(";")[0]

    def get(self, path: str) -> str:
        """Return a page."""
        return self._ask("GET", path, None)

    def press(self, page: str, do: str) -> str:
        """Press a button of the review; return the page that follows."""
        found = re.search(r'name="stamp" value="([^"]+)"', page)
        return self._ask("POST", "/review", urlencode({"stamp": found[1] if found else "", "do": do}))

    def _ask(self, method: str, path: str, body: str | None) -> str:
        headers = {"Cookie": self._cookie, "Origin": f"http://{self._host}"}
        self._connection.request(method, path, body, headers)
        answer = self._connection.getresponse()
        text = answer.read().decode()
        if answer.status == 303:
            return self._ask("GET", answer.getheader("location") or "/", None)
        if answer.status != 200:
            raise SystemExit(f"{path} answered {answer.status}")
        return text


def measure(url: str, visits: int) -> dict[str, list[float]]:
    """Visit each page, then rate cards."""
    browser = _Browser(url)
    deck = re.search(r'href="/deck\?name=([^"]+)"', browser.get("/"))
    card = re.search(r'href="/edit/(\d+)"', browser.get("/review"))
    if not deck or not card:
        raise SystemExit("nothing is due in this collection")
    found = {}
    for name, pattern in _PAGES.items():
        path = pattern.format(deck=deck[1], card=card[1])
        found[name] = [_time(partial(browser.get, path)) for _ in range(visits + _WARM_UP)][_WARM_UP:]
    shown, rated = [], []
    for _ in range(visits + _WARM_UP):
        page = browser.get("/review")
        shown.append(_time(partial(browser.press, page, "show")))
        rated.append(_time(partial(browser.press, page, "good")))
    return found | {"the answer": shown[_WARM_UP:], "a rating and the next question": rated[_WARM_UP:]}


def _time(act: Callable[[], object]) -> float:
    started = time.perf_counter()
    act()
    return time.perf_counter() - started


if __name__ == "__main__":
    command = [sys.executable, "-m", "flashcards", "-C", sys.argv[1], "review", "--web", "--port", "0", "--json"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        try:
            url = json.loads(process.stdout.readline())["web"]
            print(json.dumps(measure(url, int(sys.argv[2]))))
        finally:
            process.terminate()
