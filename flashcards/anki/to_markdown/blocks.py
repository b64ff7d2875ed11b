"""Convert the tree of a field to blocks of Markdown."""

from __future__ import annotations

import re
from html import escape
from typing import Final

from flashcards.anki.to_markdown import elements, inline
from flashcards.anki.to_markdown.inline import BREAK, CLOSE, OPEN, RAW, SOFT, TEXT, InlineToken
from flashcards.anki.to_markdown.placeholders import FORMULA_KINDS, GAP_KINDS, PLACEHOLDER, CutField
from flashcards.anki.to_markdown.tables import is_caption, write_table
from flashcards.anki.to_markdown.tree import UNSEEN, Element, break_lines, contains, get_lines, get_text
from flashcards.deck.media_references import PLAYED, extension, is_remote, scheme

_GAP_TOKENS: Final = {"open": inline.GAP, "hint": inline.HINT, "close": inline.END}
_ESCAPED_BRACKET: Final = re.compile(r"\\[\[\]]")
_LINES: Final = frozenset(
    {"div", "address", "article", "aside", "center", "figcaption", "figure", "footer", "form", "header", "main", "nav"}
    | {"section", "fieldset", "legend", "summary", "td", "th", "dt", "dd", "option", "textarea"}
)
_PARAGRAPHS: Final = frozenset({"p", "h1", "h2", "h3", "h4", "h5", "h6"})
_BREAKS: Final = frozenset({"br"})
_BLANKS: Final = re.compile(r"[ \t\r\n\f]+")
_HARD_SPACES: Final = re.compile(r" ?\xa0(?:[ \xa0]*\xa0)? ?")
_EMBEDDED: Final = frozenset({"object", "embed", "iframe"})
_RAW: Final = frozenset({"details", "dl", "svg", "math", "canvas", "object", "embed"})
_CLOSED: Final = frozenset({"details", "summary"})
_MEDIA: Final = frozenset({"img", "audio", "video", "svg", "iframe", "object", "embed"})
_CELLS: Final = frozenset({"td", "th", "dt", "dd", "summary"})
_PLAIN: Final = frozenset(
    {"", "span", "font", "body", "html", "tbody", "thead", "tfoot", "tr", "label", "big", "tt", "a", "b"}
    | {"strong", "i", "em", "s", "del", "strike", "li", "picture", "source", "wbr", "input", "nobr", "time", "rb"}
    | {"caption", "colgroup", "col", "anki-mathjax", "meta", "link", "base", "area", "map", "button"}
)


class BlockConverter:
    """Collects the blocks of one element; in a table `cell`, everything must be on one line."""

    def __init__(self, cut: CutField, media: elements.Media, *, cloze: bool, cell: bool = False) -> None:
        self.blocks: list[str] = []
        self._cut = cut
        self._media = media
        self._cloze = cloze
        self._cell = cell
        self._tokens: list[InlineToken] = []
        self._emphasis: list[str] = []
        self._bullet = ""
        self._open_gaps = cut.open_gaps

    def convert(self, root: Element) -> str:
        """Return the Markdown of everything in `root`."""
        self._take_children(root)
        self._flush()
        return "\n\n".join(self.blocks)

    def has_gap(self, node: Element | str) -> bool:
        """Return whether a gap begins or ends in a node."""
        return self._cut.has(node, GAP_KINDS) if isinstance(node, str) else any(map(self.has_gap, node.children))

    def make_inner(self, *, cell: bool = False) -> BlockConverter:
        """Create a collector for an element inside this one."""
        return BlockConverter(self._cut, self._media, cloze=self._cloze, cell=cell)

    def _take_children(self, element: Element) -> None:
        for child in element.children:
            if isinstance(child, str):
                self._take_text(child)
            else:
                self._take_element(child)

    def _flush(self) -> None:
        closing = [InlineToken(CLOSE, sort) for sort in reversed(self._emphasis)]
        written = inline.write_paragraphs(
            [*self._tokens, *closing], cloze=self._cloze, cell=self._cell, open_gaps=self._open_gaps
        )
        if written:
            self._bullet = ""
        self.blocks += written
        self._tokens = [InlineToken(OPEN, sort) for sort in self._emphasis]
        self._open_gaps = self._cut.open_gaps

    def _add_block(self, text: str) -> None:
        self._flush()
        self.blocks.append(text)

    def _take_text(self, text: str) -> None:
        at = 0
        for found in PLACEHOLDER.finditer(text):
            self._tokens.append(InlineToken(TEXT, text[at : found.start()]))
            at = found.end()
            self._take_placeholder(int(found[1]), text[found.start() - 1 : found.start()], text[at : at + 1])
        if text[at:]:
            self._tokens.append(InlineToken(TEXT, text[at:]))

    def _take_placeholder(self, number: int, before: str, after: str) -> None:
        placeholder = self._cut.placeholders[number]
        if placeholder.kind in GAP_KINDS:
            self._tokens.append(InlineToken(_GAP_TOKENS[placeholder.kind], placeholder.value))
            self._cut.open_gaps += (placeholder.kind == "open") - (placeholder.kind == "close")
        elif placeholder.kind == "sound":
            self._tokens.append(InlineToken(RAW, elements.write_sound(placeholder.value, self._media)))
        else:
            display = placeholder.kind == "display"
            formula = elements.write_formula(
                placeholder.value, display=display, cloze=self._cloze, beside=before + after
            )
            self._tokens.append(InlineToken(RAW, formula))

    def _take_element(self, element: Element) -> None:
        tag = element.tag
        if tag == "br":
            self._tokens.append(InlineToken(BREAK))
        elif tag in UNSEEN:
            if get_text(Element("", {}, element.children)).strip():
                self._cut.problems.append(f"<{tag}> is left out")
        elif tag == "img":
            self._take_image(element)
        elif tag in ("audio", "video"):
            self._take_player(element)
        elif tag in _EMBEDDED and (embedded := elements.write_embedded(element, self._media)):
            self._tokens.append(InlineToken(RAW, embedded))
        elif tag == "code" and self._has_lines(element):
            self._take_lines_of_code(element)
        elif tag == "code" and (text := self._get_code(element)) is not None:
            self._take_code(text)
        elif self._cell:
            self._take_inline(element)
        elif tag == "iframe":
            self._take_frame(element)
        elif tag == "hr":
            self._add_block("<hr>")
        elif tag == "pre" or elements.is_code(elements.read_style(element)):
            self._take_pre(element)
        elif tag == "ol":
            self._take_numbered(elements.number_items(element))
        elif tag == "ul":
            self._take_list(element)
        elif tag == "blockquote":
            inside = self.make_inner().convert(element)
            if inside:
                self._add_block("\n".join(f"> {line}".rstrip() for line in inside.split("\n")))
        elif tag == "table":
            self._take_table(element)
        elif tag in _RAW and self.has_gap(element):
            self._take_lines(element)
        elif tag in _RAW:
            self._keep_html(element)
        else:
            self._take_inline(element)

    def _take_inline(self, element: Element) -> None:
        """Add an element that continues the text, or that begins a line or a paragraph."""
        tag = element.tag
        if tag == "ruby" and not get_text(element).strip():
            return
        style = elements.read_style(element)
        is_kept = tag in elements.RUBY or (self._cell and tag in _CLOSED and not self.has_gap(element))
        begins_line = tag in _PARAGRAPHS or (tag in _LINES and not is_kept)
        known = is_kept or begins_line or ":" in tag or tag in _PLAIN or tag == "code"
        if not known and not elements.find_kept_tags(element, style):
            self._cut.problems.append(f"<{tag}> is left out, its text kept")
        if tag in _PARAGRAPHS and not self._cell:
            self._flush()
        elif begins_line or (self._cell and tag in ("li", "tr", "ul", "ol", "pre")):
            self._tokens.append(InlineToken(SOFT))
        opened = [*elements.find_kept_tags(element, style), *elements.find_emphasis(element, style)]
        if tag == "code":
            opened.append("<code>")
        if tag == "a":
            self._take_link(element)
        elif is_kept:
            self._tokens.append(InlineToken(RAW, f"<{tag}>"))
            self._take_children(element)
            self._tokens.append(InlineToken(RAW, f"</{tag}>"))
        else:
            self._take_emphasized(element, [each for each in opened if each not in self._emphasis])
        if tag in _PARAGRAPHS and not self._cell:
            self._flush()
        elif begins_line:
            self._tokens.append(InlineToken(SOFT))

    def _take_emphasized(self, element: Element, opened: list[str]) -> None:
        """Add an element whose content is emphasized, or enclosed in tags that are kept."""
        self._tokens += [InlineToken(OPEN, each) for each in opened]
        self._emphasis += opened
        self._take_children(element)
        for each in reversed(opened):
            self._tokens.append(InlineToken(CLOSE, each))
            self._emphasis.pop()

    def _take_link(self, element: Element) -> None:
        url = element.attributes.get("href", "").strip()
        if (
            not url
            or url.startswith("#")
            or scheme(url) in ("javascript", "data")
            or contains(element, frozenset({"a"}))
        ):
            self._take_children(element)
            return
        target = self._media(url) if scheme(url) == "" and "." in url else url
        inside = self.make_inner(cell=True).convert(element)
        if self.has_gap(element) or not elements.is_balanced(inside):
            self._take_emphasized(element, [f'<a href="{escape(target)}">'])
        elif inside:
            title = elements.write_title(element.attributes.get("title", ""))
            self._tokens.append(InlineToken(RAW, f"[{inside}]({elements.write_link_url(target)}{title})"))

    def _take_image(self, element: Element) -> None:
        source = element.attributes.get("src", "")
        if source:
            alt = self._cut.restore(element.attributes.get("alt", ""))
            size = elements.read_size(element)
            if size is None:
                self._cut.problems.append("the size of a picture is left out")
            title = self._cut.restore(element.attributes.get("title", ""))
            self._tokens.append(InlineToken(RAW, elements.write_image(source, alt, size or {}, self._media, title)))

    def _take_player(self, element: Element) -> None:
        if "".join(map(get_text, element.children)).strip():
            self._cut.problems.append(f"the text in <{element.tag}>, for programs that cannot play it, is left out")
        sources = [element.attributes.get("src", "")]
        sources += [child.attributes.get("src", "") for child in element.children if isinstance(child, Element)]
        source = next((each for each in sources if each), "")
        if source and extension(source) in PLAYED and (is_remote(source) or scheme(source) == ""):
            self._tokens.append(InlineToken(RAW, elements.write_sound(source, self._media)))
        elif source:
            self._tokens.append(InlineToken(RAW, f'<{element.tag} controls src="{escape(source)}"></{element.tag}>'))

    def _take_frame(self, element: Element) -> None:
        source = element.attributes.get("src", "")
        if source:
            self._cut.problems.append("an embedded page is now a link")
            self._tokens.append(
                InlineToken(RAW, f"[{elements.escape_link_text(source)}]({elements.write_link_url(source)})")
            )

    def _get_code(self, element: Element) -> str | None:
        """Return the text of code with its gaps, or nothing if a deck file would parse the gaps differently."""
        text = get_lines(element)
        if contains(element, _MEDIA):
            return None
        if self.has_gap(element):
            pieces = PLACEHOLDER.split(text.strip("`~ \n"))
            is_only_gap = not (pieces[0] or pieces[-1])  # such code is an example of the syntax of gaps
            is_indented = element.tag == "code" and "\xa0" in text  # Markdown does not keep the indentation
            written = self._cut.write_gaps(text)
            if is_only_gap or is_indented or self._cut.open_gaps or not written or _ESCAPED_BRACKET.search(written):
                return None
            text = written
        return self._cut.restore(text)

    def _has_lines(self, element: Element) -> bool:
        """Return whether inline code has several lines; a line break in the source counts as a space."""
        return contains(element, _BREAKS) and not self.has_gap(element) and "\n" in get_text(element).strip()

    def _take_code(self, text: str) -> None:
        text = _BLANKS.sub(" ", text)
        # Browsers keep several hard spaces, as in an indented line.
        text = _HARD_SPACES.sub(lambda match: " " if len(match[0]) == 1 else "\xa0" * len(match[0]), text).strip(" ")
        if text.strip():
            is_special = self._cloze and _ESCAPED_BRACKET.search(text)
            code = elements.write_literal_code(text, is_block=False) if is_special else elements.write_code_span(text)
            self._tokens.append(InlineToken(RAW, code))

    def _take_lines_of_code(self, element: Element) -> None:
        if not self._cell:
            self._take_pre(element)
            return
        for line in get_text(element).strip().split("\n"):
            self._take_code(self._cut.restore(line))
            self._tokens.append(InlineToken(BREAK))

    def _take_pre(self, element: Element) -> None:
        if contains(element, _MEDIA):
            self._cut.problems.append("a code block with a picture, sound or video is now text")
            self._take_inline(Element("div", {}, break_lines(element).children))
            return
        text = self._get_code(element)
        if text is None:
            self._cut.problems.append("a code block with a gap is now code line by line")
            self._take_code_lines(element)
            return
        text = text.replace("\xa0", " ").removeprefix("\n").rstrip()
        if text.strip():
            is_special = self._cloze and _ESCAPED_BRACKET.search(text)
            code = elements.write_literal_code(text, is_block=True) if is_special else None
            self._add_block(code or elements.write_code_block(text, elements.find_language(element)))

    def _take_code_lines(self, element: Element) -> None:
        self._flush()
        for line in get_lines(element).strip("\n").split("\n"):
            if line:
                self._tokens.append(InlineToken(RAW, "<code>"))
                self._take_text(re.sub(r"  +|^ ", lambda match: "\xa0" * len(match[0]), line))
                self._tokens.append(InlineToken(RAW, "</code>"))
            self._tokens.append(InlineToken(BREAK))
        self._flush()

    def _take_list(self, element: Element) -> None:
        self._flush()
        items: list[str] = []
        loose = False
        for child in element.children:
            if isinstance(child, str):
                if child.strip() and not PLACEHOLDER.fullmatch(child.strip()):
                    items.append(self.make_inner().convert(Element("", {}, [child])))
                elif child.strip():
                    self._take_text(child)
                continue
            blocks = self.make_inner()
            if child.tag in ("ul", "ol") and items:
                items[-1] += "\n" + blocks.convert(Element("", {}, [child]))
                continue
            blocks.convert(Element("", {}, child.children if child.tag == "li" else [child]))
            loose = loose or any(isinstance(each, Element) and each.tag == "p" for each in child.children)
            if blocks.blocks:  # an empty item below a line of text could make it a heading
                items.append(elements.write_item(blocks.blocks, loose=loose))
        if items:
            text, bullet = elements.write_list(element, items, loose=loose, before=self._bullet)
            self._add_block(text)
            self._bullet = bullet

    def _take_numbered(self, element: Element) -> None:
        """Add a list; letters and numbers that only HTML has stay HTML, unless it has a gap, which would be text."""
        kind = elements.find_numbering(element)
        if kind and not self.has_gap(element):
            self._keep_html(Element("ol", {**element.attributes, "type": kind}, element.children))
            return
        if kind == "1":
            self._cut.problems.append("a list with its own numbers and a gap in it now counts up by one")
        elif kind:
            self._cut.problems.append("a list counted by letters with a gap in it is now counted by numbers")
        self._take_list(element)

    def _take_table(self, element: Element) -> None:
        text = write_table(element, lambda cell: self.make_inner(cell=True).convert(cell))
        if text is not None:
            self._flush()
            self._take_children(Element("", {}, [each for each in element.children if is_caption(each)]))
            self._flush()
        if text is None and self.has_gap(element):
            self._take_lines(element)
        elif text is None:
            self._cut.problems.append("a table that Markdown cannot express is kept as HTML")
            self._keep_html(element, told=True)
        elif text:
            self._add_block(text)

    def _keep_html(self, element: Element, *, told: bool = False) -> None:
        """Keep an element as HTML, without blank lines in it."""
        if not told:
            self._cut.problems.append(f"<{element.tag}> is kept as HTML")
        html = elements.write_html(self._write_formulas(element), self._media)
        lines = "\n".join(line for line in html.split("\n") if line.strip())
        self._add_block(elements.restore_in_html(lines, self._cut, self._media))

    def _write_formulas(self, element: Element) -> Element:
        """Convert parts with formulas to Markdown between blank lines, because formulas inside HTML are not drawn."""
        if not self._cut.has(get_text(element), FORMULA_KINDS):
            return element
        is_whole = element.tag == "details" or element.tag in _CELLS
        if not is_whole:
            inside = [each if isinstance(each, str) else self._write_formulas(each) for each in element.children]
            return Element(element.tag, element.attributes, inside)
        head, rest = elements.split_summary(element)
        text = f"\n\n{self.make_inner().convert(rest)}\n\n"
        heads = [self._write_formulas(head)] if head else []
        return Element(element.tag, element.attributes, [*heads, self._cut.add("html", text, text)])

    def _take_lines(self, element: Element) -> None:
        """Write an element as lines of text, because a gap inside HTML is not a gap."""
        self._cut.problems.append(f"<{element.tag}> with a gap in it is now lines of text")
        self._tokens.append(InlineToken(SOFT))
        self._take_children(element)
        self._tokens.append(InlineToken(SOFT))
