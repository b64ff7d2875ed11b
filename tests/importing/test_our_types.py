"""A note type that went from here to Anki is known by whatever name it has there; others are not taken for it."""

from __future__ import annotations

import pytest

from flashcards.anki.model import BASIC, CLOZE
from flashcards.anki.notetypes import note_type
from flashcards.importing import model
from flashcards.importing.our_types import is_ours

OURS = {
    family: model.NoteType(
        note_type(family).model_id,
        note_type(family).name,
        model.CLOZE if family == CLOZE else model.STANDARD,
        tuple(field["name"] for field in note_type(family).fields),
        (),
    )
    for family in (BASIC, CLOZE)
}


def like(family: str, **values: object) -> model.NoteType:
    ours = OURS[family]
    given = {"id": ours.id, "name": ours.name, "kind": ours.kind, "fields": ours.fields} | values
    return model.NoteType(**given, templates=())  # type: ignore[arg-type]


@pytest.mark.parametrize("family", [BASIC, CLOZE])
def test_a_type_of_ours_is_known_when_it_was_renamed_copied_or_given_a_field(family: str) -> None:
    more = (*OURS[family].fields, "Mine")
    assert is_ours(OURS[family])
    assert is_ours(like(family, name="Renamed"))
    assert is_ours(like(family, name="Renamed", fields=more))
    assert is_ours(like(family, id=5, name="A copy"))
    assert is_ours(like(family, id=5, fields=more))


@pytest.mark.parametrize(
    ("name", "kind", "fields"),
    [
        ("Basic", model.STANDARD, ("Front", "Back")),
        ("Basic", model.STANDARD, ("Front", "Back", "Reverse", "Source")),
        ("Cloze", model.CLOZE, ("Text", "Source")),
        ("Cloze", model.STANDARD, ("Text", "Typed", "Source")),
        ("Flashcards Basic", model.STANDARD, ("Question", "Back", "Reverse", "Source")),
        ("Flashcards Cloze", model.STANDARD, ("Text", "Typed", "Source")),
    ],
)
def test_a_type_that_only_looks_like_ours_is_none(name: str, kind: int, fields: tuple[str, ...]) -> None:
    assert not is_ours(model.NoteType(5, name, kind, fields, ()))
