from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from scheduler import Rating
from scheduler.log_arrays import read_answers, read_ratings
from tests.scheduler.world import NOW, PLAIN, TODAY, add, open_store

if TYPE_CHECKING:
    from pathlib import Path


def test_an_empty_log_has_no_ratings(tmp_path: Path) -> None:
    connection = open_store(tmp_path).connection
    assert all(column.size == 0 for part in (*read_ratings(connection), read_answers(connection)) for column in part)


def test_every_rating_has_the_values_of_its_log_row(tmp_path: Path) -> None:
    store = open_store(tmp_path)
    first, second = add(store, 2)
    rows = [
        store.rate(first, Rating.GOOD, PLAIN, NOW, duration_ms=1234),
        store.rate(second, Rating.AGAIN, PLAIN, NOW + 5000),
        store.rate(first, Rating.EASY, PLAIN, NOW + 86_400_000),
    ]
    ratings, _ = read_ratings(store.connection)
    for name in ("card", "rating", "day", "offset_minutes", "duration_ms", "state_before", "interval_before"):
        assert getattr(ratings, name).tolist() == [int(getattr(row, name)) for row in rows]
    assert ratings.at_ms.tolist() == [row.id for row in rows]
    assert ratings.day[0] == TODAY
    assert ratings.stability.tolist() == pytest.approx([row.stability for row in rows])


def test_undone_ratings_and_rows_that_are_no_ratings_are_left_out(tmp_path: Path) -> None:
    store = open_store(tmp_path)
    card, other = add(store, 2)
    store.rate(card, Rating.GOOD, PLAIN, NOW)
    store.rate(other, Rating.GOOD, PLAIN, NOW + 1)
    store.undo(NOW + 2)
    store.forget([card], NOW + 3)
    ratings, crammed = read_ratings(store.connection)
    assert (ratings.card.tolist(), crammed.card.tolist()) == ([card], [])
    assert read_answers(store.connection).card.tolist() == [card]


def test_crammed_ratings_are_read_separately(tmp_path: Path) -> None:
    store = open_store(tmp_path)
    first, second = add(store, 2)
    store.rate(first, Rating.GOOD, PLAIN, NOW)
    store.cram(second, Rating.HARD, NOW + 1)
    ratings, crammed = read_ratings(store.connection)
    assert (ratings.card.tolist(), crammed.card.tolist()) == ([first], [second])
    assert crammed.rating.tolist() == [Rating.HARD]
    assert read_answers(store.connection).card.tolist() == [first]


def test_answers_come_card_by_card_each_oldest_first(tmp_path: Path) -> None:
    store = open_store(tmp_path)
    first, second = add(store, 2)
    for at, card in enumerate([second, first, second, first]):
        store.rate(card, Rating.GOOD, PLAIN, NOW + at * 86_400_000, duration_ms=1000 * at)
    answers = read_answers(store.connection)
    assert answers.card.tolist() == [first, first, second, second]
    assert answers.duration_ms.tolist() == [1000, 3000, 0, 2000]
    same = read_ratings(store.connection)[0].answers()
    assert np.array_equal(np.array(answers), np.array(same))
