"""Build notes from the positions of their parts."""

from __future__ import annotations

import re
from bisect import bisect_left
from typing import NamedTuple

from flashcards.deck.attributes import Attributes, merge_attributes
from flashcards.deck.cloze import GapError, find_gaps
from flashcards.deck.markdown import Outline, outline
from flashcards.deck.model import FORWARD, REVERSE, Gap, Kind, Note, Problem
from flashcards.deck.source import Lines, Span

_BULLETS = re.compile(r"(?:[ \t]*(?:[-+*]|[0-9]{1,9}[.)])(?=[ \t]))+[ \t]*")


_FIRST_SIGN = re.compile(
    r"(?P<rule>([-*_])[ \t]*(?:\2[ \t]*){2,}(?=\n|\Z))"
    r"|(?P<heading>#{1,6}(?=[ \t\n]|\Z))"
    r"|(?P<quotation>>)"
    r"|(?P<bullet>[-+*](?=[ \t\n]|\Z)(?![ \t]+\[[ xX]\][ \t]))"
    r"|(?P<number>[0-9]{1,9})(?=[.)](?:[ \t\n]|\Z))"
    r"|(?P<fence>(?:`{3,}[^`\n]*|~{3,}[^\n]*)\Z)"
    r"|(?P<definition>\[(?!\^)[^\]\n]+\]:)"
)
_CONTINUATIONS = {
    "quotation": re.compile(r"\n[ \t]*>"),
    "bullet": re.compile(r"\s*\n(?:[ \t]*[-+*][ \t]| {2,}\S|\t)"),
    "number": re.compile(r"\s*\n(?:[ \t]*[0-9]{1,9}[.)][ \t]| {2,}\S|\t)"),
}
_SOFT_BREAK = re.compile(r"(?<![ \\]) ?\n[ \t]*")
_GAP_LIKE = re.compile(r"\{\{c[0-9]+::|\[[^\[\]]+\]")
_NO_ATTRIBUTES = Attributes()


class OpenNote:
    """A note whose end is not known yet; `limit` is the last possible one."""

    def __init__(self, kind: Kind, start: int, front_start: int, breadcrumb: tuple[str, ...], limit: int) -> None:
        self.kind = kind
        self.start = start
        self.front_start = front_start
        self.breadcrumb = breadcrumb
        self.limit = limit
        # front_end, back_start: -1 until the second marker is found
        self.front_end = -1
        self.back_start = -1
        # indent, back_indent: the spaces before its markers
        self.indent = 0
        self.back_indent = 0
        self.both_ways = False
        self.cuts: list[Span] = []  # the comments with its attributes
        self.attributes: list[Attributes] = []


class Piece(NamedTuple):
    """Text from the file without its comments. `kept` are the places that it comes from."""

    text: str
    kept: tuple[Span, ...]

    def origin(self, offset: int) -> int:
        """Return the place in the file of the character at `offset` of the text."""
        for start, end in self.kept:
            if offset < end - start:
                return start + offset
            offset -= end - start
        return self.kept[-1][1] - 1 if self.kept else 0


class NoteError(Exception):
    """The reason why an open note is not valid."""

    def __init__(self, line: int, code: str, message: str, hint: str) -> None:
        super().__init__(message)
        self.problem = Problem(line, code, message, hint)


class Composer:
    """Composes the notes of one file; `definitions` are its link definitions as Markdown, by folded label."""

    def __init__(
        self, body: str, lines: Lines, parts: Outline, tags: tuple[str, ...], definitions: dict[str, str]
    ) -> None:
        self._body = body
        self._lines = lines
        self._parts = parts
        self._tags = tags
        self._definitions = definitions
        self._link_starts = [start for start, _ in parts.links]
        self._tasks = [item for item in parts.items if item.is_task]
        self._task_starts = [item.lead_start for item in self._tasks]

    def compose(self, draft: OpenNote, end: int) -> Note:
        """Compose the note from `draft`, which ends at `end`; raise NoteError if a part or a gap is malformed."""
        end = min(end, draft.limit)
        definitions = self._find_definitions(draft.start, end) if self._definitions else ""
        fields: tuple[str, ...]
        gaps: tuple[Gap, ...] = ()
        if draft.kind is Kind.CLOZE:
            last = self._cut_side(draft, draft.front_start, end)
            fields = (last.text,)
        else:
            if draft.back_start < 0:
                raise self._make_missing_answer_error(draft, end)
            first = self._cut_side(draft, draft.front_start, draft.front_end)
            last = self._cut_side(draft, draft.back_start, end)
            fields = (first.text, last.text)
        if not all(fields):
            message = f"{_SIDES[draft.kind][fields.index('')]} is empty."
            raise NoteError(self._lines.at(draft.start), "empty-side", message, "Write it, or remove the note.")
        if draft.kind is Kind.CLOZE:
            gaps = self._find_gaps(draft, last, definitions)
        attributes = merge_attributes(draft.attributes) if draft.attributes else _NO_ATTRIBUTES
        last_cut = max((cut_end - 1 for _, cut_end in draft.cuts if cut_end <= end), default=0) if draft.cuts else 0
        return Note(
            draft.kind,
            self._lines.at(draft.start),
            self._lines.at(max(last_cut, last.kept[-1][1] - 1)),
            fields,
            _list_slots(draft, gaps),
            gaps,
            draft.breadcrumb,
            tuple(dict.fromkeys((*self._tags, *attributes.tags))) if attributes.tags else self._tags,
            attributes.pin,
            attributes.typed,
            self._find_points(draft, end) if self._tasks and draft.kind is Kind.QUESTION else (),
            definitions,
            say=attributes.say,
        )

    def _find_gaps(self, draft: OpenNote, piece: Piece, definitions: str) -> tuple[Gap, ...]:
        try:
            gaps = find_gaps(piece.text, definitions)
        except GapError as error:
            line = self._lines.at(piece.origin(error.offset))
            raise NoteError(line, error.code, error.message, error.hint) from None
        if not gaps:
            hint = _hint_at_gap(piece.text)
            raise NoteError(self._lines.at(draft.start), "cloze-without-gap", "`C:` without a gap.", hint)
        return gaps

    def _make_missing_answer_error(self, draft: OpenNote, end: int) -> NoteError:
        front, back = ("Q", "A") if draft.kind is Kind.QUESTION else ("T", "D")
        message = f"`{front}:` without `{back}:`."
        hint = f"Write `{back}:` below it, or `\\{front}:` if it is text."
        text = self._body[draft.front_start : end]
        if re.search(rf"[ \t]{back}[:：][ \t]", text):
            hint = f"Put `{back}:` at the start of its own line, or write `\\{front}:` if it is text."
        if re.search(rf"\S[ \t]{back}[:：][ \t]", text):
            message = f"{message[:-1]} at the start of a line; a formatter seems to have joined the lines."
            hint = f"{hint} A blank line between them keeps formatters from joining them."
        code = "question-without-answer" if front == "Q" else "term-without-definition"
        return NoteError(self._lines.at(draft.start), code, message, hint)

    def _cut_side(self, draft: OpenNote, start: int, end: int) -> Piece:
        """Cut out a side of a note; a character directly after its marker is text."""
        piece = self._cut_piece(draft, start, end)
        if draft.kind is Kind.PAIR and start == draft.front_start:
            return piece._replace(text=_SOFT_BREAK.sub(" ", piece.text)) if "\n" in piece.text else piece
        if draft.kind is Kind.PAIR:
            piece = piece._replace(text=piece.text.lstrip())  # a formatter may have wrapped the line after `::`
        text = piece.text
        if text[:1].isalpha() or not text or "\n" in self._body[start : piece.kept[0][0]]:
            return piece
        return piece._replace(text=escape_first_character(text, is_cloze=draft.kind is Kind.CLOZE))

    def _cut_piece(self, draft: OpenNote, start: int, end: int) -> Piece:
        """Return the text of `start:end` without comments, surrounding blank lines, and spaces after a marker."""
        if not draft.cuts and draft.kind is not Kind.PAIR:
            text = self._body[start:end]
            skip, length = _find_content(text)
            return Piece(text[skip:length], ((start + skip, start + length),)) if skip < length else Piece("", ())
        kept: list[Span] = []
        at = start
        for cut in draft.cuts[bisect_left(draft.cuts, (start, 0)) : bisect_left(draft.cuts, (end, 0))]:
            cut_start, cut_end = _extend_cut(self._body, cut)
            kept.append((at, max(cut_start, at)))
            at = max(at, min(cut_end, end))
        kept.append((at, end))
        text = "".join(self._body[a:b] for a, b in kept)
        skip, length = _find_content(text)
        if skip >= length:
            return Piece("", ())
        found = text[skip:length]
        if draft.kind is Kind.PAIR and "\n" in found:
            found = _outdent(found, self._body, draft.start)
        return Piece(found, tuple(_select_spans(kept, skip, length)))

    def _find_definitions(self, start: int, end: int) -> str:
        used = self._parts.links[bisect_left(self._link_starts, start) : bisect_left(self._link_starts, end)]
        found = (self._definitions.get(fold_label(label)) for _, label in used)
        return "\n".join(dict.fromkeys(text for text in found if text))

    def _find_points(self, draft: OpenNote, end: int) -> tuple[str, ...]:
        first = bisect_left(self._task_starts, draft.back_start)
        last = bisect_left(self._task_starts, end)
        texts = (self._cut_piece(draft, task.lead_start, task.lead_end).text for task in self._tasks[first:last])
        return tuple(" ".join(text.split()) for text in texts if text)


_GAPS_MISSING = r"Put what is to be recalled in `[brackets]`, or write `\C:` if it is text."
_GAPS_ESCAPED = r"`\[` is text: remove the backslash where a gap begins, or write `\C:` if it is text."
_GAPS_IN_MATH = r"A part of a formula is a gap only as `{{c1::…}}`; or put brackets around the whole formula."
_GAPS_IN_CODE = r"A part of code is a gap only as `{{c1::…}}`; or put brackets around it, as in `` [`x`] ``."
_SIDES = {
    Kind.QUESTION: ("The question", "The answer"),
    Kind.TERM: ("The term", "The definition"),
    Kind.PAIR: ("The front of this pair", "The back of this pair"),
    Kind.CLOZE: ("The text of this cloze",),
}


def _hint_at_gap(text: str) -> str:
    """Return the advice for a cloze without gaps."""
    parts = outline(text, has_display_math=False)
    if any(_GAP_LIKE.search(text, start, end) for start, end in parts.math):
        return _GAPS_IN_MATH
    if any(text[start] in "`~" and _GAP_LIKE.search(text, start, end) for start, end in parts.opaque):
        return _GAPS_IN_CODE
    return _GAPS_ESCAPED if "\\[" in text else _GAPS_MISSING


def escape_first_character(text: str, *, is_cloze: bool) -> str:
    """Escape a character at the start of `text` that would begin a block: a quotation, a list, a heading, a rule.

    A quotation or list that continues on the next line is kept, and so are tasks and fences with code below them.
    """
    match = _FIRST_SIGN.match(text)
    if match is None or (is_cloze and match["definition"]):
        return text
    for kind, continuation in _CONTINUATIONS.items():
        if match[kind] and continuation.match(text, text.find("\n") if "\n" in text else len(text)):
            return text
    at = match.end() if match["number"] else 0
    return f"{text[:at]}\\{text[at:]}"


def fold_label(label: str) -> str:
    """Normalize a link label as CommonMark compares it."""
    return " ".join(label.split()).casefold()


def _list_slots(draft: OpenNote, gaps: tuple[Gap, ...]) -> tuple[str, ...]:
    if draft.kind is Kind.CLOZE:
        return tuple(f"c{number}" for number in sorted({number for gap in gaps for number in gap.numbers}))
    if draft.kind is Kind.TERM or draft.both_ways:
        return (FORWARD, REVERSE)
    is_reversed = draft.attributes and any(each.reverse for each in draft.attributes)
    return (FORWARD, REVERSE) if is_reversed else (FORWARD,)


def _find_content(text: str) -> Span:
    """Return the span of `text` without surrounding blank lines and leading spaces."""
    skip = len(text) - len(text.lstrip(" \t\n"))
    if skip > 1:  # an indented first line, which may be code, keeps its spaces
        skip = text.rfind("\n", 0, skip) + 1 or skip
    return skip, len(text.rstrip())


def _extend_cut(body: str, cut: Span) -> Span:
    """Extend the span of a comment to its whole line if nothing else is on it, else to the spaces before it."""
    start, end = cut
    while start and body[start - 1] in " \t":
        start -= 1
    while end < len(body) and body[end] in " \t":
        end += 1
    if (start == 0 or body[start - 1] == "\n") and (end == len(body) or body[end] == "\n"):
        return start, end + 1
    return start, cut[1]


def _outdent(text: str, body: str, start: int) -> str:
    """Move the further lines of a list item at `start` left by the width of its bullet."""
    line_start = body.rfind("\n", 0, start) + 1
    bullets = _BULLETS.match(body, line_start, start)
    return re.sub(rf"\n(?:\t| {{1,{bullets.end() - line_start}}})", "\n", text) if bullets else text


def _select_spans(kept: list[Span], skip: int, length: int) -> list[Span]:
    """Return the part of `kept` with the characters `skip:length` of the joined text."""
    found = []
    at = 0
    for start, end in kept:
        first, last = max(skip - at, 0), min(length - at, end - start)
        if first < last:
            found.append((start + first, start + last))
        at += end - start
    return found
