"""The options of decks in Anki: presets, and what one deck has of its own, each setting in one table.

A table says where Anki keeps a setting, in the JSON of schema 11 and in the protobuf messages of later schemas, and how
its values become ours and back.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from hashlib import blake2b
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from flashcards.anki.package import protobuf
from flashcards.anki.package.model import PackageDeck, Preset
from scheduler.intervals import WEEK
from scheduler.memory import VERSIONS

if TYPE_CHECKING:
    from flashcards.collection import Collection
    from scheduler.policy import Policy


MADE: Final = 1_767_225_600
"""The modification time of our presets, epoch seconds: a preset that was changed in Anki has another one."""

_LARGEST_ID: Final = 2**53  # beyond it JavaScript cannot tell neighbours apart
_SEPARATOR: Final = "\x1f"  # between the parts of a deck's name, in a table
_RETENTION: Final = 0.9
_MAXIMUM_INTERVAL: Final = 36_500
_UNITS: Final = (("d", 86_400), ("h", 3600), ("m", 60), ("s", 1))
_MOST: Final = (1 << 31) - 1
_MOST_SECONDS: Final = 1 << 62
_UNSET_DATE: Final = "1970-01-01"
_OPTIONAL: Final = -1  # the value of a number that a message leaves out, where that means that it is not set

# Anki's numbers for what we name.
_LEECH_ACTIONS: Final = ("suspend", "tag")
_NEW_MIX: Final = {"mix": 0, "last": 1, "first": 2}
_REVIEW_ORDER: Final = {"due": 0, "random": 8, "retrievability": 11, "overdue": 12}
_SIMILAR_ORDERS: Final = {1: "due", 2: "due", 7: "overdue"}
_OTHER_ORDERS: Final = {3: "shortest interval", 4: "longest interval", 5: "hardest", 6: "easiest", 9: "oldest"}
_RANDOM_GATHERED: Final = (3, 4, 5)
_HIGHEST_FIRST: Final = 2
_RANDOM_SORTED: Final = (2, 3, 4)


class Place(NamedTuple):
    """Where Anki keeps a value.

    Attributes:
        keys: its keys in the JSON, from outside in.
        field: its number in the protobuf message.
        read: reads that field of a message.
        default: the value where the JSON leaves it out.
    """

    keys: tuple[str, ...]
    field: int
    read: Callable[[bytes, int], Any]
    default: Any

    def in_json(self, value: Mapping[str, Any]) -> Any:
        """Return the value in an object of schema 11."""
        found: Any = value
        for key in self.keys:
            found = (found or {}).get(key)
        return self.default if found is None else found

    def in_message(self, message: bytes) -> Any:
        """Return the value in a message."""
        return self.read(message, self.field)

    def put(self, value: Any, target: dict[str, Any]) -> None:
        """Write the value into an object of schema 11."""
        for key in self.keys[:-1]:
            target = target[key]
        target[self.keys[-1]] = value


class Option(NamedTuple):
    """A setting and its counterpart in Anki.

    Attributes:
        setting: its name in `flashcards.toml`, and in `Policy`.
        places: where Anki keeps it; several values can be one setting.
        to_ours: converts Anki's values to the value in `flashcards.toml`; nothing if it is not set.
        to_anki: converts the value in `Policy` to Anki's values.
    """

    setting: str
    places: tuple[Place, ...]
    to_ours: Callable[..., Any]
    to_anki: Callable[[Any], Sequence[Any]]


def clamp_count(value: float) -> int:
    """Return a number of cards, or of lapses, limited to what Anki can have."""
    return min(max(int(value), 0), _MOST)


def _number(*keys: str, field: int, default: int = 0) -> Place:
    return Place(keys, field, protobuf.read_number, default)


def _optional(key: str, field: int) -> Place:
    return Place((key,), field, lambda message, number: protobuf.read_number(message, number, _OPTIONAL), _OPTIONAL)


def _float(*keys: str, field: int) -> Place:
    return Place(keys, field, protobuf.read_float, 0)


def _floats(*keys: str, field: int) -> Place:
    return Place(keys, field, protobuf.read_floats, ())


def _text(*keys: str, field: int) -> Place:
    return Place(keys, field, protobuf.read_text, "")


def _same(value: Any) -> Sequence[Any]:
    return (value,)


def _round_retention(value: float) -> float:
    return round(float(value or _RETENTION), 4)


def _write_steps(minutes: Sequence[float]) -> str:
    """Write steps in minutes as `1m 10m`."""
    return " ".join(_write_step(round(float(each) * 60)) for each in minutes if 0 < float(each) * 60 < 3e9)


def _write_step(seconds: int) -> str:
    unit, size = next((unit, size) for unit, size in _UNITS if seconds % size == 0)
    return f"{seconds // size}{unit}"


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
    """Give the parameters to the version of FSRS that has as many."""
    return [list(parameters) if len(parameters) == count else [] for count in sorted(VERSIONS, reverse=True)]


def _read_new_order(gathered: int, order: int) -> str:
    return "random" if gathered in _RANDOM_GATHERED or order in _RANDOM_SORTED else "deck"


def _write_new_order(order: str) -> Sequence[int]:
    return (4, 4) if order == "random" else (0, 1)


def _read_review_order(number: int) -> str:
    names = {number: name for name, number in _REVIEW_ORDER.items()} | _SIMILAR_ORDERS
    return names.get(number, "due")


def _limit(value: int) -> int | None:
    return None if value < 0 else clamp_count(value)


OPTIONS: Final = (
    Option("retention", (_float("desiredRetention", field=37),), _round_retention, _same),
    Option("learning_steps", (_floats("new", "delays", field=1),), _write_steps, _to_minutes),
    Option("relearning_steps", (_floats("lapse", "delays", field=2),), _write_steps, _to_minutes),
    Option(
        "maximum_interval",
        (_number("rev", "maxIvl", field=16),),
        lambda days: int(days or _MAXIMUM_INTERVAL),
        _same,
    ),
    Option("new_per_day", (_number("new", "perDay", field=9, default=20),), clamp_count, _same),
    Option("reviews_per_day", (_number("rev", "perDay", field=10, default=200),), clamp_count, _same),
    Option(
        "bury_siblings",
        (
            _number("new", "bury", field=27),
            _number("rev", "bury", field=28),
            _number("buryInterdayLearning", field=29),
        ),
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
        _write_new_order,
    ),
    Option(
        "review_order",
        (_number("reviewOrder", field=33),),
        _read_review_order,
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

_DECK_OPTIONS: Final = (
    Option("new_per_day", (_optional("newLimit", 7),), _limit, _same),
    Option("reviews_per_day", (_optional("reviewLimit", 6),), _limit, _same),
)
"""The settings that a deck can have of its own; the retention besides, which is in percent in JSON."""


class Presets:
    """The presets of the decks of a package; decks with the same settings share one."""

    def __init__(self, collection: Collection) -> None:
        self._collection = collection
        self._decks = collection.catalog.decks()
        self._by_policy: dict[Policy, dict[str, Any]] = {}

    def id_of(self, deck: str) -> int:
        """Return the id of a deck's preset."""
        policy = self._collection.policy(self._decks[deck])
        if policy not in self._by_policy:
            name = "Flashcards" if policy == self._collection.settings.policy else f"Flashcards: {deck}"
            self._by_policy[policy] = make_preset(name, policy)
        number: int = self._by_policy[policy]["id"]
        return number

    def by_id(self) -> dict[str, dict[str, Any]]:
        """Return those that `id_of` gave so far."""
        return {str(each["id"]): each for each in self._by_policy.values()}


def make_preset(name: str, policy: Policy) -> dict[str, Any]:
    """Make a preset (schema 11) with these settings.

    Its id follows from its name, so that a later import finds it. Anki never changes a preset that it has.
    """
    preset: dict[str, Any] = {
        "id": _preset_id(name),
        "mod": MADE,
        "name": name,
        "usn": -1,
        "maxTaken": 60,
        "autoplay": True,
        "timer": 0,
        "replayq": True,
        "dyn": False,
        "new": {"initialFactor": 2500, "ints": [1, 4, 0], "order": 0 if policy.new_order == "random" else 1},
        "rev": {"ease4": 1.3, "ivlFct": 1.0, "hardFactor": 1.2},
        "lapse": {"minInt": 1, "mult": 0.0},
        "newPerDayMinimum": 0,
        "interdayLearningMix": 0,
        "sm2Retention": 0.9,
        "weightSearch": "",
        "stopTimerOnAnswer": False,
        "secondsToShowQuestion": 0.0,
        "secondsToShowAnswer": 0.0,
        "questionAction": 0,
        "answerAction": 0,
        "waitForAudio": True,
    }
    for option in OPTIONS:
        values = option.to_anki(getattr(policy, option.setting))
        for place, value in zip(option.places, values, strict=True):
            place.put(value, preset)
    return preset


def is_as_exported(number: int, name: str, changed: int) -> bool:
    """Check whether a preset in Anki is one of ours that was not changed there."""
    return changed == MADE and number == _preset_id(name)


def _preset_id(name: str) -> int:
    """Return a positive id that is never 1, which is that of Anki's own preset."""
    number = int.from_bytes(blake2b(f"preset\x1f{name}".encode(), digest_size=8).digest())
    return number % (_LARGEST_ID - 2) + 2


_LEAST_AFTER_LAPSE: Final = _number("lapse", "minInt", field=17, default=1)
_LATER_PARAMETERS: Final = re.compile(r"fsrsParams(?:[7-9]|\d\d+)")


def read_preset_json(key: int, value: Mapping[str, Any]) -> Preset:
    """Read a preset of schema 11."""
    changed = value.get("mod")
    changed = int(changed) if isinstance(changed, int | float) and 0 <= changed < _MOST_SECONDS else 0
    preset = _read_preset(key, str(value.get("name", "")), changed, lambda place: place.in_json(value))
    unknown = [name for name in value if _LATER_PARAMETERS.fullmatch(name) and value[name]]
    problems = [
        f"its parameters of FSRS-{name.removeprefix('fsrsParams')} are not known here; they were left out"
        for name in unknown
    ]
    return replace(preset, problems=(*preset.problems, *problems))


def read_preset_message(key: int, name: str, message: bytes, changed: int) -> Preset:
    """Read a preset of a later schema: the message `DeckConfig.Config`."""
    return _read_preset(key, name, changed, lambda place: place.in_message(message))


def _read_preset(key: int, name: str, changed: int, value_at: Callable[[Place], Any]) -> Preset:
    values = {option.setting: [value_at(place) for place in option.places] for option in OPTIONS}
    (order,), (gathered, sort_order) = values["review_order"], values["new_order"]
    problems = []
    if order not in (*_REVIEW_ORDER.values(), *_SIMILAR_ORDERS):
        wanted = _OTHER_ORDERS.get(order, "newest")
        problems.append(f"reviews cannot be asked {wanted} first here; they are asked as they fall due")
    if gathered == _HIGHEST_FIRST and sort_order not in _RANDOM_SORTED:
        problems.append("new cards cannot be asked last first here; they are asked in the order of the deck")
    new, reviews, _ = values["bury_siblings"]
    if bool(new) != bool(reviews):
        problems.append("siblings of new cards and of reviews are buried alike here; both are")
    if (least := value_at(_LEAST_AFTER_LAPSE)) > 1:
        problems.append(f"a forgotten card may wait less than the {least:,} days that it waits there at least")
    return Preset(key, name, _convert(OPTIONS, values), tuple(problems), changed)


def _convert(options: Sequence[Option], values: Mapping[str, Sequence[Any]]) -> dict[str, Any]:
    """Convert Anki's values of some options to settings, without those that are not set."""
    found = {option.setting: option.to_ours(*values[option.setting]) for option in options}
    return {setting: value for setting, value in found.items() if value is not None}


def read_deck_json(key: int, value: Mapping[str, Any]) -> PackageDeck:
    """Read a deck of schema 11."""
    if value.get("dyn"):
        return PackageDeck(key, str(value["name"]), None)
    settings = _read_deck_options(lambda place: place.in_json(value))
    retention = value.get("desiredRetention")
    if retention is not None:
        settings["retention"] = round(float(retention / 100), 4)
    description = _render_description(str(value.get("desc") or ""), is_markdown=bool(value.get("md")))
    return PackageDeck(key, str(value["name"]), int(value.get("conf") or 1), settings, description)


def read_deck_message(key: int, name: str, kind: bytes) -> PackageDeck:
    """Read a deck of a later schema: the message `Deck.KindContainer`."""
    name = name.replace(_SEPARATOR, "::")
    normal = protobuf.read_bytes(kind, 1)
    if normal is None:
        return PackageDeck(key, name, None)
    settings = _read_deck_options(lambda place: place.in_message(normal))
    retention = protobuf.read_float(normal, 10)
    if retention:
        settings["retention"] = round(retention, 4)
    description = _render_description(protobuf.read_text(normal, 4), is_markdown=bool(protobuf.read_number(normal, 5)))
    return PackageDeck(key, name, protobuf.read_number(normal, 1, 1), settings, description)


def _read_deck_options(value_at: Callable[[Place], Any]) -> dict[str, Any]:
    return _convert(_DECK_OPTIONS, {each.setting: [value_at(place) for place in each.places] for each in _DECK_OPTIONS})


def _render_description(text: str, *, is_markdown: bool) -> str:
    """Return the description of a deck as HTML."""
    if not text or not is_markdown:
        return text
    from flashcards.render.html.renderer import HtmlRenderer

    return HtmlRenderer({}, lambda name: name).render(text)
