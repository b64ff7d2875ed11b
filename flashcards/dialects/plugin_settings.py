"""Read the settings of the plugins that send cards from Obsidian to Anki.

They are files of a vault: a `data.json` of each plugin, or the INI file of the script of Obsidian_to_Anki.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

from flashcards.dialects import PluginSettings
from flashcards.dialects.obsidian_data import read_data
from flashcards.disk.atomic import read_file
from flashcards.text import compile_regex

FILES: Final = {
    "obsidian-to-anki": (".obsidian/plugins/obsidian-to-anki-plugin/data.json", "obsidian_to_anki_config.ini"),
    "flashcards-obsidian": (".obsidian/plugins/flashcards-obsidian/data.json",),
}
"""The files of a vault that may hold the settings for a dialect; the first one counts."""

_LONGEST: Final = 2000  # characters of a regular expression
SECONDS: Final = 2.0
"""The time for all regular expressions of the settings in one file."""

_SYNTAX: Final = {
    "begin": "Begin Note",
    "end": "End Note",
    "begin_inline": "Begin Inline Note",
    "end_inline": "End Inline Note",
    "target_deck": "Target Deck Line",
    "file_tags": "File Tags Line",
    "delete": "Delete Note Line",
    "frozen": "Frozen Fields Line",
}


def read_plugin_settings(vault: Path, folder: Path, dialect: str) -> PluginSettings | None:
    """Return the settings in a vault for a dialect and the files of a folder, or nothing if there are no such files."""
    for file in FILES[dialect]:
        path = vault / file
        try:
            text = read_file(path).decode("utf-8-sig")
            data = _read_ini(text) if file.endswith(".ini") else read_data(text)
        except (FileNotFoundError, NotADirectoryError):
            continue
        except (OSError, ValueError) as error:
            is_text = not isinstance(error, UnicodeDecodeError)
            reason = getattr(error, "strerror", None) or (str(error) if is_text else "it is not UTF-8")
            return PluginSettings(None, "", str(path), reason)
        within = "" if folder == vault else folder.relative_to(vault).as_posix()
        if dialect == "flashcards-obsidian":
            return PluginSettings(pick_flashcards_settings(data), within, str(path), "")
        values = pick_to_anki_settings(data)
        return PluginSettings(values, within, str(path), _find_regex_problem(values))
    return None


@dataclass(frozen=True, slots=True)
class FlashcardsSettings:
    """The settings in the plugin's `data.json`."""

    tag: str = "card"  # the tag after a question, without `#`
    inline: str = "::"  # the separators within a line
    inline_reversed: str = ":::"
    folders_are_decks: bool = False  # decks come from the folders of the files


def pick_flashcards_settings(data: Mapping[str, Any]) -> FlashcardsSettings:
    """Return the settings in a `data.json`."""

    def text_of(name: str, otherwise: str) -> str:
        value = data.get(name)
        return value.strip() if isinstance(value, str) and value.strip() else otherwise

    default = FlashcardsSettings()
    return FlashcardsSettings(
        tag=text_of("flashcardsTag", default.tag).strip("#/") or default.tag,
        inline=text_of("inlineSeparator", default.inline),
        inline_reversed=text_of("inlineSeparatorReverse", default.inline_reversed),
        folders_are_decks=data.get("folderBasedDeck") is True,
    )


@dataclass(frozen=True, slots=True)
class ToAnkiSettings:
    """The settings that decide which notes a file holds."""

    begin: str = "START"  # the marks of a note on lines of its own
    end: str = "END"
    begin_inline: str = "STARTI"  # the marks of a note within a line
    end_inline: str = "ENDI"
    target_deck: str = "TARGET DECK"
    file_tags: str = "FILE TAGS"
    delete: str = "DELETE"
    frozen: str = "FROZEN"
    has_brace_gaps: bool = True  # whether `{x}` and perhaps `==x==` are gaps, not only `{{c1::x}}`
    has_highlight_gaps: bool = True  # whether `==x==` is a gap
    regexes: tuple[tuple[str, str], ...] = ()  # regular expressions of notes, each with its note type
    fields: tuple[tuple[str, tuple[str, ...]], ...] = ()  # the names of the fields of note types
    folder_decks: tuple[tuple[str, str], ...] = ()  # the decks and tags of folders
    folder_tags: tuple[tuple[str, str], ...] = ()


def pick_to_anki_settings(data: Mapping[str, Any]) -> ToAnkiSettings:
    """Return the settings in a `data.json`."""
    given = data.get("settings")
    values: dict[str, Any] = given if isinstance(given, dict) else {}

    def table_of(holder: Mapping[str, Any], name: str) -> dict[str, str]:
        table = holder.get(name)
        pairs = table.items() if isinstance(table, dict) else ()
        return {key: value for key, value in pairs if isinstance(value, str) and value.strip()}

    syntax, fields = table_of(values, "Syntax"), data.get("fields_dict")
    given = values.get("Defaults")
    defaults: dict[str, Any] = given if isinstance(given, dict) else {}
    return ToAnkiSettings(
        **{name: syntax[key].strip() for name, key in _SYNTAX.items() if key in syntax},
        has_brace_gaps=defaults.get("CurlyCloze") is not False,
        has_highlight_gaps=defaults.get("CurlyCloze - Highlights to Clozes") is not False,
        regexes=tuple(table_of(values, "CUSTOM_REGEXPS").items()),
        fields=tuple(
            (kind, tuple(map(str, names)))
            for kind, names in (fields.items() if isinstance(fields, dict) else ())
            if isinstance(names, list) and names
        ),
        folder_decks=tuple(table_of(values, "FOLDER_DECKS").items()),
        folder_tags=tuple(table_of(values, "FOLDER_TAGS").items()),
    )


def _find_regex_problem(settings: ToAnkiSettings) -> str:
    """Return why a regular expression of the settings cannot be used, as a sentence; or ""."""
    for kind, regex in settings.regexes:
        try:
            read_syntax(regex)
        except ValueError as error:
            return f"the regular expression of `{kind}` is not valid here: {error}"
    return ""


def _read_ini(text: str) -> dict[str, Any]:
    """Return the settings of the script, an INI file, as a `data.json` has them; raise ValueError for a mistake."""
    import configparser

    parser = configparser.RawConfigParser(default_section="", strict=False)
    parser.optionxform = str  # type: ignore[assignment,method-assign]  # the names keep their case
    try:
        parser.read_string(text)
    except configparser.Error as error:
        raise ValueError(str(error).partition("\n")[0]) from None
    tables = {name: dict(parser[name]) for name in parser.sections()}
    is_off = tables.get("Defaults", {}).get("CurlyCloze", "").lower() in ("false", "no", "0", "off")
    settings = {"Syntax": tables.get("Syntax"), "CUSTOM_REGEXPS": tables.get("Custom Regexps")}
    return {"settings": settings | {"Defaults": {"CurlyCloze": not is_off}}}


_THEIR_PART: Final = re.compile(
    r"\\k<(?P<name>\w+)>|\\.|\[(?P<except>\^?)\]|\[(?:\\.|[^\]\\])*\]|\(\?<(?![=!])", re.DOTALL
)
"""A part of a regular expression that may be written differently in JavaScript: a group, a set, or an escape."""


def _translate(match: re.Match[str]) -> str:
    """Return a part of a regular expression of JavaScript in the syntax of Python."""
    part = match[0]
    if match["name"]:
        return f"(?P={match['name']})"
    if match["except"] is not None:
        return r"[\s\S]" if match["except"] else "(?!)"
    return {r"\/": "/", "(?<": "(?P<"}.get(part, part)


class OwnSyntax:
    """A regular expression of JavaScript that finds notes. It may come from a stranger, so its time is limited."""

    def __init__(self, text: str) -> None:
        if len(text) > _LONGEST:
            raise ValueError("it is too long")
        self._pattern = compile_regex(_THEIR_PART.sub(_translate, text), re.MULTILINE)
        self._is_too_slow = False
        self.groups: int = self._pattern.groups

    def find(self, text: str, seconds: float) -> list[Any]:
        """Return all matches in a text. Raise `TimeoutError` if it takes too long now or took too long before."""
        try:
            return list(self._pattern.finditer(text, timeout=0.0 if self._is_too_slow else seconds))
        except TimeoutError:
            self._is_too_slow = True
            raise TimeoutError("A regular expression of the plugin's settings takes too long for this file") from None


@lru_cache(256)
def read_syntax(text: str) -> OwnSyntax:
    """Compile a regular expression of the settings; raise ValueError if that is impossible."""
    return OwnSyntax(text)
