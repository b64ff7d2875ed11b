"""Decks as prettier and mdformat leave them when they wrap prose: what is still read, and what is named."""

from __future__ import annotations

from textwrap import fill

import pytest

from flashcards.deck.parse import parse
from flashcards.deck.pitfalls import find_joined_note
from flashcards.identity.notes import fingerprint

LONG_FRONT = "What does a program manager write down first when two teams depend on each other"
LONG_BACK = "who needs what from whom by which day, and what happens to the date if it comes late"


def read_codes(text: str) -> list[str]:
    return [problem.code for problem in parse(text, "a.md").problems]


@pytest.mark.parametrize(
    "wrapped",
    [
        # prettier --prose-wrap always
        "- What does a program manager write down first when two teams depend on each\n"
        "  other :: who needs what from whom by which day, and what happens to the date if\n"
        "  it comes late\n",
        # the separator at the end of a line, and at the start of one
        f"- {LONG_FRONT} ::\n  {LONG_BACK}\n",
        f"- {LONG_FRONT}\n  :: {LONG_BACK}\n",
        f"1. {LONG_FRONT}\n   :: {LONG_BACK}\n",
    ],
)
def test_a_pair_in_a_list_that_was_wrapped_is_the_same_note(wrapped: str) -> None:
    (before,) = parse(f"- {LONG_FRONT} :: {LONG_BACK}\n", "a.md").notes
    deck = parse(wrapped, "a.md")
    assert [fingerprint(note) for note in deck.notes] == [fingerprint(before)]
    assert deck.notes[0].fields[0] == LONG_FRONT
    assert deck.problems == ()


def test_the_first_line_with_a_separator_divides_a_list_item() -> None:
    (note,) = parse("- one\n  two :: three\n  four ::: five\n", "a.md").notes
    assert note.fields == ("one two", "three\nfour ::: five")


@pytest.mark.parametrize("text", ["- an item that ends in ::\n", "- two\n  lines\n", "- `a ::\n  b`\n", "- a::\n  b\n"])
def test_a_list_item_without_a_separator_and_text_after_it_is_not_a_pair(text: str) -> None:
    assert parse(text, "a.md").notes == ()


def test_a_hard_break_in_a_front_stays() -> None:
    (note,) = parse("- one\\\n  two :: three\n", "a.md").notes
    assert note.fields == ("one\\\ntwo", "three")


@pytest.mark.parametrize(
    "text",
    [
        # lines that were joined
        "the dog :: der Hund the cat :: die Katze the cow :: die Kuh the horse :: das Pferd\n",
        f"{fill(f'{LONG_FRONT} :: {LONG_BACK}', 80)}\n",
        f"{fill(f'{LONG_FRONT} :: {LONG_BACK}', 100)}\n",
        # the separator at the end of a line, and at the start of one
        f"{LONG_FRONT[:77]} ::\n{LONG_BACK[:70]}\n",
        f"{LONG_FRONT[:78]}\n:: {LONG_BACK[:70]}\n",
    ],
)
def test_pairs_of_a_paragraph_that_were_wrapped_or_joined_are_named(text: str) -> None:
    assert read_codes(text) == ["reflowed"]


@pytest.mark.parametrize(
    "text",
    [
        "one :: two\nthree ::: four\n",
        "Terms of trade:\none :: two\n",
        "one :: two `a :: b`\n",
        "one :: two \\:: three\n",
        "one ::: two :: three\n",
        "one :: two :: three\n",
        "std ::vector\n::\n::: warning\n",
        "one\n:: two\n",
        "Q: one\n\nA: two :: three :: four\n",
        "C: [one] :: two :: three\n",
        "- one :: two :: three\n",
    ],
)
def test_other_paragraphs_are_not_reported_as_reflowed(text: str) -> None:
    assert read_codes(text) == []


@pytest.mark.parametrize(
    ("text", "marker"),
    [
        ("Q: one A: two Q: three\nA: four", "Q"),
        ("Q: one\n\nA: two Q: three A: four", "Q"),
        ("T: one\n\nD: two T: three\nfour D: five", "T"),
        ("C: one [gap] C: two [gap]", "C"),
    ],
)
def test_a_note_that_was_joined_to_another_is_found(text: str, marker: str) -> None:
    assert find_joined_note(parse(text, "a.md").notes[0]) == marker


@pytest.mark.parametrize(
    "text",
    [
        "Q: Is vitamin A: or D: meant?\nA: Neither.",
        "Q: one\nA: see `x Q: y A: z`",
        "Q: one\nA: two; Q: three",
        "C: [drive] `C: and [drive]`",
        "one :: two",
    ],
)
def test_a_marker_in_a_sentence_joins_nothing(text: str) -> None:
    assert find_joined_note(parse(text, "a.md").notes[0]) is None
