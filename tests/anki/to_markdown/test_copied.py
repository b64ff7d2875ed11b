"""HTML as web pages, word processors and add-ons of Anki leave it in fields."""

from __future__ import annotations

import pytest

from flashcards.anki.to_markdown.convert import Converted, Converter
from flashcards.render.html.renderer import HtmlRenderer


def converted(html: str) -> Converted:
    return Converter(lambda name: f"media/{name}").convert(html)


NUMBERED = (
    '<table class="highlighttable"><tbody><tr><td class="linenos"><div class="linenodiv"><pre>1\n2</pre></div></td>'
    '<td class="code"><div class="highlight"><pre><span></span><code>int <b>a</b>;\nint b;</code></pre></div></td></tr>'
    "</tbody></table>"
)
PASTED = {
    "the colours of a page": (
        '<span style="color: rgb(36, 39, 41); background-color: rgb(253, 253, 253)">a</span>'
        '<font color="#222">b</font>',
        "ab",
    ),
    "a grey that is meant": ('<font color="#808080">a</font>', '<font color="#808080">a</font>'),
    "a dark colour that is meant": ('<font color="#400000">a</font>', '<font color="#400000">a</font>'),
    "a link to nowhere": ('<a href="#">a</a> <a href="#top">b</a>', "a b"),
    "a paragraph of Word": ('<p class="MsoNormal"><st1:place>Rome<o:p></o:p></st1:place></p>', "Rome"),
    "inline math of LaTeX": (r"a [latex]\begin{math}\alpha\end{math}[/latex] b", r"a $\alpha$ b"),
    "code that a page colours": ('<pre><code class="hljs python">x</code></pre>', "```python\nx\n```"),
    "code of no language": ('<pre><code class="hljs hljs">x</code></pre>', "```\nx\n```"),
    "lines of blanks": ("&nbsp;<br>a<div>&nbsp;</div>b<br>&nbsp; <br>c<p>&nbsp;</p>", "a\n\nb\n\nc"),
    "a blank that is all": ("<b>a</b><br>&nbsp;", "**a**"),
    "a formula of KaTeX": (
        '<span class="katex"><span class="katex-mathml"><math><mi>x</mi><annotation encoding="application/x-tex">'
        'x^2 &lt; 1</annotation></math></span><span class="katex-html" aria-hidden="true">x2</span></span>, said I',
        "$x^2 < 1$, said I",
    ),
    "a formula of KaTeX on its own": (
        '<span class="katex-display"><span class="katex"><math><mi>x</mi><annotation encoding="application/x-tex">x'
        "</annotation></math><span>x</span></span></span>",
        "$$x$$",
    ),
    "MathML with its TeX": (
        '<math display="block"><mi>x</mi><annotation encoding="application/x-tex">x</annotation></math>',
        "$$x$$",
    ),
    "code with numbers beside it": (f"<center>{NUMBERED}</center>", "```\nint a;\nint b;\n```"),
    "code with numbers in its lines": (
        '<pre><span class="linenos">1</span>a\n<span class="linenos">2</span>b</pre>',
        "```\na\nb\n```",
    ),
    "code of several lines": ("a <code>if x:<br>&nbsp;&nbsp;y</code> b", "a\n\n```\nif x:\n  y\n```\n\nb"),
    "code with hard spaces": (
        "<code>a &nbsp; b</code> <code>x&nbsp;y</code>",
        "`a\N{NO-BREAK SPACE}\N{NO-BREAK SPACE}\N{NO-BREAK SPACE}b` `x y`",
    ),
    "code of an editor": (
        '<div style="font-family: Menlo, monospace; white-space: pre;"><div><span>if</span> x:</div>'
        "<div>    y</div><br><div>z</div></div>",
        "```\nif x:\n    y\n\nz\n```",
    ),
    "code of several lines in a table": (
        "<table><tr><td><code>a<br>b</code></td></tr></table>",
        "|  |\n| --- |\n| `a`<br>`b` |",
    ),
    "a table with a caption": (
        "<table><caption>T</caption><tr><td>1</td></tr></table>",
        "T\n\n|  |\n| --- |\n| 1 |",
    ),
    "a table without end tags": (
        "<table><thead><tr><th>a<th>b<tbody><tr><td>1<td>2<tr><td>3<td>4</table>",
        "| a | b |\n| --- | --- |\n| 1 | 2 |\n| 3 | 4 |",
    ),
    "words in a form": ("<textarea>a</textarea><textarea>b</textarea>", "a\\\nb"),
    "a table of numbers": (
        "<table><tr><td>1</td><td>2</td></tr></table>",
        "|  |  |\n| --- | --- |\n| 1 | 2 |",
    ),
}


@pytest.mark.parametrize("name", PASTED)
def test_pasted_html_becomes_what_its_author_meant(name: str) -> None:
    html, expected = PASTED[name]
    assert converted(html) == (expected, ())


def test_a_button_is_left_out_and_reported() -> None:
    assert converted('a <button onclick="x()">Toggle</button>') == ("a", ("<button> is left out",))


def test_plain_text_leaves_out_what_is_never_shown() -> None:
    # Blocks in a heading of a table are more than Markdown checks itself to say.
    found = converted("<h1><noscript>no</noscript>a<ul><li>b</h1>{{c1::<title>no</title>")
    assert "no" not in found.markdown


def test_code_that_came_back_from_anki_keeps_its_language() -> None:
    text = "```python\nx = 1\n```"
    assert converted(HtmlRenderer().render(text)).markdown == text


def test_a_long_number_next_to_code_is_read_in_linear_time() -> None:
    number = f"{'01' * 40} (ten)"
    assert number in converted(f"<table><tr><td>{number}</td><td><pre>x</pre></td></tr></table>").markdown
