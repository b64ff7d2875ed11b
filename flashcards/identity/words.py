"""Split notes into words, weigh how specific each word is, and find notes that share rare ones.

Words are compared without case and accents. In scripts without spaces there are no words to split: Chinese is split
into characters, the others into pairs of characters.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from itertools import chain, pairwise
from math import fsum, log
from typing import Final, NamedTuple

from flashcards.deck.model import Kind, Note

_HAN = "\u2e80-\u2fdf\u3005-\u3007\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
_UNSPACED = "\u0e00-\u0fff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u31f0-\u31ff"
_INDIC = "\u0900-\u0dff"  # its vowel signs are combining marks, which Python does not count as letters
# Patterns as text: compiling them takes long, so `re` does it when the first text needs them.
_WORD = rf"[{_HAN}]|[{_UNSPACED}]+|\d+|(?:(?![{_HAN}{_UNSPACED}])[^\W\d_]|[{_INDIC}])+|[^\w\s]"
_ASCII_WORD = re.compile(r"[a-z]+|\d+|[^\w\s]")
_UNSPACED_WORD = f"[{_HAN}{_UNSPACED}]"
_UNSPACED_RUN = f"[{_UNSPACED}]"
_ACCENTS = "[\u0300-\u036f\u0591-\u05c7\u0610-\u061a\u064b-\u065f\u0670\u0640]"
_PUNCTUATION = frozenset("*_`\"'“”‘’«»„.,;:!?¿¡、。，；：！？؟،؛「」『』《》()（）[]{}…–—")

_SYMBOL_WEIGHT: Final = 0.3  # weight of a sign such as `+` relative to a word
_SHORT: Final = 4  # letters; in many languages shorter words are function words
_SHORT_WEIGHT: Final = 0.5  # weight of such words if no sample shows how common they are
_LEAST_WEIGHT: Final = 0.02
_MOST_POSTINGS: Final = 60  # keys that more notes share are not specific enough to look up
_MOST_KEYS: Final = 12
_MOST_FOUND: Final = 6
_NEAR: Final = 0.2  # share of the best match; less is chance
_LEAST_SAMPLE: Final = 50  # minimum notes for a sample to show how common a word is


class Words(NamedTuple):
    """The counted words of one side; sides with equal `plain` (no case, accents, punctuation) look the same."""

    counts: dict[str, int]
    plain: str


class Sides(NamedTuple):
    """The two sides of a note: front and back, or the shown and the hidden text of a cloze."""

    cloze: bool
    front: Words
    back: Words


def split_sides(note: Note) -> Sides:
    """Return the words of both sides of a note."""
    if note.kind is not Kind.CLOZE:
        return Sides(False, count_words(note.fields[0]), count_words(note.fields[1]))
    text = note.fields[0]
    outside: list[str] = []
    hidden: list[str] = []
    at = 0
    for gap in note.gaps:
        if gap.start >= at:  # not within the previous gap
            outside += [text[at : gap.start], gap.hint]
            hidden.append(text[gap.inner_start : gap.inner_end])
            at = gap.end
    outside.append(text[at:])
    return Sides(True, count_words(" ".join(outside)), count_words(" ".join(hidden)))


def collect_words(note: Note) -> set[str]:
    """Return the different words of a note."""
    if note.kind is not Kind.CLOZE:
        return set(_split_words("\n".join(note.fields)))
    sides = split_sides(note)
    return {*sides.front.counts, *sides.back.counts}


def count_words(text: str) -> Words:
    """Count the words of a Markdown text. Punctuation marks count as words, spaces do not."""
    found = _split_words(text)
    counts: dict[str, int] = {}
    for word in found:
        counts[word] = counts.get(word, 0) + 1
    return Words(counts, " ".join([word for word in found if word not in _PUNCTUATION]))


def _split_words(text: str) -> list[str]:
    if text.isascii():
        return _ASCII_WORD.findall(text.lower())
    text = unicodedata.normalize("NFKD", text).casefold()
    text = unicodedata.normalize("NFC", re.sub(_ACCENTS, "", text))
    found: list[str] = re.findall(_WORD, text)
    if not re.search(_UNSPACED_RUN, text):
        return found
    words: list[str] = []
    for word in found:
        is_run = len(word) > 1 and re.match(_UNSPACED_RUN, word)
        words += [first + second for first, second in pairwise(word)] if is_run else [word]
    return words


class Weights(dict[str, float]):
    """The weight of each word, 0 to 1: rarer words are more specific. Weights are computed on first use.

    A word is common if many of the given notes have it, such as the words of a template ("What is the capital of …"). A
    sample of the whole collection reveals a language's function words in the same way.
    """

    def __init__(
        self,
        before: Iterable[Sides],
        after: Iterable[Sides],
        sample: Iterable[Note],
        slips: Mapping[str, Sequence[str]] | None = None,
    ) -> None:
        """Count the words of notes before and after: an edit must not make a note's words look common."""
        old, new = (
            _Frequencies([note.front.counts.keys() | note.back.counts.keys() for note in notes])
            for notes in (before, after)
        )
        wide = _Frequencies([collect_words(note) for note in sample])
        self._local = old if old.notes >= new.notes else new
        self._other = new if old.notes >= new.notes else old
        self._wide = wide if wide.notes >= _LEAST_SAMPLE else None
        self.slips = slips or {}  # words that differ from others by a typing slip, each with those words, in order

    def __missing__(self, word: str) -> float:
        weight = self[word] = self._compute_weight(word)
        return weight

    def total(self, side: Words) -> float:
        """Sum up the weights of all words of a side."""
        return sum([self[word] * count for word, count in side.counts.items()])

    def add_up(self, words: Iterable[str]) -> float:
        """Sum up the weights of some words, independent of the order of a set."""
        return fsum(map(self.__getitem__, words))

    def _compute_weight(self, word: str) -> float:
        seen = max(self._local.counts.get(word, 0), self._other.counts.get(word, 0))
        weight = _measure_rarity(self._local.notes, seen)
        if self._wide:
            weight = min(weight, _measure_rarity(self._wide.notes, self._wide.counts.get(word, 0)))
        elif len(word) < _SHORT and word.isalpha() and not re.match(_UNSPACED_WORD, word):
            weight *= _SHORT_WEIGHT
        if not word.isalnum():
            weight *= _SYMBOL_WEIGHT
        return max(weight, _LEAST_WEIGHT)


class _Frequencies:
    """The number of notes that have each word, from the words of each note."""

    def __init__(self, notes: Sequence[Set[str]]) -> None:
        self.notes = len(notes)
        self.counts = Counter(chain.from_iterable(notes))


def _measure_rarity(notes: int, seen: int) -> float:
    """Compute the inverse document frequency, scaled to 1 for a word of a single note."""
    if seen <= 1:
        return 1.0
    return max(0.0, log((notes + 1) / (seen + 0.5)) / log((notes + 1) / 1.5))


KeysOf = Callable[[Sides], Iterable[str]]


class RareKeyIndex:
    """An index of notes by rare keys: words, whole sides, or parts of words."""

    def __init__(self, notes: Iterable[tuple[int, Sides]], keys_of: KeysOf) -> None:
        """Index notes by number; a note may have several texts."""
        self._keys_of = keys_of
        self._postings: dict[str, list[int]] = defaultdict(list)
        for number, note in notes:
            for key in keys_of(note):
                self._postings[key].append(number)

    def find_nearest(self, note: Sides) -> list[int]:
        """Return the numbers of the most similar notes by shared keys: at most six, and close to the best."""
        postings = self._postings
        found = [postings[key] for key in self._keys_of(note) if key in postings]
        rare = sorted((numbers for numbers in found if len(numbers) <= _MOST_POSTINGS), key=len)[:_MOST_KEYS]
        shares: dict[int, float] = defaultdict(float)
        for numbers in rare:
            share = 1 / len(numbers)
            for number in numbers:
                shares[number] += share
        least = _NEAR * max(shares.values(), default=0.0)
        near = sorted((-share, number) for number, share in shares.items() if share >= least)
        return [number for _, number in near[:_MOST_FOUND]]


def list_word_keys(note: Sides) -> Iterable[str]:
    """List the sides of a note as wholes and its words, in the same order in every process."""
    return {f"\n{note.front.plain}": 1, f"\n{note.back.plain}": 1} | note.front.counts | note.back.counts


def list_trigrams(note: Sides) -> Iterable[str]:
    """List all trigrams, which survive misspelling."""
    sides = (f" {side.plain[:60]} " for side in (note.front, note.back))
    return dict.fromkeys(side[at : at + 3] for side in sides for at in range(len(side) - 2))
