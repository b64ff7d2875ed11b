"""Turn the drawings (SVG) of fields into pictures, and such pictures into drawings again."""

from __future__ import annotations

import re
from base64 import b64decode, b64encode
from html import escape
from typing import Final

from flashcards.anki.to_markdown.elements import read_size
from flashcards.anki.to_markdown.tree import UNSEEN, Element, get_text, parse_html

_SVG_NAME: Final = re.compile(r"(?!on)[a-z][a-z0-9-]*")
_CASED: Final = {
    name.lower(): name
    for name in (
        *("viewBox", "preserveAspectRatio", "gradientUnits", "gradientTransform", "spreadMethod", "patternUnits"),
        *("patternTransform", "markerWidth", "markerHeight", "markerUnits", "refX", "refY", "textLength"),
        *("clipPathUnits", "maskUnits", "stdDeviation", "linearGradient", "radialGradient", "clipPath", "textPath"),
    )
}  # the names in SVG with capitals, which the HTML parser lowers


_NAMESPACE: Final = ' xmlns="http://www.w3.org/2000/svg"'


def draw_svg(element: Element) -> Element:
    """Return a picture with the drawing, because HTML in decks may contain pictures but no drawings."""
    text = " ".join(get_text(element).split())
    svg = _write_svg(element).replace("<svg", f"<svg{_NAMESPACE}", 1)
    source = f"data:image/svg+xml;base64,{b64encode(svg.encode('utf-8', 'replace')).decode()}"
    size: dict[str, str] = {key: value for key, value in element.attributes.items() if key in ("width", "height")}
    return Element("img", {"src": source, "alt": text, **size})


_SVG_TAG_NAMES: Final = """
svg g path circle ellipse line polyline polygon rect text tspan textpath defs use symbol marker lineargradient
radialgradient stop clippath mask pattern title desc
"""
_SVG_TAGS: Final = frozenset(_SVG_TAG_NAMES.split())
# What Anki interprets as a gap, a sound or a field, and styles that could fetch a file.
_UNFIT_IN_ANKI: Final = re.compile(r"\{\{|\}\}|::|[\[\\]|url\((?!(?:&quot;|')?#)|\bimage", re.IGNORECASE)


def restore_svg(picture: str) -> str:
    """Return the drawing from which `draw_svg` made a picture, if nothing else is in it, else the picture."""
    try:
        (image,) = parse_html(picture).children
        if not isinstance(image, Element):
            return picture
        svg = b64decode(image.attributes["src"].partition(",")[2]).decode()
        (drawing,) = parse_html(svg).children
        if not isinstance(drawing, Element) or not _is_drawing(drawing) or _UNFIT_IN_ANKI.search(svg):
            return picture
        made = draw_svg(drawing)
    except (KeyError, ValueError, RecursionError):
        return picture
    shown = {"alt": made.attributes["alt"], "src": made.attributes["src"], **(read_size(made) or {})}
    return svg.replace(_NAMESPACE, "", 1) if {"alt": "", **image.attributes} == shown else picture


def _is_drawing(node: Element | str) -> bool:
    return isinstance(node, str) or (node.tag in _SVG_TAGS and all(map(_is_drawing, node.children)))


def _write_svg(node: Element | str) -> str:
    if isinstance(node, str):
        return escape(node, quote=False)
    if node.tag in UNSEEN - {"style", "title"}:
        return ""
    tag = _CASED.get(node.tag, node.tag)
    written = ""
    for name, value in node.attributes.items():
        name = name.removeprefix("xlink:")
        if name != "xmlns" and _SVG_NAME.fullmatch(name) and (name != "href" or value.startswith("#")):
            written += f' {_CASED.get(name, name)}="{escape(value)}"'
    return f"<{tag}{written}>{''.join(map(_write_svg, node.children))}</{tag}>"
