"""Packages of the real core with everything in them that it can make."""

from __future__ import annotations

from pathlib import Path

import pytest

from flashcards.anki.exports.export import export_package
from flashcards.collection import Collection
from tests.anki.exports.core import Anki
from tests.anki.imports.anki_world import World
from tests.anki.imports.home import Home

pytest.importorskip("anki.collection", reason="needs the anki wheel")


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path / "anki", limits=True)


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path / "decks")


@pytest.mark.parametrize("name", ["new.apkg", "old.apkg", "new.colpkg", "old.colpkg"])
def test_every_standard_note_type_becomes_the_notes_that_it_asks(
    home: Home, world: World, tmp_path: Path, name: str
) -> None:
    world.add("Basic", "A::B", ("t",), Front="What is <b>x</b>?", Back='y<br><img src="a b.png">[sound:x.mp3]')
    world.add("Basic (and reversed card)", "A::B", Front="cat", Back="Katze")
    world.add("Basic (optional reversed card)", "A", Front="dog", Back="Hund", Add_Reverse="1")
    world.add("Basic (optional reversed card)", "A", Front="cow", Back="Kuh")
    world.add("Basic (type in the answer)", "A", Front="2+2", Back="4")
    world.add("Cloze", "A", Text="The {{c1::a {{c2::b}}::hint}}", Back_Extra="")
    world.add("Basic", "Right", Front='<div dir="rtl">שלום</div>', Back="مرحبا")
    world.col.media.write_data("a b.png", b"1")
    world.col.media.write_data("x.mp3", b"2")
    report = home.import_file(world.export(tmp_path / name, legacy=name.startswith("old")))
    assert home.read("A/B.md") == (
        "Q: What is **x**?\nA: y\\\n![](../media/a%20b.png)![](../media/x.mp3)\n\n<!-- tags: t -->\n\n"
        "Q: cat\nA: Katze\n<!-- reverse -->\n"
    )
    assert home.read("A.md") == (
        "Q: dog\nA: Hund\n<!-- reverse -->\n\nQ: cow\nA: Kuh\n\nQ: 2+2\nA: 4\n<!-- type -->\n\n"
        "C: The {{c1::a {{c2::b}}::hint}}\n"
    )
    assert home.read("Right.md") == "Q: שלום\nA: مرحبا\n"
    assert (report.added, report.media) == (7, 2)
    assert [remark.message for remark in report.remarks] == [
        f"`{name}` of the whole collection was raised to {total}, the sum of Anki's decks."
        for name, total in (("new_per_day", 40), ("reviews_per_day", 400))
    ]
    with Collection(home.root) as collection:
        cards = collection.connection.execute("SELECT count(*) FROM cards").fetchone()[0]
    assert cards == world.db.scalar("SELECT count() FROM cards")
    world.close()


def test_image_occlusion_keeps_each_mask_on_the_way_to_anki_and_back(home: Home, world: World, tmp_path: Path) -> None:
    world.col.add_image_occlusion_notetype()
    image = tmp_path / "map.png"
    image.write_bytes(b"picture")
    kind = next(each for each in world.col.models.all() if "Occlusion" in each["name"])
    world.col.add_image_occlusion_note(
        notetype_id=kind["id"],
        image_path=str(image),
        occlusions="{{c1::image-occlusion:rect:left=.1:oi=1}}<br>{{c2::image-occlusion:rect:left=.5:top=.2}}<br>",
        header="The map",
        back_extra="more",
        tags=[],
    )
    report = home.import_file(world.export(tmp_path / "x.apkg"))
    assert report.added == world.db.scalar("SELECT count() FROM cards") == 2
    with Collection(home.root) as collection:
        notes = [entry.note for entry in collection.catalog.entries()]
        collection.scan()
        export_package(collection, ["Default"], tmp_path / "back.apkg")
    assert all("The map" in note.fields[0] and ".svg" in note.fields[0] for note in notes)
    assert [note.fields[1] for note in notes] == ["![](media/map.png)\\\nmore"] * 2
    world.close()
    other = Anki(tmp_path / "other")
    other.import_package(tmp_path / "back.apkg")
    assert [card.question().count(".svg") for card in other.cards()] == [1, 1]
    assert ['<img src="map.png"' in card.answer().partition("<hr id=answer")[2] for card in other.cards()] == [True] * 2
    assert other.missing_media() == []
    other.col.close()


def test_cards_in_a_filtered_deck_go_to_their_home(home: Home, world: World, tmp_path: Path) -> None:
    for number in range(8):
        world.add("Basic", "Home", Front=f"f{number}", Back="b")
    world.study(days=3, answers=10)
    filtered = world.col.decks.new_filtered("Filtered")
    deck = world.col.decks.get(filtered)
    assert deck is not None
    deck["terms"] = [["deck:Home", 5, 0]]
    world.col.decks.save(deck)
    world.col.sched.rebuild_filtered_deck(filtered)
    assert world.db.scalar("SELECT count() FROM cards WHERE odid > 0") == 5
    report = home.import_file(world.export(tmp_path / "x.colpkg"))
    assert report.files == ["Home.md"]
    assert [remark.message for remark in report.remarks] == [
        "1 filtered deck is left out, the cards are in their own: `Filtered`."
    ]
    from tests.anki.imports.judge import differences

    with Collection(home.root) as collection:
        collection.scan()
        assert differences(collection, world.db, world.col.sched.today) == []
    world.close()


def test_answers_in_a_filtered_deck_are_in_the_log(home: Home, world: World, tmp_path: Path) -> None:
    for number in range(8):
        world.add("Basic", "Home", Front=f"f{number}", Back="b")
    world.study(days=6, answers=12)
    for reschedule in (True, False):
        filtered = world.col.decks.new_filtered(f"Filtered {reschedule}")
        deck = world.col.decks.get(filtered)
        assert deck is not None
        deck["terms"] = [["is:review", 5, 0]]
        deck["resched"] = reschedule
        world.col.decks.save(deck)
        world.col.sched.rebuild_filtered_deck(filtered)
        world.col.decks.select(filtered)
        for _ in range(4):
            queued = world.sched.get_queued_cards(fetch_limit=1)
            if queued.cards:
                card = world.col.get_card(queued.cards[0].card.id)
                card.start_timer()
                world.sched.answerCard(card, 4)
        world.col.sched.empty_filtered_deck(filtered)
    kinds = [kind for (kind,) in world.db.execute("SELECT DISTINCT type FROM revlog")]
    assert 3 in kinds
    package = world.export(tmp_path / "x.colpkg")
    home.import_file(package)
    with Collection(home.root) as collection:
        collection.scan()
        rows = collection.connection.execute("SELECT count(*) FROM reviews WHERE kind != 4").fetchone()[0]
        assert rows == world.db.scalar("SELECT count() FROM revlog")
        reps = collection.connection.execute("SELECT sum(reps), sum(lapses) FROM cards").fetchone()
        assert list(reps) == world.db.first("SELECT sum(reps), sum(lapses) FROM cards")
        assert collection.store.find_differences(lambda deck: collection.policy(deck).parameters) == []
    assert not home.import_file(package).changes_anything
    world.close()


def test_a_leech_is_marked_as_one(home: Home, world: World, tmp_path: Path) -> None:
    note = world.add("Basic", "Home", Front="f", Back="b")
    world.db.execute("UPDATE cards SET type = 2, queue = -1, due = 5, ivl = 9, reps = 30, lapses = 8, factor = 1300")
    note.tags = ["leech"]
    world.col.update_note(note)
    home.import_file(world.export(tmp_path / "x.apkg"))
    with Collection(home.root) as collection:
        row = collection.connection.execute("SELECT leech, lapses, suspended FROM cards").fetchone()
    assert row == (1, 8, 1)
    world.close()
