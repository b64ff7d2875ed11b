"""Real vaults, counted by a script of their own that shares nothing with the dialect."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from flashcards.deck.model import Deck
from flashcards.dialects.obsidian import read_obsidian
from flashcards.dialects.obsidian_data import pick_settings, read_data

FOLDER = Path(os.environ.get("FLASHCARDS_REAL_VAULTS") or Path(__file__).parents[2] / "../shared/real")
VAULTS = {"obsidian-copilot-exam": "#flashcards/GitHubCopilot/Features", "obsidian-reverse-engineering": "#flashcards"}


def is_in_code(before: str, after: str) -> bool:
    return before.count("`") % 2 == 1 and after.count("`") % 2 == 1


def count(text: str, tag: str) -> tuple[int, int, int, int]:
    """The inline cards, cards of several lines, clozes and schedules of one file, by regular expressions alone."""
    if not re.search(rf"(?<!\S){re.escape(tag)}(?![\w-])", re.sub(r"`[^`\n]*`", "", text)):
        return 0, 0, 0, 0
    text = re.sub(r"\A---\n.*?\n---\n", "", text, flags=re.DOTALL)
    text = re.sub(r"^(`{3,}|~{3,}).*?^\1`*$", "CODE", text, flags=re.DOTALL | re.MULTILINE)
    schedules = len(re.findall(r"<!--SR:!(?!2000-01-01)", text))
    inline = lines = clozes = 0
    for paragraph in re.split(r"\n[ \t]*\n", text):
        rows = paragraph.split("\n")
        cut = [at for at, row in enumerate(rows) if "::" in row and not is_in_code(*row.split("::", 1))]
        inline += len(cut)
        rest = rows[cut[-1] + 1 :] if cut else rows
        if any(row.strip() in ("?", "??") for row in rest[1:]):
            lines += 1
        elif re.search("==.+?==", "\n".join(rest)):
            clozes += 1
    return inline, lines, clozes, schedules


def read(vault: Path) -> dict[str, Deck]:
    data = vault / ".obsidian/plugins/obsidian-spaced-repetition/data.json"
    settings = pick_settings(read_data(data.read_text("utf-8")))
    paths = [path for path in sorted(vault.rglob("*.md")) if ".obsidian" not in path.parts]
    decks = {}
    for path in paths:
        name = path.relative_to(vault).as_posix()
        decks[name] = read_obsidian(path.read_text("utf-8"), name, settings)
    return decks


@pytest.mark.parametrize("name", VAULTS)
def test_a_real_vault_is_read_completely(name: str) -> None:
    vault = FOLDER / name
    if not vault.is_dir():
        pytest.skip(f"the vault {name} is not there: set FLASHCARDS_REAL_VAULTS")
    total = 0
    for path, deck in read(vault).items():
        kinds = [note.kind.value for note in deck.notes]
        schedules = sum(stated is not None for note in deck.notes for stated in note.schedules)
        found = (kinds.count("pair"), kinds.count("question"), kinds.count("cloze"), schedules)
        assert found == count((vault / path).read_text("utf-8"), VAULTS[name]), path
        total += len(deck.notes)
    assert total >= 24
