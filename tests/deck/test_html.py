from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flashcards.deck.html import Tag, split_html, unescape

PIECES = ["<", ">", "/", "!", "?", "a", "<a ", "</a>", "b=", '"', "'", "<!--", "-->", "<![", "CDATA[", "]]>", "<br/>"]
PIECES += ["<script>", "</script>", "&lt;", "&#60;", "<style", " ", "\n", "=", "é", "\x00"]


@pytest.mark.parametrize(
    ("html", "pieces"),
    [
        ("a<B>c</B >d", ["a", Tag("b", {}), "c", Tag("b", {}, closes=True), "d"]),
        ("<img SRC=a.png alt='x > y' hidden>", [Tag("img", {"src": "a.png", "alt": "x > y", "hidden": ""})]),
        ('<a href="?a&amp;b" href=c>', [Tag("a", {"href": "?a&b"})]),
        ("<br/><br />", [Tag("br", {}, is_empty=True)] * 2),
        ("a &lt; b < c", ["a < b < c"]),
        ("a<!-- <b> -->c<!DOCTYPE x>d<?php x ?>e", ["a", "c", "d", "e"]),
        ("a<![CDATA[<b>]]>c", ["a", "<b>", "c"]),
        ("<![foo>a", ["a"]),
        ("<script>a < b</x></script>c", [Tag("script", {}), "a < b</x>", Tag("script", {}, closes=True), "c"]),
        ("<style>a", [Tag("style", {}), "a"]),
        ("a<b", ["a<b"]),
        ("a <!-- b", ["a <!-- b"]),
        ("a <![foo", ["a <![foo"]),
        ('<a b="c>d', [Tag("a", {"b": '"c'}), "d"]),
        ("<a =b>", [Tag("a", {"=b": ""})]),
        ("1 <2> 3 </> 4", ["1 <2> 3 </> 4"]),
    ],
)
def test_html_is_split_into_tags_and_text(html: str, pieces: list[Tag | str]) -> None:
    assert list(split_html(html)) == pieces


@given(st.lists(st.sampled_from(PIECES), max_size=30).map("".join))
def test_any_html_can_be_read(html: str) -> None:
    for piece in split_html(html):
        assert piece


@given(st.text(st.characters(exclude_characters="<&")))
def test_text_without_signs_of_html_is_one_piece(text: str) -> None:
    assert list(split_html(text)) == ([text] if text else [])


@pytest.mark.parametrize(
    "part", ["<a ", "<!--", "<![CDATA[", "<a b='", '<a b="', "<script>", "</", "<a b", "<!", "<a / ", "<a b = "]
)
def test_unclosed_html_is_searched_for_its_end_only_once(part: str) -> None:
    html = part * 20_000
    assert sum(len(piece) if isinstance(piece, str) else 1 for piece in split_html(html)) <= len(html)


@pytest.mark.parametrize(
    ("html", "text"),
    [
        (f"&#{'9' * 5000};", "\ufffd"),
        (f"&#{'0' * 5000}65;", "A"),
        (f"&#{'0' * 5000};", "\ufffd"),
        (f"&#x{'9' * 5000};", "\ufffd"),
        ("&#65;&amp;&#128512;&#1114112;", "A&\U0001f600\ufffd"),
    ],
)
def test_a_reference_to_a_character_is_read_however_long_its_number_is(html: str, text: str) -> None:
    assert unescape(html) == text
