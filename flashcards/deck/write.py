"""Write a note as Markdown of the native format."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from flashcards.deck.model import Kind, Note

_BLOCK_START: Final = re.compile(r"`{3}|[-*+] |[0-9]{1,9}[.)] |>|\||<(?:hr|table|details|dl|svg|math|object)\b")
_MARKERS: Final = {Kind.QUESTION: ("Q", "A"), Kind.TERM: ("T", "D")}


def write_note(
    kind: Kind,
    fields: Sequence[str],
    *,
    tags: Sequence[str] = (),
    reverse: bool = False,
    typed: bool = False,
    pin: str = "",
    say: Sequence[str] = (),
) -> str:
    """Write a note, without a line break at its end.

    Args:
        kind: how it is written.
        fields: Markdown: front and back, or the text of a cloze with its gaps.
        tags: those that its file does not give it.
        reverse: whether it is also asked in reverse.
        typed: whether the answer is to be typed.
        pin: the identity to write into it.
        say: the languages that it is read aloud in, if its file does not say them.
    """
    comment = _write_attributes(kind, tags, reverse=reverse, typed=typed, pin=pin, say=say)
    if kind is Kind.PAIR:
        separator = ":::" if reverse else "::"
        return f"{fields[0]} {separator} {fields[1]}{' ' + comment if comment else ''}"
    if kind is Kind.CLOZE:
        return _add_comment(_add_marker("C", fields[0]), comment)
    (front_marker, back_marker), (front, back) = _MARKERS[kind], fields
    apart = "\n" in front or _BLOCK_START.match(front) or _can_pair_up(front, back)
    gap = "\n\n" if apart else "\n"
    return _add_comment(f"{_add_marker(front_marker, front)}{gap}{_add_marker(back_marker, back)}", comment)


def _write_attributes(
    kind: Kind, tags: Sequence[str], *, reverse: bool, typed: bool, pin: str, say: Sequence[str]
) -> str:
    parts = [f"tags: {', '.join(tags)}"] if tags else []
    if reverse and kind is Kind.QUESTION:
        parts.append("reverse")
    if typed:
        parts.append("type")
    if say:
        parts.append(f"say: {', '.join(say)}")
    if pin:
        parts.append(f"id: {pin}")
    return f"<!-- {'; '.join(parts)} -->" if parts else ""


def _can_pair_up(front: str, back: str) -> bool:
    """Check whether a sign of one side could pair up with one of the other in one paragraph."""
    if front.count("[") > front.count("]"):
        return True
    return any(sign in front and sign in back for sign in "$~")


def _add_marker(marker: str, text: str) -> str:
    return f"{marker}:\n\n{text}" if _BLOCK_START.match(text) else f"{marker}: {text}"


def _add_comment(text: str, comment: str) -> str:
    if not comment:
        return text
    several = text.count("\n") > 1 or "```" in text
    return f"{text}{chr(10) * 2 if several else chr(10)}{comment}"


def insert_comment(lines: list[str], note: Note, comment: str) -> None:
    """Insert the comment at the end of the first line of a pair, or else on its own line after the note."""
    place = (note.line if note.kind is Kind.PAIR else note.end_line) - 1
    line = lines[place]
    body = line.rstrip("\r\n")
    ending = line[len(body) :]
    if note.kind is Kind.PAIR:
        lines[place] = f"{body.rstrip()} {comment}{ending}"
    else:
        newline = ending or next((other[len(other.rstrip("\r\n")) :] for other in lines), "") or "\n"
        lines[place] = f"{body}{newline}{comment}{ending}"
