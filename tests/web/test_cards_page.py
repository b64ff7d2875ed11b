"""Decks, search, reading and single cards, as pages."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from scheduler import Rating
from tests.review.small_collections import DECK, questions, ratings, write
from tests.web.visitor import Visitor, served


@pytest.fixture
def visitor(tmp_path: Path) -> Iterator[Visitor]:
    write(tmp_path, a=DECK, b=f"---\ndeck: other deck\n---\n{questions(3)}")
    with served(tmp_path) as found:
        found.open()
        yield found


def card_of(visitor: Visitor, words: str) -> str:
    """The number of the first card that a search finds."""
    found = re.search(r'href="/card/(\d+)"', visitor.get(f"/search?q={words}").text)
    assert found
    return found[1]


def test_the_due_counts_of_decks_include_their_subdecks(visitor: Visitor) -> None:
    words = visitor.get("/").words
    assert "6 cards to review today" in words  # one of the two cards of a term waits for its sibling
    assert "Neuro 3 0 0" in words
    assert "Synapses 3 0 0" in words
    assert "other deck 3 0 0" in words


def test_a_deck_can_be_begun(visitor: Visitor) -> None:
    page = visitor.post("/start", {"deck": "other deck"})
    assert "Question 1?" in page.words
    assert 'max="3"' in page.text


def test_a_deck_contains_its_subdecks(visitor: Visitor) -> None:
    assert 'max="3"' in visitor.post("/start", {"deck": "Neuro"}).text


@pytest.mark.parametrize(
    ("fields", "cards"),
    [
        ({"query": "deck:other*", "mode": "cram"}, 3),
        ({"query": "", "limit": "2"}, 2),
        ({"query": "tag:exam", "mode": "backlog"}, 0),
        ({"query": "", "mode": "ahead", "days": "30"}, 6),
        ({"query": "", "new": "1"}, 1),
    ],
)
def test_a_review_begins_with_the_options_of_the_form(visitor: Visitor, fields: dict[str, str], cards: int) -> None:
    page = visitor.post("/start", fields)
    assert (f'max="{cards}"' in page.text) if cards else "Nothing is due" in page.words


def test_a_query_that_finds_nothing_is_reported(visitor: Visitor) -> None:
    page = visitor.post("/start", {"query": "tag:nothing"})
    assert page.status == 409
    assert "No card matches" in page.words


def test_cramming_leaves_the_schedule(visitor: Visitor, tmp_path: Path) -> None:
    page = visitor.post("/start", {"deck": "other deck", "mode": "cram"})
    assert "Cramming: the schedule does not change." in page.words
    visitor.press(visitor.press(page, "show"), "good")
    assert ratings(tmp_path) == [Rating.GOOD]
    assert "3" in visitor.get("/").words.partition("other deck")[2]


def test_a_search_lists_cards_with_deck_and_state(visitor: Visitor) -> None:
    words = visitor.get("/search?q=tag:exam").words
    assert "4 cards" in words
    assert "What do vesicles store?" in words
    assert "Neuro::Synapses · new" in words


def test_a_query_that_cannot_be_read_is_explained(visitor: Visitor) -> None:
    page = visitor.get("/search?q=is:")
    assert page.status == 400
    assert "needs a value" in page.words


def test_long_lists_come_in_parts(tmp_path: Path) -> None:
    write(tmp_path, a=questions(120))
    with served(tmp_path) as visitor:
        visitor.open()
        first, last = visitor.get("/search?q="), visitor.get("/search?q=&page=3")
        assert "120 cards" in first.words
        assert "Question 50?" in first.words
        assert "Question 51?" not in first.words
        assert "Question 120?" in last.words
        assert "Question 101?" in visitor.get("/deck?name=a&page=3").words


def test_a_deck_is_read_as_a_page_with_its_answers(visitor: Visitor) -> None:
    page = visitor.get("/deck?name=Neuro::Synapses")
    for text in ("What do vesicles store?", "Neurotransmitters", "agonist", "A ligand that"):
        assert text in page.words
    assert '<mark class="gap">Broca' in page.text


def test_a_deck_that_does_not_exist_is_reported(visitor: Visitor) -> None:
    assert visitor.get("/deck?name=nothing").status == 404


def test_a_card_shows_both_sides_its_schedule_and_its_history(visitor: Visitor) -> None:
    card = card_of(visitor, "vesicles")
    visitor.press(visitor.press(visitor.get("/review"), "show"), "easy")
    words = visitor.get(f"/card/{card}").words
    for text in ("What do vesicles store?", "Neurotransmitters", "a.md:7", "State review", "Easy, next in"):
        assert text in words


def test_the_details_of_a_card_are_shown_without_its_answer(visitor: Visitor) -> None:
    page = visitor.get(f"/info/{card_of(visitor, 'vesicles')}")
    assert "a.md:7" in page.words
    assert "Neurotransmitters" not in page.text


@pytest.mark.parametrize(
    "path", ["/card/1", "/card/99999999999999999999999", "/card/x", "/info/1", "/edit/1", "/nothing"]
)
def test_a_card_that_does_not_exist_is_reported(visitor: Visitor, path: str) -> None:
    page = visitor.get(path)
    assert page.status in (404, 409)
    assert "did not work" in page.words


def test_a_place_leads_to_its_card_which_follows_the_file(visitor: Visitor, tmp_path: Path) -> None:
    page = visitor.get("/preview?at=a.md:7")
    assert "data-follow" in page.text
    assert "What do vesicles store?" in page.words
    assert "There is no card" in visitor.get("/preview?at=a.md:1").words
    card = card_of(visitor, "vesicles")
    write(tmp_path, a=DECK.replace("vesicles store", "vesicles hold inside"))
    assert "What do vesicles hold inside?" in visitor.get(f"/card/{card}?follow").words


def test_the_settings_of_a_device_stay_on_it(visitor: Visitor) -> None:
    assert 'data-sound="on" data-voice="off"' in visitor.get("/settings").text
    page = visitor.request("POST", "/settings", "voice=on", follow=False)
    cookies = [value for name, value in page.pairs if name == "set-cookie"]
    assert all("SameSite=strict" in cookie and "HttpOnly" in cookie for cookie in cookies)
    visitor.cookie += "".join(f"; {cookie.partition(';')[0]}" for cookie in cookies)
    assert 'data-sound="off" data-voice="on"' in visitor.get("/settings").text
    visitor.cookie += "; flashcards-sound=<script>"
    assert "<script>" not in visitor.get("/settings").text
