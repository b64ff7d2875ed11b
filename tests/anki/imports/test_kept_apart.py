"""A note keeps its own tags, its own deck and its own identity."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from flashcards.anki.imports.deck_text import change_file
from flashcards.anki.imports.incoming_notes import IncomingNote
from flashcards.anki.package.archive import Archive
from flashcards.anki.package.reader import read_package
from flashcards.collection import Collection
from flashcards.deck.model import Kind
from scheduler import Rating
from tests.anki.exports.folder import Folder
from tests.anki.imports.home import Home
from tests.anki.imports.packages import CLOZE, CREATED, REVERSED, Made, edit_package, write_package


def test_a_new_note_does_not_inherit_tags_that_all_earlier_notes_share(home: Home, tmp_path: Path) -> None:
    first = [Made(["one", "1"], tags="x"), Made(["two", "2"], tags="x y")]
    home.import_file(write_package(tmp_path / "1.apkg", first))
    assert home.read("Deck.md").startswith("---\ntags: [x]\n---\n")
    home.import_file(write_package(tmp_path / "2.apkg", [*first, Made(["three", "3"])]))
    with Collection(home.root) as collection:
        collection.scan()
        tags = {entry.note.fields[0]: set(entry.note.tags) for entry in collection.catalog.entries()}
    assert tags == {"one": {"x"}, "two": {"x", "y"}, "three": set()}


@pytest.mark.parametrize(
    ("head", "left"),
    [
        ("---\ntags: [a, b]\n---\n\n", "---\ntags: [b]\n---\n\n"),
        ("---\ntags:\n  - a\n  - b\ndeck: X\n---\n", "---\ntags: [b]\ndeck: X\n---\n"),
        ("---\ntags: a\n---\n\n", ""),
    ],
)
def test_tags_of_a_file_are_pushed_down_to_its_notes(head: str, left: str) -> None:
    text = f"{head}x :: y\n\nQ: one\nA: 1\n"
    draft = IncomingNote("g", 0, Kind.QUESTION, ("two", "2"), (), False, False, ("b",), "d", "", (), b"", 0)
    found = change_file("d.md", text, [], [draft])
    assert found.text.startswith(f"{left}x :: y <!-- tags: a -->\n\nQ: one\nA: 1\n<!-- tags: a -->\n")
    expected = {"b"} if "b" in head else set()
    assert [set(note.tags) - {"a"} for note in found.deck.notes] == [expected, expected, {"b"}]


def test_cards_of_one_note_in_two_decks_keep_their_decks(home: Home, tmp_path: Path) -> None:
    note = Made(["front", "back"], type=REVERSED, deck=1, cards={0: {}, 1: {"did": 2}})
    report = home.import_file(write_package(tmp_path / "x.apkg", [note], decks={1: "A", 2: "B::C"}))
    assert home.read("A.md") == "Q: front\nA: back\n"
    assert home.read("B/C.md") == "Q: back\nA: front\n"
    assert report.remarks == []


def test_gaps_of_one_text_in_two_decks_keep_their_decks(home: Home, tmp_path: Path) -> None:
    note = Made(["{{c1::a}} and {{c2::b}}", ""], type=CLOZE, cards={0: {}, 1: {"did": 2}})
    home.import_file(write_package(tmp_path / "x.apkg", [note], decks={1: "A", 2: "B"}))
    assert home.read("A.md") == "C: {{c1::a}} and b\n"
    assert home.read("B.md") == "C: a and {{c2::b}}\n"


def test_a_picture_in_another_deck_is_named_from_there(home: Home, tmp_path: Path) -> None:
    note = Made(['<img src="a.png">', "back"], type=REVERSED, cards={0: {}, 1: {"did": 2}})
    home.import_file(write_package(tmp_path / "x.apkg", [note], decks={1: "A", 2: "B::C"}, media={"a.png": b"x"}))
    assert "(media/a.png)" in home.read("A.md")
    assert "(../media/a.png)" in home.read("B/C.md")


def test_a_card_that_moved_to_another_deck_later_stays_with_its_note(home: Home, tmp_path: Path) -> None:
    note = Made(["front", "back"], type=REVERSED, cards={0: {}, 1: {}})
    package = write_package(tmp_path / "x.apkg", [note], decks={1: "A", 2: "B"})
    home.import_file(package)
    moved = edit_package(package, tmp_path / "y.apkg", "UPDATE cards SET did = 2 WHERE ord = 1")
    home.import_file(moved)
    assert not (home.root / "B.md").exists()


def test_cards_of_separate_notes_stay_separate_when_their_decks_agree(home: Home, tmp_path: Path) -> None:
    note = Made(["front", "back"], type=REVERSED, cards={0: {}, 1: {"did": 2}})
    package = write_package(tmp_path / "x.apkg", [note], decks={1: "A", 2: "B"})
    home.import_file(package)
    home.import_file(edit_package(package, tmp_path / "y.apkg", "UPDATE cards SET did = 1"))
    with Collection(home.root) as collection:
        collection.scan()
        assert len(list(collection.catalog.entries())) == 2


@pytest.mark.parametrize("change", ["edit", "delete"])
def test_notes_of_one_text_keep_their_own_histories(home: Home, tmp_path: Path, change: str) -> None:
    log = [(CREATED * 1000 + 5, 3, 1, 0, 2500, 900, 0)]
    given = {0: {"type": 2, "queue": 2, "ivl": 1, "due": 1, "reps": 1}}
    notes = [Made(["same", "text"], tags="one", cards=given, log=log), Made(["same", "text"], tags="two")]
    home.import_file(write_package(tmp_path / "x.apkg", notes))
    first, second = home.read("Deck.md").split("\n\n")
    home.write("Deck.md", second if change == "delete" else f"{first.replace('text', 'new text')}\n\n{second}")
    with Collection(home.root) as collection:
        collection.scan()
        reps = {
            entry.note.tags: [card.reps for card in collection.store.cards_of(entry.id)]
            for entry in collection.catalog.entries()
            if entry.active
        }
    assert reps[("two",)] == [0]
    assert reps.get(("one",)) == (None if change == "delete" else [1])


def guids(package: Path) -> list[tuple[str, int]]:
    with Archive(package) as archive:
        return [(note.guid, note.changed) for note in read_package(archive).notes]


def test_a_note_whose_only_card_is_the_second_goes_back_under_its_guid(home: Home, tmp_path: Path) -> None:
    home.import_file(write_package(tmp_path / "x.apkg", [Made(["a", "b"], type=REVERSED, guid="mine", cards={1: {}})]))
    Folder(home.root).export(tmp_path / "back.apkg")
    assert [guid for guid, _ in guids(tmp_path / "back.apkg")] == ["mine"]


def test_notes_that_share_a_guid_are_exported_with_it_and_only_the_last_is_updated(home: Home, tmp_path: Path) -> None:
    notes = [Made(["a", "1"], guid="g"), Made(["a", "2"], guid="g"), Made(["a", "3"], guid="g")]
    home.import_file(write_package(tmp_path / "x.apkg", notes))
    Folder(home.root).export(tmp_path / "back.apkg")
    assert [(guid.partition("#")[0], changed > 1) for guid, changed in guids(tmp_path / "back.apkg")] == [
        ("g", False),
        ("g", False),
        ("g", True),
    ]
    assert not home.import_file(write_package(tmp_path / "x.apkg", notes)).changes_anything


def test_a_review_of_one_of_two_equal_notes_stays_with_that_note(home: Home, tmp_path: Path) -> None:
    home.import_file(write_package(tmp_path / "x.apkg", [Made(["same", "x"]), Made(["same", "x"])]))
    with Collection(home.root) as collection:
        collection.scan()
        cards = [card for entry in collection.catalog.entries() for card in collection.store.cards_of(entry.id)]
        collection.store.rate(cards[0].id, Rating.GOOD, collection.policy(cards[0].deck), CREATED * 1000)
        collection.scan()
        assert [collection.store.card(card.id).reps for card in cards] == [1, 0]


@pytest.mark.parametrize("text", ["The orders of a group", "The order of a group"], ids=["alike", "equal"])
def test_a_new_note_is_not_confused_with_one_deleted_here(home: Home, tmp_path: Path, text: str) -> None:
    old = Made(["The order of a group", "is the number of its elements, which may be infinite"], guid="one", tags="x")
    home.import_file(write_package(tmp_path / "1.apkg", [old, Made(["other", "yes"])]))
    home.write("Deck.md", home.read("Deck.md").partition("Q: other")[1] + "\nA: yes\n")
    new = Made([text, old.fields[1]], guid="two", tags="y")
    report = home.import_file(write_package(tmp_path / "2.apkg", [old, Made(["other", "yes"]), new]))
    assert (report.added, report.removed) == (1, 1)
    assert not home.import_file(tmp_path / "2.apkg").changes_anything
    with Collection(home.root) as collection:
        rows = collection.connection.execute("SELECT note FROM origins WHERE source IN ('one', 'two')").fetchall()
    assert len(set(rows)) == 2


def test_a_note_of_the_package_does_not_get_the_history_of_a_deleted_one(home: Home, tmp_path: Path) -> None:
    back = "is the number of its elements, which may be infinite"
    log = [(1_600_000_000_000, 3, 4, 0, 2500, 9, 0)]
    old = Made(
        ["The order of a group", back], guid="one", cards={0: {"type": 2, "queue": 2, "ivl": 4, "reps": 1}}, log=log
    )
    new = Made(["The orders of a group", back], guid="two", mod=int(time.time()))
    home.import_file(write_package(tmp_path / "1.apkg", [old]))
    home.import_file(write_package(tmp_path / "2.apkg", [old, new]))
    home.write("Deck.md", f"Q: The orders of a group\nA: {back}\n")
    with Collection(home.root) as collection:
        collection.scan()
        rows = collection.connection.execute("SELECT DISTINCT note FROM origins").fetchall()
    assert len(rows) == 2


def test_a_note_whose_only_card_is_the_second_is_the_same_note_in_our_package(home: Home, tmp_path: Path) -> None:
    note = Made(["front", "back"], type=REVERSED, guid="theirs", cards={1: {}})
    home.import_file(write_package(tmp_path / "x.apkg", [note]))
    Folder(home.root).export(tmp_path / "ours.apkg")
    with Archive(tmp_path / "ours.apkg") as archive:
        assert [each.guid for each in read_package(archive).notes] == ["theirs"]
    report = home.import_file(tmp_path / "ours.apkg")
    assert (report.added, report.updated, report.unchanged) == (0, 0, 1)


def test_decks_and_tags_are_composed_as_anki_composes_them(home: Home, tmp_path: Path) -> None:
    home.import_file(write_package(tmp_path / "x.apkg", [Made(["a", "b"], tags="e\u0301")], decks={1: "u\u0308"}))
    assert home.read("\u00fc.md") == "Q: a\nA: b\n<!-- tags: \u00e9 -->\n"


def test_accents_that_anki_composes_are_no_edit(home: Home, tmp_path: Path) -> None:
    text = "Q: e\u0301\nA: b\n"
    home.write("a.md", text)
    Folder(home.root).export(tmp_path / "ours.apkg", ago_s=100)
    composed = edit_package(
        tmp_path / "ours.apkg",
        tmp_path / "theirs.apkg",
        "UPDATE notes SET flds = replace(flds, 'e\u0301', '\u00e9'), mod = mod + 50",
    )
    assert home.import_file(composed).unchanged == 1
    assert home.read("a.md") == text


def test_decks_with_an_empty_level_are_named_as_in_anki(home: Home, tmp_path: Path) -> None:
    notes = [Made(["a", "1"], deck=1), Made(["b", "2"], deck=2), Made(["c", "3"], deck=3)]
    home.import_file(write_package(tmp_path / "x.apkg", notes, decks={1: "A::B", 2: "A::::B", 3: " ::A"}))
    assert home.files().keys() == {"A/B.md", "A/blank/B.md", "blank/A.md", "flashcards.toml"}
