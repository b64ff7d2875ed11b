"""The tree of a field as blocks of Markdown."""

from __future__ import annotations

import re
from html import escape
from typing import Final

from flashcards.anki.to_markdown import inline
from flashcards.anki.to_markdown.elements import (
    RUBY,
    Media,
    code_block,
    code_span,
    emphasis_of,
    encoded,
    formula,
    html_of,
    image,
    inline_text,
    is_balanced,
    item,
    kept_tags,
    language,
    link_url,
    list_text,
    style_of,
)
from flashcards.anki.to_markdown.inline import BREAK, CLOSE, OPEN, RAW, SOFT, TEXT, Token
from flashcards.anki.to_markdown.placeholders import GAP_SIGNS, SIGN, Marked
from flashcards.anki.to_markdown.tree import UNSEEN, Element, holds, text_of
from flashcards.deck.media import PLAYED, extension, is_remote, scheme

_LINES: Final = frozenset(
    {"div", "address", "article", "aside", "center", "figcaption", "figure", "footer", "form", "header", "main", "nav"}
    | {"section", "fieldset", "legend", "summary", "td", "th", "dt", "dd"}
)
_PARAGRAPHS: Final = frozenset({"p", "h1", "h2", "h3", "h4", "h5", "h6"})
_RAW: Final = frozenset({"details", "dl", "svg", "math", "canvas", "object", "embed"})
_PLAIN: Final = frozenset(
    {"", "span", "font", "body", "html", "tbody", "thead", "tfoot", "tr", "label", "big", "tt", "a", "b"}
    | {"strong", "i", "em", "s", "del", "strike", "li", "picture", "source", "wbr", "input", "nobr", "time", "rb"}
    | {"caption", "colgroup", "col", "anki-mathjax", "meta", "link", "base", "area", "map", "button"}
)


class Blocks:
    """Collects the blocks of one element.

    Args:
        marked: the field that the tree was read from.
        media: names media.
        cloze: whether gaps stand in it.
        cell: whether it is a cell of a table, and everything must stand on one line.
    """

    def __init__(self, marked: Marked, media: Media, *, cloze: bool, cell: bool = False) -> None:
        self.blocks: list[str] = []
        self._marked = marked
        self._media = media
        self._cloze = cloze
        self._cell = cell
        self._tokens: list[Token] = []
        self._emphasis: list[str] = []
        self._bullet = ""

    def markdown(self, root: Element) -> str:
        """The Markdown of everything in `root`."""
        self._children(root)
        self._flush()
        return "\n\n".join(self.blocks)

    def has_gap(self, node: Element | str) -> bool:
        """Whether a gap begins or ends in a node."""
        if isinstance(node, str):
            return any(self._marked.marks[int(sign[1])].what in GAP_SIGNS for sign in SIGN.finditer(node))
        return any(self.has_gap(child) for child in node.children)

    def inner(self, *, cell: bool = False) -> Blocks:
        """A collector for an element inside this one."""
        return Blocks(self._marked, self._media, cloze=self._cloze, cell=cell)

    def _children(self, element: Element) -> None:
        for child in element.children:
            if isinstance(child, str):
                self._text(child)
            else:
                self._element(child)

    def _flush(self) -> None:
        closing = [Token(CLOSE, sort) for sort in reversed(self._emphasis)]
        written = inline.paragraphs([*self._tokens, *closing], cloze=self._cloze, cell=self._cell)
        if written:
            self._bullet = ""
        self.blocks += written
        self._tokens = [Token(OPEN, sort) for sort in self._emphasis]

    def _block(self, text: str) -> None:
        self._flush()
        self.blocks.append(text)

    def _text(self, text: str) -> None:
        at = 0
        for sign in SIGN.finditer(text):
            self._tokens.append(Token(TEXT, text[at : sign.start()]))
            at = sign.end()
            self._mark(int(sign[1]), text[sign.start() - 1 : sign.start()], text[at : at + 1])
        if text[at:]:
            self._tokens.append(Token(TEXT, text[at:]))

    def _mark(self, number: int, before: str, after: str) -> None:
        mark = self._marked.marks[number]
        if mark.what == "open":
            self._tokens.append(Token(inline.GAP, mark.value))
        elif mark.what == "hint":
            self._tokens.append(Token(inline.HINT, mark.value))
        elif mark.what == "close":
            self._tokens.append(Token(inline.END, mark.value))
        elif mark.what == "sound":
            url = link_url(mark.value) if is_remote(mark.value) else encoded(self._media(mark.value))
            self._tokens.append(Token(RAW, f"![]({url})"))
        else:
            self._tokens.append(Token(RAW, formula(mark.value, display=mark.what == "display", beside=before + after)))

    def _element(self, element: Element) -> None:
        tag = element.tag
        if tag == "br":
            self._tokens.append(Token(BREAK))
        elif tag in UNSEEN:
            if text_of(Element("", {}, element.children)).strip():
                self._marked.problems.append(f"<{tag}> is left out")
        elif tag == "img":
            self._image(element)
        elif tag in ("audio", "video"):
            self._player(element)
        elif tag == "code" and not self.has_gap(element):
            self._code(element)
        elif self._cell:
            self._within(element)
        elif tag == "iframe":
            self._frame(element)
        elif tag == "hr":
            self._block("<hr>")
        elif tag == "pre":
            self._pre(element)
        elif tag in ("ul", "ol"):
            self._list(element)
        elif tag == "blockquote":
            inside = self.inner().markdown(element)
            if inside:
                self._block("\n".join(f"> {line}".rstrip() for line in inside.split("\n")))
        elif tag == "table":
            self._table(element)
        elif tag in _RAW and self.has_gap(element):
            self._lines(element)
        elif tag in _RAW:
            self._raw(element)
        else:
            self._within(element)

    def _within(self, element: Element) -> None:
        """An element whose content stays in the run of text, or begins a line or a paragraph of its own."""
        tag = element.tag
        style = style_of(element)
        known = ":" in tag or tag in _PLAIN or tag in _LINES or tag in _PARAGRAPHS or tag in RUBY or tag == "code"
        if not known and not kept_tags(element, style):
            self._marked.problems.append(f"<{tag}> is left out, its text kept")
        if tag in _PARAGRAPHS and not self._cell:
            self._flush()
        elif tag in _LINES or tag in _PARAGRAPHS or (self._cell and tag in ("li", "tr", "ul", "ol", "pre")):
            self._tokens.append(Token(SOFT))
        opened = [*kept_tags(element, style), *emphasis_of(element, style)]
        if tag == "code":
            opened.append("<code>")
        if tag == "a":
            self._link(element)
        elif tag in RUBY:
            self._tokens.append(Token(RAW, f"<{tag}>"))
            self._children(element)
            self._tokens.append(Token(RAW, f"</{tag}>"))
        else:
            self._emphasised(element, [each for each in opened if each not in self._emphasis])
        if tag in _PARAGRAPHS and not self._cell:
            self._flush()
        elif tag in _LINES or tag in _PARAGRAPHS:
            self._tokens.append(Token(SOFT))

    def _emphasised(self, element: Element, opened: list[str]) -> None:
        """An element whose content is emphasised, or stands in tags that stay."""
        self._tokens += [Token(OPEN, each) for each in opened]
        self._emphasis += opened
        self._children(element)
        for each in reversed(opened):
            self._tokens.append(Token(CLOSE, each))
            self._emphasis.pop()

    def _link(self, element: Element) -> None:
        url = element.attributes.get("href", "").strip()
        if not url or url.startswith("#") or scheme(url) in ("javascript", "data") or holds(element, frozenset({"a"})):
            self._children(element)
            return
        target = self._media(url) if scheme(url) == "" and "." in url else url
        inside = self.inner(cell=True).markdown(element)
        if self.has_gap(element) or not is_balanced(inside):
            self._emphasised(element, [f'<a href="{escape(target)}">'])
        elif inside:
            self._tokens.append(Token(RAW, f"[{inside}]({link_url(target)})"))

    def _image(self, element: Element) -> None:
        source = element.attributes.get("src", "")
        if source:
            url = self._media(source) if scheme(source) == "" else source
            alt = self._marked.restored(element.attributes.get("alt", ""))
            self._tokens.append(Token(RAW, image(url, alt, element.attributes)))

    def _player(self, element: Element) -> None:
        sources = [element.attributes.get("src", "")]
        sources += [child.attributes.get("src", "") for child in element.children if isinstance(child, Element)]
        source = next((each for each in sources if each), "")
        if source and extension(source) in PLAYED and (is_remote(source) or scheme(source) == ""):
            url = link_url(source) if is_remote(source) else encoded(self._media(source))
            self._tokens.append(Token(RAW, f"![]({url})"))
        elif source:
            self._tokens.append(Token(RAW, f'<{element.tag} controls src="{escape(source)}"></{element.tag}>'))

    def _frame(self, element: Element) -> None:
        source = element.attributes.get("src", "")
        if source:
            self._marked.problems.append("an embedded page is now a link")
            self._tokens.append(Token(RAW, f"[{inline_text(source)}]({link_url(source)})"))

    def _code(self, element: Element) -> None:
        text = " ".join(self._marked.restored(text_of(element)).replace("\xa0", " ").split())
        if text:
            self._tokens.append(Token(RAW, code_span(text)))

    def _pre(self, element: Element) -> None:
        if self.has_gap(element):
            self._marked.problems.append("a code block with a gap is now code line by line")
            self._code_lines(element)
            return
        text = self._marked.restored(text_of(element)).replace("\xa0", " ").removeprefix("\n").rstrip()
        if text.strip():
            self._block(code_block(text, language(element)))

    def _code_lines(self, element: Element) -> None:
        self._flush()
        for line in text_of(element).strip("\n").split("\n"):
            if line:
                self._tokens.append(Token(RAW, "<code>"))
                self._text(re.sub(r"  +|^ ", lambda match: "\xa0" * len(match[0]), line))
                self._tokens.append(Token(RAW, "</code>"))
            self._tokens.append(Token(BREAK))
        self._flush()

    def _list(self, element: Element) -> None:
        self._flush()
        items: list[str] = []
        loose = False
        for child in element.children:
            if isinstance(child, str):
                if child.strip() and not SIGN.fullmatch(child.strip()):
                    items.append(self.inner().markdown(Element("", {}, [child])))
                elif child.strip():
                    self._text(child)
                continue
            blocks = self.inner()
            if child.tag in ("ul", "ol") and items:
                items[-1] += "\n" + blocks.markdown(Element("", {}, [child]))
                continue
            blocks.markdown(Element("", {}, child.children if child.tag == "li" else [child]))
            loose = loose or any(isinstance(each, Element) and each.tag == "p" for each in child.children)
            if blocks.blocks:  # an empty one under a line of text could be taken for the line under a heading
                items.append(item(blocks.blocks, loose=loose))
        if items:
            self._write_list(element, items, loose=loose)

    def _write_list(self, element: Element, items: list[str], *, loose: bool) -> None:
        text, bullet = list_text(element, items, loose=loose, before=self._bullet)
        self._flush()
        self.blocks.append(text)
        self._bullet = bullet

    def _table(self, element: Element) -> None:
        text = table(element, self)
        if text is None and self.has_gap(element):
            self._lines(element)
        elif text is None:
            self._marked.problems.append("a table that Markdown cannot say is kept as HTML")
            self._raw(element, told=True)
        elif text:
            self._block(text)

    def _raw(self, element: Element, *, told: bool = False) -> None:
        """An element that stays HTML, on lines without a blank one between them."""
        if not told:
            self._marked.problems.append(f"<{element.tag}> is kept as HTML")
        html = self._marked.restored(html_of(element, self._media))
        self._block("\n".join(line for line in html.split("\n") if line.strip()))

    def _lines(self, element: Element) -> None:
        """An element that would stay HTML, where a gap is none, as lines of text."""
        self._marked.problems.append(f"<{element.tag}> with a gap in it is now lines of text")
        self._tokens.append(Token(SOFT))
        self._children(element)
        self._tokens.append(Token(SOFT))


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
