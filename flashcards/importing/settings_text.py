"""Deck options as tables of `flashcards.toml`, and whether they can be written there."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from flashcards.importing import presets
from flashcards.importing.layout import normal_name
from flashcards.importing.model import Package
from flashcards.settings import Settings, default_text, holds_already, setting_problem
from scheduler import Policy

_STOCK: Final = dict(presets.of_json(1, {}).settings)
"""What Anki gives a new deck; a deck that has these says nothing."""

_STOCK_STEPS: Final = {"learning_steps": "1m 10m", "relearning_steps": "10m"}


@dataclass(frozen=True, slots=True)
class DeckSettings:
    """The settings to write: the tables as TOML, and what could not be taken over, as sentences."""

    tables: str
    problems: tuple[str, ...] = ()


def deck_settings(
    package: Package, decks: Iterable[str], present: Settings, policy_of: Callable[[str], Policy]
) -> DeckSettings:
    """Tables for those of `decks` that have options of their own and neither a table nor the same settings here."""
    wanted = set(decks)
    by_name = {normal_name(deck.name): deck for deck in package.decks.values()}
    tables: list[str] = []
    problems: list[str] = []
    said: dict[str, Mapping[str, Any]] = {}
    for name in sorted(by_name):
        preset = package.presets.get(by_name[name].preset or 0)
        if preset is None or not any(each == name or _below(each, name) for each in wanted):
            continue
        settings = {key: value for key, value in preset.settings.items() if _is_usable(key, value, name, problems)}
        above = next((said[parent] for parent in _parents(name) if parent in said), _STOCK | _STOCK_STEPS)
        said[name] = settings
        differs = any(settings.get(key) != above.get(key) for key in settings.keys() | above.keys())
        if differs and name not in present.decks and not holds_already(policy_of(name), settings):
            tables.append(_table(name, settings))
    return DeckSettings("\n".join(tables), tuple(problems))


def appended(before: str | None, tables: str, rollover: int | None) -> str:
    """The text of `flashcards.toml` with the tables at its end; `before` is None where there is no file."""
    head = default_text() if before is None else before
    if rollover is not None:
        head = head.replace("#rollover = 4", f"rollover = {rollover}")
    return f"{head.rstrip()}\n\n{tables}" if tables else head


def _table(name: str, settings: Mapping[str, Any]) -> str:
    lines = [f"[decks.{json.dumps(name, ensure_ascii=False)}]"]
    lines += [f"{key} = {json.dumps(value)}" for key, value in settings.items()]
    return "\n".join(lines) + "\n"


def _is_usable(key: str, value: Any, deck: str, problems: list[str]) -> bool:
    problem = setting_problem(key, value)
    if problem:
        problems.append(f"The option `{key}` of the deck `{deck}` is left out: it {problem}.")
    return not problem


def _parents(name: str) -> Iterable[str]:
    while "::" in name:
        name = name.rpartition("::")[0]
        yield name


def _below(deck: str, above: str) -> bool:
    return deck.startswith(f"{above}::")
