"""`mock` without a terminal: what it refuses, and what it shows of the past."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.cli.runner import Runner


def test_an_interview_needs_a_terminal(cli: Runner) -> None:
    assert "A mock interview needs a terminal." in cli.fails("mock")


def test_without_a_mock_there_is_no_history(cli: Runner) -> None:
    assert cli("mock", "--history").out == "No mock was held yet. `flashcards mock` holds one.\n"
    assert cli("mock", "--history", "--json").out == ""
