"""What of a card's two sides is its question, and what its answer."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.anki.imports.home import Home
from tests.anki.imports.packages import Made, note_type, write_package


@pytest.fixture
def package(tmp_path: Path) -> Path:
    return tmp_path / "x.apkg"


def imported(home: Home, package: Path, front: str, back: str, fields: list[str], *, kind: int = 0) -> str:
    made = note_type("Own", kind, ["Front", "Back"], (front, back))
    home.import_file(write_package(package, [Made(fields, type=9)], types={9: made}))
    return home.read("Deck.md")


@pytest.mark.parametrize(
    ("front", "back"),
    [("inter", "international"), ("2", "2024 was the year"), ("gato", "gato"), ("un", "un \ue010 do")],
)
def test_an_answer_that_begins_like_the_question_is_whole(home: Home, package: Path, front: str, back: str) -> None:
    assert imported(home, package, "{{Front}}", "{{Back}}", [front, back]) == f"Q: {front}\nA: {back}\n"


def test_text_above_the_answer_line_is_whole_too(home: Home, package: Path) -> None:
    assert imported(home, package, "{{Front}}", "{{Back}}<hr id=answer>more", ["un", "undo"]) == (
        "Q: un\nA: undo\\\nmore\n"
    )


@pytest.mark.parametrize(
    ("front", "back"),
    [
        ("{{Front}}", "{{Front}}<br>{{Back}}"),
        ("{{Front}}", "{{FrontSide}}<br>{{Back}}"),
        ("{{Front}}\n", "\n{{Front}}\n<hr id=answer>\n{{Back}}"),
        ("<h1>{{Front}}</h1>\n", "<h1>{{Front}}</h1>{{Back}}"),
        ("{{#Front}}<p>{{Front}}</p>{{/Front}} Say: ", "{{#Front}}<p>{{Front}}</p>{{/Front}} Say: {{Back}}"),
    ],
)
def test_an_answer_does_not_repeat_the_front_that_its_template_repeats(
    home: Home, package: Path, front: str, back: str
) -> None:
    assert imported(home, package, front, back, ["un", "undo"]).endswith("\nA: undo\n")


def test_a_template_that_continues_within_a_word_keeps_the_whole_back(home: Home, package: Path) -> None:
    assert imported(home, package, "{{Front}} un", "{{Front}} undo", ["a", "b"]) == "Q: a un\nA: a undo\n"


@pytest.mark.parametrize("back", ["{{Front}}{{type:Back}}", "{{Front}}\n<hr id=answer>\n{{type:Back}}"])
def test_an_answer_to_type_stays_where_the_back_begins_like_the_front(home: Home, package: Path, back: str) -> None:
    assert imported(home, package, "{{Front}}\n{{type:Back}}", back, ["a", "b"]) == "Q: a\nA: b\n<!-- type -->\n"


def test_the_back_of_a_cloze_is_complete_without_the_repeated_front(home: Home, package: Path) -> None:
    front, back = "Fill: {{cloze:Front}}", "Fill: {{cloze:Front}} {{Back}}"
    assert imported(home, package, front, back, ["{{c1::x}}", "Fill: me"], kind=1) == (
        "C: Fill: {{c1::x}}\n\n{{c1::Fill: me}}\n"
    )
