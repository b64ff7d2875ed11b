"""A person edits, moves and renames freely, and the history follows."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from flashcards.collection import now_ms
from flashcards.identity.notes import make_key
from scheduler import build_queue
from tests.catalog.world import World, question

if TYPE_CHECKING:
    from pathlib import Path


def asked(world: World) -> set[int]:
    """The cards that today's queue holds."""
    queue = build_queue(world.collection.store, world.collection.deck_policies, now_ms())
    counts = queue.counts()
    found: set[int] = set()
    while isinstance(card := queue.next_card(now_ms()), int):
        found.add(card)
        world.collection.store.bury([card], world.collection.clock.day(now_ms()))
        queue.refresh(now_ms())
    assert len(found) == sum(counts)
    return found


class TestTheSameText:
    def test_keeps_its_history_when_the_file_is_renamed(self, world: World) -> None:
        world.write("a.md", question("one"), question("two"))
        world.scan()
        card = world.rate("two")
        (world.root / "a.md").rename(world.root / "b.md")
        report = world.scan()
        assert report.added == report.removed == report.returned == []
        assert [change.path for change in report.moved] == ["b.md", "b.md"]
        assert world.cards(world.note("two").id)["forward"].id == card
        assert world.note("two").path == "b.md"

    def test_keeps_its_history_when_it_moves_to_another_file(self, world: World) -> None:
        world.write("a.md", question("one"), question("two"))
        world.write("b.md", question("three"))
        world.scan()
        card = world.rate("one")
        world.write("a.md", question("two"))
        world.write("sub/b.md", question("one"))
        report = world.scan()
        assert [(change.path, change.rule) for change in report.moved] == [("sub/b.md", "same text")]
        assert world.cards(world.note("one").id)["forward"].id == card

    def test_is_the_same_with_other_order_spaces_and_forms_of_accents(self, world: World) -> None:
        world.write("a.md", question("café one"), question("two  words"), question("three"))
        world.scan()
        cards = {name: world.rate(name) for name in ("café one", "two  words", "three")}
        world.write("a.md", question("three"), "Q:   two words\n\nA:\n\nanswer\n\n", question("cafe\u0301 one"))
        report = world.scan()
        assert report.added == report.removed == []
        for before, after in (("café one", "cafe\u0301 one"), ("two  words", "two words"), ("three", "three")):
            assert world.cards(world.note(after).id)["forward"].id == cards[before]

    def test_keeps_its_history_when_headings_tags_and_attributes_change(self, world: World) -> None:
        world.write("a.md", question("one"))
        world.scan()
        card = world.rate("one")
        world.write("a.md", "---\ntags: [x]\n---\n# Heading\n\n", question("one", comment="<!-- tags: y; reverse -->"))
        report = world.scan()
        assert [change.rule for change in report.edited] == ["same text"]
        cards = world.cards(world.note("one").id)
        assert (cards["forward"].id, set(cards)) == (card, {"forward", "reverse"})

    def test_keeps_its_forward_card_when_a_question_becomes_a_term(self, world: World) -> None:
        world.write("a.md", "Q: agonist\nA: a ligand\n")
        world.scan()
        card = world.rate("agonist")
        world.write("a.md", "T: agonist\nD: a ligand\n")
        world.scan()
        cards = world.cards(world.note("agonist").id)
        assert cards["forward"].id == card
        assert cards["reverse"].active

    def test_the_reverse_card_is_inactive_while_a_term_is_a_question(self, world: World) -> None:
        world.write("a.md", "T: agonist\nD: a ligand\n")
        world.scan()
        card = world.rate("agonist", "reverse")
        world.write("a.md", "Q: agonist\nA: a ligand\n")
        world.scan()
        assert not world.cards(world.note("agonist").id)["reverse"].active
        world.write("a.md", "T: agonist\nD: a ligand\n")
        world.scan()
        back = world.cards(world.note("agonist").id)["reverse"]
        assert (back.id, back.active, back.reps) == (card, True, 1)


class TestAnOrphan:
    def test_keeps_its_history_and_is_never_asked(self, world: World) -> None:
        world.write("a.md", question("one"), question("two"))
        world.scan()
        card = world.rate("one")
        world.write("a.md", question("two"))
        report = world.scan()
        assert [change.path for change in report.removed] == ["a.md"]
        assert world.orphans() == ["one"]
        assert world.reviews(card) == 1
        world.collection.store.set_due([card], world.collection.clock.day(now_ms()), now_ms())
        assert asked(world) == {world.cards(world.note("two").id)["forward"].id}

    def test_returns_with_its_text_even_in_another_file_and_long_after(
        self, world: World, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        file = world.write("a.md", question("one"))
        world.scan()
        card = world.rate("one")
        file.unlink()
        world.scan()
        week_later = now_ms() + 7 * 86_400_000
        monkeypatch.setattr("flashcards.collection.now_ms", lambda: week_later)
        world.write("other/b.md", question("new"), question("one"))
        report = world.scan()
        assert [(change.path, change.rule) for change in report.returned] == [("other/b.md", "same text")]
        assert [change.path for change in report.added] == ["other/b.md"]
        back = world.cards(world.note("one").id)["forward"]
        assert (back.id, back.active, back.reps) == (card, True, 1)

    def test_returns_when_its_file_is_restored_with_its_old_time(self, world: World) -> None:
        file = world.write("a.md", question("one"), mtime_ns=10**18)
        world.scan()
        file.unlink()
        world.scan()
        world.write("a.md", question("one"), mtime_ns=10**18)
        assert [change.path for change in world.scan().returned] == ["a.md"]

    def test_stays_suspended_or_flagged_when_it_returns(self, world: World) -> None:
        file = world.write("a.md", question("one"))
        world.scan()
        card = world.cards(world.note("one").id)["forward"].id
        world.collection.store.suspend([card])
        world.collection.store.flag([card], 3)
        file.unlink()
        world.scan()
        world.write("a.md", question("one"))
        world.scan()
        back = world.cards(world.note("one").id)["forward"]
        assert (back.suspended, back.flag) == (True, 3)


class TestDuplicates:
    def test_the_one_that_stays_keeps_its_own_history(self, world: World) -> None:
        world.write("a.md", question("same"))
        world.write("b.md", question("same"))
        world.scan()
        ids = {entry.path: entry.id for entry in world.entries()}
        world.collection.store.flag([world.cards(ids["b.md"])["forward"].id], 2)
        (world.root / "a.md").unlink()
        world.scan()
        assert world.note("same").id == ids["b.md"]
        world.write("a.md", question("same"))
        world.scan()
        assert {entry.path: entry.id for entry in world.entries()} == ids

    def test_each_stays_in_its_file_when_both_files_change(self, world: World) -> None:
        world.write("a.md", question("same"))
        world.write("b.md", question("same"))
        world.scan()
        ids = {entry.path: entry.id for entry in world.entries()}
        world.write("b.md", question("same"), question("more b"))
        world.write("a.md", question("more a"), question("same"))
        world.scan()
        assert {entry.path: entry.id for entry in world.entries() if entry.note.fields[0] == "same"} == ids

    def test_one_moves_while_the_other_stays_in_a_file_that_changes_too(self, world: World) -> None:
        world.write("a.md", question("same"))
        world.write("b.md", question("same"))
        world.scan()
        ids = {entry.path: entry.id for entry in world.entries()}
        world.write("a.md", question("same"), question("more"))
        (world.root / "b.md").unlink()
        world.write("c.md", question("same"))
        report = world.scan()
        now = {entry.path: entry.id for entry in world.entries() if entry.note.fields[0] == "same"}
        assert now == {"a.md": ids["a.md"], "c.md": ids["b.md"]}
        assert report.removed == []

    def test_when_one_of_two_equal_notes_is_removed_the_other_keeps_its_id(self, world: World) -> None:
        world.write("a.md", question("same"), question("between"), question("same"))
        world.scan()
        last = max((entry.note.line, entry.id) for entry in world.entries())[1]
        world.write("a.md", question("between"), question("same"))
        world.scan()
        assert world.note("same").id == last


class TestAPin:
    def test_keeps_the_history_through_any_edit(self, world: World) -> None:
        world.write("a.md", question("one", comment="<!-- id: p1 -->"))
        world.scan()
        card = world.rate("one")
        world.write("b.md", question("quite another", "text", "<!-- id: p1 -->"))
        (world.root / "a.md").unlink()
        report = world.scan()
        (edit,) = report.edited
        assert (edit.rule, edit.path, edit.score) == ("pin", "b.md", 1.0)
        assert edit.before and edit.before.fields == ("one", "answer")
        assert world.cards(world.note("quite another").id)["forward"].id == card

    def test_restores_an_orphan_with_another_text(self, world: World) -> None:
        file = world.write("a.md", question("one", comment="<!-- id: p1 -->"))
        world.scan()
        card = world.rate("one")
        file.unlink()
        world.scan()
        world.write("b.md", question("two", comment="<!-- id: p1 -->"))
        assert [change.rule for change in world.scan().returned] == ["pin"]
        assert world.cards(world.note("two").id)["forward"].id == card

    def test_may_be_the_key_of_a_note(self, world: World) -> None:
        world.write("a.md", question("one"))
        world.scan()
        card = world.rate("one")
        name = world.note("one").key
        world.write("a.md", question("another text", comment=f"<!-- id: {name} -->"))
        world.scan()
        assert world.cards(world.note("another text").id)["forward"].id == card

    def test_may_be_the_key_of_an_orphan(self, world: World) -> None:
        file = world.write("a.md", question("one"))
        world.scan()
        card = world.rate("one")
        name = world.note("one").key
        file.unlink()
        world.scan()
        world.write("b.md", question("another text", comment=f"<!-- id: {name} -->"))
        world.scan()
        assert world.cards(world.note("another text").id)["forward"].id == card

    def test_with_the_key_of_a_note_in_an_unchanged_file_makes_a_separate_note(self, world: World) -> None:
        world.write("a.md", question("one"))
        world.scan()
        card = world.rate("one")
        name = world.note("one").key
        world.write("b.md", question("two", comment=f"<!-- id: {name} -->"))
        world.scan()
        assert world.cards(world.note("one").id)["forward"].id == card
        assert world.note("two").key == make_key(world.note("two").fingerprint)

    def test_copied_with_its_note_leaves_the_history_with_the_text_it_belongs_to(self, world: World) -> None:
        world.write("a.md", question("one", comment="<!-- id: p1 -->"))
        world.scan()
        card = world.rate("one")
        copy = question("a copy, edited", comment="<!-- id: p1 -->")
        world.write("a.md", copy, question("one", comment="<!-- id: p1 -->"))
        world.scan()
        assert world.cards(world.note("one").id)["forward"].id == card
        assert world.note("a copy, edited").key != "p1"

    def test_a_text_that_occurs_twice_never_swaps_histories(self, world: World) -> None:
        notes = [question("one", comment="<!-- id: p1 -->"), question("two", comment="<!-- id: p1 -->")]
        world.write("a.md", *notes)
        world.scan()
        ids = {front: world.note(front).id for front in ("one", "two")}
        for times in range(3):
            world.write("a.md", "Prose.\n\n" * times, *reversed(notes))
            report = world.scan()
            assert report.added == report.removed == []
            assert {front: world.note(front).id for front in ("one", "two")} == ids
            notes.reverse()

    def test_that_is_removed_leaves_the_note_as_it_was(self, world: World) -> None:
        world.write("a.md", question("one", comment="<!-- id: p1 -->"))
        world.scan()
        before = world.note("one")
        world.write("a.md", question("one"))
        world.scan()
        assert (world.note("one").id, world.note("one").key) == (before.id, "p1")

    def test_with_another_value_makes_a_new_note(self, world: World) -> None:
        world.write("a.md", question("one", comment="<!-- id: p1 -->"))
        world.scan()
        before = world.note("one").id
        world.write("a.md", question("one", comment="<!-- id: p2 -->"))
        report = world.scan()
        assert len(report.added) == len(report.removed) == 1
        assert world.note("one").id != before


class TestAFormerText:
    def test_of_a_note_is_recognized_when_the_edit_is_undone(self, world: World) -> None:
        world.write("a.md", question("one", comment="<!-- id: p1 -->"))
        world.scan()
        card = world.rate("one")
        world.write("a.md", question("two", comment="<!-- id: p1 -->"))
        world.scan()
        world.write("a.md", question("one"))
        report = world.scan()
        assert [change.rule for change in report.edited] == ["former text"]
        assert world.cards(world.note("one").id)["forward"].id == card

    def test_restores_an_orphan(self, world: World) -> None:
        world.write("a.md", question("one", comment="<!-- id: p1 -->"))
        world.scan()
        card = world.rate("one")
        file = world.write("a.md", question("two", comment="<!-- id: p1 -->"))
        world.scan()
        file.unlink()
        world.scan()
        world.write("b.md", question("one"))
        assert [change.rule for change in world.scan().returned] == ["former text"]
        assert world.cards(world.note("one").id)["forward"].id == card

    def test_is_skipped_if_another_note_has_the_text_now(self, world: World) -> None:
        world.write("a.md", question("one", comment="<!-- id: p1 -->"))
        world.scan()
        world.write("a.md", question("two", comment="<!-- id: p1 -->"), question("one"))
        world.scan()
        ids = {front: world.note(front).id for front in ("one", "two")}
        world.write("a.md", question("one"), question("two"))
        world.scan()
        assert {front: world.note(front).id for front in ("one", "two")} == ids

    def test_gives_each_gap_the_number_it_had_then(self, world: World) -> None:
        pin = "<!-- id: p1 -->\n"
        world.write("a.md", "C: [one] [two] [three]\n", pin)
        world.scan()
        cards = {slot: card.id for slot, card in world.cards(world.entries()[0].id).items()}
        world.write("a.md", "C: [three] alone\n", pin)
        world.scan()
        assert world.entries()[0].note.slots == ("c3",)
        world.write("a.md", "C: [one] [two] [three]\n", pin)
        world.scan()
        assert [gap.numbers for gap in world.entries()[0].note.gaps] == [(1,), (2,), (3,)]
        assert {slot: card.id for slot, card in world.cards(world.entries()[0].id).items()} == cards


def test_every_link_between_different_texts_is_recorded_with_rule_and_score(world: World) -> None:
    world.write("a.md", question("one", comment="<!-- id: p1 -->"))
    world.scan()
    before = world.note("one")
    world.write("a.md", question("two", comment="<!-- id: p1 -->"))
    world.scan()
    rows = world.collection.connection.execute("SELECT note, rule, score, before, after FROM links").fetchall()
    assert rows == [(before.id, "pin", 1.0, before.fingerprint, world.note("two").fingerprint)]


def test_two_machines_that_first_see_the_same_decks_give_the_same_keys(tmp_path: Path) -> None:
    keys = []
    for name in ("here", "there"):
        (tmp_path / name).mkdir()
        world = World(tmp_path / name)
        world.write("b.md", question("same"), question("pinned", comment="<!-- id: p1 -->"))
        world.write("a.md", question("one"), question("same"), question("same"))
        world.scan()
        keys.append([(entry.path, entry.note.line, entry.key) for entry in world.entries()])
        world.close()
    assert keys[0] == keys[1]
    assert len({name for _, _, name in keys[0]}) == 5


def test_a_key_never_changes_with_the_text(world: World) -> None:
    world.write("a.md", question("one"))
    world.scan()
    name = world.note("one").key
    world.write("a.md", question("two", comment=f"<!-- id: {name} -->"))
    world.scan()
    world.write("b.md", question("one"))
    world.scan()
    assert world.note("two").key == name
    assert world.note("one").key != name  # that key is taken
