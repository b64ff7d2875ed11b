"""The plans of the page about the TPM decks bring every card in time."""

from __future__ import annotations

import json
import re
import shutil
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from flashcards.collection import Collection
from flashcards.query import find_card_ids
from tests.cli.runner import process

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "tpm-decks.md"


@pytest.mark.parametrize(("heading", "days"), [("Seventeen days", 17), ("Sixty days", 60)])
def test_a_plan_shows_every_card_and_leads_to_ninety_percent(tmp_path: Path, heading: str, days: int) -> None:
    text = PAGE.read_text(encoding="utf-8").split(f"## {heading}")[1].split("\n## ")[0]
    settings = re.search(r"```toml\n(.*?)```", text, re.DOTALL)
    day = (datetime.now().astimezone().date() + timedelta(days)).isoformat()
    lines = re.sub(r"deadline = \S+", "", settings[1] if settings else "")
    folder = tmp_path / "decks"
    shutil.copytree(ROOT / "decks", folder, ignore=shutil.ignore_patterns(".flashcards"))
    own = (folder / "flashcards.toml").read_text(encoding="utf-8")
    (folder / "flashcards.toml").write_text(f"deadline = {day}\n{lines}{own}", encoding="utf-8")
    for query in re.findall(r"flashcards suspend '(.*?)'", text):
        process(["-C", str(folder), "suspend", "--yes", query], tmp_path)
    found = json.loads(process(["-C", str(folder), "readiness", "--on", day, "--json"], tmp_path).out)
    assert found["plan"]["unseen"] == 0
    assert found["total"]["kept"] >= 0.9


def test_what_the_short_plan_leaves_out_is_no_scenario_of_the_common_rounds(tmp_path: Path) -> None:
    folder = tmp_path / "decks"
    shutil.copytree(ROOT / "decks", folder, ignore=shutil.ignore_patterns(".flashcards"))
    queries = re.findall(r"flashcards suspend '(.*?)'", PAGE.read_text(encoding="utf-8"))
    assert len(queries) == 2
    with Collection(folder) as collection:
        collection.scan()
        for query in queries:
            assert find_card_ids(collection, query)
            assert not find_card_ids(collection, f"({query}) (tag:scenario or tag:behavioural)")


def test_the_page_names_every_file_and_every_mock() -> None:
    text = PAGE.read_text(encoding="utf-8")
    files = [path.stem for path in (ROOT / "decks" / "tpm").glob("*.md")]
    mocks = re.findall(r"^\[mocks\.(.*)\]$", (ROOT / "decks" / "flashcards.toml").read_text(encoding="utf-8"), re.M)
    assert [name for name in [*files, *mocks] if f"`{name}`" not in text] == []
