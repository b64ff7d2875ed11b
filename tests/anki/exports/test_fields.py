from __future__ import annotations

from base64 import b64encode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flashcards.anki.exports.notes import FieldWriter, clean_tags, format_source
from flashcards.anki.to_markdown.convert import Converter
from flashcards.deck.parse import parse
from flashcards.render.html.tags import make_typed_answer


def fields(text: str) -> tuple[str, ...]:
    (note,) = parse(text, "d.md").notes
    return FieldWriter({}, lambda url: url).write_fields("d.md", note)


def test_a_basic_note_without_reverse_leaves_its_switches_empty() -> None:
    assert fields("Q: a\nA: b\n") == ("a", "b", "", "", "", "d.md")


def test_a_reverse_card_is_switched_on_by_a_field() -> None:
    assert fields("a ::: b\n") == ("a", "b", "1", "", "", "d.md")


def test_a_typed_note_contains_the_expected_answer_of_each_card() -> None:
    assert fields("Q: *a*\nA: **b**\n<!-- type -->\n")[3:5] == ("b", "")
    assert fields("Q: *a*\nA: **b**\n<!-- type; reverse -->\n")[3:5] == ("b", "a")


def test_a_cloze_holds_its_gaps_and_whether_they_are_typed() -> None:
    assert fields("C: a [b]\n") == ("a {{c1::b}}", "", "d.md")
    assert fields("C: a [b]\n<!-- type -->\n")[1] == "1"


@pytest.mark.parametrize(
    "markdown",
    ["<!-- remark -->", "<script>x</script>", "<div></div>", "<br>", "<b></b>", "<table><tr><td></td></tr></table>"],
)
def test_a_side_that_would_be_invisible_is_shown_as_written(markdown: str) -> None:
    front = fields(f"Q: {markdown} \nA: b\n")[0]
    assert front.startswith("&lt;")


def test_a_side_with_only_characters_that_anki_drops_is_not_empty() -> None:
    assert fields("Q: \x00\nA: <img src=a.png>\n")[:2] == ("—", '<img src="a.png" alt="">')


@pytest.mark.parametrize(
    "drawing",
    [
        '<svg width="9px" viewBox="0 0 9 9"><defs><clipPath id="a"></clipPath></defs><text>t &amp; u</text></svg>',
        '<svg height="9"><path d="M0 0" fill="url(#a)"></path></svg>',
    ],
)
def test_a_drawing_imported_as_a_picture_is_written_as_a_drawing(drawing: str) -> None:
    markdown = Converter(lambda name: name).convert(f"x {drawing}").markdown
    assert "data:image/svg" in markdown
    front, back = fields(f"Q: {markdown}\nA: {markdown}\n")[:2]
    assert front == back == f"x {drawing}"
    assert Converter(lambda name: name).convert(back).markdown == markdown
    assert f"x {drawing}" in fields(f"C: [a] {markdown}\n")[0]


@pytest.mark.parametrize(
    "svg",
    [
        *('<svg><iframe src="x"/></svg>', "<svg><text>{{c1::a}}</text></svg>", "<svg><text>[sound:a.mp3]</text></svg>"),
        *('<svg><path fill="url(http://x)"></path></svg>', "<svg onload='x()'/>", "<p>x</p>", "<g>" * 5000),
    ],
)
def test_a_picture_that_no_import_made_or_that_is_unsafe_as_html_stays_a_picture(svg: str) -> None:
    svg = svg.replace("<svg", '<svg xmlns="http://www.w3.org/2000/svg"')
    source = f"data:image/svg+xml;base64,{b64encode(svg.encode()).decode()}"
    assert fields(f"Q: x <img src='{source}'>\nA: b\n")[0] == f'x <img src="{source}" alt="">'


@given(st.text(), st.text())
def test_no_field_holds_a_separator_or_opens_a_template(front: str, back: str) -> None:
    for note in parse(f"Q: {front}\nA: {back}\n<!-- type; reverse -->\n", "d.md").notes:
        if note.gaps:
            continue
        written = FieldWriter({}, lambda url: url).write_fields("d.md", note)
        assert len(written) == 6
        for field in written:
            assert "\x1f" not in field
            assert "{{" not in field
            field.encode()


def test_the_source_is_text_whatever_the_headings_hold() -> None:
    assert format_source("a/d.md", ("Part <b>", "{{c1::x}}")) == "a/d.md › Part &lt;b&gt; › {&#123;c1::x}}"


@pytest.mark.parametrize(
    ("html", "typed"),
    [
        ("<p>two</p><p>parts</p>", "two parts"),
        ("<strong>b</strong>old", "bold"),
        ("a &lt; b", "a &lt; b"),
        ("\\(x^2\\) and \\[y\\]", "x^2 and y"),
        ('<img src="a.png">', ""),
        ("[sound:a.mp3] word", "word"),
        ("a<br>b", "a b"),
    ],
)
def test_what_is_to_be_typed_is_the_plain_text(html: str, typed: str) -> None:
    assert make_typed_answer(html) == typed


@pytest.mark.parametrize(
    ("tags", "clean"),
    [
        (("a", "A", "b"), ("a", "b")),
        (("::a::::b::",), ("a::b",)),
        (("two words", "wide\u3000blank", "tab\tx"), ("two-words", "wide-blank", "tab-x")),
        (("::", " ", ""), ()),
        (("a :: b",), ("a::b",)),
        (('quo"ted',), ("quo-ted",)),
    ],
)
def test_tags_become_what_anki_takes(tags: tuple[str, ...], clean: tuple[str, ...]) -> None:
    assert clean_tags(tags) == clean
