"""Inputs made to be slow or deep. Nothing is timed here: what is not linear would make itself felt."""

from __future__ import annotations

import pytest

from flashcards.deck.cloze import build_face
from flashcards.deck.parse import parse

MANY = 3000
NASTY = {
    "quotes in quotes": ">" * MANY + " Q: x",
    "lists in lists": "- " * MANY + "a :: b",
    "emphasis in emphasis": "C: [x] " + "*a **b _c " * MANY,
    "open brackets": "C: " + "[" * MANY,
    "brackets in brackets": "C: " + "[" * MANY + "x" + "]" * MANY,
    "gaps in gaps": "C: " + "{{c1::" * MANY + "x" + "}}" * MANY,
    "gaps beside gaps": "C: " + "{{c1::x}} " * MANY,
    "open gaps in a hint": "C: {{c1::x::" + "{{c2::" * MANY + "}}" * MANY,
    "highlights": "C: {{c1::x}} " + "==x " * MANY,
    "attributes on one line": "Q: a\nA: b " + "<!-- type --> " * MANY,
    "attributes on lines": "Q: a\nA: b\n" + "<!-- tags: x -->\n" * MANY,
    "points with attributes": "Q: a\nA:\n" + "- [ ] x <!-- type -->\n" * MANY,
    "stray attributes": "a :: b\n\n" + "text <!-- type -->\n\n" * MANY,
    "open comments": "Q: a\nA: b\n\n" + "<!-- \n" * MANY,
    "open math": "C: [x] " + "\\( " * MANY + "\\[ " * MANY + "$a " * MANY,
    "backslashes": "C: [x] " + "\\" * MANY,
    "underlined text": "Q: a\nA: b\n\n" + "text\n---\n\n" * MANY,
    "underlined notes": "text\n---\n\nQ: a\nA: b\n" * MANY,
    "pairs under a cloze": "C: [x]\n\n" + "- [a] :: b\n" * MANY,
    "pairs on one line": "a" + " :: b" * MANY,
    "blank lines": "Q: a" + "\n" * MANY + "A: b" + "\n \t" * MANY,
    "blank lines in front matter": "---\n" + "\n" * MANY + "a: b\n---\nQ: a\nA: b",
    "words in front matter": "---\n" + "a\n" * MANY + "---\nQ: a\nA: b",
    "spaces in front matter": "---\n" + " " * MANY * 30 + "\n---\nQ: a\nA: b",
    "a line above signs of other formats": "a #" * MANY * 30 + "\n\n?\n\n#card\n",
    "definitions": "".join(f"[a{i}]: u{i}\n" for i in range(MANY)) + "\n" + "Q: [a0]\nA: b\n" * MANY,
}


@pytest.mark.parametrize("name", NASTY)
def test_nasty_text_is_read_and_its_first_card_shown(name: str) -> None:
    deck = parse(NASTY[name], "x.md")
    for note in deck.notes[:1]:
        assert build_face(note, note.slots[0]).front


@pytest.mark.parametrize(
    ("name", "notes", "problems"),
    [
        ("gaps in gaps", 1, 0),
        ("gaps beside gaps", 1, 0),
        ("attributes on one line", 1, 0),
        ("points with attributes", 1, 0),
        ("underlined notes", MANY, 0),
        ("open comments", 1, 0),
        ("open brackets", 0, 1),
        ("stray attributes", 1, MANY),
        ("blank lines in front matter", 1, 0),
        ("words in front matter", 1, 0),
        ("definitions", MANY, 0),
    ],
)
def test_nasty_text_gives_its_notes(name: str, notes: int, problems: int) -> None:
    deck = parse(NASTY[name], "x.md")
    assert (len(deck.notes), len(deck.problems)) == (notes, problems)
