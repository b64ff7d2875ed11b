"""Render a cloze note as one Anki field: the whole text in HTML, its gaps as `{{c1::hidden::hint}}`.

The gaps are enclosed in two rare characters, the Markdown is rendered as a whole, and these delimiters are replaced by
Anki's in the HTML. So a gap may begin or end anywhere that the Markdown allows.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Sequence
from typing import Final, NamedTuple
from urllib.parse import quote

from flashcards.deck.cloze import choose_delimiters, replace_gaps, unescape_brackets
from flashcards.deck.model import Gap, Note
from flashcards.render.html.renderer import HtmlRenderer

_TAG: Final = re.compile(r"<(/?)([a-z][a-z0-9]*)[^<>]*>")
_BLOCK: Final = re.compile(r"<(?:p|ul|ol|dl|pre|table|blockquote|div|details|h[1-6]|hr)\b")
_MATH: Final = re.compile(r"(\\\(.*?\\\)|\\\[.*?\\\])", re.DOTALL)
_VOID: Final = frozenset({"br", "col", "hr", "img", "source", "wbr"})
_DEEPEST: Final = 8  # nested clozes, as in every version of Anki that supports them


def render_cloze(note: Note, renderer: HtmlRenderer) -> str:
    """Render the text of a cloze note for Anki, with all numbers of its gaps, so that every card is created.

    A gap that begins inside an element and ends outside it is written in parts with the same number. Cards hide the
    later parts of the gap that they ask, so that it is shown once.
    """
    text, gaps = unescape_brackets(note)
    note = note._replace(fields=(text,), gaps=gaps)
    delimiters = choose_delimiters("".join((text, note.definitions, *(gap.hint for gap in note.gaps))))
    marked = replace_gaps(text, note.gaps, lambda _, inner: f"{delimiters[0]}{inner}{delimiters[1]}")
    html = renderer.render(marked, note.definitions)
    nested = _measure_depth(note.gaps) <= _DEEPEST
    openings = [_write_opening(gap, nested=nested) + _hide(gap) for gap in note.gaps]
    closings = [("</span>" if gap.hidden else "") + _write_closing(gap, renderer, nested=nested) for gap in note.gaps]
    tokens = _split_html(html, delimiters)
    ranges = _find_ranges(tokens, delimiters)
    swallowed = any(html.count(delimiter) > tokens.count(delimiter) for delimiter in delimiters)
    if swallowed or len(ranges) != len(note.gaps):
        return _render_piecewise(note, renderer, openings, closings)
    partners = _find_partners(tokens)
    _open_details(tokens, ranges, partners)
    names = [" ".join(f"more{number}" for number in gap.numbers) for gap in note.gaps]
    return _write_gaps(tokens, ranges, partners, delimiters, openings, closings, names)


def mark_gaps(html: str, delimiters: tuple[str, str]) -> str:
    """Replace the delimiters of gaps in HTML by `<mark>`, in parts across elements; remove unusable ones."""
    tokens = _split_html(html, delimiters)
    ranges = _find_ranges(tokens, delimiters)
    partners = _find_partners(tokens)
    _open_details(tokens, ranges, partners)
    marks: dict[int, list[str]] = {}
    for inside in ranges:
        for start, end in _find_balanced_parts(tokens, inside, partners, delimiters):
            marks.setdefault(start, []).append('<mark class="gap">')
            marks.setdefault(end, []).insert(0, "</mark>")
    out = [piece for index, token in enumerate([*tokens, ""]) for piece in (*marks.get(index, ()), token)]
    whole = "".join(out)
    for delimiter in delimiters:
        whole = whole.replace(delimiter, "").replace(quote(delimiter), "")
    return whole


class _GapRange(NamedTuple):
    """The tokens of one gap between its delimiters: `start` inclusive, `end` exclusive."""

    start: int
    end: int


def _measure_depth(gaps: Sequence[Gap]) -> int:
    """Return the nesting depth of clozes; a gap with several numbers counts once for each."""
    deepest = 0
    around: list[Gap] = []
    for gap in gaps:
        around = [*(outer for outer in around if gap.start < outer.end), gap]
        deepest = max(deepest, sum(len(outer.numbers) for outer in around))
    return deepest


def _write_opening(gap: Gap, *, nested: bool) -> str:
    """Write the opening of a gap. Several numbers become nested clozes, because Anki before 26.05 has no `{{c1,2::`."""
    if nested:
        return "".join(f"{{{{c{number}::" for number in gap.numbers)
    return f"{{{{c{','.join(map(str, gap.numbers))}::"


def _hide(gap: Gap) -> str:
    """Return the tag around a gap that some cards hide: Anki's body has the class `card3` on the third card."""
    return f'<span class="{" ".join(f"hide{number}" for number in gap.hidden)}">' if gap.hidden else ""


def _write_closing(gap: Gap, renderer: HtmlRenderer, *, nested: bool) -> str:
    hint = escape_in_gap(renderer.render(gap.hint.strip())) if gap.hint.strip() else ""
    return (f"::{hint}}}}}" if hint else "}}") * (len(gap.numbers) if nested else 1)


def escape_in_gap(html: str) -> str:
    """Escape `html` inside a cloze, so that no `}}` ends it and no `::` begins a hint."""
    if "}" not in html and ":" not in html:
        return html
    pieces = _MATH.split(html)
    for index, piece in enumerate(pieces):
        if index % 2:
            pieces[index] = re.sub(r"\}(?=\})", "} ", piece).replace("::", ":&#58;")
        elif piece:
            pieces[index] = re.sub(r"(?<=:):|:\Z", "&#58;", re.sub(r"(?<=\})\}|\}\Z", "&#125;", piece))
    return "".join(pieces)


def _split_html(html: str, delimiters: tuple[str, str]) -> list[str]:
    """Split `html` into tags, delimiters and the text between them."""
    return [piece for piece in re.split(f"(<[^<>]*>|{delimiters[0]}|{delimiters[1]})", html) if piece]


def _find_ranges(tokens: list[str], delimiters: tuple[str, str]) -> list[_GapRange]:
    """Find the content of each gap, in order of opening delimiters; empty if the delimiters are unbalanced."""
    starts: list[int] = []
    found: dict[int, _GapRange] = {}
    for index, token in enumerate(tokens):
        if token == delimiters[0]:
            starts.append(index + 1)
        elif token == delimiters[1]:
            if not starts:
                return []
            start = starts.pop()
            found[start] = _GapRange(start, index)
    return [] if starts else [found[start] for start in sorted(found)]


def _open_details(tokens: list[str], ranges: list[_GapRange], partners: dict[int, int]) -> None:
    """Open each `<details>` with a gap below its summary, because a closed one would hide it."""
    if "<details>" not in tokens:
        return
    starts = [inside.start for inside in ranges]
    summaries = [at for at, token in enumerate(tokens) if token == "</summary>"]
    for at, token in enumerate(tokens):
        if token == "<details>" and at in partners:
            below = bisect_left(summaries, at)
            first = summaries[below] if below < len(summaries) else at
            if bisect_left(starts, first) < bisect_left(starts, partners[at]):
                tokens[at] = '<details open="">'


def _write_gaps(
    tokens: list[str],
    ranges: list[_GapRange],
    partners: dict[int, int],
    delimiters: tuple[str, str],
    openings: list[str],
    closings: list[str],
    names: list[str],
) -> str:
    """Write the HTML with all gaps; `names` are the classes of their later parts."""
    opens: dict[int, list[str]] = {}
    closes: dict[int, list[str]] = {}
    unseen: dict[int, list[str]] = {}  # gaps without visible content, whose cards are still needed
    for inside, opening, closing, name in zip(ranges, openings, closings, names, strict=True):
        # Outer gaps come first: they open before the inner ones and close after them.
        parts = _find_balanced_parts(tokens, inside, partners, delimiters)
        for number, (start, end) in enumerate(parts):
            element = "div" if any(_BLOCK.match(token) for token in tokens[start:end]) else "span"
            before, after = (f'<{element} class="{name}">', f"</{element}>") if number else ("", "")
            opens.setdefault(start, []).append(before + opening)
            closes.setdefault(end, []).insert(0, closing + after)
        if not parts:
            unseen.setdefault(inside.start, []).append(f"{opening}&nbsp;{closing}")
    out = []
    depth = 0
    for index, token in enumerate(tokens):
        closed, opened = closes.get(index, []), opens.get(index, [])
        depth += len(opened) - len(closed)
        out += [*closed, *unseen.get(index, []), *opened]
        if token not in delimiters:
            text = escape_in_gap(token) if depth else token
            out.append(text[:-1] + "&#123;" if text.endswith("{") else text)
    return "".join(out)


def _find_partners(tokens: list[str]) -> dict[int, int]:
    """Map each tag to the index of the tag that closes or opens the same element."""
    partners: dict[int, int] = {}
    open_tags: list[tuple[str, int]] = []
    for index, token in enumerate(tokens):
        match = _TAG.fullmatch(token) if token[0] == "<" else None
        if match is None or match[2] in _VOID:
            continue
        if not match[1]:
            open_tags.append((match[2], index))
        elif open_tags and open_tags[-1][0] == match[2]:
            start = open_tags.pop()[1]
            partners[start], partners[index] = index, start
    return partners


def _find_balanced_parts(
    tokens: list[str], inside: _GapRange, partners: dict[int, int], delimiters: tuple[str, str]
) -> list[tuple[int, int]]:
    """Find the runs of a gap's tokens with whole elements and visible content."""
    parts = []
    start = inside.start
    for index in range(inside.start, inside.end + 1):
        partner = partners.get(index, inside.start)
        if index < inside.end and inside.start <= partner < inside.end:
            continue
        if any(token.strip() for token in tokens[start:index] if token not in delimiters):
            parts.append((start, index))
        start = index + 1
    return parts


def _render_piecewise(note: Note, renderer: HtmlRenderer, openings: list[str], closings: list[str]) -> str:
    """Render the text between gaps separately, for Markdown that swallows the delimiters."""
    text = note.fields[0]
    gaps = note.gaps

    def piece(start: int, end: int, index: int, depth: int) -> tuple[str, int]:
        out = []
        while index < len(gaps) and gaps[index].start < end:
            gap = gaps[index]
            inner, following = piece(gap.inner_start, gap.inner_end, index + 1, depth + 1)
            out += [stretch(start, gap.start, depth), openings[index], inner, closings[index]]
            start, index = gap.end, following
        out.append(stretch(start, end, depth))
        return "".join(out), index

    def stretch(start: int, end: int, depth: int) -> str:
        source = text[start:end]
        html = renderer.render(source, note.definitions)
        before, after = (" " if edge.isspace() else "" for edge in (source[:1], source[-1:]))
        return f"{before}{escape_in_gap(html) if depth else html}{after}"

    return piece(0, len(text), 0, 0)[0]
