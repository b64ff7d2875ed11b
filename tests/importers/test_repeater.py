"""Databases of repeater: the state of each card comes to the card here that has its text."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
from blake3 import blake3

from flashcards.collection import Collection
from flashcards.importers.repeater import read_repeater_file
from flashcards.importers.transaction import ImportInvalid
from scheduler.model import State
from tests.anki.imports.home import Home

DECK = """# Notes

Q: What is  X?
A: It is *Y*,
   over lines.

C: The [first] and
the [second].
---
prose
"""
HASHES = [
    "q: what is x? a: it is *y*, over lines.",
    "c: the [first] and the [second].",
    "c: the [first] and the [second].\0cloze1",
]
TABLE = """
CREATE TABLE cards (card_hash TEXT PRIMARY KEY, added_at TEXT NOT NULL, last_reviewed_at TEXT, stability REAL,
  difficulty REAL, interval_raw REAL, interval_days INTEGER, due_date TEXT, review_count INTEGER NOT NULL) STRICT;
CREATE TABLE version_update (id INTEGER PRIMARY KEY);
"""
AT, DUE = "2026-01-01T10:00:00.123456789+00:00", "2026-01-11T10:00:00.123456789+00:00"
STUDIED = (AT, 12.5, 4.25, 10.2, 10, DUE, 4)
NEW = (None, None, None, None, 0, None, 0)


def hash_text(text: str) -> str:
    return str(blake3(text.encode()).hexdigest())


def write_database(folder: Path, cards: dict[str, tuple[object, ...]]) -> Path:
    path = folder / "cards.db"
    connection = sqlite3.connect(path)
    connection.executescript(TABLE)
    for text, values in cards.items():
        row = (hash_text(text), AT, *values)
        connection.execute("INSERT INTO cards VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", row)
    connection.commit()
    connection.close()
    return path


@pytest.fixture
def home(home: Home) -> Home:
    home.write("a.md", DECK)
    return home


def test_cards_have_the_hashes_that_repeater_gives_them() -> None:
    assert [card.hash for card in read_repeater_file(DECK)] == [hash_text(text) for text in HASHES]


@pytest.mark.parametrize(
    "other", ["Q: WHAT is x?\nA: It is *y*,\tover lines.", "Q:  what is x?\r\nA: it is *y*, over lines.\n\n"]
)
def test_case_and_white_space_change_no_hash(other: str) -> None:
    assert [card.hash for card in read_repeater_file(other)] == [hash_text(HASHES[0])]


def test_unclosed_brackets_are_searched_in_linear_time() -> None:
    """Quadratic time would be minutes."""
    assert [card.text for card in read_repeater_file(f"C: [a] {'[' * 200_000}")] == ["a"]


@pytest.mark.parametrize("text", ["", "prose\n", "Q: only a question\n", "C: no gap\n", "A: only an answer\n"])
def test_a_note_that_is_no_card_in_repeater_has_no_hash(text: str) -> None:
    assert list(read_repeater_file(text)) == []


def test_every_card_gets_its_state_in_repeater(home: Home, tmp_path: Path) -> None:
    path = write_database(tmp_path, {HASHES[0]: STUDIED, HASHES[1]: NEW, HASHES[2]: STUDIED})
    assert home.import_file(path, dry_run=True).cards == 2
    assert home.import_file(path).cards == 2
    assert not home.import_file(path).changes_anything
    with Collection(home.root) as collection:
        collection.scan()
        cards = {
            (entry.note.kind.value, card.slot): card
            for entry in collection.catalog.entries()
            for card in collection.store.cards_of(entry.id)
        }
        assert sorted(slot for (_, slot), card in cards.items() if card.state is State.REVIEW) == ["c2", "forward"]
        (card,) = [card for (_, slot), card in cards.items() if slot == "forward"]
        assert (card.interval // 86_400, card.reps, card.stability, card.difficulty) == (10, 4, 12.5, 4.25)
        assert card.due_day == collection.clock.day(1_768_125_600_123)
        assert collection.store.find_differences(lambda deck: collection.policy(deck).parameters) == []


def test_a_card_in_steps_is_due_at_its_instant(home: Home, tmp_path: Path) -> None:
    in_steps = (AT, None, None, 0.00694, 0, "2026-01-01T10:10:00.123+00:00", 1)
    home.import_file(write_database(tmp_path, {HASHES[0]: in_steps}))
    with Collection(home.root) as collection:
        (row,) = collection.connection.execute("SELECT state, due_ms, interval FROM cards WHERE reps = 1")
    assert tuple(row) == (State.LEARNING, 1_767_262_200_123, 600)


def test_reviews_without_a_text_belong_to_an_orphan_until_the_text_returns(home: Home, tmp_path: Path) -> None:
    path = write_database(tmp_path, {"q: gone? a: yes": STUDIED})
    report = home.import_file(path)
    assert "1 of 1 reviewed cards have no text" in report.remarks[0].message
    assert not home.import_file(path).changes_anything
    home.write("b.md", "Q: Gone?\nA: yes\n")
    assert home.import_file(path).cards == 1
    with Collection(home.root) as collection:
        rows = collection.connection.execute(
            "SELECT c.interval FROM cards c JOIN notes n ON n.id = c.note WHERE n.active = 1 AND c.reps = 4"
        ).fetchall()
    assert [tuple(row) for row in rows] == [(10 * 86_400,)]


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ((AT, "x", 4.0, 1.0, 1, DUE, 1), "`stability`"),
        ((AT, 1.0, 4.0, 1.0, -1, DUE, 1), "`interval_days` cannot be -1"),
        ((AT, 1.0, 4.0, 1.0, 1, None, 1), "`due_date` is missing"),
        ((AT, 1.0, None, 1.0, 1, DUE, 1), "`difficulty` is missing"),
    ],
)
def test_a_value_that_cannot_be_is_refused(home: Home, tmp_path: Path, values: tuple[object, ...], reason: str) -> None:
    path = tmp_path / "cards.db"
    connection = sqlite3.connect(path)
    connection.executescript(TABLE.replace("STRICT", ""))
    row = (hash_text(HASHES[0]), AT, *values)
    connection.execute("INSERT INTO cards VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", row)
    connection.commit()
    connection.close()
    with pytest.raises(ImportInvalid, match=reason):
        home.import_file(path)


LOG = """
CREATE TABLE drill_reviews (review_id TEXT PRIMARY KEY, session_id TEXT, card_hash TEXT NOT NULL, state TEXT NOT NULL,
  review_result TEXT, marked_at TEXT, interval_raw REAL, interval_days INTEGER, due_at TEXT,
  resulting_review_count INTEGER) STRICT;
"""


@pytest.mark.parametrize("last", [AT, "2025-12-30T10:00:00+00:00"])
def test_the_reviews_that_repeater_keeps_are_imported_and_its_state_counts(
    home: Home, tmp_path: Path, last: str
) -> None:
    path = write_database(tmp_path, {HASHES[0]: STUDIED})
    with sqlite3.connect(path) as connection:
        connection.executescript(LOG)
        rows = [
            ("1", "marked", "fail", "2025-12-20T10:00:00+00:00", 0, 3),
            ("2", "marked", "pass", last, 10, 4),
            ("3", "revealed", None, None, None, None),
        ]
        connection.executemany(
            f"INSERT INTO drill_reviews VALUES (?, 's', '{hash_text(HASHES[0])}', ?, ?, ?, NULL, ?, NULL, ?)", rows
        )
    connection.close()
    assert home.import_file(path).reviews == 2
    with Collection(home.root) as collection:
        ((card,),) = collection.connection.execute("SELECT DISTINCT card FROM reviews")
        found = collection.store.card(card)
        assert (found.state, found.reps, found.interval, found.stability) == (State.REVIEW, 4, 10 * 86_400, 12.5)
        assert found.due_day == collection.clock.day(1_768_125_600_000)
        rated = [row.rating for row in collection.store.log(card) if row.rating]
        assert rated == [1, 3]
        assert collection.store.find_differences(lambda deck: collection.policy(deck).parameters) == []
    assert not home.import_file(path).changes_anything
