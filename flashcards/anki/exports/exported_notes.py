"""Record what each export gave to Anki, and find the changes that a package cannot make in Anki."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Collection as Sized
from collections.abc import Iterable, Iterator, Sequence
from typing import Final, NamedTuple

from flashcards.anki.package.identifiers import looks_ours
from flashcards.anki.package.model import CLOZE, PackageNote
from flashcards.catalog.imports import (
    FLAG_CONFLICT,
    FLAG_REVERSE,
    FLAG_TYPED,
    GIVEN_AGAIN,
    GIVEN_BY_WHOLE,
    OWN_FORM,
    NoteBase,
    Origins,
    digest_fields,
    split_digests,
)
from flashcards.collection import now_ms
from flashcards.text import plural
from scheduler import transaction

_REMEMBER = (  # faster than INSERT OR REPLACE
    "INSERT INTO exported_notes(note, guid, deck, ords) VALUES (?, ?, ?, ?)"
    " ON CONFLICT(note) DO UPDATE SET shifted = shifted + (guid <> excluded.guid),"
    " guid = excluded.guid, deck = excluded.deck, ords = excluded.ords"
)


_STATUSES: Final = """
    SELECT c.note, c.active, c.suspended + 2 * c.flag, coalesce(c.last_ms, 0) / 1000,
        o.changed_s = -1 AND o.given IS NULL,
        c.id, coalesce(o.changed_s, -1), iif(o.card, o.suspended, 0), iif(o.card, o.flag, 0), o.given,
        coalesce(o.given_s, 0)
    FROM cards c LEFT JOIN origin_cards o ON o.card = c.id
    WHERE c.suspended OR c.flag OR o.card IS NOT NULL
"""
# An import compares the card with our id in Anki with this status, not an original that Anki keeps.
_REMEMBER_STATUS: Final = (
    "INSERT INTO origin_cards(card, changed_s, suspended, flag, given, given_s) VALUES (?, ?, ?, ?, ?, ?)"
    " ON CONFLICT(card) DO UPDATE SET changed_s = excluded.changed_s, suspended = excluded.suspended,"
    " flag = excluded.flag, given = excluded.given, given_s = excluded.given_s"
)
_LATER_PARTS: Final = (
    "SELECT note FROM origins o WHERE part > (SELECT min(part) FROM origins first WHERE first.source = o.source)"
)
_EARLIER: Final = 32  # digests of fields kept from earlier exports


class _ExportedNote(NamedTuple):
    """A note as exported: its guid, its deck, and its cards."""

    guid: str
    deck: str
    ords: str


class _StatusThere(NamedTuple):
    """What is known of a card's status in Anki, by our id; the fields are those of `SeenStatus`."""

    card: int
    changed_s: int = -1
    suspended: int | None = 0
    flag: int | None = 0
    given: int | None = None
    given_s: int = 0


class Exports:
    """Records the contents of packages, and reports what Anki will keep of an earlier one."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._now: dict[int, _ExportedNote] = {}
        self._modified: dict[int, int] = {}
        self._bases: list[NoteBase] = []

    def record_notes(self, notes: Iterable[PackageNote]) -> Iterator[PackageNote]:
        """Yield the same notes; `finish` stores them."""
        for note in notes:
            ords = " ".join([str(card.ord) for card in note.cards])
            self._now[note.id] = _ExportedNote(note.guid, note.deck, ords)
            self._modified[note.id] = note.modified
            self._bases.append(_make_base(note))
            yield note

    def finish(self, decks: Sized[str], *, whole: bool = False, history: bool = True) -> tuple[str, ...]:
        """Store the exported notes of some decks; return a sentence for each change that Anki will not apply.

        Without `history` all cards are new in the package. Each change is reported once, because Anki then has this
        package. General remarks on notes from Anki are repeated each time, except for a whole collection, which
        replaces everything.
        """
        with transaction(self._connection):
            before = {
                row[0]: _ExportedNote(*row[1:])
                for row in self._connection.execute("SELECT note, guid, deck, ords FROM exported_notes")
            }
            orphans = "SELECT note FROM exported_notes WHERE note IN (SELECT id FROM notes WHERE active = 0)"
            gone = [note for (note,) in self._connection.execute(orphans) if before[note].deck in decks]
            self._connection.executemany("DELETE FROM exported_notes WHERE note = ?", [(note,) for note in gone])
            new = [(note, *given) for note, given in self._now.items() if before.get(note) != given]
            self._connection.executemany(_REMEMBER, new)
            self._remember_statuses(before, whole=whole, history=history)
            self._store_bases()
        if whole:
            return ()
        pairs = [(before[note], given) for note, given in self._now.items() if note in before]
        return (*_describe_changes(pairs, len(gone)), *self._describe_foreign_notes(before))

    def _remember_statuses(self, before: Sized[int], *, whole: bool, history: bool) -> None:
        """Store the statuses that Anki gets: those of all cards, or of cards that it lacks.

        It may lack any card, because a person can delete notes there.
        """
        changed = []
        for note, active, status, last_s, is_lacking, *values in self._connection.execute(_STATUSES):
            at_s = self._modified.get(note) if active else None
            if at_s is None:
                changed += [_StatusThere(values[0])] if whole else []
                continue
            if history:
                at_s = max(at_s, last_s)
            else:
                status = 0  # a new card
            if values[4:] == [status + GIVEN_AGAIN, at_s] and not whole:
                continue
            known = _StatusThere(*values)
            is_new = is_lacking or (status and note not in before)
            now = _give_status(known, status, at_s, is_new=is_new, whole=whole)
            changed += [] if now == known else [now]
        self._connection.executemany(_REMEMBER_STATUS, changed)

    def _store_bases(self) -> None:
        origins = Origins(self._connection)
        known = origins.bases()
        new, changed = [], []
        for base in self._bases:
            before = known.get((base.note, base.form))
            if before is None:
                new.append(base)
                continue
            if before.flags & FLAG_CONFLICT:
                continue  # the other side may still have its own text; an import finds out
            if base.there == before.there:
                kept = before
            else:
                earlier, confirmed = _keep_earlier(before, base), before.confirmed or before.there
                kept = before._replace(earlier=earlier, confirmed=confirmed, given_s=now_ms() // 1000)
            base = base._replace(
                earlier=kept.earlier, changed_s=kept.changed_s, confirmed=kept.confirmed, given_s=kept.given_s
            )
            if base != before:
                changed.append(base)
        origins.add_exported_bases(new)
        origins.remember_bases(changed)

    def _describe_foreign_notes(self, before: Sized[int]) -> Iterator[str]:
        if not self._connection.execute("SELECT 1 FROM origins LIMIT 1").fetchone():
            return
        if kept := sum(not looks_ours(given.guid) for given in self._now.values()):
            yield (
                f"{plural(kept, 'note')} came from Anki. Where Anki keeps their original note types, this package"
                " brings them no edits and reviews, and Merge note types would spoil them; only a .colpkg, which"
                " replaces everything there, updates them."
            )
        parts = {row[0] for row in self._connection.execute(_LATER_PARTS)}
        if split := len((parts & self._now.keys()).difference(before)):
            yield f"{plural(split, 'note')} made from single cards of larger notes in Anki, which adds them as new."


def _give_status(known: _StatusThere, status: int, at_s: int, *, is_new: bool, whole: bool) -> _StatusThere:
    """Return what is known after an export of a card with this status; `is_new` says that Anki lacks the card."""
    if whole:
        return known._replace(given=status + GIVEN_BY_WHOLE, given_s=at_s)
    if known.given is not None and not known.given & GIVEN_AGAIN:
        marks = known.given & 1, known.given >> 1 & 7
        if marks == (status & 1, status >> 1):
            return known
        known = known._replace(changed_s=known.given_s, suspended=marks[0], flag=marks[1])
    elif is_new:
        return known._replace(given=status, given_s=at_s)
    return known._replace(given=status + GIVEN_AGAIN, given_s=at_s)


def _keep_earlier(before: NoteBase, base: NoteBase) -> bytes:
    """Return the digests of fields in earlier exports, including those changed since the last one."""
    left = [each for each in split_digests(before.there) if each not in split_digests(base.there)]
    return b"".join([*split_digests(before.earlier), *left][-_EARLIER:])


def _make_base(note: PackageNote) -> NoteBase:
    """Make the base of a note in the form that a package gives to Anki."""
    if note.family == CLOZE:
        flags = FLAG_TYPED * bool(note.fields[1])
    else:
        flags = FLAG_REVERSE * bool(note.fields[2]) | FLAG_TYPED * bool(note.fields[3])
    given = note.fields[: len(note.markdown)]
    here = digest_fields(note.markdown)
    there = here if given == note.markdown else digest_fields(given)  # most texts are equal to their HTML
    return NoteBase(note.id, OWN_FORM, here, there, b"", " ".join(note.tags), flags, 0)


def _describe_changes(pairs: Sequence[tuple[_ExportedNote, _ExportedNote]], gone: int) -> Iterator[str]:
    same_kind = [(before, now) for before, now in pairs if before.guid == now.guid]
    kinds = len(pairs) - len(same_kind)
    cards = sum(len(set(before.ords.split()) - set(now.ords.split())) for before, now in same_kind)
    moved = Counter((before.deck, now.deck) for before, now in same_kind if before.deck != now.deck)
    if gone:
        they, them = ("it stays", "it") if gone == 1 else ("they stay", "them")
        notes = plural(gone, "note")
        yield f"{notes} removed here since the last export: {they} in Anki until you delete {them} there."
    if kinds:
        new, old = ("a new one", "the old one") if kinds == 1 else ("new ones", "the old ones")
        yield f"{plural(kinds, 'note')} changed the note type and became {new} in Anki: delete {old} there."
    if cards:
        their, them = ("its", "it") if cards == 1 else ("their", "them")
        yield f"{plural(cards, 'card')} lost {their} gap or side: Tools > Empty Cards removes {them} in Anki."
    for way, count in sorted(moved.items()):
        them = "it" if count == 1 else "them"
        yield f"{plural(count, 'note')} moved from {way[0]} to {way[1]} here; in Anki, move {them} with Change Deck."
