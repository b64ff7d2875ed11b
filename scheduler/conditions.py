"""SQL conditions: which cards are askable, shown, buried, new, on steps, under review or due.

They name the table `cards`; `alias` adapts one to a query that uses another name. `:today` is the day.
"""

from __future__ import annotations

from scheduler.model import ReviewKind, State

ASKABLE = "cards.active = 1 AND cards.suspended = 0"
"""The card has a text and is not suspended. The partial indexes are over these cards."""

SHOWN = f"{ASKABLE} AND (cards.buried_day IS NULL OR cards.buried_day < :today)"
"""It is askable and not buried today."""

SUSPENDED = "cards.suspended = 1"
"""It is never asked until it is unsuspended."""

BURIED = "cards.buried_day >= :today"
"""It is buried today."""

NEW = f"cards.state = {State.NEW:d}"
"""It was never rated, or was forgotten."""

LEARNING = f"cards.state IN ({State.LEARNING:d}, {State.RELEARNING:d})"
"""It is on a learning or relearning step."""

RELEARNING = f"cards.state = {State.RELEARNING:d}"
"""The card is on a step after a lapse."""

UNDER_REVIEW = f"cards.state = {State.REVIEW:d}"
"""It has left the steps."""


def due_by(day: str) -> str:
    """Return the condition that a card is due on a day or before; cards on steps within the day have no due day."""
    return f"cards.due_day <= {day}"


DUE_TODAY = due_by(":today")
"""It is due today, or overdue."""

KEPT = "NOT EXISTS (SELECT 1 FROM reviews AS void WHERE void.voids = reviews.id)"
"""The row of `reviews` was not undone."""

RATED = f"reviews.kind = {ReviewKind.RATING:d} AND {KEPT}"
"""The row of `reviews` is a rating that was not undone."""


def alias(condition: str, name: str) -> str:
    """Return the condition for a query in which the table `cards` is called `name`."""
    return condition.replace("cards.", f"{name}.")
