"""Parse Anki's search language into one condition: `deck:tpm is:due -tag:x (a or b) "exact words"`."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from flashcards.errors import DeckUnknown, UsageError
from flashcards.query.terms import FIELDS, Condition, match_deck, match_words

_TOKEN = re.compile(r'\s*(?:([()])|(-)?((?:[^\s()":]+:)?"(?:\\.|[^"\\])*"|[^\s()"]+))')
_LONGEST = 250  # words
_DEEPEST = 12  # parentheses and negations within each other; SQLite's parser has room for a hundred symbols


class QueryInvalid(UsageError):
    """A query that cannot be read."""

    def __init__(self, query: str, message: str) -> None:
        super().__init__(f"The query `{query}` cannot be read: {message}")


class Parser:
    """A recursive descent parser: `or` binds less tightly than juxtaposition, `-` negates what follows.

    Args:
        query: what was typed.
        decks: the names of all decks.
    """

    def __init__(self, query: str, decks: Iterable[str]) -> None:
        self._query = query
        self._decks = {name.casefold(): name for name in decks}
        self._tokens = self._split(query)
        self._at = 0
        self._depth = 0

    def condition(self) -> Condition:
        """Parse the whole query as one condition.

        Raises:
            QueryInvalid: it cannot be read.
            DeckUnknown: it names a deck that does not exist.
        """
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
                raise self._invalid('a `"` is not closed.')
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
        return _join(parts, " OR ")

    def _all(self) -> Condition:
        parts = []
        while self._next() and self._next() != ")" and self._next().lower() != "or":
            if self._next().lower() == "and":
                self._at += 1
                continue
            parts.append(self._one())
        if not parts:
            raise self._invalid("a condition is missing.")
        return _join(parts, " AND ")

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
                raise self._invalid("a `(` is not closed.")
            self._at += 1
            return Condition(f"({inner.sql})", inner.values)
        return self._word(token)

    def _word(self, token: str) -> Condition:
        name, colon, value = token.partition(":")
        read = FIELDS.get(name.lower())
        if token.startswith('"') or not colon or token.casefold() in self._decks:
            text = _unquote(token)
            if not token.startswith('"') and text.casefold() in self._decks:
                return match_deck(self._as_written(text))
            return match_words(text)
        if read is None:
            known = ", ".join(f"`{field}:`" for field in FIELDS)
            raise self._invalid(f"`{name}:` is unknown. Use one of {known}. To search for text with a colon, quote it.")
        if not value:
            raise self._invalid(f"`{token}` needs a value. To search for text with a colon, quote it.")
        if read is match_deck:
            self._known_deck(_unquote(value))
            return match_deck(self._as_written(_unquote(value)))
        try:
            return read(_unquote(value))
        except ValueError as error:
            raise self._invalid(str(error)) from None

    def _known_deck(self, name: str) -> None:
        """Check that a name without `*` is a deck; a misspelt one would quietly find nothing."""
        if "*" not in name and name.casefold() not in self._decks:
            raise DeckUnknown(name, self._decks.values())

    def _as_written(self, name: str) -> str:
        """Return the name of a deck in the case in which it is written; SQL folds only ASCII letters."""
        return name if name in self._decks.values() else self._decks.get(name.casefold(), name)

    def _invalid(self, message: str) -> QueryInvalid:
        return QueryInvalid(self._query, message)


def _join(parts: Sequence[Condition], operator: str) -> Condition:
    if len(parts) == 1:
        return parts[0]
    values = tuple(value for part in parts for value in part.values)
    return Condition(operator.join(f"({part.sql})" for part in parts), values)


def _unquote(text: str) -> str:
    if len(text) >= 2 and text.startswith('"') and text.endswith('"'):
        text = text[1:-1]
    return re.sub(r"\\(.)", r"\1", text)
