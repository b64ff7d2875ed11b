"""Work shared with a second process gives what it gives alone."""

from __future__ import annotations

import errno
import os

import pytest

from flashcards.parallel import parallel_map

HERE = os.getpid()
ITEMS = list(range(31))


@pytest.fixture(autouse=True)
def two_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "cpu_count", lambda: 2)


def square(number: int) -> int:
    return number * number


def where(_item: int) -> int:
    return os.getpid()


def test_results_come_in_the_order_of_the_items() -> None:
    assert list(parallel_map(square, ITEMS)) == [square(item) for item in ITEMS]


def test_every_second_item_is_computed_by_one_other_process() -> None:
    processes = list(parallel_map(where, ITEMS))
    assert set(processes[::2]) == {HERE}
    assert len(set(processes[1::2])) == 1
    assert HERE not in processes[1::2]


def test_less_is_computed_here_where_there_is_more_else_to_do() -> None:
    processes = list(parallel_map(where, ITEMS[:9], here=3))
    assert [place for place, process in enumerate(processes) if process == HERE] == [0, 3, 6]


def test_one_item_is_computed_here() -> None:
    assert list(parallel_map(where, [1])) == [HERE]


def test_one_core_computes_everything_here(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "cpu_count", lambda: 1)
    assert set(parallel_map(where, ITEMS)) == {HERE}


def test_a_system_that_allows_no_second_process_computes_everything_here(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse() -> int:
        raise BlockingIOError(errno.EAGAIN, os.strerror(errno.EAGAIN))

    monkeypatch.setattr(os, "fork", refuse)
    assert set(parallel_map(where, ITEMS)) == {HERE}


def test_what_a_killed_process_leaves_undone_is_computed_here() -> None:
    def work(item: int) -> int:
        if item == 7 and os.getpid() != HERE:
            os._exit(9)
        return item

    assert list(parallel_map(work, ITEMS)) == ITEMS


def test_results_larger_than_a_pipe_arrive_whole() -> None:
    assert [len(text) for text in parallel_map(lambda item: "x" * (item * 100_000), ITEMS)] == [
        item * 100_000 for item in ITEMS
    ]


@pytest.mark.parametrize("bad", [6, 7])
def test_an_error_is_raised_at_its_item_in_either_process(bad: int) -> None:
    def work(item: int) -> int:
        if item == bad:
            raise ValueError(item)
        return item

    done = []
    with pytest.raises(ValueError, match=str(bad)):
        for item in parallel_map(work, ITEMS):
            done.append(item)  # noqa: PERF402 - it ends by an error
    assert done == ITEMS[:bad]


def test_no_process_is_left_when_the_results_are_used_up_or_no_longer_wanted(monkeypatch: pytest.MonkeyPatch) -> None:
    fork = os.fork
    processes: list[int] = []

    def noted() -> int:
        process = fork()
        processes.append(process)
        return process

    monkeypatch.setattr(os, "fork", noted)
    list(parallel_map(square, ITEMS))
    some = parallel_map(square, ITEMS)
    next(some)
    some.close()  # type: ignore[attr-defined]  # it is a generator
    assert len(processes) == 2
    for process in processes:
        with pytest.raises(ChildProcessError):
            os.waitpid(process, os.WNOHANG)
