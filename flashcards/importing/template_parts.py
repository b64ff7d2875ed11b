"""The parts of a card template of Anki: text, fields, and sections of them.

The syntax is that of https://docs.ankiweb.net/templates/intro.html.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from flashcards.importing.visible import UNSEEN

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
