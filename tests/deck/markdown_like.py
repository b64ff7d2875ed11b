"""Strategies: texts that a deck file may hold, from arbitrary characters to well-formed notes."""

from __future__ import annotations

from typing import Final

from hypothesis import strategies as st

_LINE_STARTS: Final = (
    "Q: ", "A: ", "T: ", "D: ", "C: ", "Q:", "A:", "C:", "Q：", " Q: ", "   A: ", "    C: ", "\\Q: ", "C:\\", "C:/",
    "- ", "* ", "1. ", "10) ", "- [ ] ", "- [x] ", "> ", "> > ", "# ", "## ", "\t", "  ", "    ", "| ", "[a]: ",
    "---", "***", "===", "```", "~~~", "````", "$$", "---\ndeck: x\n---", "---\nname = 1\n---", "--- ", "...",
)  # fmt: skip
_PIECES: Final = (
    "word", "two words", "[", "]", "[gap]", "[[wiki]]", "![", "](u)", "[a][b]", "[a]", "(", ")", "[^1]", "[ ]", "[x]",
    "==", "==x==", "== ", "{{c1::", "{{c2::", "{{c0::", "{{c1,2::", "{{", "}}", "{", "}", "::hint", " :: ", " ::: ",
    "a :: b", "a::b", "`", "``", "`code`", "$", "$x$", "$$", "$4.00", "\\(", "\\)", "\\[", "\\]", "\\", "\\\\",
    "\\frac{a}{b}", "<b>", "</b>", "<div>", "</div>", "<", ">", "<!--", "-->", "<!-- end -->", "<!-- id: x1 -->",
    "<!-- tags: a, b -->", "<!-- reverse; type -->", "<!-- nonsense: x -->", "<!-- remark -->", "<!-- type\n-->", "|",
    "|---|", "*", "**", "_", "~~", "C:\\Users", "http://x", "<http://x>", "![](a.png)", "&amp;", "é", "e\u0301", "🦊",
    "👩‍🚀", "שלום", "عربي", "中文", "\u202e", "\u00a0", "\u2028", "\x85", "\x0b", "\0", "\ud800", "\udfff", "\ufeff",
    "⦉", "⦊", "…",
)  # fmt: skip
_LINE_ENDS: Final = ("\n", "\n", "\n", "\n\n", "\n\n", "\r\n", "\r", "  \n", "\n---\n", "\n\n---\n\n", "")

characters = st.characters(exclude_categories=())  # lone surrogates too
arbitrary = st.text(characters, max_size=200)
piece = st.one_of(st.sampled_from(_PIECES), st.text(characters, max_size=3))
line = st.tuples(
    st.sampled_from(("", *_LINE_STARTS)), st.lists(piece, max_size=6).map("".join), st.sampled_from(_LINE_ENDS)
).map("".join)
gap = st.recursive(
    st.sampled_from(("gap", "$x$", "`[`", "a\nb", "")) | piece,
    lambda inner: st.tuples(inner, inner).flatmap(
        lambda two: st.sampled_from(
            (
                f"[{two[0]}]",
                f"=={two[0]}==",
                f"{{{{c1::{two[0]}}}}}",
                f"{{{{c3::{two[0]}::{two[1]}}}}} {two[1]}",
                two[0] + two[1],
            )
        )
    ),
    max_leaves=6,
)
note = st.tuples(
    st.sampled_from(("Q: one\nA: ", "T: one\nD: ", "C: [one] ", "C: ", "Q: one\nA:\n- [ ] ", "one :: ", "- one :: ")),
    st.lists(gap | piece, max_size=4).map("".join),
    st.sampled_from(_LINE_ENDS),
).map("".join)
markdown_like = st.builds(
    "{}{}".format, st.sampled_from(("", "", "", "\ufeff")), st.lists(line | note, max_size=12).map("".join)
)
texts = st.one_of(arbitrary, markdown_like, markdown_like, markdown_like)

_GOOD: Final = (
    "Q: one\nA: two",
    "Q: one\n\nA:\n\n- two\n- three :: four",
    "Q: a fence\nA:\n```\nQ: no\n---\n```",
    "T: one\nD: two\n<!-- id: x1 -->",
    "C: [one] and ==two==",
    "C: {{c1::one::hint}} of [many]\n\nmore",
    "C:\n\n| a | b |\n|---|---|\n| [c] | d |",
    "a :: b\nc ::: d",
    "- a :: b\n  - c :: d\n- prose",
    "# Heading\n\nprose",
    "Heading\n=======\n\nQ: one\nA: two",
    "<div>\nQ: html\n</div>",
    "Q: one\nA: $x$ \\(y\\) `z`\n<!-- reverse; tags: a -->",
)
_BROKEN: Final = (
    "C: [open",
    "C: open]] [",
    "C: {{c1::open",
    "C: {{c0::x}} [y]",
    "C: no gap",
    "C: [] {{c1::}}",
    "C:",
    "Q: alone",
    "Q:\nA: no question",
    "Q: no answer\nA:",
    "T: alone [x",
    "A: stray",
    "D: stray ==x",
    "Q: `open\n\nC: $open [",
    "C: \\( \\[ <b [x",
    "<!-- id: stray -->",
    " :: no front",
    "- no back :: <!-- type -->",
)
good_notes = st.lists(st.sampled_from(_GOOD), min_size=1, max_size=5)
broken_note = st.sampled_from(_BROKEN)
