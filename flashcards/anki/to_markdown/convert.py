"""Convert a field from HTML to Markdown, and check that the text is still the same."""

from __future__ import annotations

import re
from html import unescape
from typing import TYPE_CHECKING, Final, NamedTuple

from flashcards.anki.to_markdown.blocks import Blocks
from flashcards.anki.to_markdown.placeholders import PLACEHOLDER, CutField, cut_out
from flashcards.anki.to_markdown.plain_fallback import write_plain
from flashcards.anki.to_markdown.tree import (
    UNSEEN,
    Element,
    drop_elements,
    drop_line_numbers,
    get_text,
    parse_html,
    restore_formulas,
)

if TYPE_CHECKING:
    from flashcards.anki.to_markdown.elements import Media
    from flashcards.render.html.renderer import HtmlRenderer

# A line that begins with a letter and has no character with a meaning in Markdown, HTML or a deck stays as it is.
_PLAIN: Final = re.compile(
    r"[^\W\d_](?![:：])[^\\`*_\[\]<>&~$|{}=:\x00-\x1f\x7f-\x9f\xa0\ud800-\udfff]*[^\W_.)?!,;]?[.)?!,;]?"
)
_UNUSABLE: Final = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff]")
_NO_CONTENT: Final = re.compile(r"(?<!\\)(\{\{c[0-9,]+::)\s*(?=::|\}\})")
_TAG: Final = re.compile(r"<[^<>]*>")
_SPACES: Final = re.compile(r"[\s\xa0\u200b]+")

_IDLE: Final = UNSEEN | {"button"}
_IDLE_TAG: Final = re.compile(rf"<(?:{'|'.join(sorted(_IDLE))})\b", re.IGNORECASE)

NOTHING: Final = "—"
"""The text of a part that is empty and must not be."""
EMPTY_GAP: Final = f"an empty gap is now `{NOTHING}`"
"""The problem of a gap that hides nothing."""


class Converted(NamedTuple):
    """The Markdown of a field, and what it had to drop or change, as parts of a sentence."""

    markdown: str
    problems: tuple[str, ...] = ()


class Converter:
    """A converter for the fields of one package.

    Args:
        media: gets the name of a media file, returns its URL.
    """

    def __init__(self, media: Media) -> None:
        self.media = media
        self._renderer: HtmlRenderer | None = None

    def convert(self, html: str, *, cloze: bool = False) -> Converted:
        """Convert one field; in a `cloze`, `{{c1::…}}` are gaps."""
        html = _UNUSABLE.sub("", html).replace("\r\n", "\n").replace("\r", "\n")
        if _PLAIN.fullmatch(html):
            return Converted(html.rstrip())
        cut = cut_out(html, cloze=cloze)
        tree = parse_html(cut.html)
        if _IDLE_TAG.search(html):
            tree = self._drop_idle(tree, cut)
        if "<pre" in html.lower():
            tree = drop_line_numbers(tree)
        if "<annotation" in html:
            tree = restore_formulas(tree, cut)
        text = Blocks(cut, self.media, cloze=cloze).convert(tree)
        if not self._says_the_same(text, tree, cut):
            cut.problems.append("the text is kept without its formatting")
            text = write_plain(tree, cut, self.media)
        if cloze:
            text, empty = _NO_CONTENT.subn(rf"\1{NOTHING}", text)
            if empty:
                cut.problems.append(EMPTY_GAP)
        return Converted(text.strip(), tuple(dict.fromkeys(cut.problems)))

    def _drop_idle(self, tree: Element, cut: CutField) -> Element:
        """Drop buttons, which only a script would answer; keep hidden elements that hold a gap."""
        blocks = Blocks(cut, self.media, cloze=False)

        def is_idle(element: Element) -> bool:
            if element.tag not in _IDLE:
                return False
            if blocks.has_gap(element):
                element.tag = "span"
            elif element.tag == "button" and get_text(element).strip():
                cut.problems.append("<button> is left out")
            return element.tag == "button"

        return drop_elements(tree, is_idle)

    def _says_the_same(self, markdown: str, tree: Element, cut: CutField) -> bool:
        """Return whether the rendered Markdown shows the same text as the field."""
        if self._renderer is None:
            from flashcards.render.html.renderer import HtmlRenderer

            self._renderer = HtmlRenderer({}, lambda name: name)
        shown = unescape(
            _TAG.sub("", re.sub(r"\[sound:[^\]]*\]|<title>.*?</title>", "", self._renderer.render(markdown)))
        )
        return _drop_spaces(shown) == _drop_spaces(_write_expected(get_text(tree), cut))


def _write_expected(text: str, cut: CutField) -> str:
    def one(match: re.Match[str]) -> str:
        found = cut.placeholders[int(match[1])]
        if found.kind == "sound":
            return ""
        if found.kind == "inline":
            return f"\\({found.value}\\)"
        return f"\\[{found.value}\\]" if found.kind == "display" else found.value

    return PLACEHOLDER.sub(one, text)


def _drop_spaces(text: str) -> str:
    return _SPACES.sub("", text.replace("{ {", "{{"))
