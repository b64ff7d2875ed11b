"""A line that is typed while a clock beside it runs. What is typed is never lost to the clock."""

from __future__ import annotations

import sys
from collections.abc import Callable
from shutil import get_terminal_size
from typing import Final

from flashcards.review.keyboard import Keyboard
from flashcards.review.keys import END_OF_INPUT
from flashcards.text import count_columns

EDITOR: Final = "\x05"
"""Ctrl-E: the answer is to be written in the editor."""

_ENTER: Final = ("\r", "\n")
_RUB_OUT: Final = ("\x7f", "\x08")
_CLEAR: Final = "\x15"
_LEAVE: Final = ("\x04", END_OF_INPUT)
_TICK: Final = 1.0  # seconds


class TimedLine:
    """Reads lines below a clock, on one line of the terminal that is drawn anew each second and with each key.

    Args:
        keyboard: open.
        clock: what to show before the line, asked each time; None draws the line once a key, without a clock.

    Attributes:
        typed: what stands on the line.
    """

    def __init__(self, keyboard: Keyboard, clock: Callable[[], str] | None) -> None:
        self._keyboard = keyboard
        self._clock = clock
        self.typed = ""

    def read(self) -> str | None:
        """A line; `EDITOR` when the editor was asked for; None when the person leaves."""
        self.typed = ""
        self._draw()
        while True:
            key = self._keyboard.key_within(_TICK if self._clock else None)
            if key is None:
                self._draw()
                continue
            if key in _LEAVE and not (key == "\x04" and self.typed):
                self._end()
                return None
            if key in _ENTER:
                self._draw()
                self._end()
                return self.typed
            if key == EDITOR:
                self._end()
                return EDITOR
            if key in _RUB_OUT:
                self.typed = self.typed[:-1]
            elif key == _CLEAR:
                self.typed = ""
            elif len(key) == 1 and (key.isprintable() or key == "\t"):
                self.typed += " " if key == "\t" else key
            self._draw()

    def _draw(self) -> None:
        """The clock and as much of the line's end as fits: one line of the terminal, never more."""
        prompt = f"{self._clock()} > " if self._clock else "> "
        room = max(1, get_terminal_size().columns - count_columns(prompt) - 1)
        shown = self.typed
        while count_columns(shown) > room:
            shown = shown[1:]
        sys.stdout.write(f"\r\x1b[K{prompt}{shown}")
        sys.stdout.flush()

    def _end(self) -> None:
        sys.stdout.write("\n")
        sys.stdout.flush()
