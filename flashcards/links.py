"""Link and unlink notes by hand, and write keys of notes into their files."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

from flashcards.cards import format_short_id
from flashcards.catalog.corrections import Corrections
from flashcards.catalog.imports import write_together
from flashcards.catalog.scan import update_cards
from flashcards.catalog.store import Entry
from flashcards.collection import Collection, now_ms
from flashcards.deck.attributes import insert_comment
from flashcards.deck.parse import parse
from flashcards.deck.source import split_lines
from flashcards.dialects import NATIVE
from flashcards.disk.atomic import FileChanged
from flashcards.disk.journal import Journal
from flashcards.errors import FlashcardsError, UsageError
from flashcards.text import plural
from scheduler import transaction
from scheduler.acts import delete_unused_cards, hand_over_reviews, rename_slots


class LinkImpossible(UsageError):
    """These notes cannot be linked or unlinked in their current state."""


class HasReviews(UsageError):
    """The abandoned note has reviews."""

    def __init__(self, place: str, reviews: int) -> None:
        words = plural(reviews, "review")
        super().__init__(f"The note at {place} has {words}. With --yes they are added to the history of the old note.")


class LinkResult(NamedTuple):
    """The key of the linked note, and the number of later reviews added to its history."""

    key: str
    reviews: int


def link(collection: Collection, old: Entry, new: Entry, *, with_reviews: bool = False) -> LinkResult:
    """Link the text of `new` with the identity and history of the orphan `old`.

    `with_reviews` adds the reviews of `new`; otherwise they raise HasReviews. Raises LinkImpossible if `old` has a
    text, or `new` has none.
    """
    if old.active:
        raise LinkImpossible(
            f"The note {old.key} has its text, at {old.place}. Name an orphan first; `flashcards orphans` lists them."
        )
    if not new.active:
        raise LinkImpossible(f"The note {new.key} has no text. Name a note of a deck second.")
    reviews = sum(card.reps for card in collection.store.cards_of(new.id))
    if reviews and not with_reviews:
        raise HasReviews(new.place, reviews)
    with transaction(collection.connection):
        return _link(collection, Corrections(collection.connection, now_ms()), old, new)


def _link(collection: Collection, corrections: Corrections, old: Entry, new: Entry) -> LinkResult:
    at = now_ms()
    handed = 0
    cards = collection.store.cards_of(new.id)
    with transaction(collection.connection):
        report, renamed = corrections.link(old.id, new.id)
        update_cards(collection.store, collection.clock, report, at)
        collection.store.deactivate_notes([new.id])
        slots = dict(renamed)
        goes_on = {card.slot: card for card in collection.store.cards_of(old.id)}
        for card in cards:
            target = goes_on.get(slots.get(card.slot, ""))
            if target:
                handed += hand_over_reviews(collection.store, card.id, target.id, collection.policy(target.deck), at)
        if not delete_unused_cards(collection.connection, new.id):
            corrections.remove(new.id)
    return LinkResult(old.key, handed)


class NothingReplaced(UsageError):
    """No note of a file replaced a lost one."""

    def __init__(self, place: str) -> None:
        super().__init__(
            f"Nothing to link in {place}: no new note replaced one that lost its text, or their numbers"
            " differed. `flashcards orphans` lists notes without a text; `flashcards link OLD NEW` links one."
        )


class Replacement(NamedTuple):
    """A note that lost its text, and the note in its place."""

    old: Entry  # the orphan
    new: Entry  # an active note
    reviews: int  # the number of reviews of `old`


_REPLACED = """
SELECT r.new, r.old, (SELECT coalesce(sum(reps), 0) FROM cards WHERE note = r.old)
FROM replaced r JOIN notes o ON o.id = r.old WHERE o.active = 0 AND o.fingerprint != x''
"""
_NOTES_OF = "SELECT n.id FROM notes n JOIN files f ON f.id = n.file WHERE n.active = 1 AND f.path = ?"


def find_replaced(collection: Collection, path: str, line: int = 0) -> list[list[Replacement]]:
    """Find the stretches of a file whose notes replaced the same number of others, as pairs in order.

    `line` selects the stretch at that line, 0 all. Raises NothingReplaced if there is no such stretch.
    """
    rows = collection.connection.execute(_REPLACED).fetchall()
    replaced = {new: old for new, old, _ in rows}
    reviews = {old: count for _, old, count in rows}
    stretches: list[list[Replacement]] = []
    in_stretch = False
    notes = [row[0] for row in collection.connection.execute(_NOTES_OF, (path,))]
    for new in sorted(collection.catalog.entries(notes), key=lambda entry: entry.note.line):
        old = replaced.get(new.id)
        while old in replaced and not reviews[old]:  # it had replaced another note and was never asked
            old = replaced[old]
        if old is None:
            in_stretch = False
            continue
        if not in_stretch:
            stretches.append([])
        stretches[-1].append(Replacement(collection.catalog.entry(old), new, reviews[old]))
        in_stretch = True
    if line:
        stretches = [each for each in stretches if each[0].new.note.line <= line <= each[-1].new.note.end_line]
    if not stretches:
        raise NothingReplaced(f"{path}:{line}" if line else path)
    return stretches


def link_replaced(collection: Collection, found: Sequence[Replacement]) -> int:
    """Link each note with the one that it replaced; return the number of later reviews added to their histories."""
    with transaction(collection.connection):
        corrections = Corrections(collection.connection, now_ms())
        return sum(_link(collection, corrections, each.old, each.new).reviews for each in found)


def unlink(collection: Collection, entry: Entry) -> str:
    """Separate a note from its last text; return the key of the note that now has the text.

    The history stays with the previous text, as an orphan; the current text starts without history. Raises
    LinkImpossible if the note has its first text, has no text, or has a pinned id.
    """
    if not entry.active:
        raise LinkImpossible(f"The note {entry.key} has no text. Name a note that is in a deck.")
    if entry.note.pin:
        raise LinkImpossible(
            f"The note at {entry.place} has the pinned id `{entry.note.pin}`. Remove that comment from the file first."
        )
    at = now_ms()
    with transaction(collection.connection):
        corrections = Corrections(collection.connection, at)
        last = corrections.last_link(entry.id)
        if last is None:
            raise LinkImpossible(
                f"The note {format_short_id(entry, entry.note.slots[0])} was never linked with another text."
            )
        report, renamed = corrections.unlink(entry.id, last)
        rename_slots(collection.connection, entry.id, renamed)
        update_cards(collection.store, collection.clock, report, at)
    return report.added[0].key


class PinForeign(FlashcardsError):
    """The file is in the format of another tool."""

    def __init__(self, path: str, dialect: str) -> None:
        super().__init__(f"{path} is read as `{dialect}`, so nothing is written into it. Leave it out, or convert it.")


class PinImpossible(FlashcardsError):
    """A comment cannot be added without changing the meaning of the file."""

    def __init__(self, path: str, line: int) -> None:
        super().__init__(f"{path}:{line}: this note cannot be pinned automatically. Write `<!-- id: … -->` into it.")


def write_pins(collection: Collection, entries: Iterable[Entry]) -> int:
    """Write the key of each note without a pin into its file; return the number of keys written.

    All files of the collection are written together, and only if they are unchanged since the scan. Raises FileChanged
    or PinImpossible.
    """
    root, dialects = collection.root, collection.catalog.dialects()
    by_file: dict[str, list[Entry]] = defaultdict(list)
    for entry in entries:
        if not entry.note.pin:
            by_file[entry.path].append(entry)
    for path in by_file:
        if dialects.get(path, NATIVE) != NATIVE:
            raise PinForeign(path, dialects[path])
    journal = Journal(root, collection.import_folder)
    with write_together(collection.connection, journal, "pin", now_ms()):
        for path, entries_of_file in by_file.items():
            before = (root / path).read_bytes()
            try:
                text = before.decode()
            except UnicodeDecodeError:  # it was valid when it was scanned
                raise FileChanged(root / path) from None
            after = _insert_pins(path, text, entries_of_file, root).encode()
            journal.stage_edit(path, after, before)
    return sum(len(entries_of_file) for entries_of_file in by_file.values())


def _insert_pins(path: str, text: str, entries_of_file: list[Entry], root: Path) -> str:
    notes = parse(text, path).notes
    by_line = {note.line: index for index, note in enumerate(notes)}
    lines = split_lines(text)
    expected = list(notes)
    for entry in sorted(entries_of_file, key=lambda entry: -entry.note.line):
        index = by_line.get(entry.note.line)
        if index is None or notes[index].fields != entry.note.fields:
            raise FileChanged(root / path)
        insert_comment(lines, notes[index], f"<!-- id: {entry.key} -->")
        expected[index] = notes[index]._replace(pin=entry.key)
    pinned = "".join(lines)
    after = parse(pinned, path).notes
    if len(after) != len(expected):  # the text after the note has changed
        raise PinImpossible(path, entries_of_file[0].note.line)
    for index, want in enumerate(expected):
        note = after[index] if index < len(after) else None
        if note is None or (note.fields, note.pin, note.slots) != (want.fields, want.pin, want.slots):
            raise PinImpossible(path, want.line)
    return pinned
