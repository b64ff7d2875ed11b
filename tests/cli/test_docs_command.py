"""The manual is at hand without a checkout."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from flashcards.cli.help_commands import find_pages

if TYPE_CHECKING:
    from tests.cli.runner import Runner


def test_the_topics_are_listed_with_their_titles(cli: Runner) -> None:
    lines = cli("docs").out.splitlines()
    assert [line.split()[0] for line in lines] == list(find_pages())
    assert lines[0].split(maxsplit=1)[1] == "Commands"


@pytest.mark.parametrize("topic", find_pages())
def test_every_page_is_shown_as_it_is_written(cli: Runner, topic: str) -> None:
    assert cli("docs", topic).out.strip() == find_pages()[topic].read_text(encoding="utf-8").strip()


def test_an_unknown_topic_is_named_with_the_nearest_one(cli: Runner) -> None:
    assert "Did you mean `state`?" in cli.fails("docs", "stte")
    assert "`flashcards docs` lists all topics." in cli.fails("docs", "xyzzy")
