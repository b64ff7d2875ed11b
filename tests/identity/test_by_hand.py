"""`flashcards link` and `flashcards unlink`."""

from __future__ import annotations

import io
import json
import time
from typing import TYPE_CHECKING

import pytest

from flashcards.cli import run
from flashcards.links import HasReviews, LinkImpossible, NothingReplaced, find_replaced, link, link_replaced, unlink
from scheduler import Rating

if TYPE_CHECKING:
    from tests.identity.world import World

OLD = "Q: Which organ makes insulin?\nA: The pancreas"
NEW = "Q: Where do the islets of Langerhans lie?\nA: In a gland behind the stomach"
OTHER = "Q: What does the nucleus hold?\nA: The chromosomes."
LAST = "Q: What do lysosomes do?\nA: They digest worn-out organelles."


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
    assert collection.store.find_differences(lambda deck: collection.policy(deck).parameters) == []


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


def test_a_reviewed_note_is_linked_only_with_permission_and_its_reviews_are_moved(
    parted: World,
) -> None:
    given_up = parted.rate("Langerhans", rating=Rating.AGAIN)
    (old,) = parted.orphans()
    with pytest.raises(HasReviews, match=r"a\.md:4 has 1 review\. With --yes"):
        link(parted.collection, old, parted.note("Langerhans"))
    linked = link(parted.collection, old, parted.note("Langerhans"), with_reviews=True)
    card = parted.cards("Langerhans")["forward"]
    assert (linked.reviews, card.reps) == (1, 2)
    assert reviews(parted, card.id) == [Rating.GOOD, Rating.AGAIN]
    assert (reviews(parted, given_up.id), parted.card(given_up.id).active) == ([], False)
    check_log(parted)


def test_a_note_given_up_is_never_linked_again(parted: World) -> None:
    parted.rate("Langerhans")
    (old,) = parted.orphans()
    link(parted.collection, old, parted.note("Langerhans"), with_reviews=True)
    parted.write("a.md", OTHER)
    parted.scan()
    parted.write("a.md", OTHER, NEW)
    parted.scan()
    assert parted.note("Langerhans").key == old.key


def test_reviews_older_than_the_last_one_of_the_old_note_stay_with_their_card(world: World) -> None:
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


def test_an_unlinked_note_starts_as_new_and_its_history_becomes_an_orphan(world: World) -> None:
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


def test_a_link_undone_and_made_again_restores_the_same_state(parted: World) -> None:
    (old,) = parted.orphans()
    new = parted.note("Langerhans")
    link(parted.collection, old, new)
    assert unlink(parted.collection, parted.note("Langerhans")) == new.key
    assert [entry.key for entry in parted.orphans()] == [old.key]
    link(parted.collection, parted.orphans()[0], parted.note("Langerhans"))
    assert parted.note("Langerhans").key == old.key
    assert parted.cards("Langerhans")["forward"].reps == 1


def test_unlinking_a_term_with_swapped_sides_restores_its_cards(world: World) -> None:
    world.write("a.md", "T: osmosis\nD: diffusion of water through a membrane")
    world.scan()
    forward = world.rate("osmosis", "forward")
    world.write("a.md", "T: diffusion of water through a membrane\nD: osmosis")
    world.scan()
    unlink(world.collection, world.note("osmosis"))
    (orphan,) = world.orphans()
    slots = {card.slot: card.id for card in world.collection.store.cards_of(orphan.id)}
    assert slots["forward"] == forward.id


def test_linking_two_clozes_links_their_gaps(world: World) -> None:
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


def test_what_cannot_be_linked_is_reported(parted: World) -> None:
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


def test_a_pinned_note_is_not_unlinked_until_its_pin_is_removed(world: World) -> None:
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


def test_scan_reports_ambiguous_notes_and_link_resolves_them(world: World, capsys: pytest.CaptureFixture[str]) -> None:
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


ENGLISH = [
    "Q: What is a pod?\nA: The smallest unit that a cluster deploys.",
    "Q: What is a node?\nA: A machine that runs containers.",
    "C: A [service] gives them a stable [address].",
]
GERMAN = [
    "Q: Was ist eine Kapsel?\nA: Die kleinste Einheit im Verbund.",
    "Q: Was ist ein Knoten?\nA: Ein Rechner, auf dem Behälter laufen.",
    "C: Ein [Dienst] verleiht ihnen eine feste [Anschrift].",
]


def translate(world: World, after: list[str]) -> None:
    """Review two of three notes between two others, then replace all three."""
    world.write("a.md", OTHER, *ENGLISH, LAST)
    world.scan()
    world.rate("pod")
    world.rate("stable", "c2", Rating.HARD)
    world.write("a.md", OTHER, *after, LAST)
    world.scan()


def test_notes_replaced_by_as_many_are_linked_in_place(world: World) -> None:
    translate(world, GERMAN)
    (found,) = find_replaced(world.collection, "a.md")
    assert [(pair.old.note.fields[0][:13], pair.reviews) for pair in found] == [
        ("What is a pod", 1),
        ("What is a nod", 0),
        ("A [service] g", 1),
    ]
    assert link_replaced(world.collection, found) == 0
    assert world.orphans() == []
    assert reviews(world, world.cards("Kapsel")["forward"].id) == [Rating.GOOD]
    assert reviews(world, world.cards("Dienst")["c2"].id) == [Rating.HARD]
    assert world.cards("Dienst")["c1"].reps == 0
    assert not world.scan()


@pytest.mark.parametrize("after", [GERMAN[:2], [*GERMAN, "Q: Und?\nA: Mehr."], []])
def test_notes_replaced_by_more_or_fewer_are_not_linked_in_place(world: World, after: list[str]) -> None:
    translate(world, after)
    with pytest.raises(NothingReplaced, match=r"Nothing to link in a\.md"):
        find_replaced(world.collection, "a.md")


def test_a_text_that_came_back_is_not_linked_in_place(world: World) -> None:
    translate(world, GERMAN)
    world.write("a.md", OTHER, *GERMAN, LAST)
    world.write("b.md", *ENGLISH)
    world.scan()
    with pytest.raises(NothingReplaced):
        find_replaced(world.collection, "a.md")


def test_notes_translated_one_at_a_time_and_improved_are_one_stretch(world: World) -> None:
    texts = [*ENGLISH]
    world.write("a.md", OTHER, *texts, LAST)
    world.scan()
    card = world.rate("pod")
    for number, text in enumerate(["Q: Wie heißt das Kleinste?\nA: Kapsel.", *GERMAN[1:]]):
        texts[number] = text
        world.write("a.md", OTHER, *texts, LAST)
        world.scan()
    world.write("a.md", OTHER, GERMAN[0], *texts[1:], LAST)
    world.scan()
    (found,) = find_replaced(world.collection, "a.md")
    assert [pair.new.note.line for pair in found] == [4, 7, 10]
    link_replaced(world.collection, found)
    assert world.cards("Kapsel")["forward"].id == card.id


def test_reviews_of_a_translated_note_join_the_old_history(world: World) -> None:
    translate(world, GERMAN)
    world.rate("Kapsel", rating=Rating.EASY)
    (found,) = find_replaced(world.collection, "a.md")
    assert link_replaced(world.collection, found) == 1
    assert reviews(world, world.cards("Kapsel")["forward"].id) == [Rating.GOOD, Rating.EASY]


def test_scan_suggests_to_link_in_place_where_reviewed_notes_were_replaced(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    world.write("a b.md", OTHER, *ENGLISH, LAST)
    world.write("new.md", *(text.replace("a ", "my ") for text in ENGLISH))
    world.scan()
    world.rate("a pod")
    world.write("a b.md", OTHER, *GERMAN, LAST)
    world.write("new.md", *(text.replace("ein", "mein") for text in GERMAN))
    assert run(["-C", str(world.root), "scan", "--json"]) == 0
    said = capsys.readouterr()
    (replaced,) = json.loads(said.out)["replaced"]
    assert list(replaced) == ["note", "file", "line", "old"]
    assert said.err.count("link --in-place") == 1
    assert "a b.md:4: a new note replaced a reviewed one." in said.err
    assert "run `flashcards link --in-place 'a b.md'`" in said.err


def test_link_in_place_asks_first_and_can_be_undone(
    world: World, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    translate(world, GERMAN)
    command = ["-C", str(world.root), "link", "--in-place", f"{world.root}/a.md"]
    assert run([*command, "--dry-run"]) == 0
    assert "a.md:4  1 review\n  - What is a pod? / The smallest" in capsys.readouterr().out
    assert len(world.orphans()) == 3
    monkeypatch.setattr("sys.stdin", io.StringIO("n\n"))
    assert run(command) == 0
    assert len(world.orphans()) == 3
    assert run([*command, "--json"]) == 2
    assert "--json cannot do" in capsys.readouterr().err
    assert run([*command[:-1], f"{world.root}/a.md:7", "--yes", "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert (len(said["linked"]), said["reviews"], said["dry_run"]) == (3, 0, False)
    assert world.orphans() == []
    assert run(["-C", str(world.root), "undo"]) == 0
    assert len(world.orphans()) == 3
    assert run([*command, "--yes"]) == 0
    assert run(["-C", str(world.root), "unlink", f"{world.root}/a.md:4"]) == 0
    assert [entry.note.fields[0] for entry in world.orphans()] == ["What is a pod?"]


def test_link_needs_two_notes_or_a_file(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    translate(world, GERMAN)
    folder = str(world.root)
    for words, message in (
        ([], "Name two notes"),
        (["x"], "Name two notes"),
        (["x", "--in-place", "a.md"], "--in-place cannot be combined"),
        (["--in-place", "missing.md:3"], "missing.md"),
        (["--in-place", f"{folder}/a.md:1"], "Nothing to link in a.md:1"),
        (["x", "y", "--dry-run"], "--dry-run needs --in-place"),
    ):
        assert run(["-C", folder, "link", *words]) == 2
        assert message in capsys.readouterr().err
