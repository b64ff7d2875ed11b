"""Code shared by the dialects: front matter, lines, gaps in braces, and notes with their problems."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from flashcards.deck import front_matter
from flashcards.deck.attributes import split_tags
from flashcards.deck.cloze import MAX_NUMBER
from flashcards.deck.compose import escape_first_character
from flashcards.deck.markdown import outline
from flashcards.deck.model import FORWARD, REVERSE, Deck, Gap, Kind, Note, Problem
from flashcards.deck.parse import clean_deck_name, get_deck_name
from flashcards.deck.source import Spans, normalize

_FENCE: Final = re.compile(r" {0,3}(`{3,}|~{3,})")
_HEADING: Final = re.compile(r"(#{1,6})[ \t]+(.*)")

ANKI_GAP: Final = re.compile(r"\{\{c\d{1,9}::")
"""The beginning of a gap as Anki writes it."""


@dataclass(slots=True)
class DialectText:
    """A file as lines, with its front matter blanked out."""

    path: str  # within the collection
    lines: list[str]  # the lines
    values: dict[str, Any]  # the front matter
    tags: tuple[str, ...]  # the tags of all notes, each once


@dataclass(slots=True)
class DeckBuilder:
    """Collects the notes and problems of one file."""

    file: DialectText
    name: str = ""
    notes: list[Note] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)

    def add_sides(self, lines: tuple[int, int], front: str, back: str, *, both_ways: bool = False, **more: Any) -> None:
        """Add a note with two sides; `lines` are the first and the last, counted from 0."""
        front, back = front.strip(), back.strip()
        if not front or not back:
            self.report(lines[0], "empty-side", "This card has an empty side.", "Write it, or remove the card.")
            return
        slots = (FORWARD, REVERSE) if both_ways else (FORWARD,)
        kind = Kind.PAIR if lines[0] == lines[1] else Kind.QUESTION
        if kind is Kind.PAIR:  # in the file, a sign after the separator is text: `pulse::> 100 bpm`
            back = escape_first_character(back, is_cloze=False)
        self.notes.append(Note(kind, lines[0] + 1, lines[1] + 1, (front, back), slots, **self._complete(more)))

    def add_cloze(self, lines: tuple[int, int], text: str, gaps: Sequence[Gap], **more: Any) -> None:
        """Add a cloze with these gaps of its text."""
        gaps = [gap for gap in gaps if text[gap.inner_start : gap.inner_end].strip()]
        if any(not 1 <= number <= MAX_NUMBER for gap in gaps for number in gap.numbers):
            hint = "Number the gaps 1, 2, 3 and so on."
            self.report(lines[0], "gap-number", f"The number of a gap must be between 1 and {MAX_NUMBER}.", hint)
        elif not gaps:
            self.report(lines[0], "cloze-without-gap", "This cloze has no gap.", "Write one, or give it an answer.")
        else:
            slots = tuple(f"c{number}" for number in sorted({number for gap in gaps for number in gap.numbers}))
            more = self._complete(more)
            self.notes.append(Note(Kind.CLOZE, lines[0] + 1, lines[1] + 1, (text,), slots, tuple(gaps), **more))

    def _complete(self, more: dict[str, Any]) -> dict[str, Any]:
        own = split_tags(more.get("tags") or ())[0]
        return more | {"tags": tuple(dict.fromkeys((*self.file.tags, *own))) if own else self.file.tags}

    def report(self, line: int, code: str, message: str, hint: str) -> None:
        """Report a problem of a line, counted from 0."""
        self.problems.append(Problem(line + 1, code, message, hint))

    def build(self) -> Deck:
        """Return the deck, in order of the file."""
        notes = complete_notes(sorted(self.notes, key=lambda note: note.line), "\n".join(self.file.lines))
        problems = tuple(sorted(self.problems, key=lambda problem: problem.line))
        name = clean_deck_name(self.name) if self.name else get_deck_name(self.file.path)
        return Deck(name, tuple(notes), problems)


def complete_notes(notes: list[Note], body: str) -> list[Note]:
    """Return the notes of a file, with the footnotes that they refer to and that are defined elsewhere in it."""
    if "[^" not in body:
        return notes
    from flashcards.deck.markdown_extensions import add_footnotes  # imported late, because few files need it

    return add_footnotes(notes, body)


def read_lines(text: str, path: str) -> DialectText:
    """Split a file into its front matter and its lines."""
    text = normalize(text)
    head = front_matter.read_front_matter(text, is_native=False)
    body = "\n" * text.count("\n", 0, head.end) + text[head.end :]
    return DialectText(path, body.split("\n"), dict(head.values), tuple(dict.fromkeys(_list_tags(head.values))))


def _list_tags(values: Mapping[str, Any]) -> Iterator[str]:
    """Yield the tags in a front matter: those of `tags` and `tag` in any case, as Obsidian reads them."""
    for name, value in values.items():
        if name.lower() in ("tag", "tags") and value:
            given = [tag for tag in value if tag is not None] if isinstance(value, list) else value
            yield from split_tags(given)[0]


def list_prose(lines: Sequence[str]) -> Iterator[tuple[int, str]]:
    """Return the lines outside of code blocks, with their numbers."""
    text = "\n".join(lines)
    return _skip_code(lines) if "```" in text or "~~~" in text else iter(enumerate(lines))


def _skip_code(lines: Sequence[str]) -> Iterator[tuple[int, str]]:
    marks = mark_code(lines)
    return ((number, line) for number, line in enumerate(lines) if not next(marks))


def mark_code(lines: Iterable[str]) -> Iterator[bool]:
    """Yield for each line whether it opens or closes fenced code, or is inside it."""
    closing = ""
    for line in lines:
        fence = _FENCE.match(line) if "```" in line or "~~~" in line else None
        yield bool(closing or fence)
        if not closing:
            closing = fence[1] if fence else ""
        elif fence and fence[1].startswith(closing) and not line.strip(" `~"):
            closing = ""


class Breadcrumbs:
    """The headings above each line of a file, outermost first; `clean` converts the text of a heading for display."""

    def __init__(self, lines: Sequence[str], clean: Callable[[str], str] = str) -> None:
        self._clean = clean
        found = ((number, read_heading(line)) for number, line in list_prose(lines) if line.startswith("#"))
        self._coming = iter([(number, *heading) for number, heading in found if heading])
        self._next = next(self._coming, None)
        self._open: list[tuple[int, str]] = []
        self._shown: tuple[str, ...] = ()

    def above(self, line: int) -> tuple[str, ...]:
        """Return the headings above a line; lines must come in order. Above a heading are those of higher rank."""
        while self._next and self._next[0] < line:
            _, level, text = self._next
            self._open = [each for each in self._open if each[0] < level]
            if text := self._clean(text):
                self._open.append((level, text))
            self._next = next(self._coming, None)
            self._shown = tuple(text for _, text in self._open)
        if self._next and self._next[0] == line:
            return tuple(text for level, text in self._open if level < self._next[1])
        return self._shown


def read_heading(line: str) -> tuple[int, str] | None:
    """Return the level and the text of a heading, or nothing if the line is not a heading."""
    match = _HEADING.fullmatch(line)
    if not match:
        return None
    text = match[2].rstrip()
    closed = text.rstrip("#")
    if not closed or closed[-1] in " \t":
        text = closed.rstrip()
    return len(match[1]), text


def find_opaque(text: str) -> Spans:
    """Return the code, math, links and HTML of a text, which are not searched."""
    return Spans(outline(text).opaque)


def find_brace_gaps(text: str, pattern: re.Pattern[str], *, counts_all: bool = False) -> list[Gap]:
    """Return the gaps that a pattern finds outside of code, math and links.

    Its groups `whole`, `mark` and `part` hold what a gap hides, `anki` and `short` its number. A gap without a number
    gets the next one: by all gaps before it with `counts_all`, else by those without a number.
    """
    opaque = find_opaque(text)
    gaps: list[Gap] = []
    unnumbered = 0
    for match in pattern.finditer(text):
        if match.start() in opaque:
            continue
        groups = match.groupdict()
        inner = next(name for name in ("whole", "mark", "part") if groups.get(name) is not None)
        written = groups["anki"] or groups.get("short")
        number = int(written or 0) or (len(gaps) if counts_all else unnumbered) + 1
        gaps.append(Gap((number,), match.start(), match.end(), *match.span(inner), groups.get("hint") or ""))
        unnumbered += written is None
    return gaps
