"""Deck options as tables of `flashcards.toml`, and whether they can be written there."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from flashcards.importing import presets
from flashcards.importing.layout import normal_name
from flashcards.importing.model import Package, Preset
from flashcards.settings import Settings, default_text, holds_already, setting_problem
from scheduler import DEFAULT_PARAMETERS, Policy

_STOCK: Final = dict(presets.of_json(1, {}).settings)
"""What Anki gives a new deck; a deck that has these says nothing."""

_STOCK_STEPS: Final = {"learning_steps": "1m 10m", "relearning_steps": "10m"}


@dataclass(frozen=True, slots=True)
class DeckSettings:
    """The settings to write: the tables as TOML, and what could not be taken over, as sentences."""

    tables: str
    problems: tuple[str, ...] = ()


def deck_settings(
    package: Package,
    decks: Iterable[str],
    present: Settings,
    policy_of: Callable[[str], Policy],
    given: Callable[[str, Preset], bool],
) -> DeckSettings:
    """Tables for those of `decks` that have options of their own and neither a table nor the same settings here.

    A preset that was `given` to the Anki of that deck by an export from here says nothing: what is here is newer.
    """
    wanted = set(decks)
    by_name = {normal_name(deck.name): deck for deck in package.decks.values()}
    problems: dict[str, None] = {}
    said: dict[str, Mapping[str, Any]] = {}
    tables: dict[str, Mapping[str, Any]] = {}
    for name in sorted(by_name):
        deck = by_name[name]
        preset = package.presets.get(deck.preset or 0)
        if preset is None or not any(each == name or _below(each, name) for each in wanted):
            continue
        found: dict[str, None] = {f"Deck options `{preset.name}`: {each}.": None for each in preset.problems}
        options = {**({} if given(name, preset) else preset.settings), **deck.settings}
        if not options:
            continue
        said[name] = {key: value for key, value in options.items() if _is_usable(key, value, name, found)}
        if name in present.decks:
            continue
        problems |= found
        above = next((said[parent] for parent in _parents(name) if parent in said), _STOCK | _STOCK_STEPS)
        if said[name] != above:
            table = _table(said[name], _inherited(name, tables, present), policy_of(name))
            if table:
                tables[name] = table
    return DeckSettings("\n".join(_written(name, table) for name, table in tables.items()), tuple(problems))


def appended(before: str | None, tables: str, settings: Mapping[str, Any]) -> str:
    """The text of `flashcards.toml` with the tables at its end.

    Args:
        before: the text, or None where there is no file.
        tables: those to add.
        settings: of the whole collection; their lines are commented out before.
    """
    head = default_text() if before is None else before
    for name, value in settings.items():
        head = re.sub(rf"^#{name} = .*$", f"{name} = {json.dumps(value)}", head, count=1, flags=re.MULTILINE)
    return f"{head.rstrip()}\n\n{tables}" if tables else head


def _inherited(name: str, tables: Mapping[str, Mapping[str, Any]], present: Settings) -> dict[str, Any]:
    """What the new tables of the decks above say for a deck, as far as no table that is there says otherwise."""
    found: dict[str, Any] = {}
    for parent in reversed(list(_parents(name))):
        found = {key: value for key, value in found.items() if key not in present.decks.get(parent, {})}
        found |= tables.get(parent, {})
    return found


def _table(settings: Mapping[str, Any], inherited: Mapping[str, Any], policy: Policy) -> dict[str, Any]:
    """Those of a deck's settings that it does not have yet, and would not have from above."""
    wanted = {"parameters": list(DEFAULT_PARAMETERS), **settings} if "parameters" in inherited else settings
    return {
        key: value
        for key, value in wanted.items()
        if (inherited[key] != value if key in inherited else not holds_already(policy, {key: value}))
    }


def _written(name: str, settings: Mapping[str, Any]) -> str:
    lines = [f"[decks.{json.dumps(name, ensure_ascii=False)}]"]
    lines += [f"{key} = {json.dumps(value, ensure_ascii=False)}" for key, value in settings.items()]
    return "\n".join(lines) + "\n"


def _is_usable(key: str, value: Any, deck: str, problems: dict[str, None]) -> bool:
    problem = setting_problem(key, value)
    if problem:
        problems[f"The option `{key}` of the deck `{deck}` is left out: it {problem}."] = None
    return not problem


def _parents(name: str) -> Iterable[str]:
    while "::" in name:
        name = name.rpartition("::")[0]
        yield name


def _below(deck: str, above: str) -> bool:
    return deck.startswith(f"{above}::")
