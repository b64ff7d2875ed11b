"""Split the text of a deck into tokens: markers, pairs, headings, breaks and comments.

The Markdown parser does not recognize markers. It does not see a fence that follows a marker on the same line, as in
"A: ```", so it would read the closing fence as an opening one. HTML continues over a marker up to the next blank line,
and code from one stray backtick to the next. Line breaks inserted at these places let the parser find the blocks of the
note's own text.
"""

from __future__ import annotations

import re
import sys
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator
from enum import Enum, auto
from functools import cached_property
from operator import attrgetter
from typing import Final, NamedTuple

from flashcards.deck import attributes
from flashcards.deck.markdown import Heading, Outline, outline
from flashcards.deck.source import Span, Spans

# `C:\Users` and `C:/x` are paths, but `A:\(x\)`, `A:\[x\]` and `A:\*` are math and escapes.
COLON: Final = r"(?::(?!/|\\(?![^\w\s.~%$\\]))|：)"

# The texts are searched with a preceding line break, which is found much faster than `^`.
_BEHIND = re.compile(rf"\n {{0,3}}[QATDC]{COLON}[ \t]*(?=```|~~~|[-+*] \[[ xX]\][ \t])")
_FENCE = re.compile(r"\n([^\n`~]*)(```+|~~~+)([^\n]*)")
_OPENING = re.compile(r"(```+|~~~+)")
_MARKER_LINE = re.compile(rf" {{0,3}}[QATDC]{COLON}[ \t]*")
_CONTAINERS = re.compile(r"[ \t>]*(?:(?:[-+*]|[0-9]{1,9}[.)])[ \t]+)*")
_RULE = re.compile(r"\n(?=---+[ \t]*(?:\n|\Z))")


def find_blocks_behind_markers(body: str) -> list[int]:
    """Find the fences and tasks on the line of a marker, outside every other fence."""
    if "[" not in body and "~" not in body and "```" not in body:  # a single character is found fastest
        return []
    text = f"\n{body}"
    found = [match.end() - 1 for match in _BEHIND.finditer(text)]
    if not found:
        return []
    opened, insides = _find_fences(text)
    inside = Spans(insides)
    return [offset for offset in found if offset in opened or (body[offset] not in "`~" and offset not in inside)]


def find_unclosed(body: str, hidden: Iterable[int], opaque: Spans) -> tuple[int, str] | None:
    """Find an unclosed fence or comment that hides an offset of `hidden`: its start, and the text that closes it."""
    end = len(body.rstrip())
    last: Span | None = None
    for offset in hidden:
        span = opaque.around(offset)
        if not span or span == last or span[1] < end:
            continue
        last = span
        text = body[span[0] : span[1]].strip()
        fence = _OPENING.match(text)
        if fence and not re.search(rf"\n[ \t>]*{fence[1]}+[ \t]*\Z", text):
            return span[0], fence[1]
        if text.startswith("<!--") and "-->" not in text:
            return span[0], "-->"
    return None


def _find_fences(text: str) -> tuple[set[int], list[Span]]:
    """Find fences on lines of markers, and the insides of all; offsets are without the first line break."""
    opened: set[int] = set()
    insides: list[Span] = []
    fence, begin, at_marker = "", 0, False
    for match in _FENCE.finditer(text):
        before, mark, behind = match.groups()
        if fence:
            if mark.startswith(fence) and not behind.strip() and not before.strip(" \t>"):
                insides.append((begin, match.start() - 1))
                if at_marker:
                    opened.add(begin)
                fence = ""
        elif "`" not in behind or mark[0] == "~":
            at_marker = bool(_MARKER_LINE.fullmatch(before))
            if at_marker or _CONTAINERS.fullmatch(before):
                fence, begin = mark, match.start(2) - 1
    return opened, insides


_MARKER = re.compile(rf"\n {{0,3}}[QATDC]{COLON}")  # a preceding line break is found much faster than `^`
_SEPARATOR = re.compile(r"(?<=[ \t\n]):{2,3}(?=[ \t]|\n[ \t]*\S)")
_UNDERLINE = re.compile(r"\n {0,3}([-=])+[ \t]*\n?\Z")
_LINE = re.compile(r"[^\n]+")


_MAX_PASSES = 6

_NOWHERE = (sys.maxsize, sys.maxsize)  # after the end of any text


class TokenKind(Enum):
    """The kinds of tokens."""

    MARKER = auto()  # such as `Q:`
    PAIR = auto()  # a line or list item with ` :: `
    BREAK = auto()  # `---` or `<!-- end -->`
    HEADING = auto()
    COMMENT = auto()  # an HTML comment, perhaps with attributes


class Token(NamedTuple):
    """The beginning or end of a note or one of its sides, or a comment that may belong to one."""

    kind: TokenKind  # its kind
    # start, end: its place; a marker ends after the colon, a pair is the whole note
    start: int
    end: int
    letter: str = ""  # of a marker
    separator: Span = (0, 0)  # of a pair: the span of its `::` or `:::`
    block: Span = (0, 0)  # of a pair: the span of its top-level block
    heading: Heading | None = None  # of a heading


_BY_START = attrgetter("start")


class Tokens(NamedTuple):
    """The tokens of a deck's text."""

    found: list[Token]  # all tokens, in order
    parts: Outline  # the outline of the Markdown
    breaks: list[int]  # where line breaks were inserted for the parser
    # an unclosed fence or comment that hides all later markers, and the text that would close it
    unclosed: tuple[int, str] | None


def tokenize(body: str) -> Tokens:
    """Split `body` into tokens."""
    breaks = find_blocks_behind_markers(body)
    for _ in range(_MAX_PASSES):  # a break may let a later opening extend over the next marker
        parts = outline(body, breaks)
        tokenizer = _Tokenizer(body, parts)
        found = tokenizer.find_all()
        rules_in_html = (match.end() for start, end in parts.html for match in _RULE.finditer(body, start, end))
        more = _keep_offsets_in_notes([*tokenizer.hidden, *rules_in_html], found)
        if set(more) <= set(breaks):
            break
        breaks = sorted({*breaks, *more})
    hidden = tokenizer.hidden
    return Tokens(found, parts, breaks, find_unclosed(body, hidden, tokenizer.opaque) if hidden else None)


def _keep_offsets_in_notes(offsets: list[int], found: list[Token]) -> list[int]:
    """Keep the offsets inside notes that begin with a marker."""
    if not offsets:
        return []
    turns = [token for token in found if token.kind not in (TokenKind.COMMENT, TokenKind.PAIR)]
    starts = [token.start for token in turns]
    before = [bisect_right(starts, offset) - 1 for offset in offsets]
    return [
        offset for offset, at in zip(offsets, before, strict=True) if at >= 0 and turns[at].kind is TokenKind.MARKER
    ]


def _drop_tokens_in_headings(headings: list[Token], found: list[Token]) -> list[Token]:
    """Drop the tokens that begin inside one of `headings`."""
    starts = [token.start for token in found]
    kept: list[Token] = []
    at = 0
    for heading in headings:
        if heading.kind is TokenKind.HEADING:
            first = bisect_left(starts, heading.start, at)
            kept += found[at:first]
            at = bisect_left(starts, heading.end, first)
    return kept + found[at:]


class _Tokenizer:
    def __init__(self, body: str, parts: Outline) -> None:
        self.body = body
        self.parts = parts
        self.opaque = Spans(parts.opaque)
        self.paragraphs_over_rules: list[Span] = []  # text of notes that would be headings in Markdown
        self.hidden: list[int] = []  # markers at line starts inside opaque parts

    def find_all(self) -> list[Token]:
        found = [*self._find_markers(), *self._find_comments()]
        found += [Token(TokenKind.BREAK, start, end) for start, end in self.parts.rules]
        found.sort(key=_BY_START)
        headings = self._find_headings(found)
        found = _drop_tokens_in_headings(headings, found) + headings
        found += self._find_pairs(found)
        # At the same place a pair comes last, as in this list, because sorting is stable.
        found.sort(key=_BY_START)
        return found

    def _find_markers(self) -> Iterator[Token]:
        paragraphs = Spans([*self.parts.paragraphs, *((h.start, h.end) for h in self.parts.headings)])
        opaque = iter(self.opaque)
        span_start, span_end = next(opaque, _NOWHERE)
        for match in _MARKER.finditer("\n" + self.body):  # so every offset is one too high
            line_start, after = match.span()
            start = after - 3  # of the letter
            while span_end <= start:
                span_start, span_end = next(opaque, _NOWHERE)
            # At column 0 inside a list or a quote, the line only continues it ("lazily"), so it is at the top level.
            if start >= span_start:
                if start == line_start:
                    self.hidden.append(start)
            elif start == line_start or start in paragraphs:
                yield Token(TokenKind.MARKER, line_start, after - 1, self.body[start])

    def _find_comments(self) -> Iterator[Token]:
        for start, end in self.parts.html:
            comment = self.body.find("<!--", start, end)
            while comment >= 0:
                closing = self.body.find("-->", comment + 4, end)
                if closing < 0:
                    break
                what = TokenKind.BREAK if attributes.is_end(self.body[comment : closing + 3]) else TokenKind.COMMENT
                yield Token(what, comment, closing + 3)
                comment = self.body.find("<!--", closing + 3, end)

    def _find_headings(self, found: list[Token]) -> list[Token]:
        """Find the headings, except for `---` under the text of a note, which ends the note as in hashcards."""
        turns = [token for token in found if token.kind is not TokenKind.COMMENT]
        starts = [token.start for token in turns]
        headings: list[Token] = []
        for heading in self.parts.headings:
            underline = _UNDERLINE.search(self.body, heading.start, heading.end)
            index = bisect_right(starts, heading.end - 1) - 1
            last = turns[index] if index >= 0 and turns[index].kind is TokenKind.MARKER else None
            if last and headings and headings[-1].start > last.start:
                last = None  # its note has ended
            if underline and underline[1] == "-" and (last or self._has_pair(heading.start, underline.start())):
                headings.append(Token(TokenKind.BREAK, underline.start(), heading.end))
                self.paragraphs_over_rules.append((heading.start, underline.start()))
            elif not (last and last.start >= heading.start):  # a marker in a heading still counts
                headings.append(Token(TokenKind.HEADING, heading.start, heading.end, heading=heading))
        return headings

    def _has_pair(self, start: int, end: int) -> bool:
        return any(self._find_separator(*match.span()) for match in _LINE.finditer(self.body, start, end))

    def _find_pairs(self, found: list[Token]) -> list[Token]:
        if "::" not in self.body or not _SEPARATOR.search(self.body):  # the first check is by far the fastest
            return []
        ends = sorted(token.start for token in found if token.kind is not TokenKind.COMMENT)
        blocks = sorted([*self.parts.blocks, *self.paragraphs_over_rules])
        starts = [start for start, _ in blocks]
        pairs = []
        for start, text_end, end in self._find_lines_and_items():
            index = bisect_right(ends, start)
            limit = ends[index] if index < len(ends) else end
            separator = self._find_separator(start, min(text_end, limit))
            if separator:
                block = blocks[max(bisect_right(starts, start) - 1, 0)] if blocks else (start, end)
                pairs.append(Token(TokenKind.PAIR, start, min(end, limit), separator=separator, block=block))
        return pairs

    def _find_lines_and_items(self) -> Iterator[tuple[int, int, int]]:
        """Find the lines, and items without nested pairs: the start, the end of the text to divide, the end."""
        for start, end in [*self.parts.paragraphs, *self.paragraphs_over_rules]:
            lines = _LINE.finditer(self.body, start, end) if self.body.find("::", start, end) >= 0 else ()
            for match in lines:
                yield match.start(), match.end(), match.end()
        items = self.parts.items
        pairs = [item.start for item in items if self._find_separator(item.lead_start, item.lead_end)]
        for item in items:
            index = bisect_right(pairs, item.start)
            holds_pair = index < len(pairs) and pairs[index] < item.end
            yield item.lead_start, item.lead_end, item.lead_end if holds_pair else item.end

    @cached_property
    def _whole_parts(self) -> Spans:
        """The parts that a separator cannot split, such as emphasis: each side would get half of the delimiters."""
        return Spans([*self.parts.opaque, *self.parts.emphasis])

    def _find_separator(self, start: int, end: int) -> Span | None:
        """Find the longest separator on the first line of `start:end` that has one; the leftmost of equally long ones.

        Formatters wrap the text of a list item, so a separator may begin or end a line.
        """
        if self.body.find("::", start, end) < 0:
            return None
        first = start + 1 if self.body[start - 1 : start] == "\n" else start
        matches = _SEPARATOR.finditer(self.body, first, end)
        spans = [match.span() for match in matches if match.start() not in self._whole_parts]
        if not spans:
            return None
        line_end = self.body.find("\n", spans[0][0], end)
        on_line = [span for span in spans if line_end < 0 or span[0] < line_end]
        return min(on_line, key=lambda span: (span[0] - span[1], span[0]))
