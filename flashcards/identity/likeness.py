"""Measure how similar two notes are."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Set
from itertools import combinations
from typing import Final, NamedTuple

from rapidfuzz.distance import OSA, Indel

from flashcards.identity.words import Sides, Weights, Words

_DIFFERENT: Final = 0.15  # sides less similar than this have nothing in common
_KEY: Final = 0.9  # share of the weight of the kept words that the subject words must have
_LONG: Final = 5  # kept words for each replaced one
_HEAVY: Final = 0.45  # minimum weight of a word that the question is about
_REFILLED: Final = 0.5  # minimum weight of replaced words that change the meaning
_MUCH: Final = 0.5  # the order of the words counts from here on
_SLIP_LENGTH: Final = 4  # letters; shorter words that differ by one letter are different words
_LONG_WORD: Final = 12  # letters from which two typing slips are tolerated
_SLIP_WEIGHT: Final = 0.8  # weight of a word with a typing slip, relative to the same word
_TEMPLATE_WORD: Final = 0.5  # maximum weight of a word that many notes share
_TEMPLATE: Final = 2.5  # weight of the words around the gaps of a template
_SLIPS_ALONE: Final = 0.6  # factor if no word is exactly the same
_MOST_REST: Final = 12  # unmatched words that are searched for slips
_MOST_MISSPELT: Final = 2  # words of one side
_TELLING: Final = 0.7  # minimum weight of a word that names the subject of a note


class WeighedSides(NamedTuple):
    """The words of a note, and the total weight of each side."""

    sides: Sides
    front_weight: float
    back_weight: float


class Likeness(NamedTuple):
    """The similarity of two notes, 0 to 1: of their fronts, their backs, and as a whole."""

    front: float
    back: float
    whole: float
    on_both_sides: bool  # whether each side has something in common with its counterpart
    back_weight: float  # of the words that the backs share


def weigh_sides(sides: Sides, weights: Weights) -> WeighedSides:
    """Add up the weights of the words of a note."""
    return WeighedSides(sides, weights.total(sides.front), weights.total(sides.back))


class Masses(NamedTuple):
    """The quantities that bound the similarity of a note to others."""

    words: dict[str, float]  # the weight of each word, for each of its occurrences
    slips: float  # the weight of the words of each side that may be slips of others
    total: float  # the weight of all words


def sum_masses(note: WeighedSides, weights: Weights) -> Masses:
    """Sum up the quantities that bound the similarity of a note to others."""
    counts = _join_counts(note.sides)
    words = {word: weights[word] * count for word, count in counts.items()}
    slips = sum(
        weights.add_up(side.counts.keys() & weights.slips.keys()) for side in (note.sides.front, note.sides.back)
    )
    return Masses(words, slips, note.front_weight + note.back_weight)


def bound_likeness(one: Masses, other: Masses) -> float:
    """Return an upper bound on the similarity of two whole notes, which is faster than comparing them."""
    mine, theirs = one.words, other.words
    common = sum([min(mine[word], theirs[word]) for word in mine.keys() & theirs.keys()])
    return _divide(2 * (common + _SLIP_WEIGHT * min(one.slips, other.slips)), one.total + other.total)


def compare_sides(old: WeighedSides, new: WeighedSides, weights: Weights) -> Likeness:
    """Compare two notes side by side; a cloze is compared as a whole."""
    if old.sides.cloze or new.sides.cloze:
        return _compare_wholes(old, new, weights)
    front, front_strict = _weigh_common(old.sides.front, new.sides.front, weights)
    back, back_strict = _weigh_common(old.sides.back, new.sides.back, weights)
    total = old.front_weight + old.back_weight + new.front_weight + new.back_weight
    front_like = _score_side(front, old.front_weight, new.front_weight, old.sides.front, new.sides.front)
    back_like = _score_side(back, old.back_weight, new.back_weight, old.sides.back, new.sides.back)
    on_both_sides = min(front_like, back_like) >= _DIFFERENT
    if not on_both_sides:
        # The remaining words must be enough for the link, so words that look like slips do not count.
        front, back = front_strict, back_strict
        front_like = _score_side(front, old.front_weight, new.front_weight, old.sides.front, new.sides.front)
        back_like = _score_side(back, old.back_weight, new.back_weight, old.sides.back, new.sides.back)
    whole = min(_divide(2 * (front + back), total), (front_like + back_like) / 2 + 0.1)
    if not front_strict + back_strict:
        whole *= _SLIPS_ALONE
    return Likeness(front_like, back_like, whole, on_both_sides, back)


def _compare_wholes(old: WeighedSides, new: WeighedSides, weights: Weights) -> Likeness:
    """Compare two notes if one is a cloze. Its words belong to no side, because gaps come and go."""
    old_all, new_all = _join_sides(old.sides), _join_sides(new.sides)
    common, _ = _weigh_common(old_all, new_all, weights)
    old_total, new_total = weights.total(old_all), weights.total(new_all)
    whole = _divide(2 * common, old_total + new_total)
    hidden = old.sides.back.counts.keys() & new_all.counts.keys() | new.sides.back.counts.keys() & old_all.counts.keys()
    either = old.sides.back.counts.keys() | new.sides.back.counts.keys()
    gaps = _divide(weights.add_up(hidden), weights.add_up(either))
    on_both_sides = gaps >= _DIFFERENT
    if gaps < whole:
        # If all hidden text is replaced, the rest must be specific enough to distinguish it from a template.
        enough = min(max(common - _TEMPLATE, 0.0) / _TEMPLATE, 1.0)
        whole = gaps + (whole - gaps) * (0.5 + enough / 2)
    return Likeness(whole, gaps, whole, on_both_sides, 0.0)


def _divide(part: float, whole: float) -> float:
    return min(part / whole, 1.0) if whole else 0.0


def _join_sides(sides: Sides) -> Words:
    return Words(_join_counts(sides), f"{sides.front.plain} {sides.back.plain}")


def _join_counts(sides: Sides) -> dict[str, int]:
    counts = dict(sides.front.counts)
    for word, count in sides.back.counts.items():
        counts[word] = counts.get(word, 0) + count
    return counts


def _weigh_common(one: Words, other: Words, weights: Weights) -> tuple[float, float]:
    """Weigh the words that two sides share, once with and once without typing slips."""
    mine, theirs = one.counts, other.counts
    strict = sum([weights[word] * min(count, theirs[word]) for word, count in mine.items() if word in theirs])
    rest, partners = mine.keys() - theirs.keys(), theirs.keys() - mine.keys()
    if not rest or not partners or len(rest) > _MOST_REST or len(partners) > _MOST_REST:
        return strict, strict
    return strict + _weigh_slips(rest, partners, weights), strict


def _weigh_slips(rest: Set[str], partners: Set[str], weights: Weights) -> float:
    """Weigh the words that differ by a letter or two."""
    weight = 0.0
    slips = weights.slips
    used: set[str] = set()
    for word in sorted(rest & slips.keys()):
        for partner in slips[word]:
            if partner in partners and partner not in used:
                weight += _SLIP_WEIGHT * min(weights[word], weights[partner])
                used.add(partner)
                break
    return weight


def find_slips(words: Iterable[str]) -> dict[str, list[str]]:
    """Find the words that differ from others by a typing slip, each with those words, in order."""
    holders: dict[str, list[str]] = defaultdict(list)
    for word in words:
        if len(word) >= _SLIP_LENGTH and word.isalpha():
            for key in _list_slip_keys(word):
                holders[key].append(word)
    found: dict[str, set[str]] = defaultdict(set)
    for alike in holders.values():
        if len(alike) > 1:
            for one, other in combinations(alike, 2):
                if other not in found[one] and is_slip(one, other):
                    found[one].add(other)
                    found[other].add(one)
    return {word: sorted(others) for word, others in found.items() if others}


def _list_slip_keys(word: str) -> set[str]:
    """List keys such that two words that differ by a slip share at least one.

    Each slip removes one letter from both words. If a long word has two slips, one of its halves has at most one.
    """
    keys = _drop_each_letter(word)
    if len(word) >= _LONG_WORD:
        half = _LONG_WORD // 2
        keys |= {f"{start}-" for start in _drop_each_letter(word[:half])}
        keys |= {f"{first}-{end}" for end in _drop_each_letter(word[-half:]) for first in word[:3]}
    return keys


def _drop_each_letter(word: str) -> set[str]:
    return {word, *(word[:at] + word[at + 1 :] for at in range(len(word)))}


def is_slip(one: str, other: str) -> bool:
    """Return whether two words differ by a typing slip: one letter, or two in a long word."""
    mine, theirs = len(one), len(other)
    length = min(mine, theirs)
    if length < _SLIP_LENGTH or abs(mine - theirs) > 2 or not one.isalpha():
        return False
    # A different first letter usually makes a different word: house, mouse.
    if one[0] != other[0] and one[:2] != other[1::-1] and not one.endswith(other) and not other.endswith(one):
        return False
    most = 1 if length < _LONG_WORD else 2
    return abs(mine - theirs) <= most and OSA.distance(one, other, score_cutoff=most) <= most


def is_hardly_changed(old: Words, new: Words, weights: Weights) -> bool:
    """Return whether two sides differ only by a letter in a few words, or by a number next to a specific word.

    The letter may be the first one: "house" and "mouse" count as equal only if the other sides of the notes are equal.
    The number of a note in a list does not identify the note either.
    """
    lost, gained, kept = _compare_words(old, new)
    if not lost or len(lost) != len(gained) or len(lost) > _MOST_MISSPELT:
        return False
    if len(lost) == 1 and all(map(str.isdigit, lost | gained)):
        return max(map(weights.__getitem__, kept), default=0.0) >= _TELLING
    partners = [{other for other in gained if _is_letter_away(word, other)} for word in lost]
    return all(partners) and len(set[str]().union(*partners)) == len(gained)


def _is_letter_away(one: str, other: str) -> bool:
    longest = max(len(one), len(other))
    return longest > 2 and (one + other).isalpha() and OSA.distance(one, other, score_cutoff=1) <= 1


def _score_side(common: float, old_total: float, new_total: float, old: Words, new: Words) -> float:
    if old.plain == new.plain:
        return 1.0
    if not common:
        return 0.0
    dice = 2 * common / (old_total + new_total)
    # If one contains the other, much of a short text counts more than its share of a long one.
    held = common / min(old_total, new_total) * common / (common + 1)
    like = min(max(dice, 0.9 * held), 1.0)
    if like > _MUCH and dice >= held:
        # The same words in another order may mean something else.
        like = min(like, (like + Indel.normalized_similarity(old.plain.split(), new.plain.split())) / 2)
    return min(like, 0.99)


def compare_letters(one: str, other: str) -> float:
    """Return how similar two texts are letter by letter, 0 to 1."""
    return Indel.normalized_similarity(one, other)


def is_key_replaced(old: Words, new: Words, weights: Weights) -> bool:
    """Return whether the most specific words of a side were replaced.

    "What does the T wave show?" and "What does the P wave show?" ask for different things. Someone who rewords a
    question keeps its subject and changes the rest.
    """
    lost, gained, kept = _compare_words(old, new)
    if not lost or not gained or not kept or len(lost) + len(gained) > 2 * len(kept):
        return False
    if _weigh_slips(lost, gained, weights):
        return False
    most = max(map(weights.__getitem__, kept))
    return all(word.isdigit() or weights[word] >= _KEY * most for word in lost | gained)


def is_word_swapped(old: Words, new: Words, weights: Weights) -> bool:
    """Return whether a long question is the same except for one or two specific words.

    "Which key deletes a line of text?" and "Which key copies a line of text?" ask for different things, although
    "deletes" is no more specific than "line".
    """
    lost, gained, kept = ({word for word in words if word.isalnum()} for words in _compare_words(old, new))
    swapped = max(len(lost), len(gained))
    if not lost or not gained or swapped > 2 or len(kept) < _LONG * swapped or _weigh_slips(lost, gained, weights):
        return False
    return all(any(word.isdigit() or weights[word] >= _HEAVY for word in words) for words in (lost, gained))


def is_refilled(old: Words, new: Words, weights: Weights) -> bool:
    """Return whether specific words of one side were replaced, rather than added, removed or misspelt."""
    lost, gained, _ = _compare_words(old, new)
    if _weigh_slips(lost, gained, weights):
        return False
    return min(weights.add_up(lost), weights.add_up(gained)) >= _REFILLED


def is_template_refilled(old: Words, new: Words, weights: Weights) -> bool:
    """Return whether the sides share only the words of a template that other notes use, too."""
    lost, gained, kept = _compare_words(old, new)
    if not lost or not gained or not kept:
        return False
    common = max(map(weights.__getitem__, kept)) <= _TEMPLATE_WORD
    return common and all(weights[word] >= 1 - _TEMPLATE_WORD / 2 for word in lost | gained)


def _compare_words(old: Words, new: Words) -> tuple[set[str], set[str], set[str]]:
    """Return the words of only the old side, of only the new side, and of both."""
    mine, theirs = old.counts.keys(), new.counts.keys()
    return set(mine - theirs), set(theirs - mine), set(mine & theirs)
