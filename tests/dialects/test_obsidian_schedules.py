from __future__ import annotations

import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flashcards.dialects.obsidian import read_obsidian
from flashcards.dialects.obsidian_data import (
    CURLY,
    ObsidianSettings,
    hash_text,
    read_schedules,
    read_stored,
    read_stored_file,
)

DUE = {"dueDate": "2026-12-16", "interval": 51, "ease": 230}


@pytest.mark.parametrize(
    ("text", "digits"),  # as the plugin's own function returns them
    [
        ("", "bdcb81aee8d83"),
        ("Q1::A1", "c4ddf78ff81fe"),
        ("#flashcards/science Q2::A2", "b0401947e70e4"),
        ("高😀亮::é", "1d81d7176339c3"),
        ("front\nline\n?\nback", "67d3c626f5fbc"),
    ],
)
def test_a_card_is_known_by_the_hash_of_the_plugin(text: str, digits: str) -> None:
    assert hash_text(text) == digits


@pytest.mark.parametrize(
    "text",
    [
        "Q1::A1",
        "Q1::A1 ^id-1",
        "Q1::A1 <!--SR:!2020-01-01,1,250--> ^id-1",
        "Q1::A1\n<!--SR:!2020-01-01,1,250-->",
        "#flashcards/science Q2::A2",
        "front\nline\n?\nback ^id-1",
        "front\nline\n?\nback\n<!--SR:!2020-01-01,1,250-->",
    ],
)
def test_comments_and_block_ids_are_no_part_of_the_hash(text: str) -> None:
    stored = read_stored(
        {
            "scheduleData": {
                "cardSchedules": {name: [DUE] for name in ("c4ddf78ff81fe", "b0401947e70e4", "67d3c626f5fbc")}
            }
        }
    )
    (note,) = read_obsidian(f"#flashcards\n\n{text}\n", "a.md", ObsidianSettings(), stored=stored).notes
    (schedule,) = note.schedules
    assert schedule is not None
    assert (schedule.due, schedule.interval) == ("2026-12-16", 51)


def test_a_stored_schedule_of_fsrs_is_read() -> None:
    value = {"dueDate": "2026-12-16T10:00:00Z", "interval": 5, "stability": 5.5, "difficulty": 6.0, "state": 2}
    value |= {"reps": 3, "lapses": 1, "learningSteps": 0, "lastReview": "2026-12-11T10:00:00Z"}
    ((schedule,),) = read_stored({"cardSchedules": {"a": [value]}}).values()
    assert schedule is not None
    assert (schedule.stability, schedule.reps, schedule.lapses) == (5.5, 3, 1)


JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(max_size=12) | st.just("2026-12-16"),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["cardSchedules", "scheduleState", "dueDate", "interval", "ease", "stability", "state", "x::a"]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


def test_midnight_in_utc_is_a_whole_day_and_any_other_time_an_instant() -> None:
    (found,), _ = read_schedules("!fsrs,2026-11-10T00:00:00.000Z,8,8.3,1,2,1,0,0,2026-11-02T00:00:00.000Z")
    assert found and (found.due, found.last) == ("2026-11-10", "2026-11-02")
    (found,), _ = read_schedules("!fsrs,2026-11-10T00:00:00.000Z,8,8.3,1,2,1,0,0,2026-11-02T07:00:00.000Z")
    assert found and (found.due, found.last) == ("2026-11-10T00:00:00+00:00", "2026-11-02T07:00:00+00:00")
    (found,), _ = read_schedules("!fsrs,2026-11-02T00:10:00.000Z,0,0.2,5,1,1,0,0,2026-11-02T00:00:00.000Z")
    assert found and found.due == "2026-11-02T00:10:00+00:00"


@given(st.dictionaries(st.sampled_from(["cardSchedules", "scheduleState", "scheduleData"]), JSON))
def test_no_stored_data_raises_an_error(data: dict[str, object]) -> None:
    read_stored(data)
    read_stored_file(f"```json\n{json.dumps(data)}\n```\n")


AT_SIGNS = ObsidianSettings(
    inline=":@:", inline_reversed="::@::", cloze_patterns=("{@{[123;;]answer[;;hint]}@}",), lines="-?-"
)


@pytest.mark.parametrize(
    ("text", "settings"),
    [
        (
            "标准库的部件：\n==容器==、==迭代器==、==[[a#b|仿函数]]、适配器==。 <!--SR:!2022-08-30,8,166!2022-09-10"
            ",13,204!2022-09-05,8,184-->\n\n容器：::一组对象。 <!--SR:!2022-09-05,14,206-->\n",
            ObsidianSettings(),
        ),
        (
            "- **作用**：\n?\n> [!tip] 口诀\n> - 利尿 <!--SR:!2025-04-14,4,272-->\n\n???\n\n## 同类(2)\n??\n- [[甲]]\n"
            "- [[乙]] <!--SR:!2025-03-30,3,230!2025-04-02,6,250--> \n\n- 丙:::（丁） <!--SR:!2025-0"
            "4-01,5,230!2025-04-01,5,230-->\n",
            ObsidianSettings(),
        ),
        (
            "The object `a = A()` {{knows}} its\n{{sections (.text), symbols}}:\n```py\na.got\n\nx :: y\n```\n"
            "<!--SR:!2024-12-15,4,270!2024-12-12,1,230-->\n",
            ObsidianSettings(cloze_patterns=(CURLY,)),
        ),
        (
            "- two values ::@:: true or false <!--SR:!fsrs,2026-10-29T00:00:00.000Z,8,8.2956,1,2,1,0,0,"
            "2026-10-21T00:00:00.000Z!2026-11-05,172,310-->\n1. a :@: b <!--SR:!fsrs,2026-10-29T00:"
            "00:00.000Z,8,8.2956,1,2,"
            "1,0,0,2026-10-21T00:00:00.000Z,id=k3f9a2-->\n\n{@{One <!-- gap -->}@} is {@{$$\\frac{1"
            "}{|u|}$$}@}.<sup>1</sup>"
            " <!--SR:!2025-05-15,71,319!2025-05-11,67,310-->\n\n> [!example] __sort__\n>\n> When {@"
            "{a method}@} is {@{any}@}:\n"
            ">\n> ```scala\n> def sort: T = ???\n> ```\n<!--SR:!2026-02-13,76,329!2026-12-05,305,34"
            "9-->\n\n<!--x generate--><!--"
            " y -->\n\nWas？ \n-?-\n答。  <!--SR:!2023-04-09,1,230-->\n",
            AT_SIGNS,
        ),
    ],
)
def test_each_card_has_its_segment_of_the_comment_that_the_plugin_wrote(text: str, settings: ObsidianSettings) -> None:
    notes = read_obsidian(f"#flashcards\n\n{text}", "a.md", settings).notes
    segments = [comment.count("!") for comment in re.findall(r"<!--SR:(.*?)-->", text)]
    assert [len(note.slots) for note in notes] == segments
    assert all(None not in note.schedules and note.schedules for note in notes)
