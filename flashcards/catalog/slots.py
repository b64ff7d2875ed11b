"""Which card is which within a linked note: gaps keep their numbers when the text around them changes."""

from __future__ import annotations

from dataclasses import replace
from itertools import count

from flashcards.deck.model import Gap, Kind, Note


def top_gap(note: Note) -> int:
    """The highest number of a gap; 0 where there is none."""
    return max((number for gap in note.gaps for number in gap.numbers), default=0) if note.gaps else 0


def carry_slots(before: Note, after: Note, used: int) -> Note:
    """`after` with its gaps numbered so that each keeps the card it had in `before`.

    A gap with a number in the text (`{{c1::…}}`) keeps that. Others are matched by what they hide, then in order; a
    gap that is new takes the next number above `used`, the highest the note has ever used, so that it never inherits
    the history of a gap that was removed.
    """
    if after.kind is not Kind.CLOZE:
        return after
    implicit = [gap for gap in after.gaps if not _is_explicit(after, gap)]
    if not implicit:
        return after
    fixed = {number for gap in after.gaps if _is_explicit(after, gap) for number in gap.numbers}
    free = [gap for gap in before.gaps if len(gap.numbers) == 1 and gap.numbers[0] not in fixed]
    numbers = _match(before, free, after, implicit)
    fresh = count(max(used, top_gap(before), *fixed, 0) + 1)
    for gap in implicit:
        if gap.start not in numbers:
            numbers[gap.start] = next(fresh)
    gaps = tuple(replace(gap, numbers=(numbers[gap.start],)) if gap.start in numbers else gap for gap in after.gaps)
    slots = tuple(f"c{number}" for number in sorted({number for gap in gaps for number in gap.numbers}))
    return after._replace(gaps=gaps, slots=slots)


def _is_explicit(note: Note, gap: Gap) -> bool:
    return note.fields[0].startswith("{{c", gap.start)


def _inner(note: Note, gap: Gap) -> str:
    return " ".join(note.fields[0][gap.inner_start : gap.inner_end].split())


def _match(before: Note, free: list[Gap], after: Note, implicit: list[Gap]) -> dict[int, int]:
    """The number each gap of `implicit` takes over, by its start."""
    numbers: dict[int, int] = {}
    left = list(free)
    for gap in implicit:
        same = next((old for old in left if _inner(before, old) == _inner(after, gap)), None)
        if same:
            numbers[gap.start] = same.numbers[0]
            left.remove(same)
    for gap in implicit:
        if gap.start not in numbers and left:
            numbers[gap.start] = left.pop(0).numbers[0]
    return numbers
