"""Recognize notes of a package that are unchanged since the last import, before reading them."""

from __future__ import annotations

import re
import sqlite3
from collections import defaultdict
from collections.abc import Mapping, Set
from typing import Any, Final, NamedTuple
from urllib.parse import unquote

from flashcards.deck.html import unescape
from flashcards.disk.atomic import digest

_RULES: Final = 4
"""Changes whenever imports convert a note differently, so that earlier ones are read again."""
_CARDS: Final = (
    "SELECT nid, id, did, odid, ord, mod, type, queue, due, ivl, factor, reps, lapses, left, flags, data, odue"
    " FROM cards ORDER BY nid, ord, id"
)
# A log only grows; a sum over its rows detects changes that the count and the last row do not.
_LOGS: Final = (
    "SELECT cid, count(*), max(id), total((id % 1000003) * 31 + ease * 7 + ivl * 13 + lastIvl * 17 + factor * 19"
    " + time * 23 + type * 29) FROM revlog GROUP BY cid"
)
_NAMED: Final = re.compile(
    r"\[sound:([^\]]{1,1000})\]|\b(?:src|data)\s*=\s*(?:\"([^\"]*)\"|'([^']*)'|([^\s>\"']+))", re.IGNORECASE
)


class SeenNotes(NamedTuple):
    """The known state of a package's notes before it is read."""

    digests: Mapping[str, bytes] = {}  # of each note at its last import, by guid
    lost_media: Set[str] = frozenset()  # names of media that the package has and the collection lacks

    def has(self, guid: str, digest: bytes | None, fields: str) -> bool:
        """Return whether a note is unchanged and all of its media exist."""
        return digest is not None and self.digests.get(guid) == digest and not self._names_lost_media(fields)

    def _names_lost_media(self, fields: str) -> bool:
        if not self.lost_media or not ("[sound:" in fields or "=" in fields):
            return False
        names = (unescape("".join(match)) for match in _NAMED.findall(fields))
        return any(name in self.lost_media or unquote(name) in self.lost_media for name in names)


def digest_notes(
    connection: sqlite3.Connection, context: Any, types: Mapping[int, Any], decks: Mapping[int, str]
) -> dict[int, bytes]:
    """Compute a digest of all of a collection's data about each note, its cards and their logs, by the note's id.

    `context` counts for every note; `types` are the note types, `decks` the names of the decks.
    """
    logs = {row[0]: row for row in connection.execute(_LOGS)}
    cards: dict[int, list[Any]] = defaultdict(list)
    for row in connection.execute(_CARDS):
        cards[row[0]].append((row, decks.get(row[2]), decks.get(row[3]), logs.get(row[1])))
    kinds = {key: _digest((_RULES, context, kind)) for key, kind in types.items()}
    rows = connection.execute("SELECT id, mid, guid, mod, tags, flds FROM notes")
    return {row[0]: _digest((kinds.get(row[1]), row, cards.get(row[0]))) for row in rows}


def find_decks_with_siblings(connection: sqlite3.Connection) -> set[int]:
    """Find the decks of the first card of each note with several cards."""
    of_first = "SELECT iif(odid, odid, did) AS home, min(ord) FROM cards GROUP BY nid HAVING count(*) > 1"
    return {home for (home,) in connection.execute(f"SELECT DISTINCT home FROM ({of_first})")}


def has_schedules(connection: sqlite3.Connection) -> bool:
    """Return whether there are schedules: in a package without them every card is new and the log is empty."""
    queries = ("FROM revlog", "FROM cards WHERE type OR queue OR flags OR reps OR lapses")
    return any(connection.execute(f"SELECT 1 {query} LIMIT 1").fetchone() for query in queries)


def _digest(value: Any) -> bytes:
    return digest(repr(value).encode("utf-8", "replace"))
