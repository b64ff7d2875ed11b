from __future__ import annotations

import sqlite3
from contextlib import closing, nullcontext
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scheduler import Rating, Store, log_arrays
from scheduler.connection import database_path, open_file
from scheduler.log_arrays import pack_columns, read_log, unpack_columns
from tests.scheduler.world import DAY, NOW, PLAIN, add

if TYPE_CHECKING:
    from collections.abc import Sequence


@given(st.lists(st.tuples(st.integers(-(2**40), 2**40), st.integers(0, 7), st.integers(0, 4095)), min_size=1))
def test_packed_columns_are_unpacked_unchanged(rows: Sequence[tuple[int, int, int]]) -> None:
    connection = sqlite3.connect(":memory:")
    connection.execute("CREATE TABLE t (a, b, c)")
    connection.executemany("INSERT INTO t VALUES (?, ?, ?)", rows)
    found = connection.execute(f"SELECT {pack_columns('a', ('b', 3), ('c + 0', 12))} FROM t ORDER BY rowid").fetchall()
    parts = unpack_columns(np.array(found, dtype=np.int64)[:, 0], 3, 12)
    assert list(zip(*(part.tolist() for part in parts), strict=True)) == rows


@pytest.mark.parametrize("is_reading", [False, True])
def test_a_log_read_in_parts_equals_one_read_at_once(
    store: Store, monkeypatch: pytest.MonkeyPatch, is_reading: bool
) -> None:
    first, second = add(store, 2)
    for step, card in enumerate([second, first, second, first, first]):
        store.rate(card, Rating.GOOD, PLAIN, NOW + step * DAY)
    at_once = read_log(store.connection)
    monkeypatch.setattr(log_arrays, "_MANY", 2)
    monkeypatch.setattr(log_arrays, "_ROWS_IN_PART", 2)
    with closing(open_file(database_path(store.connection))) if is_reading else nullcontext(store.connection) as found:
        in_parts = read_log(found)
    assert at_once.card.tolist() == [first] * 3 + [second] * 2
    assert (np.diff(at_once.at_ms)[[0, 1, 3]] > 0).all()
    for one, other in zip(at_once, in_parts, strict=True):
        assert one.tolist() == other.tolist()
