"""What is painted on the alternate screen, by the size of the window."""

from __future__ import annotations

import io
import re

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from flashcards.review.keys import SCROLLS, Action
from flashcards.review.screen_parts import Window

ESCAPES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


def paint(file: io.StringIO) -> list[str]:
    """The lines that were painted last."""
    return ESCAPES.sub("", file.getvalue().rpartition("\x1b[H")[2]).split("\r\n")[:-1]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(0, 60), st.integers(0, 4), st.integers(3, 30), st.lists(st.sampled_from(SCROLLS), max_size=12))
def test_whatever_is_scrolled_the_screen_is_never_overfull_and_the_footer_stays(
    monkeypatch: pytest.MonkeyPatch, body: int, footer: int, rows: int, moves: list[Action]
) -> None:
    monkeypatch.setenv("LINES", str(rows))
    monkeypatch.setenv("COLUMNS", "80")
    file = io.StringIO()
    window = Window(file)
    window.show([f"body {number}" for number in range(body)], [f"footer {number}" for number in range(footer)])
    for move in moves:
        window.scroll(move)
        lines = paint(file)
        assert len(lines) < rows, "one line is left for what is typed"
        if footer + 3 <= rows:
            assert [line for line in lines if line.startswith("footer")] == [f"footer {n}" for n in range(footer)]


def test_every_line_of_a_long_body_can_be_reached(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LINES", "10")
    file = io.StringIO()
    window = Window(file)
    body = [f"body {number}" for number in range(40)]
    window.show(body, ["footer"])
    seen = set(paint(file))
    for _ in range(10):
        window.scroll(Action.PAGE_DOWN)
        seen |= set(paint(file))
    assert set(body) <= seen


def test_another_footer_leaves_the_body_where_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LINES", "10")
    file = io.StringIO()
    window = Window(file)
    window.show([f"body {number}" for number in range(40)], ["footer"])
    window.scroll(Action.DOWN)
    window.replace_footer(["question?"])
    assert paint(file)[0] == "body 1"
    assert paint(file)[-1] == "question?"
