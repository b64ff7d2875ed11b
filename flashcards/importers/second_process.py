"""Compute in a second process what this one needs soon."""

from __future__ import annotations

import os
import pickle
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
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
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        os.close(reading)  # so that it ends with this process, which then is the only reader
        _send(function, batches, writing)
    os.close(writing)
    with os.fdopen(reading, "rb") as source:
        try:
            for batch in batches:
                results = pickle.load(source)  # noqa: S301 - this program wrote it
                yield {item: result for item, result in zip(batch, results, strict=True) if result is not None}
        except (EOFError, pickle.UnpicklingError):
            yield from ({} for _ in batches)
        finally:
            source.close()  # so that the copy ends if its results are not wanted
            os.waitpid(child, 0)


def _can_fork() -> bool:
    """Return whether there is a processor for a copy of this process, and no thread that the copy would lack."""
    return sys.platform == "linux" and len(os.sched_getaffinity(0)) > 1 and threading.active_count() == 1


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
