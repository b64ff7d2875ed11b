"""A mock interview in the terminal."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from shutil import get_terminal_size
from typing import TYPE_CHECKING, Final

from flashcards.errors import FlashcardsError
from flashcards.mock.report import format_span
from flashcards.mock.session import Asking, Judging, MockSession, Noting, Over
from flashcards.review.keyboard import Keyboard
from flashcards.review.keys import END_OF_INPUT, RATINGS, Action, KeyMap
from flashcards.review.screen import Screen
from flashcards.review.terminal import exit_on_signals
from flashcards.text import count_columns

if TYPE_CHECKING:
    from collections.abc import Sequence

    from flashcards.collection import Collection
    from flashcards.mock.session import MockView

_HELP: Final = "Answer aloud, or jot it down. Enter on an empty line ends the answer; Ctrl-E writes it in your editor."
_TIME: Final = "The time for this question is over. Finish your thought; it is counted."
_NOTE: Final = "A note to yourself, or Enter to skip it."


class TerminalMock:
    """Carries a mock interview to a person at a terminal.

    Args:
        collection: whose cards are asked.
        session: the interview.
        now_ms: the present instant, in epoch milliseconds.
        plain: for screen readers: no clock that moves; what is left is said with each line.
    """

    def __init__(self, collection: Collection, session: MockSession, now_ms: Callable[[], int], *, plain: bool) -> None:
        self._session = session
        self._now_ms = now_ms
        self._plain = plain
        self._keys = KeyMap(collection.settings.keys)
        self._screen = Screen({}, self._keys, plain=plain)
        self._keyboard = Keyboard()
        self._typed = ""  # of the line that was read last, also where it was not ended

    def run(self) -> Over:
        """Ask until the end, or until the person leaves.

        Raises:
            KeyboardInterrupt: Ctrl-C was pressed. What was rated is kept.
        """
        with exit_on_signals(), self._keyboard:
            self._screen.open()
            while not isinstance(view := self._session.view, Over):
                self._step(view)
        return view

    def _step(self, view: MockView) -> None:
        if isinstance(view, Asking):
            self._ask(view)
        elif isinstance(view, Judging):
            self._judge(view)
        elif isinstance(view, Noting):
            self._screen.say("", _NOTE)
            text = self._line(None)
            if text == EDITOR:
                text = " ".join(self._edit_text(self._typed).split())
            self._session.note(self._now_ms(), self._typed if text is None else text)

    def _ask(self, view: Asking) -> None:
        each, whole = view.question_until_ms - view.since_ms, view.until_ms - view.since_ms
        times = f"{format_span(each / 1000)} for it, {format_span(whole / 1000)} in all"
        heading = f"Question {view.number} of {view.total}. {times}."
        self._screen.ask(view.asked, heading, _HELP)
        lines: list[str] = []
        late = False
        while True:
            if self._plain:
                self._screen.say(f"Left: {self._left(view)}.")
            text = self._line(None if self._plain else lambda: self._left(view), lines)
            if text is None:
                self._keep([*lines, self._typed])
                self._session.leave()
                return
            if not late and self._now_ms() > view.question_until_ms:
                late = True
                self._screen.say(_TIME)
            if text == EDITOR:
                begun = [*lines, self._typed] if self._typed else lines
                lines = self._edit_text("\n".join(begun)).splitlines()
                self._keep(lines)
                continue
            if not text.strip():
                break
            lines.append(text)
            self._keep(lines)
        self._session.answer(self._now_ms(), "\n".join(lines).strip())

    def _line(self, clock: Callable[[], str] | None, lines: Sequence[str] = ()) -> str | None:
        """Read a line. Whatever else ends it, what was typed so far is kept with the `lines`."""
        line = TimedLine(self._keyboard, clock)
        try:
            return line.read()
        except (KeyboardInterrupt, SystemExit):
            self._session.keep_text(self._now_ms(), "\n".join([*lines, line.typed]))
            raise
        finally:
            self._typed = line.typed

    def _keep(self, lines: Sequence[str]) -> None:
        self._session.keep_text(self._now_ms(), "\n".join(lines))

    def _left(self, view: Asking) -> str:
        """Format what is left for the question and in all, `2:05 / 14:40`; negative once it is over."""
        now = self._now_ms()
        parts = []
        for until in (view.question_until_ms, view.until_ms):
            left = (until - now) / 1000
            parts.append(format_span(left) if left >= 0 else f"-{format_span(-left)}")
        return " / ".join(parts)

    def _judge(self, view: Judging) -> None:
        self._screen.judge(view.asked, view.ticked, view.proposed, view.answer)
        while True:
            key = self._keyboard.key()
            action = self._keys.action(key)
            points = self._keys.assign_point_keys(len(view.asked.entry.note.points))
            if key in points:
                self._session.tick(points.index(key))
            elif action is Action.SHOW:
                self._session.rate(self._now_ms(), view.proposed)
            elif action is not None and action in RATINGS:
                self._session.rate(self._now_ms(), RATINGS[action])
            elif action is Action.QUIT:
                self._session.leave()
            else:
                continue
            return

    def _edit_text(self, text: str) -> str:
        """Let the person write the answer in an editor."""
        from flashcards.editor import open_editor

        handle, name = tempfile.mkstemp(prefix="flashcards-answer-", suffix=".md")
        path = Path(name)
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                file.write(text)
            self._keyboard.release()
            try:
                open_editor(path, 1)
            finally:
                self._keyboard.resume()
            return path.read_text(encoding="utf-8", errors="replace")
        except FlashcardsError as error:
            self._screen.say(str(error))
            return text
        finally:
            path.unlink(missing_ok=True)


EDITOR: Final = "\x05"
"""Ctrl-E: the answer is to be written in the editor."""

_ENTER: Final = ("\r", "\n")
_RUB_OUT: Final = ("\x7f", "\x08")
_CLEAR: Final = "\x15"
_LEAVE: Final = ("\x04", END_OF_INPUT)
_TICK: Final = 1.0  # seconds


class TimedLine:
    """Reads a line below a clock, both on one line of the terminal, redrawn each second and with each key.

    Args:
        keyboard: open.
        clock: what to show before the line, asked each time; None draws the line once a key, without a clock.

    Attributes:
        typed: what is on the line.
    """

    def __init__(self, keyboard: Keyboard, clock: Callable[[], str] | None) -> None:
        self._keyboard = keyboard
        self._clock = clock
        self.typed = ""

    def read(self) -> str | None:
        """Read a line; `EDITOR` if the editor was asked for, None if the person leaves."""
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
        """Draw the clock and as much of the line's end as fits on one line of the terminal."""
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
