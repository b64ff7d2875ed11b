"""A line that is edited on the last line of the terminal, beside a clock if there is one."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Final

from flashcards.review.keyboard import Keyboard
from flashcards.review.keys import END_OF_INPUT
from flashcards.review.window import measure_terminal
from flashcards.text import count_columns

EDITOR: Final = "\x05"
"""Ctrl-E: the answer is to be written in the editor."""

_ENTER: Final = ("\r", "\n")
_LEAVE: Final = ("\x04", END_OF_INPUT)
_TICK: Final = 1.0  # seconds


class LineEditor:
    """Reads a line with the usual editing keys, redrawn with each key, and each second if a clock runs.

    Args:
        keyboard: open.
        prompt: returns what to show before the line.
        is_timed: whether the prompt changes each second.
        pass_on: takes keys that do not concern the line, such as those that scroll.

    Attributes:
        typed: what is on the line.
    """

    def __init__(
        self,
        keyboard: Keyboard,
        prompt: Callable[[], str],
        *,
        is_timed: bool = False,
        pass_on: Callable[[str], None] | None = None,
    ) -> None:
        self._keyboard = keyboard
        self._prompt = prompt
        self._tick = _TICK if is_timed else None
        self._pass_on = pass_on
        self._cursor = 0
        self.typed = ""

    def read(self, *, with_editor: bool = False) -> str | None:
        """Return the line, or nothing if the person leaves; `EDITOR` if that is allowed and was asked for."""
        self.typed, self._cursor = "", 0
        while True:
            self._draw()
            key = self._keyboard.key_within(self._tick)
            if key is None:
                continue
            if key in _LEAVE and not (key == "\x04" and self.typed):
                self._end()
                return None
            if key in _ENTER:
                self._end()
                return self.typed
            if key == EDITOR and with_editor:
                self._end()
                return EDITOR
            self._edit(key)

    def _edit(self, key: str) -> None:
        before, after = self.typed[: self._cursor], self.typed[self._cursor :]
        match key:
            case "\x7f" | "\x08":
                before = before[:-1]
            case "delete" | "\x04":
                after = after[1:]
            case "\x15":  # Ctrl-U
                before = ""
            case "\x0b":  # Ctrl-K
                after = ""
            case "\x17":  # Ctrl-W
                before = before.rstrip()[: before.rstrip().rfind(" ") + 1]
            case "left" | "right":
                step = -1 if key == "left" else 1
                self._cursor = max(0, min(len(self.typed), self._cursor + step))
                return
            case "home" | "\x01":
                self._cursor = 0
                return
            case "end" | "\x05":
                self._cursor = len(self.typed)
                return
            case _:
                if len(key) != 1 or not (key.isprintable() or key == "\t"):
                    if self._pass_on:
                        self._pass_on(key)
                    return
                before += " " if key == "\t" else key
        self.typed, self._cursor = before + after, len(before)

    def _draw(self) -> None:
        """Draw the prompt and the part of the line around the cursor, on one line of the terminal."""
        prompt = self._prompt()
        room = max(1, measure_terminal(sys.stdout).columns - count_columns(prompt) - 1)
        before, after = self.typed[: self._cursor], self.typed[self._cursor :]
        while count_columns(before) > room:
            before = before[1:]
        while count_columns(before + after) > room:
            after = after[:-1]
        back = count_columns(after)
        sys.stdout.write(f"\r\x1b[K{prompt}{before}{after}" + (f"\x1b[{back}D" if back else ""))
        sys.stdout.flush()

    def _end(self) -> None:
        self._cursor = len(self.typed)
        self._draw()
        sys.stdout.write("\n")
        sys.stdout.flush()
