r"""Render Markdown as the HTML of an Anki field.

pulldown-cmark writes the HTML, which is then adapted to Anki: raw HTML is cleaned, media get their names in Anki, and
math becomes `\(x\)` and `\[x\]`. Each step runs only if there is something for it to do.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from html import escape, unescape
from typing import Final

import pyromark

from flashcards.deck.markdown import OPTIONS, escape_money
from flashcards.deck.markdown_extensions import has_additions, keep_link_definitions, rewrite_additions
from flashcards.render.code import CodeHighlighter
from flashcards.render.formulas import CutMath, cut_out_math, expand
from flashcards.render.html.media import place_media
from flashcards.render.html.tags import clean, escape_anki_markup, escape_words

# A line that begins with a letter and has no character with a meaning in Markdown or HTML is its own HTML.
_MEANING: Final = r"\\`*_\[\]<>&~$|{}\x00-\x1f\x7f-\x9f\ud800-\udfff"
_PLAIN: Final = re.compile(rf"[^\W\d_](?:[^{_MEANING}]*[^{_MEANING}\s])?")
_FORBIDDEN: Final = re.compile(r"[\x00\x1f\ud800-\udfff]")  # these fail the import, or are lost there
_MATH: Final = re.compile(r'<span class="math math-(inline|display)">([^<]*)</span>')
_ALIGN: Final = re.compile(r'(<t[dh]) style="text-align: (left|center|right)"')
_RUBRIC: Final = re.compile(r'<ul>(\n<li>\s*(?:<p>)?<input disabled="" type="checkbox")')
_CHECKBOX: Final = re.compile(r'<input disabled="" type="checkbox"(?: checked="")?/>\n?')
_TAG: Final = re.compile(r'(<span class="math [^<>]*>[^<]*</span>|<[^<>]*>)')
_MATH_DELIMITER: Final = re.compile(r"\\([(\[])")
_CLOZE_OPENING: Final = re.compile(r"\{(?=\{c)")


class HtmlRenderer:
    """A renderer for the notes of one collection. It writes for Anki; a subclass writes formulas and media otherwise.

    Args:
        macros: the collection's TeX macros, which are expanded in every formula because Anki does not know them.
        media: gets each local URL of a picture, sound or video, percent escapes undone, and returns its name in Anki.
    """

    def __init__(self, macros: Mapping[str, str], media: Callable[[str], str]) -> None:
        self._macros = macros
        self._media = media
        self._markdown = pyromark.Markdown(options=OPTIONS)
        self._with_code = pyromark.Markdown(options=OPTIONS, highlight=CodeHighlighter())

    def render(self, markdown: str, definitions: str = "") -> str:
        r"""Render one field: safe, balanced, without `\x1f`, and without `<p>` around a single paragraph.

        Args:
            markdown: the source, line endings folded to `\n`.
            definitions: Markdown of link definitions that the source uses.
        """
        if has_additions(markdown):
            markdown = rewrite_additions(_drop_forbidden(markdown), _drop_forbidden(definitions))
        elif is_plain(markdown):
            return markdown
        definitions = keep_link_definitions(definitions)
        markdown = _drop_forbidden(markdown)
        cut = cut_out_math(escape_money(markdown))
        source = f"{_drop_forbidden(definitions)}\n\n{cut.source}" if definitions else cut.source
        html = (self._with_code if "```" in source or "~~~" in source else self._markdown).html(source)
        if "<input" in html:
            html = _CHECKBOX.sub("", _RUBRIC.sub(r'<ul class="rubric">\1', html))
        if "<table" in html:
            html = _ALIGN.sub(r'\1 align="\2"', html)
        if "<" in source:
            html = clean(escape_words(html)).replace("<p></p>", "")  # left behind by a block inside a paragraph
        if "[" in html:
            html = escape_anki_markup(html)
        if "<img" in html or "<a" in html or "<video" in html:
            html = self.place_media(html)
        html = _unwrap(html)
        if "{{" in html:
            html = html.replace("{{", "{&#123;")  # otherwise Anki may read it as a field or a cloze
        if "\\" in html:
            html = _split_math_delimiters(html)
        html = self._write_all_math(html, cut)
        return _drop_forbidden(html)

    def _write_all_math(self, html: str, cut: CutMath) -> str:
        if 'class="math' in html:
            html = _MATH.sub(lambda match: self.write_math(unescape(match[2]), match[1] == "display"), html)
        if cut.placeholder is None:
            return html

        def formula(match: re.Match[str]) -> str:
            found = cut.find_formula(match)
            return self.write_math(found.tex, found.display) if found else ""

        return cut.placeholder.sub(formula, html)

    def place_media(self, html: str) -> str:
        """Write pictures, sounds, videos and links."""
        return place_media(html, self._media)

    def write_math(self, tex: str, display: bool) -> str:
        """Write a formula."""
        tex = _CLOZE_OPENING.sub("{ ", expand(tex, self._macros))
        content = escape(tex, quote=False).replace('"', "&quot;")  # safe in an attribute too
        content = escape_anki_markup(content)
        if display and escape_anki_markup(f"[{content}")[0] != "[":
            content = f" {content}"
        return f"\\[{content}\\]" if display else f"\\({content}\\)"


def _drop_forbidden(text: str) -> str:
    is_clean = text.isascii() and "\x00" not in text and "\x1f" not in text  # much quicker than the pattern
    return text if is_clean else _FORBIDDEN.sub("", text)


def _split_math_delimiters(html: str) -> str:
    r"""Keep `\(` and `\[` in text from beginning a formula in Anki, by an element inside them; code is safe."""
    out: list[str] = []
    depth = 0  # of elements that hold code
    for piece in _TAG.split(html):
        if piece.startswith("<"):
            depth += piece.startswith(("<code", "<pre")) - piece.startswith(("</code", "</pre"))
        elif not depth:
            piece = _MATH_DELIMITER.sub(r"\\<span>\1</span>", piece)
        out.append(piece)
    return "".join(out)


def is_plain(markdown: str) -> bool:
    """Return whether `markdown` is certainly its own HTML, a shortcut for most fields."""
    return _PLAIN.fullmatch(markdown) is not None


def _unwrap(html: str) -> str:
    html = html.strip("\n")
    if html.startswith("<p>") and html.endswith("</p>") and html.find("<p", 3) == -1 and html.count("</p>") == 1:
        return html[3:-4]
    return html
