"""What makes two texts the same text, and the keys that follow from it."""

from __future__ import annotations

import re
import unicodedata

from hypothesis import given
from hypothesis import strategies as st

from flashcards.deck.model import Kind, Note
from flashcards.deck.parse import parse
from flashcards.identity.notes import KEY_LENGTH, fingerprint, make_key


def note(*fields: str) -> Note:
    return Note(Kind.QUESTION, 1, 1, fields, ("forward",))


def only(text: str) -> Note:
    (found,) = parse(text, "x.md").notes
    return found


@given(st.lists(st.text(alphabet=st.characters(exclude_categories=["Cs"])), min_size=1, max_size=2))
def test_the_form_of_accents_and_runs_of_spaces_do_not_matter(fields: list[str]) -> None:
    loose = [unicodedata.normalize("NFD", " \n\t".join(["", *field.split(), ""])) for field in fields]
    assert fingerprint(note(*fields)) == fingerprint(note(*loose))


@given(st.text(alphabet="ab \x1f", max_size=6), st.text(alphabet="ab \x1f", max_size=6))
def test_a_key_depends_on_the_side_of_each_text(front: str, back: str) -> None:
    if front.split() != back.split():
        assert fingerprint(note(front, back)) != fingerprint(note(back, front))


def test_markers_and_attributes_do_not_matter() -> None:
    texts = ("Q: a\nA: b\n", "T: a\nD: b\n", "a :: b\n", "- a ::: b\n", "Q: a\nA: b\n<!-- tags: x; id: p -->\n")
    assert len({fingerprint(only(text)) for text in texts}) == 1


def test_letters_and_case_matter() -> None:
    assert len({fingerprint(note(text, "b")) for text in ("a", "A", "a.", "á")}) == 4


@given(st.binary(min_size=16, max_size=16), st.integers(0, 1000))
def test_a_key_is_twelve_letters_and_digits(text: bytes, occurrence: int) -> None:
    assert re.fullmatch(rf"[a-z2-7]{{{KEY_LENGTH}}}", make_key(text, occurrence))


def test_each_occurrence_has_its_own_key() -> None:
    text = fingerprint(note("a", "b"))
    assert len({make_key(text, occurrence) for occurrence in range(200)}) == 200
