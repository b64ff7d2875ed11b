"""Undo of acts that keep a copy: links, imports, fitted parameters."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest

from flashcards import undo
from flashcards.collection import Collection
from tests.anki.imports.packages import Made, write_package
from tests.cli.conftest import cli as cli
from tests.cli.runner import Runner, question

if TYPE_CHECKING:
    from pathlib import Path


def files(root: Path) -> dict[str, bytes]:
    """The contents of every file of the collection but its state."""
    found = (path for path in root.rglob("*") if path.is_file() and ".flashcards" not in path.parts)
    return {path.relative_to(root).as_posix(): path.read_bytes() for path in found}


def state(cli: Runner) -> list[Any]:
    return [cli("list", "--json").lines, cli("orphans", "--json").lines, cli("scan", "--json").json["notes"]]


@pytest.fixture
def orphaned(cli: Runner) -> Runner:
    """A collection with a reviewed note that lost its text, and a new note."""
    cli.write("a.md", question("one"), question("two"))
    cli("answer", "a.md:1", "good")
    cli.write("a.md", question("something else entirely, with other words", "nothing alike"), question("two"))
    return cli


def test_a_link_is_undone(orphaned: Runner) -> None:
    before = state(orphaned)
    (lost,) = orphaned("orphans", "--json").lines
    orphaned("link", lost["note"], "a.md:1")
    assert state(orphaned) != before
    assert orphaned("undo").out.startswith("Undid `link`: a.md:1 with ")
    assert state(orphaned) == before


def test_a_link_that_moved_reviews_is_undone_with_the_reviews(orphaned: Runner) -> None:
    orphaned("answer", "a.md:1", "hard")
    before = state(orphaned)
    (lost,) = orphaned("orphans", "--json").lines
    orphaned("link", lost["note"], "a.md:1", "--yes")
    orphaned("undo")
    assert state(orphaned) == before
    assert "Took back hard" in orphaned("undo").out
    assert "Took back good" in orphaned("undo").out


def test_unlinking_is_undone(orphaned: Runner) -> None:
    (lost,) = orphaned("orphans", "--json").lines
    orphaned("link", lost["note"], "a.md:1")
    before = state(orphaned)
    orphaned("unlink", "a.md:1")
    orphaned("undo")
    assert state(orphaned) == before


def test_an_import_is_undone_with_its_files_cards_and_reviews(cli: Runner) -> None:
    cli.write("a.md", question("one"))
    cli("answer", "a.md:1", "good")
    before, had = state(cli), files(cli.root)
    write_package(cli.root / "x.apkg", [Made(["front", "back"])])
    had["x.apkg"] = (cli.root / "x.apkg").read_bytes()
    cli("import", "x.apkg")
    assert files(cli.root) != had
    cli("answer", "a.md:1", "easy")
    assert "Took back easy" in cli("undo").out
    assert cli("undo").out == "Undid `import`: x.apkg.\n"
    assert files(cli.root) == had
    assert state(cli) == before
    assert "Took back good" in cli("undo").out


def test_an_import_that_changes_nothing_copies_nothing_and_keeps_older_copies(cli: Runner) -> None:
    write_package(cli.root / "x.apkg", [Made(["front", "back"])])
    cli("import", "x.apkg")
    undo = cli.root / ".flashcards/undo"
    (copy,) = undo.iterdir()
    cli("import", "x.apkg")
    assert list(undo.iterdir()) == [copy]
    assert "Undid `import`" in cli("undo").out


def test_an_import_copies_only_the_files_that_it_replaces(cli: Runner) -> None:
    cli.write("other.md", question("one"))
    write_package(cli.root / "x.apkg", [Made(["front", "back"])])
    cli("import", "x.apkg")
    had = files(cli.root)
    write_package(cli.root / "x.apkg", [Made(["front", "back"]), Made(["new", "note"])])
    cli("import", "x.apkg")
    _, newest = sorted((cli.root / ".flashcards/undo").iterdir())
    copied = {str(path.relative_to(newest / "files")) for path in (newest / "files").rglob("*.md")}
    assert copied == {path for path in had if path.endswith(".md")} - {"other.md"}


def test_an_import_whose_file_was_edited_since_is_not_undone(cli: Runner) -> None:
    cli.write("a.md", question("one"))
    had = files(cli.root)
    write_package(cli.root / "x.apkg", [Made(["front", "back"])])
    cli("import", "x.apkg")
    (new,) = (path for path in files(cli.root) if path not in had and path.endswith(".md"))
    with (cli.root / new).open("a") as file:
        file.write("\nMine.\n")
    said = cli.fails("undo", code=1)
    assert new in said
    assert "would be lost" in said
    assert (cli.root / new).read_text().endswith("Mine.\n")


def test_an_act_without_a_copy_cannot_be_undone_and_blocks_earlier_ones(orphaned: Runner) -> None:
    import shutil

    (lost,) = orphaned("orphans", "--json").lines
    orphaned("link", lost["note"], "a.md:1")
    shutil.rmtree(orphaned.root / ".flashcards" / "undo")
    assert "cannot be undone" in orphaned.fails("undo", code=1)
    assert orphaned.card('"something"')["reps"] == 1


def test_a_record_that_names_a_file_outside_the_collection_is_refused(orphaned: Runner) -> None:
    from flashcards.collection import Collection

    (lost,) = orphaned("orphans", "--json").lines
    orphaned("link", lost["note"], "a.md:1")
    with Collection(orphaned.root) as collection:
        collection.connection.execute(
            "UPDATE acts SET before = json_set(before, '$.files', json('{\"../x.md\": \"\"}'))"
        )
    assert "not a file of the collection" in orphaned.fails("undo", code=1)


def test_what_can_be_undone_is_listed_newest_first(orphaned: Runner) -> None:
    orphaned("flag", "2", "two")
    lines = orphaned("undo", "--list").out.splitlines()
    assert [line.split("  ", 1)[1].partition(":")[0] for line in lines] == ["flag", "rating"]
    assert [each["kind"] for each in orphaned("undo", "--list", "--json").lines] == ["flag", "rating"]


@pytest.mark.parametrize(
    "record",
    [
        *("[1]", "5", '{"cards": 5}', '{"cards": [[1]]}', '{"cards": [["x", 0, 0, 0, 0]]}', '{"reviews": ["x"]}'),
        *('{"reviews": [99]}', '{"copy": 5}', '{"copy": "1", "files": [1]}', '{"copy": "../.."}'),
    ],
)
@pytest.mark.parametrize("kind", ["flag", "rating"])
def test_a_foreign_record_of_an_act_is_reported_in_one_sentence(cli: Runner, record: str, kind: str) -> None:
    cli.write("a.md", question("one"))
    cli("answer", "a.md:1", "good")
    with Collection(cli.root) as collection:
        collection.connection.execute(
            "INSERT INTO acts (at_ms, kind, summary, before) VALUES (9999999999999, ?, 'x', ?)", (kind, record)
        )
    for words in (["undo"], ["undo", "--list"]):
        result = cli(*words, code=None)
        assert result.code in (0, 1)
        assert result.err.count("\n") <= 1
    assert cli.card("one")["reps"] == 1


@pytest.mark.parametrize("moment", ["find_place", "write_together"])
def test_when_two_commands_undo_one_act_the_later_one_reports_it_and_changes_nothing(
    cli: Runner, moment: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    cli.write("a.md", question("one"))
    cli("answer", "a.md:1", "good")
    write_package(cli.root / "x.apkg", [Made(["front", "back"])])
    cli("import", "x.apkg")
    before = getattr(undo, moment)

    def let_another_one_be_first(*arguments: Any) -> Any:
        monkeypatch.setattr(undo, moment, before)
        with Collection(cli.root) as other:
            undo.undo(other)
        return before(*arguments)

    monkeypatch.setattr(undo, moment, let_another_one_be_first)
    with Collection(cli.root) as collection, pytest.raises(undo.UndoneElsewhere, match="ran at the same time"):
        undo.undo(collection)
    assert cli.card("one")["reps"] == 1
    assert "Took back good" in cli("undo").out


@pytest.mark.parametrize("newer", [False, True])
def test_an_act_before_an_update_of_the_program_is_undone(orphaned: Runner, newer: bool) -> None:
    before = state(orphaned)
    (lost,) = orphaned("orphans", "--json").lines
    orphaned("link", lost["note"], "a.md:1")
    (copy,) = (orphaned.root / ".flashcards" / "undo").glob("*/state.db")
    with closing(sqlite3.connect(copy)) as connection, connection:
        if newer:
            connection.execute("UPDATE _sqlite_migrations SET name = 'later' WHERE name = 'create_replaced'")
        else:
            connection.execute("DROP TABLE replaced")
            connection.execute("DELETE FROM _sqlite_migrations WHERE name = 'create_replaced'")
    done = orphaned("undo", code=1 if newer else 0)
    if newer:
        assert "has other tables. `flashcards backup --list` lists backups" in done.err
    else:
        assert state(orphaned) == before


def test_an_import_is_undone_after_a_user_added_a_table(cli: Runner) -> None:
    write_package(cli.root / "x.apkg", [Made(["front", "back"])])
    cli("import", "x.apkg")
    with closing(sqlite3.connect(cli.root / ".flashcards" / "state.db")) as connection:
        connection.executescript("CREATE TABLE own (a); INSERT INTO own VALUES (7); CREATE INDEX mine ON cards(reps)")
    assert cli("undo").out == "Undid `import`: x.apkg.\n"
    assert cli("list", "--json").lines == []
