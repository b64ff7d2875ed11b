"""`pin` writes a note's id into its file."""

from __future__ import annotations

import pytest

from tests.cli.runner import Runner, question


def test_a_note_is_pinned_by_its_key_and_keeps_its_history(cli: Runner) -> None:
    file = cli.write("a.md", question("one"), question("two"))
    card = cli.card('"one"')
    cli("answer", card["id"], "good")
    assert cli("pin", "a.md:1").out == "1 note pinned.\n"
    assert f"<!-- id: {card['note']} -->" in file.read_text(encoding="utf-8")
    file.write_text(file.read_text(encoding="utf-8").replace("one", "quite another"), encoding="utf-8")
    assert cli.card('"quite another"')["reps"] == 1
    assert cli("check").err == "No problems.\n"


def test_a_note_that_has_an_id_is_left_as_it_is(cli: Runner) -> None:
    file = cli.write("a.md", question("one", comment="<!-- id: p1 -->"), question("two"))
    assert cli("pin", "deck:a").out == "1 note pinned; 1 already had an id.\n"
    before = file.read_bytes()
    assert cli("pin", "deck:a").out == "0 notes pinned; 2 already had an id.\n"
    assert file.read_bytes() == before


def test_every_kind_of_note_can_be_pinned_at_once(cli: Runner) -> None:
    cli("init")
    before = {card["id"] for card in cli("list", "--json").lines}
    cli("pin", "deck:example")
    assert {card["id"] for card in cli("list", "--json").lines} == before
    assert not cli("scan", "--json").json["added"]
    assert cli("check").err == "No problems.\n"


def test_a_file_that_is_no_longer_utf_8_stays_unchanged(cli: Runner) -> None:
    file = cli.write("a.md", question("one"))
    cli("scan")
    file.write_bytes(b"Q: one\nA: answer\n\xff")
    assert "changed since it was read" in cli.fails("pin", "deck:a", code=1)
    assert file.read_bytes() == b"Q: one\nA: answer\n\xff"


def test_a_query_that_finds_nothing_pins_nothing(cli: Runner) -> None:
    assert cli("pin", "tag:nowhere").err.startswith("No card matches.\n")


@pytest.mark.parametrize("name", ["with blank.md", "new\nline.md", "é.md"])
def test_odd_file_names_are_written_to_as_well(cli: Runner, name: str) -> None:
    file = cli.write(name, question("one"))
    cli("pin", "answer")
    assert "<!-- id: " in file.read_text(encoding="utf-8")
