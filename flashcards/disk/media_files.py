"""Find the media files that notes refer to."""

from __future__ import annotations

import os
import re
import unicodedata
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import ClassVar, Final

from flashcards.disk.paths import is_private
from flashcards.errors import FlashcardsError

WIKI_PREFIX: Final = "[["
"""The start of a URL for a file anywhere in the collection."""

_MOST_FOLDERS: Final = 100
_QUERY = re.compile(r"[?#].*", re.DOTALL)


class MediaError(FlashcardsError):
    """An unusable media file, with the problem (`message`) and the remedy (`hint`)."""

    code: ClassVar[str]

    def __init__(self, message: str, hint: str) -> None:
        super().__init__(f"{message} {hint}")
        self.message = message
        self.hint = hint


class MediaMissing(MediaError):
    """The file does not exist, or it cannot be read."""

    code = "media-missing"

    def __init__(self, url: str) -> None:
        super().__init__(f"The file `{url}` is missing.", "Add the file, or fix the path.")


class MediaOutside(MediaError):
    """The file, with links resolved, is outside the collection."""

    code = "media-outside"

    def __init__(self, url: str) -> None:
        super().__init__(f"The file `{url}` is outside the collection.", "Copy it into the collection's folder.")


class MediaPrivate(MediaError):
    """The file belongs to the review state or to git."""

    code = "media-private"

    def __init__(self, url: str) -> None:
        super().__init__(
            f"The file `{url}` is not for notes.", "Copy it elsewhere in the collection, or remove the link."
        )


class PathIndex:
    """Finds paths by their ending, as Obsidian does."""

    def __init__(self, paths: Iterable[str]) -> None:
        self._paths: dict[str, list[str]] = {}
        for path in paths:
            self._paths.setdefault(_fold(path.rpartition("/")[2]), []).append(path)

    def find(self, name: str, folder: str) -> str:
        """Return the path that ends in `name`, or "": preferably one in `folder`, else the shortest."""
        wanted = _fold(name.removeprefix("./").strip("/"))
        found = [
            path
            for path in self._paths.get(wanted.rpartition("/")[2], ())
            if _fold(path) == wanted or _fold(path).endswith(f"/{wanted}")
        ]
        near = f"{folder}/{name}" if folder else name
        return min(found, key=lambda path: (path != near, path.count("/"), len(path), path), default="")


class FileFinder:
    """Finds the files of a collection by name; they are listed on first use."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._index: PathIndex | None = None

    def find(self, name: str, folder: str) -> str:
        """Return the path of a file within the collection that ends in `name`, or ""; see `PathIndex`."""
        if self._index is None:
            self._index = PathIndex(self._list())
        return self._index.find(name, folder)

    def _list(self) -> Iterator[str]:
        for folder, folders, files in os.walk(self._root):
            folders[:] = sorted(each for each in folders if not each.startswith("."))
            prefix = os.path.relpath(folder, self._root).replace(os.sep, "/")
            if prefix.count("/") >= _MOST_FOLDERS:
                folders.clear()  # Python below 3.12 fails if it goes much deeper
            for file in files:
                if not file.endswith(".md"):
                    yield file if prefix == "." else f"{prefix}/{file}"


def _fold(name: str) -> str:
    return unicodedata.normalize("NFC", name).casefold()


def find_media_file(root: Path, file: str, url: str, finder: FileFinder | None = None) -> Path:
    """Find the file that `url` names in the deck file `file` (a path within the collection), links resolved.

    The URL, percent escapes undone, is relative to the deck file's folder, or to the collection after `@/`, or a name
    after `[[`, which may be anywhere in the collection. Raise `MediaMissing` if the file does not exist, or it cannot
    be read. Raise `MediaOutside` if it is outside the collection. Raise `MediaPrivate` if it is in `.flashcards` or
    `.git`.
    """
    root = root.resolve()
    folder = (root / file).parent
    if url.startswith(WIKI_PREFIX):
        url = url.removeprefix(WIKI_PREFIX)
        found = (finder or FileFinder(root)).find(url, file.rpartition("/")[0])
        if not found:
            raise MediaMissing(url)
        folder, url = root, found
    for name in _list_spellings(url):
        try:
            real = (root / name[2:] if name.startswith("@/") else folder / name).resolve()
            if not real.is_relative_to(root):
                raise MediaOutside(url)
            if is_private(real, root):
                raise MediaPrivate(url)
            if real.is_file() and os.access(real, os.R_OK):
                return real
        except (OSError, ValueError, RuntimeError):  # a name that is too long or contains NUL; a symlink loop
            break
    raise MediaMissing(url)


def _list_spellings(url: str) -> list[str]:
    """Return `url` and its variants on disk: without its query, with accents (de)composed."""
    forms = [url, _QUERY.sub("", url)]
    forms += [unicodedata.normalize(form, text) for text in forms for form in ("NFC", "NFD")]
    return list(dict.fromkeys(form for form in forms if form))
