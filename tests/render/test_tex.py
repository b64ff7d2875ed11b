from __future__ import annotations

import subprocess
import sys
import unicodedata
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flashcards.render.tex import tex_to_text
from flashcards.render.tex.layout import convert_alphabet, find_symbol, format_script
from tests.render.produce import MACROS
from tests.render.strategies import tex


@settings(max_examples=500)
@given(tex, st.booleans())
def test_any_text_becomes_text_that_cannot_drive_a_terminal(source: str, inline: bool) -> None:
    text = tex_to_text(source, MACROS | {r"\loop": r"\loop"}, inline=inline)
    assert not any(character < " " or character == "\x7f" for character in text if character not in "\t\r\n")
    assert not any(0xFDD0 <= ord(character) <= 0xFDEF for character in text)
    if inline:
        assert "\n" not in text.strip()


_ATOMS = st.sampled_from([*"abcxyzABC0123456789+-=<>/*!,.:;|()[]∑αé"])


def _known_tex() -> st.SearchStrategy[str]:
    """TeX in which every character outside a macro's name is to be seen."""

    def wider(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
        return st.one_of(
            st.lists(inner, min_size=1, max_size=3).map("".join),
            st.tuples(inner, inner).map(lambda p: rf"\frac{{{p[0]}}}{{{p[1]}}}"),
            inner.map(lambda p: f"x^{{{p}}}"),
            inner.map(lambda p: f"y_{{{p}}}"),
            inner.map(lambda p: rf"\sqrt{{{p}}}"),
            inner.map(lambda p: rf"\text{{{p}}}"),
            inner.map(lambda p: rf"\mathrm{{{p}}}"),
            inner.map(lambda p: rf"\left({p}\right)"),
            inner.map(lambda p: rf"\foo{{{p}}}"),
            st.lists(inner, min_size=1, max_size=4).map(
                lambda p: rf"\begin{{pmatrix}}{' & '.join(p[:2])}\\{' & '.join(p[2:])}\end{{pmatrix}}"
            ),
            st.tuples(inner, inner).map(lambda p: rf"\begin{{cases}}{p[0]} & {p[1]}\\{p[1]}\end{{cases}}"),
        )

    return st.recursive(_ATOMS, wider, max_leaves=12)


_NAMES = ("frac", "sqrt", "text", "mathrm", "left", "right", "begin", "end", "pmatrix", "cases")


@settings(max_examples=300)
@given(_known_tex(), st.booleans())
def test_no_symbol_is_dropped(source: str, inline: bool) -> None:
    bare = source.replace("\\\\", " ")
    for name in _NAMES:
        bare = bare.replace(f"\\{name}", "").replace(f"{{{name}}}", "")
    wanted = Counter(c for c in unicodedata.normalize("NFKD", bare) if c.isalnum() or c in "+=<>!∑")
    shown = unicodedata.normalize("NFKD", tex_to_text(source, {}, inline=inline)).replace("−", "-")
    missing = wanted - Counter(shown)
    assert not missing


@pytest.mark.parametrize("source", [r"\frac{1}{", "}", r"\begin{pmatrix}", r"\end{x}", r"\hat", "\\", "a\\", "{" * 500])
def test_what_does_not_parse_is_shown_as_typed(source: str) -> None:
    assert tex_to_text(source, {}) == source


@pytest.mark.parametrize(
    "source", ["{" * 300 + "}" * 300, "x^{" * 200 + "}" * 200, "\\begin{matrix}" * 60, "x" * 20_000]
)
def test_a_monstrous_formula_is_shown_as_typed(source: str) -> None:
    assert tex_to_text(source, {}) == source


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        (r"\begin{pmatrix}1&2\\3&4\end{pmatrix}", "(1, 2; 3, 4)"),
        (r"\begin{cases}x&x>0\\0&\text{else}\end{cases}", "{x, x>0; 0, else"),
        (r"a \\ b", "a; b"),
        ("a\nb", "a b"),
        (r"\foo{" + "\n}", r"\foo{ }"),
        (r"x_⦉\alpha y⦊ z", r"x_{⦉α y⦊} z"),
    ],
)
def test_inline_everything_is_one_line(source: str, expected: str) -> None:
    assert tex_to_text(source, {}, inline=True) == expected


@pytest.mark.parametrize(
    ("name", "expected"),
    [("alpha", "α"), ("infty", "∞"), ("leq", "≤"), ("Re", "Re"), ("iff", "⟺"), ("nonsense", None), ("frac", None)],
)
def test_a_symbol_is_found_by_its_name(name: str, expected: str | None) -> None:
    assert find_symbol(name) == expected


@given(st.text(st.sampled_from("0123456789+-=()abijknx"), min_size=1), st.sampled_from("^_"))
def test_a_script_never_changes_its_characters(text: str, mark: str) -> None:
    plain = unicodedata.normalize("NFKC", format_script(text, mark)).replace("−", "-")
    assert text in plain


def test_letters_without_a_place_in_an_alphabet_stay() -> None:
    assert convert_alphabet("Rλ-1", ("DOUBLE-STRUCK", "DOUBLE-STRUCK")) == "ℝλ-𝟙"


def test_control_characters_of_a_formula_and_of_its_macros_are_visible() -> None:
    assert tex_to_text("a\x1b", {}) == "a␛"
    assert tex_to_text(r"\f", {r"\f": "b\x1b"}) == "b␛"


def test_the_parser_is_loaded_for_math_only() -> None:
    program = (
        "import sys; from flashcards.render.terminal.renderer import TerminalRenderer\n"
        "TerminalRenderer({}, plain=False).render('*a* `b` [c](d)')\n"
        "heavy = ('pylatexenc', 'pygments', 'nh3', 'rich.table', 'html.parser')\n"
        "print([name for name in heavy if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
