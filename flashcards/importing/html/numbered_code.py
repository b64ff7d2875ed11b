"""Code with line numbers beside it or in it, as add-ons of Anki and web pages write it: the code alone."""

from __future__ import annotations

import re
from typing import Final

from flashcards.importing.html.tree import Element, holds, text_of

_NUMBERS: Final = re.compile(r"\s*(?:[0-9]+\s*)+")
_NUMBER_CLASSES: Final = frozenset({"lineno", "linenos"})  # of Pygments, for those within the lines
_CODE: Final = frozenset({"pre"})


def without_line_numbers(element: Element) -> Element:
    """The same tree without the numbers of lines of code."""
    element.children = [_code_alone(child) for child in element.children if not _is_number(child)]
    return element


def _code_alone(node: Element | str) -> Element | str:
    if isinstance(node, str):
        return node
    if node.tag == "table":
        cells = _cells(node)
        if len(cells) == 2 and _NUMBERS.fullmatch(text_of(cells[0])) and holds(cells[1], _CODE):
            node = Element("div", {}, cells[1].children)
    return without_line_numbers(node)


def _cells(element: Element) -> list[Element]:
    """The cells of a table, but for those of tables in it."""
    found = []
    for child in element.children:
        if isinstance(child, Element):
            found += [child] if child.tag in ("td", "th") else _cells(child)
    return found


def _is_number(node: Element | str) -> bool:
    if isinstance(node, str) or node.tag != "span":
        return False
    return node.attributes.get("class", "") in _NUMBER_CLASSES and _NUMBERS.fullmatch(text_of(node)) is not None
