r"""Cut out math typed as `\(x\)` and `\[x\]`, which CommonMark would read as escaped brackets.

Each formula is replaced by a placeholder before the Markdown is parsed. The parser sees the placeholder as a word, and
the renderer replaces it by the formula.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

import pyromark

from flashcards.deck.markdown import OPTIONS, MathClosings
from flashcards.deck.source import map_byte_offsets

_QUOTE_PREFIX: Final = re.compile(r"\n(?:[ \t]{0,3}>[ \t]?)+")


@dataclass(frozen=True, slots=True)
class Formula:
    """A formula: its TeX without delimiters, and whether it is displayed on its own lines."""

    tex: str
    display: bool


@dataclass(frozen=True, slots=True)
class CutMath:
    """Markdown whose literal math has been cut out.

    Attributes:
        source: the Markdown with placeholders.
        formulas: what was cut out, in order.
        placeholder: matches a placeholder, with the index into `formulas` as group 1; nothing if there are no formulas.
    """

    source: str
    formulas: tuple[Formula, ...] = ()
    placeholder: re.Pattern[str] | None = None

    def find_formula(self, match: re.Match[str]) -> Formula | None:
        """Find the formula for a match of `placeholder`; nothing if the text only looks like a placeholder."""
        index = int(match[1])
        return self.formulas[index] if index < len(self.formulas) else None


def cut_out_math(source: str) -> CutMath:
    r"""Cut every `\(x\)` and `\[x\]` out of `source` that is not inside code, math, HTML, a URL or an image.

    `source` must be free of lone surrogates. A formula may span lines, but not a blank line.
    """
    if "\\(" not in source and "\\[" not in source:
        return CutMath(source)
    edge = next((chr(code) for code in range(0xE000, 0xF900) if chr(code) not in source), "")
    if not edge:
        return CutMath(source)
    closings = MathClosings(source)
    pieces: list[str] = []
    formulas: list[Formula] = []
    done = 0
    for bracket, in_quote in _find_escaped_brackets(source):
        end = 0 if bracket <= done else closings.find(bracket)
        tex = source[bracket + 1 : end - 2] if end else ""
        if not tex.strip():
            continue
        pieces += [source[done : bracket - 1], f"{edge}{len(formulas)}{edge}"]
        formulas.append(Formula(_QUOTE_PREFIX.sub("\n", tex) if in_quote else tex, source[bracket] == "["))
        done = end
    if not formulas:
        return CutMath(source)
    return CutMath("".join((*pieces, source[done:])), tuple(formulas), re.compile(f"{edge}([0-9]{{1,9}}){edge}"))


def _find_escaped_brackets(source: str) -> list[tuple[int, bool]]:
    """Find the offsets of escaped opening brackets, and whether they are in a quote."""
    at = map_byte_offsets(source)
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
            case {"Text": str(text)} if not hidden and text[:1] in ("(", "["):
                # The range of an escaped character begins after its backslash.
                start = at(place["start"])
                if text and source[start - 1 : start] == "\\":
                    found.append((start, quotes > 0))
    return found
