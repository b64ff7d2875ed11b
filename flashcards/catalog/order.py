"""The author's order of new cards: decks and files by their `order`, then by name, numbers in names as numbers."""

from __future__ import annotations

import json
import math
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from flashcards.text import list_deck_path

if TYPE_CHECKING:
    import sqlite3

_DIGITS = re.compile(r"(\d+)")

SPACING = 1_000_000
"""Within a deck new cards are asked in order of `rank of the file * SPACING + place in the file`."""


def sort_decks(names: Iterable[str], orders: Mapping[str, Any]) -> list[str]:
    """Sort decks, each before the decks below it, by the `order` of every deck on their path, then by name."""

    def key(name: str) -> list[tuple[float, list[tuple[int, int | str]], str]]:
        path = list_deck_path(name)
        return [(_read_order(orders.get(deck)), _natural_key(deck.rpartition("::")[2]), deck) for deck in path]

    return sorted(names, key=key)


def _read_order(value: Any) -> float:
    """Return the value of `order`; decks and files without a usable one come last."""
    return float(value) if isinstance(value, (int, float)) and math.isfinite(value) else math.inf


def _natural_key(text: str) -> list[tuple[int, int | str]]:
    """Return a sort key that reads digits as numbers: `2-scope` comes before `10-risks`."""
    parts = _DIGITS.split(text.casefold())
    return [(0, int(part)) if part.isdecimal() else (1, part) for part in parts if part]


def place_files(connection: sqlite3.Connection) -> None:
    """Put the new cards of decks that several files share in the order of these files."""
    files: dict[int, list[tuple[int, str, str]]] = defaultdict(list)
    for deck, file, path, settings in connection.execute(_SHARED):
        files[deck].append((file, path, settings))
    for deck, shared in files.items():
        shared.sort(key=lambda each: (_read_file_order(each[2]), _natural_key(each[1].rpartition(".")[0]), each[1]))
        connection.executemany(
            _PLACE, [{"deck": deck, "file": file, "first": rank * SPACING} for rank, (file, _, _) in enumerate(shared)]
        )


_SHARED = """
    WITH used AS (SELECT DISTINCT deck, file FROM notes WHERE active = 1)
    SELECT used.deck, files.id, files.path, files.settings FROM used JOIN files ON files.id = used.file
    WHERE used.deck IN (SELECT deck FROM used GROUP BY deck HAVING count(*) > 1)
"""

_PLACE = f"""
    UPDATE cards SET position = :first + position % {SPACING}
    WHERE position / {SPACING} <> :first / {SPACING}
    AND note IN (SELECT id FROM notes WHERE file = :file AND deck = :deck AND active = 1)
"""


def _read_file_order(settings: str) -> float:
    return _read_order(json.loads(settings).get("values", {}).get("order"))
