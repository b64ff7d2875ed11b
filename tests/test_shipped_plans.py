"""The plans of the page about the TPM decks bring every card in time."""

from __future__ import annotations

import json
import re
import shlex
import shutil
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from flashcards.collection import Collection
from flashcards.query import find_card_ids
from tests.cli.runner import process
from tests.test_shipped_decks import SCENARIO_SKILLS

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "tpm-decks.md"
COMMON_SKILLS = sorted(SCENARIO_SKILLS - {"ai", "security", "vendors"})


@pytest.mark.parametrize(("heading", "days", "minutes"), [("Seventeen days", 17, 38), ("Sixty days", 60, 45)])
def test_a_plan_shows_every_card_and_leads_to_ninety_percent(
    tmp_path: Path, heading: str, days: int, minutes: int
) -> None:
    text = PAGE.read_text(encoding="utf-8").split(f"## {heading}")[1].split("\n## ")[0]
    settings = re.search(r"```toml\n(.*?)```", text, re.DOTALL)
    day = (datetime.now().astimezone().date() + timedelta(days)).isoformat()
    lines = re.sub(r"deadline = \S+", "", settings[1] if settings else "")
    folder = tmp_path / "decks"
    shutil.copytree(ROOT / "decks", folder, ignore=shutil.ignore_patterns(".flashcards"))
    own = (folder / "flashcards.toml").read_text(encoding="utf-8")
    (folder / "flashcards.toml").write_text(f"deadline = {day}\n{lines}{own}", encoding="utf-8")
    for command in re.findall(r"^flashcards ((?:suspend|set-due) .*)", text, re.MULTILINE):
        process(["-C", str(folder), *shlex.split(command), "--yes"], tmp_path)
    query = re.findall(r"flashcards readiness '(.*?)'", text)
    found = json.loads(process(["-C", str(folder), "readiness", *query, "--on", day, "--json"], tmp_path).out)
    assert found["plan"]["unseen"] == 0
    assert found["total"]["kept"] >= 0.9
    assert found["plan"]["minutes_a_day"] <= minutes  # simulated


def test_what_the_short_plan_leaves_out_exists_and_keeps_a_scenario_of_every_common_skill(tmp_path: Path) -> None:
    folder = tmp_path / "decks"
    shutil.copytree(ROOT / "decks", folder, ignore=shutil.ignore_patterns(".flashcards"))
    queries = re.findall(r"flashcards (?:suspend|set-due 60) '(.*?)'", PAGE.read_text(encoding="utf-8"))
    assert len(queries) == 3
    with Collection(folder) as collection:
        collection.scan()
        assert all(find_card_ids(collection, query) for query in queries)
        left_out = " or ".join(f"({query})" for query in queries)
        kept = f"(tag:scenario or tag:behavioural) -({left_out})"
        lacking = [skill for skill in COMMON_SKILLS if not find_card_ids(collection, f"{kept} tag:skill:{skill}")]
        assert lacking == []


def test_the_page_names_every_file_and_every_mock() -> None:
    text = PAGE.read_text(encoding="utf-8")
    files = [path.stem for path in (ROOT / "decks" / "tpm").glob("*.md")]
    mocks = re.findall(r"^\[mocks\.(.*)\]$", (ROOT / "decks" / "flashcards.toml").read_text(encoding="utf-8"), re.M)
    assert [name for name in [*files, *mocks] if f"`{name}`" not in text] == []
