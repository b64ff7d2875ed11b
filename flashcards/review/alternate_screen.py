"""Draw on the terminal's alternate screen: a scrolling body above a fixed footer."""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from typing import IO, Final

from flashcards.review.keys import Action

_ENTER: Final = "\x1b[?1049h\x1b[H\x1b[2J"
_LEAVE: Final = "\x1b[?1049l"


class Window:
    """Paints lines that fit the terminal's width. It does not capture the mouse, so text can be selected."""

    def __init__(self, file: IO[str]) -> None:
        self._file = file
        self._body: list[str] = []
        self._footer: list[str] = []
        self._top = 0

    def enter(self) -> None:
        """Switch to the alternate screen. The normal one keeps its contents."""
        self._write(_ENTER)

    def leave(self) -> None:
        """Switch back to the normal screen."""
        self._write(_LEAVE)

    def show(self, body: Sequence[str], footer: Sequence[str], top: int | None = 0) -> None:
        """Show a new body, scrolled to line `top`, to its end if negative, or to the current line if None."""
        self._body, self._footer = list(body), list(footer)
        if top is not None:
            self._top = top if top >= 0 else len(body)
        self.paint()

    def append(self, lines: Sequence[str]) -> None:
        """Add lines to the body and scroll down to them."""
        self.show([*self._body, *lines], self._footer, -1)

    def replace_footer(self, footer: Sequence[str]) -> None:
        """Show another footer below the same body."""
        self.show(self._body, footer, None)

    def scroll(self, action: Action) -> None:
        """Move the body by a line or a page, or to an end."""
        room = self._measure_body_room()
        page = max(1, room - 1)
        steps = {Action.UP: -1, Action.DOWN: 1, Action.PAGE_UP: -page, Action.PAGE_DOWN: page}
        ends = {Action.TOP: 0, Action.BOTTOM: len(self._body)}
        self._top = ends[action] if action in ends else min(self._top, self._find_last_top()) + steps[action]
        self.paint()

    def measure_room(self, footer: Sequence[str]) -> int:
        """Return how many lines fit above a footer."""
        return max(1, measure_terminal(self._file).lines - len(footer) - 1)

    def paint(self) -> None:
        """Redraw the visible part in one write, leaving the cursor on the free line below."""
        self._top = max(0, min(self._top, self._find_last_top()))
        lines = [*self._body[self._top : self._top + self._measure_body_room()], *self._draw_position()]
        footer = self._footer[: max(0, measure_terminal(self._file).lines - len(lines) - 1)]
        self._write("\x1b[H" + "".join(f"\x1b[2K{line}\r\n" for line in (*lines, *footer)) + "\x1b[J")

    def _draw_position(self) -> list[str]:
        """Return a line with the visible range of lines, if the body does not fit."""
        last = self._find_last_top()
        if not last:
            return []
        ways = ["↑"] * (self._top > 0) + ["↓"] * (self._top < last)
        shown = f"{self._top + 1}-{min(self._top + self._measure_body_room(), len(self._body))} of {len(self._body)}"
        return [f"\x1b[7m Lines {shown} {' '.join(ways)} \x1b[0m"]

    def _find_last_top(self) -> int:
        return max(0, len(self._body) - self._measure_body_room())

    def _measure_body_room(self) -> int:
        """Return how many lines of the body fit, less one for the position if not all do."""
        room = self.measure_room(self._footer)
        return room if len(self._body) <= room else max(1, room - 1)

    def _write(self, text: str) -> None:
        self._file.write(text)
        self._file.flush()


def measure_terminal(file: IO[str]) -> os.terminal_size:
    """Return the current size of the terminal."""
    try:
        size = os.get_terminal_size(file.fileno())
    except (OSError, ValueError):
        return shutil.get_terminal_size()
    return size if size.columns and size.lines else shutil.get_terminal_size()
