"""Encode notes for the catalog as JSON; decode notes, problems and settings.

The functions raise `json.JSONDecodeError` for text that this program did not write, which means damage.
"""

from __future__ import annotations

import json
from typing import Any, Final

import orjson

from flashcards.deck.model import Gap, Kind, Note, Problem

_OTHER_SHAPE = (AttributeError, KeyError, TypeError, ValueError)
_KINDS = {kind.value: kind for kind in Kind}
_OPTIONAL = ("breadcrumb", "tags", "pin", "typed", "points", "definitions", "say")


def encode(note: Note) -> str:
    """Encode `note` without its lines, which change more often and have their own columns."""
    data: dict[str, Any] = {"kind": note.kind, "fields": note.fields, "slots": note.slots}
    if note.gaps:
        data["gaps"] = [
            (gap.numbers, gap.start, gap.end, gap.inner_start, gap.inner_end, gap.hint, *filter(None, [gap.hidden]))
            for gap in note.gaps
        ]
    for name in _OPTIONAL:
        if value := getattr(note, name):
            data[name] = value
    return orjson.dumps(data).decode()


_NEEDED: Final = 3  # the kind, the fields and the slots; most notes have only these


def decode(text: str, line: int, end_line: int) -> Note:
    """Decode a note written by `encode`."""
    data = orjson.loads(text)
    try:
        kind, fields, slots = _KINDS[data["kind"]], tuple(data["fields"]), tuple(data["slots"])
        "".join((*fields, *slots))  # a TypeError for what is no text
        if len(data) == _NEEDED:
            return Note(kind, line, end_line, fields, slots)
        find = data.get
        gaps = find("gaps", ())
        if gaps:
            gaps = [Gap(tuple(numbers), *rest[:5], *map(tuple, rest[5:])) for numbers, *rest in gaps]
        return Note(
            kind,
            line,
            end_line,
            fields,
            slots,
            tuple(gaps),
            tuple(find("breadcrumb", ())),
            tuple(find("tags", ())),
            find("pin", ""),
            find("typed", False),
            tuple(find("points", ())),
            find("definitions", ""),
            say=tuple(find("say", ())),
        )
    except _OTHER_SHAPE as error:
        raise json.JSONDecodeError("It is not a note", text, 0) from error


def decode_problems(text: str) -> list[Problem]:
    """Decode the problems of a file."""
    try:
        return [Problem(*problem) for problem in json.loads(text)]
    except TypeError as error:
        raise json.JSONDecodeError("It holds no problems", text, 0) from error


def decode_settings(text: str) -> tuple[str, dict[str, Any]]:
    """Decode the deck and the front matter of a file."""
    data = json.loads(text)
    try:
        return data["deck"], dict(data["values"])
    except _OTHER_SHAPE as error:
        raise json.JSONDecodeError("It holds no settings", text, 0) from error
