"""Translate the terms of a query to SQL conditions: `deck:`, `tag:`, `is:`, `prop:`, others, and plain words.

Text patterns support `*` and `_`, whole words, regular expressions, and text without accents.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache, partial
from time import process_time
from typing import Final

import orjson

from flashcards.deck.model import Kind
from flashcards.text import compile_regex, suggest
from scheduler import ReviewKind, tables

_FLAGS: Final = re.IGNORECASE | re.DOTALL
_REGEX_SECONDS: Final = 3.0  # of processor time for a whole query
_ESCAPE: Final = re.compile(r"\\(.)|([*_])|(.)", re.DOTALL)


def normalize(text: str) -> str:
    """Normalize `text` for searching, ignoring case, the encoding of accents and runs of spaces."""
    return " ".join(unicodedata.normalize("NFC", text).casefold().split())


def strip_accents(text: str) -> str:
    """Normalize `text` and remove its accents."""
    decomposed = unicodedata.normalize("NFD", normalize(text))
    return "".join(character for character in decomposed if not unicodedata.combining(character))


def unescape(text: str) -> str:
    """Remove the backslashes that escape characters."""
    return re.sub(r"\\(.)", r"\1", text, flags=re.DOTALL)


def to_regex(text: str, *, anywhere: bool = False, start: str = "", end: str = "") -> str:
    """Convert words with wildcards to a regular expression: `*` is anything, `_` one character, `\\*` an asterisk.

    It is matched in linear time: each part is taken where it first occurs, for good. With `anywhere`, other text may
    come first. `start` and `end` are regular expressions that must hold where the words begin and end.
    """
    parts = [""]
    for escaped, wildcard, plain in _ESCAPE.findall(text):
        if wildcard == "*":
            parts.append("")
        else:
            parts[-1] += "." if wildcard else re.escape(escaped or plain)
    return _join_parts(["", f"{start}{parts[0]}", *parts[1:]] if anywhere else parts, end)


def _join_parts(parts: Sequence[str], end: str) -> str:
    """Join regular expressions with anything between them, so that they are matched in linear time."""
    first, *rest = parts
    middle = "".join(f"(?>.*?{part})" for part in rest[:-1])
    return f"{first}{middle}.*?{rest[-1]}{end}" if rest else f"{first}{end}"


def check_regex(text: str) -> str:
    """Return a regular expression unchanged. Raise `ValueError` if it is invalid."""
    try:
        compile_regex(text, _FLAGS)
    except ValueError as error:
        raise ValueError(f"`re:{text}` is not a regular expression that can be used: {error}.") from error
    return text


class PatternKind(StrEnum):
    """A way to search a note for a pattern."""

    TEXT = "text"  # anywhere, ignoring case
    PLAIN = "plain"  # anywhere, ignoring case and accents
    WHOLE_WORD = "whole word"  # a text that begins and ends with whole words
    FIELD = "field"  # all of a field
    REGEX = "regex"


@lru_cache(maxsize=64)
def _find_matcher(how: str, pattern: str) -> Callable[[str], bool]:
    """Return a function that tests a text of a note, by the kind of pattern."""
    if how == PatternKind.WHOLE_WORD:
        regex = to_regex(normalize(pattern), anywhere=True, start=r"(?<!\w)", end=r"(?!\w)")
        whole = re.compile(regex, re.DOTALL)
        return lambda text: bool(whole.match(normalize(text)))
    if how == PatternKind.FIELD:
        all_of_it = re.compile(to_regex(normalize(pattern)), re.DOTALL)
        return lambda text: bool(all_of_it.fullmatch(normalize(text)))
    clean = strip_accents if how == PatternKind.PLAIN else normalize
    wanted = clean(pattern)
    if not re.search(r"[*_\\]", wanted):
        return lambda text: wanted in clean(text)
    part = re.compile(to_regex(wanted, anywhere=True), re.DOTALL)
    return lambda text: bool(part.match(clean(text)))


@lru_cache(maxsize=64)
def _find_plain_words(pattern: str) -> tuple[str, ...]:
    """Find the words of a pattern that every matching note stores as they are: ASCII letters and digits."""
    words = normalize(pattern).split()
    return tuple(word for word in words if word.isascii() and word.isalnum())


class TextSearch:
    """Matches notes with the patterns of one query, with a time limit for regular expressions."""

    def __init__(self) -> None:
        self.is_too_slow = False  # whether the time was exceeded
        self._left = _REGEX_SECONDS

    def match(self, how: str, pattern: str, body: str, field: int | None = None) -> bool:
        """Return whether a note, given as the catalog stores it, has a text, in all of its fields or in one.

        `how` is a `PatternKind`. Raise `TimeoutError` if the regular expressions take too long.
        """
        if how == PatternKind.TEXT and not all(word in body.casefold() for word in _find_plain_words(pattern)):
            return False
        fields = orjson.loads(body)["fields"]
        if how == PatternKind.REGEX:
            return self._search(pattern, " ".join(fields))
        if field is None:
            return _find_matcher(how, pattern)(" ".join(fields))
        return field < len(fields) and _find_matcher(how, pattern)(fields[field])

    def _search(self, pattern: str, text: str) -> bool:
        begun = process_time()
        try:
            return compile_regex(pattern, _FLAGS).search(text, timeout=max(0.0, self._left)) is not None
        except TimeoutError:
            self.is_too_slow = True
            raise
        finally:
            self._left -= process_time() - begun


_PROPERTY = re.compile(r"([a-z]+)\s*(<=|>=|!=|=|<|>)\s*(-?\d+(?:\.\d+)?)")

SOURCES = "cards c JOIN notes n ON n.id = c.note JOIN files f ON f.id = n.file JOIN decks d ON d.id = n.deck"
"""The tables that the conditions refer to."""

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
    name: tables.alias(condition, "c")
    for name, condition in {
        "new": tables.NEW,
        "learn": tables.LEARNING,
        "learning": tables.LEARNING,
        "relearning": tables.RELEARNING,
        "review": tables.UNDER_REVIEW,
        "due": f"({tables.DUE_DAY_REACHED} OR cards.due_ms <= :now) AND {tables.SHOWN}",
        "suspended": tables.SUSPENDED,
        "buried": tables.BURIED,
        "leech": "cards.leech = 1",
    }.items()
}


_KINDS = (*(kind.value for kind in Kind), "rubric")
_PARTS = {
    "image": r"matches('regex', '!\[|<img\b', n.body, NULL)",
    "sound": r"matches('regex', '\[sound:|\.(mp3|ogg|wav|m4a|flac|opus|oga)\b|<audio\b', n.body, NULL)",
    "code": "matches('regex', '`', n.body, NULL)",
    "math": r"matches('regex', '\$\S|\\[(\[]', n.body, NULL)",
    "link": r"matches('regex', '\]\(|https?://|\[\[', n.body, NULL)",
    "tag": "n.tags != ''",
    "pin": "n.pin != ''",
    "review": "c.reps > 0",
}


@dataclass(frozen=True, slots=True)
class Condition:
    """A condition as SQL over the tables of `SOURCES`, with its parameters."""

    sql: str
    values: tuple[object, ...] = ()


_HAS_OTHER_LETTERS: Final = "length(n.body) != length(CAST(n.body AS BLOB))"
_ONE_LINE: Final = r"replace(n.body, '\n', ' ')"  # JSON escapes line breaks with a backslash
_FIELDS_PATTERN: Final = '%"fields":[%{}%],"slots":[%'  # a quote within a field has a backslash


def match_words(text: str) -> Condition:
    """Match notes whose text has the words, with `*` and `_` for anything and one character."""
    words = _find_plain_words(text)
    precise = Condition(f"matches('{PatternKind.TEXT}', ?, n.body, NULL)", (text,))
    # SQLite is faster than `matches`, but recognizes only ASCII capitals.
    quick = Condition(" OR ".join("n.body NOT LIKE ?" for _ in words), tuple(f"%{word}%" for word in words))
    if not words:
        return precise
    if words != (normalize(text),):
        sql = f"CASE WHEN {_HAS_OTHER_LETTERS} THEN {precise.sql} WHEN {quick.sql} THEN 0 ELSE {precise.sql} END"
        return Condition(sql, (*precise.values, *quick.values, *precise.values))
    sql = (
        f"CASE WHEN {_HAS_OTHER_LETTERS} THEN {precise.sql} WHEN {quick.sql} THEN 0"
        rf" WHEN n.body NOT LIKE '%\%' THEN n.body LIKE ? WHEN {_ONE_LINE} NOT LIKE '%\%' THEN {_ONE_LINE} LIKE ?"
        f" ELSE {precise.sql} END"
    )
    fields = _FIELDS_PATTERN.format(words[0])
    return Condition(sql, (*precise.values, *quick.values, fields, fields, *precise.values))


def _match_pattern(how: PatternKind, field: int | None, value: str) -> Condition:
    """Match notes that have a pattern of this kind, in one field or in all of them; see `TextSearch.match`."""
    if how == PatternKind.REGEX:
        check_regex(value)
    return Condition(f"matches('{how}', ?, n.body, {'NULL' if field is None else field})", (value,))


def _match_duplicates(value: str) -> Condition:
    """Match notes with this question or, for `dupe:all`, those that share theirs with another note."""
    if value == "all":
        return Condition(
            "question(n.body) IN (SELECT question(body) FROM notes WHERE active = 1 GROUP BY 1 HAVING count(*) > 1)"
        )
    return Condition("question(n.body) = ?", (normalize(unescape(value)),))


def _match_choice(word: str, conditions: Mapping[str, str], value: str) -> Condition:
    """Match by the name of a condition, such as the state of a card or a part that its note has."""
    return Condition(conditions[_choose_name(word, value, conditions)])


def _choose_name(word: str, value: str, names: Iterable[str]) -> str:
    """Return the known name that equals a value, ignoring case."""
    if value.lower() not in names:
        known = f"Use one of {', '.join(f'`{word}:{name}`' for name in names)}."
        raise ValueError(f"`{word}:{value}` is unknown. {suggest(value, names, known)}")
    return value.lower()


@lru_cache(maxsize=64)
def compile_tag(wanted: str) -> re.Pattern[str]:
    """Compile a tag with `*` for anything; it also matches its subtags."""
    return re.compile(_join_parts([re.escape(part) for part in wanted.split("*")], "(?:::.*)?"))


def _make_like_pattern(text: str) -> str:
    """Convert `text` to a pattern for LIKE, with `*` for anything."""
    escaped = re.sub(r"([%_\\])", r"\\\1", text)
    return escaped.replace("*", "%")


def match_deck(value: str) -> Condition:
    """Match the cards of this deck and its subdecks."""
    pattern = _make_like_pattern(value)
    return Condition(r"(d.name LIKE ? ESCAPE '\' OR d.name LIKE ? ESCAPE '\')", (pattern, f"{pattern}::%"))


def _match_tag(value: str) -> Condition:
    if value == "none":
        return Condition("n.tags = ''")
    return Condition("tagged(n.tags, ?)", (value.casefold(),))


def _match_property(value: str) -> Condition:
    match = _PROPERTY.fullmatch(value.lower())
    if not match or match[1] not in _PROPERTIES:
        names = ", ".join(_PROPERTIES)
        raise ValueError(f"`prop:{value}` must be like `prop:lapses>3`, with one of {names}.")
    return Condition(f"{_PROPERTIES[match[1]]} {match[2]} ?", (float(match[3]),))


def _read_days(value: str, word: str) -> int:
    if not value.isdecimal() or len(value) > 5 or not 1 <= int(value) <= 36_500:
        raise ValueError(f"`{word}:{value}` must be a number of days, 1 being today.")
    return int(value)


def _match_rated(value: str) -> Condition:
    days, colon, rating = value.partition(":")
    if colon and rating not in ("1", "2", "3", "4"):
        raise ValueError(f"`rated:{value}` must end with a rating, 1 to 4.")
    extra = f" AND reviews.rating = {rating}" if colon else ""
    return Condition(
        "EXISTS (SELECT 1 FROM reviews WHERE reviews.card = c.id AND reviews.rating IS NOT NULL"
        f" AND reviews.day > :today - {_read_days(days, 'rated')}{extra} AND {tables.KEPT})"
    )


def _match_since(word: str, column: str, value: str) -> Condition:
    return Condition(f"{column} >= :begin - {_read_days(value, word) - 1} * 86400000")


def _match_introduced(value: str) -> Condition:
    return Condition(
        "(SELECT min(reviews.day) FROM reviews WHERE reviews.card = c.id AND reviews.rating IS NOT NULL"
        f" AND {tables.KEPT}) > :today - {_read_days(value, 'introduced')}"
    )


def _match_rescheduled(value: str) -> Condition:
    return Condition(
        f"EXISTS (SELECT 1 FROM reviews WHERE reviews.card = c.id AND reviews.kind = {ReviewKind.SET_DUE:d}"
        f" AND reviews.day > :today - {_read_days(value, 'resched')} AND {tables.KEPT})"
    )


def _match_flag(value: str) -> Condition:
    if value not in tuple("01234567"):
        raise ValueError(f"`flag:{value}` must be a flag, 0 to 7.")
    return Condition(f"c.flag = {value}")


def _match_kind(value: str) -> Condition:
    points, kind = "json_extract(n.body, '$.points')", _choose_name("kind", value, _KINDS)
    if kind == "rubric":
        return Condition(f"{points} IS NOT NULL")
    return Condition(f"json_extract(n.body, '$.kind') = ? AND {points} IS NULL", (kind,))


def _match_file(value: str) -> Condition:
    return Condition(r"f.path LIKE ? ESCAPE '\'", (_make_like_pattern(value),))


def _match_id(value: str) -> Condition:
    key, _, slot = value.partition(".")
    patterns = f"{_make_like_pattern(key)}%", f"{_make_like_pattern(slot)}%"
    return Condition(r"n.key LIKE ? ESCAPE '\' AND c.slot LIKE ? ESCAPE '\'", patterns)


def _match_slot(value: str) -> Condition:
    numbers = {"1": "forward", "2": "reverse"}
    pattern = _make_like_pattern(numbers.get(value, value))
    number = f" OR c.slot = 'c{int(value)}'" if value.isdecimal() and len(value) < 6 else ""
    return Condition(rf"(c.slot LIKE ? ESCAPE '\'{number})", (pattern,))


_PATTERNS: dict[str, Callable[[str], Condition]] = {
    "dupe": _match_duplicates,
    "front": partial(_match_pattern, PatternKind.FIELD, 0),
    "back": partial(_match_pattern, PatternKind.FIELD, 1),
    "re": partial(_match_pattern, PatternKind.REGEX, None),
    "w": partial(_match_pattern, PatternKind.WHOLE_WORD, None),
    "nc": partial(_match_pattern, PatternKind.PLAIN, None),
}
FIELDS: dict[str, Callable[[str], Condition]] = {
    "deck": match_deck,
    "tag": _match_tag,
    "is": partial(_match_choice, "is", _STATES),
    "prop": _match_property,
    "rated": _match_rated,
    "introduced": _match_introduced,
    "added": partial(_match_since, "added", "c.id"),
    "edited": partial(_match_since, "edited", "n.modified_ms"),
    "resched": _match_rescheduled,
    "flag": _match_flag,
    "kind": _match_kind,
    "file": _match_file,
    "id": _match_id,
    "card": _match_slot,
    "has": partial(_match_choice, "has", _PARTS),
    **_PATTERNS,
}
"""The parsers of fields' values; each raises ValueError, with a sentence, for an invalid value."""

PATTERN_PARSERS = frozenset(_PATTERNS.values())
"""The parsers of patterns, in which a backslash has a meaning."""
