"""HTML of Anki as Markdown: clean, and saying the same."""

from __future__ import annotations

import re
from base64 import b64decode
from html import escape, unescape

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from flashcards.anki.imports.incoming_notes import IncomingNote, list_cards, make_readable
from flashcards.anki.to_markdown.convert import Converter, flatten_markdown
from flashcards.deck.model import Kind
from flashcards.deck.parse import parse
from flashcards.render.html.cloze import render_cloze
from flashcards.render.html.renderer import HtmlRenderer
from tests.render import strategies


def converter() -> Converter:
    return Converter(lambda name: f"media/{name}")


def markdown(html: str, *, cloze: bool = False) -> str:
    return converter().convert(html, cloze=cloze).markdown


def rendered(text: str) -> str:
    return HtmlRenderer().render(text)


EXAMPLES = {
    "a plain sentence": ("What is it?", "What is it?"),
    "line breaks": ("a<br>b", "a\\\nb"),
    "two line breaks make a paragraph": ("a<br><br>b", "a\n\nb"),
    "lines as the editor makes them": ("a<div>b</div><div>c</div>", "a\\\nb\\\nc"),
    "an empty line of the editor": ("<div>a</div><div><br></div><div>b</div>", "a\n\nb"),
    "paragraphs": ("<p>a</p><p>b</p>", "a\n\nb"),
    "bold, italic, struck": ("<b>a</b> <em>b</em> <s>c</s>", "**a** *b* ~~c~~"),
    "bold in italic": ("<i>a <b>b</b></i>", "_a **b**_"),
    "emphasis by style": ('<span style="font-weight: 700; font-style: italic">a</span>', "**_a_**"),
    "blanks inside emphasis": ("a<b> b </b>c", "a **b** c"),
    "emphasis within a word": ("un<b>believ</b>able", "un**believ**able"),
    "emphasis that Markdown cannot end there": ("<b>foo:</b>bar", "<b>foo:</b>bar"),
    "underline, sub and sup stay HTML": (
        "<u>a</u> H<sub>2</sub>O x<sup>2</sup>",
        "<u>a</u> H<sub>2</sub>O x<sup>2</sup>",
    ),
    "a colour that is meant": ('<span style="color: rgb(255, 0, 0)">a</span>', '<font color="#ff0000">a</font>'),
    "a colour that an editor left": ('<span style="color: rgb(0, 0, 0)">a</span>', "a"),
    "a list": ("<ul><li>a</li><li>b</li></ul>", "- a\n- b"),
    "a numbered list that begins later": ('<ol start="3"><li>a</li><li>b</li></ol>', "3. a\n4. b"),
    "a nested list": ("<ul><li>a<ul><li>b</li></ul></li><li>c</li></ul>", "- a\n  - b\n- c"),
    "a list nested as word processors do": ("<ul><li>a</li><ul><li>b</li></ul></ul>", "- a\n  - b"),
    "two lists in a row": ("<ul><li>a</li></ul><ul><li>b</li></ul>", "- a\n\n* b"),
    "items left open": ("<ul><li>a<li>b</ul>", "- a\n- b"),
    "code": ("call <code>f(*x)</code>", "call `f(*x)`"),
    "percent signs and a caret that notes read as comments": ("a %% b %% c ^d", "a \\%\\% b \\%\\% c \\^d"),
    "a picture as an object": ('a <object data="b c.svg"></object>', "a ![](media/b%20c.svg)"),
    "a sound and a page that are embedded": (
        '<embed src="a.mp3"> <iframe src="b.html"></iframe>',
        "![](media/a.mp3) [b.html](media/b.html)",
    ),
    "a picture in code": ('<code><img src="a.png">x</code>', "<code>![](media/a.png)x</code>"),
    "a picture in a code block": ('<pre>a\n  b <img src="a.png">\n</pre>c', "a\\\n\xa0\xa0b ![](media/a.png)\\\nc"),
    "a picture in lines of one width": (
        '<div style="font-family: monospace"><img src="a.png"></div>',
        "![](media/a.png)",
    ),
    "code with backticks": ("<code>a`b</code>", "``a`b``"),
    "a code block": ('<pre><code class="language-py">x = 1\n\ny</code></pre>', "```py\nx = 1\n\ny\n```"),
    "a code block by line breaks": ("<pre>a<br>  b</pre>", "```\na\n  b\n```"),
    "a quote": ("<blockquote>a<br>b</blockquote>", "> a\\\n> b"),
    "a heading": ("<h2>Title</h2>text", "**Title**\n\ntext"),
    "a rule": ("a<hr>b", "a\n\n<hr>\n\nb"),
    "a table": (
        "<table><tr><th>a</th><th align=right>b</th></tr><tr><td>1</td><td>x|y<br>z</td></tr></table>",
        "| a | b |\n| --- | --: |\n| 1 | x\\|y<br>z |",
    ),
    "a table without a head": ("<table><tr><td>a</td><td>b</td></tr></table>", "|  |  |\n| --- | --- |\n| a | b |"),
    "a link": ('<a href="https://x.y/a_(b)">see</a>', "[see](https://x.y/a_%28b%29)"),
    "an image": ('<img src="a b.png">', "![](media/a%20b.png)"),
    "an image of a size": ('<img src="a.png" width="300">', '<img src="media/a.png" width="300">'),
    "an image of the web": ('<img src="https://x.y/z.png">', "![](https://x.y/z.png)"),
    "sound of the web": ("[sound:https://x.org/y z.mp3?a=1&amp;b=2]", "![](https://x.org/y%20z.mp3?a=1&b=2)"),
    "a player of the web": (
        '<audio controls src="https://x.org/y%20z.mp3?a=1&amp;b=2"></audio> and <video><source src="https://x.y/z.webm">',
        "![](https://x.org/y%20z.mp3?a=1&b=2) and ![](https://x.y/z.webm)",
    ),
    "a player of a stream": (
        '<audio src="https://x.org/live?a=1&amp;b=2"></audio> text',
        '<audio controls src="https://x.org/live?a=1&amp;b=2"></audio> text',
    ),
    "sound": ("[sound:a (1).mp3]", "![](media/a%20%281%29.mp3)"),
    "math": (r"\(a_1 &lt; b\)", "$a_1 < b$"),
    "math on its own": (r"so \[x^2\]", "so $$x^2$$"),
    "math with a dollar": (r"\(\text{5 $}\)", r"\(\text{5 $}\)"),
    "math beside a word": (r"the \(n\)th", r"the \(n\)th"),
    "math with tags in it": (r"\(a<div>b</div>\)", "$a b$"),
    "LaTeX": (r"[latex]$x$[/latex] [$]y[/$] [$$]z[/$$]", "$x$ $y$ $$z$$"),
    "an environment of LaTeX": (r"[latex]\begin{align}a\end{align}[/latex]", r"$$\begin{align}a\end{align}$$"),
    "LaTeX that is no formula": (
        r"[latex]\begin{tikzpicture}x\end{tikzpicture}[/latex]",
        r"[latex]\begin{tikzpicture}x\end{tikzpicture}[/latex]",
    ),
    "MathJax of the editor": ("<anki-mathjax>x</anki-mathjax>", "$x$"),
    "entities": ("a&nbsp;b &lt;i&gt; &amp;amp; &copy;", "a\xa0b \\<i> \\&amp; ©"),
    "what a deck gives a meaning": ("Q: a<br>C: b<br>- c<br># d<br>1. e<br>---<br>&gt; f", None),
    "dollars": ("$5 and $6", "\\$5 and \\$6"),
    "one dollar": ("costs $5", "costs $5"),
    "brackets": ("a[0] and [b]", "a[0] and [b]"),
    "brackets like a link": ("[a](b)", "\\[a](b)"),
    "snakes": ("a_b_c _d_", "a_b_c \\_d\\_"),
    "furigana": ("<ruby>漢<rt>かん</rt></ruby>", "<ruby>漢<rt>かん</rt></ruby>"),
    "right to left": ('<div dir="rtl">שלום</div>', "שלום"),
    "an embedded page": ('<iframe src="https://x.y/"></iframe>', "[https://x.y/](https://x.y/)"),
    "nothing": ("<div><br></div>", ""),
}
CLOZES = {
    "gaps and hints": ("{{c1::a}} and {{c2::b::hint}}", "{{c1::a}} and {{c2::b::hint}}"),
    "nested gaps": ("{{c1::a {{c2::b}} c}}", "{{c1::a {{c2::b}} c}}"),
    "several numbers": ("{{c1,3::a}}", "{{c1,3::a}}"),
    "emphasis in a gap": ("{{c1::<b>a</b>}}", "{{c1::**a**}}"),
    "emphasis over the edge of a gap": ("<b>a {{c1::b</b> c}}", "**a {{c1::b** c}}"),
    "braces in a gap": ("{{c1::{a}&#125; b}}", "{{c1::\\{a\\}\\} b}}"),
    "colons in a hint": ("{{c1::a::b::c}}", "{{c1::a::b:&#58;c}}"),
    "a gap left open": ("{{c1::a", "\\{{c1::a"),
    "highlights and pairs are text": ("==x== {{c1::a}} b :: c", "\\=\\=x\\=\\= {{c1::a}} b \\:: c"),
    "math in a gap": (r"{{c1::\(x\)}}", "{{c1::$x$}}"),
    "a gap in math": (r"\(a + {{c1::b}}\)", "$a + {{c1::b}}$"),
    "gaps in a fraction": (r"\[\frac{ {{c1::a}} }{ {{c2::b::h}} }\]", r"$$\frac{ {{c1::a}} }{ {{c2::b::h}} }$$"),
    "a gap that ends within braces of math": (r"\({{c1::\frac{1}{2}}}\)", r"{{c1::$\frac{1}{2}$}}"),
    "gaps in lines of code": (
        '<pre><code class="language-py">f({{c1::x}})\n\n  g({{c2::y::h}})</code></pre>',
        "```py\nf({{c1::x}})\n\n  g({{c2::y::h}})\n```",
    ),
    "a gap in code": ("<code>f({{c1::x}})</code>", "`f({{c1::x}})`"),
    "code that is a gap": ("<code>{{c1::x}}</code>", "<code>{{c1::x}}</code>"),
    "code in a gap": ("{{c1::<code>f({{c2::x}})</code>}}", "{{c1::<code>f({{c2::x}})</code>}}"),
    "a gap with half of a pair of braces in code": ("<code>a{ {{c1::b} }}</code>", "<code>a{ {{c1::b\\} }}</code>"),
    "an empty gap": ("{{c1::}} a {{c2::<b> </b>}} b {{c3::&nbsp;::hint}}", "{{c1::—}} a {{c2::—}} b {{c3::—::hint}}"),
    "a hint without a gap": ("a {{c1::::hint}}", "a {{c1::—::hint}}"),
    "blanks beside gaps": ("a {{c1:: b }}c{{c2::d}} e", "a {{c1:: b }}c{{c2::d}} e"),
    "lines in a gap": ("{{c1::<div>a</div><div>b</div>}}", "{{c1::a\\\nb}}"),
    "a line that begins or ends inside a gap": ("{{c1::a<br>}}<br>x{{c2::<br>b}}", "{{c1::a}}\\\nx\\\n{{c2::b}}"),
    "line breaks around a hint": ("{{c1::a<br>::<br>b}}", "{{c1::a::b}}"),
    "a picture as a hint": ('{{c1::a::<img src="h.png">}}', "{{c1::a::![](media/h.png)}}"),
    "a gap that ends in code": ("{{c1::<code>x}}y</code>", "{{c1::<code>x}}y</code>"),
    "a gap that no card asks": ("{{c0::a}} {{c1::b}}", "a {{c1::b}}"),
    "a table that Markdown cannot express": (
        "<table><tr><td colspan=2><b>{{c1::a}}</b> b</td></tr><tr><td>c</td><td>{{c2::d}}</td></tr></table>",
        "**{{c1::a}}** b\\\nc\\\n{{c2::d}}",
    ),
    "a list in a table": ("<table><tr><td><ul><li>{{c1::a}}</li></ul></td></tr></table>", "- {{c1::a}}"),
    "what opens and closes": ("<details><summary>a</summary>{{c1::b}}</details>", "a\\\n{{c1::b}}"),
    "a gap over list items": ("<ul><li>{{c1::a</li><li>b}}</li></ul>", "- {{c1::a\n- b}}"),
}


@pytest.mark.parametrize("name", EXAMPLES)
def test_each_thing_has_its_markdown(name: str) -> None:
    html, expected = EXAMPLES[name]
    found = markdown(html)
    if expected is not None:
        assert found == expected
    assert make_readable(as_note(found or "x", "y")).fields == (found or "x", "y")


@pytest.mark.parametrize("name", CLOZES)
def test_each_thing_of_a_cloze_has_its_markdown(name: str) -> None:
    html, expected = CLOZES[name]
    assert markdown(html, cloze=True) == expected


@pytest.mark.parametrize(
    ("html", "problem"),
    [
        ("{{c1::}}", "an empty gap is now `—`"),
        ("{{c0::a}}", "a gap numbered 0, which no card asks, is now text"),
        ("<table><tr><td rowspan=2>{{c1::a}}</table>", "<table> with a gap in it is now lines of text"),
        (r"[latex]\begin{tabular}a\end{tabular}[/latex]", "LaTeX that is more than a formula is kept as text"),
    ],
)
def test_text_that_conversion_changes_is_reported(html: str, problem: str) -> None:
    assert converter().convert(html, cloze=True).problems == (problem,)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("**a** {{c1::x::h **i**}}b `c*`", "a {{c1::x::h i}}b c&#42;"),
        ("a\\\nb {{c1:: $x_{1}$ }}", "a\\\nb {{c1:: \\(x_{1}\\) }}"),
        (
            '<table><tr><td>{{c1::a}}</td><td>{{c2::<img src="b.png">}}</td></tr></table>',
            "{{c1::a}}\\\n{{c2::![](b.png)}}",
        ),
        ("\\{{c1::a}} {{c2::b", "&#123;&#123;c1&#58;&#58;a&#125;&#125; &#123;&#123;c2&#58;&#58;b"),
    ],
)
def test_escaped_text_keeps_its_gaps_lines_and_spaces(text: str, expected: str) -> None:
    assert flatten_markdown(text, cloze=True) == expected


def as_note(front: str, back: str) -> IncomingNote:
    return IncomingNote(
        "", 0, Kind.QUESTION, (front, back), list_cards(reverse=False), False, False, (), "x", "", (), b"", 0
    )


PIECES = [
    "word",
    "zwei",
    "a b",
    "x_y",
    "5",
    "é",
    "漢字",
    "שלום",
    "$",
    "*",
    "_",
    "[",
    "]",
    "(",
    ")",
    "<",
    ">",
    "&",
    "#",
    "-",
]
PIECES += [
    "+",
    "1.",
    "~",
    "|",
    "`",
    "\\",
    "Q:",
    "C:",
    ":",
    " :: ",
    "==",
    "{{",
    "}}",
    "!",
    "=",
    "---",
    "&amp;",
    "://",
    ".",
]
texts = st.lists(st.sampled_from([*PIECES, " ", " "]), min_size=1, max_size=12).map("".join)


@settings(max_examples=500, deadline=None)
@given(text=texts | st.text(st.characters(exclude_categories=["Cc", "Cf", "Cs", "Co", "Cn"]), max_size=30))
def test_text_stays_the_same_text(text: str) -> None:
    found = markdown(escape(text))
    shown = unescape(re.sub(r"<[^<>]*>", "", rendered(found)))
    assert "".join(shown.split()) == "".join(text.split())
    if found:
        assert as_note(found, found).is_read_back(), found


@pytest.mark.parametrize("blank", ["\xa0", "\u2003", "\u3000", " \xa0 "])
@pytest.mark.parametrize("text", [">", "> 100", "# x", "- x", "1. x", "---", "=", "Q: x", "Ａ"])
def test_a_line_that_begins_with_an_unusual_space_keeps_its_first_character(blank: str, text: str) -> None:
    for html in (f"{blank}{escape(text)}", f"a<br>{blank}{escape(text)}"):
        shown = unescape(re.sub(r"<[^<>]*>", "", rendered(markdown(html))))
        assert "".join(shown.split()) == "".join(unescape(html.replace("<br>", "")).split())


@pytest.mark.parametrize(
    ("html", "written"),
    [
        ('<img src="p.jpg" style="width: 120px;">', '<img src="p.jpg" width="120">'),
        ('<img src="p.jpg" style="width:50%; height: auto">', '<img src="p.jpg" width="50%">'),
        ('<img src="p.jpg" width="300" style="HEIGHT: 99.6px">', '<img src="p.jpg" width="300" height="100">'),
        ('<img src="p.jpg" style="width: 10px" width="300">', '<img src="p.jpg" width="10">'),
        ('<img src="p.jpg" style="max-width: 100%">', "![](p.jpg)"),
        ('<img src="p.jpg" style="width: 12.5em">', '<img src="p.jpg" width="200">'),
        ('<img src="p.jpg" style="border: 1px solid; width: 2.54cm">', '<img src="p.jpg" width="96">'),
        ('<img src="p.jpg" style="WIDTH:200PX !important">', '<img src="p.jpg" width="200">'),
    ],
)
def test_the_size_of_a_picture_is_kept(html: str, written: str) -> None:
    assert Converter(lambda name: name).convert(html) == (written, ())


@pytest.mark.parametrize(
    "title", ["a title", 'with "quotes"', "back\\slash", "1 < 2 & 3", "&lt; `x` *y* [z] $1$ $2$", "日本 (語)"]
)
def test_the_title_of_a_picture_or_a_link_is_kept(title: str) -> None:
    name = escape(title)
    for html in (
        f'<img src="p.jpg" alt="" title="{name}">',
        f'<img src="p.jpg" alt="" width="9" title="{name}">',
        f'see <a href="https://x.org" title="{name}">this</a>',
    ):
        assert unescape(name) in unescape(rendered(markdown(html)))


@pytest.mark.parametrize(
    ("rows", "rule"),
    {
        "the first row": (
            "<tr><td align=right>a</td><td>b</td></tr><tr><td align=left>1</td><td>2</td></tr>",
            "--: | ---",
        ),
        "a later row": (
            '<tr><th>a</th><th>b</th></tr><tr><td style="color: red; text-align: center">1</td><td>2</td></tr>',
            ":-: | ---",
        ),
        "a block in a cell": (
            '<tr><td><div style="text-align:right">a</div></td><td><center>b</center></td></tr>',
            "--: | :-:",
        ),
        "a shorter first row": ("<tr><td>a</td></tr><tr><td>1</td><td align=RIGHT>2</td></tr>", "--- | --:"),
        "no cell": ("<tr><td>a</td><td align=justify>b</td></tr>", "--- | ---"),
    }.values(),
)
def test_a_column_is_aligned_as_its_first_cell_that_has_an_alignment(rows: str, rule: str) -> None:
    lines = Converter(str).convert(f"<table>{rows}</table>").markdown.splitlines()
    assert lines[1] == f"| {rule} |"


@pytest.mark.parametrize("style", ["width: 10vw", "max-width: 200px", "height: calc(1px + 2px)"])
def test_a_size_that_html_cannot_keep_is_reported(style: str) -> None:
    found = Converter(lambda name: name).convert(f'<img src="p.jpg" style="{style}">')
    assert found == ("![](p.jpg)", ("the size of a picture is left out",))


@pytest.mark.parametrize("code", ["PS1='\\[x\\]'", "a\\[0\\]"])
@pytest.mark.parametrize("tag", ["code", "pre"])
def test_code_with_escaped_brackets_stays_the_same_in_a_cloze(tag: str, code: str) -> None:
    text = Converter(lambda name: name).convert(f"{{{{c1::x}}}} <{tag}>{code}</{tag}>", cloze=True).markdown
    (note,) = parse(f"C: {text}\n", "x.md").notes
    assert code in unescape(re.sub(r"<[^<>]*>", "", render_cloze(note, HtmlRenderer({}, str))))


inline = st.recursive(
    texts.map(lambda text: escape(text))
    | st.sampled_from(["a<br>b", "a<br><br>b", "\\(x\\)", "<img src=a.png>", "<code>x*</code>"]),
    lambda inner: st.builds(
        lambda tag, parts: f"<{tag}>{''.join(parts)}</{tag}>",
        st.sampled_from(["b", "i", "s", "u", "sub", "div", "span", "em", "strong", "a href=https://x.y"]),
        st.lists(inner, max_size=3),
    ),
    max_leaves=6,
)
soup = st.lists(
    inline
    | st.builds(lambda parts: f"<ul>{''.join(f'<li>{part}</li>' for part in parts)}</ul>", st.lists(inline, max_size=3))
    | st.builds(lambda part: f"<pre>{part}</pre>", inline)
    | st.builds(lambda a, b: f"<table><tr><th>{a}</th><td>{b}</td></tr></table>", inline, inline)
    | st.builds(lambda part: f"<blockquote>{part}</blockquote>", inline)
    | st.sampled_from(["</div>", "<div>", "<hr>", "<p>", "</b>", "<ul>", "<li>", "<!-- x -->", "<"]),
    max_size=4,
).map("".join)


@pytest.mark.slow
@settings(max_examples=500, deadline=None)
@given(html=soup)
def test_converting_any_html_twice_changes_nothing_more(html: str) -> None:
    """Markdown, rendered and converted again, is rendered to the same HTML, or its loss of formatting is told."""
    first = markdown(html)
    once = rendered(first)
    again = converter_of_ours().convert(once)
    if "the text is kept without its formatting" not in again.problems:
        assert normal(rendered(again.markdown)) == normal(once), (first, again)


def normal(html: str) -> str:
    """HTML without the blanks that nobody sees."""
    return re.sub(r"\s*(<[^<>]*>)\s*", r"\1", re.sub(r"\s+", " ", html.replace("<br />", "<br>")))


def converter_of_ours() -> Converter:
    return Converter(lambda name: name)


@pytest.mark.slow
@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(front=strategies.markdown | soup, back=soup)
def test_any_html_becomes_a_note_that_is_read_back(front: str, back: str) -> None:
    fields = (markdown(front) or "x", markdown(back) or "y")
    assert make_readable(as_note(*fields)).is_read_back()


@pytest.mark.slow
@settings(max_examples=300, deadline=None)
@given(parts=st.lists(soup | st.sampled_from(["{{c1::", "{{c2::", "}}", "::", "{", "}", "\\(", "\\)"]), max_size=8))
def test_any_cloze_becomes_one_that_is_read_back(parts: list[str]) -> None:
    html = "".join(parts)
    found = converter().convert(html, cloze=True)
    numbers = sorted({int(number) for number in re.findall(r"\{\{c(\d+)::", found.markdown)})
    if not numbers:
        return
    draft = IncomingNote(
        "", 0, Kind.CLOZE, (found.markdown,), tuple((n - 1, f"c{n}") for n in numbers),
        False, False, (), "x", "", (), b"", 0,
    )  # fmt: skip
    assert make_readable(draft).is_read_back()


def test_a_drawing_becomes_a_picture_and_the_rest_is_unchanged() -> None:
    drawing = "<svg viewBox='0 0 9 9' onload='x()'><text>t &amp; u</text><use xlink:href='#a'/><script>x</script></svg>"
    markdown = Converter(lambda name: name).convert(f"<b>a</b> {drawing}").markdown
    before, data = markdown.split("data:image/svg+xml;base64,")
    assert before == "**a** ![t \\& u]("
    assert b64decode(data.removesuffix(")")).decode() == (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9"><text>t &amp; u</text><use href="#a"></use></svg>'
    )
    assert f'<img src="data:image/svg+xml;base64,{data.removesuffix(")")}"' in HtmlRenderer({}, str).render(markdown)


def test_mathml_without_tex_becomes_text_and_leaves_the_rest_as_it_is() -> None:
    found = Converter(lambda name: name).convert("<b>a</b> <math><mi>x</mi><mo>+</mo><mn>1</mn></math>")
    assert found == ("**a** x+1", ("<math> is left out, its text kept",))


@pytest.mark.parametrize("more", ["", "<svg><image></image><text>t</text></svg>"])
def test_a_hint_stays_closed_with_any_text_in_it_or_next_to_it(more: str) -> None:
    hint = "<details><summary>C</summary>se<b>cret</b> [sound:a.mp3] [$]x<y[/$]<br><img src='b.png'></details>"
    found = markdown(f"<b>q</b>{more}{hint}<div>end <img src='https://x.org/c.png'></div>")
    inside = re.search(r"\n\n<details><summary>C</summary>\n\n(.*)\n\n</details>\n\nend", found, re.DOTALL)
    assert inside
    shown = inside[1].replace("**", "").replace("\\\n", " ").replace("$x<y$", r"\(x<y\)")
    assert shown.replace(" ![](media/b.png)", "![](media/b.png)") == r"secret ![](media/a.mp3) \(x<y\)![](media/b.png)"
    assert found.endswith("![](https://x.org/c.png)")


def test_colons_in_a_later_paragraph_of_a_gap_are_no_hint() -> None:
    text = markdown("x {{c1::<p>a</p><ul><li>b :&#58; c</li></ul>std:&#58;d e :&#58; f::hint}} g::h", cloze=True)
    (note,) = parse(f"C: {text}\n", "x.md").notes
    assert [gap.hint for gap in note.gaps] == ["hint"]
    assert text.endswith("std:&#58;d e :&#58; f::hint}} g::h")
