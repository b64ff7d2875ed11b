"""Where a note's text must be kept apart for the Markdown parser, which knows nothing of markers.

The text behind a marker is a text of its own and is rendered as one; but in the file it continues the marker's line, so
that a fence there opens nothing, and what was to close it opens a fence. HTML runs over a marker, up to the next blank
line, and code from one stray backtick to the next. With a line break put in at these places the parser finds the blocks
that the note's text alone has.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from flashcards.deck.markdown import Span, Spans

# `C:\Users` and `C:/x` are paths, but `A:\(x\)`, `A:\[x\]` and `A:\*` are math and escapes.
COLON: Final = r"(?::(?!/|\\(?![^\w\s.~%$\\]))|：)"

# The texts are searched with a line break in front, which is found much faster than `^`.
_BEHIND = re.compile(rf"\n {{0,3}}[QATDC]{COLON}[ \t]*(?=```|~~~|[-+*] \[[ xX]\][ \t])")
_FENCE = re.compile(r"\n([^\n`~]*)(```+|~~~+)([^\n]*)")
_OPENING = re.compile(r"(```+|~~~+)")
_MARKER = re.compile(rf" {{0,3}}[QATDC]{COLON}[ \t]*")
_CONTAINERS = re.compile(r"[ \t>]*(?:(?:[-+*]|[0-9]{1,9}[.)])[ \t]+)*")
_RULE = re.compile(r"\n(?=---+[ \t]*(?:\n|\Z))")


def behind_markers(body: str) -> list[int]:
    """Where a fence or a task stands on the line of a marker, outside every other fence."""
    if "[" not in body and "~" not in body and "```" not in body:  # one character is found the quickest
        return []
    text = f"\n{body}"
    found = [match.end() - 1 for match in _BEHIND.finditer(text)]
    if not found:
        return []
    opened, insides = _fences(text)
    inside = Spans(insides)
    return [offset for offset in found if offset in opened or (body[offset] not in "`~" and offset not in inside)]


def rules_within(body: str, html: Iterable[Span]) -> list[int]:
    """Where a line of `---` stands inside one of these HTML blocks."""
    return [match.end() for start, end in html for match in _RULE.finditer(body, start, end)]


def left_open(body: str, hidden: Iterable[int], opaque: Spans) -> tuple[int, str] | None:
    """Where a fence or a comment begins that nothing closes, and the mark that would, if it hides one of `hidden`."""
    for offset in hidden:
        span = opaque.around(offset)
        if not span or body[span[1] :].strip():
            continue
        text = body[span[0] : span[1]].strip()
        fence = _OPENING.match(text)
        if fence and not re.search(rf"\n[ \t>]*{fence[1]}+[ \t]*\Z", text):
            return span[0], fence[1]
        if text.startswith("<!--") and "-->" not in text:
            return span[0], "-->"
    return None


def _fences(text: str) -> tuple[set[int], list[Span]]:
    """Where fences open on the line of a marker, and the insides of all fences.

    `text` has a line break in front; what is returned are offsets into the text without it.
    """
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
            at_marker = bool(_MARKER.fullmatch(before))
            if at_marker or _CONTAINERS.fullmatch(before):
                fence, begin = mark, match.start(2) - 1
    return opened, insides
