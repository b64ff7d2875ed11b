"""Dialects: the note syntaxes of other tools, each parsed into native notes."""

from typing import Any, Final, NamedTuple

NATIVE = "native"

NAMES = (
    *(NATIVE, "obsidian", "headings", "inka", "obsidian-to-anki"),
    *("flashcards-obsidian", "flashcards-obsidian-v2", "mdsr"),
)
"""The names of the formats in `format:` and `flashcards.toml`."""


class PluginSettings(NamedTuple):
    """The settings of a plugin that sends cards to Anki, for the files of one folder."""

    values: Any  # the settings; None if there are no settings
    folder: str  # the folder within the vault
    path: str  # the file of the settings, for messages
    error: str  # the reason why they cannot be read, or ""


NO_SETTINGS: Final = PluginSettings(None, "", "", "")
