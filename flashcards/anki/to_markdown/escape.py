"""Escape text for Markdown, but only the characters that would mean something."""

from __future__ import annotations

import re
import unicodedata
from typing import Final

_SPECIAL: Final = re.compile(r"[\\`*_\[<&~$={}:%^]")
_ENTITY: Final = re.compile(r"&(?:#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]*);")
_LINK_LIKE: Final = re.compile(r"\]\s*[(\[:]")
_SETEXT_OR_TABLE: Final = re.compile(r"(?:[|:\- ]*-[|:\- ]*|=+)\Z")
_RULE: Final = re.compile(r"([-*_])[ \t]*(?:\1[ \t]*){2,}\Z")
_LINE_START: Final = re.compile(r"#{1,6}(?=\s|\Z)|>|[-+*](?=\s|\Z)|\[[ xX]\](?=\s|\Z)|~~~|\[[^\]]+\]:|\[![A-Za-z]")
_BLOCK_ID: Final = re.compile(r"\s\^[A-Za-z0-9-]")
_NUMBERED: Final = re.compile(r"([0-9]{1,9})([.)])(?=\s|\Z)")
_MARKER: Final = re.compile(r"([QATDC])(:|：)")
HINT_FOLLOWS: Final = "\ue000"
"""The character passed as `after` if the hint of the gap follows."""

_PUNCTUATION: Final = re.compile(r"[!-/:-@\[-`{-~]")


class Escaper:
    """An escaper for the pieces of one paragraph.

    Args:
        whole: all text and math of the paragraph, to see which characters can pair up.
        cloze: whether it is part of a cloze.
    """

    def __init__(self, whole: str, *, cloze: bool) -> None:
        self._cloze = cloze
        self._dollars = whole.count("$") > 1
        self._tildes = whole.count("~") > 1
        self._brackets = bool(_LINK_LIKE.search(whole)) or "[[" in whole
        self._equals = whole.count("==") > 1
        self._percents = whole.count("%%") > 1
        self._block_id = bool(_BLOCK_ID.search(whole))

    def escape(self, text: str, before: str, after: str, *, in_gap: bool) -> str:
        """Escape `text`; `before` and `after` are its neighbours, empty at the ends of a line."""
        if not _SPECIAL.search(text):
            return text
        padded = f"{before or ' '}{text}{after or ' '}"
        shift = len(before or " ")

        def one(match: re.Match[str]) -> str:
            at = match.start() + shift
            return self._escape_sign(match[0], padded, at, in_gap)

        return _SPECIAL.sub(one, text)

    def _escape_sign(self, sign: str, text: str, at: int, in_gap: bool) -> str:
        left, right = text[at - 1], text[at + 1]
        if sign == "\\":
            return "\\\\" if _PUNCTUATION.match(right) or right.isspace() else sign
        if sign == "*":
            return sign if left.isspace() and right.isspace() else "\\*"
        if sign == "_":
            return sign if left.isalnum() and right.isalnum() else "\\_"
        if sign == "<":
            return "\\<" if right.isalpha() or right in "/!?" else sign
        if sign == "&":
            return "\\&" if _ENTITY.match(text, at) else sign
        if sign in "{}":
            opens = sign == "{" and text.startswith("{{c", at)
            return f"\\{sign}" if in_gap or (self._cloze and opens) else sign
        if sign == ":":
            return self._escape_colon(text, at, in_gap)
        if sign == "^":
            return "\\^" if right == "[" or (self._block_id and left.isspace()) else sign
        needed = {
            "`": True,
            "~": self._tildes,
            "$": self._dollars,
            "[": self._brackets,
            "=": self._equals,
            "%": self._percents,
        }[sign]
        return f"\\{sign}" if needed else sign

    def _escape_colon(self, text: str, at: int, in_gap: bool) -> str:
        left, right = text[at - 1], text[at + 1]
        if in_gap:
            return "&#58;" if left == ":" or right == HINT_FOLLOWS else ":"
        pair = self._cloze and left.isspace() and right == ":"
        return "\\:" if pair else ":"


def escape_line_start(line: str) -> str:
    """Escape a line so that it begins no heading, list, quote, table, rule or note.

    Spaces in front of it may be cut off later, so they do not count.
    """
    text = line.lstrip()
    spaces = line[: len(line) - len(text)]
    if not text:
        return line
    if _MARKER.match(text):
        return spaces + (f"{text[0]}\\:{text[2:]}" if text[1] == ":" else f"{text[0]}&#xFF1A;{text[2:]}")
    if match := _NUMBERED.match(text):
        return f"{spaces}{match[1]}\\{text[match.end(1) :]}"
    if _LINE_START.match(text) or _RULE.match(text) or _SETEXT_OR_TABLE.match(text):
        return f"{spaces}\\{text}"
    return line


def is_space(character: str) -> bool:
    """Return whether a neighbour of emphasis counts as a space; the end of a line does."""
    return not character or character.isspace()


def is_punctuation(character: str) -> bool:
    """Return whether a neighbour of emphasis counts as punctuation."""
    return bool(character) and unicodedata.category(character)[0] in "PS"


def escape_everything(text: str) -> str:
    """Replace all punctuation in `text` by entities: ugly, and always right."""
    return _PUNCTUATION.sub(lambda match: f"&#{ord(match[0])};", text)
