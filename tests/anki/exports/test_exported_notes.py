"""What an export says of things that a package cannot change in Anki."""

from __future__ import annotations

from pathlib import Path

import pytest

from flashcards.collection import Collection
from scheduler import Card, Rating
from tests.anki.exports.folder import Folder

DECK = "Q: one\nA: 1\n<!-- reverse -->\n\nC: [two] and [three]\n\nQ: four\nA: 4\n"


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    folder = Folder(tmp_path / "decks")
    folder.write("a.md", DECK)
    assert folder.export(tmp_path / "x.apkg").remarks == ()
    return folder


def remarks(folder: Folder) -> tuple[str, ...]:
    return folder.export(folder.root.parent / "x.apkg").remarks


def test_unchanged_parts_are_not_mentioned(folder: Folder) -> None:
    assert remarks(folder) == ()


def test_a_removed_note_stays_in_anki_and_is_reported_once(folder: Folder) -> None:
    folder.write("a.md", DECK.replace("Q: four\nA: 4\n", ""))
    assert remarks(folder) == (
        "1 note removed here since the last export: it stays in Anki until you delete it there.",
    )
    assert remarks(folder) == ()


def test_a_whole_collection_has_no_remarks_because_it_replaces_everything(folder: Folder) -> None:
    folder.write("a.md", "---\ndeck: b\n---\n" + DECK.replace("Q: four\nA: 4\n", "").replace("[three]", "three"))
    assert folder.export(folder.root.parent / "all.colpkg").remarks == ()
    assert remarks(folder) == ()


def test_a_card_without_a_side_is_empty_in_anki(folder: Folder) -> None:
    folder.write("a.md", DECK.replace("<!-- reverse -->\n", ""))
    assert remarks(folder) == ("1 card lost its gap or side: Tools > Empty Cards removes it in Anki.",)


def test_cards_without_a_gap_or_a_side_are_empty_in_anki(folder: Folder) -> None:
    folder.write("a.md", DECK.replace("<!-- reverse -->\n", "").replace("[three]", "three"))
    assert remarks(folder) == ("2 cards lost their gap or side: Tools > Empty Cards removes them in Anki.",)


def test_a_note_of_another_kind_is_a_new_note_in_anki(folder: Folder) -> None:
    folder.write("a.md", DECK.replace("Q: four\nA: 4\n", "C: [four] is 4\n<!-- id: four -->\n").replace("A: 4", "A: 4"))
    folder.write("a.md", DECK.replace("C: [two] and [three]", "Q: [two] and\nA: [three]"))
    assert "1 note changed the note type and became a new one in Anki: delete the old one there." in remarks(folder)


def test_renaming_a_deck_leaves_its_cards_in_the_old_deck_in_anki(folder: Folder) -> None:
    folder.write("a.md", "---\ndeck: b::c\n---\n" + DECK)
    assert remarks(folder) == ("3 notes moved from a to b::c here; in Anki, move them with Change Deck.",)


def test_a_deck_that_was_not_exported_is_not_mentioned(folder: Folder) -> None:
    folder.write("b.md", "Q: five\nA: 5\n")
    remarks(folder)
    (folder.root / "b.md").unlink()
    assert folder.export(folder.root.parent / "x.apkg", ["a"]).remarks == ()
    assert len(folder.export(folder.root.parent / "x.apkg", ["a", "b"]).remarks) == 1


def test_an_exported_copy_stays_in_anki_when_the_original_takes_its_place(folder: Folder) -> None:
    with Collection(folder.root) as collection:
        (card,) = [card for card in all_cards(collection) if collection.note_of(card).note.fields[0] == "four"]
        collection.store.rate(card.id, Rating.GOOD, collection.policy(card.deck), 1_700_000_000_000)
    folder.write("b.md", "Q: four\nA: 4\n")
    assert remarks(folder) == ()
    folder.write("a.md", DECK.replace("Q: four\nA: 4\n", ""))
    assert remarks(folder) == (
        "1 note removed here since the last export: it stays in Anki until you delete it there.",
        "1 note moved from a to b here; in Anki, move it with Change Deck.",
    )
    with Collection(folder.root) as collection:
        assert collection.note_of(collection.store.card(card.id)).path == "b.md"


def all_cards(collection: Collection) -> list[Card]:
    return [card for entry in collection.catalog.entries() for card in collection.store.cards_of(entry.id)]
