"""Suspension and flag: what was set there arrives, and what was set here stays."""

from __future__ import annotations

import sqlite3
import time
import zipfile
from pathlib import Path
from typing import Any

import pytest

from flashcards.anki.exports.export import export_package
from flashcards.anki.exports.notes import find_decks_in_use
from flashcards.anki.imports.imported_cards import MatchedCard, separate_duplicates
from flashcards.anki.package.model import AnkiCard
from flashcards.collection import Collection
from tests.anki.imports.home import Home
from tests.anki.imports.packages import CREATED, START, Made, edit_package, studied, write_package

LATER = START // 1000 + 30 * 86_400  # a time after every review


class Marked:
    """A collection of one imported card, whose marks are set here and there."""

    def __init__(self, home: Home, package: Path) -> None:
        self.home = home
        self.package = package

    def import_card(self, **card: int) -> int:
        """Import the card as it is there now; returns how many cards were changed."""
        return self.home.import_file(write_package(self.package, [studied(**card)])).cards

    @property
    def marks(self) -> tuple[bool, int]:
        with Collection(self.home.root) as collection:
            return collection.connection.execute("SELECT suspended, flag FROM cards").fetchone()  # type: ignore[no-any-return]

    def set(self, *, suspended: bool, flag: int) -> None:
        with Collection(self.home.root) as collection:
            cards = [row[0] for row in collection.connection.execute("SELECT id FROM cards")]
            (collection.store.suspend if suspended else collection.store.unsuspend)(cards)
            collection.store.flag(cards, flag)


@pytest.fixture
def marked(home: Home, tmp_path: Path) -> Marked:
    return Marked(home, tmp_path / "x.apkg")


def test_the_status_of_cards_is_imported_and_later_only_if_it_changed_in_anki(marked: Marked) -> None:
    marked.import_card(queue=-1, flags=3)
    assert marked.marks == (True, 3)
    marked.set(suspended=False, flag=3)
    marked.import_card(queue=-1, flags=0, mod=CREATED + 5)
    assert marked.marks == (False, 0)


def test_a_status_set_here_stays_if_the_card_is_only_reviewed_in_anki(marked: Marked) -> None:
    marked.import_card()
    marked.set(suspended=True, flag=4)
    marked.import_card(mod=CREATED + 5)
    assert marked.marks == (True, 4)


def test_a_removed_status_stays_removed_if_anki_only_reviews_the_card(marked: Marked) -> None:
    marked.import_card(queue=-1, flags=3)
    marked.set(suspended=False, flag=0)
    marked.import_card(queue=-1, flags=3, mod=CREATED + 5)
    assert marked.marks == (False, 0)


def test_a_status_removed_in_anki_is_removed_here(marked: Marked) -> None:
    marked.import_card(queue=-1, flags=3)
    marked.import_card(mod=CREATED + 5)
    assert marked.marks == (False, 0)


def test_a_flag_arrives_although_anki_does_not_count_it_as_a_change_of_the_card(marked: Marked) -> None:
    marked.import_card()
    marked.import_card(flags=5)
    assert marked.marks == (False, 5)
    marked.import_card(flags=0)
    assert marked.marks == (False, 0)


def test_a_status_that_was_already_the_same_here_is_remembered(marked: Marked) -> None:
    marked.import_card(flags=3)
    marked.set(suspended=False, flag=0)
    assert marked.import_card(flags=0) == 0
    marked.set(suspended=False, flag=4)
    marked.import_card(flags=0)
    assert marked.marks == (False, 4)


def test_an_older_package_sets_no_status_again(marked: Marked) -> None:
    marked.import_card(queue=-1, flags=3, mod=CREATED + 5)
    marked.import_card()
    assert marked.marks == (True, 3)


def test_a_package_without_schedules_removes_no_status(marked: Marked) -> None:
    marked.import_card(queue=-1, flags=3)
    marked.home.import_file(write_package(marked.package, [Made(["a", "b"], cards={0: {"mod": CREATED + 5}})]))
    assert marked.marks == (True, 3)


def test_cards_that_an_earlier_version_imported_keep_their_status(marked: Marked) -> None:
    marked.import_card(queue=-1, flags=3)
    marked.set(suspended=False, flag=4)
    with Collection(marked.home.root) as collection:
        collection.connection.execute("UPDATE origin_cards SET suspended = NULL, flag = NULL")
        collection.connection.execute("DELETE FROM seen_notes")
    marked.import_card(queue=-1, flags=3)
    assert marked.marks == (False, 4)
    marked.import_card(queue=-1, flags=5)
    assert marked.marks == (False, 5)


def export(marked: Marked, path: Path, *, history: bool = True) -> list[int]:
    """Export the collection; return the ids of its cards."""
    with Collection(marked.home.root) as collection:
        collection.scan()
        export_package(collection, find_decks_in_use(collection), path, history=history)
        return [card for (card,) in collection.connection.execute("SELECT id FROM cards")]


def test_a_status_set_here_stays_if_the_card_went_to_the_anki_that_has_its_original(
    marked: Marked, tmp_path: Path
) -> None:
    marked.home.import_file(write_package(marked.package, [Made(["a", "b"], cards={0: {}})]))
    marked.set(suspended=True, flag=4)
    export(marked, tmp_path / "back.apkg")
    marked.import_card()
    assert marked.marks == (True, 4)


def test_after_a_colpkg_replaced_anki_only_the_changes_since_then_arrive(marked: Marked, tmp_path: Path) -> None:
    marked.import_card(mod=CREATED + 900)
    marked.set(suspended=True, flag=4)
    (card,) = export(marked, tmp_path / "whole.colpkg")
    marked.set(suspended=False, flag=4)
    package = write_package(tmp_path / "there.apkg", [studied(id=card, queue=-1, flags=5)])
    marked.home.import_file(package)
    assert marked.marks == (False, 5)
    assert not marked.home.import_file(package).changes_anything


def test_a_status_that_a_package_gave_to_a_card_deleted_in_anki_is_no_change(marked: Marked, tmp_path: Path) -> None:
    marked.import_card()
    marked.set(suspended=True, flag=4)
    (card,) = export(marked, tmp_path / "again.apkg")
    marked.set(suspended=False, flag=0)
    there = tmp_path / "there.apkg"
    marked.home.import_file(write_package(there, [studied(id=card, queue=-1, flags=4, mod=CREATED + 5)]))
    assert marked.marks == (False, 0)
    marked.home.import_file(write_package(there, [studied(id=card, queue=-1, flags=5, mod=CREATED + 5)]))
    assert marked.marks == (False, 5)
    marked.set(suspended=True, flag=5)
    marked.home.import_file(write_package(there, [studied(id=card, flags=5, mod=CREATED + 9)]))
    assert marked.marks == (False, 5)


def read_package_card(package: Path) -> sqlite3.Row:
    """The only card of a package."""
    with zipfile.ZipFile(package) as archive:
        connection = sqlite3.connect(":memory:")
        name = next(each for each in archive.namelist() if each.startswith("collection.anki2"))
        connection.deserialize(archive.read(name))
    connection.row_factory = sqlite3.Row
    (card,) = connection.execute("SELECT * FROM cards")
    connection.close()
    return card  # type: ignore[no-any-return]


@pytest.mark.parametrize("marks", [{"suspended": False, "flag": 0}, {"suspended": True, "flag": 4}])
def test_a_flag_set_on_a_card_that_a_package_gave_to_anki_again_arrives_although_the_card_is_older_now(
    marked: Marked, tmp_path: Path, marks: dict[str, Any]
) -> None:
    marked.import_card(mod=LATER)
    marked.set(**marks)
    export(marked, tmp_path / "again.apkg")  # deleted in Anki meanwhile
    given = read_package_card(tmp_path / "again.apkg")
    assert given["mod"] < LATER
    there = tmp_path / "there.apkg"
    card = {each: given[each] for each in ("id", "mod", "queue")}
    package = write_package(there, [studied(**card, flags=given["flags"])])
    assert marked.home.import_file(package).cards == 0
    marked.home.import_file(write_package(there, [studied(**card, flags=6)]))
    assert marked.marks == (marks["suspended"], 6)


@pytest.mark.parametrize("has_our_id", [True, False])
def test_a_status_that_a_card_given_again_lost_in_anki_is_removed_if_the_deleted_one_had_another_id(
    marked: Marked, tmp_path: Path, has_our_id: bool
) -> None:
    there = tmp_path / "there.apkg"
    marked.import_card()
    (card,) = export(marked, tmp_path / "first.apkg")
    if has_our_id:
        marked.home.import_file(write_package(there, [studied(id=card, mod=LATER)]))
    marked.set(suspended=True, flag=4)
    export(marked, tmp_path / "again.apkg")
    marked.home.import_file(write_package(there, [studied(id=card, mod=LATER + 9, flags=1)]))
    assert marked.marks == (has_our_id, 1)


def test_a_copy_from_an_earlier_package_does_not_undo_what_the_original_in_anki_said_later(
    marked: Marked, tmp_path: Path
) -> None:
    marked.import_card(mod=LATER)
    marked.set(suspended=True, flag=0)
    (card,) = export(marked, tmp_path / "back.apkg")
    given = read_package_card(tmp_path / "back.apkg")
    marked.home.import_file(write_package(tmp_path / "copy.apkg", [studied(id=card, mod=given["mod"] - 5)]))
    assert marked.marks == (True, 0)


def test_a_status_given_to_a_card_that_was_deleted_in_anki_before_any_import_is_no_change(
    marked: Marked, tmp_path: Path
) -> None:
    marked.home.write("a.md", "Q: front\nA: back\n")
    export(marked, tmp_path / "first.apkg")
    marked.set(suspended=True, flag=3)
    export(marked, tmp_path / "again.apkg")
    marked.set(suspended=False, flag=0)
    there = tmp_path / "there.apkg"
    marked.home.import_file(edit_package(tmp_path / "again.apkg", there))
    assert marked.marks == (False, 0)
    marked.home.import_file(edit_package(tmp_path / "again.apkg", there, "UPDATE cards SET flags = 5"))
    assert marked.marks == (False, 5)


def test_a_status_removed_in_anki_is_removed_here_if_a_colpkg_without_the_card_replaced_anki_meanwhile(
    marked: Marked, tmp_path: Path
) -> None:
    marked.import_card()
    (card,) = export(marked, tmp_path / "first.apkg")
    (path,) = marked.home.root.rglob("*.md")
    text = path.read_text("utf-8")
    path.write_text("Q: other\nA: note\n", "utf-8")
    export(marked, tmp_path / "whole.colpkg")
    path.write_text(text, "utf-8")
    marked.home.with_collection(lambda collection: collection.store.suspend([card]))
    export(marked, tmp_path / "again.apkg")
    marked.home.import_file(write_package(tmp_path / "there.apkg", [studied(id=card, mod=LATER)]))
    with Collection(marked.home.root) as collection:
        assert not collection.store.card(card).suspended


def test_a_package_without_history_gives_no_status_that_could_be_removed_in_anki(
    marked: Marked, tmp_path: Path
) -> None:
    marked.home.write("a.md", "Q: front\nA: back\n")
    assert marked.home.state()
    marked.set(suspended=True, flag=3)
    export(marked, tmp_path / "new.apkg", history=False)
    reviewed = "UPDATE cards SET type = 1, queue = 1, reps = 1, mod = mod + 99"
    marked.home.import_file(edit_package(tmp_path / "new.apkg", tmp_path / "there.apkg", reviewed))
    assert marked.marks == (True, 3)


def test_a_colpkg_that_anki_did_not_import_makes_no_change_there(marked: Marked, tmp_path: Path) -> None:
    marked.import_card()
    (card,) = export(marked, tmp_path / "first.apkg")
    marked.home.import_file(write_package(tmp_path / "there.apkg", [studied(id=card, mod=LATER)]))
    marked.set(suspended=True, flag=0)
    export(marked, tmp_path / "whole.colpkg")
    marked.home.import_file(write_package(tmp_path / "there.apkg", [studied(id=card, mod=LATER, flags=3)]))
    assert marked.marks == (True, 3)


@pytest.mark.parametrize("first", [0, 1])
def test_of_two_cards_in_anki_that_are_one_here_the_same_one_counts_in_any_order(first: int) -> None:
    cards = [AnkiCard._make([*range(len(AnkiCard._fields))])._replace(id=1 + each, reps=each) for each in range(2)]
    matched = [MatchedCard(card, 7, 1) for card in (cards[first], cards[1 - first])]
    kept, duplicates = separate_duplicates(matched)
    assert kept == [(cards[1], 7, 1)]
    assert duplicates == {7: [cards[0]]}


@pytest.mark.parametrize("queue", [-2, -3])
def test_an_export_says_again_whether_a_card_was_buried_by_hand(marked: Marked, tmp_path: Path, queue: int) -> None:
    marked.import_card(queue=queue, mod=int(time.time()))
    export(marked, tmp_path / "back.apkg")
    assert read_package_card(tmp_path / "back.apkg")["queue"] == queue
