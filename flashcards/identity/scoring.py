"""Score pairs of notes by their texts and places."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from typing import Final, NamedTuple

from flashcards.deck.model import Note
from flashcards.identity import likeness
from flashcards.identity.neighbours import Places, Stretch
from flashcards.identity.notes import Known, Seen, Tuning
from flashcards.identity.words import RareKeyIndex, Sides, Weights, list_word_keys, split_sides


class Repeats:
    """The number of notes with a certain text as one side, per file and in total."""

    def __init__(self, *texts: Iterable[tuple[int, str]]) -> None:
        """Count texts, each given with its file: those of vanished, of new and of unchanged notes."""
        self._vanished, self._new, self._unchanged = map(_count_texts, texts)

    def is_single(self, text: str, file: int | None) -> bool:
        """Return whether at most one old and one new note have the text."""
        at = file, text
        same = self._unchanged[at]
        return bool(text) and self._vanished[at] + same <= 1 and self._new[at] + same <= 1

    def is_new_elsewhere(self, text: str, mine: str, file: int | None) -> bool:
        """Return whether a new note other than `mine` has the text."""
        return text != mine and self._new[file, text] > 0

    def is_vanished_elsewhere(self, text: str, mine: str, file: int | None) -> bool:
        """Return whether a vanished note other than `mine` had the text."""
        return text != mine and self._vanished[file, text] > 0


def _count_texts(texts: Iterable[tuple[int, str]]) -> Counter[tuple[int | None, str]]:
    found: Counter[tuple[int | None, str]] = Counter()
    for file, text in texts:
        found[file, text] += 1
        found[None, text] += 1
    return found


_OTHER_KIND: Final = 0.9  # factor for the similarity of a cloze and another kind of note
_PART: Final = 0.7  # share of the words unique to one part that must be found in the whole
_OWN: Final = 0.5  # minimum weight of such words
_HELD: Final = 0.5  # share of the distinguishing words that identifies a note rather than its twin
_TELLING_BACK: Final = 1.5  # weight of a back that would be missed if another note got it
_OWN_BACK: Final = 1.0  # minimum weight of a back that is contained in another
_CONTAINED: Final = 0.95  # share of the weight of a contained back
_SWAPPED: Final = 0.9  # term and definition were swapped
_HARDLY_CHANGED: Final = 0.9  # a front that differs by a letter or its number, with the same back
_SHORT: Final = 12  # characters of a side that is compared letter by letter
_RARE: Final = 0.7
_ENOUGH: Final = 3.0  # weight from which an equal side gets no more certain


class Pair(NamedTuple):
    """An old and a new note, by number, and how well they match."""

    score: float  # the evidence for the pair
    claim: float  # its score against other pairs of the same notes; at least `score`
    text: float  # similarity of the texts, 0 to 1
    # old, new: the notes
    old: int
    new: int


def is_ahead(score: float, rival: float, rival_text: float, margin: float) -> bool:
    """Return whether a score leads a rival by `margin`, or by half of what its texts differ (1 - `rival_text`)."""
    lead = score - rival
    return lead >= margin or lead >= max(margin / 4, (1 - rival_text) / 2)


class _TextScore(NamedTuple):
    """How well two texts match, 0 to 1."""

    text: float  # evidence for the pair
    claim: float  # score against other pairs; doubts do not lower it
    on_both_sides: bool  # whether both sides have something in common


class Scores:
    """Scores of pairs of an old and a new note, each identified by number."""

    def __init__(
        self,
        old: Sequence[Known],
        new: Sequence[Seen],
        unchanged: Sequence[Known],
        home: Mapping[int, int],
        sample: Iterable[Note],
        tuning: Tuning,
        former: Mapping[int, Sequence[Note]] | None = None,
    ) -> None:
        """Read the words of the notes to link and of `unchanged` ones.

        `home` contains the new id of each renamed file, `sample` any notes of the collection, and `former` the earlier
        texts of old notes, by id.
        """
        self.old, self.new = old, new
        self.former_sides = {
            number: [split_sides(text) for text in former[note.id]]
            for number, note in enumerate(old)
            if former and note.id in former
        }
        self.old_sides = [split_sides(each.note) for each in old]  # their words
        self.new_sides = [split_sides(each.note) for each in new]
        same = [split_sides(note.note) for note in unchanged]
        self._tuning = tuning
        self.files = [home.get(each.file, each.file) for each in old]  # where each old note would be now
        vanished = [
            (file, each) for note, file, each in zip(old, self.files, self.old_sides, strict=True) if note.active
        ]
        fresh = [(note.file, each) for note, each in zip(new, self.new_sides, strict=True)]
        kept = [(home.get(note.file, note.file), each) for note, each in zip(unchanged, same, strict=True)]
        self._weights = Weights(
            [each for _, each in (*vanished, *kept)],
            [each for _, each in (*fresh, *kept)],
            sample,
            likeness.find_slips(_list_words(self.old_sides, self.new_sides, same, *self.former_sides.values())),
        )
        self._old = [likeness.weigh_sides(each, self._weights) for each in self.old_sides]
        self._new = [likeness.weigh_sides(each, self._weights) for each in self.new_sides]
        self._former = {
            number: [likeness.weigh_sides(each, self._weights) for each in texts]
            for number, texts in self.former_sides.items()
        }
        self._same = [likeness.weigh_sides(each, self._weights) for each in same]
        self._same_masses = [likeness.sum_masses(each, self._weights) for each in self._same]
        self._same_index = RareKeyIndex(enumerate(same), list_word_keys)
        groups = (vanished, fresh, kept)
        self._fronts = Repeats(*[[(file, each.front.plain) for file, each in group] for group in groups])
        self._backs = Repeats(*[[(file, each.back.plain) for file, each in group] for group in groups])
        self._texts: dict[tuple[int, int], _TextScore] = {}
        self._near: dict[int, list[tuple[float, likeness.WeighedSides]]] = {}

    def score_pair(self, old: int, new: int, places: Places | None) -> Pair:
        """Score two notes by their texts and places; orphans have no place."""
        if (old, new) not in self._texts:  # the best of all texts that the old note has had
            texts = (self._old[old], *self._former.get(old, ()))
            scores = (self._score_one_text(text, old, new) for text in texts)
            self._texts[old, new] = max(scores, key=lambda each: each.text)
        text, claim, on_both_sides = self._texts[old, new]
        support = self._add_support(old, new, on_both_sides, places)
        score = text + support if text >= self._tuning.least_likeness else 0.0
        return Pair(score, claim + support, claim, old, new)

    def find_alike(self, old_notes: Set[int], new_notes: Set[int]) -> set[int]:
        """Find the new notes that resemble any of some old ones."""
        least = self._tuning.least_likeness
        alike = (pair for pair, each in self._texts.items() if each.claim >= least)
        return {new for old, new in alike if old in old_notes and new in new_notes}

    def is_side_kept(self, pair: Pair) -> bool:
        """Return whether the notes of a pair are in one file and have the same front or back."""
        old, new = self.old_sides[pair.old], self.new_sides[pair.new]
        if self.files[pair.old] != self.new[pair.new].file:
            return False
        return old.front.plain == new.front.plain or old.back.plain == new.back.plain

    def is_rival(self, one: Pair, other: Pair) -> bool:
        """Return whether it matters which of two pairs with a common note is linked.

        It does not if the two other notes have the same text, or if a note was split into both or merged from both. In
        that case each has its own words, and the third note has them all.
        """
        if one.old == other.old:
            same = self.new[one.new].fingerprint == self.new[other.new].fingerprint
            parts, whole = (self.new_sides[one.new], self.new_sides[other.new]), self.old_sides[one.old]
        else:
            same = self.old[one.old].fingerprint == self.old[other.old].fingerprint
            parts, whole = (self.old_sides[one.old], self.old_sides[other.old]), self.new_sides[one.new]
        return not same and not self._is_made_of(whole, *parts)

    def _is_made_of(self, whole: Sides, one: Sides, other: Sides) -> bool:
        ours, first, second = (each.front.counts.keys() | each.back.counts.keys() for each in (whole, one, other))
        weigh = self._weights.add_up
        return all(weigh(own & ours) >= max(_PART * weigh(own), _OWN) for own in (first - second, second - first))

    def _score_one_text(self, one: likeness.WeighedSides, old: int, new: int) -> _TextScore:
        other = self._new[new]
        like = likeness.compare_sides(one, other, self._weights)
        if one.sides.cloze or other.sides.cloze:
            factor = 1.0 if one.sides.cloze and other.sides.cloze else _OTHER_KIND
            found = _TextScore(factor * like.whole, like.whole, like.on_both_sides)
        else:
            file = self.files[old] if self.files[old] == self.new[new].file else None
            found = self._score_sides(one, other, like, file)
        if found.text < self._tuning.least_likeness:
            return found
        for twin in self._find_twins(new, found.text):
            if not self._is_told_apart(one.sides, other.sides, twin):
                # They share a template, so the pair is no more certain than with another note.
                return found._replace(text=0.0)
        return found

    def _is_told_apart(self, old: Sides, new: Sides, twin: Sides) -> bool:
        """Return whether the new note has the words that distinguish the old one from its unchanged twin."""
        ours, own, others = (each.front.counts.keys() | each.back.counts.keys() for each in (new, old, twin))
        fresh = ours - own - others
        mine, theirs = self._measure_held(own - others, ours, fresh), self._measure_held(others - own, ours, fresh)
        if own <= others:
            return theirs < _HELD
        return mine >= _HELD and mine > theirs

    def _measure_held(self, words: Set[str], held: Set[str], fresh: Set[str]) -> float:
        """Return the share of the weight of some words that a note contains; a fresh word may be a slip of one."""
        total, slips = self._weights.add_up(words), self._weights.slips
        found = (word for word in words if word in held or not fresh.isdisjoint(slips.get(word, ())))
        return self._weights.add_up(found) / total if total else 0.0

    def _score_sides(
        self, old: likeness.WeighedSides, new: likeness.WeighedSides, like: likeness.Likeness, file: int | None
    ) -> _TextScore:
        front, new_front = old.sides.front.plain, new.sides.front.plain
        back, new_back = old.sides.back.plain, new.sides.back.plain
        fronts = old.sides.front, new.sides.front
        text, on_both_sides = like.whole, like.on_both_sides
        if (front, back) == (new_back, new_front) and front != back:
            text, on_both_sides = _SWAPPED, True
        elif front == new_front:
            is_moved = old.back_weight >= _TELLING_BACK and self._backs.is_new_elsewhere(back, new_back, file)
            is_single = self._fronts.is_single(front, file)
            if is_single and not is_moved and not self._backs.is_vanished_elsewhere(new_back, back, file):
                sure = 0.85 if file is not None else 0.4 + 0.1 * min(old.front_weight, _ENOUGH)
                text = max(text, sure + 0.15 * _compare_short_sides(like.back, back, new_back))
            elif like.back_weight >= max(_OWN_BACK, _CONTAINED * min(old.back_weight, new.back_weight)):
                # An explanation was added or removed.
                text, on_both_sides = max(text, 0.5 + 0.1 * min(like.back_weight, _ENOUGH)), True
        elif back == new_back and likeness.is_hardly_changed(*fronts, self._weights):
            text, on_both_sides = max(text, _HARDLY_CHANGED), True
        elif (
            back == new_back
            and self._backs.is_single(back, file)
            and max(map(self._weights.__getitem__, old.sides.back.counts), default=0.0) >= _RARE
            and not self._fronts.is_vanished_elsewhere(new_front, front, file)
            and not self._fronts.is_new_elsewhere(front, new_front, file)
            and not likeness.is_template_refilled(*fronts, self._weights)
            and not (old.back_weight < _ENOUGH and likeness.is_word_swapped(*fronts, self._weights))
        ):
            # A long answer identifies the card; a short one may belong to other questions, too.
            sure = 0.35 + 0.1 * min(old.back_weight, _ENOUGH) + 0.3 * _compare_short_sides(like.front, front, new_front)
            text, on_both_sides = max(text, sure), like.front > 0.3 or old.back_weight > 2
        elif (
            likeness.is_key_replaced(*fronts, self._weights) or likeness.is_word_swapped(*fronts, self._weights)
        ) and not self._is_back_telling(old, new, like):
            text, on_both_sides = self._tuning.key_replaced * text, False
        return _TextScore(text, max(text, like.whole), on_both_sides)

    def _is_back_telling(self, old: likeness.WeighedSides, new: likeness.WeighedSides, like: likeness.Likeness) -> bool:
        """Return whether the backs prove the same card even if the fronts ask for different things."""
        backs, weights = (old.sides.back, new.sides.back), self._weights
        equal = old.sides.back.plain == new.sides.back.plain
        is_swapped = likeness.is_word_swapped(old.sides.front, new.sides.front, weights)
        # Many questions may share the answer, or a word of the question and words of the answer were replaced together.
        if is_swapped and ((equal and like.back_weight < _ENOUGH) or likeness.is_refilled(*backs, weights)):
            return False
        return (equal or like.back >= self._tuning.back_kept) and like.back_weight >= self._tuning.telling

    def _find_twins(self, new: int, text: float) -> Iterator[Sides]:
        """Yield the unchanged notes that are nearly as similar to the new one as a text with this score."""
        note, margin = self._new[new], self._tuning.template_margin
        if new not in self._near:
            near = self._same_index.find_nearest(note.sides)
            masses = likeness.sum_masses(note, self._weights) if near else None
            self._near[new] = [
                (likeness.bound_likeness(masses, self._same_masses[number]), self._same[number])
                for number in near
                if masses
            ]
        for most, twin in self._near[new]:
            if most > text - margin:
                alike = likeness.compare_sides(twin, note, self._weights).whole
                if not is_ahead(text, alike, alike, margin):
                    yield twin.sides

    def _add_support(self, old: int, new: int, on_both_sides: bool, places: Places | None) -> float:
        """Return the evidence for a pair other than its texts; it is never enough alone."""
        known, seen = self.old[old], self.new[new]
        found = self._tuning.same_file if self.files[old] == seen.file else 0.0
        if known.note.breadcrumb == seen.note.breadcrumb:
            found += self._tuning.same_heading
        ranks = places.find_ranks(known, seen) if places else None
        return found + self._add_place_support(*ranks, on_both_sides) if ranks else found

    def _add_place_support(self, stretch: Stretch, old_rank: int, new_rank: int, on_both_sides: bool) -> float:
        tuning = self._tuning
        if len(stretch.old) != len(stretch.new):
            return 0.0  # notes were added or removed here
        if len(stretch.old) == 1:
            alone = tuning.alone if on_both_sides else tuning.alone_one_sided
            return max(0.0, alone - tuning.unbounded * (2 - stretch.edges))
        return tuning.same_rank if old_rank == new_rank and on_both_sides else tuning.same_stretch


def _compare_short_sides(like: float, old: str, new: str) -> float:
    """Return the similarity of two sides, compared letter by letter if they are short."""
    if max(len(old), len(new)) > _SHORT:
        return like
    spelt = likeness.compare_letters(old, new)
    return max(like, spelt if spelt >= 0.5 else 0.0)


def _list_words(*notes: Iterable[Sides]) -> Iterable[str]:
    """List the words of notes, each once."""
    return dict.fromkeys(
        word for group in notes for note in group for side in (note.front, note.back) for word in side.counts
    )
