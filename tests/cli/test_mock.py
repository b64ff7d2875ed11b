"""`mock` without a terminal: what it refuses, and what it shows of the past."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from flashcards.collection import Collection
from flashcards.mock.recorder import Mock, MockAnswer, Mocks
from scheduler import transaction

if TYPE_CHECKING:
    from tests.cli.runner import Runner


def test_an_interview_needs_a_terminal(cli: Runner) -> None:
    assert "A mock interview needs a terminal." in cli.fails("mock")


def test_without_a_mock_the_history_is_empty(cli: Runner) -> None:
    assert cli("mock", "--history").out == "There is no mock interview yet. `flashcards mock` starts one.\n"
    assert cli("mock", "--history", "--json").out == ""


PRESETS = """
[mocks."phone screen"]
query = "tag:asked"
questions = 1
minutes = 3

[mocks.whole]
"""


def test_presets_are_listed_with_their_times_and_queries(cli: Runner) -> None:
    cli.write("flashcards.toml", PRESETS)
    assert cli("mock", "--presets").out.splitlines() == [
        "phone screen: 1 question in 3 minutes, tag:asked",
        "whole: 5 questions in 20 minutes, all cards",
    ]


def test_without_a_preset_the_list_explains_how_to_add_one(cli: Runner) -> None:
    assert "Add a table such as [mocks." in cli("mock", "--presets").out


def test_a_preset_excludes_a_query_and_a_list(cli: Runner) -> None:
    assert "the preset says which cards are asked" in cli.fails("mock", "--preset", "whole", "tpm")
    assert "it only lists the mock interviews of flashcards.toml" in cli.fails("mock", "--preset", "whole", "--presets")


QUESTION = "Q: How do you begin?\nA: With facts.\n"


@pytest.fixture
def held(cli: Runner) -> Runner:
    """A collection in which two mocks were held, the first one left early."""
    cli.write("deck.md", QUESTION)
    cli("scan")
    with Collection(cli.root) as collection, transaction(collection.connection):
        mocks = Mocks(collection.connection)
        for at, rating in ((1_750_000_000_000, 0), (1_750_000_007_000, 3)):
            mock = mocks.begin(Mock(at, "tag:exam", 7, 2, 600, finished=False))
            answer = MockAnswer(
                1, 1, "How do you begin?", ("scope",), 61.0, 240, "my words", "be brief", rating, (), ()
            )
            mocks.put(mock, answer)
        mocks.finish(mock)
    return cli


def test_the_report_of_an_earlier_mock_is_shown_again_with_what_was_written(held: Runner) -> None:
    lines = held("mock", "--show", "last").out.splitlines()
    assert lines[0].endswith(", drawn from tag:exam.")
    assert lines[1] == "1 of 2 questions, 1 of 1 points (100%), 1 min 1 s of 10 min used."
    at = lines.index("  1. How do you begin?")
    assert lines[at + 1] == "     Good, 1 min 1 s of 4 min"
    assert lines[-5:] == ["  1. How do you begin?", "     my words", "     Note: be brief", "", SEED]


SEED = "To repeat these questions: --seed 7"


def test_an_earlier_mock_is_named_by_its_time_as_the_history_lists_it(held: Runner) -> None:
    first, second = (line[:16] for line in held("mock", "--history").out.splitlines()[1:3])
    assert first == second
    said = held.fails("mock", "--show", first)
    assert said.count(first) == 3
    assert "Write more of the time." in said
    (whole,) = {part for part in said.split('"') if part.endswith(":40")} or {""}
    assert "not rated" in held("mock", "--show", whole).out
    assert "not rated" in held("mock", "--show", whole.replace(" ", "T")).out


def test_a_mock_that_was_never_held_is_refused(held: Runner) -> None:
    assert "There is no mock interview at `1999`." in held.fails("mock", "--show", "1999")


def test_the_report_of_an_earlier_mock_can_be_written_and_read_by_programs(held: Runner) -> None:
    held("mock", "--show", "last", "--report", "again.md")
    assert "> my words" in (held.root / "again.md").read_text(encoding="utf-8")
    found = held("mock", "--show", "last", "--json").json
    assert found["answered"] == 1
    assert found["answers"] == [
        {
            "number": 1,
            "question": "How do you begin?",
            "rating": "good",
            "seconds": 61.0,
            "budget_seconds": 240,
            "answer": "my words",
            "note": "be brief",
            "covered": [],
            "missed": [],
        }
    ]
