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
A: A. ![large](dot.png)

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


def test_sound_plays_by_itself_as_a_setting_and_again_by_its_key(browser: Browser, tmp_path: Path) -> None:
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


def test_a_picture_opens_large_by_its_key_and_details_stay_closed(browser: Browser, tmp_path: Path) -> None:
    write(tmp_path, a=LISTEN)
    write_media(tmp_path)
    window = browser.new_context()
    window.set_default_timeout(60_000)
    with served(tmp_path) as visitor:
        tab = enter(window, visitor)
        tab.keyboard.press(" ")
        tab.wait_for_selector(".answer details")
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


def test_a_note_with_say_is_read_aloud_by_itself_and_again_by_key(browser: Browser, tmp_path: Path) -> None:
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


def test_a_review_without_javascript(browser: Browser, tmp_path: Path) -> None:
    write(tmp_path, a=questions(2))
    window = browser.new_context(java_script_enabled=False)
    window.set_default_timeout(60_000)
    with served(tmp_path) as visitor:
        tab = enter(window, visitor, "/")
        tab.get_by_role("button", name="Begin").first.click()
        for name in ("Easy", "Hard"):
            tab.get_by_role("button", name="Show answer").click()
            tab.get_by_role("button", name=name).click()
        tab.goto(f"http://{visitor.host}/statistics")
        tab.wait_for_selector(".report")
    window.close()
    assert ratings(tmp_path) == [Rating.EASY, Rating.HARD]
