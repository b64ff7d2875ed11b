"""Compute in a second process what this one needs soon."""

from __future__ import annotations

import os
import pickle
import signal
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from typing import Final, NoReturn, TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")

_WORTHWHILE: Final = 5_000  # items


def compute_ahead(
    function: Callable[[Item], Result], batches: Sequence[Sequence[Item]]
) -> Iterator[dict[Item, Result]]:
    """Yield the results of each batch of items, which a copy of this process computes in the meantime.

    Items for which the function fails are missing. So are all items if a second process is not worthwhile or ends
    early: the caller must be able to compute each by itself.
    """
    if sum(map(len, batches)) < _WORTHWHILE or not _can_fork():
        yield from ({} for _ in batches)
        return
    try:
        reading, writing = os.pipe()
    except OSError:  # too many open files
        yield from ({} for _ in batches)
        return
    with os.fdopen(reading, "rb") as source:
        child = _fork(function, batches, reading, writing)
        try:
            for batch in batches:
                results = pickle.load(source)  # noqa: S301 - this program wrote it
                yield {item: result for item, result in zip(batch, results, strict=True) if result is not None}
        except (EOFError, pickle.UnpicklingError):
            yield from ({} for _ in batches)
        finally:
            source.close()  # so that the copy ends if its results are not wanted
            if child:
                with suppress(ChildProcessError):  # the system waits for it if SIGCHLD is ignored
                    os.waitpid(child, 0)


def _can_fork() -> bool:
    """Return whether there is a processor for a copy of this process, and no thread that the copy would lack."""
    return sys.platform == "linux" and len(os.sched_getaffinity(0)) > 1 and threading.active_count() == 1


def _fork(
    function: Callable[[Item], Result], batches: Sequence[Sequence[Item]], reading: int, writing: int
) -> int | None:
    """Return the id of a copy of this process that writes the results, or nothing if the system allows no copy.

    The copy must never run the code of a caller. So Ctrl+C waits until the copy has its own way to end.
    """
    before = signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])
    try:
        child = os.fork()
        if not child:
            try:
                os.close(reading)  # so that it ends with this process, which then is the only reader
                signal.signal(signal.SIGINT, signal.SIG_DFL)
                signal.pthread_sigmask(signal.SIG_SETMASK, before)
                _send(function, batches, writing)
            finally:
                os._exit(1)
    except OSError:  # too many processes, or too little memory
        return None
    finally:
        os.close(writing)
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
    return child


def _send(function: Callable[[Item], Result], batches: Sequence[Sequence[Item]], pipe: int) -> NoReturn:
    """Write the results of all batches to a pipe, then end this process."""

    def attempt(item: Item) -> Result | None:
        try:
            return function(item)
        except Exception:
            return None

    try:
        with os.fdopen(pipe, "wb") as sink:
            for batch in batches:
                pickle.dump([attempt(item) for item in batch], sink)
    finally:
        os._exit(0)
