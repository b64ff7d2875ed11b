"""The settings of a collection: `flashcards.toml`, its overrides for single decks, and the front matter of decks."""

from flashcards.settings.file import (
    FILE_NAME,
    SettingInvalid,
    Settings,
    find_front_matter_problems,
    find_key_line,
    find_unknown_decks,
    load_settings,
    parse_settings,
)
from flashcards.settings.values import (
    SETTINGS,
    MockPreset,
    Setting,
    find_setting_problem,
    has_values,
    make_default_text,
)

__all__ = [
    "FILE_NAME",
    "SETTINGS",
    "MockPreset",
    "Setting",
    "SettingInvalid",
    "Settings",
    "find_front_matter_problems",
    "find_key_line",
    "find_setting_problem",
    "find_unknown_decks",
    "has_values",
    "load_settings",
    "make_default_text",
    "parse_settings",
]
