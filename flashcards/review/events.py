"""What a person does in a session. Every event says when, in epoch milliseconds: a session has no clock of its own."""

from __future__ import annotations

from dataclasses import dataclass

from scheduler import Rating


@dataclass(frozen=True, slots=True)
class ShowAnswer:
    """Turn the card over."""

    now_ms: int


@dataclass(frozen=True, slots=True)
class TypeAnswer:
    """Turn the card over, having typed this answer."""

    now_ms: int
    text: str


@dataclass(frozen=True, slots=True)
class Rate:
    """Say how well the card was recalled."""

    now_ms: int
    rating: Rating


@dataclass(frozen=True, slots=True)
class Tick:
    """Say that a point of the answer was covered, or, the second time, that it was not; points count from 0."""

    now_ms: int
    point: int


@dataclass(frozen=True, slots=True)
class Undo:
    """Take back what was done last."""

    now_ms: int


@dataclass(frozen=True, slots=True)
class Bury:
    """Hide the card until tomorrow."""

    now_ms: int


@dataclass(frozen=True, slots=True)
class Suspend:
    """Stop asking the card, or all cards of its note, until unsuspended."""

    now_ms: int
    whole_note: bool = False


@dataclass(frozen=True, slots=True)
class Flag:
    """Give the card a flag, 1 to 7, or none, 0."""

    now_ms: int
    flag: int


@dataclass(frozen=True, slots=True)
class Refresh:
    """Read the card again, because the decks may have changed."""

    now_ms: int


@dataclass(frozen=True, slots=True)
class Quit:
    """End the session."""

    now_ms: int


Event = ShowAnswer | TypeAnswer | Rate | Tick | Undo | Bury | Suspend | Flag | Refresh | Quit
