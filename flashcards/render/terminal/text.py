"""Write card text as rich `Text` with styles and gaps, without control characters; convert raw HTML to plain text."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from string import ascii_lowercase
from typing import TYPE_CHECKING, Final

from rich.text import Text

from flashcards.deck.media_references import PLAYED, extension
from flashcards.disk.media_files import WIKI_PREFIX

if TYPE_CHECKING:
    from flashcards.deck.html import Tag

GAP: Final = "bold magenta"
CODE: Final = "cyan"
HEADING: Final = "bold"
LINK: Final = "underline"
ASIDE: Final = "dim"

_TAG: Final = re.compile(r"<(/?)([A-Za-z][A-Za-z0-9]*)[\s/>]")
_STYLES: Final = {
    **dict.fromkeys(("b", "strong"), "bold"),
    **dict.fromkeys(("i", "em", "cite", "dfn", "var"), "italic"),
    **dict.fromkeys(("u", "ins"), "underline"),
    **dict.fromkeys(("s", "del", "strike"), "strike"),
    **dict.fromkeys(("code", "kbd", "samp", "tt"), CODE),
    "mark": "reverse",
}
_RUBY: Final = frozenset({"ruby", "rb", "rt", "rp"})
_SCRIPTS: Final = {"sup": "^", "sub": "_"}
_BRACKETED: Final = re.compile(r"\([^()]*\)|\[[^\[\]]*\]")

Delimiters = tuple[str, str] | tuple[()]

_KEPT: Final = frozenset({0x09, 0x0A})
_SAFE: Final = (
    {code: 0x2400 + code for code in range(0x20) if code not in _KEPT}
    | {0x7F: 0x2421}
    | dict.fromkeys(range(0x80, 0xA0), 0xFFFD)
    | dict.fromkeys(range(0xD800, 0xE000), 0xFFFD)
)


def escape_controls(text: str) -> str:
    r"""Replace control characters, except `\n` and the tab, by their pictures (`␛` for escape)."""
    return text if text.isprintable() else text.translate(_SAFE)


class TextWriter:
    """Writes styled text, and what is between the delimiters as a gap; `text` is the text since `flush`."""

    def __init__(self, delimiters: Delimiters, *, plain: bool) -> None:
        self.text = Text()
        self._opening, self._closing = delimiters or ("", "")
        self._cut = re.compile(f"([{re.escape(''.join(delimiters))}])") if delimiters else None
        self._plain = plain
        self._styles: list[str] = []
        self._depth = 0

    def push(self, style: str) -> None:
        """Draw in `style` from now on, until `pop`."""
        self._styles.append(style)

    def pop(self, style: str) -> None:
        """End `style`, which may not be the last one, because tags may overlap."""
        at = len(self._styles) - 1 - self._styles[::-1].index(style)
        del self._styles[at]

    def write(self, text: str, style: str = "") -> None:
        """Add `text`, in `style` as well as the pushed styles."""
        if self._cut is None:
            self._append(text, style)
            return
        for piece in self._cut.split(text):
            if piece == self._opening:
                self._depth += 1
            elif piece == self._closing:
                self._depth = max(0, self._depth - 1)
            else:
                self._append(piece, style)

    def flush(self) -> Text:
        """Return the text without trailing spaces, and begin an empty one."""
        taken, self.text = self.text, Text()
        taken.rstrip()
        return taken

    def _append(self, text: str, style: str) -> None:
        if not text:
            return
        if self._plain:
            self.text.append(escape_controls(text))
            return
        styles = dict.fromkeys([*self._styles, style, GAP if self._depth else ""])
        self.text.append(escape_controls(text), " ".join(name for name in styles if name))


def write_script(text: str, tag: str, *, plain: bool = False) -> str:
    """Write the content of `<sup>` or `<sub>`: `⁵` if Unicode has it and it is not `plain`, else `^x` or `^(so)`."""
    from flashcards.render.tex.layout import find_small_form

    sign = _SCRIPTS[tag]
    written = None if plain else find_small_form(text, sign)
    if written is not None or not text.strip():
        return text if written is None else written
    return f"{sign}{text}" if len(text) == 1 or _BRACKETED.fullmatch(text) else f"{sign}({text})"


class InlineTags:
    """The open tags in the text of `writer`; they end with its block at the latest."""

    def __init__(self, writer: TextWriter, *, plain: bool) -> None:
        self._writer = writer
        self._plain = plain
        self._in_reading = False
        self._before_fallback: Text | None = None  # the text before an open `<rp>`
        self._open: list[tuple[str, Text]] = []  # with the text before it, if its content is collected separately

    def apply_tag(self, html: str) -> None:
        """Apply one tag of any name."""
        match = _TAG.match(html)
        name = match[2].lower() if match else ""
        if name in _RUBY:
            self._apply_ruby(name, closes=bool(match and match[1]))
        if not match or (name not in _STYLES and name not in _SCRIPTS):
            return
        if not match[1]:
            self._open.append((name, self._writer.text))
            if name in _STYLES:
                self._writer.push(_STYLES[name])
            else:
                self._writer.text = Text()
            return
        for at in range(len(self._open) - 1, -1, -1):
            if self._open[at][0] == name:
                if name in _STYLES:
                    self._writer.pop(_STYLES[name])
                    del self._open[at]
                else:
                    self._close(at)
                return

    def _apply_ruby(self, name: str, *, closes: bool) -> None:
        """Write the reading of characters in parentheses, and drop the parentheses in `<rp>`."""
        if self._before_fallback is not None:
            self._writer.text, self._before_fallback = self._before_fallback, None
        if self._in_reading and name != "rp":
            self._writer.write(")")
            self._in_reading = False
        if name == "rt" and not closes:
            self._writer.write("(")
            self._in_reading = True
        elif name == "rp" and not closes:
            self._before_fallback, self._writer.text = self._writer.text, Text()

    def end(self) -> None:
        """Close all tags at the end of a block."""
        if self._in_reading or self._before_fallback is not None:
            self._apply_ruby("ruby", closes=True)
        for name, before in reversed(self._open):
            if name in _STYLES:
                self._writer.pop(_STYLES[name])
            else:
                self._writer.text = before.append_text(self._writer.text)
        self._open.clear()

    def _close(self, at: int) -> None:
        """Close the script opened at `at`, and the open ones inside it."""
        for name, before in reversed(self._open[at + 1 :]):
            if name in _SCRIPTS:
                self._writer.text = before.append_text(self._writer.text)
        within = [each for each in self._open[at + 1 :] if each[0] in _STYLES]
        name, before = self._open[at]
        self._open[at:] = within
        inner = self._writer.text
        self._writer.text = before
        if not inner:
            return
        written = write_script(inner.plain, name, plain=self._plain)
        ahead, found, behind = written.partition(inner.plain)
        if not found:  # other characters of the same number
            inner.plain, ahead, behind = written, "", ""
        before.append(ahead).append_text(inner).append(behind)


_NEW_LINE: Final = frozenset(
    {"address", "blockquote", "br", "dd", "details", "div", "dl", "dt", "figcaption", "figure", "h1", "h2", "h3", "h4"}
    | {"h5", "h6", "hr", "li", "ol", "p", "pre", "summary", "table", "tr", "ul"}
)
_SPACES: Final = re.compile(r"[^\S\x1f]+")
_KEPT_SPACE: Final = "\x1f"  # a space that is displayed as written
_UNSEEN: Final = frozenset({"script", "style", "rp"})


def html_to_text(html: str, *, plain: bool = False) -> str:
    """Convert a piece of HTML, complete or not, to text without comments, scripts and style sheets."""
    from flashcards.deck.html import split_html  # imported late, because few cards contain HTML

    reader = _HtmlTextReader(plain=plain)
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
    """Return the label of a picture, sound or video: `[image: alt (path)]`, `[sound: path]`."""
    url = url.removeprefix(WIKI_PREFIX)
    if played or extension(url) in PLAYED:
        return f"[sound: {alt} ({url})]" if alt else f"[sound: {url}]"
    return f"[image: {alt} ({url})]" if alt else f"[image: {url}]"


_ROMAN: Final = ("i", "ii", "iii", "iv", "v", "vi", "vii", "viii", "ix", "x", "xi", "xii")


def _label_item(attributes: dict[str, str], value: str) -> str:
    """Return the number, letter or Roman number of the next item of a list, which may be given by its `value`.

    The next number is stored as the `start` in the attributes of the list.
    """
    kind, start = attributes.get("type", ""), value or attributes.get("start", "")
    labels: Sequence[str] = {"a": ascii_lowercase, "i": _ROMAN}.get(kind.lower(), ())
    number = int(start) if start.isdecimal() and len(start) < 9 else 1
    attributes["start"] = str(number + 1)
    label = labels[number - 1] if 0 < number <= len(labels) else str(number)
    return label.upper() if kind.isupper() else label


class _HtmlTextReader:
    def __init__(self, *, plain: bool) -> None:
        self.out: list[str] = []
        self._plain = plain
        self._unseen = 0
        self._as_written = 0
        self._first_cell = True
        self._lists: list[dict[str, str] | None] = []  # the attributes of each open list, or nothing if it has bullets
        self._scripts: list[int] = []  # the start of each open `<sup>` or `<sub>`

    def open_tag(self, opening: Tag) -> None:
        tag, values = opening.name, opening.attributes
        if tag in _UNSEEN:
            self._unseen += 1
        elif tag in _NEW_LINE:
            self.out.append("\n")
            self._start_line(tag, values)
        elif tag in ("td", "th"):
            self.out.append("" if self._first_cell else " | ")
            self._first_cell = False
        elif tag in ("sup", "sub"):
            self._scripts.append(len(self.out))
        elif tag == "rt":
            self.out.append("(")
        elif tag in ("img", "audio", "video", "source") and values.get("src"):
            self.out.append(label_media(values["src"], values.get("alt", ""), played=tag != "img"))

    def _start_line(self, tag: str, attributes: Mapping[str, str]) -> None:
        if tag in ("ul", "ol"):
            self._lists.append(dict(attributes) if tag == "ol" else None)
        elif tag == "li":
            numbered = self._lists[-1] if self._lists else None
            self.out.append(_KEPT_SPACE * 2 * (len(self._lists) - 1))
            bullet = "- " if self._plain else "• "
            self.out.append(bullet if numbered is None else f"{_label_item(numbered, attributes.get('value', ''))}. ")
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
