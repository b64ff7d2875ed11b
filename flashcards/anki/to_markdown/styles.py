"""What an element's tag and style amount to in Markdown."""

from __future__ import annotations

import re
from html import escape
from typing import Final

from flashcards.anki.to_markdown.tree import Element

BOLD: Final = frozenset({"b", "strong", "h1", "h2", "h3", "h4", "h5", "h6"})
ITALIC: Final = frozenset({"i", "em"})
STRUCK: Final = frozenset({"s", "del", "strike"})
KEPT: Final = frozenset(
    {"abbr", "bdi", "bdo", "cite", "dfn", "ins", "kbd", "mark", "q", "samp", "small", "sub", "sup", "u", "var"}
)
"""Inline elements that Markdown has no sign for and that stay HTML."""

RUBY: Final = frozenset({"ruby", "rp", "rt"})
"""Signs with their reading, which stay HTML and stand side by side."""

_STYLE: Final = re.compile(r"([a-z-]+)\s*:\s*([^;]+)")
_NO_COLOUR: Final = re.compile(
    r"(?:black|inherit|initial|unset|transparent|windowtext|currentcolor|canvastext|white|none|auto|#0{3,6}|#f{3,6}"
    r"|var\(.*\)|rgba?\(\s*0\s*,\s*0\s*,\s*0\s*(?:,.*)?\)|rgba?\(\s*255\s*,\s*255\s*,\s*255\s*(?:,.*)?\)"
    r"|rgba\(.*,\s*0(?:\.0+)?\s*\))"
)
_HEX: Final = re.compile(r"#(?:([0-9a-f])([0-9a-f])([0-9a-f])|([0-9a-f]{2})([0-9a-f]{2})([0-9a-f]{2}))")
_GREY: Final = 0x18  # by how much the parts of a grey differ at the most
_DARK: Final = 0x48
_LIGHT: Final = 0xE8
_COLOUR: Final = re.compile(r"#[0-9a-f]{3,8}|[a-z]+")
_RGB: Final = re.compile(r"rgba?\(\s*(\d{1,3})\s*,\s*(\d{1,3})\s*,\s*(\d{1,3})\s*(?:,[^)]*)?\)")


def style_of(element: Element) -> dict[str, str]:
    """The style attribute by property, in lower case."""
    text = element.attributes.get("style", "")
    return {name: value.strip() for name, value in _STYLE.findall(text.lower())} if text else {}


def emphasis_of(element: Element, style: dict[str, str]) -> list[str]:
    """The emphasis that an element means, outermost first: `b`, `i`, `s`."""
    found = []
    weight, decoration = style.get("font-weight", ""), style.get("text-decoration", "")
    if (
        weight in ("bold", "bolder")
        or (weight.isdigit() and int(weight) >= 600)
        or (element.tag in BOLD and weight not in ("normal", "400", "lighter"))
    ):
        found.append("b")
    if style.get("font-style") in ("italic", "oblique") or (
        element.tag in ITALIC and style.get("font-style") != "normal"
    ):
        found.append("i")
    if element.tag in STRUCK or "line-through" in decoration:
        found.append("s")
    return found


def kept_tags(element: Element, style: dict[str, str]) -> list[str]:
    """The HTML tags that say what of an element Markdown cannot."""
    found = []
    if element.tag in KEPT:
        title = element.attributes.get("title", "") if element.tag == "abbr" else ""
        attribute = f' title="{escape(title)}"' if title else ""
        found.append(f"<{element.tag}{attribute}>")
    elif "underline" in style.get("text-decoration", "") + style.get("text-decoration-line", ""):
        found.append("<u>")
    if element.tag != "a" and (colour := _colour(style.get("color") or element.attributes.get("color", ""))):
        found.append(f'<font color="{colour}">')
    background = style.get("background-color") or style.get("background", "")
    if element.tag in ("span", "font") and _colour(background):
        found.append("<mark>")
    align = style.get("vertical-align", "")
    if element.tag == "span" and align in ("sub", "super"):
        found.append("<sub>" if align == "sub" else "<sup>")
    return found


def _colour(value: str) -> str:
    """A colour that is meant, as HTML takes it; empty for what editors leave behind."""
    value = value.strip().lower()
    if not value or _NO_COLOUR.fullmatch(value):
        return ""
    if match := _RGB.fullmatch(value):
        value = "#" + "".join(f"{min(int(part), 255):02x}" for part in match.groups())
    return value if _COLOUR.fullmatch(value) and not _is_of_a_page(value) else ""


def _is_of_a_page(value: str) -> bool:
    """Whether a colour is as good as black or white: that of the text or the ground of the page it was copied from."""
    match = _HEX.fullmatch(value)
    if match is None:
        return False
    parts = [int(part * (3 - len(part)), 16) for part in match.groups() if part]
    return max(parts) - min(parts) <= _GREY and (max(parts) <= _DARK or min(parts) >= _LIGHT)
