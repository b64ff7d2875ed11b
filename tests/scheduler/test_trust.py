"""The log stays true when the rollover, the time zone or the parameters change, and when clocks do odd things."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from scheduler import DEFAULT_PARAMETERS, Clock, Model, Rating, Store
from tests.scheduler.learners import FORGETFUL
from tests.scheduler.world import DAY, NOW, PLAIN, add, open_store, replay

HOUR = 3_600_000
EAST = timezone(timedelta(hours=9))


def default(_: int) -> tuple[float, ...]:
    return DEFAULT_PARAMETERS


def lived(store: Store, cards: list[int]) -> None:
    for step, card in enumerate(cards * 5):
        store.rate(card, Rating(1 + step % 4), PLAIN, NOW + step * DAY // 3)


@pytest.mark.parametrize(
    "clock", [Clock(0, UTC), Clock(9, UTC), Clock(4, EAST), Clock(4, ZoneInfo("America/New_York"))]
)
def test_another_rollover_or_zone_changes_nothing_of_the_past(tmp_path: Path, clock: Clock) -> None:
    store = open_store(tmp_path)
    cards = add(store, 3)
    lived(store, cards)
    elsewhere = Store(store.connection, clock)
    assert elsewhere.find_differences(default) == []
    before = elsewhere.card(cards[0])
    review = elsewhere.rate(cards[0], Rating.GOOD, PLAIN, NOW + 30 * DAY)
    assert review.day == clock.day(NOW + 30 * DAY)
    assert before.memory is not None
    assert before.last_day is not None
    expected = Model().next_memories(before.memory, review.day - before.last_day)[Rating.GOOD]
    assert review.stability == pytest.approx(expected.stability)
    assert elsewhere.find_differences(default) == []


def test_changed_parameters_recompute_every_state_from_the_log(tmp_path: Path) -> None:
    store = open_store(tmp_path)
    cards = add(store, 4)
    lived(store, cards)
    due = [card.due_day for card in store.cards(cards)]
    assert {each.card for each in store.repair(lambda _: FORGETFUL)} == set(cards)
    for card in store.cards(cards):
        memory = replay(Model(FORGETFUL), [(int(row.rating or 0), row.day) for row in store.log(card.id)])[-1]
        assert card.memory == pytest.approx(memory)
    assert [card.due_day for card in store.cards(cards)] == due
    assert store.find_differences(lambda _: FORGETFUL) == []


@pytest.mark.parametrize("evening", ["2026-03-07T22:00", "2026-10-31T22:00"])
def test_a_day_with_a_clock_change_is_one_day(tmp_path: Path, evening: str) -> None:
    zone = ZoneInfo("America/New_York")
    clock = Clock(4, zone)
    at_ms = int(datetime.fromisoformat(evening).replace(tzinfo=zone).timestamp()) * 1000
    store = Store(open_store(tmp_path).connection, clock)
    (card,) = add(store)
    first = store.rate(card, Rating.EASY, PLAIN, at_ms)
    morning = clock.start_of(first.day + 1) + HOUR
    second = store.rate(card, Rating.GOOD, PLAIN, morning)
    assert second.day - first.day == 1
    assert store.find_differences(default) == []


@pytest.mark.parametrize(
    ("last", "now", "days", "in_blocks"),
    [
        ("2026-03-28T03:30", "2026-03-30T12:00", 3, 2),  # half an hour before the rollover, then clocks went forward
        ("2026-03-28T04:30", "2026-03-30T12:00", 2, 2),
        ("2026-10-24T04:30", "2026-10-26T12:00", 2, 3),  # half an hour after it, then clocks went back
        ("2026-10-24T03:30", "2026-10-26T12:00", 3, 3),
    ],
)
def test_days_between_reviews_are_calendar_days_where_anki_counts_blocks_of_24_hours(
    tmp_path: Path, last: str, now: str, days: int, in_blocks: int
) -> None:
    zone = ZoneInfo("Europe/Berlin")
    store = Store(open_store(tmp_path).connection, Clock(4, zone))
    at, later = (int(datetime.fromisoformat(each).replace(tzinfo=zone).timestamp()) * 1000 for each in (last, now))
    next_rollover = store.clock.start_of(store.clock.day(later) + 1)
    assert (next_rollover - at) // DAY == in_blocks
    (card,) = add(store)
    store.rate(card, Rating.EASY, PLAIN, at)
    assert store.card(card).elapsed_days(store.clock.day(later)) == days


def test_ratings_around_the_rollover_belong_to_their_own_days(tmp_path: Path) -> None:
    store = open_store(tmp_path)
    first, second = add(store, 2)
    border = store.clock.start_of(store.clock.day(NOW) + 1)
    before = store.rate(first, Rating.GOOD, PLAIN, border - 1)
    after = store.rate(second, Rating.GOOD, PLAIN, border)
    assert (before.day + 1, before.id < after.id) == (after.day, True)


def test_a_clock_that_jumped_back_by_days_leaves_a_log_that_replays(tmp_path: Path) -> None:
    store = open_store(tmp_path)
    (card,) = add(store)
    for at in (NOW, NOW + 10 * DAY, NOW + 2 * DAY, NOW + 3 * DAY, NOW + 20 * DAY):
        store.rate(card, Rating.GOOD, PLAIN, at)
    ids = [row.id for row in store.log(card)]
    assert ids == sorted(ids)
    assert store.find_differences(default) == []
