"""Seventeen days with the shipped decks and a deadline, lived in a real store and compared with what was promised."""

from __future__ import annotations

import shutil
from collections import Counter
from pathlib import Path
from typing import NamedTuple

import pytest

from flashcards.collection import Collection, find_session_policy, now_ms
from flashcards.insight.forecast import read_days_ahead
from flashcards.insight.readiness import predict_readiness
from flashcards.query import find_card_ids
from scheduler import Rating, State, build_queue
from scheduler.simulated_learner import Learner
from tests.test_shipped_plans import NOW_MS, SCENARIOS, follow_plan

DAYS = 17
DAY_MS = 86_400_000
DECKS = Path(__file__).parents[2] / "decks"


class Life(NamedTuple):
    """What was asked: new cards of each day, the cards ever asked, and the share recalled on the day."""

    new: list[int]
    asked: set[int]
    recalled: float


def live(collection: Collection, learner: Learner, start_ms: int, days: int) -> Life:
    """Answer everything that is asked on each day; memory follows FSRS, ratings the learner."""
    store, decks = collection.store, collection.deck_policies
    policies = {deck.id: deck.policy for deck in decks}
    policy = find_session_policy(collection)
    new: list[int] = []
    asked: set[int] = set()
    for ahead in range(days):
        now, introduced = start_ms + ahead * DAY_MS, 0
        today = store.clock.day(now)
        before: dict[int, Rating] = {}
        queue = build_queue(store, decks, now, session_policy=policy)
        while isinstance(card_id := queue.next_card(now), int):
            card = store.card(card_id)
            recall = None
            if card.last_day is not None and card.last_day < today and card.stability is not None:
                recall = store.model(policies[card.deck].parameters).retrievability(
                    card.stability, today - card.last_day
                )
            before[card_id] = learner.choose_rating(card, before.get(card_id), recall)
            store.rate(card_id, before[card_id], policies[card.deck], now)
            queue.record_rating(card_id)
            introduced += card.state is State.NEW
            asked.add(card_id)
            now += 6_000
        new.append(introduced)
    end = store.clock.day(start_ms) + days
    cards = [store.card(card) for (card,) in collection.connection.execute("SELECT id FROM cards WHERE active = 1")]
    chances = [
        store.model(policies[card.deck].parameters).retrievability(card.stability, end - (card.last_day or end))
        if card.stability is not None
        else 0.0
        for card in cards
    ]
    return Life(new, asked, sum(chances) / len(chances))


@pytest.mark.slow
def test_a_deadline_is_met_and_the_prediction_is_right(tmp_path: Path) -> None:
    shutil.copytree(DECKS, tmp_path / "decks")
    root = tmp_path / "decks"
    with Collection(root) as collection:
        day = collection.clock.date(collection.clock.day(now_ms()) + DAYS)
    settings = root / "flashcards.toml"
    text = settings.read_text(encoding="utf-8") if settings.exists() else ""
    settings.write_text(f"deadline = {day}\n{text}", encoding="utf-8")
    with Collection(root) as collection:
        collection.scan()
        start = collection.clock.start_of(collection.clock.day(now_ms())) + 6 * 3_600_000
        promised = predict_readiness(collection, start, collection.clock.day(start) + DAYS)
        learner = read_days_ahead(collection, start).learner
        life = live(collection, Learner(seed=99, spoken=learner.spoken), start, DAYS)
        cards = {card for (card,) in collection.connection.execute("SELECT id FROM cards WHERE active = 1")}
    assert life.asked == cards
    begun = [new for new in life.new if new]
    assert len(begun) == DAYS - 3
    for new in begun:
        assert new == pytest.approx(promised.plan.new_a_day, rel=0.1)
    assert promised.plan.feasible
    assert life.recalled == pytest.approx(promised.total.kept, abs=0.02)


@pytest.mark.slow
def test_the_plan_of_seventeen_days_is_lived_as_the_page_promises(tmp_path: Path) -> None:
    with follow_plan(tmp_path / "decks", "Seventeen days", DAYS) as collection:
        collection.scan()
        start = collection.clock.start_of(collection.clock.day(NOW_MS)) + 6 * 3_600_000
        scenarios = set(find_card_ids(collection, SCENARIOS))
        life = live(collection, Learner(seed=99), start, DAYS)
        answers = dict(collection.connection.execute("SELECT card, count(*) FROM reviews GROUP BY card"))
        cards = {card for (card,) in collection.connection.execute("SELECT id FROM cards WHERE active = 1")}
    assert life.asked == cards
    assert {answers[card] for card in scenarios} == {1}
    assert life.recalled == pytest.approx(0.905, abs=0.02)


def test_the_pace_of_a_deadline_holds_with_many_siblings(tmp_path: Path) -> None:
    root = tmp_path / "decks"
    root.mkdir()
    clozes = "".join(f"C: {' '.join(f'[gap {note} {gap}]' for gap in range(12))}\n\n" for note in range(5))
    (root / "a.md").write_text(clozes, encoding="utf-8")
    with Collection(root) as collection:
        day = collection.clock.date(collection.clock.day(now_ms()) + 9)
    (root / "flashcards.toml").write_text(f"deadline = {day}\n", encoding="utf-8")
    with Collection(root) as collection:
        collection.scan()
        start = collection.clock.start_of(collection.clock.day(now_ms())) + 6 * 3_600_000
        life = live(collection, Learner(seed=5), start, 9)
        days = Counter(collection.clock.day(card) for card in life.asked)
    assert life.new == [10] * 6 + [0] * 3
    assert days.total() == 60
