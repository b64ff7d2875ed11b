"""Notes of the real Anki core that come here, go back, and come again: none of them is there twice, on either side."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from flashcards.anki.exports.export import Exported, export_csv, export_package
from flashcards.anki.exports.notes import find_decks_in_use
from flashcards.collection import Collection, now_ms
from scheduler import Rating
from tests.anki.imports.anki_world import World
from tests.anki.imports.home import Home
from tests.real.history_world import into

pytest.importorskip("anki.collection", reason="needs the anki wheel")


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    world = World(tmp_path / "anki")
    world.add("Basic", "D::Sub", ("t",), Front="f1", Back="b")
    world.add("Basic (and reversed card)", "D", Front="cat", Back="Katze")
    world.add("Cloze", "D", Text="The {{c1::a}} and {{c2::b}}", Back_Extra="extra")
    world.study(days=4, answers=8)
    yield world
    world.close()


@pytest.fixture
def home(tmp_path: Path, world: World) -> Home:
    home = Home(tmp_path / "decks")
    home.import_file(world.export(tmp_path / "from.apkg"))
    return home


def exported(home: Home, path: Path) -> Exported:
    with Collection(home.root) as collection:
        collection.scan()
        return export_package(collection, find_decks_in_use(collection), path)


def rows(world: World) -> list[list[object]]:
    return [list(world.db.all(f"SELECT * FROM {table} ORDER BY id")) for table in ("notes", "cards", "revlog")]


def guids(world: World) -> set[str]:
    return set(world.db.list("SELECT guid FROM notes"))


def edit(home: Home, old: str, new: str) -> None:
    path = next(path for path in home.root.rglob("*.md") if old in path.read_text(encoding="utf-8"))
    path.write_text(path.read_text(encoding="utf-8").replace(old, new), encoding="utf-8")


def rate_everything(home: Home) -> None:
    with Collection(home.root) as collection:
        collection.scan()
        for number, (card,) in enumerate(collection.connection.execute("SELECT id FROM cards").fetchall()):
            policy = collection.policy(collection.store.card(card).deck)
            collection.store.rate(card, Rating.GOOD, policy, now_ms() - 5000 + number, 1000)


def test_exporting_notes_to_their_original_anki_changes_nothing_in_it(home: Home, world: World, tmp_path: Path) -> None:
    before = rows(world)
    into(world, exported(home, tmp_path / "back.apkg").path)
    assert rows(world) == before


def test_edits_and_reviews_made_here_do_not_double_what_anki_has(home: Home, world: World, tmp_path: Path) -> None:
    before = rows(world)
    edit(home, "Katze", "die Katze")
    rate_everything(home)
    into(world, exported(home, tmp_path / "back.apkg").path)
    assert rows(world) == before


def test_notes_exported_to_anki_return_as_the_same_notes(home: Home, world: World, tmp_path: Path) -> None:
    into(world, exported(home, tmp_path / "back.apkg").path)
    before = home.files()
    assert not home.import_file(world.export(tmp_path / "again.colpkg")).changes_anything
    assert home.files() == before


def test_another_anki_gets_complete_notes_with_their_guids_and_updates_them(
    home: Home, world: World, tmp_path: Path
) -> None:
    other = World(tmp_path / "other")
    into(other, exported(home, tmp_path / "1.apkg").path)
    assert guids(other) == guids(world)
    assert other.db.scalar("SELECT count() FROM revlog") == world.db.scalar("SELECT count() FROM revlog")
    time.sleep(1.1)  # Anki counts in seconds
    edit(home, "Katze", "die Katze")
    into(other, exported(home, tmp_path / "2.apkg").path)
    assert len(other.col.find_notes('"die Katze"')) == 1
    assert other.col.note_count() == 3
    report = home.import_file(other.export(tmp_path / "3.apkg"))
    assert (report.added, report.updated, report.kept) == (0, 0, 0)
    other.close()


def test_a_whole_collection_that_went_back_is_the_same_here(home: Home, tmp_path: Path) -> None:
    edit(home, "Katze", "die Katze")
    rate_everything(home)
    before = home.files()
    report = home.import_file(exported(home, tmp_path / "all.colpkg").path)
    assert (report.added, report.updated, report.kept, report.reviews) == (0, 0, 0, 0)
    assert home.files() == before


def test_a_note_exported_with_our_guid_keeps_it(home: Home, tmp_path: Path) -> None:
    exported(home, tmp_path / "1.apkg")
    with Collection(home.root) as collection:  # as an export wrote it that knew nothing of where a note came from
        from flashcards.anki.package.identifiers import make_guid

        collection.scan()
        for note, key in list(collection.connection.execute("SELECT id, key FROM notes")):
            sql = "UPDATE exported_notes SET guid = ? WHERE note = ?"
            collection.connection.execute(sql, (make_guid(key, "basic"), note))
    other = World(tmp_path / "other")
    package = exported(home, tmp_path / "2.apkg")
    into(other, package.path)
    assert all(len(each) == 16 for each in guids(other))
    assert not any("came from Anki" in remark for remark in package.remarks)
    other.close()


def test_a_note_from_anki_that_becomes_a_cloze_is_reported_and_new_in_anki(
    home: Home, world: World, tmp_path: Path
) -> None:
    exported(home, tmp_path / "1.apkg")
    edit(home, "Q: f1\nA: b", "C: f1 [b]")
    package = exported(home, tmp_path / "2.apkg")
    assert "1 note changed the note type and became a new one in Anki: delete the old one there." in package.remarks
    into(world, package.path)
    assert len(world.col.find_notes('note:"Flashcards Cloze"')) == 1


def test_each_package_with_notes_from_anki_warns_about_changes_that_anki_ignores(home: Home, tmp_path: Path) -> None:
    for number in range(2):
        (remark,) = exported(home, tmp_path / f"{number}.apkg").remarks
        assert remark.startswith("3 notes came from Anki. Where Anki keeps their original note types, this package")
    assert exported(home, tmp_path / "all.colpkg").remarks == ()


def test_cards_of_one_anki_note_that_are_separate_notes_here_are_named_once(world: World, tmp_path: Path) -> None:
    note_type = world.col.models.by_name("Basic (and reversed card)")
    assert note_type is not None
    note_type["tmpls"][1]["qfmt"] = "and {{Back}}?"
    world.col.models.update_dict(note_type)
    home = Home(tmp_path / "decks")
    home.import_file(world.export(tmp_path / "from.apkg"))
    sentence = "1 note made from single cards of larger notes in Anki, which adds them as new."
    assert sentence in exported(home, tmp_path / "1.apkg").remarks
    assert sentence not in exported(home, tmp_path / "2.apkg").remarks


def test_a_new_note_does_not_get_the_guid_of_one_from_another_folder(tmp_path: Path) -> None:
    first = Home(tmp_path / "first")
    first.write("d.md", "Q: What is the capital of France?\nA: Paris\n")
    exported(first, tmp_path / "0.apkg")
    first.write("d.md", "Q: What is the capital city of France?\nA: Paris\n")
    second = Home(tmp_path / "second")
    second.import_file(exported(first, tmp_path / "1.apkg").path)
    second.write("e.md", "Q: What is the capital of France?\nA: Paris\n")
    assert exported(second, tmp_path / "2.apkg").notes == 2


def test_a_note_of_another_folder_is_exported_as_the_same_note(tmp_path: Path) -> None:
    first = Home(tmp_path / "first")
    first.write("d.md", "C: [one] and [two]\n")
    package = exported(first, tmp_path / "1.apkg").path
    second = Home(tmp_path / "second")
    second.import_file(package)
    anki = World(tmp_path / "other")
    into(anki, package)
    back = exported(second, tmp_path / "2.apkg")
    into(anki, back.path)
    assert anki.col.note_count() == 1
    assert back.remarks == ()
    anki.close()


def test_a_table_updates_notes_that_anki_has_in_its_own_note_types(world: World, tmp_path: Path) -> None:
    from anki.collection import ImportCsvRequest

    world.db.execute("UPDATE notes SET guid = '#' || substr(guid, 2) WHERE flds LIKE 'cat%'")
    other = Home(tmp_path / "with a number sign")
    other.import_file(world.export(tmp_path / "sign.apkg"))
    edit(other, "Katze", "die Katze")
    cards = world.db.all("SELECT * FROM cards ORDER BY id")
    table = tmp_path / "all.csv"
    with Collection(other.root) as collection:
        collection.scan()
        export_csv(collection, find_decks_in_use(collection), table)
    metadata = world.col.get_csv_metadata(str(table), None)
    world.col.import_csv(ImportCsvRequest(path=str(table), metadata=metadata))
    assert len(world.col.find_notes('"Back:die Katze"')) == 1
    assert world.col.note_count() == 3
    assert world.db.all("SELECT * FROM cards ORDER BY id") == cards


def test_a_table_holds_only_edited_notes_in_their_note_types_and_reports_the_others(tmp_path: Path) -> None:
    from anki.collection import ImportCsvRequest

    world = World(tmp_path / "anki")
    models = world.col.models
    for before, after in (("Basic", "Einfach"), ("Cloze", "Lückentext"), ("Basic (type in the answer)", "Tippen")):
        kind = models.by_name(before)
        assert kind is not None
        kind["name"] = after
        kind["flds"][0]["name"] = "Feld"
        models.update_dict(kind)
    custom = models.new("Three")
    for name in ("A", "B", "C"):
        models.add_field(custom, models.new_field(name))
    template = models.new_template("one")
    template["qfmt"], template["afmt"] = "{{A}} {{B}}", "{{C}}"
    models.add_template(custom, template)
    models.add(custom)
    world.add("Einfach", "D", ("t",), Feld="one", Back="eins")
    world.add("Einfach", "D", Feld="same", Back="gleich")
    world.add("Tippen", "D", Feld="typed", Back="getippt")
    world.add("Basic (optional reversed card)", "D", Front="both", Back="beide", Add_Reverse="y")
    world.add("Lückentext", "D", Feld="a {{c1::gap}}", Back_Extra="")
    world.add("Three", "D", A="a", B="b", C="c3")
    home = Home(tmp_path / "decks")
    home.import_file(world.export(tmp_path / "1.apkg"))
    for old, new in (("eins", "EINS"), ("getippt", "GETIPPT"), ("beide", "BEIDE"), ("gap", "GAP"), ("c3", "C3")):
        edit(home, old, new)
    world.col.set_deck(list(world.col.find_cards("one")), world.decks.id("Moved"))
    cards = world.db.all("SELECT * FROM cards ORDER BY id")
    kept = world.db.all("SELECT guid, flds FROM notes WHERE flds LIKE 'same%' OR flds LIKE 'a' || char(31) || '%'")
    table = tmp_path / "all.csv"
    with Collection(home.root) as collection:
        collection.scan()
        written = export_csv(collection, find_decks_in_use(collection), table)
    assert written.notes == 4
    assert [re.sub(r"[:,].*", "", remark) for remark in written.remarks] == [
        "1 note from Anki left out",
        "1 edited note from Anki left out",
    ]
    metadata = world.col.get_csv_metadata(str(table), None)
    world.col.import_csv(ImportCsvRequest(path=str(table), metadata=metadata))
    fields = {row.split("\x1f")[0]: row.split("\x1f")[1:] for row in world.db.list("SELECT flds FROM notes")}
    assert (fields["one"], fields["typed"], fields["both"]) == (["EINS"], ["GETIPPT"], ["BEIDE", "y"])
    assert "a {{c1::GAP}}" in fields
    assert world.col.note_count() == 6
    assert world.db.all("SELECT * FROM cards ORDER BY id") == cards
    assert kept == world.db.all(
        "SELECT guid, flds FROM notes WHERE flds LIKE 'same%' OR flds LIKE 'a' || char(31) || '%'"
    )
    world.close()


def change_there(world: World, search: str, field: str, text: str, later_s: int = 60) -> None:
    """Write a field of a note in Anki, some seconds from now."""
    (note_id,) = world.col.find_notes(search)
    note = world.col.get_note(note_id)
    note[field] = text
    world.col.update_note(note)
    world.db.execute("UPDATE notes SET mod = mod + ? WHERE id = ?", later_s, note_id)


def test_a_table_leaves_out_conflicts_until_both_sides_agree(home: Home, world: World, tmp_path: Path) -> None:
    def table() -> tuple[int, list[str]]:
        with Collection(home.root) as collection:
            collection.scan()
            written = export_csv(collection, find_decks_in_use(collection), tmp_path / "x.csv")
        return written.notes, [re.sub(r"[:,].*", "", remark) for remark in written.remarks]

    edit(home, "Katze", "Kater")
    assert table() == (1, ["2 notes from Anki left out"])
    change_there(world, "cat", "Back", "Katz")
    assert home.import_file(world.export(tmp_path / "1.apkg")).kept == 1
    assert table() == (0, ["2 notes from Anki left out", "1 note left out"])
    assert not home.import_file(tmp_path / "1.apkg").changes_anything
    edit(home, "Kater", "Katz")
    home.import_file(world.export(tmp_path / "2.apkg"))
    edit(home, "Katz", "Katzen")
    assert table() == (1, ["2 notes from Anki left out"])


def test_a_conflict_stays_open_if_anki_keeps_its_own_text(tmp_path: Path) -> None:
    home, world = Home(tmp_path / "decks"), World(tmp_path / "anki")
    home.write("d.md", "Q: one\nA: two\n")
    into(world, exported(home, tmp_path / "1.apkg").path)
    change_there(world, "one", "Back", "theirs", 600)
    edit(home, "two", "ours")
    assert home.import_file(world.export(tmp_path / "2.apkg")).kept == 1
    into(world, exported(home, tmp_path / "3.apkg").path)
    report = home.import_file(world.export(tmp_path / "4.apkg"))
    assert (report.kept, report.updated, home.read("d.md")) == (1, 0, "Q: one\nA: ours\n")
    world.close()


def test_an_edit_in_anki_before_our_export_does_not_revert_it(tmp_path: Path) -> None:
    home, world = Home(tmp_path / "decks"), World(tmp_path / "anki")
    home.write("d.md", "Q: one\nA: two\n")
    into(world, exported(home, tmp_path / "1.apkg").path)
    edit(home, "two", "ours")
    with Collection(home.root) as collection:
        collection.scan()
        collection.connection.execute("UPDATE notes SET modified_ms = modified_ms - 3600000")
    change_there(world, "one", "Back", "theirs", -60)
    into(world, exported(home, tmp_path / "2.apkg").path)
    assert world.db.list("SELECT flds FROM notes")[0].startswith("one\x1ftheirs")
    report = home.import_file(world.export(tmp_path / "3.apkg"))
    assert (report.kept, report.updated, home.read("d.md")) == (1, 0, "Q: one\nA: ours\n")
    world.close()
