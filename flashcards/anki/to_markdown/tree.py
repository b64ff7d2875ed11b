"""Parse HTML, even if broken, into a tree, and clean up markup copied from web pages."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from flashcards.anki.to_markdown.placeholders import PLACEHOLDER, CutField
from flashcards.deck.html import Tag, split_html

VOID: Final = frozenset({"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "wbr"})
UNSEEN: Final = frozenset({"script", "style", "head", "title", "template", "noscript"})
_LINES: Final = frozenset({"div", "p", "li"})
_MAX_DEPTH: Final = 60  # nesting; deeper elements are kept at this depth

# Start tags that end an open element: the tag, the element that it ends, and where the search for that stops.
_ROWS: Final = {"thead", "tbody", "tfoot"}
_ENDS: Final = {
    **dict.fromkeys(_ROWS, ({*_ROWS, "tr", "td", "th"}, {"table"})),
    "li": ({"li"}, {"ul", "ol"}),
    "tr": ({"tr", "td", "th"}, {"table"}),
    "td": ({"td", "th"}, {"tr", "table"}),
    "th": ({"td", "th"}, {"tr", "table"}),
    "dt": ({"dt", "dd"}, {"dl"}),
    "dd": ({"dt", "dd"}, {"dl"}),
    "option": ({"option"}, {"select"}),
    "p": ({"p"}, {"div", "li", "td", "th", "blockquote"}),
}


@dataclass(slots=True)
class Element:
    """An element: its tag and attributes in lower case, and its children."""

    tag: str
    attributes: dict[str, str] = field(default_factory=dict)
    children: list[Element | str] = field(default_factory=list)


def parse_html(html: str) -> Element:
    """Parse a piece of HTML into a tree under an element without a tag; drop comments."""
    builder = _Builder()
    for piece in split_html(html):
        if isinstance(piece, str):
            builder.add_text(piece)
        elif piece.closes:
            builder.close_tag(piece.name)
        else:
            builder.open_tag(piece)
    return builder.root


def drop_elements(element: Element, is_dropped: Callable[[Element], bool]) -> Element:
    """Drop the elements for which `is_dropped` holds; return the tree."""
    kept = [child for child in element.children if isinstance(child, str) or not is_dropped(child)]
    element.children = [child if isinstance(child, str) else drop_elements(child, is_dropped) for child in kept]
    return element


def replace_elements(element: Element, replace: Callable[[Element], Element]) -> Element:
    """Replace each element by the result of `replace`, outer ones first; return the tree."""
    found = replace(element)
    if found is element:
        found.children = [
            child if isinstance(child, str) else replace_elements(child, replace) for child in found.children
        ]
    return found


def contains(element: Element, tags: frozenset[str]) -> bool:
    """Return whether an element with one of `tags` is inside `element`."""
    return any(
        isinstance(child, Element) and (child.tag in tags or contains(child, tags)) for child in element.children
    )


def get_text(node: Element | str) -> str:
    """Return all text of a node, with `<br>` as a line break and an embedded page as its address.

    The text of a player, for programs that cannot play it, is not shown and only counts if it has a gap.
    """
    if isinstance(node, str):
        return node
    if node.tag == "br":
        return "\n"
    if node.tag in UNSEEN:
        return ""
    if node.tag == "iframe":
        return node.attributes.get("src", "")
    text = "".join(get_text(child) for child in node.children)
    return "" if node.tag in ("audio", "video") and not PLACEHOLDER.search(text) else text


def get_lines(node: Element) -> str:
    """Return all text of code, with each `<div>` on its own lines."""
    if not contains(node, _LINES):
        return get_text(node)
    text = ""
    for child in node.children:
        inside = get_lines(child) if isinstance(child, Element) and child.tag != "br" else get_text(child)
        if isinstance(child, Element) and child.tag in _LINES:
            start = "" if not text or text.endswith("\n") else "\n"
            end = "" if inside.endswith("\n") else "\n"
            inside = f"{start}{inside}{end}"
        text += inside
    return text


_INDENTATION: Final = re.compile(r"^ +|  +", re.MULTILINE)


def break_lines(code: Element) -> Element:
    """Return the lines of preformatted text as lines of plain text, with their spaces."""
    children: list[Element | str] = []
    for child in code.children:
        if isinstance(child, Element):
            children.append(break_lines(child))
            continue
        spaced = _INDENTATION.sub(lambda spaces: "\xa0" * len(spaces[0]), child)
        for number, line in enumerate(spaced.split("\n")):
            children += [Element("br"), line] if number else [line]
    return Element("span" if code.tag in ("pre", "code") else code.tag, code.attributes, children)


class _Builder:
    def __init__(self) -> None:
        self.root = Element("")
        self._open = [self.root]

    def open_tag(self, tag: Tag) -> None:
        if tag.name in _ENDS:
            self._close_implied(*_ENDS[tag.name])
        element = Element(tag.name, tag.attributes)
        self._open[-1].children.append(element)
        is_empty = tag.name in VOID or (tag.is_empty and tag.name not in ("div", "span", "p", "b", "i"))
        if not is_empty and len(self._open) < _MAX_DEPTH:
            self._open.append(element)

    def close_tag(self, tag: str) -> None:
        if tag == "br":  # browsers treat `</br>` as one
            self._open[-1].children.append(Element("br"))
            return
        for depth in range(len(self._open) - 1, 0, -1):
            if self._open[depth].tag == tag:
                del self._open[depth:]
                return

    def add_text(self, data: str) -> None:
        children = self._open[-1].children
        if children and isinstance(children[-1], str):
            children[-1] += data
        else:
            children.append(data)

    def _close_implied(self, ended: set[str], limits: set[str]) -> None:
        outermost = len(self._open)
        for depth in range(len(self._open) - 1, 0, -1):
            tag = self._open[depth].tag
            if tag in limits:
                break
            if tag in ended:
                outermost = depth
        del self._open[outermost:]


_TEX: Final = "application/x-tex"


def restore_formulas(element: Element, cut: CutField, *, display: bool = False) -> Element:
    """Replace formulas drawn by KaTeX or MathML by placeholders, if they carry their TeX; return the tree."""
    display = display or "katex-display" in element.attributes.get("class", "")
    element.children = [
        _restore_formula(child, cut, display=display) if isinstance(child, Element) else child
        for child in element.children
    ]
    return element


def _restore_formula(element: Element, cut: CutField, *, display: bool) -> Element | str:
    if element.tag == "math" or "katex" in element.attributes.get("class", "").split():
        tex = _find_tex(element)
        if tex and not PLACEHOLDER.search(get_text(element)):  # a gap may begin or end in the formula
            block = display or element.attributes.get("display") == "block"
            return cut.add("display" if block else "inline", " ".join(tex.split()), tex)
    return restore_formulas(element, cut, display=display)


def _find_tex(element: Element) -> str:
    for child in element.children:
        if isinstance(child, Element):
            is_tex = child.tag == "annotation" and child.attributes.get("encoding") == _TEX
            found = get_text(child) if is_tex else _find_tex(child)
            if found.strip():
                return found
    return ""


_NUMBERS: Final = re.compile(r"[\s0-9]*[0-9]\s*")
_NUMBER_CLASSES: Final = frozenset({"lineno", "linenos"})  # Pygments' classes for numbers within the lines
_CODE: Final = frozenset({"pre"})


def drop_line_numbers(element: Element) -> Element:
    """Drop the line numbers of code; return the tree."""

    def is_number(each: Element) -> bool:
        is_named = each.tag == "span" and each.attributes.get("class", "") in _NUMBER_CLASSES
        return is_named and _NUMBERS.fullmatch(get_text(each)) is not None

    return _drop_number_columns(drop_elements(element, is_number))


def _drop_number_columns(element: Element) -> Element:
    if element.tag == "table":
        cells = _list_cells(element)
        if len(cells) == 2 and _NUMBERS.fullmatch(get_text(cells[0])) and contains(cells[1], _CODE):
            element = Element("div", {}, cells[1].children)
    element.children = [child if isinstance(child, str) else _drop_number_columns(child) for child in element.children]
    return element


def _list_cells(element: Element) -> list[Element]:
    """List the cells of a table, without those of nested tables."""
    found = []
    for child in element.children:
        if isinstance(child, Element):
            found += [child] if child.tag in ("td", "th") else _list_cells(child)
    return found
