"""`stats` and `forecast` as a person or a program calls them."""

from __future__ import annotations

import json
import re
import subprocess
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest

from flashcards.text import NO_CARDS
from tests.browser import CHROMIUM, Browser
from tests.insight.made import collection_of, small

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.cli.runner import Runner


@pytest.fixture
def made(cli: Runner) -> Runner:
    small(cli.root).close()
    return cli


@pytest.mark.parametrize("columns", [20, 30, 40, 80, 120])
@pytest.mark.parametrize("command", ["stats", "forecast", "simulate"])
def test_every_line_fits_the_terminal(
    made: Runner, command: str, columns: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    out = made(command).out
    assert out.count("\n") > 5
    assert max(map(len, out.splitlines())) <= columns
    assert "\x1b" not in out
    assert "…" not in "".join(line for line in out.splitlines() if "forward" not in line)  # no number is cut


def test_a_terminal_of_endless_width_is_treated_as_a_wide_one(made: Runner, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "999999999")
    assert max(map(len, made("stats").out.splitlines())) <= 1000


def test_an_empty_collection_has_nothing_to_count(cli: Runner) -> None:
    assert cli("forecast", "--json").json == {"overdue": 0, "days": [], "speed_assumed": False}


def test_cards_that_are_all_in_their_first_steps_are_counted(cli: Runner) -> None:
    (cli.root / "deck.md").write_text("Q: a\nA: b\n")
    assert cli("answer", "deck.md:1", "again").code == 0
    out = cli("stats").out
    assert "Stability" in out
    assert "Interval" not in out


@pytest.mark.parametrize("command", ["stats", "forecast", "simulate --days 30", "readiness"])
def test_one_run_can_print_json_and_write_a_page(made: Runner, command: str) -> None:
    if command == "readiness":
        made.write("flashcards.toml", f"deadline = {(datetime.now(UTC) + timedelta(days=40)).date()}\n")
    found = made(*command.split(), "--json", "--html", "page.html")
    assert found.json
    assert found.err == "Wrote page.html. Open it in a browser.\n"
    assert Path("page.html").read_text().startswith("<!doctype html>")


def test_a_query_narrows_the_count(made: Runner) -> None:
    assert sum(made("stats", "question", "1", "--json").json["states"].values()) == 1
    assert sum(made("stats", "--json").json["states"].values()) == 3


def test_all_looks_back_to_the_first_review(made: Runner) -> None:
    assert len(made("stats", "--all", "--json").json["days"]) == 11
    assert len(made("stats", "--days", "3", "--json").json["days"]) == 3
    assert len(made("stats", "--json").json["days"]) == 365


def test_a_simulation_has_the_same_results_in_every_form(cli: Runner) -> None:
    collection_of(cli.root, 60).close()
    record = cli("simulate", "--days", "20", "--retention", "0.8", "--retention", "0.9", "--json").json
    assert list(record) == ["days", "present", "sampled", "retentions", "speed_assumed"]
    assert [each["retention"] for each in record["retentions"]] == [0.8, 0.9]
    assert list(record["retentions"][0]) == [
        *("retention", "reviews", "minutes_a_day", "minutes_a_day_at_the_end", "new", "known", "minutes_by_month"),
    ]
    out = cli("simulate", "--days", "20").out
    assert "*90%" in out
    assert "Fewest minutes for each card known" in out
    cli("simulate", "--days", "20", "--html", "page.html")
    assert (cli.root / "page.html").read_text(encoding="utf-8").count("<svg") == 2


REPORTS = [("stats",), ("forecast",), ("simulate",), ("readiness", "--on", "tomorrow")]


@pytest.mark.parametrize("command", REPORTS)
def test_an_empty_collection_has_nothing_to_report(cli: Runner, command: tuple[str, ...]) -> None:
    assert cli(*command).out == f"{NO_CARDS}\n"


@pytest.mark.parametrize("command", REPORTS)
def test_a_report_on_no_card_says_so(made: Runner, command: tuple[str, ...]) -> None:
    assert made(*command, "tag:none-such").out == "No card matches. `flashcards list` shows all cards.\n"


@pytest.mark.parametrize("command", ["stats", "forecast"])
def test_a_page_never_takes_the_place_of_another_file(made: Runner, command: str) -> None:
    page = made.root / "page.html"
    page.write_text("<p>mine</p>")
    assert "was not written by flashcards" in made.fails(command, "--html", str(page))
    assert page.read_text() == "<p>mine</p>"
    page.unlink()
    made(command, "--html", str(page))
    made(command, "--html", str(page))
    assert "must end with .html" in made.fails(command, "--html", "page.txt")


@pytest.mark.slow
@pytest.mark.skipif(CHROMIUM is None, reason="needs chromium")
@pytest.mark.parametrize("command", ["stats", "forecast"])
def test_in_a_browser_the_page_draws_its_plots_and_asks_for_nothing(made: Runner, command: str) -> None:
    page = made.root / "page.html"
    made(command, "--html", str(page))
    dom, requests = opened(page)
    assert dom.count("<svg") >= (8 if command == "stats" else 2)
    assert requests == []


PAGES = {
    "stats": ["stats"],
    "forecast": ["forecast"],
    "simulate": ["simulate", "--days", "60"],
    "readiness": ["readiness", "--on", str(date.today() + timedelta(days=20))],  # noqa: DTZ011 - any day ahead will do
}


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with Browser() as browser:
        yield browser


@pytest.mark.slow
@pytest.mark.skipif(CHROMIUM is None, reason="needs chromium")
@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("name", PAGES)
def test_a_page_fits_every_window_and_follows_the_colours_of_the_system(
    made: Runner, browser: Browser, name: str, dark: bool
) -> None:
    long = "A::deck-with-a-name-that-is-much-longer-than-a-narrow-window::and-another-one-below-it"
    made.write("long.md", f"---\ndeck: {long}\n---\nQ: {'unbreakable' * 20}\nA: b\n")
    made("answer", "long.md:4", "again")
    made(*PAGES[name], "--html", "page.html")
    for width in (320, 400, 1200):
        seen = browser.look(made.root / "page.html", width, dark=dark)
        assert seen.complaints == []
        assert seen.width <= width, "nothing is to be scrolled sideways but plots and tables"
        assert (brightness(seen.background) < brightness(seen.colour)) is dark


def brightness(colour: str) -> int:
    """Of `rgb(22, 22, 21)`."""
    return sum(map(int, re.findall(r"\d+", colour)))


@pytest.mark.slow
@pytest.mark.skipif(CHROMIUM is None, reason="needs chromium")
def test_the_browser_tests_notice_errors_and_pages_that_are_too_wide(tmp_path: Path, browser: Browser) -> None:
    page = tmp_path / "page.html"
    page.write_text("<p style='width: 900px'>x</p><script>console.error('no'); throw 1</script><img src='gone.png'>")
    seen = browser.look(page, 400, dark=True)
    assert "no" in seen.complaints
    assert len(seen.complaints) == 3
    assert seen.width > 400
    assert brightness(seen.colour) == 0, "a page of one scheme only stays light"


@pytest.mark.slow
@pytest.mark.skipif(CHROMIUM is None, reason="needs chromium")
def test_a_page_that_asks_for_something_would_be_noticed(tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    page.write_text('<p>x</p><img src="http://127.0.0.1:9/x.png">')
    assert any("127.0.0.1:9" in url for url in opened(page)[1])


def opened(page: Path) -> tuple[str, list[str]]:
    """The document that Chromium makes of a page, and the addresses outside the page that it asked for."""
    assert CHROMIUM
    with TemporaryDirectory(prefix="flashcards-chromium-", ignore_cleanup_errors=True) as folder:
        log = Path(folder) / "net.json"
        done = subprocess.run(
            [
                *(CHROMIUM, "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-sync"),
                *("--disable-background-networking", "--disable-component-update", "--virtual-time-budget=2000"),
                *(f"--user-data-dir={folder}", f"--log-net-log={log}", "--dump-dom", page.as_uri()),
            ],
            capture_output=True,
            text=True,
            check=True,
            timeout=120,
        )
        text = log.read_text(encoding="utf-8", errors="replace")
    return done.stdout, _addresses(text)


_ERRANDS = frozenset(
    f"{name}.google.com" for name in ("accounts", "clients1", "clients2", "clients4", "android.clients", "mtalk", "www")
) | frozenset(
    f"{name}.googleapis.com"
    for name in ("update", "safebrowsing", "optimizationguide-pa", "content-autofill", "chromewebstore")
)
"""Hosts that the browser asks by itself at its start, whatever page it shows."""


def _addresses(text: str) -> list[str]:
    """The addresses that a net log says were asked for; the browser's own errands left out."""
    try:
        events = json.loads(text)["events"]
    except ValueError:  # cut off when the browser ended
        events = json.loads(text.rstrip().rstrip(",") + "]}")["events"]
    urls = {event.get("params", {}).get("url", "") for event in events if isinstance(event.get("params"), dict)}
    asked = {url for url in urls if urlsplit(url).scheme in ("http", "https", "ws", "wss")}
    return sorted(url for url in asked if urlsplit(url).hostname not in _ERRANDS)


def test_requests_of_pages_are_distinguished_from_those_of_the_browser() -> None:
    urls = ["https://fonts.googleapis.com/css", "https://evil.example/a.js?x=chrome", "https://accounts.google.com/x"]
    text = json.dumps({"events": [{"params": {"url": url}} for url in urls]})
    assert _addresses(text) == ["https://evil.example/a.js?x=chrome", "https://fonts.googleapis.com/css"]


@pytest.mark.parametrize("arguments", [["simulate"], ["readiness", "--on", "2030-01-01"]])
def test_without_cards_programs_get_the_same_shape_with_nothing_in_it(cli: Runner, arguments: list[str]) -> None:
    empty = cli(*arguments, "--json").json
    small(cli.root).close()
    assert list(empty) == list(cli(*arguments, "--json").json)


def test_a_retention_must_be_a_number(cli: Runner) -> None:
    assert "is not a number" in cli.fails("simulate", "--retention", "nan")


def test_a_page_that_cannot_be_written_is_named_as_it_was_asked_for(made: Runner) -> None:
    said = made.fails("stats", "--html", "nowhere/page.html", code=1)
    assert "nowhere/page.html" in said
    assert ".page.html" not in said


def test_check_reports_settings_of_missing_decks_and_unused_keys(made: Runner) -> None:
    made.write("flashcards.toml", '[decks."dekc"]\nfuzz = false\n[keys]\nundu = "z"\n')
    said = made("check", code=1).out
    assert "flashcards.toml:1: There is no deck `dekc`. Did you mean `deck`?" in said
    assert "flashcards.toml:4: " in said
    assert "`undu`" in said
