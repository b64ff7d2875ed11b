"""Turn scores of pairs into one-to-one links, and into pairs that are too close to call."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from typing import Final, NamedTuple

_MOST_ROUNDS: Final = 100  # of taking pairs, each of which may leave others without a rival


class Pair(NamedTuple):
    """An old and a new note, by their numbers, and how well they match."""

    score: float  # what speaks for the pair
    claim: float  # the score that the pair has against other pairs of the same notes; at least `score`
    text: float  # how alike the texts are, 0 to 1
    # old, new: the notes
    old: int
    new: int


Rivals = Callable[[Pair, Pair], bool]
"""Whether the second pair, which shares a note with the first, speaks against it if it is nearly as good."""


def assign_pairs(
    pairs: Iterable[Pair], threshold: float, margin: float, rivals: Rivals
) -> tuple[list[Pair], list[Pair]]:
    """Return the pairs to link, and those that are not linked because a rival is nearly as good.

    The best pair goes first. A pair is linked if its score is at least `threshold` and it is ahead of every rival
    whose notes are still free. `is_ahead` says how far ahead it must be.
    """
    near = (pair for pair in pairs if pair.claim >= threshold - margin)
    left = sorted(near, key=lambda pair: (-pair.score, pair.old, pair.new))
    taken: list[Pair] = []
    for _ in range(_MOST_ROUNDS):
        found = _find_clear_pairs(left, threshold, margin, rivals)
        if not found:
            break
        taken += found
        old = {pair.old for pair in found}
        new = {pair.new for pair in found}
        left = [pair for pair in left if pair.old not in old and pair.new not in new]
    return taken, [pair for pair in left if pair.score >= threshold]


def _find_clear_pairs(pairs: list[Pair], threshold: float, margin: float, rivals: Rivals) -> list[Pair]:
    """Return the pairs that are ahead of every rival, at most one for each note."""
    by_old: dict[int, list[Pair]] = defaultdict(list)
    by_new: dict[int, list[Pair]] = defaultdict(list)
    for pair in pairs:
        by_old[pair.old].append(pair)
        by_new[pair.new].append(pair)
    found: list[Pair] = []
    old_used: set[int] = set()
    new_used: set[int] = set()
    for pair in pairs:
        if pair.score < threshold or pair.old in old_used or pair.new in new_used:
            continue
        others = (other for other in (*by_old[pair.old], *by_new[pair.new]) if other is not pair)
        if all(is_ahead(pair.score, other.claim, other.text, margin) or not rivals(pair, other) for other in others):
            found.append(pair)
            old_used.add(pair.old)
            new_used.add(pair.new)
    return found


def is_ahead(score: float, rival: float, rival_text: float, margin: float) -> bool:
    """Check whether a score is far enough above that of a rival.

    It must lead by `margin`, or, if the texts of the rival are close, by half of what they differ.

    Args:
        score: that of the pair.
        rival: the claim of the rival.
        rival_text: how alike the texts of the rival are.
        margin: the lead that is always enough.
    """
    lead = score - rival
    return lead >= margin or lead >= max(margin / 4, (1 - rival_text) / 2)
