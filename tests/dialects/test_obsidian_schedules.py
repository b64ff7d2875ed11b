from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flashcards.dialects.obsidian import read_obsidian
from flashcards.dialects.obsidian_schedules import hash_text, read_stored, read_stored_file
from flashcards.dialects.obsidian_settings import ObsidianSettings

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


@given(st.dictionaries(st.sampled_from(["cardSchedules", "scheduleState", "scheduleData"]), JSON))
def test_no_stored_data_raises_an_error(data: dict[str, object]) -> None:
    read_stored(data)
    read_stored_file(f"```json\n{json.dumps(data)}\n```\n")
