"""Any log, of hashcards, in CSV or of another computer, is imported or refused, and the state follows from its log.

Run for longer with `make fuzz`.
"""

from __future__ import annotations

import csv
import random
import shutil
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import pytest

from flashcards.cli import run as run_command
from flashcards.collection import Collection
from flashcards.import_file import run
from flashcards.importers.hashcards import read_hashcards_file
from flashcards.importers.transaction import ImportInvalid
from scheduler import Rating
from scheduler.backup_files import find_damage, write_sum
from tests.fuzz.inputs import INPUTS, SEED, bounded, read_pieces

DECK = "".join(f"Q: q{n}\nA: a{n}\n\n" for n in range(8)) + "C: [one] and [two]\n"
HASHES = [card.hash for card in read_hashcards_file(DECK)]
COUNT = max(10, min(5_000, INPUTS // 30))
READERS = (["list", "--json"], ["due", "--json"], ["stats", "--json"], ["forecast", "--json"], ["doctor", "--json"])
ODD: list[Any] = [
    None,
    -1,
    1 << 53,
    (1 << 63) - 1,
    -(1 << 63),
    1e308,
    1e-320,
    9e999,
    0.5,
    b"\xff",
    *read_pieces("values"),
]


def day(number: int) -> str:
    return f"2026-{1 + number % 6:02}-{1 + number % 28:02}"


def make_database(path: Path, source: random.Random) -> None:
    """Write a database of hashcards in which some values are odd."""

    rate = source.choice((0, 0.002, 0.02))

    def odd(value: Any) -> Any:
        return source.choice(ODD) if source.random() < rate else value

    connection = sqlite3.connect(path)
    connection.execute(
        "CREATE TABLE cards (card_hash text primary key, added_at, last_reviewed_at, stability, difficulty,"
        " interval_raw, interval_days, due_date, review_count)"
    )
    connection.execute(
        "CREATE TABLE reviews (review_id integer primary key, session_id, card_hash, reviewed_at, grade, stability,"
        " difficulty, interval_raw, interval_days, due_date)"
    )
    for number, name in enumerate(HASHES):
        count = source.randrange(4)
        state = (f"{day(number)}T10:00:00.5", 3.5, 5.0, 3.2, 3, day(number + 3), count) if count else (None,) * 6 + (0,)
        row = [odd(value) for value in (name, "2026-01-01T00:00:00", *state)]
        connection.execute(f"INSERT OR REPLACE INTO cards VALUES ({','.join('?' * len(row))})", row)
        for review in range(count):
            grade = source.choice(["forgot", "hard", "good", "easy"])
            values = (1, name, f"{day(review * 9)}T10:00:{number:02}.25", grade, 1.0, 5.0, 1.0, review, "2026-03-01")
            connection.execute(
                f"INSERT INTO reviews VALUES (NULL, {','.join('?' * 9)})", [odd(value) for value in values]
            )
    connection.commit()
    connection.close()
    if source.random() < 0.2:
        damage(path, source)


def damage(path: Path, source: random.Random) -> None:
    data = bytearray(path.read_bytes())
    for _ in range(source.randrange(1, 20)):
        data[source.randrange(len(data))] = source.randrange(256)
    path.write_bytes(data[: source.randrange(len(data))] if source.random() < 0.2 else data)


def make_log(path: Path, source: random.Random) -> None:
    """Write a CSV log in which some values are odd."""

    rate = source.choice((0, 0.005, 0.03))

    def odd(value: Any) -> Any:
        return str(source.choice(ODD)) if source.random() < rate else value

    with path.open("w", encoding="utf-8", errors="replace", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(map(odd, ("card", "rating", "time", "duration")))
        for _ in range(source.randrange(20)):
            at = source.choice(
                (str(1_700_000_000 + source.randrange(9_000_000)), f"{day(source.randrange(99))}T10:00:00")
            )
            writer.writerow(
                map(odd, (f"a.md:{1 + 3 * source.randrange(9)}", source.choice("1234"), at, source.randrange(9_000)))
            )
    if source.random() < 0.1:
        damage(path, source)


def make_state(path: Path, source: random.Random, template: Path) -> None:
    """Write the state of another computer in which some values are odd."""
    with Collection(template) as collection, closing(sqlite3.connect(path)) as copy:
        collection.connection.backup(copy)
        for name in ("reviews_refuse_update", "reviews_refuse_delete"):
            copy.execute(f"DROP TRIGGER {name}")
        copy.execute("INSERT INTO acts (at_ms, kind, summary, before) VALUES (1, 'flag', 'x', '{\"cards\": [[1, 0]]}')")
        for _ in range(source.randrange(3)):
            table = source.choice(("cards", "reviews", "notes", "acts"))
            column = source.choice([row[1] for row in copy.execute(f"PRAGMA table_info({table})")])
            with suppress(sqlite3.Error):
                copy.execute(f"UPDATE {table} SET {column} = ? WHERE rowid % 3 = 1", (source.choice(ODD),))
        write_sum(copy)
        copy.commit()
    if source.random() < 0.2:
        damage(path, source)


def tables(root: Path) -> list[Sequence[Any]]:
    with Collection(root) as collection:
        return [
            collection.connection.execute(f"SELECT * FROM {name}").fetchall() for name in ("cards", "reviews", "notes")
        ]


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("template")
    (root / "a.md").write_text(DECK)
    with Collection(root) as collection:
        collection.scan()
        for card in collection.connection.execute("SELECT id FROM cards LIMIT 3").fetchall():
            collection.store.rate(card[0], Rating.GOOD, collection.policy(1), 1_790_000_000_000, 900)
    return root


def sources(kind: str) -> Iterator[random.Random]:
    for number in range(COUNT):
        yield random.Random(f"{SEED}/{kind}/{number}")


@pytest.mark.parametrize("kind", ["hashcards.db", "log.csv", "state.db"])
def test_any_log_is_imported_or_refused(
    kind: str, template: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = tables(template)
    imported = 0
    for number, source in enumerate(bounded(sources(kind))):
        root, path = tmp_path / "home", tmp_path / kind
        shutil.copytree(template, root)
        if kind == "state.db":
            make_state(path, source, template)
        else:
            (make_database if path.suffix == ".db" else make_log)(path, source)
        try:
            with Collection(root) as collection:
                run(collection, path)
                assert collection.store.find_differences(lambda deck: collection.policy(deck).parameters) == [], number
                assert not find_damage(collection.connection), number
            imported += 1
            if imported % 20 == 1:
                for words in READERS:
                    assert run_command(["-C", str(root), *words]) == 0, (number, words, capsys.readouterr().err)
                capsys.readouterr()
        except ImportInvalid as error:
            assert "\n" not in str(error), number
            assert tables(root) == before, number
        shutil.rmtree(root)
        path.unlink()
    assert imported
    assert imported < COUNT or COUNT < 100  # in a short run, all may be accepted
