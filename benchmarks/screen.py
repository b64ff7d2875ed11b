"""How long a program takes until something is to be seen: in a terminal, or on a page it serves."""

from __future__ import annotations

import fcntl
import os
import pty
import select
import signal
import struct
import subprocess
import termios
import time
from collections.abc import Callable
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Final

from benchmarks.measure import Command, CommandFailed, Run, environment, waited

_PATIENCE: Final = 60.0  # seconds
_ROWS: Final = 24
_COLUMNS: Final = 80


def until_shown(command: Command, folder: Path, word: str, leave: bytes) -> Run:
    """Run a command in a terminal of 80 by 24 until `word` is on it, then type `leave`.

    Returns:
        The time until the word was there, and the peak memory of the process.

    Raises:
        CommandFailed: it ended, or a minute went by, without the word.
    """
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", _ROWS, _COLUMNS, 0, 0))
    started = time.perf_counter()
    process = subprocess.Popen(
        command,
        cwd=folder,
        env=environment(TERM="xterm-256color"),
        stdin=slave,
        stdout=slave,
        stderr=slave,
        start_new_session=True,
    )
    os.close(slave)
    try:
        shown = _seconds_until(word.encode(), master, started)
        if shown is not None:
            os.write(master, leave)
        return _ended(process, command, started, shown, lambda: _read(master, 0.05))
    finally:
        os.close(master)


def until_served(command: Command, folder: Path, port: int, word: str) -> Run:
    """Run a web server on this machine until its first page holds `word`, then end it.

    Returns:
        The time until the page was there, and the peak memory of the process.

    Raises:
        CommandFailed: it ended, or a minute went by, without the word.
    """
    started = time.perf_counter()
    process = subprocess.Popen(
        command,
        cwd=folder,
        env=environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    shown = None
    while shown is None and process.poll() is None and time.perf_counter() - started < _PATIENCE:
        if word in _page(port):
            shown = time.perf_counter() - started
        else:
            time.sleep(0.001)
    if process.returncode is not None:
        raise CommandFailed(command, process.returncode, f"no page with {word!r}")
    process.send_signal(signal.SIGTERM)
    return _ended(process, command, started, shown, lambda: time.sleep(0.01))


def _page(port: int) -> str:
    connection = HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", "/")
        return connection.getresponse().read().decode(errors="replace")
    except (OSError, HTTPException):
        return ""
    finally:
        connection.close()


def _seconds_until(word: bytes, master: int, started: float) -> float | None:
    seen = b""
    while (left := started + _PATIENCE - time.perf_counter()) > 0:
        data = _read(master, left)
        if not data:
            return None
        seen += data
        if word in seen:
            return time.perf_counter() - started
    return None


def _read(master: int, patience: float) -> bytes:
    """Return what the terminal shows next; nothing at its end, or when that takes too long."""
    try:
        return os.read(master, 65_536) if select.select([master], [], [], patience)[0] else b""
    except OSError:  # Linux says so when the last program has left the terminal
        return b""


def _ended(
    process: subprocess.Popen[bytes], command: Command, started: float, shown: float | None, idle: Callable[[], object]
) -> Run:
    """Wait for a process that was told to leave, and make it leave if it does not."""
    deadline = time.perf_counter() + 5
    while (
        shown is not None
        and time.perf_counter() < deadline
        and os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None
    ):
        idle()
    os.kill(process.pid, signal.SIGKILL)  # does nothing to one that has left; Popen.kill would reap it
    found = waited(process, started)
    if shown is None:
        raise CommandFailed(command, process.returncode, "what it was to show did not appear")
    return Run(shown, None, found.peak_bytes)
