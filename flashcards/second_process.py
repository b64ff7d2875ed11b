"""Compute in a second process what the first will soon need, if the computer has a core to spare.

A fork of this process has everything in memory already, so only results travel. It never touches a file or database
that this process has open, and ends without closing any.
"""

from __future__ import annotations

import gc
import os
import select
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from typing import Final, Generic, NoReturn, TypeVar

_PIPE_SIZE: Final = 1 << 20  # bytes, the most that Linux allows everyone
_HEAD: Final = 8  # bytes before a result, which hold its length

_Item = TypeVar("_Item")
_Result = TypeVar("_Result")


def compute_ahead(function: Callable[[_Item], _Result], items: Sequence[_Item]) -> Iterator[_Result]:
    """Yield `function` of each item, in order.

    A second process begins with the first item. Whenever its next result is not ready, this process computes an item
    from the end, until they meet. Without a second process, or when it dies, this one computes everything.

    `function` must have no effects and use no database, and its results must be quick to pickle. Together the items
    should take 20 ms or more, because a process costs about 5.
    """
    worker = None
    if len(items) > 1 and _can_fork():
        with suppress(OSError):  # too many open files
            worker = _Worker(function, items)
    if worker is None:
        yield from map(function, items)
        return
    own: dict[int, _Result] = {}  # results computed here
    try:
        for index, item in enumerate(items):
            while index not in own and not worker.has_result() and worker.take_last(index):
                own[worker.left] = function(items[worker.left])
            if index in own:
                yield own.pop(index)
            elif received := worker.receive():
                yield received[0]
            else:
                yield function(item)
    finally:
        worker.end()


def _can_fork() -> bool:
    """Return whether a second process is safe, and would run at the same time as this one.

    A fork has one thread alone: a lock that another one holds would never open there. On macOS, system libraries may
    fail in a fork.
    """
    if sys.platform != "linux" or len(os.sched_getaffinity(0)) == 1:
        return False
    threading = sys.modules.get("threading")
    return threading is None or threading.active_count() == 1


class _Worker(Generic[_Item, _Result]):
    """The second process. It sends the results of the items in order, except those that the first process took."""

    def __init__(self, function: Callable[[_Item], _Result], items: Sequence[_Item]) -> None:
        import mmap  # imported late, like `pickle`, because most runs have little to do

        self._function = function
        self._items = items
        self._shared = memoryview(mmap.mmap(-1, 8)).cast("q")
        self._shared[0] = len(items)
        self._reading, writing = os.pipe()
        self._poll = select.poll()
        self._poll.register(self._reading)
        self._process = 0
        # An interrupted fork would go on as if it were this process.
        blocked = signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
        try:
            with suppress(OSError):  # too many processes, or too little memory
                self._process = os.fork()
                if not self._process:
                    self._compute(writing, blocked)
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, blocked)
        _widen(writing)
        os.close(writing)

    def _compute(self, writing: int, blocked: set[int | signal.Signals]) -> NoReturn:
        """Send results until no item is left, or the first process has ended. Only the second process runs this."""
        try:
            gc.freeze()  # garbage of the first process, such as open files, is closed there alone
            for number in signal.valid_signals():
                if callable(signal.getsignal(number)):  # it belongs to the first process
                    signal.signal(number, signal.SIG_DFL)
            signal.pthread_sigmask(signal.SIG_SETMASK, blocked)
            os.close(self._reading)
            import pickle

            index = 0
            while index < self.left:
                data = pickle.dumps(self._function(self._items[index]), pickle.HIGHEST_PROTOCOL)
                message = memoryview(len(data).to_bytes(_HEAD, "big") + data)
                while message:
                    message = message[os.write(writing, message) :]
                index += 1
        finally:
            # Whatever happened, the first process notices, and nothing that it has open may be closed here.
            os._exit(0)

    @property
    def left(self) -> int:
        """The number of items without those that the first process took from the end."""
        return self._shared[0]

    def take_last(self, index: int) -> bool:
        """Take the last item that is left, unless it is that of `index`, which the second process computes."""
        if self.left <= index + 1:
            return False
        self._shared[0] -= 1
        return True

    def has_result(self) -> bool:
        """Return whether a result is ready, or the second process has ended."""
        return bool(self._poll.poll(0))

    def receive(self) -> tuple[_Result] | None:
        """Wait for the next result; return nothing if the second process has ended."""
        import pickle

        data = self._read(int.from_bytes(self._read(_HEAD), "big"))
        return (pickle.loads(data),) if data else None  # noqa: S301 - from a process of ours

    def _read(self, size: int) -> bytes:
        """Read exactly `size` bytes, or nothing if they do not come."""
        parts = []
        while size:
            part = os.read(self._reading, size)
            if not part:
                return b""
            parts.append(part)
            size -= len(part)
        return b"".join(parts)

    def end(self) -> None:
        """End the second process and wait for it."""
        os.close(self._reading)
        if self._process:
            with suppress(ProcessLookupError, ChildProcessError):  # where the system itself waits for ended processes
                os.kill(self._process, signal.SIGKILL)
                os.waitpid(self._process, 0)


def _widen(pipe: int) -> None:
    """Let the second process be well ahead before it has to wait."""
    with suppress(AttributeError, OSError):
        import fcntl

        fcntl.fcntl(pipe, fcntl.F_SETPIPE_SZ, _PIPE_SIZE)
