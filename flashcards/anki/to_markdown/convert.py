"""Convert a field from HTML to Markdown; fall back to plain text if the conversion would change the text."""

from __future__ import annotations

import re
from html import escape
from typing import Final, NamedTuple

from flashcards.anki.to_markdown import elements
from flashcards.anki.to_markdown.blocks import BlockConverter
from flashcards.anki.to_markdown.drawings import draw_svg
from flashcards.anki.to_markdown.inline import escape_everything
from flashcards.anki.to_markdown.placeholders import (
    FORMULA_KINDS,
    GAP_KINDS,
    PLACEHOLDER,
    CutField,
    Placeholder,
    cut_out,
    cut_out_media,
    fill_gaps,
)
from flashcards.anki.to_markdown.tree import (
    UNSEEN,
    Element,
    contains,
    drop_elements,
    drop_line_numbers,
    get_text,
    parse_html,
    replace_elements,
    restore_formulas,
)
from flashcards.deck.html import unescape
from flashcards.render.html.renderer import HtmlRenderer

_LINES: Final = frozenset({"div", "p", "li", "tr", "td", "th", "dt", "dd", "pre", "blockquote", "summary"})
_TOKEN: Final = re.compile(
    r"\\.|(?P<open>\{\{c[0-9]{1,9}(?:,[0-9]{1,9})*::)|(?P<close>\}\})|(?P<hint>::)|[{}]", re.DOTALL
)


def write_plain(tree: Element, cut: CutField, media: elements.Media) -> str:
    """Write the text of a field with its gaps, formulas, pictures and sounds."""
    cloze = any(each.kind in GAP_KINDS for each in cut.placeholders)

    def one(found: Placeholder) -> str:
        if found.kind == "sound":
            return elements.write_sound(found.value, media)
        if found.kind in FORMULA_KINDS:
            return elements.write_formula(found.value, display=found.kind == "display", cloze=cloze, beside="$")
        return found.value

    lines = []
    for line in _write_text(tree, cut, media).split("\n"):
        out, at = [], 0
        for sign in PLACEHOLDER.finditer(line):
            out += [escape_everything(line[at : sign.start()]), one(cut.placeholders[int(sign[1])])]
            at = sign.end()
        out.append(escape_everything(line[at:]))
        lines.append("".join(out).strip())
    text = ""
    for line in filter(None, lines):
        is_apart = line.startswith(_CLOSED) or text.endswith(_CLOSED_END)
        between = "\n\n" if is_apart else "\\\n"
        text = f"{text}{between}{line}" if text else line
    return text


def flatten_markdown(markdown: str, *, cloze: bool) -> str:
    """Reduce Markdown to its displayed text, and to the gaps of a `cloze`."""
    cut = CutField("")
    source = _cut_out_gaps(markdown, cut) if cloze else markdown
    cut.html = HtmlRenderer().render(source)
    cut_out_media(cut)
    return write_plain(parse_html(cut.html), cut, str)


_Delimiter = tuple[int, int, str]  # where it begins and ends, and its kind


def _cut_out_gaps(markdown: str, cut: CutField) -> str:
    """Replace the delimiters of all gaps by placeholders."""
    found: list[_Delimiter] = []
    gaps: list[tuple[list[_Delimiter], int]] = []  # for each open gap: its delimiters, the depth of plain braces
    at = 0
    while token := _TOKEN.search(markdown, at):
        at = token.end()
        what, sign = token.lastgroup or "", (token.start(), token.end(), token.lastgroup or "")
        if what == "open":
            gaps.append(([sign], 0))
        elif gaps:
            signs, depth = gaps[-1]
            if what == "hint" and len(signs) == 1 and not depth:
                signs.append(sign)
            elif what == "close" and not depth:
                found += [*signs, sign]
                gaps.pop()
            elif token[0][0] in "{}":
                gaps[-1] = (signs, depth + (1 if token[0] == "{" else -1 if depth else 0))
                at = token.start() + 1
    out, at = [], 0
    for start, end, what in sorted(found):
        out += [markdown[at:start], cut.add(what, markdown[start:end], markdown[start:end])]
        at = end
    return "".join((*out, markdown[at:]))


def _write_text(node: Element | str, cut: CutField, media: elements.Media) -> str:
    if isinstance(node, str):
        return node
    if node.tag == "img" and node.attributes.get("src"):
        image = elements.write_image(node.attributes["src"], node.attributes.get("alt", ""), {}, media)
        return cut.add("html", image, image)
    if not node.children or node.tag in UNSEEN:
        return get_text(node)
    if node.tag == "details" and not cut.has(get_text(node), GAP_KINDS):
        return f"\n{cut.add('html', _write_closed(node, cut, media), '')}\n"
    inner = "".join(_write_text(child, cut, media) for child in node.children)
    return f"\n{inner}\n" if node.tag in _LINES else inner


_CLOSED, _CLOSED_END = "<details>", "</details>"


def _write_closed(details: Element, cut: CutField, media: elements.Media) -> str:
    """Write the content of a closed `<details>` between HTML tags, so that it stays hidden."""
    head, rest = elements.split_summary(details)
    summary = escape(" ".join(get_text(head).split()) if head else "…", quote=False)
    summary = f"<summary>{elements.restore_in_html(summary, cut, media)}</summary>"
    return f"{_CLOSED}{summary}\n\n{write_plain(rest, cut, media)}\n\n{_CLOSED_END}"


# A line that begins with a letter and has no character with a meaning in Markdown, HTML or a deck is unchanged.
_PLAIN: Final = re.compile(
    r"[^\W\d_](?![:：])[^\\`*_\[\]<>&~$|{}=:^\x00-\x1f\x7f-\x9f\xa0\ud800-\udfff]*[^\W_.)?!,;]?[.)?!,;]?"
)
_UNUSABLE: Final = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff]")
_NO_CONTENT: Final = re.compile(r"(?<!\\)(\{\{c[0-9,]+::)\s*(?=::|\}\})")
_TAG: Final = re.compile(r"<[^<>]*>")
_GAP_IN_TAG: Final = re.compile(rf"<[^<>]*{PLACEHOLDER.pattern}[^<>]*>")
_UNSPOKEN: Final = re.compile(r"\[sound:[^\]]{0,1000}\]|<title>.*?</title>")

_FILES: Final = frozenset({"image", "img", "foreignobject"})
_FOREIGN: Final = re.compile(r"<(?:svg|math)\b", re.IGNORECASE)
_IDLE: Final = UNSEEN | {"button"}
_IDLE_TAG: Final = re.compile(rf"<(?:{'|'.join(sorted(_IDLE))})\b", re.IGNORECASE)

NOTHING: Final = "—"
"""The text in place of an empty part."""
EMPTY_GAP: Final = f"an empty gap is now `{NOTHING}`"
"""The problem of an empty gap."""


class Converted(NamedTuple):
    """The Markdown of a field, and its omissions and changes as parts of a sentence."""

    markdown: str
    problems: tuple[str, ...] = ()


class Converter:
    """Converts the fields of one package; `media` converts the name of a media file to its URL."""

    def __init__(self, media: elements.Media) -> None:
        self.media = media
        self._renderer = HtmlRenderer()

    def convert(self, html: str, *, cloze: bool = False) -> Converted:
        """Convert one field; in a `cloze`, `{{c1::…}}` are gaps."""
        html = _UNUSABLE.sub("", html).replace("\r\n", "\n").replace("\r", "\n")
        if _PLAIN.fullmatch(html) and "%%" not in html:
            return Converted(html.rstrip())
        cut = cut_out(html, cloze=cloze)
        tree = parse_html(cut.html)
        if cloze and _GAP_IN_TAG.search(cut.html):
            _fill_gaps_in_attributes(tree, cut)
        if _IDLE_TAG.search(html):
            tree = self._drop_idle(tree, cut)
        if "<pre" in html.lower():
            tree = drop_line_numbers(tree)
        if "<annotation" in html:
            tree = restore_formulas(tree, cut)
        if _FOREIGN.search(html):
            tree = replace_elements(tree, lambda element: _replace_foreign(element, cut))
        text = BlockConverter(cut, self.media, cloze=cloze).convert(tree)
        if not self._says_the_same(text, tree, cut):
            cut.problems.append("the text is kept without its formatting")
            text = write_plain(tree, cut, self.media)
        if cloze:
            text, empty = _NO_CONTENT.subn(rf"\1{NOTHING}", text)
            if empty:
                cut.problems.append(EMPTY_GAP)
        return Converted(text.strip(), tuple(dict.fromkeys(cut.problems)))

    def _drop_idle(self, tree: Element, cut: CutField) -> Element:
        """Drop buttons, which need scripts, but keep hidden elements with a gap."""
        blocks = BlockConverter(cut, self.media, cloze=False)

        def decide(element: Element) -> bool:
            """Return whether to drop an element; show one with a gap."""
            if element.tag not in _IDLE:
                return False
            if blocks.has_gap(element):
                element.tag = "span"
            elif element.tag == "button" and get_text(element).strip():
                cut.problems.append("<button> is left out")
            return element.tag == "button"

        return drop_elements(tree, decide)

    def _says_the_same(self, markdown: str, tree: Element, cut: CutField) -> bool:
        """Return whether the rendered Markdown shows the same text as the field."""

        def write(match: re.Match[str]) -> str:
            found = cut.placeholders[int(match[1])]
            return "" if found.kind == "sound" else found.write_tex() or found.value

        shown = unescape(_TAG.sub("", _UNSPOKEN.sub("", self._renderer.render(markdown))))
        return _drop_spaces(shown) == _drop_spaces(PLACEHOLDER.sub(write, get_text(tree)))


def _fill_gaps_in_attributes(element: Element, cut: CutField) -> None:
    """Fill gaps inside tags, such as in the address of a link, because these cannot be asked."""
    for name, value in element.attributes.items():
        if PLACEHOLDER.search(value):
            element.attributes[name] = cut.restore(fill_gaps(value, cut))
            cut.problems.append("a gap inside a tag is now text")
    for child in element.children:
        if isinstance(child, Element):
            _fill_gaps_in_attributes(child, cut)


def _replace_foreign(element: Element, cut: CutField) -> Element:
    """Convert a drawing to a picture, and a formula without TeX to text, unless it contains a gap or a file."""
    if element.tag not in ("svg", "math") or contains(element, _FILES) or PLACEHOLDER.search(get_text(element)):
        return element
    if element.tag == "svg":
        return draw_svg(element)
    cut.problems.append("<math> is left out, its text kept")
    return Element("span", {}, [get_text(element)])


def _drop_spaces(text: str) -> str:
    return "".join(text.replace("{ {", "{{").replace("\u200b", "").split())
