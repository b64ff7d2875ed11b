r"""Math typed as `\(x\)` and `\[x\]`, which CommonMark would take for escaped brackets.

Each formula is cut out of the Markdown before it is parsed, with a placeholder left in its place that the parser sees
as a word; whoever renders the Markdown puts the formula where the placeholder came out.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

import pyromark

from flashcards.deck.markdown import OPTIONS

_INLINE: Final = re.compile(rb"\(((?:(?!\n[ \t>]*\n)(?:[^\\]|\\[^)]))+?)\\\)")
_DISPLAY: Final = re.compile(rb"\[((?:(?!\n[ \t>]*\n)(?:[^\\]|\\[^\]]))+?)\\\]")
_QUOTE_PREFIX: Final = re.compile(r"\n(?:[ \t]{0,3}>[ \t]?)+")


@dataclass(frozen=True, slots=True)
class Formula:
    """One formula: its TeX without delimiters, and whether it stands on its own lines."""

    tex: str
    display: bool


@dataclass(frozen=True, slots=True)
class CutMath:
    """Markdown whose literal math has been cut out.

    Attributes:
        source: the Markdown with placeholders.
        formulas: what was cut out, in order.
        placeholder: matches a placeholder, its group 1 being the index into `formulas`; None where there are none.
    """

    source: str
    formulas: tuple[Formula, ...] = ()
    placeholder: re.Pattern[str] | None = None

    def find_formula(self, match: re.Match[str]) -> Formula | None:
        """The formula a match of `placeholder` stands for, or None where the text only looks like a placeholder."""
        index = int(match[1])
        return self.formulas[index] if index < len(self.formulas) else None


def cut_out_math(source: str) -> CutMath:
    r"""Take every `\(x\)` and `\[x\]` out of `source` that does not begin inside code, math, HTML, a URL or an image.

    `source` must be free of lone surrogates. A formula may run over lines, but not over a blank one.
    """
    if "\\(" not in source and "\\[" not in source:
        return CutMath(source)
    edge = next((chr(code) for code in range(0xE000, 0xF900) if chr(code) not in source), "")
    if not edge:
        return CutMath(source)
    data = source.encode()
    pieces: list[bytes] = []
    formulas: list[Formula] = []
    done = 0
    for bracket, in_quote in _find_escaped_brackets(source, data):
        if bracket <= done:
            continue
        display = data[bracket : bracket + 1] == b"["
        match = (_DISPLAY if display else _INLINE).match(data, bracket)
        if match is None or not match[1].strip():
            continue
        tex = match[1].decode()
        pieces += [data[done : bracket - 1], f"{edge}{len(formulas)}{edge}".encode()]
        formulas.append(Formula(_QUOTE_PREFIX.sub("\n", tex) if in_quote else tex, display))
        done = match.end()
    if not formulas:
        return CutMath(source)
    pieces.append(data[done:])
    return CutMath(b"".join(pieces).decode(), tuple(formulas), re.compile(f"{edge}([0-9]{{1,9}}){edge}"))


def _find_escaped_brackets(source: str, data: bytes) -> list[tuple[int, bool]]:
    """Byte offsets of the opening brackets that the parser sees as escaped text, and whether they are in a quote."""
    found = []
    hidden = quotes = 0
    for event, place in pyromark.events_with_range(source, options=OPTIONS):
        match event:
            case {"Start": {"Image": _} | {"CodeBlock": _}}:
                hidden += 1
            case {"End": "Image" | "CodeBlock"}:
                hidden -= 1
            case {"Start": {"BlockQuote": _}}:
                quotes += 1
            case {"End": {"BlockQuote": _}}:
                quotes -= 1
            case {"Text": str(text)} if not hidden:
                # The range of an escaped character begins after its backslash.
                start = place["start"]
                if text[:1] in ("(", "[") and text and data[start - 1 : start] == b"\\":
                    found.append((start, quotes > 0))
    return found
