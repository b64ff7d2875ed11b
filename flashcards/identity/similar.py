"""Link vanished notes with similar new ones."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final

from flashcards.deck.model import Note
from flashcards.identity.exact import can_share_pin
from flashcards.identity.neighbours import Places
from flashcards.identity.notes import TUNING, AmbiguousNote, Known, Link, Seen, Tuning, sort_by_place
from flashcards.identity.scoring import Pair, Scores, is_ahead
from flashcards.identity.words import KeysOf, RareKeyIndex, list_trigrams, list_word_keys

RULE: Final = "similar"

_SMALL: Final = 6  # up to this number of notes between two linked ones are all compared with each other
_MOST_ROUNDS: Final = 5
_MOST_PASSES: Final = 100  # of choosing pairs; each may leave others without a rival
_NEIGHBOURS: Final = 4  # unchanged notes on each side that show which words are common there
_MOST_NEIGHBOURS: Final = 4_000


def link_similar(
    known: Sequence[Known],
    seen: Sequence[Seen],
    links: Iterable[Link],
    sample: Iterable[Note] = (),
    tuning: Tuning = TUNING,
    former: Callable[[Sequence[int]], Mapping[int, Sequence[Note]]] | None = None,
) -> tuple[list[Link], list[AmbiguousNote]]:
    """Link vanished notes with similar new ones; return the links, and the ambiguous new notes.

    `known` are all active notes of the changed files, and orphans; `seen` all current notes of these files; `links`
    those of the other rules. `sample` shows which words are common in the collection. `former` finds earlier texts of
    notes by their ids, because a restored branch may contain them with a typo fixed.
    """
    linked = {link.known.id: link.seen for link in links}
    taken = {note.place for note in linked.values()}
    in_use, present = sort_by_place(known, seen)
    vanished = [note for note in in_use if note.id not in linked]
    orphans = [note for note in known if not note.active and note.id not in linked]
    new = [note for note in present if note.place not in taken]
    if not new or not (vanished or orphans):
        return [], []
    unchanged = _find_unchanged(in_use, present, linked)
    texts = former([note.id for note in vanished]) if former else None
    scores = Scores([*vanished, *orphans], new, unchanged, _find_homes(in_use, linked), sample, tuning, texts)
    run = _Linking(scores, in_use, present, linked, tuning)
    run.link_vanished(len(vanished))
    run.link_orphans()
    return run.list_links(), run.list_ambiguous()


class _Linking:
    """The links found so far. In each round they are neighbours that help to find the next ones.

    Notes are identified by their numbers in `Scores`, active ones before orphans.
    """

    def __init__(
        self,
        scores: Scores,
        in_use: Sequence[Known],
        present: Sequence[Seen],
        linked: Mapping[int, Seen],
        tuning: Tuning,
    ) -> None:
        self._pairs: list[Pair] = []
        self._scores = scores
        self._in_use = in_use
        self._present = present
        self._linked = dict(linked)
        self._tuning = tuning
        self._old = set(range(len(scores.old)))
        self._new = set(range(len(scores.new)))
        self._old_numbers = {note.id: number for number, note in enumerate(scores.old)}
        self._new_numbers = {note.place: number for number, note in enumerate(scores.new)}
        self._ambiguous: list[Pair] = []

    def link_vanished(self, count: int) -> None:
        """Link the first `count` notes, which were active until now."""
        near = self._find_sharing(list_word_keys, range(count))
        for number in range(_MOST_ROUNDS):
            places = Places(self._in_use, self._present, self._linked)
            if number == 1:
                near |= self._find_sharing(list_trigrams, range(count))
            found, ambiguous = self._assign(near.union(self._find_side_by_side(places)), places, self._tuning.threshold)
            if not found and number:
                break
        self._ambiguous += ambiguous
        self._unlink_exchanged()

    def _unlink_exchanged(self) -> None:
        """Remove weak links in files whose notes were replaced by others rather than edited.

        Such a file lost notes, and gained at least as many entirely different ones as it has edited ones. There, a text
        that is only somewhat similar is weak evidence.
        """
        scores = self._scores
        left = Counter(scores.files[old] for old in self._old if scores.old[old].active)
        known = scores.find_alike(self._old, self._new)
        strange = Counter(scores.new[new].file for new in self._new - known)
        edited = Counter(scores.new[pair.new].file for pair in self._pairs)
        kept = []
        for pair in self._pairs:
            file = scores.new[pair.new].file
            is_exchanged = min(left[file], strange[file]) >= edited[file]
            if is_exchanged and pair.text < self._tuning.exchanged and not scores.is_side_kept(pair):
                self._unlink(pair)
            else:
                kept.append(pair)
        self._pairs = kept

    def link_orphans(self) -> None:
        """Link orphans of earlier scans. They have no place, so the text must be enough."""
        orphans = [number for number in self._old if not self._scores.old[number].active]
        if orphans and self._new:
            sharing = self._find_sharing(list_word_keys, orphans)
            _, ambiguous = self._assign(sharing, None, self._tuning.orphan_threshold)
            self._ambiguous += ambiguous

    def list_links(self) -> list[Link]:
        """List the links found."""
        old, new = self._scores.old, self._scores.new
        return [Link(old[each.old], new[each.new], RULE, _round_score(each)) for each in self._pairs]

    def list_ambiguous(self) -> list[AmbiguousNote]:
        """List the new notes for which several old ones match nearly equally well, in order."""
        by_new: dict[int, list[Pair]] = defaultdict(list)
        for pair in self._ambiguous:
            if pair.new in self._new and pair.old in self._old:
                by_new[pair.new].append(pair)
        old = self._scores.old
        return [
            AmbiguousNote(self._scores.new[new], tuple((old[pair.old], _round_score(pair)) for pair in pairs))
            for new, pairs in sorted(by_new.items())
        ]

    def _find_sharing(self, keys_of: KeysOf, olds: Iterable[int]) -> set[tuple[int, int]]:
        """Find pairs that share rare words, or rare parts of words."""
        texts = ((old, [self._scores.old_sides[old], *self._scores.former_sides.get(old, ())]) for old in olds)
        index = RareKeyIndex(((old, text) for old, each in texts if old in self._old for text in each), keys_of)
        return {(old, new) for new in self._new for old in index.find_nearest(self._scores.new_sides[new])}

    def _find_side_by_side(self, places: Places) -> Iterable[tuple[int, int]]:
        """Yield the pairs of notes between the same two linked notes."""
        for stretch in places.list_stretches():
            if len(stretch.old) <= _SMALL and len(stretch.new) <= _SMALL:
                for old in stretch.old:
                    for new in stretch.new:
                        yield self._old_numbers[old.id], self._new_numbers[new.place]

    def _assign(
        self, numbers: Iterable[tuple[int, int]], places: Places | None, threshold: float
    ) -> tuple[list[Pair], list[Pair]]:
        scores = self._scores
        pairs = [
            scores.score_pair(old, new, places)
            for old, new in numbers
            if old in self._old and new in self._new and can_share_pin(scores.old[old], scores.new[new])
        ]
        found, ambiguous = assign_pairs(pairs, threshold, self._tuning.margin, self._scores.is_rival)
        for pair in found:
            self._linked[self._scores.old[pair.old].id] = self._scores.new[pair.new]
            self._old.remove(pair.old)
            self._new.remove(pair.new)
        self._pairs += found
        return found, ambiguous

    def _unlink(self, pair: Pair) -> None:
        del self._linked[self._scores.old[pair.old].id]
        self._old.add(pair.old)
        self._new.add(pair.new)
        self._ambiguous.append(pair)


def _round_score(pair: Pair) -> float:
    return min(1.0, round(pair.score, 4))


IsRival = Callable[[Pair, Pair], bool]
"""Decides whether a second pair, with a common note and nearly the same score, makes the first one ambiguous."""


def assign_pairs(
    pairs: Iterable[Pair], threshold: float, margin: float, is_rival: IsRival
) -> tuple[list[Pair], list[Pair]]:
    """Return the pairs to link, and those not linked because a rival is nearly as good.

    The best pair goes first. A pair is linked if its score is at least `threshold` and it leads every rival whose notes
    are still free. `is_ahead` defines the lead required.
    """
    near = (pair for pair in pairs if pair.claim >= threshold - margin)
    left = sorted(near, key=lambda pair: (-pair.score, pair.old, pair.new))
    taken: list[Pair] = []
    for _ in range(_MOST_PASSES):
        found = _find_clear_pairs(left, threshold, margin, is_rival)
        if not found:
            break
        taken += found
        old = {pair.old for pair in found}
        new = {pair.new for pair in found}
        left = [pair for pair in left if pair.old not in old and pair.new not in new]
    return taken, [pair for pair in left if pair.score >= threshold]


def _find_clear_pairs(pairs: list[Pair], threshold: float, margin: float, is_rival: IsRival) -> list[Pair]:
    """Return the pairs that lead every rival, at most one for each note."""
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
        if all(is_ahead(pair.score, other.claim, other.text, margin) or not is_rival(pair, other) for other in others):
            found.append(pair)
            old_used.add(pair.old)
            new_used.add(pair.new)
    return found


def _find_unchanged(in_use: Sequence[Known], present: Sequence[Seen], linked: Mapping[int, Seen]) -> list[Known]:
    """Find the unchanged notes next to unlinked ones."""
    by_place = {seen.place: known for known in in_use if (seen := linked.get(known.id))}
    found: dict[int, Known] = {}
    runs = (
        [(note.file, note if note.id in linked else None) for note in in_use],
        [(note.file, by_place.get(note.place)) for note in present],
    )
    for run in runs:
        for at, (file, partner) in enumerate(run):
            if partner is None:
                for near_file, near in run[max(0, at - _NEIGHBOURS) : at + _NEIGHBOURS + 1]:
                    if near is not None and near_file == file:
                        found[near.id] = near
            if len(found) > _MOST_NEIGHBOURS:
                return list(found.values())
    return list(found.values())


def _find_homes(in_use: Sequence[Known], linked: Mapping[int, Seen]) -> dict[int, int]:
    """Find the current file of each old file by the majority of its notes: the same file, or a renamed one."""
    votes: dict[int, Counter[int]] = defaultdict(Counter)
    for note in in_use:
        if note.id in linked:
            votes[note.file][linked[note.id].file] += 1
    return {file: counts.most_common(1)[0][0] for file, counts in votes.items()}
