"""What commands say of a card goes by the parameters of its deck."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING

import pytest

from flashcards.collection import Collection, now_ms
from scheduler import DEFAULT_PARAMETERS, Model, Rating
from tests.scheduler.learners import FORGETFUL

if TYPE_CHECKING:
    from tests.cli.runner import Runner

DAY_MS = 86_400_000
QUICKLY_FORGOTTEN = (*FORGETFUL[:20], 0.8)


@pytest.fixture
def recall(cli: Runner) -> float:
    """The chance of recall of the card of a deck whose parameters are not FSRS's own, learned 40 days ago."""
    cli.write("deck.md", "Q: a\nA: b\n")
    cli.write("flashcards.toml", f'[decks.deck]\nlearning_steps = ""\nparameters = {list(QUICKLY_FORGOTTEN)}\n')
    with Collection(cli.root) as collection:
        collection.scan()
        (card,) = (row[0] for row in collection.connection.execute("SELECT id FROM cards"))
        policy = collection.policy(collection.store.card(card).deck)
        after = collection.store.rate(card, Rating.GOOD, policy, now_ms() - 40 * DAY_MS)
    assert after.stability == pytest.approx(FORGETFUL[2])
    assert after.stability is not None
    chance = Model(QUICKLY_FORGOTTEN).retrievability(after.stability, 40)
    assert abs(chance - Model(DEFAULT_PARAMETERS).retrievability(after.stability, 40)) > 0.1
    return chance


def test_the_recall_that_is_shown(cli: Runner, recall: float) -> None:
    assert cli("list", "--json").lines[0]["retrievability"] == pytest.approx(recall, abs=1e-3)


def test_the_recall_that_is_asked_for(cli: Runner, recall: float) -> None:
    assert len(cli.ids(f"prop:r<{recall + 0.01:.4f}")) == 1
    assert cli.ids(f"prop:r<{recall - 0.01:.4f}") == []


def test_doctor_recomputes_the_same_recall(cli: Runner, recall: float) -> None:
    assert recall > 0
    assert cli("doctor", "--json").json["differences"] == []


def test_the_recall_on_the_day_that_is_asked_about(cli: Runner, recall: float) -> None:
    on = str(date.today() + timedelta(days=20))  # noqa: DTZ011 - the tests run at noon
    found = cli("readiness", "--on", on, "--json").json["total"]["idle"]
    model = Model(QUICKLY_FORGOTTEN)
    assert recall > found == pytest.approx(model.retrievability(FORGETFUL[2], 60), abs=1e-3)
