"""Compute slow reports beside the reviews, in a thread with its own read-only collection."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import CancelledError, Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from flashcards.collection import Access, Collection

Step = Callable[[int, int], None]
"""Called with how much is done, and how much there is in all."""

_PATIENCE: Final = 150.0  # seconds; a browser asks for hidden pages only once a minute


@dataclass
class Job:
    """Something that is computed.

    Attributes:
        name: tells it from other jobs.
        done, total: how far it is; 0 of 0 until that is known.
        result: what it returns, once it is there.
    """

    name: str
    done: int = 0
    total: int = 0
    result: Future[str] = field(default_factory=Future)
    _asked: float = field(default_factory=time.monotonic)

    @property
    def is_abandoned(self) -> bool:
        """Whether no page has asked for it for long."""
        return time.monotonic() - self._asked > _PATIENCE

    def keep(self) -> None:
        """Note that a page asks for it."""
        self._asked = time.monotonic()


class Background:
    """Computes one job after the other; a job that no page waits for any more is stopped.

    Args:
        root: the collection's folder.
    """

    def __init__(self, root: Path) -> None:
        self._root = root
        self._jobs: dict[str, Job] = {}
        self._worker = ThreadPoolExecutor(1, "reports")
        self._ends = threading.Event()

    def ask(self, name: str, compute: Callable[[Collection, Step], str]) -> Job:
        """Return the job of this name, which begins now unless it is under way."""
        for left in [job for job in self._jobs.values() if job.is_abandoned]:
            self.forget(left)
        job = self._jobs.get(name)
        if job is None:
            job = self._jobs[name] = Job(name)
            job.result = self._worker.submit(self._run, job, compute)
        job.keep()
        return job

    def forget(self, job: Job) -> None:
        """Forget a job, so that the next one of its name computes once more."""
        job.result.cancel()
        if self._jobs.get(job.name) is job:
            del self._jobs[job.name]

    def close(self) -> None:
        """Stop what is computed."""
        self._ends.set()
        self._worker.shutdown(cancel_futures=True)

    def _run(self, job: Job, compute: Callable[[Collection, Step], str]) -> str:
        def step(done: int, total: int) -> None:
            job.done, job.total = done, total
            if self._ends.is_set() or job.is_abandoned:
                raise CancelledError

        with Collection(self._root, Access.READ) as collection:
            collection.scan()
            return compute(collection, step)
