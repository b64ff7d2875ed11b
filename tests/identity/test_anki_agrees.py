"""An edit, a scan, a review, an export, a second import into the real Anki core: one note, with its history."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, NamedTuple

import pytest

from flashcards.collection import Collection
from scheduler import Rating
from tests.anki.exports.core import Anki, fields
from tests.anki.exports.folder import Folder

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from anki.cards import Card

pytest.importorskip("anki.collection", reason="needs the anki wheel")

REST = "Q: What does the nucleus hold?\nA: The chromosomes.\n\nQ: What do lysosomes do?\nA: They digest organelles.\n\n"


class Edit(NamedTuple):
    """A note before and after; a word that it has both times, and one that only the second text has."""

    before: str
    after: str
    word: str
    fresh: str
    slot: str = "forward"


EDITS = {
    "reworded": Edit(
        "Q: What do ribosomes do?\nA: They build proteins from amino acids.\n\n",
        "Q: What does a ribosome make?\nA: It builds proteins out of amino acids.\n\n",
        "ribosome",
        "builds",
    ),
    "a new answer": Edit(
        "Q: What is the capital of Australia?\nA: Sydney\n\n",
        "Q: What is the capital of Australia?\nA: Canberra\n\n",
        "Australia",
        "Canberra",
    ),
    "a question turned into a term": Edit(
        "Q: osmosis\nA: diffusion of water through a membrane\n\n",
        "T: osmosis\nD: the diffusion of water through a membrane\n\n",
        "osmosis",
        "the diffusion",
    ),
    "a gap reworded, one put in front": Edit(
        "C: Speech is [produced] in Broca's area.\n\n",
        "C: [Human] speech is [made] in Broca's area.\n\n",
        "Broca",
        "Human",
        "c1",
    ),
}


@pytest.fixture
def anki(tmp_path: Path) -> Iterator[Anki]:
    opened = Anki(tmp_path / "anki")
    yield opened
    opened.col.close()


def rate_here(folder: Folder, words: str, slot: str) -> None:
    with Collection(folder.root) as collection:
        collection.scan()
        (entry,) = [each for each in collection.catalog.entries() if words in "".join(each.note.fields)]
        (card,) = [each for each in collection.store.cards_of(entry.id) if each.slot == slot]
        now = time.time_ns() // 1_000_000
        collection.store.rate(card.id, Rating.GOOD, collection.policy(card.deck), now)


def reviews_here(folder: Folder) -> list[int]:
    with Collection(folder.root) as collection:
        return [card for (card,) in collection.connection.execute("SELECT card FROM reviews ORDER BY id")]


def holding(anki: Anki, words: str) -> list[Card]:
    return [card for card in anki.cards() if words in "".join(fields(card).values())]


@pytest.mark.parametrize("kind", EDITS)
@pytest.mark.parametrize("moved", [False, True], ids=["in place", "moved to another file"])
def test_after_an_edit_a_second_import_finds_the_same_note_with_its_progress(
    tmp_path: Path, anki: Anki, kind: str, moved: bool
) -> None:
    edit = EDITS[kind]
    folder, package = Folder(tmp_path / "decks"), tmp_path / "out.apkg"
    folder.write("deck.md", REST + edit.before)
    folder.export(package, ago_s=100)
    anki.import_package(package)
    (card,) = holding(anki, edit.word)
    anki.col.sched.set_due_date([card.id], "7")
    rate_here(folder, edit.word, edit.slot)

    folder.write("deck.md", REST if moved else REST + edit.after)
    if moved:
        folder.write("other.md", edit.after)
    rate_here(folder, edit.word, edit.slot)
    folder.export(package)
    anki.import_package(package)

    assert anki.col.note_count() == 3
    again = anki.col.get_card(card.id)
    assert (again.nid, again.ord, again.ivl, again.due) == (card.nid, card.ord, 7, anki.col.sched.today + 7)
    assert edit.fresh in "".join(fields(again).values())
    assert len(reviews_here(folder)) == 2
    assert len(set(reviews_here(folder))) == 1
    anki.check()


def test_after_a_week_of_edits_anki_holds_each_note_once(tmp_path: Path, anki: Anki) -> None:
    folder, package = Folder(tmp_path / "decks"), tmp_path / "out.apkg"
    folder.write("deck.md", REST + "".join(before for before, *_ in EDITS.values()))
    folder.export(package, ago_s=100)
    anki.import_package(package)
    notes = set(anki.col.find_notes(""))
    folder.write("deck.md", "".join(after for _, after, *_ in reversed(EDITS.values())))
    folder.write("rest.md", REST)
    folder.export(package)
    anki.import_package(package)
    assert set(anki.col.find_notes("")) == notes
    anki.check()
