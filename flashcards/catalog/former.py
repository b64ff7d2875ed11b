"""The texts that notes had before."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable

from flashcards.catalog.codec import decode, encode
from flashcards.catalog.slots import with_numbers


def renumber(connection: sqlite3.Connection, note: int, renamed: Iterable[tuple[str, str]]) -> None:
    """Number the gaps of all former texts of a note as its cards are named from now on.

    So a text that returns finds its cards again.
    """
    numbers = {int(old[1:]): int(new[1:]) for old, new in renamed if old[0] == new[0] == "c"}
    rows = connection.execute("SELECT fingerprint, body FROM texts WHERE note = ?", (note,)).fetchall()
    for text, body in rows:
        former = decode(body, 0, 0)
        if numbers and former.gaps:
            connection.execute(
                "UPDATE texts SET body = ? WHERE note = ? AND fingerprint = ?",
                (encode(with_numbers(former, numbers)), note, text),
            )
