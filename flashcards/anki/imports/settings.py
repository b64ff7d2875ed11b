"""Write deck options as tables of `flashcards.toml`, unless the user has edited that file."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Set
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

from flashcards.anki.package.model import Package
from flashcards.anki.package.presets import is_as_exported, read_preset_json
from flashcards.catalog.imports import Origins
from flashcards.deck.parse import clean_deck_name
from flashcards.disk.atomic import digest, read_file
from flashcards.importers.transaction import ImportReport, Remark
from flashcards.settings import FILE_NAME, Settings, find_setting_problem, has_values, make_default_text, parse_settings
from flashcards.text import list_deck_path
from scheduler import DEFAULT_PARAMETERS, Policy

if TYPE_CHECKING:
    from flashcards.collection import Collection
    from flashcards.disk.journal import Journal


_STOCK_OF_DECK: Final = {**read_preset_json(1, {}).settings, "learning_steps": "1m 10m", "relearning_steps": "10m"}
"""Anki's defaults for a new deck; they need no table."""

_DAILY: Final = ("new_per_day", "reviews_per_day")


def _list_what_to_write(general: Mapping[str, Any], lifted: Mapping[str, int], tables: str) -> Iterator[str]:
    """List the lines that a user who edited the file has to add."""
    if "rollover" in general:
        yield f"In the package, days begin at {general['rollover']}:00; set `rollover` to follow it."
    if "load_balance" in general:
        yield "The package does not spread reviews over days; set `load_balance = false` to follow it."
    if tables or lifted:
        top = "".join(f"{key} = {value}\n" for key, value in lifted.items())
        message = "You edited this file, so it was not changed. To keep Anki's deck options, write:\n"
        yield message + "\n".join(filter(None, (top, tables)))


def add_tables(before: str | None, tables: Mapping[str, Mapping[str, Any]], settings: Mapping[str, Any]) -> str:
    """Add deck tables to the text of `flashcards.toml`, replacing existing values."""
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
    """Drop the values of some keys from the table at the beginning of a text."""
    table, bracket, rest = text.partition("\n[")
    kept = [line for line in table.split("\n") if line.partition(" = ")[0] not in set(keys)]
    return "\n".join(kept) + bracket + rest


def _make_table(settings: Mapping[str, Any], inherited: Mapping[str, Any], policy: Policy) -> dict[str, Any]:
    """Return the settings that a deck lacks and would not inherit."""
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


def _select_usable(options: Mapping[str, Any], deck: str, problems: dict[str, None]) -> dict[str, Any]:
    """Return the options that are valid settings, and add a sentence about each other one to the problems."""
    usable = {}
    for key, value in options.items():
        if problem := find_setting_problem(key, value):
            problems[f"The option `{key}` of the deck `{deck}` was left out: it {problem}."] = None
        else:
            usable[key] = value
    return usable


class SettingsImport:
    """Adds tables for the decks of a package that have their own options.

    `changed` are the decks whose options a person changed in Anki since both sides were equal.
    """

    def __init__(
        self,
        collection: Collection,
        package: Package,
        journal: Journal,
        report: ImportReport,
        changed: Set[str] = frozenset(),
    ) -> None:
        self._collection = collection
        self._package = package
        self._journal = journal
        self._report = report
        self._changed = changed
        self._origins = Origins(collection.connection)
        self._tables: dict[str, dict[str, Any]] = {}  # the settings to write, by deck
        self._limits: dict[str, dict[str, int]] = {}  # the daily limits of each top-level deck in Anki

    def stage(self, *, adds_notes: bool) -> Settings:
        """Stage the file, or report the lines to add; return the coming settings, perhaps with higher limits."""
        collection, report = self._collection, self._report
        report.remarks += [Remark(FILE_NAME, problem) for problem in self._find_tables()]
        path = collection.root / FILE_NAME
        before = read_file(path) if path.exists() else None
        lifted = self._lift_limits() if adds_notes else {}
        tables = "\n".join(_write_table(name, table) for name, table in self._tables.items())
        general = self._find_general() | lifted
        if not tables and not general:
            return collection.settings
        is_ours = before is None or before == make_default_text().encode()
        if not is_ours and self._origins.find_written_hash(FILE_NAME) != digest(before or b""):
            report.remarks += [Remark(FILE_NAME, each) for each in _list_what_to_write(general, lifted, tables)]
            return collection.settings
        report.remarks += [
            Remark(FILE_NAME, f"`{key}` of the whole collection was raised to {value:,}, the sum of Anki's decks.")
            for key, value in lifted.items()
        ]
        text = add_tables(None if before is None else before.decode(), self._tables, general)
        data = text.encode()
        self._journal.stage_bytes(FILE_NAME, data, before)
        settings = parse_settings(data, self._collection.settings.inherited)
        self._origins.record_written_hash(FILE_NAME, digest(data))
        report.settings = tables or "".join(f"{key} = {json.dumps(value)}\n" for key, value in general.items())
        return settings

    def _find_tables(self) -> Iterable[str]:
        """Make tables for the decks with their own options and no table; return problems as sentences.

        A preset that our export gave to Anki is ignored, because our settings are newer. Options that a person changed
        in Anki count even if there is a table; inherited settings of subdecks stay unchanged.
        """
        package, present = self._package, self._collection.settings
        here = {name for deck in self._collection.catalog.decks() for name in list_deck_path(deck)}
        by_name = {clean_deck_name(deck.name): deck for deck in package.decks.values()}
        problems: dict[str, None] = {}
        said: dict[str, Mapping[str, Any]] = {}
        for name in sorted(by_name):
            deck = by_name[name]
            preset = package.presets.get(deck.preset or 0)
            if preset is None or name not in here:
                continue
            found: dict[str, None] = {f"Deck options `{preset.name}`: {each}.": None for each in preset.problems}
            is_changed = any(each in self._changed for each in list_deck_path(name))
            is_given = name in self._exported_decks and is_as_exported(preset) and not is_changed
            options = {**({} if is_given else preset.settings), **deck.settings}
            if not options:
                continue
            said[name] = _select_usable(options, name, found)
            if name in present.decks and not is_changed:
                continue
            problems |= found
            above = next((said[parent] for parent in list_deck_path(name)[-2::-1] if parent in said), _STOCK_OF_DECK)
            table: dict[str, Any] = {}
            if is_changed or said[name] != above:
                table = _make_table(said[name], self._find_inherited(name), self._find_policy(name))
            elif "::" not in name and name in self._decks_with_siblings and self._find_policy(name).bury_siblings:
                # Anki's default options show two cards of a note on one day. Here siblings are buried by default.
                table = {key: value for key, value in said[name].items() if key == "bury_siblings" and not value}
            if table:
                self._tables[name] = table
        for top in sorted({name.partition("::")[0] for name in here} & said.keys()):
            own, policy = present.decks.get(top, said[top]), self._find_policy(top)
            self._limits[top] = {key: own.get(key, said[top].get(key, getattr(policy, key))) for key in _DAILY}
        return problems

    @cached_property
    def _decks_with_siblings(self) -> set[str]:
        """The top-level decks that contain notes with several cards."""
        decks = self._package.decks
        found = (decks[home].name for home in self._package.decks_with_siblings if home in decks)
        return {clean_deck_name(name).partition("::")[0] for name in found}

    def _find_inherited(self, name: str) -> dict[str, Any]:
        """Return the settings that a deck inherits from its parents' new tables, unless an existing table sets them."""
        found: dict[str, Any] = {}
        for parent in list_deck_path(name)[:-1]:
            existing = self._collection.settings.decks.get(parent, {})
            found = {key: value for key, value in found.items() if key not in existing}
            found |= self._tables.get(parent, {})
        return found

    def _lift_limits(self) -> dict[str, int]:
        """Find the limits of the collection that would restrict Anki's decks, and the values needed.

        A deck that would inherit the raised limit gets a table with its own.
        """
        settings = self._collection.settings
        lifted: dict[str, int] = {}
        for key in _DAILY:
            others = {deck for deck in settings.decks if "::" not in deck} - self._limits.keys()
            total = sum(limits[key] for limits in self._limits.values())
            total += sum(settings.decks[deck].get(key, 0) for deck in others)
            if total <= getattr(settings.policy, key):
                continue
            lifted[key] = total
            for deck, limits in self._limits.items():
                if key not in settings.decks.get(deck, {}) and limits[key] != total:
                    self._tables.setdefault(deck, {})[key] = limits[key]
        return lifted

    @cached_property
    def _exported_decks(self) -> set[str]:
        """The decks that were ever exported, and their parents."""
        rows = self._collection.connection.execute("SELECT DISTINCT deck FROM exported_notes")
        return {name for (deck,) in rows for name in list_deck_path(deck)}

    def _find_policy(self, deck: str) -> Policy:
        """Return the current or future policy of a deck."""
        known = self._collection.catalog.decks().get(deck)
        return self._collection.settings.policy_for(deck, {}) if known is None else self._collection.policy(known)

    def _find_general(self) -> dict[str, Any]:
        """Return the package's differing settings for all decks, if the collection has no reviews."""
        package, settings = self._package, self._collection.settings
        found: dict[str, Any] = {}
        if package.rollover != settings.rollover:
            found["rollover"] = package.rollover
        if settings.policy.load_balance and not package.load_balance:
            found["load_balance"] = False
        reviewed = self._collection.connection.execute("SELECT 1 FROM reviews LIMIT 1").fetchone()
        return {} if reviewed else found
