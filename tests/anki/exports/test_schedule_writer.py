"""What packages say of the history of cards."""

from __future__ import annotations

from pathlib import Path

from flashcards.anki.package.archive import Archive
from flashcards.anki.package.model import Package
from flashcards.anki.package.reader import read_package
from flashcards.collection import Collection
from flashcards.import_file import run
from scheduler import Rating
from tests.anki.exports.folder import Folder

START = 1_700_000_000_000
DAY_MS = 86_400_000


def read(package: Path) -> Package:
    with Archive(package) as archive:
        return read_package(archive)


def rate(folder: Folder, *ratings: Rating) -> None:
    with Collection(folder.root) as collection:
        collection.scan()
        (entry,) = collection.catalog.entries()
        (card,) = collection.store.cards_of(entry.id)
        for number, rating in enumerate(ratings):
            collection.store.rate(card.id, rating, collection.policy(card.deck), START + number * 20 * DAY_MS)


def test_the_note_of_a_leech_is_tagged_as_anki_tags_one(tmp_path: Path) -> None:
    folder = Folder(tmp_path / "decks")
    folder.write("flashcards.toml", "leech_threshold = 2\n")
    folder.write("a.md", "Q: hard?\nA: x\n<!-- tags: t -->\n")
    rate(folder, Rating.EASY, Rating.AGAIN, Rating.GOOD, Rating.AGAIN, Rating.GOOD)
    folder.export(tmp_path / "x.apkg")
    (note,) = read(tmp_path / "x.apkg").notes
    assert note.tags == ("t", "leech")
    with Collection(folder.root) as collection:
        collection.scan()
        run(collection, tmp_path / "x.apkg")
    assert "leech" not in (folder.root / "a.md").read_text(encoding="utf-8")


def test_a_note_that_becomes_another_kind_takes_its_whole_log_along_under_other_ids(tmp_path: Path) -> None:
    folder = Folder(tmp_path / "decks")
    folder.write("a.md", "Q: What is the capital of France?\nA: Paris\n<!-- id: fr -->\n")
    rate(folder, Rating.EASY, Rating.GOOD)
    folder.export(tmp_path / "1.apkg")
    folder.write("a.md", "C: The capital of France is [Paris].\n<!-- id: fr -->\n")
    folder.export(tmp_path / "2.apkg")
    folder.export(tmp_path / "3.apkg")
    logs = [sorted(row.id for rows in read(tmp_path / f"{n}.apkg").log.values() for row in rows) for n in (1, 2, 3)]
    assert len(logs[0]) == len(logs[1]) == 2
    assert not set(logs[0]) & set(logs[1])
    assert logs[1] == logs[2]
    with Collection(folder.root) as collection:
        collection.scan()
        assert run(collection, tmp_path / "2.apkg").reviews == 0
