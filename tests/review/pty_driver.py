"""A program on a terminal of its own: what it draws is read, keys are sent."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

ROOT = Path(__file__).parents[2]
PATIENCE = 30.0  # seconds; a machine under load is no failure

_ESCAPES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|\x1b[=>]|\r")
# The terminal becomes the controlling one, so that Ctrl-C and hanging up reach the program as signals.
_LAUNCH = "import fcntl,os,sys,termios; fcntl.ioctl(0, termios.TIOCSCTTY, 0); os.execv(sys.argv[1], sys.argv[1:])"


class Terminal:
    """`flashcards`, or another `program`, on a terminal of `columns` by `rows`; closed and killed at the end."""

    def __init__(
        self, *arguments: str, columns: int = 80, rows: int = 24, program: Sequence[str] = (), **environment: str
    ) -> None:
        self._master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        self.mode: list[Any] = termios.tcgetattr(slave)
        self._slave = slave
        kept = {name: value for name, value in os.environ.items() if name not in _LEFT_OUT}
        self.process = subprocess.Popen(
            [sys.executable, "-c", _LAUNCH, *(program or (sys.executable, "-m", "flashcards")), *arguments],
            stdin=slave,
            stdout=slave,
            stderr=slave,
            cwd=ROOT,
            env={**kept, "TERM": "xterm-256color", **environment},
            start_new_session=True,
        )
        self._read = b""
        self._seen = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self.hang_up()

    @property
    def text(self) -> str:
        """All that was drawn so far, without escape sequences."""
        return _ESCAPES.sub("", self.raw)

    @property
    def raw(self) -> str:
        """The same with them."""
        return self._read.decode(errors="replace")

    def send(self, keys: str) -> None:
        """Type these keys."""
        os.write(self._master, keys.encode())

    def wait_for(self, wanted: str) -> str:
        """Read until `wanted` is drawn after what was waited for last; returns what was drawn until then."""
        end = time.monotonic() + PATIENCE
        while wanted not in (new := self.text[self._seen :]):
            if not self._more(end - time.monotonic()):
                raise AssertionError(f"{wanted!r} never appeared. The terminal shows:\n{self.text}")
        drawn = new[: new.index(wanted) + len(wanted)]
        self._seen += len(drawn)
        return drawn

    def act(self, keys: str, wanted: str) -> str:
        """Type keys and wait for what they bring."""
        self.send(keys)
        return self.wait_for(wanted)

    def ended(self) -> int:
        """The exit code, once the program has ended; all that it drew has then been read."""
        end = time.monotonic() + PATIENCE
        while self.process.poll() is None and time.monotonic() < end:
            self._more(0.05)
        while self._more(0.05):
            pass
        return self.process.wait(timeout=PATIENCE)

    def mode_now(self) -> list[Any]:
        """The terminal's settings as they are now."""
        return termios.tcgetattr(self._slave)

    def resize(self, columns: int, rows: int) -> None:
        """Give the window another size."""
        fcntl.ioctl(self._slave, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def kill(self) -> None:
        """End the program by SIGKILL."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def hang_up(self) -> None:
        """Close the terminal."""
        for handle in (self._master, self._slave):
            if handle >= 0:
                os.close(handle)
        self._master = self._slave = -1

    def _more(self, seconds: float) -> bool:
        """Read what there is within this time; whether there was anything."""
        if not select.select([self._master], [], [], max(0.0, seconds))[0]:
            return False
        try:
            data = os.read(self._master, 65536)
        except OSError:
            return False
        self._read += data
        return bool(data)


_LEFT_OUT = {"NO_COLOR", "COLORTERM", "FORCE_COLOR", "COLUMNS", "LINES", "VISUAL", "EDITOR", "FLASHCARDS_COLLECTION"}
