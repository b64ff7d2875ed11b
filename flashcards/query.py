"""Anki's search language over the cards of a collection: `deck:tpm is:due -tag:x (a or b) "exact words"`."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from flashcards.catalog.walk import is_text
from flashcards.errors import DeckUnknown, UsageError
from scheduler import State

if TYPE_CHECKING:
    from flashcards.collection import Collection

_TOKEN = re.compile(r'\s*(?:([()])|(-)?((?:[^\s()":]+:)?"(?:\\.|[^"\\])*"|[^\s()"]+))')
_PROPERTY = re.compile(r"([a-z]+)\s*(<=|>=|!=|=|<|>)\s*(-?\d+(?:\.\d+)?)")
_LONGEST = 250  # words
_DEEPEST = 12  # parentheses and negations within each other; SQLite's parser has room for a hundred symbols
_SOURCES = "cards c JOIN notes n ON n.id = c.note JOIN files f ON f.id = n.file JOIN decks d ON d.id = n.deck"

_PROPERTIES = {
    "ivl": "c.interval / 86400",
    "due": "(c.due_day - :today)",
    "reps": "c.reps",
    "lapses": "c.lapses",
    "s": "c.stability",
    "d": "c.difficulty",
    "r": "retrievability(c.stability, c.last_day, c.deck)",
}
_STATES = {
    "new": f"c.state = {State.NEW:d}",
    "learn": f"c.state IN ({State.LEARNING:d}, {State.RELEARNING:d})",
    "learning": f"c.state IN ({State.LEARNING:d}, {State.RELEARNING:d})",
    "relearning": f"c.state = {State.RELEARNING:d}",
    "review": f"c.state = {State.REVIEW:d}",
    "due": f"(c.due_day <= :today OR c.due_ms <= :now) AND c.state != {State.NEW:d}"
    " AND c.suspended = 0 AND coalesce(c.buried_day, -1) < :today",
    "suspended": "c.suspended = 1",
    "buried": "c.buried_day >= :today",
    "leech": "c.leech = 1",
}


class QueryInvalid(UsageError):
    """A query that cannot be read."""

    def __init__(self, query: str, message: str) -> None:
        super().__init__(f"The query `{query}` cannot be read: {message}")


@dataclass(frozen=True, slots=True)
class Condition:
    """A condition as SQL over the tables of `_SOURCES`, with its parameters."""

    sql: str
    values: tuple[object, ...] = ()


def card_ids(collection: Collection, query: str) -> list[int]:
    """The cards in use that a query finds, in order of deck, file and line; all of them for an empty query.

    Raises:
        QueryInvalid: it cannot be read.
    """
    from flashcards.collection import now_ms

    if not is_text(query):
        raise QueryInvalid(query.encode("utf-8", "replace").decode(), "it is not UTF-8.")
    decks = collection.catalog.decks()
    condition = _Parser(query, decks).condition()
    at = now_ms()
    _add_functions(collection, at)
    named = {"today": collection.clock.day(at), "now": at}
    sql, values = _named_to_marks(condition, named)
    rows = collection.connection.execute(
        f"SELECT c.id FROM {_SOURCES} WHERE c.active = 1 AND ({sql}) ORDER BY d.name, f.path, n.line, c.id",
        values,
    )
    return [row[0] for row in rows]


def _named_to_marks(condition: Condition, named: dict[str, int]) -> tuple[str, list[object]]:
    """The SQL with `:today` and `:now` written as numbers; SQLite cannot mix them with unnamed parameters."""
    sql = re.sub(r":(today|now)\b", lambda match: str(named[match[1]]), condition.sql)
    return sql, list(condition.values)


def _add_functions(collection: Collection, at: int) -> None:
    today = collection.clock.day(at)

    def holds(body: str, words: str) -> bool:
        return words in fold(" ".join(json.loads(body)["fields"]))

    def tagged(tags: str, wanted: str) -> bool:
        pattern = _glob(wanted)
        return any(pattern.fullmatch(tag) for tag in tags.casefold().split())

    def retrievability(stability: float | None, day: int | None, deck: int) -> float | None:
        if stability is None or day is None:
            return None
        model = collection.store.model(collection.policy(deck).parameters)
        return model.retrievability(stability, max(0, today - day))

    collection.connection.create_function("holds", 2, holds, deterministic=True)
    collection.connection.create_function("tagged", 2, tagged, deterministic=True)
    collection.connection.create_function("retrievability", 3, retrievability)


def fold(text: str) -> str:
    """`text` as searching compares it: case, spelling of accents and runs of blanks do not matter."""
    return " ".join(unicodedata.normalize("NFC", text).casefold().split())


class _Parser:
    """Recursive descent: `or` binds weaker than standing side by side, `-` negates what follows."""

    def __init__(self, query: str, decks: dict[str, int]) -> None:
        self._query = query
        self._decks = {name.casefold() for name in decks}
        self._tokens = self._split(query)
        self._at = 0
        self._depth = 0

    def condition(self) -> Condition:
        if not self._tokens:
            return Condition("1")
        found = self._either()
        if self._at < len(self._tokens):
            raise self._invalid("a `)` without a `(`.")
        return found

    def _split(self, query: str) -> list[str]:
        tokens = []
        at = 0
        while at < len(query) and not query[at:].isspace():
            match = _TOKEN.match(query, at)
            if not match:
                raise self._invalid('a `"` is left open.')
            if match[2]:
                tokens.append("-")
            word = match[1] or match[3]
            tokens.append(word)
            at = match.end()
        if len(tokens) > _LONGEST:
            raise QueryInvalid(f"{query[:40]}…", f"it has more than {_LONGEST} words.")
        return tokens

    def _next(self) -> str:
        return self._tokens[self._at] if self._at < len(self._tokens) else ""

    def _either(self) -> Condition:
        parts = [self._all()]
        while self._next().lower() == "or":
            self._at += 1
            parts.append(self._all())
        return _joined(parts, " OR ")

    def _all(self) -> Condition:
        parts = []
        while self._next() and self._next() != ")" and self._next().lower() != "or":
            if self._next().lower() == "and":
                self._at += 1
                continue
            parts.append(self._one())
        if not parts:
            raise self._invalid("a condition is missing.")
        return _joined(parts, " AND ")

    def _one(self) -> Condition:
        self._depth += 1
        if self._depth > _DEEPEST:
            raise QueryInvalid(f"{self._query[:40]}…", "it is nested too deeply.")
        found = self._part()
        self._depth -= 1
        return found

    def _part(self) -> Condition:
        token = self._next()
        self._at += 1
        if token == "-":
            if not self._next() or self._next() == ")":
                raise self._invalid("`-` has nothing to negate.")
            inner = self._one()
            return Condition(f"NOT coalesce({inner.sql}, 0)", inner.values)
        if token == "(":
            inner = self._either()
            if self._next() != ")":
                raise self._invalid("a `(` is left open.")
            self._at += 1
            return Condition(f"({inner.sql})", inner.values)
        return self._word(token)

    def _word(self, token: str) -> Condition:
        name, colon, value = token.partition(":")
        read = _FIELDS.get(name.lower())
        if token.startswith('"') or not colon or token.casefold() in self._decks:
            words = _unquoted(token)
            if not token.startswith('"') and words.casefold() in self._decks:
                return _in_deck(words)
            return Condition("holds(n.body, ?)", (fold(words),))
        if read is None:
            known = ", ".join(f"`{field}:`" for field in _FIELDS)
            raise self._invalid(f"`{name}:` is not known. Known are {known}; put words with a colon in quotes.")
        if read is _in_deck:
            self._known_deck(_unquoted(value))
        try:
            return read(_unquoted(value))
        except ValueError as error:
            raise self._invalid(str(error)) from None

    def _known_deck(self, name: str) -> None:
        """A name without `*` must be that of a deck; one misspelt would quietly find nothing."""
        if "*" not in name and name.casefold() not in self._decks:
            raise DeckUnknown(name, self._decks)

    def _invalid(self, message: str) -> QueryInvalid:
        return QueryInvalid(self._query, message)


def _joined(parts: Sequence[Condition], operator: str) -> Condition:
    if len(parts) == 1:
        return parts[0]
    values = tuple(value for part in parts for value in part.values)
    return Condition(operator.join(f"({part.sql})" for part in parts), values)


def _unquoted(text: str) -> str:
    if len(text) >= 2 and text.startswith('"') and text.endswith('"'):
        text = text[1:-1]
    return re.sub(r"\\(.)", r"\1", text)


def _pattern(text: str) -> str:
    """`text` for SQL's LIKE, with `*` for anything."""
    escaped = re.sub(r"([%_\\])", r"\\\1", text)
    return escaped.replace("*", "%")


@lru_cache(maxsize=64)
def _glob(wanted: str) -> re.Pattern[str]:
    """A tag with `*` for anything, and the tags below it."""
    return re.compile(".*".join(re.escape(part) for part in wanted.split("*")) + "(::.*)?")


def _in_deck(value: str) -> Condition:
    pattern = _pattern(value)
    return Condition(r"(d.name LIKE ? ESCAPE '\' OR d.name LIKE ? ESCAPE '\')", (pattern, f"{pattern}::%"))


def _tagged(value: str) -> Condition:
    if value == "none":
        return Condition("n.tags = ''")
    return Condition("tagged(n.tags, ?)", (value.casefold(),))


def _is(value: str) -> Condition:
    if value.lower() not in _STATES:
        raise ValueError(f"`is:{value}` is not known. Known are {', '.join(f'`is:{name}`' for name in _STATES)}.")
    return Condition(_STATES[value.lower()])


def _property(value: str) -> Condition:
    match = _PROPERTY.fullmatch(value.lower())
    if not match or match[1] not in _PROPERTIES:
        names = ", ".join(_PROPERTIES)
        raise ValueError(f"`prop:{value}` must be like `prop:lapses>3`, with one of {names}.")
    return Condition(f"{_PROPERTIES[match[1]]} {match[2]} ?", (float(match[3]),))


def _days(value: str, word: str) -> int:
    if not value.isdecimal() or len(value) > 5 or not 1 <= int(value) <= 36_500:
        raise ValueError(f"`{word}:{value}` must be a number of days, 1 being today.")
    return int(value)


def _rated(value: str) -> Condition:
    days, colon, rating = value.partition(":")
    if colon and rating not in ("1", "2", "3", "4"):
        raise ValueError(f"`rated:{value}` must end with a rating, 1 to 4.")
    extra = f" AND r.rating = {rating}" if colon else ""
    return Condition(
        "EXISTS (SELECT 1 FROM reviews r WHERE r.card = c.id AND r.rating IS NOT NULL"
        f" AND r.day > :today - {_days(days, 'rated')}{extra}"
        " AND NOT EXISTS (SELECT 1 FROM reviews v WHERE v.voids = r.id))"
    )


def _added(value: str) -> Condition:
    return Condition(f"c.id > :now - {_days(value, 'added')} * 86400000")


def _flagged(value: str) -> Condition:
    if value not in tuple("01234567"):
        raise ValueError(f"`flag:{value}` must be a flag, 0 to 7.")
    return Condition(f"c.flag = {value}")


def _kind(value: str) -> Condition:
    points = "json_extract(n.body, '$.points')"
    if value.lower() == "rubric":
        return Condition(f"{points} IS NOT NULL")
    return Condition(f"json_extract(n.body, '$.kind') = ? AND {points} IS NULL", (value.lower(),))


def _in_file(value: str) -> Condition:
    return Condition(r"f.path LIKE ? ESCAPE '\'", (_pattern(value),))


def _identified(value: str) -> Condition:
    key, _, slot = value.partition(".")
    return Condition(
        r"n.key LIKE ? ESCAPE '\' AND c.slot LIKE ? ESCAPE '\'", (f"{_pattern(key)}%", f"{_pattern(slot)}%")
    )


_FIELDS: dict[str, Callable[[str], Condition]] = {
    "deck": _in_deck,
    "tag": _tagged,
    "is": _is,
    "prop": _property,
    "rated": _rated,
    "added": _added,
    "flag": _flagged,
    "kind": _kind,
    "file": _in_file,
    "id": _identified,
}
