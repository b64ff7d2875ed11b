"""Paths within a collection: links that lead out, private folders, globs and lines of `.gitignore`."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Sequence
from fnmatch import fnmatchcase
from pathlib import Path, PurePosixPath
from typing import Final, NamedTuple

from flashcards.errors import FlashcardsError

PRIVATE_FOLDERS = frozenset({".flashcards", ".git"})
"""Folders whose files no deck may refer to and no import may write."""


class OutsideCollection(FlashcardsError):
    """A path of the collection leads out of it, or into a private folder."""

    def __init__(self, path: Path) -> None:
        super().__init__(
            f"{path} leads to a place that is not for files of this collection. Nothing was written there; use"
            " another path, or replace the link."
        )


class NeitherFileNorFolder(FlashcardsError):
    """The state folder contains a pipe or a device, whose reading may never end."""

    def __init__(self, path: Path) -> None:
        super().__init__(f"{path} is neither a file nor a folder. Move it away.")


def is_real_folder(path: Path) -> bool:
    """Return whether `path` is a folder, not a link."""
    return path.is_dir() and not path.is_symlink()


def is_private(path: Path, root: Path) -> bool:
    """Return whether a resolved path is in a private folder of the resolved `root`."""
    return any(part.casefold() in PRIVATE_FOLDERS for part in path.relative_to(root).parts)


def find_place(root: Path, path: str) -> Path:
    """Return a file (maybe missing) within `root`, links resolved; raise `OutsideCollection` for other paths."""
    named = root / path
    parts = PurePosixPath(path).parts
    if not parts or PurePosixPath(path).is_absolute() or ".." in parts or Path(path).is_absolute():
        raise OutsideCollection(named)
    try:
        real, base = named.resolve(), root.resolve()
        leads_nowhere = named.is_symlink() and not named.exists()
    except (OSError, ValueError, RuntimeError) as error:  # a symlink loop, a NUL
        raise OutsideCollection(named) from error
    if leads_nowhere or real == base or not real.is_relative_to(base) or is_private(real, base):
        raise OutsideCollection(named)
    return real


def leads_outside(root: Path, path: str) -> bool:
    """Return whether a deck file of the collection is a link out of it."""
    try:
        find_place(root, path)
    except OutsideCollection:
        return True
    return False


def refuse_strange_files(folder: Path, root: Path) -> None:
    """Refuse a state folder that is, or directly contains, a link out of it, a broken link, a pipe or a device.

    Raise `OutsideCollection` for such a link. Raise `NeitherFileNorFolder` for a pipe or a device.
    """
    if not os.path.lexists(folder):
        return
    base = root.resolve()
    for path in (folder, *(folder.iterdir() if folder.is_dir() else ())):
        if path.is_symlink() and not (path.exists() and path.resolve().is_relative_to(base)):
            raise OutsideCollection(path)
        if path.exists() and not path.is_file() and not path.is_dir():
            raise NeitherFileNorFolder(path)


def refuse_links(folder: Path) -> None:
    """Refuse a folder of the state that is a link, or directly contains a link, a pipe or a device.

    Raise `OutsideCollection` for a link. Raise `NeitherFileNorFolder` for a pipe or a device.
    """
    for path in (folder, *(folder.iterdir() if is_real_folder(folder) else ())):
        if path.is_symlink():
            raise OutsideCollection(path)
        if path.exists() and not path.is_file() and not path.is_dir():
            raise NeitherFileNorFolder(path)


_ESCAPED: Final = re.compile(r"\\(.)")


def matches_glob(path: str, glob: str) -> bool:
    """Return whether a path matches a glob, in which `*` stays within a folder and `**` crosses folders."""
    parts = path.split("/")
    return len(parts) in _match_parts(parts, glob.split("/"))


def _match_parts(path: Sequence[str], glob: Iterable[str]) -> set[int]:
    """Return the numbers of parts of a path that a glob can match. No choice is tried twice, so time stays linear."""
    reached = {0}
    for part in glob:
        if part == "**":
            reached = set(range(min(reached), len(path) + 1)) if reached else set()
        else:
            reached = {at + 1 for at in reached if at < len(path) and fnmatchcase(path[at], part)}
    return reached


class IgnoreRule(NamedTuple):
    """One pattern: its parts, whether it ignores its matches, and whether it matches only folders."""

    parts: list[str]
    ignores: bool
    is_for_folders: bool

    def matches(self, path: list[str], is_folder: bool) -> bool:
        """Return whether the rule matches a path or a parent folder of it."""
        reached = _match_parts(path, self.parts)
        whole = len(path)
        return (whole in reached and (is_folder or not self.is_for_folders)) or any(0 < at < whole for at in reached)


def read_rule(pattern: str) -> IgnoreRule | None:
    """Read a line of `.gitignore`; return nothing if it is empty or a comment."""
    text = pattern if pattern.endswith("\\ ") else pattern.rstrip()
    if not text.strip("/") or text.startswith("#"):
        return None
    ignores = not text.startswith("!")
    text = _ESCAPED.sub(_write_escaped, text.removeprefix("!")).replace("[^", "[!")
    name = text.rstrip("/")
    is_placed = "/" in name
    while name.endswith("/**"):  # everything in a folder
        name = name.removesuffix("/**")
    parts = name.lstrip("/").split("/")
    return IgnoreRule(parts if is_placed else ["**", *parts], ignores, text != name)


def _write_escaped(match: re.Match[str]) -> str:
    """Convert an escaped character to the form in Python's globs."""
    return f"[{match[1]}]" if match[1] in "*?[" else match[1]
