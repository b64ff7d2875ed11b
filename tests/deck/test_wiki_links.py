from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flashcards.deck.markdown_extensions import rewrite_additions
from flashcards.deck.wiki_links import cut_part, drop_targets, move_images, read_targets, write_targets
from flashcards.render.html.renderer import HtmlRenderer

NOTE = """---
tags: [a]
---
Before.

# Cells
All cells.

## Walls: *thick*
Cellulose. ^wall

- one
- two ^two

# Cells
Again.
"""


@pytest.mark.parametrize(
    ("part", "text"),
    [
        ("Cells", "All cells.\n\n## Walls: *thick*\nCellulose. ^wall\n\n- one\n- two ^two"),
        ("walls thick", "Cellulose. ^wall\n\n- one\n- two ^two"),
        ("Cells#Walls thick", "Cellulose. ^wall\n\n- one\n- two ^two"),
        ("^wall", "Cellulose."),
        ("^two", "- two"),
        ("Nothing", None),
        ("^nothing", None),
    ],
)
def test_a_link_may_name_a_heading_or_a_block_of_a_note(part: str, text: str | None) -> None:
    assert cut_part(NOTE, part) == text


def test_a_whole_note_is_embedded_without_its_front_matter() -> None:
    found = cut_part(NOTE, "")
    assert found is not None
    assert found.startswith("Before.")


def test_a_block_id_on_its_own_line_names_the_block_above() -> None:
    assert cut_part("a\n\n| x |\n|---|\n| y |\n\n^table\n", "^table") == "| x |\n|---|\n| y |"


def test_pictures_of_an_embedded_note_are_found_from_another_folder() -> None:
    text = "![a](img/b.png) ![c](https://x.y/z.png) ![[d.png]]"
    assert move_images(text, "sub") == "![a](@/sub/img/b.png) ![c](https://x.y/z.png) ![[d.png]]"


@given(st.dictionaries(st.from_regex(r"\A!?[\w #/^.-]{1,12}\Z"), st.none() | st.text(max_size=40), max_size=4))
def test_targets_are_read_as_they_were_written(targets: dict[str, str | None]) -> None:
    written = f"[r]: https://x.y\n{write_targets(targets)}\n[^1]: foot"
    assert read_targets(written) == targets
    assert drop_targets(written).split() == ["[r]:", "https://x.y", "[^1]:", "foot"]


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("![[b]]", "> **b**\n>\n> One.\n"),
        ("see ![[b]] here", "see\n\n> **b**\n>\n> One.\n\nhere"),
        ("- x ![[b]]\n- y", "- x\n\n  > **b**\n  >\n  > One.\n\n- y"),
        ("> q\n> ![[b]]", "> q\n> > **b**\n> >\n> > One.\n>"),
        ("| ![[b]] |\n|---|", "| b |\n|---|"),
        ("`![[b]]`", "`![[b]]`"),
    ],
)
def test_an_embedded_note_is_a_quotation_where_it_is_embedded(text: str, shown: str) -> None:
    assert rewrite_additions(text, write_targets({"!b": "One."})) == shown


def test_an_embedded_note_may_embed_others_but_not_itself() -> None:
    definitions = write_targets({"!b": "B ![[c]]", "!c": "C ![[b]]"})
    shown = rewrite_additions("![[b]]", definitions)
    assert shown == "> **b**\n>\n> B\n>\n> > **c**\n> >\n> > C b\n"


def test_many_embeds_of_embeds_stay_small() -> None:
    names = "abcdefgh"
    everything = " ".join(f"![[{name}]]" for name in names)
    definitions = write_targets({f"!{name}": everything for name in names})
    assert len(rewrite_additions(everything, definitions)) < 20_000


def test_embeds_show_at_most_ten_thousand_characters() -> None:
    names = [f"n{number}" for number in range(9)]
    definitions = write_targets({f"!{name}": "word " * 800 for name in names})
    shown = rewrite_additions("\n\n".join(f"![[{name}]]" for name in names), definitions)
    assert shown.count("word ") == 2 * 799
    assert shown.endswith("\n\n".join(["", *names[2:]]))


def test_a_link_to_no_note_stays_as_it_is() -> None:
    definitions = write_targets({"nodiscard": None, "!x": None, "x": None})
    text = "[[nodiscard]] int f(); ![[x]] [[x|text]] [[there]]"
    assert rewrite_additions(text, definitions) == "[[nodiscard]] int f(); ![[x]] [[x|text]] there"


def test_what_links_name_is_shown_on_no_side() -> None:
    definitions = write_targets({"!b": "One *two*.", "c": None}) + "\n[^1]: a footnote"
    html = HtmlRenderer().render("no *links* here", definitions)
    assert html == "no <em>links</em> here"
