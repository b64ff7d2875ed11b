"""Statistics, forecast and readiness as pages: computed beside the reviews, with the figures of the commands."""

from __future__ import annotations

import gc
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from flashcards.cli import run
from flashcards.insight import forecast
from flashcards.web import report_pages
from tests.review.small_collections import questions, write
from tests.web.visitor import Page, Visitor, served

SOON = (datetime.now(tz=UTC) + timedelta(days=20)).date()


def wait_for(visitor: Visitor, path: str) -> Page:
    """Ask as the page does, until the report is there."""
    page = visitor.get(path)
    while "data-waits" in page.text:
        page = visitor.get(path)
    return page


def test_the_page_of_readiness_has_the_same_contents_as_the_command(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write(tmp_path, a=f"---\ndeadline: {SOON}\n---\n{questions(3)}")
    run(["-C", str(tmp_path), "readiness"])
    said = capsys.readouterr().out
    with served(tmp_path) as visitor:
        visitor.open()
        page = wait_for(visitor, "/readiness")
    assert page.status == 200
    assert f"Ready on {SOON}?" in page.words
    assert "3 of 3 cards were never seen" in page.words
    assert "3 of 3 cards were never seen" in " ".join(said.split())
    assert 'value="' + str(SOON) in page.text


def test_readiness_without_a_deadline_asks_for_the_day(tmp_path: Path) -> None:
    write(tmp_path, a=questions(3), b=questions(2, "Other"))
    with served(tmp_path) as visitor:
        visitor.open()
        page = visitor.get("/readiness")
        assert page.status == 200
        assert "Choose a day" in page.words
        assert 'type="date"' in page.text
        chosen = wait_for(visitor, f"/readiness?on={SOON}&q=deck:b")
    assert "2 of 2 cards" in chosen.words


@pytest.mark.parametrize("on", ["2001-01-01", "9999-12-31", "soon", "2026-02-30", "%C2%B2"])
def test_a_day_that_cannot_be_predicted_is_refused_in_the_form(tmp_path: Path, on: str) -> None:
    write(tmp_path, a=questions(3))
    with served(tmp_path) as visitor:
        visitor.open()
        page = visitor.request("GET", f"/readiness?on={on}")
    assert page.status == 400
    assert "Choose a day from tomorrow on" in page.words


@pytest.mark.parametrize("path", ["/statistics", "/forecast", f"/readiness?on={SOON}"])
def test_a_query_limits_a_report_and_a_wrong_one_is_explained(tmp_path: Path, path: str) -> None:
    write(tmp_path, a=questions(3), b=questions(2, "Other"))
    more = "&" if "?" in path else "?"
    with served(tmp_path) as visitor:
        visitor.open()
        for query in ("is:", "deck:nowhere"):
            page = wait_for(visitor, f"{path}{more}q={query}")
            assert page.status == 400
            assert query in page.text
            assert 'role="alert"' in page.text
        assert wait_for(visitor, f"{path}{more}q=deck:a&days=7").status == 200


def test_a_collection_without_cards_is_reported_on_each_page(tmp_path: Path) -> None:
    with served(tmp_path) as visitor:
        visitor.open()
        for path in ("/forecast", f"/readiness?on={SOON}"):
            page = visitor.get(path)
            assert page.status == 404
            assert "There are no cards yet" in page.words


def test_a_wrong_query_is_not_an_error_in_the_log_of_the_server(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    write(tmp_path, a=questions(3))
    monkeypatch.setattr(report_pages, "_SOON", 0)  # the page asks again, and no longer waits for the first answer
    with served(tmp_path) as visitor:
        visitor.open()
        assert wait_for(visitor, "/statistics?q=is:").status == 400
        gc.collect()
        visitor.get("/")
    gc.collect()
    assert not caplog.records


def test_a_long_report_shows_its_progress_and_blocks_no_other_page(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path, a=questions(3))
    goes_on = threading.Event()
    build = forecast.build_forecast

    def build_slowly(collection, at_ms, days, only, step):  # type: ignore[no-untyped-def]
        step(1, 4)
        assert goes_on.wait(60)
        return build(collection, at_ms, days, only, step)

    monkeypatch.setattr(report_pages, "build_forecast", build_slowly)
    with served(tmp_path) as visitor:
        visitor.open()
        page = visitor.get("/forecast")
        while "max=" not in page.text:  # until the report has begun
            page = visitor.get("/forecast")
        assert 'max="4" value="1"' in page.text
        assert "data-follow" in page.text  # the script asks again, and without it the browser does
        assert 'http-equiv="refresh"' in page.text
        assert "Question 1?" in visitor.press(visitor.get("/review"), "show").text
        goes_on.set()
        assert "In numbers" in wait_for(visitor, "/forecast").text


def test_the_server_ends_while_a_report_is_computed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path, a=questions(3))
    begun = threading.Event()

    def build_for_ever(_collection, _at_ms, _days, _only, step):  # type: ignore[no-untyped-def]
        while True:
            step(1, 4)
            begun.set()

    monkeypatch.setattr(report_pages, "build_forecast", build_for_ever)
    with served(tmp_path) as visitor:
        visitor.open()
        visitor.get("/forecast")
        assert begun.wait(60)


def test_a_report_is_computed_once_more_after_a_rating(tmp_path: Path) -> None:
    write(tmp_path, a=questions(1))
    with served(tmp_path) as visitor:
        review = visitor.open()
        before = wait_for(visitor, "/statistics").words
        visitor.press(visitor.press(review, "show"), "good")
        assert wait_for(visitor, "/statistics").words != before
