"""The settings of a collection: `flashcards.toml`, its overrides for single decks, and the front matter of decks."""

from __future__ import annotations

import difflib
import math
import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import Any

from flashcards.errors import FlashcardsError, toml_reason
from scheduler.balance import WEEK
from scheduler.policy import Policy, problems

FILE_NAME = "flashcards.toml"

_STEP = re.compile(r"(\d+(?:\.\d+)?)\s*([smhd])")
_SHARE = re.compile(r"\d*\.?\d+")
_LONGEST_STEP = 36_500 * 86_400  # seconds
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}


class SettingInvalid(FlashcardsError):
    """A setting that does not exist or cannot have this value."""

    def __init__(self, place: str, message: str) -> None:
        super().__init__(f"{place}: {message}")


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting of the scheduler: how its value is read, how its default is written, what it does."""

    name: str
    read: Callable[[Any], Any]
    default: str
    explanation: str


def _number(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise ValueError("must be a number")
    return float(value)


def _integer(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise ValueError("must be a whole number")
    return value


def _switch(value: Any) -> bool:
    if not isinstance(value, bool):
        raise ValueError("must be true or false")
    return value


def _word(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError("must be a word in quotes")
    return value


def _date(value: Any) -> str:
    """A date as TOML and YAML read it, or as text."""
    if isinstance(value, date):
        return value.isoformat()[:10]
    return _word(value)


def _steps(value: Any) -> tuple[int, ...]:
    """`"1m 10m"` in seconds."""
    parts = value.split() if isinstance(value, str) else None
    matches = [_STEP.fullmatch(part) for part in parts or ()]
    if parts is None or not all(matches):
        raise ValueError('must be steps such as "1m 10m" or "30s 1h 2d"')
    seconds = [float(match[1]) * _SECONDS[match[2]] for match in matches if match]
    if any(step > _LONGEST_STEP for step in seconds):
        raise ValueError("must not hold a step of more than 36500 days")
    return tuple(round(step) for step in seconds)


def _easy_days(value: Any) -> tuple[float, ...]:
    """`"sat=0.5 sun=0"` as seven numbers, Monday first; a day that is not named is a full one."""
    pairs = [part.partition("=")[::2] for part in value.lower().split()] if isinstance(value, str) else [("", "")]
    shares = dict.fromkeys(WEEK, 1.0)
    for name, share in pairs:
        if name not in shares or not _SHARE.fullmatch(share):
            raise ValueError('must be days and numbers from 0 to 1, such as "sat=0.5 sun=0"')
        shares[name] = float(share)
    return tuple(shares.values())


def _parameters(value: Any) -> tuple[float, ...]:
    if not isinstance(value, list):
        raise ValueError("must be a list of numbers")
    try:
        return tuple(_number(each) for each in value) or Policy().parameters
    except ValueError as error:
        raise ValueError("must be a list of numbers") from error


SETTINGS = (
    Setting("retention", _number, "0.9", "the chance of recall at which a card falls due, 0.7 to 0.99"),
    Setting("learning_steps", _steps, '"1m 10m"', "waits while a card is new: s, m, h or d; may be empty"),
    Setting("relearning_steps", _steps, '"10m"', "waits after a card was forgotten; may be empty"),
    Setting("maximum_interval", _integer, "36500", "days that a card may wait at the most"),
    Setting("new_per_day", _integer, "20", "new cards a day; binds the decks below, too"),
    Setting("reviews_per_day", _integer, "200", "reviews a day; binds the decks below, too"),
    Setting("bury_siblings", _switch, "true", "ask only one card of a note a day"),
    Setting("leech_threshold", _integer, "8", "lapses that make a card a leech; 0 is never"),
    Setting("leech_action", _word, '"tag"', '"tag" only marks a leech, "suspend" stops asking it'),
    Setting("fuzz", _switch, "true", "spread intervals by a few days, so that cards do not fall due in lumps"),
    Setting("load_balance", _switch, "true", "within what fuzz allows, prefer days on which less is due"),
    Setting("easy_days", _easy_days, '""', 'how much to do on a day of the week, 0 to 1, such as "sat=0.5 sun=0"'),
    Setting("new_order", _word, '"deck"', '"deck" as they stand in the deck, or "random"'),
    Setting(
        "review_order", _word, '"due"', '"due", "retrievability" (likeliest recalled first), "random" or "overdue"'
    ),
    Setting("new_mix", _word, '"mix"', 'new cards among the reviews: "mix", "first" or "last"'),
    Setting(
        "deadline", _date, '""', "a date such as 2026-12-15 to be ready on: new cards begun in time, a last pass before"
    ),
    Setting("parameters", _parameters, "", "the parameters of FSRS; without them, or with none, its defaults hold"),
    Setting(
        "ignore_reviews_before",
        _date,
        '""',
        "when parameters are fitted, leave out cards first learnt before a date such as 2024-01-31",
    ),
)
"""Every setting that decides when a card is due; each may stand in `flashcards.toml` or in a deck's front matter."""

_BY_NAME = {setting.name: setting for setting in SETTINGS}
_TOP_LEVEL = ("rollover", "rubric_thresholds", "keys", "decks")
FRONT_MATTER_NAMES = ("deck", "name", "tags", "format", *_BY_NAME)


@dataclass(frozen=True, slots=True)
class Settings:
    """What `flashcards.toml` says.

    Attributes:
        policy: for every deck that does not say otherwise.
        decks: for single decks and the decks below them: deck name -> setting -> value as read.
        rollover: the hour at which a day begins.
        keys: of the review: what is done -> key.
        rubric_thresholds: the shares of a rubric card's points from which on Hard, Good and Easy are proposed.
    """

    policy: Policy = field(default_factory=Policy)
    decks: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    rollover: int = 4
    keys: Mapping[str, str] = field(default_factory=dict)
    rubric_thresholds: tuple[float, float, float] = (0.4, 0.7, 1.0)

    def policy_for(self, deck: str, front_matter: Mapping[str, Any]) -> Policy:
        """The policy of a deck: the collection's, then its parents' and its own overrides, then its front matter.

        Values of the front matter that cannot be used are passed over; `front_matter_problems` reports them.
        """
        changes: dict[str, Any] = {}
        parts = deck.split("::")
        for depth in range(1, len(parts) + 1):
            changes.update(self.decks.get("::".join(parts[:depth]), {}))
        for name, value in front_matter.items():
            if name in _BY_NAME and (read := _usable(name, value)) is not None:
                changes[name] = read
        return replace(self.policy, **changes) if changes else self.policy


def load(root: Path) -> Settings:
    """The settings of the collection in `root`; the defaults where it has no `flashcards.toml`.

    Raises:
        SettingInvalid: the file cannot be read, or a setting is unknown or impossible.
    """
    path = root / FILE_NAME
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        return Settings()
    except OSError as error:
        raise SettingInvalid(FILE_NAME, f"cannot be read: {error.strerror}. Check its permissions.") from error
    import tomllib

    try:
        text = data.decode("utf-8-sig").replace("\r\n", "\n")
        values = tomllib.loads(text)
    except UnicodeDecodeError as error:
        raise SettingInvalid(FILE_NAME, "is not UTF-8. Save it as UTF-8.") from error
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        reason, line = toml_reason(error, text)
        where = f"{FILE_NAME}:{line}" if line else FILE_NAME
        raise SettingInvalid(where, f"is not valid TOML: {reason}.") from error
    return _Reader(text).settings(values)


def front_matter_problems(values: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    """What is wrong with a deck's front matter: the setting, a message and a hint, each."""
    found = []
    for name, value in values.items():
        if name in ("name", "tags"):  # a `name` that is left stands beside a `deck`
            found.append((name, f"`{name}` means nothing here.", "Remove it; `deck` names the deck."))
        elif name == "format":
            if value != "native":
                found.append(
                    (name, f'The format "{value}" is not known.', 'Only "native" can be read; remove the line.')
                )
        elif name in _TOP_LEVEL:
            found.append((name, f"`{name}` holds for the whole collection.", f"Write it into {FILE_NAME}."))
        elif name not in _BY_NAME:
            nearest = _nearest(name, FRONT_MATTER_NAMES)
            hint = (
                f"Did you mean `{nearest}`?" if nearest else "Remove it, or write it as prose below the front matter."
            )
            found.append((name, f"Unknown setting `{name}`.", hint))
        elif message := _value_problem(name, value):
            found.append((name, f"`{name}` {message}.", f"Its default is {_BY_NAME[name].default or 'none'}."))
    return found


def setting_problem(name: str, value: Any) -> str:
    """Why a setting cannot have this value, as the end of a sentence that begins with its name; or nothing."""
    return _value_problem(name, value)


def holds_already(policy: Policy, values: Mapping[str, Any]) -> bool:
    """Whether a policy has these settings, each of which can be used; numbers may differ in their seventh digit."""
    return all(_alike(getattr(policy, name), _BY_NAME[name].read(value)) for name, value in values.items())


def _alike(one: Any, other: Any) -> bool:
    if isinstance(one, tuple) and isinstance(other, tuple):
        return len(one) == len(other) and all(map(_alike, one, other))
    return math.isclose(one, other, rel_tol=1e-6) if isinstance(one, float) else bool(one == other)


class _Reader:
    """Reads the values of `flashcards.toml`; knows its text, to say on which line something is wrong."""

    def __init__(self, text: str) -> None:
        self._text = text

    def settings(self, values: Mapping[str, Any]) -> Settings:
        changes: dict[str, Any] = {}
        for name, value in values.items():
            if name in _TOP_LEVEL:
                continue
            changes[name] = self._value(name, value, (*_BY_NAME, *_TOP_LEVEL))
        rollover = values.get("rollover", 4)
        if isinstance(rollover, bool) or not isinstance(rollover, int) or not 0 <= rollover <= 23:
            raise self._invalid("rollover", "must be an hour, 0 to 23.")
        policy, thresholds = replace(Policy(), **changes), self._thresholds(values)
        return Settings(policy, self._decks(values), rollover, self._keys(values), thresholds)

    def _thresholds(self, values: Mapping[str, Any]) -> tuple[float, float, float]:
        given = values.get("rubric_thresholds", [0.4, 0.7, 1.0])
        numbers = given if isinstance(given, list) else []
        if len(numbers) != 3 or not all(isinstance(each, (int, float)) and 0 <= each <= 2 for each in numbers):
            raise self._invalid("rubric_thresholds", "must be three shares, such as [0.4, 0.7, 1.0].")
        if sorted(numbers) != numbers:
            raise self._invalid("rubric_thresholds", "must rise, such as [0.4, 0.7, 1.0].")
        hard, good, easy = map(float, numbers)
        return hard, good, easy

    def _decks(self, values: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
        decks = values.get("decks", {})
        if not isinstance(decks, dict) or not all(isinstance(table, dict) for table in decks.values()):
            raise self._invalid("decks", 'must hold tables such as [decks."tpm"].')
        return {
            str(deck): {name: self._value(name, value, tuple(_BY_NAME), str(deck)) for name, value in table.items()}
            for deck, table in decks.items()
        }

    def _keys(self, values: Mapping[str, Any]) -> dict[str, str]:
        keys = values.get("keys", {})
        if not isinstance(keys, dict) or not all(isinstance(key, str) and len(key) == 1 for key in keys.values()):
            raise self._invalid("keys", 'must be a table of single characters, such as undo = "z".')
        return {str(name): str(key) for name, key in keys.items()}

    def _value(self, name: str, value: Any, known: tuple[str, ...], deck: str = "") -> Any:
        if name in _TOP_LEVEL:
            raise self._invalid(name, "holds for the whole collection. Write it above the tables of decks.", deck)
        if name not in _BY_NAME:
            nearest = _nearest(name, known)
            hint = f"Did you mean `{nearest}`?" if nearest else "Remove it."
            raise self._invalid(name, f"is not a setting. {hint}", deck)
        if message := _value_problem(name, value):
            raise self._invalid(name, f"{message}.", deck)
        return _BY_NAME[name].read(value)

    def _invalid(self, name: str, message: str, deck: str = "") -> SettingInvalid:
        return SettingInvalid(f"{FILE_NAME}:{self._line(name, deck)}", f"`{name}` {message}")

    def _line(self, name: str, deck: str) -> int:
        """The line on which a setting, of a deck or of the collection, stands."""
        table = _table_of(self._text, deck)
        start = table.start() if deck and table else 0
        key = re.compile(rf"^[ \t]*(?:\[+\s*|.*[.{{,][ \t]*)?[\"']?{re.escape(name)}(?!\w)", re.MULTILINE)
        return _line_at(self._text, key.search(self._text, start) or table)


def unknown_decks(root: Path, settings: Settings, decks: Collection[str]) -> list[tuple[int, str, str]]:
    """The decks that `flashcards.toml` has settings for and that are not there: line, name, nearest name or nothing."""
    missing = [name for name in settings.decks if not any(f"{deck}::".startswith(f"{name}::") for deck in decks)]
    if not missing:
        return []
    text = (root / FILE_NAME).read_text(encoding="utf-8-sig")
    return [(_line_at(text, _table_of(text, name)), name, _nearest(name, tuple(decks))) for name in missing]


def line_of_key(root: Path, name: str) -> int:
    """The line of `flashcards.toml` on which a key of the review is set; without one, that of the table."""
    text = (root / FILE_NAME).read_text(encoding="utf-8-sig")
    table = re.search(r"^[ \t]*(?:\[\s*keys\b|keys\b)", text, re.MULTILINE)
    key = re.compile(rf"^.*(?<![\w-])[\"']?{re.escape(name)}[\"']?\s*=", re.MULTILINE) if name else None
    return _line_at(text, (key.search(text, table.start() if table else 0) if key else None) or table)


def _table_of(text: str, deck: str) -> re.Match[str] | None:
    found = re.search(rf"^[ \t]*\[\s*decks\s*\.\s*[\"']?{re.escape(deck)}(?![\w:])", text, re.MULTILINE)
    return found or re.search(r"^[ \t]*decks(?!\w)", text, re.MULTILINE)


def _line_at(text: str, match: re.Match[str] | None) -> int:
    return text.count("\n", 0, match.end()) + 1 if match else 1


def _nearest(name: str, known: tuple[str, ...]) -> str:
    return next(iter(difflib.get_close_matches(name, known, 1, 0.6)), "")


def _value_problem(name: str, value: Any) -> str:
    """Why a value cannot be used, as the end of a sentence that begins with the setting's name; or nothing."""
    try:
        read = _BY_NAME[name].read(value)
        found = problems(replace(Policy(), **{name: read}))
    except (ValueError, OverflowError) as error:
        return str(error)
    return _as_predicate(found[0][1]) if found else ""


def _as_predicate(sentence: str) -> str:
    return (sentence[:1].lower() + sentence[1:]).removesuffix(".")


def _usable(name: str, value: Any) -> Any:
    return None if _value_problem(name, value) else _BY_NAME[name].read(value)


def default_text() -> str:
    """A `flashcards.toml` that names and explains every setting, each commented out at its default."""
    lines = [
        "# Settings of this collection. Remove the `#` before a line to change its value.",
        "# Any of the first group may also stand in the front matter of a deck, or below for single decks.",
        "",
    ]
    for setting in SETTINGS:
        lines += [f"# {setting.explanation}", f"#{setting.name} = {setting.default or '[]'}", ""]
    lines += [
        "# the hour at which a day begins",
        "#rollover = 4",
        "",
        "# of the points of a rubric card: the shares from which on Hard, Good and Easy are proposed",
        "#rubric_thresholds = [0.4, 0.7, 1.0]",
        "",
        "# keys of the review, by what they do (`?` in the review lists them)",
        "#[keys]",
        '#undo = "u"',
        "",
        "# settings for one deck and the decks below it",
        '#[decks."tpm::scenarios"]',
        "#new_per_day = 5",
        "",
    ]
    return "\n".join(lines)
