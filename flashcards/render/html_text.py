"""Raw HTML as text for the terminal: tags dropped, text kept, pictures and sound named."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from typing import Final

from flashcards.deck.media_kinds import PLAYED, extension

_NEW_LINE: Final = frozenset(
    {"address", "blockquote", "br", "dd", "details", "div", "dl", "dt", "figcaption", "figure", "h1", "h2", "h3", "h4"}
    | {"h5", "h6", "hr", "li", "ol", "p", "pre", "summary", "table", "tr", "ul"}
)
_UNSEEN: Final = frozenset({"script", "style"})


def html_text(html: str) -> str:
    """The text of a piece of HTML, whole or not; comments, scripts and style sheets vanish."""
    reader = _Reader()
    reader.feed(html)
    reader.close()
    lines = (" ".join(line.split()) for line in "".join(reader.out).splitlines())
    return re.sub(r"\n{2,}", "\n", "\n".join(lines)).strip("\n")


def media_label(url: str, alt: str = "", *, played: bool = False) -> str:
    """What stands for a picture, or for sound and video: `[image: alt (path)]`, `[sound: path]`."""
    if played or extension(url) in PLAYED:
        return f"[sound: {alt} ({url})]" if alt else f"[sound: {url}]"
    return f"[image: {alt} ({url})]" if alt else f"[image: {url}]"


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.out: list[str] = []
        self._unseen = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        if tag in _UNSEEN:
            self._unseen += 1
        elif tag in _NEW_LINE:
            self.out.append("\n")
        elif tag in ("td", "th"):
            self.out.append(" ")
        elif tag in ("img", "audio", "video", "source") and values.get("src"):
            self.out.append(media_label(values["src"] or "", values.get("alt") or "", played=tag != "img"))

    def handle_endtag(self, tag: str) -> None:
        if tag in _UNSEEN:
            self._unseen = max(0, self._unseen - 1)
        elif tag in _NEW_LINE and tag != "br":
            self.out.append("\n")

    def handle_data(self, data: str) -> None:
        if not self._unseen:
            self.out.append(data)
