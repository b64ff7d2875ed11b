"""The note types that our packages bring to Anki.

Their ids, the ids and names of their fields and templates, and the order of both may never change: Anki would take them
for other note types, or ask everyone for a full sync. What a card looks like may change; then raise `DESIGN_CHANGED`.

Two fields, empty or not, say whether the answer is typed and whether there is a reverse card. So a note keeps its note
type and its history in Anki when a person adds `type` or `reverse`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any, Final

import genanki  # type: ignore[import-untyped]

from flashcards.anki.package import model
from flashcards.anki.package.model import BASIC, CLOZE
from flashcards.render.code import read_code_css

DESIGN_CHANGED: Final = 1_795_996_800
"""Epoch seconds of the last change to templates or style; Anki accepts only a newer design."""

_TYPED = "{{#%(field)s}}<div class=typed>{{type:%(field)s}}</div>{{/%(field)s}}"
_SOURCE = "{{#Source}}<div class=source>{{Source}}</div>{{/Source}}"
_SOURCE_OF = "{{#%(asked)s}}" + _SOURCE + "{{/%(asked)s}}"  # the source alone makes no card for an empty question
# With a typed answer, `{{FrontSide}}` would show the comparison twice; otherwise it avoids playing the sound again.
_QUESTION_AGAIN = (
    "{{^%(typed)s}}{{FrontSide}}{{/%(typed)s}}"
    "{{#%(typed)s}}" + _SOURCE + '<div class=side dir="auto">{{%(asked)s}}</div>{{/%(typed)s}}'
)
_SIDE = '<div class=side dir="auto">{{%s}}</div>'


class NoteType(genanki.Model):  # type: ignore[misc]  # it has no types
    """A note type with its own date, so that an import leaves a person's changes to the design alone."""

    def to_json(self, timestamp: float, deck_id: int) -> dict[str, Any]:  # noqa: ARG002 - it has its own date
        """Return the note type in the form of Anki's schema 11, with its ids as numbers."""
        found: dict[str, Any] = super().to_json(DESIGN_CHANGED, deck_id)
        return found


def make_note_type(family: str) -> NoteType:
    """Make the note type of a family."""
    return _cloze() if family == CLOZE else _basic()


def _basic() -> NoteType:
    front, back = _sides("Back", "Front", "Reverse answer to type")
    return NoteType(
        1_767_225_600_001,
        "Flashcards Basic",
        fields=_fields(
            1_767_225_601_000, ("Front", "Back", "Reverse", "Answer to type", "Reverse answer to type", "Source")
        ),
        templates=[
            _template(1_767_225_602_001, "Forward", *_sides("Front", "Back", "Answer to type")),
            _template(1_767_225_602_002, "Reverse", "{{#Reverse}}" + front + "{{/Reverse}}", back),
        ],
        css=_css(),
    )


def _sides(asked: str, answer: str, typed: str) -> tuple[str, str]:
    names = {"asked": asked, "typed": typed, "field": typed}
    front = _SOURCE_OF % names + _SIDE % asked + _TYPED % names
    back = _QUESTION_AGAIN % names + "<hr id=answer>" + _TYPED % names + _SIDE % answer
    return front, back


def _cloze() -> NoteType:
    side = _SOURCE + _SIDE % "cloze:Text"
    typed = "{{#Typed}}<div class=typed>{{type:cloze:Text}}</div>{{/Typed}}"
    return NoteType(
        1_767_225_600_002,
        "Flashcards Cloze",
        fields=_fields(1_767_225_603_000, ("Text", "Typed", "Source")),
        templates=[_template(1_767_225_604_001, "Cloze", side + typed, side + typed)],
        css=_css(),
        model_type=genanki.Model.CLOZE,
    )


def _fields(first_id: int, names: Sequence[str]) -> list[dict[str, Any]]:
    return [{"name": name, "id": number, "font": "Arial"} for number, name in enumerate(names, start=first_id)]


def _template(number: int, name: str, front: str, back: str) -> dict[str, Any]:
    return {"name": name, "id": number, "qfmt": front, "afmt": back}


def _css() -> str:
    return Path(__file__).with_name("cards.css").read_text(encoding="utf-8") + _hiding_css() + read_code_css()


_HIDING: Final = 40  # cards of a note that can hide gaps, or the later parts of theirs


def _hiding_css() -> str:
    """Return the CSS rules that hide gaps on some cards, and all but the first `[…]` of a gap in several blocks."""
    later = ", ".join(f".card{number} .more{number} .cloze[data-cloze]" for number in range(1, _HIDING + 1))
    places = [f".card{number} .hide{number}" for number in range(1, _HIDING + 1)]
    hidden = "".join(
        f"{', '.join(f'{place}{suffix}' for place in places)} {{ {rule} }}\n"
        for suffix, rule in (
            ("", "font-size: 0;"),
            (" *", "display: none;"),
            ("::after", 'content: "\\2026"; font-size: 20px;'),
        )
    )
    return f"{hidden}{later} {{ display: none; }}\n"


_NAMES: Final = {BASIC: ("Flashcards Basic", "Flashcards Typed"), CLOZE: ("Flashcards Cloze",)}
_NEEDED: Final = {BASIC: ("Front", "Back", "Reverse", "Source"), CLOZE: ("Text", "Source")}


_FIELD: Final = re.compile(r"\{\{\s*([^{}]*?)\s*\}\}")


def shows_first_fields(kind: model.AnkiNoteType) -> bool:
    """Return whether the first card asks the first field and answers the second, as in Anki's own types."""
    if not kind.templates or len(kind.fields) < 2:
        return False
    first, second = kind.fields[:2]
    front, back = ([*_FIELD.findall(side)] for side in (kind.templates[0].front, kind.templates[0].back))
    asked, told = [first], [second]
    if kind.is_cloze:
        asked, told = [f"cloze:{first}"], [f"cloze:{first}", second]
        return front == asked and back == told
    answer = [field for field in back if field not in ("FrontSide", first)]
    return front in (asked, [first, f"type:{second}"]) and answer in (told, [f"type:{second}"])


def is_ours(kind: model.AnkiNoteType) -> bool:
    """Return whether a note type is ours: by its id, its name, or all of its fields.

    A copy in Anki has only its fields. A type without the fields that we read is not ours.
    """
    family = CLOZE if kind.is_cloze else BASIC
    if not set(_NEEDED[family]) <= set(kind.fields):
        return False
    number, fields = _identity(family)
    return kind.id == number or kind.name.startswith(_NAMES[family]) or kind.fields[: len(fields)] == fields


@cache
def _identity(family: str) -> tuple[int, tuple[str, ...]]:
    made = make_note_type(family)
    return made.model_id, tuple(field["name"] for field in made.fields)
