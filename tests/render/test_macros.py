from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flashcards.render.formulas import MAX_LENGTH, can_expand, expand, find_endless_macros, parse_macros
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


def test_a_line_that_is_no_macro_is_reported_and_the_others_are_read() -> None:
    read = parse_macros("word\n\\x\n\\y {a\n\\z b\n")
    assert read.bodies == {r"\z": "b"}
    assert [(problem.line, problem.message) for problem in read.problems] == [
        (1, "This line is not a macro."),
        (2, r"The macro `\x` has no body."),
        (3, r"The braces of the macro `\y` do not balance."),
    ]


@pytest.mark.parametrize("line", [r"\newcommand{\R}{\mathbb{R}}", r"\def\R{\mathbb{R}}", r"\let\R=\Re"])
def test_a_definition_as_latex_writes_it_is_reported(line: str) -> None:
    read = parse_macros(f"{line}\n\\z b\n")
    assert read.bodies == {r"\z": "b"}
    (problem,) = read.problems
    assert problem.line == 1
    assert problem.message.endswith("is neither needed nor supported here.")
    assert r"`\R \mathbb{R}`" in problem.hint


def test_a_byte_order_mark_belongs_to_no_macro() -> None:
    assert parse_macros("\ufeff\\z b\n").bodies == {r"\z": "b"}


def test_the_last_line_counts_for_a_name_given_twice() -> None:
    read = parse_macros("\\z a\n\\z b\n")
    assert (read.bodies, read.lines) == ({r"\z": "b"}, {r"\z": 2})


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
    assert can_expand(source, MACROS)


def endless(text: str) -> list[tuple[int, str]]:
    return [(problem.line, problem.message) for problem in find_endless_macros(parse_macros(text))]


def test_a_macro_that_calls_itself_is_left_as_typed_and_reported() -> None:
    assert expand(r"a \loop", MACROS) == r"a \loop"
    assert not can_expand(r"a \loop", MACROS)
    assert endless("\\ok x\n\\loop x \\loop\n") == [(2, r"The macro `\loop` calls itself.")]


def test_macros_that_call_each_other_are_reported_each_at_its_line() -> None:
    assert endless("\\phi \\varphi\n\\ok x\n\\varphi \\phi\n") == [
        (1, r"The macro `\phi` calls itself through `\varphi`."),
        (3, r"The macro `\varphi` calls itself through `\phi`."),
    ]


def test_a_macro_is_not_reported_for_using_one_that_calls_itself() -> None:
    assert endless("\\user \\loop\n\\loop {\\loop}\n") == [(2, r"The macro `\loop` calls itself.")]


@pytest.mark.parametrize(
    "text",
    [
        "\\loops \\loop\n\\loop x\n",  # the name begins alike
        "\\x \\\\x\n",  # a line break, then a letter
        "\\second #2\n\\x \\second{\\x}{y}\n",  # the argument with the call is dropped
        "\\x \\x y\n\\x z\n",  # defined again without the call
        "\\x y % \\x\n",
        "\\deep \\a\\a\n\\a \\b\\b\n\\b \\c\\c\n\\c x\n",
    ],
)
def test_a_macro_that_comes_to_an_end_is_not_reported(text: str) -> None:
    assert endless(text) == []


def test_an_endless_macro_is_reported_and_stays_as_typed() -> None:
    bomb = {rf"\{'b' * n}": rf"\{'b' * (n + 1)}" * 10 for n in range(1, 9)} | {rf"\{'b' * 9}": "x" * 10}
    assert expand(r"\b", bomb) == r"\b"
    message = r"The macro `\bbbbbbb` makes a formula of more than 2,000 characters or 100 calls."
    assert endless("".join(f"{name} {body}\n" for name, body in bomb.items())) == [(7, message)]


def name_macro(number: int) -> str:
    return "\\m" + "".join("abcdefghij"[int(digit)] for digit in str(number))


@pytest.mark.parametrize("last", [8_000, 0])
def test_a_long_chain_of_macros_is_examined_in_linear_time(last: int) -> None:
    chain = "".join(f"{name_macro(number)} {name_macro(number + 1)}\n" for number in range(8_000))
    problems = endless(f"{chain}{name_macro(8_000)} {name_macro(last)}\n")
    assert problems
    assert all("calls itself" in message for _, message in problems)


def test_many_short_formulas_make_no_large_text() -> None:
    macros = {r"\long": "x" * 1_900, r"\much": "x" * 2_200, r"\calls": r"\R" * 120, r"\R": "x"}
    assert expand(r"\long", macros) == "x" * 1_900
    assert [expand(name, macros) for name in (r"\much", r"\calls")] == [r"\much", r"\calls"]


def test_a_formula_with_very_many_open_or_nested_braces_stays_as_typed() -> None:
    for formula in ("\\pair{" * 3_000, "\\pair{" * 2_000 + "x" + "}" * 2_000):
        assert expand(formula, MACROS) == formula
    assert expand(r"\twice{" * 2 + "x" + "}" * 2, MACROS) == "x x x x"


@given(tex)
def test_expanding_never_raises_and_is_bounded(source: str) -> None:
    assert len(expand(source, MACROS)) <= max(MAX_LENGTH, len(source))


@given(st.text())
def test_reading_macros_never_raises(text: str) -> None:
    read = parse_macros(text)
    assert all(name.startswith("\\") and body for name, body in read.bodies.items())
    assert all(
        text.splitlines()[read.lines[name] - 1].lstrip("\ufeff").strip().startswith(name) for name in read.bodies
    )
    assert {problem.line for problem in find_endless_macros(read)} <= set(read.lines.values())
