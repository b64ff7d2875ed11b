"""Find the deck files of a folder, and sort decks and files in the author's order."""

from __future__ import annotations

import math
import os
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from itertools import pairwise
from operator import attrgetter
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from flashcards.text import list_deck_path

if TYPE_CHECKING:
    import sqlite3

    from flashcards.disk.paths import IgnoreRule


class FoundFile(NamedTuple):
    """A Markdown file: its path within the folder, with `/`; its size in bytes; when it was last written."""

    path: str
    size: int
    mtime_ns: int


class Unreadable(NamedTuple):
    """A folder or file that cannot be read, and the reason. A folder's path ends with `/`."""

    path: str
    reason: str


IGNORED: Final = ("node_modules/", "venv/", "__pycache__/", "site-packages/", "templates/", "_templates/")
"""Ignored by default, in addition to hidden files and folders."""

MOST_FOLDERS: Final = 100
"""The number of folders that a deck file may be nested in."""

_EARLIEST: Final = -(1 << 63)  # the smallest timestamp that the database can store; an archive can set any
_LATEST: Final = (1 << 63) - 1
_IGNORED_FOLDERS = frozenset(pattern.rstrip("/") for pattern in IGNORED)


class IgnoreRules:
    """Patterns of paths without decks, as in `.gitignore`; by default the folders of `IGNORED`."""

    def __init__(self, patterns: Sequence[str] | None = None) -> None:
        self._is_default = patterns is None
        self._rules: list[IgnoreRule] = []
        if patterns:
            from flashcards.disk.paths import read_rule  # here, since most collections have no patterns

            self._rules = [rule for pattern in patterns if (rule := read_rule(pattern))]

    def is_ignored(self, path: str, *, is_folder: bool) -> bool:
        """Return whether a path within the collection is ignored; the last matching rule decides."""
        if self._is_default:
            return is_folder and path.rpartition("/")[2].casefold() in _IGNORED_FOLDERS
        parts = path.split("/")
        return next((rule.ignores for rule in reversed(self._rules) if rule.matches(parts, is_folder)), False)


def find_deck_files(root: Path, ignore: IgnoreRules | None = None) -> Iterator[FoundFile | Unreadable]:
    """Yield every `*.md` below `root` in order of path, except hidden and ignored files.

    Links to folders are followed once per real folder, so cycles end. A link is skipped if its target, a folder or a
    file, is found anyway: its decks belong to the real path.
    """
    real = os.path.realpath(root)
    yield from _Walk(real, ignore or IgnoreRules()).walk(str(root), real, "")


class _Walk:
    """One search. `_root` is the real path of its folder, `_seen` contains the real paths of all folders so far."""

    def __init__(self, root: str, ignore: IgnoreRules) -> None:
        self._root = root
        self._ignore = ignore
        self._seen = {root}
        self._seen_files: set[tuple[int, int]] = set()  # device and inode of files with several hard links

    def walk(self, folder: str, real: str, prefix: str) -> Iterator[FoundFile | Unreadable]:
        """Yield the deck files of `folder`, whose real path is `real`."""
        try:
            with os.scandir(folder) as found:
                # A quick check, because vaults contain thousands of pictures.
                visible = (each for each in found if not each.name.startswith("."))
                entries = sorted(
                    (each for each in visible if each.name[-3:].lower() == ".md" or each.is_symlink() or each.is_dir()),
                    key=attrgetter("name"),
                )
        except OSError as error:
            yield Unreadable(prefix, error.strerror or str(error))
            return
        for entry in entries:
            path = prefix + entry.name
            try:
                if entry.is_dir():
                    yield from self._walk_subfolder(entry, real, path)
                elif found_file := self._find_file(entry, path):
                    yield found_file
            except OSError as error:
                yield Unreadable(_replace_non_utf8(path), error.strerror or str(error))

    def _walk_subfolder(self, entry: os.DirEntry[str], above: str, path: str) -> Iterator[FoundFile | Unreadable]:
        if self._ignore.is_ignored(path, is_folder=True):
            return
        if path.count("/") >= MOST_FOLDERS:
            yield Unreadable(f"{_replace_non_utf8(path)}/", f"it is nested in more than {MOST_FOLDERS} folders")
            return
        real = os.path.realpath(entry.path) if entry.is_symlink() else f"{above}{os.sep}{entry.name}"
        if real in self._seen or (entry.is_symlink() and (self._is_found_anyway(real) or _contains(real, above))):
            return
        if is_utf8(entry.name):
            self._seen.add(real)
            yield from self.walk(entry.path, real, f"{path}/")
        else:
            yield Unreadable(f"{_replace_non_utf8(path)}/", _NOT_TEXT)

    def _find_file(self, entry: os.DirEntry[str], path: str) -> FoundFile | Unreadable | None:
        if not entry.name.lower().endswith(".md") or self._ignore.is_ignored(path, is_folder=False):
            return None
        if not is_utf8(entry.name):
            return Unreadable(_replace_non_utf8(path), _NOT_TEXT)
        if not entry.is_file():
            is_broken = entry.is_symlink() and not Path(entry.path).exists()
            return Unreadable(path, "it is a link to a missing file") if is_broken else None
        status = entry.stat()
        is_plain = status.st_nlink == 1 and not entry.is_symlink()
        if not is_plain and (self._is_link_to_deck(entry) or not self._add_identity(status)):
            return None
        return FoundFile(path, status.st_size, max(_EARLIEST, min(status.st_mtime_ns, _LATEST)))

    def _is_link_to_deck(self, entry: os.DirEntry[str]) -> bool:
        """Return whether a file is a link whose target is found as a deck anyway."""
        if not entry.is_symlink():
            return False
        real = os.path.realpath(entry.path)
        return real.lower().endswith(".md") and self._is_found_anyway(real) and not self._is_ignored_anywhere(real)

    def _add_identity(self, status: os.stat_result) -> bool:
        """Record the identity of a file; return whether it is new, not a file seen under another path."""
        known = len(self._seen_files)
        self._seen_files.add((status.st_dev, status.st_ino))
        return len(self._seen_files) > known

    def _is_ignored_anywhere(self, real: str) -> bool:
        """Return whether a file below the root is ignored, or is in an ignored folder."""
        path = real.removeprefix(f"{self._root}{os.sep}").replace(os.sep, "/")
        parts = path.split("/")
        folders = ("/".join(parts[:end]) for end in range(1, len(parts)))
        return self._ignore.is_ignored(path, is_folder=False) or any(
            self._ignore.is_ignored(folder, is_folder=True) for folder in folders
        )

    def _is_found_anyway(self, real: str) -> bool:
        """Return whether a folder is below the root and not in a hidden folder."""
        below = real.removeprefix(f"{self._root}{os.sep}")
        return below != real and not any(part.startswith(".") for part in Path(below).parts)


_NOT_TEXT = "its name is not UTF-8"


def _contains(outer: str, inner: str) -> bool:
    return inner == outer or inner.startswith(outer if outer.endswith(os.sep) else f"{outer}{os.sep}")


def is_utf8(name: str) -> bool:
    """Return whether a file name is UTF-8, as the catalog requires; Python represents other bytes as surrogates."""
    return name.isascii() or not any("\ud800" <= character <= "\udfff" for character in name)


def _replace_non_utf8(path: str) -> str:
    """Replace the bytes of `path` that are not UTF-8."""
    return os.fsencode(path).decode("utf-8", "replace")


_DIGITS = re.compile(r"(\d+)")

SPACING = 1_000_000
"""New cards of a deck are asked in order of `rank of the file * SPACING + place in the file`."""


def sort_decks(names: Iterable[str], orders: Mapping[str, Any]) -> list[str]:
    """Sort decks by the `order` of each deck on their path, then by name. A deck comes before its subdecks."""

    @cache
    def rank(deck: str) -> tuple[float, list[tuple[int, int | str]], str]:
        return _read_order(orders.get(deck)), _make_natural_key(deck.rpartition("::")[2]), deck

    return sorted(names, key=lambda name: [rank(deck) for deck in list_deck_path(name)])


def _read_order(value: Any) -> float:
    """Return the value of `order`. Decks and files without a valid one come last."""
    return float(value) if isinstance(value, (int, float)) and math.isfinite(value) else math.inf


def _make_natural_key(text: str) -> list[tuple[int, int | str]]:
    """Return a sort key that reads digits as numbers: `2-scope` comes before `10-risks`."""
    parts = _DIGITS.split(text.casefold())
    return [(0, int(part)) if part.isdecimal() else (1, part) for part in parts if part]


def place_files(connection: sqlite3.Connection) -> None:
    """Put the new cards of decks with several files in the order of the files."""
    import json  # imported late, because only changes need it

    files: dict[int, list[tuple[int, str, str]]] = defaultdict(list)
    for deck, file, path, settings in connection.execute(_SHARED):
        files[deck].append((file, path, settings))
    for deck, shared in files.items():
        orders = {text: _read_order(json.loads(text).get("values", {}).get("order")) for _, _, text in shared}
        shared.sort(key=lambda each: (orders[each[2]], _make_natural_key(each[1].rpartition(".")[0]), each[1]))
        ordered = [file for file, _, _ in shared]
        if not _is_placed(connection, deck, ordered):
            ranks = {file: rank for rank, file in enumerate(ordered)}
            placed = [
                (ranks[file] * SPACING + position % SPACING, card)
                for card, position, file in connection.execute(_CARDS, (deck,))
            ]
            connection.executemany("UPDATE cards SET position = ? WHERE id = ?", placed)


def _is_placed(connection: sqlite3.Connection, deck: int, files: Sequence[int]) -> bool:
    """Return whether the cards of a deck are already in the order of its files."""
    places = {file: (first, last) for file, first, last in connection.execute(_PLACES, (deck,))}
    found = [places[file] for file in files if file in places]
    return all(first == last for first, last in found) and all(one < other for (one, _), (other, _) in pairwise(found))


_SHARED = """
    WITH used AS (SELECT DISTINCT deck, file FROM notes WHERE active = 1)
    SELECT used.deck, files.id, files.path, files.settings FROM used JOIN files ON files.id = used.file
    WHERE used.deck IN (SELECT deck FROM used GROUP BY deck HAVING count(*) > 1)
"""

_IN_DECK = "FROM cards JOIN notes ON notes.id = cards.note WHERE notes.deck = ? AND notes.active = 1"

_PLACES = f"""
    SELECT notes.file, min(cards.position / {SPACING}), max(cards.position / {SPACING}) {_IN_DECK} GROUP BY notes.file
"""

_CARDS = f"SELECT cards.id, cards.position, notes.file {_IN_DECK}"
