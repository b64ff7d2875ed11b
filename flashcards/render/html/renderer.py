r"""Render Markdown as the HTML of an Anki field.

pulldown-cmark writes the HTML, which is then adapted to Anki: raw HTML is cleaned, media get their names in Anki and
are shown or played as Anki does, and math becomes `\(x\)` and `\[x\]`. A step runs only if there is something to do.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from html import escape
from types import MappingProxyType
from typing import ClassVar, Final
from urllib.parse import unquote

import pyromark

from flashcards.deck.html import unescape
from flashcards.deck.markdown import OPTIONS, escape_money
from flashcards.deck.markdown_extensions import has_additions, keep_link_definitions, rewrite_additions, split_size
from flashcards.deck.media_references import AUDIO, IMAGE, LINK_SCHEMES, PLAYED, extension, is_remote, scheme
from flashcards.render.code import CodeHighlighter
from flashcards.render.formulas import CutMath, cut_out_math, expand
from flashcards.render.html.tags import ATTRIBUTES, clean, escape_anki_markup, escape_words, is_picture

# A line that begins with a letter and has no character with a meaning in Markdown or HTML is its own HTML.
_MEANING: Final = r"\\`*_\[\]<>&~$|{}\x00-\x1f\x7f-\x9f\ud800-\udfff"
_PLAIN: Final = re.compile(rf"[^\W\d_](?:[^{_MEANING}]*[^{_MEANING}\s])?")
_FORBIDDEN: Final = re.compile(r"[\x00\x1f\ud800-\udfff]")  # these make the import fail, or get lost
_MATH: Final = re.compile(r'<span class="math math-(inline|display)">([^<]*)</span>')
_ALIGN: Final = re.compile(r'(<t[dh]) style="text-align: (left|center|right)"')
_RUBRIC: Final = re.compile(r'<ul>(\n<li>\s*(?:<p>)?<input disabled="" type="checkbox")')
_CHECKBOX: Final = re.compile(r'<input disabled="" type="checkbox"(?: checked="")?/>\n?')
_TAG_OR_MATH: Final = re.compile(r'(<span class="math [^<>]*>[^<]*</span>|<[^<>]*>)')
_MATH_DELIMITER: Final = re.compile(r"\\([(\[])")
_CLOZE_OPENING: Final = re.compile(r"\{(?=\{c)")


UNSEEN: Final = re.compile(r"(?:\s|&nbsp;|<(?!(?:img|video|audio|hr)\b)[^<>]*>)*", re.IGNORECASE)
"""HTML without anything visible, such as that of `<div` alone; the source is shown instead.

Anki regards a field with only `<br>` and `<div>` as empty.
"""


class HtmlRenderer:
    """Renders the notes of one collection for Anki; a subclass writes formulas and media differently.

    The TeX `macros` are expanded in every formula because Anki does not know them. `media` converts each local URL of a
    picture, sound or video, with percent escapes decoded, to its name in Anki; without it, names are unchanged.
    """

    def __init__(self, macros: Mapping[str, str] = MappingProxyType({}), media: Callable[[str], str] = str) -> None:
        self._macros = macros
        self._media = media
        self._markdown = pyromark.Markdown(options=OPTIONS)
        self._with_code = pyromark.Markdown(options=OPTIONS, highlight=CodeHighlighter())

    def render(self, markdown: str, definitions: str = "") -> str:
        """Render one field safely, without `<p>` around a single paragraph; `definitions` are its link definitions."""
        if has_additions(markdown):
            markdown = rewrite_additions(_drop_forbidden(markdown), _drop_forbidden(definitions))
        elif is_plain(markdown):
            return markdown
        definitions = keep_link_definitions(definitions) if definitions else ""
        markdown = _drop_forbidden(markdown)
        cut = cut_out_math(escape_money(markdown))
        source = f"{_drop_forbidden(definitions)}\n\n{cut.source}" if definitions else cut.source
        html = (self._with_code if "```" in source or "~~~" in source else self._markdown).html(source)
        if "<input" in html:
            html = _CHECKBOX.sub("", _RUBRIC.sub(r'<ul class="rubric">\1', html))
        if "<table" in html:
            html = _ALIGN.sub(r'\1 align="\2"', html)
        if "<" in source:
            html = clean(escape_words(html)).replace("<p></p>", "")  # leftovers of a block inside a paragraph
        if "[" in html:
            html = escape_anki_markup(html)
        if "<img" in html or "<a" in html or "<video" in html:
            html = self.place_media(html)
        html = _unwrap(html)
        if "{{" in html:
            html = html.replace("{{", "{&#123;")  # otherwise Anki may read it as a field or a cloze
        if "\\(" in html or "\\[" in html:
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
        content = escape(tex, quote=False).replace('"', "&quot;")  # also safe in an attribute
        content = escape_anki_markup(content)
        if display and escape_anki_markup(f"[{content}")[0] != "[":
            content = f" {content}"
        return f"\\[{content}\\]" if display else f"\\({content}\\)"


def _drop_forbidden(text: str) -> str:
    is_clean = text.isascii() and "\x00" not in text and "\x1f" not in text  # much faster than the pattern
    return text if is_clean else _FORBIDDEN.sub("", text)


def _split_math_delimiters(html: str) -> str:
    r"""Keep `\(` and `\[` in text, but not in code, from starting a formula in Anki, by an element inside."""
    out: list[str] = []
    depth = 0  # of code elements
    for piece in _TAG_OR_MATH.split(html):
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


_SOUND: Final = "\x1f"  # opens a player in the output of `MediaPlacer`; no text contains it
_ANY_TAG: Final = re.compile(r'<(/?)([a-z][a-z0-9]*)((?:\s+[\w:-]+(?:="[^"]*")?)*)\s*/?>')
_KEPT: Final = frozenset({"alt", "title", "width", "height", "dir", "lang"})  # attributes of a picture
_ATTRIBUTE: Final = re.compile(r'([\w:-]+)(?:="([^"]*)")?')


def place_media(html: str, media: Callable[[str], str]) -> str:
    """Replace every local URL of a picture, sound or video by the name that `media` returns.

    Sound and video become `[sound:name]`, even if they are only linked. Links that lead nowhere from inside Anki (local
    files, unknown schemes) keep their text only. The HTML is as pulldown-cmark or nh3 write it; `media` gets URLs with
    HTML and percent escapes undone.
    """
    return MediaPlacer(media).place(html)


class MediaPlacer:
    """A single pass over the tags of a text, written to `out` for Anki, or by a subclass for other targets."""

    loads_remote: ClassVar = True  # whether players may load from the web

    def __init__(self, media: Callable[[str], str]) -> None:
        self.media = media
        self.out: list[str] = []
        self.players: list[tuple[int, bool]] = []  # open audio and video: position in `out`, and whether replaced
        self.links: list[str] = []  # the end of each open link

    def place(self, html: str) -> str:
        """Return the HTML with its media and links replaced."""
        at = 0
        for match in _ANY_TAG.finditer(html):
            self.out.append(html[at : match.start()])
            self.take_tag(match)
            at = match.end()
        self.out.append(html[at:])
        # The texts beside a tag that was dropped may be markup of Anki together.
        return escape_anki_markup("".join(self.out)).replace(_SOUND, "[")

    def take_tag(self, match: re.Match[str]) -> None:
        """Write a tag or its replacement."""
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
        """Write a picture; sound and video embedded as a picture become players."""
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
        """Write the opening tag of a link, and keep its closing tag."""
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
        """Return the replacement of a player with this URL, or "" if it stays."""
        if url and scheme(url) == "":
            return self.write_sound(url)
        return self.write_remote_player(url) if is_remote(url) and not self.loads_remote else ""

    def write_sound(self, url: str) -> str:
        """Write a player for a sound or video of the collection."""
        return f"{_SOUND}sound:{escape(self.get_name(url), quote=False)}]"

    def get_name(self, url: str) -> str:
        """Return the name or address under which a local file is found."""
        return self.media(unquote(url))

    def write_remote_player(self, url: str) -> str:
        """Write a player for sound or video on the web, because `[sound:]` supports only file names."""
        name = "audio" if extension(url) in AUDIO else "video"
        return f"{write_tag(name, {'controls': '', 'src': url})}</{name}>"


def _read_attributes(text: str) -> dict[str, str]:
    return {match[1]: unescape(match[2] or "") for match in _ATTRIBUTE.finditer(text)}


def write_tag(name: str, attributes: dict[str, str]) -> str:
    """Write the opening tag of an element with its allowed attributes."""
    allowed = ATTRIBUTES[name] | ATTRIBUTES["*"]
    written = "".join(f' {key}="{escape(value)}"' for key, value in attributes.items() if key in allowed)
    return f"<{name}{escape_anki_markup(written)}>"
