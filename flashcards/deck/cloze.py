"""Find the gaps of a cloze, and build the fronts and backs of its cards."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable, Iterable
from typing import Final

from flashcards.deck import markdown
from flashcards.deck.markdown import Outline, outline
from flashcards.deck.model import REVERSE, Face, Gap, Kind, Note
from flashcards.deck.source import Span, Spans

MAX_NUMBER: Final = 499  # Anki numbers clozes from 1 to 499

_OPEN = re.compile(r"\{\{c([0-9]+(?:,[0-9]+)*)::")
_BRACKET = re.compile(r"\[|\]|\\.?", re.DOTALL)
_FOOTNOTE = re.compile(r"^( {0,3}\[\^[^\[\]\s^]+\]):", re.MULTILINE)
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)
# Escaped brackets that cannot be read as a link.
_PLAIN_BRACKETS = re.compile(r"(?<![!\[\]\\])\\\[(?![\^ ]|[xX]\\)[^\[\]\\\n]+\\\](?![(\[:\\])")
_BRACE = re.compile(r"\\[\\{}]|\{|\}|::")
_HIGHLIGHT = re.compile(r"(?<![=\\])==(?![=\s])((?:(?!==).)+?)(?<![\s\\])==(?!=)", re.DOTALL)
# Rare punctuation in matching pairs: punctuation, so that emphasis beside it works as beside a bracket.
_DELIMITERS: Final = ("⦉⦊", "⦓⦔", "⦕⦖", "⧼⧽", "⸦⸧", "⸨⸩", "⟬⟭", "⟦⟧", "⦗⦘", "⦑⦒", "⦏⦐", "⦍⦎")


class GapError(Exception):
    """A gap that cannot be read; `offset` is its place in the text."""

    def __init__(self, offset: int, code: str, message: str, hint: str) -> None:
        super().__init__(message)
        self.offset = offset
        self.code = code
        self.message = message
        self.hint = hint


def find_gaps(text: str, definitions: str = "") -> tuple[Gap, ...]:
    """Find the gaps of a cloze text, in order of their start; raise GapError if one is open, empty or misnumbered.

    `{{cN::gap::hint}}` keeps its number; if the text has one, square brackets are text. `[gap]` and `==gap==` are
    numbered in order of appearance, after the highest written number. Link `definitions` turn `[x]` into a link, which
    is no gap.
    """
    if not definitions and "[" not in text and "==" not in text and "{{c" not in text:
        return ()
    whole = f"{text}\n\n{definitions}" if definitions else text
    if "[^" in whole:  # a footnote of one word is no definition of a link, so `[x][^1]` contains a gap
        whole = _FOOTNOTE.sub(lambda match: f"{match[1]} ", whole)
    parts = outline(whole, has_display_math=False)
    # A definition cannot begin directly after `C:`, so `C: [gap]: text` contains a gap.
    defined = [span for span in markdown.find_definitions(whole).values() if span[0]]
    opaque = Spans([*parts.opaque, *defined])
    numbered = _find_numbered_gaps(text, parts, defined)
    taken = Spans([*opaque, *((gap.start, gap.end) for gap in numbered)])
    found = _find_highlights(text, taken, parts.edges)
    if not numbered:
        found = _keep_outermost([*found, *_find_brackets(text, opaque, parts)])
    first = 1 + max((number for gap in numbered for number in gap.numbers), default=0)
    unnumbered = [
        Gap((number,), start, end, inner_start, inner_end)
        for number, (start, end, inner_start, inner_end) in enumerate(found, start=first)
    ]
    gaps = sorted([*numbered, *unnumbered], key=lambda gap: gap.start)
    for gap in gaps:
        _check_gap(gap, text)
    return tuple(gaps)


GAP_CHARACTERS: Final = frozenset("".join(_DELIMITERS))
"""The characters that `choose_delimiters` prefers. Renderers remove them."""


def choose_delimiters(text: str) -> tuple[str, str]:
    """Choose two rare punctuation characters that `text` does not contain, to enclose a gap while it is rendered."""
    for pair in _DELIMITERS:
        if pair[0] not in text and pair[1] not in text:
            return pair[0], pair[1]
    private = iter(chr(code) for code in range(0xE000, 0xF8FF) if chr(code) not in text)
    return next(private), next(private)


def replace_gaps(text: str, gaps: Iterable[Gap], write: Callable[[Gap, str], str]) -> str:
    """Replace each gap in `text`, inner ones first, by `write(gap, inner text)`."""
    around: list[Gap] = []  # the gaps around `at`
    written: list[list[str]] = [[]]  # the pieces of the text, then of each gap around
    at = 0

    def close_until(offset: int) -> None:
        nonlocal at
        while around and around[-1].end <= offset:
            gap = around.pop()
            inner = "".join((*written.pop(), text[at : gap.inner_end]))
            written[-1].append(write(gap, inner))
            at = gap.end

    for gap in gaps:
        close_until(gap.start)
        written[-1].append(text[at : gap.start])
        written.append([])
        around.append(gap)
        at = gap.inner_start
    close_until(len(text))
    return "".join((*written[0], text[at:]))


def _check_gap(gap: Gap, text: str) -> None:
    if not text[gap.inner_start : gap.inner_end].strip():
        raise GapError(gap.start, "empty-gap", "This gap is empty.", "Write the text that it hides.")
    if not all(1 <= number <= MAX_NUMBER for number in gap.numbers):
        message = f"The number of a gap must be between 1 and {MAX_NUMBER}."
        raise GapError(gap.start, "gap-number", message, "Number the gaps c1, c2, c3 and so on.")


def _find_numbered_gaps(text: str, parts: Outline, defined: list[Span]) -> list[Gap]:
    """Find the gaps with a written number; as in Anki, one may be part of a formula or code, but not cross its end."""
    if "{{c" not in text:
        return []
    formulas = set(parts.math)
    math = Spans(parts.math)
    opaque = Spans([*(span for span in parts.opaque if span not in formulas), *defined])
    found = _parse_numbered_gaps(text, opaque)
    kept = [gap for gap in found if math.around(gap.start) in (None, math.around(gap.end - 1))]
    code = (span for span in parts.opaque if span[1] <= len(text) and text[span[0]] in "`~")
    return [*kept, *(gap for span in code for gap in _find_code_gaps(text, span))]


def _find_code_gaps(text: str, span: Span) -> list[Gap]:
    """Find the numbered gaps within code, unless it only shows the syntax: a lone gap, or an unclosed one."""
    start, end = span
    if text.find("{{c", start, end) < 0:
        return []
    try:
        found = _parse_numbered_gaps(text[start:end], Spans([]))
    except GapError:
        return []
    inner = text[start:end].strip("`~ \n")
    if found and inner == text[start + found[0].start : start + found[0].end]:
        return []
    return [move_gap(gap, lambda offset: offset + start) for gap in found]


def move_gap(gap: Gap, move: Callable[[int], int]) -> Gap:
    """Move the offsets of a gap."""
    offsets = (move(gap.start), move(gap.end), move(gap.inner_start), move(gap.inner_end))
    return Gap(gap.numbers, *offsets, gap.hint, gap.hidden)


def _parse_numbered_gaps(text: str, opaque: Spans) -> list[Gap]:
    found: list[Gap] = []
    open_gaps: list[tuple[re.Match[str], int, int]] = []  # opening, offset of its hint or -1, depth of plain braces
    at = 0
    while match := _BRACE.search(text, at):
        at = match.start()
        span = opaque.around(at)
        if span:
            at = span[1]
            continue
        in_hint = bool(open_gaps) and open_gaps[-1][1] >= 0
        opening = None if in_hint else _OPEN.match(text, at)
        if opening:
            open_gaps.append((opening, -1, 0))
            at = opening.end()
            continue
        if open_gaps:
            outer, hint, depth = open_gaps[-1]
            if match[0] == "{":
                open_gaps[-1] = (outer, hint, depth + 1)
            elif match[0] == "}" and depth:
                open_gaps[-1] = (outer, hint, depth - 1)
            elif text.startswith("}}", at):
                found.append(_make_gap(text, outer, hint, at))
                open_gaps.pop()
                at += 1
            elif match[0] == "::" and hint < 0 and not depth:
                open_gaps[-1] = (outer, at, depth)
        at += len(match[0])
    if open_gaps:
        opening = open_gaps[0][0]
        raise GapError(opening.start(), "open-gap", f"The gap `{opening[0]}` is left open.", "Close it with `}}`.")
    return found


def _make_gap(text: str, opening: re.Match[str], hint: int, end: int) -> Gap:
    numbers = tuple(dict.fromkeys(int(number[:9]) for number in opening[1].split(",")))
    inner_end = hint if hint >= 0 else end
    return Gap(numbers, opening.start(), end + 2, opening.end(), inner_end, text[hint + 2 : end] if hint >= 0 else "")


_Offsets = tuple[int, int, int, int]


def _find_highlights(text: str, taken: Spans, edges: list[int]) -> list[_Offsets]:
    found = []
    at = 0
    while match := _HIGHLIGHT.search(text, at):
        edge = bisect_right(edges, match.start())
        over_edge = edge < len(edges) and edges[edge] < match.end()
        if match.start() in taken or match.end() - 1 in taken or over_edge:
            at = match.start() + 2
            continue
        found.append((match.start(), match.end(), match.start(1), match.end(1)))
        at = match.end()
    return found


def _find_brackets(text: str, opaque: Spans, parts: Outline) -> list[_Offsets]:
    """Find the outermost pairs of square brackets that are gaps."""
    edges = iter([*parts.edges, len(text) + 1])
    edge = next(edges)
    found: list[_Offsets] = []
    stack: list[int] = []
    label = -1  # start of an image's label, if its description has just ended
    at = 0
    while match := _BRACKET.search(text, at):
        at = match.start()
        while edge <= at:
            _refuse_unclosed(stack)
            edge = next(edges)
        span = opaque.around(at)
        if span:
            at = span[1]
        elif match[0] == "[":
            stack.append(at)
            at += 1
        elif match[0] == "]":
            if len(stack) == 1:
                if stack[0] != label and _is_gap(text, stack[0], at):
                    found.append((stack[0], at + 1, stack[0] + 1, at))
                is_image = text.endswith("!", 0, stack[0]) and not text.startswith("[[", stack[0])
                label = at + 1 if is_image else -1
            del stack[-1:]
            at += 1
        else:
            at = match.end()
    _refuse_unclosed(stack)
    return found


def _refuse_unclosed(stack: list[int]) -> None:
    if stack:
        raise GapError(stack[0], "open-gap", "The gap `[` is left open.", r"Close it with `]`, or write `\[` for text.")


def _is_gap(text: str, start: int, end: int) -> bool:
    """Return whether the brackets at `start` and `end` enclose a gap, by rule 3 of docs/deck-format.md."""
    inner = text[start + 1 : end]
    is_wiki_link = inner.startswith("[") and inner.find("]") == len(inner) - 1
    if not inner.strip() or inner.startswith("^") or is_wiki_link:
        return False
    return not text.endswith("!", 0, start) and not text.startswith("(", end + 1)


def _keep_outermost(found: list[_Offsets]) -> list[_Offsets]:
    kept: list[_Offsets] = []
    for each in sorted(found, key=lambda each: (each[0], -each[1])):
        if not kept or each[0] >= kept[-1][1]:
            kept.append(each)
    return kept


def build_face(note: Note, slot: str) -> Face:
    """Build the front and back of the card `slot` of `note`, as Markdown; raise KeyError if there is no such card.

    A cloze asks for the gaps of its number, shown as `[…]` or `[hint]`; the other gaps are plain text.
    """
    if slot not in note.slots:
        raise KeyError(slot)
    if note.kind is not Kind.CLOZE:
        front, back = note.fields
        return Face(back, front) if slot == REVERSE else Face(front, back)
    cloze = Cloze(note)
    return Face(*cloze.build_sides(slot, cloze.delimiters), cloze.delimiters)


class Cloze:
    """The text of a cloze without the brackets of its gaps, from which the sides of each card are built.

    A note may have hundreds of cards and thousands of gaps, so a side takes no longer than the gaps of its card and a
    copy of the text.
    """

    def __init__(self, note: Note) -> None:
        text, gaps = unescape_brackets(note)
        self.delimiters = choose_delimiters(text)
        brackets = [span for gap in gaps for span in ((gap.start, gap.inner_start), (gap.inner_end, gap.end))]
        brackets.sort()
        pieces: list[str] = []
        self._ends, self._lengths = [0], [0]  # the end of each bracket, and the length of all brackets up to there
        at = length = 0
        for start, end in brackets:
            pieces.append(text[at:start])
            at = end
            length += end - start
            self._ends.append(end)
            self._lengths.append(length)
        self._text = "".join((*pieces, text[at:]))
        self._gaps: dict[int, list[Gap]] = {}  # by the numbers of the cards that do not show them as text
        for gap in gaps:
            for number in dict.fromkeys((*gap.numbers, *gap.hidden)):
                self._gaps.setdefault(number, []).append(gap)

    def _move(self, offset: int) -> int:
        return offset - self._lengths[bisect_right(self._ends, offset) - 1]

    def build_sides(self, slot: str, delimiters: tuple[str, str] = ("", "")) -> tuple[str, str]:
        """Return the front and back of a card, with its gaps between `delimiters`."""
        number = int(slot[1:])
        opening, closing = delimiters
        gaps = []
        for gap in self._gaps.get(number, ()):
            start, end = self._move(gap.inner_start), self._move(gap.inner_end)
            gaps.append(Gap(gap.numbers, start, end, start, end, gap.hint))

        def ask(gap: Gap, _inner: str) -> str:
            return f"{opening}[{gap.hint or '…'}]{closing}" if number in gap.numbers else "…"

        def reveal(gap: Gap, inner: str) -> str:
            return f"{opening}{inner}{closing}" if number in gap.numbers else "…"

        return replace_gaps(self._text, gaps, ask), replace_gaps(self._text, gaps, reveal)


def unescape_brackets(note: Note) -> tuple[str, tuple[Gap, ...]]:
    r"""Return the text of a cloze and its gaps as they are rendered.

    `\[` and `\]` are brackets everywhere in a cloze, also in math and code, where Markdown would keep the backslash. In
    text they become entities if they could be read as a link.
    """
    text = note.fields[0]
    if "\\[" not in text and "\\]" not in text:
        return text, note.gaps
    plain = Spans(outline(text, has_display_math=False).opaque)
    if not note.definitions and "]:" not in text:
        plain = Spans([*plain, *(match.span() for match in _PLAIN_BRACKETS.finditer(text))])
    pieces: list[str] = []
    starts = [0]  # pairs of an offset of `text` and of the result
    moved = [0]
    done = 0
    for match in _ESCAPED.finditer(text):
        if match[1] not in "[]":
            continue
        bracket = match[1] if match.start() in plain else f"&#{ord(match[1])};"
        pieces += [text[done : match.start()], bracket]
        done = match.end()
        starts.append(done)
        moved.append(moved[-1] + len(bracket) - 2)
    pieces.append(text[done:])

    def move(offset: int) -> int:
        return offset + moved[bisect_right(starts, offset) - 1]

    return "".join(pieces), tuple(move_gap(gap, move) for gap in note.gaps)


def find_hidden_text(note: Note, slot: str) -> str:
    """Return the text to compare a typed answer with: the hidden text of a cloze, or the back of another card."""
    if note.kind is not Kind.CLOZE:
        return build_face(note, slot).back
    number = int(slot[1:])
    inner_texts: dict[Gap, str] = {}

    def remember(gap: Gap, inner: str) -> str:
        inner_texts[gap] = inner
        return inner

    text, gaps = unescape_brackets(note)
    replace_gaps(text, gaps, remember)
    texts = []
    until = 0
    for gap in gaps:
        if number in gap.numbers and gap.start >= until:
            texts.append(inner_texts[gap])
            until = gap.end
    return ", ".join(dict.fromkeys(texts))
