from __future__ import annotations

import pytest

from flashcards.deck.cloze import build_face, find_hidden_text
from flashcards.deck.model import Face, Note
from flashcards.deck.parse import parse


def note(text: str) -> Note:
    deck = parse(text, "x.md")
    assert deck.problems == ()
    assert len(deck.notes) == 1
    return deck.notes[0]


def shown(text: str, slot: str) -> tuple[str, str]:
    """Front and back with `<` and `>` for the delimiters."""
    both = build_face(note(text), slot)
    delimiters = str.maketrans(dict(zip(both.delimiters, "<>", strict=True)))
    return both.front.translate(delimiters), both.back.translate(delimiters)


def test_forward_asks_the_first_field_and_reverse_the_second() -> None:
    term = note("T: agonist\nD: a ligand")
    assert build_face(term, "forward") == Face("agonist", "a ligand")
    assert build_face(term, "reverse") == Face("a ligand", "agonist")


def test_a_cloze_asks_for_the_gaps_of_its_number_and_shows_the_others() -> None:
    assert shown("C: [Berlin] is in [Germany].", "c1") == ("<[…]> is in Germany.", "<Berlin> is in Germany.")
    assert shown("C: [Berlin] is in [Germany].", "c2") == ("Berlin is in <[…]>.", "Berlin is in <Germany>.")


def test_gaps_of_one_number_are_asked_together() -> None:
    text = "C: {{c1::a}} b {{c1::c::hint}} {{c2,1::d}}"
    assert shown(text, "c1") == ("<[…]> b <[hint]> <[…]>", "<a> b <c> <d>")
    assert shown(text, "c2") == ("a b c <[…]>", "a b c <d>")


def test_a_gap_inside_a_hidden_one_is_not_seen() -> None:
    text = "C: {{c1::a {{c2::b}} c}} d"
    assert shown(text, "c1") == ("<[…]> d", "<a b c> d")
    assert shown(text, "c2") == ("a <[…]> c d", "a <b> c d")


def test_the_marks_are_not_taken_from_the_text() -> None:
    both = build_face(note("C: ⦉ ⦔ [x]"), "c1")
    assert both.delimiters == ("⦕", "⦖")
    assert both.front == "⦉ ⦔ ⦕[…]⦖"


@pytest.mark.parametrize("slot", ["reverse", "c1", "", "c"])
def test_an_unknown_card_of_a_note_is_an_error(slot: str) -> None:
    with pytest.raises(KeyError):
        build_face(note("a :: b"), slot)


@pytest.mark.parametrize(
    ("text", "slot", "hidden"),
    [
        ("Q: a\nA: b", "forward", "b"),
        ("T: a\nD: b", "reverse", "a"),
        ("C: [a] [b]", "c2", "b"),
        ("C: {{c1::a}} {{c2::b}} {{c1::c::hint}} {{c1::a}}", "c1", "a, c"),
        ("C: {{c1::a {{c2::b::hint}} c}}", "c1", "a b c"),
        ("C: {{c1::a {{c1::b}} c}} {{c1::d}}", "c1", "a b c, d"),
        ("C: ==a {{c1::b}}==", "c2", "a b"),
    ],
)
def test_the_hidden_text_is_what_a_person_has_to_type(text: str, slot: str, hidden: str) -> None:
    assert find_hidden_text(note(text), slot) == hidden


SAID = """---
say: ja, en
---
T: neko
D: cat

Q: inu
A: dog
<!-- reverse; say: no, - -->

C: A [cat].
"""


def test_each_side_of_a_card_has_its_language() -> None:
    deck = parse(SAID, "a.md")
    sides = [
        (slot, note.find_language(slot, is_back=False), note.find_language(slot, is_back=True))
        for note in deck.notes
        for slot in note.slots
    ]
    assert sides == [
        ("forward", "ja", "en"),
        ("reverse", "en", "ja"),
        ("forward", "no", ""),
        ("reverse", "", "no"),
        ("c1", "ja", "ja"),
    ]
    assert deck.problems == () and deck.settings == {}


@pytest.mark.parametrize("head", ["say: no", "say = 'no'", "say: [no]"])
def test_norwegian_is_a_language_in_front_matter(head: str) -> None:
    (note,) = parse(f"---\n{head}\n---\nQ: a\nA: b\n", "a.md").notes
    assert note.say == ("no",)
