"""What commands print on a narrow terminal: lines that fit, broken between words."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from flashcards.text import count_columns
from tests.cli.runner import question
from tests.review.pty_driver import Terminal

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.slow

COMMANDS = [["due"], ["check"], ["check", "--explain"], ["scan"], ["list"], ["show", "a.md:1"], ["doctor"]]
COMMANDS += [["list", "nonsense:"], ["suspend", "tag:none"], ["orphans"], ["mock", "--history"]]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    text = question("Which of the words of a question are kept whole?", "All of them, however long.")
    (tmp_path / "a.md").write_text(text + "Q: stray\n", encoding="utf-8")
    return tmp_path


@pytest.mark.parametrize("arguments", COMMANDS, ids=" ".join)
def test_every_line_fits(folder: Path, arguments: list[str]) -> None:
    with Terminal("-C", str(folder), *arguments, columns=24, PAGER="cat", NO_COLOR="1") as terminal:
        terminal.ended()
        lines = terminal.text.splitlines()
    assert lines
    assert max(map(count_columns, lines)) <= 24


def test_words_stay_whole(folder: Path) -> None:
    with Terminal("-C", str(folder), "list", columns=24, PAGER="cat", NO_COLOR="1") as terminal:
        terminal.ended()
        assert " ".join(terminal.text.split()[3:]) == "Which of the words of a question are kept whole?"


def test_where_a_table_has_no_room_the_counts_are_words(folder: Path) -> None:
    with Terminal("-C", str(folder), "due", columns=24, NO_COLOR="1") as terminal:
        terminal.ended()
        assert terminal.text.splitlines() == ["a: 1 new, 0 learning, 0", "  review"]
