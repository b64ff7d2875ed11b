"""Notes that are equal or nearly so stay apart through edits."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.identity.world import World


TWIN, OTHER = "Q: Same?\nA: Yes, the same.", "Q: Another one?\nA: No."


def test_of_equal_texts_the_one_in_its_place_keeps_its_history(world: World) -> None:
    world.write("a.md", TWIN, OTHER, TWIN)
    world.scan()
    first, third = [entry for entry in world.collection.catalog.entries() if "Same" in entry.note.fields[0]]
    world.write("a.md", "Q: Same? Once more?\nA: Yes, the same.", OTHER, TWIN)
    report = world.scan()
    assert [change.note for change in report.edited] == [first.id]
    assert (report.added, report.removed) == ([], [])
    assert [entry.id for entry in world.collection.catalog.entries() if entry.note.line > 4] == [third.id]


@pytest.mark.parametrize("gone", [0, 2])
def test_of_equal_texts_the_one_that_is_deleted_loses_its_history(world: World, gone: int) -> None:
    texts = [TWIN, OTHER, TWIN, "Q: The last one?\nA: It is."]
    world.write("a.md", *texts)
    world.scan()
    twins = [entry.id for entry in world.collection.catalog.entries() if "Same" in entry.note.fields[0]]
    del texts[gone]
    world.write("a.md", *texts)
    report = world.scan()
    assert [change.note for change in report.removed] == [twins[0] if gone == 0 else twins[1]]


def test_equal_texts_below_other_headings_or_with_other_tags_stay_apart(world: World) -> None:
    world.write("a.md", "## One", TWIN, "## Two", TWIN)
    world.scan()
    by_heading = {entry.note.breadcrumb: entry.id for entry in world.collection.catalog.entries()}
    world.write("a.md", "## Two", TWIN, "## One", TWIN)
    world.scan()
    assert {entry.note.breadcrumb: entry.id for entry in world.collection.catalog.entries()} == by_heading


RIVER = "A: Meltwater from the high glaciers, with a lot of sediment."
SPRING, EARLY = (
    f"Q: What does the river carry in spring?\n{RIVER}",
    f"Q: What does the river carry in early spring?\n{RIVER}",
)


def edit(world: World, before: list[str], after: list[str]) -> list[str]:
    """The rules of the edits that a scan finds after these notes became those."""
    world.write("a.md", *before)
    world.scan()
    world.write("a.md", *after)
    report = world.scan()
    return [f"{change.rule}: {change.after.fields[0]}" for change in report.edited if change.after]


@pytest.mark.parametrize("order", [1, -1])
def test_an_unchanged_duplicate_does_not_block_the_edit_of_the_other(world: World, order: int) -> None:
    edited = f"Q: In the mountains, what does the river carry in early spring?\n{RIVER}"
    found = edit(world, [SPRING, EARLY][::order], [SPRING, edited][::order])
    assert found == ["similar: In the mountains, what does the river carry in early spring?"]


def test_a_near_duplicate_with_only_words_of_the_other_note_counts_as_an_edit(world: World) -> None:
    edited = f"Q: In the mountains, what does the river carry in spring?\n{RIVER}"
    assert len(edit(world, [SPRING, EARLY], [edited, EARLY])) == 1


def test_a_note_of_the_same_template_as_an_unchanged_note_is_new(world: World) -> None:
    peru, spain, chad = (
        f"Q: What is the capital of {name}" for name in ("Peru?\nA: Lima", "Spain?\nA: Madrid", "Chad?\nA: N'Djamena")
    )
    assert edit(world, [peru, spain], [chad, spain]) == []


BALANCED = "$O(\\log n)$"
DELETION = f"Q: What is the worst-case time of deletion from an AVL tree?\nA: {BALANCED}"
DECORATOR = (
    "Q: What does the decorator `@{0}` of a Python class do?\nA: It makes a method that gets {1} as its first argument."
)
LIKE_IT = [
    "Q: What is the worst-case time of looking up a key in a hash table?\nA: $O(n)$",
    "Q: What is the worst-case time of building a heap of keys?\nA: $O(n)$",
    "Q: In which year was the battle of Waterloo fought?\nA: 1815",
    "Q: In which year was the battle of Jena fought?\nA: 1806",
    DECORATOR.format("property", "the object"),
]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (DELETION, f"Q: What is the worst-case time of insertion into an AVL tree?\nA: {BALANCED}"),
        (DECORATOR.format("classmethod", "the class"), DECORATOR.format("staticmethod", "no instance")),
        (
            "Q: In which year was the battle of Austerlitz fought?\nA: 1805",
            "Q: In which year was the battle of Trafalgar fought?\nA: 1805",
        ),
        (
            "Q: How high is the usual tide at the mouth of the river Severn?\nA: 9 m",
            "Q: How high is the all-time tide at the mouth of the river Severn?\nA: 15 m",
        ),
    ],
)
def test_a_question_with_one_word_replaced_is_a_new_note(world: World, before: str, after: str) -> None:
    assert edit(world, [*LIKE_IT, before, TWIN], [*LIKE_IT, after, TWIN]) == []


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (DELETION, f"Q: What is the worst-case time of deleting from an AVL tree?\nA: {BALANCED}"),
        (DELETION, f"Q: What is the worst-case time of deletion from a balanced AVL tree?\nA: {BALANCED}"),
        (
            DECORATOR.format("classmethod", "the class"),
            f"{DECORATOR.format('classmethod', 'the class')} Subclasses pass themselves.",
        ),
        (
            "Q: Which person first reached the South Pole?\nA: Roald Amundsen, with four men and dogs, in 1911.",
            "Q: Which explorer first reached the South Pole?\nA: Roald Amundsen, with four men and dogs, in 1911.",
        ),
    ],
)
def test_a_reworded_question_with_a_distinctive_answer_is_an_edit(world: World, before: str, after: str) -> None:
    assert len(edit(world, [*LIKE_IT, before, TWIN], [*LIKE_IT, after, TWIN])) == 1


def test_an_explanation_added_or_removed_below_a_shared_question_is_an_edit(world: World) -> None:
    short = "Q: Why?\nA: Because water expands."
    long = f"{short} Ice takes up more room than water, since its molecules form a lattice."
    others = ["Q: Why?\nA: Heat rises.", "Q: Why?\nA: Salt lowers the freezing point."]
    assert len(edit(world, [others[0], short, others[1]], [others[1], long, others[0]])) == 1


def test_another_answer_to_the_same_question_is_a_new_note(world: World) -> None:
    others = ["Q: Why?\nA: Heat rises.", "Q: Why?\nA: Salt lowers the freezing point."]
    assert (
        edit(world, ["Q: Why?\nA: Because water expands.", *others], ["Q: Why?\nA: Iron rusts in moist air.", *others])
        == []
    )


def test_the_same_answer_outranks_the_same_question(world: World) -> None:
    osmosis = "Q: What is osmosis?\nA: Water moving through a membrane towards more salt."
    other = "Q: What is osmosis?\nA: A process that plants use to stay upright."
    near = "Q: What is meant by osmosis in cells?\nA: Water moving through a membrane towards more salt."
    assert edit(world, [osmosis], [other, near]) == ["similar: What is meant by osmosis in cells?"]


def test_an_earlier_text_with_a_typo_fixed_is_recognised(world: World) -> None:
    first = "Q: Which gland sets the pace of the metabolizm?\nA: The thyroid, by its hormones T3 and T4."
    steps = [
        first,
        "Q: Name what governs how fast a body burns energy.\nA: The thyroid, by its hormones T3 and T4.",
        "Q: Name what governs how fast a body burns energy.\nA: A butterfly-shaped organ in the neck.",
    ]
    for text in steps:
        world.write("a.md", text, OTHER)
        world.scan()
    note = world.note("burns energy").id
    assert len(list(world.collection.catalog.entries(active=False))) == 0
    world.write("a.md", OTHER, first.replace("metabolizm", "metabolism"))
    world.write("b.md", "Q: Where is the thyroid?\nA: In the neck.", "Q: What is T3?\nA: A hormone.")
    world.scan()
    assert world.note("metabolism").id == note


CAPITALS = [f"Q: What is the capital of {land}?\nA: {city}" for land, city in (("Peru", "Lima"), ("Chad", "N'Djamena"))]


@pytest.mark.parametrize(
    ("before", "after", "links"),
    [
        ("Q: What is the capital of Hungary?\nA: Budapest", "Q: What is the capital of tungary?\nA: Budapest", 1),
        ("Q: What is the capital of Laos?\nA: Vientiane", "Q: What is the capital of Las?\nA: Vientiane", 1),
        ("Q: What is the capital of Laos? (7)\nA: Vientiane", "Q: What is the capital of Laos? (6)\nA: Vientiane", 1),
        ("Haus :: house", "Maus :: mouse", 0),
        ("Q: What is the capital of Mali?\nA: Bamako", "Q: What is the capital of Bali?\nA: Denpasar", 0),
    ],
)
def test_a_letter_or_a_number_of_a_question_may_change_above_the_same_answer(
    world: World, before: str, after: str, links: int
) -> None:
    assert len(edit(world, [before, *CAPITALS], [after, *CAPITALS])) == links


GRID = (
    "Q: A fan likes the product a lot but seldom pays. What does the retention grid advise?\nA: Nurture them",
    "Q: A member pays for the product but hardly visits. What does the retention grid advise?\nA: Wake them",
)
TEARS = "Q: Where do tears drain?\nA: Into the nose."


def test_among_replaced_cards_a_somewhat_similar_one_counts_as_new(world: World) -> None:
    world.write("a.md", GRID[0], TEARS, OTHER)
    world.scan()
    world.write("a.md", GRID[1], "Q: How many ribs are there?\nA: 24", OTHER)
    report = world.scan()
    assert (report.edited, len(report.removed), len(report.added)) == ([], 2, 2)
    ((_, ((candidate, _),)),) = report.ambiguous
    assert candidate.before
    assert candidate.before.fields[1] == "Nurture them"


def test_among_edited_cards_a_somewhat_similar_one_counts_as_edited(world: World) -> None:
    edited = TEARS.replace("tears", "all tears")
    assert len(edit(world, [GRID[0], TEARS, OTHER], [GRID[1], edited, OTHER])) == 2


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("rue :: street", "rue (as a rule) :: street"),
        ("Q: How many cards has a deck?\nA: 52", "Q: How many cards has a deck?\nA: It depends on the game."),
    ],
)
def test_among_replaced_cards_one_with_an_unchanged_side_counts_as_edited(
    world: World, before: str, after: str
) -> None:
    found = edit(world, [before, TEARS, OTHER], [after, "Q: Who painted *Guernica*?\nA: Picasso", OTHER])
    assert len(found) == 1
