"""The shapes of `--json`, key by key."""

from __future__ import annotations

import json
from datetime import datetime
from typing import TYPE_CHECKING, Any

import pytest

from tests.cli.runner import CARD_KEYS, Runner, question

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.fixture
def deck(cli: Runner) -> Runner:
    cli.write(
        "a/b.md",
        "---\ntags: [exam]\n---\n# Top\n\n## Below\n\n",
        "Q: What is **this**?\nA: An answer.\n<!-- tags: hard -->\n\n",
        "C: Speech is [produced] in {brackets}.\n\n",
    )
    return cli


def moment(text: str) -> datetime:
    found = datetime.fromisoformat(text)
    assert found.utcoffset() is not None
    return found


def test_list_prints_a_new_card(deck: Runner) -> None:
    card = deck.card("kind:question")
    assert list(card) == CARD_KEYS
    assert card == card | {
        "id": f"{card['note']}.forward",
        "slot": "forward",
        "kind": "question",
        "deck": "a::b",
        "file": "a/b.md",
        "line": 8,
        "breadcrumb": ["Top", "Below"],
        "tags": ["exam", "hard"],
        "front": "What is **this**?",
        "back": "An answer.",
        "state": "new",
        "suspended": False,
        "reps": 0,
        "lapses": 0,
    }
    assert [card[name] for name in ("due", "stability", "difficulty", "retrievability", "last_review")] == [None] * 5


def test_list_prints_the_gap_of_a_cloze_as_it_is_asked(deck: Runner) -> None:
    card = deck.card("kind:cloze")
    assert (card["slot"], card["kind"]) == ("c1", "cloze")
    assert card["front"] == "Speech is […] in {brackets}."
    assert card["back"] == "Speech is produced in {brackets}."


def test_list_prints_a_reviewed_card(deck: Runner) -> None:
    deck("answer", deck.card("kind:question")["id"], "easy")
    card = deck.card("kind:question")
    assert list(card) == CARD_KEYS
    assert card["state"] == "review"
    assert (card["reps"], card["lapses"]) == (1, 0)
    assert moment(card["due"]) > moment(card["last_review"])
    assert card["stability"] > 0
    assert 1 <= card["difficulty"] <= 10
    assert card["retrievability"] == 1.0


def test_list_prints_nothing_at_all_where_nothing_is_found(deck: Runner) -> None:
    assert deck("list", "--json", "tag:nowhere") == (0, "", "")


def test_list_keeps_letters_as_they_are(cli: Runner) -> None:
    cli.write("é.md", question("Schön 日本 🎈"))
    assert "Schön 日本 🎈" in cli("list", "--json").out


def test_show_prints_the_card_and_its_reviews(deck: Runner) -> None:
    name = deck.card("kind:question")["id"]
    deck("answer", name, "good", "--duration", "2.5")
    card = deck("show", name, "--json").json
    assert list(card) == [*CARD_KEYS, "reviews", "points"]
    (review,) = card["reviews"]
    assert list(review) == [
        *("at", "kind", "rating", "duration_ms", "state_before", "state", "interval", "stability", "difficulty")
    ]
    assert review == review | {
        "kind": "rating",
        "rating": "good",
        "duration_ms": 2500,
        "state_before": "new",
        "state": "learning",
        "interval": 600,
    }
    assert moment(review["at"]).replace(microsecond=0) == moment(card["last_review"])


def test_due_prints_totals_and_decks(deck: Runner) -> None:
    deck.write("c.md", question("c"))
    found = deck("due", "--json").json
    assert found == {
        "total": {"new": 3, "learning": 0, "review": 0},
        "decks": [
            {"deck": "a::b", "new": 2, "learning": 0, "review": 0},
            {"deck": "c", "new": 1, "learning": 0, "review": 0},
        ],
    }
    assert list(found) == ["total", "decks"]
    assert [list(each) for each in found["decks"]] == [["deck", "new", "learning", "review"]] * 2


def test_due_prints_the_same_json_shape_if_nothing_is_due(cli: Runner) -> None:
    assert cli("due", "--json").json == {"total": {"new": 0, "learning": 0, "review": 0}, "decks": []}


def test_scan_prints_what_changed(cli: Runner) -> None:
    keys = ["files", "notes", "cards", "added", "edited", "moved", "removed", "returned", "ambiguous"]
    keys += ["replaced", "problems"]
    cli.write("a.md", question("one", comment="<!-- id: p1 -->"), question("two"), question("three"))
    first = cli("scan", "--json").json
    assert list(first) == keys
    assert (first["files"], first["notes"], first["cards"], first["problems"]) == (1, 3, 3, 0)
    assert [list(each) for each in first["added"]] == [["note", "file", "line"]] * 3
    assert first["added"][0] == {"note": "p1", "file": "a.md", "line": 1}
    cli.write("a.md", question("edited", comment="<!-- id: p1 -->"), "Q: without an answer\n")
    cli.write("b.md", question("two"))
    second = cli("scan", "--json").json
    assert list(second) == keys
    assert second["edited"] == [
        {
            "note": "p1",
            "file": "a.md",
            "line": 1,
            "rule": "pin",
            "score": 1.0,
            "before": "one\nanswer",
            "after": "edited\nanswer",
        }
    ]
    assert list(second["edited"][0]) == ["note", "file", "line", "rule", "score", "before", "after"]
    assert [(each["file"], each["line"]) for each in second["moved"]] == [("b.md", 1)]
    assert [(each["file"], each["line"]) for each in second["removed"]] == [("a.md", 8)]
    assert (second["added"], second["returned"], second["problems"]) == ([], [], 1)
    cli.write("b.md", question("two"), question("three"))
    third = cli("scan", "--json").json
    assert [list(each) for each in third["returned"]] == [["note", "file", "line", "rule", "score", "before", "after"]]
    assert third["returned"][0]["rule"] == "same text"
    assert [(each["file"], each["line"]) for each in third["returned"]] == [("b.md", 4)]


def test_answer_prints_the_card_and_its_next_intervals(deck: Runner) -> None:
    card = deck("answer", deck.card("kind:question")["id"], "good", "--json").json
    assert list(card) == [*CARD_KEYS, "intervals"]
    assert list(card["intervals"]) == ["again", "hard", "good", "easy"]
    assert (card["state"], card["reps"]) == ("learning", 1)
    assert (card["intervals"]["again"], card["intervals"]["hard"]) == (60, 600)
    assert all(isinstance(seconds, int) for seconds in card["intervals"].values())
    assert card["intervals"]["good"] % 86_400 == 0
    assert card["intervals"]["easy"] > card["intervals"]["good"]


def test_answer_announces_the_interval_that_the_card_gets(deck: Runner) -> None:
    name = deck.card("kind:question")["id"]
    before = deck("answer", name, "good", "--json").json
    after = deck("answer", name, "easy", "--json").json
    assert deck("show", name, "--json").json["reviews"][-1]["interval"] == before["intervals"]["easy"]
    assert after["reps"] == 2


def test_undo_prints_the_card(deck: Runner) -> None:
    name = deck.card("kind:question")["id"]
    deck("answer", name, "good")
    card = deck("undo", "--json").json
    assert list(card) == CARD_KEYS
    assert (card["id"], card["state"], card["reps"]) == (name, "new", 0)


def test_check_prints_one_problem_a_line(deck: Runner) -> None:
    deck.write("bad.md", "Q: one\n\nQ: two\n\n")
    found = deck("check", "--json", code=1)
    assert found.err == ""
    assert [list(each) for each in found.lines] == [["file", "line", "code", "message", "hint"]] * 2
    assert found.lines[0] == {
        "file": "bad.md",
        "line": 1,
        "code": "question-without-answer",
        "message": "`Q:` without `A:`.",
        "hint": "Write `A:` below it, or `\\Q:` if it is text.",
    }


def test_check_prints_nothing_without_problems(deck: Runner) -> None:
    assert deck("check", "--json") == (0, "", "")


def test_orphans_prints_one_note_a_line(cli: Runner) -> None:
    cli.write("a.md", "T: term\nD: definition\n")
    cli("answer", cli.ids()[0], "good")
    cli.write("a.md", "")
    (orphan,) = cli("orphans", "--json").lines
    assert list(orphan) == ["note", "file", "line", "deck", "text", "cards", "reviews"]
    assert orphan == orphan | {
        "file": "a.md",
        "line": 1,
        "deck": "a",
        "text": "term\ndefinition",
        "cards": ["forward", "reverse"],
        "reviews": 1,
    }


@pytest.mark.parametrize("act", [["suspend"], ["unsuspend"], ["bury"], ["unbury"], ["forget"], ["flag", "1"]])
def test_an_act_prints_how_many_cards_it_found_and_changed(deck: Runner, act: list[str]) -> None:
    found = deck(*act, "--json", "kind:question").json
    assert list(found) == ["found", "changed"]
    assert found == {"found": 1, "changed": int(act[0] in ("suspend", "bury", "flag"))}


def test_doctor_prints_one_object(deck: Runner) -> None:
    found = deck("doctor", "--json").json
    assert list(found) == ["database", "damage", "reviews", "differences", "rebuilt"]
    assert (found["damage"], found["reviews"], found["differences"], found["rebuilt"]) == ([], 0, [], False)


def test_the_list_of_backups_prints_one_object_a_line(deck: Runner) -> None:
    assert deck("backup", "--list", "--json") == (0, "", "")
    deck("scan")
    deck("backup")
    (found,) = deck("backup", "--list", "--json").lines
    assert list(found) == ["file", "bytes"]
    assert found["bytes"] > 0


def as_object(text: str) -> Any:
    return json.loads(text)


def as_lines(text: str) -> Any:
    return [json.loads(line) for line in text.splitlines()]


@pytest.mark.parametrize(
    ("arguments", "read"),
    [
        (["list"], as_lines),
        (["due"], as_object),
        (["scan"], as_object),
        (["check"], as_lines),
        (["orphans"], as_lines),
        (["doctor"], as_object),
    ],
)
def test_standard_output_holds_only_json_even_with_a_warning(
    cli: Runner, arguments: list[str], read: Callable[[str], Any]
) -> None:
    (cli.root / "loop.md").symlink_to("loop.md")
    cli.write("a.md", question("one"), "Q: without an answer\n")
    read(cli(*arguments, "--json", code=None).out)
