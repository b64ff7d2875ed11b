"""Formulas copied from a page that KaTeX or MathML shows: their TeX, which they carry along unseen."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from flashcards.anki.to_markdown.placeholders import SIGN
from flashcards.anki.to_markdown.tree import Element, holds, text_of, without

if TYPE_CHECKING:
    from flashcards.anki.to_markdown.placeholders import Marked


_TEX: Final = "application/x-tex"


def with_formulas(element: Element, marked: Marked, *, display: bool = False) -> Element:
    """The same tree with a sign of a formula in the place of each that brings its TeX."""
    display = display or "katex-display" in element.attributes.get("class", "")
    element.children = [
        _formula(child, marked, display=display) if isinstance(child, Element) else child for child in element.children
    ]
    return element


def _formula(element: Element, marked: Marked, *, display: bool) -> Element | str:
    if element.tag == "math" or "katex" in element.attributes.get("class", "").split():
        tex = _tex_in(element)
        if tex and not SIGN.search(text_of(element)):  # a gap may begin or end in what was left open
            block = display or element.attributes.get("display") == "block"
            return marked.add("display" if block else "inline", " ".join(tex.split()), tex)
    return with_formulas(element, marked, display=display)


def _tex_in(element: Element) -> str:
    for child in element.children:
        if isinstance(child, Element):
            is_tex = child.tag == "annotation" and child.attributes.get("encoding") == _TEX
            found = text_of(child) if is_tex else _tex_in(child)
            if found.strip():
                return found
    return ""


_NUMBERS: Final = re.compile(r"[\s0-9]*[0-9]\s*")
_NUMBER_CLASSES: Final = frozenset({"lineno", "linenos"})  # of Pygments, for those within the lines
_CODE: Final = frozenset({"pre"})


def without_line_numbers(element: Element) -> Element:
    """The same tree without the numbers of lines of code."""
    return _code_alone(without(element, _is_number))


def _code_alone(element: Element) -> Element:
    if element.tag == "table":
        cells = _cells(element)
        if len(cells) == 2 and _NUMBERS.fullmatch(text_of(cells[0])) and holds(cells[1], _CODE):
            element = Element("div", {}, cells[1].children)
    element.children = [child if isinstance(child, str) else _code_alone(child) for child in element.children]
    return element


def _cells(element: Element) -> list[Element]:
    """The cells of a table, but for those of tables in it."""
    found = []
    for child in element.children:
        if isinstance(child, Element):
            found += [child] if child.tag in ("td", "th") else _cells(child)
    return found


def _is_number(element: Element) -> bool:
    is_named = element.tag == "span" and element.attributes.get("class", "") in _NUMBER_CLASSES
    return is_named and _NUMBERS.fullmatch(text_of(element)) is not None
