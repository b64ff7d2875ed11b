"""Learning and relearning steps, by Anki's rules.

A card carries how many steps it has left, the present one included, so that a change of the settings moves it as little
as possible. Steps and delays are seconds.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from scheduler.model import DAY_SECONDS

if TYPE_CHECKING:
    from collections.abc import Sequence


def again_delay(steps: Sequence[int]) -> int | None:
    """The delay after Again: the first step; None without steps."""
    return steps[0] if steps else None


def hard_delay(steps: Sequence[int], left: int) -> int | None:
    """The delay after Hard: the present step again, but on the first one something between Again and Good."""
    if not steps:
        return None
    index = _index(steps, left)
    if index > 0:
        return steps[index]
    if len(steps) > 1:
        return _whole_days((steps[0] + steps[1]) // 2)
    return _whole_days(min(steps[0] * 3 // 2, steps[0] + DAY_SECONDS))


def good_delay(steps: Sequence[int], left: int) -> int | None:
    """The delay after Good: the next step; None when there is none, so that the card leaves the steps."""
    following = _index(steps, left) + 1
    return steps[following] if following < len(steps) else None


def left_after_good(steps: Sequence[int], left: int) -> int:
    """Steps left after Good on a step that is not the last."""
    return max(0, len(steps) - (_index(steps, left) + 1))


def _index(steps: Sequence[int], left: int) -> int:
    """Which step the card is on, kept within the steps there are now."""
    return max(0, min(len(steps) - left, len(steps) - 1))


def _whole_days(seconds: int) -> int:
    """More than a day is rounded to days, so that the hour of the answer makes no difference."""
    if seconds <= DAY_SECONDS:
        return seconds
    return (seconds + DAY_SECONDS // 2) // DAY_SECONDS * DAY_SECONDS
