from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flashcards.render.macros import MAX_LENGTH, expand, expansion_problem, parse_macros
from tests.render.strategies import tex

MACROS = {
    r"\R": r"\mathbb{R}",
    r"\euler": r"e^{i \pi} + 1",
    r"\pair": "(#1, #2)",
    r"\a": r"\alpha",
    r"\loop": r"x \loop",
    r"\grow": r"\twice{\twice{\twice{y}}}",
    r"\twice": "#1 #1",
    r"\deg": r"^\circ",
    r"\times": "#1x",
}


def test_a_file_gives_one_macro_a_line() -> None:
    read = parse_macros("\\euler e^{i \\pi} + 1\n\n% comment\n\\R \\mathbb{R} % reals\n\\pair (#1, #2)\n\\* \\cdot\n")
    assert read.bodies == {
        r"\euler": r"e^{i \pi} + 1",
        r"\R": r"\mathbb{R}",
        r"\pair": "(#1, #2)",
        r"\*": r"\cdot",
    }
    assert read.problems == ()


def test_a_line_that_is_no_macro_is_reported_and_costs_no_other() -> None:
    read = parse_macros("word\n\\x\n\\y {a\n\\z b\n")
    assert read.bodies == {r"\z": "b"}
    assert [line for line, _ in read.problems] == [1, 2, 3]


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        (r"\R^n", r"\mathbb{R}^n"),
        (r"x^\R", r"x^{\mathbb{R}}"),
        (r"x^\a", r"x^\alpha"),
        (r"\frac\euler2", r"\frac{e^{i \pi} + 1}2"),
        (r"\a{x}", r"\alpha{x}"),
        (r"\pair{a}{b}", "(a, b)"),
        (r"\pair xy", "(x, y)"),
        (r"\pair\a b", r"(\alpha, b)"),
        (r"\twice{\a}x", r"\alpha \alpha x"),
        (r"\pair{\{}{b}", r"(\{, b)"),
        (r"\times{\a}", r"\alpha x"),
        (r"90\deg C", r"90^\circ C"),
        (r"\\R", r"\\R"),
        (r"\Real", r"\Real"),
        ("x", "x"),
    ],
)
def test_a_macro_is_written_out(source: str, expected: str) -> None:
    assert expand(source, MACROS) == expected
    assert expansion_problem(source, MACROS) is None


def test_a_macro_that_calls_itself_is_left_as_typed_and_reported() -> None:
    assert expand(r"a \loop", MACROS) == r"a \loop"
    assert expansion_problem(r"a \loop", MACROS) == r"The macro `\loop` calls itself."


def test_a_macro_that_grows_without_end_is_left_as_typed_and_reported() -> None:
    bomb = {rf"\{'b' * n}": rf"\{'b' * (n + 1)}" * 10 for n in range(1, 9)} | {rf"\{'b' * 9}": "x" * 10}
    assert expand(r"\b", bomb) == r"\b"
    problem = expansion_problem(r"\b", bomb)
    assert problem is not None
    assert str(MAX_LENGTH) in problem or "calls itself" in problem


@given(tex)
def test_expanding_never_raises_and_is_bounded(source: str) -> None:
    assert len(expand(source, MACROS)) <= max(MAX_LENGTH, len(source))


@given(st.text())
def test_reading_macros_never_raises(text: str) -> None:
    read = parse_macros(text)
    assert all(name.startswith("\\") and body for name, body in read.bodies.items())
