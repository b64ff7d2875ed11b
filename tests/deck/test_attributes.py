from __future__ import annotations

import pytest

from flashcards.deck.attributes import (
    Attributes,
    is_end,
    merge_attributes,
    read_attributes,
    split_languages,
    split_tags,
)


def test_attributes_are_separated_by_semicolons() -> None:
    found = read_attributes("<!-- id: k7f3q2; tags: hard, exam; reverse; type -->")
    assert found == Attributes("k7f3q2", ("hard", "exam"), reverse=True, typed=True)


def test_attributes_can_be_on_separate_lines() -> None:
    assert read_attributes("<!--\nid: a\n\ntags: b;\ntype\n-->") == Attributes("a", ("b",), typed=True)


@pytest.mark.parametrize(
    "comment",
    [
        "<!---->",
        "<!-- -->",
        "<!-- ; -->",
        "<!-- ask Ada about this -->",
        "<!-- Type -->",
        "<!-- todo: more -->",
        "<!-- note: more -->",
        "<!-- Paris :: capital -->",
        "<!-- paris :: capital -->",
        "<!-- type; and much more -->",
        "<!--SR:!2024-01-01,1,230-->",
        "type",
        "<!-- type --> <!-- reverse -->x",
    ],
)
def test_any_other_comment_is_a_remark(comment: str) -> None:
    assert read_attributes(comment) is None


def test_an_id_or_tags_make_the_rest_of_a_comment_attributes_too() -> None:
    found = read_attributes("<!-- id: a; and much more -->")
    assert found is not None
    assert found.pin == "a"
    assert [message for message, _ in found.problems] == ["Unknown attribute `and much more`."]


@pytest.mark.parametrize(
    ("comment", "message", "hint"),
    [
        ("<!-- colour: red -->", "Unknown attribute `colour`.", "Known are `id`, `tags`, `reverse`, `type`, `say`."),
        ("<!-- revrese -->", "Unknown attribute `revrese`.", "Did you mean `reverse`?"),
        ("<!-- tag: x -->", "Unknown attribute `tag`.", "Did you mean `tags`?"),
        ("<!-- id -->", "The attribute `id` needs a value.", "Write `<!-- id: … -->`."),
        ("<!-- tags -->", "The attribute `tags` needs a value.", "Write `<!-- tags: … -->`."),
        ("<!-- type: yes -->", "The attribute `type` takes no value.", "Write `<!-- type -->`."),
        (
            "<!-- id: two words -->",
            'The id "two words" cannot be used.',
            "Use letters, digits, `.`, `_` and `-`, at most 64 of them.",
        ),
    ],
)
def test_what_is_wrong_with_an_attribute_is_reported(comment: str, message: str, hint: str) -> None:
    assert read_attributes(comment) == Attributes(problems=((message, hint),))


@pytest.mark.parametrize(
    ("pin", "fits"),
    [("a", True), ("A.b_c-9", True), ("a" * 64, True), ("a" * 65, False), ("-a", False), ("é", False), ("a/b", False)],
)
def test_an_id_is_short_and_plain(pin: str, fits: bool) -> None:
    found = read_attributes(f"<!-- id: {pin} -->")
    assert found is not None
    assert found.pin == (pin if fits else "")
    assert bool(found.problems) is not fits


def test_of_two_ids_the_first_counts_and_tags_add_up() -> None:
    merged = merge_attributes([Attributes("a", ("x",)), Attributes("b", ("y",), typed=True)])
    assert merged == Attributes("a", ("x", "y"), typed=True)


@pytest.mark.parametrize(
    ("value", "tags"),
    [
        ("a, b", ("a", "b")),
        ("a b", ("a", "b")),
        ("#a, ,#b,a", ("a", "b")),
        (["a", "b"], ("a", "b")),
        ([1, "x::y"], ("1", "x::y")),
        (7, ("7",)),
        ("", ()),
        ("#a, ##b, #, ##", ("a", "#b")),
    ],
)
def test_tags_come_as_a_list_or_a_text(value: object, tags: tuple[str, ...]) -> None:
    assert split_tags(value) == (tags, ())


def test_a_space_in_a_tag_becomes_a_hyphen_and_is_reported() -> None:
    assert split_tags("two  words, c") == (
        ("two-words", "c"),
        (('Tag "two words" contains a space.', 'It is treated as "two-words"; write that.'),),
    )


@pytest.mark.parametrize(
    ("comment", "ends"),
    [
        ("<!-- end -->", True),
        ("<!--end-->", True),
        ("<!--\nend\n-->", True),
        ("<!-- the end -->", False),
        ("<!-- End -->", False),
        ("<!---->", False),
        ("end", False),
    ],
)
def test_only_the_word_end_ends_a_note(comment: str, ends: bool) -> None:
    assert is_end(comment) is ends


@pytest.mark.parametrize(
    ("written", "say"),
    [
        ("ja", ("ja",)),
        ("ja, en-GB", ("ja", "en-GB")),
        ("ja_JP", ("ja-JP",)),
        ("zh-Hant-TW,-", ("zh-Hant-TW", "-")),
        ("-", ("-",)),
    ],
)
def test_a_note_sets_the_languages_of_its_sides(written: str, say: tuple[str, ...]) -> None:
    assert read_attributes(f"<!-- say: {written} -->") == Attributes(say=say)


@pytest.mark.parametrize("written", ["Japanese please", "ja, en, de", "ja,", "x", '"onload', "日本語"])
def test_what_is_not_a_language_is_a_problem(written: str) -> None:
    found = read_attributes(f"<!-- say: {written} -->")
    assert found is not None and found.say == ()
    ((message, hint),) = found.problems
    assert "is not one language or two" in message and "say: ja, en" in hint


def test_front_matter_may_list_the_languages() -> None:
    assert split_languages(["ja", "en"]) == (("ja", "en"), ())
