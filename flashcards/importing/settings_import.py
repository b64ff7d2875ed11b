"""The deck options of a package into `flashcards.toml`, where that file is the program's own work."""

from __future__ import annotations

import json
from functools import cached_property
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING, Any

from flashcards.anki.presets import is_as_given
from flashcards.catalog.origins import Origins
from flashcards.importing.report import ImportReport, Remark
from flashcards.importing.settings_text import appended, deck_settings
from flashcards.settings import FILE_NAME, Settings, default_text, load

if TYPE_CHECKING:
    from flashcards.collection import Collection
    from flashcards.importing.model import Package, Preset
    from flashcards.journal import Journal
    from scheduler import Policy


class SettingsImport:
    """Adds tables for the decks of a package that have options of their own."""

    def __init__(self, collection: Collection, package: Package, journal: Journal, report: ImportReport) -> None:
        self._collection = collection
        self._package = package
        self._journal = journal
        self._report = report
        self._origins = Origins(collection.connection)

    def stage(self) -> Settings:
        """Let the file be put in place, or say what a person would have to write; returns the settings to come."""
        collection, report = self._collection, self._report
        decks = set(collection.catalog.decks())
        wanted = deck_settings(self._package, decks, collection.settings, self._policy, self._given)
        report.remarks += [Remark(FILE_NAME, problem) for problem in wanted.problems]
        path = collection.root / FILE_NAME
        before = path.read_bytes() if path.exists() else None
        general = self._of_collection()
        if not wanted.tables and not general:
            return collection.settings
        if not self._may_write(before):
            if "rollover" in general:
                begin = f"The package's days begin at {general['rollover']} o'clock: `rollover`."
                report.remarks.append(Remark(FILE_NAME, begin))
            if "load_balance" in general:
                report.remarks.append(Remark(FILE_NAME, "The package does not balance its days: `load_balance`."))
            if wanted.tables:
                message = f"This file is yours and stays as it is. To keep the options of Anki, add:\n{wanted.tables}"
                report.remarks.append(Remark(FILE_NAME, message))
            return collection.settings
        text = appended(None if before is None else before.decode(), wanted.tables, general)
        data = text.encode()
        waiting = self._journal.stage_bytes(FILE_NAME, data)
        settings = _read(waiting, data)
        self._origins.remember_written(FILE_NAME, _digest(data))
        report.settings = wanted.tables or "".join(f"{key} = {json.dumps(value)}\n" for key, value in general.items())
        return settings

    def _given(self, deck: str, preset: Preset) -> bool:
        """Whether Anki has a preset from a package that was made here, and nobody changed it there since."""
        return deck in self._exported and is_as_given(preset.id, preset.name, preset.changed)

    @cached_property
    def _exported(self) -> set[str]:
        """The decks that were ever exported from here, and those above them."""
        found: set[str] = set()
        for (deck,) in self._collection.connection.execute("SELECT DISTINCT deck FROM exported_notes"):
            parts = deck.split("::")
            found.update("::".join(parts[:depth]) for depth in range(1, len(parts) + 1))
        return found

    def _policy(self, deck: str) -> Policy:
        """The policy that a deck has, or would have."""
        known = self._collection.catalog.decks().get(deck)
        return self._collection.settings.policy_for(deck, {}) if known is None else self._collection.policy(known)

    def _may_write(self, before: bytes | None) -> bool:
        if before is None or before == default_text().encode():
            return True
        return self._origins.written(FILE_NAME) == _digest(before)

    def _of_collection(self) -> dict[str, Any]:
        """The package's settings for all decks, where they are others and nothing was ever reviewed here."""
        package, settings = self._package, self._collection.settings
        found: dict[str, Any] = {}
        if package.rollover != settings.rollover:
            found["rollover"] = package.rollover
        if settings.policy.load_balance and not package.load_balance:
            found["load_balance"] = False
        reviewed = self._collection.connection.execute("SELECT 1 FROM reviews LIMIT 1").fetchone()
        return {} if reviewed else found


def _read(waiting: Path, data: bytes) -> Settings:
    """The settings that a waiting file will give."""
    from tempfile import TemporaryDirectory

    with TemporaryDirectory(prefix="flashcards-settings-", dir=waiting.parent) as folder:
        (Path(folder) / FILE_NAME).write_bytes(data)
        return load(Path(folder))


def _digest(data: bytes) -> bytes:
    return blake2b(data, digest_size=16).digest()
