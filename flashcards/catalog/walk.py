"""The deck files of a folder."""

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
    """A folder or file that could not be looked at, and why. A folder's path ends with `/`."""

    path: str
    reason: str


def walk(root: Path) -> Iterator[FoundFile | Unreadable]:
    """Every `*.md` below `root`, in order of path; hidden files and folders are left out.

    Links to folders are followed, each real folder once, so that a circle of links ends.
    """
    yield from _walk(str(root), "", {os.path.realpath(root)})


def _walk(folder: str, prefix: str, seen: set[str]) -> Iterator[FoundFile | Unreadable]:
    try:
        with os.scandir(folder) as found:
            entries = sorted((entry for entry in found if not entry.name.startswith(".")), key=lambda entry: entry.name)
    except OSError as error:
        yield Unreadable(prefix, error.strerror or str(error))
        return
    for entry in entries:
        path = prefix + entry.name
        try:
            if entry.is_dir():
                real = os.path.realpath(entry.path) if entry.is_symlink() else entry.path
                if entry.is_symlink() and (real in seen or _holds(real, folder)):
                    continue
                seen.add(real)
                yield from _walk(entry.path, f"{path}/", seen)
            elif entry.name.lower().endswith(".md") and entry.is_file():
                status = entry.stat()
                yield FoundFile(_printable(path), status.st_size, status.st_mtime_ns)
        except OSError as error:
            yield Unreadable(_printable(path), error.strerror or str(error))


def _holds(outer: str, inner: str) -> bool:
    return os.path.realpath(inner).startswith(f"{outer}{os.sep}") or os.path.realpath(inner) == outer


def _printable(path: str) -> str:
    """`path` as UTF-8 can hold it; a name that is not UTF-8 cannot be opened by it, which is then reported."""
    return path.encode("utf-8", "replace").decode() if not path.isascii() else path
