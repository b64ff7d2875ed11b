from __future__ import annotations

import re
import time
from pathlib import Path

import pytest

from tests.anki.exports.core import Anki, fields
from tests.anki.exports.folder import Folder, use_earlier_design

DECK = """Q: one
A: two

---

three ::: four

C: [five] six [seven]
"""


def test_importing_the_same_package_again_changes_nothing(folder: Folder, package: Path, anki: Anki) -> None:
    folder.write("d.md", DECK)
    folder.export(package)
    anki.import_package(package)
    before = anki.rows("notes"), anki.rows("cards")
    log = anki.import_package(package)
    assert not log.new
    assert (anki.rows("notes"), anki.rows("cards")) == before


def test_an_edited_note_is_updated_in_place_and_keeps_its_ids(folder: Folder, package: Path, anki: Anki) -> None:
    text = "Q: the question <!-- id: q1 -->\nA: the first answer\n"
    folder.write("d.md", text)
    folder.export(package, ago_s=60)
    anki.import_package(package)
    before = [(row[0], row[1]) for row in anki.rows("cards")]
    folder.write("d.md", text.replace("first", "second"))
    folder.export(package)
    log = anki.import_package(package)
    assert len(log.updated) == 1
    assert [(row[0], row[1]) for row in anki.rows("cards")] == before
    assert fields(anki.cards()[0])["Back"] == "the second answer"


def test_a_note_is_updated_when_a_note_that_it_embeds_shows_another_text(
    folder: Folder, package: Path, anki: Anki
) -> None:
    folder.write("d.md", "Q: one\nA: ![[cell#Wall]]\n\nQ: two\nA: ![[outer]]\n\nQ: three\nA: [[cell]]\n")
    folder.write("cell.md", "# Wall\nThick.\n\n# Roof\nFlat.\n")
    folder.write("outer.md", "Within: ![[cell#Roof]]\n")
    folder.export(package, ago_s=60)
    anki.import_package(package)
    for text, updated in (
        ("# Wall\nThin.\n\n# Roof\nFlat.\n", ["one"]),
        ("# Wall\nThin.\n\n# Roof\nSteep.\n", ["two"]),
        ("# Wall\nThin.\n\n# Roof\nSteep.\n\n# Door\n", []),
        ("# Wall\nThin.\n<!--SR:!2026-12-16,51,230-->\n\n# Roof\nSteep.\n", []),
    ):
        folder.write("cell.md", text)
        folder.export(package)
        log = anki.import_package(package)
        assert [note.fields[0] for note in log.updated] == updated
    shown = {fields(card)["Front"]: fields(card)["Back"] for card in anki.cards()}
    assert "Thin." in shown["one"]
    assert "Steep." in shown["two"]


def test_a_change_made_in_anki_survives_an_edit_of_another_part_of_an_embedded_note(
    folder: Folder, package: Path, anki: Anki
) -> None:
    folder.write("d.md", "Q: one\nA: ![[cell#Wall]]\n")
    folder.write("cell.md", "# Wall\nThick.\n\n# Roof\nFlat.\n")
    folder.export(package)
    anki.import_package(package)
    note = anki.cards()[0].note()
    note["Back"] = "my own words"
    anki.col.update_note(note)
    folder.write("cell.md", "# Wall\nThick.\n\n# Roof\nSteep.\n")
    folder.export(package)
    anki.import_package(package)
    assert fields(anki.cards()[0])["Back"] == "my own words"


def test_a_change_made_in_anki_stays_if_the_note_was_not_edited_here(folder: Folder, package: Path, anki: Anki) -> None:
    folder.write("d.md", "Q: one\nA: two\n")
    folder.export(package)
    anki.import_package(package)
    note = anki.cards()[0].note()
    note["Back"] = "my own words"
    anki.col.update_note(note)
    model = anki.col.models.by_name("Flashcards Basic")
    assert model is not None
    model["css"] = ".card { color: red; }"
    anki.col.models.update_dict(model)
    folder.export(package)
    anki.import_package(package)
    assert fields(anki.cards()[0])["Back"] == "my own words"
    kept = anki.col.models.by_name("Flashcards Basic")
    assert kept is not None
    assert kept["css"] == ".card { color: red; }"


def test_notes_in_anki_stay_unchanged_when_their_design_is_renewed(
    folder: Folder, package: Path, anki: Anki, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder.write("d.md", f"# Part\n\n{DECK}")
    with monkeypatch.context() as before:
        use_earlier_design(before)
        folder.export(package)
    anki.import_package(package)
    anki.col.sched.set_due_date([anki.cards()[0].id], "5")
    assert anki.col.db is not None
    schema, notes = anki.col.db.scalar("SELECT scm FROM col"), anki.rows("notes")
    cards = [(card.id, card.ord, card.due, card.ivl) for card in anki.cards()]
    assert not any("Part" in card.question() for card in anki.cards())
    folder.export(package)
    log = anki.import_package(package)
    assert not log.new
    assert not log.updated
    assert all("d.md › Part" in card.question() for card in anki.cards())
    assert anki.rows("notes") == notes
    assert [(card.id, card.ord, card.due, card.ivl) for card in anki.cards()] == cards
    assert anki.col.db.scalar("SELECT scm FROM col") == schema  # a change here asks all devices for a full sync


def test_the_schedule_in_anki_outlives_an_import(folder: Folder, package: Path, anki: Anki) -> None:
    text = "Q: the question <!-- id: q1 -->\nA: first\n"
    folder.write("d.md", text)
    folder.export(package, ago_s=60)
    anki.import_package(package)
    card = anki.cards()[0]
    anki.col.sched.set_due_date([card.id], "5")
    folder.write("d.md", text.replace("first", "second"))
    folder.export(package)
    anki.import_package(package)
    after = anki.cards()[0]
    assert (after.type, after.ivl, fields(after)["Back"]) == (2, 5, "second")


def test_a_note_moved_to_another_file_is_not_a_second_note(folder: Folder, package: Path, anki: Anki) -> None:
    folder.write("one.md", "Q: moves\nA: yes\n\nQ: stays\nA: yes\n")
    folder.export(package)
    anki.import_package(package)
    folder.write("one.md", "Q: stays\nA: yes\n")
    folder.write("two.md", "Q: moves\nA: yes\n")
    folder.export(package)
    anki.import_package(package)
    assert anki.col.note_count() == 2
    assert anki.col.card_count() == 2


def test_attributes_keep_the_note_and_its_cards(folder: Folder, package: Path, anki: Anki) -> None:
    folder.write("d.md", "Q: ask <!-- id: q1 -->\nA: answer\n")
    folder.export(package, ago_s=60)
    anki.import_package(package)
    (first,) = anki.cards()
    folder.write("d.md", "Q: ask <!-- id: q1; type; reverse -->\nA: answer\n")
    folder.export(package)
    anki.import_package(package)
    forward, reverse = anki.cards()
    assert (forward.id, forward.nid, reverse.nid) == (first.id, first.nid, first.nid)
    assert "[[type:" in forward.question()
    assert "[[type:" in reverse.question()
    anki.check()


def test_a_note_that_becomes_a_cloze_is_a_new_note_and_fails_nothing(folder: Folder, package: Path, anki: Anki) -> None:
    folder.write("d.md", "Q: ask <!-- id: q1 -->\nA: answer\n")
    folder.export(package)
    anki.import_package(package)
    folder.write("d.md", "C: ask [answer] <!-- id: q1 -->\n")
    folder.export(package)
    log = anki.import_package(package)
    assert len(log.new) == 1
    assert {card.note_type()["name"] for card in anki.cards()} == {"Flashcards Basic", "Flashcards Cloze"}
    folder.export(package)
    assert not anki.import_package(package).new


def test_a_removed_gap_is_not_exported_and_the_others_keep_their_cards(
    folder: Folder, package: Path, anki: Anki
) -> None:
    folder.write("d.md", "C: [one] [two] [three] <!-- id: c1 -->\n")
    folder.export(package, ago_s=60)
    anki.import_package(package)
    before = {card.ord: card.id for card in anki.cards()}
    folder.write("d.md", "C: [one] two [three] <!-- id: c1 -->\n")
    exported = folder.export(package)
    anki.import_package(package)
    assert exported.cards == 2
    assert {card.ord: card.id for card in anki.cards()} == before
    (empty,) = anki.col.get_empty_cards().notes
    assert list(empty.card_ids) == [before[1]]


def test_a_picture_that_changes_is_replaced_though_its_note_did_not_change(
    folder: Folder, package: Path, anki: Anki
) -> None:
    folder.write("p.png", b"old")
    folder.write("d.md", "Q: ![](p.png)\nA: x\n")
    folder.export(package, ago_s=3600)
    anki.import_package(package)
    before = [row[0] for row in anki.rows("notes")]
    folder.write("p.png", b"new", at_s=int(time.time()) - 1800)
    folder.export(package)
    anki.import_package(package)
    (card,) = anki.cards()
    match = re.search(r'src="([^"]+)"', card.question())
    assert match
    assert (Path(anki.col.media.dir()) / match[1]).read_bytes() == b"new"
    assert [row[0] for row in anki.rows("notes")] == before
