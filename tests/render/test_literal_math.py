from __future__ import annotations

import pytest
from hypothesis import given

from flashcards.render.formulas import Formula, cut_out_math
from tests.render.strategies import markdown


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        (r"a \(x\) b", [Formula("x", False)]),
        (r"\[x\] \(y\)", [Formula("x", True), Formula("y", False)]),
        (r"\(a_1 * b_1 * c\)", [Formula("a_1 * b_1 * c", False)]),
        (r"\[a \\ b\]", [Formula(r"a \\ b", True)]),
        (r"\(\text{a \) b}\)", [Formula(r"\text{a ", False)]),
        ("\\[\n= a\n- b\n\\]", [Formula("\n= a\n- b\n", True)]),
        ("> \\[a\n> b\\]", [Formula("a\nb", True)]),
        ("[\\(x\\)](u)", [Formula("x", False)]),
        (r"é\(é\)", [Formula("é", False)]),
        (r"\\\(x\)", [Formula("x", False)]),
        (r"\\(x\\)", []),
        (r"*(x\)* \(y\)", [Formula("y", False)]),
        (r"`\(x\)`", []),
        ("```\n\\(x\\)\n```", []),
        ("    \\(x\\)", []),
        (r"[a](\(x\))", []),
        (r"![\(x\)](a.png)", []),
        (r"<b title='\(x\)'>", []),
        (r"$\(x\)$", []),
        ("\\(a\n\nb\\)", []),
        (r"\(x", []),
        (r"\(\)", []),
        (r"\( \)", []),
    ],
)
def test_literal_math_is_taken_where_it_is_text(source: str, expected: list[Formula]) -> None:
    assert list(cut_out_math(source).formulas) == expected


@given(markdown)
def test_putting_the_formulas_back_gives_the_source(text: str) -> None:
    source = text.encode(errors="ignore").decode().replace(">", "")
    taken = cut_out_math(source)
    back = taken.source
    if taken.placeholder is not None:
        assert len(taken.placeholder.findall(taken.source)) == len(taken.formulas)

        def formula(index: str) -> str:
            found = taken.formulas[int(index)]
            return f"\\[{found.tex}\\]" if found.display else f"\\({found.tex}\\)"

        back = taken.placeholder.sub(lambda match: formula(match[1]), back)
    assert back == source
