"""Find the cards that match a query."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

from flashcards.catalog.files import is_utf8
from flashcards.query.parser import Parser, QueryInvalid
from flashcards.query.patterns import matches, normalize
from flashcards.query.terms import SOURCES, Condition, compile_tag

if TYPE_CHECKING:
    from flashcards.collection import Collection


def find_card_ids(collection: Collection, query: str) -> list[int]:
    """Find the cards in use that match a query, in order of deck, file and line; all of them if it is empty.

    Raises:
        QueryInvalid: the query cannot be read.
    """
    from flashcards.collection import now_ms

    if not is_utf8(query):
        raise QueryInvalid(query.encode("utf-8", "replace").decode(), "it is not UTF-8.")
    decks = collection.catalog.decks()
    condition = Parser(query, decks).condition()
    at = now_ms()
    _add_functions(collection, at)
    today = collection.clock.day(at)
    named = {"today": today, "now": at, "begin": collection.clock.start_of(today)}
    sql, values = _fill_in_times(condition, named)
    rows = collection.connection.execute(
        f"SELECT c.id FROM {SOURCES} WHERE c.active = 1 AND ({sql}) ORDER BY d.name, f.path, n.line, c.id",
        values,
    )
    return [row[0] for row in rows]


def _fill_in_times(condition: Condition, named: dict[str, int]) -> tuple[str, list[object]]:
    """Write `:today`, `:now` and `:begin` (of today) as numbers; SQLite cannot mix them with unnamed parameters."""
    sql = re.sub(r":(today|now|begin)\b", lambda match: str(named[match[1]]), condition.sql)
    return sql, list(condition.values)


def _add_functions(collection: Collection, at: int) -> None:
    today = collection.clock.day(at)

    def question(body: str) -> str:
        return normalize(json.loads(body)["fields"][0])

    def has_tag(tags: str, wanted: str) -> bool:
        # A tag nests by `/` in Obsidian and by `::` in Anki: both are found by either.
        pattern = compile_tag(wanted.replace("/", "::"))
        return any(pattern.fullmatch(tag) for tag in tags.casefold().replace("/", "::").split())

    def retrievability(stability: float | None, day: int | None, deck: int) -> float | None:
        if stability is None or day is None:
            return None
        model = collection.store.model(collection.policy(deck).parameters)
        return model.retrievability(stability, max(0, today - day))

    collection.connection.create_function("matches", 4, matches, deterministic=True)
    collection.connection.create_function("question", 1, question, deterministic=True)
    collection.connection.create_function("tagged", 2, has_tag, deterministic=True)
    collection.connection.create_function("retrievability", 3, retrievability)
