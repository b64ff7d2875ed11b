"""A note type that went from here to Anki is known by whatever name it has there; others are not taken for it."""

from __future__ import annotations

from pathlib import Path

import pytest

from flashcards.anki.package import model
from flashcards.anki.package.model import BASIC, CLOZE
from flashcards.anki.package.notetypes import is_ours, make_note_type
from tests.anki.imports.home import Home
from tests.anki.imports.packages import Made, note_type, write_package

OURS = {
    family: model.AnkiNoteType(
        make_note_type(family).model_id,
        make_note_type(family).name,
        family == CLOZE,
        tuple(field["name"] for field in make_note_type(family).fields),
        (),
    )
    for family in (BASIC, CLOZE)
}


def like(family: str, **values: object) -> model.AnkiNoteType:
    ours = OURS[family]
    given = {"id": ours.id, "name": ours.name, "is_cloze": ours.is_cloze, "fields": ours.fields} | values
    return model.AnkiNoteType(**given, templates=())  # type: ignore[arg-type]


@pytest.mark.parametrize("family", [BASIC, CLOZE])
def test_our_note_type_is_recognized_when_renamed_copied_or_given_a_field(family: str) -> None:
    more = (*OURS[family].fields, "Mine")
    assert is_ours(OURS[family])
    assert is_ours(like(family, name="Renamed"))
    assert is_ours(like(family, name="Renamed", fields=more))
    assert is_ours(like(family, id=5, name="A copy"))
    assert is_ours(like(family, id=5, fields=more))


@pytest.mark.parametrize(
    ("name", "is_cloze", "fields"),
    [
        ("Basic", False, ("Front", "Back")),
        ("Basic", False, ("Front", "Back", "Reverse", "Source")),
        ("Cloze", True, ("Text", "Source")),
        ("Cloze", False, ("Text", "Typed", "Source")),
        ("Flashcards Basic", False, ("Question", "Back", "Reverse", "Source")),
        ("Flashcards Cloze", False, ("Text", "Typed", "Source")),
    ],
)
def test_a_type_that_only_looks_like_ours_is_not_ours(name: str, is_cloze: bool, fields: tuple[str, ...]) -> None:
    assert not is_ours(model.AnkiNoteType(5, name, is_cloze, fields, ()))


def test_a_note_whose_answer_was_emptied_in_anki_is_reported(home: Home, tmp_path: Path) -> None:
    fields = ["Front", "Back", "Reverse", "Source"]
    types = {9: note_type("Flashcards Basic", 0, fields, ("{{Front}}", "{{Back}}"))}
    report = home.import_file(write_package(tmp_path / "x.apkg", [Made(["a", "", "", ""], type=9)], types=types))
    assert [remark.message for remark in report.remarks] == ["1 note: it has no answer."]
    assert home.read("Deck.md") == "Q: a\nA: \N{EM DASH}\n"
