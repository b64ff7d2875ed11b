"""Link notes with certainty: by a pinned id, the same text, or an earlier text of the note."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Final, TypeVar

from flashcards.identity.notes import Known, Link, Seen, sort_by_place

_MOST_PAIRS: Final = 10_000  # of notes with one text
_HEADING: Final = 3  # a different heading weighs more than two different neighbours
_NOWHERE: Final = (b"-", b"-")  # the neighbours of an orphan

_Name = TypeVar("_Name")

ExactRule = Callable[[list[Known], list[Seen]], Iterator[tuple[Known, Seen]]]


def link_exactly(known: Iterable[Known], seen: Iterable[Seen]) -> list[Link]:
    """Link one-to-one by the rules in order. Each rule takes its certain pairs and leaves the rest to the next."""
    left_known = {note.id: note for note in known}
    left_seen = {note.place: note for note in seen}
    links: list[Link] = []
    for name, rule in RULES:
        if not left_known or not left_seen:
            break
        for old, new in rule(list(left_known.values()), list(left_seen.values())):
            if old.id in left_known and new.place in left_seen:
                del left_known[old.id], left_seen[new.place]
                links.append(Link(old, new, name))
    return links


def can_share_pin(old: Known, new: Seen) -> bool:
    """Return whether the pinned ids allow these to be the same note."""
    return not old.pin or new.note.pin in ("", old.pin)


def _match_pins(known: list[Known], seen: list[Seen]) -> Iterator[tuple[Known, Seen]]:
    """Match notes by pinned id, which may be a key; equal texts first, since an original keeps its history."""
    by_name: dict[str, list[Known]] = defaultdict(list)
    for old in known:
        for name in {old.pin, old.key} - {""}:
            by_name[name].append(old)
    pairs = [(old, new) for new in seen if new.note.pin for old in by_name.get(new.note.pin, ())]
    yield from sorted(pairs, key=_get_pin_order)


def _get_pin_order(pair: tuple[Known, Seen]) -> tuple[bool, ...]:
    """Return a sort key that puts the most certain pair of an id first, because a key may be pinned to another note."""
    old, new = pair
    return old.pin != new.note.pin, old.fingerprint != new.fingerprint, not old.active, old.file != new.file


def _match_texts(known: list[Known], seen: list[Seen]) -> Iterator[tuple[Known, Seen]]:
    """Match notes with the same text, anywhere in the collection."""
    yield from _pair_equal_texts(((note.fingerprint, note) for note in known), known, seen)


def _match_former_texts(known: list[Known], seen: list[Seen]) -> Iterator[tuple[Known, Seen]]:
    """Match an earlier text of the note, as after an undone edit."""
    yield from _pair_equal_texts(((text, note) for note in known for text in note.former), known, seen)


def _pair_equal_texts(
    texts: Iterable[tuple[bytes, Known]], known: list[Known], seen: list[Seen]
) -> Iterator[tuple[Known, Seen]]:
    """Pair notes with equal text. If several notes have it, those with the most similar places are paired."""
    old_by_text: dict[bytes, list[Known]] = defaultdict(list)
    for text, note in texts:
        old_by_text[text].append(note)
    new_by_text: dict[bytes, list[Seen]] = defaultdict(list)
    for new in seen:
        if new.fingerprint in old_by_text:
            new_by_text[new.fingerprint].append(new)
    places: _Neighbours | None = None
    for text, new_notes in new_by_text.items():
        old_notes = old_by_text[text]
        if len(old_notes) > 1 or len(new_notes) > 1:
            places = places or _Neighbours(known, seen)
            yield from _pair_by_place(old_notes, new_notes, places)
        elif can_share_pin(old_notes[0], new_notes[0]):
            yield old_notes[0], new_notes[0]


def _pair_by_place(old_notes: list[Known], new_notes: list[Seen], places: _Neighbours) -> Iterator[tuple[Known, Seen]]:
    """Pair notes with one text, the best matches first."""
    old_notes = sorted(old_notes, key=lambda old: (not old.active, old.file, old.note.line, old.id))
    if len(old_notes) * len(new_notes) > _MOST_PAIRS:  # the place of such a frequent text is no evidence
        yield from (pair for pair in zip(old_notes, new_notes, strict=False) if can_share_pin(*pair))
        return
    pairs = [
        (places.measure_distance(old, new), abs(old_at - new_at), old_at, new_at)
        for old_at, old in enumerate(old_notes)
        for new_at, new in enumerate(new_notes)
        if can_share_pin(old, new)
    ]
    old_used: set[int] = set()
    new_used: set[int] = set()
    for _, _, old_at, new_at in sorted(pairs):
        if old_at not in old_used and new_at not in new_used:
            old_used.add(old_at)
            new_used.add(new_at)
            yield old_notes[old_at], new_notes[new_at]


class _Neighbours:
    """The texts before and after each note in its file."""

    def __init__(self, known: Iterable[Known], seen: Iterable[Seen]) -> None:
        in_use, present = sort_by_place(known, seen)
        self._old = _find_neighbours([(note.id, note.file, note.fingerprint) for note in in_use])
        self._new = _find_neighbours([(note.place, note.file, note.fingerprint) for note in present])

    def measure_distance(self, old: Known, new: Seen) -> tuple[bool | int, ...]:
        """Return a sort key that is smallest for the same place: file, use, neighbours, heading and tags."""
        before, after = self._old.get(old.id, _NOWHERE), self._new[new.place]
        return (
            old.file != new.file,
            not old.active,
            sum(mine != theirs for mine, theirs in zip(before, after, strict=True))
            + _HEADING * (old.note.breadcrumb != new.note.breadcrumb),
            old.note.tags != new.note.tags,
        )


def _find_neighbours(notes: Sequence[tuple[_Name, int, bytes]]) -> dict[_Name, tuple[bytes, bytes]]:
    """Return the texts before and after each note of a file by its name; empty at the ends of the file."""
    found: dict[_Name, tuple[bytes, bytes]] = {}
    for at, (name, file, _) in enumerate(notes):
        before = notes[at - 1][2] if at and notes[at - 1][1] == file else b""
        after = notes[at + 1][2] if at + 1 < len(notes) and notes[at + 1][1] == file else b""
        found[name] = before, after
    return found


RULES: tuple[tuple[str, ExactRule], ...] = (
    ("pin", _match_pins),
    ("same text", _match_texts),
    ("former text", _match_former_texts),
)
"""The rules by name, the most certain first."""
