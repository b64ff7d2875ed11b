"""Colour code: as HTML with CSS classes, and with styles for the terminal."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from pygments.formatters import HtmlFormatter
    from pygments.lexer import Lexer
    from pygments.token import _TokenType


# By Pygments' short names; the longest matching prefix of a token's name counts.
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


class CodeHighlighter:
    """Highlights code blocks; loads Pygments on first use, and each language once."""

    def __init__(self) -> None:
        self._lexers: dict[str, Lexer | None] = {}
        self._formatter: HtmlFormatter[str] | None = None

    def __call__(self, language: str | None, code: str) -> str | None:
        """Return `code` as HTML, or nothing for an unknown language; the caller then writes it plain."""
        if not language:
            return None
        if language not in self._lexers:
            self._lexers[language] = find_lexer(language)
        lexer = self._lexers[language]
        if lexer is None:
            return None
        tokens = tokenize_code(lexer, code)
        if tokens is None:
            return None
        from pygments import format as write
        from pygments.formatters import HtmlFormatter

        if self._formatter is None:
            self._formatter = HtmlFormatter(nowrap=True)
        name = f"hl language-{escape(language)}"  # imports of a note edited in Anki read the language from it
        return f'<pre><code class="{name}">{write(tokens, self._formatter)}</code></pre>\n'


def find_lexer(language: str) -> Lexer | None:
    """Return Pygments' lexer for the language of a fence, set to keep blank lines, or nothing."""
    from pygments.lexers import get_lexer_by_name
    from pygments.util import ClassNotFound

    try:
        lexer: Lexer = get_lexer_by_name(language, stripnl=False, ensurenl=False)
    except ClassNotFound:
        return None
    return lexer


def tokenize_code(lexer: Lexer, code: str) -> list[tuple[_TokenType, str]] | None:
    """Split `code` into pieces with their token types; return nothing if the lexer would change the code.

    Lexers of sessions (`console`, `psql`) drop a last line without a line break, so one is added.
    """
    whole = code if code.endswith("\n") else f"{code}\n"
    tokens = list(lexer.get_tokens(whole))
    if "".join(text for _, text in tokens) != whole:
        return None
    if whole != code:
        token, text = tokens[-1]
        tokens[-1] = token, text[:-1]
    return tokens


def read_code_css() -> str:
    """Read the CSS for highlighted code: light, and dark under Anki's `.nightMode` and `.night_mode`."""
    return Path(__file__).with_name("code.css").read_text(encoding="utf-8")


def colour_code(language: str, code: str) -> Iterator[tuple[str, str]]:
    """Split `code` into pieces with a style for rich; a single piece without style if `language` is unknown."""
    lexer = find_lexer(language) if language else None
    tokens = tokenize_code(lexer, code) if lexer else None
    if tokens is None:
        yield code, ""
        return
    from pygments.token import STANDARD_TYPES

    for token, text in tokens:
        short = STANDARD_TYPES.get(token, "")
        style = next((_COLOURS[short[:end]] for end in range(len(short), 0, -1) if short[:end] in _COLOURS), "")
        yield text, style
