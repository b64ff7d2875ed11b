"""How many cards are due on each of the days ahead: read once, kept up to date as cards are rated."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scheduler.balance import REACH

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Mapping

    from scheduler.model import Card

_SHOWN = "active = 1 AND suspended = 0"
_DUE = f"SELECT due_day, count(*) FROM cards WHERE due_day > ? AND due_day <= ? AND {_SHOWN} GROUP BY due_day"
_SIBLINGS = f"SELECT due_day FROM cards WHERE note = ? AND id <> ? AND due_day IS NOT NULL AND {_SHOWN}"


class Ahead:
    """The cards due on each day as far ahead as load is balanced.

    Whatever else than a rating writes to the database, in this process or another, makes it read them anew. Those read
    before are left as they were, so that a load that was shown stays what it was.
    """

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._due: dict[int, int] = {}
        self._state: tuple[int, int, int] | None = None

    def due(self, today: int) -> Mapping[int, int]:
        """The number of cards by the day on which they are due; days without any are missing."""
        if not self.is_current(today):
            self._due = dict(self._connection.execute(_DUE, (today, today + REACH)))
            self._state = self._present(today)
        return self._due

    def siblings(self, card: Card) -> list[int]:
        """The days on which the other cards of its note are due."""
        return [day for (day,) in self._connection.execute(_SIBLINGS, (card.note, card.id))]

    def is_current(self, today: int) -> bool:
        """Whether nothing was written since the cards were read, or since the last call of `rated`."""
        return self._state == self._present(today)

    def rated(self, before: Card, after: Card, today: int) -> None:
        """Take note of a rating that was written while `is_current` held."""
        if before.due_day in self._due and not before.suspended:
            self._due[before.due_day] -= 1
        if after.due_day is not None and not after.suspended:
            self._due[after.due_day] = self._due.get(after.due_day, 0) + 1
        self._state = self._present(today)

    def _present(self, today: int) -> tuple[int, int, int]:
        """What changes with the day, and with whatever this or another connection writes."""
        version = int(self._connection.execute("PRAGMA data_version").fetchone()[0])
        return today, version, self._connection.total_changes
