"""The plans of the page about the TPM decks bring every card in time, within their minutes."""

from __future__ import annotations

import re
import shutil
from datetime import UTC, datetime
from pathlib import Path

import pytest

from flashcards.collection import Collection
from flashcards.insight.forecast import build_forecast
from flashcards.insight.readiness import predict_readiness
from flashcards.query import find_card_ids

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "tpm-decks.md"
NOW_MS = int(datetime(2026, 3, 2, 12, tzinfo=UTC).timestamp() * 1000)
SCENARIOS = "tag:scenario or tag:behavioural"


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


@pytest.mark.parametrize(("heading", "days"), [("Seventeen days", 17), ("Sixty days", 60)])
def test_half_an_hour_a_day_shows_every_card_and_leads_to_ninety_percent(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, heading: str, days: int
) -> None:
    monkeypatch.setattr("flashcards.collection.now_ms", lambda: NOW_MS)  # ids, and so the luck, follow the time
    with follow_plan(tmp_path / "decks", heading, days) as collection:
        collection.scan()
        day = collection.clock.day(NOW_MS) + days
        found = predict_readiness(collection, NOW_MS, day)
        scenarios = predict_readiness(collection, NOW_MS, day, frozenset(find_card_ids(collection, SCENARIOS)))
        ahead = build_forecast(collection, NOW_MS, days).days
    assert found.plan.unseen == 0
    assert found.total.kept >= 0.9
    assert scenarios.total.cards >= 80
    assert scenarios.plan.unseen == 0
    assert round(found.plan.minutes_a_day) <= 30
    assert max(each.minutes for each in ahead) <= 40


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
