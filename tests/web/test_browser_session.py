"""A thousand ratings from two tabs at the same time: each that a tab was told of is in the log once."""

from __future__ import annotations

import threading
from collections import Counter
from pathlib import Path
from urllib.parse import urlencode

import pytest

from flashcards.web.review_pages import LATE
from scheduler import Rating
from tests.review.small_collections import questions, ratings, write
from tests.web.visitor import Visitor, served

pytestmark = pytest.mark.slow

CARDS = 1000
SETTINGS = f"new_per_day = {CARDS}\nreviews_per_day = {CARDS}\nlearning_steps = ''\n"


def rate_until_the_end(visitor: Visitor, rating: str, rated: list[str]) -> None:
    """Rate what is shown, each press sent twice as by a double tap; note the cards whose rating was taken."""
    page = visitor.get("/review")
    while "stamp" in page.text and "<h1>Done" not in page.text:
        visitor.request("POST", "/review", urlencode({"stamp": page.stamp, "do": "show"}), follow=False)
        body = urlencode({"stamp": page.stamp, "do": rating})
        answers = [visitor.request("POST", "/review", body, follow=False) for _ in range(2)]
        if LATE not in answers[0].headers["location"]:
            rated.append(page.stamp)
        page = visitor.get("/review")


def test_no_rating_of_a_thousand_from_two_tabs_is_lost_or_doubled(tmp_path: Path) -> None:
    write(tmp_path, a=questions(CARDS))
    (tmp_path / "flashcards.toml").write_text(SETTINGS, encoding="utf-8")
    rated: dict[str, list[str]] = {"good": [], "easy": []}
    with served(tmp_path) as first:
        first.open()
        second = Visitor(first.address)
        second.cookie = first.cookie
        tabs = [
            threading.Thread(target=rate_until_the_end, args=(tab, name, rated[name]))
            for tab, name in zip((first, second), rated, strict=True)
        ]
        for tab in tabs:
            tab.start()
        for tab in tabs:
            tab.join(600)
    found = Counter(ratings(tmp_path))
    assert found == {Rating.GOOD: len(rated["good"]), Rating.EASY: len(rated["easy"])}
    assert sum(found.values()) == CARDS
    assert min(found.values()) > 0  # both tabs took part
