"""What is gone may come back: an orphan keeps its history for ever."""

from __future__ import annotations

from typing import TYPE_CHECKING
from unittest.mock import patch

import pytest

from flashcards.collection import now_ms
from scheduler import Rating

if TYPE_CHECKING:
    from tests.identity.world import World

RIBOSOMES = "Q: What do ribosomes do?\nA: They build proteins from amino acids."
REWORDED = "Q: What does a ribosome make?\nA: It builds proteins out of amino acids."
NUCLEUS = "Q: What does the nucleus hold?\nA: The chromosomes."
LYSOSOMES = "Q: What do lysosomes do?\nA: They digest worn-out organelles."


def test_an_edit_that_is_undone_is_recognised(world: World) -> None:
    world.write("a.md", RIBOSOMES, NUCLEUS)
    world.scan()
    card = world.rate("ribosomes")
    world.write("a.md", REWORDED, NUCLEUS)
    world.scan()
    world.write("a.md", RIBOSOMES, NUCLEUS)
    report = world.scan()
    assert [change.rule for change in report.edited] == ["former text"]
    assert world.cards("ribosomes")["forward"].id == card.id


def test_switching_between_branches_loses_nothing(world: World) -> None:
    main = {"a.md": (RIBOSOMES, NUCLEUS), "b.md": (LYSOSOMES,)}
    branch = {"a.md": (REWORDED, "Q: What does the nucleus contain?\nA: The chromosomes.", LYSOSOMES)}
    for files in (main, branch, main, branch, main):
        for path in ("a.md", "b.md"):
            if path in files:
                world.write(path, *files[path])
            elif (world.root / path).exists():
                world.remove(path)
        world.scan()
        assert world.orphans() == []
        if files is main:
            world.rate("ribosomes")
    assert world.cards("ribosomes")["forward"].reps == 3
    (notes,) = world.collection.connection.execute("SELECT count(*) FROM notes").fetchone()
    assert notes == 3


def test_a_file_deleted_and_restored_a_week_later_keeps_its_histories(world: World) -> None:
    world.write("a.md", RIBOSOMES, NUCLEUS)
    world.scan()
    card = world.rate("ribosomes")
    world.remove("a.md")
    world.scan()
    assert len(world.orphans()) == 2
    assert not world.card(card.id).active
    world.write("b.md", "Q: Something else?\nA: Yes")
    world.scan()
    world.write("elsewhere/a.md", RIBOSOMES, NUCLEUS)
    report = world.scan()
    assert (len(report.returned), len(report.added)) == (2, 0)
    assert (world.cards("ribosomes")["forward"].id, world.card(card.id).active) == (card.id, True)


def test_a_note_cut_and_pasted_with_an_edit_a_week_later_keeps_its_history(world: World) -> None:
    world.write("a.md", RIBOSOMES, NUCLEUS)
    world.write("b.md", LYSOSOMES)
    world.scan()
    card = world.rate("ribosomes")
    world.write("a.md", NUCLEUS)
    world.scan()
    world.write("b.md", LYSOSOMES, "Q: What do ribosomes do?\nA: They build proteins out of amino acids.")
    report = world.scan()
    assert [change.rule for change in report.returned] == ["similar"]
    assert world.cards("ribosomes")["forward"].id == card.id


def test_a_note_saved_half_rewritten_keeps_its_history_when_finished(world: World) -> None:
    world.write("a.md", RIBOSOMES, NUCLEUS)
    world.scan()
    card = world.rate("ribosomes")
    world.write("a.md", "Q: What do ribosomes do?", NUCLEUS)
    world.scan()
    assert len(world.orphans()) == 1
    world.write("a.md", "Q: What do ribosomes do?\nA: They make proteins.", NUCLEUS)
    world.scan()
    assert world.cards("ribosomes")["forward"].id == card.id


def test_a_new_note_from_a_template_is_not_linked_with_a_long_deleted_one(world: World) -> None:
    capitals = {"France": "Paris", "Spain": "Madrid", "Italy": "Rome", "Poland": "Warsaw"}
    notes = [f"Q: What is the capital of {country}?\nA: {city}" for country, city in capitals.items()]
    world.write("a.md", *notes)
    world.scan()
    world.write("a.md", *notes[1:])
    world.scan()
    world.write("a.md", "Q: What is the capital of Peru?\nA: Lima", *notes[1:])
    report = world.scan()
    assert (len(report.added), report.returned) == (1, [])


def test_an_orphan_is_found_by_any_text_that_it_ever_had(world: World) -> None:
    world.write("a.md", RIBOSOMES, NUCLEUS)
    world.scan()
    card = world.rate("ribosomes")
    world.write("a.md", REWORDED, NUCLEUS)
    world.scan()
    world.write("a.md", NUCLEUS)
    world.scan()
    world.write("a.md", NUCLEUS, RIBOSOMES)
    world.scan()
    assert world.cards("ribosomes")["forward"].id == card.id


def test_a_note_pasted_first_and_cut_after_a_scan_keeps_its_history(world: World) -> None:
    world.write("a.md", RIBOSOMES, NUCLEUS)
    world.scan()
    card = world.rate("ribosomes")
    key = world.note("ribosomes").key
    world.write("b.md", LYSOSOMES, RIBOSOMES)
    world.scan()
    world.write("a.md", NUCLEUS)
    report = world.scan()
    assert [(change.rule, change.path, change.line) for change in report.moved] == [("copy", "b.md", 4)]
    assert (report.removed, report.orphaned, world.orphans()) == ([], [], [])
    assert (world.note("ribosomes").key, world.note("ribosomes").path) == (key, "b.md")
    assert (world.cards("ribosomes")["forward"].id, world.card(card.id).active) == (card.id, True)
    assert not world.scan()


@pytest.mark.parametrize("link", ["![[cell]]", "[[cell]]"])
def test_a_copied_note_that_shows_another_one_has_its_history(world: World, link: str) -> None:
    note = f"{RIBOSOMES} {link}"
    world.write("cell.md", LYSOSOMES)
    world.write("a.md", note, NUCLEUS)
    world.scan()
    card = world.rate("ribosomes")
    world.write("b.md", note)
    world.scan()
    world.write("a.md", NUCLEUS)
    world.scan()
    assert world.cards("ribosomes")["forward"].id == card.id
    assert not world.scan()


def test_a_reviewed_copy_keeps_its_own_history(world: World) -> None:
    world.write("a.md", RIBOSOMES, NUCLEUS)
    world.scan()
    card = world.rate("ribosomes")
    world.write("b.md", RIBOSOMES)
    world.scan()
    (copy,) = [entry for entry in world.collection.catalog.entries() if entry.path == "b.md"]
    (other,) = world.collection.store.cards_of(copy.id)
    world.collection.store.rate(other.id, Rating.EASY, world.collection.policy(other.deck), 1_700_000_000_000)
    world.write("a.md", NUCLEUS)
    report = world.scan()
    assert [change.note for change in report.removed] == [card.note]
    assert world.cards("ribosomes")["forward"].id == other.id


def test_a_file_copied_first_and_deleted_after_a_scan_keeps_its_histories(world: World) -> None:
    gaps = "C: The [nucleus] holds the [chromosomes]."
    world.write("a.md", RIBOSOMES, gaps, LYSOSOMES)
    world.scan()
    cards = [world.rate("ribosomes"), world.rate("nucleus", "c2"), world.rate("lysosomes")]
    world.write("old/a.md", RIBOSOMES, gaps, LYSOSOMES)
    world.scan()
    world.remove("a.md")
    world.scan()
    assert all(world.card(card.id).active for card in cards)
    assert world.orphans() == []
    assert [entry.path for entry in world.collection.catalog.entries()] == ["old/a.md"] * 3


def test_a_copy_with_its_own_id_stays_a_separate_note(world: World) -> None:
    world.write("a.md", RIBOSOMES, NUCLEUS)
    world.scan()
    card = world.rate("ribosomes")
    world.write("b.md", f"{RIBOSOMES}\n<!-- id: mine -->")
    world.scan()
    world.write("a.md", NUCLEUS)
    world.scan()
    assert not world.card(card.id).active


@pytest.mark.parametrize("mark", ["suspend", "flag", "bury", "set_due"])
def test_a_copy_that_was_used_stays_a_separate_note(world: World, mark: str) -> None:
    world.write("a.md", RIBOSOMES, NUCLEUS)
    world.scan()
    card = world.rate("ribosomes")
    world.write("b.md", RIBOSOMES)
    world.scan()
    (copy,) = [entry for entry in world.collection.catalog.entries() if entry.path == "b.md"]
    store, day = world.collection.store, world.collection.clock.day(now_ms())
    cards = [each.id for each in store.cards_of(copy.id)]
    match mark:
        case "suspend":
            store.suspend(cards)
        case "flag":
            store.flag(cards, 3)
        case "bury":
            store.bury(cards, day)
        case _:
            store.set_due(cards, day + 5, now_ms())
    world.write("a.md", NUCLEUS)
    world.scan()
    assert not world.card(card.id).active
    assert world.card(cards[0]).active


def test_a_text_that_existed_twice_for_long_is_two_notes(world: World) -> None:
    world.write("a.md", RIBOSOMES, NUCLEUS)
    world.scan()
    card = world.rate("ribosomes")
    world.write("b.md", RIBOSOMES)
    world.scan()
    world.write("a.md", NUCLEUS)
    later = now_ms() + 3 * 86_400_000
    with patch("flashcards.collection.now_ms", lambda: later):
        world.scan()
    assert not world.card(card.id).active


def test_a_note_does_not_inherit_the_edits_of_the_copy_that_it_replaces(world: World) -> None:
    world.write("a.md", RIBOSOMES, NUCLEUS)
    world.scan()
    world.rate("ribosomes")
    world.write("b.md", RIBOSOMES.replace("protein", "protien"))
    world.scan()
    world.write("b.md", RIBOSOMES)
    world.scan()
    world.write("a.md", NUCLEUS)
    world.scan()
    note = world.note("ribosomes")
    assert note.path == "b.md"
    assert world.collection.connection.execute("SELECT * FROM links WHERE note = ?", (note.id,)).fetchall() == []


AMYGDALA = "Q: What does the amygdala do?\nA: It processes fear."
IMPROVED = "Q: What does the amygdala do in the brain?\nA: It processes fear."


def test_a_note_pasted_and_improved_first_and_cut_after_a_scan_keeps_its_history(world: World) -> None:
    world.write("old.md", RIBOSOMES, AMYGDALA)
    world.scan()
    cards = [world.rate("ribosomes"), world.rate("amygdala")]
    world.write("new.md", RIBOSOMES, IMPROVED)
    world.scan()
    world.remove("old.md")
    report = world.scan()
    assert [(change.rule, change.path) for change in report.edited] == [("copy", "new.md")]
    assert len(report.moved) == 2
    assert world.cards("amygdala")["forward"].id == cards[1].id
    assert all(world.card(card.id).active for card in cards)
    assert not world.scan()


def test_a_conflict_copy_that_is_kept_after_a_scan_has_the_histories(world: World) -> None:
    world.write("deck.md", RIBOSOMES, AMYGDALA)
    world.scan()
    cards = [world.rate("ribosomes"), world.rate("amygdala")]
    copy = "deck (Conflicted copy laptop 202603021129).md"
    world.write(copy, RIBOSOMES, "Q: What does the amygdala do here?\nA: It processes fear, and more")
    world.scan()
    world.remove(copy)
    world.write("deck.md", RIBOSOMES, "Q: What does the amygdala do here?\nA: It processes fear, and more")
    world.scan()
    assert world.cards("amygdala")["forward"].id == cards[1].id
    assert all(world.card(card.id).active for card in cards)


def test_a_new_note_stays_new_when_a_similar_reviewed_one_is_deleted(world: World) -> None:
    world.write("a.md", "Q: What is the capital of France?\nA: Paris", NUCLEUS)
    world.scan()
    card = world.rate("France")
    world.write(
        "a.md", "Q: What is the capital of France?\nA: Paris", NUCLEUS, "Q: What is the capital of Peru?\nA: Lima"
    )
    world.scan()
    world.write("a.md", NUCLEUS, "Q: What is the capital of Peru?\nA: Lima")
    report = world.scan()
    assert [change.note for change in report.removed] == [card.note]


def test_a_note_first_seen_before_the_review_is_not_a_copy(world: World) -> None:
    world.write("a.md", IMPROVED, AMYGDALA)
    world.scan()
    card = world.rate("amygdala do?")
    world.write("a.md", IMPROVED)
    report = world.scan()
    assert [change.note for change in report.removed] == [card.note]


ENZYME = "Q: Which enzyme unwinds the helix before copying?\nA: The helicase, at the fork."
UNWINDS = "Q: Which protein opens both strands before copying?\nA: The helicase, ahead of the fork."


def lose_and_restore(world: World, last: list[str]) -> None:
    """Scan while a file is away, after its second note was reviewed; then write it with these notes."""
    world.write("a.md", NUCLEUS, ENZYME, LYSOSOMES, AMYGDALA)
    world.scan()
    world.rate("enzyme")
    world.remove("a.md")
    world.scan()
    world.write("a.md", *last)
    world.scan()


def test_a_returned_file_is_compared_with_its_last_content(world: World) -> None:
    lose_and_restore(world, [NUCLEUS, UNWINDS, LYSOSOMES, AMYGDALA])
    assert world.cards("both strands")["forward"].reps == 1
    assert world.orphans() == []


def test_a_single_note_that_comes_back_needs_a_very_similar_text(world: World) -> None:
    lose_and_restore(world, [NUCLEUS, UNWINDS])
    assert world.cards("both strands")["forward"].reps == 0
    assert len(world.orphans()) == 3
