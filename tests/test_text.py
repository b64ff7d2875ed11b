"""Lines broken between words."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flashcards.text import count_columns, plural, wrap_line


@pytest.mark.parametrize(
    ("line", "width", "lines"),
    [
        ("one two three", 20, ["one two three"]),
        ("one two three", 8, ["one two", "three"]),
        ("  1. one two three", 10, ["  1. one", "    two", "    three"]),
        ("a  b   c", 8, ["a  b   c"]),
        ("unbreakable", 4, ["unbr", "eaka", "ble"]),
        ("一二三 四", 6, ["一二三", "四"]),
        ("", 5, [""]),
    ],
)
def test_a_line_is_broken_between_words(line: str, width: int, lines: list[str]) -> None:
    assert wrap_line(line, width) == lines


@given(st.text("ab é一 \N{COMBINING ACUTE ACCENT}", max_size=40), st.integers(2, 30))
def test_no_line_is_too_wide_and_no_word_is_lost(line: str, width: int) -> None:
    found = wrap_line(line, width)
    assert all(count_columns(each) <= width for each in found)
    assert "".join("".join(found).split()) == "".join(line.split())


def test_plural_counts_with_a_noun() -> None:
    assert [plural(number, "card") for number in (0, 1, 2_000)] == ["0 cards", "1 card", "2,000 cards"]
