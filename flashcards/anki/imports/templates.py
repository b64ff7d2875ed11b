"""Anki's card templates, rendered to HTML."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from copy import copy
from dataclasses import dataclass, field
from typing import Final

from flashcards.anki.imports.template_parts import (
    Field,
    Part,
    Section,
    after,
    all_parts,
    asks_to_type,
    is_empty,
    parse_template,
    plain_text,
)

_FURIGANA: Final = re.compile(r" ?([^ >]+?)\[(.+?)\]")
_SPECIAL: Final = frozenset({"FrontSide", "Tags", "Type", "Deck", "Subdeck", "Card", "CardFlag", "CardID"})
_SPOKEN: Final = re.compile(r"\[anki:tts\b[^\]]*\].*?\[/anki:tts\]", re.DOTALL | re.IGNORECASE)
_NOT_SPOKEN: Final = "text that Anki reads aloud is left out"
_CLOZE_SECTION: Final = re.compile(r"c([0-9]+)")


@dataclass(slots=True)
class Rendered:
    """One side of a card.

    Attributes:
        html: what it shows.
        to_type: the field that is to be typed; empty where none is.
        shown: the names of the fields that it shows.
        problems: what could not be said.
    """

    html: str = ""
    to_type: str = ""
    shown: set[str] = field(default_factory=set)
    problems: list[str] = field(default_factory=list)

    @property
    def typed(self) -> bool:
        """Whether an answer is to be typed."""
        return bool(self.to_type)


class SideTemplate:
    """One side of a template, parsed.

    Attributes:
        conditions: the names of the fields that sections look at.
        clozes: the names of the fields that it shows with gaps.
    """

    def __init__(self, text: str) -> None:
        self._parts = parse_template(text)
        parts = list(all_parts(self._parts))
        self.conditions = {part.name for part in parts if isinstance(part, Section)}
        self.clozes = {part.name for part in parts if isinstance(part, Field) and "cloze" in part.filters}

    def render(
        self,
        values: Mapping[str, str],
        *,
        back: bool,
        blank: Collection[str] = (),
        gaps: Collection[int] = (),
    ) -> Rendered:
        """The side with the fields of a note filled in.

        Args:
            values: the fields.
            back: whether it is the back.
            blank: the fields that vanish where they are shown with gaps, which else stay `{{c1::…}}`.
            gaps: the numbers of the cards, which sections such as `{{#c1}}` ask for.
        """
        filling = _Filling(values, back, blank, gaps)
        html, spoken = _SPOKEN.subn("", _render(self._parts, filling))
        if spoken:
            filling.rendered.problems.append(_NOT_SPOKEN)
        filling.rendered.html = html
        return filling.rendered

    def without(self, front: SideTemplate) -> SideTemplate:
        """This side without the front, where it begins with all that the template of the front says.

        What asks for a typed answer shows nothing on the front, and the answer on the back: it is no repetition.
        """
        shown = [part for part in front._parts if not (isinstance(part, Field) and asks_to_type(part))]
        rest = after(self._parts, shown)
        if rest is None:
            return self
        side = copy(self)
        side._parts = rest
        return side


@dataclass(slots=True)
class _Filling:
    """How a template is filled in, and what comes of it."""

    values: Mapping[str, str]
    back: bool
    blank: Collection[str]
    gaps: Collection[int]
    rendered: Rendered = field(default_factory=Rendered)

    def shows(self, section: Section) -> bool:
        """Whether a section is shown; what only some of the cards of a cloze show is."""
        match = _CLOZE_SECTION.fullmatch(section.name) if self.gaps else None
        if match is None or section.name in self.values:
            return is_empty(self.values.get(section.name, "")) == section.inverted
        asked = int(match[1]) in self.gaps
        if asked and len(self.gaps) > 1:
            self.rendered.problems.append("what the template shows on some of its cards only stands on all of them")
            return True
        return asked != section.inverted


def _render(parts: Sequence[Part], filling: _Filling) -> str:
    out = []
    for part in parts:
        if isinstance(part, str):
            out.append(part)
        elif isinstance(part, Field):
            out.append(_fill(part, filling))
        elif filling.shows(part):
            out.append(_render(part.parts, filling))
    return "".join(out)


def _fill(part: Field, filling: _Filling) -> str:
    values, rendered, back = filling.values, filling.rendered, filling.back
    if part.name in _SPECIAL and part.name not in values:
        return ""
    if any(name.startswith("tts ") or name == "tts-voices" for name in part.filters):
        rendered.problems.append(_NOT_SPOKEN)
        rendered.shown.add(part.name)
        return ""
    value = values.get(part.name)
    if value is None:
        rendered.problems.append(f"a template names `{part.name}`, which is no field")
        return ""
    if "type" in part.filters and not back:
        rendered.to_type = part.name
        return ""
    if "cloze" in part.filters and part.name in filling.blank:
        return ""
    rendered.shown.add(part.name)
    for name in part.filters:
        value = _filtered(name, value, part.name, back=back)
    return f"<div>{value}</div>" if asks_to_type(part) else value


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
