"""Formulas copied from a page that KaTeX or MathML shows: their TeX, which they carry along unseen."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from flashcards.importing.html.marks import SIGN
from flashcards.importing.html.tree import Element, text_of

if TYPE_CHECKING:
    from flashcards.importing.html.marks import Marked

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
