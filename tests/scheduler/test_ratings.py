from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from scheduler import Rating, ReviewKind
from scheduler.columns import read_ratings
from tests.scheduler.world import NOW, PLAIN, TODAY, add, open_store

if TYPE_CHECKING:
    from pathlib import Path


def test_of_an_empty_log_there_are_no_ratings(tmp_path: Path) -> None:
    ratings = read_ratings(open_store(tmp_path).connection)
    assert all(column.size == 0 for column in ratings)


def test_every_rating_is_there_with_what_the_log_says_of_it(tmp_path: Path) -> None:
    store = open_store(tmp_path)
    first, second = add(store, 2)
    rows = [
        store.rate(first, Rating.GOOD, PLAIN, NOW, duration_ms=1234),
        store.rate(second, Rating.AGAIN, PLAIN, NOW + 5000),
        store.rate(first, Rating.EASY, PLAIN, NOW + 86_400_000),
    ]
    ratings = read_ratings(store.connection)
    for name in ("card", "rating", "day", "offset_minutes", "duration_ms", "state_before", "interval_before"):
        assert getattr(ratings, name).tolist() == [int(getattr(row, name)) for row in rows]
    assert ratings.at_ms.tolist() == [row.id for row in rows]
    assert ratings.day[0] == TODAY
    assert ratings.stability.tolist() == pytest.approx([row.stability for row in rows])


def test_what_was_taken_back_and_what_is_no_rating_is_left_out(tmp_path: Path) -> None:
    store = open_store(tmp_path)
    card, other = add(store, 2)
    store.rate(card, Rating.GOOD, PLAIN, NOW)
    store.rate(other, Rating.GOOD, PLAIN, NOW + 1)
    store.undo(NOW + 2)
    store.forget([card], NOW + 3)
    assert read_ratings(store.connection).card.tolist() == [card]
    assert read_ratings(store.connection, ReviewKind.CRAM).card.size == 0


def test_card_by_card_each_has_its_oldest_first(tmp_path: Path) -> None:
    store = open_store(tmp_path)
    first, second = add(store, 2)
    for at, card in enumerate([second, first, second, first]):
        store.rate(card, Rating.GOOD, PLAIN, NOW + at * 86_400_000)
    ratings = read_ratings(store.connection).by_card()
    assert ratings.card.tolist() == [first, first, second, second]
    assert np.diff(ratings.at_ms)[[0, 2]].tolist() == [2 * 86_400_000] * 2
