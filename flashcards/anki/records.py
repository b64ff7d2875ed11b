"""Cards as JSON."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Final

from flashcards.anki.archive import replacing
from flashcards.anki.export import Exported
from flashcards.anki.gather import card_ids
from flashcards.cards import records
from flashcards.collection import now_ms

if TYPE_CHECKING:
    from flashcards.collection import Collection

_STRIDE: Final = 500  # cards between two calls of `progress`


def export_json(
    collection: Collection, decks: Iterable[str], path: Path, progress: Callable[[int, int], None] | None = None
) -> Exported:
    """Write a JSON array of the cards, each as `flashcards list --json` shows it, one a line.

    Arguments and errors are those of `export_package`.
    """
    ids = card_ids(collection, decks)
    notes: set[str] = set()
    with replacing(path) as stream:
        stream.write(b"[")
        for number, record in enumerate(records(collection, ids, now_ms())):
            if progress and number % _STRIDE == 0:
                progress(number, len(ids))
            notes.add(record["note"])
            stream.write(b",\n" if number else b"\n")
            stream.write(json.dumps(record, ensure_ascii=False).encode())
        stream.write(b"\n]\n")
        size = stream.tell()
    return Exported(path, len(notes), len(ids), 0, size, ())
