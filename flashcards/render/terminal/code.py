"""The colours of code in the terminal, from the sixteen that every terminal's own scheme makes readable."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

# By Pygments' short names; the longest beginning of a token's name counts.
_COLOURS: Final = {
    "c": "italic bright_black",
    "cp": "magenta",
    "k": "blue",
    "ow": "blue",
    "s": "green",
    "m": "cyan",
    "il": "cyan",
    "nf": "yellow",
    "fm": "yellow",
    "nd": "yellow",
    "nc": "yellow",
    "nn": "yellow",
    "ne": "red",
    "nb": "cyan",
    "bp": "cyan",
    "nt": "blue",
    "na": "yellow",
    "no": "cyan",
    "gd": "red",
    "gi": "green",
    "gh": "bold",
    "gu": "bold",
    "err": "red",
}


def coloured(language: str, code: str) -> Iterator[tuple[str, str]]:
    """`code` in pieces, each with its style for rich; one piece without style where `language` is not known."""
    from flashcards.render.html.code import find_lexer, tokens_of

    lexer = find_lexer(language) if language else None
    tokens = tokens_of(lexer, code) if lexer else None
    if tokens is None:
        yield code, ""
        return
    from pygments.token import STANDARD_TYPES

    for token, text in tokens:
        short = STANDARD_TYPES.get(token, "")
        style = next((_COLOURS[short[:end]] for end in range(len(short), 0, -1) if short[:end] in _COLOURS), "")
        yield text, style
