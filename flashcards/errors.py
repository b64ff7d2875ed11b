"""The base class of every error that a user can cause, errors that several modules raise, and what messages share.

Every other error is worded where it is raised, or in its class in the same module: search for a few of its words.

The message is one clear sentence that says what is wrong, followed by what to do. The command line prints it on
standard error and exits with `exit_code`; a person never sees a traceback.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import ClassVar

from flashcards.text import suggest

_TOML_PLACE = re.compile(r" \(at (?:line (\d+), column \d+|end of document)\)")
_TOML_TWICE = ("Cannot overwrite", "Cannot declare", "Duplicate")


class FlashcardsError(Exception):
    """The root of all errors that a person can cause. `exit_code`: 1 for problems in data, 2 for usage."""

    exit_code: ClassVar[int] = 1


class UsageError(FlashcardsError):
    """The command was called with something it cannot use."""

    exit_code: ClassVar[int] = 2


class DeckUnknown(UsageError):
    """No deck has this name."""

    def __init__(self, name: str, known: Iterable[str]) -> None:
        hint = suggest(name, known, "`flashcards list` shows the deck of each card.", cutoff=0.5)
        super().__init__(f"There is no deck `{name}`. {hint}")


def check_extra(who: str, names: Sequence[str], extra: str) -> None:
    """Raise an error if a package of an extra is not installed; `who` needs it."""
    from importlib.util import find_spec

    if missing := [name for name in names if find_spec(name) is None]:
        raise UsageError(
            f"{who} needs {', '.join(missing)}, which the base installation leaves out. Install"
            f" {'it' if len(missing) == 1 else 'them'} with `pip install 'flashcards-md[{extra}]'`."
        )


def describe_os_error(error: OSError) -> str:
    """Describe an error of the system as a sentence that names the file and what to do."""
    import errno
    from pathlib import Path

    if error.errno == errno.ENOENT and not error.filename:
        try:
            Path.cwd()
        except FileNotFoundError:
            return "The working folder no longer exists. Change to another folder and try again."
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


def explain_toml_error(error: Exception, text: str) -> tuple[str, int]:
    """Return why `text` is not valid TOML, and the line on which reading stopped; 0 if it is unknown."""
    if isinstance(error, RecursionError):
        return "it is nested too deeply", 0
    place = _TOML_PLACE.search(str(error))
    line = int(place[1]) if place and place[1] else 0
    reason = _TOML_PLACE.sub("", str(error))
    if reason.startswith(_TOML_TWICE):
        line = line or text.count("\n") + 1
        name = text.split("\n")[line - 1].partition("=")[0].strip(" \t[]")
        reason = f"`{name}` is given twice; keep one of them"
    return reason, line
