"""Read single keys without echo, and lines that can be edited while a clock runs."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from types import FrameType
from typing import Any, Final, Self

from flashcards.review.keys import END_OF_INPUT, REDRAW
from flashcards.review.screen_parts import measure_terminal
from flashcards.text import count_columns, gate

_SEQUENCE_SECONDS = 0.05  # maximum delay between the characters of an escape sequence
_INTERRUPT = "\x03"
_UNKNOWN = "\x1b[?"  # represents all keys with an unknown escape sequence

_SEQUENCES: Final[Mapping[str, str]] = {
    **{
        f"{start}{letter}": name
        for start in "[O"
        for letter, name in zip("ABCDHF", ("up", "down", "right", "left", "home", "end"), strict=True)
    },
    "[1~": "home",
    "[7~": "home",
    "[4~": "end",
    "[8~": "end",
    "[5~": "page up",
    "[6~": "page down",
    "[3~": "delete",
}
"""The names of keys by escape sequence, without the escape character."""


def _do_nothing() -> None:
    pass


class Keyboard:
    """The terminal's keyboard, without echo inside a `with` block; the terminal is restored at its end.

    The mode holds for the whole block, so keys typed ahead are neither lost nor echoed. Ctrl-C raises KeyboardInterrupt
    at any time. `REDRAW` is returned as a key after Ctrl-Z and `fg`, and after a change of the window's size. `pause`
    is called before another program gets the terminal, and `resume` afterwards.
    """

    def __init__(self, pause: Callable[[], None] = _do_nothing, resume: Callable[[], None] = _do_nothing) -> None:
        self._fd = sys.stdin.fileno()
        self._pause = pause
        self._resume = resume
        self._before: list[Any] | None = None
        self._handlers: dict[int, Any] = {}
        self._woken = self._waker = self._waker_before = -1
        self._is_released = False
        self._must_redraw = False

    def __enter__(self) -> Self:
        if sys.platform != "win32":
            import termios

            self._before = termios.tcgetattr(self._fd)
            self._set_raw_mode()
            # A signal just before the wait would go unnoticed until the next key, so its number is written to this
            # pipe.
            self._woken, self._waker = os.pipe()
            os.set_blocking(self._woken, False)
            os.set_blocking(self._waker, False)
            self._waker_before = signal.set_wakeup_fd(self._waker, warn_on_full_buffer=False)
            for number, handler in (
                (signal.SIGCONT, self._continue),
                (signal.SIGTSTP, self._stop),
                (signal.SIGWINCH, self._change_size),
            ):
                self._handlers[number] = signal.signal(number, handler)
        return self

    def __exit__(self, *_error: object) -> None:
        if sys.platform != "win32":
            for number, handler in self._handlers.items():
                signal.signal(number, handler)
            self._restore_mode()
            signal.set_wakeup_fd(self._waker_before)
            os.close(self._woken)
            os.close(self._waker)

    def key(self) -> str:
        """Return the next key: a character, a key's name, `REDRAW`, or `END_OF_INPUT` if there is no more input."""
        if sys.platform == "win32":
            import click

            return click.getchar()
        self._has_more(None)
        if self._must_redraw:
            self._must_redraw = False
            return REDRAW
        character = self._read_character()
        if character == _INTERRUPT:
            raise KeyboardInterrupt
        if character == "\x1b" and self._has_more(_SEQUENCE_SECONDS):
            return _SEQUENCES.get(self._read_sequence(), _UNKNOWN)
        return character

    def key_within(self, seconds: float | None) -> str | None:
        """Return the next key, or nothing if none is pressed within these seconds. Without them, wait."""
        return self.key() if self._has_more(seconds) else None

    def line(self, prompt: str) -> str | None:
        """Return a line typed with the usual editing keys, or None at the end of input."""
        # Importing it gives `input` its editing keys and history.
        with suppress(ImportError):
            import readline

            readline.set_auto_history(False)
        # Readline also misses a signal that arrives just before it waits, so wait for the first key here.
        prompt = gate(prompt)
        sys.stdout.write(prompt)
        sys.stdout.flush()
        self._has_more(None)
        sys.stdout.write("\r")
        self._restore_mode()
        try:
            return input(prompt)
        except (EOFError, OSError):
            with suppress(OSError):  # the terminal may be gone
                sys.stdout.write("\n")  # later output starts on a new line
            return None
        finally:
            self._set_raw_mode()

    def release(self) -> None:
        """Restore the terminal for another program."""
        self._is_released = True
        self._pause()
        self._restore_mode()

    def regain(self) -> None:
        """Take the terminal back."""
        if self._before is not None:
            self._set_raw_mode()
        self._resume()
        self._is_released = False

    def _restore_mode(self) -> None:
        if sys.platform != "win32" and self._before is not None:
            import termios

            with suppress(termios.error):  # the terminal may be gone
                termios.tcsetattr(self._fd, termios.TCSADRAIN, self._before)

    def _set_raw_mode(self) -> None:
        """Turn off echo and line buffering. Signals stay on, so Ctrl-C and Ctrl-Z work."""
        if sys.platform != "win32":
            import termios

            mode = termios.tcgetattr(self._fd)
            mode[3] &= ~(termios.ECHO | termios.ICANON)
            mode[6][termios.VMIN] = 1
            mode[6][termios.VTIME] = 0
            with suppress(termios.error):
                # Unlike `tty.setcbreak`, this keeps the keys typed so far.
                termios.tcsetattr(self._fd, termios.TCSADRAIN, mode)

    def _stop(self, _signal: int, _frame: FrameType | None) -> None:
        """Restore the terminal, then stop as Ctrl-Z does."""
        if not self._is_released:
            self._pause()
            self._restore_mode()
        if sys.platform != "win32":
            signal.signal(signal.SIGTSTP, signal.SIG_DFL)
            os.kill(os.getpid(), signal.SIGTSTP)
            signal.signal(signal.SIGTSTP, self._stop)
            self._continue(signal.SIGCONT, None)  # no signal arrives if the process cannot be stopped

    def _continue(self, _signal: int, _frame: FrameType | None) -> None:
        """Take the terminal back, because the shell has set its own mode."""
        if not self._is_released:
            self._set_raw_mode()
            self._resume()
            self._must_redraw = True

    def _change_size(self, _signal: int, _frame: FrameType | None) -> None:
        self._must_redraw = True

    def _read_character(self) -> str:
        data = self._read_byte()
        while data and len(data) < 4:
            try:
                return data.decode()
            except UnicodeDecodeError:
                more = self._read_byte()
                if not more:
                    break
                data += more
        return data.decode(errors="replace")[:1] if data else END_OF_INPUT

    def _read_byte(self) -> bytes:
        self._has_more(None)
        try:
            return os.read(self._fd, 1)
        except OSError:
            return b""

    def _has_more(self, seconds: float | None) -> bool:
        """Return whether a key is available within this time. Without a time, wait for one."""
        if sys.platform == "win32":
            return True
        import select

        while not self._must_redraw:
            ready = select.select([self._fd, self._woken], [], [], seconds)[0]
            if self._woken not in ready:
                return bool(ready)
            with suppress(BlockingIOError):
                os.read(self._woken, 4096)  # the signal handler runs now
        return True

    def _read_sequence(self) -> str:
        """Read the rest of an escape sequence: `[` or `O`, parameters, a final character; or one character."""
        found = character = self._read_character()
        if character in ("[", "O"):
            while self._has_more(_SEQUENCE_SECONDS):
                character = self._read_character()
                found += character
                if "@" <= character <= "~":
                    break
        return found


EDITOR: Final = "\x05"
"""Ctrl-E, which opens the answer in the editor."""

_ENTER: Final = ("\r", "\n")
_LEAVE: Final = ("\x04", END_OF_INPUT)
_TICK: Final = 1.0  # seconds


class LineEditor:
    """Reads a line with the usual editing keys, redrawn with each key, and each second if the prompt `is_timed`.

    `prompt` returns what to show before the line; `pass_on` takes keys that do not concern it, such as those that
    scroll.
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
        self.typed = ""  # the text of the line

    def read(self, *, with_editor: bool = False) -> str | None:
        """Return the line, or nothing if the person leaves. If allowed, return `EDITOR` when requested."""
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
        prompt = gate(self._prompt())
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
