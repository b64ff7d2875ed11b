"""Two halves of one work at once, where the machine has a core to spare.

A fork of this process has all it needs already, so that only results travel. `multiprocessing` would start a server or
send every item to its workers, and takes longer to load than most of the work given to it here.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import BinaryIO, NoReturn, TypeVar

_PIPE_SIZE = 1 << 20  # bytes, the most that Linux allows to anybody

_Item = TypeVar("_Item")
_Result = TypeVar("_Result")


def parallel_map(function: Callable[[_Item], _Result], items: Sequence[_Item], here: int = 2) -> Iterator[_Result]:
    """`function` of each item, in order; some of it is computed by a second process meanwhile.

    What the second process does not give, for there is none or it was killed, is computed here.

    Args:
        function: gives the same wherever and how often it is called; it may not touch a database, and what it returns
            must be pickled in much less time than it is computed.
        items: of about the same size, and together worth some 20 ms: a process costs about 5.
        here: every how many items one is computed in this process; the more, the more else it has to do.
    """
    if len(items) < 2:
        yield from map(function, items)
        return
    import pickle  # here, since it takes long to load, and most runs have little to do

    elsewhere = (function(item) for place, item in enumerate(items) if place % here)
    with _second_process(elsewhere) as results:
        is_given = True
        for place, item in enumerate(items):
            if place % here and is_given:
                try:
                    yield pickle.load(results)  # noqa: S301 - from a process of ours
                    continue
                except (EOFError, pickle.UnpicklingError):
                    is_given = False
            yield function(item)


@contextmanager
def _second_process(results: Iterable[object]) -> Iterator[BinaryIO]:
    """A stream of the pickled results, which are computed in a process that is gone when the block is left.

    It is empty where there can be no second process.
    """
    process = None
    reading, writing = os.pipe()
    if hasattr(os, "fork") and (os.cpu_count() or 1) > 1:
        with suppress(OSError):  # too many processes, or too little memory
            process = os.fork()
    if process == 0:
        _send_and_leave(results, writing)
    _widen(writing)
    os.close(writing)
    try:
        with os.fdopen(reading, "rb") as stream:
            yield stream
    finally:
        if process:
            with suppress(ProcessLookupError, ChildProcessError):  # where the system itself sees to ended processes
                os.kill(process, signal.SIGKILL)
                os.waitpid(process, 0)


def _widen(pipe: int) -> None:
    """Let the second process be well ahead before it has to wait."""
    with suppress(ImportError, AttributeError, OSError):  # Linux alone can
        import fcntl

        fcntl.fcntl(pipe, fcntl.F_SETPIPE_SZ, _PIPE_SIZE)


def _send_and_leave(results: Iterable[object], writing: int) -> NoReturn:
    import pickle

    try:
        with os.fdopen(writing, "wb") as stream:
            for result in results:
                pickle.dump(result, stream, pickle.HIGHEST_PROTOCOL)
                stream.flush()
    finally:
        # Whatever happened, the first process notices; nothing that it has open may be closed or written from here.
        os._exit(0)
