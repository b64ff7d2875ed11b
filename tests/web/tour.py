"""Every page in every state, for axe-core and for the eye: `python -m tests.web.tour FOLDER` takes screenshots."""

from __future__ import annotations

import shutil
import struct
import sys
import tempfile
import wave
import zlib
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

from benchmarks.make_history import add_history
from flashcards.collection import Collection
from tests.review.small_collections import write
from tests.web.visitor import Visitor, served

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext
    from playwright.sync_api import Page as Tab

WIDTHS = (360, 768, 1280)
SETTINGS = """[mocks.phone-screen]
query = "deck:interview"
questions = 3
minutes = 15

[mocks.onsite]
questions = 8
minutes = 45
"""
FIRST = """---
deck: Physics::Waves
tags: [exam, mechanics]
order: 1
---
# Light

## Energy

Q: What is the energy of a mass $m$ at rest, and which reaction gives $\\ce{2H2 + O2 -> 2H2O}$?
A: $$E = mc^2$$

It is **conserved**; the reaction is _exothermic_. See `energy()`:

```python
def energy(mass: float) -> float:
    return mass * 299_792_458**2  # joules
```

Q: Capital of France? <!-- type -->
A: Paris

C: Speech is {{c1::produced}} in {{c2::Broca::a name}} area, near $x+{{c1::1}}=2$.

Q: Which tone is this? ![tone](tone.wav)
A: A, 440 Hz.

![The spectrum of the tone, by frequency](dots.png)

<details><summary>Why?</summary>Because of 440 hertz.</details>

| Tone | Hertz |
| --- | ---: |
| A | 440 |
| C | 523 |

> Concert pitch has been agreed since 1939.
"""
SECOND = """---
deck: Interview::Scenarios
tags: [scenario, risk]
order: 2
---
Q: A vendor tells you four weeks before launch that the payment interface will be six weeks late. What do you do?
A: Find out what is true, then what can be moved:

- [ ] Ask what is late, and which part of it the launch needs
- [ ] Name an owner and a date for each way out
- [ ] Tell the sponsor with a **recommendation**, not with the problem

Q: ما هي عاصمة مصر؟
A: القاهرة، وهي أكبر مدينة في أفريقيا.

Q: <ruby>東京<rt>とうきょう</rt></ruby>は何ですか。
A: 日本の首都です。

---

- synapse ::: the gap between two neurons
"""
LONG = "".join(
    f"Q: Question {number} of a long deck, with enough words to fill a line of a phone?\nA: Answer {number}.\n\n"
    for number in range(1, 121)
)


def write_collection(folder: Path, *, reviews: bool) -> None:
    """Write a collection of all kinds of cards; with `reviews`, some cards have a history."""
    write(folder, waves=FIRST, scenarios=SECOND, long=LONG)
    (folder / "flashcards.toml").write_text(SETTINGS, encoding="utf-8")
    write_media(folder)
    if reviews:
        with Collection(folder) as collection:
            collection.scan()
        add_history(folder, 60, 4)


def write_media(folder: Path) -> None:
    """Write a second of silence and a small picture."""
    with wave.open(str(folder / "tone.wav"), "wb") as tone:
        tone.setparams((1, 1, 8000, 8000, "NONE", ""))
        tone.writeframes(b"\x80" * 8000)
    width, height = 480, 200
    rows = b"".join(b"\0" + bytes(60 + (x * x // 97 + y * 3) % 190 for x in range(width)) for y in range(height))
    data = b"\x89PNG\r\n\x1a\n"
    chunks = [
        (b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)),
        (b"IDAT", zlib.compress(rows)),
        (b"IEND", b""),
    ]
    for kind, body in chunks:
        data += struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
    (folder / "dots.png").write_bytes(data)


def wait_until(tab: Tab, expression: str) -> None:
    """Wait until an expression is true. Playwright waits by `eval`, which the policy of the pages forbids."""
    for _ in range(1200):
        if tab.evaluate(expression):
            return
        tab.wait_for_timeout(50)
    raise AssertionError(f"{expression} never came true.")


class Tour:
    """A walk through all pages in one window.

    Args:
        window: of the browser.
        visitor: knows the address.
        root: the collection's folder; files in it are changed on the way.
    """

    def __init__(self, window: BrowserContext, visitor: Visitor, root: Path) -> None:
        self._base = f"http://{visitor.host}"
        self._root = root
        self._url = visitor.address.url
        self._background = visitor.address.site.background
        self.tab: Tab = window.new_page()

    def visit(self) -> Iterator[str]:
        """Visit page after page; the name of each is yielded while it is shown."""
        tab = self.tab
        tab.goto(f"{self._base}/")
        yield "refused"
        tab.goto(self._url)
        tab.wait_for_selector(".top")
        yield "decks"
        yield from self._review()
        for name, path in (
            ("end", "/review"),
            ("search", "/search?q=a"),
            ("search-nothing", "/search?q=zzz"),
            ("search-problem", "/search?q=is:"),
            ("deck", "/deck?name=Physics::Waves"),
            ("deck-long", "/deck?name=long"),
            ("deck-parent", "/deck?name=Interview"),
            ("settings", "/settings"),
            ("settings-saved", "/settings?notice=saved"),
            ("statistics", "/statistics"),
            ("forecast", "/forecast"),
            ("readiness-problem", "/readiness"),
            ("readiness", f"/readiness?on={datetime.now(tz=UTC).date() + timedelta(days=40)}"),
            ("missing", "/nothing"),
            ("missing-deck", "/deck?name=nothing"),
            ("mocks", "/mock"),
        ):
            self._go(path)
            yield name
        yield from self._wait()
        yield from self._edit()
        yield from self._mock()
        self._go("/review")
        tab.click("text=Stop flashcards")
        tab.wait_for_selector("h1 >> text=Stopped")
        yield "stopped"

    def _go(self, path: str) -> None:
        self.tab.goto(f"{self._base}{path}")
        self.tab.wait_for_selector("[data-waits]", state="detached")
        if self.tab.locator(".math").count():
            self.tab.wait_for_selector(".katex")

    def _show(self) -> None:
        self.tab.keyboard.press("Enter")
        self.tab.wait_for_selector(".ratings")

    def _rate(self, key: str) -> None:
        self.tab.keyboard.press(key)
        self.tab.wait_for_selector(".ratings", state="detached")

    def _cram(self, words: str) -> None:
        """Begin a review of the cards with these words."""
        self._go(f"/search?q={quote(words)}")
        self.tab.click("button[value=cram]")
        self.tab.wait_for_selector(".session")
        if self.tab.locator(".math").count():
            self.tab.wait_for_selector(".katex")

    def _review(self) -> Iterator[str]:
        tab = self.tab
        self._cram("energy")
        yield "question"
        tab.click(".menu summary")
        yield "menu"
        tab.keyboard.press("1")
        tab.wait_for_selector(".place .flag1")
        self._show()
        tab.wait_for_selector(".answer .katex")
        yield "answer"
        tab.context.set_offline(True)
        tab.keyboard.press("3")
        tab.wait_for_selector("#connection button")
        yield "unreachable"
        tab.context.set_offline(False)
        tab.click("#connection button")
        tab.wait_for_selector(".ratings-table")
        self._cram("France")
        yield "typed-question"
        tab.keyboard.type("Pariss")
        self._show()
        yield "typed-wrong"
        self._rate("4")
        tab.keyboard.press("u")
        tab.wait_for_selector("text=was undone")
        yield "undone"
        tab.fill("#given", "Paris")
        self._show()
        yield "typed-right"
        self._cram("Broca")
        yield "cloze-question"
        self._show()
        yield "cloze-answer"
        self._cram("tone")
        yield "sound-question"
        self._show()
        tab.wait_for_selector(".answer img")
        yield "media-answer"
        tab.keyboard.press("o")
        tab.wait_for_selector("dialog.picture img")
        yield "picture"
        tab.keyboard.press("Escape")
        self._cram("vendor")
        self._show()
        yield "rubric"
        tab.keyboard.press("a")
        tab.keyboard.press("b")
        tab.wait_for_selector("text=2 of 3 covered")
        yield "rubric-ticked"
        self._cram("مصر")
        self._show()
        yield "right-to-left"
        self._cram("首都")
        self._show()
        yield "ruby"
        tab.keyboard.press("i")
        tab.wait_for_selector("dl.facts")
        yield "info"
        self._go("/")
        tab.locator("button >> text=Begin").first.click()
        tab.wait_for_selector(".session")
        for key in "42113424":
            self._show()
            if key == "3":
                yield "due-answer"
            self._rate(key)
        tab.keyboard.press("q")
        tab.wait_for_selector(".ratings-table")
        yield "end-ratings"

    def _wait(self) -> Iterator[str]:
        """Visit a page whose report is still computed."""
        from threading import Event

        done = Event()
        self._background.ask("in the way", lambda _collection, _step: str(done.wait(60)))
        try:
            self.tab.goto(f"{self._base}/statistics?days=77")
            self.tab.wait_for_selector("[data-waits]")
            yield "waiting"
        finally:
            done.set()
        self.tab.wait_for_selector("[data-waits]", state="detached")

    def _edit(self) -> Iterator[str]:
        tab = self.tab
        self._go("/search?q=synapse")
        tab.locator(".found a").first.click()
        tab.wait_for_selector("dl.facts")
        yield "card"
        tab.click("text=Edit")
        tab.wait_for_selector("#text")
        yield "edit"
        file = self._root / "scenarios.md"
        text = file.read_text(encoding="utf-8")
        file.write_text(text + "\n", encoding="utf-8")
        tab.click("button.main")
        tab.wait_for_selector("[role=alert] >> text=changed")
        yield "edit-late"
        tab.click("a.main")
        tab.fill("#text", "Q: a question without its answer\n")
        tab.click("button.main")
        tab.wait_for_selector("text=Saved, with problems")
        yield "edited"
        tab.click("text=Discard the edit")
        tab.wait_for_selector("dl.facts")
        self._go("/search?q=vendor")
        tab.locator(".found a").first.click()
        tab.wait_for_selector("dl.facts")
        yield "card-reviewed"

    def _mock(self) -> Iterator[str]:
        tab = self.tab
        self._go("/mock")
        tab.locator("button >> text=phone screen").click()
        tab.wait_for_selector(".clock")
        yield "mock-question"
        while tab.url.endswith("/mock/now"):
            tab.fill("textarea", "I ask what is true first.\nThen I write down who decides.")
            tab.keyboard.press("Control+Enter")
            tab.wait_for_selector(".ratings")
            yield "mock-answer"
            if tab.locator("#point0").count():
                tab.check("#point0")
            tab.fill("#note", "Say the date first")
            tab.click(".rate.good")
            tab.wait_for_selector(".clock, .result")
        yield "mock-report"
        self._go("/mock")
        yield "mocks-held"


def take_screenshots(target: Path, names: tuple[str, ...] = ()) -> None:
    """Write a picture of each page for each width, light and dark."""
    from playwright.sync_api import ViewportSize, sync_playwright

    target.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        for width in WIDTHS:
            for scheme in ("light", "dark"):
                with tempfile.TemporaryDirectory() as folder:
                    root = Path(folder)
                    write_collection(root, reviews=True)
                    size = ViewportSize(width=width, height=760 if width < 700 else 900)
                    window = browser.new_context(viewport=size, color_scheme=scheme, reduced_motion="reduce")
                    window.set_default_timeout(120_000)
                    with served(root, stop=lambda: None) as visitor:
                        tour = Tour(window, visitor, root)
                        for name in tour.visit():
                            if not names or name in names:
                                tour.tab.wait_for_timeout(150)
                                tour.tab.screenshot(path=target / f"{name}-{width}-{scheme}.png")
                    window.close()
        browser.close()


if __name__ == "__main__":
    take_screenshots(Path(sys.argv[1]), tuple(sys.argv[2:]))
