"""Find the deck files of a folder."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class FoundFile:
    """A Markdown file: its path within the folder, with `/`; its size in bytes; when it was last written."""

    path: str
    size: int
    mtime_ns: int


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A folder or file that cannot be read, and why. A folder's path ends with `/`."""

    path: str
    reason: str


def find_deck_files(root: Path) -> Iterator[FoundFile | Unreadable]:
    """Yield every `*.md` below `root`, in order of path, without hidden files and folders.

    Links to folders are followed, each real folder once, so that a circle of links ends. A link to a folder that is
    found without it is skipped: its decks belong to the real place.
    """
    real = os.path.realpath(root)
    yield from _Walk(real).folder(str(root), real, "")


class _Walk:
    """One search. `_root` is the real path of its folder, `_seen` holds the real paths of all folders so far."""

    def __init__(self, root: str) -> None:
        self._root = root
        self._seen = {root}

    def folder(self, folder: str, real: str, prefix: str) -> Iterator[FoundFile | Unreadable]:
        """Yield what is in `folder`, whose real path is `real`."""
        try:
            with os.scandir(folder) as found:
                entries = sorted((each for each in found if not each.name.startswith(".")), key=lambda each: each.name)
        except OSError as error:
            yield Unreadable(prefix, error.strerror or str(error))
            return
        for entry in entries:
            path = prefix + entry.name
            try:
                yield from self._entry(entry, real, path)
            except OSError as error:
                yield Unreadable(_replace_non_utf8(path), error.strerror or str(error))

    def _entry(self, entry: os.DirEntry[str], above: str, path: str) -> Iterator[FoundFile | Unreadable]:
        if entry.is_dir():
            real = os.path.realpath(entry.path) if entry.is_symlink() else f"{above}{os.sep}{entry.name}"
            if real in self._seen or (entry.is_symlink() and (self._is_found_anyway(real) or _holds(real, above))):
                return
            if is_utf8(entry.name):
                self._seen.add(real)
                yield from self.folder(entry.path, real, f"{path}/")
            else:
                yield Unreadable(f"{_replace_non_utf8(path)}/", _NOT_TEXT)
        elif entry.name.lower().endswith(".md"):
            if not is_utf8(entry.name):
                yield Unreadable(_replace_non_utf8(path), _NOT_TEXT)
            elif entry.is_file():
                status = entry.stat()
                yield FoundFile(path, status.st_size, status.st_mtime_ns)
            elif entry.is_symlink() and not Path(entry.path).exists():
                yield Unreadable(path, "it is a link to a file that is not there")

    def _is_found_anyway(self, real: str) -> bool:
        """Check whether a folder is below the root, and in no hidden folder."""
        below = real.removeprefix(f"{self._root}{os.sep}")
        return below != real and not any(part.startswith(".") for part in Path(below).parts)


_NOT_TEXT = "its name is not UTF-8"


def _holds(outer: str, inner: str) -> bool:
    return inner == outer or inner.startswith(outer if outer.endswith(os.sep) else f"{outer}{os.sep}")


def is_utf8(name: str) -> bool:
    """Check whether a name from the system is UTF-8, as the catalog needs it; other bytes come as surrogates."""
    return name.isascii() or not any("\ud800" <= character <= "\udfff" for character in name)


def _replace_non_utf8(path: str) -> str:
    """Replace the bytes of `path` that are not UTF-8."""
    return os.fsencode(path).decode("utf-8", "replace")
