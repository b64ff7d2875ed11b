"""Code with line numbers beside it or in it, as add-ons of Anki and web pages write it: the code alone."""

from __future__ import annotations

import re
from typing import Final

from flashcards.importing.html.tree import Element, holds, text_of, without

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
