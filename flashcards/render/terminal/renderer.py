"""Render Markdown as blocks for the terminal."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

import pyromark
from rich.console import RenderableType
from rich.text import Text

from flashcards.deck.markdown import OPTIONS, escape_money
from flashcards.deck.markdown_extensions import keep_link_definitions, rewrite_additions, split_size
from flashcards.deck.media_references import scheme
from flashcards.render.formulas import CutMath, cut_out_math
from flashcards.render.html.tags import Tags, escape_words
from flashcards.render.terminal.blocks import Alignment, GatedConsole, Prefixed, TableBlock, stack
from flashcards.render.terminal.text import (
    ASIDE,
    CODE,
    HEADING,
    LINK,
    Delimiters,
    InlineTags,
    TextWriter,
    escape_controls,
    html_to_text,
    label_media,
)
from flashcards.text import fold_details

MAX_DEPTH: Final = 12  # deeper lists and quotes are drawn at this depth

_STYLES: Final = {"Emphasis": "italic", "Strong": "bold", "Strikethrough": "strike"}
_BREAK: Final = re.compile(r"<br\b", re.IGNORECASE)
_NOTE: Final = re.compile(r"\.md(?:#|\Z)|\A#", re.IGNORECASE)  # a link to a note, which has no target in a terminal
_MEDIA_TAG: Final = re.compile(r"<(?:img|audio|video|source)\b", re.IGNORECASE)


class _Frame:
    """An open block that contains blocks: the document, a quote, a list or an item."""

    def __init__(self, *, spaced: bool = True, number: int | None = None, bullet: str = "") -> None:
        self.parts: list[RenderableType] = []
        self.spaced = spaced
        self.number = number  # of a list's next item
        self.bullet = bullet


class _Table:
    def __init__(self, alignments: tuple[Alignment, ...]) -> None:
        self.alignments = alignments
        self.rows: list[tuple[Text, ...]] = []
        self.cells: list[Text] = []


class TerminalBuilder:
    """Processes the parser's events in order; `finish` returns the blocks."""

    def __init__(
        self, macros: Mapping[str, str], delimiters: Delimiters, cut: CutMath, html: Tags, *, plain: bool
    ) -> None:
        self._macros = macros
        self._html = html
        self._cut = cut
        self._plain = plain
        self._writer = TextWriter(delimiters, plain=plain)
        self._tags = InlineTags(self._writer, plain=plain)
        self._frames = [_Frame()]
        self._links: list[tuple[str, int]] = []  # the target of each open link, and the start of its text
        self._images: list[tuple[str, Text]] = []  # for each open image: its path, and the text before it
        self._block: list[str] | None = None  # text of the open code or HTML block
        self._language = ""
        self._table: _Table | None = None

    def finish(self) -> list[RenderableType]:
        """Return the blocks, in order."""
        self._flush()
        return self._frames[0].parts

    def add(self, event: Any) -> None:
        """Add the next event."""
        if isinstance(event, str):
            self._take_break(event)
            return
        ((name, value),) = event.items()
        if name == "Text":
            self._take_text(value)
        elif name in ("Start", "End"):
            tag, data = (value, None) if isinstance(value, str) else next(iter(value.items()))
            if name == "Start":
                self._start(tag, data)
            else:
                self._end(tag)
        elif name == "Code":
            self._writer.write(value, CODE)
        elif name in ("InlineMath", "DisplayMath"):
            self._write_math(value, display=name == "DisplayMath")
        elif name == "Html" and self._block is not None:
            self._block.append(value)
        elif name in ("Html", "InlineHtml"):
            self._take_inline_html(value)
        elif name == "TaskListMarker":
            self._frames[-1].bullet = ("[x] " if value else "[ ] ") if self._plain else ("☑ " if value else "☐ ")

    def _take_break(self, event: str) -> None:
        if event == "Rule":
            self._flush()
            self._frames[-1].parts.append(Text("---") if self._plain else Text("─" * 12, ASIDE))
        else:
            self._writer.write("\n" if event == "HardBreak" else " ")

    def _take_text(self, text: str) -> None:
        if self._block is not None:
            self._block.append(text)
        elif self._cut.placeholder is None:
            self._write_words(text)
        else:
            at = 0
            for match in self._cut.placeholder.finditer(text):
                self._write_words(text[at : match.start()])
                formula = self._cut.find_formula(match)
                if formula is not None:
                    self._write_math(formula.tex, display=formula.display)
                at = match.end()
            self._write_words(text[at:])

    def _write_words(self, text: str) -> None:
        self._writer.write(text if self._writer.text else text.lstrip(" "))

    def _write_math(self, tex: str, *, display: bool) -> None:
        from flashcards.render.tex import tex_to_text

        alone = display and not self._images and self._table is None
        text = tex_to_text(tex, self._macros, inline=not alone)
        if not alone:
            self._writer.write(text)
            return
        self._flush()
        self._writer.write(text)
        self._frames[-1].parts.append(Prefixed("  ", "  ", self._writer.flush()))

    def _take_inline_html(self, html: str) -> None:
        if self._html.is_word(html):
            self._write_words(html)
        elif _BREAK.match(html):
            self._writer.write("\n")
        elif _MEDIA_TAG.match(html):
            self._writer.write(html_to_text(html))
        elif not self._images:
            self._tags.apply_tag(html)

    def _start(self, tag: str, data: Any) -> None:
        if tag in _STYLES:
            self._writer.push(_STYLES[tag])
        elif tag == "Link":
            self._links.append((data["dest_url"], len(self._writer.text)))
            self._writer.push(LINK)
        elif tag == "Image":
            self._images.append((data["dest_url"], self._writer.text))
            self._writer.text = Text()
        elif tag == "TableCell":
            self._writer.text = Text()
        else:
            self._start_block(tag, data)

    def _start_block(self, tag: str, data: Any) -> None:
        self._flush()
        if tag == "Paragraph":
            self._frames[-1].spaced = True
        elif tag == "Heading":
            self._writer.push(HEADING)
        elif tag == "BlockQuote":
            self._frames.append(_Frame())
        elif tag == "List":
            self._frames.append(_Frame(spaced=False, number=data))
        elif tag == "Item":
            self._frames.append(_Frame(spaced=False, bullet=self._take_bullet()))
        elif tag in ("CodeBlock", "HtmlBlock"):
            self._block = []
            self._language = data["Fenced"] if isinstance(data, dict) else ""
        elif tag == "Table":
            names: dict[str, Alignment] = {"Right": "right", "Center": "center"}
            self._table = _Table(tuple(names.get(name, "left") for name in data))

    def _take_bullet(self) -> str:
        items = self._frames[-1]
        if items.number is None:
            return "- " if self._plain else "• "
        items.number += 1
        return f"{items.number - 1}. "

    def _end(self, tag: str) -> None:
        if tag in _STYLES:
            self._writer.pop(_STYLES[tag])
        elif tag == "Link":
            self._end_link()
        elif tag == "Image":
            self._end_image()
        elif tag in ("TableCell", "TableHead", "TableRow", "Table"):
            self._end_in_table(tag)
        else:
            self._end_block(tag)

    def _end_link(self) -> None:
        url, start = self._links.pop()
        self._writer.pop(LINK)
        shown = self._writer.text.plain[start:]
        is_note = bool(shown.strip()) and _NOTE.search(url) is not None and not scheme(url)
        if not is_note and shown not in (url, url.removeprefix("mailto:")):
            self._writer.write(f" ({url})", ASIDE)

    def _end_image(self) -> None:
        url, before = self._images.pop()
        alt = self._writer.text.plain.strip()
        if "|" in alt:
            alt, _ = split_size(alt)
        self._writer.text = before
        self._writer.write(label_media(url, alt), ASIDE)

    def _end_in_table(self, tag: str) -> None:
        table = self._table
        if table is None:
            return
        if tag == "TableCell":
            self._tags.end()
            table.cells.append(self._writer.flush())
        elif tag == "Table":
            header, *rows = table.rows
            self._table = None
            self._frames[-1].parts.append(TableBlock(header, tuple(rows), table.alignments, self._plain))
        else:
            table.rows.append(tuple(table.cells))
            table.cells = []

    def _end_block(self, tag: str) -> None:
        if tag == "CodeBlock":
            self._end_code()
        elif tag == "HtmlBlock":
            self._end_html()
        self._flush()
        if tag == "Heading":
            self._writer.pop(HEADING)
        elif tag in ("BlockQuote", "List", "Item"):
            self._end_frame(tag)

    def _end_frame(self, tag: str) -> None:
        frame = self._frames.pop()
        parent = self._frames[-1]
        if tag == "Item":
            parent.spaced = parent.spaced or frame.spaced
        if len(self._frames) > MAX_DEPTH:
            parent.parts += frame.parts
            return
        body = stack(frame.parts, spaced=frame.spaced)
        if tag == "Item":
            body = Prefixed(frame.bullet, " " * len(frame.bullet), body)
        elif tag == "BlockQuote":
            prefix = "> " if self._plain else "▌ "
            body = Prefixed(prefix, prefix, body, "" if self._plain else ASIDE)
        parent.parts.append(body)

    def _end_code(self) -> None:
        from flashcards.render.code import colour_code

        code = "".join(self._block or []).rstrip("\n")
        language = self._language.split()[0] if self._language.split() else ""
        self._block = None
        for piece, style in [(code, "")] if self._plain else colour_code(language, code):
            self._writer.write(piece, style)
        self._frames[-1].parts.append(Prefixed("  ", "  ", self._writer.flush()))

    def _end_html(self) -> None:
        html = "".join(self._block or [])
        self._block = None
        self._writer.write(html_to_text(escape_words(html, self._html), plain=self._plain))

    def _flush(self) -> None:
        """End the current text, if there is any."""
        self._tags.end()
        text = self._writer.flush()
        if text:
            self._frames[-1].parts.append(text)


_SURROGATES: Final = re.compile("[\ud800-\udfff]")


class TerminalRenderer:
    """Renders the cards of one collection; `plain` omits boxes, colours and symbols, for screen readers."""

    def __init__(self, macros: Mapping[str, str], *, plain: bool) -> None:
        self._macros = macros
        self._plain = plain

    def render(
        self, markdown: str, definitions: str = "", delimiters: Delimiters = (), *, folded: bool = False
    ) -> RenderableType:
        """Render one side of any card; text between the two `delimiters` is the gap that is asked or revealed.

        If `folded`, closed details and callouts show only their summary. If nothing would be visible, show the source.
        """
        typed = _SURROGATES.sub("\ufffd", markdown)
        markdown = rewrite_additions(typed, definitions)
        if folded:
            markdown = fold_details(markdown, delimiters)
        definitions = keep_link_definitions(definitions)
        cut = cut_out_math(escape_money(markdown))
        source = cut.source
        if definitions:
            source = f"{_SURROGATES.sub(chr(0xFFFD), definitions)}\n\n{source}"
        events: list[Any] = list(pyromark.events(source, options=OPTIONS))
        html = "".join(_get_html(event) for event in events) if "<" in source else ""
        builder = TerminalBuilder(self._macros, delimiters, cut, Tags(html), plain=self._plain)
        for event in events:
            builder.add(event)
        return stack(builder.finish() or [Text(escape_controls(typed.strip()))], spaced=True)


def render_plain(markdown: str, definitions: str = "", macros: Mapping[str, str] | None = None) -> str:
    """Return the plain text of Markdown, as someone would type it: no boxes, colours or symbols."""
    wide = GatedConsole(
        width=100_000, color_system=None, force_terminal=False, markup=False, highlight=False, emoji=False
    )
    with wide.capture() as capture:
        wide.print(TerminalRenderer(macros or {}, plain=True).render(markdown, definitions))
    return capture.get().strip()


def _get_html(event: Any) -> str:
    if isinstance(event, str):
        return ""
    found: str = event.get("InlineHtml") or event.get("Html") or ""
    return found
