"""Parse formulas with pylatexenc, and write the parse tree as blocks of text."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from functools import cache
from typing import Any, Final

from pylatexenc import macrospec  # type: ignore[import-untyped]
from pylatexenc.latexwalker import (  # type: ignore[import-untyped]
    LatexCharsNode,
    LatexEnvironmentNode,
    LatexGroupNode,
    LatexMacroNode,
    LatexMathNode,
    LatexWalker,
    LatexWalkerError,
)

from flashcards.deck.cloze import GAP_CHARACTERS
from flashcards.render.tex import layout
from flashcards.render.tex.layout import (
    AFTER,
    APART,
    AROUND,
    BLOCK,
    CLOSING,
    OPENING,
    TextBlock,
    align_columns,
    draw_bracket,
    place_beside,
    settle_spaces,
)

_WITH_ARGUMENT: Final = ("array", "subarray", "alignat", "alignat*", "alignedat")


class UnreadableTexError(Exception):
    """A formula that cannot be parsed."""


def parse_tex(tex: str) -> list[Any]:
    """Parse a formula into nodes; raise UnreadableTexError if something is left open or missing."""
    if (len(tex) - len(tex.rstrip("\\"))) % 2:
        raise UnreadableTexError("a backslash at the end")  # pylatexenc would drop it
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


_SPACING: Final = frozenset({"hspace", "phantom", "hphantom", "vphantom"})


@cache
def _build_context() -> Any:
    """Build the table of macros and environments that take arguments."""
    one = layout.ACCENTS.keys() | layout.WORDS | layout.PLAIN | layout.ALPHABETS.keys()
    forms = dict.fromkeys(one | {"pmod", "boxed", "color", "substack", *_SPACING, "set", "label"}, "{")
    forms |= dict.fromkeys(layout.FRACTIONS | layout.BINOMIALS, "{{")
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


_BRACKETS: Final = {
    "pmatrix": "()", "bmatrix": "[]", "Bmatrix": "{}", "vmatrix": "||", "Vmatrix": "‖‖", "cases": "{ ", "dcases": "{ ",
    "rcases": " }", "matrix": "  ", "smallmatrix": "  ", "array": "  ", "substack": "  ", "subarray": "  ",
}  # fmt: skip
_ALIGNED: Final = frozenset(
    {"align", "align*", "aligned", "alignat", "alignat*", "alignedat", "eqnarray", "eqnarray*", "equation", "equation*"}
    | {"flalign", "flalign*", "gather", "gather*", "gathered", "multline", "multline*", "split"}
)
_ATOM: Final = re.compile(r"\d+(?:[.,]\d+)?|\w[^\w\s+*/=<>(){},·×-]*|\([^()]*\)")
_HIDDEN: Final = re.compile(r"\[[^\[\]]*\]")  # the placeholder of a gap
_PRODUCT: Final = re.compile(r"(?:[^\s+*/=<>(){},·×-]|\([^()]*\))+")


def write_tex(tex: str, *, inline: bool) -> str:
    """Write a formula as text, in one line if `inline`; raise UnreadableTexError if something is open or missing."""
    nodes = parse_tex(tex)
    block = _TexWriter(inline=inline).lay_out_rows(nodes, "aligned")
    return "\n".join(line.rstrip() for line in block.lines).strip("\n")


class _TexWriter:
    """Writes nodes; `inline` keeps everything on one line."""

    def __init__(self, *, inline: bool) -> None:
        self.inline = inline

    def lay_out_rows(self, nodes: Sequence[Any], name: str) -> TextBlock:
        r"""Lay out nodes with `&` and `\\` as in the environment `name`."""
        rows = [[self.lay_out(cell) for cell in row] for row in split_rows(nodes)]
        while len(rows) > 1 and all(not any(cell.lines) for cell in rows[-1]):
            rows.pop()
        if len(rows) == 1 and len(rows[0]) == 1 and name not in _BRACKETS:
            return rows[0][0]
        texts = [["; ".join(line.strip() for line in cell.lines) for cell in row] for row in rows]
        return self._write_rows(texts, name) if self.inline else _lay_out(rows, texts, name)

    def _write_rows(self, rows: list[list[str]], name: str) -> TextBlock:
        left, right = tuple(_BRACKETS.get(name, "  "))
        between = " " if name in _ALIGNED else ", "
        lines = (between.join(cell.strip().rstrip(",") for cell in row).strip() for row in rows)
        return TextBlock((f"{left}{'; '.join(lines)}{right}".strip(),))

    def write_line(self, nodes: Sequence[Any]) -> str:
        """Write nodes as one line."""
        return _TexWriter(inline=True).lay_out_rows(nodes, "aligned").lines[0]

    def lay_out(self, nodes: Sequence[Any]) -> TextBlock:
        """Lay out nodes in a row."""
        out: list[str] = []
        tall: list[TextBlock] = []
        items = list(split_characters(nodes))
        at = 0
        while at < len(items):
            item = items[at]
            at += 1
            if isinstance(item, str):
                if item in "^_":
                    at = self._write_script(items, at, item, out)
                else:
                    out.append(item)
            elif isinstance(item, LatexEnvironmentNode):
                self._write_environment(item, out, tall)
            elif isinstance(item, LatexMacroNode):
                at = self._write_macro_and_rest(item, items, at, out)
            else:
                out.append(self._write_other(item))
        line = settle_spaces(re.sub(r"[ \t\r\n]+", " ", "".join(out))).strip()
        return _place_tall(line.split(BLOCK), tall) if tall else TextBlock((line,))

    def _write_script(self, items: list[Any], at: int, sign: str, out: list[str]) -> int:
        """Write the argument of `^` or `_`; return the index after it."""
        while at < len(items) and isinstance(items[at], str) and items[at].isspace():
            at += 1
        if at == len(items):
            out.append(sign)
            return at
        item = items[at]
        if isinstance(item, str) and item in GAP_CHARACTERS:  # a gap is one argument
            first = at
            rest = range(at + 1, len(items))
            at = next((end for end in rest if isinstance(items[end], str) and items[end] in GAP_CHARACTERS), at)
            text = self.write_line(items[first : at + 1])
        else:
            text = item if isinstance(item, str) else self.write_line([item])
        while out and out[-1].isspace():
            out.pop()
        bare = re.sub(r"(?<!\w)\s+|\s+(?!\w)", "", text)
        out.append(layout.format_script(bare, sign) if bare else f"{sign}{{}}")
        return at + 1

    def _write_macro_and_rest(self, node: Any, items: list[Any], at: int, out: list[str]) -> int:
        """Write a macro; an unknown one is written as typed, with its groups. Return the index after it."""
        name = node.macroname
        if name in layout.UNSEEN:
            return _skip_unseen(name, items, at, out)
        known = self._write_macro(node)
        if known is not None:
            out.append(known)
            if node.macro_post_space and not (node.nodeargd and node.nodeargd.argnlist):
                out.append(" ")
            return at
        out.append(node.latex_verbatim())
        while at < len(items) and isinstance(items[at], LatexGroupNode):
            out.append(items[at].latex_verbatim())
            at += 1
        return at

    def _write_macro(self, node: Any) -> str | None:
        name = node.macroname
        arguments = [_get_inner(argument) for argument in (node.nodeargd.argnlist if node.nodeargd else ())]
        if name in layout.SPACES:
            return layout.SPACES[name]
        if arguments:
            return self._write_call(name, arguments)
        text = layout.find_symbol(name)
        if text is None:
            return None
        if text in layout.PADDED or name in ("bmod", "mod"):
            return f"{AROUND}{text}{AROUND}"
        return f"{APART}{text}{APART}" if len(text) > 1 and text.isalpha() else text

    def _write_call(self, name: str, arguments: list[list[Any]]) -> str | None:
        texts = [self.write_line(argument) for argument in arguments]
        if name in layout.FRACTIONS:
            over = _add_brackets(texts[0], _PRODUCT)
            return f"{APART}{over}/{_add_brackets(texts[1], _ATOM)}{AFTER}"
        if name in layout.BINOMIALS:
            return f"({texts[0]} choose {texts[1]})"
        if name == "sqrt":
            return f"{layout.format_script(texts[0], '^') if texts[0] else ''}√{_add_brackets(texts[1], _ATOM)}{AFTER}"
        if name in layout.ACCENTS:
            accented = "".join(c if c.isspace() else c + layout.ACCENTS[name] for c in texts[0])
            return unicodedata.normalize("NFC", accented)
        if name in layout.ALPHABETS:
            return layout.convert_alphabet(texts[0], layout.ALPHABETS[name])
        if name in layout.WORDS:
            return "".join(self._write_word(node) for node in arguments[0])
        if name in layout.PLAIN:
            return _add_brackets(texts[0], _PRODUCT) if name.endswith("brace") else texts[0]
        return _write_special(name, texts)

    def _write_word(self, node: Any) -> str:
        r"""Write a node inside `\text`, where spaces and `^` are plain text."""
        return str(node.chars).replace("~", " ") if isinstance(node, LatexCharsNode) else self.write_line([node])

    def _write_other(self, node: Any) -> str:
        if isinstance(node, LatexGroupNode):
            if node.delimiters != ("{", "}"):
                return str(node.latex_verbatim())
            return self.write_line(node.nodelist)
        if isinstance(node, LatexMathNode):
            return self.write_line(node.nodelist)
        return str(node.latex_verbatim())

    def _write_environment(self, node: Any, out: list[str], tall: list[TextBlock]) -> None:
        name = node.environmentname
        if name not in _BRACKETS and name not in _ALIGNED:
            out.append(node.latex_verbatim())
            return
        block = self.lay_out_rows(node.nodelist, name)
        if len(block.lines) == 1:
            out.append(block.lines[0])
        else:
            out.append(BLOCK)
            tall.append(block)


def _skip_unseen(name: str, items: list[Any], at: int, out: list[str]) -> int:
    r"""Skip `\left`, `\right` and the like: no bracket for a dot, no spaces inside the brackets."""
    if name == "right":
        while out and out[-1].isspace():
            out.pop()
    following = items[at] if at < len(items) and isinstance(items[at], str) else ""
    if name in ("left", "right") and following == ".":
        return at + 1
    if name == "left" and following in OPENING:
        out.append(following)
        at += 1
        while at < len(items) and isinstance(items[at], str) and items[at].isspace():
            at += 1
    return at


def _place_tall(pieces: list[str], tall: list[TextBlock]) -> TextBlock:
    """Join tall blocks with the text around them; a bracket next to a block grows to its height."""
    blocks = []
    before = pieces[0]
    for block, after in zip(tall, pieces[1:], strict=True):
        left, right = before.rstrip(" "), after.lstrip(" ")
        opening, closing = left.endswith(OPENING), right.startswith(CLOSING)
        blocks += [
            TextBlock((left[:-1] if opening else before,)),
            draw_bracket(left[-1] if opening else " ", len(block.lines), block.axis),
            block,
            draw_bracket(right[0] if closing else " ", len(block.lines), block.axis),
        ]
        before = right[1:] if closing else after
    return place_beside([*blocks, TextBlock((before,))])


def _lay_out(rows: list[list[TextBlock]], texts: list[list[str]], name: str) -> TextBlock:
    if any(len(cell.lines) > 1 for row in rows for cell in row):
        blocks = [place_beside([piece for cell in row for piece in (cell, TextBlock((" ",)))]) for row in rows]
        lines = tuple(line for block in blocks for line in block.lines)
        body = TextBlock(lines, (len(lines) - 1) // 2)
    else:
        body = align_columns(texts, " " if name in _ALIGNED else "  ", alternate=name in _ALIGNED)
    left, right = (draw_bracket(kind, len(body.lines), body.axis) for kind in _BRACKETS.get(name, "  "))
    return place_beside([left, body, right])


def _write_special(name: str, texts: list[str]) -> str | None:
    """Write the macros with arguments that have a special form."""
    last = texts[-1]
    if name in ("overset", "stackrel"):
        return f"{last}{layout.format_script(texts[0], '^')}"
    if name == "underset":
        return f"{last}{layout.format_script(texts[0], '_')}"
    if name in ("xrightarrow", "xleftarrow"):
        label = ", ".join(text for text in (last, texts[0]) if text)
        return f"{AROUND}─{label}→{AROUND}" if name == "xrightarrow" else f"{AROUND}←{label}─{AROUND}"
    forms = {
        "pmod": f"{AROUND}(mod {last})",
        "tag": f"{AROUND}({last})",
        "boxed": f"[{last}]",
        "operatorname": f"{APART}{last}{APART}",
        "textcolor": last,
        "color": "",
        "substack": last,
        "set": f"{{{last}}}",
        "label": "",
        **dict.fromkeys(_SPACING, " "),
    }
    return forms.get(name)


def _add_brackets(text: str, single: re.Pattern[str]) -> str:
    bare = layout.drop_gap_characters(text)
    return text if single.fullmatch(bare) or _HIDDEN.fullmatch(bare) else f"({text})"


def _get_inner(argument: Any) -> list[Any]:
    """Return the nodes of an argument; a group is opened, an absent optional argument is empty."""
    if argument is None:
        return []
    return list(argument.nodelist) if isinstance(argument, LatexGroupNode) else [argument]
