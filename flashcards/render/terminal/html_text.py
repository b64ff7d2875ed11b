"""Convert raw HTML to text for the terminal: drop tags, keep text, name pictures and sounds."""

from __future__ import annotations

import re
from typing import Final

from flashcards.deck.html import Tag, split_html
from flashcards.deck.media import PLAYED, extension
from flashcards.deck.wiki_markdown import BY_NAME
from flashcards.render.terminal.text import write_script

_NEW_LINE: Final = frozenset(
    {"address", "blockquote", "br", "dd", "details", "div", "dl", "dt", "figcaption", "figure", "h1", "h2", "h3", "h4"}
    | {"h5", "h6", "hr", "li", "ol", "p", "pre", "summary", "table", "tr", "ul"}
)
_SPACES: Final = re.compile(r"[^\S\x1f]+")
_KEPT_SPACE: Final = "\x1f"  # a space that is shown as it is written
_UNSEEN: Final = frozenset({"script", "style", "rp"})


def html_to_text(html: str, *, plain: bool = False) -> str:
    """Convert a piece of HTML, complete or not, to text without comments, scripts and style sheets.

    Args:
        html: the source.
        plain: use no symbols.
    """
    reader = _Reader(plain=plain)
    for piece in split_html(html):
        if isinstance(piece, str):
            reader.add_text(piece)
        elif piece.closes:
            reader.close_tag(piece.name)
        else:
            reader.open_tag(piece)
    lines = (_SPACES.sub(" ", line).strip(" ") for line in "".join(reader.out).splitlines())
    return re.sub(r"\n{2,}", "\n", "\n".join(lines)).strip("\n").replace(_KEPT_SPACE, " ")


def label_media(url: str, alt: str = "", *, played: bool = False) -> str:
    """Write the label of a picture, or of sound and video: `[image: alt (path)]`, `[sound: path]`."""
    url = url.removeprefix(BY_NAME)
    if played or extension(url) in PLAYED:
        return f"[sound: {alt} ({url})]" if alt else f"[sound: {url}]"
    return f"[image: {alt} ({url})]" if alt else f"[image: {url}]"


class _Reader:
    def __init__(self, *, plain: bool) -> None:
        self.out: list[str] = []
        self._plain = plain
        self._unseen = 0
        self._as_written = 0
        self._first_cell = True
        self._lists: list[int | None] = []  # the number of the next item of each open list
        self._scripts: list[int] = []  # where the text of each open `<sup>` or `<sub>` begins

    def open_tag(self, opening: Tag) -> None:
        tag, values = opening.name, opening.attributes
        if tag in _UNSEEN:
            self._unseen += 1
        elif tag in _NEW_LINE:
            self.out.append("\n")
            self._start_line(tag)
        elif tag in ("td", "th"):
            self.out.append("" if self._first_cell else " | ")
            self._first_cell = False
        elif tag in ("sup", "sub"):
            self._scripts.append(len(self.out))
        elif tag == "rt":
            self.out.append("(")
        elif tag in ("img", "audio", "video", "source") and values.get("src"):
            self.out.append(label_media(values["src"], values.get("alt", ""), played=tag != "img"))

    def _start_line(self, tag: str) -> None:
        if tag in ("ul", "ol"):
            self._lists.append(1 if tag == "ol" else None)
        elif tag == "li":
            number = self._lists[-1] if self._lists else None
            self.out.append(_KEPT_SPACE * 2 * (len(self._lists) - 1))
            self.out.append(f"{number}. " if number else "- " if self._plain else "• ")
            if number:
                self._lists[-1] = number + 1
        elif tag == "summary":
            self.out.append("" if self._plain else "▸ ")
        elif tag == "tr":
            self._first_cell = True
        elif tag == "pre":
            self._as_written += 1

    def close_tag(self, tag: str) -> None:
        if tag in _UNSEEN:
            self._unseen = max(0, self._unseen - 1)
        elif tag in ("sup", "sub") and self._scripts:
            at = self._scripts.pop()
            self.out[at:] = [write_script("".join(self.out[at:]), tag, plain=self._plain)]
        elif tag in ("ul", "ol") and self._lists:
            self._lists.pop()
            self.out.append("\n")
        elif tag == "rt":
            self.out.append(")")
        elif tag == "pre":
            self._as_written = max(0, self._as_written - 1)
            self.out.append("\n")
        elif tag in _NEW_LINE and tag != "br":
            self.out.append("\n")

    def add_text(self, data: str) -> None:
        if self._as_written:
            self.out.append(data.expandtabs(4).replace(" ", _KEPT_SPACE))
        elif not self._unseen:
            self.out.append(data)
