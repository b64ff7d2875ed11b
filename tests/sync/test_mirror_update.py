"""The collection on a phone: the first download, and what changes here afterwards."""

from __future__ import annotations

from typing import Any

import pytest

from flashcards.sync import synced_collection
from flashcards.sync.mirror_update import update_mirror
from scheduler import Rating
from tests.sync.phones import World

DECK = "Q: one?\nA: 1\n\nQ: two?\nA: **2**\n<!-- tags: x; reverse -->\n\nC: a [gap] and [more]\n"


def test_the_first_download_contains_every_note_and_the_next_sync_nothing(world: World) -> None:
    world.write("a.md", DECK)
    world.write("b/c.md", "Q: sub?\nA: deck\n")
    phone = world.phone()
    phone.download()
    assert len(phone.rows("SELECT id FROM cards")) == 6
    assert phone.do("sync") == "NO_CHANGES"
    assert [report.kind for report in world.server.reports] == ["download"]
    phone.check()


def test_changes_of_the_files_reach_the_phone_with_the_next_sync(world: World) -> None:
    world.write("a.md", DECK)
    phone = world.phone()
    phone.download()
    ids = dict(phone.rows("SELECT flds, id FROM notes"))
    world.write("a.md", DECK.replace("A: 1", "A: one").replace("C: a [gap] and [more]\n", "") + "\nQ: new?\nA: yes\n")
    phone.sync()
    fields = [row[0].split("\x1f")[:2] for row in phone.rows("SELECT flds FROM notes ORDER BY id")]
    assert fields == [["one?", "one"], ["two?", "<strong>2</strong>"], ["new?", "yes"]]
    assert phone.note("one?") == next(number for text, number in ids.items() if text.startswith("one?"))
    phone.check()


def test_ratings_made_here_reach_the_phone_with_their_log_and_schedule(world: World) -> None:
    world.write("a.md", DECK)
    phone = world.phone()
    phone.download()
    world.rate("one?", Rating.EASY)
    phone.sync()
    assert len(phone.rows("SELECT id FROM revlog")) == 1
    assert phone.rows(f"SELECT type, queue, reps FROM cards WHERE id = {phone.card('one?')}") == [[2, 2, 1]]
    phone.check()


def test_a_renamed_file_moves_its_cards_to_the_new_deck_and_removes_the_old_one(world: World) -> None:
    world.write("a/b.md", DECK)
    phone = world.phone()
    phone.download()
    before = phone.rows("SELECT id FROM cards ORDER BY id")
    (world.root / "a/b.md").rename(world.root / "c.md")
    phone.sync()
    assert {name for (name,) in phone.rows("SELECT name FROM decks")} == {"Default", "c"}
    assert phone.rows("SELECT id FROM cards ORDER BY id") == before
    phone.check()


def test_a_change_that_is_made_while_the_mirror_is_updated_reaches_the_phone(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def update_then_suspend(*arguments: Any) -> Any:
        found = update_mirror(*arguments)
        monkeypatch.setattr(synced_collection, "update_mirror", update_mirror)
        with world.collection() as collection:
            collection.store.suspend([world.card("one?")])
        return found

    world.write("a.md", DECK)
    phone = world.phone()
    phone.download()
    world.rate("two?", Rating.GOOD)
    monkeypatch.setattr(synced_collection, "update_mirror", update_then_suspend)
    phone.sync()
    assert phone.rows(f"SELECT queue FROM cards WHERE id = {phone.card('one?')}") == [[-1]]


def test_suspensions_and_flags_reach_the_phone(world: World) -> None:
    world.write("a.md", DECK)
    phone = world.phone()
    phone.download()
    with world.collection() as collection:
        collection.store.suspend([world.card("one?")])
        collection.store.flag([world.card("two?")], 3)
    phone.sync()
    assert phone.rows(f"SELECT queue FROM cards WHERE id = {phone.card('one?')}") == [[-1]]
    assert phone.rows(f"SELECT flags FROM cards WHERE id = {phone.card('two?')}") == [[3]]
    with world.collection() as collection:
        collection.store.unsuspend([world.card("one?")])
    phone.sync()
    assert phone.rows(f"SELECT queue FROM cards WHERE id = {phone.card('one?')}") == [[0]]


def test_a_note_added_in_the_middle_moves_no_other_card(world: World) -> None:
    world.write("a.md", DECK)
    phone = world.phone()
    phone.download()
    world.write("a.md", DECK.replace("Q: two?", "Q: middle?\nA: m\n\nQ: two?"))
    assert phone.do("sync") == "NO_CHANGES"
    assert world.server.reports[-1].sent == 2  # its note and its card
    assert phone.rows("SELECT flds FROM notes n JOIN cards c ON c.nid = n.id ORDER BY c.due, c.id")[1][0].startswith(
        "mid"
    )


def test_settings_of_decks_go_out_as_deck_options(world: World) -> None:
    world.write("a.md", DECK)
    phone = world.phone()
    phone.download()
    world.write("flashcards.toml", "new_per_day = 3\nretention = 0.85\n")
    phone.sync()
    phone.check()
    assert phone.do("options", deck="a") == [3, 0.85]
