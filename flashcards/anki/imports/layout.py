"""Choose the file for the notes of each imported deck."""

from __future__ import annotations

import unicodedata
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path

from flashcards.anki.package.names import clean_name
from flashcards.deck.parse import get_deck_name

_TOLD_APART = "-anki"


class Layout:
    """Finds a file for each deck: one of those it is told of, or a new one.

    Args:
        root: the collection's folder.
        decks: for each deck that may be added to, the file that holds most of it.
    """

    def __init__(self, root: Path, decks: dict[str, str]) -> None:
        self._root = root
        self._of_deck = dict(decks)
        self._of_source: dict[str, str] = {}
        self._taken = {_fold_path(path) for path in decks.values()}
        self._entries: dict[Path, dict[str, list[Path]]] = {}

    def find_path(self, deck: str, source: str = "") -> str:
        """Find the file for new notes of a deck.

        Args:
            deck: its name.
            source: the file that they were in when they were ours, or "".
        """
        if source and is_safe_path(source):
            if source not in self._of_source:
                self._of_source[source] = self._find_free_path(source)
            return self._of_source[source]
        deck = normalize_name(deck)
        if deck not in self._of_deck:
            self._of_deck[deck] = self._find_free_path(make_path(deck))
        return self._of_deck[deck]

    def find_other_path(self, deck: str) -> str:
        """Find a new file for notes of a deck that its own file does not take."""
        return self._find_free_path(make_path(normalize_name(deck)))

    def _find_free_path(self, path: str) -> str:
        """Return `path`, or one like it if a file has that name, in any case."""
        stem = path.removesuffix(".md")
        candidate, number = path, 1
        while _fold_path(candidate) in self._taken or self._is_there(candidate):
            candidate = f"{stem}{_TOLD_APART}{'' if number == 1 else number}.md"
            number += 1
        self._taken.add(_fold_path(candidate))
        return candidate

    def _is_there(self, path: str) -> bool:
        found = [self._root]
        for part in path.split("/"):
            found = [entry for folder in found for entry in self._list_folder(folder).get(_fold_path(part), ())]
        return bool(found)

    def _list_folder(self, folder: Path) -> dict[str, list[Path]]:
        """List a folder by names as a disk compares them that ignores case."""
        if folder not in self._entries:
            entries: dict[str, list[Path]] = defaultdict(list)
            for entry in folder.iterdir() if folder.is_dir() else ():
                entries[_fold_path(entry.name)].append(entry)
            self._entries[folder] = entries
        return self._entries[folder]


def _fold_path(path: str) -> str:
    return unicodedata.normalize("NFC", path).casefold()


def normalize_name(deck: str) -> str:
    """Return a deck's name as a file of its name would give it."""
    parts = (" ".join(part.split()) for part in deck.split("::"))
    return "::".join(part for part in parts if part) or "deck"


def make_path(deck: str) -> str:
    """Return the path for a deck: `a::b` is `a/b.md`; each part is one that every system accepts."""
    *folders, name = normalize_name(deck).split("::")
    return "/".join([*(_clean(folder) for folder in folders), f"{_clean(name)}.md"])


def is_safe_path(path: str) -> bool:
    """Check whether a path that a package names can be one within the collection."""
    parts = path.split("/")
    if not path.endswith(".md") or any(part != f"{_clean(part.removesuffix('.md'))}.md" for part in parts[-1:]):
        return False
    return all(part == _clean(part) for part in parts[:-1])


def write_headings(before: Iterable[str], after: Iterable[str]) -> list[str]:
    """Write the headings that are needed between notes with these two breadcrumbs."""
    old, new = list(before), list(after)
    same = 0
    while same < min(len(old), len(new)) and old[same] == new[same]:
        same += 1
    if len(new) < len(old) and same == len(new) and new:
        same -= 1  # back to a heading above: it has to be said again
    return [f"{'#' * min(level, 6)} {text}" for level, text in enumerate(new[same:], start=same + 1)]


def implies_deck(path: str, deck: str) -> bool:
    """Check whether a file at this path belongs to this deck without naming it."""
    return get_deck_name(path) == normalize_name(deck)


def _clean(part: str) -> str:
    return clean_name(f"{part}.d").removesuffix(".d")
