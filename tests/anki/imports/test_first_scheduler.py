"""Histories that Anki's first scheduler wrote, which had no Hard while a card goes through steps."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import pytest

from flashcards.collection import Collection
from scheduler.model import Rating, ReviewKind, State
from tests.anki.imports.home import Home
from tests.anki.imports.packages import DAY_MS, START, Made, write_package, write_zip

LOG = (
    (START, 2, -600, -60, 0, 900, 0),
    (START + 700_000, 3, 4, -600, 2500, 900, 0),
    (START + 4 * DAY_MS, 2, 5, 4, 2350, 900, 1),
    (START + 9 * DAY_MS, 1, -600, 5, 2150, 900, 1),
    (START + 9 * DAY_MS + 700_000, 2, 1, -600, 2150, 900, 2),
)
RELEARNING = {"type": 2, "queue": 1, "ivl": 1, "due": START // 1000 + 900_000, "reps": 5, "lapses": 1, "left": 1001}


def ratings(home: Home) -> list[Rating | None]:
    with Collection(home.root) as collection:
        collection.scan()
        (card,) = (row[0] for row in collection.connection.execute("SELECT id FROM cards"))
        return [row.rating for row in collection.store.log(card) if row.kind is ReviewKind.RATING]


@pytest.mark.parametrize("conf", [{"schedVer": 1}, {}])
def test_ratings_2_and_3_of_the_first_schedulers_steps_are_good_and_easy(
    home: Home, tmp_path: Path, conf: dict[str, int]
) -> None:
    note = Made(["a", "b"], cards={0: {"type": 2, "queue": 2, "ivl": 1, "due": 1200, "reps": 5}}, log=LOG)
    home.import_file(write_package(tmp_path / "x.apkg", [note], col={"conf": json.dumps(conf)}))
    assert ratings(home) == [Rating.GOOD, Rating.EASY, Rating.HARD, Rating.AGAIN, Rating.GOOD]


def test_ratings_of_later_schedulers_stay_as_they_are(home: Home, tmp_path: Path) -> None:
    note = Made(["a", "b"], cards={0: {"type": 2, "queue": 2, "ivl": 1, "due": 1200, "reps": 5}}, log=LOG)
    home.import_file(write_package(tmp_path / "x.apkg", [note]))
    assert ratings(home) == [Rating.HARD, Rating.GOOD, Rating.HARD, Rating.AGAIN, Rating.HARD]


def test_a_package_of_version_2_always_uses_the_second_scheduler(home: Home, tmp_path: Path) -> None:
    # So does every deck package of Anki 2.1 before 2.1.45: its configuration is that of a new collection.
    note = Made(["a", "b"], cards={0: {"type": 2, "queue": 2, "ivl": 1, "due": 1200, "reps": 5}}, log=LOG)
    package = write_package(tmp_path / "x.apkg", [note], col={"conf": '{"schedVer": 1}'})
    with zipfile.ZipFile(package) as archive:
        collection = archive.read("collection.anki2")
    write_zip(package, {"collection.anki2": b"for old versions", "collection.anki21": collection}, {})
    home.import_file(package)
    assert ratings(home)[0] is Rating.HARD


def test_a_log_with_a_fourth_button_in_steps_is_from_a_later_scheduler(home: Home, tmp_path: Path) -> None:
    log = (*LOG, (START + 20 * DAY_MS, 4, 3, -600, 2500, 900, 2))
    note = Made(["a", "b"], cards={0: {"type": 2, "queue": 2, "ivl": 3, "due": 1200, "reps": 6}}, log=log)
    home.import_file(write_package(tmp_path / "x.apkg", [note], col={"conf": '{"schedVer": 1}'}))
    assert ratings(home)[0] is Rating.HARD


def test_a_forgotten_card_is_relearnt_even_if_its_type_says_review(home: Home, tmp_path: Path) -> None:
    note = Made(["a", "b"], cards={0: RELEARNING}, log=LOG[:4])
    home.import_file(write_package(tmp_path / "x.apkg", [note], col={"conf": '{"schedVer": 1}'}))
    with Collection(home.root) as collection:
        collection.scan()
        (number,) = (row[0] for row in collection.connection.execute("SELECT id FROM cards"))
        card = collection.store.card(number)
    assert (card.state, card.due_ms) == (State.RELEARNING, RELEARNING["due"] * 1000)


def test_ratings_stay_as_they_are_if_every_card_is_new(home: Home, tmp_path: Path) -> None:
    # Anki does not convert such packages, either; other programs write them, whose ratings mean what they say.
    home.import_file(write_package(tmp_path / "x.apkg", [Made(["a", "b"], log=LOG)], col={"conf": "{}"}))
    assert ratings(home) == [Rating.HARD, Rating.GOOD, Rating.HARD, Rating.AGAIN, Rating.HARD]
