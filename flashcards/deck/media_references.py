"""Find the pictures, sounds and videos that a note refers to."""

from __future__ import annotations

import re
from typing import Any, Final, NamedTuple
from urllib.parse import unquote

import pyromark

from flashcards.deck.markdown import OPTIONS, prepare_source
from flashcards.deck.markdown_extensions import keep_link_definitions, rewrite_additions
from flashcards.deck.model import Note

AUDIO: Final = frozenset({"aac", "flac", "m4a", "mp3", "oga", "ogg", "opus", "spx", "wav"})
VIDEO: Final = frozenset({"3gp", "avi", "flv", "m4v", "mkv", "mov", "mp4", "mpeg", "mpg", "ogv", "swf", "webm"})
IMAGE: Final = frozenset(
    {"apng", "avif", "bmp", "gif", "heic", "ico", "jfif", "jpeg", "jpg", "png", "svg", "tif", "tiff", "webp"}
)
PLAYED: Final = AUDIO | VIDEO

# Schemes of links that Anki opens in another program, except those that run code or open files.
_SCHEMES: Final = """
http https mailto ftp ftps sftp tel sms geo news irc ircs xmpp matrix sip sips webcal magnet doi urn
obsidian zotero logseq notion joplin things omnifocus bear drafts craftdocs evernote onenote devonthink
x-devonthink-item hook message mid thunderlink calibre marginnote3app marginnote4app goodnotes anki anki-x-callback
vscode vscode-insiders cursor zed spotify msteams slack zoommtg linear figma
"""
LINK_SCHEMES: Final = frozenset(_SCHEMES.split())

_SCHEME: Final = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*):")
_SPACES: Final = re.compile(r"[\x00-\x20]+")
_EMBEDDING: Final = ("img", "audio", "video", "source")


class Reference(NamedTuple):
    """A reference of a note to a local file."""

    url: str  # as written, percent escapes undone: relative to the deck file, or to the collection after `@/`
    field: int  # the index of the field with the reference
    offset: int  # the character of that field at which the reference (or the HTML around it) begins


def find_references(note: Note) -> list[Reference]:
    """Find every local picture, sound and video of a note, in order of the text, with repetitions.

    They are embedded (`![](a.png)`, `<img>`, `<audio>`, `<video>`, `<source>`) or linked (`[listen](a.mp3)`). Files on
    the web are omitted.
    """
    found: list[Reference] = []
    for index, text in enumerate(note.fields):
        if "[" in text or "<" in text:
            found += [Reference(url, index, offset) for url, offset in _local_urls(text, note.definitions)]
    return found


def _local_urls(text: str, definitions: str) -> list[tuple[str, int]]:
    text = rewrite_additions(text, definitions)
    definitions = keep_link_definitions(definitions)
    source = f"{text}\n\n{definitions}" if definitions else text
    parsed, at = prepare_source(source)
    found: list[tuple[str, int]] = []
    html: list[str] = []  # the lines of the open HTML block
    start = 0
    for event, place in pyromark.events_with_range(parsed, options=OPTIONS):
        if isinstance(event, str):
            continue
        ((name, value),) = event.items()
        if name == "Html":
            start = start if html else place["start"]
            html.append(str(value))
            continue
        if name == "Start":
            urls = _find_urls(value)
        elif name == "InlineHtml" or (name == "End" and html):
            urls = _find_html_urls(str(value) if name == "InlineHtml" else "".join(html))
            start, html = (place["start"] if name == "InlineHtml" else start), []
        else:
            continue
        offset = at(place["start"] if name == "Start" else start)
        found += [(unquote(url), offset) for url in urls if url and scheme(url) == ""]
    return found


def _find_urls(tag: Any) -> list[str]:
    """Return the URLs of a picture or link of Markdown."""
    if isinstance(tag, dict):
        if "Image" in tag:
            return [tag["Image"]["dest_url"]]
        if "Link" in tag:
            return _keep_media(tag["Link"]["dest_url"])
    return []


def _find_html_urls(html: str) -> list[str]:
    from flashcards.deck.html import Tag, split_html

    urls: list[str] = []
    for tag in split_html(html):
        if isinstance(tag, Tag) and tag.name in _EMBEDDING:
            urls.append(tag.attributes.get("src", ""))
        elif isinstance(tag, Tag) and tag.name == "a":
            urls += _keep_media(tag.attributes.get("href", ""))
    return urls


def _keep_media(url: str) -> list[str]:
    return [url] if extension(url) in PLAYED | IMAGE else []


def extension(url: str) -> str:
    """Return the extension of the file at `url`, in lower case and without its dot, or ""."""
    name = re.split(r"[?#]", url, maxsplit=1)[0].replace("\\", "/").rpartition("/")[2]
    return name.rpartition(".")[2].lower() if "." in name else ""


def scheme(url: str) -> str:
    """Return the scheme of `url` as a browser reads it, in lower case; `//` for `//host/path`; "" for a local path."""
    bare = _SPACES.sub("", url)
    if bare.startswith("//"):
        return "//"
    match = _SCHEME.match(bare)
    return match[1].lower() if match else ""


def is_remote(url: str) -> bool:
    """Return whether `url` is on the web."""
    return scheme(url) in ("http", "https", "//")
