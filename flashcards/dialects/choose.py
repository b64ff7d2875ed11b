"""Choose the dialect of a file, with the reason: its folder in `flashcards.toml`, or its Obsidian vault.

The front matter of a file outranks both; it is read later, with the file.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from operator import itemgetter
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from flashcards.dialects import NATIVE, NO_SETTINGS, PluginSettings
from flashcards.disk.atomic import read_file

if TYPE_CHECKING:
    from flashcards.dialects.obsidian_data import ObsidianSettings, Schedules

DATA: Final = ".obsidian/plugins/obsidian-spaced-repetition/data.json"
"""The plugin's settings file within a vault."""


class Vault(NamedTuple):
    """An Obsidian vault with the spaced repetition plugin."""

    data: str  # the path of its `data.json`, for messages
    folder: str  # its folder within the collection; "" if the vault is the collection or contains it
    above: str  # the path from the vault to a collection within it, else ""
    settings: ObsidianSettings  # of the plugin; the defaults if they cannot be read
    error: str  # the reason why they cannot be read, or ""
    stored: Mapping[str, Schedules]  # the schedules stored outside the notes, by the hashes of cards
    stored_digest: str = ""  # a digest of them
    scheduling: Mapping[str, Any] = MappingProxyType({})  # settings for the scheduler, by our names

    def path_of(self, path: str) -> str:
        """Return the path within the vault of a file of the collection."""
        if self.above:
            return f"{self.above}/{path}"
        return path[len(self.folder) + 1 :] if self.folder else path


class Choice(NamedTuple):
    """The dialect that reads a file, unless its front matter names another one."""

    name: str  # name of the dialect
    why: str  # the reason, as the end of a sentence that begins "It is read so because"
    vault: Vault | None  # the vault of the file, if any
    # finds the settings of a plugin that sends cards to Anki, by the name of a dialect
    find_settings: Callable[[str], PluginSettings] = lambda _name: NO_SETTINGS

    @property
    def signature(self) -> str:
        """A text that changes whenever the file must be read again; "" for the native format outside vaults."""
        if self.vault is None:
            return "" if self.name == NATIVE else self.name
        signature = f"{self.name} {_digest((self.vault.folder, self.vault.above, self.vault.settings))}"
        return f"{signature} {self.vault.stored_digest}" if self.vault.stored else signature


class Chooser:
    """Chooses the dialect of each file of a collection; `formats` are those of `flashcards.toml` by folder or glob."""

    def __init__(self, root: Path, formats: Mapping[str, str]) -> None:
        self._root = root
        self._formats = {key.strip("/").removesuffix("/**"): name for key, name in formats.items()}
        self._vaults: dict[str, Vault | None] = {}
        self._choices: dict[tuple[str, str], tuple[Choice, str]] = {}
        self._settings: dict[tuple[str, str], PluginSettings] = {}

    def choose(self, path: str) -> Choice:
        """Choose the dialect of a file by its path."""
        return self._choose(path)[0]

    def signature(self, path: str, dialect: str = "") -> str:
        """Return the signature of a path with the `dialect` of its front matter, or else with the chosen one."""
        choice, signature = self._choose(path)
        name = dialect or choice.name
        if name in (NATIVE, "obsidian"):  # almost every file
            return signature
        found = choice.find_settings(name)
        return signature if found.values is None else f"{signature} {_digest(found)}".lstrip()

    def vaults(self) -> Iterator[Vault]:
        """Yield the vaults found so far, each once."""
        yield from {vault.data: vault for vault in self._vaults.values() if vault}.values()

    def _choose(self, path: str) -> tuple[Choice, str]:
        place = path.rpartition("/")[0], self._key(path) if self._formats else _NO_KEY
        chosen = self._choices.get(place)
        if chosen is None:
            choice = self._make_choice(self.find_vault(place[0]), place[1])
            choice = choice._replace(find_settings=partial(self._find_settings, place[0]))
            chosen = self._choices[place] = choice, choice.signature
        return chosen

    def _make_choice(self, vault: Vault | None, key: str) -> Choice:
        if key != _NO_KEY:
            return Choice(self._formats[key], f'`flashcards.toml` says so for "{key or "/"}"', vault)
        if vault:
            return Choice("obsidian", f"{vault.data} is there", vault)
        return Choice(NATIVE, "nothing names another format", None)

    def _find_settings(self, folder: str, name: str) -> PluginSettings:
        """Return the settings of the nearest vault for the reader of a dialect and the files of a folder."""
        name = name.removesuffix("-v2")
        if name in ("obsidian-to-anki", "flashcards-obsidian") and (folder, name) not in self._settings:
            from flashcards.dialects.plugin_settings import read_plugin_settings  # few files need it

            above = Path(os.path.realpath(self._root / folder))
            found = (read_plugin_settings(vault, above, name) for vault in (above, *above.parents))
            self._settings[folder, name] = next(filter(None, found), NO_SETTINGS)
        return self._settings.get((folder, name), NO_SETTINGS)

    def _key(self, path: str) -> str:
        """Return the longest folder or glob of the settings that matches a path."""
        found = [key for key in self._formats if _holds(key, path)]
        return max(found, key=len, default=_NO_KEY)

    def find_vault(self, folder: str) -> Vault | None:
        """Return the vault that a folder of the collection belongs to."""
        if folder not in self._vaults:
            found = self._vault_at(folder)
            if found is None:
                found = self.find_vault(folder.rpartition("/")[0]) if folder else self._vault_above()
            self._vaults[folder] = found
        return self._vaults[folder]

    def _vault_at(self, folder: str) -> Vault | None:
        data = f"{folder}/{DATA}" if folder else DATA
        return _read_vault(self._root / data, data, folder, "")

    def _vault_above(self) -> Vault | None:
        root = Path(os.path.realpath(self._root))
        for above in root.parents:
            path = above / DATA
            if found := _read_vault(path, str(path), "", root.relative_to(above).as_posix()):
                return found
        return None


def find_scheduling(root: Path) -> Mapping[str, Any]:
    """Return the settings for the scheduler of the vault that the collection in `root` is, or that contains it."""
    vault = Chooser(root, {}).find_vault("")
    return vault.scheduling if vault else {}


_NO_KEY: Final = "\0"


def _holds(key: str, path: str) -> bool:
    if key in ("", ".", "**") or path == key or path.startswith(f"{key}/"):
        return True
    from flashcards.disk.paths import matches_glob

    return matches_glob(path, key)


def _read_vault(path: Path, named: str, folder: str, above: str) -> Vault | None:
    """Return the vault with its settings at `path`, or nothing if there is no such vault."""
    text = reason = ""
    try:
        text = read_file(path).decode("utf-8-sig")
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        if above:
            return None
        reason = error.strerror or str(error)
    except ValueError:
        reason = "it is not UTF-8"
    from flashcards.dialects.obsidian_data import (  # vaults are rare
        ObsidianSettings,
        pick_scheduling,
        pick_settings,
        read_data,
    )

    if not reason:
        try:
            data = read_data(text)
            settings = pick_settings(data)
            stored = _read_stored(data, path, settings)
            digest = _digest(sorted(stored.items(), key=itemgetter(0))) if stored else ""
            return Vault(named, folder, above, settings, "", stored, digest, pick_scheduling(data))
        except ValueError as error:  # not JSON, or not an object
            reason = str(error)
    return Vault(named, folder, above, ObsidianSettings(), reason, {})


def _digest(content: object) -> str:
    from hashlib import blake2b

    return blake2b(repr(content).encode(), digest_size=8).hexdigest()


def _read_stored(data: Mapping[str, Any], path: Path, settings: ObsidianSettings) -> dict[str, Schedules]:
    """Return the schedules of cards in the `data.json` at `path` and in the files of its vault."""
    from flashcards.dialects.obsidian_data import choose_later, read_stored, read_stored_file

    stored = read_stored(data)
    folder = path.parents[3] / settings.schedule_folder.replace("..", "")
    for file in (folder / "Schedule Data/card-schedule-data.sr.md", folder / "schedule-data.sr.md"):
        try:
            found = read_stored_file(read_file(file).decode("utf-8-sig"))
        except (OSError, ValueError):
            continue
        for key, schedules in found.items():
            stored[key] = choose_later(stored.get(key, ()), schedules)
    return stored
