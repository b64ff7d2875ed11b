"""What a person sees: history follows edits through scans."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.identity.world import rules

if TYPE_CHECKING:
    from tests.identity.world import World

RIBOSOMES = "Q: What do ribosomes do?\nA: They build proteins from amino acids."
LYSOSOMES = "Q: What do lysosomes do?\nA: They digest worn-out organelles."
MITOCHONDRIA = "Q: What do mitochondria do?\nA: They make most of the ATP of a cell."
NUCLEUS = "Q: What does the nucleus hold?\nA: The chromosomes."


def test_a_reworded_note_keeps_its_history_and_is_reported_with_rule_and_score(world: World) -> None:
    world.write("a.md", RIBOSOMES, LYSOSOMES)
    world.scan()
    card = world.rate("ribosomes")
    world.write("a.md", "Q: What does a ribosome make?\nA: It builds proteins out of amino acids.", LYSOSOMES)
    report = world.scan()
    (change,) = report.edited
    assert (change.rule, report.added, report.removed) == ("similar", [], [])
    assert 0.5 < change.score <= 1
    assert world.cards("a ribosome")["forward"] == card._replace(position=world.cards("a ribosome")["forward"].position)


def test_a_file_that_was_rewritten_as_a_whole_keeps_every_history(world: World) -> None:
    world.write("a.md", RIBOSOMES, LYSOSOMES, MITOCHONDRIA, NUCLEUS)
    world.scan()
    keys = {world.note(word).key for word in ("ribosomes", "lysosomes", "mitochondria", "nucleus")}
    world.write(
        "a.md",
        "Q: What is in the nucleus of a cell?\nA: The chromosomes",
        "Q: What do mitochondria do in a cell?\nA: They make most of its ATP.",
        "Q: What are lysosomes for?\nA: They digest organelles that are worn out.",
        "Q: What do ribosomes build?\nA: They build proteins, from amino acids.",
    )
    report = world.scan()
    assert rules(report.edited) == ["similar"] * 4
    assert {entry.key for entry in world.collection.catalog.entries()} == keys


def test_a_card_added_from_a_template_does_not_get_the_history_of_a_deleted_one(world: World) -> None:
    capitals = {"France": "Paris", "Spain": "Madrid", "Italy": "Rome", "Poland": "Warsaw", "Norway": "Oslo"}
    notes = [f"Q: What is the capital of {country}?\nA: {city}" for country, city in capitals.items()]
    world.write("a.md", *notes)
    world.scan()
    world.write("a.md", *notes[:2], "Q: What is the capital of Peru?\nA: Lima", *notes[3:])
    report = world.scan()
    assert [change.before.fields[1] for change in report.removed if change.before] == ["Rome"]
    assert [change.after.fields[1] for change in report.added if change.after] == ["Lima"]
    assert (report.edited, report.ambiguous) == ([], [])


def test_if_two_old_notes_match_equally_neither_is_linked_and_it_is_reported(world: World) -> None:
    world.write(
        "a.md",
        "Q: Which hormone lowers the sugar in the blood?\nA: insulin, from the beta cells of the pancreas",
        "Q: Which hormone reduces the sugar in the blood?\nA: insulin, from the beta cells of the pancreas",
        NUCLEUS,
    )
    world.scan()
    keys = {entry.key for entry in world.collection.catalog.entries() if "hormone" in entry.note.fields[0]}
    world.write(
        "a.md",
        "Q: Which hormone takes down the sugar in blood?\nA: insulin, from the beta cells of the pancreas",
        NUCLEUS,
    )
    report = world.scan()
    (unclear,) = report.ambiguous
    assert {change.key for change, _ in unclear.candidates} == keys
    assert (len(report.added), len(report.removed), report.edited) == (1, 2, [])
    assert unclear.added in report.added


def test_a_note_moved_to_another_file_and_edited_keeps_its_history(world: World) -> None:
    world.write("a.md", RIBOSOMES, LYSOSOMES)
    world.write("b.md", NUCLEUS)
    world.scan()
    card = world.rate("ribosomes")
    world.write("a.md", LYSOSOMES)
    world.write("b.md", NUCLEUS, "Q: What do ribosomes do?\nA: They make proteins from amino acids.")
    report = world.scan()
    assert (rules(report.edited), len(report.moved)) == (["similar"], 1)
    assert world.cards("ribosomes")["forward"].id == card.id


def test_a_rewritten_answer_keeps_the_history_of_the_question(world: World) -> None:
    world.write("a.md", RIBOSOMES, "Q: What is the capital of Australia?\nA: Sydney", NUCLEUS)
    world.scan()
    card = world.rate("Sydney")
    world.write("a.md", RIBOSOMES, "Q: What is the capital of Australia?\nA: Canberra", NUCLEUS)
    world.scan()
    assert world.cards("Canberra")["forward"].reps == card.reps == 1


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("Q: osmosis\nA: diffusion of water", "T: osmosis\nD: diffusion of water"),
        ("osmosis :: diffusion of water", "Q: osmosis\nA: diffusion of water"),
        ("osmosis :: diffusion of water", "Q: What is osmosis?\nA: the diffusion of water"),
        ("T: osmosis\nD: diffusion of water", "osmosis ::: diffusion of water"),
    ],
)
def test_a_note_of_another_kind_keeps_the_card_that_asks_its_front(world: World, before: str, after: str) -> None:
    world.write("a.md", NUCLEUS, "---", before, "---", MITOCHONDRIA)
    world.scan()
    card = world.rate("osmosis")
    world.write("a.md", NUCLEUS, "---", after, "---", MITOCHONDRIA)
    world.scan()
    assert (world.cards("osmosis")["forward"].id, world.cards("osmosis")["forward"].reps) == (card.id, 1)
    assert world.orphans() == []


def test_a_question_whose_answer_becomes_a_gap_and_back_keeps_its_card(world: World) -> None:
    question = "Q: What do the ribosomes of a cell build?\nA: proteins"
    world.write("a.md", NUCLEUS, question, MITOCHONDRIA)
    world.scan()
    card = world.rate("ribosomes")
    world.write("a.md", NUCLEUS, "C: What the ribosomes of a cell build is [proteins]", MITOCHONDRIA)
    world.scan()
    assert world.cards("ribosomes")["c1"].id == card.id
    world.write("a.md", NUCLEUS, question, MITOCHONDRIA)
    world.scan()
    assert {slot: each.id for slot, each in world.cards("ribosomes").items()} == {"forward": card.id}
    assert world.card(card.id).active


SWAPPED = {"forward": "c2", "reverse": "c1"}


@pytest.mark.parametrize(
    ("before", "after", "slots"),
    [
        ("osmosis :: the diffusion of water", "C: Osmosis is [the diffusion of water].", {"forward": "c1"}),
        (
            "osmosis ::: diffusion of water",
            "C: [Osmosis] is [the diffusion of water].",
            SWAPPED,
        ),
        ("T: osmosis\nD: It is diffusion of water.", "C: Osmosis is [diffusion of water].", {"forward": "c1"}),
        ("Q: What is osmosis?\nA: diffusion of water", "C: Osmosis is diffusion of [water]", {"forward": "c1"}),
        ("C: [Osmosis] is [diffusion of water].", "osmosis ::: diffusion of water", {"c2": "forward", "c1": "reverse"}),
        ("C: Osmosis is [diffusion of water].", "Q: What is osmosis?\nA: Diffusion of water!", {"c1": "forward"}),
    ],
)
def test_a_note_that_becomes_a_cloze_or_stops_being_one_keeps_cards_that_ask_the_same(
    world: World, before: str, after: str, slots: dict[str, str]
) -> None:
    world.write("a.md", NUCLEUS, "---", before, "---", MITOCHONDRIA)
    world.scan()
    cards = {slot: world.rate("smosis", slot).id for slot in slots}
    world.write("a.md", NUCLEUS, "---", after, "---", MITOCHONDRIA)
    world.scan()
    found = world.cards("smosis")
    assert {slot: found[slots[slot]].id for slot in slots} == cards
    assert all(world.card(card).active for card in cards.values())


def test_a_card_without_a_gap_is_inactive_and_keeps_its_history(world: World) -> None:
    world.write("a.md", NUCLEUS, "---", "osmosis ::: diffusion of water", "---", MITOCHONDRIA)
    world.scan()
    reverse = world.rate("osmosis", "reverse")
    world.write("a.md", NUCLEUS, "---", "C: osmosis is [diffusion of water]", "---", MITOCHONDRIA)
    report = world.scan()
    assert [change.lost_slots for change in report.edited] == [("reverse",)]
    assert not world.card(reverse.id).active
    assert world.card(reverse.id).reps == 1


def test_an_unedited_note_stays_the_same_note_after_any_scan(world: World) -> None:
    world.write("a.md", RIBOSOMES, LYSOSOMES, MITOCHONDRIA, NUCLEUS)
    world.scan()
    before = {entry.note.fields: entry.key for entry in world.collection.catalog.entries()}
    world.write("a.md", "Q: What do ribosomes produce?\nA: Proteins", NUCLEUS, MITOCHONDRIA)
    world.write("b.md", LYSOSOMES)
    world.scan()
    after = {entry.note.fields: entry.key for entry in world.collection.catalog.entries()}
    assert all(before[text] == after[text] for text in before.keys() & after.keys())
    assert len(before.keys() & after.keys()) == 3
