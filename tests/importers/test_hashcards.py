"""The database of hashcards, made by hashcards itself."""

from __future__ import annotations

import json
import os
import shutil
import socket
import sqlite3
import subprocess
import time
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from flashcards.collection import Collection
from flashcards.importers.hashcards import HASHCARDS, read_hashcards_file
from flashcards.importers.hashing_programs import find_hashed_cards
from flashcards.importers.transaction import ImportInvalid
from scheduler import State
from tests.anki.imports.home import Home

DECKS = {
    "One.md": "Q: multi  \nline\nA: answer\n\nsecond\n\nQ: plain\nA: too\n",
    "Two.md": "C: Ünï [côde] with \\[esc\\] [two] and [$x$].\n\nC:\n- list [one]\n- list [two]\n",
    "Three.md": "T: Tërm\nD: Definition\nover lines\n",
}
EXAMPLE = Path(__file__).parents[2] / "../shared/real/hashcards-example"


@pytest.fixture
def hashcards() -> str:
    found = shutil.which(os.environ.get("HASHCARDS", "hashcards"))
    if found is None:
        pytest.skip("needs hashcards")
    return found


@pytest.fixture
def decks(home: Home) -> Home:
    for name, text in DECKS.items():
        home.write(name, text)
    return home


def hashes(root: Path) -> set[str]:
    with Collection(root) as collection:
        collection.scan()
        return {each.hash for each in find_hashed_cards(collection, HASHCARDS)}


def known(hashcards: str, root: Path) -> set[str]:
    out = subprocess.run([hashcards, "export", str(root)], capture_output=True, check=True).stdout
    return {card["hash"] for card in json.loads(out)["cards"]}


def test_every_card_has_the_name_that_hashcards_gives_it(hashcards: str, decks: Home) -> None:
    assert hashes(decks.root) == known(hashcards, decks.root)
    assert len(hashes(decks.root)) == 9


def test_every_card_of_the_decks_of_hashcards_itself_is_found(hashcards: str, tmp_path: Path) -> None:
    if not EXAMPLE.is_dir():
        pytest.skip("needs the decks of hashcards")
    shutil.copytree(EXAMPLE, tmp_path / "decks")
    assert hashes(tmp_path / "decks") == known(hashcards, tmp_path / "decks")


@contextmanager
def drilling(hashcards: str, root: Path) -> Iterator[str]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [
        hashcards,
        "drill",
        str(root),
        "--port",
        str(port),
        "--open-browser",
        "false",
        "--bury-siblings",
        "false",
    ]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    url = f"http://127.0.0.1:{port}/"
    try:
        for _ in range(100):
            try:
                urllib.request.urlopen(url).close()
                break
            except OSError:
                time.sleep(0.05)
        yield url
    finally:
        process.terminate()
        process.wait(10)


def post(url: str, action: str) -> None:
    urllib.request.urlopen(url, urllib.parse.urlencode({"action": action}).encode()).close()


def test_reviews_are_carried_over_once(hashcards: str, decks: Home) -> None:
    with drilling(hashcards, decks.root) as url:
        for grade in ("Good", "Forgot", "Easy", "Hard", "Good"):
            post(url, "Reveal")
            post(url, grade)
        post(url, "End")
    database = decks.root / "hashcards.db"
    dry = decks.import_file(database, dry_run=True)
    report = decks.import_file(database)
    assert (dry.reviews, report.reviews) == (5, 5)
    assert not decks.import_file(database).changes_anything
    with Collection(decks.root) as collection:
        rows = collection.connection.execute("SELECT id, state FROM cards WHERE reps > 0").fetchall()
        assert len(rows) == 5
        assert sorted(State(state) for _, state in rows) == [State.LEARNING, *[State.REVIEW] * 4]
        days = {collection.store.card(card).interval // 86_400 for card, _ in rows}
        assert days == {0, 1, 3, 16}
        assert collection.store.find_differences(lambda deck: collection.policy(deck).parameters) == []


@pytest.mark.parametrize("content", [b"", b"no database", b"SQLite format 3\0" + b"x" * 600])
def test_a_database_of_no_known_program_is_refused_with_the_names_of_all(
    home: Home, tmp_path: Path, content: bytes
) -> None:
    path = tmp_path / "hashcards.db"
    path.write_bytes(content)
    with pytest.raises(ImportInvalid, match=r"of hashcards, of repeater or of this program.*`state\.db`"):
        home.import_file(path)


def test_a_database_whose_name_is_not_utf_8_is_imported(home: Home, tmp_path: Path) -> None:
    home.write("a.md", "Q: one\nA: eins\n")
    assert (
        home.import_file(write_database(tmp_path, ["Q: one\nA: eins\n"]).rename(tmp_path / "h\udcff.db")).reviews == 1
    )


NOW = "2026-01-01T10:00:00.000"
TABLES = """
CREATE TABLE cards (card_hash text, last_reviewed_at text, stability real, difficulty real, interval_days integer,
  due_date text, review_count integer);
CREATE TABLE reviews (review_id integer primary key, card_hash text, reviewed_at text, grade text,
  interval_days integer);
"""


def write_database(folder: Path, texts: list[str]) -> Path:
    """Write a database in which every card of some deck files has one review."""
    path = folder / "hashcards.db"
    path.unlink(missing_ok=True)
    connection = sqlite3.connect(path)
    connection.executescript(TABLES)
    for number, card in enumerate(card for text in texts for card in read_hashcards_file(text)):
        connection.execute("INSERT INTO cards VALUES (?, ?, 3, 5, 3, '2026-01-04', 1)", (card.hash, NOW))
        at = f"2026-01-01T10:00:{number:02}.000"
        connection.execute("INSERT INTO reviews VALUES (NULL, ?, ?, 'good', 3)", (card.hash, at))
    connection.commit()
    connection.close()
    return path


@pytest.mark.parametrize(
    "text",
    [
        "C: [der Hund]  \n[the dog]\n\nC: [plain] gap\n",
        "C:\n[gehen]  \nto go\n",
        "C: take along [past tense]  \nsecond line\n",
        "Q:\nhard  \nbreak\nA: yes\n",
        "Q: a \\[b\\]\nA: ***\n\nC: \\[x\\] and [y]\n",
        "T: term  \nmore\nD:\n- a\n- b\n",
        "C: [one] and\n\n- two\n- ![a](b.png) [three]\n",
    ],
)
def test_every_review_finds_its_card(home: Home, text: str) -> None:
    home.write("a.md", text)
    report = home.import_file(write_database(home.root, [text]))
    assert report.remarks == []
    assert report.reviews == report.cards == len(list(read_hashcards_file(text)))
    assert not home.import_file(home.root / "hashcards.db").changes_anything


def test_an_answer_that_continues_below_a_heading_gets_its_review_and_is_reported(home: Home) -> None:
    text = "Q: cat?\nA: die Katze\n\n### Plural\n\ndie Katzen\n\n---\n\nQ: plain?\nA: yes\n"
    home.write("a.md", text)
    report = home.import_file(write_database(home.root, [text]))
    assert report.reviews == 2
    (remark,) = report.remarks
    assert remark.place == "a.md:1"
    assert "below the heading" in remark.message


def test_reviews_without_a_text_belong_to_an_orphan_until_the_text_returns(home: Home) -> None:
    old, new = "Q: gone\nA: x\n", "Q: here\nA: y\n"
    home.write("a.md", new)
    path = write_database(home.root, [old, new])
    report = home.import_file(path)
    assert report.reviews == 2
    assert "1 of 2 reviewed cards have no text" in report.remarks[0].message
    assert not home.import_file(path).changes_anything
    home.write("a.md", f"{new}\n{old}")
    home.import_file(path)
    with Collection(home.root) as collection:
        collection.scan()
        reps = {
            entry.note.fields[0]: [card.reps for card in collection.store.cards_of(entry.id)]
            for entry in collection.catalog.entries()
        }
        assert not [entry for entry in collection.catalog.entries(active=False) if entry.fingerprint]
    assert reps == {"here": [1], "gone": [1]}


def test_a_text_that_was_here_when_its_review_came_keeps_it(home: Home) -> None:
    text = "Q: gone\nA: x\n"
    home.write("a.md", f"{text}\nQ: here\nA: y\n")
    path = write_database(home.root, [text])
    home.import_file(path)
    home.write("a.md", "Q: here\nA: y\n")
    assert not home.import_file(path).changes_anything


@pytest.mark.parametrize(
    ("statement", "reason"),
    [
        ("UPDATE cards SET due_date = NULL", "in row 1 of its table `cards`, `due_date` is missing"),
        (
            "UPDATE cards SET review_count = 9007199254740992 WHERE rowid = 2",
            "in row 2 .* `review_count` cannot be 9007",
        ),
        ("UPDATE cards SET review_count = -1 WHERE rowid = 2", "in row 2 .* `review_count` cannot be -1"),
        ("UPDATE cards SET stability = 0", "`stability` cannot be 0"),
        ("UPDATE cards SET stability = 9e999", "`stability` cannot be inf"),
        ("UPDATE cards SET stability = 'NaN'", "`stability` cannot be NaN"),
        ("UPDATE cards SET difficulty = 1e308", "`difficulty` cannot be 1e[+]308"),
        ("UPDATE cards SET interval_days = ''", "`interval_days` is empty"),
        ("UPDATE cards SET due_date = '9999-12-31'", "`due_date` cannot be 9999-12-31"),
        ("UPDATE cards SET last_reviewed_at = '9999-12-31T23:59:59'", "`last_reviewed_at` cannot be 9999"),
        ("UPDATE cards SET last_reviewed_at = NULL", "`last_reviewed_at` is missing"),
        ("UPDATE cards SET card_hash = 'inf' WHERE rowid = 1", "in row 1 .* `card_hash` cannot be inf"),
        ("UPDATE reviews SET reviewed_at = '1970-01-01T00:00:00' WHERE rowid = 2", "in row 2 of its table `reviews`"),
        ("UPDATE reviews SET reviewed_at = 17 WHERE rowid = 2", "in row 2 of its table `reviews`"),
        ("UPDATE reviews SET grade = 'perfect'", "`grade` cannot be perfect"),
        ("UPDATE reviews SET grade = x'ff'", "`grade` is not text"),
        ("UPDATE reviews SET interval_days = -5", "`interval_days` cannot be -5"),
        ("UPDATE reviews SET card_hash = 'easy'", "`card_hash` cannot be easy"),
        ("DELETE FROM cards WHERE rowid = 1", "refer to a missing card"),
    ],
)
def test_an_impossible_value_is_refused_with_its_row_and_changes_nothing(
    home: Home, statement: str, reason: str
) -> None:
    text = "Q: one\nA: eins\n\nQ: two\nA: zwei\n"
    home.write("a.md", text)
    path = write_database(home.root, [text])
    with sqlite3.connect(path) as connection:
        connection.execute(statement)
    connection.close()
    before = home.state()
    with pytest.raises(ImportInvalid, match=reason):
        home.import_file(path)
    assert home.state() == before


@pytest.mark.parametrize("table", ["cards", "reviews"])
def test_a_view_that_never_ends_in_place_of_a_table_is_refused(home: Home, table: str) -> None:
    path = write_database(home.root, ["Q: one\nA: eins\n"])
    with sqlite3.connect(path) as connection:
        columns = "1 card_hash, 1 last_reviewed_at, 1 stability, 1 difficulty, 1 interval_days, 1 due_date, x count"
        connection.execute(f"DROP TABLE {table}")
        connection.execute(
            f"CREATE VIEW {table} AS WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c)"
            f" SELECT {columns}, 1 reviewed_at, 1 grade, 1 rowid FROM c"
        )
    connection.close()
    with pytest.raises(ImportInvalid, match=f"`{table}` is not a plain table"):
        home.import_file(path)
