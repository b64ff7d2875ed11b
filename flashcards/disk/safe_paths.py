"""Keep paths inside the collection. A folder may be a clone, so its contents come from a stranger."""

from __future__ import annotations

import os
from pathlib import Path, PurePosixPath

from flashcards.errors import FlashcardsError

PRIVATE_FOLDERS = frozenset({".flashcards", ".git"})
"""Folders whose files no deck may name and no import may write."""


class OutsideCollection(FlashcardsError):
    """A path of the collection leads out of it, or into a folder that is not for decks."""

    def __init__(self, path: Path) -> None:
        super().__init__(
            f"{path} leads to a place that is not for files of this collection. Nothing was written there; use"
            " another path, or replace the link."
        )


class NeitherFileNorFolder(FlashcardsError):
    """The state folder holds a pipe or a device, whose reading may never end."""

    def __init__(self, path: Path) -> None:
        super().__init__(f"{path} is neither a file nor a folder. Move it away.")


def is_real_folder(path: Path) -> bool:
    """Check whether `path` is a folder and no link."""
    return path.is_dir() and not path.is_symlink()


def is_private(path: Path, root: Path) -> bool:
    """Check whether a resolved path lies in a private folder of the resolved `root`."""
    return any(part.casefold() in PRIVATE_FOLDERS for part in path.relative_to(root).parts)


def find_place(root: Path, path: str) -> Path:
    """Return the file at `path` within `root`, links resolved; it need not exist.

    Raises:
        OutsideCollection: it is outside, or in a private folder, or a link that leads nowhere.
    """
    named = root / path
    parts = PurePosixPath(path).parts
    if not parts or PurePosixPath(path).is_absolute() or ".." in parts or Path(path).is_absolute():
        raise OutsideCollection(named)
    try:
        real, base = named.resolve(), root.resolve()
        leads_nowhere = named.is_symlink() and not named.exists()
    except (OSError, ValueError, RuntimeError) as error:  # a circle of links, a NUL
        raise OutsideCollection(named) from error
    if leads_nowhere or real == base or not real.is_relative_to(base) or is_private(real, base):
        raise OutsideCollection(named)
    return real


def leads_outside(root: Path, path: str) -> bool:
    """Check whether a deck file of the collection is a link to a file elsewhere."""
    try:
        find_place(root, path)
    except OutsideCollection:
        return True
    return False


def refuse_strange_files(folder: Path, root: Path) -> None:
    """Refuse a state folder that is, or directly holds, a link that leads out or nowhere, a pipe or a device.

    Raises:
        OutsideCollection: there is such a link.
        NeitherFileNorFolder: there is a pipe or a device.
    """
    if not os.path.lexists(folder):
        return
    base = root.resolve()
    for path in (folder, *(folder.iterdir() if folder.is_dir() else ())):
        if path.is_symlink() and not (path.exists() and path.resolve().is_relative_to(base)):
            raise OutsideCollection(path)
        if path.exists() and not path.is_file() and not path.is_dir():
            raise NeitherFileNorFolder(path)
