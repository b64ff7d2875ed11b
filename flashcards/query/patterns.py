"""Text patterns of a query: plain words with `*` and `_`, whole words, regular expressions, accents left out."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Callable
from functools import lru_cache
from typing import Final

_ESCAPE: Final = re.compile(r"\\(.)|([*_])|(.)", re.DOTALL)


def normalize(text: str) -> str:
    """Normalize `text` for searching: case, spelling of accents and runs of spaces do not matter."""
    return " ".join(unicodedata.normalize("NFC", text).casefold().split())


def strip_accents(text: str) -> str:
    """Normalize `text` and leave out its accents."""
    decomposed = unicodedata.normalize("NFD", normalize(text))
    return "".join(character for character in decomposed if not unicodedata.combining(character))


def unescape(text: str) -> str:
    """Remove the backslashes that escape characters."""
    return re.sub(r"\\(.)", r"\1", text, flags=re.DOTALL)


def to_regex(text: str, *, anywhere: bool = False, start: str = "", end: str = "") -> str:
    """Convert words with wildcards to a regular expression: `*` is anything, `_` one character, `\\*` an asterisk.

    It is matched in linear time: each part is taken where it first occurs, for good.

    Args:
        text: the words.
        anywhere: whether other text may come first.
        start: what must hold where the words begin, as a regular expression.
        end: what must hold where they end.
    """
    first, *parts = _split_wildcards(text)
    if anywhere:
        first, parts = "", [f"{start}{first}", *parts]
    middle = "".join(f"(?>.*?{part})" for part in parts[:-1])
    return f"{first}{middle}.*?{parts[-1]}{end}" if parts else f"{first}{end}"


def _split_wildcards(text: str) -> list[str]:
    """Split words at each `*` into regular expressions."""
    parts = [""]
    for escaped, wildcard, plain in _ESCAPE.findall(text):
        if wildcard == "*":
            parts.append("")
        else:
            parts[-1] += "." if wildcard else re.escape(escaped or plain)
    return parts


def check_regex(text: str) -> str:
    """Return a regular expression unchanged.

    Raises:
        ValueError: it cannot be read.
    """
    try:
        re.compile(text, re.IGNORECASE)
    except (re.error, RecursionError, OverflowError) as error:
        raise ValueError(f"`re:{text}` is no regular expression: {error}.") from error
    return text


@lru_cache(maxsize=64)
def _find_matcher(how: str, pattern: str) -> Callable[[str], bool]:
    """Return what tests a text of a note, by the kind of pattern."""
    if how == "regex":
        found = re.compile(pattern, re.IGNORECASE | re.DOTALL)
        return lambda text: bool(found.search(text))
    if how == "word":
        regex = to_regex(normalize(pattern), anywhere=True, start=r"(?<!\w)", end=r"(?!\w)")
        whole = re.compile(regex, re.DOTALL)
        return lambda text: bool(whole.match(normalize(text)))
    if how == "field":
        all_of_it = re.compile(to_regex(normalize(pattern)), re.DOTALL)
        return lambda text: bool(all_of_it.fullmatch(normalize(text)))
    clean = strip_accents if how == "plain" else normalize
    wanted = clean(pattern)
    if not re.search(r"[*_\\]", wanted):
        return lambda text: wanted in clean(text)
    part = re.compile(to_regex(wanted, anywhere=True), re.DOTALL)
    return lambda text: bool(part.match(clean(text)))


def matches(how: str, pattern: str, body: str, field: int | None = None) -> bool:
    """Check whether a note has a text.

    Args:
        how: the kind of pattern: "words", "plain" (accents left out), "word", "regex", or "field" (all of a field).
        pattern: the pattern.
        body: the note, as the catalog stores it.
        field: the number of the field to look at, or nothing for all of them.
    """
    fields = json.loads(body)["fields"]
    if field is None:
        return _find_matcher(how, pattern)(" ".join(fields))
    return field < len(fields) and _find_matcher(how, pattern)(fields[field])
