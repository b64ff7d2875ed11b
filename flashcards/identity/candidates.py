"""Which old notes a new one may be: a few candidates for each, never all against all."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from heapq import nlargest, nsmallest
from typing import Final

from flashcards.identity.words import Sides

KeysOf = Callable[[Sides], Iterable[str]]

_MOST_POSTINGS: Final = 60  # a key that more notes share tells too little to look them all up
_MOST_KEYS: Final = 12
_MOST_FOUND: Final = 6


class Index:
    """Finds the notes that share rare keys with another one: words, whole sides, or parts of words."""

    def __init__(self, notes: Mapping[int, Sides], keys_of: KeysOf) -> None:
        """Index notes, each by its number."""
        self._keys_of = keys_of
        self._postings: dict[str, list[int]] = defaultdict(list)
        for number, note in notes.items():
            for key in keys_of(note):
                self._postings[key].append(number)

    def nearest(self, note: Sides) -> list[int]:
        """The numbers of the notes that share most with this one, at most six."""
        postings = self._postings
        found = [postings[key] for key in self._keys_of(note) if key in postings]
        rare = nsmallest(_MOST_KEYS, (numbers for numbers in found if len(numbers) <= _MOST_POSTINGS), key=len)
        shares: dict[int, float] = defaultdict(float)
        for numbers in rare:
            share = 1 / len(numbers)
            for number in numbers:
                shares[number] += share
        return nlargest(_MOST_FOUND, sorted(shares), key=shares.__getitem__)


def word_keys(note: Sides) -> Iterable[str]:
    """The words of a note, and each of its sides as a whole."""
    return {*note.front.counts, *note.back.counts, f"\n{note.front.plain}", f"\n{note.back.plain}"}


def part_keys(note: Sides) -> Iterable[str]:
    """Three letters in a row each: what is left of words that were misspelt."""
    parts: set[str] = set()
    for side in (note.front, note.back):
        padded = f" {side.plain[:60]} "
        parts.update(padded[at : at + 3] for at in range(len(padded) - 2))
    return parts
