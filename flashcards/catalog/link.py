"""Which note is which: notes seen now against notes known before.

Each rule takes one-to-one pairs and leaves the rest to the next. A rule is a function from what is left to the pairs
it finds; `RULES` lists them in order, the surest first.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from flashcards.deck.model import Note


@dataclass(frozen=True, slots=True)
class Known:
    """A note of the catalog that is looking for its text: its file's text changed, or it is an orphan.

    `body` is `note` as the catalog stores it, `top_gap` the highest number a gap of it ever had, `former` the
    fingerprints of all texts it had before the present one.
    """

    id: int
    key: str
    pin: str
    file: int
    fingerprint: bytes
    note: Note
    body: str
    deck: int
    top_gap: int
    active: bool
    former: frozenset[bytes] = frozenset()


@dataclass(frozen=True, slots=True)
class Seen:
    """A note as a file has it now, and its place among the notes of the file."""

    file: int
    deck: int
    index: int
    fingerprint: bytes
    note: Note


@dataclass(frozen=True, slots=True)
class Link:
    """The decision that `seen` is `known`, by which rule, and how sure it is (0 to 1)."""

    known: Known
    seen: Seen
    rule: str
    score: float = 1.0


Rule = Callable[[list[Known], list[Seen]], Iterator[tuple[Known, Seen, float]]]


def link(known: Iterable[Known], seen: Iterable[Seen]) -> list[Link]:
    """One-to-one links; what is in none of them is new, or an orphan."""
    left_known = {note.id: note for note in known}
    left_seen = {(note.file, note.index): note for note in seen}
    links: list[Link] = []
    for name, rule in RULES:
        if not left_known or not left_seen:
            break
        for old, new, score in rule(list(left_known.values()), list(left_seen.values())):
            if old.id in left_known and (new.file, new.index) in left_seen:
                del left_known[old.id], left_seen[new.file, new.index]
                links.append(Link(old, new, name, score))
    return links


def _by_pin(known: list[Known], seen: list[Seen]) -> Iterator[tuple[Known, Seen, float]]:
    """The same pinned id; a pin may also be the key of a note.

    Where an id stands twice, the note that it was copied from keeps its history: pairs of equal text come first.
    """
    by_pin: dict[str, list[Known]] = defaultdict(list)
    for old in known:
        for name in {old.pin, old.key} - {""}:
            by_pin[name].append(old)
    pairs = [(old, new) for new in seen if new.note.pin for old in by_pin[new.note.pin]]
    pairs.sort(
        key=lambda pair: (
            pair[0].pin != pair[1].note.pin,  # the key of one note may be written into another: the pin wins
            pair[0].fingerprint != pair[1].fingerprint,
            not pair[0].active,
            pair[0].file != pair[1].file,
        )
    )
    for old, new in pairs:
        yield old, new, 1.0


def _by_fingerprint(known: list[Known], seen: list[Seen]) -> Iterator[tuple[Known, Seen, float]]:
    """The same text, anywhere in the collection."""
    yield from _pair_up(((note.fingerprint, note) for note in known), seen)


def _by_former_text(known: list[Known], seen: list[Seen]) -> Iterator[tuple[Known, Seen, float]]:
    """A text that the note had before: an edit undone."""
    yield from _pair_up(((text, note) for note in known for text in note.former), seen)


def _pair_up(texts: Iterable[tuple[bytes, Known]], seen: list[Seen]) -> Iterator[tuple[Known, Seen, float]]:
    """Pairs of equal text: within the same file first, then anywhere, notes in use before orphans, in order."""
    by_text: dict[bytes, list[Known]] = defaultdict(list)
    for text, note in texts:
        by_text[text].append(note)
    left = [note for note in seen if note.fingerprint in by_text]
    taken: set[int] = set()
    for same_file in (True, False):
        unpaired = []
        for new in left:
            candidates = [
                old
                for old in by_text[new.fingerprint]
                if old.id not in taken
                and (old.file == new.file or not same_file)
                and (not old.pin or new.note.pin in ("", old.pin))
            ]
            best = min(candidates, key=lambda old: (not old.active, old.note.line, old.id), default=None)
            if best:
                taken.add(best.id)
                yield best, new, 1.0
            else:
                unpaired.append(new)
        left = unpaired


RULES: tuple[tuple[str, Rule], ...] = (
    ("pin", _by_pin),
    ("same text", _by_fingerprint),
    ("former text", _by_former_text),
)
"""The rules by name, the surest first."""
