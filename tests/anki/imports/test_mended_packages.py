"""Packages that Anki or some other program left with a flaw: what can be read of them is brought in."""

from __future__ import annotations

import re
import sqlite3
import zipfile
from pathlib import Path

import pytest

from flashcards.collection import Collection
from tests.anki.imports.home import Home
from tests.anki.imports.packages import CREATED, DAY_MS, START, Made, studied, write_package, write_zip
from tests.anki.imports.test_odd_values import with_values


def changed_by(package: Path, *statements: str, parameters: tuple[object, ...] = ()) -> Path:
    """A package after something was done to its database."""
    with zipfile.ZipFile(package) as archive:
        connection = sqlite3.connect(":memory:")
        connection.deserialize(archive.read("collection.anki2"))
    for statement in statements:
        connection.execute(statement, parameters)
    connection.commit()
    write_zip(package, {"collection.anki2": connection.serialize()}, {})
    connection.close()
    return package


def log_of(home: Home) -> list[tuple[int, int, int]]:
    """When each review was, its card's interval after it in days, and how long it took."""
    with Collection(home.root) as collection:
        collection.scan()
        (card,) = (row[0] for row in collection.connection.execute("SELECT id FROM cards"))
        return [(row.id, row.interval_after // 86_400, row.duration_ms) for row in collection.store.log(card)]


def test_notes_that_share_a_guid_of_genanki_are_all_imported(home: Home, tmp_path: Path) -> None:
    equal = [*[Made(["a", "b"], guid="g")] * 3, Made(["c", "d"], guid="g#2")]
    package = write_package(tmp_path / "x.apkg", equal)
    assert home.import_file(package).added == 4
    assert re.sub(r"<!-- id: \w+ -->\n", "", home.read("Deck.md")) == "Q: a\nA: b\n\n" * 3 + "Q: c\nA: d\n"
    assert not home.import_file(package).changes_anything


def test_many_notes_of_one_guid_have_short_ones(home: Home, tmp_path: Path) -> None:
    package = write_package(tmp_path / "x.apkg", [Made([f"q{number}", "a"]) for number in range(30)])
    changed_by(package, "UPDATE notes SET guid = ''")
    assert home.import_file(package).added == 30
    assert max(len(str(row[0])) for row in home.state()[3]) <= 3


@pytest.mark.parametrize("table", ["notes", "cards"])
def test_a_time_in_milliseconds_is_converted_to_seconds(home: Home, tmp_path: Path, table: str) -> None:
    package = write_package(tmp_path / "x.apkg", [studied()])
    assert home.import_file(with_values(package, table, {"mod": CREATED * 1000 + 1})).added == 1
    with Collection(home.root) as collection:
        times = collection.connection.execute(
            "SELECT (SELECT changed_s FROM origins), (SELECT changed_s FROM origin_cards)"
        ).fetchone()
    assert times == (CREATED, CREATED)


@pytest.mark.parametrize("changed", [(1 << 63) - 1, -(1 << 63), 1 << 50, -1, 1.5])
def test_an_impossible_time_becomes_the_nearest_possible_one(home: Home, tmp_path: Path, changed: float) -> None:
    package = with_values(write_package(tmp_path / "x.apkg", [Made(["a", "b"])]), "notes", {"mod": changed})
    assert home.import_file(package).added == 1
    assert not home.import_file(package).changes_anything


def test_a_deck_of_the_package_may_be_named_recovered(home: Home, tmp_path: Path) -> None:
    package = write_package(tmp_path / "x.apkg", [Made(["a", "b"])], decks={1: "Recovered"})
    assert [remark.message for remark in home.import_file(package).remarks] == []


def test_a_card_whose_deck_is_missing_goes_to_the_deck_recovered(home: Home, tmp_path: Path) -> None:
    package = write_package(
        tmp_path / "x.apkg", [Made(["a", "b"]), Made(["c", "d"], deck=99), Made(["e", "f"], deck=7)]
    )
    report = home.import_file(package)
    assert report.files == ["Deck.md", "Recovered.md"]
    assert [remark.message for remark in report.remarks] == [
        "2 cards whose deck is missing from the package are in the deck Recovered."
    ]


def test_surplus_fields_of_a_note_are_joined_to_its_last_one(home: Home, tmp_path: Path) -> None:
    home.import_file(write_package(tmp_path / "x.apkg", [Made(["a", "b", "c", "d"])]))
    assert home.read("Deck.md") == "Q: a\nA: b; c; d\n"


def test_fractions_that_old_versions_of_anki_left_are_dropped(home: Home, tmp_path: Path) -> None:
    package = write_package(tmp_path / "x.apkg", [studied(reviews=2)])
    with_values(package, "revlog", {"ivl": 2.0, "time": 4000.7, "factor": 2500.5}, f"id > {START}")
    with_values(package, "cards", {"due": 1200.5, "ivl": 2.0})
    home.import_file(package)
    assert log_of(home) == [(START, 1, 4000), (START + DAY_MS, 2, 4000)]


def test_a_review_of_an_impossible_time_is_left_out_and_counted(home: Home, tmp_path: Path) -> None:
    package = write_package(tmp_path / "x.apkg", [studied(reviews=2)])
    changed_by(package, f"UPDATE revlog SET id = -5 WHERE id = {START}")
    report = home.import_file(package)
    assert [remark.message for remark in report.remarks] == ["1 review has an impossible time and was left out."]
    assert START + DAY_MS in [row[0] for row in log_of(home)]


def test_two_rows_of_one_card_become_one_card_with_the_reviews_of_both(home: Home, tmp_path: Path) -> None:
    later = [(START + n * DAY_MS, 3, n, n, 2500, 4000, 1) for n in (4, 9)]
    package = write_package(tmp_path / "x.apkg", [studied(reviews=2), Made(["a", "b"], log=later)])
    note = "(SELECT min(id) FROM notes)"
    changed_by(
        package,
        f"UPDATE cards SET nid = {note}",
        "DELETE FROM notes WHERE id = (SELECT max(id) FROM notes)",
    )
    report = home.import_file(package)
    assert (report.added, report.reviews, report.remarks) == (1, 4, [])
