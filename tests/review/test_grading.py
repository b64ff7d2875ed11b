from __future__ import annotations

import unicodedata

from hypothesis import given
from hypothesis import strategies as st

from flashcards.review.grading import PieceKind, find_difference, is_same_text


def written(text: str) -> str:
    return " ".join(unicodedata.normalize("NFC", text).split())


def test_equal_texts_are_right() -> None:
    assert find_difference("Paris", "Paris") == [("Paris", PieceKind.RIGHT)]


def test_a_wrong_character_is_shown_next_to_the_missing_one() -> None:
    assert find_difference("Paros", "Paris") == [
        ("Par", PieceKind.RIGHT),
        ("o", PieceKind.WRONG),
        ("i", PieceKind.MISSING),
        ("s", PieceKind.RIGHT),
    ]


def test_a_missing_character_is_shown_in_its_place() -> None:
    assert find_difference("Pari", "Paris") == [("Pari", PieceKind.RIGHT), ("s", PieceKind.MISSING)]


def test_quite_another_answer_is_wrong_as_a_whole() -> None:
    assert find_difference("Lyon", "Paris") == [("Lyon", PieceKind.WRONG), ("Paris", PieceKind.MISSING)]


def test_spaces_and_the_form_of_accents_make_no_difference() -> None:
    assert is_same_text("  caf\u0065\u0301  au lait", "caf\u00e9 au\nlait")


def test_case_makes_a_difference() -> None:
    assert not is_same_text("paris", "Paris")


def test_long_texts_are_compared_word_by_word() -> None:
    text = "word " * 400
    assert find_difference(f"{text}wrong", f"{text}right")[1:] == [
        (" wrong", PieceKind.WRONG),
        (" right", PieceKind.MISSING),
    ]


@given(st.text(), st.text())
def test_the_pieces_add_up_to_the_typed_text_and_to_the_answer(given_: str, answer: str) -> None:
    pieces = find_difference(given_, answer)
    assert "".join(text for text, mark in pieces if mark is not PieceKind.MISSING) == written(given_)
    assert "".join(text for text, mark in pieces if mark is not PieceKind.WRONG) == written(answer)
    assert all(text for text, _ in pieces)
