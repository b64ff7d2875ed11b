"""Tables for writing TeX as Unicode text: symbols, scripts, accents and alphabets."""

from __future__ import annotations

import unicodedata
from functools import cache
from typing import TYPE_CHECKING, Final

from flashcards.deck.cloze import GAP_SIGNS

if TYPE_CHECKING:
    from pylatexenc.macrospec import LatexContextDb  # type: ignore[import-untyped]

# Spaces that `layout.settle_spaces` writes only between certain neighbours. They are noncharacters, so no text contains
# them.
AROUND: Final = "\ufdd0"  # around relations, except at an edge or a bracket
APART: Final = "\ufdd1"  # between words: between two letters or digits
AFTER: Final = "\ufdd2"  # after a factor, if a letter, a digit or an opening bracket follows
BLOCK: Final = "\ufdd3"  # not a space, but the place of a block of several lines

_OWN: Final = {
    "Im": "Im", "Re": "Re", "bot": "⊥", "checkmark": "✓", "colon": ":", "degree": "°", "gets": "←", "iff": "⟺",
    "impliedby": "⟸", "implies": "⟹", "land": "∧", "lbrack": "[", "lnot": "¬", "lor": "∨", "mid": "∣", "models": "⊨",
    "ne": "≠", "neg": "¬", "owns": "∋", "perp": "⊥", "prime": "′", "rbrack": "]", "triangle": "△", "varnothing": "∅",
    "bmod": "mod", "dotsb": "⋯", "dotsc": "…", "lt": "<", "gt": ">",
    "backslash": "\\", "{": "{", "}": "}", "|": "‖", "%": "%", "$": "$", "&": "&", "#": "#", "_": "_",
    "R": "ℝ", "N": "ℕ", "Z": "ℤ", "infin": "∞", "lang": "⟨", "rang": "⟩", "complement": "∁",
}  # fmt: skip
# Known to KaTeX, MathJax or both; everything else is in pylatexenc's table.
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
scriptstyle scriptscriptstyle limits nolimits hline nonumber notag
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
    | {"mathord", "mathopen", "mathclose", "ensuremath", "overbrace", "underbrace", "smash"}
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
    r"""Find the text of the macro `\name`, which takes no argument; nothing if it is unknown."""
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
    return f"{sign}{text}{AFTER}" if len(drop_gap_signs(text)) == 1 else f"{sign}{{{text}}}{AFTER}"


def drop_gap_signs(text: str) -> str:
    """Return a text without the signs around its gaps."""
    return "".join(character for character in text if character not in GAP_SIGNS)


def find_small_form(text: str, sign: str) -> str | None:
    """Find the raised ("^") or lowered ("_") characters of Unicode for `text`; nothing if one is missing."""
    table = _SUPERSCRIPTS if sign == "^" else _SUBSCRIPTS
    found = [character if character in GAP_SIGNS else table.get(character) for character in text]
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
