"""Reports in a terminal of any width."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.console import Console, RenderableType

from flashcards.insight.page import draw_plot
from flashcards.insight.report import Bars, Column, DataTable, RowBar, Series, measure_level
from flashcards.insight.terminal import draw_bar, draw_columns, draw_table, thin_out

cell = st.text("ab 12é一", max_size=9)


def draw(what: RenderableType, width: int) -> list[str]:
    console = Console(width=width, color_system=None, markup=False, highlight=False)
    with console.capture() as capture:
        console.print(what)
    return [line.rstrip() for line in capture.get().splitlines()]


COLUMNS = [Column("day", "day"), Column("due", "due", "{:,}".format), Column("minutes", "minutes")]
DAYS = DataTable(
    COLUMNS,
    [{"day": "today", "due": 1200, "minutes": 35}, {"day": "tomorrow", "due": 7, "minutes": 1}],
    RowBar("due", 1200),
)


def test_a_wide_table_has_one_row_per_line_with_its_bar() -> None:
    assert draw(draw_table(DAYS, 30), 30) == [
        "day         due  minutes",
        "today     1,200       35  ████",
        "tomorrow      7        1  ▏",
    ]


def test_bars_are_omitted_in_a_narrow_terminal() -> None:
    assert draw(draw_table(DAYS, 26), 26) == [
        "day         due  minutes",
        "today     1,200       35",
        "tomorrow      7        1",
    ]


def test_an_optional_column_is_dropped_before_the_rows_are_piled_up() -> None:
    columns = [*COLUMNS[:2], Column("minutes", "minutes", kind="optional")]
    assert draw(draw_table(DataTable(columns, DAYS.rows), 20), 20)[0] == "day         due"


def test_each_cell_has_its_heading_in_a_very_narrow_terminal() -> None:
    assert draw(draw_table(DAYS, 20), 20) == [
        "day today",
        "  due 1,200",
        "  minutes 35",
        "day tomorrow",
        "  due 7  minutes 1",
    ]


@given(st.lists(st.tuples(cell, cell, cell), min_size=1, max_size=4), st.integers(12, 60))
def test_nothing_is_cut_and_no_line_is_too_wide(rows: list[tuple[str, str, str]], width: int) -> None:
    columns = [Column("", "a"), Column("one", "b"), Column("two", "c")]
    table = DataTable(columns, [dict(zip("abc", row, strict=True)) for row in rows])
    lines = draw(draw_table(table, width), width)
    assert all(cell_len(line) <= width for line in lines)
    shown = "".join("".join(lines).split())
    assert all("".join(each.split()) in shown for row in rows for each in row)


@pytest.mark.parametrize("width", [20, 30, 45])
def test_in_a_narrow_window_the_values_of_a_card_are_below_its_question(width: int) -> None:
    columns = [Column("question", "front", kind="text"), Column("lapses", "lapses"), Column("card", "id")]
    row = {"front": "What is it?", "lapses": 12, "id": "abcdefghijkl.forward"}
    lines = draw(draw_table(DataTable(columns, [row]), width), width)
    assert lines[0] == "What is it?"
    assert "lapses 12" in lines[1]
    assert "abcdefghijkl.forward" in "".join(line.strip() for line in lines)


def test_a_long_curve_is_thinned_out_and_keeps_its_ends() -> None:
    assert thin_out([1.0, 2.0, 3.0, 4.0, 5.0], 3) == [1.0, 3.0, 5.0]
    assert thin_out([1.0, 2.0], 1) == [1.0, 2.0]
    assert thin_out([1.0, 2.0, 3.0], 3) == [1.0, 2.0, 3.0]


def test_a_plot_names_every_category_and_thins_out_only_dates() -> None:
    names = [f"category {number}" for number in range(20)]
    values = [Series("cards", [1.0] * 20)]
    drawn = draw_plot(Bars(names, values), "Cards")
    assert all(f">{name}</text>" in drawn for name in names)
    thinned = draw_plot(Bars(names, values, dates=True), "Cards")
    assert 0 < sum(f">{name}</text>" in thinned for name in names) < 20


@pytest.mark.parametrize(("value", "drawn"), [(0, ""), (10, "██████████"), (5, "█████"), (0.01, "▏"), (5.5, "█████▌")])
def test_a_bar_is_as_long_as_its_share_of_the_maximum_and_only_empty_for_zero(value: float, drawn: str) -> None:
    assert draw_bar(value, 10, 10) == drawn


def test_columns_leave_out_what_is_not_known() -> None:
    assert draw_columns([0, None, 7]) == "▁ █"
    assert draw_columns([]) == ""


@pytest.mark.parametrize(("value", "expected"), [(0, 0), (1, 1), (25, 1), (26, 2), (100, 4)])
def test_a_square_has_four_shades_of_something(value: float, expected: int) -> None:
    assert measure_level(value, 100) == expected
