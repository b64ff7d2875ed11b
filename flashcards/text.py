"""Format numbers, durations and lines of words for people, and compile their regular expressions."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from functools import lru_cache
from itertools import islice
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import regex

# Control characters, overrides of the direction, and lone surrogates; compiled when the first text needs them.
_DANGEROUS = r"[\x00-\x1f\x7f-\x9f\u202d\u202e\ud800-\udfff]"
_DANGEROUS_IN_LINES = r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202d\u202e\ud800-\udfff]"
_COLOUR_OR_DANGEROUS = rf"(\x1b\[[0-9;:]*m)|{_DANGEROUS_IN_LINES}"
_REPLACEMENT = "\N{REPLACEMENT CHARACTER}"


def make_visible(text: str, *, keep_lines: bool = False) -> str:
    """Replace characters that could drive the terminal by `�`; `keep_lines` keeps line breaks and tabs."""
    if text.isprintable():
        return text
    return re.sub(_DANGEROUS_IN_LINES if keep_lines else _DANGEROUS, _REPLACEMENT, text)


def gate(text: str) -> str:
    """Return output that is safe for the terminal: lines, without control sequences other than our colours."""
    if text.isprintable():
        return text
    return re.sub(_COLOUR_OR_DANGEROUS, lambda match: match[1] or _REPLACEMENT, text)


def plural(number: int, word: str) -> str:
    """Format a number with its noun: `1 card`, `2 cards`, `1,000 cards`."""
    return f"{number:,} {word}{'' if number == 1 else 's'}"


NO_CARDS: Final = (
    "There are no cards yet. `flashcards check` lists problems; `flashcards init` creates an example deck."
)
"""The message for an empty collection."""


def find_nearest(name: str, known: Iterable[str], cutoff: float = 0.6) -> str:
    """Return the known name most similar to `name`, or nothing; `cutoff` is the minimum similarity, 0 to 1."""
    import difflib

    return next(iter(difflib.get_close_matches(name, list(known), 1, cutoff)), "")


def suggest(name: str, known: Iterable[str], otherwise: str, cutoff: float = 0.6) -> str:
    """Return "Did you mean …?" with the nearest known name, or `otherwise` if none is close."""
    nearest = find_nearest(name, known, cutoff)
    return f"Did you mean `{nearest}`?" if nearest else otherwise


def list_deck_path(deck: str) -> list[str]:
    """Return the parents of a deck, outermost first, and then the deck itself."""
    parts = deck.split("::")
    return ["::".join(parts[:depth]) for depth in range(1, len(parts) + 1)]


def count_columns(text: str) -> int:
    """Count the terminal columns of a text."""
    return sum(
        0 if unicodedata.combining(character) else 1 + (unicodedata.east_asian_width(character) in "WF")
        for character in text
    )


def wrap_line(line: str, width: int, hang: int = 0) -> list[str]:
    """Wrap a line to at most `width` columns, between words; a word is broken only if it is wider itself.

    Further lines are indented by `hang`, or after an indented line by two more than it.
    """
    indent = len(line) - len(line.lstrip())
    hang = min(indent + 2 if indent else hang, max(0, width - 4))
    found: list[str] = []
    for blanks, word in re.findall(r"(\s*)(\S+)", line.rstrip()):
        if found and count_columns(found[-1]) + len(blanks) + count_columns(word) <= width:
            found[-1] += blanks + word
            continue
        start = " " * (hang if found else min(indent, max(0, width - 4)))
        pieces = _cut_word(word, max(1, width - len(start)))
        found += [start + piece for piece in pieces]
    return found or [""]


def _cut_word(word: str, width: int) -> list[str]:
    """Split a word into pieces of at most `width` columns, each of at least one character."""
    pieces: list[str] = []
    start = columns = 0
    for at, character in enumerate(word):
        wide = count_columns(character)
        if at > start and columns + wide > width:
            pieces.append(word[start:at])
            start, columns = at, 0
        columns += wide
    return [*pieces, word[start:]]


def is_unicode(encoding: str | None) -> bool:
    """Return whether a stream with this encoding can represent every character."""
    return (encoding or "utf-8").lower().startswith("utf")


_MINUTE, _HOUR, _DAY = 60, 3600, 86_400
_MONTH, _YEAR = 30.4375, 365.25  # days


def format_interval(seconds: int) -> str:
    """Format an interval as on a button: `30s`, `10m`, `2h`, `4d`, `2.5mo`, `1.2y`."""
    if seconds < _MINUTE:
        return f"{max(0, seconds)}s"
    if seconds < _HOUR:
        return f"{round(seconds / _MINUTE)}m"
    if seconds < _DAY:
        return f"{_format_one_digit(seconds / _HOUR)}h"
    days = seconds / _DAY
    if days < 31:
        return f"{round(days)}d"
    return f"{_format_one_digit(days / _MONTH)}mo" if days < 365 else f"{_format_one_digit(days / _YEAR)}y"


def format_duration(duration_ms: int) -> str:
    """Format a duration: `45 s`, `4 min 10 s`, `1 h 5 min`."""
    seconds = round(duration_ms / 1000)
    if seconds < _MINUTE:
        return f"{seconds} s"
    if seconds < _HOUR:
        minutes, rest = divmod(seconds, _MINUTE)
        return f"{minutes} min {rest} s" if rest else f"{minutes} min"
    hours, rest = divmod(seconds // _MINUTE, 60)
    return f"{hours} h {rest} min" if rest else f"{hours} h"


def _format_one_digit(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0")


_MOST_REPETITIONS: Final = 10_000  # of all parts of a regular expression together; `regex` writes each one out
_REPEATED: Final = re.compile(r"\{(\d+)")


@lru_cache(256)
def compile_regex(text: str, flags: int = 0) -> regex.Pattern[str]:
    """Compile a regular expression that may come from a stranger; raise ValueError if it is invalid or too large.

    Search with a `timeout`, because one may try very many ways.
    """
    import regex  # imported late, because it loads slowly; unlike `re`, it can stop a search

    times = 1
    for count in _REPEATED.findall(text):
        times *= max(1, int(count[:9]))
        if times > _MOST_REPETITIONS:
            raise ValueError("it repeats its parts too often")
    try:
        return regex.compile(text, flags)
    except (regex.error, RecursionError, OverflowError) as error:
        raise ValueError(str(error)) from None


# Code, or the start or end of `<details>`.
_DETAILS = (
    r"(?ims)(?P<code>^ {0,3}(?P<fence>`{3,}|~{3,}).*?(?:^ {0,3}(?P=fence)|\Z)|`[^`\n]*`)"
    r"|(?P<start><details\b(?P<attributes>[^>]*)>)|(?P<end></details\s*>)"
)
_SUMMARY = r"(?is)<summary\b[^>]*>(.*?)</summary\s*>"


def fold_details(markdown: str, delimiters: Sequence[str] = (), *, as_line: bool = False) -> str:
    """Reduce each closed `<details>` in Markdown to its summary, unless it contains the asked part of a cloze.

    With `as_line`, the summary is plain text after `▸`.
    """
    folded: list[str] = []
    done = depth = start = begin = 0
    for found in re.finditer(_DETAILS, markdown) if "<details" in markdown.lower() else ():
        if found["start"]:
            if not depth and "open" in found["attributes"].lower().split():
                continue
            if not depth:
                begin, start = found.span()
            depth += 1
        elif found["end"] and depth:
            depth -= 1
            inside = markdown[start : found.start()]
            if not depth and not any(each in inside for each in delimiters):
                summary = re.search(_SUMMARY, inside)
                if as_line:
                    folded += [markdown[done:begin], f"▸ {summary[1].strip() if summary else 'Details'}"]
                else:
                    folded += [markdown[done:start], summary[0] if summary else "<summary>Details</summary>"]
                done = found.end() if as_line else found.start()
    return "".join([*folded, markdown[done:]])


_SHOWN: Final = 3  # maximum number of names listed


def list_some(names: Iterable[str], count: int) -> str:
    """List the first of `count` names, because there can be thousands."""
    named = list(islice(names, _SHOWN))
    more = count - len(named)
    return " and ".join([*named, f"{more:,} more"] if more else named)
