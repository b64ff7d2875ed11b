"""Write the media and links of rendered HTML as Anki shows and plays them."""

from __future__ import annotations

import re
from collections.abc import Callable
from html import escape, unescape
from typing import ClassVar, Final
from urllib.parse import unquote

from flashcards.deck.markdown_extensions import split_size
from flashcards.deck.media_references import AUDIO, IMAGE, LINK_SCHEMES, PLAYED, extension, is_remote, scheme
from flashcards.render.html.tags import ATTRIBUTES, escape_anki_markup, is_picture

_TAG: Final = re.compile(r'<(/?)([a-z][a-z0-9]*)((?:\s+[\w:-]+(?:="[^"]*")?)*)\s*/?>')
_KEPT: Final = frozenset({"alt", "title", "width", "height", "dir", "lang"})  # attributes of a picture
_ATTRIBUTE: Final = re.compile(r'([\w:-]+)(?:="([^"]*)")?')


def place_media(html: str, media: Callable[[str], str]) -> str:
    """Replace every local URL of a picture, sound or video by the name that `media` returns.

    Sound and video become `[sound:name]`, even if they are only linked. Links that lead nowhere from inside Anki
    (local files, unknown schemes) keep their text only.

    Args:
        html: as pulldown-cmark or nh3 write it (names in lower case, values in double quotes).
        media: gets the local URL with HTML and percent escapes undone, returns the file's name in Anki.
    """
    return MediaPlacer(media).place(html)


class MediaPlacer:
    """A single pass over the tags of a text; `out` is the HTML so far. It writes for Anki, a subclass for others."""

    loads_remote: ClassVar = True  # whether players may load from the web

    def __init__(self, media: Callable[[str], str]) -> None:
        self.media = media
        self.out: list[str] = []
        self.players: list[tuple[int, bool]] = []  # open audio and video: where in `out`, and whether replaced
        self.links: list[str] = []  # what to write where each open link ends

    def place(self, html: str) -> str:
        """Return the HTML with its media and links as they are to be written."""
        at = 0
        for match in _TAG.finditer(html):
            self.out.append(html[at : match.start()])
            self.take_tag(match)
            at = match.end()
        self.out.append(html[at:])
        return "".join(self.out)

    def take_tag(self, match: re.Match[str]) -> None:
        """Write a tag, or what replaces it."""
        closes, name, attributes = match[1] == "/", match[2], match[3]
        if name == "img":
            self.out.append(self.write_image(_read_attributes(attributes)))
        elif name == "a":
            self.out.append(self.links.pop() if closes and self.links else self.open_link(_read_attributes(attributes)))
        elif name in ("audio", "video"):
            self._take_player(match[0], closes, _read_attributes(attributes))
        elif name == "source":
            self._replace_player(match[0], _read_attributes(attributes))
        else:
            self.out.append(match[0])

    def write_image(self, attributes: dict[str, str]) -> str:
        """Write a picture; sound and video written as a picture are played."""
        url = attributes.get("src", "")
        if not url or not (is_picture(url) or scheme(url) in ("", "http", "https", "//")):
            return escape_anki_markup(escape(attributes.get("alt", ""), quote=False))
        if extension(url) in PLAYED:
            return self.write_remote_player(url) if is_remote(url) else self.write_sound(url)
        name = url if is_picture(url) or is_remote(url) else self.get_name(url)
        kept = {key: value for key, value in attributes.items() if key in _KEPT}
        if "|" in kept.get("alt", ""):
            kept["alt"], sizes = split_size(kept["alt"])
            kept = sizes | kept
        return write_tag("img", {"src": name, "alt": ""} | kept)

    def open_link(self, attributes: dict[str, str]) -> str:
        """Write the beginning of a link, and keep what to write at its end."""
        url = attributes.get("href", "")
        ending = "</a>"
        if scheme(url) == "" and extension(url) in PLAYED:
            self.links.append(f" {self.write_sound(url)}")
            return ""
        if scheme(url) == "" and extension(url) in IMAGE:
            attributes["href"] = self.get_name(url)
        elif scheme(url) == "//":
            attributes["href"] = f"https:{url.strip()}"
        elif scheme(url) not in LINK_SCHEMES:
            self.links.append("")
            return ""
        self.links.append(ending)
        return write_tag("a", attributes)

    def _take_player(self, text: str, closes: bool, attributes: dict[str, str]) -> None:
        if closes:
            start, replaced = self.players.pop() if self.players else (len(self.out), False)
            if replaced:
                del self.out[start + 1 :]
            else:
                self.out.append(text)
            return
        url = attributes.get("src", "")
        written = self._write_instead(url)
        self.players.append((len(self.out), bool(written)))
        self.out.append(written or text)

    def _replace_player(self, text: str, attributes: dict[str, str]) -> None:
        url = attributes.get("src", "")
        if not self.players or self.players[-1][1]:
            return
        if written := self._write_instead(url):
            start = self.players[-1][0]
            self.players[-1] = (start, True)
            self.out[start] = written
        elif is_remote(url):
            self.out.append(text)

    def _write_instead(self, url: str) -> str:
        """Write what replaces a player with this URL; nothing if it stays as it is."""
        if url and scheme(url) == "":
            return self.write_sound(url)
        return self.write_remote_player(url) if is_remote(url) and not self.loads_remote else ""

    def write_sound(self, url: str) -> str:
        """Write what plays a sound or video of the collection."""
        return f"[sound:{escape(self.get_name(url), quote=False)}]"

    def get_name(self, url: str) -> str:
        """Return the name or address under which a local file is found."""
        return self.media(unquote(url))

    def write_remote_player(self, url: str) -> str:
        """Write a player for sound or video on the web: `[sound:]` takes only the name of a file."""
        name = "audio" if extension(url) in AUDIO else "video"
        return f"{write_tag(name, {'controls': '', 'src': url})}</{name}>"


def _read_attributes(text: str) -> dict[str, str]:
    return {match[1]: unescape(match[2] or "") for match in _ATTRIBUTE.finditer(text)}


def write_tag(name: str, attributes: dict[str, str]) -> str:
    """Write the beginning of an element with those of its attributes that are allowed."""
    allowed = ATTRIBUTES[name] | ATTRIBUTES["*"]
    written = "".join(f' {key}="{escape(value)}"' for key, value in attributes.items() if key in allowed)
    return f"<{name}{escape_anki_markup(written)}>"
