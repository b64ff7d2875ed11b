"""Match the cards of a linked note with its earlier cards, and the gaps of a cloze with those of its earlier text."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Mapping
from itertools import count
from typing import Final, NamedTuple

from flashcards.deck.model import FORWARD, REVERSE, Gap, Kind, Note
from flashcards.identity.notes import find_top_gap
from flashcards.identity.words import count_words

_TOKEN = "[\u0e00-\u0fff\u2e80-\u9fff\uf900-\ufaff]|\\w+|[^\\w\\s]"  # compiled for the first gap
_ALIKE: Final = 0.6  # hidden texts this similar are one reworded text
_SAME_NUMBER: Final = 0.1  # tie-breaker between equal texts

Span = tuple[int, int]


class GapGroup(NamedTuple):
    """The gaps that one card asks for: those with one number, or a single gap without a number."""

    number: int  # the number of the gaps
    written: bool  # whether the number is in the text, as in `{{c1::…}}`
    gaps: tuple[Gap, ...]  # at least one, in order
    text: tuple[str, ...]  # the text that they hide


def group_gaps(note: Note) -> list[GapGroup]:
    """Group the gaps of a cloze by their numbers, in order of the first gap."""
    text = note.fields[0]
    groups: dict[int, list[Gap]] = defaultdict(list)
    for gap in note.gaps:
        for number in gap.numbers:
            groups[number].append(gap)
    return [
        GapGroup(
            number,
            text.startswith("{{c", gaps[0].start),
            tuple(gaps),
            tuple(" ".join(text[gap.inner_start : gap.inner_end].split()) for gap in gaps),
        )
        for number, gaps in groups.items()
    ]


def match_gaps(before: Note, after: Note) -> dict[int, int]:
    """Return the number that each gap group of `after` had in `before`, by its current number.

    Equal hidden texts match first, then reworded ones, then equal written numbers. Next come gaps at the same place of
    the sentence, and last those left over between the same neighbours. Position from the start never decides. New
    groups are omitted.
    """
    old_groups, new_groups = group_gaps(before), group_gaps(after)
    if before.fields == after.fields and len(old_groups) == len(new_groups):
        return {new.number: old.number for old, new in zip(old_groups, new_groups, strict=True)}
    pairs = _Pairs(before, after)
    scored = [
        (-pairs.score(old, new), new_at, old_at)
        for new_at, new in enumerate(new_groups)
        for old_at, old in enumerate(old_groups)
    ]
    partners: dict[int, int] = {}
    taken: set[int] = set()
    for score, new_at, old_at in sorted(scored):
        if score < 0 and new_at not in partners and old_at not in taken:
            partners[new_at] = old_at
            taken.add(old_at)
    partners |= {
        new_at: old_at
        for new_at, old_at in _pair_left_over(partners, old_groups, new_groups)
        if not pairs.is_shown(new_groups[new_at], old_groups[old_at])
    }
    return {new_groups[new_at].number: old_groups[old_at].number for new_at, old_at in partners.items()}


def _pair_left_over(
    partners: dict[int, int], old_groups: list[GapGroup], new_groups: list[GapGroup]
) -> list[tuple[int, int]]:
    """Pair the groups left over between the same two partners, if both texts have equally many."""
    between: dict[Span, tuple[list[int], list[int]]] = defaultdict(lambda: ([], []))
    known_new = sorted(partners)
    known_old = sorted(partners.values())
    for new_at in range(len(new_groups)):
        if new_at not in partners:
            at = bisect_left(known_new, new_at)
            before = partners[known_new[at - 1]] if at else -1
            after = partners[known_new[at]] if at < len(known_new) else len(old_groups)
            between[before, after][0].append(new_at)
    for old_at in range(len(old_groups)):
        at = bisect_left(known_old, old_at)
        if at == len(known_old) or known_old[at] != old_at:
            before = known_old[at - 1] if at else -1
            after = known_old[at] if at < len(known_old) else len(old_groups)
            between[before, after][1].append(old_at)
    return [pair for new, old in between.values() if len(new) == len(old) for pair in zip(new, old, strict=True)]


class _Pairs:
    """A comparison of the gap groups of two texts of one note."""

    def __init__(self, before: Note, after: Note) -> None:
        from rapidfuzz.distance import Indel, LCSseq

        self._ratio = Indel.normalized_similarity
        self._before, self._after = before.fields[0], after.fields[0]
        self._old, old_starts = _split_tokens(before)
        self._new, new_starts = _split_tokens(after)
        self._old_starts, self._new_starts = old_starts, new_starts
        self._blocks: list[tuple[Span, Span, bool]] = []
        for code in LCSseq.opcodes(self._old, self._new):
            old, new, same = (code.src_start, code.src_end), (code.dest_start, code.dest_end), code.tag == "equal"
            if not same and self._blocks and not self._blocks[-1][2]:
                (old_start, _), (new_start, _), _ = self._blocks.pop()
                old, new = (old_start, old[1]), (new_start, new[1])
            self._blocks.append((old, new, same))

    def score(self, old: GapGroup, new: GapGroup) -> float:
        """Return how certain it is that two groups are the same; 0 without any evidence."""
        place = self._place(old, new)
        tie = place + _SAME_NUMBER * (new.written and old.number == new.number)
        if old.text == new.text:
            return 5 + tie
        alike: float = self._ratio("\n".join(old.text), "\n".join(new.text))
        if alike >= _ALIKE:
            return 3 + alike + tie / 2
        if new.written and old.written and old.number == new.number:
            return 2 + place
        return place

    def is_shown(self, new: GapGroup, old: GapGroup) -> bool:
        """Return whether the other text shows the text hidden by a group, because a gap was added or removed."""
        return any(text in self._before for text in new.text) or any(text in self._after for text in old.text)

    def _place(self, old: GapGroup, new: GapGroup) -> float:
        """Return the share of their hidden text that is at the same place in both texts, 0 to 1."""
        return max(
            self._measure_overlap(_find_span(self._old_starts, mine), _find_span(self._new_starts, theirs))
            for mine in old.gaps
            for theirs in new.gaps
        )

    def _measure_overlap(self, old: Span, new: Span) -> float:
        found = 0.0
        for old_block, new_block, same in self._blocks:
            mine, theirs = _measure_overlap(old, old_block), _measure_overlap(new, new_block)
            if not mine or not theirs:
                continue
            if same:
                shift = new_block[0] - old_block[0]
                moved = (max(old[0], old_block[0]) + shift, min(old[1], old_block[1]) + shift)
                found += _measure_overlap(moved, new)
            else:
                old_share, new_share = mine / (old_block[1] - old_block[0]), theirs / (new_block[1] - new_block[0])
                found += old_share * new_share * max(mine, theirs)
        return found / max(old[1] - old[0], new[1] - new[0], 1)


def _measure_overlap(one: Span, other: Span) -> int:
    return max(0, min(one[1], other[1]) - max(one[0], other[0]))


def _find_span(starts: list[int], gap: Gap) -> Span:
    return bisect_left(starts, gap.inner_start), bisect_left(starts, gap.inner_end)


def _split_tokens(note: Note) -> tuple[list[str], list[int]]:
    """Split a cloze into words, with the offset of each; gap syntax and hints are skipped."""
    text = note.fields[0]
    for gap in note.gaps:
        text = f"{text[: gap.start]}{' ' * (gap.inner_start - gap.start)}{text[gap.inner_start :]}"
        text = f"{text[: gap.inner_end]}{' ' * (gap.end - gap.inner_end)}{text[gap.end :]}"
    found = list(re.finditer(_TOKEN, text))
    return [match[0] for match in found], [match.start() for match in found]


_HIDES: Final = 0.7  # share from which a gap counts as hiding a side
_LEAST_HIDDEN: Final = 3  # minimum letters of a gap that is found within a side

Renaming = tuple[tuple[str, str], ...]
"""Old and new names of slots. Each old and each new name occurs once."""


class CarriedNote(NamedTuple):
    """A note whose cards are named so that each keeps its history."""

    note: Note  # the note, with its gaps numbered
    top_gap: int  # the highest gap number that it ever had
    renamed: Renaming = ()  # the slots to rename, because their text has moved to another slot


def carry_cards(before: Note, after: Note, used: int, current: Note | None = None) -> CarriedNote:
    """Name the cards of `after`, the new version of `before`.

    A gap without a written number keeps its number. A new one gets the next number above `used`, so that it never
    inherits the history of a removed gap. A written number counts: if a person renumbers gaps, their cards are renamed.
    If front and back are swapped, so are their cards. If a note becomes a cloze or stops being one, the card that asks
    for a side continues as the gap that hides it. `before` has the most similar earlier text; `current` is the note in
    the catalog, if different. `used` is the highest gap number that the note ever had.
    """
    current = current or before
    top = max(used, find_top_gap(before), find_top_gap(current))
    if after.kind is not Kind.CLOZE:
        return CarriedNote(after, top, _rename_sides(current, after))
    carried = _number_gaps(before, after, top) if before.kind is Kind.CLOZE else _number_above(after, top)
    if current.kind is not Kind.CLOZE:
        return carried._replace(renamed=_match_sides_with_gaps(current, carried.note))
    return carried


def renumber_gaps(note: Note, numbers: Mapping[int, int]) -> Note:
    """Renumber the gaps of a cloze by their current numbers; other gaps keep theirs."""
    if all(old == new for old, new in numbers.items()):
        return note
    gaps = tuple(
        gap._replace(
            numbers=tuple(numbers.get(number, number) for number in gap.numbers),
            hidden=tuple(numbers.get(number, number) for number in gap.hidden),
        )
        for gap in note.gaps
    )
    slots = tuple(f"c{number}" for number in sorted({number for gap in gaps for number in gap.numbers}))
    return note._replace(gaps=gaps, slots=slots)


def _number_above(after: Note, top: int) -> CarriedNote:
    """Renumber the gaps of a note that was not a cloze above `top`; written numbers stay."""
    note = renumber_gaps(after, {group.number: top + group.number for group in group_gaps(after) if not group.written})
    return CarriedNote(note, max(top, find_top_gap(note)))


def _number_gaps(before: Note, after: Note, top: int) -> CarriedNote:
    old_groups = match_gaps(before, after)
    found = group_gaps(after)
    written = {group.number for group in found if group.written}
    fresh = count(max(top, *written, 0) + 1)
    numbers: dict[int, int] = {}
    moves: dict[int, int] = {}
    for group in found:
        old = old_groups.get(group.number)
        if group.written:
            if old is not None and old != group.number:
                moves[old] = group.number
        elif old is None or old in written:
            numbers[group.number] = next(fresh)
            if old is not None:
                moves[old] = numbers[group.number]
        else:
            numbers[group.number] = old
    # An inactive card is renumbered if its number now means another gap.
    for number in sorted(set(moves.values()) - set(moves)):
        if number <= top:
            moves[number] = next(fresh)
    note = renumber_gaps(after, numbers)
    renamed = tuple((f"c{old}", f"c{new}") for old, new in sorted(moves.items()))
    return CarriedNote(note, max(top, find_top_gap(note), *moves.values()), renamed)


def _rename_sides(current: Note, after: Note) -> Renaming:
    if current.kind is Kind.CLOZE:
        return tuple((gap, side) for side, gap in _match_sides_with_gaps(after, current))
    return ((FORWARD, REVERSE), (REVERSE, FORWARD)) if _are_swapped(current.fields, after.fields) else ()


def _match_sides_with_gaps(sided: Note, cloze: Note) -> Renaming:
    """Pair the cards of a two-sided note with the gaps that hide what they ask for, the best pairs first."""
    front, back = sided.fields
    asked = {FORWARD: back} | ({REVERSE: front} if REVERSE in sided.slots else {})
    groups = group_gaps(cloze)
    scored = [
        (-_compare_hidden(group, text), side, f"c{group.number}") for side, text in asked.items() for group in groups
    ]
    pairs: dict[str, str] = {}
    for score, side, slot in sorted(scored):
        if -score >= _HIDES and side not in pairs and slot not in pairs.values():
            pairs[side] = slot
    if not pairs and len(groups) == 1 and len(asked) == 1 and _compare_hidden(groups[0], front) < _HIDES:
        pairs[FORWARD] = f"c{groups[0].number}"  # each has one card, which does not ask for the front
    return tuple(sorted(pairs.items()))


def _compare_hidden(group: GapGroup, side: str) -> float:
    """Return how certainly a gap hides a side, 0 to 1: all words, some of them, or nearly the same letters."""
    hidden, whole = count_words(" ".join(group.text)).plain, count_words(side).plain
    if hidden == whole:
        return 1.0
    inner, outer = sorted((hidden, whole), key=len)
    if len(inner) >= _LEAST_HIDDEN and f" {inner} " in f" {outer} ":
        return _HIDES + (1 - _HIDES) * len(inner) / len(outer)
    from flashcards.identity.likeness import compare_letters

    return compare_letters(hidden, whole)


def _are_swapped(before: tuple[str, ...], after: tuple[str, ...]) -> bool:
    """Return whether front and back were swapped."""
    (front, back), (new_front, new_back) = before, after
    if front == new_front or back == new_back:
        return False
    if (front, back) == (new_back, new_front):
        return True
    from flashcards.identity.likeness import compare_letters

    crossed = compare_letters(front, new_back) + compare_letters(back, new_front)
    return crossed > 1.4 and crossed > compare_letters(front, new_front) + compare_letters(back, new_back) + 0.5
