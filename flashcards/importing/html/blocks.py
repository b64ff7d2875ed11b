"""The tree of a field as blocks of Markdown."""

from __future__ import annotations

import re
from collections.abc import Callable
from html import escape
from typing import Final

from flashcards.deck.media_kinds import PLAYED, extension, scheme
from flashcards.importing.html import inline
from flashcards.importing.html.inline import BREAK, CLOSE, OPEN, RAW, SOFT, TEXT, Token
from flashcards.importing.html.marks import SIGN, Marked
from flashcards.importing.html.styles import emphasis_of, kept_tags, style_of
from flashcards.importing.html.tables import table
from flashcards.importing.html.tree import UNSEEN, VOID, Element, text_of

Media = Callable[[str], str]
"""Gets the name of a medium in the package, returns its URL in Markdown."""

_LINES: Final = frozenset(
    {"div", "address", "article", "aside", "center", "figcaption", "figure", "footer", "form", "header", "main", "nav"}
    | {"section", "fieldset", "legend", "summary"}
)
_PARAGRAPHS: Final = frozenset({"p", "h1", "h2", "h3", "h4", "h5", "h6"})
_RAW: Final = frozenset({"details", "dl", "svg", "math", "canvas", "object", "embed"})
_PLAIN: Final = frozenset(
    {"", "span", "font", "body", "html", "tbody", "thead", "tfoot", "tr", "td", "th", "label", "big", "tt", "a", "b"}
    | {"strong", "i", "em", "s", "del", "strike", "li", "picture", "source", "wbr", "input", "nobr", "time", "rb"}
    | {"caption", "colgroup", "col", "anki-mathjax", "meta", "link", "base", "area", "map", "button"}
)
_IN_URL: Final = re.compile(r"""[\x00-\x20"#$%&()<>?\[\]\\^`{|}\x7f*]""")
_FENCE: Final = re.compile(r"`{3,}")
_TICKS: Final = re.compile(r"`+")
_LANGUAGE: Final = re.compile(r"(?:language|lang|brush)[-:]\s*([\w+#.-]+)")


def encoded(url: str) -> str:
    """A URL as it can stand in `![](…)`."""
    return _IN_URL.sub(lambda match: "".join(f"%{byte:02X}" for byte in match[0].encode()), url)


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
        """Whether a gap begins in a node."""
        if isinstance(node, str):
            return any(self._marked.marks[int(sign[1])].what == "open" for sign in SIGN.finditer(node))
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
            self._tokens.append(Token(RAW, f"![]({encoded(self._media(mark.value))})"))
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
        elif tag in _RAW:
            self._raw(element)
        else:
            self._within(element)

    def _within(self, element: Element) -> None:
        """An element whose content stays in the run of text, or begins a line or a paragraph of its own."""
        tag = element.tag
        style = style_of(element)
        if tag not in _PLAIN and tag not in _LINES and tag not in _PARAGRAPHS and not kept_tags(element, style):
            self._note_left_out(tag)
        if tag in _PARAGRAPHS and not self._cell:
            self._flush()
        elif tag in _LINES or tag in _PARAGRAPHS or (self._cell and tag in ("li", "tr", "ul", "ol", "pre")):
            self._tokens.append(Token(SOFT))
        sorts = [sort for sort in emphasis_of(element, style) if sort not in self._emphasis]
        kept = [("<code>", "</code>")] if tag == "code" else kept_tags(element, style)
        if tag == "a":
            self._link(element)
        else:
            self._open(sorts, kept)
            self._children(element)
            self._close(sorts, kept)
        if tag in _PARAGRAPHS and not self._cell:
            self._flush()
        elif tag in _LINES or tag in _PARAGRAPHS:
            self._tokens.append(Token(SOFT))

    def _open(self, sorts: list[str], kept: list[tuple[str, str]]) -> None:
        self._tokens += [Token(RAW, opening) for opening, _ in kept]
        self._tokens += [Token(OPEN, sort) for sort in sorts]
        self._emphasis += sorts

    def _close(self, sorts: list[str], kept: list[tuple[str, str]]) -> None:
        for sort in reversed(sorts):
            self._tokens.append(Token(CLOSE, sort))
            self._emphasis.pop()
        self._tokens += [Token(RAW, closing) for _, closing in reversed(kept)]

    def _link(self, element: Element) -> None:
        url = element.attributes.get("href", "").strip()
        if not url or scheme(url) in ("javascript", "data"):
            self._children(element)
            return
        target = self._media(url) if scheme(url) == "" and "." in url else url
        if self.has_gap(element):
            self._tokens.append(Token(RAW, f'<a href="{escape(target)}">'))
            self._children(element)
            self._tokens.append(Token(RAW, "</a>"))
            return
        inside = self.inner(cell=True).markdown(element)
        if inside:
            self._tokens.append(Token(RAW, f"[{inside}]({_link_url(target)})"))

    def _image(self, element: Element) -> None:
        source = element.attributes.get("src", "")
        if not source:
            return
        url = self._media(source) if scheme(source) == "" else source
        alt = self._marked.restored(element.attributes.get("alt", ""))
        sizes = "".join(
            f' {name}="{value}"'
            for name in ("width", "height")
            if (value := element.attributes.get(name, "").removesuffix("px")).rstrip("%").isdigit()
        )
        if sizes:
            described = f' alt="{escape(" ".join(alt.split()))}"' if alt else ""
            self._tokens.append(Token(RAW, f'<img src="{escape(encoded(url))}"{described}{sizes}>'))
        else:
            plain = re.sub(r"([\\\[\]`*_<&$])", r"\\\1", " ".join(alt.split())) if "\\]" not in alt else ""
            self._tokens.append(Token(RAW, f"![{plain}]({_link_url(url)})"))

    def _player(self, element: Element) -> None:
        sources = [element.attributes.get("src", "")]
        sources += [child.attributes.get("src", "") for child in element.children if isinstance(child, Element)]
        source = next((each for each in sources if each), "")
        if source and scheme(source) == "" and extension(source) in PLAYED:
            self._tokens.append(Token(RAW, f"![]({encoded(self._media(source))})"))
        elif source:
            self._tokens.append(Token(RAW, f"[{inline_text(source)}]({_link_url(source)})"))

    def _frame(self, element: Element) -> None:
        source = element.attributes.get("src", "")
        if source:
            self._marked.problems.append("an embedded page is now a link")
            self._tokens.append(Token(RAW, f"[{inline_text(source)}]({_link_url(source)})"))

    def _code(self, element: Element) -> None:
        text = " ".join(self._marked.restored(text_of(element)).replace("\xa0", " ").split())
        if text:
            self._tokens.append(Token(RAW, code_span(text)))

    def _pre(self, element: Element) -> None:
        if self.has_gap(element):
            self._marked.problems.append("a code block with a gap is now code line by line")
            self._code_lines(element)
            return
        text = self._marked.restored(text_of(element)).replace("\xa0", " ")
        text = text.removeprefix("\n").rstrip()
        if not text.strip():
            return
        longest = max((len(run) for run in _FENCE.findall(text)), default=2)
        fence = "`" * (longest + 1)
        self._block(f"{fence}{_language(element)}\n{text}\n{fence}")

    def _code_lines(self, element: Element) -> None:
        self._flush()
        for line in _lines_of(element):
            if line:
                self._tokens.append(Token(RAW, "<code>"))
                for piece in line:
                    self._text(re.sub(r"  +|^ ", lambda match: "\xa0" * len(match[0]), piece))
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
            items.append(_item(blocks.blocks, loose=loose))
        if items:
            self._write_list(element, items, loose=loose)

    def _write_list(self, element: Element, items: list[str], *, loose: bool) -> None:
        start = element.attributes.get("start", "1")
        first = int(start) if start.isdigit() and len(start) < 9 else 1
        task = "rubric" in element.attributes.get("class", "")
        bullet = "*" if self._bullet == "-" else "-"
        dot = ")" if self._bullet == "." else "."
        lines = []
        for number, item in enumerate(items, start=first):
            sign = f"{number}{dot}" if element.tag == "ol" else f"{bullet} [ ]" if task else bullet
            indent = " " * (len(sign) + 1 if element.tag == "ol" else 2)
            lines.append(f"{sign} {item}".replace("\n", f"\n{indent}").rstrip())
        text = ("\n\n" if loose else "\n").join(lines)
        self._flush()
        self.blocks.append(re.sub(r"\n[ ]+(?=\n|\Z)", "\n", text))
        self._bullet = dot if element.tag == "ol" else bullet

    def _table(self, element: Element) -> None:
        text = table(element, self)
        if text is None:
            self._marked.problems.append("a table that Markdown cannot say is kept as HTML")
            self._raw(element, told=True)
        elif text:
            self._block(text)

    def _raw(self, element: Element, *, told: bool = False) -> None:
        """An element that stays HTML, on lines without a blank one between them."""
        if not told:
            self._marked.problems.append(f"<{element.tag}> is kept as HTML")
        if self.has_gap(element):
            self._marked.problems.append(f"a gap inside <{element.tag}> is shown")
        html = self._marked.restored(_html(element, self._media))
        self._block("\n".join(line for line in html.split("\n") if line.strip()))

    def _note_left_out(self, tag: str) -> None:
        self._marked.problems.append(f"<{tag}> is left out, its text kept")


def formula(tex: str, *, display: bool, beside: str = "") -> str:
    """A formula; `$` where it is certain to be taken for one."""
    tex = tex.strip()
    if display:
        return f"\\[{tex}\\]" if "$" in tex else f"$${tex}$$"
    plain = "$" not in tex and not tex.endswith("\\") and not re.search(r"[\w$\\]", beside)
    return f"${tex}$" if plain else f"\\({tex}\\)"


def code_span(text: str) -> str:
    """Code inside a line, between as many backticks as it needs."""
    runs = {len(run) for run in _TICKS.findall(text)}
    ticks = next("`" * count for count in range(1, len(text) + 2) if count not in runs)
    pad = " " if text[0] == "`" or text[-1] == "`" else ""
    return f"{ticks}{pad}{text}{pad}{ticks}"


def inline_text(text: str) -> str:
    """A URL as the text of a link."""
    return re.sub(r"([\\\[\]`*_<&$])", r"\\\1", text)


def _link_url(url: str) -> str:
    """A URL that may be of the web: what is escaped in it already stays so."""
    return re.sub(r"[\x00-\x20()<>\\]", lambda match: f"%{ord(match[0]):02X}", url)


def _item(blocks: list[str], *, loose: bool) -> str:
    text = blocks[0] if blocks else ""
    for block in blocks[1:]:
        nested = bool(re.match(r"(?:[-*]|[0-9]+[.)]) ", block))
        text += f"{chr(10) if nested and not loose else chr(10) * 2}{block}"
    return text


def _language(element: Element) -> str:
    inside = [child for child in element.children if isinstance(child, Element) and child.tag == "code"]
    for each in (element, *inside):
        if match := _LANGUAGE.search(each.attributes.get("class", "")):
            return match[1]
    return ""


def _lines_of(element: Element) -> list[list[str]]:
    return [[line] if line else [] for line in text_of(element).strip("\n").split("\n")]


def _html(node: Element | str, media: Media) -> str:
    if isinstance(node, str):
        return escape(node, quote=False)
    attributes = dict(node.attributes)
    if node.tag == "img" and scheme(attributes.get("src", "")) == "" and attributes.get("src"):
        attributes["src"] = encoded(media(attributes["src"]))
    attributes.pop("style", None)
    written = "".join(f' {name}="{escape(value)}"' for name, value in attributes.items())
    if node.tag in VOID:
        return f"<{node.tag}{written}>"
    if node.tag in UNSEEN:
        return ""
    return f"<{node.tag}{written}>{''.join(_html(child, media) for child in node.children)}</{node.tag}>"
