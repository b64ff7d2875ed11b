"""Every error a person can cause, under one root.

The message is one clear sentence that says what is wrong, followed by what to do. The command line prints it on
standard error and leaves with `exit_code`; no traceback reaches a person.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar


class FlashcardsError(Exception):
    """Root of the errors a person can cause. `exit_code`: 1 for problems in decks or data, 2 for usage."""

    exit_code: ClassVar[int] = 1


class UsageError(FlashcardsError):
    """The command was called with something it cannot take."""

    exit_code: ClassVar[int] = 2


class DeckUnknown(UsageError):
    """There is no deck of this name."""

    def __init__(self, name: str, known: Iterable[str]) -> None:
        import difflib

        nearest = difflib.get_close_matches(name, list(known), 1, 0.5)
        hint = f"Did you mean `{nearest[0]}`?" if nearest else "`flashcards due` shows the decks."
        super().__init__(f"There is no deck `{name}`. {hint}")


def sentence(error: OSError) -> str:
    """What the system says, as a sentence that names the file and what to do."""
    import errno

    place = f"{error.filename}: " if error.filename else ""
    advice = {
        errno.ENOSPC: "Free some space and try again.",
        errno.EDQUOT: "Free some space and try again.",
        errno.EACCES: "Check its permissions.",
        errno.EPERM: "Check its permissions.",
        errno.EROFS: "Choose a place that can be written to.",
        errno.ENOENT: "Check the path.",
    }.get(error.errno or 0, "Check the path and try again.")
    return f"{place}{error.strerror or error}. {advice}"
