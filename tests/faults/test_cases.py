"""No command is forgotten: each has a fault case, or writes nothing but what a scan does."""

from __future__ import annotations

from flashcards.cli import COMMANDS
from tests.cli.test_reading import READING
from tests.faults.cases import CASES
from tests.faults.inside import INSIDE, INSIDE_OF

PRINTING = {"format", "docs", "completion"}
"""Commands that open no collection."""

ALIKE = {"preview", "unsuspend", "unbury"}
"""Commands that write as `scan`, `suspend` and `bury` do, through the same functions."""


def test_every_command_has_a_fault_case_or_writes_nothing() -> None:
    played = {case.words[0] for case in CASES}
    assert {word for words in INSIDE_OF.values() for word in words} == INSIDE.keys()
    assert INSIDE.keys() <= played
    reading = {words[0] for words in READING}
    assert COMMANDS.keys() == (played - INSIDE.keys()) | INSIDE_OF.keys() | reading | PRINTING | ALIKE
