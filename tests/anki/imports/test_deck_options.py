"""What is set for decks in Anki holds here, and what cannot be set here is said."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from flashcards import cli
from flashcards.collection import Collection
from scheduler import DEFAULT_PARAMETERS, Policy
from tests.anki.imports.home import Home
from tests.anki.imports.packages import CREATED, REVERSED, Made, studied, write_package

PARAMETERS = [0.5, 1, 2, 8, 6.4, 0.8, 3, 0.001, 1.8, 0.16, 0.8, 1.5, 0.06, 0.26, 1.6, 0.6, 1.9, 0.5, 0.09, 0.07, 0.15]

STOCK = {"name": "Default", "new": {"delays": [1, 10]}, "lapse": {"delays": [10]}}
"""What Anki gives every new deck."""


@pytest.fixture
def package(tmp_path: Path) -> Path:
    return tmp_path / "x.apkg"


def policy(home: Home, deck: str = "Deck") -> Policy:
    with Collection(home.root) as collection:
        collection.scan()
        return collection.policy(collection.catalog.decks()[deck])


def with_decks(package: Path, decks: dict[str, dict[str, Any]], presets: dict[int, dict[str, Any]]) -> Path:
    """A package of decks with a note each; `decks` says what their rows hold besides their names."""
    rows = {str(key): {"name": name, "conf": 1, **decks[name]} for key, name in enumerate(decks, start=5)}
    notes = [Made([name, "b"], deck=key) for key, name in enumerate(decks, start=5)]
    return write_package(package, notes, presets=presets, col={"decks": json.dumps(rows)})


@pytest.mark.parametrize(
    ("option", "setting", "expected"),
    [
        ({"ignoreRevlogsBeforeDate": "2025-03-04"}, "ignore_reviews_before", "2025-03-04"),
        ({"ignoreRevlogsBeforeDate": "1970-01-01"}, "ignore_reviews_before", ""),
        ({"easyDaysPercentages": [1, 1, 1, 1, 1, 0.5, 0]}, "easy_days", (1, 1, 1, 1, 1, 0.5, 0)),
        ({"easyDaysPercentages": []}, "easy_days", (1,) * 7),
        ({"newMix": 1}, "new_mix", "last"),
        ({"newMix": 2}, "new_mix", "first"),
        ({"reviewOrder": 1}, "review_order", "due"),
        ({"reviewOrder": 7}, "review_order", "overdue"),
        ({"reviewOrder": 8}, "review_order", "random"),
        ({"reviewOrder": 11}, "review_order", "retrievability"),
        ({"reviewOrder": 12}, "review_order", "overdue"),
        ({"newSortOrder": 4}, "new_order", "random"),
        ({"newGatherPriority": 5}, "new_order", "random"),
        ({"newSortOrder": 1, "newGatherPriority": 1}, "new_order", "deck"),
        ({"new": {"perDay": 1 << 80}}, "new_per_day", (1 << 31) - 1),
    ],
)
def test_an_option_becomes_the_setting_of_the_same_meaning(
    home: Home, package: Path, option: dict[str, Any], setting: str, expected: object
) -> None:
    home.import_file(write_package(package, [Made(["a", "b"])], presets={1: {"name": "X", **option}}))
    assert getattr(policy(home), setting) == expected


@pytest.mark.parametrize(
    ("option", "word"),
    [
        ({"reviewOrder": 4}, "longest"),
        ({"newGatherPriority": 2}, "reverse order"),
        ({"new": {"bury": True}, "rev": {"bury": False}}, "buried alike"),
        ({"lapse": {"minInt": 3}}, "3 days"),
        ({"reviewOrder": 2}, "deck by deck"),
        ({"newGatherPriority": 1}, "by position"),
        ({"newSortOrder": 2}, "by card type"),
        ({"new": {"order": 0}}, "random place"),
        ({"new": {"bury": True}, "rev": {"bury": True}}, "buried alike"),
        ({"interdayLearningMix": 1}, "interday learning/review order (after reviews)"),
        ({"maxTaken": 30, "timer": 1}, "maximum answer seconds (30), show on-screen timer (on)"),
        ({"secondsToShowAnswer": 2.5, "waitForAudio": False}, "show answer for (2.5), wait for audio (off)"),
        ({"new": {"initialFactor": 2300, "ints": [2, 4, 0]}}, "FSRS does not use: starting ease (2300), graduating"),
        ({"weightSearch": "deck:a " * 20}, "search for optimizing (deck:a deck:a"),
        ({"ofAddOn": {"a": 1}, "rev": {"also": 2}}, "left out: `ofAddOn`, `rev.also`"),
    ],
)
def test_an_option_without_a_setting_here_is_reported(
    home: Home, package: Path, option: dict[str, Any], word: str
) -> None:
    report = home.import_file(write_package(package, [Made(["a", "b"])], presets={1: {"name": "X", **option}}))
    assert [remark.message for remark in report.remarks if "`X`" in remark.message and word in remark.message]


@pytest.mark.parametrize(
    "option",
    [{}, {"new": {"separate": True, "ints": [1, 4, 7]}, "rev": {"fuzz": 0.05, "minSpace": 1}}, {"waitForAudio": False}],
)
def test_options_that_say_nothing_are_not_listed(home: Home, package: Path, option: dict[str, Any]) -> None:
    assert home.import_file(write_package(package, [Made(["a", "b"])], presets={1: STOCK | option})).remarks == []


def test_parameters_of_a_later_version_of_fsrs_are_reported_as_left_out(home: Home, package: Path) -> None:
    later = {"name": "X", "fsrsParams7": [0.5] * 34, "fsrsParams6": PARAMETERS}
    report = home.import_file(write_package(package, [Made(["a", "b"])], presets={1: later}))
    assert [remark.message for remark in report.remarks if "FSRS-7" in remark.message] == [
        "Deck options `X`: its parameters of FSRS-7 are not supported; they were left out."
    ]
    assert policy(home).parameters == pytest.approx(PARAMETERS)


def test_own_limits_of_a_deck_do_not_apply_to_its_subdecks(home: Home, package: Path) -> None:
    own = {"newLimit": 7, "reviewLimit": 0, "desiredRetention": 83}
    home.import_file(with_decks(package, {"A": own, "A::B": {"newLimit": None}}, {1: {"name": "X"}}))
    above, below = policy(home, "A"), policy(home, "A::B")
    assert (above.new_per_day, above.reviews_per_day, above.retention) == (7, 0, 0.83)
    assert (below.new_per_day, below.reviews_per_day, below.retention) == (20, 200, 0.9)


def test_a_subdeck_keeps_its_own_options(home: Home, package: Path) -> None:
    special = {"name": "Y", "fsrsParams6": PARAMETERS, "new": {"perDay": 3}, "reviewOrder": 8}
    home.import_file(with_decks(package, {"A": {"conf": 2}, "A::B": {"conf": 1}}, {1: STOCK, 2: special}))
    below = policy(home, "A::B")
    assert (below.new_per_day, below.review_order) == (20, "due")
    assert below.parameters == pytest.approx(DEFAULT_PARAMETERS)


def test_a_table_holds_only_options_that_differ(home: Home, package: Path) -> None:
    home.import_file(with_decks(package, {"A": {"newLimit": 7}}, {1: STOCK}))
    assert home.read("flashcards.toml").endswith('\n\n[decks."A"]\nnew_per_day = 7\nbury_siblings = false\n')


@pytest.mark.parametrize("options", [{"desc": "By <b>me</b><br>Q: a"}, {"desc": "By __me__\\\nQ: a", "md": True}])
def test_the_description_of_a_deck_begins_its_file(home: Home, package: Path, options: dict[str, Any]) -> None:
    with_decks(package, {"A": options}, {1: {"name": "X"}})
    assert home.import_file(package).remarks == []
    assert home.read("A.md").startswith("By **me**\\\nQ\\: a\n\nQ: ")
    report = home.import_file(package)
    assert (report.remarks, report.changes_anything) == ([], False)


def test_a_description_that_came_later_is_reported_as_left_out(home: Home, package: Path) -> None:
    home.import_file(with_decks(package, {"A": {}}, {1: {"name": "X"}}))
    report = home.import_file(with_decks(package, {"A": {"desc": "By <b>me</b>"}}, {1: {"name": "X"}}))
    assert [remark.message for remark in report.remarks] == ["The deck's description was left out: By me"]
    assert "me" not in home.read("A.md")


def test_a_description_of_a_deck_without_notes_is_reported_as_left_out(home: Home, package: Path) -> None:
    decks = {"1": {"name": "A::B", "conf": 1}, "2": {"name": "A", "conf": 1, "desc": "All of it"}}
    report = home.import_file(write_package(package, [Made(["a", "b"])], col={"decks": json.dumps(decks)}))
    assert [remark.message for remark in report.remarks] == ["The deck's description was left out: All of it"]


def test_a_description_that_looks_like_a_note_is_left_out_and_reported(home: Home, package: Path) -> None:
    described = {"A": {"desc": "Term :: definition"}}
    report = home.import_file(with_decks(package, described, {1: {"name": "X"}}))
    assert home.read("A.md") == "Q: A\nA: b\n"
    assert len(report.remarks) == 1


def test_load_balancing_stays_off_if_it_was_off_in_anki(home: Home, package: Path) -> None:
    conf = json.dumps({"creationOffset": 0, "rollover": 4, "loadBalancerEnabled": False})
    report = home.import_file(write_package(package, [studied()], presets={1: STOCK}, col={"conf": conf}))
    assert report.settings == "load_balance = false\n"
    assert not policy(home).load_balance
    assert not home.import_file(package).changes_anything


@pytest.mark.parametrize(
    ("conf", "new_limit", "words"),
    [({"rollover": 2}, None, "settings written"), ({"rollover": 2}, 7, "settings of 1 deck written")],
)
def test_the_summary_counts_the_decks_whose_settings_are_written(
    home: Home,
    package: Path,
    capsys: pytest.CaptureFixture[str],
    conf: dict[str, int],
    new_limit: int | None,
    words: str,
) -> None:
    decks = {"1": {"name": "Deck", "conf": 1, "newLimit": new_limit}}
    col = {"conf": json.dumps(conf), "decks": json.dumps(decks), "crt": CREATED}
    assert (
        cli.run(
            [
                "-C",
                str(home.root),
                "import",
                str(write_package(package, [Made(["a", "b"])], presets={1: STOCK}, col=col)),
            ]
        )
        == 0
    )
    assert f", {words}." in capsys.readouterr().out


def test_default_options_are_imported_with_both_cards_of_a_note_on_one_day(home: Home, tmp_path: Path) -> None:
    note = Made(["a", "b"], type=REVERSED, cards={0: {}, 1: {}})
    stock = {1: {"name": "Default", "new": {"delays": [1.0, 10.0], "perDay": 20}, "lapse": {"delays": [10.0]}}}
    home.import_file(write_package(tmp_path / "x.apkg", [note], presets=stock))
    assert home.read("flashcards.toml").endswith('[decks."Deck"]\nbury_siblings = false\n')
