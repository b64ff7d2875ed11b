"""Find collections within each other, whose decks would have two histories."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from flashcards.catalog.files import IgnoreRules
from flashcards.collection import DATABASE, STATE_FOLDER, Collection


class Split(NamedTuple):
    """Another collection with some of the same decks; `folder` is a path within the collection, or its own."""

    folder: str
    message: str
    hint: str


def find_splits(collection: Collection) -> list[Split]:
    """Find the collections below and above one that hold some of its deck files."""
    root = collection.root
    found = [
        Split(
            folder,
            f"`{folder}` has its own review state ({folder}/{STATE_FOLDER}), so its cards have two histories.",
            f'Review them with `-C {folder}` and add "{folder}/" to `ignore` in flashcards.toml, or remove that state.',
        )
        for folder in _find_below(root, collection.catalog.dialects())
    ]
    real = root.resolve()
    above = next((folder for folder in real.parents if _has_state(folder)), None)
    if above and not any(part.startswith(".") for part in real.relative_to(above).parts):
        message = f"This folder is part of the collection {above}, which has a review state too."
        hint = f'Use `-C {above}`, or add "{real.relative_to(above).as_posix()}/" to `ignore` in its flashcards.toml.'
        found += [Split("", message, hint)] if _reads(above, real) else []
    return found


def _find_below(root: Path, paths: Iterable[str]) -> list[str]:
    nearest = {path.rpartition("/")[0] for path in paths} - {""}
    folders = {above for folder in nearest for above in (folder, *map(str, PurePosixPath(folder).parents[:-1]))}
    return sorted(folder for folder in folders if _has_state(root / folder))


def _has_state(folder: Path) -> bool:
    try:
        return (folder / STATE_FOLDER / DATABASE).is_file()
    except OSError:  # the scan reports unreadable folders
        return False


def _reads(above: Path, folder: Path) -> bool:
    """Return whether the collection above does not ignore this folder."""
    from flashcards.errors import FlashcardsError
    from flashcards.settings import load_settings

    try:
        rules = IgnoreRules(load_settings(above).ignore)
    except FlashcardsError:
        return True
    path = folder.relative_to(above)
    steps = [path, *path.parents[:-1]]
    return not any(rules.is_ignored(step.as_posix(), is_folder=True) for step in steps)
