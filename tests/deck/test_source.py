from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from flashcards.deck import markdown
from flashcards.deck.source import Lines, map_byte_offsets, normalize
from tests.deck.markdown_like import characters as any_character


def test_line_ends_become_newlines_and_a_byte_order_mark_is_removed() -> None:
    assert normalize("\ufeffa\r\nb\rc\n\r") == "a\nb\nc\n\n"


def test_only_one_byte_order_mark_goes() -> None:
    assert normalize("\ufeff\ufeffa\ufeff") == "\ufeffa\ufeff"


def test_a_lone_surrogate_becomes_one_replacement_character() -> None:
    assert normalize("a\ud800\udfffé") == "a\ufffd\ufffdé"


@given(st.text(any_character))
def test_a_normalised_text_can_be_written(text: str) -> None:
    assert normalize(text).encode().decode() == normalize(text)


@given(st.text("aé€🦊\n"))
def test_every_byte_offset_of_a_character_leads_to_it(text: str) -> None:
    at = map_byte_offsets(text)
    for offset in range(len(text) + 1):
        assert at(len(text[:offset].encode())) == offset


@given(st.text("a\n"))
def test_the_line_of_a_character_is_one_more_than_the_newlines_before_it(text: str) -> None:
    lines = Lines(text)
    for offset in range(len(text)):
        assert lines.at(offset) == text.count("\n", 0, offset) + 1


SIGNS = "abcQ: [](){}!?=-+#.,1'\"^%@/;é日\u3000\u00a0\u2028\ufeff<*`$\\|~&_\n"


@given(st.text(st.sampled_from(SIGNS), max_size=14))
def test_the_outline_of_a_plain_line_is_what_the_parser_finds(text: str) -> None:
    found = markdown.Outline()
    markdown._OutlineBuilder(found, text, ()).run()
    if "\\" not in text:
        assert list_parts(markdown.outline(text)) == list_parts(found)


def list_parts(found: markdown.Outline) -> dict[str, list[object]]:
    return vars(found) | {"items": [vars(item) for item in found.items]}


@given(st.text(st.sampled_from("$$$ 1a_=/(x.\n"), max_size=9))
def test_amounts_are_looked_for_wherever_a_dollar_sign_may_be_text(text: str) -> None:
    may_be_text = r"[^\s$]\$[0-9]|[0-9]\$[^\s$]|[/:=,;+({\[<>&|-]\$[A-Za-z_]"
    assert bool(markdown._NO_MATH.search(text)) == bool(re.search(may_be_text, text))
