"""Every setting of the scheduler, with its parser, its default and its explanation."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple

from scheduler.intervals import WEEK
from scheduler.policy import Policy, find_policy_problems

_STEP = re.compile(r"(\d+(?:\.\d+)?)\s*([smhd])")
_SHARE = re.compile(r"\d*\.?\d+")
_LONGEST_STEP = 36_500 * 86_400  # seconds
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}


class Setting(NamedTuple):
    """One setting of the scheduler: its parser, the text of its default, and its explanation."""

    name: str
    read: Callable[[Any], Any]
    default: str
    explanation: str


def _read_number(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise ValueError("must be a number")
    try:
        return float(value)
    except OverflowError:  # the number has more than 308 digits; no setting allows an infinite one
        return math.inf


def _read_integer(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise ValueError("must be a whole number")
    return value


def _read_switch(value: Any) -> bool:
    if not isinstance(value, bool):
        raise ValueError("must be true or false")
    return value


def _read_word(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError("must be a word in quotes")
    return value


def _read_date(value: Any) -> str:
    """Read a date from TOML, YAML or text."""
    if isinstance(value, date):
        return value.isoformat()[:10]
    return _read_word(value)


def _read_steps(value: Any) -> tuple[int, ...]:
    """Convert `"1m 10m"` to seconds."""
    parts = value.split() if isinstance(value, str) else None
    matches = [_STEP.fullmatch(part) for part in parts or ()]
    if parts is None or not all(matches):
        raise ValueError('must be steps such as "1m 10m" or "30s 1h 2d"')
    seconds = [float(match[1]) * _SECONDS[match[2]] for match in matches if match]
    if any(step > _LONGEST_STEP for step in seconds):
        raise ValueError("must not contain a step of more than 36500 days")
    return tuple(round(step) for step in seconds)


def _read_easy_days(value: Any) -> tuple[float, ...]:
    """Read `"sat=0.5 sun=0"` as seven numbers, Monday first; other days are 1."""
    pairs = [part.partition("=")[::2] for part in value.lower().split()] if isinstance(value, str) else [("", "")]
    shares = dict.fromkeys(WEEK, 1.0)
    for name, share in pairs:
        if name not in shares or not _SHARE.fullmatch(share):
            raise ValueError('must be days and numbers from 0 to 1, such as "sat=0.5 sun=0"')
        shares[name] = float(share)
    return tuple(shares.values())


def _read_parameters(value: Any) -> tuple[float, ...]:
    if not isinstance(value, list):
        raise ValueError("must be a list of numbers")
    try:
        return tuple(_read_number(each) for each in value) or Policy().parameters
    except ValueError as error:
        raise ValueError("must be a list of numbers") from error


SETTINGS = (
    Setting("retention", _read_number, "0.9", "the probability of recall at which a card becomes due, 0.7 to 0.99"),
    Setting("learning_steps", _read_steps, '"1m 10m"', "steps of a new card, in s, m, h or d; may be empty"),
    Setting("relearning_steps", _read_steps, '"10m"', "steps of a forgotten card; may be empty"),
    Setting("maximum_interval", _read_integer, "36500", "the longest interval, in days"),
    Setting("new_per_day", _read_integer, "20", "new cards per day; also limits subdecks"),
    Setting("reviews_per_day", _read_integer, "200", "reviews per day; also limits subdecks"),
    Setting("bury_siblings", _read_switch, "true", "ask only one card of a note per day"),
    Setting("leech_threshold", _read_integer, "8", "lapses that make a card a leech; 0 turns leeches off"),
    Setting("leech_action", _read_word, '"tag"', '"tag" only marks a leech, "suspend" stops asking it'),
    Setting("fuzz", _read_switch, "true", "spread intervals by a few days, so that due cards do not cluster"),
    Setting("load_balance", _read_switch, "true", "within the range of fuzz, prefer days with fewer due cards"),
    Setting(
        "easy_days", _read_easy_days, '""', 'the share of work on a day of the week, 0 to 1, such as "sat=0.5 sun=0"'
    ),
    Setting("new_order", _read_word, '"deck"', '"deck" in the order of the deck, or "random"'),
    Setting(
        "review_order",
        _read_word,
        '"due"',
        '"due", "retrievability" (likeliest to be recalled first), "random" or "overdue"',
    ),
    Setting("new_mix", _read_word, '"mix"', 'new cards among the reviews: "mix", "first" or "last"'),
    Setting(
        "deadline",
        _read_date,
        '""',
        "a date such as 2026-12-15 to be ready on: new cards begin in time, with a last pass before",
    ),
    Setting("rest_days", _read_integer, "3", "the last new card comes this many days before the deadline"),
    Setting("parameters", _read_parameters, "", "the parameters of FSRS; empty for its defaults"),
    Setting(
        "ignore_reviews_before",
        _read_date,
        '""',
        "when fitting parameters, leave out cards first learned before a date such as 2024-01-31",
    ),
)
"""Every setting of the scheduler, for `flashcards.toml` and the front matter of decks.

Each is a field of `scheduler.policy.Policy`: add it there first.
"""

BY_NAME = {setting.name: setting for setting in SETTINGS}
"""`SETTINGS`, indexed by name."""

TOP_LEVEL = ("rollover", "spoken_minutes", "rubric_thresholds", "ignore", "keys", "formats", "mocks", "decks")
"""The other settings of `flashcards.toml`, which apply only to the whole collection."""


class MockPreset(NamedTuple):
    """A named mock interview; a field is nothing if the preset does not set it."""

    query: str = ""  # selects the cards that can be asked; "" means every card
    questions: int | None = None  # number of questions
    minutes: float | None = None  # for all of them
    per_question: float | None = None  # minutes for each


RUBRIC_THRESHOLDS = (0.4, 0.7, 1.0)
"""Smallest shares of covered points: 40 % proposes Hard, 70 % Good, and 100 % Easy."""

MOST_QUESTIONS = 100
MOST_MINUTES = 1440


def read_minutes(value: Any) -> float:
    """Read a positive number of minutes. Raise `ValueError` with words that follow the setting's name."""
    minutes = _read_number(value)
    if not 0 < minutes <= MOST_MINUTES:
        raise ValueError(f"must be a number of minutes above 0 and at most {MOST_MINUTES}")
    return minutes


def _read_questions(value: Any) -> int:
    count = _read_integer(value)
    if not 1 <= count <= MOST_QUESTIONS:
        raise ValueError(f"must be a whole number from 1 to {MOST_QUESTIONS}")
    return count


MOCK_READERS: Mapping[str, Callable[[Any], Any]] = {
    "query": _read_word,
    "questions": _read_questions,
    "minutes": read_minutes,
    "per_question": read_minutes,
}
"""The parsers of the values of a mock preset."""


def find_order_problem(value: Any) -> str:
    """Return the reason why a deck cannot have this `order`, to follow the name in a sentence, or ""."""
    try:
        return "" if math.isfinite(_read_number(value)) else "must be a number"
    except ValueError as error:
        return str(error)


def find_setting_problem(name: str, value: Any) -> str:
    """Return the reason why a setting cannot have this value, to follow its name in a sentence, or ""."""
    try:
        read = BY_NAME[name].read(value)
        found = find_policy_problems(Policy(**{name: read}))
    except (ValueError, OverflowError) as error:
        return str(error)
    return found[0][1] if found else ""


def read_setting(name: str, value: Any) -> Any:
    """Return the value of a setting for a policy, or nothing if it is impossible."""
    return None if find_setting_problem(name, value) else BY_NAME[name].read(value)


def has_values(policy: Policy, values: Mapping[str, Any]) -> bool:
    """Return whether a policy has these valid settings; numbers may differ in their seventh digit."""
    return all(_is_alike(getattr(policy, name), BY_NAME[name].read(value)) for name, value in values.items())


def _is_alike(one: Any, other: Any) -> bool:
    if isinstance(one, tuple) and isinstance(other, tuple):
        return len(one) == len(other) and all(map(_is_alike, one, other))
    return math.isclose(one, other, rel_tol=1e-6) if isinstance(one, float) else bool(one == other)


def make_default_text() -> str:
    """Make a `flashcards.toml` that explains every setting, with all defaults commented out."""
    lines = [
        "# Settings of this collection. Remove the `#` before a line to change its value.",
        "# Those of the first group may also be set in the front matter of a deck, or below for single decks.",
        "",
    ]
    for setting in SETTINGS:
        lines += [f"# {setting.explanation}", f"#{setting.name} = {setting.default or '[]'}", ""]
    return "\n".join(lines) + "\n" + Path(__file__).with_name("default.toml").read_text(encoding="utf-8")
