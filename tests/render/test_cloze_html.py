from __future__ import annotations

import re

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from flashcards.anki.package.model import CLOZE
from flashcards.anki.package.notetypes import make_note_type
from flashcards.deck.cloze import GapError, build_face
from flashcards.deck.markdown_extensions import rewrite_additions
from flashcards.deck.model import Gap, Kind, Note
from flashcards.deck.parse import parse
from flashcards.dialects.obsidian import read_obsidian
from flashcards.dialects.obsidian_data import ObsidianSettings
from flashcards.render.html.cloze import escape_in_gap, render_cloze
from flashcards.render.html.renderer import HtmlRenderer
from tests.render.allowed_html import AllowedHtml
from tests.render.produce import MACROS, cloze_note, media
from tests.render.strategies import markdown

RENDERER = HtmlRenderer(MACROS, media)
_MARKER = re.compile(r"\{\{c([\d,]+)::|\}\}")


def balance(html: str) -> tuple[list[str], list[str]]:
    """The numbers of the clozes in `html`, and every stretch between markers' ends that is not whole HTML."""
    numbers: list[str] = []
    starts: list[int] = []
    broken = []
    for match in _MARKER.finditer(html):
        if match[1]:
            numbers += match[1].split(",")
            starts.append(match.end())
        elif starts:
            inner = _MARKER.sub("", html[starts.pop() : match.start()])
            if AllowedHtml(inner).wrong:
                broken.append(inner)
    assert not starts
    return numbers, broken


@settings(max_examples=300)
@given(st.lists(st.one_of(markdown, st.sampled_from(["[gap]", "{{c2::x::hint}}", "==y==", "*[a", "b]*"])), max_size=5))
def test_every_gap_is_whole_html_and_contains_its_number(pieces: list[str]) -> None:
    text = "".join(pieces).encode(errors="ignore").decode().replace("\x00", "")
    try:
        note = cloze_note(text)
    except GapError:
        assume(False)
    html = render_cloze(note, RENDERER)
    numbers, broken = balance(html)
    assert broken == []
    assert {f"c{number}" for number in numbers} == set(note.slots)
    assert AllowedHtml(_MARKER.sub("", html)).wrong == []


@given(st.text(st.sampled_from("a:}{ $\\()"), max_size=12))
def test_no_text_inside_a_gap_ends_it_or_becomes_its_hint(text: str) -> None:
    escaped = escape_in_gap(text)
    assert "}}" not in escaped + "x"
    assert "::" not in escaped
    if not re.search(r"\\\(.*\\\)", text):
        assert escaped.replace("&#125;", "}").replace("&#58;", ":") == text


@pytest.mark.parametrize("text", ["{{c1::a}}", "[a]"])
def test_a_hint_is_rendered_and_escaped(text: str) -> None:
    gap = cloze_note(text).gaps[0]
    note = Note(
        Kind.CLOZE,
        1,
        1,
        (text,),
        ("c1",),
        (Gap(gap.numbers, gap.start, gap.end, gap.inner_start, gap.inner_end, "*x* <u onclick=y>a::b}}</u>"),),
    )
    assert render_cloze(note, RENDERER) == "{{c1::a::<em>x</em> <u>a:&#58;b}&#125;</u>}}"


def test_a_gap_with_several_numbers_becomes_nested_clozes_that_each_have_its_hint() -> None:
    html = render_cloze(cloze_note("{{c3,1::x::h}}"), RENDERER)
    assert html == "{{c3::{{c1::x::h}}::h}}"


def test_clozes_nested_too_deeply_for_anki_share_one() -> None:
    text = "{{c1::a {{c2,3,4,5,6,7,8,9::b}}}}"
    assert render_cloze(cloze_note(text), RENDERER) == text
    assert "," not in render_cloze(cloze_note("{{c1,2,3,4::a}} {{c5,6,7,8::b}} {{c9::c}}"), RENDERER)


@pytest.mark.parametrize("depth", range(2, 9))
def test_up_to_eight_clozes_can_be_nested(depth: int) -> None:
    several = ",".join(str(number) for number in range(2, depth + 1))
    inner = "".join(f"{{{{c{number}::" for number in range(2, depth + 1))
    html = render_cloze(cloze_note(f"{{{{c1::a {{{{c{several}::b}}}}}}}}"), RENDERER)
    assert html == f"{{{{c1::a {inner}b" + "}}" * depth
    assert balance(html) == ([str(number) for number in range(1, depth + 1)], [])


@pytest.mark.parametrize("depth", [9, 10, 20])
def test_more_than_eight_share_one_cloze(depth: int) -> None:
    text = f"{{{{c1::a {{{{c{','.join(str(number) for number in range(2, depth + 1))}::b}}}}}}}}"
    assert render_cloze(cloze_note(text), RENDERER) == text


def test_the_depth_counts_the_gaps_around_a_gap_and_all_their_numbers() -> None:
    eight = "{{c1,2,3::a {{c4,5::b {{c6,7,8::c}}}}}}"
    html = render_cloze(cloze_note(f"{eight} {{{{c9,10::d}}}}"), RENDERER)
    assert "," not in html
    assert render_cloze(cloze_note(eight.replace("7,8", "7,8,9")), RENDERER) == eight.replace("7,8", "7,8,9")


def test_a_gap_whose_marks_the_markdown_swallows_is_still_a_cloze() -> None:
    text = "![gap in alt](a.png) and more"
    note = Note(Kind.CLOZE, 1, 1, (text,), ("c1",), (Gap((1,), 2, 5, 2, 5),))
    html = render_cloze(note, RENDERER)
    numbers, broken = balance(html)
    assert (numbers, broken) == (["1"], [])
    assert "more" in html


def test_definitions_reach_the_gaps() -> None:
    note = cloze_note("{{c1::[x]}} is", "[x]: http://x.org")
    assert render_cloze(note, RENDERER) == '{{c1::<a href="http://x.org">x</a>}} is'


def test_a_gap_that_other_cards_hide_has_classes_for_these_cards() -> None:
    text = "==ash;;one== ==sas;;two== ==sh;;never asked=="
    (note,) = read_obsidian(f"#flashcards\n\n{text}", "a.md", ObsidianSettings()).notes
    assert render_cloze(note, HtmlRenderer({}, str)) == (
        '{{c1::<span class="hide3">one</span>}} {{c2::two}} <span class="hide2">never asked</span>'
    )
    assert ".card3 .hide3" in make_note_type(CLOZE).css


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("$1+{{c1::1}}=2$", r"\(1+{{c1::1}}=2\)"),
        (r"\(x^{{c1::\frac{a}{b}::which?}}\)", r"\(x^{{c1::\frac{a}{b&#125;::which?}}\)"),
        ("$${{c1::a}}+{{c2::b}}$$", r"\[{{c1::a}}+{{c2::b}}\]"),
    ],
)
def test_a_part_of_a_formula_can_be_a_gap(text: str, html: str) -> None:
    (note,) = parse(f"C: {text}", "x.md").notes
    assert render_cloze(note, HtmlRenderer({}, str)) == html


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("`a == b && b == c`", "<code>a {{c1:: b &amp;&amp; b }} c</code>"),
        ("$a ==b== c$", r"\(a {{c1::b}} c\)"),
        ("==![[x.png|60]]== and [[n|==text==]]", '{{c1::<img src="[[x.png" alt="" width="60">}} and {{c2::text}}'),
    ],
)
def test_a_gap_of_obsidian_may_be_in_code_or_a_formula_or_around_an_embed(text: str, html: str) -> None:
    (note,) = read_obsidian(f"#flashcards\n\n{text}", "a.md", ObsidianSettings()).notes
    assert render_cloze(note, HtmlRenderer({}, str)) == html


def test_a_closed_callout_with_a_gap_below_its_title_is_open() -> None:
    deck = read_obsidian(
        "#flashcards\n\n> [!note]- Folded\n> body ==gap==\n\n> [!note]- ==Title==\n> body\n", "a.md", ObsidianSettings()
    )
    below, title = (render_cloze(note, RENDERER) for note in deck.notes)
    assert '<details open="">' in below
    assert "<details>" in title


def test_spaces_around_a_gap_in_a_comment_are_kept() -> None:
    deck = read_obsidian("#flashcards\n\nA ==b== c <!-- d ==e== f --> g\n", "a.md", ObsidianSettings())
    assert render_cloze(deck.notes[0], RENDERER).startswith("A {{c1::b}} c ")


def test_a_gap_within_a_comment_of_obsidian_is_shown_with_the_comment() -> None:
    deck = read_obsidian("#flashcards\n\nA %%b ==c== d%% ==e== %%f%%\n", "a.md", ObsidianSettings())
    assert render_cloze(deck.notes[0], RENDERER) == "A b {{c1::c}} d {{c2::e}}"
    assert "%%" not in rewrite_additions(build_face(deck.notes[0], "c1").front)


def test_a_gap_within_an_html_comment_is_shown_with_the_comment() -> None:
    text = "#flashcards\n\nA <b>==b==</b> <!-- c ==d== --> `<!-- ==e== -->` <!-- f -->\n"
    (note,) = read_obsidian(text, "a.md", ObsidianSettings()).notes
    shown = "A <b>{{c1::b}}</b> c {{c2::d}} <code>&lt;!-- {{c3::e}} --&gt;</code>"
    assert render_cloze(note, RENDERER).strip() == shown
    assert rewrite_additions(build_face(note, "c1").front).endswith("<!-- c d --> `<!-- e -->` <!-- f -->")
