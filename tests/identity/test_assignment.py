"""Which pairs of an old and a new note are linked, and which are too close to call."""

from __future__ import annotations

import pytest

from flashcards.identity.scoring import Pair, is_ahead
from flashcards.identity.similar import assign_pairs

MARGIN = 0.08
THRESHOLD = 0.5


def pair(old: int, new: int, score: float, text: float = 0.5) -> Pair:
    return Pair(score, score, text, old, new)


def links(*pairs: Pair) -> tuple[list[tuple[int, int]], list[tuple[int, int]]]:
    """Return the pairs that are linked and those that are unclear, where every pair speaks against every other."""
    found, unclear = assign_pairs(pairs, THRESHOLD, MARGIN, lambda _pair, _other: True)
    return [(each.old, each.new) for each in found], [(each.old, each.new) for each in unclear]


@pytest.mark.parametrize("rival_text", [0.0, 0.5, 0.9, 1.0])
def test_a_lead_of_the_margin_is_enough_whatever_the_rivals_text(rival_text: float) -> None:
    assert is_ahead(0.75, 0.5, rival_text, 0.25)
    assert not is_ahead(0.75, 0.5, 0.0, 0.3)


@pytest.mark.parametrize(
    ("lead", "rival_text", "enough"),
    # below the margin of 0.08: half of what the rival's texts differ, and a quarter of the margin at the least
    [
        (0.051, 0.90, True),
        (0.049, 0.90, False),
        (0.041, 0.92, True),
        (0.039, 0.92, False),
        (0.021, 1.00, True),
        (0.019, 1.00, False),
        (0.021, 0.97, True),
        (0.019, 0.97, False),
        (0.000, 1.00, False),
        (0.079, 0.85, True),
        (0.079, 0.80, False),
        (0.079, 0.00, False),
    ],
)
def test_a_smaller_lead_suffices_if_the_rival_texts_are_alike(lead: float, rival_text: float, enough: bool) -> None:
    assert is_ahead(0.9, 0.9 - lead, rival_text, MARGIN) is enough


def test_a_note_with_an_almost_identical_new_text_is_linked_although_another_is_close_too() -> None:
    best, rival = pair(1, 1, 0.99, text=0.99), pair(1, 2, 0.94, text=0.94)
    assert links(best, rival) == ([(1, 1)], [])


def test_the_same_lead_between_texts_that_differ_much_is_unclear() -> None:
    best, rival = pair(1, 1, 0.65, text=0.65), pair(1, 2, 0.60, text=0.60)
    assert links(best, rival) == ([], [(1, 1), (1, 2)])


def test_almost_equal_rivals_are_unclear_however_close_their_texts_are() -> None:
    best, rival = pair(1, 1, 0.99, text=0.99), pair(1, 2, 0.98, text=0.98)
    assert links(best, rival) == ([], [(1, 1), (1, 2)])


def test_linking_a_pair_removes_a_rival_of_other_pairs() -> None:
    clear, shared, left = pair(1, 1, 0.99), pair(2, 1, 0.70), pair(2, 2, 0.68)
    assert links(clear, shared, left) == ([(1, 1), (2, 2)], [])


def test_a_rival_just_below_the_threshold_makes_a_pair_ambiguous() -> None:
    assert links(pair(1, 1, 0.52), pair(1, 2, 0.48)) == ([], [(1, 1)])
    assert links(pair(1, 1, 0.52), pair(1, 2, 0.41)) == ([(1, 1)], [])
