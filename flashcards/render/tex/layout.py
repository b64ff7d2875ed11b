"""Tables of symbols, scripts and alphabets for TeX as Unicode text, and the layout of multi-line formulas."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Final

from flashcards.deck.cloze import GAP_CHARACTERS
from flashcards.text import count_columns

if TYPE_CHECKING:
    from pylatexenc.macrospec import LatexContextDb  # type: ignore[import-untyped]


# Spaces that `layout.settle_spaces` writes only between certain neighbours. They are noncharacters, so no text contains
# them.
AROUND: Final = "\ufdd0"  # around relations, except at an edge or a bracket
APART: Final = "\ufdd1"  # between words: between two letters or digits
AFTER: Final = "\ufdd2"  # after a factor, if a letter, a digit or an opening bracket follows
BLOCK: Final = "\ufdd3"  # not a space, but the place of a multi-line block

_OWN: Final = {
    "Im": "Im", "Re": "Re", "bot": "⊥", "checkmark": "✓", "colon": ":", "degree": "°", "gets": "←", "iff": "⟺",
    "impliedby": "⟸", "implies": "⟹", "land": "∧", "lbrack": "[", "lnot": "¬", "lor": "∨", "mid": "∣", "models": "⊨",
    "ne": "≠", "neg": "¬", "owns": "∋", "perp": "⊥", "prime": "′", "rbrack": "]", "triangle": "△", "varnothing": "∅",
    "bmod": "mod", "dotsb": "⋯", "dotsc": "…", "lt": "<", "gt": ">",
    "backslash": "\\", "{": "{", "}": "}", "|": "‖", "%": "%", "$": "$", "&": "&", "#": "#", "_": "_",
    "R": "ℝ", "coloneqq": "≔", "N": "ℕ", "Z": "ℤ", "infin": "∞", "lang": "⟨", "rang": "⟩",
    "complement": "∁",
}  # fmt: skip
# Supported by KaTeX, MathJax or both; everything else is in pylatexenc's table.
_OPERATORS: Final = frozenset(
    {"arccos", "arcsin", "arctan", "arg", "cos", "cosh", "cot", "coth", "csc", "deg", "det", "dim", "exp", "gcd", "hom"}
    | {"inf", "ker", "lcm", "lg", "lim", "liminf", "limsup", "ln", "log", "max", "min", "Pr", "sec", "sin", "sinh"}
    | {"sup", "tan", "tanh", "argmax", "argmin"}
)
SPACES: Final = {
    " ": " ", ",": AROUND, ";": " ", ":": " ", ">": " ", "!": "", "/": "", "quad": "\u2003", "qquad": "\u2003\u2003",
    "thinspace": AROUND, "enspace": " ", "space": " ", "nobreakspace": " ",
}  # fmt: skip
_UNSEEN_NAMES: Final = """
left right middle big Big bigg Bigg bigl bigr Bigl Bigr biggl biggr Biggl Biggr bigm Bigm displaystyle textstyle
scriptstyle scriptscriptstyle limits nolimits hline nonumber notag tiny scriptsize footnotesize small normalsize
large Large LARGE huge Huge rm bf it sf tt cal
"""
UNSEEN: Final = frozenset(_UNSEEN_NAMES.split())
PADDED: Final = frozenset("≤≥≠≈≡∼≃≅∝∈∉∋⊂⊆⊃⊇⊊⊄⊈∪∩∖∧∨⊕⊗×÷⊢⊨≪≫≺≻≼≽∣∥⊥≜≐⪯⪰←→↔⇐⇒⇔↦⟵⟶⟷⟸⟹⟺⟼⇌↪↩⇀⇁")
ACCENTS: Final = {
    "hat": "\u0302", "widehat": "\u0302", "bar": "\u0304", "overline": "\u0305", "vec": "\u20d7",
    "overrightarrow": "\u20d7", "overleftarrow": "\u20d6", "tilde": "\u0303", "widetilde": "\u0303", "dot": "\u0307",
    "ddot": "\u0308", "check": "\u030c", "breve": "\u0306", "acute": "\u0301", "grave": "\u0300",
    "mathring": "\u030a", "underline": "\u0332", "cancel": "\u0336", "not": "\u0338",
}  # fmt: skip
FRACTIONS: Final = frozenset({"frac", "dfrac", "tfrac", "cfrac"})
BINOMIALS: Final = frozenset({"binom", "dbinom", "tbinom"})
WORDS: Final = frozenset(
    {"text", "textrm", "textit", "textbf", "textsf", "texttt", "textnormal", "mbox", "hbox", "emph"}
)
PLAIN: Final = frozenset(
    {"mathrm", "mathbf", "mathit", "mathsf", "mathtt", "mathnormal", "boldsymbol", "bm", "mathop", "mathbin", "mathrel"}
    | {"mathord", "mathopen", "mathclose", "ensuremath", "overbrace", "underbrace", "smash", "pmb"}
)
ALPHABETS: Final = {
    "mathbb": ("DOUBLE-STRUCK", "DOUBLE-STRUCK"),
    "Bbb": ("DOUBLE-STRUCK", "DOUBLE-STRUCK"),
    "mathcal": ("SCRIPT", "SCRIPT"),
    "mathscr": ("SCRIPT", "SCRIPT"),
    "mathfrak": ("FRAKTUR", "BLACK-LETTER"),
}

_SUPERSCRIPTS: Final = dict(
    zip(
        "0123456789+-=()abcdefghijklmnoprstuvwxyzABDEGHIJKLMNOPRTUVWβγδθφχ−°′",
        "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁼⁽⁾ᵃᵇᶜᵈᵉᶠᵍʰⁱʲᵏˡᵐⁿᵒᵖʳˢᵗᵘᵛʷˣʸᶻᴬᴮᴰᴱᴳᴴᴵᴶᴷᴸᴹᴺᴼᴾᴿᵀᵁⱽᵂᵝᵞᵟᶿᵠᵡ⁻°′",
        strict=True,
    )
)
_SUBSCRIPTS: Final = dict(
    zip("0123456789+-=()aehijklmnoprstuvxβγρφχ−", "₀₁₂₃₄₅₆₇₈₉₊₋₌₍₎ₐₑₕᵢⱼₖₗₘₙₒₚᵣₛₜᵤᵥₓᵦᵧᵨᵩᵪ₋", strict=True)
)


def find_symbol(name: str) -> str | None:
    r"""Return the text of the macro `\name`, which has no argument, or nothing if it is unknown."""
    own = name if name in _OPERATORS else _OWN.get(name)
    if own is not None:
        return own
    found = getattr(_get_table().get_macro_spec(name), "simplify_repl", None)
    return found if isinstance(found, str) and found.strip() and "%" not in found else None


def format_script(text: str, sign: str) -> str:
    """Write a superscript (`sign` "^") or a subscript ("_"): in Unicode if possible, else `^{text}`."""
    if text == "∘" and sign == "^":
        return "°"
    written = find_small_form(text, sign)
    if written is not None:
        return written
    return f"{sign}{text}{AFTER}" if len(drop_gap_characters(text)) == 1 else f"{sign}{{{text}}}{AFTER}"


def drop_gap_characters(text: str) -> str:
    """Return a text without the characters around its gaps."""
    return "".join(character for character in text if character not in GAP_CHARACTERS)


def find_small_form(text: str, sign: str) -> str | None:
    """Return the raised ("^") or lowered ("_") Unicode characters for `text`, or nothing if one is missing."""
    table = _SUPERSCRIPTS if sign == "^" else _SUBSCRIPTS
    found = [character if character in GAP_CHARACTERS else table.get(character) for character in text]
    return "".join(filter(None, found)) if None not in found else None


def convert_alphabet(text: str, names: tuple[str, str]) -> str:
    """Convert each letter and digit to the Unicode alphabet with these names, if it has one."""
    return "".join(_convert_letter(character, names) for character in text)


def _convert_letter(character: str, names: tuple[str, str]) -> str:
    if not (character.isascii() and character.isalnum()):
        return character
    case = "DIGIT" if character.isdigit() else "CAPITAL" if character.isupper() else "SMALL"
    what = unicodedata.name(character).rpartition(" ")[2]
    for name in (f"MATHEMATICAL {names[0]} {case} {what}", f"{names[1]} {case} {what}"):
        try:
            return unicodedata.lookup(name)
        except KeyError:
            continue
    return character


@cache
def _get_table() -> LatexContextDb:
    from pylatexenc.latex2text import get_default_latex_context_db  # type: ignore[import-untyped]

    return get_default_latex_context_db()


# For each bracket: its single-line form, then top, middle, axis and bottom of a tall one.
_TALL: Final = {
    "(": "⎛⎜⎜⎝", ")": "⎞⎟⎟⎠", "[": "⎡⎢⎢⎣", "]": "⎤⎥⎥⎦", "{": "⎧⎪⎨⎩", "}": "⎫⎪⎬⎭", "|": "││││", "‖": "‖‖‖‖",
}  # fmt: skip
OPENING: Final = ("(", "[", "{", "|", "‖")  # the brackets that grow
CLOSING: Final = (")", "]", "}", "|", "‖")
_OPTIONAL_SPACE: Final = re.compile(f"[{AFTER}{APART}{AROUND}]+")
_CLOSERS: Final = frozenset(")]}⟩,.;:!?′")
_OPENERS: Final = frozenset("([{⟨√∑∏∫")


@dataclass(frozen=True, slots=True)
class TextBlock:
    """Lines of text; the line `axis` is aligned with the neighbours."""

    lines: tuple[str, ...]
    axis: int = 0

    @property
    def width(self) -> int:
        """The columns of the longest line."""
        return max(map(count_columns, self.lines), default=0)


def settle_spaces(text: str) -> str:
    """Write or drop each optional space in `text`, depending on its neighbours."""

    def write(match: re.Match[str]) -> str:
        before = text[match.start() - 1 : match.start()]
        after = text[match.end() : match.end() + 1]
        if not before or not after or before.isspace() or after.isspace():
            return ""
        if AROUND in match[0]:
            return "" if after in _CLOSERS or before in _OPENERS else " "
        if AFTER in match[0]:
            return " " if _is_word(after) or after in _OPENERS else ""
        return " " if _is_word(before) and _is_word(after) else ""

    return _OPTIONAL_SPACE.sub(write, text)


def _is_word(character: str) -> bool:
    """Return whether a character is a normal letter or digit, neither raised nor lowered."""
    return unicodedata.category(character) in ("Ll", "Lu", "Lo", "Nd")


def place_beside(blocks: Sequence[TextBlock]) -> TextBlock:
    """Join blocks in one row, with aligned axes."""
    if len(blocks) == 1:
        return blocks[0]
    above = max((block.axis for block in blocks), default=0)
    below = max((len(block.lines) - block.axis for block in blocks), default=1)
    lines = [""] * (above + below)
    for block in blocks:
        width = block.width
        for index in range(above + below):
            own = index - above + block.axis
            line = block.lines[own] if 0 <= own < len(block.lines) else ""
            lines[index] += line + " " * (width - count_columns(line))
    return TextBlock(tuple(line.rstrip() for line in lines), above)


def align_columns(rows: Sequence[Sequence[str]], gap: str, *, alternate: bool = False) -> TextBlock:
    """Align cells of one line in columns with `gap` between them; `alternate` sides as in `aligned`."""
    count = max(map(len, rows), default=0)
    full = [[*row, *[""] * (count - len(row))] for row in rows]
    widths = [max(count_columns(row[index]) for row in full) for index in range(count)]
    lines = []
    for row in full:
        cells = []
        for index, cell in enumerate(row):
            padding = " " * (widths[index] - count_columns(cell))
            cells.append(padding + cell if alternate and index % 2 == 0 else cell + padding)
        lines.append(gap.join(cells).rstrip() if not alternate else gap.join(cells))
    return TextBlock(tuple(lines), (len(lines) - 1) // 2)


def draw_bracket(kind: str, height: int, axis: int) -> TextBlock:
    """Draw a bracket, `height` lines tall; a space as `kind` draws nothing."""
    if kind == " ":
        return TextBlock(("",) * height, axis)
    if height == 1:
        return TextBlock((kind,))
    top, middle, centre, bottom = tuple(_TALL[kind])
    lines = [top, *[middle] * (height - 2), bottom]
    if 0 < axis < height - 1:
        lines[axis] = centre
    return TextBlock(tuple(lines), axis)
