"""Outline Markdown. Everything in the project that reads Markdown uses these options of pulldown-cmark."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import pyromark
from pyromark import Options

from flashcards.deck.source import Span, Spans, map_byte_offsets, map_without_breaks

OPTIONS: Final = Options.ENABLE_TABLES | Options.ENABLE_TASKLISTS | Options.ENABLE_MATH | Options.ENABLE_STRIKETHROUGH

_ESCAPE = re.compile(r"\\.", re.DOTALL)
_BLANK_LINE = re.compile(r"\n[ \t]*\n")
_LONGEST_FORMULA = 10_000  # characters; bounds the search for the end of one
_CLOSING = {"\\(": "\\)", "\\[": "\\]"}
_EMPHASIS = frozenset({"Emphasis", "Strong", "Strikethrough"})
_INLINE_TAGS = _EMPHASIS | {"Link", "Image"}
_OPAQUE_TAGS = frozenset({"CodeBlock", "HtmlBlock", "Link", "Image"})
_OPAQUE_EVENTS = frozenset({"Code", "InlineMath", "DisplayMath", "Html", "InlineHtml", "TaskListMarker"})


@dataclass(slots=True)
class Heading:
    """A heading at the top level: its place, its level from 1, its plain text."""

    start: int
    end: int
    level: int
    text: str


@dataclass(slots=True)
class Item:
    """A list item outside block quotes. `lead_start:lead_end` is its own text, up to the first block inside it."""

    start: int
    end: int
    lead_start: int = -1
    lead_end: int = -1
    is_task: bool = False


@dataclass(slots=True)
class Outline:
    """Where things are in a Markdown text; offsets count characters, and lists are in order of the text.

    Attributes:
        opaque: code, math, HTML, links, images and task boxes, which hide their content from the deck format.
        blocks: the top-level blocks that hold text: paragraphs, tables and lists.
        paragraphs: the paragraphs among `blocks`.
        headings: at the top level.
        rules: thematic breaks at the top level.
        html: HTML blocks and inline HTML, each with its place.
        items: list items outside block quotes.
        edges: where inline text cannot continue: the starts and ends of all blocks.
        math: the places of math, delimiters included.
        links: labels of reference links used, in order.
        emphasis: text that is emphasised or struck through, delimiters included.
    """

    opaque: list[Span] = field(default_factory=list)
    blocks: list[Span] = field(default_factory=list)
    paragraphs: list[Span] = field(default_factory=list)
    headings: list[Heading] = field(default_factory=list)
    rules: list[Span] = field(default_factory=list)
    html: list[Span] = field(default_factory=list)
    items: list[Item] = field(default_factory=list)
    edges: list[int] = field(default_factory=list)
    math: list[Span] = field(default_factory=list)
    links: list[tuple[int, str]] = field(default_factory=list)
    emphasis: list[Span] = field(default_factory=list)


def outline(text: str, breaks: Sequence[int] = ()) -> Outline:
    """Parse `text` once and return where its parts are.

    Args:
        text: as `source.normalize` leaves it.
        breaks: offsets, in order, at which the parser sees an additional line break.
    """
    found = Outline()
    _OutlineBuilder(found, text, breaks).run()
    if "\\(" in text or "\\[" in text:
        _add_backslash_math(text, found)
    return found


def _add_backslash_math(text: str, found: Outline) -> None:
    r"""Add `\(x\)` and `\[x\]`, which CommonMark reads as escapes, if they begin outside everything opaque."""
    opaque = Spans(found.opaque)
    paragraphs = [match.start() for match in _BLANK_LINE.finditer(text)]
    at = 0
    while match := _ESCAPE.search(text, at):
        at = match.end()
        if match[0] not in _CLOSING or match.start() in opaque:
            continue
        index = bisect_right(paragraphs, match.start())
        limit = paragraphs[index] if index < len(paragraphs) else len(text)
        closing = text.find(_CLOSING[match[0]], at, min(limit, at + _LONGEST_FORMULA))
        if closing > at:
            at = closing + 2
            found.math.append((match.start(), at))
            found.opaque.append((match.start(), at))
    found.math.sort()
    found.opaque.sort()


def find_definitions(text: str, breaks: Sequence[int] = ()) -> dict[str, Span]:
    """Find the link definitions of `text`, by label; `breaks` as for `outline`."""
    if "]:" not in text:
        return {}
    parsed, at = _insert_breaks(text, breaks)
    found = pyromark.reference_definitions(parsed, options=OPTIONS)
    spans = {label: definition["span"] for label, definition in found.items()}
    return {label: (at(span["start"]), at(span["end"])) for label, span in spans.items()}


def _insert_breaks(text: str, breaks: Sequence[int]) -> tuple[str, Callable[[int], int]]:
    """Insert line breaks into `text`; also return a function from the new byte offsets to characters of `text`."""
    if not breaks:
        return text, map_byte_offsets(text)
    ends = [*breaks, len(text)]
    parsed = "\n".join(text[start:end] for start, end in zip([0, *breaks], ends, strict=True))
    at, back = map_byte_offsets(parsed), map_without_breaks(breaks)
    return parsed, lambda offset: back(at(offset))


class _OutlineBuilder:
    """One pass over the events of a text, filling an `Outline`."""

    def __init__(self, found: Outline, text: str, breaks: Sequence[int]) -> None:
        self.found = found
        self.text, self.at = _insert_breaks(text, breaks)
        self.depth = 0
        self.quotes = 0
        self.heading: list[str] | None = None
        self.items: list[Item | None] = []

    def run(self) -> None:
        at = self.at
        for event, place in pyromark.events_with_range(self.text, options=OPTIONS):
            # The most common come first: there are a dozen events a note.
            if isinstance(event, str):
                if event == "Rule":
                    self._add_rule(at(place["start"]), at(place["end"]))
                elif self.heading is not None:
                    self.heading.append(" ")
            elif "Text" in event:
                if self.heading is not None:
                    self.heading.append(event["Text"])
                if self.items:
                    self._begin_lead(place["start"])
            elif "End" in event:
                self.depth -= 1
                tag = event["End"]
                if not (isinstance(tag, str) and tag in _INLINE_TAGS):
                    self._close_tag(tag, at(place["start"]), at(place["end"]))
            elif "Start" in event:
                self._open_tag(event["Start"], at(place["start"]), at(place["end"]))
            else:
                ((name, value),) = event.items()
                self._add_leaf(name, value, at(place["start"]), at(place["end"]))

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
            elif tag in ("Link", "Image"):
                self._add_reference(value[tag], start)
        if tag in _INLINE_TAGS:
            if tag in _EMPHASIS:
                found.emphasis.append((start, end))
            if self.items:
                self._begin_lead_at(start)
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
        if self.items:
            self._begin_lead_at(start)
            item = self.items[-1]
            if name == "TaskListMarker" and item is not None:
                item.lead_start = end
                item.is_task = True

    def _add_reference(self, link: dict[str, Any], start: int) -> None:
        if link["id"]:
            self.found.links.append((start, link["id"]))

    def _begin_lead(self, byte_offset: int) -> None:
        item = self.items[-1]
        if item is not None and item.lead_start < 0:
            item.lead_start = self.at(byte_offset)

    def _begin_lead_at(self, offset: int) -> None:
        item = self.items[-1]
        if item is not None and item.lead_start < 0:
            item.lead_start = offset

    def _close_lead(self, offset: int) -> None:
        item = self.items[-1] if self.items else None
        if item is not None and item.lead_end < 0:
            if item.lead_start < 0:
                item.lead_start = offset
            item.lead_end = offset
