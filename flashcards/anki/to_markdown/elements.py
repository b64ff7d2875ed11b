"""Write single elements as Markdown: formulas, code, links, pictures, lists, styles."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from html import escape
from typing import Final

from flashcards.anki.to_markdown.inline import escape_everything
from flashcards.anki.to_markdown.placeholders import PLACEHOLDER, CutField
from flashcards.anki.to_markdown.tree import UNSEEN, VOID, Element, get_text
from flashcards.deck.media_references import IMAGE, PLAYED, extension, is_remote, scheme

Media = Callable[[str], str]
"""Converts the name of a media file in the package to its URL in Markdown."""

_IN_URL: Final = re.compile(r"""[\x00-\x20"#$%&()<>?\[\]\\^`{|}\x7f*]""")
_IN_TITLE: Final = re.compile(r"""["\\&<>`*_\[\]$]""")
_BACKSLASHED: Final = r"\\\g<0>"
_SIZE: Final = re.compile(r"([0-9]{0,5}(?:\.[0-9]+)?)(px|%|em|rem|pt|pc|in|cm|mm)?")
_PIXELS: Final = {"em": 16, "rem": 16, "pt": 4 / 3, "pc": 16, "in": 96, "cm": 96 / 2.54, "mm": 96 / 25.4}
_BRACKET: Final = re.compile(r"[\[\]]")
_FENCE: Final = re.compile(r"`{3,}")
_TICKS: Final = re.compile(r"`+")
_LANGUAGE: Final = re.compile(r"(?:language|lang|brush)[-:]\s*([\w+#.-]+)")


def encode_url(url: str) -> str:
    """Encode a URL for use in `![](…)`."""
    return _IN_URL.sub(lambda match: "".join(f"%{byte:02X}" for byte in match[0].encode()), url)


def write_formula(tex: str, *, display: bool, cloze: bool = False, beside: str = "") -> str:
    """Write a formula, between `$` only if it is certain to be parsed as math."""
    tex = tex.strip()
    if display:
        in_brackets = f"\\(\\displaystyle {tex}\\)" if cloze else f"\\[{tex}\\]"  # in a cloze, `\\[` is a bracket
        return in_brackets if "$" in tex else f"$${tex}$$"
    plain = "$" not in tex and not tex.endswith("\\") and not re.search(r"[\w$\\]", beside)
    return f"${tex}$" if plain else f"\\({tex}\\)"


def write_code_span(text: str) -> str:
    """Write code inside a line, between as many backticks as needed."""
    runs = {len(run) for run in _TICKS.findall(text)}
    ticks = next("`" * count for count in range(1, len(text) + 2) if count not in runs)
    pad = " " if text[0] == "`" or text[-1] == "`" else ""
    return f"{ticks}{pad}{text}{pad}{ticks}"


def write_literal_code(text: str, *, is_block: bool) -> str:
    r"""Write code as HTML, for text that Markdown cannot represent, such as `\[` in a cloze."""
    escaped = escape_everything(text).replace("\n", "&#10;")
    return f"<pre><code>{escaped}</code></pre>" if is_block else f"<code>{escaped}</code>"


def escape_link_text(text: str) -> str:
    """Escape a URL for use as the text of a link."""
    return re.sub(r"([\\\[\]`*_<&$])", r"\\\1", text)


def is_balanced(text: str) -> bool:
    """Return whether the square brackets of a text pair up, as a link requires."""
    depth = 0
    for sign in _BRACKET.findall(text):
        depth += 1 if sign == "[" else -1
        if depth < 0:
            return False
    return depth == 0


def write_link_url(url: str) -> str:
    """Encode a URL that may already contain escapes, which are kept."""
    return re.sub(r"[\x00-\x20()<>\\]", lambda match: f"%{ord(match[0]):02X}", url)


def write_sound(name: str, media: Media) -> str:
    """Write a sound or video, by the name of its file or its address."""
    return f"![]({write_link_url(name) if is_remote(name) else encode_url(media(name))})"


def write_item(blocks: list[str], *, loose: bool) -> str:
    """Write a list item; a nested list follows its text directly unless the list is loose."""
    text = blocks[0] if blocks else ""
    for block in blocks[1:]:
        nested = bool(re.match(r"(?:[-*]|[0-9]+[.)]) ", block))
        text += f"{chr(10) if nested and not loose else chr(10) * 2}{block}"
    return text


def find_language(element: Element) -> str:
    """Return the language named in the class of a code block, or ""."""
    inside = [child for child in element.children if isinstance(child, Element) and child.tag == "code"]
    for each in (element, *inside):
        classes = each.attributes.get("class", "")
        if match := _LANGUAGE.search(classes):
            return match[1]
        words = classes.split()
        if "hljs" in words:  # highlight.js adds the language next to it
            return next((word for word in words if word != "hljs"), "")
    return ""


def write_html(node: Element | str, media: Media) -> str:
    """Write a node as HTML, with the URLs of its pictures and without styles and scripts."""
    if isinstance(node, str):
        return escape(node, quote=False)
    attributes = dict(node.attributes)
    if node.tag == "img" and scheme(attributes.get("src", "")) == "" and attributes.get("src"):
        attributes["src"] = encode_url(media(attributes["src"]))
    for name in ("style", "hidden"):
        attributes.pop(name, None)
    written = "".join(f' {name}="{escape(value)}"' for name, value in attributes.items())
    if node.tag in VOID:
        return f"<{node.tag}{written}>"
    if node.tag in UNSEEN:
        return ""
    return f"<{node.tag}{written}>{''.join(write_html(child, media) for child in node.children)}</{node.tag}>"


def restore_in_html(html: str, cut: CutField, media: Media) -> str:
    """Write the formulas, sounds and pictures that were cut out of HTML that Markdown does not interpret."""

    def one(match: re.Match[str]) -> str:
        found = cut.placeholders[int(match[1])]
        if tex := found.write_tex():
            return escape(tex, quote=False)
        if found.kind != "sound":
            return cut.restore(match[0])
        url = found.value if is_remote(found.value) else encode_url(media(found.value))
        is_played = extension(url) in PLAYED
        return f'<audio controls src="{escape(url)}"></audio>' if is_played else f'<img src="{escape(url)}">'

    return PLACEHOLDER.sub(one, html)


def split_summary(element: Element) -> tuple[Element | None, Element]:
    """Return the summary of `<details>`, if any, and an element with the rest."""
    head = next((each for each in element.children if isinstance(each, Element) and each.tag == "summary"), None)
    return head, Element("", {}, [each for each in element.children if each is not head])


def write_code_block(text: str, language_name: str) -> str:
    """Write a code block, between fences longer than any inside it."""
    longest = max((len(run) for run in _FENCE.findall(text)), default=2)
    fence = "`" * (longest + 1)
    return f"{fence}{language_name}\n{text}\n{fence}"


def read_size(element: Element) -> dict[str, str] | None:
    """Read the width and height of a picture from its attributes and style; return nothing if HTML cannot keep them."""
    style = read_style(element)
    found: dict[str, str] = {}
    is_complete = not any(style.get(name, "none") not in ("none", "100%") for name in ("max-width", "max-height"))
    for name in ("width", "height"):
        for value in (style.get(name, ""), element.attributes.get(name, "").strip().lower()):
            match = _SIZE.fullmatch(value.removesuffix("!important").strip())
            if match and match[1] and name not in found:
                unit = match[2] or ""
                found[name] = f"{round(float(match[1]) * _PIXELS.get(unit, 1))}{'%' if unit == '%' else ''}"
            elif not match and value not in ("", "auto", "none", "inherit", "initial"):
                is_complete = False
    return found if found or is_complete else None


def write_title(title: str) -> str:
    """Write the title of a picture or a link, which is shown under the pointer, as in `(a.png "title")`."""
    title = " ".join(title.split())
    return f' "{_IN_TITLE.sub(_BACKSLASHED, title)}"' if title else ""


def write_image(source: str, alt: str, size: Mapping[str, str], media: Media, title: str = "") -> str:
    """Write a picture, as HTML if it has a size."""
    url = encode_url(media(source)) if scheme(source) == "" else write_link_url(source)
    alt = " ".join(alt.split())
    if size:
        sizes = "".join(f' {name}="{value}"' for name, value in size.items())
        described = f' alt="{escape(alt)}"' if alt else ""
        described += f' title="{escape(title)}"' if title else ""
        return f'<img src="{escape(url)}"{described}{sizes}>'
    return f"![{escape_link_text(alt) if chr(92) + ']' not in alt else ''}]({url}{write_title(title)})"


def write_embedded(element: Element, media: Media) -> str:
    """Write the media file of an object or a frame: a picture, sound or video, or a link; empty without one."""
    source = element.attributes.get("data", "") or element.attributes.get("src", "")
    if scheme(source) != "" or is_remote(source) or not extension(source):
        return ""
    if element.tag == "iframe":
        return f"[{escape_link_text(source)}]({encode_url(media(source))})"
    has_text = bool("".join(map(get_text, element.children)).strip())
    return write_sound(source, media) if extension(source) in IMAGE | PLAYED and not has_text else ""


_LETTERS: Final = {
    f"{case}-{name}": sign for name in ("alpha", "latin") for case, sign in (("lower", "a"), ("upper", "A"))
}
_ROMAN: Final = {"lower-roman": "i", "upper-roman": "I"}


def find_numbering(element: Element) -> str:
    """Return the `type` of a list from `number_items` if Markdown cannot count like it, else "".

    Such a list counts by letters or Roman numbers, or its numbers do not increase by one.
    """
    style = read_style(element).get("list-style-type", "")
    found = (_LETTERS | _ROMAN).get(style, element.attributes.get("type", ""))
    has_own_numbers = any("value" in item.attributes for item in _list_items(element))
    return found if found in ("a", "A", "i", "I") else "1" if has_own_numbers else ""


def number_items(element: Element) -> Element:
    """Return a numbered list with its first number as `start`, or with each as `value` if they do not increase by one.

    Not even a reversed list is `reversed` then.
    """
    items = _list_items(element)
    step = -1 if "reversed" in element.attributes else 1
    number = _read_number(element, "start", 1 if step > 0 else len(items))
    numbers = []
    for item in items:
        numbers.append(_read_number(item, "value", number))
        number = numbers[-1] + step
    attributes = {name: value for name, value in element.attributes.items() if name != "reversed"}
    is_even = all(number == numbers[0] + at for at, number in enumerate(numbers))
    if is_even and numbers and numbers[0] != 1:
        attributes["start"] = str(numbers[0])
    values = ({} if is_even else {"value": str(number)} for number in numbers)
    children: list[Element | str] = []
    for child in element.children:
        if isinstance(child, Element) and child.tag == "li":
            own = {name: value for name, value in child.attributes.items() if name != "value"}
            children.append(Element("li", own | next(values), child.children))
        else:
            children.append(child)
    return Element(element.tag, attributes, children)


def _list_items(element: Element) -> list[Element]:
    return [each for each in element.children if isinstance(each, Element) and each.tag == "li"]


def _read_number(element: Element, name: str, otherwise: int) -> int:
    number = element.attributes.get(name, "")
    return int(number) if number.isdecimal() and len(number) < 9 else otherwise


def write_list(element: Element, items: list[str], *, loose: bool, before: str) -> tuple[str, str]:
    """Write a list; return it and its bullet, which differs from `before`, that of a list directly above."""
    first = _read_number(element, "start", 1)
    task = "rubric" in element.attributes.get("class", "")
    bullet = "*" if before == "-" else "-"
    dot = ")" if before == "." else "."
    lines = []
    for number, each in enumerate(items, start=first):
        sign = f"{number}{dot}" if element.tag == "ol" else f"{bullet} [ ]" if task else bullet
        indent = " " * (len(sign) + 1 if element.tag == "ol" else 2)
        lines.append(f"{sign} {each}".replace("\n", f"\n{indent}").rstrip())
    text = ("\n\n" if loose else "\n").join(lines)
    return re.sub(r"\n[ ]+(?=\n|\Z)", "\n", text), dot if element.tag == "ol" else bullet


BOLD: Final = frozenset({"b", "strong", "h1", "h2", "h3", "h4", "h5", "h6"})
ITALIC: Final = frozenset({"i", "em"})
STRUCK: Final = frozenset({"s", "del", "strike"})
KEPT: Final = frozenset(
    {"abbr", "bdi", "bdo", "cite", "dfn", "ins", "kbd", "mark", "q", "samp", "small", "sub", "sup", "u", "var"}
)
"""Inline elements that Markdown cannot express; they stay HTML."""

RUBY: Final = frozenset({"ruby", "rp", "rt"})
"""Characters with their reading; they stay HTML."""

_CODE_FONT: Final = re.compile(r"mono|consolas|courier|menlo")
_STYLE: Final = re.compile(r"(?<![a-z-])([a-z-]++)\s*:\s*([^;]+)")
_NO_COLOUR: Final = re.compile(
    r"(?:black|inherit|initial|unset|transparent|windowtext|currentcolor|canvastext|white|none|auto|#0{3,6}|#f{3,6}"
    r"|var\(.*\)|rgba?\(\s*0\s*,\s*0\s*,\s*0\s*(?:,.*)?\)|rgba?\(\s*255\s*,\s*255\s*,\s*255\s*(?:,.*)?\)"
    r"|rgba\(.*,\s*0(?:\.0+)?\s*\))"
)
_HEX: Final = re.compile(r"#(?:([0-9a-f])([0-9a-f])([0-9a-f])|([0-9a-f]{2})([0-9a-f]{2})([0-9a-f]{2}))")
_GREY: Final = 0x18  # maximum difference between the parts of a grey
_DARK: Final = 0x48
_LIGHT: Final = 0xE8
_COLOUR: Final = re.compile(r"#[0-9a-f]{3,8}|[a-z]+")
_RGB: Final = re.compile(r"rgba?\(\s*(\d{1,3})\s*,\s*(\d{1,3})\s*,\s*(\d{1,3})\s*(?:,[^)]*)?\)")


def read_style(element: Element) -> dict[str, str]:
    """Read the style attribute into its properties, in lower case."""
    text = element.attributes.get("style", "")
    return {name: value.strip() for name, value in _STYLE.findall(text.lower())} if text else {}


def is_code(style: Mapping[str, str]) -> bool:
    """Return whether a style is that of code, as copied from code editors."""
    is_kept = style.get("white-space", "") in ("pre", "pre-wrap")
    return is_kept and _CODE_FONT.search(style.get("font-family", "")) is not None


def find_emphasis(element: Element, style: dict[str, str]) -> list[str]:
    """Return the emphasis of an element, outermost first: `b`, `i`, `s`."""
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


def find_kept_tags(element: Element, style: dict[str, str]) -> list[str]:
    """Return the HTML tags for formatting without an equivalent in Markdown."""
    found = []
    if element.tag in KEPT:
        title = element.attributes.get("title", "") if element.tag == "abbr" else ""
        attribute = f' title="{escape(title)}"' if title else ""
        found.append(f"<{element.tag}{attribute}>")
    elif "underline" in style.get("text-decoration", "") + style.get("text-decoration-line", ""):
        found.append("<u>")
    if element.tag != "a" and (colour := _read_colour(style.get("color") or element.attributes.get("color", ""))):
        found.append(f'<font color="{colour}">')
    background = style.get("background-color") or style.get("background", "")
    if element.tag in ("span", "font") and _read_colour(background):
        found.append("<mark>")
    align = style.get("vertical-align", "")
    if element.tag == "span" and align in ("sub", "super"):
        found.append("<sub>" if align == "sub" else "<sup>")
    return found


def _read_colour(value: str) -> str:
    """Return a colour that was chosen on purpose, or "" for leftovers of editors."""
    value = value.strip().lower()
    if not value or _NO_COLOUR.fullmatch(value):
        return ""
    if match := _RGB.fullmatch(value):
        value = "#" + "".join(f"{min(int(part), 255):02x}" for part in match.groups())
    return value if _COLOUR.fullmatch(value) and not _is_page_colour(value) else ""


def _is_page_colour(value: str) -> bool:
    """Return whether a colour is nearly black or white, as on the page it was copied from."""
    match = _HEX.fullmatch(value)
    if match is None:
        return False
    parts = [int(part * (3 - len(part)), 16) for part in match.groups() if part]
    return max(parts) - min(parts) <= _GREY and (max(parts) <= _DARK or min(parts) >= _LIGHT)
