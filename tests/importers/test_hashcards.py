"""The database of hashcards, made by hashcards itself."""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
import time
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from flashcards.collection import Collection
from flashcards.importers.hashcards import hash_cards
from flashcards.importers.report import ImportInvalid
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
    found = shutil.which("hashcards")
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
        return {name for entry in collection.catalog.entries() for _, name in hash_cards(entry.note)}


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
        assert collection.store.rebuild(lambda deck: collection.policy(deck).parameters) == []


@pytest.mark.parametrize("content", [b"", b"no database", b"SQLite format 3\0" + b"x" * 600])
def test_what_is_no_database_of_hashcards_is_refused(home: Home, tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "hashcards.db"
    path.write_bytes(content)
    with pytest.raises(ImportInvalid, match="not a hashcards database"):
        home.import_file(path)
