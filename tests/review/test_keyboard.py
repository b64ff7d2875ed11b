"""A line that is edited below a card, key by key."""

from __future__ import annotations

from collections.abc import Iterator
from typing import cast

import pytest

from flashcards.review.keyboard import EDITOR, Keyboard, LineEditor


class Keys:
    """A keyboard that types these keys, then reports the end of input."""

    def __init__(self, *keys: str) -> None:
        self._keys: Iterator[str] = iter([*keys, ""])

    def key_within(self, seconds: float | None) -> str | None:  # noqa: ARG002 - no clock runs here
        return next(self._keys)


def editor(*keys: str, passed: list[str] | None = None) -> LineEditor:
    passed = passed if passed is not None else []
    return LineEditor(cast("Keyboard", Keys(*keys)), lambda: "> ", pass_on=passed.append)


@pytest.mark.parametrize(
    ("keys", "line"),
    [
        ("abc\r", "abc"),
        (["a", "b", "left", "x", "\r"], "axb"),
        (["a", "b", "home", "x", "end", "y", "\r"], "xaby"),
        (["a", "b", "left", "\x7f", "\r"], "b"),
        (["a", "b", "left", "delete", "\r"], "a"),
        ([*"one two", "\x17", "\r"], "one "),
        ([*"one", "left", "\x15", "\r"], "e"),
        ([*"one", "home", "right", "\x0b", "\r"], "o"),
        ([*"é漢", "left", "left", "left", "x", "\r"], "xé漢"),
        (["a", "\t", "b", "\r"], "a b"),
    ],
)
def test_the_usual_keys_edit_the_line(keys: list[str] | str, line: str) -> None:
    assert editor(*keys).read() == line


def test_keys_that_do_not_concern_the_line_are_passed_on() -> None:
    passed: list[str] = []
    assert editor("a", "page down", "redraw", "b", "\r", passed=passed).read() == "ab"
    assert passed == ["page down", "redraw"]


def test_leaving_keeps_what_was_typed() -> None:
    line = editor("a", "b")
    assert line.read() is None
    assert line.typed == "ab"
    assert editor("\x04").read() is None
    assert editor("a", "\x04", "\r").read() == "a", "Ctrl-D leaves only an empty line"


def test_the_editor_is_offered_only_where_it_is_allowed() -> None:
    line = editor("a", EDITOR)
    assert line.read(with_editor=True) == EDITOR
    assert line.typed == "a"
    assert editor("a", EDITOR, "b", "\r").read() == "ab"


def test_a_line_wider_than_the_window_shows_the_part_around_the_cursor(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "10")
    editor(*"abcdefghijkl", "home", "\r").read()
    drawn = capsys.readouterr().out.split("\r\x1b[K")
    assert "> fghijkl" in drawn
    assert drawn[-2].startswith("> abcdefg\x1b[7D")
