"""The score of a pair: how alike the texts are, and what speaks for the pair besides."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Final

from flashcards.catalog.linking.assignment import Pair
from flashcards.catalog.linking.candidates import Index, word_keys
from flashcards.catalog.linking.model import Known, Seen
from flashcards.catalog.linking.places import Places, Stretch
from flashcards.catalog.linking.similarity import Likeness, Weighed, likeness, spelt_alike, weighed
from flashcards.catalog.linking.tuning import Tuning
from flashcards.catalog.linking.words import Weights, sides
from flashcards.deck.model import Note

_OTHER_KIND: Final = 0.9  # of the likeness of a cloze and another kind of note
_PART: Final = 0.7  # so much of a part is found in what it is a part of
_SWAPPED: Final = 0.9  # term and definition, each in the other's place


class Scores:
    """Scores of pairs of an old and a new note, each named by its number.

    Attributes:
        old, new: the notes.
        old_sides, new_sides: their words.
    """

    def __init__(
        self,
        old: Sequence[Known],
        new: Sequence[Seen],
        unchanged: Sequence[Known],
        sample: Iterable[Note],
        tuning: Tuning,
    ) -> None:
        """Read the words of all notes.

        Args:
            old: notes that look for their text.
            new: notes that look for their past.
            unchanged: notes around them that have both.
            sample: any notes of the collection.
            tuning: the numbers that decide.
        """
        self.old, self.new = old, new
        self.old_sides = [sides(each.note) for each in old]
        self.new_sides = [sides(each.note) for each in new]
        same = [sides(note.note) for note in unchanged]
        same_files = [note.file for note in unchanged]
        vanished = [each for note, each in zip(old, self.old_sides, strict=True) if note.active]
        self._weights = Weights([*vanished, *same], [*self.new_sides, *same], (sides(note) for note in sample))
        self._old = [weighed(each, self._weights) for each in self.old_sides]
        self._new = [weighed(each, self._weights) for each in self.new_sides]
        self._tuning = tuning
        self._fronts, self._backs = _Texts(), _Texts()
        for file, each in [
            *((note.file, each) for note, each in zip(old, self.old_sides, strict=True) if note.active),
            *zip(same_files, same, strict=True),
        ]:
            self._fronts.old.update([(file, each.front.plain), (None, each.front.plain)])
            self._backs.old.update([(file, each.back.plain), (None, each.back.plain)])
        for file, each in [
            *((note.file, each) for note, each in zip(new, self.new_sides, strict=True)),
            *zip(same_files, same, strict=True),
        ]:
            self._fronts.new.update([(file, each.front.plain), (None, each.front.plain)])
            self._backs.new.update([(file, each.back.plain), (None, each.back.plain)])
        self._same = [weighed(each, self._weights) for each in same]
        self._same_index = Index(dict(enumerate(same)), word_keys)
        self._texts: dict[tuple[int, int], tuple[float, bool]] = {}
        self._templates: dict[int, float] = {}

    def pair(self, old: int, new: int, places: Places | None) -> Pair:
        """How well two notes go together.

        Args:
            old: the number of the old note.
            new: the number of the new note.
            places: where notes stand; None for an old note that has no place any more.
        """
        pair = old, new
        if pair not in self._texts:
            self._texts[pair] = self._text(old, new)
        text, both = self._texts[pair]
        if text < self._tuning.least_likeness:
            return Pair(0.0, text, old, new)
        return Pair(text + _support(self.old[old], self.new[new], both, places, self._tuning), text, old, new)

    def rivals(self, one: Pair, other: Pair) -> bool:
        """Whether it matters which of two pairs that share a note is taken.

        It does not where the texts of the two others are the same, nor where a note was split into both of them or
        merged from both of them.
        """
        if one.old == other.old:
            same = self.new[one.new].fingerprint == self.new[other.new].fingerprint
            return not same and not self._made_of(one, other, new_in_old=True)
        same = self.old[one.old].fingerprint == self.old[other.old].fingerprint
        return not same and not self._made_of(one, other, new_in_old=False)

    def _made_of(self, one: Pair, other: Pair, *, new_in_old: bool) -> bool:
        """Whether two notes are parts of the third: most of each is found there, and they have little in common."""
        for pair in (one, other):
            like = likeness(self._old[pair.old], self._new[pair.new], self._weights)
            if (like.new_held if new_in_old else like.old_held) < _PART:
                return False
        if new_in_old:
            parts = likeness(self._new[one.new], self._new[other.new], self._weights)
        else:
            parts = likeness(self._old[one.old], self._old[other.old], self._weights)
        return max(parts.old_held, parts.new_held) < 1 - _PART / 2

    def _text(self, old: int, new: int) -> tuple[float, bool]:
        """How well two texts go together, 0 to 1, and whether both sides do."""
        one, other = self._old[old], self._new[new]
        like = likeness(one, other, self._weights)
        file = self.old[old].file if self.old[old].file == self.new[new].file else None
        if one.sides.cloze != other.sides.cloze:
            text, both = _OTHER_KIND * like.whole, like.both
        elif one.sides.cloze:
            text, both = like.whole, like.both
        else:
            text, both = self._sided(one, other, like, file)
        # No better than with a note that is another one for certain: what they share is a template.
        return (0.0, both) if text < self._template(new) + self._tuning.template_margin else (text, both)

    def _sided(self, old: Weighed, new: Weighed, like: Likeness, file: int | None) -> tuple[float, bool]:
        front, back = old.sides.front.plain, old.sides.back.plain
        if (front, back) == (new.sides.back.plain, new.sides.front.plain) and front != back:
            return _SWAPPED, True
        if front == new.sides.front.plain:
            if self._fronts.one(front, file) and not self._backs.other(new.sides.back.plain, back, file):
                known = 0.85 if file is not None else 0.4 + 0.1 * min(old.front, 3.0)
                return max(like.whole, known + 0.15 * like.back), like.both
        elif back == new.sides.back.plain:
            if self._backs.one(back, file) and not self._fronts.other(new.sides.front.plain, front, file):
                # A long answer says which card it is; a short one may belong to other questions, too.
                spelt = spelt_alike(front, new.sides.front.plain)
                front_like = max(like.front, spelt if spelt > 0.5 and len(front) < 12 else 0.0)
                return max(like.whole, min(0.3 + 0.1 * min(old.back, 3.0) + 0.4 * front_like, 1.0)), True
        return like.whole, like.both

    def _template(self, new: int) -> float:
        """How like the new note an unchanged one is."""
        if new not in self._templates:
            near = self._same_index.nearest(self.new_sides[new])
            alike = [likeness(self._same[number], self._new[new], self._weights).whole for number in near]
            self._templates[new] = max(alike, default=0.0)
        return self._templates[new]


class _Texts:
    """How many notes have a front, or a back: in a file, and in all files together."""

    def __init__(self) -> None:
        self.old: Counter[tuple[int | None, str]] = Counter()
        self.new: Counter[tuple[int | None, str]] = Counter()

    def one(self, text: str, file: int | None) -> bool:
        """Whether at most one old and one new note of the file have it, or of all files."""
        return bool(text) and self.old[file, text] <= 1 and self.new[file, text] <= 1

    def other(self, text: str, mine: str, file: int | None) -> bool:
        """Whether an old note has the text `text` that has not `mine`."""
        return text != mine and self.old[file, text] > 0


def _support(old: Known, new: Seen, both: bool, places: Places | None, tuning: Tuning) -> float:
    """What speaks for a pair besides its texts; never enough alone."""
    found = 0.0
    if old.file == new.file:
        found += tuning.same_file
    if old.note.breadcrumb == new.note.breadcrumb:
        found += tuning.same_heading
    ranks = places.ranks(old, new) if places else None
    return found + _place_support(*ranks, both, tuning) if ranks else found


def _place_support(stretch: Stretch, old_rank: int, new_rank: int, both: bool, tuning: Tuning) -> float:
    if len(stretch.old) == len(stretch.new) == 1:
        alone = tuning.alone if both else tuning.alone_one_sided
        return max(0.0, alone - tuning.unbounded * (2 - stretch.edges))
    if len(stretch.old) == len(stretch.new) and old_rank == new_rank and both:
        return tuning.same_rank
    return tuning.same_stretch
