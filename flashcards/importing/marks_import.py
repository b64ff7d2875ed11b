"""Suspension, flag and burial of a package's cards into the store."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import TYPE_CHECKING

from flashcards.catalog.origins import SeenMarks
from flashcards.importing.model import AnkiCard

if TYPE_CHECKING:
    from flashcards.catalog.origins import Origins
    from flashcards.importing.history import HistoryReader
    from scheduler.store import Store


class MarksImport:
    """Takes the marks of cards over where they changed there since the last import.

    Args:
        store: holds the cards.
        origins: remembers the marks they had there.
        reader: reads the cards.
        today: the day it is; an older burial is over.

    Attributes:
        remembered: of how many cards what is known of them changed.
    """

    def __init__(self, store: Store, origins: Origins, reader: HistoryReader, today: int) -> None:
        self.remembered = 0
        self._store = store
        self._origins = origins
        self._reader = reader
        self._today = today
        self._suspensions: dict[bool, list[int]] = {True: [], False: []}
        self._flags: dict[int, list[int]] = defaultdict(list)
        self._buried: dict[int, list[int]] = defaultdict(list)

    def take(self, pairs: Iterable[tuple[AnkiCard, int]]) -> int:
        """Take the marks of cards over, each given with its id here; returns how many cards that changed."""
        before = self._origins.marks()
        fresh = []
        for card, ours in pairs:
            marks = self._compare(card, ours, before.get(ours))
            if marks is not None:
                fresh.append((ours, marks))
        self._origins.remember_marks(fresh)
        self.remembered = len(fresh)
        store = self._store
        changed = store.suspend(self._suspensions[True]) + store.unsuspend(self._suspensions[False])
        changed += sum(store.flag(cards, flag) for flag, cards in self._flags.items())
        return changed + sum(store.bury(cards, day) for day, cards in self._buried.items())

    def _compare(self, card: AnkiCard, ours: int, before: SeenMarks | None) -> SeenMarks | None:
        """Note down what is to be done for a card; returns its marks if they are to be remembered."""
        marks = self._reader.marks(card)
        now = SeenMarks(card.changed, marks.suspended, marks.flag)
        if before is None:
            before = SeenMarks(-1, suspended=False, flag=0)
        if now == before or card.changed < before.changed_s:  # an older package knows nothing new
            return None
        if card.changed != before.changed_s and marks.buried_day is not None and marks.buried_day >= self._today:
            self._buried[marks.buried_day].append(ours)
        if before.flag is None and card.changed == before.changed_s:
            return now
        if marks.suspended != bool(before.suspended):
            self._suspensions[marks.suspended].append(ours)
        if marks.flag != (before.flag or 0):  # Anki sets a flag without changing the time of the card
            self._flags[marks.flag].append(ours)
        return now
