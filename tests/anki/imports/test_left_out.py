"""What of a package has no place here is said."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.anki.imports.home import Home
from tests.anki.imports.packages import BASIC, Made, note_type, studied, write_package


@pytest.fixture
def package(tmp_path: Path) -> Path:
    return tmp_path / "x.apkg"


TYPE = note_type(
    "Own",
    0,
    ["Q", "A", "Flag", "Example", "Only", "Neg"],
    ("{{Q}}{{#Only}} (has it){{/Only}}", "{{FrontSide}}<hr id=answer>{{A}}{{^Neg}}none{{/Neg}}"),
    ("{{#Flag}}{{Q}}?{{/Flag}}", "{{Example}}"),
)


def remarks(home: Home, package: Path, *notes: Made) -> list[str]:
    report = home.import_file(write_package(package, notes, types={1: TYPE}))
    return [remark.message for remark in report.remarks]


def test_a_field_shown_only_on_a_card_that_the_note_lacks_is_reported(home: Home, package: Path) -> None:
    with_card = Made(["q", "a", "y", "shown", "", ""], cards={0: {}, 1: {}})
    without = Made(["q2", "a", "", "a precious sentence", "", ""])
    assert remarks(home, package, with_card, without) == [
        "The field `Example` is not shown on any card of 1 note that fills it in; it was left out."
    ]


def test_a_text_used_only_in_conditions_is_reported_unless_it_is_a_switch(home: Home, package: Path) -> None:
    switched = Made(["q", "a", "", "", "y", "yes"])
    texts = Made(["q2", "a", "", "", "a longer text", "<b>x</b>"])
    assert remarks(home, package, switched, texts) == [
        "The field `Only` is not shown on any card of 1 note that fills it in; it was left out.",
        "The field `Neg` is not shown on any card of 1 note that fills it in; it was left out.",
    ]


def test_cards_without_a_template_are_reported_with_their_reviews(home: Home, package: Path) -> None:
    note = studied(3)
    note.cards = {99: dict(note.cards[0])}
    report = home.import_file(write_package(package, [note, Made(["c", "d"], cards={0: {}, 7: {}})]))
    assert home.read("Deck.md") == "Q: c\nA: d\n"
    assert [tuple(remark) for remark in report.remarks] == [
        ("Basic", "2 cards without a template left out, with 3 reviews; 1 note without any other card left out.")
    ]
    assert note.type == BASIC


def test_pictures_that_anki_makes_of_latex_are_not_reported_as_unused(home: Home, package: Path) -> None:
    made = {f"latex-{'0f' * 20}.png": b"1", f"latex-{'a1' * 20}.svg": b"2"}
    assert home.import_file(write_package(package, [Made(["a", "b"])], media=made)).remarks == []


def test_media_that_a_package_lacks_are_reported_together(home: Home, package: Path) -> None:
    report = home.import_file(write_package(package, [Made([f'<img src="{n}.png">', "b"]) for n in range(1, 8)]))
    assert [remark.message for remark in report.remarks] == [
        "7 media files are missing from the package: `1.png`, `2.png`, `3.png`, `4.png`, `5.png`, …."
    ]
