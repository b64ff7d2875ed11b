from __future__ import annotations

import multiprocessing
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from scheduler import (
    DatabaseBusy,
    NewCard,
    Store,
    connection,
    transaction,
)
from tests.scheduler.world import add, open_store


def test_a_transaction_that_fails_leaves_nothing_behind(store: Store) -> None:
    with pytest.raises(RuntimeError), transaction(store.connection):
        add(store, 3)
        raise RuntimeError
    assert store.connection.execute("SELECT count(*) FROM cards").fetchone() == (0,)


def test_an_inner_transaction_that_fails_takes_back_its_own_part_only(store: Store) -> None:
    with transaction(store.connection):
        add(store, 2)
        with pytest.raises(RuntimeError), transaction(store.connection):
            add(store, 3)
            raise RuntimeError
        assert store.connection.in_transaction
    assert store.connection.execute("SELECT count(*) FROM cards").fetchone() == (2,)


def test_a_database_held_by_another_process_is_named_as_busy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "BUSY_SECONDS", 0.05)
    first, second = open_store(tmp_path), open_store(tmp_path)
    with transaction(first.connection), pytest.raises(DatabaseBusy, match="in use"):
        add(second, 1)
    add(second, 1)
    first.connection.close()
    second.connection.close()


def test_a_long_transaction_of_another_process_is_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "BUSY_SECONDS", 0.4)
    first, second = open_store(tmp_path), open_store(tmp_path)
    first.connection.execute("BEGIN IMMEDIATE")
    with ThreadPoolExecutor() as pool:
        waiting = pool.submit(lambda: add(open_store(tmp_path), 1))
        time.sleep(0.8)
        first.connection.execute("COMMIT")
        waiting.result()
    assert second.connection.execute("SELECT count(*) FROM cards").fetchone() == (1,)
    first.connection.close()
    second.connection.close()


def _add_some(folder: str, start: int) -> None:
    store = open_store(Path(folder))
    for step in range(50):
        store.add_cards([NewCard(start + step, "c1", 1, step)])
    store.connection.close()


def test_processes_that_open_a_new_database_at_once_all_succeed(tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    workers = [context.Process(target=_add_some, args=(str(tmp_path), start * 1000)) for start in range(3)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert [worker.exitcode for worker in workers] == [0, 0, 0]
    store = open_store(tmp_path)
    assert store.connection.execute("SELECT count(*), count(DISTINCT id) FROM cards").fetchone() == (150, 150)
    assert not (tmp_path / "backups").exists()
    store.connection.close()
