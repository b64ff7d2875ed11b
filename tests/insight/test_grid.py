"""Tables of a terminal of any width."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.console import Console, RenderableType

from flashcards.insight.grid import Bar, Grid, cards_table, thinned

cell = st.text("ab 12é一", max_size=9)


def drawn(what: RenderableType, width: int) -> list[str]:
    console = Console(width=width, color_system=None, markup=False, highlight=False)
    with console.capture() as capture:
        console.print(what)
    return [line.rstrip() for line in capture.get().splitlines()]


def grid() -> Grid:
    found = Grid("day", "due", "minutes")
    found.add("today", "1,200", "35", bar=Bar(2, 4, "green"))
    found.add("tomorrow", "7", "1", bar=Bar(4, 4, "green"))
    return found


def test_where_there_is_room_rows_stand_below_each_other_with_their_bars() -> None:
    assert drawn(grid().drawn(30), 30) == [
        "day         due  minutes",
        "today     1,200       35  ██",
        "tomorrow      7        1  ████",
    ]


def test_where_there_is_little_the_bars_are_left_out() -> None:
    assert drawn(grid().drawn(26), 26) == [
        "day         due  minutes",
        "today     1,200       35",
        "tomorrow      7        1",
    ]


def test_where_there_is_none_each_cell_stands_with_its_heading() -> None:
    assert drawn(grid().drawn(20), 20) == [
        "day today",
        "  due 1,200",
        "  minutes 35",
        "day tomorrow",
        "  due 7  minutes 1",
    ]


@given(st.lists(st.tuples(cell, cell, cell), min_size=1, max_size=4), st.integers(12, 60))
def test_nothing_is_cut_and_no_line_is_too_wide(rows: list[tuple[str, str, str]], width: int) -> None:
    table = Grid("", "one", "two")
    for row in rows:
        table.add(*row, bar=Bar(1, 2, "green"))
    lines = drawn(table.drawn(width), width)
    assert all(cell_len(line) <= width for line in lines)
    shown = "".join("".join(lines).split())
    assert all("".join(each.split()) in shown for row in rows for each in row)


@pytest.mark.parametrize("width", [20, 30, 59])
def test_in_a_narrow_window_a_question_stands_below_its_card(width: int) -> None:
    lines = drawn(cards_table("lapses", [("abcdefghijkl.forward", "12", "What is it?")], width), width)
    assert lines[-1] == "  What is it?"
    assert "lapses 12" in lines[0]
    assert "abcdefghijkl.forward" in " ".join(lines)


def test_a_long_curve_is_thinned_and_keeps_its_ends() -> None:
    assert thinned([1.0, 2.0, 3.0, 4.0, 5.0], 3) == [1.0, 3.0, 5.0]
    assert thinned([1.0, 2.0], 1) == [1.0, 2.0]
    assert thinned([1.0, 2.0, 3.0], 3) == [1.0, 2.0, 3.0]
