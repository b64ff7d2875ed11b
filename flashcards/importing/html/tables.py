"""A table of HTML as one of Markdown."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from flashcards.importing.html.styles import style_of
from flashcards.importing.html.tree import Element, holds

if TYPE_CHECKING:
    from flashcards.importing.html.blocks import Blocks

_ROWS: Final = frozenset({"thead", "tbody", "tfoot"})
_TOO_MUCH: Final = frozenset({"table", "ul", "ol", "pre", "blockquote"})
_RULES: Final = {"": "---", "left": ":--", "center": ":-:", "right": "--:"}
_ALIGN: Final = re.compile(r"left|center|right")


def table(element: Element, blocks: Blocks) -> str | None:
    """The table; empty where it holds nothing, None where Markdown has no way to write it."""
    rows = _rows(element)
    if any(not _is_simple(cell) for row in rows for cell in row):
        return None
    rows = [row for row in rows if row]
    if not rows:
        return ""
    width = max(len(row) for row in rows)
    texts = [[blocks.inner(cell=True).markdown(Element("", {}, cell.children)) for cell in row] for row in rows]
    if not any(text for row in texts for text in row):
        return ""
    headed = all(cell.tag == "th" for cell in rows[0])
    aligned = [_RULES[_alignment(cell)] for cell in rows[0]]
    lines = [texts[0] if headed else [], aligned + ["---"] * (width - len(aligned))]
    lines += texts[1:] if headed else texts
    return "\n".join(_line(line + [""] * (width - len(line))) for line in lines)


def _line(cells: list[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _rows(element: Element) -> list[list[Element]]:
    found: list[list[Element]] = []
    for child in element.children:
        if not isinstance(child, Element):
            continue
        if child.tag in _ROWS:
            found += _rows(child)
        elif child.tag == "tr":
            found.append([cell for cell in child.children if isinstance(cell, Element) and cell.tag in ("td", "th")])
    return found


def _is_simple(cell: Element) -> bool:
    spans = (cell.attributes.get("colspan", "1"), cell.attributes.get("rowspan", "1"))
    return spans == ("1", "1") and not holds(cell, _TOO_MUCH)


def _alignment(cell: Element) -> str:
    given = cell.attributes.get("align", "") or style_of(cell).get("text-align", "")
    match = _ALIGN.match(given.lower())
    return match[0] if match else ""
