"""Copies of the state, and the way back; the log against the cards."""

from __future__ import annotations

import random
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from tests.cli.runner import Runner, process, question

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def deck(cli: Runner) -> Runner:
    cli.write("a.md", question("one"), question("two"))
    cli("scan")
    return cli


def backups(cli: Runner) -> list[Path]:
    return sorted((cli.root / ".flashcards" / "backups").glob("*.db"))


def test_a_backup_is_named_and_listed_newest_first(deck: Runner) -> None:
    assert deck("backup", "--list").out == ""
    saved = []
    for rating in ("good", "hard", "easy"):
        deck("answer", "a.md:1", rating)
        saved.append(deck("backup").out.removeprefix("Saved ").rstrip().removesuffix("."))
    listed = [line.split("  ")[0] for line in deck("backup", "--list").out.splitlines()]
    assert listed == saved[::-1]


def test_an_unchanged_state_gets_no_second_backup(deck: Runner) -> None:
    assert deck("backup").out == deck("backup").out
    assert len(backups(deck)) == 1


def test_restore_uses_the_newest_backup_and_saves_the_current_state(deck: Runner) -> None:
    deck("answer", "a.md:1", "good")
    deck("backup")
    deck("answer", "a.md:1", "easy")
    deck("restore", "--yes")
    assert deck.card('"one"')["reps"] == 1
    assert len(backups(deck)) == 2
    deck("restore", "--yes", str(backups(deck)[-1]))
    assert deck.card('"one"')["reps"] == 2


def test_restoring_asks_first_and_no_changes_nothing(deck: Runner) -> None:
    deck("backup")
    deck("answer", "a.md:1", "good")
    done = process(["restore"], deck.root, code=None, stdin="n\n")
    assert done.code != 0
    assert "Replace the review state with " in done.err
    assert deck.card('"one"')["reps"] == 1
    assert process(["restore"], deck.root, stdin="y\n").out.startswith("Restored ")
    assert deck.card('"one"')["reps"] == 0


def test_without_a_backup_there_is_nothing_to_restore(deck: Runner) -> None:
    assert "There is no intact backup in " in deck.fails("restore", "--yes")


@pytest.mark.parametrize("content", [b"", b"garbage " * 100])
def test_a_file_that_is_not_a_backup_replaces_nothing(deck: Runner, content: bytes) -> None:
    deck("answer", "a.md:1", "good")
    (deck.root / "bad.db").write_bytes(content)
    assert "bad.db is not a usable backup: " in deck.fails("restore", "--yes", "bad.db", code=1)
    assert deck.card('"one"')["reps"] == 1


def test_a_backup_that_does_not_exist_is_refused(deck: Runner) -> None:
    deck.fails("restore", "--yes", "nowhere.db")


def test_the_state_comes_back_where_it_was_lost(deck: Runner) -> None:
    deck("answer", "a.md:1", "good")
    deck("backup")
    for name in ("state.db", "state.db-wal", "state.db-shm"):
        (deck.root / ".flashcards" / name).unlink(missing_ok=True)
    deck("restore", "--yes")
    assert deck.card('"one"')["reps"] == 1


class TestDoctor:
    def test_finds_a_sound_state_sound(self, deck: Runner) -> None:
        deck("answer", "a.md:1", "good")
        assert deck("doctor").out == ("The database is sound.\nEvery card agrees with the log of 1 row.\n")

    def test_a_card_that_differs_from_its_log_is_found_and_corrected(self, deck: Runner) -> None:
        deck("answer", "a.md:1", "good")
        before = deck.card('"one"')
        connection = sqlite3.connect(deck.root / ".flashcards" / "state.db")
        connection.execute("UPDATE cards SET stability = 99.0, reps = 7 WHERE reps = 1")
        connection.commit()
        connection.close()
        found = deck("doctor", code=1)
        assert found.out.splitlines()[1:] == [
            "a.md:1: one: reviews, stability",
            "1 card differs from the log. `flashcards doctor --rebuild` corrects it.",
        ]
        assert deck.card('"one"')["reps"] == 7, "nothing is corrected unasked"
        assert {each["field"] for each in deck("doctor", "--json", code=1).json["differences"]} == {"stability", "reps"}
        assert backups(deck) == []
        rebuilt = deck("doctor", "--rebuild").out
        assert "a.md:1: one: reviews, stability\n1 card corrected from the log. The previous state is in " in rebuilt
        after = deck.card('"one"')
        assert after.pop("stability") == pytest.approx(before.pop("stability"), rel=1e-4)
        assert after == before
        assert len(backups(deck)) == 1
        deck("doctor")

    def test_names_a_card_by_its_number_only_where_its_text_is_unknown(self, deck: Runner) -> None:
        deck("answer", "a.md:1", "good")
        connection = sqlite3.connect(deck.root / ".flashcards" / "state.db")
        connection.execute("UPDATE cards SET state = 9, note = 77 WHERE reps = 1")
        connection.commit()
        (number,) = connection.execute("SELECT id FROM cards WHERE reps = 1").fetchone()
        connection.close()
        assert f"Card number {number}, whose text is unknown: state\n" in deck("doctor", code=1).out
        (difference,) = deck("doctor", "--json", code=1).json["differences"]
        assert (difference["card"], difference["id"], difference["front"]) == (number, None, None)

    def test_shows_the_first_of_many_cards_and_counts_the_rest(self, cli: Runner) -> None:
        cli.write("a.md", *(question(f"question number {number}") for number in range(30)))
        cli("scan")
        connection = sqlite3.connect(cli.root / ".flashcards" / "state.db")
        connection.execute("UPDATE cards SET lapses = 3")
        connection.commit()
        connection.close()
        lines = cli("doctor", code=1).out.splitlines()
        assert lines[1] == "a.md:1: question number 0: lapses"
        assert lines[21:] == [
            "… and 10 more",
            "30 cards differ from the log. `flashcards doctor --rebuild` corrects them.",
        ]


def spoil(path: Path, seed: int) -> None:
    """Damage a database in one of five ways."""
    random_ = random.Random(seed)
    content = bytearray(path.read_bytes())
    start = random_.randrange(len(content))
    if seed % 5 == 0:
        for _ in range(random_.randint(1, 30)):
            content[random_.randrange(len(content))] = random_.randrange(256)
    elif seed % 5 == 1:
        length = min(random_.randint(1, 9000), len(content) - start)
        content[start : start + length] = random_.randbytes(length)
    elif seed % 5 == 2:
        del content[start:]
    elif seed % 5 == 3:
        for _ in range(4):
            content[random_.randrange(100)] = random_.randrange(256)
    else:
        page = start // 4096 * 4096
        content[page : page + 4096] = random_.choice([bytes(4096), content[:4096], random_.randbytes(4096)])
    path.write_bytes(content)


@pytest.mark.slow
def test_every_damaged_state_is_reported_in_a_sentence_and_can_be_restored(cli: Runner) -> None:
    cli.write("a.md", *(question(f"question number {number}", "a long answer " * 5) for number in range(60)))
    cli("scan")
    cli("answer", "a.md:1", "good")
    cli("backup")
    path = cli.root / ".flashcards" / "state.db"
    sound = path.read_bytes()
    for seed in range(100):
        path.write_bytes(sound)
        spoil(path, seed)
        for command in ("due", "doctor", "list"):
            cli(command, code=None)
        cli("restore", "--yes")
        assert cli.card("number 0")["reps"] == 1, seed
        cli("doctor")


def spoil_whole(cli: Runner) -> None:
    path = cli.root / ".flashcards" / "state.db"
    content = path.read_bytes()
    path.write_bytes(content[:4096] + bytes((each * 7 + 1) % 256 for each in content[4096:]))


def test_a_damaged_state_that_was_set_aside_is_not_a_backup(deck: Runner) -> None:
    deck("answer", "a.md:1", "good")
    deck("backup")
    (sound,) = backups(deck)
    for _ in range(12):
        spoil_whole(deck)
        assert f"The newest intact backup is {sound}; `flashcards restore`" in deck("due", code=1).err
        assert deck("restore", "--yes").out == f"Restored {sound}.\n"
        assert deck.card('"one"')["reps"] == 1
    assert backups(deck) == [sound]
    assert len(list(sound.parent.glob("*.damaged"))) == 12


@pytest.mark.parametrize("name", [b"reader", b"idx_notes_key"])
def test_a_changed_letter_in_the_schema_is_damage_and_reaches_no_backup(deck: Runner, name: bytes) -> None:
    deck("backup")
    path = deck.root / ".flashcards" / "state.db"
    content = path.read_bytes()
    assert name in content
    path.write_bytes(content.replace(name, name[:-1] + b"x"))
    assert "the definitions of its tables have changed" in deck("doctor", code=1).out
    assert "is damaged" in deck.fails("backup", code=1)
    deck("restore", "--yes")
    assert path.read_bytes().count(name) == content.count(name)
    deck("scan")


@pytest.mark.parametrize("has_backup", [True, False])
def test_doctor_names_a_backup_of_a_damaged_state_only_if_there_is_one(deck: Runner, has_backup: bool) -> None:
    if has_backup:
        deck("backup")
    path = deck.root / ".flashcards" / "state.db"
    path.write_bytes(path.read_bytes().replace(b"reader", b"readex"))
    found = deck("doctor", code=1)
    expected = f"The newest intact backup is {backups(deck)[0]};" if has_backup else "There is no intact backup."
    assert found.err.startswith(f"The database is damaged. {expected}")


@pytest.mark.parametrize(
    "then", ["", "VACUUM", "CREATE INDEX theirs ON cards(reps)", "DROP INDEX mine; DROP TABLE own"]
)
def test_tables_and_indexes_that_a_user_added_are_no_damage(deck: Runner, then: str) -> None:
    deck("answer", "a.md:1", "good")
    with closing(sqlite3.connect(deck.root / ".flashcards" / "state.db")) as connection:
        connection.executescript("CREATE INDEX mine ON reviews(rating); CREATE TABLE own (a PRIMARY KEY, b);" + then)
    assert deck("doctor").out.startswith("The database is sound.")
    deck("backup")
    deck("answer", "a.md:4", "good")
    deck("undo")
    deck("restore", "--yes")


@pytest.mark.parametrize("command", ["due", "doctor", "answer", "scan", "list"])
@pytest.mark.parametrize("what", ["missing", "empty"])
def test_a_lost_state_with_backups_is_reported_before_anything_is_written(
    deck: Runner, what: str, command: str
) -> None:
    deck("answer", "a.md:1", "good")
    deck("backup")
    path = deck.root / ".flashcards" / "state.db"
    path.write_bytes(b"") if what == "empty" else path.unlink()
    arguments = ["a.md:1", "good"] if command == "answer" else []
    said = deck(command, *arguments, code=1).err
    assert f"state.db is {what}, but there are backups." in said
    assert "holds 1 review; `flashcards restore` restores it." in said
    assert sorted(each.name for each in path.parent.iterdir()) == sorted(
        [".gitignore", "backups", *(["state.db"] if what == "empty" else [])]
    )
    deck("backup", "--list")
    deck("restore", "--yes")
    assert deck.card('"one"')["reps"] == 1


def test_a_backup_that_does_not_exist_is_refused_with_advice(deck: Runner) -> None:
    error = deck.fails("restore", "nope.db")
    assert "There is no backup nope.db. `flashcards backup --list` lists the backups." in error
