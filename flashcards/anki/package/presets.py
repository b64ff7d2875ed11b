"""Deck options of Anki: presets and the options of single decks, each setting in one table."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from flashcards.anki.package import decoding
from flashcards.anki.package.identifiers import make_id
from flashcards.anki.package.model import PackageDeck, Preset
from flashcards.anki.package.preset_table import (
    INSERTION,
    OPTIONS,
    WITHOUT_SETTING,
    Option,
    ValuePath,
    clamp_count,
    find_preset_problems,
    find_unknown_fields,
    find_unknown_keys,
)

if TYPE_CHECKING:
    from flashcards.collection import Collection
    from scheduler.policy import Policy


MADE: Final = 1_767_225_600
"""The modification time of our presets, epoch seconds; a preset changed in Anki has a later one."""

_OF_PRESET: Final = "preset\x1f"
_SEPARATOR: Final = "\x1f"  # between the parts of a deck's name, in a table
_MOST_SECONDS: Final = 1 << 62
_OPTIONAL: Final = -1  # the value of a number that a message omits, if that means that it is not set


def _optional(key: str, field: int) -> ValuePath:
    return ValuePath((key,), field, lambda message, number: decoding.read_number(message, number, _OPTIONAL), _OPTIONAL)


def _limit(value: int) -> int | None:
    return None if value < 0 else clamp_count(value)


_DECK_OPTIONS: Final = (
    Option("new_per_day", (_optional("newLimit", 7),), _limit, lambda value: (value,)),
    Option("reviews_per_day", (_optional("reviewLimit", 6),), _limit, lambda value: (value,)),
)
"""The settings that single decks can have; also the retention, which is in percent in JSON."""


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

    def list_used(self) -> Iterable[dict[str, Any]]:
        """List the presets whose ids `id_of` has returned."""
        return self._by_policy.values()


def make_preset(name: str, policy: Policy) -> dict[str, Any]:
    """Make a preset with these settings; its id follows from its name, and later imports never change it."""
    preset: dict[str, Any] = {
        "id": make_id(_OF_PRESET + name),
        "mod": MADE,
        "name": name,
        "usn": -1,
        "dyn": False,
        "new": {"ints": [0, 0, 0]},
        "rev": {},
        "lapse": {},
    }
    for path in WITHOUT_SETTING:
        path.put(path.default, preset)
    INSERTION.put(0 if policy.new_order == "random" else 1, preset)
    for option in OPTIONS:
        values = option.to_anki(getattr(policy, option.setting))
        for path, value in zip(option.paths, values, strict=True):
            path.put(value, preset)
    return preset


def is_as_exported(preset: Preset) -> bool:
    """Return whether a preset in Anki came from us and is unchanged."""
    return preset.changed == MADE and preset.id == make_id(_OF_PRESET + preset.name)


_LATER_PARAMETERS: Final = re.compile(r"fsrsParams(?:[7-9]|\d\d+)")


def read_preset_json(key: int, value: Mapping[str, Any]) -> Preset:
    """Read a preset of schema 11."""
    changed = value.get("mod")
    changed = int(changed) if isinstance(changed, int | float) and 0 <= changed < _MOST_SECONDS else 0
    return _read_preset(
        key, str(value.get("name", "")), changed, lambda path: path.in_json(value), find_unknown_keys(value)
    )


def read_preset_message(key: int, name: str, message: bytes, changed: int) -> Preset:
    """Read a preset of a later schema: the message `DeckConfig.Config`."""
    unknown = find_unknown_fields(message)
    return _read_preset(key, name, changed, lambda path: path.in_message(message), unknown)


def _read_preset(
    key: int, name: str, changed: int, value_at: Callable[[ValuePath], Any], unknown: Sequence[str]
) -> Preset:
    values = {option.setting: [value_at(path) for path in option.paths] for option in OPTIONS}
    problems = find_preset_problems(value_at)
    later = [each for each in unknown if _LATER_PARAMETERS.fullmatch(each)]
    problems += [
        f"its parameters of FSRS-{each.removeprefix('fsrsParams')} are not supported; they were left out"
        for each in later
    ]
    if others := [f"`{each}`" for each in unknown if each not in later]:
        problems.append(f"options of add-ons or of a later Anki were left out: {', '.join(others)}")
    return Preset(key, name, _convert(OPTIONS, values), tuple(problems), changed)


def _convert(options: Sequence[Option], values: Mapping[str, Sequence[Any]]) -> dict[str, Any]:
    """Convert Anki's values of some options to settings, omitting those that are not set."""
    found = {option.setting: option.to_ours(*values[option.setting]) for option in options}
    return {setting: value for setting, value in found.items() if value is not None}


def read_deck_json(key: int, value: Mapping[str, Any]) -> PackageDeck:
    """Read a deck of schema 11."""
    if value.get("dyn"):
        return PackageDeck(key, str(value["name"]), None)
    settings = _read_deck_options(lambda path: path.in_json(value))
    retention = value.get("desiredRetention")
    if retention is not None:
        settings["retention"] = round(float(retention / 100), 4)
    description = _render_description(str(value.get("desc") or ""), is_markdown=bool(value.get("md")))
    return PackageDeck(key, str(value["name"]), int(value.get("conf") or 1), settings, description)


def read_deck_message(key: int, name: str, kind: bytes) -> PackageDeck:
    """Read a deck of a later schema: the message `Deck.KindContainer`."""
    name = name.replace(_SEPARATOR, "::")
    normal = decoding.read_bytes(kind, 1)
    if normal is None:
        return PackageDeck(key, name, None)
    settings = _read_deck_options(lambda path: path.in_message(normal))
    retention = decoding.read_float(normal, 10)
    if retention:
        settings["retention"] = round(retention, 4)
    description = _render_description(decoding.read_text(normal, 4), is_markdown=bool(decoding.read_number(normal, 5)))
    return PackageDeck(key, name, decoding.read_number(normal, 1, 1), settings, description)


def _read_deck_options(value_at: Callable[[ValuePath], Any]) -> dict[str, Any]:
    return _convert(_DECK_OPTIONS, {each.setting: [value_at(path) for path in each.paths] for each in _DECK_OPTIONS})


def _render_description(text: str, *, is_markdown: bool) -> str:
    """Return the description of a deck as HTML."""
    if not text or not is_markdown:
        return text
    from flashcards.render.html.renderer import HtmlRenderer

    return HtmlRenderer().render(text)
