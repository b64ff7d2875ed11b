from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flashcards.dialects.obsidian_data import (
    BOLD,
    CURLY,
    HIGHLIGHT,
    ObsidianSettings,
    pick_scheduling,
    pick_settings,
    read_data,
)

NAMES = (
    *("flashcardTags", "flashcardTagsToIgnore", "noteFoldersToIgnore", "convertFoldersToDecks", "clozePatterns"),
    *("singleLineCardSeparator", "multilineCardSeparator", "multilineCardEndMarker", "convertHighlightsToClozes"),
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


def settings(**values: object) -> ObsidianSettings:
    return pick_settings(read_data(json.dumps({"settings": values, "buryDate": "2026-07-30"})))


def test_without_settings_the_defaults_of_the_plugin_hold() -> None:
    assert pick_settings(read_data("{}")) == settings() == ObsidianSettings()


def test_every_setting_is_read() -> None:
    found = settings(
        flashcardTags=["#karten", "review/"],
        flashcardTagsToIgnore=["#template"],
        noteFoldersToIgnore=["Meta"],
        convertFoldersToDecks=True,
        singleLineCardSeparator=">>",
        singleLineReversedCardSeparator="<>",
        multilineCardSeparator="%",
        multilineReversedCardSeparator="%%",
        multilineCardEndMarker="---",
        clozePatterns=["**[123;;]answer[;;hint]**"],
    )
    assert found == ObsidianSettings(
        ("#karten", "#review"), ("#template",), ("Meta",), True, ">>", "<>", "%", "%%", "---", (BOLD,)
    )


@pytest.mark.parametrize(
    ("switches", "patterns"),
    [
        ({}, (HIGHLIGHT,)),
        ({"convertHighlightsToClozes": False}, ()),
        ({"convertBoldTextToClozes": True}, (HIGHLIGHT, BOLD)),
        ({"convertHighlightsToClozes": False, "convertCurlyBracketsToClozes": True}, (CURLY,)),
        ({"convertHighlightsToClozes": True, "clozePatterns": []}, ()),
        ({"disableClozeCards": True}, ()),
        ({"disableClozeCards": False}, (HIGHLIGHT,)),
        ({"disableClozeCards": True, "convertHighlightsToClozes": True}, (HIGHLIGHT,)),
    ],
)
def test_older_switches_become_patterns(switches: dict[str, object], patterns: tuple[str, ...]) -> None:
    assert settings(**switches).cloze_patterns == patterns


@pytest.mark.parametrize(
    ("values", "found"),
    [
        ({"startOfDay": "03:30:00"}, {"rollover": 3}),
        ({"startOfDay": "23:00:00"}, {"rollover": 23}),
        ({"startOfDay": "00:00:00"}, {}),
        ({"startOfDay": "99:00:00"}, {}),
        ({"startOfDay": 3}, {}),
        ({"algorithm": "FSRS", "fsrsDesiredRetention": 0.85}, {"retention": 0.85}),
        ({"algorithm": "FSRS", "fsrsDesiredRetention": 0.5}, {"retention": 0.7}),
        ({"algorithm": "FSRS", "fsrsDesiredRetention": "much"}, {}),
        ({"algorithm": "FSRS", "fsrsDesiredRetention": float("nan")}, {}),
        ({"algorithm": "SM-2-OSR", "fsrsDesiredRetention": 0.85}, {}),
    ],
)
def test_the_start_of_a_day_and_the_retention_of_fsrs_are_read(
    values: dict[str, object], found: dict[str, object]
) -> None:
    assert pick_scheduling({"settings": values}) == found
    assert pick_scheduling({"settings": None}) == {}


def test_separators_are_read_by_their_older_names() -> None:
    found = settings(singlelineCardSeparator="->->->", singlelineReversedCardSeparator="<->")
    assert (found.inline, found.inline_reversed) == ("->->->", "<->")


def test_the_newer_name_of_a_separator_wins() -> None:
    assert settings(singlelineCardSeparator=">>", singleLineCardSeparator="::").inline == "::"


@pytest.mark.parametrize("text", ["", "[]", "null", "{", "[" * 100_000])
def test_what_is_not_an_object_is_an_error(text: str) -> None:
    with pytest.raises(ValueError):  # json has its own words
        pick_settings(read_data(text))


@pytest.mark.slow
@given(st.dictionaries(st.sampled_from(NAMES), JSON))
def test_any_value_is_read_or_passed_over(values: dict[str, object]) -> None:
    found = settings(**values)
    assert all(tag.startswith("#") for tag in (*found.tags, *found.ignored_tags))
