"""The dialects besides Obsidian's own plugin: what their documentation shows, and any text."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flashcards.deck.cloze import build_face
from flashcards.deck.model import Kind
from flashcards.dialects import NAMES
from flashcards.dialects.choose import Chooser
from flashcards.dialects.read import read_deck
from tests.deck.fixture_reader import PATH, Case, describe, read

FIXTURES = Path(__file__).parent / "fixtures"
OTHERS = [name for name in NAMES if name not in ("native", "obsidian")]
CASES = [(name, case) for name in OTHERS for case in read(FIXTURES / f"{name}.md")]
MANY = 2000
NASTY = (
    *(
        "# a\n",
        "## a\n",
        "## a\nb\n",
        "%\n",
        "[#a](",
        "{{c1::",
        "{{c1::a}} ",
        "---\n",
        "1. a\n> b\n",
        "1. {a",
        "{a} ",
        "{",
        "}",
    ),
    *(
        "<!--ID:1-->\n",
        "START\n",
        "START\nBasic\na\nBack: b\nEND\n",
        "STARTI [Basic] a Back: b ",
        "ENDI ",
        "Back: ",
        "Tags: ",
        "FROZEN - Basic:\n",
        "tags: a,",
    ),
    *(
        "a #card\nb\n",
        "#card ",
        "a::b ^1607372352424\n",
        "::",
        "==a",
        "==a==",
        "^1607372352424\n",
        "#a ",
        " ",
        "#",
        "> ",
        "```\n",
    ),
    *("> [!sr] a\n> b\n", "[!sr]", "\n", "\t", "`", "$", "[", "\\"),
)


@pytest.mark.parametrize(("name", "case"), CASES, ids=str)
def test_a_fixture_is_parsed_as_expected(name: str, case: Case) -> None:
    deck = read_deck(case.text, PATH, Chooser(Path("/nowhere"), {"": name}).choose(PATH))[0]
    assert describe(deck) == case.expected, f"{FIXTURES / case.file}:{case.line}"


@pytest.mark.parametrize("name", OTHERS)
@pytest.mark.parametrize("text", NASTY)
def test_many_of_a_kind_are_read(name: str, text: str) -> None:
    for whole in (text * MANY, f"---\n1. {text * MANY}\n---", f"START\nCloze\n{text * MANY}\nEND", f"## {text * MANY}"):
        deck = read_deck(whole, PATH, Chooser(Path("/nowhere"), {"": name}).choose(PATH))[0]
        assert all(note.fields[0] for note in deck.notes)


@pytest.mark.parametrize("name", OTHERS)
@given(text=st.lists(st.sampled_from(NASTY)).map("".join) | st.text())
def test_no_text_raises_and_every_card_can_be_asked(name: str, text: str) -> None:
    deck = read_deck(text, PATH, Chooser(Path("/nowhere"), {"": name}).choose(PATH))[0]
    lines = len(text.replace("\r\n", "\n").replace("\r", "\n").split("\n"))
    for note in deck.notes:
        assert 1 <= note.line <= note.end_line <= lines
        assert (note.kind is Kind.CLOZE) == bool(note.gaps)
        for slot in note.slots:
            assert build_face(note, slot).back


def test_frozen_fields_have_a_maximum_length() -> None:
    choice = Chooser(Path("/nowhere"), {"": "obsidian-to-anki"}).choose(PATH)
    for text, answer in (("x" * 4000, "a\n" + "x" * 4000), ("x" * 5000, "a")):
        deck = read_deck(f"FROZEN - Basic:\nBack: {text}\n\nSTARTI [Basic] q Back: a ENDI\n", PATH, choice)[0]
        assert deck.notes[0].fields[1] == answer
        assert [problem.code for problem in deck.problems] == ([] if len(answer) > 1 else ["frozen"])
