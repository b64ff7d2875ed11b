"""Write HTML tables as Markdown, with the alignment of their columns."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

from flashcards.anki.to_markdown.elements import read_style
from flashcards.anki.to_markdown.tree import Element, contains

_ROWS: Final = frozenset({"thead", "tbody", "tfoot"})
_BLOCKS_OF_LINES: Final = frozenset({"table", "ul", "ol", "pre", "blockquote"})
_ALIGN: Final = re.compile(r"left|center|right")
_RULES: Final = {"": "---", "left": ":--", "center": ":-:", "right": "--:"}


def write_table(element: Element, convert_cell: Callable[[Element], str]) -> str | None:
    """Write a table; an empty string if it is empty, nothing if Markdown cannot express it."""
    rows = _list_rows(element)
    if any(not _is_simple(cell) for row in rows for cell in row):
        return None
    rows = [row for row in rows if row]
    if not rows:
        return ""
    width = max(len(row) for row in rows)
    texts = [[convert_cell(Element("", {}, cell.children)) for cell in row] for row in rows]
    if not any(text for row in texts for text in row):
        return ""
    headed = all(cell.tag == "th" for cell in rows[0])
    lines = [texts[0] if headed else [], [_RULES[each] for each in _find_alignments(element, rows, width)]]
    lines += texts[1:] if headed else texts
    return "\n".join(f"| {' | '.join(line + [''] * (width - len(line)))} |" for line in lines)


def is_caption(node: Element | str) -> bool:
    """Return whether a part of a table is its caption."""
    return isinstance(node, Element) and node.tag == "caption"


def _list_rows(element: Element) -> list[list[Element]]:
    found: list[list[Element]] = []
    for child in element.children:
        if not isinstance(child, Element):
            continue
        if child.tag in _ROWS:
            found += _list_rows(child)
        elif child.tag == "tr":
            found.append([cell for cell in child.children if isinstance(cell, Element) and cell.tag in ("td", "th")])
    return found


def _is_simple(cell: Element) -> bool:
    spans = (cell.attributes.get("colspan", "1"), cell.attributes.get("rowspan", "1"))
    return spans == ("1", "1") and not contains(cell, _BLOCKS_OF_LINES)


def _find_alignments(table: Element, rows: list[list[Element]], width: int) -> list[str]:
    """Find the alignment of each column: that of the first cell that has one, else that of the whole table."""
    found = [""] * width
    for row in rows:
        for column, cell in enumerate(row):
            found[column] = found[column] or _find_cell_alignment(cell)
    whole = _ALIGN.match(read_style(table).get("text-align", ""))
    return [each or (whole[0] if whole else "") for each in found]


def _find_cell_alignment(cell: Element) -> str:
    """Find the alignment of a cell, or that of the only block in it."""
    if cell.tag == "center":
        return "center"
    given = cell.attributes.get("align", "") or read_style(cell).get("text-align", "")
    match = _ALIGN.match(given.lower())
    if match:
        return match[0]
    inside = [child for child in cell.children if isinstance(child, Element) or child.strip()]
    only = inside[0] if len(inside) == 1 else None
    return _find_cell_alignment(only) if isinstance(only, Element) and only.tag in ("div", "p", "center") else ""
