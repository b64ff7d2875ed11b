"""Check whether the math of a text is balanced."""

from __future__ import annotations

import re

from flashcards.deck.markdown import outline
from flashcards.deck.source import Spans

_TOKEN = re.compile(r"\\(?:begin|end)\s*\{([^{}]*)\}|\\(left|right)(?![A-Za-z])|\\.|[{}]", re.DOTALL)


def find_unbalanced_math(text: str) -> str | None:
    """Describe the first unbalanced formula of a Markdown text; None if all are balanced."""
    if "$" not in text and "\\" not in text:
        return None
    parts = outline(text)
    for start, end in parts.math:
        if problem := _find_unbalanced(text[start:end].strip("$")):
            return problem
    opaque = Spans(parts.opaque)
    for match in re.finditer(r"(?<!\\)\$\$", text):
        if match.start() not in opaque:
            return "`$$` is left open"
    return None


def _find_unbalanced(formula: str) -> str | None:
    braces, sides = 0, 0
    environments: list[str] = []
    for match in _TOKEN.finditer(formula):
        token = match[0]
        if token == "{":
            braces += 1
        elif token == "}":
            braces -= 1
            if braces < 0:
                return "a `}` in the math has no `{`"
        elif token.startswith("\\begin"):
            environments.append(match[1])
        elif token.startswith("\\end"):
            if not environments or environments.pop() != match[1]:
                return f"`\\end{{{match[1]}}}` has no `\\begin{{{match[1]}}}`"
        elif match[2]:
            sides += 1 if match[2] == "left" else -1
    if braces:
        return "a `{` in the math is left open"
    if environments:
        return f"`\\begin{{{environments[-1]}}}` has no `\\end{{{environments[-1]}}}`"
    return "`\\left` and `\\right` do not pair up" if sides else None
