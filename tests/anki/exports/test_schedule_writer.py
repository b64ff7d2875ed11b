"""What packages say of the history of cards."""

from __future__ import annotations

import json
from pathlib import Path

from flashcards.anki.package.archive import Archive
from flashcards.anki.package.model import AnkiCard, Package
from flashcards.anki.package.reader import read_package
from flashcards.collection import Collection
from flashcards.import_file import run
from scheduler import Rating
from tests.anki.exports.folder import Folder
from tests.anki.imports.packages import Made, studied, write_package

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


def test_new_cards_that_were_reviewed_before_keep_their_log(tmp_path: Path) -> None:
    folder = Folder(tmp_path / "decks")
    forgotten = Made(["a", "b"], log=studied(3).log)
    with Collection(folder.root) as collection:
        collection.scan()
        run(collection, write_package(tmp_path / "x.apkg", [forgotten]))
    folder.export(tmp_path / "back.apkg")
    before, after = (
        [row[2:] for rows in read(tmp_path / name).log.values() for row in rows] for name in ("x.apkg", "back.apkg")
    )
    assert before == after


def test_a_note_that_changes_its_kind_keeps_its_log_under_other_ids(tmp_path: Path) -> None:
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


def test_rows_from_anki_go_back_as_they_came(tmp_path: Path) -> None:
    rows = (
        ((1, 1, -600), (1, 30, 2), (1, 40, 30)),  # the log begins with a card under review
        ((0, -86_460, -120), (3, 5, -86_460), (1, 9, 5)),  # a step of a day and a minute, an answer in a filtered deck
        ((0, -600, -60), (1, 4, -600), (3, 10, 4)),  # a filtered deck, on the card's day
        ((0, -172_800, -60), (0, -86_400, -172_800), (0, 3, -86_400)),  # steps of days in Anki's second scheduler
        ((0, 2, -60), (0, 1, 2), (0, 3, 1)),  # and in the third one
        ((0, -600, -60), (1, 30, -600), (1, 10, 30)),  # before its day, by an Anki that had not noted that yet
    )
    notes = [
        Made(
            [f"a{number}", "b"],
            cards={0: {"type": 2, "queue": 2, "ivl": 10, "due": 9_999, "reps": 3}},
            log=[
                (START + number + place * 2 * DAY_MS, 3, interval, last, 2_500 - place * 150, 900, type_)
                for place, (type_, interval, last) in enumerate(history)
            ],
        )
        for number, history in enumerate(rows)
    ]
    package = write_package(tmp_path / "x.apkg", notes)
    folder = Folder(tmp_path / "decks")
    with Collection(folder.root) as collection:
        collection.scan()
        run(collection, package)
    folder.export(tmp_path / "y.apkg")
    there, back = (
        sorted((row[0], *row[2:]) for rows in read(path).log.values() for row in rows)
        for path in (package, tmp_path / "y.apkg")
    )
    assert back == there


def go_back(tmp_path: Path, made: Made) -> AnkiCard:
    """The card of a note that came from a package and goes into the next one."""
    folder = Folder(tmp_path / "decks")
    write_package(tmp_path / "in.apkg", [made])
    with Collection(folder.root) as collection:
        collection.scan()
        run(collection, tmp_path / "in.apkg")
    folder.export(tmp_path / "out.apkg")
    (card,) = read(tmp_path / "out.apkg").all_cards()
    return card


def test_ease_and_the_data_of_add_ons_go_back_with_their_card(tmp_path: Path) -> None:
    own = '"s":30,"d":5,"dr":0.9,"decay":0.2,"lrt":1600172800'
    there = f'{{"pos":3,{own},"cd":"{{\\"v\\":\\"é\\"}}","x":[1]}}'
    card = go_back(tmp_path, studied(factor=1950, data=there))
    assert card.factor == 1950
    assert {"cd": '{"v":"é"}', "x": [1]}.items() <= json.loads(card.data).items()
    assert json.loads(card.data)["s"] != 30


def test_the_data_of_a_new_card_goes_back_unless_it_is_not_json(tmp_path: Path) -> None:
    assert go_back(tmp_path, Made(["a", "b"], cards={0: {"flags": 1, "data": '{"cd":"{}"}'}})).data == '{"cd":"{}"}'
    (tmp_path / "other").mkdir()
    assert go_back(tmp_path / "other", Made(["a", "b"], cards={0: {"flags": 1, "data": '{"x":NaN}'}})).data == ""


def test_a_card_without_a_log_keeps_the_time_of_its_last_review(tmp_path: Path) -> None:
    there = {"type": 2, "queue": 2, "ivl": 30, "due": 1_200, "reps": 4, "mod": 1_600_900_000}
    card = go_back(tmp_path, Made(["a", "b"], cards={0: there | {"data": '{"s":30,"d":5,"lrt":1600172800}'}}))
    assert json.loads(card.data)["s"] == 30
    assert abs(json.loads(card.data)["lrt"] - 1_600_172_800) < 86_400
