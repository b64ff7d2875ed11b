"""Notes that are in Anki twice, as they came from it and as they went back: here each is one note."""

from __future__ import annotations

from pathlib import Path

import pytest

from flashcards.anki.package.identifiers import Guids, make_guid
from flashcards.collection import Collection
from tests.anki.imports.anki_world import World
from tests.anki.imports.home import Home
from tests.real.history_world import exported, into

pytest.importorskip("anki.collection", reason="needs the anki wheel")


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path / "decks")


@pytest.fixture
def doubled(home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    """A collection that got its own notes back under guids of ours, as exports once wrote them."""
    world = World(tmp_path / "anki")
    world.add("Basic", "D", ("t",), Front="f1", Back="b")
    world.add("Basic (and reversed card)", "D", Front="cat", Back="Katze")
    world.add("Cloze", "D", Text="The {{c1::a}} and {{c2::b}}", Back_Extra="extra")
    world.study(days=4, answers=8)
    home.import_file(world.export(tmp_path / "from.apkg"))
    with monkeypatch.context() as patch:
        patch.setattr(Guids, "of", lambda _self, _note, key, kind: make_guid(key, kind))
        into(world, home.with_collection(lambda opened: exported(opened, tmp_path / "back.apkg")))  # type: ignore[arg-type]
    assert world.col.note_count() == 6
    return world


def test_a_note_that_is_in_anki_twice_stays_one_note_here(home: Home, doubled: World, tmp_path: Path) -> None:
    before = home.files()
    report = home.import_file(doubled.export(tmp_path / "again.apkg"))
    assert (report.added, report.updated, report.kept, report.unchanged) == (0, 0, 0, 3)
    assert home.files() == before
    assert not home.import_file(tmp_path / "again.apkg").changes_anything
    doubled.close()


def test_the_reviews_of_both_are_imported_and_counted_once(home: Home, doubled: World, tmp_path: Path) -> None:
    before = doubled.db.scalar("SELECT count() FROM revlog WHERE ease > 0")
    doubled.col.sched.set_due_date(list(doubled.col.find_cards("")), "0")
    doubled.answer(12)
    home.import_file(doubled.export(tmp_path / "again.apkg"))
    with Collection(home.root) as collection:
        collection.scan()
        counted = collection.connection.execute("SELECT sum(reps) FROM cards").fetchone()[0]
        assert counted == doubled.db.scalar("SELECT count() FROM revlog WHERE ease > 0") > before
        assert collection.store.find_differences(lambda deck: collection.policy(deck).parameters) == []
    assert not home.import_file(tmp_path / "again.apkg").changes_anything
    doubled.close()


@pytest.mark.parametrize("of_ours", [False, True], ids=["the original", "the copy"])
def test_an_edit_of_either_copy_in_anki_is_imported(
    home: Home, doubled: World, tmp_path: Path, *, of_ours: bool
) -> None:
    found = doubled.col.find_notes(f'{"" if of_ours else "-"}note:"Flashcards Basic" Katze')
    (note_id,) = found
    note = doubled.col.get_note(note_id)
    note["Back"] = "die Katze"
    doubled.col.update_note(note)
    doubled.db.execute("UPDATE notes SET mod = mod + 60 WHERE id = ?", note_id)
    report = home.import_file(doubled.export(tmp_path / "again.apkg"))
    assert (report.added, report.updated, report.kept) == (0, 1, 0)
    assert "A: die Katze\n" in home.read("D.md")
    assert not home.import_file(tmp_path / "again.apkg").changes_anything
    doubled.close()


@pytest.mark.parametrize("later", [0, 1], ids=["the original last", "the copy last"])
def test_edits_of_both_come_in(home: Home, doubled: World, tmp_path: Path, later: int) -> None:
    original, copy = (doubled.col.find_notes(f'{kind}note:"Flashcards Basic" Katze')[0] for kind in ("-", ""))
    for note_id, field, tag in ((original, "Back", "one"), (copy, "Front", "two")):
        note = doubled.col.get_note(note_id)
        note[field] += " edited"
        note.tags.append(tag)
        doubled.col.update_note(note)
        seconds = 60 + 60 * (note_id == (original, copy)[later])
        doubled.db.execute("UPDATE notes SET mod = mod + ? WHERE id = ?", seconds, note_id)
    report = home.import_file(doubled.export(tmp_path / "again.apkg"))
    assert (report.added, report.updated, report.kept) == (0, 1, 0)
    assert "cat edited" in home.read("D.md")
    assert "Katze edited" in home.read("D.md")
    assert "one, two" in home.read("D.md") or "two, one" in home.read("D.md")
    again = home.import_file(tmp_path / "again.apkg")
    assert (again.changes_anything, again.remarks) == (False, [])  # the one that is older is not outdated
    doubled.close()
