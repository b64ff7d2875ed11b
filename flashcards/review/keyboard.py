"""Reading keys, one at a time and unechoed, and lines, from the terminal."""

from __future__ import annotations

import os
import signal
import sys
from contextlib import suppress
from types import FrameType, TracebackType
from typing import Any, Self

from flashcards.review.keys import END_OF_INPUT

_SEQUENCE_SECONDS = 0.05  # within which the rest of an escape sequence follows its first character
_INTERRUPT = "\x03"
_UNKNOWN = "\x1b[?"  # stands for every key that sends an escape sequence


class Keyboard:
    """The terminal's keyboard, without echo as long as the block runs; at its end all is as it was.

    The mode holds for the whole block, not a key at a time, so that keys typed ahead are neither lost nor echoed.
    Ctrl-C raises KeyboardInterrupt at any time.
    """

    def __init__(self) -> None:
        self._fd = sys.stdin.fileno()
        self._before: list[Any] | None = None
        self._on_continue: Any = None
        self._woken = self._waker = self._waker_before = -1

    def __enter__(self) -> Self:
        if sys.platform != "win32":
            import termios

            self._before = termios.tcgetattr(self._fd)
            self._listen()
            # A signal that comes just before we wait would go unnoticed until the next key: it writes here, too.
            self._woken, self._waker = os.pipe()
            os.set_blocking(self._woken, False)
            os.set_blocking(self._waker, False)
            self._waker_before = signal.set_wakeup_fd(self._waker, warn_on_full_buffer=False)
            # A shell that stopped us with Ctrl-Z has put its own mode in place of ours.
            self._on_continue = signal.signal(signal.SIGCONT, self._continued)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if sys.platform != "win32":
            signal.signal(signal.SIGCONT, self._on_continue)
            self.release()
            signal.set_wakeup_fd(self._waker_before)
            os.close(self._woken)
            os.close(self._waker)

    def key(self) -> str:
        """The next key: a character, or `END_OF_INPUT` when there is no more input or the terminal is gone."""
        if sys.platform == "win32":
            import click

            return click.getchar()
        character = self._character()
        if character == _INTERRUPT:
            raise KeyboardInterrupt
        if character == "\x1b" and self._more(_SEQUENCE_SECONDS):
            self._skip_sequence()
            return _UNKNOWN
        return character

    def key_within(self, seconds: float | None) -> str | None:
        """The next key, or None when none is pressed within so many seconds; None waits for ever."""
        return self.key() if self._more(seconds) else None

    def line(self, prompt: str) -> str | None:
        """A line typed with the usual editing keys; None at the end of input."""
        # Merely being imported, it gives `input` its editing keys and its history.
        with suppress(ImportError):
            import readline

            readline.set_auto_history(False)
        # Readline, too, misses a signal that comes as it sets out to wait, so the waiting for the first key is ours.
        sys.stdout.write(prompt)
        sys.stdout.flush()
        self._more(None)
        sys.stdout.write("\r")
        self.release()
        try:
            return input(prompt)
        except (EOFError, OSError):
            with suppress(OSError):  # the terminal may be gone
                sys.stdout.write("\n")  # what follows begins a line
            return None
        finally:
            self.resume()

    def release(self) -> None:
        """Give the terminal back as it was, for another program or a line."""
        if sys.platform != "win32" and self._before is not None:
            import termios

            with suppress(termios.error):  # the terminal may be gone
                termios.tcsetattr(self._fd, termios.TCSADRAIN, self._before)

    def resume(self) -> None:
        """Take it again."""
        if self._before is not None:
            self._listen()

    def _listen(self) -> None:
        """No echo, no waiting for the end of a line; signals stay, so that Ctrl-C and Ctrl-Z work."""
        if sys.platform != "win32":
            import termios

            mode = termios.tcgetattr(self._fd)
            mode[3] &= ~(termios.ECHO | termios.ICANON)
            mode[6][termios.VMIN] = 1
            mode[6][termios.VTIME] = 0
            with suppress(termios.error):
                # Unlike `tty.setcbreak`, keeps what has been typed already.
                termios.tcsetattr(self._fd, termios.TCSADRAIN, mode)

    def _continued(self, _signal: int, _frame: FrameType | None) -> None:
        self._listen()

    def _character(self) -> str:
        data = self._byte()
        while data and len(data) < 4:
            try:
                return data.decode()
            except UnicodeDecodeError:
                more = self._byte()
                if not more:
                    break
                data += more
        return data.decode(errors="replace")[:1] if data else END_OF_INPUT

    def _byte(self) -> bytes:
        self._more(None)
        try:
            return os.read(self._fd, 1)
        except OSError:
            return b""

    def _more(self, seconds: float | None) -> bool:
        """Whether there is something to read within this time; None waits until there is."""
        if sys.platform == "win32":
            return True
        import select

        while True:
            ready = select.select([self._fd, self._woken], [], [], seconds)[0]
            if self._woken not in ready:
                return bool(ready)
            with suppress(BlockingIOError):
                os.read(self._woken, 4096)  # the signal's handler runs now

    def _skip_sequence(self) -> None:
        """Read the rest of an escape sequence: `[` or `O`, parameters, a final character; or one character."""
        character = self._character()
        if character in ("[", "O"):
            while self._more(_SEQUENCE_SECONDS) and not "@" <= (character := self._character()) <= "~":
                pass
