"""What of a piece of HTML is to be seen or heard."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from html import unescape
from typing import Final

UNSEEN: Final = re.compile(r"<(script|style)\b.*?(?:</\1\s*>|\Z)|<!--.*?(?:-->|\Z)", re.DOTALL | re.IGNORECASE)
"""What of HTML is never shown; what is left open goes on to the end."""
SEEN: Final = re.compile(r"<(?:img|audio|video|svg|table|iframe)\b|\[sound:", re.IGNORECASE)
"""What of HTML is seen or heard and no text."""

_TAG: Final = re.compile(r"<[^<>]*>")
_EMPTY: Final = re.compile(r"(?:\s|&nbsp;|</?(?:br|div)\s*/?>)*", re.IGNORECASE)


def is_empty(value: str) -> bool:
    """Whether Anki takes a field for empty."""
    return _EMPTY.fullmatch(value) is not None


def plain_text(html: str) -> str:
    """HTML without its tags."""
    return unescape(_TAG.sub("", html))


def is_shown(html: str) -> bool:
    """Whether anything is to be seen or heard."""
    html = UNSEEN.sub("", html)
    return bool(SEEN.search(html)) or bool(plain_text(html).replace("\xa0", " ").strip())


_OTHER_BRACES: Final = re.compile(r"\s*\{\{=<% %>=\}\}")
_TOKEN: Final = re.compile(r"\{\{\s*([#^/]?)(.*?)\}\}", re.DOTALL)
_OTHER_TOKEN: Final = re.compile(r"<%\s*([#^/]?)(.*?)%>", re.DOTALL)
_OPEN_TAG: Final = re.compile(r"<[a-z/!][^<>]*\Z", re.IGNORECASE)
_SHOWN_ATTRIBUTE: Final = re.compile(r"\b(?:src|href|data|alt)\s*=\s*[\"']?[^\"'<>]*\Z", re.IGNORECASE)


@dataclass(slots=True)
class Section:
    """A part of a template that is shown if a field holds something, or, `inverted`, if it does not."""

    name: str
    inverted: bool
    parts: list[Section | Field | str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Field:
    """A field to be filled in, through filters, the innermost first."""

    name: str
    filters: tuple[str, ...]


Part = Section | Field | str


def parse_template(text: str) -> list[Part]:
    """The parts of one side of a template, without what only scripts and style sheets read."""
    braces = _OTHER_BRACES.match(text)
    text = UNSEEN.sub("", text[braces.end() :] if braces else text)
    root = Section("", inverted=False)
    open_sections = [root]
    at = 0
    for token in (_OTHER_TOKEN if braces else _TOKEN).finditer(text):
        _add_text(open_sections[-1].parts, text[at : token.start()])
        at = token.end()
        sign, name = token[1], token[2].strip()
        if sign in ("#", "^"):
            section = Section(name, inverted=sign == "^")
            open_sections[-1].parts.append(section)
            open_sections.append(section)
        elif sign == "/":
            if len(open_sections) > 1:
                open_sections.pop()
        else:
            *filters, name = (part.strip() for part in name.split(":"))
            if not _is_in_attribute(text[: token.start()]):
                open_sections[-1].parts.append(Field(name, tuple(reversed(filters))))
    _add_text(root.parts, text[at:])
    return root.parts


def all_parts(parts: Sequence[Part]) -> Iterator[Part]:
    """Parts, and those in their sections."""
    for part in parts:
        yield part
        if isinstance(part, Section):
            yield from all_parts(part.parts)


def asks_to_type(part: Part) -> bool:
    """Whether a part asks for a typed answer."""
    if isinstance(part, Section):
        return any(map(asks_to_type, part.parts))
    return isinstance(part, Field) and "type" in part.filters and "cloze" not in part.filters


def _add_text(parts: list[Part], text: str) -> None:
    if parts and isinstance(parts[-1], str):
        parts[-1] += text
    elif text:
        parts.append(text)


def _is_in_attribute(before: str) -> bool:
    """Whether what follows some text is in a tag where it shows nothing: in no address of a link or picture."""
    tag = _OPEN_TAG.search(before)
    return tag is not None and _SHOWN_ATTRIBUTE.search(tag[0]) is None


def after(parts: Sequence[Part], front: Sequence[Part]) -> list[Part] | None:
    """What follows the parts of a front, whatever elements they stand in; None where they are not all there."""
    if any(map(asks_to_type, front)):
        return None
    left = list(parts)
    wanted = [part for part in front if _is_seen(part)]
    for number, expected in enumerate(wanted, start=1):
        while left and not _is_seen(left[0]):
            left.pop(0)
        if not left:
            return None
        found = left.pop(0)
        if not _is_same(found, expected):
            tail = _tail(found, expected) if number == len(wanted) else None
            if tail is None:
                return None
            left.insert(0, tail)
    return left if wanted else None


def _is_seen(part: Part) -> bool:
    """Whether a part of a side is more than tags; `{{FrontSide}}` is not, since it only repeats."""
    return is_shown(part) if isinstance(part, str) else part != Field("FrontSide", ())


def _is_same(one: Part, other: Part) -> bool:
    """Whether two parts show the same."""
    if isinstance(one, str) and isinstance(other, str):
        return one == other or (_words(one) == _words(other) and not SEEN.search(one + other))
    if isinstance(one, Section) and isinstance(other, Section):
        left, right = ([part for part in each.parts if _is_seen(part)] for each in (one, other))
        alike = (one.name, one.inverted, len(left)) == (other.name, other.inverted, len(right))
        return alike and all(map(_is_same, left, right))
    return one == other


def _words(html: str) -> str:
    return " ".join(plain_text(UNSEEN.sub("", html)).split())


def _tail(found: Part, expected: Part) -> str | None:
    """What follows the text that a front ends with, where it does not go on within a word."""
    if not isinstance(found, str) or not isinstance(expected, str):
        return None
    text, begin = found.lstrip(), expected.strip()
    if not text.startswith(begin):
        return None
    tail = text[len(begin) :]
    return tail if begin.endswith(">") or tail.startswith("<") or tail[:1].isspace() else None
