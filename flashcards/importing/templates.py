"""Anki's card templates: fields, sections and filters, rendered to HTML.

The syntax is that of https://docs.ankiweb.net/templates/intro.html.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from copy import copy
from dataclasses import dataclass, field
from html import unescape
from typing import Final

_TOKEN: Final = re.compile(r"\{\{\s*([#^/]?)(.*?)\}\}", re.DOTALL)
_TAG: Final = re.compile(r"<[^<>]*>")
_EMPTY: Final = re.compile(r"(?:\s|&nbsp;|</?(?:br|div)\s*/?>)*", re.IGNORECASE)
_FURIGANA: Final = re.compile(r" ?([^ >]+?)\[(.+?)\]")
_SPECIAL: Final = frozenset({"FrontSide", "Tags", "Type", "Deck", "Subdeck", "Card", "CardFlag", "CardID"})
_CLOZE_SECTION: Final = re.compile(r"c([0-9]+)")


@dataclass(slots=True)
class _Section:
    """A part of a template that is shown if a field holds something, or, `inverted`, if it does not."""

    name: str
    inverted: bool
    parts: list[_Section | _Field | str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Field:
    """A field to be filled in, through filters, the innermost first."""

    name: str
    filters: tuple[str, ...]


_Part = _Section | _Field | str


@dataclass(slots=True)
class Rendered:
    """One side of a card: its HTML, whether an answer is to be typed, the fields it shows, what could not be said."""

    html: str = ""
    typed: bool = False
    shown: set[str] = field(default_factory=set)
    problems: list[str] = field(default_factory=list)


class SideTemplate:
    """One side of a template, parsed.

    Attributes:
        conditions: the names of the fields that sections look at.
    """

    def __init__(self, text: str) -> None:
        root = _Section("", inverted=False)
        open_sections = [root]
        self.conditions: set[str] = set()
        at = 0
        for token in _TOKEN.finditer(text):
            if token.start() > at:
                open_sections[-1].parts.append(text[at : token.start()])
            at = token.end()
            sign, name = token[1], token[2].strip()
            if sign in ("#", "^"):
                self.conditions.add(name)
                section = _Section(name, inverted=sign == "^")
                open_sections[-1].parts.append(section)
                open_sections.append(section)
            elif sign == "/":
                if len(open_sections) > 1:
                    open_sections.pop()
            else:
                *filters, name = (part.strip() for part in name.split(":"))
                open_sections[-1].parts.append(_Field(name, tuple(reversed(filters))))
        if text[at:]:
            root.parts.append(text[at:])
        self._parts = root.parts

    def render(
        self, values: Mapping[str, str], *, back: bool, hide_cloze: bool = False, gaps: Collection[int] = ()
    ) -> Rendered:
        """The side with the fields of a note filled in.

        Args:
            values: the fields.
            back: whether it is the back.
            hide_cloze: gaps, which else stay `{{c1::…}}`, vanish with the text around them.
            gaps: the numbers of the cards, which sections such as `{{#c1}}` ask for.
        """
        filling = _Filling(values, back, hide_cloze, gaps)
        filling.rendered.html = _render(self._parts, filling)
        return filling.rendered

    def without(self, front: SideTemplate) -> SideTemplate:
        """This side without the front, where it begins with all that the template of the front says.

        What asks for a typed answer shows nothing on the front, and the answer on the back: it is no repetition.
        """
        shown = [part for part in front._parts if not (isinstance(part, _Field) and _asks_to_type(part))]
        rest = _after(_trimmed(self._parts), _trimmed(shown))
        if rest is None:
            return self
        side = copy(self)
        side._parts = rest
        return side


def is_empty(value: str) -> bool:
    """Whether Anki takes a field for empty."""
    return _EMPTY.fullmatch(value) is not None


def plain_text(html: str) -> str:
    """HTML without its tags."""
    return unescape(_TAG.sub("", html))


def _trimmed(parts: Sequence[_Part]) -> list[_Part]:
    """Parts without what shows nothing at their edges: blanks, and `{{FrontSide}}` at the beginning."""
    found = list(parts)
    while found and (_is_blank(found[0]) or found[0] == _Field("FrontSide", ())):
        found.pop(0)
    while found and _is_blank(found[-1]):
        found.pop()
    if found and isinstance(found[0], str):
        found[0] = found[0].lstrip()
    if found and isinstance(found[-1], str):
        found[-1] = found[-1].rstrip()
    return found


def _is_blank(part: _Part) -> bool:
    return isinstance(part, str) and not part.strip()


def _after(parts: list[_Part], front: list[_Part]) -> list[_Part] | None:
    """What follows the parts of a front; None where they are not all there."""
    if not front or len(parts) < len(front) or any(map(_asks_to_type, front)):
        return None
    *before, last = front
    found = parts[len(before)]
    if parts[: len(before)] != before:
        return None
    rest = parts[len(front) :]
    if found == last:
        return rest
    if not isinstance(found, str) or not isinstance(last, str) or not found.startswith(last):
        return None
    tail = found[len(last) :]
    ends = last.endswith(">") or tail.startswith("<") or tail[0].isspace()
    return [tail, *rest] if ends else None


def _asks_to_type(part: _Part) -> bool:
    if isinstance(part, _Section):
        return any(map(_asks_to_type, part.parts))
    return isinstance(part, _Field) and "type" in part.filters and "cloze" not in part.filters


@dataclass(slots=True)
class _Filling:
    """How a template is filled in, and what comes of it."""

    values: Mapping[str, str]
    back: bool
    hide_cloze: bool
    gaps: Collection[int]
    rendered: Rendered = field(default_factory=Rendered)

    def shows(self, section: _Section) -> bool:
        """Whether a section is shown; what only some of the cards of a cloze show is."""
        match = _CLOZE_SECTION.fullmatch(section.name) if self.gaps else None
        if match is None or section.name in self.values:
            return is_empty(self.values.get(section.name, "")) == section.inverted
        asked = int(match[1]) in self.gaps
        if asked and len(self.gaps) > 1:
            self.rendered.problems.append("what the template shows on some of its cards only stands on all of them")
            return True
        return asked != section.inverted


def _render(parts: Sequence[_Part], filling: _Filling) -> str:
    out = []
    for part in parts:
        if isinstance(part, str):
            out.append(part)
        elif isinstance(part, _Field):
            out.append(_fill(part, filling))
        elif filling.shows(part):
            out.append(_render(part.parts, filling))
    return "".join(out)


def _fill(part: _Field, filling: _Filling) -> str:
    values, rendered, back = filling.values, filling.rendered, filling.back
    if part.name in _SPECIAL and part.name not in values:
        return ""
    if any(name.startswith("tts ") or name == "tts-voices" for name in part.filters):
        rendered.problems.append("text that Anki reads aloud is left out")
        rendered.shown.add(part.name)
        return ""
    value = values.get(part.name)
    if value is None:
        rendered.problems.append(f"a template names `{part.name}`, which is no field")
        return ""
    if "type" in part.filters and not back:
        rendered.typed = True
        return ""
    if "cloze" in part.filters and filling.hide_cloze:
        return ""
    rendered.shown.add(part.name)
    for name in part.filters:
        value = _filtered(name, value, part.name, back=back)
    return value


def _filtered(name: str, value: str, field_name: str, *, back: bool) -> str:
    if name == "text":
        return plain_text(value)
    if name == "furigana":
        return _FURIGANA.sub(r"<ruby>\1<rt>\2</rt></ruby>", value)
    if name == "kana":
        return _FURIGANA.sub(r"\2", value)
    if name == "kanji":
        return _FURIGANA.sub(r"\1", value)
    if name == "hint" and not back and not is_empty(value):
        return f"<details><summary>{field_name}</summary>{value}</details>"
    return value
