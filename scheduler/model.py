"""The types of the package: rating, state, memory, card, review.

Units: instants are epoch milliseconds (`*_ms`), days are local calendar days since 1970-01-01 that begin at the
clock's rollover (`*_day`), intervals are seconds (whole days are multiples of 86,400), stability is days.
"""

from __future__ import annotations

from enum import IntEnum
from typing import NamedTuple

DAY_SECONDS = 86_400
"""Seconds in a day; an interval of at least this is an interval of whole days."""


class Rating(IntEnum):
    """How well a card was recalled, as FSRS and Anki number it."""

    AGAIN = 1
    HARD = 2
    GOOD = 3
    EASY = 4


class State(IntEnum):
    """The learning state of a card, as Anki numbers it."""

    NEW = 0
    LEARNING = 1
    REVIEW = 2
    RELEARNING = 3


class ReviewKind(IntEnum):
    """The kinds of rows in the review log."""

    RATING = 0
    """A person rated the card."""
    FORGET = 1
    """The card was reset to new."""
    SET_DUE = 2
    """The card's due day was set by hand."""
    VOID = 3
    """An earlier row was undone."""
    TAKEN_OVER = 4
    """The card got its state from another program.

    If it includes a memory state, the earlier history no longer counts.
    """
    CRAM = 5
    """A person rated the card without effect on its schedule."""
    RESCHEDULED = 6
    """The card's due day changed because the scheduling settings had changed."""


class Leech(IntEnum):
    """The effect of a rating on a leech, a card that keeps being forgotten."""

    NO = 0
    TAGGED = 1
    SUSPENDED = 2


class Memory(NamedTuple):
    """The memory state of a card: stability in days (0.001 to 36,500) and difficulty (1 to 10)."""

    stability: float
    difficulty: float


class NewCard(NamedTuple):
    """A card to add: its note, its slot within the note, its deck, its position among new cards."""

    note: int
    slot: str
    deck: int
    position: int


class Placement(NamedTuple):
    """The place of a note's cards: their deck, and their position among its new cards."""

    note: int
    deck: int
    position: int


class Card(NamedTuple):
    """One row of the table `cards`.

    A card on a step within the day is due at `due_ms` and has no `due_day`. Any other card that is not new is due on
    `due_day`. `interval` is its current interval, in seconds. `last_day` and `last_ms` say when it was last rated.
    It is hidden up to and including `buried_day`. `active` is false if its text is gone.
    """

    id: int
    note: int
    slot: str
    deck: int
    position: int
    state: State = State.NEW
    due_day: int | None = None
    due_ms: int | None = None
    steps_left: int = 0
    stability: float | None = None
    difficulty: float | None = None
    last_day: int | None = None
    last_ms: int | None = None
    interval: int = 0
    reps: int = 0
    lapses: int = 0
    suspended: bool = False
    buried_day: int | None = None
    buried_by: int | None = None
    flag: int = 0
    leech: bool = False
    active: bool = True

    @property
    def memory(self) -> Memory | None:
        """Its memory state, from the first rating on."""
        if self.stability is None or self.difficulty is None:
            return None
        return Memory(self.stability, self.difficulty)

    def is_buried(self, day: int) -> bool:
        """Return whether it is hidden on this day."""
        return self.buried_day is not None and day <= self.buried_day

    def elapsed_days(self, day: int) -> int:
        """Count the days since the last rating; 0 if never rated or if the clock was set back."""
        return 0 if self.last_day is None else max(0, day - self.last_day)


class Review(NamedTuple):
    """One row of the table `reviews`: a rating, or another event of the log. Rows are only ever added.

    `id` is the time in epoch milliseconds, moved on until it is unique. The fields from `state_after` on say what the
    card became. Only rows of a person's rating have a `rating`; `voids` is the rating that a void undoes.
    `reps_added` and `lapses_added` count ratings that the log does not hold. Rows from Anki's
    log keep the type and the factor that they have there.
    """

    id: int
    card: int
    kind: ReviewKind
    rating: Rating | None
    day: int
    offset_minutes: int
    duration_ms: int
    state_before: State
    state_after: State
    steps_left: int
    interval_before: int
    interval_after: int
    due_day: int | None
    due_ms: int | None
    stability: float | None
    difficulty: float | None
    leech: Leech
    voids: int | None
    reps_added: int = 0
    lapses_added: int = 0
    log_type: int | None = None
    log_factor: int | None = None

    @property
    def memory(self) -> Memory | None:
        """The memory state this row left the card with."""
        if self.stability is None or self.difficulty is None:
            return None
        return Memory(self.stability, self.difficulty)
