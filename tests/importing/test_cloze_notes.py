"""Cloze notes keep every card, whatever stands in their gaps."""

from __future__ import annotations

from pathlib import Path

import pytest

from flashcards.collection import Collection
from tests.importing.home import Home
from tests.importing.packages import CLOZE, Made, studied, write_package


@pytest.fixture
def package(tmp_path: Path) -> Path:
    return tmp_path / "x.apkg"


def cloze(text: str, extra: str = "", ords: tuple[int, ...] = (0,)) -> Made:
    """A cloze whose first card was reviewed three times."""
    note = studied(3)
    return Made(
        [text, extra], type=CLOZE, cards={ords[0]: note.cards[0], **{each: {} for each in ords[1:]}}, log=note.log
    )


def slots(home: Home) -> list[tuple[str, int]]:
    """The cards here and the number of reviews of each."""
    with Collection(home.root) as collection:
        return collection.connection.execute("SELECT slot, reps FROM cards WHERE active = 1 ORDER BY slot").fetchall()


def test_cards_whose_gaps_left_the_text_ask_one_at_its_end(home: Home, package: Path) -> None:
    report = home.import_file(write_package(package, [cloze("Paris is here", ords=(0, 1))]))
    assert home.read("Deck.md") == "C: Paris is here\n\n{{c1,2::—}}\n"
    assert slots(home) == [("c1", 3), ("c2", 0)]
    assert report.reviews == 3
    assert [remark.message for remark in report.remarks] == [
        "1 note: a card of it has no gap in its text and now asks one at its end."
    ]
    assert not home.import_file(package).changes_anything


def test_what_only_the_back_shows_is_what_a_card_without_a_gap_asks(home: Home, package: Path) -> None:
    home.import_file(write_package(package, [cloze("{{c1::Paris}} is here", "notes", ords=(0, 2))]))
    assert home.read("Deck.md") == "C: {{c1::Paris}} is here\n\n{{c1,3::notes}}\n"
    assert slots(home) == [("c1", 3), ("c3", 0)]


@pytest.mark.parametrize("number", [500, 501, 999])
def test_a_gap_of_the_highest_number_keeps_its_card(home: Home, package: Path, number: int) -> None:
    home.import_file(write_package(package, [cloze(f"a {{{{c{number}::b}}}}", ords=(499,))]))
    assert home.read("Deck.md") == "C: a {{c499::b}}\n"
    assert slots(home) == [("c499", 3)]
