from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flashcards.deck.parse import MAX_LEVELS, get_deck_name, parse
from flashcards.deck.pitfalls import (
    LostCells,
    find_conflict,
    find_lost_cells,
    find_pair,
    find_unbalanced_math,
    find_unread_questions,
    may_hold_unread_questions,
)
from flashcards.deck.source import Spans


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("Q: a?\nA: b\n\n<<<<<<< HEAD\nQ: c?\nA: d1\n=======\nQ: c?\nA: d2\n>>>>>>> branch\n", 4),
        ("Q: a?\nA: b\n=======\nQ: c?\nA: d\n", 3),
        ("Q: a?\nA: b\n\n=======\n", 4),
        ("Q: a?\nA: b\n>>>>>>> branch\n", 3),
        ("a\n||||||| base\n", 2),
        ("```\n<<<<<<< HEAD\n```\n<<<<<<<\n", 4),
        ("A: ```\n<<<<<<< HEAD\n```\n", 0),
        ("~~~~ git\n>>>>>>> x\n~~~\n>>>>>>> x\n~~~~\n", 0),
        ("Chapter\n=======\n", 0),
        (" <<<<<<< HEAD\n", 0),
        ("<<<<<<<< HEAD\n", 0),
        ("a <<<<<<< b\n", 0),
        ("========\n", 0),
    ],
)
def test_a_conflict_marker_outside_code_is_found(text: str, line: int) -> None:
    assert find_conflict(text) == line


@pytest.mark.parametrize(
    "text",
    [
        "**Q:** one\n\n**A:** two",
        "**Q**: one",
        "__Q:__ one",
        "*Question:* one",
        "**Q1:** one",
        "**Q.** one",
        "- **Q:** one",
        "## Q: one\n\nA: two",
        "### Q1. one\nA1. two",
        "- Q: one\n- A: two",
        "1. Q: one\n   A: two",
        "> Q: one\n> A: two",
        "q: one\na: two",
        "Q1: one\nA1: two",
        "Q. one\nA. two",
        "Question: one\nAnswer: two",
        "Question 1: one\nAnswer 1: two",
        "**Q: one**\n\n**A: two**",
        "QUESTION: one\nANSWER: two",
        "Front: one\nBack: two",
        "Term: one\nDefinition: two",
        "Q : one\nA : two",
        "Q - one\nA - two",
        "[Q] one\n[A] two",
        "(Q) one\n(A) two",
        "`Q:` one\n`A:` two",
        "<b>Q:</b> one<br>\n<b>A:</b> two",
        "Frage: eins\nAntwort: zwei",
        "Question : une ?\nRéponse : deux",
        "Pregunta 1: uno\nRespuesta 1: dos",
        "ВОПРОС: один\nОтвет: два",
        "问：一\n答：二",
        "問題：一\n答え：二",
        "Ｑ：一\nＡ：二",
        "**Frage:** eins\n\n**Antwort:** zwei",
        "**Front:** one\n**Back:** two",
        "==Q:== one\n==A:== two",
    ],
)
def test_a_question_with_another_marker_is_reported_once(text: str) -> None:
    for body in (text, f"Prose.\n\n{text}\n\n{text}"):
        found = [problem.code for problem in parse(body, "x.md").problems if problem.code != "stray-answer"]
        assert found == ["no-marker"]


@pytest.mark.parametrize(
    "text",
    [
        "Q: one\nA: two\n- Q: x\n- A: y",
        "```\n**Q:** one\n```",
        "`**Q:** one`",
        "A question: what now?",
        "Question: what now?",
        "**Queue:** a line of people",
        "**Quality** is what counts: always",
        "q: only this",
        "> Q: only this",
        "**C** is a language",
        "**T**est: it",
        "*Q. robur* is the oak",
        "**T1: longitudinal**",
        "Q - only this",
        "Front: only this",
        "Frage: nur dies",
        "Antwort: zwei\n\nFrage: nur dies",
        "Fragen: eins\nAntworten: zwei",
        "Write `Q:` and `A:`.",
    ],
)
def test_text_that_only_resembles_a_marker_is_not_a_problem(text: str) -> None:
    assert parse(text, "x.md").problems == ()


@pytest.mark.parametrize(
    ("text", "lost"),
    [
        ("| op | meaning |\n|---|---|\n| `a|b` | or |", LostCells(2, 3, 2)),
        ("x\n\n| a |\n|---|\n| b |\n| c | d |", LostCells(5, 2, 1)),
        ("a | b\n--|--\nc | d | e", LostCells(2, 3, 2)),
        ("| é | b |\n|---|---|\n| $|x|$ | or |", LostCells(2, 4, 2)),
        ("| op | meaning |\n|---|---|\n| `a\\|b` | or |", None),
        ("| a | b |\n|---|---|\n| c |", None),
        ("a || b", None),
    ],
)
def test_cells_beyond_the_head_of_a_table_are_found(text: str, lost: LostCells | None) -> None:
    assert find_lost_cells(text) == lost


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (r"$\frac{a$", "`$` is left open"),
        (r"$\frac{a}{b$ and more", "`$` is left open"),
        (r"an open \(x + 1", r"`\(` is left open"),
        (r"an open \[x + 1", r"`\[` is left open"),
        ("$$x", "`$$` is left open"),
        (r"$\alpha", "`$` is left open"),
        (r"\(\frac{a\)", "a `{` in the math is left open"),
        (r"$\left( x$", r"`\left` and `\right` do not pair up"),
        (r"\[words\] and \(words\)", None),
        (r"\[d](e) and \[^1] and !\[\[k]]", None),
        (r"\[x^2 + 1]", r"`\[` is left open"),
        (r"`\(x` and `$\frac{a$`", None),
        (r"$5 and \$x", None),
        (r"\\(x", None),
        (r"C:\\[x", None),
        (r"$\frac{a}{b}$", None),
    ],
)
def test_math_that_is_left_open_is_found(text: str, problem: str | None) -> None:
    assert find_unbalanced_math(text) == problem


@pytest.mark.parametrize(
    ("answer", "pair"),
    [
        ("two\n\n- RAID ::: risks", "RAID ::: risks"),
        ("two\n\nCat :: Katze", "Cat :: Katze"),
        ("two\n1. Cat :: Katze", "Cat :: Katze"),
        ("two\nand `x` :: y", None),
        ("two\n\nCat \\:: Katze", None),
        ("two\n\nCat::Katze", None),
        ("two\n\n`Cat :: Katze`", None),
        ("```\nx\n\ny :: z\n```", None),
        ("Cat :: Katze", None),
    ],
)
def test_a_pair_below_an_answer_is_found(answer: str, pair: str | None) -> None:
    assert find_pair(answer) == pair


def test_a_deck_of_too_many_levels_is_named_after_its_file() -> None:
    deck = parse(f"---\ndeck: {'::'.join(['a'] * 1500)}\n---\nQ: a\nA: b\n", "x.md")
    assert deck.name == "x"
    assert [(problem.code, problem.line) for problem in deck.problems] == [("deck-name", 2)]
    assert get_deck_name("a/" * 500 + "b.md").count("::") == MAX_LEVELS - 1


def test_a_deck_with_a_very_long_name_is_named_after_its_file() -> None:
    deck = parse(f"---\ndeck: {'x' * 1001}\n---\nQ: a\nA: b\n", "x.md")
    assert (deck.name, [problem.code for problem in deck.problems]) == ("x", ["deck-name"])


def test_names_hold_no_control_characters() -> None:
    deck = parse('---\ndeck: "a\\x1b]0;b\\u2028c\\r"\ntags: ["x\\x07y"]\n---\nQ: a\nA: b\n', "x.md")
    assert (deck.name, deck.notes[0].tags) == ("a ]0;b c", ("x-y",))


PIECES = [*"QqTCA#*_-+>:：.)1 \t\n", "\n", "\n", "Question", "Answer", "question", "Term", "Cloze", "12.", "   "]
PIECES += ["Front", "Back", "Definition", "[Q]", "[A]", "`Q:` ", "`A:` ", "<b>", "</b>", "–"]


@given(st.lists(st.sampled_from(PIECES), min_size=3, max_size=14).map("".join))
def test_the_quick_look_for_unread_questions_passes_over_no_question(text: str) -> None:
    if list(find_unread_questions(text, Spans([]), Spans([]))):
        assert may_hold_unread_questions(text)


@pytest.mark.parametrize(
    "text", ["- Q: a\n- A: b\n", "**Q: a**\n", "## Q: a\nA: b\n", "q: a\na: b\n", "Question 1: a\nAnswer 1: b\n"]
)
def test_the_quick_search_for_unread_questions_finds_every_form(text: str) -> None:
    assert may_hold_unread_questions(text)
    assert not may_hold_unread_questions("Q: a\nA: b\n\n  Q: c\nA: d *q*\n")


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("START\nBasic\none\nBack: two\nEND", "obsidian-to-anki"),
        ("One? #card\ntwo", "flashcards-obsidian"),
        ("One? #card-reverse\ntwo", "flashcards-obsidian"),
        ("> [!sr] one\n> two", "mdsr"),
        ("one\n?\ntwo", "obsidian"),
        ("---\n\nDeck: x\n\n1. one\n> two\n---", "inka"),
    ],
)
def test_a_note_of_another_tool_in_a_native_file_names_its_format(text: str, name: str) -> None:
    (problem,) = parse(f"# Title\n\n{text}\n", "x.md").problems
    assert problem.code == "other-format"
    assert f"format: {name}" in problem.hint
    assert not parse(f"```\n{text}\n```\n", "x.md").problems
    assert not parse(f"Q: a\nA: b\n\n---\n\n# Title\n\n{text}\n", "x.md").problems


@pytest.mark.parametrize(
    "text", ["START here\nEND", "I bought a #card\n", "#card\n", "Is it?\n\n?\n", "---\nDeck: of a ship\n---"]
)
def test_ordinary_text_is_no_note_of_another_tool(text: str) -> None:
    assert parse(f"# Title\n\n{text}\n", "x.md").problems == ()
