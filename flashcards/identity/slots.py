"""Match the cards of a linked note with those it had before."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import count
from typing import Final

from flashcards.deck.model import FORWARD, REVERSE, Kind, Note
from flashcards.identity.gaps import GapGroup, group_gaps, match_gaps
from flashcards.identity.words import count_words

_HIDES: Final = 0.7  # from here on a gap hides a side
_LEAST_HIDDEN: Final = 3  # letters of a gap that is found within a side

Renaming = tuple[tuple[str, str], ...]
"""Old and new names of slots; each old one once, each new one once."""


@dataclass(frozen=True, slots=True)
class CarriedNote:
    """A note with its cards named so that each keeps its history.

    Attributes:
        note: the note, its gaps numbered.
        top_gap: the highest number that a gap of it ever had.
        renamed: the slots to rename, because their text has moved to a slot of another name.
    """

    note: Note
    top_gap: int
    renamed: Renaming = ()


def find_top_gap(note: Note) -> int:
    """Return the highest number of a gap, or 0 without gaps."""
    return max((number for gap in note.gaps for number in gap.numbers), default=0) if note.gaps else 0


def carry_cards(before: Note, after: Note, used: int, present: Note | None = None) -> CarriedNote:
    """Name the cards of `after`, a note that was `before`.

    A gap without a written number keeps the number it had. A new one takes the next number above `used`, so that it
    never inherits the history of a removed gap. A written number counts; if a person renumbers gaps, their cards are
    renamed. If front and back change places, so do their cards. If a note becomes a cloze or was one, the card that
    asks for a side goes on with the gap that hides it.

    Args:
        before: the note with its former text that is most like this one.
        after: the note as it was read.
        used: the highest number that a gap of it ever had.
        present: the note as the catalog has it now, if that is not `before`.
    """
    present = present or before
    top = max(used, find_top_gap(before), find_top_gap(present))
    if after.kind is not Kind.CLOZE:
        return CarriedNote(after, top, _rename_sides(present, after))
    carried = _number_gaps(before, after, top) if before.kind is Kind.CLOZE else _number_above(after, top)
    if present.kind is not Kind.CLOZE:
        return replace(carried, renamed=_match_sides_with_gaps(present, carried.note))
    return carried


def renumber_gaps(note: Note, numbers: Mapping[int, int]) -> Note:
    """Renumber the gaps of a cloze by their present numbers; the others keep theirs."""
    if all(old == new for old, new in numbers.items()):
        return note
    gaps = tuple(
        replace(
            gap,
            numbers=tuple(numbers.get(number, number) for number in gap.numbers),
            hidden=tuple(numbers.get(number, number) for number in gap.hidden),
        )
        for gap in note.gaps
    )
    slots = tuple(f"c{number}" for number in sorted({number for gap in gaps for number in gap.numbers}))
    return note._replace(gaps=gaps, slots=slots)


def _number_above(after: Note, top: int) -> CarriedNote:
    """Renumber the gaps of a note that was no cloze above `top`; written numbers stay."""
    note = renumber_gaps(after, {group.number: top + group.number for group in group_gaps(after) if not group.written})
    return CarriedNote(note, max(top, find_top_gap(note)))


def _number_gaps(before: Note, after: Note, top: int) -> CarriedNote:
    olds = match_gaps(before, after)
    found = group_gaps(after)
    written = {group.number for group in found if group.written}
    fresh = count(max(top, *written, 0) + 1)
    numbers: dict[int, int] = {}
    moves: dict[int, int] = {}
    for group in found:
        old = olds.get(group.number)
        if group.written:
            if old is not None and old != group.number:
                moves[old] = group.number
        elif old is None or old in written:
            numbers[group.number] = next(fresh)
            if old is not None:
                moves[old] = numbers[group.number]
        else:
            numbers[group.number] = old
    # A card that rests under a number that now means another gap makes way.
    for number in sorted(set(moves.values()) - set(moves)):
        if number <= top:
            moves[number] = next(fresh)
    note = renumber_gaps(after, numbers)
    renamed = tuple((f"c{old}", f"c{new}") for old, new in sorted(moves.items()))
    return CarriedNote(note, max(top, find_top_gap(note), *moves.values()), renamed)


def _rename_sides(present: Note, after: Note) -> Renaming:
    if present.kind is Kind.CLOZE:
        return tuple((gap, side) for side, gap in _match_sides_with_gaps(after, present))
    return ((FORWARD, REVERSE), (REVERSE, FORWARD)) if _are_swapped(present.fields, after.fields) else ()


def _match_sides_with_gaps(sided: Note, cloze: Note) -> Renaming:
    """Pair the cards of a note with two sides with the gaps that hide what they ask for, the best pairs first."""
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
        pairs[FORWARD] = f"c{groups[0].number}"  # each has one card, and it does not ask for the front
    return tuple(sorted(pairs.items()))


def _compare_hidden(group: GapGroup, side: str) -> float:
    """Return how surely a gap hides a side, 0 to 1: the same words, some of them, or nearly the same letters."""
    hidden, whole = count_words(" ".join(group.text)).plain, count_words(side).plain
    if hidden == whole:
        return 1.0
    inner, outer = sorted((hidden, whole), key=len)
    if len(inner) >= _LEAST_HIDDEN and f" {inner} " in f" {outer} ":
        return _HIDES + (1 - _HIDES) * len(inner) / len(outer)
    from flashcards.identity.likeness import compare_letters

    return compare_letters(hidden, whole)


def _are_swapped(before: tuple[str, ...], after: tuple[str, ...]) -> bool:
    """Check whether front and back changed places."""
    (front, back), (new_front, new_back) = before, after
    if front == new_front or back == new_back:
        return False
    if (front, back) == (new_back, new_front):
        return True
    from flashcards.identity.likeness import compare_letters

    crossed = compare_letters(front, new_back) + compare_letters(back, new_front)
    return crossed > 1.4 and crossed > compare_letters(front, new_front) + compare_letters(back, new_back) + 0.5
