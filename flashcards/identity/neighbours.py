"""Find the runs of unlinked notes between notes that are already linked."""

from __future__ import annotations

from bisect import bisect
from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Final, NamedTuple

from flashcards.identity.notes import Known, Link, Seen, sort_by_place

Place = tuple[int, int]

_START: Final = -1
_END: Final = 1 << 60


class Stretch(NamedTuple):
    """Unlinked notes between the same two linked ones; `edges` counts its ends that are notes."""

    edges: int
    old: list[Known]
    new: list[Seen]


class Places:
    """The stretches between the links found so far."""

    def __init__(self, known: Iterable[Known], seen: Iterable[Seen], linked: Mapping[int, Seen]) -> None:
        """Find the stretches of old and new notes, both in order; `linked` maps ids of known notes to partners."""
        taken: dict[int, list[int]] = defaultdict(list)
        for note in linked.values():
            taken[note.file].append(note.number)
        for indexes in taken.values():
            indexes.sort()
        self._stretches: dict[tuple[Place, Place], Stretch] = {}
        self._rank: dict[int | Place, tuple[tuple[Place, Place], int]] = {}
        for note in seen:
            indexes = taken[note.file]
            at = bisect(indexes, note.number)
            if at and indexes[at - 1] == note.number:
                continue
            before = indexes[at - 1] if at else _START
            after = indexes[at] if at < len(indexes) else _END
            bounds = (note.file, before), (note.file, after)
            stretch = self._find_stretch(bounds)
            self._rank[note.place] = bounds, len(stretch.new)
            stretch.new.append(note)
        for run, before_note, after_note in _find_runs(known, linked):
            file = run[0].file
            start = before_note.place if before_note else (after_note.file if after_note else file, _START)
            bounds = start, after_note.place if after_note else (before_note.file if before_note else file, _END)
            stretch = self._find_stretch(bounds)
            for old in run:
                self._rank[old.id] = bounds, len(stretch.old)
                stretch.old.append(old)

    def _find_stretch(self, bounds: tuple[Place, Place]) -> Stretch:
        if bounds not in self._stretches:
            edges = (bounds[0][1] != _START) + (bounds[1][1] != _END)
            self._stretches[bounds] = Stretch(edges, [], [])
        return self._stretches[bounds]

    def list_stretches(self) -> Iterable[Stretch]:
        """Return all stretches."""
        return self._stretches.values()

    def find_ranks(self, old: Known, new: Seen) -> tuple[Stretch, int, int] | None:
        """Return the stretch that contains two notes and their positions in it, or nothing if there is none."""
        mine, theirs = self._rank.get(old.id), self._rank.get(new.place)
        if mine is None or theirs is None or mine[0] != theirs[0]:
            return None
        return self._stretches[mine[0]], mine[1], theirs[1]


def pair_replaced(known: Iterable[Known], seen: Iterable[Seen], links: Iterable[Link]) -> Iterable[tuple[Known, Seen]]:
    """Yield the notes of each stretch that was replaced by the same number of new ones, paired in order.

    `known` and `seen` are all old and new notes of the changed files, `links` all links between them.
    """
    in_use, present = sort_by_place(known, seen)
    places = Places(in_use, present, {link.known.id: link.seen for link in links})
    for stretch in places.list_stretches():
        if len(stretch.old) == len(stretch.new):
            yield from zip(stretch.old, stretch.new, strict=True)


def find_returning(known: Iterable[Known], links: Iterable[Link]) -> set[int]:
    """Find the orphans whose place counts again, because most orphans lost with them from their file are now linked.

    A half-saved file, or one that was missing while another branch was checked out, comes back as a whole.
    """
    lost: dict[tuple[int, int], set[int]] = defaultdict(set)
    for note in known:
        if not note.active:
            lost[note.file, note.lost_ms].add(note.id)
    linked = {link.known.id for link in links}
    return {note for notes in lost.values() if 2 * len(notes & linked) >= len(notes) for note in notes}


def _find_runs(
    known: Iterable[Known], linked: Mapping[int, Seen]
) -> Iterable[tuple[list[Known], Seen | None, Seen | None]]:
    """Yield each run of unlinked notes of a file, with the partners of the notes before and after it."""
    run: list[Known] = []
    before: Seen | None = None
    file = 0
    for note in known:
        if note.file != file:
            if run:
                yield run, before, None
            run, before, file = [], None, note.file
        partner = linked.get(note.id)
        if partner is None:
            run.append(note)
            continue
        if run:
            yield run, before, partner
            run = []
        before = partner
    if run:
        yield run, before, None
