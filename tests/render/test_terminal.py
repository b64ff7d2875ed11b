from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from html import unescape

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.console import Console
from rich.segment import Segment
from rich.style import Style

from flashcards.deck.cloze import build_face
from flashcards.render.code import colour_code
from flashcards.render.html.renderer import HtmlRenderer
from flashcards.render.terminal.renderer import TerminalRenderer, render_plain
from flashcards.render.terminal.text import GAP, Delimiters
from tests.render.produce import MACROS, cloze_note, media, terminal
from tests.render.strategies import markdown


def segments(source: str, delimiters: Delimiters = (), width: int = 80, *, plain: bool = False) -> list[Segment]:
    console = Console(width=width, color_system="truecolor", force_terminal=True, legacy_windows=False)
    rendered = TerminalRenderer(MACROS, plain=plain).render(source, "", delimiters)
    return [segment for line in console.render_lines(rendered, pad=False) for segment in line]


def in_gap(source: str, delimiters: Delimiters = ("⟦", "⟧")) -> str:
    """What is drawn as a gap."""
    console = Console()
    style = console.get_style(GAP)
    return "".join(
        segment.text
        for segment in segments(source, delimiters)
        if segment.style and segment.style.color == style.color and segment.style.bold
    )


@settings(max_examples=300)
@given(markdown, st.sampled_from([1, 7, 20, 80]), st.booleans())
def test_any_text_is_drawn_and_nothing_in_it_drives_the_terminal(source: str, width: int, plain: bool) -> None:
    console = Console(width=width, color_system=None, legacy_windows=False)
    with console.capture() as capture:
        console.print(TerminalRenderer(MACROS, plain=plain).render(source, "[x]: y", ("⟦", "⟧")))
    shown = capture.get()
    assert not any(unicodedata.category(character) in ("Cc", "Cs") for character in shown if character != "\n")
    shown.encode()


_WORDS = st.text(st.sampled_from("abcdefghijABCXYZ0123456789éß漢"), min_size=1, max_size=30)
_BLOCKS = st.sampled_from(
    ["{} {}", "# {} {}", "- {}\n- {}", "- {}\n  1. {}", "> {}\n> - {}", "**{}** *{}*", "`{}` ~~{}~~", "[{}]({})",
     "![{}]({})", "| {} | {} |\n|---|---|", "| a | b |\n|---|---|\n| {} | {} |", "<b>{}</b><br>{}", "- [ ] {} {}",
     "<div>\n{} <p>{}\n</div>", "```\n{}\n  {}\n```", "```python\n{} = '{}'\n```", "> > > - - - {} {}", "{}  \n{}",
     "- - - - - - - - - {} {}", "$$\\text{{{}}}$$ {}", "\\(\\text{{{}}}\\) {}", "⟦{}⟧ {}", "{}\n\n---\n\n{}"]
)  # fmt: skip


@settings(max_examples=300)
@given(st.lists(st.tuples(_BLOCKS, _WORDS, _WORDS), min_size=1, max_size=4), st.sampled_from([20, 80]), st.booleans())
def test_no_word_is_lost_at_any_width(blocks: list[tuple[str, str, str]], width: int, plain: bool) -> None:
    source = "\n\n<!-- -->\n\n".join(block.format(one, two) for block, one, two in blocks)
    shown = re.sub(r"[\s▌>│]", "", terminal(source, width, plain=plain))
    for _, one, two in blocks:
        assert one in shown
        assert two in shown


@given(st.text(st.sampled_from("ab[]/ :#@"), max_size=20))
def test_what_looks_like_rich_markup_is_shown_as_typed(text: str) -> None:
    source = f"`x{text}x`"
    assert " ".join(terminal(source, 80).split()) == " ".join(source.strip("`").split())


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("a ⟦b⟧ c", "b"),
        ("a ⟦**b** `c` $x^2$⟧ d", "b c x²"),
        ("⟦a⟧ and ⟦b⟧", "ab"),
        ("*x ⟦y* z⟧ w", "y z"),
        ("⟦one\n\ntwo⟧ three", "onetwo"),
        ("| a |\n|---|\n| x ⟦y⟧ |", "y"),
        ("- a\n- ⟦b⟧", "b"),
        ("$$⟦x⟧$$", "x"),
        (r"$\frac{1}{⟦c⟧}$", "c"),
        (r"$\frac{1}{⟦[…]⟧}$", "[…]"),
        ("$x^⟦n⟧$", "ⁿ"),
        ("[⟦text⟧](url)", "text"),
        ("a ⟦b ⟦c⟧ d⟧ e", "b c d"),
    ],
)
def test_text_between_the_marks_is_drawn_as_a_gap(source: str, expected: str) -> None:
    assert in_gap(source) == expected
    assert "⟦" not in terminal(source, 80)
    assert "⟧" not in terminal(source, 80)


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        (r"$\frac{1}{⟦c⟧} + \frac{⟦a⟧}{b}$", "1/c + a/b"),
        (r"$\frac{1}{⟦a+b⟧}$", "1/(a+b)"),
        (r"$\frac{1}{⟦[…]⟧}$", "1/[…]"),
        (r"$\sqrt{⟦x⟧}$", "√x"),
        ("$x^{⟦n⟧}_⟦i⟧$", "xⁿᵢ"),
        ("$x^⟦φ⟧ + x^{⟦[…]⟧}$", "xᵠ + x^{[…]}"),
    ],
)
def test_a_gap_in_a_formula_is_written_like_its_text(source: str, expected: str) -> None:
    assert "".join(segment.text for segment in segments(source, ("⟦", "⟧"))).strip() == expected


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("![cell|150](a.png)", "[image: cell (a.png)]"),
        ("![|40x20](a.png)", "[image: a.png]"),
        ("![1984](a.png)", "[image: 1984 (a.png)]"),
    ],
)
def test_the_size_of_a_picture_is_not_part_of_its_description(source: str, expected: str) -> None:
    assert terminal(source, 80).strip() == expected


def test_a_cloze_face_shows_its_gap() -> None:
    card = build_face(cloze_note("Speech is [produced] in [Broca's] area."), "c1")
    assert in_gap(card.front, card.delimiters) == "[…]"
    assert in_gap(card.back, card.delimiters) == "produced"


def test_plain_text_has_no_style_at_all() -> None:
    source = "# a\n\n**b** `c` ⟦d⟧ [e](f)\n\n> g\n\n```python\nreturn\n```\n\n| h |\n|---|\n| i |\n\n---"
    drawn = segments(source, ("⟦", "⟧"), plain=True)
    assert not [segment for segment in drawn if segment.style]
    assert "".join(segment.text for segment in drawn).isascii()


def test_code_has_colours_and_no_background() -> None:
    drawn = [segment for segment in segments("```python\ndef f(): return 'x'\n```") if segment.style]
    assert len({segment.style.color for segment in drawn if segment.style and segment.style.color}) > 2
    assert not [segment for segment in drawn if segment.style and segment.style.bgcolor]


def test_emphasis_is_style() -> None:
    styles = {segment.text: segment.style for segment in segments("**b** *i* ~~s~~") if segment.style}
    assert styles["b"].bold
    assert styles["i"].italic
    assert styles["s"].strike


def test_definitions_elsewhere_in_the_file_make_links() -> None:
    console = Console(width=80, color_system=None)
    with console.capture() as capture:
        console.print(TerminalRenderer({}, plain=False).render("see [x]", "[x]: http://x.org"))
    assert capture.get() == "see x (http://x.org)\n"


def test_a_side_without_anything_visible_is_shown_as_typed() -> None:
    assert terminal("", 40).strip() == ""
    assert terminal("<!-- only a comment -->", 40).strip() == "<!-- only a comment -->"


def test_a_deeply_nested_text_keeps_its_words() -> None:
    for source in (">" * 3000 + " deep", "- " * 400 + "deep", "*a " * 500 + "deep"):
        assert "deep" in terminal(source, 20)


@pytest.mark.parametrize(
    "language", ["console", "psql", "sqlite3", "pwsh-session", "literate-haskell", "robotframework"]
)
@pytest.mark.parametrize("code", ["$ one\nout\n$ two # three", "> x", "\n  a\n\tb"])
def test_code_of_every_language_is_shown_to_its_last_line(language: str, code: str) -> None:
    shown = "".join(text for text, _ in colour_code(language, code))
    assert shown == code
    html = HtmlRenderer(MACROS, media).render(f"```{language}\n{code}\n```")
    assert unescape(re.sub("<[^>]*>", "", html)).strip("\n") == code.strip("\n")


@pytest.mark.parametrize(
    ("source", "shown", "plain"),
    [
        ("10<sup>5</sup> H<sub>2</sub>O", "10⁵ H₂O", "10^5 H_2O"),
        ("n<SUP>th</SUP> x<sup>-1</sup>", "nᵗʰ x⁻¹", "n^(th) x^(-1)"),
        ("log<sub>b, c</sub> so<sup>[1]</sup> a<sup>§</sup>", "log_(b, c) so^[1] a^§", "log_(b, c) so^[1] a^§"),
        ("a<sup></sup> left <sup class=x>open", "a left open", "a left open"),
        ("</sup>x<sup>**2**</sup>", "x²", "x^2"),
        ("x<sup>1<b>2</sup>3</b> y<sub>1<sup>2</sub>3", "x¹²3 y₁₂3", "x^(12)3 y_(12)3"),
        ("<p>10<sup>5</sup><br>H<sub>2</sub>O</p>", "10⁵\nH₂O", "10^5\nH_2O"),
    ],
)
def test_raised_and_lowered_text_is_not_run_into_the_rest(source: str, shown: str, plain: str) -> None:
    assert terminal(source, 80).rstrip() == shown
    assert terminal(source, 80, plain=True).rstrip() == plain


@pytest.mark.parametrize(
    ("source", "styled"),
    [
        ("a <b>b</b> c", {"b": "bold"}),
        ("a <i>b **c</i> d** e", {"b ": "italic", "c": "bold italic", " d": "bold"}),
        ("<u>a</u> <s>b</s> <mark>c</mark>", {"a": "underline", "b": "strike", "c": "reverse"}),
        ("<b title=x>left open\n\nnext", {"left open": "bold"}),
        ("[<u>a](b) c</u> d", {"a": "underline", " (b)": "underline", " c": "underline"}),
    ],
)
def test_tags_between_words_give_their_style(source: str, styled: dict[str, str]) -> None:
    wanted = {text: Console().get_style(style) for text, style in styled.items()}
    found = {
        segment.text: Style(
            bold=style.bold, italic=style.italic, underline=style.underline, strike=style.strike, reverse=style.reverse
        )
        for segment in segments(source)
        if (style := segment.style) and any((style.bold, style.italic, style.underline, style.strike, style.reverse))
    }
    assert found == wanted


def test_html_lists_tables_and_preformatted_text_keep_their_form() -> None:
    source = (
        "<ol><li>one<ul><li>in</li></ul></li><li>two</li></ol>\n<table><tr><th>a<th>b</tr><tr><td>c<td>d</tr></table>"
    )
    assert terminal(source, 80).rstrip() == "1. one\n  • in\n2. two\na | b\nc | d"
    assert terminal("<pre>\n  x  y\n z\n</pre>", 80).rstrip() == "  x  y\n z"


@pytest.mark.parametrize(
    ("attributes", "labels"),
    [
        ('type="A"', ("A", "B")),
        ('type="a" start="3"', ("c", "d")),
        ("type=i", ["i", "ii"]),
        ('type="1" start="9"', ["9", "10"]),
    ],
)
def test_the_items_of_an_html_list_have_its_letters_or_numbers(attributes: str, labels: Sequence[str]) -> None:
    source = f"<ol {attributes}><li>one</li><li>two</li></ol>"
    assert terminal(source, 80).rstrip() == f"{labels[0]}. one\n{labels[1]}. two"


def test_an_item_of_an_html_list_has_the_number_that_it_gives_itself() -> None:
    source = '<ol><li>a</li><li value="9">b<ol><li>in</li></ol></li><li>c</li></ol>'
    assert [line.split(". ")[0].strip() for line in terminal(source, 80).rstrip().split("\n")] == ["1", "9", "1", "10"]


@pytest.mark.parametrize(
    "source",
    [
        "an AsRef<Path> or a vector<int>",
        "What do <b> and <strong> do?",
        "<your name> here",
        "<!DOCTYPE html> and <?php echo 1 ?>",
        "<T> begins a line",
    ],
)
def test_a_tag_that_is_a_word_of_the_text_is_shown(source: str) -> None:
    assert terminal(source, 80).rstrip() == source
    assert unescape(HtmlRenderer(MACROS, media).render(source)) == source


def test_other_tags_and_comments_are_not_shown() -> None:
    assert terminal("<div>a</div>\n\nb <!-- c --> <span>d</span>", 80).rstrip() == "a\n\nb  d"


@pytest.mark.parametrize(
    ("source", "shown"),
    [
        ("an [ionic compound](ionic%20compound.md)", "an ionic compound"),
        ("[part](../a/b.md#part) and [above](#above)", "part and above"),
        ("[](b.md)", " (b.md)"),
        ("[site](https://x.org/b.md)", "site (https://x.org/b.md)"),
        ("[file](b.pdf)", "file (b.pdf)"),
    ],
)
def test_a_link_to_another_note_is_its_text(source: str, shown: str) -> None:
    assert render_plain(source) == shown.strip()
