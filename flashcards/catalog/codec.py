"""Notes as JSON text, for the catalog."""

from __future__ import annotations

from typing import Any

import orjson

from flashcards.deck.model import Gap, Kind, Note

_KINDS = {kind.value: kind for kind in Kind}
_OPTIONAL = ("breadcrumb", "tags", "pin", "typed", "points", "definitions")


def encode(note: Note) -> str:
    """`note` without its lines, which change more often than the rest and have columns of their own."""
    data: dict[str, Any] = {"kind": note.kind.value, "fields": note.fields, "slots": note.slots}
    if note.gaps:
        data["gaps"] = [
            (gap.numbers, gap.start, gap.end, gap.inner_start, gap.inner_end, gap.hint) for gap in note.gaps
        ]
    for name in _OPTIONAL:
        if value := getattr(note, name):
            data[name] = value
    return orjson.dumps(data).decode()


def decode(text: str, line: int, end_line: int) -> Note:
    """The note that `encode` wrote."""
    data = orjson.loads(text)
    find = data.get
    return Note(
        kind=_KINDS[data["kind"]],
        line=line,
        end_line=end_line,
        fields=tuple(data["fields"]),
        slots=tuple(data["slots"]),
        gaps=tuple([Gap(tuple(numbers), *rest) for numbers, *rest in find("gaps", ())]),
        breadcrumb=tuple(find("breadcrumb", ())),
        tags=tuple(find("tags", ())),
        pin=find("pin", ""),
        typed=find("typed", False),
        points=tuple(find("points", ())),
        definitions=find("definitions", ""),
    )
