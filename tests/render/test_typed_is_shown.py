"""What is typed is what is shown, in the terminal and in Anki."""

from __future__ import annotations

import re
from html import unescape

import pytest

from flashcards.deck.cloze import build_face, find_hidden_text
from flashcards.deck.model import Note
from flashcards.deck.parse import parse
from flashcards.render.html.cloze import render_cloze
from flashcards.render.html.renderer import HtmlRenderer
from flashcards.render.html.tags import list_typed_answers
from flashcards.render.terminal.renderer import render_plain
from flashcards.review.grading import choose_expected

RENDERER = HtmlRenderer()


def note(text: str) -> Note:
    (found,) = parse(text, "x.md").notes
    return found


def shown_in_anki(markdown: str) -> str:
    return unescape(re.sub(r"<[^<>]*>", "", RENDERER.render(markdown)))


@pytest.mark.parametrize(
    "text",
    [
        "$100-$200",
        "cost ($5M) vs ($7M)",
        "$1M–$2M",
        "US$5 and C$10",
        "HK$7 and 5$ or 10$",
        "cost ($5M) vs ($7M) or 5$",
        "$5/month, $50/year",
        "between $1,000.50 and $2,000",
        "$1-$2-$3-$4-$5-$6-$7",
        "5$-10$",
        "100$,200$",
        "$HOME/$USER",
        "PATH=$HOME/bin:$PATH",
        "$A=$B",
    ],
)
def test_dollar_signs_of_money_and_variables_are_shown(text: str) -> None:
    assert render_plain(text) == text
    assert shown_in_anki(text) == text
    cloze = note(f"C: {text} [gap]")
    assert shown_in_anki(build_face(cloze, "c1").front.translate({ord(c): "" for c in "⦉⦊"})) == f"{text} […]"


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("$x$", r"\(x\)"),
        ("H$2$O", r"H\(2\)O"),
        ("O$2^n$", r"O\(2^n\)"),
        ("x$2n$", r"x\(2n\)"),
        ("log$2 x + 1$", r"log\(2 x + 1\)"),
        (r"n$2$: $1 \in [0,1)$", r"n\(2\): \(1 \in [0,1)\)"),
        ("a$1$, $2)$", r"a\(1\), \(2)\)"),
        ("$n$-th", r"\(n\)-th"),
        ("$n$th", r"\(n\)th"),
        ("$a_1$,$a_2$", r"\(a_1\),\(a_2\)"),
        ("$a$-$b$", r"\(a\)-\(b\)"),
        ("$2x$", r"\(2x\)"),
        ("2$x$", r"2\(x\)"),
        ("($x$)($y$)", r"(\(x\))(\(y\))"),
        ("$5 and $x$", r"$5 and \(x\)"),
        ("$5-$6 and $x$ for $7", r"$5-$6 and \(x\) for $7"),
    ],
)
def test_formulas_stay_formulas(text: str, html: str) -> None:
    assert RENDERER.render(text) == html


@pytest.mark.parametrize(
    "text",
    [
        "> 100 bpm",
        "- 5",
        "+ 5",
        "* 5",
        "# 1",
        "## of items",
        "---",
        "2. Weltkrieg",
        "1984.",
        "1) x",
        "[a]: b",
        ">",
        "#",
        "``` sh",
        "~~~",
    ],
)
@pytest.mark.parametrize("form", ["Q: x\nA: {}", "Q: x\nA:{}", "T: {}\nD: x", "Q: {}\nA: x", "x :: {}"])
def test_a_sign_after_a_marker_is_text(form: str, text: str) -> None:
    found = note(form.format(text))
    field = next(field for field in found.fields if field != "x")
    assert render_plain(field) == text
    assert shown_in_anki(field) == text


@pytest.mark.parametrize("text", ["> 100 [bpm]", "- [5]", "# [1]", "[a]: b"])
def test_a_sign_after_the_marker_of_a_cloze_is_text(text: str) -> None:
    found = note(f"C: {text}")
    shown = render_plain(build_face(found, "c1").back.translate({ord(c): "" for c in "⦉⦊"}))
    assert shown == re.sub(r"[\[\]]", "", text)


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("> a\n> b", "<blockquote>\n<p>a\nb</p>\n</blockquote>"),
        ("- a\n- b", "<ul>\n<li>a</li>\n<li>b</li>\n</ul>"),
        ("1. a\n2. b", "<ol>\n<li>a</li>\n<li>b</li>\n</ol>"),
        ("- [ ] a", '<ul class="rubric">\n<li>a</li>\n</ul>'),
        ("\n- a", "<ul>\n<li>a</li>\n</ul>"),
        ("\n> a", "<blockquote>\n<p>a</p>\n</blockquote>"),
    ],
)
def test_blocks_that_continue_or_begin_on_their_own_line_stay_blocks(text: str, html: str) -> None:
    assert RENDERER.render(note(f"Q: x\nA: {text}\n").fields[1]) == html


@pytest.mark.parametrize(
    ("text", "shown", "html"),
    [
        (r"$log({\[A\] \over \[B\]})$ [x]", "log([A] ⧸ [B]) x", r"\(log({[A] \over [B]})\) {{c1::x}}"),
        (r"Plain \[words\] and a [gap]", "Plain [words] and a gap", "Plain [words] and a {{c1::gap}}"),
        (r"`a\[0\]` [x]", "a[0] x", "<code>a[0]</code> {{c1::x}}"),
        (r"$a \\[1pt] b$ [x]", None, r"\(a \\[1pt] b\) {{c1::x}}"),
        (r"[$\[A\]$] b", "[A] b", r"{{c1::\([A]\)}} b"),
        (r"[a\[0\]] b", "a[0] b", "{{c1::a[0]}} b"),
        (r"\[a\](b) [x]", "[a](b) x", "[a](b) {{c1::x}}"),
    ],
)
def test_escaped_brackets_in_a_cloze_are_brackets(text: str, shown: str | None, html: str) -> None:
    found = note(f"C: {text}")
    assert render_cloze(found, RENDERER) == html
    if shown and "over" not in text:
        assert render_plain(build_face(found, "c1").back.translate({ord(c): "" for c in "⦉⦊"})) == shown


@pytest.mark.parametrize(
    "text",
    [
        "[sound:a.mp3]",
        "[SOUND:a.mp3]",
        "[anki:tts lang=en_US]x[/anki:tts]",
        r"[latex]\input{/etc/passwd}[/latex]",
        "[$]x[/$]",
        "[$$]x[/$$]",
        "[[type:Front]]",
        "[type:Front]",
        "{{Front}}",
        "{{c1::x}}",
        "{{type:Front}}",
    ],
)
def test_the_markup_of_anki_is_text(text: str) -> None:
    for markdown in (
        re.sub(r"([\\$]|(?<=\[)\[)", r"\\\1", text),
        f"`{text}`",
        f"```\n{text}\n```",
        f"    {text}",
        f'<b title="{text}">x</b>',
    ):
        html = RENDERER.render(markdown)
        assert not re.search(r"\[(?:sound:|anki:|latex\]|\$|\[?type:)|\{\{", html, re.IGNORECASE)
        assert "title" in html or text in unescape(re.sub(r"<[^<>]*>", "", html))


@pytest.mark.parametrize("text", [r"\\(a\\)", r"\\[a\\]", r"x \\(a\\) y"])
def test_delimiters_of_math_that_are_escaped_are_text(text: str) -> None:
    html = RENDERER.render(text)
    assert not re.search(r"\\[(\[]", html)
    assert shown_in_anki(text) == text.replace("\\\\", "\\") == render_plain(text)


def test_delimiters_of_math_in_code_are_code() -> None:
    assert RENDERER.render(r"`\(a\)`") == r"<code>\(a\)</code>"


@pytest.mark.parametrize(
    ("markdown", "typed"),
    [
        ("$x^2$", "x^2"),
        (r"\(\frac{1}{2}\)", r"\frac{1}{2}"),
        ("H<sub>2</sub>O", "H2O"),
        ("**bold** and `code`", "bold and code"),
        ("a\n\n- b\n- c", "a b c"),
        ("![](a.png) word ![](b.mp3)", "word"),
        ("$100-$200", "$100-$200"),
        (r"\\(a\\)", r"\(a\)"),
        ("[text](http://x.org)", "text"),
    ],
)
def test_a_typed_answer_is_the_same_text_everywhere(markdown: str, typed: str) -> None:
    from flashcards.render.html.tags import make_typed_answer

    assert list_typed_answers(markdown)[0] == typed
    assert unescape(make_typed_answer(RENDERER.render(markdown))) == typed


def test_gaps_are_typed_without_escapes() -> None:
    assert list_typed_answers(find_hidden_text(note(r"C: [a\[0\]] b"), "c1"))[0] == "a[0]"


@pytest.mark.parametrize(
    "url",
    [
        "obsidian://open?vault=V&file=N",
        "zotero://select/items/1",
        "tel:+49123",
        "https://x.org",
        "mailto:a@b.c",
        "sms:1",
    ],
)
def test_links_to_known_programs_keep_their_target(url: str) -> None:
    assert unescape(RENDERER.render(f"[my note]({url})")) == f'<a href="{url}">my note</a>'


@pytest.mark.parametrize(
    "url", ["javascript:alert(1)", "file:///etc/passwd", "data:text/html,x", "ms-msdt:/id", "other.md"]
)
def test_links_that_are_not_safe_keep_their_text_only(url: str) -> None:
    assert RENDERER.render(f"[my note]({url})") == "my note"


@pytest.mark.parametrize(
    ("html", "shown"),
    [
        ("<ruby>大<rt>だい</rt></ruby>", "大(だい)"),
        ("<ruby>大<rp>(</rp><rt>だい</rt><rp>)</rp></ruby>学", "大(だい)学"),
        ("<ruby>大<rt>だい</rt>学<rt>がく</rt></ruby>", "大(だい)学(がく)"),
        ("<ruby>大<rt>だい<rt>x</ruby>", "大(だい)(x)"),
        ("<div>\n<ruby>大<rp>(</rp><rt>だい</rt><rp>)</rp></ruby>\n</div>", "大(だい)"),
    ],
)
def test_ruby_shows_the_reading_in_parentheses(html: str, shown: str) -> None:
    assert render_plain(html) == shown


def test_a_formula_does_not_begin_what_anki_would_play() -> None:
    assert RENDERER.render(r"\[sound:a.mp3\]") == r"\[ sound:a.mp3\]"
    assert RENDERER.render(r"$$[sound:a.mp3]$$") == r"\[&#91;sound:a.mp3]\]"


@pytest.mark.parametrize(
    ("markdown", "shown"),
    [(r"$\alpha$ and **b**", "α and b"), (r"$\frac{1}{2}$", "1/2"), ("$x^2$", "x²"), ("`$x$`", "$x$")],
)
def test_a_formula_may_also_be_typed_as_the_terminal_shows_it(markdown: str, shown: str) -> None:
    answers = list_typed_answers(markdown)
    assert choose_expected(f" {shown} ", answers) == shown
    assert choose_expected("something else", answers) == answers[0]


def test_a_macro_of_the_collection_may_be_typed_as_it_is_shown() -> None:
    answers = list_typed_answers(r"$\half$", macros={r"\half": r"\frac{1}{2}"})
    assert choose_expected("1/2", answers) == "1/2"
