"""The events that a shell sends to a session. Plain data.

Every event says when it happened, in epoch milliseconds: a session has no clock of its own.
"""

from __future__ import annotations

from typing import NamedTuple

from scheduler import Rating


class ShowAnswer(NamedTuple):
    """Turn the card over."""

    now_ms: int


class TypeAnswer(NamedTuple):
    """Turn the card over, having typed this answer."""

    now_ms: int
    text: str


class Rate(NamedTuple):
    """Rate the card."""

    now_ms: int
    rating: Rating


class Accept(NamedTuple):
    """Accept the proposed rating: Good, or the one for the ticked points."""

    now_ms: int


class Tick(NamedTuple):
    """Tick a covered point of the answer, or untick it. Points count from 0."""

    now_ms: int
    point: int


class Undo(NamedTuple):
    """Undo the last action."""

    now_ms: int


class Bury(NamedTuple):
    """Bury the card until tomorrow."""

    now_ms: int


class Suspend(NamedTuple):
    """Suspend the card, or all cards of its note."""

    now_ms: int
    whole_note: bool = False


class Flag(NamedTuple):
    """Set the card's flag, 1 to 7; 0 removes it."""

    now_ms: int
    flag: int


class Refresh(NamedTuple):
    """Read the card again, because the decks may have changed."""

    now_ms: int


class Quit(NamedTuple):
    """End the session."""

    now_ms: int


Event = ShowAnswer | TypeAnswer | Rate | Accept | Tick | Undo | Bury | Suspend | Flag | Refresh | Quit
