"""Parse Anki's card templates and render them to HTML."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from copy import copy
from dataclasses import dataclass, field
from typing import Final

from flashcards.anki.package.decoding import RenderBudget
from flashcards.deck.html import replace_enclosed, unescape
from flashcards.importers.transaction import Malformed

UNSEEN: Final = re.compile(r"<(script|style)\b.*?(?:</\1\s*>|\Z)|<!--.*?(?:-->|\Z)", re.DOTALL | re.IGNORECASE)
"""HTML that is never displayed; an unclosed element extends to the end."""
SEEN: Final = re.compile(r"<(?:img|audio|video|svg|table|iframe)\b|\[sound:", re.IGNORECASE)
"""HTML that is visible or audible without being text."""

_PICTURE: Final = re.compile(r"<(?:img|audio|video)\b[^<>]*>", re.IGNORECASE)
_TAG: Final = re.compile(r"<[^<>]*>")
_EMPTY: Final = re.compile(r"(?:\s|</?(?:br|div)\s*/?>)*", re.IGNORECASE | re.ASCII)


def is_empty(value: str) -> bool:
    """Return whether Anki regards a field as empty; one with a non-breaking space is not."""
    return _EMPTY.fullmatch(value) is not None


def strip_tags(html: str) -> str:
    """Return the text of HTML, without its tags."""
    return unescape(_TAG.sub("", html))


def is_shown(html: str) -> bool:
    """Return whether anything can be seen or heard."""
    html = UNSEEN.sub("", html)
    return bool(SEEN.search(html)) or bool(strip_tags(html).replace("\xa0", " ").strip())


_OTHER_BRACES: Final = re.compile(r"\s*\{\{=<% %>=\}\}")
_TOKEN: Final = re.compile(r"\{\{\s*+([#^/]?)((?:(?!\{\{).)*?)\}\}", re.DOTALL)
_OTHER_TOKEN: Final = re.compile(r"<%\s*+([#^/]?)((?:(?!<%).)*?)%>", re.DOTALL)
_OPEN_TAG: Final = re.compile(r"<[a-z/!][^<>]*\Z", re.IGNORECASE)
_LONGEST_TAG: Final = 2_000  # characters before a field
_DEEPEST: Final = 100  # nesting of sections
_SHOWN_ATTRIBUTE: Final = re.compile(r"\b(?:src|href|data|alt)\s*=\s*[\"']?[^\"'<>]*\Z", re.IGNORECASE)


@dataclass(slots=True)
class TemplateSection:
    """A part of a template that is shown if a field has a value, or, if `inverted`, if it has none."""

    name: str
    inverted: bool
    parts: list[TemplateSection | TemplateField | str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class TemplateField:
    """A field to fill in, through filters, innermost first."""

    name: str
    filters: tuple[str, ...]


Part = TemplateSection | TemplateField | str


def parse_template(text: str) -> list[Part]:
    """Parse one side of a template, without scripts and style sheets."""
    braces = _OTHER_BRACES.match(text)
    text = UNSEEN.sub("", text[braces.end() :] if braces else text)
    root = TemplateSection("", inverted=False)
    open_sections = [root]
    at = 0
    for token in (_OTHER_TOKEN if braces else _TOKEN).finditer(text):
        _add_text(open_sections[-1].parts, text[at : token.start()])
        at = token.end()
        sign, name = token[1], token[2].strip()
        if sign in ("#", "^"):
            if len(open_sections) > _DEEPEST:
                raise Malformed(f"a template has sections in more than {_DEEPEST} others")
            section = TemplateSection(name, inverted=sign == "^")
            open_sections[-1].parts.append(section)
            open_sections.append(section)
        elif sign == "/":
            if len(open_sections) > 1:
                open_sections.pop()
        else:
            *filters, name = (part.strip() for part in name.split(":"))
            if not _is_in_attribute(text, token.start()):
                open_sections[-1].parts.append(TemplateField(name, tuple(reversed(filters))))
    _add_text(root.parts, text[at:])
    return root.parts


def walk_parts(parts: Sequence[Part]) -> Iterator[Part]:
    """Iterate over parts, and those in their sections."""
    for part in parts:
        yield part
        if isinstance(part, TemplateSection):
            yield from walk_parts(part.parts)


def asks_to_type(part: Part) -> bool:
    """Return whether a part asks for a typed answer."""
    if isinstance(part, TemplateSection):
        return any(map(asks_to_type, part.parts))
    return isinstance(part, TemplateField) and "type" in part.filters and "cloze" not in part.filters


def _add_text(parts: list[Part], text: str) -> None:
    if parts and isinstance(parts[-1], str):
        parts[-1] += text
    elif text:
        parts.append(text)


def _is_in_attribute(text: str, at: int) -> bool:
    """Return whether an offset is in a tag where a field is not visible, except the address of a link or picture."""
    tag = _OPEN_TAG.search(text, max(0, at - _LONGEST_TAG), at)
    return tag is not None and _SHOWN_ATTRIBUTE.search(tag[0]) is None


def find_rest(parts: Sequence[Part], front: Sequence[Part]) -> list[Part] | None:
    """Return the parts after those of a front, regardless of elements, or nothing if some are missing."""
    if any(map(asks_to_type, front)):
        return None
    left, wanted = list(parts), [part for part in front if _is_seen(part)]
    for number, expected in enumerate(wanted, start=1):
        while left and not _is_seen(left[0]):
            left.pop(0)
        if not left:
            return None
        if not _is_same(found := left.pop(0), expected):
            tail = _find_tail(found, expected) if number == len(wanted) else None
            if tail is None:
                return None
            left.insert(0, tail)
    return left if wanted else None


def _is_seen(part: Part) -> bool:
    """Return whether a part of a side is more than tags; `{{FrontSide}}` only repeats."""
    return is_shown(part) if isinstance(part, str) else part != TemplateField("FrontSide", ())


def _is_same(one: Part, other: Part) -> bool:
    """Return whether two parts show the same."""
    if isinstance(one, str) and isinstance(other, str):
        return one == other or (_list_words(one) == _list_words(other) and not SEEN.search(one + other))
    if isinstance(one, TemplateSection) and isinstance(other, TemplateSection):
        left, right = ([part for part in each.parts if _is_seen(part)] for each in (one, other))
        alike = (one.name, one.inverted, len(left)) == (other.name, other.inverted, len(right))
        return alike and all(map(_is_same, left, right))
    return one == other


def _list_words(html: str) -> str:
    return " ".join(strip_tags(UNSEEN.sub("", html)).split())


def _find_tail(found: Part, expected: Part) -> str | None:
    """Return the text after the end of a front's text, unless that is within a word."""
    if not isinstance(found, str) or not isinstance(expected, str):
        return None
    begin = expected.strip()
    if not found.lstrip().startswith(begin):
        return None
    tail = found.lstrip()[len(begin) :]
    return tail if begin.endswith(">") or tail.startswith("<") or tail[:1].isspace() else None


_FURIGANA: Final = re.compile(r"(?: |(?<![^ >\[\]}])|(?<=::))([^ >\[\]{}]{1,1000}+)\[(?!sound:)([^\[\]\n]++)\]")
_SPECIAL: Final = frozenset({"FrontSide", "Tags", "Type", "Deck", "Subdeck", "Card", "CardFlag", "CardID"})
_SPOKEN: Final = re.compile(r"\[anki:tts\b[^\[\]]*\]", re.IGNORECASE)
_SPOKEN_END: Final = re.compile(r"\[/anki:tts\]", re.IGNORECASE)
_NOT_SPOKEN: Final = "text that Anki reads aloud was left out"
_SPOKEN_IS_SHOWN: Final = "text that Anki only reads aloud is shown, since there is no other"
_SCRIPTED_IS_SHOWN: Final = "text that only a script shows is shown, since there is no other"
_CLOZE_SECTION: Final = re.compile(r"c([0-9]{1,9})")
_TAGS: Final = "#Tags"  # no field has a name that begins so


def list_values(names: Sequence[str], fields: Sequence[str], tags: Sequence[str]) -> dict[str, str]:
    """Return the values of a note for templates: its fields, and whether it has tags."""
    return {**dict(zip(names, fields, strict=True)), _TAGS: " ".join(tags)}


@dataclass(slots=True)
class Rendered:
    """One side of a card."""

    html: str = ""  # its HTML
    to_type: str = ""  # the field to type, or empty
    shown: set[str] = field(default_factory=set)  # the names of the displayed fields
    problems: list[str] = field(default_factory=list)  # what cannot be represented, as clauses

    @property
    def is_typed(self) -> bool:
        """Return whether an answer must be typed."""
        return bool(self.to_type)


_SCRIPT: Final = re.compile(r"<script\b.*?(?:</script\s*>|\Z)", re.DOTALL | re.IGNORECASE)
_FORMULA: Final = re.compile(r"\\\(|\\\[|\$\$")
_FORMULA_ENDS: Final = {"\\(": re.compile(r"\\\)"), "\\[": re.compile(r"\\\]"), "$$": re.compile(r"\$\$")}
_DEFINITION: Final = re.compile(
    r"\\(?:def|gdef|newcommand|renewcommand|providecommand)\*?\s*+\{?\s*+(\\[A-Za-z]++)\s*+\}?\s*+"
    r"(?:\[[0-9]\]|(?:#[1-9]\s*+)*+)\s*+(?=\{)"
)


def find_omissions(text: str) -> list[str]:
    """Return the features of a template's side that our cards cannot have."""
    found = ["scripts"] if _SCRIPT.search(text) else []
    names = {part.name for part in walk_parts(parse_template(text)) if isinstance(part, TemplateField)} & _SPECIAL
    return [*found, *(f"`{{{{{name}}}}}`" for name in sorted(names - {"FrontSide"}))]


def extract_macros(text: str) -> tuple[str, dict[str, str]]:
    """Remove TeX definitions from a template; return the rest, and the bodies of the macros by name."""
    macros: dict[str, str] = {}

    def one(opening: re.Match[str], formula: str, closing: re.Match[str]) -> str:
        kept, at = [], 0
        while definition := _DEFINITION.search(formula, at):
            end = _find_closing_brace(formula, definition.end())
            if end is None:
                return f"{opening[0]}{formula}{closing[0]}"
            macros[definition[1]] = " ".join(formula[definition.end() + 1 : end].split())
            kept.append(formula[at : definition.start()])
            at = end + 1
        rest = "".join((*kept, formula[at:]))
        return f"{opening[0]}{rest}{closing[0]}" if strip_tags(rest).strip() else ""

    if "\\" in text:
        text = replace_enclosed(text, _FORMULA, lambda opening: _FORMULA_ENDS[opening[0]], one)
    return text, macros


def _find_closing_brace(text: str, start: int) -> int | None:
    depth = 0
    for at in range(start, len(text)):
        depth += (text[at] == "{") - (text[at] == "}")
        if depth == 0:
            return at
    return None


class SideTemplate:
    """One side of a template, parsed, with the TeX macros that it defines."""

    def __init__(self, text: str) -> None:
        text, self.macros = extract_macros(text)
        self._parts = parse_template(text)
        self._scripted = [field for script in _SCRIPT.findall(text) for field in _TOKEN.findall(script)]
        parts = list(walk_parts(self._parts))
        # the names of the fields in conditions, and of those that it shows with gaps
        self.conditions = {part.name for part in parts if isinstance(part, TemplateSection)}
        clozes = [part for part in parts if isinstance(part, TemplateField) and "cloze" in part.filters]
        self.clozes = {part.name for part in clozes}
        self.textual = {part.name for part in clozes if "text" in part.filters}  # shown without pictures
        self._only_typed = self.clozes - {part.name for part in clozes if "type" not in part.filters}
        sections = (_CLOZE_SECTION.fullmatch(name) for name in self.conditions)
        self.single_cards = {int(each[1]) - 1 for each in sections if each}

    def render(
        self,
        values: Mapping[str, str],
        *,
        back: bool,
        without: Collection[str] = (),
        textual: Collection[str] = (),
        gaps: Collection[int] = (),
        budget: RenderBudget | None = None,
    ) -> Rendered:
        """Render the side with the fields of a note; raise Malformed if it is longer than `budget`.

        Fields in `without` are omitted where they are shown with gaps, which otherwise stay `{{c1::…}}`. Of those in
        `textual`, pictures are shown. Sections such as `{{#c1}}` test the numbers in `gaps`.
        """
        budget = budget or RenderBudget()
        budget.start_side()
        filling = _Filling(values, back, without, textual, self._only_typed, gaps, budget)
        rendered, spoken = filling.rendered, filling.spoken

        def speak(_opening: re.Match[str], text: str, _closing: re.Match[str]) -> str:
            spoken.append(text)
            return ""

        rendered.html = replace_enclosed(filling.render(self._parts), _SPOKEN, lambda _opening: _SPOKEN_END, speak)
        if spoken:
            only_spoken = not is_shown(rendered.html)
            rendered.html += "<br>".join(spoken) if only_spoken else ""
            rendered.problems.append(_SPOKEN_IS_SHOWN if only_spoken else _NOT_SPOKEN)
        elif self._scripted and not rendered.is_typed and not is_shown(rendered.html):
            names = [name.rpartition(":")[2].strip() for sign, name in self._scripted if not sign]
            told = [name for name in dict.fromkeys(names) if not is_empty(values.get(name, ""))]
            rendered.html += "<br>".join(values[name] for name in told)
            rendered.shown.update(told)
            rendered.problems += [_SCRIPTED_IS_SHOWN] if told else []
        return rendered

    def remove_front(self, front: SideTemplate) -> SideTemplate:
        """Return this side without the front, if it begins with the whole template of the front.

        A field for a typed answer shows nothing on the front and the answer on the back, which is not a repetition.
        """
        shown = [part for part in front._parts if not (isinstance(part, TemplateField) and asks_to_type(part))]
        rest = find_rest(self._parts, shown)
        if rest is None:
            return self
        side = copy(self)
        side._parts = rest
        return side


@dataclass(slots=True)
class _Filling:
    """The values for a template, and the result."""

    values: Mapping[str, str]
    back: bool
    without: Collection[str]
    textual: Collection[str]
    only_typed: Collection[str]  # cloze fields that the side only asks to type, so that it would show no text
    gaps: Collection[int]
    budget: RenderBudget
    rendered: Rendered = field(default_factory=Rendered)
    spoken: list[str] = field(default_factory=list)

    def render(self, parts: Sequence[Part]) -> str:
        """Return the HTML of parts."""
        out = []
        for part in parts:
            if isinstance(part, TemplateSection):
                if self._decide_section(part):
                    out.append(self.render(part.parts))
                continue
            piece = part if isinstance(part, str) else self._fill(part)
            self.budget.take(len(piece))
            out.append(piece)
        return "".join(out)

    def _decide_section(self, section: TemplateSection) -> bool:
        """Decide whether a section is shown; one for only some cards of a cloze is, and is reported."""
        match = _CLOZE_SECTION.fullmatch(section.name) if self.gaps else None
        if match is None or section.name in self.values:
            return self._has_content(section.name) != section.inverted
        asked = int(match[1]) in self.gaps
        if asked and len(self.gaps) > 1:
            self.rendered.problems.append("conditional parts of the template are shown on all cards")
            return True
        return asked != section.inverted

    def _has_content(self, name: str) -> bool:
        if name in _SPECIAL and name not in self.values:
            return not is_empty(self.values.get(_TAGS, "")) if name == "Tags" else name != "FrontSide" or self.back
        return not is_empty(self.values.get(name, ""))

    def _fill(self, part: TemplateField) -> str:
        rendered, value = self.rendered, self.values.get(part.name)
        if part.name in _SPECIAL and value is None:
            return ""
        if any(name.startswith("tts ") or name == "tts-voices" for name in part.filters):
            if value is not None and not is_empty(value):
                self.spoken.append(value)
                rendered.shown.add(part.name)
            return ""
        if value is None:
            rendered.problems.append(f"a template names `{part.name}`, which is not a field")
            return ""
        if "type" in part.filters and not self.back:
            rendered.to_type = part.name
            if part.name not in self.only_typed:
                return ""
        if "cloze" in part.filters and part.name in self.without:
            is_lost = part.name in self.textual and "text" not in part.filters
            return "".join(_PICTURE.findall(value)) if is_lost else ""
        rendered.shown.add(part.name)
        for name in part.filters:
            value = _apply_filter(name, value, part.name)
        return f"<div>{value}</div>" if asks_to_type(part) else value


def _apply_filter(name: str, value: str, field_name: str) -> str:
    if name == "text":
        return strip_tags(UNSEEN.sub("", value))
    if name == "furigana":
        return _FURIGANA.sub(r"<ruby>\1<rt>\2</rt></ruby>", value)
    if name == "kana":
        return _FURIGANA.sub(r"\2", value)
    if name == "kanji":
        return _FURIGANA.sub(r"\1", value)
    if name == "hint" and is_shown(value):
        return f"<details><summary>{field_name}</summary>{value}</details>"
    return value
