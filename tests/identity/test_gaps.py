"""Within an edited cloze each gap keeps its own card."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from flashcards.deck.parse import parse
from flashcards.identity.slots import carry_cards

if TYPE_CHECKING:
    from flashcards.deck.model import Note
    from tests.identity.world import World


def cloze(text: str) -> Note:
    (note,) = parse(f"C: {text}\n", "x.md").notes
    return note


def carried(before: str, after: str) -> dict[str, str]:
    """The slot that the card of each gap had before, by what the gap hides now; "" for a new one."""
    old = cloze(before)
    found = carry_cards(old, cloze(after), 0)
    former = {new: old for old, new in found.renamed}
    named: dict[str, str] = {}
    for gap in found.note.gaps:
        for number in gap.numbers:
            slot = f"c{number}"
            before_slot = former.get(slot, slot if slot not in dict(found.renamed) else "")
            named[found.note.fields[0][gap.inner_start : gap.inner_end]] = (
                before_slot if before_slot in old.slots else ""
            )
    return named


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ("Speech is [produced] in [Broca's] area.", "Speech is [made] in [Broca's] area.",
         {"made": "c1", "Broca's": "c2"}),
        ("Speech is [produced] in [Broca's] area.", "[Broca's] area is where speech is [produced].",
         {"Broca's": "c2", "produced": "c1"}),
        ("Speech is [produced] in [Broca's] area.", "Speech is [produced] in the area of [Broca].",
         {"produced": "c1", "Broca": "c2"}),
        ("Speech is [produced] in [Broca's] area.", "Speech is produced in [Broca's] [area].",
         {"Broca's": "c2", "area": ""}),
        ("The [red] and the [blue] team", "The red and the [blue] [team]", {"blue": "c2", "team": ""}),
        ("One [alpha] two beta three", "One alpha two [beta] three", {"beta": ""}),
        ("It holds [2] of [2] parts", "It holds [2] of 2 parts", {"2": "c1"}),
        ("It holds [2] of [2] parts", "It holds 2 of [2] parts", {"2": "c2"}),
        ("血液中的[红细胞]负责运送[氧气]。", "血液里的[红血球]负责输送[氧气]。", {"红血球": "c1", "氧气": "c2"}),
        ("ينقل [الدم] [الأكسجين] إلى الخلايا", "ينقل [الأكسجين] في [الدم]", {"الأكسجين": "c2", "الدم": "c1"}),
        ("The roots are [$\\frac{a}{b}$] and [$0$].", "The roots are [$\\frac{-a}{b}$] and [$0$].",
         {"$\\frac{-a}{b}$": "c1", "$0$": "c2"}),
    ],
)  # fmt: skip
def test_a_gap_keeps_its_card(before: str, after: str, expected: dict[str, str]) -> None:
    assert carried(before, after) == expected


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ("{{c1::one}} {{c2::two}}", "{{c2::one}} {{c1::two}}", {"one": "c1", "two": "c2"}),
        ("{{c1::one}} {{c2::two}}", "{{c1::zero}} {{c2::one}} {{c3::two}}", {"zero": "", "one": "c1", "two": "c2"}),
        ("{{c1::one}} {{c2::two}} {{c3::three}}", "{{c1::two}} {{c2::three}}", {"two": "c2", "three": "c3"}),
        ("{{c1::Paris}} in {{c2::France}}", "{{c1::the city}} in {{c2::France}}", {"the city": "c1", "France": "c2"}),
        ("[one] [two]", "{{c2::one}} {{c1::two}}", {"one": "c1", "two": "c2"}),
        ("{{c1::one}} and {{c1::uno}}, {{c2::two}}", "{{c2::one}} and {{c2::uno}}, {{c1::two}}",
         {"one": "c1", "uno": "c1", "two": "c2"}),
    ],
)  # fmt: skip
def test_a_person_may_renumber_gaps(before: str, after: str, expected: dict[str, str]) -> None:
    assert carried(before, after) == expected


def test_the_numbers_that_are_written_are_the_numbers_of_the_gaps() -> None:
    found = carry_cards(cloze("{{c1::one}} {{c2::two}}"), cloze("{{c2::one}} {{c1::two}}"), 2)
    assert [gap.numbers for gap in found.note.gaps] == [(2,), (1,)]
    assert found.renamed == (("c1", "c2"), ("c2", "c1"))


def test_an_inactive_card_yields_its_number_to_a_new_gap() -> None:
    found = carry_cards(cloze("{{c1::one}} {{c2::two}}"), cloze("{{c1::two}}"), 2)
    assert found.renamed == (("c1", "c3"), ("c2", "c1"))
    assert found.top_gap == 3


def test_renumbered_gaps_keep_their_cards_even_if_the_edit_is_undone(world: World) -> None:
    first, second = "C: From {{c1::Paris}} to {{c2::Rome}} by train", "C: From {{c2::Paris}} to {{c1::Rome}} by train"
    world.write("a.md", first)
    world.scan()
    paris = world.rate("Paris", "c1")
    world.write("a.md", second)
    world.scan()
    cards = world.cards("Paris")
    assert (cards["c2"].id, cards["c2"].reps, cards["c1"].reps) == (paris.id, 1, 0)
    world.write("a.md", first)
    world.scan()
    cards = world.cards("Paris")
    assert (cards["c1"].id, cards["c1"].reps, cards["c2"].reps) == (paris.id, 1, 0)


def test_a_removed_gap_gets_its_card_back_when_the_edit_is_undone(world: World) -> None:
    world.write("a.md", "C: From {{c1::Paris}} to {{c2::Rome}} by train")
    world.scan()
    paris = world.rate("Paris", "c1")
    rome = world.rate("Paris", "c2")
    world.write("a.md", "C: From Paris to {{c1::Rome}} by train")
    world.scan()
    cards = world.cards("Paris")
    assert cards["c1"].id == rome.id
    assert [card.active for card in cards.values() if card.id == paris.id] == [False]
    world.write("a.md", "C: From {{c1::Paris}} to {{c2::Rome}} by train")
    world.scan()
    cards = world.cards("Paris")
    assert (cards["c1"].id, cards["c2"].id) == (paris.id, rome.id)
    assert (cards["c1"].active, cards["c2"].active) == (True, True)


def test_swapped_terms_and_definitions_keep_their_histories(world: World) -> None:
    world.write("a.md", "T: osmosis\nD: diffusion of water through a membrane")
    world.scan()
    forward = world.rate("osmosis", "forward")
    world.write("a.md", "T: diffusion of water through a membrane\nD: osmosis")
    world.scan()
    cards = world.cards("osmosis")
    assert (cards["reverse"].id, cards["reverse"].reps) == (forward.id, 1)
    assert cards["forward"].reps == 0
    world.write("a.md", "T: osmosis\nD: diffusion of water through a membrane")
    world.scan()
    assert world.cards("osmosis")["forward"].id == forward.id


def test_a_question_reversed_twice_gets_its_old_card_back(world: World) -> None:
    world.write("a.md", "Q: the chemical symbol of gold\nA: Au, from aurum")
    world.scan()
    forward = world.rate("aurum")
    world.write("a.md", "Q: Au, from aurum\nA: the chemical symbol of gold")
    world.scan()
    cards = world.cards("aurum")
    assert (cards["forward"].reps, cards["forward"].active) == (0, True)
    assert (cards["reverse"].id, cards["reverse"].active) == (forward.id, False)
    world.write("a.md", "Q: the chemical symbol of gold\nA: Au, from aurum")
    world.scan()
    cards = world.cards("aurum")
    assert (cards["forward"].id, cards["forward"].active) == (forward.id, True)
