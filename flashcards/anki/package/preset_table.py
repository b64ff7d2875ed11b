"""The correspondence between our settings and Anki's deck options, and the options without a setting.

A table lists where Anki stores an option, in the JSON of schema 11 and in the protobuf messages of later schemas, and
how its values are converted in both directions.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, NamedTuple

from flashcards.anki.package import decoding
from scheduler.intervals import WEEK
from scheduler.memory import VERSIONS

_RETENTION: Final = 0.9
_MAXIMUM_INTERVAL: Final = 36_500
_UNITS: Final = (("d", 86_400), ("h", 3600), ("m", 60), ("s", 1))
_MOST: Final = (1 << 31) - 1
_UNSET_DATE: Final = "1970-01-01"

# Anki's numbers for named values.
_LEECH_ACTIONS: Final = ("suspend", "tag")
_NEW_MIX: Final = {"mix": 0, "last": 1, "first": 2}
_REVIEW_ORDER: Final = {"due": 0, "random": 8, "retrievability": 11, "overdue": 12}
_LEAST_RECALLED_FIRST: Final = 7
_OTHER_ORDERS: Final = {
    1: "deck by deck within a day",
    2: "deck by deck",
    3: "shortest interval first",
    4: "longest interval first",
    5: "hardest first",
    6: "easiest first",
    9: "oldest first",
    10: "newest first",
}
_BY_POSITION, _HIGHEST_FIRST = 1, 2
_RANDOM_GATHERED: Final = (3, 4, 5)
_BY_TYPE_THEN_RANDOM: Final = 2
_RANDOM_SORTED: Final = (2, 3, 4)


class ValuePath(NamedTuple):
    """The path of a value in Anki's data: its keys in JSON, its field in a message."""

    keys: tuple[str | int, ...]  # its keys in the JSON, from outside in
    field: int  # its number in the protobuf message
    read: Callable[[bytes, int], Any]  # reads that field of a message
    default: Any  # the value if the JSON omits it

    def in_json(self, value: Mapping[str, Any]) -> Any:
        """Return the value in an object of schema 11."""
        found: Any = value
        for key in self.keys:
            found = _take(found, key)
        return self.default if found is None else found

    def in_message(self, message: bytes) -> Any:
        """Return the value in a message."""
        return self.read(message, self.field)

    def put(self, value: Any, target: Any) -> None:
        """Write the value into an object of schema 11."""
        for key in self.keys[:-1]:
            target = target[key]
        target[self.keys[-1]] = value


class Option(NamedTuple):
    """A setting and its counterpart in Anki."""

    setting: str  # its name in `flashcards.toml`, and in `Policy`
    paths: tuple[ValuePath, ...]  # its paths in Anki's data; several values can form one setting
    to_ours: Callable[..., Any]  # converts Anki's values to the value in `flashcards.toml`; None if it is not set
    to_anki: Callable[[Any], Sequence[Any]]  # converts the value in `Policy` to Anki's values


def _take(value: Any, key: str | int) -> Any:
    """Return a member of a JSON object or an item of a list, or nothing if there is none."""
    if isinstance(key, int):
        return value[key] if isinstance(value, list) and key < len(value) else None
    return (value or {}).get(key)


def clamp_count(value: float) -> int:
    """Return a number of cards or lapses, limited to Anki's range."""
    return min(max(int(value), 0), _MOST)


def _number(*keys: str, field: int, default: int = 0) -> ValuePath:
    return ValuePath(keys, field, decoding.read_number, default)


def _floats(*keys: str, field: int) -> ValuePath:
    return ValuePath(keys, field, decoding.read_floats, ())


def _text(*keys: str, field: int) -> ValuePath:
    return ValuePath(keys, field, decoding.read_text, "")


def _same(value: Any) -> Sequence[Any]:
    return (value,)


def _write_steps(minutes: Sequence[float]) -> str:
    """Write steps in minutes as `1m 10m`."""
    seconds = [round(float(each) * 60) for each in minutes if 0 < float(each) * 60 < 3e9]
    units = (next((unit, size) for unit, size in _UNITS if each % size == 0) for each in seconds)
    return " ".join(f"{each // size}{unit}" for each, (unit, size) in zip(seconds, units, strict=True))


def _to_minutes(steps: Sequence[int]) -> Sequence[list[float]]:
    return ([step / 60 for step in steps],)


def _write_easy_days(shares: Sequence[float]) -> str:
    """Write the shares of the days of a week, Monday first, as `sat=0.5 sun=0`."""
    pairs = zip(WEEK, map(float, shares), strict=False)
    return " ".join(f"{day}={max(share, 0):.2f}".rstrip("0").rstrip(".") for day, share in pairs if share < 1)


def _choose_parameters(*versions: Sequence[float]) -> list[float] | None:
    """Return the parameters of the newest version that has any."""
    newest = next((each for each in versions if each), ())
    return [float(f"{value:.7g}") for value in newest] or None


def _place_parameters(parameters: Sequence[float]) -> Sequence[list[float]]:
    """Assign the parameters to the version of FSRS with as many."""
    return [list(parameters) if len(parameters) == count else [] for count in sorted(VERSIONS, reverse=True)]


def _read_new_order(gathered: int, order: int) -> str:
    return "random" if gathered in _RANDOM_GATHERED or order in _RANDOM_SORTED else "deck"


_REVIEW_ORDERS: Final = {number: name for name, number in _REVIEW_ORDER.items()} | {_LEAST_RECALLED_FIRST: "overdue"}

OPTIONS: Final = (
    Option(
        "retention",
        (ValuePath(("desiredRetention",), 37, decoding.read_float, 0),),
        lambda value: round(float(value or _RETENTION), 4),
        _same,
    ),
    Option("learning_steps", (_floats("new", "delays", field=1),), _write_steps, _to_minutes),
    Option("relearning_steps", (_floats("lapse", "delays", field=2),), _write_steps, _to_minutes),
    Option(
        "maximum_interval", (_number("rev", "maxIvl", field=16),), lambda days: int(days or _MAXIMUM_INTERVAL), _same
    ),
    Option("new_per_day", (_number("new", "perDay", field=9, default=20),), clamp_count, _same),
    Option("reviews_per_day", (_number("rev", "perDay", field=10, default=200),), clamp_count, _same),
    Option(
        "bury_siblings",
        (_number("new", "bury", field=27), _number("rev", "bury", field=28), _number("buryInterdayLearning", field=29)),
        lambda new, reviews, _steps: bool(new or reviews),
        lambda bury: (bury, bury, bury),
    ),
    Option("leech_threshold", (_number("lapse", "leechFails", field=22, default=8),), clamp_count, _same),
    Option(
        "leech_action",
        (_number("lapse", "leechAction", field=21, default=1),),
        lambda number: _LEECH_ACTIONS[1 if number else 0],
        lambda action: (_LEECH_ACTIONS.index(action),),
    ),
    Option("easy_days", (_floats("easyDaysPercentages", field=4),), _write_easy_days, lambda shares: (list(shares),)),
    Option(
        "ignore_reviews_before",
        (_text("ignoreRevlogsBeforeDate", field=46),),
        lambda date: "" if date == _UNSET_DATE else str(date),
        _same,
    ),
    Option(
        "parameters",
        (_floats("fsrsParams6", field=6), _floats("fsrsParams5", field=5), _floats("fsrsWeights", field=3)),
        _choose_parameters,
        _place_parameters,
    ),
    Option(
        "new_order",
        (_number("newGatherPriority", field=34), _number("newSortOrder", field=32)),
        _read_new_order,
        lambda order: (4, 4) if order == "random" else (0, 1),
    ),
    Option(
        "review_order",
        (_number("reviewOrder", field=33),),
        lambda number: _REVIEW_ORDERS.get(number, "due"),
        lambda order: (_REVIEW_ORDER[order],),
    ),
    Option(
        "new_mix",
        (_number("newMix", field=30),),
        lambda number: {number: name for name, number in _NEW_MIX.items()}.get(number, "mix"),
        lambda mix: (_NEW_MIX[mix],),
    ),
)
"""The settings of a preset."""


class Unused(NamedTuple):
    """An option of Anki without a corresponding setting."""

    name: str  # its name in Anki
    path: ValuePath  # its path; the default is that of a new preset in Anki
    values: Mapping[Any, str] = {}  # the meaning of values, if the number is not enough
    unset: Any = None  # another value without effect, written before Anki had the option

    def describe(self, value: Any) -> str | None:
        """Return its name with a value, or nothing if the value is the default."""
        value = round(value, 4) if isinstance(value, float) else value
        if value in (self.path.default, self.unset):
            return None
        value = self.values.get(value, value) if isinstance(value, int) else value
        text = f"{value:g}" if isinstance(value, float) else str(value)
        return f"{self.name} ({text if len(text) <= _LONGEST_VALUE else f'{text[:_LONGEST_VALUE]}…'})"


def _switch(*keys: str, field: int, negated: bool = False, default: bool = False) -> ValuePath:
    """Return the path of a switch; `negated` if the message has the opposite value of the JSON."""
    return ValuePath(
        keys, field, lambda message, number: bool(decoding.read_number(message, number)) != negated, default
    )


def _ratio(*keys: str, field: int, default: float) -> ValuePath:
    return ValuePath(keys, field, lambda message, number: round(decoding.read_float(message, number), 4), default)


_LONGEST_VALUE: Final = 60  # characters
_ON: Final = {True: "on", False: "off"}
INSERTION: Final = ValuePath(("new", "order"), 20, lambda message, number: 1 - decoding.read_number(message, number), 1)
_STARTING_EASE: Final = ValuePath(
    ("new", "initialFactor"), 11, lambda message, number: round(decoding.read_float(message, number) * 1000), 2500
)

_ADVANCE: Final = (
    Unused("seconds to show question for", _ratio("secondsToShowQuestion", field=41, default=0.0)),
    Unused("seconds to show answer for", _ratio("secondsToShowAnswer", field=42, default=0.0)),
)
_WAIT: Final = Unused("wait for audio", _switch("waitForAudio", field=44, default=True), _ON)
"""Matters only if cards advance automatically; presets from before that feature lack it."""

UNUSED: Final = (
    Unused(
        "interday learning/review order",
        _number("interdayLearningMix", field=31),
        {1: "after reviews", 2: "before reviews"},
    ),
    Unused("maximum answer seconds", _number("maxTaken", field=24, default=60)),
    Unused("least new cards a day", _number("newPerDayMinimum", field=35)),
    Unused("show on-screen timer", _number("timer", field=25), {1: "on"}),
    Unused("stop timer on answer", _switch("stopTimerOnAnswer", field=38), _ON),
    Unused("play audio automatically", _switch("autoplay", field=23, negated=True, default=True), _ON),
    Unused("play the question's audio again", _switch("replayq", field=26, negated=True, default=True), _ON),
    *_ADVANCE,
    Unused("question action", _number("questionAction", field=36), {1: "show reminder"}),
    Unused(
        "answer action",
        _number("answerAction", field=43),
        {1: "answer Again", 2: "answer Good", 3: "answer Hard", 4: "show reminder"},
    ),
    Unused("historical retention", _ratio("sm2Retention", field=40, default=0.9), unset=0.0),
    Unused("search for optimizing", _text("weightSearch", field=45)),
)
"""Options that affect how cards are asked."""

UNUSED_BY_FSRS: Final = (
    Unused("starting ease", _STARTING_EASE),
    Unused("easy bonus", _ratio("rev", "ease4", field=12, default=1.3)),
    Unused("hard interval", _ratio("rev", "hardFactor", field=13, default=1.2)),
    Unused("new interval", _ratio("lapse", "mult", field=14, default=0.0)),
    Unused("interval modifier", _ratio("rev", "ivlFct", field=15, default=1.0)),
    Unused("graduating interval", ValuePath(("new", "ints", 0), 18, decoding.read_number, 1)),
    Unused("easy interval", ValuePath(("new", "ints", 1), 19, decoding.read_number, 4)),
)
"""Options of the older scheduler, SM-2."""

_LEAST_AFTER_LAPSE: Final = _number("lapse", "minInt", field=17, default=1)

WITHOUT_SETTING: Final = (*(each.path for each in (*UNUSED, _WAIT, *UNUSED_BY_FSRS)), _LEAST_AFTER_LAPSE, INSERTION)
"""The paths of all options without a setting."""

_PATHS: Final = (*WITHOUT_SETTING, *(path for option in OPTIONS for path in option.paths))
_OTHERS: Final = 255  # the message field with unknown options, as JSON
_WITHOUT_MEANING: Final = {"id", "mod", "name", "usn", "dyn"}
_OF_EARLIER_VERSIONS: Final = {("new", "separate"), ("rev", "fuzz"), ("rev", "minSpace"), ("new", "ints")}


def find_preset_problems(value_at: Callable[[ValuePath], Any]) -> list[str]:
    """Find the options that cannot be kept, as clauses; `value_at` returns the value at a path of the preset."""
    values = {option.setting: [value_at(path) for path in option.paths] for option in OPTIONS}
    (order,), (gathered, sort_order) = values["review_order"], values["new_order"]
    problems = []
    if order in _OTHER_ORDERS:
        problems.append(f"reviews cannot be asked {_OTHER_ORDERS[order]}; they are asked as they fall due")
    if gathered == _HIGHEST_FIRST and sort_order not in _RANDOM_SORTED:
        problems.append("new cards cannot be asked in reverse order; they are asked in deck order")
    if gathered == _BY_POSITION and sort_order not in _RANDOM_SORTED:
        problems.append("new cards of several decks cannot be asked by position; they are asked deck by deck")
    if sort_order == _BY_TYPE_THEN_RANDOM:
        problems.append("new cards cannot be sorted by card type; they are shuffled")
    if value_at(INSERTION) == 0 and _read_new_order(gathered, sort_order) != "random":
        problems.append("new notes cannot get a random place; they keep the order of the deck")
    if len({bool(each) for each in values["bury_siblings"]}) > 1:
        problems.append("siblings that are new, under review or on steps of days are buried alike; all are")
    if (least := value_at(_LEAST_AFTER_LAPSE)) > 1:
        problems.append(f"a forgotten card may come back sooner than Anki's minimum of {least:,} days")
    advance = any(each.describe(value_at(each.path)) for each in _ADVANCE)
    for reason, options in (
        ("there is no setting for", (*UNUSED, _WAIT) if advance else UNUSED),
        ("FSRS does not use", UNUSED_BY_FSRS),
    ):
        if found := [text for each in options if (text := each.describe(value_at(each.path)))]:
            problems.append(f"{reason}: {', '.join(found)}")
    return problems


def find_unknown_keys(value: Mapping[str, Any]) -> list[str]:
    """Find the keys of a preset of schema 11 that Anki does not define, and that have a value."""
    known: dict[str, set[Any]] = {}
    for path in _PATHS:
        known.setdefault(str(path.keys[0]), set()).update(path.keys[1:2])
    found = [key for key in value if key not in known and key not in _WITHOUT_MEANING and value[key]]
    for group in ("new", "rev", "lapse"):
        inner = value.get(group)
        keys = inner if isinstance(inner, dict) else {}
        found += [
            f"{group}.{key}"
            for key in keys
            if key not in known[group] and (group, key) not in _OF_EARLIER_VERSIONS and keys[key]
        ]
    return found


def find_unknown_fields(message: bytes) -> list[str]:
    """Find the numbers of a preset's unknown fields, and the keys that add-ons put into it."""
    known = {path.field for path in _PATHS}
    fields = dict(decoding.read_fields(message))
    others = fields.pop(_OTHERS, b"")
    found = [f"number {number}" for number in sorted(fields.keys() - known)]
    if isinstance(others, bytes) and others:
        added = decoding.read_json(others)
        found += find_unknown_keys(added) if isinstance(added, dict) else []
    return found
