from __future__ import annotations

import re
import subprocess
import sys

import pyromark
import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from flashcards.deck.markdown import OPTIONS
from flashcards.render.code import read_code_css
from flashcards.render.html.renderer import HtmlRenderer, is_plain
from tests.render.allowed_html import AllowedHtml
from tests.render.produce import MACROS, media
from tests.render.strategies import markdown

RENDERER = HtmlRenderer(MACROS, media)


@settings(max_examples=400)
@given(markdown)
def test_no_tag_or_attribute_outside_the_list_ever_leaves(source: str) -> None:
    assert AllowedHtml(RENDERER.render(source)).wrong == []


@pytest.mark.parametrize(
    "source",
    [
        "<img src=x onerror=alert(1)>",
        '<a href="java\nscript:alert(1)">x</a>',
        "[x](JaVaScRiPt:alert(1))",
        "[x](<java&#09;script:alert(1)>)",
        "![x](javascript:alert(1))",
        "![x](data:text/html;base64,PHNjcmlwdD4=)",
        '<img src="data:text/html;base64,PHNjcmlwdD4=">',
        '<img src="data:image/svg+xml,<svg onload=alert(1)>">',
        '<a href="data:image/png;base64,AA==">x</a>',
        "[x](data:image/png;base64,AA==)",
        '<a href=" data:text/html,x">x</a>',
        '<video src="data:video/mp4;base64,AA=="><source src="data:video/mp4;base64,AA=="></video>',
        "<svg><script>alert(1)</script></svg>",
        "<math><mtext><table><mglyph><style><img src=x onerror=alert(1)>",
        '<b title="\\(a`\\)" onclick=x> `',
        "<details ontoggle=alert(1) open>x</details>",
        '<audio src="a.mp3" onplay=x><audio></audio></audio>',
        "<video><video src=a.mp4></video><source src=b.mp4></video></video>",
        '```"><script>\nx\n```',
        "$</span><script>alert(1)</script>$",
        "\\(</script><img onerror=x>\\)",
        '<p title="⟦">x</p>',
        '<b title="\\(" onclick=alert(1) "\\)">',
    ],
)
def test_a_known_attack_does_nothing(source: str) -> None:
    assert AllowedHtml(RENDERER.render(source)).wrong == []


_NEARLY_PLAIN = st.text(
    st.one_of(st.sampled_from("abZé漢9 .,;:?!'()\"/%+=@^-#"), st.characters(exclude_characters="\\`*_[]<>&~$|{}")),
    max_size=12,
).map(lambda text: f"a{text}.")


@settings(max_examples=400)
@given(_NEARLY_PLAIN)
def test_text_taken_as_plain_gives_the_same_result_as_the_parser(source: str) -> None:
    assume(is_plain(source))
    assert pyromark.html(source, options=OPTIONS) == f"<p>{source}</p>\n"


@pytest.mark.parametrize("text", ["What is it?", "Élan vital (Bergson)", 'He said "so".', "a - b, c: d; e/f 50%"])
def test_plain_text_is_its_own_html(text: str) -> None:
    assert is_plain(text)
    assert RENDERER.render(text) == text


@pytest.mark.parametrize("text", ["a\x1fb", "a\x00b", "a\ud800b", "a&#31;b", "<b>a&#31;b</b>", "$a\x1fb$ `\x1f`"])
def test_characters_that_break_an_import_are_removed(text: str) -> None:
    assert not re.search("[\x00\x1f\ud800-\udfff]", RENDERER.render(text))


def test_definitions_elsewhere_in_the_file_make_links_and_media() -> None:
    definitions = "[x]: http://x.org 'T'\n[y]: img/y.png"
    html = HtmlRenderer({}, media).render("see [x] and ![why][y]", definitions)
    assert html == 'see <a href="http://x.org" title="T">x</a> and <img src="y.png" alt="why">'


def test_a_fence_left_open_does_not_swallow_the_definitions() -> None:
    html = HtmlRenderer({}, media).render("```\ncode", "[x]: http://x.org")
    assert html == "<pre><code>code</code></pre>"


def test_every_local_medium_is_asked_for_by_its_path_without_escapes() -> None:
    asked: list[str] = []

    def note(url: str) -> str:
        asked.append(url)
        return "name"

    source = (
        "![](img/a%20b.png) ![](<c d.mp3>) [l](@/e.ogg) <img src='f&amp;g.jpg'>"
        " <video><source src=h.webm></video> ![](http://x.org/i.png) ![](../ü.gif) [n](notes.md)"
    )
    HtmlRenderer({}, note).render(source)
    assert asked == ["img/a b.png", "c d.mp3", "@/e.ogg", "f&g.jpg", "h.webm", "../ü.gif"]


@pytest.mark.parametrize(
    "source", ["![a](data:image/png;base64,AA==)", '<img src="data:image/png;base64,AA==" alt="a">']
)
def test_a_picture_that_is_written_into_the_text_stays(source: str) -> None:
    assert RENDERER.render(source) == '<img src="data:image/png;base64,AA==" alt="a">'


@pytest.mark.parametrize(
    ("source", "html"),
    [
        ("![cell|150](a.png)", '<img src="a.png" alt="cell" width="150">'),
        ("![|40x20](a.png)", '<img src="a.png" alt="" width="40" height="20">'),
        ("![1984](a.png)", '<img src="a.png" alt="1984">'),
        ("![a|b](a.png)", '<img src="a.png" alt="a|b">'),
    ],
)
def test_the_size_in_the_description_of_a_picture_is_its_size(source: str, html: str) -> None:
    assert HtmlRenderer().render(source) == html


def test_a_name_with_special_characters_is_escaped_once() -> None:
    html = HtmlRenderer({}, lambda _: 'a&"<b>.png').render("![](x.png) ![](y.mp3)")
    assert html == '<img src="a&amp;&quot;&lt;b&gt;.png" alt=""> [sound:a&amp;"&lt;b&gt;.png]'


def test_marks_pass_through_untouched() -> None:
    assert RENDERER.render("a ⟦**b**⟧ ⟦$c$⟧") == "a ⟦<strong>b</strong>⟧ ⟦\\(c\\)⟧"


def test_a_deeply_nested_text_is_rendered() -> None:
    assert "x" in RENDERER.render(">" * 5000 + "x")
    assert "x" in RENDERER.render("<span>" * 5000 + "x")


@given(st.text(st.sampled_from("{c1:}$ `a")))
@example("{$1${")
def test_no_field_or_cloze_marker_is_left(source: str) -> None:
    html = RENDERER.render(source)
    without_math = re.sub(r"\\[(\[].*?\\[)\]]", " ", html, flags=re.DOTALL)
    assert "{{" not in without_math
    assert not re.search(r"\{\{c\d", html)


@pytest.mark.parametrize("css_class", ["k", "s1", "mi", "c1", "nf", "nc", "nt", "o", "err"])
def test_the_style_sheet_colours_each_kind_of_token_in_light_and_dark(css_class: str) -> None:
    css = read_code_css()
    rule = re.search(rf"\.hl \.{css_class}\b[^{{]*\{{ color: var\((--hl-\w+)\)", css)
    assert rule
    assert css.count(f"  {rule[1]}: #") == 2
    assert ".nightMode .hl" in css
    assert ".night_mode .hl" in css


def test_pygments_is_loaded_for_code_only() -> None:
    program = (
        "import sys; from flashcards.render.html.renderer import HtmlRenderer\n"
        "r = HtmlRenderer({}, str); r.render('*a* $b$ `c`'); print('pygments' in sys.modules, 'nh3' in sys.modules)\n"
        "r.render('```python\\nx\\n```'); print('pygments' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "False", "True"]


@pytest.mark.parametrize(
    "markdown",
    ["[[](b)sound:a.mp3]", "[[[](b)type:a]]", "[[](b)latex]x[/latex]", "[![](tel:1)$]x"],
)
def test_text_beside_a_link_that_is_dropped_is_not_markup_of_anki(markdown: str) -> None:
    assert re.search(r"\[(?:sound|type|latex|\[type|\$\])", HtmlRenderer().render(markdown)) is None
