"""Measuring whole processes: wall time and peak memory, the median of several runs after one warm-up."""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median
from typing import IO, Any, Final, NamedTuple

PROJECT: Final = Path(__file__).parents[1]
_PEAK_UNIT: Final = 1 if sys.platform == "darwin" else 1024  # of ru_maxrss, in bytes
_DISTURBED: Final = 1.3  # wall time, as a multiple of processor time, of a program that had to wait

Command = Sequence[str | Path]


class CommandFailed(Exception):
    """A measured program did not do its work; the message says which one and what it said."""

    def __init__(self, command: Command, status: int, said: str) -> None:
        last = said.strip().splitlines()[-1:] or ["it said nothing"]
        super().__init__(f"{' '.join(map(str, command))} left with {status}: {last[0]}")


class Run(NamedTuple):
    """One run of a process.

    `seconds` is wall time, `cpu_seconds` time on the processor and `peak_bytes` peak resident memory; None where it is
    not known.
    """

    seconds: float
    cpu_seconds: float | None
    peak_bytes: int | None


@dataclass(frozen=True, slots=True)
class Measured:
    """Several runs of one thing.

    Wall times are seconds. `cpu` is the median time on the processor, which a busy machine changes less, and
    `peak_bytes` the highest peak of memory; None where it was not measured.
    """

    median: float
    fastest: float
    slowest: float
    runs: int
    cpu: float | None = None
    peak_bytes: int | None = None

    @property
    def disturbed(self) -> bool:
        """Whether so much time was spent off the processor that other programs may have had it."""
        return self.cpu is not None and self.median > self.cpu * _DISTURBED


def environment(**more: str) -> Mapping[str, str]:
    """Return the environment of every measured process: this one's, with byte code cached as for any user."""
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    kept.pop("FLASHCARDS_COLLECTION", None)
    paths = [str(PROJECT), *filter(None, [kept.get("PYTHONPATH")])]
    return kept | {"PYTHONPATH": os.pathsep.join(paths)} | more


def run(command: Command, folder: Path, output: IO[str] | int = subprocess.DEVNULL) -> Run:
    """Run a command in `folder` and wait for it. Its output is thrown away unless `output` takes it.

    Raises:
        CommandFailed: it left with another status than 0.
        OSError: it could not be started.
    """
    with tempfile.TemporaryFile("w+", errors="replace") as errors:
        started = time.perf_counter()
        process = subprocess.Popen(
            command,
            cwd=folder,
            env=environment(TMPDIR=str(folder)),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=errors,
        )
        found = waited(process, started)
        if process.returncode:
            errors.seek(0)
            raise CommandFailed(command, process.returncode, errors.read())
    return found


def answer_of(command: Command, folder: Path) -> tuple[Any, int | None]:
    """Return what a command prints as JSON, and its peak memory in bytes.

    Raises:
        CommandFailed: it left with another status than 0.
    """
    with tempfile.TemporaryFile("w+") as output:
        found = run(command, folder, output)
        output.seek(0)
        return json.load(output), found.peak_bytes


def waited(process: subprocess.Popen[bytes], started: float) -> Run:
    """Wait for a process that began at `started` (of `time.perf_counter`)."""
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - started
    process.returncode = os.waitstatus_to_exitcode(status)
    # Linux counts the memory of this process into the peak of the one it starts, so a smaller peak is not to be seen.
    seen = usage.ru_maxrss > resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return Run(seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * _PEAK_UNIT if seen else None)


def repeated(once: Callable[[], Run], runs: int, before: Callable[[], object] | None = None) -> Measured:
    """Return the median of `runs` runs after one that does not count; `before` prepares each and is not timed."""
    found = []
    for number in range(runs + 1):
        if before:
            before()
        each = once()
        if number:
            found.append(each)
    cpu = [each.cpu_seconds for each in found if each.cpu_seconds is not None]
    peaks = [each.peak_bytes for each in found if each.peak_bytes is not None]
    times = summary([each.seconds for each in found])
    return replace(times, cpu=median(cpu) if cpu else None, peak_bytes=max(peaks, default=None))


def summary(seconds: Sequence[float]) -> Measured:
    """Return times taken one by one, as a measurement."""
    return Measured(median(seconds), min(seconds), max(seconds), len(seconds))
