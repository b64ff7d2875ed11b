"""The parts of the rule that judges: words, weights, scores, places, and the assignment."""

from __future__ import annotations

import random
from dataclasses import replace
from itertools import product
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from flashcards.deck.model import Kind, Note
from flashcards.deck.parse import parse
from flashcards.identity.exact import link_exactly
from flashcards.identity.likeness import (
    Likeness,
    bound_likeness,
    compare_sides,
    find_slips,
    is_slip,
    sum_masses,
    weigh_sides,
)
from flashcards.identity.neighbours import Places
from flashcards.identity.scoring import Pair
from flashcards.identity.similar import assign_pairs, link_similar
from flashcards.identity.words import Sides, Weights, collect_words, count_words, split_sides
from tests.identity.edits import ORDINARY
from tests.identity.material import OWN, Item, Material, load, numbered
from tests.identity.measure import our_links
from tests.identity.trials import Trial, edited


def parse_one(text: str) -> Note:
    (note,) = parse(text, "x.md").notes
    return note


def read(text: str) -> Sides:
    return split_sides(parse_one(text))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("What is *O(log n)*?", ["what", "is", "*", "o", "(", "log", "n", ")", "?"]),
        ("今天天气", ["今", "天", "气"]),
        ("がくせい", ["がく", "くせ", "せい"]),
        ("قَلَم", ["قلم"]),
        ("Café CAFE", ["cafe"]),
        ("हिन्दी", ["हिन्दी"]),
        ("한글은 누가", ["한글은", "누가"]),
        ("x² + 10", ["x", "2", "+", "10"]),
    ],
)
def test_a_text_is_split_into_words_in_any_script(text: str, expected: list[str]) -> None:
    assert list(count_words(text).counts) == expected


@pytest.mark.parametrize(("one", "other"), [("Paris.", "paris"), ("**Café** noir", "cafe noir"), ("«Идиот»", "идиот")])
def test_texts_that_differ_only_in_case_accents_and_punctuation_are_the_same(one: str, other: str) -> None:
    assert count_words(one).plain == count_words(other).plain


@pytest.mark.parametrize(("one", "other"), [("-196", "196"), ("a + b", "a - b"), ("x^2", "x_2")])
def test_signs_that_mean_something_are_kept(one: str, other: str) -> None:
    assert count_words(one).plain != count_words(other).plain


@pytest.mark.parametrize(
    ("one", "other", "slip"),
    [
        ("capital", "capitol", True),
        ("letter", "lettre", True),
        ("house", "mouse", False),
        ("house", "ouse", True),
        ("cat", "car", False),
        ("austria", "australia", False),
        ("1914", "1915", False),
    ],
)
def test_a_misspelling_differs_in_one_or_two_letters(one: str, other: str, slip: bool) -> None:
    assert is_slip(one, other) == is_slip(other, one) == slip


_LETTERS = "abn"
_SOME_WORDS = st.lists(
    st.text(_LETTERS, min_size=3, max_size=6) | st.text(_LETTERS, min_size=11, max_size=14), max_size=12
)


@given(_SOME_WORDS, _SOME_WORDS)
def test_the_index_finds_the_same_slips_as_comparing_all_words(words: list[str], misspelt: list[str]) -> None:
    vocabulary = {*words, *misspelt, *(word[1:] for word in words), *(f"{word[1::-1]}{word[2:-1]}" for word in words)}
    expected = {
        word: [other for other in sorted(vocabulary) if other != word and is_slip(word, other)] for word in vocabulary
    }
    assert find_slips(vocabulary) == {word: others for word, others in expected.items() if others}


_SIDE = st.lists(
    st.sampled_from(["river", "rivre", "carry", "carries", "spring", "water", "the", "+"]), min_size=1
).map(" ".join)


@example([("river", "river"), ("rivre", "rivre rivre rivre")])
@given(st.lists(st.tuples(_SIDE, _SIDE), min_size=2, max_size=6))
def test_no_likeness_exceeds_its_bound(texts: list[tuple[str, str]]) -> None:
    notes = [Sides(False, count_words(front), count_words(back)) for front, back in texts]
    words = [word for note in notes for side in (note.front, note.back) for word in side.counts]
    weights = Weights(notes, notes, (), find_slips(dict.fromkeys(words)))
    one, other = (weigh_sides(note, weights) for note in notes[:2])
    bound = bound_likeness(sum_masses(one, weights), sum_masses(other, weights))
    assert compare_sides(one, other, weights).whole <= bound + 1e-9


def test_the_words_of_a_template_weigh_little() -> None:
    deck = [read(f"Q: What is the capital of {name}?\nA: {name[::-1]}") for name in ("Peru", "Chile", "Cuba", "Mali")]
    weights = Weights(deck, deck, ())
    assert weights["peru"] == 1.0
    assert weights["capital"] < 0.2


def test_an_edited_note_does_not_make_its_own_words_look_common() -> None:
    old, new = read("Q: What is osmosis?\nA: diffusion"), read("Q: What is osmosis?\nA: the diffusion of water")
    assert Weights([old], [new], ())["osmosis"] == 1.0


def test_frequent_words_of_a_collection_weigh_little() -> None:
    note = read("Q: the mitochondrion\nA: energy")
    sample = [parse_one(f"Q: the word{number}\nA: the other") for number in range(60)]
    weights = Weights([note], [note], sample)
    assert weights["the"] < 0.05 < weights["mitochondrion"]


@example(("straße ÉTÉ", "C: [Straße] \u30ab\u30bf\u30ab\u30ca and ASCII"))
@given(st.tuples(st.text(min_size=1), st.text(min_size=1)))
def test_the_words_of_a_note_are_those_of_its_sides(fields: tuple[str, str]) -> None:
    note = Note(Kind.QUESTION, 1, 2, fields, ("forward",))
    sides = split_sides(note)
    assert collect_words(note) == {*sides.front.counts, *sides.back.counts}


def test_the_order_of_words_counts() -> None:
    one = read("T: precision\nD: the share of what was found that is right")
    other = read("T: precision\nD: the share of what is right that was found")
    weights = Weights([one], [other], ())
    like = compare_sides(weigh_sides(one, weights), weigh_sides(other, weights), weights)
    assert like.back < 0.95


def test_the_best_pair_goes_first_and_the_rest_follows() -> None:
    pairs = [Pair(0.9, 0.9, 0.9, 1, 1), Pair(0.7, 0.7, 0.7, 1, 2), Pair(0.65, 0.65, 0.65, 2, 2)]
    taken, unclear = assign_pairs(pairs, 0.6, 0.1, lambda _one, _other: True)
    assert [(pair.old, pair.new) for pair in taken] == [(1, 1), (2, 2)]
    assert unclear == []


def test_of_two_nearly_equal_matches_neither_is_linked() -> None:
    pairs = [Pair(0.75, 0.75, 0.75, 1, 1), Pair(0.7, 0.7, 0.7, 2, 1)]
    assert assign_pairs(pairs, 0.6, 0.1, lambda _one, _other: True) == ([], pairs)
    assert assign_pairs(pairs, 0.6, 0.1, lambda _one, _other: False) == ([pairs[0]], [])


def test_a_pair_below_the_threshold_is_still_a_rival() -> None:
    pairs = [Pair(0.62, 0.62, 0.62, 1, 1), Pair(0.3, 0.58, 0.58, 2, 1)]
    taken, unclear = assign_pairs(pairs, 0.6, 0.1, lambda _one, _other: True)
    assert (taken, [pair.old for pair in unclear]) == ([], [1])


def test_a_stretch_is_enclosed_by_two_linked_notes_before_and_after() -> None:
    items = [Item(frozenset({number}), note.kind, note.fields) for number, note in enumerate(_deck().items)]
    after = [items[0], *(item for item in _changed(items[1:3])), items[3]]
    trial = Trial({"a": items[:4]}, {"a": after})
    linked = {link.known.id: link.seen for link in link_exactly(trial.known, trial.seen)}
    places = Places(trial.known, trial.seen, linked)
    (stretch,) = places.list_stretches()
    assert (stretch.edges, [known.id for known in stretch.old], [seen.number for seen in stretch.new]) == (
        2,
        [1, 2],
        [1, 2],
    )
    found = places.find_ranks(trial.known[2], trial.seen[2])
    assert found is not None
    assert found[1:] == (1, 1)
    assert places.find_ranks(trial.known[0], trial.seen[0]) is None


def test_the_ends_of_a_file_do_not_count_as_notes() -> None:
    items = [Item(frozenset({number}), note.kind, note.fields) for number, note in enumerate(_deck().items)]
    for size, edges in ((1, 0), (2, 1)):
        trial = Trial({"a": items[:size]}, {"a": [*_changed(items[:1]), *items[1:size]]})
        linked = {link.known.id: link.seen for link in link_exactly(trial.known, trial.seen)}
        (stretch,) = Places(trial.known, trial.seen, linked).list_stretches()
        assert (stretch.edges, len(stretch.old), len(stretch.new)) == (edges, 1, 1)


def _changed(items: list[Item]) -> list[Item]:
    return [Item(item.truth, item.kind, ("something else altogether", "and so is this")) for item in items]


def _deck() -> Material:
    return next(deck for deck in numbered(load(OWN)) if deck.name.endswith("history"))


@pytest.mark.slow
@given(st.integers(0, 10_000), st.sampled_from(sorted(ORDINARY)), st.floats(0.05, 1))
def test_links_are_one_to_one_and_leave_the_linked_ones_alone(seed: int, kind: str, share: float) -> None:
    trial = edited([_deck()], ORDINARY[kind], share, random.Random(seed))
    links = our_links(trial)
    assert len({link.known.id for link in links}) == len({link.seen.place for link in links}) == len(links)
    assert all(0 < link.score <= 1 for link in links)


@pytest.mark.slow
@given(st.integers(0, 10_000))
def test_the_order_in_which_notes_come_does_not_matter(seed: int) -> None:
    rng = random.Random(seed)
    trial = edited([_deck()], ORDINARY["a third reworded"], 0.5, rng)
    exact = link_exactly(trial.known, trial.seen)
    found = link_similar(trial.known, trial.seen, exact)
    shuffled = link_similar(rng.sample(trial.known, len(trial.known)), rng.sample(trial.seen, len(trial.seen)), exact)
    assert shuffled == found


def test_without_removed_or_new_notes_nothing_is_compared() -> None:
    deck = _deck()
    trial = Trial({"a": list(deck.items)}, {"a": list(deck.items[:5])})
    exact = link_exactly(trial.known, trial.seen)
    assert link_similar(trial.known, trial.seen, exact) == ([], [])


def count_comparisons(monkeypatch: pytest.MonkeyPatch, notes: int) -> int:
    """Count how often two notes are compared as a whole, if each of so many notes of one file gets another word."""
    rng = random.Random(1)
    parts = ("gra", "mel", "tor", "vis", "pan", "dok", "nik", "sul", "wem")
    words = ["".join(three) for three in product(parts, repeat=3)]
    items = [
        Item(frozenset({number}), Kind.QUESTION, (" ".join(rng.choices(words, k=6)), " ".join(rng.choices(words, k=8))))
        for number in range(notes)
    ]
    changed = [replace(item, fields=(f"zeb {item.fields[0]}", f"{item.fields[1]} zeb")) for item in items]
    compared: list[None] = []

    def compare(*arguments: Any) -> Likeness:
        compared.append(None)
        return compare_sides(*arguments)

    with monkeypatch.context() as patch:
        patch.setattr("flashcards.identity.likeness.compare_sides", compare)
        our_links(Trial({"deck": items}, {"deck": changed}))
    return len(compared)


@pytest.mark.parametrize("notes", [100, 400])
def test_an_edited_note_is_compared_with_few_others_in_any_collection(
    monkeypatch: pytest.MonkeyPatch, notes: int
) -> None:
    assert notes <= count_comparisons(monkeypatch, notes) <= 6 * notes
