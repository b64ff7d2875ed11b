"""Match the cards of a linked note with those it had before."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import count

from flashcards.deck.model import FORWARD, REVERSE, Kind, Note
from flashcards.identity.gaps import group_gaps, match_gaps

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
    renamed. If front and back change places, so do their cards.

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
        note = carried.note
        hidden = {group.text: f"c{group.number}" for group in group_gaps(note)}
        slot = hidden.get((" ".join(present.fields[1].split()),))
        return replace(carried, renamed=((FORWARD, slot),) if slot else ())
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
        back = (" ".join(after.fields[1].split()),)
        slot = next((f"c{group.number}" for group in group_gaps(present) if group.text == back), "")
        return ((slot, FORWARD),) if slot else ()
    return ((FORWARD, REVERSE), (REVERSE, FORWARD)) if _are_swapped(present.fields, after.fields) else ()


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
