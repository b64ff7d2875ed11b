from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flashcards.deck import markdown_extensions
from flashcards.deck.markdown_extensions import has_additions, rewrite_additions
from flashcards.deck.parse import parse
from flashcards.render.html.renderer import HtmlRenderer

MANY = 2000


@pytest.mark.parametrize(
    ("text", "rewritten"),
    [
        ("a ==b c== d", "a <mark>b c</mark> d"),
        ("==高==亮", "<mark>高</mark>亮"),
        ("x==1 or y==2", "x==1 or y==2"),
        ("a == b && b == c", "a == b && b == c"),
        ("==a\n\nb==", "==a\n\nb=="),
        (r"\==a== b", r"\==a== b"),
        ("`==a==` $a==b==c$", "`==a==` $a==b==c$"),
    ],
)
def test_a_highlight_is_marked(text: str, rewritten: str) -> None:
    assert rewrite_additions(text) == rewritten


@pytest.mark.parametrize(
    ("text", "rewritten"),
    [
        ("a %%b%% c", "a c"),
        ("a%%b%% c", "a c"),
        ("a\n%%\nb\n\nc\n%%\nd", "a\n\nd"),
        ("100%% sure", "100%% sure"),
        ("`%%a%%`", "`%%a%%`"),
    ],
)
def test_a_comment_is_left_out(text: str, rewritten: str) -> None:
    assert rewrite_additions(text) == rewritten


@pytest.mark.parametrize(
    ("text", "rewritten"),
    [
        ("see [[note]]", "see note"),
        ("see [[folder/note|the text]]", "see the text"),
        ("[[note#Part#Section]]", "note > Part > Section"),
        ("[[#Part]] [[note#^block1]]", "Part note"),
        ("![[note]]", "note"),
        ("x[[1]] and f(x)[[2]]", "x[[1]] and f(x)[[2]]"),
        ("[[1, 2], [3, 4]]", "[[1, 2], [3, 4]]"),
        ("`[[a]]`", "`[[a]]`"),
        ("| [[a\\|b]] |", "| b |"),
    ],
)
def test_a_link_to_a_note_is_its_text(text: str, rewritten: str) -> None:
    assert rewrite_additions(text) == rewritten


@pytest.mark.parametrize(
    ("text", "rewritten"),
    [
        ("![[a b.png]]", '<img src="[[a b.png" alt="">'),
        ("![[x/a.PNG|200]]", '<img src="[[x/a.PNG" alt="" width="200">'),
        ("![[a.jpg|a cell|200x100]]", '<img src="[[a.jpg" alt="a cell" width="200" height="100">'),
        ("![[100%.png]]", '<img src="[[100%25.png" alt="">'),
        ('![[a.png|"]]', '<img src="[[a.png" alt="&quot;">'),
        ("![[s.mp3]]", '<img src="[[s.mp3" alt="">'),
    ],
)
def test_an_embedded_file_is_a_picture_that_is_found_by_name(text: str, rewritten: str) -> None:
    assert rewrite_additions(text) == rewritten


def test_footnotes_follow_the_text_in_the_order_of_their_references() -> None:
    text = "a[^b] c[^a] d[^b] e^[in *place*] f[^none]\n\n[^a]: one\n[^b]: two\n  more"
    assert rewrite_additions(text) == (
        "a<sup>1</sup> c<sup>2</sup> d<sup>1</sup> e<sup>3</sup> f[^none]"
        "\n\n<sup>1</sup> two more\n\n<sup>2</sup> one\n\n<sup>3</sup> in *place*"
    )


def test_a_footnote_that_nothing_names_is_text() -> None:
    assert (
        rewrite_additions("[^1]: a gap of its own\n[^2]: x\nb[^2]")
        == "\\[^1]: a gap of its own\nb<sup>1</sup>\n\n<sup>1</sup> x"
    )


@pytest.mark.parametrize("code", ["`x[^1]`", "```\nx[^1]\n```", "    x[^1]"])
def test_a_footnote_that_only_code_names_is_text(code: str) -> None:
    assert rewrite_additions(f"{code}\n\n[^1]: a gap") == f"{code}\n\n\\[^1]: a gap"


def test_a_footnote_of_one_word_that_text_names_is_shown_below_it() -> None:
    assert rewrite_additions("a[^1] `b[^1]`\n\n[^1]: word") == "a<sup>1</sup> `b[^1]`\n\n<sup>1</sup> word"


def test_a_footnote_that_a_footnote_refers_to_is_listed_too() -> None:
    listed = "a<sup>1</sup>\n\n<sup>1</sup> see <sup>2</sup>\n\n<sup>2</sup> last of <sup>1</sup>"
    assert rewrite_additions("a[^x]\n\n[^x]: see [^y]\n[^y]: last of [^x]") == listed
    (note,) = parse("Q: a[^x]\nA: b\n\n# Notes\n[^x]: see [^y]\n[^y]: last of [^x]\n", "x.md").notes
    assert rewrite_additions(note.fields[0], note.definitions) == listed


def test_a_footnote_may_be_defined_elsewhere_in_the_file() -> None:
    assert rewrite_additions("a[^1]", "[^1]: there") == "a<sup>1</sup>\n\n<sup>1</sup> there"


@pytest.mark.parametrize(
    ("text", "rewritten"),
    [
        ("text ^block-1", "text"),
        ("one ^abc123\n\ntwo", "one\n\ntwo"),
        ("one %%hidden%% ^abc123", "one "),
        ("one %%a%% %%b%%  ^abc123\n\ntwo", "one \n\ntwo"),
        ("one ^b1\n\ntwo", "one\n\ntwo"),
        ("| a |\n|---|\n| b |\n\n^table-1", "| a |\n|---|\n| b |\n\n"),
        ("^caret", "^caret"),
        ("2 ^10", "2 ^10"),
        ("x ^n", "x ^n"),
        ("a ^abc b", "a ^abc b"),
        ("Growth: y = x ^n2", "Growth: y = x ^n2"),
        ("(a + b) ^n2", "(a + b) ^n2"),
        ("f(x) = ⦉x⦊ ^n2", "f(x) = ⦉x⦊ ^n2"),
        ("y = x ^2n3", "y = x ^2n3"),
        ("y = x ^abc123", "y = x"),
        ("Step 1 ^s1", "Step 1"),
        ("Vitamin C ^c1", "Vitamin C"),
    ],
)
def test_a_block_id_is_left_out(text: str, rewritten: str) -> None:
    assert rewrite_additions(text) == rewritten


@pytest.mark.parametrize(
    ("text", "rewritten"),
    [
        ("> [!note] Water\n> moves", "> **Water**\n>\n> moves"),
        ("> [!warning]\n> hot", "> **Warning**\n>\n> hot"),
        ("> [!tip]", "> **Tip**"),
        ("> [!faq|left]- Why?\n> so\n\nafter", "\n<details><summary>Why?</summary>\n\nso\n\n</details>\n\n\nafter"),
        ("> [!faq]+ Why?\n> so", "\n<details open><summary>Why?</summary>\n\nso\n\n</details>\n"),
        ("> [!a]\n> > [!b]\n> > c", "> **A**\n>\n> > **B**\n> >\n> > c"),
        ("> plain\n> quote [!x]", "> plain\n> quote [!x]"),
        ("```\n> [!note] x\n```", "```\n> [!note] x\n```"),
    ],
)
def test_a_callout_is_a_quotation_with_a_title_or_can_be_opened(text: str, rewritten: str) -> None:
    assert rewrite_additions(text) == rewritten


def test_text_without_additions_is_itself() -> None:
    text = "Plain *text* with [a link](b.md), `code` and a ^ sign."
    assert not has_additions(text)
    assert rewrite_additions(text) is text


@pytest.mark.parametrize(
    "text",
    [
        *("==a ", "[[", "![[a", "%%a", "%% ", "[^a] ", "[^a]: b\n", "^[", "^[a] ", "> [!a]\n", "> ", " ^abc", "==a== "),
        *("> [!a]- b\n> c\n", "[!", "`==`", "=="),
    ],
)
def test_many_of_a_kind_are_rewritten(text: str) -> None:
    assert isinstance(rewrite_additions(text * MANY), str)


def test_an_inline_footnote_ends_at_its_own_bracket_on_its_line() -> None:
    text = "a^[b [c] d] e] ^[f\n] ^[^[g] [h]"
    assert rewrite_additions(text).startswith("a<sup>1</sup> e] ^[f\n] ^[<sup>2</sup> [h]\n\n<sup>1</sup> b [c] d\n\n")


def test_the_brackets_of_many_inline_footnotes_are_paired_once(monkeypatch: pytest.MonkeyPatch) -> None:
    paired = []
    pair = markdown_extensions._pair_brackets

    def count(text: str) -> dict[int, int]:
        paired.append(text)
        return pair(text)

    monkeypatch.setattr(markdown_extensions, "_pair_brackets", count)
    assert rewrite_additions("^[a " * MANY) == "^[a " * MANY
    assert len(paired) == 1


PIECES = st.sampled_from(
    [
        *(
            "==",
            "%%",
            "[[",
            "]]",
            "![[",
            "|",
            "a.png",
            "[^1]",
            "\n[^1]: ",
            "^[",
            "]",
            " ^abc",
            "> [!note]",
            "- ",
            "\n> ",
        ),
        *("`", "```\n", "$", "\\", " ", "\n", "\n\n", "a", "高", "<b>", "[!"),
    ]
)


@given(st.lists(PIECES).map("".join) | st.text())
def test_no_text_raises(text: str) -> None:
    rewrite_additions(text, text)


@given(st.lists(PIECES).map("".join))
def test_code_stays_as_it_is(text: str) -> None:
    code = text.replace("`", "").replace("\n", " ").strip(" ") or "x"
    assert rewrite_additions(f"``{code}`` ==a==").startswith(f"``{code}``")


def test_a_note_gets_its_footnotes_from_anywhere_in_its_file() -> None:
    deck = parse("Q: a[^1]\nA: b\n\nQ: c[^2]\nA: d\n\n[^2]: right here\n\n# Notes\n\n[^1]: there *too*\n", "x.md")
    assert [note.definitions for note in deck.notes] == ["[^1]: there *too*", "[^2]: right here"]
    first, second = deck.notes
    assert rewrite_additions(second.fields[1], second.definitions) == "d"
    html = HtmlRenderer({}, str).render(first.fields[0], first.definitions)
    assert html == "<p>a<sup>1</sup></p>\n<p><sup>1</sup> there <em>too</em></p>"


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("- a\n  > [!note] T\n  > b\n- c", "<strong>T</strong>"),
        ("- > [!note] T\n  > b\n- c", "<strong>T</strong>"),
        ("1. a\n   - > [!tip]- T\n     > b\n     > > [!bug] U\n     > > d\n2. c", "<summary>T</summary>"),
    ],
)
def test_a_callout_in_a_list_stays_in_its_item(text: str, html: str) -> None:
    found = HtmlRenderer().render(text)
    assert html in found
    assert "[!" not in found
    assert found.count("<li>") == text.count("\n- ") + text.count("- >") + text.count(". ") + text.startswith("- a")
    assert found.rindex("<li>") > found.index(html)


def test_a_callout_in_indented_code_is_code() -> None:
    assert rewrite_additions("a\n\n    > [!note] T\n") == "a\n\n    > [!note] T\n"


def test_a_footnote_below_the_last_note_is_not_part_of_its_answer_if_another_note_names_it() -> None:
    deck = parse("Q: a[^1]\nA: b\n\nQ: c\nA: d\n\n[^1]: there\n[^2]: unnamed\n", "x.md")
    shown = [[rewrite_additions(text, note.definitions) for text in note.fields] for note in deck.notes]
    assert shown == [["a<sup>1</sup>\n\n<sup>1</sup> there", "b"], ["c", "d\n\n\\[^2]: unnamed"]]
