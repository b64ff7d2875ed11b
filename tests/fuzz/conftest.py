"""Limits for fuzzing: no input takes more than ten seconds of the processor, all of a test no more than 500 MB."""

from __future__ import annotations

import resource
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

MEGABYTES = 500


class TooMuch(AssertionError):
    """An input took too much time."""


@pytest.fixture(autouse=True)
def limits() -> Iterator[None]:
    """Let what takes too much time or memory fail, and lift the limits at the end."""
    if sys.platform != "linux":
        yield
        return

    def stop(_number: int, _frame: object) -> None:
        raise TooMuch

    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    used = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0]) * resource.getpagesize()
    earlier = signal.signal(signal.SIGPROF, stop)
    resource.setrlimit(resource.RLIMIT_AS, (used + (MEGABYTES << 20), hard))
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, earlier)
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))
