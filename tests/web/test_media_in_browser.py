"""What a card plays, shows large, hides and says, in Chromium."""

from __future__ import annotations

import shutil
import struct
import wave
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from scheduler import Rating
from tests.review.small_collections import questions, ratings, write
from tests.web.test_in_browser import enter
from tests.web.tour import wait_until
from tests.web.visitor import served

if TYPE_CHECKING:
    from playwright.sync_api import Browser

CHROMIUM = shutil.which("chromium")

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not CHROMIUM, reason="chromium is not installed"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
]

LISTEN = """Q: Which tone? ![sound](tone.wav)
A: A. ![large](dot.png) ![[dot.png|120]]

<details><summary>Why?</summary>Because of 440 hertz.</details>
"""
SPOKEN = 'Q: Say it: <span lang="ja"><ruby>東京<rt>とうきょう</rt></ruby></span> is a city.\nA: x\n'
NOTE_PLAYS = """window.plays = 0;
HTMLMediaElement.prototype.play = function () { window.plays += 1; return Promise.resolve(); };"""
NOTE_WORDS = """window.said = [];
speechSynthesis.getVoices = () => [
  { lang: "en-US", name: "web", localService: false, default: true },
  { lang: "en-US", name: "here", localService: true },
  { lang: "ja-JP", name: "hier", localService: true },
];
window.SpeechSynthesisUtterance = class { constructor(text) { this.text = text; } };
speechSynthesis.speak = (words) => window.said.push([words.text.trim(), words.lang ?? "", words.voice.name]);"""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    playwright = pytest.importorskip("playwright.sync_api")
    with playwright.sync_playwright() as found:
        started = found.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield started
        started.close()


def write_media(folder: Path) -> None:
    """Write a second of silence and a picture of one dot."""
    with wave.open(str(folder / "tone.wav"), "wb") as tone:
        tone.setparams((1, 1, 8000, 8000, "NONE", ""))
        tone.writeframes(b"\x80" * 8000)
    data = b"\x89PNG\r\n\x1a\n"
    chunks = [
        (b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0)),
        (b"IDAT", zlib.compress(b"\0\0")),
        (b"IEND", b""),
    ]
    for kind, body in chunks:
        data += struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
    (folder / "dot.png").write_bytes(data)


def test_sound_plays_automatically_by_a_setting_and_again_by_its_key(browser: Browser, tmp_path: Path) -> None:
    write(tmp_path, a=LISTEN)
    write_media(tmp_path)
    window = browser.new_context()
    window.set_default_timeout(60_000)
    window.add_init_script(NOTE_PLAYS)
    with served(tmp_path) as visitor:
        tab = enter(window, visitor)
        wait_until(tab, "window.plays === 1")
        tab.keyboard.press("r")
        wait_until(tab, "window.plays === 2")
        tab.goto(f"http://{visitor.host}/settings")
        tab.uncheck("#sound")
        tab.get_by_role("button", name="Save").click()
        tab.wait_for_selector("text=Saved.")
        tab.goto(f"http://{visitor.host}/review")
        tab.wait_for_selector("audio")
        assert tab.evaluate("window.plays") == 0
        tab.keyboard.press("r")
        wait_until(tab, "window.plays === 1")
    window.close()


def test_a_picture_has_its_width_and_a_key_enlarges_it_while_details_stay_closed(
    browser: Browser, tmp_path: Path
) -> None:
    write(tmp_path, a=LISTEN)
    write_media(tmp_path)
    window = browser.new_context()
    window.set_default_timeout(60_000)
    with served(tmp_path) as visitor:
        tab = enter(window, visitor)
        tab.keyboard.press(" ")
        tab.wait_for_selector(".answer details")
        wait_until(tab, "document.querySelector('.answer img[width]').clientWidth === 120")
        assert tab.locator("details[open]").count() == 0
        tab.click("summary >> text=Why?")
        tab.wait_for_selector("details[open] >> text=440 hertz")
        tab.keyboard.press("o")
        tab.wait_for_selector("dialog.picture img")
        tab.keyboard.press("Escape")
        tab.wait_for_selector("dialog.picture", state="detached")
        assert tab.is_visible(".ratings")
    window.close()


def test_a_side_is_read_aloud_by_voices_of_this_device_in_its_languages(browser: Browser, tmp_path: Path) -> None:
    write(tmp_path, a=SPOKEN)
    window = browser.new_context()
    window.set_default_timeout(60_000)
    window.add_init_script(NOTE_WORDS)
    with served(tmp_path) as visitor:
        tab = enter(window, visitor)
        tab.keyboard.press("v")
        wait_until(tab, "window.said.length === 3")
        said = tab.evaluate("window.said")
    window.close()
    assert said == [["Say it:", "", "here"], ["東京", "ja", "hier"], ["is a city.", "", "here"]]


def test_a_note_with_say_is_read_aloud_automatically_and_again_by_a_key(browser: Browser, tmp_path: Path) -> None:
    write(tmp_path, a="Q: 東京\nA: Tokyo\n<!-- say: ja_JP, en -->\n")
    window = browser.new_context()
    window.set_default_timeout(60_000)
    window.add_init_script(NOTE_WORDS)
    with served(tmp_path) as visitor:
        tab = enter(window, visitor)
        wait_until(tab, "window.said.length === 1")
        tab.keyboard.press("r")
        wait_until(tab, "window.said.length === 2")
        tab.keyboard.press(" ")
        wait_until(tab, "window.said.length === 3")
        assert tab.evaluate("window.said") == [["東京", "ja-JP", "hier"]] * 2 + [["Tokyo", "en", "here"]]
        tab.goto(f"http://{visitor.host}/settings")
        tab.uncheck("#sound")
        tab.get_by_role("button", name="Save").click()
        tab.wait_for_selector("text=Saved.")
        tab.goto(f"http://{visitor.host}/review")
        tab.wait_for_selector(".answer")
        assert tab.evaluate("window.said") == []
        tab.keyboard.press("v")
        wait_until(tab, "window.said.length === 1")
    window.close()


def test_every_page_works_without_javascript(browser: Browser, tmp_path: Path) -> None:
    write(tmp_path, a=questions(4), b=LISTEN)
    write_media(tmp_path)
    window = browser.new_context(java_script_enabled=False, viewport={"width": 360, "height": 740})
    window.set_default_timeout(60_000)
    with served(tmp_path, stop=lambda: None) as visitor:
        tab = enter(window, visitor, "/")

        def press(name: str) -> None:
            tab.get_by_role("button", name=name).first.click()

        press("Begin")
        for name in ("Easy", "Hard"):
            press("Show answer")
            press(name)
        press("Undo")
        tab.wait_for_selector("text=Hard was undone.")
        tab.click(".menu summary")
        press("Flag 3")
        tab.wait_for_selector(".place .flag3")
        tab.click(".menu summary")
        press("Suspend the card")
        tab.click(".menu summary")
        press("Bury until tomorrow")
        press("Show answer")
        tab.click(".menu summary")
        tab.get_by_role("link", name="Edit").click()
        tab.fill("#text", "Q: Question 4, edited?\nA: Answer 4.")
        press("Save")
        tab.wait_for_selector("text=Question 4, edited?")
        press("Leave")
        tab.wait_for_selector(".ratings-table")
        tab.goto(f"http://{visitor.host}/search")
        tab.fill("#q", "tone")
        press("Search")
        press("Cram these")
        tab.wait_for_selector("audio[controls]")
        assert tab.locator("[data-does]:visible").count() == 0  # what only a script could do
        press("Show answer")
        press("Again")
        tab.goto(f"http://{visitor.host}/mock")
        tab.fill("#questions", "1")
        press("Begin")
        tab.fill("textarea", "Because.")
        press("Show the model answer")
        tab.fill("#note", "slower")
        press("Good")
        tab.wait_for_selector(".result >> text=Because.")
        tab.goto(f"http://{visitor.host}/statistics")
        tab.wait_for_selector(".report")
        tab.goto(f"http://{visitor.host}/settings")
        tab.uncheck("#sound")
        press("Save")
        tab.wait_for_selector("text=Saved.")
    window.close()
    assert (tmp_path / "a.md").read_text(encoding="utf-8").endswith("Q: Question 4, edited?\nA: Answer 4.\n\n")
    assert [rating for rating in ratings(tmp_path) if rating] == [Rating.EASY, Rating.AGAIN, Rating.GOOD]
