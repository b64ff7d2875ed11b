"""The names that media get in Anki, where all of them lie in one folder."""

from __future__ import annotations

import re
import unicodedata
from pathlib import Path, PurePosixPath
from typing import Final

from flashcards.anki.package.model import ExportProblem
from flashcards.disk.atomic import file_digest, have_equal_contents
from flashcards.disk.media import BY_NAME, FileFinder, find_media_file
from flashcards.errors import FlashcardsError

# Anki removes some of these, Windows forbids others, and in a URL the rest mean something.
_FORBIDDEN: Final = re.compile(r'[\x00-\x1f\x7f-\x9f\ud800-\udfff\[\]<>:"/\\|?*^%#]')
_RESERVED: Final = re.compile(r"(?:con|prn|aux|nul|com\d|lpt\d)", re.IGNORECASE)
_LONGEST: Final = 100  # bytes of a stem; Anki cuts names at 120


class MediaNames:
    """Gives each file that the notes of one package name a name of its own.

    Two files with equal contents under one name are one medium. Of two that differ, the second is told apart by the
    hash of its contents.

    Attributes:
        files: the media found, by their name in Anki, in order of their first mention.
        problems: what could not be found.
        newest_ns: when the newest medium of the present note was last written, in epoch nanoseconds; 0 without one.
    """

    def __init__(self, root: Path) -> None:
        self.files: dict[str, Path] = {}
        self.problems: list[ExportProblem] = []
        self.newest_ns = 0
        self._root = root
        self._finder = FileFinder(root)
        self._path = ""
        self._line = 0
        self._taken: dict[str, str] = {}  # folded name -> name
        self._names: dict[Path, str] = {}
        self._reported: set[tuple[str, int, str]] = set()

    def start_note(self, path: str, line: int) -> None:
        """Begin with the note at this line of this deck file; the next URLs are its."""
        self._path, self._line, self.newest_ns = path, line, 0

    def name(self, url: str) -> str:
        """Return the name in Anki of the file that `url` names; a plain name if there is no such file."""
        try:
            file = find_media_file(self._root, self._path, url, self._finder)
            self.newest_ns = max(self.newest_ns, file.stat().st_mtime_ns)
            if file not in self._names:
                self._names[file] = self._free_name(clean_name(file.name), file)
        except (FlashcardsError, OSError) as error:
            self._report(url, str(error))
            return clean_name(PurePosixPath(url.removeprefix(BY_NAME)).name)
        return self._names[file]

    def _report(self, url: str, message: str) -> None:
        if (self._path, self._line, url) not in self._reported:
            self._reported.add((self._path, self._line, url))
            self.problems.append(ExportProblem(self._path, self._line, message))

    def _free_name(self, name: str, file: Path) -> str:
        taken = self._taken.get(name.casefold())
        if taken is not None and have_equal_contents(self.files[taken], file):
            return taken
        if taken is not None:
            stem, dot, ending = name.rpartition(".")
            name = f"{stem if dot else name}-{file_digest(file)}{dot}{ending if dot else ''}"
            if name.casefold() in self._taken:  # the same contents once more
                return self._taken[name.casefold()]
        self._taken[name.casefold()] = name
        self.files[name] = file
        return name


def clean_name(name: str) -> str:
    """Return a file name that every system with Anki accepts unchanged; its ending is kept."""
    name = _FORBIDDEN.sub("-", unicodedata.normalize("NFC", name)).strip(" .")
    stem, dot, ending = name.rpartition(".")
    if not dot:
        stem, ending = ending, ""
    stem = stem.encode()[:_LONGEST].decode(errors="ignore").strip(" .") or "media"
    if _RESERVED.fullmatch(stem):
        stem += "_"
    return f"{stem}{dot}{ending[:15]}"
