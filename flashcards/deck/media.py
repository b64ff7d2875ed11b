"""The pictures, sounds and videos that a note names."""

from __future__ import annotations

from dataclasses import dataclass
from html.parser import HTMLParser
from typing import Any
from urllib.parse import unquote

import pyromark

from flashcards.deck.markdown import OPTIONS
from flashcards.deck.media_kinds import IMAGE, PLAYED, extension, scheme
from flashcards.deck.model import Note
from flashcards.deck.source import characters

_EMBEDDING = ("img", "audio", "video", "source")


@dataclass(frozen=True, slots=True)
class Reference:
    """A local file that a note names.

    Attributes:
        url: as written, percent escapes undone: relative to the deck file, or to the collection behind `@/`.
        field: the index of the field it stands in.
        offset: the character of that field at which it (or the HTML that holds it) begins.
    """

    url: str
    field: int
    offset: int


def references(note: Note) -> list[Reference]:
    """Every local picture, sound and video of a note, in order of the text; the same file as often as it is named.

    They are embedded (`![](a.png)`, `<img>`, `<audio>`, `<video>`, `<source>`) or linked (`[listen](a.mp3)`). What lies
    on the web is left out.
    """
    found: list[Reference] = []
    for index, text in enumerate(note.fields):
        if "[" in text or "<" in text:
            found += [Reference(url, index, offset) for url, offset in _local_urls(text, note.definitions)]
    return found


def _local_urls(text: str, definitions: str) -> list[tuple[str, int]]:
    source = f"{text}\n\n{definitions}" if definitions else text
    at = characters(source)
    found: list[tuple[str, int]] = []
    html = _Html()
    for event, place in pyromark.events_with_range(source, options=OPTIONS):
        if isinstance(event, str):
            continue
        ((name, value),) = event.items()
        if name == "Start":
            urls = _of_tag(value)
        elif name in ("Html", "InlineHtml"):
            urls = html.read(str(value))
        else:
            continue
        found += [(unquote(url), at(place["start"])) for url in urls if url and scheme(url) == ""]
    return found


def _of_tag(value: Any) -> list[str]:
    if isinstance(value, dict):
        if "Image" in value:
            return [value["Image"]["dest_url"]]
        if "Link" in value:
            return _if_media(value["Link"]["dest_url"])
    return []


def _if_media(url: str) -> list[str]:
    return [url] if extension(url) in PLAYED | IMAGE else []


class _Html(HTMLParser):
    """Collects the URLs of media in pieces of HTML; a tag may begin in one piece and end in a later one."""

    def __init__(self) -> None:
        super().__init__()
        self._urls: list[str] = []

    def read(self, html: str) -> list[str]:
        self._urls = []
        self.feed(html)
        return self._urls

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        if tag in _EMBEDDING:
            self._urls.append(values.get("src") or "")
        elif tag == "a":
            self._urls += _if_media(values.get("href") or "")
