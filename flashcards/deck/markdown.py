"""Outline Markdown. All Markdown parsing of the project uses these options of pulldown-cmark."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable, Sequence
from typing import Any, Final, NamedTuple

import pyromark
from pyromark import Options

from flashcards.deck.source import Span, Spans, map_byte_offsets, map_without_inserted

OPTIONS: Final = Options.ENABLE_TABLES | Options.ENABLE_TASKLISTS | Options.ENABLE_MATH | Options.ENABLE_STRIKETHROUGH

# One line that begins with a letter and has no sign with a meaning in Markdown is a paragraph.
_PLAIN_LINE = re.compile(
    r"[^\W\d_](?:[^\\`*_<>&~$|\x00-\x1f\x7f-\x9f\ud800-\udfff]*[^\\`*_<>&~$|\s\x00-\x1f\x7f-\x9f\ud800-\udfff])?"
)
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)
_BLANK_LINE = re.compile(r"\n[ \t>]*\n")
# Dollar signs that may be text. A pattern that begins with a fixed sign is found much faster.
_NO_MATH = re.compile(r"\$(?:(?<=[^\s$]\$)[0-9]|(?<=[0-9]\$)[^\s$]|(?<=[/:=,;+({\[<>&|-]\$)[A-Za-z_])")
_AMOUNT = re.compile(r"[\s,;/–—-]*(?:(?:and|or|to|vs\.?)\s+)?[0-9][0-9.,]*[kKmMbB]?")
_AMOUNT_IN_PROSE = re.compile(r"[0-9][^\\^_={}]*[\s(](?:[^\W\d_]{2,}|[^\W\d_a-zA-Z])")  # `7 and 5` of `HK$7 and 5$`
_CURRENCY = re.compile(r"(?<![A-Za-z])[A-Z]{1,3}\Z")  # `US` of `US$5`
_OPERATORS = frozenset("/:=,;+({[<>&|-")
_MAX_PASSES = 40
_EMPHASIS = frozenset({"Emphasis", "Strong", "Strikethrough"})
_INLINE_TAGS = _EMPHASIS | {"Link", "Image"}
_OPAQUE_TAGS = frozenset({"CodeBlock", "HtmlBlock", "Link", "Image"})
_OPAQUE_EVENTS = frozenset({"Code", "InlineMath", "DisplayMath", "Html", "InlineHtml", "TaskListMarker"})


class Heading(NamedTuple):
    """A heading at the top level: its place, its level from 1, its plain text."""

    start: int
    end: int
    level: int
    text: str


class Item:
    """A list item outside block quotes. `lead_start:lead_end` is its own text, up to the first block inside it."""

    def __init__(self, start: int, end: int) -> None:
        self.start = start
        self.end = end
        self.lead_start = -1
        self.lead_end = -1
        self.is_task = False


class Outline:
    """The positions of the parts of a Markdown text, each list in order; offsets count characters."""

    def __init__(self) -> None:
        # code, math, HTML, links, images and task boxes, in which the deck format ignores markers
        self.opaque: list[Span] = []
        self.blocks: list[Span] = []  # the top-level blocks with text: paragraphs, tables and lists
        self.paragraphs: list[Span] = []  # the paragraphs among `blocks`
        self.headings: list[Heading] = []  # at the top level
        self.rules: list[Span] = []  # thematic breaks at the top level
        self.html: list[Span] = []  # HTML blocks and inline HTML, each with its place
        self.items: list[Item] = []  # list items outside block quotes
        self.edges: list[int] = []  # the ends of inline text: the starts and ends of all blocks
        self.math: list[Span] = []  # the places of math, delimiters included
        self.links: list[tuple[int, str]] = []  # labels of reference links used, in order
        self.emphasis: list[Span] = []  # text that is emphasized or struck through, delimiters included


def outline(text: str, breaks: Sequence[int] = (), *, has_display_math: bool = True) -> Outline:
    r"""Parse `text`, as returned by `source.normalize`, and return the positions of its parts.

    The parser sees an additional line break at each of `breaks`. `\[x\]` is math with `has_display_math`; in a cloze,
    these are brackets.
    """
    # Certainly one paragraph, as most clozes are: `[x]` is only a link with a target, or a definition on another line.
    found = Outline()
    if not breaks and _PLAIN_LINE.fullmatch(text) and "](" not in text:
        whole = (0, len(text))
        found.blocks.append(whole)
        found.paragraphs.append(whole)
        found.edges += whole
        return found
    _OutlineBuilder(found, text, breaks).run()
    if "\\(" in text or "\\[" in text:
        _add_backslash_math(text, found, breaks, has_display_math=has_display_math)
    return found


def _add_backslash_math(text: str, found: Outline, breaks: Sequence[int], *, has_display_math: bool) -> None:
    r"""Add `\(x\)` and `\[x\]`, which CommonMark reads as escapes, if they begin outside everything opaque."""
    opaque = Spans(found.opaque)
    closings = MathClosings(text, breaks)
    at = 0
    while match := _ESCAPE.search(text, at):
        at = match.end()
        if match[1] not in "([" or match.start() in opaque or (match[1] == "[" and not has_display_math):
            continue
        end = closings.find(match.start() + 1)
        if end > at + 2:
            at = end
            found.math.append((match.start(), at))
            found.opaque.append((match.start(), at))
    found.math.sort()
    found.opaque.sort()


class MathClosings:
    r"""The places of `\)` and `\]` in a text, to find the ends of formulas. No formula extends over one of `breaks`."""

    def __init__(self, text: str, breaks: Sequence[int] = ()) -> None:
        self._text = text
        self._offsets: dict[str, list[int]] = {")": [], "]": []}
        for match in _ESCAPE.finditer(text):
            if match[1] in self._offsets:
                self._offsets[match[1]].append(match.start())
        self._limits = sorted([*(match.start() for match in _BLANK_LINE.finditer(text)), *breaks])

    def find(self, bracket: int) -> int:
        """Return the end of the formula that begins at `bracket`; 0 if it has none before a blank line."""
        offsets = self._offsets[")" if self._text[bracket] == "(" else "]"]
        index = bisect_right(offsets, bracket)
        following = bisect_right(self._limits, bracket)
        limit = self._limits[following] if following < len(self._limits) else len(self._text)
        return offsets[index] + 2 if index < len(offsets) and offsets[index] < limit else 0


def escape_money(text: str) -> str:
    """Escape the dollar signs that mean money: as in Pandoc, no formula ends before a digit (`$100-$200`)."""
    return _insert(text, _find_money(text), "\\")


def _find_money(text: str) -> list[int]:
    """Find the dollar signs that the parser would read as math, but that mean money or a shell variable."""
    if text.count("$") < 2 or not _NO_MATH.search(text):
        return []
    found: list[int] = []
    for _ in range(_MAX_PASSES):  # each escape changes the pairs of later signs; half of them are resolved in each pass
        escaped = _insert(text, found, "\\")
        at, back = map_byte_offsets(escaped), map_without_inserted(found)
        spans = [
            (back(at(span["start"])), back(at(span["end"])))
            for event, span in pyromark.events_with_range(escaped, options=OPTIONS)
            if isinstance(event, dict) and "InlineMath" in event
        ]
        more = [start for start, end in spans if _is_money(text, start, end)]
        if not more:
            break
        found = sorted({*found, *more})
    return found


def _is_money(text: str, start: int, end: int) -> bool:
    """Return whether `text[start:end]`, which the parser reads as math, begins with a dollar sign that is text."""
    content, following = text[start + 1 : end - 1], text[end : end + 1]
    if following.isdigit():
        return True
    if _AMOUNT_IN_PROSE.match(content):
        has_currency = _CURRENCY.search(text[max(0, start - 4) : start]) is not None
        if has_currency or ("[" not in content and content.count(")") > content.count("(")):
            return True
    if text[start - 1 : start].isdigit() and _AMOUNT.fullmatch(content):
        return True
    return content[-1:] in _OPERATORS and (following.isalpha() or following == "_")


def _insert(text: str, offsets: Sequence[int], inserted: str) -> str:
    """Insert a text at each of `offsets`, which are in order."""
    if not offsets:
        return text
    return inserted.join(text[start:end] for start, end in zip([0, *offsets], [*offsets, len(text)], strict=True))


def find_definitions(text: str, breaks: Sequence[int] = ()) -> dict[str, Span]:
    """Find the link definitions of `text`, by label; `breaks` as for `outline`."""
    if "]:" not in text:
        return {}
    parsed, at = prepare_source(text, breaks)
    found = pyromark.reference_definitions(parsed, options=OPTIONS)
    spans = {label: definition["span"] for label, definition in found.items()}
    return {label: (at(span["start"]), at(span["end"])) for label, span in spans.items()}


def prepare_source(text: str, breaks: Sequence[int] = ()) -> tuple[str, Callable[[int], int]]:
    """Add line breaks and escapes for the parser; return the text, and a map of its byte offsets to characters."""
    broken = _insert(text, breaks, "\n")
    money = _find_money(broken)
    parsed = _insert(broken, money, "\\")
    at = map_byte_offsets(parsed)
    if not breaks and not money:
        return parsed, at
    without_escapes, without_breaks = map_without_inserted(money), map_without_inserted(breaks)
    return parsed, lambda offset: without_breaks(without_escapes(at(offset)))


class _OutlineBuilder:
    """One pass over the events of a text, filling an `Outline`."""

    def __init__(self, found: Outline, text: str, breaks: Sequence[int]) -> None:
        self.found = found
        self.text, self.at = prepare_source(text, breaks)
        self.depth = 0
        self.quotes = 0
        self.heading: list[str] | None = None
        self.items: list[Item | None] = []

    def run(self) -> None:
        at = self.at
        for event, span in pyromark.events_with_range(self.text, options=OPTIONS):
            # The most frequent events come first: there are a dozen events per note.
            if isinstance(event, str):
                if event == "Rule":
                    self._add_rule(at(span["start"]), at(span["end"]))
                elif self.heading is not None:
                    self.heading.append(" ")
            elif "Text" in event:
                if self.heading is not None:
                    self.heading.append(event["Text"])
                item = self.items[-1] if self.items else None
                if item is not None and item.lead_start < 0:
                    item.lead_start = at(span["start"])
            elif "End" in event:
                self.depth -= 1
                tag = event["End"]
                if not (isinstance(tag, str) and tag in _INLINE_TAGS):
                    self._close_tag(tag, at(span["start"]), at(span["end"]))
            elif "Start" in event:
                self._open_tag(event["Start"], at(span["start"]), at(span["end"]))
            else:
                ((name, value),) = event.items()
                self._add_leaf(name, value, at(span["start"]), at(span["end"]))

    def _add_rule(self, start: int, end: int) -> None:
        self._close_lead(start)
        self.found.edges.append(start)
        if self.depth == 0:
            self.found.rules.append((start, end))

    def _open_tag(self, value: Any, start: int, end: int) -> None:
        tag = value if isinstance(value, str) else next(iter(value))
        found = self.found
        if tag in _OPAQUE_TAGS:
            found.opaque.append((start, end))
            if tag == "HtmlBlock":
                found.html.append((start, end))
            elif tag in ("Link", "Image") and value[tag]["id"]:
                found.links.append((start, value[tag]["id"]))
        if tag in _INLINE_TAGS:
            if tag in _EMPHASIS:
                found.emphasis.append((start, end))
            self._begin_lead(start)
        else:
            self._start_block(tag, start, end)
        self.depth += 1

    def _start_block(self, tag: str, start: int, end: int) -> None:
        found = self.found
        found.edges.append(start)
        if tag == "Item":
            self._close_lead(start)
            item = Item(start, end)
            self.items.append(None if self.quotes else item)
            if not self.quotes:
                found.items.append(item)
        elif tag == "Paragraph" and self.items and self.items[-1] is not None and self.items[-1].lead_start < 0:
            self.items[-1].lead_start = start
            self.items[-1].lead_end = end
        else:
            self._close_lead(start)
        if tag == "BlockQuote":
            self.quotes += 1
        if tag == "Heading":
            self.heading = []
        if self.depth == 0 and tag in ("Paragraph", "Table", "List"):
            found.blocks.append((start, end))
            if tag == "Paragraph":
                found.paragraphs.append((start, end))

    def _close_tag(self, value: Any, start: int, end: int) -> None:
        self.found.edges.append(end)
        if value == "Paragraph":
            return
        tag = value if isinstance(value, str) else next(iter(value))
        if tag == "Item":
            self._close_lead(end)
            self.items.pop()
        elif tag == "BlockQuote":
            self.quotes -= 1
        elif tag == "Heading":
            text = " ".join("".join(self.heading or []).split())
            if self.depth == 0:
                self.found.headings.append(Heading(start, end, int(value["Heading"][1:]), text))
            self.heading = None

    def _add_leaf(self, name: str, value: Any, start: int, end: int) -> None:
        found = self.found
        if self.heading is not None and name in ("Code", "InlineMath", "DisplayMath"):
            self.heading.append(value)
        if name in _OPAQUE_EVENTS:
            found.opaque.append((start, end))
        if name == "InlineHtml":
            found.html.append((start, end))
        elif name in ("InlineMath", "DisplayMath"):
            found.math.append((start, end))
        self._begin_lead(start)
        item = self.items[-1] if self.items else None
        if name == "TaskListMarker" and item is not None:
            item.lead_start = end
            item.is_task = True

    def _begin_lead(self, offset: int) -> None:
        item = self.items[-1] if self.items else None
        if item is not None and item.lead_start < 0:
            item.lead_start = offset

    def _close_lead(self, offset: int) -> None:
        item = self.items[-1] if self.items else None
        if item is not None and item.lead_end < 0:
            if item.lead_start < 0:
                item.lead_start = offset
            item.lead_end = offset
