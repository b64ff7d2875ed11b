"""Texts to try renderers with: arbitrary ones, and ones made of what Markdown, HTML and TeX give a meaning."""

from __future__ import annotations

from hypothesis import strategies as st

_PIECES = (
    "word", "zwei", " ", "  ", "\n", "\n\n", "    ", "\t", "*", "**", "_", "`", "```", "```python\n", "~~~\n", "~~",
    "# ", "- ", "1. ", "> ", "| ", "|-|-|\n", "a|b\n", "---", "===", "- [ ] ", "- [x] ", "[", "]", "(", ")", "![", "](",
    "<", ">", "/>", "</", "<b>", "</b>", "<br>", "<div>", "</div>", "<p>", "<table>", "<tr>", "<td>", "</table>", "<a ",
    "href=", "src=", "onerror=x", "style='x'", "'", '"', "javascript:", "<script>", "</script>", "<img src=x.png ",
    "<!--", "-->", "<![CDATA[", "]]>", "<?", "<svg>", "<math>", "<style>", "<iframe src=", "<audio src=a.mp3>",
    "<video>", "</video>", "<source src=b.mp4>", "</audio>", "<span class=math>", "<input ", "<ul class=rubric>",
    "http://x.org", "a.png", "b.mp3", "@/c.wav", "%20", "&amp;", "&#31;", "&#x1b;", "&lt;", "&", ";", ":", "::", "{{",
    "}}", "{{c1::", "{", "}", "$", "$$", "\\", "\\(", "\\)", "\\[", "\\]", "\\\\", "\\frac", "\\R", "^", "_", "%", "#1",
    "⟦", "⟧", "é", "漢字", "שלום", "\u200f", "😀", "\x00", "\x1f", "\x1b[31m", "\x85", "\ud800",
    "\ue000", "\ue0000\ue000",
)  # fmt: skip

markdown = st.one_of(
    st.lists(st.sampled_from(_PIECES), max_size=30).map("".join),
    st.lists(st.one_of(st.sampled_from(_PIECES), st.text(max_size=5)), max_size=20).map("".join),
    st.text(st.characters(), max_size=60),
)

_TEX = (
    "x", "y", "12", " ", "+", "-", "=", "(", ")", "[", "]", "{", "}", "^", "_", "&", "\\\\", "\\", "\\frac", "\\sqrt",
    "\\alpha", "\\le", "\\left", "\\right", "\\text", "\\mathbb", "\\hat", "\\begin{pmatrix}", "\\end{pmatrix}",
    "\\begin{cases}", "\\end{cases}", "\\begin{aligned}", "\\end{aligned}", "\\begin{array}", "\\end{array}", "{cc}",
    "\\foo", "\\begin{foo}", "\\end{foo}", "\\sum", "\\limits", "\\,", "\\quad", "\\{", "\\}", "|", "'", "%", "$", "\n",
    "\\verb|", "\\(", "\\)", "\\R", "\\pair", "\\loop", "#1", "~", "∑", "é", "\x1d", "\ufdd0", "\ufdd3", "\x1b",
    "\\operatorname*", "\\not", "\\binom", "\\overset", "\\xrightarrow", "\\substack", "\\color", "*",
)  # fmt: skip

tex = st.one_of(
    st.lists(st.sampled_from(_TEX), max_size=25).map("".join),
    st.text(max_size=40),
)
