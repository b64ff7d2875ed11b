"""Whole sessions in Chromium: keys, tabs, a lost network, what hostile cards run, and what axe-core finds."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from scheduler import Rating
from tests.review.small_collections import questions, ratings, write
from tests.web.test_hostile_cards import HOSTILE
from tests.web.tour import Tour, wait_until, write_collection
from tests.web.visitor import Visitor, served

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Dialog
    from playwright.sync_api import Page as Tab

CHROMIUM = shutil.which("chromium")
AXE = Path(__file__).with_name("axe.min.js")

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not CHROMIUM, reason="chromium is not installed"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
]

_FAKE_MICROPHONE = ("--use-fake-ui-for-media-stream", "--use-fake-device-for-media-stream")
CARDS = """---
deck: physics::waves
tags: [exam]
---
# Energy

Q: What is $E$?
A: It is $mc^2$, and $\\ce{H2O}$ is water.

Q: Capital of France? <!-- type -->
A: Paris

Q: What do you do?
A: Three things:

- [ ] facts
- [ ] an owner
"""


WIDE = f"""# {"Dampf" * 30}

Q: {"Donau" * 30}?
A: https://example.org/{"a" * 200}

Q: ما هو عاصمة مصر؟ <ruby>漢字<rt>かんじ</rt></ruby>
A: | {"a column | " * 12}
| {"--- | " * 12}
| {"1,200,000 | " * 12}

$$ {" + ".join(f"a_{{{at}}}" for at in range(60))} $$

```python
def a_function(number: int = 0, text: str = "x") -> None:  # {"a comment " * 20}
    raise ValueError(f"{{text}} {{len(text) + 1.5}}")
```

and `{"code_" * 40}`
"""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    playwright = pytest.importorskip("playwright.sync_api")
    with playwright.sync_playwright() as found:
        started = found.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", *_FAKE_MICROPHONE])
        yield started
        started.close()


@pytest.fixture
def window(browser: Browser) -> Iterator[BrowserContext]:
    found = browser.new_context(viewport={"width": 360, "height": 740})
    found.set_default_timeout(60_000)
    yield found
    found.close()


def enter(window: BrowserContext, visitor: Visitor, path: str = "/review") -> Tab:
    """Open the address that is printed, then a page; nothing may ask for another server."""
    tab = window.new_page()
    tab.goto(visitor.address.url)
    tab.wait_for_selector(".top")
    tab.goto(f"http://{visitor.host}{path}")
    return tab


def answer(tab: Tab, key: str) -> None:
    """Show the answer and rate it by keys; wait for what follows."""
    tab.keyboard.press(" ")
    tab.wait_for_selector(".ratings")
    tab.keyboard.press(key)
    tab.wait_for_selector(".ratings", state="detached")


def test_a_whole_session_by_keys(window: BrowserContext, tmp_path: Path) -> None:
    write(tmp_path, a=CARDS)
    with served(tmp_path) as visitor:
        tab = enter(window, visitor)
        tab.wait_for_selector(".katex")
        tab.keyboard.press("Enter")
        tab.wait_for_selector(".answer .katex >> nth=1")
        tab.keyboard.press("4")
        tab.wait_for_selector("#given")
        tab.keyboard.type("Pariss")
        tab.keyboard.press("Enter")
        tab.wait_for_selector(".typed del")
        tab.keyboard.press("u")  # takes the first rating back
        tab.wait_for_selector("text=Easy was undone.")
        answer(tab, "3")
        tab.keyboard.press("Enter")
        tab.wait_for_selector(".ratings")
        tab.keyboard.press("4")
        tab.wait_for_selector("text=What do you do?")
        tab.keyboard.press(" ")
        tab.wait_for_selector(".rubric")
        tab.keyboard.press("a")
        tab.wait_for_selector("text=1 of 2 covered: Hard")
        tab.keyboard.press(" ")
        tab.wait_for_selector(".rubric", state="detached")
    assert ratings(tmp_path)[-3:] == [Rating.GOOD, Rating.EASY, Rating.HARD]


def test_a_second_tab_and_a_reload_rate_nothing_twice(window: BrowserContext, tmp_path: Path) -> None:
    write(tmp_path, a=questions(3))
    with served(tmp_path) as visitor:
        first = enter(window, visitor)
        first.keyboard.press(" ")
        first.wait_for_selector(".ratings")
        second = enter(window, visitor)
        second.wait_for_selector(".ratings")
        second.evaluate("dispatchEvent = () => {}")
        first.keyboard.press("4")
        first.wait_for_selector("text=Question 2?")
        second.locator(".rate.again").click()
        second.wait_for_selector("text=out of date")
        first.reload()
        first.wait_for_selector("text=Question 2?")
        first.go_back()
    assert ratings(tmp_path) == [Rating.EASY]


def test_a_rating_that_does_not_reach_the_server_is_sent_again(window: BrowserContext, tmp_path: Path) -> None:
    write(tmp_path, a=questions(2))
    with served(tmp_path) as visitor:
        tab = enter(window, visitor)
        tab.keyboard.press(" ")
        tab.wait_for_selector(".ratings")
        window.set_offline(True)
        tab.keyboard.press("4")
        tab.wait_for_selector("text=not saved yet")
        assert ratings(tmp_path) == []
        window.set_offline(False)
        tab.click("text=Try again")
        tab.wait_for_selector("text=Question 2?")
    assert ratings(tmp_path) == [Rating.EASY]


LOSE_THE_NEXT_ANSWER = """() => {
  const send = window.fetch;
  window.fetch = async (address, options) => {
    const answer = await send(address, options);
    if (options.method !== "POST") return answer;
    window.fetch = send;
    throw new TypeError("the connection was reset");
  };
}"""


def test_a_rating_whose_answer_is_lost_on_the_way_counts_once(window: BrowserContext, tmp_path: Path) -> None:
    write(tmp_path, a=questions(2))
    with served(tmp_path) as visitor:
        tab = enter(window, visitor)
        tab.keyboard.press(" ")
        tab.wait_for_selector(".ratings")
        tab.evaluate(LOSE_THE_NEXT_ANSWER)
        tab.locator(".rate.easy").click()
        tab.wait_for_selector("text=not saved yet")
        tab.click("text=Try again")
        tab.wait_for_selector("text=Question 2?")
        assert not tab.locator(".notice").count()
    assert ratings(tmp_path) == [Rating.EASY]


def test_hostile_cards_run_nothing_and_ask_no_other_server(window: BrowserContext, tmp_path: Path) -> None:
    write(tmp_path, a="".join(f"Q: card {at}\nA: {card}\n\n" for at, card in enumerate(HOSTILE) if "\n" not in card))
    asked: list[str] = []
    ran: list[str] = []
    window.on("request", lambda request: asked.append(request.url))

    def note(dialog: Dialog) -> None:
        ran.append(dialog.message)
        dialog.dismiss()

    window.on("dialog", note)
    with served(tmp_path) as visitor:
        tab = enter(window, visitor, "/deck?name=a")
        tab.wait_for_selector(".math")  # a formula that is not drawn stays as text
        tab.wait_for_timeout(500)
        assert tab.url.endswith("/deck?name=a")
        assert tab.locator("main :is(script, style, iframe, object, embed, base, meta, link)").count() == 0
        assert tab.locator("main :is([href^='javascript:' i], [onerror], [onload], [onclick], #main)").count() == 0
        assert tab.locator("main .text :is([data-keys], .main, [name])").count() == 0
        fixed = "[...document.querySelectorAll('.text *')].some((one) => getComputedStyle(one).position === 'fixed')"
        assert not tab.evaluate(fixed)
    assert ran == []
    assert [url for url in asked if visitor.host not in url and not url.startswith("data:")] == []


def violations(tab: Tab, *rules: str) -> list[Any]:
    """Return what axe-core finds, by these rules or by all of them."""
    if not tab.evaluate("'axe' in window"):
        tab.evaluate(AXE.read_text(encoding="utf-8"))
    options = {"resultTypes": ["violations"], **({"runOnly": list(rules)} if rules else {})}
    found: dict[str, Any] = tab.evaluate("(options) => axe.run(options)", options)
    return [(each["id"], [node["html"][:120] for node in each["nodes"]]) for each in found["violations"]]


def test_a_whole_mock_interview_with_its_clock_and_a_recording(browser: Browser, tmp_path: Path) -> None:
    write(tmp_path, a=CARDS)
    window = browser.new_context(viewport={"width": 360, "height": 740}, permissions=["microphone"])
    window.set_default_timeout(60_000)
    wrong: list[Any] = []
    with served(tmp_path) as visitor:
        tab = enter(window, visitor, "/mock")
        tab.get_by_role("button", name="Begin").click()
        tab.wait_for_selector(".clock")
        wrong += violations(tab)
        first = tab.inner_text(".clock")
        wait_until(tab, "document.querySelector('.clock').innerText !== " + json.dumps(first))
        tab.click("[data-does=record]")
        tab.wait_for_selector("text=Stop recording")
        with tab.expect_response("**/mock/now"):  # what is written is kept by itself
            tab.fill("textarea", "I look at the facts.")
        tab.keyboard.press("Control+Enter")
        tab.wait_for_selector("#recordings audio")
        wrong += violations(tab)
        tab.check("#point0")
        tab.wait_for_selector("text=1 of 2 covered: Hard")
        tab.click(".rate.hard")
        tab.wait_for_selector(".result")
        wrong += violations(tab)
        assert "I look at the facts." in tab.inner_text(".result")
    window.close()
    assert wrong == []
    assert ratings(tmp_path) == [Rating.HARD]


def test_a_formula_too_large_for_the_page_stays_text_and_a_wide_one_scrolls(browser: Browser, tmp_path: Path) -> None:
    deep, long = "\\frac{1}{" * 300 + "x" + "}" * 300, "&" * 20_000
    wide = "\\ce{" + "A->[b][c] " * 60 + "}"
    write(tmp_path, a=f"Q: a\nA: ${deep}$\n\nQ: b\nA: $\\matrix{{{long}}}$\n\nQ: c\nA: wide ${wide}$ one\n")
    window = browser.new_context(viewport={"width": 320, "height": 640})
    window.set_default_timeout(60_000)
    with served(tmp_path) as visitor:
        tab = enter(window, visitor, "/deck?name=a")
        tab.wait_for_selector(".math[tabindex='0'] .katex")
        assert tab.locator(".math.drawn").count() == 1
        assert tab.locator(".math").count() == 3
        assert tab.evaluate("document.documentElement.scrollWidth") == 320
    window.close()


def test_a_formula_stays_in_its_line_again_once_the_window_is_wide_enough(browser: Browser, tmp_path: Path) -> None:
    write(tmp_path, a=f"Q: a\nA: so ${' + '.join(f'a_{{{at}}}' for at in range(10))}$ holds\n")
    window = browser.new_context(viewport={"width": 320, "height": 640})
    window.set_default_timeout(60_000)
    with served(tmp_path) as visitor:
        tab = enter(window, visitor, "/deck?name=a")
        tab.wait_for_selector(".math.wide .katex")
        tab.set_viewport_size({"width": 1000, "height": 640})
        tab.wait_for_selector(".math:not(.wide, [data-display]) .katex")
    window.close()


def test_wide_content_scrolls_separately_at_320_pixels(browser: Browser, tmp_path: Path) -> None:
    write(tmp_path, a=WIDE)
    window = browser.new_context(viewport={"width": 320, "height": 640})
    window.set_default_timeout(60_000)
    with served(tmp_path) as visitor:
        tab = enter(window, visitor, "/deck?name=a")
        tab.wait_for_selector(".katex")
        assert tab.evaluate("document.documentElement.scrollWidth") == 320
        for wide in ("table", "pre", ".math[data-display]"):
            assert tab.evaluate("(wide) => document.querySelector(wide).scrollWidth", wide) > 320
            tab.wait_for_selector(f"{wide}[tabindex='0']")
        assert violations(tab) == []
        tab.goto(f"{tab.url.partition('/deck')[0]}/review")
        tab.wait_for_selector(".crumbs")
        assert tab.evaluate("document.documentElement.scrollWidth") == 320
    window.close()


def test_axe_finds_no_violation_on_any_page(window: BrowserContext, tmp_path: Path) -> None:
    write_collection(tmp_path, reviews=True)
    wrong: dict[str, list[Any]] = {}
    with served(tmp_path, stop=lambda: None) as visitor:
        tour = Tour(window, visitor, tmp_path)
        tour.tab.emulate_media(reduced_motion="reduce")
        for name in tour.visit():
            tour.tab.emulate_media(color_scheme="light")
            found = violations(tour.tab)
            tour.tab.emulate_media(color_scheme="dark")
            if found := found + violations(tour.tab, "color-contrast"):
                wrong[name] = found
            assert tour.tab.evaluate("document.documentElement.scrollWidth") <= 360, name
    assert wrong == {}
