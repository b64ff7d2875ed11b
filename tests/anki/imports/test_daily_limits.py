"""Anki's decks keep their daily counts, though here the collection has a limit of its own."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from flashcards.collection import Collection
from flashcards.importers.transaction import ImportReport
from tests.anki.imports.home import Home
from tests.anki.imports.packages import Made, write_package
from tests.anki.imports.test_deck_options import with_decks

STOCK = {"name": "Default"}


@pytest.fixture
def package(tmp_path: Path) -> Path:
    return tmp_path / "x.apkg"


def limits(home: Home) -> dict[str, tuple[int, int]]:
    """The daily limits of every deck; the collection is ""."""
    with Collection(home.root) as collection:
        names = collection.catalog.deck_names()
        return {
            names.get(deck.id, ""): (deck.policy.new_per_day, deck.policy.reviews_per_day)
            for deck in collection.deck_policies
        }


def raised(report: ImportReport) -> list[str]:
    return [remark.message for remark in report.remarks if "raised" in remark.message]


def test_the_limit_of_the_collection_is_raised_to_the_sum_of_the_decks(home: Home, package: Path) -> None:
    decks: dict[str, dict[str, Any]] = {"A": {"conf": 1}, "A::B": {"conf": 1}, "C": {"conf": 2}}
    presets: dict[int, dict[str, Any]] = {1: STOCK, 2: {"name": "Y", "new": {"perDay": 35}, "rev": {"perDay": 90}}}
    report = home.import_file(with_decks(package, decks, presets))
    assert limits(home) == {"": (55, 290), "A": (20, 200), "A::B": (20, 200), "C": (35, 90)}
    assert raised(report) == [
        "`new_per_day` of the whole collection was raised to 55, the sum of Anki's decks.",
        "`reviews_per_day` of the whole collection was raised to 290, the sum of Anki's decks.",
    ]


def test_a_second_package_raises_it_further(home: Home, tmp_path: Path) -> None:
    presets = {1: {"name": "X", "new": {"perDay": 30}}}
    home.import_file(with_decks(tmp_path / "1.apkg", {"A": {}}, presets))
    assert limits(home)[""] == (30, 200)
    second = {1: {"name": "Z", "new": {"perDay": 25}}}
    report = home.import_file(with_decks(tmp_path / "2.apkg", {"A": {}, "B": {}}, second))
    assert (limits(home)[""], len(raised(report))) == ((55, 400), 2)
    assert (limits(home)["A"][0], limits(home)["B"][0]) == (30, 25)


def test_an_import_that_adds_nothing_raises_nothing(home: Home, package: Path) -> None:
    with_decks(package, {"A": {}, "B": {}}, {1: STOCK})
    assert raised(home.import_file(package)) != []
    assert raised(home.import_file(package)) == []


def test_one_deck_with_the_usual_options_changes_nothing(home: Home, package: Path) -> None:
    report = home.import_file(write_package(package, [Made(["a", "b"])], presets={1: STOCK}))
    assert raised(report) == []
    assert limits(home)[""] == (20, 200)


@pytest.mark.parametrize("text", ["new_per_day = 5\n"])
def test_settings_written_by_the_user_stay_and_the_report_lists_the_lines_to_add(
    home: Home, package: Path, text: str
) -> None:
    home.write("flashcards.toml", text)
    report = home.import_file(with_decks(package, {"A": {}, "B": {}}, {1: STOCK}))
    assert home.read("flashcards.toml") == text
    (said,) = [remark.message for remark in report.remarks if "You edited this file" in remark.message]
    assert "\nnew_per_day = 40\n" in said
    assert said.count("\nnew_per_day = 20\n") == 2
