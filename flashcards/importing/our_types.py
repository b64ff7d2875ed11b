"""Which note types of a package are those that our own packages bring to Anki, by whatever name."""

from __future__ import annotations

from functools import cache
from typing import Final

from flashcards.anki.model import BASIC, CLOZE
from flashcards.anki.notetypes import note_type
from flashcards.importing import model

_NAMES: Final = {BASIC: ("Flashcards Basic", "Flashcards Typed"), CLOZE: ("Flashcards Cloze",)}
_NEEDED: Final = {BASIC: ("Front", "Back", "Reverse", "Source"), CLOZE: ("Text", "Source")}


def is_ours(kind: model.NoteType) -> bool:
    """Whether a note type is ours: by its id, its name, or all of its fields, as a copy in Anki has only these.

    A type without the fields that we read is none of ours, whatever else it has.
    """
    family = CLOZE if kind.kind == model.CLOZE else BASIC
    if not set(_NEEDED[family]) <= set(kind.fields):
        return False
    number, fields = _identity(family)
    return kind.id == number or kind.name.startswith(_NAMES[family]) or kind.fields[: len(fields)] == fields


@cache
def _identity(family: str) -> tuple[int, tuple[str, ...]]:
    made = note_type(family)
    return made.model_id, tuple(field["name"] for field in made.fields)
