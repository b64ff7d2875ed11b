"""Decks that people wrote for hashcards and repeater read unchanged."""

from __future__ import annotations

from pathlib import Path

import pytest

from flashcards.deck.model import Deck, Note
from flashcards.deck.parse import parse

REAL = Path(__file__).parents[2] / "../shared/real"
HASHCARDS = REAL / "hashcards-example"
REPEATER = REAL / "ribeiro-decks"
needs_hashcards = pytest.mark.skipif(not HASHCARDS.is_dir(), reason="the hashcards example is not here")
needs_repeater = pytest.mark.skipif(not REPEATER.is_dir(), reason="the repeater decks are not here")


def deck(folder: Path, name: str) -> Deck:
    return parse((folder / name).read_text("utf-8"), name)


def hidden(note: Note) -> list[str]:
    return [note.fields[0][gap.inner_start : gap.inner_end] for gap in note.gaps]


@needs_hashcards
@pytest.mark.parametrize(
    ("name", "kinds"),
    [
        ("Art.md", ["question", "question"]),
        ("Audio.md", ["question"]),
        ("French.md", ["cloze"]),
        ("Geography.md", ["question", "cloze"]),
        ("Geology.md", ["question"]),
        ("Math.md", ["question", "question", "question", "question", "cloze", "cloze"]),
        ("Quotes.md", ["cloze"]),
    ],
)
def test_a_hashcards_deck_reads_without_a_problem(name: str, kinds: list[str]) -> None:
    read = deck(HASHCARDS, name)
    assert read.problems == ()
    assert [note.kind for note in read.notes] == kinds
    assert read.name == name.removesuffix(".md")


@needs_hashcards
def test_every_deck_of_the_hashcards_example_is_judged() -> None:
    assert len(list(HASHCARDS.glob("*.md"))) == 7


@needs_hashcards
@pytest.mark.parametrize(
    ("name", "gaps"),
    [
        ("French.md", [["fire", "feu"]]),
        ("Geography.md", [[], ["Berlin", "Germany"]]),
        ("Math.md", [[], [], [], [], [r"$\alpha$"], ["F", "T", "T", "T"]]),
        ("Quotes.md", [["Ecclesiastes", "6", "9"]]),
    ],
)
def test_the_gaps_of_a_hashcards_deck_are_those_that_hashcards_asks(name: str, gaps: list[list[str]]) -> None:
    assert [hidden(note) for note in deck(HASHCARDS, name).notes] == gaps


@needs_hashcards
def test_answers_of_the_hashcards_example_end_as_in_hashcards() -> None:
    art = deck(HASHCARDS, "Art.md")
    assert [note.fields[1] for note in art.notes] == ["_The Tempest_", "_Portrait of Lady Agnew of Lochnaw_"]
    assert art.notes[0].fields[0].endswith("![](@/thetempest.webp)")
    assert deck(HASHCARDS, "Audio.md").notes[0].fields[1] == "![](test.mp3)"
    assert deck(HASHCARDS, "Geology.md").notes[0].fields[1].count("\n- ") == 5
    inverse = deck(HASHCARDS, "Math.md").notes[2].fields[1]
    assert inverse.startswith("$$\n\\begin{pmatrix}")
    assert inverse.endswith("\\end{pmatrix}\n$$")


@needs_repeater
@pytest.mark.parametrize(
    ("name", "kinds"),
    [
        ("arts.md", "qc"),
        ("bible.md", "cq"),
        ("biology.md", "qc"),
        ("chemistry.md", "cc"),
        ("computer-science.md", "qc"),
        ("economics.md", "qc"),
        ("history.md", "cq"),
        ("languages.md", "cc"),
        ("literature.md", "cq"),
        ("mathematics.md", "q"),
        ("physics.md", "qc"),
        ("sports.md", "qc"),
    ],
)
def test_a_repeater_deck_reads_without_a_problem(name: str, kinds: str) -> None:
    read = deck(REPEATER, name)
    assert read.problems == ()
    assert "".join(note.kind[0] for note in read.notes) == kinds
    assert all(len(note.breadcrumb) == 1 for note in read.notes)


@needs_repeater
def test_every_repeater_deck_is_judged() -> None:
    assert len(list(REPEATER.glob("*.md"))) == 12


@needs_repeater
@pytest.mark.parametrize(
    ("name", "gaps"),
    [
        ("arts.md", ["red", "blue", "yellow"]),
        ("bible.md", ["Ecclesiastes", "6", "9"]),
        ("biology.md", ["deoxyribonucleic acid"]),
        ("chemistry.md", ["$H_2O$", "0", "14", "7"]),
        ("computer-science.md", ["stack", "queue"]),
        ("economics.md", ["Opportunity cost"]),
        ("history.md", ["1945"]),
        ("languages.md", ["bonjour", "I am"]),
        ("literature.md", ["To Kill a Mockingbird"]),
        ("physics.md", [r"$3 \times 10^8$ m/s"]),
        ("sports.md", ["hat trick"]),
    ],
)
def test_the_gaps_of_a_repeater_deck_are_its_brackets(name: str, gaps: list[str]) -> None:
    assert [text for note in deck(REPEATER, name).notes for text in hidden(note)] == gaps
