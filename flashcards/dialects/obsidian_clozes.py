"""Find the gaps of Obsidian's spaced repetition plugin, by patterns such as `==[123;;]answer[;;hint]==`.

A pattern has three kinds of gap. Simple ones are a card each, classic ones are numbered, and overlapping ones say for
each card whether they are asked (a), shown (s) or hidden (h). A text has one kind only: the first of classic,
overlapping and simple that is found in it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, NamedTuple

from flashcards.deck.cloze import MAX_NUMBER
from flashcards.deck.model import Gap

_GROUP: Final = re.compile(r"\[((?:\\.|[^\]\\])*)\]")
_LINE_END: Final = re.compile("[\n\u2028\u2029]")  # what a gap does not cross
_NUMBER: Final = re.compile(r"\d+")
_LONGEST_PATTERN: Final = 200
_ANSWER: Final = "answer"
_CLASSIC, _OVERLAPPING, _SIMPLE = r"(?P<seq>[0-9]{1,9})", r"(?P<seq>[ash]+)", ""
_ORDER: Final = (_CLASSIC, _OVERLAPPING, _SIMPLE)


class PatternError(ValueError):
    """A pattern without number, hint or answer."""


class _GapMatch(NamedTuple):
    """One gap in a text: its span, the hidden text, its hint and its number or letters."""

    start: int
    end: int
    inner_start: int
    inner_end: int
    hint: str
    sequence: str


@dataclass(frozen=True, slots=True)
class _GapPattern:
    """One syntax of a gap: expressions without wildcards, and the text between them.

    `parts` are two or three expressions; `wild` names the text between them: "answer" or "hint".
    """

    parts: tuple[re.Pattern[str], ...]
    wild: tuple[str, ...]


def find_clozes(text: str, patterns: Sequence[str]) -> tuple[Gap, ...]:
    """Find the gaps of a text, in order; skip invalid patterns. If gaps overlap partly, the later one is text."""
    for sequence in _ORDER:
        hits = [hit for pattern in _usable(patterns) for hit in _find(text, pattern, sequence)]
        if hits:
            return _gaps(hits, sequence)
    return ()


def has_cloze(line: str, patterns: Sequence[str]) -> bool:
    """Return whether a line contains a gap of any kind."""
    return any(
        next(_find(line, pattern, sequence), None) is not None
        for pattern in _usable(patterns)
        if find_opening(pattern) in line  # by far the fastest way to skip most lines
        for sequence in reversed(_ORDER)  # most gaps are simple
    )


def is_pattern(pattern: str) -> bool:
    """Return whether a pattern is valid."""
    try:
        _shapes(pattern, _SIMPLE)
    except PatternError:
        return False
    return True


@lru_cache(64)
def find_opening(pattern: str) -> str:
    """Return the text with which each gap of a pattern begins, or ""."""
    return re.split(rf"\[|{_ANSWER}", pattern, maxsplit=1)[0]


def _usable(patterns: Sequence[str]) -> Iterator[str]:
    return (pattern for pattern in patterns if is_pattern(pattern))


def _gaps(hits: list[_GapMatch], sequence: str) -> tuple[Gap, ...]:
    found = []
    for number, hit in enumerate(hits, start=1):
        asked, hidden = _cards(hit.sequence, sequence, number)
        if asked or hidden:
            found.append(Gap(asked, *hit[:4], hit.hint, hidden))
    found.sort(key=lambda gap: (gap.start, -gap.end))
    kept: list[Gap] = []
    around: list[Gap] = []
    for gap in found:
        while around and around[-1].end <= gap.start:
            around.pop()
        if around and not around[-1].inner_start <= gap.start <= gap.end <= around[-1].inner_end:
            continue
        kept.append(gap)
        around.append(gap)
    return tuple(kept)


def _cards(written: str, sequence: str, number: int) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Return the numbers of the cards that ask for a gap, and of those that hide it."""
    if sequence == _SIMPLE:
        return ((number,), ()) if number <= MAX_NUMBER else ((), ())
    if sequence == _CLASSIC:
        return ((int(written),), ()) if 1 <= int(written) <= MAX_NUMBER else ((), ())
    letters = written[:MAX_NUMBER]
    asked = tuple(at for at, letter in enumerate(letters, start=1) if letter == "a")
    return asked, tuple(at for at, letter in enumerate(letters, start=1) if letter == "h")


def _find(text: str, pattern: str, sequence: str) -> Iterator[_GapMatch]:
    """Find the gaps of one pattern and kind, line by line, as the leftmost and shortest matches."""
    shapes = _shapes(pattern, sequence)
    opening = find_opening(pattern)
    offset = 0
    for line in _LINE_END.split(text):
        for hit in _find_in_line(line, shapes) if opening in line else ():
            start, end, inner_start, inner_end, hint, written = hit
            yield _GapMatch(start + offset, end + offset, inner_start + offset, inner_end + offset, hint, written)
        offset += len(line) + 1


def _find_in_line(line: str, shapes: Sequence[_GapPattern]) -> Iterator[_GapMatch]:
    searches = [_Search(line, shape) for shape in shapes]
    is_hint_first = shapes[0].wild[0] == "hint"
    at = 0
    while True:
        # Of gaps with the same start, the one with the shorter answer counts; of equally short ones, the one with a
        # hint.
        found = [hit for hit in (search.first(at) for search in searches) if hit]
        best = min(found, key=lambda hit: (hit.start, 0 if is_hint_first else hit.inner_end), default=None)
        if best is None:
            return
        yield best
        at = best.end


class _Search:
    """Finds one shape in a line. Each expression is searched once from left to right, so the search stays linear."""

    def __init__(self, line: str, shape: _GapPattern) -> None:
        self._line = line
        self._shape = shape
        self._finders = [_Finder(line, part) for part in shape.parts]

    def first(self, at: int) -> _GapMatch | None:
        """Find the first gap that begins at `at` or later."""
        opening = self._finders[0].next(at)
        if opening is None:
            return None
        matches = [opening]
        for finder in self._finders[1:]:
            match = finder.next(matches[-1].end() + 1)  # the text in between has at least one character
            if match is None:
                return None
            matches.append(match)
        inner, hint = (0, 0), None
        for name, before, after in zip(self._shape.wild, matches, matches[1:], strict=False):
            if name == _ANSWER:
                inner = before.end(), after.start()
            else:
                hint = before.end(), after.start()
        written = next((match["seq"] for match in matches if match.re.groupindex), "")
        hint_text = self._line[hint[0] : hint[1]] if hint else ""
        return _GapMatch(opening.start(), matches[-1].end(), *inner, hint_text, written)


class _Finder:
    """Finds an expression at or after offsets that only increase."""

    def __init__(self, line: str, expression: re.Pattern[str]) -> None:
        self._line = line
        self._expression = expression
        self._found: re.Match[str] | None = None
        self._is_done = False

    def next(self, at: int) -> re.Match[str] | None:
        if self._found is not None and self._found.start() >= at:
            return self._found
        if self._is_done:
            return None
        self._found = self._expression.search(self._line, at)
        self._is_done = self._found is None
        return self._found


@lru_cache(64)
def _shapes(pattern: str, sequence: str) -> tuple[_GapPattern, ...]:
    """Return the syntaxes of a gap: with a hint, and without one. Raise PatternError if a part is missing."""
    groups = list(_GROUP.finditer(pattern)) if len(pattern) <= _LONGEST_PATTERN else []
    number = next((group for group in groups if _NUMBER.search(group[1])), None)
    hint = next((group for group in groups if "hint" in group[1]), None)
    if number is None or hint is None or number.start() == hint.start():
        raise PatternError(pattern)
    return tuple(_shape(pattern, number, hint, sequence, has_hint=has_hint) for has_hint in (True, False))


def _shape(pattern: str, number: re.Match[str], hint: re.Match[str], sequence: str, *, has_hint: bool) -> _GapPattern:
    wild = "\0"
    pieces = []
    at = 0
    for group in sorted((number, hint), key=lambda group: group.start()):
        pieces.append(re.escape(pattern[at : group.start()]))
        content = re.escape(group[1].replace("\\[", "[").replace("\\]", "]"))
        if group is number:
            pieces.append(_NUMBER.sub(lambda _: sequence, content) if sequence else "")
        elif has_hint:
            pieces.append(content.replace("hint", f"{wild}hint{wild}", 1))
        at = group.end()
    pieces.append(re.escape(pattern[at:]))
    whole = "".join(pieces)
    if _ANSWER not in whole:
        raise PatternError(pattern)
    parts = whole.replace(_ANSWER, f"{wild}{_ANSWER}{wild}", 1).split(wild)
    return _GapPattern(tuple(re.compile(part) for part in parts[::2]), tuple(parts[1::2]))
