"""The plans of the page about the TPM decks bring every card in time, within their minutes."""

from __future__ import annotations

import re
import shutil
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from statistics import fmean
from typing import TYPE_CHECKING

import pytest

from flashcards.collection import Collection
from flashcards.insight.forecast import read_days_ahead
from flashcards.insight.readiness import predict_readiness
from flashcards.query import find_card_ids
from scheduler import DEFAULT_PARAMETERS
from scheduler.simulate import PolicyPlan, Simulation, simulate
from scheduler.simulated_learner import Learner

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scheduler.model import Card, Rating

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "tpm-decks.md"
NOW_MS = int(datetime(2026, 3, 2, 12, tzinfo=UTC).timestamp() * 1000)
SCENARIOS = "tag:scenario or tag:behavioural"
HALF_HOUR = 30 * 60


def follow_plan(folder: Path, heading: str, days: int) -> Collection:
    """Copy the decks and set them up as a section of the page says, for a deadline this many days ahead."""
    text = PAGE.read_text(encoding="utf-8").split(f"## {heading}")[1].split("\n## ")[0]
    top, tables = re.findall(r"```toml\n(.*?)```", text, re.DOTALL)
    shutil.copytree(ROOT / "decks", folder, ignore=shutil.ignore_patterns(".flashcards"))
    with Collection(folder) as plain:
        day = plain.clock.date(plain.clock.day(NOW_MS) + days)
    settings = folder / "flashcards.toml"
    top = re.sub(r"(?<=deadline = )\S+", str(day), top)
    settings.write_text(f"{top}{settings.read_text(encoding='utf-8')}\n{tables}", encoding="utf-8")
    return Collection(folder)


@dataclass(frozen=True, slots=True)
class Candidate(Learner):
    """A learner who looks at the clock."""

    clock: list[float] = field(default_factory=list)

    def estimate_seconds(self, card: Card, rating: Rating) -> float:
        self.clock.append(Learner.estimate_seconds(self, card, rating))
        return self.clock[-1]


class HalfHours(PolicyPlan):
    """A plan that begins no card after half an hour; the others wait."""

    clock: list[float]

    def ask(self, day: int) -> Iterator[int]:
        self.clock.clear()
        for card in super().ask(day):
            if sum(self.clock) >= HALF_HOUR:
                return
            yield card


def live(collection: Collection, days: int, seed: int) -> Simulation:
    """Live through the days, half an hour each, with the cards and settings of a collection."""
    ahead = read_days_ahead(collection, NOW_MS)
    usual, (sample,) = ahead.learner, ahead.samples
    candidate = Candidate(spoken=usual.spoken, spoken_seconds=usual.spoken_seconds, seed=seed)
    plan = HalfHours(sample.cards, ahead.deck_policies, session_policy=ahead.session_policy)
    plan.clock = candidate.clock
    return simulate(sample.cards, plan, ahead.today, days, candidate, known_every=days)


@pytest.mark.slow
@pytest.mark.parametrize(("heading", "days"), [("Seventeen days", 17), ("Sixty days", 60)])
def test_half_an_hour_a_day_shows_every_card_and_leads_to_ninety_percent(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, heading: str, days: int
) -> None:
    monkeypatch.setattr("flashcards.collection.now_ms", lambda: NOW_MS)  # ids, and so the luck, follow the time
    with follow_plan(tmp_path / "decks", heading, days) as collection:
        collection.scan()
        scenarios = set(find_card_ids(collection, SCENARIOS))
        lives = [live(collection, days, seed) for seed in (1, 2, 3)]
        day = collection.clock.day(NOW_MS) + days
        model = collection.store.model(DEFAULT_PARAMETERS)
        promised = predict_readiness(collection, NOW_MS, day).total.kept
    assert len(scenarios) >= 80
    for life in lives:
        assert [card.id for card in life.cards.values() if card.stability is None] == []
        assert {life.cards[card].reps for card in scenarios} == {1}
        assert max(each.seconds for each in life.days) < HALF_HOUR + 4 * 60  # a card that was begun is finished
    recalled = fmean(
        model.retrievability(card.stability or 0, card.elapsed_days(day))
        for life in lives
        for card in life.cards.values()
    )
    assert recalled >= 0.9
    assert promised == pytest.approx(recalled, abs=0.02)


def test_the_subject_that_the_page_leaves_out_exists(tmp_path: Path) -> None:
    (query,) = re.findall(r"flashcards suspend (\S+?)`", PAGE.read_text(encoding="utf-8"))
    with follow_plan(tmp_path / "decks", "Seventeen days", 17) as collection:
        collection.scan()
        assert find_card_ids(collection, query)


def test_the_page_names_every_file_and_every_mock() -> None:
    text = PAGE.read_text(encoding="utf-8")
    files = [path.stem for path in (ROOT / "decks" / "tpm").glob("*.md")]
    mocks = re.findall(r"^\[mocks\.(.*)\]$", (ROOT / "decks" / "flashcards.toml").read_text(encoding="utf-8"), re.M)
    assert [name for name in [*files, *mocks] if f"`{name}`" not in text] == []
