"""Single elements of HTML as Markdown, and what stays HTML."""

from __future__ import annotations

import re

import pytest

from flashcards.anki.to_markdown.convert import Converter
from flashcards.render.html.renderer import HtmlRenderer
from tests.anki.to_markdown.test_convert import markdown, rendered


def show(html: str) -> str:
    return rendered(markdown(html))


def test_a_formula_in_what_stays_html_is_shown_as_a_formula() -> None:
    assert show("<details><summary>H</summary>x \\(a^2\\)<ul><li>b</li></ul></details>") == (
        "<details><summary>H</summary>\n<p>x \\(a^2\\)</p>\n<ul>\n<li>b</li>\n</ul>\n</details>"
    )
    assert show("<table><tr><td colspan=2>x \\[a\\]</td></tr><tr><td>b</td><td>c</td></tr></table>") == (
        '<table><tbody><tr><td colspan="2">\n<p>x \\[a\\]</p>\n</td></tr><tr><td>b</td><td>c</td></tr></tbody></table>'
    )
    assert show("<table><tr><td>x \\(a\\)<ul><li>\\(b\\)</li></ul></td></tr></table>") == (
        "<table><tbody><tr><td>\n<p>x \\(a\\)</p>\n<ul>\n<li>\\(b\\)</li>\n</ul>\n</td></tr></tbody></table>"
    )
    assert "<p>\\(z\\)</p>" in show("<details><summary>\\(z\\)</summary>a</details>")


def test_the_address_of_a_picture_is_kept_whatever_is_in_it() -> None:
    assert markdown('<img src="https://x.org/a.png?x=1&amp;y=2" width=5>') == (
        '<img src="https://x.org/a.png?x=1&amp;y=2" width="5">'
    )
    assert markdown('<img src="https://x.org/a.png?x=1&amp;y=2">') == "![](https://x.org/a.png?x=1&y=2)"
    assert 'src="media/a&amp;amp;b.png"' in show('<img src="a&amp;amp;b.png">')


def test_a_sound_inside_a_formula_is_played_after_it() -> None:
    assert markdown("a \\(x^2 [sound:s.mp3]\\) b") == "a $x^2$![](media/s.mp3) b"


def test_a_hint_in_a_table_stays_closed() -> None:
    hint = "<details><summary>H</summary>s $a$</details>"
    table = "<table><tr><td>x <details><summary>H</summary>s \\(a\\)</details></td></tr></table>"
    assert markdown(table).endswith(f"| x {hint} |")


def test_text_without_its_formatting_keeps_what_describes_a_drawing() -> None:
    kept = "<b>q</b> <svg><image></image><text>t</text></svg><svg><text>a heart</text></svg><img src=x.png alt='b [c]'>"
    assert "without its formatting" in str(Converter(str).convert(kept).problems)
    assert re.search(r"!\[a heart\]\(data:image/svg\S+\)!\[b \\\[c\\\]\]\(media/x.png\)", markdown(kept))


def test_a_gap_inside_a_tag_becomes_text_and_is_reported() -> None:
    found = Converter(str).convert(
        '<a href="https://x.org/{{c1::a::h}}">{{c2::b}}</a> <img src=c.png alt="{{c3::d}}">', cloze=True
    )
    assert found.markdown == '<a href="https://x.org/a">{{c2::b}}</a> ![d](c.png)'
    assert found.problems == ("a gap inside a tag is now text",)


def test_a_formula_of_a_text_without_its_formatting_stays_one() -> None:
    found = Converter(str).convert("{{c1::\\(a }\\)}} \\[b\\] {{c2::c}}", cloze=True)
    assert "without its formatting" in str(found.problems)
    assert "$$b$$" in found.markdown


@pytest.mark.parametrize("tag", ["audio", "video"])
def test_the_text_of_a_player_for_other_programs_is_left_out_and_reported(tag: str) -> None:
    found = Converter(str).convert(f'a <{tag} controls><source src="x.mp3">Your browser cannot play it.</{tag}> b')
    assert found.markdown == "a ![](x.mp3) b"
    assert found.problems == (f"the text in <{tag}>, for programs that cannot play it, is left out",)


def test_letters_before_items_by_style_are_kept_and_those_beside_gaps_reported() -> None:
    items = "<ol style='list-style-type: upper-alpha'><li>{{c1::x}}</li><li>y</li></ol>"
    assert markdown(items.replace("{{c1::x}}", "x")) == '<ol type="A"><li>x</li><li>y</li></ol>'
    found = Converter(str).convert(items, cloze=True)
    assert found.markdown == "1. {{c1::x}}\n2. y"
    assert found.problems == ("a list counted by letters with a gap in it is now counted by numbers",)


@pytest.mark.parametrize(
    ("html", "written"),
    [
        ("<ol><li value=3>a</li><li>b</li><li value=5>c</li></ol>", "3. a\n4. b\n5. c"),
        ("<ol reversed start=4><li>a</li></ol>", "4. a"),
        (
            "<ol start=2><li>a</li><li value=9>b</li></ol>",
            '<ol start="2" type="1"><li value="2">a</li><li value="9">b</li></ol>',
        ),
        ("<ol reversed><li>a</li><li>b</li></ol>", '<ol type="1"><li value="2">a</li><li value="1">b</li></ol>'),
        ("<ol type=A><li>a</li><li value=5>b</li></ol>", '<ol type="A"><li value="1">a</li><li value="5">b</li></ol>'),
    ],
)
def test_the_items_of_a_list_keep_their_numbers(html: str, written: str) -> None:
    assert markdown(html) == written
    assert markdown(HtmlRenderer().render(written)) == written


def test_numbers_of_items_beside_gaps_that_are_lost_are_reported() -> None:
    found = Converter(str).convert("<ol reversed><li>{{c1::x}}</li><li>y</li></ol>", cloze=True)
    assert found == ("1. {{c1::x}}\n2. y", ("a list with its own numbers and a gap in it now counts up by one",))
