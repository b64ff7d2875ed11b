from __future__ import annotations

from functools import partial

import pytest
from hypothesis import assume, given, settings

from flashcards.deck.cloze import MAX_NUMBER, Cloze, GapError, choose_delimiters, find_gaps, replace_gaps
from flashcards.deck.model import Gap, Kind, Note
from tests.deck.markdown_like import gap, markdown_like


def hidden(text: str, definitions: str = "") -> list[tuple[tuple[int, ...], str]]:
    return [(gap.numbers, text[gap.inner_start : gap.inner_end]) for gap in find_gaps(text, definitions)]


def test_brackets_and_highlights_are_numbered_as_they_come() -> None:
    assert hidden("==a== [b] ==c==") == [((1,), "a"), ((2,), "b"), ((3,), "c")]


def test_the_outer_place_of_a_gap_includes_its_marks_and_the_inner_place_does_not() -> None:
    assert find_gaps("x [y] {z}") == (Gap((1,), 2, 5, 3, 4),)
    assert find_gaps("{{c2::a::b}}!") == (Gap((2,), 0, 12, 6, 7, "b"),)


def test_offsets_count_characters_not_bytes() -> None:
    assert find_gaps("é🦊 [שלום]") == (Gap((1,), 3, 9, 4, 8),)


def test_a_text_without_gaps_has_none() -> None:
    assert find_gaps("plain (text) a == b {{c}}") == ()


def test_one_explicit_gap_makes_all_brackets_text() -> None:
    assert hidden("[a] {{c4::b}} [[c] ==d==") == [((4,), "b"), ((5,), "d")]


def test_equal_numbers_in_one_gap_count_once() -> None:
    assert hidden("{{c2,1,2::a}}") == [((2, 1), "a")]


@pytest.mark.parametrize("definitions", ["[a]: https://example.org", "[A]: <u>\n[b]: v"])
def test_a_definition_makes_a_bracket_a_link(definitions: str) -> None:
    assert hidden("[a] [c]") == [((1,), "a"), ((2,), "c")]
    assert hidden("[a] [c]", definitions) == [((1,), "c")]


def test_a_gap_is_never_read_out_of_the_definitions() -> None:
    assert hidden("text [a]", "[b]: <https://example.org/[x]/==y==/{{c1::z}}>") == [((1,), "a")]


@pytest.mark.parametrize(
    ("text", "offset", "code"),
    [
        ("a [b", 2, "open-gap"),
        ("a [b\n\nc]", 2, "open-gap"),
        ("- [b\n- c]", 2, "open-gap"),
        ("[a] [b [c]", 4, "open-gap"),
        ("a {{c1::b", 2, "open-gap"),
        ("{{c1::a}} {{c2::{b}}", 10, "open-gap"),
        ("{{c1::a {{c2::b}}", 0, "open-gap"),
        ("a {{c1::}}", 2, "empty-gap"),
        ("{{c1::a}} {{c1:: ::hint}}", 10, "empty-gap"),
        ("a {{c0::b}}", 2, "gap-number"),
        (f"{{{{c1::a}}}} {{{{c{MAX_NUMBER + 1}::b}}}}", 10, "gap-number"),
        ("[x] " * (MAX_NUMBER + 1), 4 * MAX_NUMBER, "gap-number"),
    ],
)
def test_an_invalid_gap_is_reported_with_its_place_and_reason(text: str, offset: int, code: str) -> None:
    with pytest.raises(GapError) as caught:
        find_gaps(text)
    assert (caught.value.offset, caught.value.code) == (offset, code)


def test_the_highest_number_is_still_a_gap() -> None:
    assert len(find_gaps("[x] " * MAX_NUMBER)) == MAX_NUMBER


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("a [b] c", "a <1:b> c"),
        ("[a][ ]==b==", "<1:a>[ ]<2:b>"),
        ("{{c1::a {{c2::b}} c {{c3::d::e}}}} f {{c1::g}}", "<1:a <2:b> c <3:d>> f <1:g>"),
        ("==a {{c1::b}}==", "<2:a <1:b>>"),
        ("{{c1::{{c1::{{c1::x}}}}}}", "<1:<1:<1:x>>>"),
    ],
)
def test_gaps_are_replaced_inner_ones_first(text: str, written: str) -> None:
    assert replace_gaps(text, find_gaps(text), lambda gap, inner: f"<{gap.numbers[0]}:{inner}>") == written


def test_a_text_without_gaps_is_not_changed() -> None:
    assert replace_gaps("[ ] text", (), lambda *_: "") == "[ ] text"


def test_thousands_of_gaps_inside_each_other_are_replaced() -> None:
    depth = 5000
    text = "{{c1::" * depth + "x" + "}}" * depth
    assert replace_gaps(text, find_gaps(text), lambda _, inner: inner) == "x"


@settings(max_examples=200, deadline=None)
@given(markdown_like | gap)
def test_replacing_every_gap_by_itself_restores_the_text(text: str) -> None:
    text = text.encode("utf-8", "replace").decode()
    try:
        gaps = find_gaps(text)
    except GapError as error:
        assert 0 <= error.offset < len(text)
        return
    places = {(gap.inner_start, gap.inner_end): gap for gap in gaps}
    assert len(places) == len(gaps)

    def again(gap: Gap, inner: str) -> str:
        return text[gap.start : gap.inner_start] + inner + text[gap.inner_end : gap.end]

    assert replace_gaps(text, gaps, again) == text


@settings(max_examples=200, deadline=None)
@given(markdown_like | gap)
def test_the_sides_of_a_card_are_the_text_with_each_gap_replaced(text: str) -> None:
    text = text.encode("utf-8", "replace").decode().replace("\\[", "").replace("\\]", "")
    assume("\\[" not in text and "\\]" not in text)  # what is left of `\\]]` is `\]`
    try:
        gaps = tuple(gap._replace(hidden=(2,)) if gap.numbers == (3,) else gap for gap in find_gaps(text))
    except GapError:
        return
    numbers = {number for gap in gaps for number in gap.numbers}
    cloze = Cloze(Note(Kind.CLOZE, 1, 1, (text,), (), gaps))
    for number in numbers:

        def show(gap: Gap, inner: str, number: int = number, *, asks: bool) -> str:
            if number in gap.numbers:
                return f"<[{gap.hint or '…'}]>" if asks else f"<{inner}>"
            return "…" if number in gap.hidden else inner

        expected = tuple(replace_gaps(text, gaps, partial(show, asks=asks)) for asks in (True, False))
        assert cloze.build_sides(f"c{number}", ("<", ">")) == expected


@pytest.mark.parametrize("text", ["{{c%d::a}} " * 499, "{{c1::" + "{{c%d::a}} " * 499 + "}}"])
def test_a_card_visits_only_its_own_gaps(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    text %= tuple(range(1, 500))
    gaps = find_gaps(text)
    cloze = Cloze(Note(Kind.CLOZE, 1, 1, (text,), (), gaps))
    visited: list[int] = []

    def count(_text: str, gaps: list[Gap], _write: object) -> str:
        visited.append(len(gaps))
        return ""

    monkeypatch.setattr("flashcards.deck.cloze.replace_gaps", count)
    for number in range(1, 500):
        cloze.build_sides(f"c{number}")
    assert sum(visited) == 2 * len(gaps)


def test_marks_are_two_characters_that_are_not_in_the_text() -> None:
    text = ""
    for _ in range(200):
        opening, closing = choose_delimiters(text)
        assert opening != closing
        assert len(opening + closing) == 2
        assert not {opening, closing} & set(text)
        text += closing


@pytest.mark.parametrize("footnote", ["word", "https://example.org", "two words"])
def test_a_gap_before_a_footnote_is_no_link(footnote: str) -> None:
    assert hidden("[x][^1] y", f"[^1]: {footnote}") == [((1,), "x")]
    assert hidden(f"[x][^1] y\n\n[^1]: {footnote}") == [((1,), "x")]


def test_a_gap_directly_after_an_embed_is_no_label_of_a_picture() -> None:
    assert hidden("![[p.png]][a] [b]") == [((1,), "a"), ((2,), "b")]
    assert hidden("![p][a] [b]") == [((1,), "b")]
