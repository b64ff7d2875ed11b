"""Render Markdown as the HTML of a page: formulas for KaTeX, local media, nothing loaded from the web."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from pathlib import Path
from typing import Final
from urllib.parse import quote, unquote

from flashcards.deck.media_references import AUDIO, IMAGE, PLAYED, extension, is_remote, scheme
from flashcards.disk.media_files import WIKI_PREFIX, FileFinder, MediaError, find_media_file
from flashcards.render.formulas import expand
from flashcards.render.html.cloze import mark_gaps
from flashcards.render.html.renderer import UNSEEN, HtmlRenderer, MediaPlacer
from flashcards.render.tex import tex_to_text

# Characters; longer ones stay text, because drawing them would block the page for seconds.
_LONGEST_FORMULA: Final = 4000
MEDIA: Final = "/media/"
"""The prefix of a media file's address, followed by its path within the collection."""


class _PagePlacer(MediaPlacer):
    """Writes pictures that can be enlarged, players, and links that open in a new tab."""

    loads_remote = False

    def write_image(self, attributes: dict[str, str]) -> str:
        """Write a picture. One on the web is linked rather than loaded."""
        url = attributes.get("src", "")
        if is_remote(url) and extension(url) not in PLAYED:
            return _link_elsewhere(url, attributes.get("alt", "") or _get_last_part(url) or "picture")
        is_file = bool(url) and not scheme(url) and extension(url) not in PLAYED
        address = self.get_name(url) if is_file else ""
        if is_file and not address:
            return _write_missing(url)
        written = super().write_image(attributes)
        # HTML does not allow a link within a link.
        return f'<a class="zoom" href="{escape(address)}">{written}</a>' if is_file and not self.links else written

    def open_link(self, attributes: dict[str, str]) -> str:
        """Write the opening tag of a link. Links to the web open in a new tab."""
        url = attributes.get("href", "")
        if scheme(url) == "" and extension(url) in IMAGE and not self.get_name(url):
            self.links.append("")
            return _write_missing(url)
        written = super().open_link(attributes)
        if written.startswith("<a") and is_remote(url):
            return f'{written[:-1]} target="_blank" rel="noopener noreferrer">'
        return written

    def write_sound(self, url: str) -> str:
        """Write a player for a local sound or video."""
        address = self.get_name(url)
        if not address:
            return _write_missing(url)
        kind = "audio" if extension(url) in AUDIO else "video"
        return f'<{kind} controls preload="auto" src="{escape(address)}"></{kind}>'

    def write_remote_player(self, url: str) -> str:
        """Write a link instead, because the page loads nothing from the web."""
        return _link_elsewhere(url, _get_last_part(url) or "recording")


class PageRenderer(HtmlRenderer):
    """Renders the notes of one deck file; `file` is its path within the collection."""

    def __init__(self, root: Path, file: str, macros: Mapping[str, str]) -> None:
        super().__init__(macros, self._find_address)
        self._root = root.resolve()
        self._file = file
        self._finder = FileFinder(root)
        self._delimiters: tuple[str, str] | tuple[()] = ()

    def render_side(self, markdown: str, definitions: str, delimiters: tuple[str, str] | tuple[()]) -> str:
        """Render one side of a card. The asked or revealed part of a cloze is in `<mark class="gap">`."""
        self._delimiters = delimiters
        html = self.render(markdown, definitions)
        if UNSEEN.fullmatch(html):
            html = escape(markdown)
        return mark_gaps(html, delimiters) if delimiters else html

    def place_media(self, html: str) -> str:
        """Write pictures, sounds, videos and links."""
        return _PagePlacer(self._find_address).place(html)

    def write_math(self, tex: str, display: bool) -> str:
        """Write a formula as text, with its TeX for the script that draws it."""
        bare, marked = tex, tex
        if self._delimiters:
            opening, closing = self._delimiters
            bare = tex.replace(opening, "").replace(closing, "")
            if tex.count(opening) == tex.count(closing):
                marked = tex.replace(opening, r"{\htmlClass{gap}{").replace(closing, "}}")
        text = tex_to_text(bare, self._macros, inline=not display)
        marked = expand(marked, self._macros)
        shape = ' data-display=""' if display else ""
        drawn = f' data-tex="{escape(marked)}"' if len(marked) <= _LONGEST_FORMULA else ""
        return f'<span class="math"{drawn}{shape}>{escape(text)}</span>'

    def _find_address(self, url: str) -> str:
        try:
            found = find_media_file(self._root, self._file, url, self._finder)
        except MediaError:
            return ""
        return MEDIA + quote(found.relative_to(self._root).as_posix())


def _get_last_part(url: str) -> str:
    return unquote(url.strip().partition("?")[0].partition("#")[0].rstrip("/").rpartition("/")[2])


def _link_elsewhere(url: str, name: str) -> str:
    """Write a link to a file on the web, which the page never loads by itself."""
    address = f"https:{url.strip()}" if scheme(url) == "//" else url
    link = f'<a href="{escape(address)}" target="_blank" rel="noopener noreferrer">{escape(name)}</a>'
    return f'<span class="elsewhere">{link} (on the web, not loaded)</span>'


def _write_missing(url: str) -> str:
    name = unquote(url.removeprefix(WIKI_PREFIX))
    return f'<span class="missing">{escape(name)} is missing from the collection.</span>'
