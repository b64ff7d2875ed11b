"""Parse Anki's search language, `deck:tpm is:due -tag:x (a or b) "exact words"`, and find the cards that match."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import orjson

from flashcards.catalog.files import is_utf8
from flashcards.errors import DeckUnknown, UsageError
from flashcards.query import terms
from flashcards.text import suggest

if TYPE_CHECKING:
    from flashcards.collection import Collection


_TOKEN = re.compile(r'\s*(?:([()])|(-)?((?:[^\s()":]+:)?"(?:\\.|[^"\\])*"|[^\s()"]+))')
_MOST_WORDS = 250
_LONGEST_WORD = 10_000  # characters; SQLite refuses patterns of 50,000 bytes
_LIKENESS = 0.75  # of a word and a name, from which it is probably misspelt, 0 to 1
_DEEPEST = 12  # nesting of parentheses and negations; SQLite's parser has room for a hundred symbols


class QueryInvalid(UsageError):
    """An invalid query."""

    def __init__(self, query: str, message: str) -> None:
        super().__init__(f"The query `{query}` cannot be read: {message}")


class QueryTooSlow(UsageError):
    """A query whose regular expression takes too long."""

    def __init__(self, query: str) -> None:
        super().__init__(f"The query `{query}` takes too long. Write its regular expression with fewer `*` and `+`.")


class Parser:
    """A recursive descent parser: `or` binds less tightly than juxtaposition, `-` negates the next term."""

    def __init__(self, query: str, decks: Iterable[str]) -> None:
        self._query = query
        self._decks = {name.casefold(): name for name in decks}
        self._tokens = self._split(query)
        self._at = 0
        self._depth = 0

    def parse(self) -> terms.Condition:
        """Parse the whole query as one condition, or raise `QueryInvalid` or `DeckUnknown`."""
        if not self._tokens:
            return terms.Condition("1")
        found = self._parse_either()
        if self._at < len(self._tokens):
            raise self._make_error("a `)` without a `(`. Remove it, or quote it to search for it.")
        return found

    def _split(self, query: str) -> list[str]:
        tokens = []
        at = 0
        while at < len(query) and not query[at:].isspace():
            match = _TOKEN.match(query, at)
            if not match:
                raise self._make_error('a `"` is not closed. Close it or remove it.')
            if match[2]:
                tokens.append("-")
            word = match[1] or match[3]
            tokens.append(word)
            at = match.end()
        if len(tokens) > _MOST_WORDS:
            raise QueryInvalid(f"{query[:40]}…", f"it has more than {_MOST_WORDS} words.")
        if any(len(token) > _LONGEST_WORD for token in tokens):
            raise QueryInvalid(f"{query[:40]}…", f"a word has more than {_LONGEST_WORD:,} characters.")
        return tokens

    def _peek(self) -> str:
        return self._tokens[self._at] if self._at < len(self._tokens) else ""

    def _parse_either(self) -> terms.Condition:
        parts = [self._parse_all()]
        while self._peek().lower() == "or":
            self._at += 1
            parts.append(self._parse_all())
        return _join(parts, " OR ")

    def _parse_all(self) -> terms.Condition:
        parts = []
        while self._peek() and self._peek() != ")" and self._peek().lower() != "or":
            if self._peek().lower() == "and":
                self._at += 1
                continue
            parts.append(self._parse_one())
        if not parts:
            raise self._make_error("a condition is missing.")
        return _join(parts, " AND ")

    def _parse_one(self) -> terms.Condition:
        self._depth += 1
        if self._depth > _DEEPEST:
            raise QueryInvalid(f"{self._query[:40]}…", "it is nested too deeply.")
        found = self._parse_part()
        self._depth -= 1
        return found

    def _parse_part(self) -> terms.Condition:
        token = self._peek()
        self._at += 1
        if token == "-":
            if not self._peek() or self._peek() == ")":
                raise self._make_error("`-` has nothing to negate.")
            inner = self._parse_one()
            return terms.Condition(f"NOT coalesce({inner.sql}, 0)", inner.values)
        if token == "(":
            inner = self._parse_either()
            if self._peek() != ")":
                raise self._make_error("a `(` is not closed. Close it, or quote it to search for it.")
            self._at += 1
            return terms.Condition(f"({inner.sql})", inner.values)
        return self._parse_word(token)

    def _parse_word(self, token: str) -> terms.Condition:
        name, colon, value = token.partition(":")
        read = terms.FIELDS.get(name.lower())
        if token.startswith('"') or not colon or token.casefold() in self._decks:
            text = _strip_quotes(token)
            if not token.startswith('"') and (deck := self._find_deck(terms.unescape(text))):
                return terms.match_deck(deck)
            return terms.match_words(text)
        if read is None:
            known = f"Use one of {', '.join(f'`{field}:`' for field in terms.FIELDS)}."
            hint = suggest(name, terms.FIELDS, known).replace("`?", ":`?")
            raise self._make_error(f"`{name}:` is unknown. {hint} To search for text with a colon, quote it.")
        if not value:
            raise self._make_error(f"`{token}` needs a value. To search for text with a colon, quote it.")
        if read is terms.match_deck:
            return terms.match_deck(self._require_deck(terms.unescape(_strip_quotes(value))))
        try:
            text = _strip_quotes(value)
            return read(text if read in terms.PATTERN_PARSERS else terms.unescape(text))
        except ValueError as error:
            raise self._make_error(str(error)) from None

    def _require_deck(self, name: str) -> str:
        """Return the deck with this name, because a misspelt one would find nothing. `*` means several decks."""
        if "*" in name:
            return name
        found = self._find_deck(name)
        if not found:
            several = sorted(deck for deck in self._decks.values() if _get_last_name(deck) == name.casefold())
            if several:
                names = " or ".join(f"`{deck}`" for deck in several[:3])
                raise self._make_error(f"several decks end in `{name}`. Write {names}.")
            raise DeckUnknown(name, self._decks.values())
        return found

    def _find_deck(self, name: str) -> str:
        """Find the deck of this name, or the only one that ends in it; SQL ignores case only in ASCII letters."""
        if name in self._decks.values():
            return name
        if name.casefold() in self._decks:
            return self._decks[name.casefold()]
        several = [deck for deck in self._decks.values() if _get_last_name(deck) == name.casefold()]
        return several[0] if len(several) == 1 else ""

    def _make_error(self, message: str) -> QueryInvalid:
        return QueryInvalid(self._query, message)


def _join(parts: Sequence[terms.Condition], operator: str) -> terms.Condition:
    if len(parts) == 1:
        return parts[0]
    values = tuple(value for part in parts for value in part.values)
    return terms.Condition(operator.join(f"({part.sql})" for part in parts), values)


def _get_last_name(deck: str) -> str:
    return deck.rpartition("::")[2].casefold()


def _strip_quotes(text: str) -> str:
    return text[1:-1] if len(text) >= 2 and text.startswith('"') and text.endswith('"') else text


def find_card_ids(collection: Collection, query: str, most: int = -1) -> list[int]:
    """Find the active cards that match a query, in order of deck, file and line; all cards for an empty query.

    Finding at `most` some of them is faster. Raise `QueryInvalid` if the query is invalid, or `QueryTooSlow`.
    """
    from flashcards.collection import now_ms

    if not is_utf8(query):
        raise QueryInvalid(query.encode("utf-8", "replace").decode(), "it is not UTF-8.")
    decks = collection.catalog.decks()
    condition = Parser(query, decks).parse()
    at = now_ms()
    texts = terms.TextSearch()
    _add_functions(collection, at, texts)
    today = collection.clock.day(at)
    named = {"today": today, "now": at, "begin": collection.clock.start_of(today)}
    sql, values = _fill_in_times(condition, named)
    try:
        rows = collection.connection.execute(
            f"SELECT c.id FROM {terms.SOURCES} WHERE c.active = 1 AND ({sql})"
            " ORDER BY d.name, f.path, n.line, c.id LIMIT ?",
            [*values, most],
        )
        return [row[0] for row in rows]
    except sqlite3.OperationalError as error:
        if texts.is_too_slow:
            raise QueryTooSlow(query) from error
        raise


def describe_no_match(collection: Collection, words: Sequence[str]) -> str:
    """Say that no card matches the words of a query, and which deck or tag was probably meant."""
    decks = list(collection.catalog.decks())
    rows = collection.connection.execute("SELECT DISTINCT tags FROM notes WHERE tags != ''")
    tags = sorted({f"tag:{tag}" for (names,) in rows for tag in names.split()})
    for word in words:
        known = tags if word.startswith("tag:") else [*decks, *map(_get_last_name, decks)]
        if word not in known and (hint := suggest(word, known, "", _LIKENESS)):
            return f"No card matches. {hint}"
    return "No card matches."


def _fill_in_times(condition: terms.Condition, named: dict[str, int]) -> tuple[str, list[object]]:
    """Write `:today`, `:now` and `:begin` (of today) as numbers: SQLite cannot mix them with unnamed parameters."""
    sql = re.sub(r":(today|now|begin)\b", lambda match: str(named[match[1]]), condition.sql)
    return sql, list(condition.values)


def _add_functions(collection: Collection, at: int, texts: terms.TextSearch) -> None:
    today = collection.clock.day(at)

    def question(body: str) -> str:
        return terms.normalize(orjson.loads(body)["fields"][0])

    def has_tag(tags: str, wanted: str) -> bool:
        # Tags are nested by `/` in Obsidian and by `::` in Anki: both find both.
        pattern = terms.compile_tag(wanted.replace("/", "::"))
        return any(pattern.fullmatch(tag) for tag in tags.casefold().replace("/", "::").split())

    def retrievability(stability: float | None, day: int | None, deck: int) -> float | None:
        if stability is None or day is None:
            return None
        return collection.model(deck).retrievability(stability, max(0, today - day))

    collection.connection.create_function("matches", 4, texts.match, deterministic=True)
    collection.connection.create_function("question", 1, question, deterministic=True)
    collection.connection.create_function("tagged", 2, has_tag, deterministic=True)
    collection.connection.create_function("retrievability", 3, retrievability)
