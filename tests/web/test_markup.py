"""The HTML of a page: formulas, gaps, media; nothing is loaded from elsewhere."""

from __future__ import annotations

import re
from html import escape
from pathlib import Path

import pytest

from flashcards.render.code import read_code_css
from flashcards.render.formulas import read_macros
from flashcards.render.terminal.renderer import render_plain
from flashcards.web.app import write_code_css
from flashcards.web.markup import PageRenderer


def render(folder: Path, markdown: str, delimiters: tuple[str, str] | tuple[()] = ()) -> str:
    return PageRenderer(folder, "decks/a.md", read_macros(folder)).render_side(markdown, "", delimiters)


def test_a_formula_has_its_tex_for_the_script_and_words_for_everybody_else(tmp_path: Path) -> None:
    assert (
        render(tmp_path, "so $x^2 < 1$ holds") == 'so <span class="math" data-tex="x^2 &lt; 1">x² &lt; 1</span> holds'
    )
    assert 'data-display=""' in render(tmp_path, "$$\\sum x$$")


def test_macros_of_the_collection_are_expanded(tmp_path: Path) -> None:
    (tmp_path / "macros.tex").write_text("\\R \\mathbb{R}\n", encoding="utf-8")
    assert 'data-tex="x \\in {\\mathbb{R}}"' in render(tmp_path, "$x \\in \\R$")


def test_a_gap_that_begins_and_ends_in_different_elements_is_marked_in_parts(tmp_path: Path) -> None:
    html = render(tmp_path, "a ⦉b *c⦊ d*", ("⦉", "⦊"))
    assert html == 'a <mark class="gap">b </mark><em><mark class="gap">c</mark> d</em>'


def test_a_gap_within_a_formula_is_marked_there(tmp_path: Path) -> None:
    assert 'data-tex="a^{\\htmlClass{gap}{2}}"' in render(tmp_path, "$a^⦉2⦊$", ("⦉", "⦊"))


def test_the_delimiters_of_a_gap_never_show(tmp_path: Path) -> None:
    html = render(tmp_path, "[x](https://a.example/⦉b⦊) `⦉c⦊` ![⦉d⦊](e.png)", ("⦉", "⦊"))
    assert "⦉" not in html
    assert "%E2%A6%89" not in html


def test_a_picture_is_served_from_the_collection_and_opens_large(tmp_path: Path) -> None:
    (tmp_path / "decks").mkdir()
    (tmp_path / "decks" / "ä b.png").write_bytes(b"x")
    html = render(tmp_path, "![sea](<ä b.png>)")
    assert (
        html
        == '<a class="zoom" href="/media/decks/%C3%A4%20b.png"><img src="/media/decks/%C3%A4%20b.png" alt="sea"></a>'
    )


def test_sound_and_video_become_players(tmp_path: Path) -> None:
    (tmp_path / "a.mp3").write_bytes(b"x")
    (tmp_path / "b.mp4").write_bytes(b"x")
    assert '<audio controls preload="auto" src="/media/a.mp3"></audio>' in render(tmp_path, "![](@/a.mp3)")
    html = render(tmp_path, '<video width="90"><source src="@/b.mp4"></video>')
    assert html == '<video controls preload="auto" src="/media/b.mp4"></video>'


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    assert "gone.png is missing" in render(tmp_path, "![x](gone.png)")
    assert "gone.mp3 is missing" in render(tmp_path, "[listen](gone.mp3)")
    assert ">gone.png is missing" in render(tmp_path, "![[gone.png]]")


@pytest.mark.parametrize(
    "markdown",
    [
        *("![a](https://x.example/p.png)", "![a](//x.example/p.png)", "![a](http://x.example/s.mp3)"),
        *(
            '<img src="https://x.example/p.png">',
            '<video src="https://x.example/v.mp4" poster="https://x.example/p"></video>',
        ),
        '<audio><source src="https://x.example/s.mp3"><source src="http://x.example/s.ogg"></audio>',
        *("![a](\thttps://x.example/p.png)", '<img srcset="https://x.example/p.png 2x" src="x.png">'),
        '<video controls><source src="//x.example/v.mp4"></video> <table background="https://x.example/p.png"><tr><td>',
    ],
)
def test_nothing_is_loaded_from_the_web(tmp_path: Path, markdown: str) -> None:
    html = render(tmp_path, markdown)
    loading = re.findall(r"<(?!a )[a-z]+[^>]*(?:https?:|//)[^>]*>", html)
    assert not loading, html


def test_links_to_the_web_open_in_a_new_tab(tmp_path: Path) -> None:
    assert 'rel="noopener noreferrer"' in render(tmp_path, "[x](https://a.example)")


def test_the_colours_of_code_follow_the_system() -> None:
    css = write_code_css()
    assert "nightMode" in read_code_css()
    assert "night" not in css.replace("Anki's night mode", "")
    assert "@media (prefers-color-scheme: dark) { .hl {" in css
    assert css.count("{") == css.count("}")


def test_a_formula_of_thousands_of_characters_stays_text(tmp_path: Path) -> None:
    renderer = PageRenderer(tmp_path, "a.md", {})
    assert "data-tex" in renderer.render_side(f"${'x' * 4_000}$", "", ())
    long = renderer.render_side(f"${'x' * 4_001}$", "", ())
    assert "data-tex" not in long and "x" * 4_001 in long


@pytest.mark.parametrize("text", ["<div", "<!-- x", "<script>x</script>"])
def test_a_side_without_anything_visible_is_shown_as_typed(tmp_path: Path, text: str) -> None:
    assert render(tmp_path, text) == escape(text) == escape(render_plain(text))
