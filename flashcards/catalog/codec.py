"""Notes as JSON text, for the catalog."""

from __future__ import annotations

import json
from typing import Any

from flashcards.deck.model import Gap, Kind, Note

_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


def encode(note: Note) -> str:
    """`note` without its lines, which change more often than the rest and have columns of their own."""
    gaps = [(gap.numbers, gap.start, gap.end, gap.inner_start, gap.inner_end, gap.hint) for gap in note.gaps]
    data: dict[str, Any] = {"kind": note.kind.value, "fields": note.fields, "slots": note.slots}
    optional = {
        "gaps": gaps,
        "breadcrumb": note.breadcrumb,
        "tags": note.tags,
        "pin": note.pin,
        "typed": note.typed,
        "points": note.points,
        "definitions": note.definitions,
    }
    data.update((name, value) for name, value in optional.items() if value)
    return _encode(data)


def decode(text: str, line: int, end_line: int) -> Note:
    """The note that `encode` wrote."""
    data = json.loads(text)
    return Note(
        kind=Kind(data["kind"]),
        line=line,
        end_line=end_line,
        fields=tuple(data["fields"]),
        slots=tuple(data["slots"]),
        gaps=tuple(Gap(tuple(numbers), *rest) for numbers, *rest in data.get("gaps", ())),
        breadcrumb=tuple(data.get("breadcrumb", ())),
        tags=tuple(data.get("tags", ())),
        pin=data.get("pin", ""),
        typed=data.get("typed", False),
        points=tuple(data.get("points", ())),
        definitions=data.get("definitions", ""),
    )
