"""`flashcards link` and `flashcards unlink`."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING

import pytest

from flashcards.cli import run
from flashcards.links import HasReviews, LinkImpossible, link, unlink
from scheduler import Rating

if TYPE_CHECKING:
    from tests.identity.world import World

OLD = "Q: Which organ makes insulin?\nA: The pancreas"
NEW = "Q: Where do the islets of Langerhans lie?\nA: In a gland behind the stomach"
OTHER = "Q: What does the nucleus hold?\nA: The chromosomes."


@pytest.fixture
def parted(world: World) -> World:
    """A collection with a note that was reviewed and lost its text, and one that is new and says something else."""
    world.write("a.md", OLD, OTHER)
    world.scan()
    world.rate("insulin")
    world.write("a.md", OTHER, NEW)
    world.scan()
    return world


def reviews(world: World, card: int) -> list[Rating | None]:
    return [row.rating for row in world.collection.store.log(card)]


def check_log(world: World) -> None:
    collection = world.collection
    assert collection.store.rebuild(lambda deck: collection.policy(deck).parameters) == []


def test_a_link_gives_a_note_the_identity_and_the_history_of_an_orphan(parted: World) -> None:
    (old,) = parted.orphans()
    linked = link(parted.collection, old, parted.note("Langerhans"))
    assert linked == (old.key, 0)
    assert parted.note("Langerhans").key == old.key
    assert parted.cards("Langerhans")["forward"].reps == 1
    assert parted.cards("Langerhans")["forward"].active
    assert parted.orphans() == []
    assert not parted.scan()
    check_log(parted)


def test_after_a_link_both_texts_are_recognised(parted: World) -> None:
    (old,) = parted.orphans()
    link(parted.collection, old, parted.note("Langerhans"))
    parted.write("a.md", OTHER, OLD)
    assert [change.key for change in parted.scan().edited] == [old.key]
    parted.write("a.md", OTHER, NEW)
    assert [change.key for change in parted.scan().edited] == [old.key]


def test_a_note_that_was_reviewed_is_linked_only_if_that_is_allowed_and_then_its_reviews_go_along(
    parted: World,
) -> None:
    given_up = parted.rate("Langerhans", rating=Rating.AGAIN)
    (old,) = parted.orphans()
    with pytest.raises(HasReviews, match=r"a\.md:4 has 1 review of its own\. With --yes"):
        link(parted.collection, old, parted.note("Langerhans"))
    linked = link(parted.collection, old, parted.note("Langerhans"), with_reviews=True)
    card = parted.cards("Langerhans")["forward"]
    assert (linked.reviews, card.reps) == (1, 2)
    assert reviews(parted, card.id) == [Rating.GOOD, Rating.AGAIN]
    assert (reviews(parted, given_up.id), parted.card(given_up.id).active) == ([], False)
    check_log(parted)


def test_a_note_that_was_given_up_is_never_found_again(parted: World) -> None:
    parted.rate("Langerhans")
    (old,) = parted.orphans()
    link(parted.collection, old, parted.note("Langerhans"), with_reviews=True)
    parted.write("a.md", OTHER)
    parted.scan()
    parted.write("a.md", OTHER, NEW)
    parted.scan()
    assert parted.note("Langerhans").key == old.key


def test_reviews_from_before_the_last_one_of_the_old_note_stay_where_they_are(world: World) -> None:
    world.write("a.md", OLD, NEW)
    world.scan()
    early = world.rate("Langerhans")
    time.sleep(0.002)
    world.rate("insulin")
    world.write("a.md", NEW)
    world.scan()
    (old,) = world.orphans()
    linked = link(world.collection, old, world.note("Langerhans"), with_reviews=True)
    assert (linked.reviews, len(reviews(world, early.id))) == (0, 1)
    check_log(world)


def test_an_unlinked_note_starts_anew_and_its_history_waits_as_an_orphan(world: World) -> None:
    world.write("a.md", OTHER, "Q: Which organ makes insulin?\nA: The pancreas")
    world.scan()
    card = world.rate("insulin")
    world.write("a.md", OTHER, "Q: Which organ makes insulin and glucagon?\nA: The pancreas")
    world.scan()
    linked = world.note("glucagon")
    key = unlink(world.collection, linked)
    assert world.note("glucagon").key == key != linked.key
    assert world.cards("glucagon")["forward"].reps == 0
    (orphan,) = world.orphans()
    assert (orphan.key, orphan.note.fields[0]) == (linked.key, "Which organ makes insulin?")
    assert not world.card(card.id).active
    assert world.collection.connection.execute("SELECT count(*) FROM links").fetchone() == (0,)
    assert not world.scan()
    world.write("a.md", OTHER, "Q: Which organ makes insulin and glucagon?\nA: The pancreas", OLD)
    world.scan()
    assert world.note("insulin?").key == linked.key
    assert world.note("glucagon").key == key
    check_log(world)


def test_a_link_that_is_taken_back_and_drawn_again_leaves_things_as_they_were(parted: World) -> None:
    (old,) = parted.orphans()
    new = parted.note("Langerhans")
    link(parted.collection, old, new)
    assert unlink(parted.collection, parted.note("Langerhans")) == new.key
    assert [entry.key for entry in parted.orphans()] == [old.key]
    link(parted.collection, parted.orphans()[0], parted.note("Langerhans"))
    assert parted.note("Langerhans").key == old.key
    assert parted.cards("Langerhans")["forward"].reps == 1


def test_unlinking_a_term_whose_sides_changed_places_puts_its_cards_back(world: World) -> None:
    world.write("a.md", "T: osmosis\nD: diffusion of water through a membrane")
    world.scan()
    forward = world.rate("osmosis", "forward")
    world.write("a.md", "T: diffusion of water through a membrane\nD: osmosis")
    world.scan()
    unlink(world.collection, world.note("osmosis"))
    (orphan,) = world.orphans()
    slots = {card.slot: card.id for card in world.collection.store.cards_of(orphan.id)}
    assert slots["forward"] == forward.id


def test_gaps_go_along_when_two_clozes_are_linked(world: World) -> None:
    world.write("a.md", OTHER, "C: The [pancreas] makes [insulin]")
    world.scan()
    insulin = world.rate("pancreas", "c2")
    world.write("a.md", OTHER)
    world.scan()
    world.write(
        "a.md", OTHER, "C: A hormone called [insulin] comes from a gland behind the stomach, not from the liver"
    )
    world.scan()
    world.rate("hormone", "c1", Rating.HARD)
    (old,) = world.orphans()
    assert link(world.collection, old, world.note("hormone"), with_reviews=True).reviews == 1
    cards = world.cards("hormone")
    assert {slot: card.active for slot, card in cards.items()} == {"c1": False, "c2": True}
    assert (cards["c2"].id, reviews(world, insulin.id)) == (insulin.id, [Rating.GOOD, Rating.HARD])


def test_what_cannot_be_linked_is_said(parted: World) -> None:
    (old,) = parted.orphans()
    new = parted.note("Langerhans")
    with pytest.raises(LinkImpossible, match=r"has its text, at a\.md:1"):
        link(parted.collection, parted.note("nucleus"), new)
    with pytest.raises(LinkImpossible, match="has no text"):
        link(parted.collection, old, old)
    with pytest.raises(LinkImpossible, match="has no text"):
        unlink(parted.collection, old)
    with pytest.raises(LinkImpossible, match="was never linked"):
        unlink(parted.collection, new)


def test_a_pinned_note_is_not_unlinked_before_its_pin_is_taken_out(world: World) -> None:
    world.write("a.md", "Q: one\nA: two\n<!-- id: p -->")
    world.scan()
    world.write("a.md", "Q: three\nA: four\n<!-- id: p -->")
    world.scan()
    with pytest.raises(LinkImpossible, match="pinned id `p`"):
        unlink(world.collection, world.note("three"))


def test_the_commands_link_and_unlink(parted: World, capsys: pytest.CaptureFixture[str]) -> None:
    (old,) = parted.orphans()
    new = parted.note("Langerhans")
    folder = str(parted.root)
    assert run(["-C", folder, "link", old.key[:7], f"{folder}/a.md:4"]) == 0
    assert f"continues the history of {old.key}." in capsys.readouterr().out
    assert run(["-C", folder, "unlink", old.key, "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"note": new.key, "orphan": old.key}
    assert run(["-C", folder, "link", old.key, new.key, "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"note": old.key, "reviews": 0}
    assert run(["-C", folder, "link", old.key, new.key]) == 2
    assert "There is no card" in capsys.readouterr().err


def test_scan_tells_what_is_unclear_and_link_settles_it(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    one, two = (
        f"Q: Which hormone {verb} the sugar in the blood?\nA: insulin, from the beta cells of the pancreas"
        for verb in ("lowers", "reduces")
    )
    world.write("a.md", one, two, OTHER)
    world.scan()
    keys = [world.note(verb).key for verb in ("lowers", "reduces")]
    world.write(
        "a.md",
        "Q: Which hormone takes down the sugar in blood?\nA: insulin, from the beta cells of the pancreas",
        OTHER,
    )
    folder = str(world.root)
    assert run(["-C", folder, "scan", "--json"]) == 0
    said = capsys.readouterr()
    (unclear,) = json.loads(said.out)["ambiguous"]
    assert list(unclear) == ["note", "file", "line", "text", "candidates"]
    assert sorted(each["note"] for each in unclear["candidates"]) == sorted(keys)
    assert list(unclear["candidates"][0]) == ["note", "file", "line", "score", "text"]
    assert f"run `flashcards link {unclear['candidates'][0]['note']} {unclear['note']}`." in said.err
    assert run(["-C", folder, "link", keys[1], unclear["note"]]) == 0
    assert world.note("takes down").key == keys[1]
