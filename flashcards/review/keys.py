"""The keys of a review: what each one does, and their changes in `flashcards.toml`."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from string import ascii_lowercase, ascii_uppercase, digits

from flashcards.review.events import Bury, Event, Quit, Rate, Suspend, Undo
from flashcards.settings import FILE_NAME, SettingInvalid
from flashcards.text import suggest
from scheduler import Rating


class Action(StrEnum):
    """An action of a key; its value is its name in `flashcards.toml`."""

    SHOW = "show"
    AGAIN = "again"
    HARD = "hard"
    GOOD = "good"
    EASY = "easy"
    UNDO = "undo"
    EDIT = "edit"
    BURY = "bury"
    SUSPEND = "suspend"
    SUSPEND_NOTE = "suspend_note"
    FLAG = "flag"
    INFO = "info"
    OPEN = "open"
    REPLAY = "replay"
    HELP = "help"
    QUIT = "quit"
    REDRAW = "redraw"
    UP = "up"
    DOWN = "down"
    PAGE_UP = "page_up"
    PAGE_DOWN = "page_down"
    TOP = "top"
    BOTTOM = "bottom"
    DETAILS = "details"


_KEYS: tuple[tuple[Action, str, str], ...] = (
    (Action.SHOW, " ", "show the answer, then Good (also Enter)"),
    (Action.AGAIN, "1", "Again: forgotten"),
    (Action.HARD, "2", "Hard: recalled with effort"),
    (Action.GOOD, "3", "Good: recalled"),
    (Action.EASY, "4", "Easy: recalled at once"),
    (Action.UNDO, "u", "undo the last rating, flag, burying or suspending"),
    (Action.EDIT, "e", "edit the note in your editor"),
    (Action.BURY, "-", "bury: hide the card until tomorrow"),
    (Action.SUSPEND, "@", "suspend the card"),
    (Action.SUSPEND_NOTE, "!", "suspend all cards of the note"),
    (Action.FLAG, "*", "flag the card, 1 to 7, or 0 for none"),
    (Action.INFO, "i", "the card's place, schedule and history"),
    (Action.OPEN, "o", "open its pictures and other media"),
    (Action.REPLAY, "r", "play its sound again"),
    (Action.HELP, "?", "this list (Ctrl-L redraws the screen)"),
    (Action.DETAILS, "", "open or close the hidden parts of a card (`<details>`)"),
    (Action.UP, "", "scroll a long card (also PgUp, PgDn, Home and End)"),
    (Action.QUIT, "q", "leave (also Esc and Ctrl-D)"),
)
"""The actions in the help, with the default key of each configurable one and an explanation; keys are those of Anki."""

DEFAULTS: Mapping[Action, str] = {action: key for action, key, _ in _KEYS if key}
"""The default keys of the configurable actions."""

RATINGS: Mapping[Action, Rating] = {
    Action.AGAIN: Rating.AGAIN,
    Action.HARD: Rating.HARD,
    Action.GOOD: Rating.GOOD,
    Action.EASY: Rating.EASY,
}

_EVENTS: Mapping[Action, type[Undo | Bury | Quit]] = {Action.UNDO: Undo, Action.BURY: Bury, Action.QUIT: Quit}


def make_event(action: Action, now_ms: int) -> Event | None:
    """Return the event of an action that needs no more than its time; nothing for any other action."""
    if action in RATINGS:
        return Rate(now_ms, RATINGS[action])
    if action in (Action.SUSPEND, Action.SUSPEND_NOTE):
        return Suspend(now_ms, whole_note=action is Action.SUSPEND_NOTE)
    return _EVENTS[action](now_ms) if action in _EVENTS else None


END_OF_INPUT = ""
"""The result of reading a key at the end of input."""

REDRAW = "redraw"
"""The result of reading a key when the screen must be redrawn."""

SCROLLS = (Action.UP, Action.DOWN, Action.PAGE_UP, Action.PAGE_DOWN, Action.TOP, Action.BOTTOM)
"""The actions that scroll."""

_FIXED: Mapping[str, Action] = {
    "\r": Action.SHOW,
    "\n": Action.SHOW,
    "\x1b": Action.QUIT,
    "\x04": Action.QUIT,
    END_OF_INPUT: Action.QUIT,
    "\x0c": Action.REDRAW,
    REDRAW: Action.REDRAW,
    "\t": Action.DETAILS,
    "up": Action.UP,
    "down": Action.DOWN,
    "page up": Action.PAGE_UP,
    "page down": Action.PAGE_DOWN,
    "home": Action.TOP,
    "end": Action.BOTTOM,
}

_NAMES: Mapping[Action, str] = {Action.DETAILS: "Tab", Action.UP: "↑ ↓"}


class KeyMap:
    """Which key does what, with `changes` of the settings; raise `SettingInvalid` for bad actions or shared keys."""

    def __init__(self, changes: Mapping[str, str]) -> None:
        self._keys = dict(DEFAULTS)
        for name, key in changes.items():
            if name not in DEFAULTS:
                raise SettingInvalid(FILE_NAME, _describe_unknown(name))
            if key in _FIXED:
                raise SettingInvalid(FILE_NAME, f"the key of `{name}` in `keys` is reserved.")
            self._keys[Action(name)] = key
        self._actions = dict(_FIXED)
        for action, key in self._keys.items():
            if key in self._actions:
                shared = f"`{self._actions[key]}` and `{action}` in `keys` have the same key `{key}`."
                raise SettingInvalid(FILE_NAME, f"{shared} Give one of them another key.")
            self._actions[key] = action

    def action(self, key: str) -> Action | None:
        """Return the action of a key, or nothing."""
        return self._actions.get(key)

    def label(self, action: Action) -> str:
        """Return the display name of an action's key: `u` or `space`."""
        key = self._keys[action]
        return "space" if key == " " else key

    def assign_point_keys(self, count: int) -> list[str]:
        """Return keys for the points of a rubric card: unused letters, then capitals and digits, as far as they go."""
        return [key for key in ascii_lowercase + ascii_uppercase + digits if key not in self._actions][:count]

    def explanations(self) -> list[tuple[str, str]]:
        """List every key with its explanation."""
        return [(_NAMES.get(action) or self.label(action), text) for action, _, text in _KEYS]


def _describe_unknown(name: str) -> str:
    hint = suggest(name, [action.value for action in DEFAULTS], f"The actions are {', '.join(DEFAULTS)}.")
    return f"`{name}` in `keys` is not an action of the review. {hint}"
