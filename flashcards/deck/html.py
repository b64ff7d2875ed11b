"""Split HTML into tags and text, and replace text between two tags.

Any text can be read, in linear time; incomplete markup is text. The parser of the standard library raises errors for
some texts and takes quadratic time for others.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from html import unescape as unescape_html
from typing import Final, NamedTuple

_NAME: Final = re.compile(r"</?([A-Za-z][^\s/>\x00]*)")
_ATTRIBUTE: Final = re.compile(r"[\s/]*([^\s/>][^\s/>=]*)(\s*=\s*)?")
_UNQUOTED: Final = re.compile(r"[^\s>]*")
_TAG_END: Final = re.compile(r"[\s/]*>")
_LONG_NUMBER: Final = re.compile(r"&#([0-9]{9,})")
_NO_CHARACTER: Final = 0x110000
_RAW: Final = frozenset({"script", "style"})  # their content is text up to their end
_RAW_END: Final = {name: re.compile(rf"</{name}(?=[\s/>])", re.IGNORECASE) for name in _RAW}


def replace_enclosed(
    text: str,
    opening: re.Pattern[str],
    find_closing: Callable[[re.Match[str]], re.Pattern[str] | None],
    make: Callable[[re.Match[str], str, re.Match[str]], str],
) -> str:
    """Replace each opening, such as `<b>`, with its content and closing, by the result of `make`, in linear time.

    `find_closing` returns the pattern that closes an opening, or None to leave it alone. A regular expression with
    `.*?` would search the whole rest of a text again for each unclosed opening.
    """
    out: list[str] = []
    missing: set[re.Pattern[str]] = set()
    done = at = 0
    while found := opening.search(text, at):
        at = found.end()
        pattern = find_closing(found)
        if pattern is None or pattern in missing:
            continue
        closing = pattern.search(text, at)
        if closing is None:
            missing.add(pattern)
            continue
        out += [text[done : found.start()], make(found, text[at : closing.start()], closing)]
        done = at = closing.end()
    return "".join((*out, text[done:]))


def unescape(html: str) -> str:
    """Replace character references. Python refuses to convert very long numbers; like browsers, this reads them."""

    def shorten(match: re.Match[str]) -> str:
        digits = match[1].lstrip("0")
        return f"&#{_NO_CHARACTER if len(digits) > len(str(_NO_CHARACTER)) else digits or 0}"

    return unescape_html(_LONG_NUMBER.sub(shorten, html))


class Tag(NamedTuple):
    """A tag: its name and attributes in lower case; whether it is `</x>`, and whether it is `<x/>`."""

    name: str
    attributes: dict[str, str]
    closes: bool = False
    is_empty: bool = False


def split_html(html: str) -> Iterator[Tag | str]:
    """Split `html` into tags and text, omitting comments, declarations and processing instructions."""
    return _Splitter(html).run()


class _Splitter:
    def __init__(self, html: str) -> None:
        self._html = html
        self._missing: set[str] = set()  # text that does not occur in the rest of the HTML

    def run(self) -> Iterator[Tag | str]:
        html = self._html
        done = at = 0
        while (at := html.find("<", at)) >= 0:
            found, end = self._read(at)
            if end <= at:
                at += 1
                continue
            if done < at:
                yield unescape(html[done:at])
            if found:
                yield found
            done = at = end
            if isinstance(found, Tag) and found.name in _RAW and not found.closes and not found.is_empty:
                match = _RAW_END[found.name].search(html, at)
                at = match.start() if match else len(html)
                if done < at:
                    yield html[done:at]
                done = at
        if done < len(html):
            yield unescape(html[done:])

    def _read(self, at: int) -> tuple[Tag | str, int]:
        """Read the tag at `at`; return it and its end, or 0 if it is text."""
        html = self._html
        if html.startswith("<!--", at):
            return "", self._find("-->", at + 4, 3)
        if html.startswith("<![CDATA[", at):
            end = self._find("]]>", at + 9, 3)
            return html[at + 9 : end - 3] if end else "", end
        if html.startswith(("<!", "<?"), at):
            return "", self._find(">", at + 2, 1)
        match = None if ">" in self._missing else _NAME.match(html, at)
        if match is None:
            return "", 0
        attributes: dict[str, str] = {}
        offset = match.end()
        while not (ending := _TAG_END.match(html, offset)):
            attribute = _ATTRIBUTE.match(html, offset)
            if attribute is None:
                self._missing.add(">")
                return "", 0
            offset = attribute.end()
            value = ""
            if attribute[2]:
                value, offset = self._read_value(offset)
            attributes.setdefault(attribute[1].lower(), value)
        closes = html.startswith("</", at)
        return Tag(match[1].lower(), {} if closes else attributes, closes, "/" in ending[0]), ending.end()

    def _read_value(self, at: int) -> tuple[str, int]:
        quote = self._html[at : at + 1]
        if quote in {'"', "'"}:
            end = self._find(quote, at + 1, 1)
            if end:
                return unescape(self._html[at + 1 : end - 1]), end
        match = _UNQUOTED.match(self._html, at)
        return (unescape(match[0]), match.end()) if match else ("", at)

    def _find(self, text: str, at: int, length: int) -> int:
        """Return the end of the next `text`, or 0."""
        if text in self._missing:
            return 0
        found = self._html.find(text, at)
        if found < 0:
            self._missing.add(text)
            return 0
        return found + length
