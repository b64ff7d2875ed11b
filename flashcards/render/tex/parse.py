"""Parse formulas with pylatexenc, which is told the macros and environments of math."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache
from typing import Any, Final

from pylatexenc import macrospec  # type: ignore[import-untyped]
from pylatexenc.latexwalker import (  # type: ignore[import-untyped]
    LatexCharsNode,
    LatexMacroNode,
    LatexWalker,
    LatexWalkerError,
)

from flashcards.render.tex import symbols

_WITH_ARGUMENT: Final = ("array", "subarray", "alignat", "alignat*", "alignedat")


class UnreadableTexError(Exception):
    """A formula that cannot be parsed."""


def parse_tex(tex: str) -> list[Any]:
    """Parse a formula into nodes.

    Raises:
        UnreadableTexError: braces or environments do not match, or an argument is missing.
    """
    if (len(tex) - len(tex.rstrip("\\"))) % 2:
        raise UnreadableTexError("a backslash at the end")  # which pylatexenc would drop
    try:
        nodes, _, _ = LatexWalker(tex, latex_context=_build_context(), tolerant_parsing=False).get_latex_nodes()
    except (LatexWalkerError, RecursionError, ValueError, IndexError) as error:
        raise UnreadableTexError(str(error)) from error
    return list(nodes)


def split_characters(nodes: Sequence[Any]) -> Iterator[Any]:
    """Split plain text among the nodes into characters, so that scripts find their base."""
    for node in nodes:
        if isinstance(node, str):
            yield node
        elif isinstance(node, LatexCharsNode):
            for character in node.chars:
                yield {"'": "′", "~": " "}.get(character, character)
        else:
            yield node


def split_rows(nodes: Sequence[Any]) -> list[list[list[Any]]]:
    r"""Split nodes into rows at `\\` and into cells at `&`."""
    rows: list[list[list[Any]]] = [[[]]]
    for item in split_characters(nodes):
        if isinstance(item, LatexMacroNode) and item.macroname in ("\\", "newline", "cr"):
            rows.append([[]])
        elif isinstance(item, str) and item == "&":
            rows[-1].append([])
        else:
            rows[-1][-1].append(item)
    return rows


@cache
def _build_context() -> Any:
    """Build the table of macros and environments that take arguments."""
    one = symbols.ACCENTS.keys() | symbols.WORDS | symbols.PLAIN | symbols.ALPHABETS.keys()
    forms = dict.fromkeys(one | {"pmod", "boxed", "color", "substack"}, "{")
    forms |= dict.fromkeys(symbols.FRACTIONS | symbols.BINOMIALS, "{{")
    forms |= dict.fromkeys(("overset", "stackrel", "underset", "textcolor"), "{{")
    forms |= dict.fromkeys(("sqrt", "xrightarrow", "xleftarrow"), "[{") | {"operatorname": "*{", "tag": "*{"}
    forms["\\"] = "["
    context = macrospec.LatexContextDb()
    context.add_context_category(
        "math",
        macros=[macrospec.std_macro(name, form) for name, form in forms.items()],
        environments=[macrospec.std_environment(name, "{") for name in _WITH_ARGUMENT],
        specials=[],
    )
    context.set_unknown_macro_spec(macrospec.MacroSpec(""))
    context.set_unknown_environment_spec(macrospec.EnvironmentSpec(""))
    return context
