"""A gap that stays keeps its card; a number is never used for another gap later."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as st

from flashcards.deck.parse import parse
from flashcards.identity.notes import find_top_gap
from flashcards.identity.slots import carry_cards
from tests.catalog.conftest import world as world
from tests.catalog.world import World

if TYPE_CHECKING:
    from flashcards.deck.model import Note

WORDS = ("alpha", "beta", "gamma", "delta", "epsilon", "zeta")


def cloze(*gaps: str) -> Note:
    (note,) = parse("C: " + " and ".join(f"[{gap}]" for gap in gaps) + "\n", "x.md").notes
    return note


def numbers(note: Note) -> dict[str, int]:
    """The number of each gap by what it hides."""
    return {note.fields[0][gap.inner_start : gap.inner_end]: gap.numbers[0] for gap in note.gaps}


def carried(before: Note, after: Note, used: int = 0) -> dict[str, int]:
    return numbers(carry_cards(before, after, used).note)


def test_gaps_keep_their_numbers_in_any_order() -> None:
    assert carried(cloze("a", "b", "c"), cloze("c", "a", "b")) == {"a": 1, "b": 2, "c": 3}


def test_a_gap_put_in_front_moves_no_number() -> None:
    assert carried(cloze("a", "b"), cloze("new", "a", "b")) == {"a": 1, "b": 2, "new": 3}


def test_a_gap_that_is_taken_out_leaves_its_number_unused() -> None:
    after = carry_cards(cloze("a", "b", "c"), cloze("a", "c"), 3).note
    assert numbers(after) == {"a": 1, "c": 3}
    assert after.slots == ("c1", "c3")
    assert carried(after, cloze("a", "new", "c"), 3) == {"a": 1, "c": 3, "new": 4}


def test_the_number_of_a_removed_last_gap_is_not_reused_either() -> None:
    after = carry_cards(cloze("a", "b"), cloze("a"), 2).note
    assert carried(after, cloze("a", "new"), 2) == {"a": 1, "new": 3}


def test_a_gap_whose_words_change_keeps_its_number_by_its_place() -> None:
    assert carried(cloze("a", "b", "c"), cloze("a", "edited", "c")) == {"a": 1, "edited": 2, "c": 3}


def test_a_number_in_the_text_counts() -> None:
    (before,) = parse("C: {{c1::a}} {{c2::b}}\n", "x.md").notes
    (after,) = parse("C: {{c2::a}} {{c1::b}}\n", "x.md").notes
    assert carried(before, after) == {"a": 2, "b": 1}


def test_gaps_keep_their_numbers_when_these_are_no_longer_written() -> None:
    (before,) = parse("C: {{c4::a}} {{c2::b}}\n", "x.md").notes
    assert carried(before, cloze("a", "b")) == {"a": 4, "b": 2}


def test_a_note_that_becomes_a_cloze_again_does_not_reuse_old_numbers() -> None:
    (between,) = parse("Q: q\nA: a\n", "x.md").notes
    assert carried(between, cloze("new", "newer"), 2) == {"new": 3, "newer": 4}
    assert carried(between, cloze("new"), 0) == {"new": 1}


def test_a_note_that_is_not_a_cloze_stays_as_it_is() -> None:
    (after,) = parse("Q: q\nA: a\n", "x.md").notes
    assert carry_cards(cloze("a"), after, 1).note is after


@given(st.lists(st.lists(st.sampled_from(WORDS), min_size=1, max_size=5, unique=True), min_size=2, max_size=8))
def test_after_any_edits_a_gap_keeps_its_number_and_no_removed_number_returns(
    versions: list[list[str]],
) -> None:
    note = cloze(*versions[0])
    used = find_top_gap(note)
    retired: set[int] = set()
    for version in versions[1:]:
        before = numbers(note)
        note = carry_cards(note, cloze(*version), used).note
        used = max(used, find_top_gap(note))
        now = numbers(note)
        assert all(now[word] == before[word] for word in before if word in now)
        assert len(set(now.values())) == len(now)
        assert not retired & set(now.values())
        assert note.slots == tuple(f"c{number}" for number in sorted(now.values()))
        retired |= set(before.values()) - set(now.values())


def test_a_card_stays_with_its_gap_in_a_scanned_collection(world: World) -> None:
    pin = "<!-- id: p -->\n"
    world.write("a.md", "C: [one] [two]\n", pin)
    world.scan()
    note = world.entries()[0].id
    two = world.cards(note)["c2"].id
    world.write("a.md", "C: [zero] [two]\n", pin)
    world.scan()
    world.write("a.md", "C: [two]\n", pin)
    world.scan()
    assert {slot: card.active for slot, card in world.cards(note).items()} == {"c1": False, "c2": True}
    world.write("a.md", "C: [two] [three]\n", pin)
    world.scan()
    cards = world.cards(note)
    assert {slot: card.active for slot, card in cards.items()} == {"c1": False, "c2": True, "c3": True}
    assert cards["c2"].id == two
    world.write("a.md", "C: [two]\n", pin)
    world.scan()
    world.write("a.md", "C: [four] [two]\n", pin)
    world.scan()
    assert {slot for slot, card in world.cards(note).items() if card.active} == {"c2", "c4"}
