"""The settings of a collection: `flashcards.toml`, its overrides for single decks, and the front matter of decks."""

from flashcards.settings.file import SettingInvalid, line_of_key, load, unknown_decks
from flashcards.settings.model import FILE_NAME, Settings, front_matter_problems
from flashcards.settings.values import SETTINGS, Setting, default_text, holds_already, setting_problem

__all__ = [
    "FILE_NAME",
    "SETTINGS",
    "Setting",
    "SettingInvalid",
    "Settings",
    "default_text",
    "front_matter_problems",
    "holds_already",
    "line_of_key",
    "load",
    "setting_problem",
    "unknown_decks",
]
