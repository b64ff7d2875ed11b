"""Write deck options as tables of `flashcards.toml`, if that file can take them."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Set
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

from flashcards.anki.imports.incoming_notes import normalize_name
from flashcards.anki.package import presets
from flashcards.anki.package.model import Package, Preset
from flashcards.anki.package.presets import is_as_exported
from flashcards.catalog.imports import Origins
from flashcards.disk.atomic import digest, read_file
from flashcards.importers.transaction import ImportReport, Remark
from flashcards.settings import FILE_NAME, Settings, find_setting_problem, has_values, make_default_text, parse_settings
from flashcards.text import list_deck_path
from scheduler import DEFAULT_PARAMETERS, Policy

if TYPE_CHECKING:
    from flashcards.collection import Collection
    from flashcards.disk.journal import Journal


_STOCK: Final = dict(presets.read_preset_json(1, {}).settings)
"""What Anki gives a new deck; a deck that has these says nothing."""

_DAILY: Final = ("new_per_day", "reviews_per_day")

_STOCK_STEPS: Final = {"learning_steps": "1m 10m", "relearning_steps": "10m"}


@dataclass(frozen=True, slots=True)
class DeckSettings:
    """The settings to write: by deck, those of the top-level decks in Anki, and what could not be imported.

    `limits` are the daily limits that each top-level deck has in Anki; `problems` are sentences.
    """

    tables: dict[str, dict[str, Any]]
    limits: dict[str, dict[str, int]]
    problems: tuple[str, ...] = ()


def find_deck_settings(
    package: Package,
    decks: Iterable[str],
    present: Settings,
    policy_of: Callable[[str], Policy],
    given: Callable[[str, Preset], bool],
    changed: Set[str] = frozenset(),
) -> DeckSettings:
    """Make tables for those of `decks` that have options of their own and no table here.

    A preset that our own export gave to Anki (`given`) is ignored: our settings are newer. Options that a person
    `changed` in Anki count even if there is a table; what decks below inherit stays as it was.
    """
    wanted = {name for deck in decks for name in list_deck_path(deck)}
    by_name = {normalize_name(deck.name): deck for deck in package.decks.values()}
    problems: dict[str, None] = {}
    said: dict[str, Mapping[str, Any]] = {}
    tables: dict[str, dict[str, Any]] = {}
    siblings = _find_decks_with_siblings(package)
    for name in sorted(by_name):
        deck = by_name[name]
        preset = package.presets.get(deck.preset or 0)
        if preset is None or name not in wanted:
            continue
        found: dict[str, None] = {f"Deck options `{preset.name}`: {each}.": None for each in preset.problems}
        is_changed = any(each in changed for each in list_deck_path(name))
        is_given = given(name, preset) and not is_changed
        options = {**({} if is_given else preset.settings), **deck.settings}
        if not options:
            continue
        said[name] = {key: value for key, value in options.items() if _is_usable(key, value, name, found)}
        if name in present.decks and not is_changed:
            continue
        problems |= found
        above = next((said[parent] for parent in list_deck_path(name)[-2::-1] if parent in said), _STOCK | _STOCK_STEPS)
        if (
            not is_changed
            and said[name] == above
            and "::" not in name
            and name in siblings
            and policy_of(name).bury_siblings
        ):
            # Anki's stock options show two cards of a note on one day; here siblings are buried unless told otherwise.
            tables[name] = {key: value for key, value in said[name].items() if key == "bury_siblings" and not value}
        elif is_changed or said[name] != above:
            table = _make_table(said[name], _find_inherited(name, tables, present), policy_of(name))
            if table:
                tables[name] = table
    tops = sorted({name.partition("::")[0] for name in wanted} & said.keys())
    return DeckSettings(
        tables, {top: _find_limits(top, said[top], present, policy_of) for top in tops}, tuple(problems)
    )


def _list_what_to_write(general: Mapping[str, Any], lifted: Mapping[str, int], tables: str) -> Iterator[str]:
    """List what a person who edited the file would have to write."""
    if "rollover" in general:
        yield f"In the package, days begin at {general['rollover']}:00; set `rollover` to follow it."
    if "load_balance" in general:
        yield "The package does not spread reviews over days; set `load_balance = false` to follow it."
    if tables or lifted:
        top = "".join(f"{key} = {value}\n" for key, value in lifted.items())
        message = "You edited this file, so it was not changed. To keep Anki's deck options, write:\n"
        yield message + "\n".join(filter(None, (top, tables)))


def _find_limits(
    top: str, said: Mapping[str, Any], present: Settings, policy_of: Callable[[str], Policy]
) -> dict[str, int]:
    """Find the daily limits of a top-level deck: its own, else Anki's, else those of the collection."""
    own = present.decks.get(top, said)
    return {key: own.get(key, said.get(key, getattr(policy_of(top), key))) for key in _DAILY}


def add_tables(before: str | None, tables: Mapping[str, Mapping[str, Any]], settings: Mapping[str, Any]) -> str:
    """Add deck tables to the text of `flashcards.toml`; what a table says already is replaced."""
    head = make_default_text() if before is None else before
    for name, value in settings.items():
        head = re.sub(rf"^#?{name} = .*$", f"{name} = {json.dumps(value)}", head, count=1, flags=re.MULTILINE)
    new = []
    for name, table in tables.items():
        first, rest = _write_table(name, table).split("\n", 1)
        if f"\n{first}\n" in head:
            start, _, end = head.partition(f"\n{first}\n")
            head = f"{start}\n{first}\n{rest}{_drop_values(end, table)}"
        else:
            new.append(f"{first}\n{rest}")
    return "\n".join([f"{head.rstrip()}\n", *new]) if new else head


def _drop_values(text: str, keys: Iterable[str]) -> str:
    """Drop the values of some keys from the table that a text begins with."""
    table, bracket, rest = text.partition("\n[")
    kept = [line for line in table.split("\n") if line.partition(" = ")[0] not in set(keys)]
    return "\n".join(kept) + bracket + rest


def _find_inherited(name: str, tables: Mapping[str, Mapping[str, Any]], present: Settings) -> dict[str, Any]:
    """Return what the new tables of its parents say for a deck, unless an existing table says otherwise."""
    found: dict[str, Any] = {}
    for parent in list_deck_path(name)[:-1]:
        found = {key: value for key, value in found.items() if key not in present.decks.get(parent, {})}
        found |= tables.get(parent, {})
    return found


def _make_table(settings: Mapping[str, Any], inherited: Mapping[str, Any], policy: Policy) -> dict[str, Any]:
    """Return the settings that a deck does not have yet, and would not inherit."""
    wanted = {"parameters": list(DEFAULT_PARAMETERS), **settings} if "parameters" in inherited else settings
    return {
        key: value
        for key, value in wanted.items()
        if (inherited[key] != value if key in inherited else not has_values(policy, {key: value}))
    }


def _write_table(name: str, settings: Mapping[str, Any]) -> str:
    lines = [f"[decks.{json.dumps(name, ensure_ascii=False)}]"]
    lines += [f"{key} = {json.dumps(value, ensure_ascii=False)}" for key, value in settings.items()]
    return "\n".join(lines) + "\n"


def _is_usable(key: str, value: Any, deck: str, problems: dict[str, None]) -> bool:
    problem = find_setting_problem(key, value)
    if problem:
        problems[f"The option `{key}` of the deck `{deck}` was left out: it {problem}."] = None
    return not problem


def _find_decks_with_siblings(package: Package) -> set[str]:
    """Return the top-level decks that hold notes with several cards."""
    found = (package.decks[home].name for home in package.decks_with_siblings if home in package.decks)
    return {normalize_name(name).partition("::")[0] for name in found}


class SettingsImport:
    """Adds tables for the decks of a package that have options of their own."""

    def __init__(self, collection: Collection, package: Package, journal: Journal, report: ImportReport) -> None:
        self._collection = collection
        self._package = package
        self._journal = journal
        self._report = report
        self._origins = Origins(collection.connection)

    def stage(self, *, adds_notes: bool, options: Set[str] = frozenset()) -> Settings:
        """Stage the file, or say what a person would have to write; return the settings to come.

        If the import adds notes, the limits of the collection may have to rise. `options` are the decks whose options a
        person changed in Anki since they were equal.
        """
        collection, report = self._collection, self._report
        decks = set(collection.catalog.decks())
        wanted = find_deck_settings(
            self._package, decks, collection.settings, self._find_policy, self._is_given, options
        )
        report.remarks += [Remark(FILE_NAME, problem) for problem in wanted.problems]
        path = collection.root / FILE_NAME
        before = read_file(path) if path.exists() else None
        lifted = self._lift_limits(wanted) if adds_notes else {}
        tables = "\n".join(_write_table(name, table) for name, table in wanted.tables.items())
        general = self._find_general() | lifted
        if not tables and not general:
            return collection.settings
        if not self._may_write(before):
            report.remarks += [Remark(FILE_NAME, each) for each in _list_what_to_write(general, lifted, tables)]
            return collection.settings
        report.remarks += [
            Remark(FILE_NAME, f"`{key}` of the whole collection was raised to {value:,}, the sum of Anki's decks.")
            for key, value in lifted.items()
        ]
        text = add_tables(None if before is None else before.decode(), wanted.tables, general)
        data = text.encode()
        self._journal.stage_bytes(FILE_NAME, data, before)
        settings = parse_settings(data)
        self._origins.record_written_hash(FILE_NAME, digest(data))
        report.settings = tables or "".join(f"{key} = {json.dumps(value)}\n" for key, value in general.items())
        return settings

    def _lift_limits(self, wanted: DeckSettings) -> dict[str, int]:
        """Find the limits of the collection that would hold Anki's decks back, and what they must be raised to.

        A deck that would inherit the raised limit gets a table with its own.
        """
        settings = self._collection.settings
        lifted: dict[str, int] = {}
        for key in _DAILY:
            earlier = [
                table.get(key, 0)
                for deck, table in settings.decks.items()
                if "::" not in deck and deck not in wanted.limits
            ]
            total = sum(limits[key] for limits in wanted.limits.values()) + sum(earlier)
            if total <= getattr(settings.policy, key):
                continue
            lifted[key] = total
            for deck, limits in wanted.limits.items():
                if key not in settings.decks.get(deck, {}) and limits[key] != total:
                    wanted.tables.setdefault(deck, {})[key] = limits[key]
        return lifted

    def _is_given(self, deck: str, preset: Preset) -> bool:
        """Check whether a preset in Anki came from a package made here and was not changed since."""
        return deck in self._exported_decks and is_as_exported(preset.id, preset.name, preset.changed)

    @cached_property
    def _exported_decks(self) -> set[str]:
        """The decks that were ever exported from here, and those above them."""
        rows = self._collection.connection.execute("SELECT DISTINCT deck FROM exported_notes")
        return {name for (deck,) in rows for name in list_deck_path(deck)}

    def _find_policy(self, deck: str) -> Policy:
        """Return the policy that a deck has, or would have."""
        known = self._collection.catalog.decks().get(deck)
        return self._collection.settings.policy_for(deck, {}) if known is None else self._collection.policy(known)

    def _may_write(self, before: bytes | None) -> bool:
        if before is None or before == make_default_text().encode():
            return True
        return self._origins.find_written_hash(FILE_NAME) == digest(before)

    def _find_general(self) -> dict[str, Any]:
        """Return the package's settings for all decks that differ, if nothing was ever reviewed here."""
        package, settings = self._package, self._collection.settings
        found: dict[str, Any] = {}
        if package.rollover != settings.rollover:
            found["rollover"] = package.rollover
        if settings.policy.load_balance and not package.load_balance:
            found["load_balance"] = False
        reviewed = self._collection.connection.execute("SELECT 1 FROM reviews LIMIT 1").fetchone()
        return {} if reviewed else found
