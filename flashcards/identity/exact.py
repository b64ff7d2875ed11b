"""Link notes that are certain: a pinned id, the same text, a text that the note had before."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator

from flashcards.identity.model import Known, Link, Seen

ExactRule = Callable[[list[Known], list[Seen]], Iterator[tuple[Known, Seen]]]


def link_exactly(known: Iterable[Known], seen: Iterable[Seen]) -> list[Link]:
    """Link one-to-one by the rules in order; each takes its sure pairs and leaves the rest to the next."""
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
    """Check that no pinned id says that these are different notes."""
    return not old.pin or new.note.pin in ("", old.pin)


def _match_pins(known: list[Known], seen: list[Seen]) -> Iterator[tuple[Known, Seen]]:
    """Match notes with the same pinned id; a pin may also be the key of a note.

    If an id was copied with its text, the original keeps the history: pairs of equal text come first.
    """
    by_name: dict[str, list[Known]] = defaultdict(list)
    for old in known:
        for name in {old.pin, old.key} - {""}:
            by_name[name].append(old)
    pairs = [(old, new) for new in seen if new.note.pin for old in by_name.get(new.note.pin, ())]
    yield from sorted(pairs, key=_pin_order)


def _pin_order(pair: tuple[Known, Seen]) -> tuple[bool, ...]:
    """Return a sort key that puts the surest pair of an id first: a key may be pinned to another note."""
    old, new = pair
    return old.pin != new.note.pin, old.fingerprint != new.fingerprint, not old.active, old.file != new.file


def _match_texts(known: list[Known], seen: list[Seen]) -> Iterator[tuple[Known, Seen]]:
    """Match notes with the same text, anywhere in the collection."""
    yield from _pair_equal_texts(((note.fingerprint, note) for note in known), seen)


def _match_former_texts(known: list[Known], seen: list[Seen]) -> Iterator[tuple[Known, Seen]]:
    """Match a text that the note had before: an edit that was undone."""
    yield from _pair_equal_texts(((text, note) for note in known for text in note.former), seen)


def _pair_equal_texts(texts: Iterable[tuple[bytes, Known]], seen: list[Seen]) -> Iterator[tuple[Known, Seen]]:
    """Pair notes of equal text: within a file first, then anywhere; notes in use before orphans."""
    by_text: dict[bytes, list[Known]] = defaultdict(list)
    for text, note in texts:
        by_text[text].append(note)
    left = [note for note in seen if note.fingerprint in by_text]
    taken: set[int] = set()
    for same_file in (True, False):
        unmatched: list[Seen] = []
        for new in left:
            candidates = [
                old
                for old in by_text[new.fingerprint]
                if old.id not in taken and (old.file == new.file or not same_file) and can_share_pin(old, new)
            ]
            best = candidates[0] if len(candidates) == 1 else min(candidates, key=_order_of_use, default=None)
            if best:
                taken.add(best.id)
                yield best, new
            else:
                unmatched.append(new)
        left = unmatched


def _order_of_use(old: Known) -> tuple[bool, int, int]:
    """Return a sort key: notes in use before orphans, in order of line."""
    return not old.active, old.note.line, old.id


RULES: tuple[tuple[str, ExactRule], ...] = (
    ("pin", _match_pins),
    ("same text", _match_texts),
    ("former text", _match_former_texts),
)
"""The rules by name, the surest first."""
