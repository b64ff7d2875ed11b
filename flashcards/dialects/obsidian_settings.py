"""Read the settings of Obsidian's spaced repetition plugin that decide which cards a note holds."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any, Final

HIGHLIGHT: Final = "==[123;;]answer[;;hint]=="
BOLD: Final = "**[123;;]answer[;;hint]**"
CURLY: Final = "{{[123;;]answer[;;hint]}}"

_OLD_SWITCHES: Final = (
    ("convertHighlightsToClozes", True, HIGHLIGHT),
    ("convertBoldTextToClozes", False, BOLD),
    ("convertCurlyBracketsToClozes", False, CURLY),
)
_OLD_NAMES: Final = {
    "singleLineCardSeparator": "singlelineCardSeparator",
    "singleLineReversedCardSeparator": "singlelineReversedCardSeparator",
}


@dataclass(frozen=True, slots=True)
class ObsidianSettings:
    """What the plugin's `data.json` says."""

    tags: tuple[str, ...] = ("#flashcards",)  # those that make a note's cards flashcards, with `#`
    ignored_tags: tuple[str, ...] = ()  # tags that keep a whole note out
    ignored_folders: tuple[str, ...] = ("**/*.excalidraw.md",)  # paths or globs that are kept out
    folders_are_decks: bool = False  # decks come from folders instead of tags
    inline: str = "::"  # the separators within a line
    inline_reversed: str = ":::"
    lines: str = "?"  # the separators on a line of their own
    lines_reversed: str = "??"
    end_marker: str = ""  # the line that ends a card of several lines, or "" for a blank line
    cloze_patterns: tuple[str, ...] = (HIGHLIGHT,)  # patterns such as `==[123;;]answer[;;hint]==`
    schedule_folder: str = "Spaced Repetition"  # the folder of the vault that may hold schedules

    def is_flashcard_tag(self, tag: str) -> bool:
        """Whether a tag, with its `#`, is a flashcard tag or lies below one."""
        return is_in_tags(tag, self.tags)

    def is_ignored(self, path: str) -> bool:
        """Whether a path within the vault is kept out."""
        return any(path.startswith(folder) or matches_glob(path, folder) for folder in self.ignored_folders if folder)


def is_in_tags(tag: str, tags: tuple[str, ...]) -> bool:
    """Whether a tag is one of `tags` or lies below one."""
    return any(tag == each or tag.startswith(f"{each}/") for each in tags)


def read_data(text: str) -> dict[str, Any]:
    """Read a `data.json`; raise ValueError if it is not a JSON object."""
    try:
        data = json.loads(text)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
    if not isinstance(data, dict):
        raise ValueError("it is not a JSON object")
    return data


def pick_settings(data: Mapping[str, Any]) -> ObsidianSettings:
    """Pick the settings out of a `data.json`."""
    given = data.get("settings")
    values: dict[str, Any] = given if isinstance(given, dict) else {}
    default = ObsidianSettings()

    def text_of(name: str, otherwise: str) -> str:
        value = values.get(name, values.get(_OLD_NAMES.get(name, name)))
        return value.strip() if isinstance(value, str) else otherwise

    def texts_of(name: str, otherwise: tuple[str, ...]) -> tuple[str, ...]:
        value = values.get(name)
        if not isinstance(value, list):
            return otherwise
        return tuple(each.strip() for each in value if isinstance(each, str) and each.strip())

    return ObsidianSettings(
        tags=tuple(map(_with_hash, texts_of("flashcardTags", default.tags))),
        ignored_tags=tuple(map(_with_hash, texts_of("flashcardTagsToIgnore", ()))),
        ignored_folders=texts_of("noteFoldersToIgnore", default.ignored_folders),
        folders_are_decks=values.get("convertFoldersToDecks") is True,
        inline=text_of("singleLineCardSeparator", default.inline),
        inline_reversed=text_of("singleLineReversedCardSeparator", default.inline_reversed),
        lines=text_of("multilineCardSeparator", default.lines),
        lines_reversed=text_of("multilineReversedCardSeparator", default.lines_reversed),
        end_marker=text_of("multilineCardEndMarker", ""),
        cloze_patterns=_cloze_patterns(values, texts_of("clozePatterns", ())),
        schedule_folder=text_of("scheduleDataVaultLocation", "").strip("/") or default.schedule_folder,
    )


def _cloze_patterns(values: dict[str, Any], patterns: tuple[str, ...]) -> tuple[str, ...]:
    """Return the patterns, or what the switches of older versions stand for."""
    if isinstance(values.get("clozePatterns"), list):
        return patterns
    if values.get("disableClozeCards") is True and not any(name in values for name, _, _ in _OLD_SWITCHES):
        return ()
    return tuple(pattern for name, default, pattern in _OLD_SWITCHES if values.get(name, default) is True)


def _with_hash(tag: str) -> str:
    return f"#{tag.strip('#/')}"


def matches_glob(path: str, glob: str) -> bool:
    """Return whether a path matches a glob, in which `*` stays within a folder and `**` goes through folders."""
    return _match_parts(tuple(path.split("/")), tuple(glob.split("/")))


def _match_parts(path: tuple[str, ...], glob: tuple[str, ...]) -> bool:
    """Match part by part; the set holds how many parts of the path the glob can have used so far."""
    reached = {0}
    for part in glob:
        if part == "**":
            reached = set(range(min(reached), len(path) + 1)) if reached else set()
        else:
            reached = {at + 1 for at in reached if at < len(path) and fnmatchcase(path[at], part)}
    return len(path) in reached
