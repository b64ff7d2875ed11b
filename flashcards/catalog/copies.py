"""Continue the history of a deleted text at its recent copy."""

from __future__ import annotations

import sqlite3
from collections import defaultdict
from typing import Final

from flashcards.catalog.corrections import Corrections
from flashcards.catalog.report import CardPlace, Change, ScanReport
from flashcards.catalog.store import Catalog
from flashcards.identity.keys import fingerprint
from flashcards.identity.model import Known
from scheduler import Card, Store
from scheduler.identity import delete_unused_cards

RULE: Final = "copy"

_RECENT_MS: Final = 24 * 3_600_000  # what is pasted first is cut soon; a text that stood twice for long is two notes


class Copies:
    """Notes whose text a scan found twice; the transaction is the caller's.

    A person who moves a note may paste it first and cut the original later, with a scan in between. The pasted one is
    a new note then. If the old one loses its text within a day, it continues at the copy, unless the copy was used.
    """

    def __init__(self, connection: sqlite3.Connection, store: Store, now_ms: int) -> None:
        self._db = connection
        self._now_ms = now_ms
        self._catalog = Catalog(connection)
        self._store = store
        self._corrections = Corrections(connection, now_ms)
        self._moved: dict[int, tuple[Change, CardPlace]] = {}
        self._given_up: list[int] = []

    def follow(self, report: ScanReport) -> None:
        """Move reviewed notes that lost their text to a copy of it, and correct `report`."""
        lost = [(change.note, fingerprint(change.before)) for change in report.removed if change.before]
        copies = self._copies({text for _, text in lost})
        for note, text in lost:
            if text in copies and self._was_reviewed(note):
                old = self._catalog.load_known(note)
                copy = next((each for each in copies[text] if self._fits(old, each)), None)
                if copy:
                    copies[text].remove(copy)
                    self._take_place(old, copy)
        if self._moved:
            self._say(report)

    def clear(self) -> None:
        """Remove the copies that were given up, and their cards, once the scheduler knows the report."""
        self._store.set_notes_active(self._given_up, False)
        for note in self._given_up:
            if not delete_unused_cards(self._db, note):
                self._corrections.remove(note)

    def _copies(self, texts: set[bytes]) -> dict[bytes, list[Known]]:
        found: dict[bytes, list[Known]] = defaultdict(list)
        for note, text in self._catalog.texts():
            if text in texts:
                found[text].append(self._catalog.load_known(note))
        return found

    def _fits(self, old: Known, copy: Known) -> bool:
        """Check that a copy is newer than the old note, recent and unused."""
        is_recent = old.id < copy.id and self._now_ms - copy.id < _RECENT_MS  # the ids say when each was first seen
        untouched = not any(map(self._was_touched, self._store.cards_of(copy.id)))
        return copy.note.pin in ("", old.pin) and is_recent and untouched

    def _was_touched(self, card: Card) -> bool:
        is_marked = card.suspended or card.flag or card.buried_day is not None
        return bool(is_marked or self._store.log(card.id, include_voided=True))

    def _was_reviewed(self, note: int) -> bool:
        return any(card.reps for card in self._store.cards_of(note))

    def _take_place(self, old: Known, copy: Known) -> None:
        self._db.execute("DELETE FROM links WHERE note = ?", (copy.id,))  # its edits were never those of the old note
        linked = self._corrections.link(old.id, copy.id).report
        change = linked.returned[-1]
        self._moved[old.id] = Change(*change[:4], RULE, *change[5:]), linked.placed[-1]
        self._given_up.append(copy.id)

    def _say(self, report: ScanReport) -> None:
        settled = {*self._moved, *self._given_up}
        report.orphaned[:] = [note for note in report.orphaned if note not in settled]
        for changes in (report.removed, report.edited, report.moved, report.returned):
            changes[:] = [each for each in changes if each.note not in settled]
        report.placed[:] = [place for place in report.placed if place.note not in settled]
        for change, place in self._moved.values():
            report.moved.append(change)
            report.placed.append(place)
