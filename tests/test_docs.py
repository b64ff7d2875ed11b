"""What a person can type is documented: commands, options, the words of queries, settings."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from flashcards.cli import COMMANDS, complete
from flashcards.settings import SETTINGS

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
PAGES = [*ROOT.glob("*.md"), *DOCS.glob("*.md")]


def page(name: str) -> str:
    file = DOCS / name
    if not file.is_file():
        pytest.skip(f"docs/{name} is not there")
    return file.read_text(encoding="utf-8")


def table() -> list[str]:
    """The first column of the table of commands."""
    found = re.search(r"\| command \|.*?\n\n", page("commands.md"), re.DOTALL)
    assert found
    return [row.split("|")[1] for row in found[0].split("\n")[2:] if row]


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_is_documented(command: str) -> None:
    assert [row for row in table() if re.search(rf"`{command}[` ]", row)]


def test_no_command_is_documented_that_does_not_exist() -> None:
    assert sorted(name for row in table() for name in re.findall(r"`([a-z-]+)[^`]*`", row)) == sorted(COMMANDS)


@pytest.mark.parametrize("name", ["list", "show", "due", "scan", "check", "answer"])
def test_the_shapes_for_programs_are_documented(name: str) -> None:
    assert f"\n- `{name}`: " in page("commands.md")


@pytest.mark.parametrize("word", [*complete._FIELDS, *(f"is:{state}" for state in complete._STATES)])
def test_every_word_of_a_query_that_is_completed_is_documented(word: str) -> None:
    assert f"`{word}" in page("commands.md")


@pytest.mark.parametrize("name", [setting.name for setting in SETTINGS])
def test_every_setting_is_documented(name: str) -> None:
    assert f"`{name}`" in page("scheduling.md")


def test_every_test_named_in_a_page_exists() -> None:
    texts = [path.read_text(encoding="utf-8") for path in (ROOT / "tests").rglob("test_*.py")]
    here = set(re.findall(r"def (test_\w+)\(", "\n".join(texts)))
    named = {
        name for path in PAGES for name in re.findall(r"`(?:tests/)?(test_\w+)`", path.read_text(encoding="utf-8"))
    }
    files = {name for path in PAGES for name in re.findall(r"`(tests/[\w/]+\.py)`", path.read_text(encoding="utf-8"))}
    assert len(named) > 10
    assert named <= here
    assert not [name for name in files if not (ROOT / name).is_file()]
