"""What a second process computes is what one process computes alone, whatever happens to the second."""

from __future__ import annotations

import errno
import gc
import os
import select
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from flashcards.second_process import compute_ahead

HERE = os.getpid()
ITEMS = list(range(31))

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only Linux gets a second process")


@pytest.fixture(autouse=True)
def _two_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    """Allow a second process, although those of the tests have threads."""
    monkeypatch.setattr(os, "sched_getaffinity", lambda _process: {0, 1})
    monkeypatch.setattr(threading, "active_count", lambda: 1)


@pytest.fixture
def forks(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The processes begun so far."""
    fork = os.fork
    found: list[int] = []

    def remember() -> int:
        process = fork()
        found.append(process)
        return process

    monkeypatch.setattr(os, "fork", remember)
    return found


def square(number: int) -> int:
    return number * number


def find_process(_item: int) -> int:
    return os.getpid()


def is_gone(process: int) -> bool:
    try:
        os.waitpid(process, os.WNOHANG)
    except ChildProcessError:
        return True
    return False


def test_results_come_in_the_order_of_the_items() -> None:
    assert list(compute_ahead(square, ITEMS)) == [square(item) for item in ITEMS]


def test_two_processes_share_the_items() -> None:
    reading, writing = os.pipe()

    def work(_item: int) -> int:
        if os.getpid() == HERE:
            os.write(writing, b"x")
        else:  # the first item waits for the first process
            assert select.select([reading], [], [], 60)[0]
        return os.getpid()

    processes = list(compute_ahead(work, ITEMS))
    assert processes[0] != HERE
    assert processes[-1] == HERE


@pytest.mark.parametrize("items", [[], [1]])
def test_one_item_needs_no_process(items: list[int], forks: list[int]) -> None:
    assert list(compute_ahead(square, items)) == items
    assert not forks


def test_one_core_computes_everything_here(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _process: {3})
    assert set(compute_ahead(find_process, ITEMS)) == {HERE}


def test_a_process_with_threads_is_never_copied(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(threading, "active_count", lambda: 2)
    assert set(compute_ahead(find_process, ITEMS)) == {HERE}


@pytest.mark.parametrize("name", ["fork", "pipe"])
def test_a_system_that_refuses_a_process_computes_everything_here(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse() -> int:
        raise BlockingIOError(errno.EAGAIN, os.strerror(errno.EAGAIN))

    monkeypatch.setattr(os, name, refuse)
    assert set(compute_ahead(find_process, ITEMS)) == {HERE}


@pytest.mark.parametrize("place", [0, 7, 30])
def test_what_a_killed_process_leaves_is_computed_here(place: int) -> None:
    def work(item: int) -> int:
        if os.getpid() == HERE:
            time.sleep(0.002)  # the other one gets far
        elif item == place:
            os.kill(os.getpid(), signal.SIGKILL)
        return item

    assert list(compute_ahead(work, ITEMS)) == ITEMS


def test_results_larger_than_a_pipe_arrive_whole() -> None:
    texts = compute_ahead(lambda item: "x" * (item * 100_000), ITEMS)
    assert [len(text) for text in texts] == [item * 100_000 for item in ITEMS]


@pytest.mark.parametrize("bad", [0, 6, 30])
def test_an_error_is_raised_at_its_item(bad: int, forks: list[int]) -> None:
    def work(item: int) -> int:
        if item == bad:
            raise ValueError(item)
        return item

    with pytest.raises(ValueError, match=str(bad)):
        list(compute_ahead(work, ITEMS))
    assert is_gone(forks[0])


def test_no_process_is_left_when_the_results_are_used_up(forks: list[int]) -> None:
    list(compute_ahead(square, ITEMS))
    assert is_gone(forks[0])


def test_no_process_is_left_when_an_interrupt_ends_the_work(forks: list[int]) -> None:
    def stop() -> None:
        for result in compute_ahead(square, ITEMS):
            if result:
                raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        stop()
    assert is_gone(forks[0])


def test_a_second_process_ends_without_closing_what_the_first_has_open(tmp_path: Path) -> None:
    with (tmp_path / "text").open("w", encoding="utf-8") as file:
        file.write("once")  # still in the buffer that the fork copies
        list(compute_ahead(square, ITEMS))
    assert (tmp_path / "text").read_text(encoding="utf-8") == "once"


class Ring:
    """Garbage that only the collector finds; its end is written to a file."""

    def __init__(self, log: Path) -> None:
        self.log = log
        self.ring = self

    def __del__(self) -> None:
        os.close(os.open(self.log / str(os.getpid()), os.O_CREAT))


def test_a_second_process_leaves_the_garbage_of_the_first_alone(tmp_path: Path) -> None:
    def collect(item: int) -> int:
        if os.getpid() != HERE:
            gc.collect()
        return item

    gc.disable()
    try:
        Ring(tmp_path)
        list(compute_ahead(collect, ITEMS))
        gc.collect()
    finally:
        gc.enable()
    assert [path.name for path in tmp_path.iterdir()] == [str(HERE)]


_KILLED = """
import os, signal, sys
from flashcards import second_process
second_process._can_fork = lambda: True
results = second_process.compute_ahead(lambda item: (os.getpid(), "x" * 2_000_000), range(30))
for process, _ in results:
    if process != os.getpid():
        print(process, flush=True)
        os.kill(os.getpid(), signal.SIGKILL)
"""


def test_the_second_process_ends_after_the_first_was_killed() -> None:
    done = subprocess.run([sys.executable, "-c", _KILLED], capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == -signal.SIGKILL, done.stderr
    until = time.monotonic() + 60
    while Path(f"/proc/{done.stdout.strip()}").exists() and time.monotonic() < until:
        time.sleep(0.01)
    assert not Path(f"/proc/{done.stdout.strip()}").exists()


def test_signals_of_the_second_process_are_not_handled_as_in_the_first() -> None:
    before = signal.signal(signal.SIGUSR1, lambda _number, _frame: None)
    try:
        handlers = list(compute_ahead(lambda _item: signal.getsignal(signal.SIGUSR1) is signal.SIG_DFL, [1, 2]))
    finally:
        signal.signal(signal.SIGUSR1, before)
    assert handlers[0]


def test_signals_blocked_for_the_fork_arrive_again() -> None:
    list(compute_ahead(square, ITEMS))
    assert signal.SIGINT not in signal.pthread_sigmask(signal.SIG_BLOCK, ())
