"""Uploads, note types of a phone's own, decks options changed there, and months away."""

from __future__ import annotations

import json
import sqlite3
from typing import Any

import pytest

from scheduler import Rating
from tests.anki.exports.folder import use_earlier_design
from tests.sync.phones import PhoneError, World, state_of

DECK = "Q: one?\nA: 1\n\nQ: two?\nA: **2**\n\nC: a [gap] and [more]\n"


def test_an_upload_is_imported_and_the_next_sync_downloads(world: World) -> None:
    world.write("a.md", DECK)
    phone = world.phone()
    phone.download()
    phone.do("edit", note=phone.note("one?"), field=1, text="uploaded")
    phone.do("add", kind="Flashcards Basic", fields=["three?", "3"], deck="a")
    phone.do("answer", cards=[phone.card("two?")], rating=3)
    phone.do("add_field", kind="Flashcards Basic", name="Extra")
    assert phone.do("sync") == "FULL_SYNC"
    phone.do("full", upload=True)
    assert "A: uploaded" in world.read("a.md")
    assert len(world.reviews()) == 1
    assert phone.do("sync") in ("FULL_SYNC", "FULL_DOWNLOAD")
    phone.do("full", upload=False)
    phone.sync()
    assert phone.rows("SELECT count(*) FROM notes") == [[4]]
    assert phone.rows("SELECT count(*) FROM fields WHERE name = 'Extra'") == [[0]]
    phone.check()


def test_the_contents_of_a_field_added_on_the_phone_are_set_aside(world: World) -> None:
    world.write("a.md", DECK)
    phone = world.phone()
    phone.download()
    phone.do("add_field", kind="Flashcards Basic", name="Mine")
    note = phone.rows("SELECT id FROM notes WHERE flds NOT LIKE '%{{c1%' ORDER BY id LIMIT 1")[0][0]
    phone.do("edit", note=note, field=6, text="a remark of my own")
    assert phone.do("sync") == "FULL_SYNC"
    phone.do("full", upload=True)
    (aside,) = (world.root / ".flashcards/phone/set-aside").iterdir()
    assert "Mine: a remark of my own" in aside.read_text(encoding="utf-8")
    assert any("set-aside" in sentence for sentence in world.server.sentences)


@pytest.mark.parametrize(
    ("act", "arguments"),
    [
        ("remove_field", {"kind": "Flashcards Basic", "name": "Front"}),
        ("remove_field", {"kind": "Flashcards Cloze", "name": "Text"}),
        ("move_field", {"kind": "Flashcards Basic", "name": "Back", "index": 0}),
        ("remove_template", {"kind": "Flashcards Basic", "index": 1}),
    ],
)
def test_changing_our_note_type_on_the_phone_damages_no_text(world: World, act: str, arguments: dict[str, Any]) -> None:
    world.write("a.md", f"# Part\n\n{DECK}")
    phone = world.phone()
    phone.download()
    phone.do("edit", note=phone.note("two?"), field=1, text="edited before")
    phone.do(act, **arguments)
    assert phone.do("sync") == "FULL_SYNC"
    phone.do("full", upload=True)
    assert world.read("a.md") == f"# Part\n\n{DECK}".replace("**2**", "edited before")
    phone.download()
    phone.sync()
    phone.check()


def test_changing_the_type_of_a_note_on_the_phone_keeps_its_old_text(world: World) -> None:
    world.write("a.md", DECK)
    phone = world.phone()
    phone.download()
    phone.do("change_type", notes=[phone.note("two?")], kind="Flashcards Cloze")
    assert phone.do("sync") == "FULL_SYNC"
    phone.do("full", upload=True)
    (aside,) = (world.root / ".flashcards/phone/set-aside").iterdir()
    assert "two?\n<strong>2</strong>" in aside.read_text(encoding="utf-8")
    assert any("note type of 1 note was changed" in sentence for sentence in world.server.sentences)


def test_fields_renamed_on_the_phone_are_still_known_and_get_their_names_back(world: World) -> None:
    world.write("a.md", f"# Part\n\n{DECK}")
    phone = world.phone()
    phone.download()
    phone.do("rename_field", kind="Flashcards Basic", name="Back", new="Rear side")
    phone.do("edit", note=phone.note("one?"), field=1, text="edited")
    phone.sync()
    assert world.read("a.md") == f"# Part\n\n{DECK}".replace("A: 1", "A: edited")
    assert phone.rows("SELECT count(*) FROM fields WHERE name IN ('Back', 'Rear side')") == [[1]]
    phone.check()


def test_an_uploaded_edit_of_a_note_that_was_deleted_here_is_kept(world: World) -> None:
    world.write("a.md", DECK)
    phone = world.phone()
    phone.download()
    phone.do("edit", note=phone.note("one?"), field=1, text="a late edit")
    world.write("a.md", DECK.removeprefix("Q: one?\nA: 1\n\n"))
    phone.do("add_field", kind="Flashcards Basic", name="Extra")
    assert phone.do("sync") == "FULL_SYNC"
    phone.do("full", upload=True)
    assert "one?" not in world.read("a.md")
    (aside,) = (world.root / ".flashcards/phone/set-aside").iterdir()
    assert "a late edit" in aside.read_text(encoding="utf-8")
    phone.download()
    phone.sync()
    phone.check()


def test_an_app_with_cards_can_be_uploaded_into_an_empty_folder(world: World) -> None:
    phone = world.phone()
    phone.do("add", kind="Basic", fields=["mine?", "yes"], deck="Own deck")
    phone.do("answer", cards=[phone.card("mine?")], rating=4)
    assert phone.do("sync") in ("FULL_UPLOAD", "FULL_SYNC")
    phone.do("full", upload=True)
    assert "Q: mine?\nA: yes\n" in world.read("Own deck.md")
    assert len(world.reviews()) == 1
    phone.download()
    phone.sync()
    assert phone.rows("SELECT reps FROM cards") == [[1]]
    phone.check()


def test_a_damaged_upload_is_refused_with_a_sentence_and_changes_nothing(world: World) -> None:
    world.write("a.md", DECK)
    service = world.server.host._service
    header = type("H", (), {"key": world.account.log_in("me", "secret-word"), "client": "x", "session": "s"})()
    for body in (b"", b"no database", b"SQLite format 3\0" + bytes(5000)):
        answer = world.server.host._worker.submit(service.answer, "sync", "upload", header, body, "x").result()
        assert answer.startswith(b"The collection was not accepted: ")
    assert world.read("a.md") == DECK


def test_a_note_of_a_foreign_type_stays_unchanged_on_the_phone_until_it_is_edited_here(world: World) -> None:
    world.write("a.md", DECK)
    phone = world.phone()
    phone.download()
    phone.do("add_type", name="My type", like="Flashcards Basic")
    note = phone.do("add", kind="My type", fields=["own?", "<i>answer</i>"], deck="a")
    phone.do("answer", cards=[phone.card("own?")], rating=3)
    phone.sync()
    assert "Q: own?\nA: *answer*" in world.read("a.md")
    kind = "SELECT t.name FROM notes n JOIN notetypes t ON t.id = n.mid WHERE n.id = "
    assert phone.rows(f"{kind}{note}") == [["My type"]]
    world.rate("own?", Rating.GOOD)
    phone.sync()
    assert phone.rows(f"SELECT reps FROM cards WHERE nid = {note}") == [[2]]
    assert phone.rows(f"{kind}{note}") == [["My type"]]
    world.write("a.md", world.read("a.md").replace("*answer*", "edited here"))
    phone.sync()
    assert phone.rows(f"{kind}{note}") == [["Flashcards Basic"]]
    assert "edited here" in phone.rows(f"SELECT flds FROM notes WHERE id = {note}")[0][0]
    assert phone.rows(f"SELECT reps FROM cards WHERE nid = {note}") == [[2]]
    phone.check()


@pytest.mark.slow
def test_a_phone_that_missed_many_changes_ends_equal_to_the_others(world: World) -> None:
    world.write("a.md", "".join(f"Q: question {number}?\nA: {number}\n\n" for number in range(600)))
    away, other = world.phone(), world.phone()
    away.download()
    other.download()
    away.do("answer", cards=[away.card("question 1?")], rating=3)
    for turn in range(4):
        text = "".join(f"Q: question {number}?\nA: {number} {turn}\n\n" for number in range(turn * 50, 600))
        world.write("a.md", text + f"Q: added {turn}\nA: x\n")
        other.do("answer", cards=[row[0] for row in other.rows("SELECT id FROM cards LIMIT 20")], rating=3)
        other.sync()
        world.restart()
    away.sync()
    other.sync()
    assert state_of(away) == state_of(other)
    assert len(world.reviews()) == 81
    away.check()


def test_an_ordinary_sync_brings_a_newer_design_and_changes_no_note(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.write("a.md", f"# Part\n\n{DECK}")
    shown = "SELECT sum(instr(config, 'class=source') > 0) FROM templates WHERE ntid IN (SELECT mid FROM notes)"
    with monkeypatch.context() as before:
        use_earlier_design(before)
        phone = world.phone()
        phone.download()
    assert phone.rows(shown) == [[0]]
    notes, cards = phone.rows("SELECT * FROM notes"), phone.rows("SELECT * FROM cards")
    world.restart()
    phone.sync()
    assert phone.rows(shown)[0][0] > 0
    assert (phone.rows("SELECT * FROM notes"), phone.rows("SELECT * FROM cards")) == (notes, cards)
    phone.check()


def test_deck_options_changed_on_the_phone_are_adopted_or_put_back(world: World) -> None:
    world.write("a.md", DECK)
    phone = world.phone()
    phone.download()
    phone.do("set_option", deck="a", new_per_day=7)
    phone.sync()
    assert "new_per_day = 7" in world.read("flashcards.toml")
    assert phone.do("options", deck="a")[0] == 7
    phone.do("set_option", deck="a", new_per_day=8)
    phone.sync()
    assert "new_per_day = 8" in world.read("flashcards.toml")
    assert "new_per_day = 7" not in world.read("flashcards.toml")
    world.write("flashcards.toml", "new_per_day = 3\n")
    phone.sync()
    phone.do("set_option", deck="a", new_per_day=9)
    phone.sync()
    assert world.read("flashcards.toml") == "new_per_day = 3\n"
    assert phone.do("options", deck="a")[0] == 3
    assert any("You edited this file" in sentence for sentence in world.server.sentences)


def test_a_preset_chosen_on_the_phone_is_adopted_and_subdecks_keep_theirs(world: World) -> None:
    for name in ("a", "a/b", "c"):
        world.write(f"{name}.md", f"Q: {name}?\nA: 1\n")
    phone = world.phone()
    phone.download()
    phone.do("add_preset", deck="a", name="Mine", new_per_day=3)
    phone.sync()
    assert [phone.do("options", deck=name)[0] for name in ("a", "a::b", "c")] == [3, 20, 20]
    phone.do("assign", deck="c", like="a")
    phone.sync()
    assert [phone.do("options", deck=name)[0] for name in ("a", "a::b", "c")] == [3, 20, 3]
    with world.collection() as collection:
        here = {name: collection.policy(deck).new_per_day for name, deck in collection.catalog.decks().items()}
    assert here == {"a": 3, "a::b": 20, "c": 3}
    before = world.read("flashcards.toml")
    phone.do("answer", cards=[phone.card("a?")], rating=3)
    phone.sync()
    assert world.read("flashcards.toml") == before


def test_a_preset_made_on_the_phone_does_not_end_the_sync(world: World) -> None:
    world.write("a.md", DECK)
    phone = world.phone()
    phone.download()
    phone.do("add_preset", deck="a", name="Mine", new_per_day=3)
    phone.do("answer", cards=[phone.rows("SELECT min(id) FROM cards")[0][0]], rating=3)
    phone.sync()
    assert len(world.reviews()) == 1
    assert phone.do("options", deck="a")[0] == 3
    other = world.phone()
    other.download()
    assert other.do("options", deck="a")[0] == 3


def test_the_downloaded_mirror_contains_only_the_tables_of_anki(world: World) -> None:
    world.write("a.md", DECK)
    header = type("H", (), {"key": world.account.log_in("me", "secret-word"), "client": "x", "session": "s"})()
    host = world.server.host
    data = host._worker.submit(host._service.answer, "sync", "download", header, b"{}", "x").result()
    connection = sqlite3.connect(":memory:")
    connection.deserialize(data)
    tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    assert tables == {"col", "notes", "cards", "revlog", "graves"}
    assert json.loads(connection.execute("SELECT conf FROM col").fetchone()[0])["fsrs"] is True
    connection.close()


def test_unreadable_settings_are_reported_and_can_be_fixed_without_a_restart(world: World) -> None:
    world.write("a.md", DECK)
    phone = world.phone()
    phone.download()
    world.write("flashcards.toml", "retention = 7\n")
    with pytest.raises(PhoneError):
        phone.do("sync")
    assert any("retention" in sentence for sentence in world.server.sentences)
    world.write("flashcards.toml", "retention = 0.8\n")
    phone.sync()
    assert phone.do("options", deck="a")[1] == 0.8


def test_reviews_lost_by_restoring_the_state_come_back_from_the_phone(world: World) -> None:
    world.write("a.md", DECK)
    phone = world.phone()
    phone.download()
    state = world.root / ".flashcards/state.db"
    world.restart()
    world.server.close()
    with world.collection() as collection:
        collection.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    copy = state.read_bytes()
    world.restart()
    phone.do("answer", cards=[phone.card("one?")], rating=3)
    phone.sync()
    world.server.close()
    for path in state.parent.glob("state.db-*"):
        path.unlink()
    state.write_bytes(copy)
    assert world.reviews() == []
    world.restart()
    phone.sync()
    assert [rating for _, _, rating in world.reviews()] == [3]
    assert phone.rows(f"SELECT reps FROM cards WHERE id = {phone.card('one?')}") == [[1]]
    phone.check()
