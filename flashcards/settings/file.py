"""Read, write and check `flashcards.toml`; add the settings of front matter."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Set
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from flashcards.dialects import NAMES
from flashcards.dialects.choose import find_scheduling
from flashcards.disk.atomic import read_file
from flashcards.errors import FlashcardsError, explain_toml_error
from flashcards.settings import values as setting_values
from flashcards.text import list_deck_path, make_visible, suggest
from scheduler.policy import Policy

FILE_NAME = "flashcards.toml"
"""The settings file at the top of a collection."""


_ONE_WORD = re.compile(r"[^\W_]?[^\W_A-Z]*")
_DECKS = re.compile(r"^[ \t]*decks(?!\w)", re.MULTILINE)
_DECK_TABLE = re.compile(r"[ \t]*\[\s*decks\s*\.\s*(?:\"([^\"]+)|'([^']+)|([\w-]+))")
_FRONT_MATTER_NAMES = ("deck", "name", "tags", "say", "format", "order", *setting_values.BY_NAME)


class Settings(NamedTuple):
    """The contents of `flashcards.toml`."""

    policy: Policy = Policy()  # for every deck without its own settings
    # for decks and their subdecks: name or pattern with `*` -> setting -> value as read
    decks: Mapping[str, Mapping[str, Any]] = {}
    rollover: int = 4  # the hour at which a day begins
    keys: Mapping[str, str] = {}  # of the review: action -> key
    spoken_minutes: float = 4.0  # duration of an answer to a rubric card or scenario, until the log shows it
    # the smallest shares of a rubric card's points for Hard, Good and Easy
    rubric_thresholds: tuple[float, float, float] = setting_values.RUBRIC_THRESHOLDS
    # folders or globs -> the dialect of their files
    formats: Mapping[str, str] = {}
    mocks: Mapping[str, setting_values.MockPreset] = {}  # mock interviews by name
    # position of single decks among their neighbours: deck name -> number, lowest first
    orders: Mapping[str, float] = {}
    ignore: tuple[str, ...] | None = None  # patterns of paths without decks; None for the defaults
    # settings that come from an Obsidian vault, because `flashcards.toml` does not set them
    inherited: Mapping[str, Any] = {}

    def policy_for(self, deck: str, front_matter: Mapping[str, Any]) -> Policy:
        """Build the policy of a deck from the collection's, its parents' and its own tables, and its front matter.

        Tables of patterns come before the table of the deck that they match. Impossible values in the front matter are
        ignored; `find_front_matter_problems` reports them.
        """
        if not self.decks and not front_matter:
            return self.policy
        changes: dict[str, Any] = {}
        patterns = [pattern for pattern in self.decks if "*" in pattern]
        for name in list_deck_path(deck):
            for pattern in [each for each in patterns if matches_deck(each, name)]:
                changes.update(self.decks[pattern])
                patterns.remove(pattern)  # the subdecks already inherit it, and may have their own settings
            changes.update(self.decks.get(name, {}))
        for name, value in front_matter.items():
            if name in setting_values.BY_NAME and (read := setting_values.read_setting(name, value)) is not None:
                changes[name] = read
        return self.policy._replace(**changes)


def matches_deck(pattern: str, deck: str) -> bool:
    """Return whether a pattern, in which `*` is any text, matches the whole name of a deck."""
    return re.fullmatch(".*".join(map(re.escape, pattern.split("*"))), deck) is not None


def find_front_matter_problems(values: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    """Find the problems of a deck's front matter: setting, message and hint.

    A name that is like that of a setting is a slip; any other name is a property of the user or of another program.
    """
    found = []
    for name, value in values.items():
        if name in ("name", "tags"):  # a remaining `name` means that there is also a `deck`
            found.append((name, f"`{name}` has no effect here.", "Remove it; `deck` names the deck."))
        elif name == "format":  # an unknown name is a problem of the file, found when it is read
            continue
        elif name == "order":
            if message := setting_values.find_order_problem(value):
                found.append((name, f"`order` {message}.", "Lower numbers come first."))
        elif name in setting_values.TOP_LEVEL:
            found.append((name, f"`{name}` applies to the whole collection.", f"Write it into {FILE_NAME}."))
        elif name.lower() in _list_properties():
            continue
        elif name not in setting_values.BY_NAME:
            if hint := _suggest_setting(name):
                found.append((name, f"Unknown setting `{name}`.", hint))
        elif message := setting_values.find_setting_problem(name, value):
            found.append(
                (name, f"`{name}` {message}.", f"Its default is {setting_values.BY_NAME[name].default or 'none'}.")
            )
    return found


def find_own_properties(values: Mapping[str, Any]) -> list[str]:
    """Find the names in front matter that are neither settings nor known from another program."""
    known = {*_FRONT_MATTER_NAMES, *setting_values.TOP_LEVEL}
    return [
        name
        for name in values
        if name not in known and name.lower() not in _list_properties() and not _suggest_setting(name)
    ]


def _suggest_setting(name: str) -> str:
    """Return "Did you mean …?" for a name like that of a setting; a name of one word may mean something else."""
    lower = name.lower().replace("-", "_")
    swapped = [known for known in _FRONT_MATTER_NAMES if sorted(known) == sorted(lower)]
    cutoff = 0.8 if _ONE_WORD.fullmatch(name) and not swapped else 0.65
    return suggest(lower, swapped or _FRONT_MATTER_NAMES, "", cutoff)


@cache
def _list_properties() -> frozenset[str]:
    """List front matter properties of Obsidian, Jekyll, Hugo, Pandoc, Quarto, Docusaurus and others."""
    return frozenset(Path(__file__).with_name("properties.txt").read_text(encoding="utf-8").split())


class SettingInvalid(FlashcardsError):
    """A setting that does not exist or cannot have this value."""

    def __init__(self, place: str, message: str) -> None:
        super().__init__(f"{place}: {message}")


def load_settings(root: Path) -> Settings:
    """Load the settings of the collection in `root`, or the defaults if it has no `flashcards.toml`.

    If the collection is an Obsidian vault or in one, the settings of the plugin there are its defaults.
    Raise `SettingInvalid` if the file cannot be read, or if a setting is unknown or impossible.
    """
    path = root / FILE_NAME
    inherited = find_scheduling(root)
    try:
        data = read_file(path)
    except FileNotFoundError:
        return parse_settings(b"", inherited) if inherited else Settings()
    except OSError as error:
        is_denied = isinstance(error, PermissionError)
        advice = "Check its permissions." if is_denied else "Put a text file with your settings there, or remove it."
        raise SettingInvalid(FILE_NAME, f"cannot be read: {error.strerror}. {advice}") from error
    return parse_settings(data, inherited)


def parse_settings(data: bytes, inherited: Mapping[str, Any]) -> Settings:
    """Read the settings in the content of a `flashcards.toml`, as `load_settings` does; `inherited` are defaults."""
    import tomllib

    try:
        text = data.decode("utf-8-sig").replace("\r\n", "\n")
        values = tomllib.loads(text)
    except UnicodeDecodeError as error:
        raise SettingInvalid(FILE_NAME, "is not UTF-8. Save it as UTF-8.") from error
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        reason, line = explain_toml_error(error, text)
        where = f"{FILE_NAME}:{line}" if line else FILE_NAME
        raise SettingInvalid(where, f"is not valid TOML: {reason}.") from error
    inherited = {name: value for name, value in inherited.items() if name not in values}
    return _SettingsReader(text).read({**inherited, **values})._replace(inherited=inherited)


class _SettingsReader:
    """Reads the values of `flashcards.toml`, and finds the lines of errors in its text."""

    def __init__(self, text: str) -> None:
        self._text = text

    def read(self, values: Mapping[str, Any]) -> Settings:
        changes: dict[str, Any] = {}
        for name, value in values.items():
            if name in setting_values.TOP_LEVEL:
                continue
            changes[name] = self._read_value(name, value, (*setting_values.BY_NAME, *setting_values.TOP_LEVEL))
        rollover = values.get("rollover", 4)
        if isinstance(rollover, bool) or not isinstance(rollover, int) or not 0 <= rollover <= 23:
            raise self._make_error("rollover", "must be an hour, 0 to 23.")
        policy, thresholds = Policy(**changes), self._read_thresholds(values)
        decks = self._read_decks(values)
        orders = {deck: table.pop("order") for deck, table in decks.items() if "order" in table}
        return Settings(
            policy=policy,
            decks=decks,
            rollover=rollover,
            keys=self._read_keys(values),
            spoken_minutes=self._read_spoken_minutes(values),
            rubric_thresholds=thresholds,
            formats=self._read_formats(values),
            mocks=self._read_mocks(values),
            orders=orders,
            ignore=self._read_ignore(values),
        )

    def _read_spoken_minutes(self, values: Mapping[str, Any]) -> float:
        try:
            return setting_values.read_minutes(values.get("spoken_minutes", 4.0))
        except ValueError as error:
            raise self._make_error("spoken_minutes", f"{error}.") from error

    def _read_thresholds(self, values: Mapping[str, Any]) -> tuple[float, float, float]:
        given = values.get("rubric_thresholds", list(setting_values.RUBRIC_THRESHOLDS))
        numbers = given if isinstance(given, list) else []
        if len(numbers) != 3 or not all(isinstance(each, (int, float)) and 0 <= each <= 2 for each in numbers):
            raise self._make_error("rubric_thresholds", "must be three shares, such as [0.4, 0.7, 1.0].")
        if sorted(numbers) != numbers:
            raise self._make_error("rubric_thresholds", "must rise, such as [0.4, 0.7, 1.0].")
        hard, good, easy = map(float, numbers)
        return hard, good, easy

    def _read_ignore(self, values: Mapping[str, Any]) -> tuple[str, ...] | None:
        patterns = values.get("ignore")
        if patterns is None:
            return None
        if not isinstance(patterns, list) or not all(isinstance(each, str) and each.strip() for each in patterns):
            raise self._make_error("ignore", 'must be a list of patterns, such as ["drafts/", "*.draft.md"].')
        return tuple(patterns)

    def _read_decks(self, values: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
        decks = values.get("decks", {})
        if not isinstance(decks, dict) or not all(isinstance(table, dict) for table in decks.values()):
            raise self._make_error("decks", 'must contain tables such as [decks."tpm"].')
        return {
            str(deck): {
                name: self._read_value(name, value, (*setting_values.BY_NAME, "order"), str(deck))
                for name, value in table.items()
            }
            for deck, table in decks.items()
        }

    def _read_formats(self, values: Mapping[str, Any]) -> dict[str, str]:
        formats = values.get("formats", {})
        if not isinstance(formats, dict):
            raise self._make_error("formats", 'must be a table of folders, such as "Notes" = "obsidian".')
        for folder, name in formats.items():
            if name not in NAMES:
                hint = suggest(str(name), NAMES, f"Known are {', '.join(NAMES)}.")
                raise self._make_error(str(folder), f'cannot have the format "{name}". {hint}')
        return dict(formats)

    def _read_keys(self, values: Mapping[str, Any]) -> dict[str, str]:
        keys = values.get("keys", {})
        if not isinstance(keys, dict) or not all(isinstance(key, str) and len(key) == 1 for key in keys.values()):
            raise self._make_error("keys", 'must be a table of single characters, such as undo = "z".')
        return {str(name): str(key) for name, key in keys.items()}

    def _read_mocks(self, values: Mapping[str, Any]) -> dict[str, setting_values.MockPreset]:
        mocks = values.get("mocks", {})
        if not isinstance(mocks, dict) or not all(isinstance(table, dict) for table in mocks.values()):
            raise self._make_error("mocks", 'must contain tables such as [mocks."phone screen"].')
        presets = {}
        for name, table in mocks.items():
            query = str(table.get("query", ""))
            if name != make_visible(name) or query != make_visible(query, keep_lines=True):
                raise self._make_error(name, "has a name or a query with control characters. Remove them.")
            read = {}
            for key, value in table.items():
                if key not in setting_values.MOCK_READERS:
                    known = ", ".join(setting_values.MOCK_READERS)
                    raise self._make_error(name, f"has no `{key}`. A mock has {known}.")
                try:
                    read[key] = setting_values.MOCK_READERS[key](value)
                except ValueError as error:
                    raise self._make_error(name, f"has a `{key}` that cannot be used: it {error}.") from error
            presets[str(name)] = setting_values.MockPreset(**read)
        return presets

    def _read_value(self, name: str, value: Any, known: tuple[str, ...], deck: str = "") -> Any:
        if name in setting_values.TOP_LEVEL:
            raise self._make_error(name, "applies to the whole collection. Move it above the deck tables.", deck)
        if name in ("order", "parameters") and "*" in deck:
            raise self._make_error(name, "is a setting of single decks. Name the deck without `*`.", deck)
        if name == "order" and deck:
            if message := setting_values.find_order_problem(value):
                raise self._make_error(name, f"{message}.", deck)
            return float(value)
        if name == "order":
            raise self._make_error(name, 'is a setting of single decks. Move it to [decks."NAME"].')
        if name not in setting_values.BY_NAME:
            raise self._make_error(name, f"is not a setting. {suggest(name, known, 'Remove it.')}", deck)
        if message := setting_values.find_setting_problem(name, value):
            raise self._make_error(name, f"{message}.", deck)
        return setting_values.BY_NAME[name].read(value)

    def _make_error(self, name: str, message: str, deck: str = "") -> SettingInvalid:
        return SettingInvalid(f"{FILE_NAME}:{self._find_line(name, deck)}", f"`{name}` {message}")

    def _find_line(self, name: str, deck: str) -> int:
        """Find the line of a setting, of a deck or of the collection."""
        table = _find_table(self._text, deck)
        start = table.start() if deck and table else 0
        key = re.compile(rf"^[ \t]*(?:\[+\s*|.*[.{{,][ \t]*)?[\"']?{re.escape(name)}(?!\w)", re.MULTILINE)
        return _count_lines(self._text, key.search(self._text, start) or table)


def find_unknown_decks(root: Path, settings: Settings, decks: Collection[str]) -> list[tuple[int, str]]:
    """Find the settings in `flashcards.toml` for decks that do not exist: line and name."""
    known = {part for deck in decks for part in list_deck_path(deck)}
    missing = [name for name in settings.decks if not _holds_for(name, known)]
    if not missing:
        return []
    text = (root / FILE_NAME).read_text(encoding="utf-8-sig")
    otherwise = _count_lines(text, _DECKS.search(text))
    lines = _find_tables(text)
    return [(lines.get(name, otherwise), name) for name in missing]


def _holds_for(name: str, decks: Set[str]) -> bool:
    return any(matches_deck(name, deck) for deck in decks) if "*" in name else name in decks


def _find_tables(text: str) -> dict[str, int]:
    """Find the line of each deck's table, all in one pass: a file may have thousands."""
    lines: dict[str, int] = {}
    for number, line in enumerate(text.split("\n"), start=1):
        if match := _DECK_TABLE.match(line):
            lines.setdefault(match[1] or match[2] or match[3], number)
    return lines


def find_key_line(root: Path, name: str) -> int:
    """Find the line of `flashcards.toml` that sets a review key, or that of the table."""
    text = (root / FILE_NAME).read_text(encoding="utf-8-sig")
    table = re.search(r"^[ \t]*(?:\[\s*keys\b|keys\b)", text, re.MULTILINE)
    key = re.compile(rf"^.*(?<![\w-])[\"']?{re.escape(name)}[\"']?\s*=", re.MULTILINE) if name else None
    return _count_lines(text, (key.search(text, table.start() if table else 0) if key else None) or table)


def _find_table(text: str, deck: str) -> re.Match[str] | None:
    found = re.search(rf"^[ \t]*\[\s*decks\s*\.\s*[\"']?{re.escape(deck)}(?![\w:])", text, re.MULTILINE)
    return found or _DECKS.search(text)


def _count_lines(text: str, match: re.Match[str] | None) -> int:
    return text.count("\n", 0, match.end()) + 1 if match else 1


def edit_parameters(before: bytes, values: dict[str, Any]) -> bytes:
    """Set `parameters` by deck (key "" for all) in the content of a `flashcards.toml`, and change nothing else."""
    import tomlkit

    document = tomlkit.parse(before.decode("utf-8-sig"))
    for deck, value in values.items():
        _put_parameters(document, deck, value)
    return tomlkit.dumps(document).encode()


def _put_parameters(document: Any, deck: str, value: Any) -> None:
    import tomlkit

    if deck:
        decks = document.setdefault("decks", tomlkit.table(is_super_table=True))
        decks.setdefault(deck, tomlkit.table())["parameters"] = value
    elif "parameters" in document:
        document["parameters"] = value
    else:
        # After a table it would belong to that table, so it goes to the top.
        item = tomlkit.document()
        item["parameters"] = value
        rest = tomlkit.dumps(document)
        document.clear()
        document.update(tomlkit.parse(tomlkit.dumps(item) + rest))
