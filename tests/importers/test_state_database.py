"""The state of another computer: both worked on the same decks since they were last equal."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from flashcards.collection import Collection
from flashcards.importers.transaction import ImportInvalid
from scheduler import Card, Rating
from tests.anki.imports.home import Home

DECK = "Q: one?\nA: 1\n\nQ: two?\nA: 2\n"
START = 1_700_000_000_000
DAY_MS = 86_400_000


class Computers:
    """Two computers with the same decks."""

    def __init__(self, folder: Path) -> None:
        self.here = Home(folder / "here")
        self.here.write("a.md", DECK)
        self.do(self.here, lambda collection: rate(collection, "one?", Rating.GOOD, START))
        shutil.copytree(self.here.root, folder / "there")
        self.there = Home.__new__(Home)
        self.there.root = folder / "there"

    def do(self, home: Home, act: Callable[[Collection], object]) -> None:
        with Collection(home.root) as collection:
            collection.scan()
            act(collection)

    def merge(self) -> tuple[int, int]:
        """Import the state of the computer there; return how many reviews and cards changed."""
        copy = self.here.root / ".flashcards" / "state (conflicted copy).db"
        with Collection(self.there.root) as collection:
            collection.connection.execute("VACUUM INTO ?", (str(copy),))
        report = self.here.import_file(copy)
        copy.unlink()
        return report.reviews, report.cards

    def cards(self, home: Home) -> dict[str, Card]:
        with Collection(home.root) as collection:
            collection.scan()
            return {
                entry.note.fields[0]: collection.store.cards_of(entry.id)[0] for entry in collection.catalog.entries()
            }


@pytest.fixture
def computers(tmp_path: Path) -> Computers:
    return Computers(tmp_path)


def find(collection: Collection, front: str) -> Card:
    entry = next(entry for entry in collection.catalog.entries() if entry.note.fields[0] == front)
    return collection.store.cards_of(entry.id)[0]


def rate(collection: Collection, front: str, rating: Rating, at_ms: int) -> None:
    card = find(collection, front)
    collection.store.rate(card.id, rating, collection.policy(card.deck), at_ms)


def test_reviews_of_both_are_merged_each_once(computers: Computers) -> None:
    computers.do(computers.here, lambda collection: rate(collection, "one?", Rating.GOOD, START + DAY_MS))
    computers.do(computers.there, lambda collection: rate(collection, "two?", Rating.EASY, START + DAY_MS))
    assert computers.merge()[0] == 1
    assert {front: card.reps for front, card in computers.cards(computers.here).items()} == {"one?": 2, "two?": 1}
    assert computers.merge() == (0, 0)


def test_a_row_from_anki_keeps_its_type_and_factor(computers: Computers) -> None:
    def add_row_from_anki(collection: Collection) -> None:
        rate(collection, "two?", Rating.EASY, START + DAY_MS)
        db = collection.connection
        (guard,) = db.execute("SELECT sql FROM sqlite_master WHERE name = 'reviews_refuse_update'").fetchone()
        db.execute("DROP TRIGGER reviews_refuse_update")
        db.execute("UPDATE reviews SET log_type = 3, log_factor = 2350 WHERE id = ?", (START + DAY_MS,))
        db.execute(guard)

    computers.do(computers.there, add_row_from_anki)
    computers.merge()
    with Collection(computers.here.root) as collection:
        rows = collection.connection.execute("SELECT log_type, log_factor FROM reviews ORDER BY id").fetchall()
    assert rows == [(None, None), (3, 2350)]


def test_one_card_reviewed_on_both_is_replayed_as_one_history(computers: Computers) -> None:
    computers.do(computers.here, lambda collection: rate(collection, "one?", Rating.GOOD, START + DAY_MS))
    computers.do(computers.there, lambda collection: rate(collection, "one?", Rating.AGAIN, START + 9 * DAY_MS))
    computers.merge()
    shutil.rmtree(computers.there.root)
    alone = Home(computers.there.root)
    alone.write("a.md", DECK)
    for rating, at in ((Rating.GOOD, 0), (Rating.GOOD, 1), (Rating.AGAIN, 9)):
        computers.do(alone, lambda c, rating=rating, at=at: rate(c, "one?", rating, START + at * DAY_MS))  # type: ignore[misc]
    merged, whole = computers.cards(computers.here)["one?"], computers.cards(alone)["one?"]
    assert merged.reps == whole.reps
    assert (merged.stability, merged.difficulty) == pytest.approx((whole.stability, whole.difficulty), rel=1e-6)


def test_a_review_undone_on_the_other_computer_is_undone_here(computers: Computers) -> None:
    def undo(collection: Collection) -> None:
        (row,) = collection.connection.execute("SELECT max(id) FROM reviews").fetchone()
        collection.store.undo_rating(row, START + 2000)

    computers.do(computers.there, undo)
    computers.merge()
    assert computers.cards(computers.here)["one?"].reps == 0


def test_the_later_act_decides_about_flags_and_suspension(computers: Computers) -> None:
    def act(suspend: bool, at_ms: int) -> Callable[[Collection], None]:
        def do(collection: Collection) -> None:
            card = find(collection, "two?").id
            with collection.store.acts.record("suspend", [card], at_ms) as summary:
                (collection.store.suspend if suspend else collection.store.unsuspend)([card])
                summary.append("x")

        return do

    computers.do(computers.here, act(True, START + 1))
    computers.do(computers.here, act(False, START + 2))
    computers.do(computers.there, act(True, START + 3))
    computers.merge()
    assert computers.cards(computers.here)["two?"].suspended
    computers.do(computers.here, act(False, START + 4))
    computers.merge()
    assert not computers.cards(computers.here)["two?"].suspended


def test_a_sibling_hidden_by_a_review_on_the_other_computer_is_hidden_here(computers: Computers) -> None:
    for home in (computers.here, computers.there):
        home.write("a.md", DECK + "\nC: [three] and [four]\n")
        computers.do(home, lambda _: None)
    text = "[three] and [four]"
    computers.do(computers.there, lambda collection: rate(collection, text, Rating.GOOD, START + DAY_MS))
    assert computers.merge()[0] == 1

    def check(collection: Collection) -> None:
        entry = next(entry for entry in collection.catalog.entries() if entry.note.fields[0] == text)
        _, sibling = collection.store.cards_of(entry.id)
        assert sibling.is_buried(collection.clock.day(START + DAY_MS))
        assert sibling.buried_by == START + DAY_MS

    computers.do(computers.here, check)
    assert computers.merge() == (0, 0)


@pytest.mark.parametrize("edit_again", [False, True])
def test_a_note_that_each_computer_first_read_with_another_wording_is_matched_by_its_text(
    tmp_path: Path, edit_again: bool
) -> None:
    here, there = Home(tmp_path / "here"), Home(tmp_path / "there")
    here.write("a.md", "Q: What is scope creep?\nA: Uncontrolled growth of the scope\n\n" + DECK)
    with Collection(here.root) as collection:
        collection.scan()
    for home in (here, there):
        home.write("a.md", "Q: What is scope creep?\nA: Growth of the scope without control\n\n" + DECK)
        with Collection(home.root) as collection:
            collection.scan()
    with Collection(there.root) as collection:
        rate(collection, "What is scope creep?", Rating.GOOD, START)
        rate(collection, "one?", Rating.GOOD, START + DAY_MS)
    if edit_again:
        here.write("a.md", "Q: What is scope creep?\nA: Growth of the scope without any control\n\n" + DECK)
    for expected in (2, 0):
        report = here.import_file(there.root / ".flashcards" / "state.db")
        assert (report.reviews, report.remarks) == (expected, [])
    with Collection(here.root) as collection:
        assert find(collection, "What is scope creep?").reps == 1


def test_equal_notes_with_different_keys_on_each_computer_are_reported(tmp_path: Path) -> None:
    here, there = Home(tmp_path / "here"), Home(tmp_path / "there")
    here.write("a.md", "Q: one?\nA: the first one\n\nQ: one?\nA: the first\n")
    with Collection(here.root) as collection:
        collection.scan()
    for home in (here, there):
        home.write("a.md", "Q: one?\nA: the first ones\n\nQ: one?\nA: the first ones\n")
        with Collection(home.root) as collection:
            collection.scan()
    with Collection(there.root) as collection:
        rate(collection, "one?", Rating.GOOD, START)
    assert len(here.import_file(there.root / ".flashcards" / "state.db").remarks) == 1


def test_reviews_of_notes_that_are_not_here_are_reported(computers: Computers) -> None:
    computers.there.write("b.md", "Q: new\nA: x\n")
    computers.do(computers.there, lambda collection: rate(collection, "new", Rating.GOOD, START + DAY_MS))
    copy = computers.here.root / "other.db"
    with Collection(computers.there.root) as collection:
        collection.connection.execute("VACUUM INTO ?", (str(copy),))
    (remark,) = computers.here.import_file(copy).remarks
    assert "1 reviewed card of the other computer is not in these decks." in remark.message


def test_the_own_state_and_a_newer_one_are_refused(computers: Computers, tmp_path: Path) -> None:
    with pytest.raises(ImportInvalid, match="state of this collection itself"):
        computers.here.import_file(computers.here.root / ".flashcards" / "state.db")
    newer = tmp_path / "newer.db"
    with Collection(computers.there.root) as collection:
        collection.connection.execute("VACUUM INTO ?", (str(newer),))
    connection = sqlite3.connect(newer)
    connection.execute("UPDATE _sqlite_migrations SET name = 'from_the_future' WHERE rowid = 1")
    connection.commit()
    connection.close()
    with pytest.raises(ImportInvalid, match=r"newer\.db cannot be imported"):
        computers.here.import_file(newer)


@pytest.mark.parametrize(
    ("statement", "reason"),
    [
        ("UPDATE cards SET due_day = 4611686018427387904", "row 1.* of its table `cards`"),
        ("UPDATE cards SET stability = 9e999", "of its table `cards`"),
        ("UPDATE reviews SET rating = 9", "of its table `reviews` has an invalid value"),
        ("UPDATE reviews SET kind = 70", "of its table `reviews` has an invalid value"),
        ("UPDATE reviews SET day = -9000000", "of its table `reviews` has an invalid value"),
        ("UPDATE reviews SET id = id - 1790000000001", "a review from before 1980"),
        ("UPDATE reviews SET id = id + 98000000000000", "more than 100 years ahead"),
        ("INSERT INTO acts VALUES (1, 1, 'flag', 'x', '[1]', NULL)", "record of acts"),
        ("DROP TABLE acts; CREATE VIEW acts AS SELECT 1 at_ms, 1 undone_ms, 1 before", "`acts` is not a plain table"),
    ],
)
def test_a_value_that_cannot_be_is_refused_and_nothing_changes(
    computers: Computers, statement: str, reason: str
) -> None:
    copy = computers.here.root.parent / "state.db"
    with Collection(computers.there.root) as collection:
        collection.connection.execute("VACUUM INTO ?", (str(copy),))
    with sqlite3.connect(copy) as connection:
        (guard,) = connection.execute("SELECT sql FROM sqlite_master WHERE name = 'reviews_refuse_update'").fetchone()
        connection.executescript(f"DROP TRIGGER reviews_refuse_update; {statement}; {guard};")
    connection.close()
    before = computers.here.state()
    with pytest.raises(ImportInvalid, match=reason):
        computers.here.import_file(copy)
    assert computers.here.state() == before
